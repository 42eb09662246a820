// SPDX-License-Identifier: MIT
#include "replace_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace weir {
namespace {

int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

// Some file systems report a full disk only now.
int close_after(int descriptor, int failure) { return ::close(descriptor) != 0 && failure == 0 ? errno : failure; }

int overwrite(const std::string& path, std::string_view text) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return descriptor < 0 ? errno : close_after(descriptor, write_all(descriptor, text));
}

// The file that a chain of symbolic links leads to; "" if it has no name, such as one of which /proc shows a descriptor.
std::string target_of(const std::string& path) {
    std::error_code unknown;
    const auto target = std::filesystem::weakly_canonical(path, unknown);
    return unknown ? "" : target.string();
}

struct draft_file {
    int descriptor;  // -1: it could not be made, and errno says why
    std::string path;
};

// A new file beside the target. What has its name already, as a link that another user put there, is left as it is.
draft_file make_draft(const std::string& target) {
    draft_file draft{-1, {}};
    for (int number = 0; number != 100; ++number) {
        draft.path = target + ".part" + std::to_string(::getpid()) + "-" + std::to_string(number);
        draft.descriptor = ::open(draft.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (draft.descriptor >= 0 || errno != EEXIST) break;
    }
    return draft;
}

}  // namespace

int replace_file(const std::string& path, std::string_view text) {
    struct stat before {};
    const bool exists = ::stat(path.c_str(), &before) == 0;
    if (exists && !S_ISREG(before.st_mode)) return overwrite(path, text);
    struct stat link {};
    const bool dangles = !exists && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
    if (dangles) return overwrite(path, text);  // makes the file that the link names

    std::string target = target_of(path);
    if (exists && target.empty()) return overwrite(path, text);
    if (target.empty()) target = path;
    const auto [descriptor, draft] = make_draft(target);
    if (descriptor < 0) {
        const int failure = errno;
        // A folder where no file can be made may still have one that can be written to.
        return exists && (failure == EACCES || failure == EPERM) ? overwrite(target, text) : failure;
    }
    int failure = write_all(descriptor, text);
    if (failure == 0 && exists && ::fchmod(descriptor, before.st_mode & 07777) != 0) failure = errno;
    failure = close_after(descriptor, failure);
    if (failure == 0 && std::rename(draft.c_str(), target.c_str()) != 0) failure = errno;
    if (failure != 0) ::unlink(draft.c_str());
    return failure;
}

}  // namespace weir
