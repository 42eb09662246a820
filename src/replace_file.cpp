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

}  // namespace

int replace_file(const std::string& path, std::string_view text) {
    struct stat before {};
    const bool exists = ::stat(path.c_str(), &before) == 0;
    if (exists && !S_ISREG(before.st_mode)) return overwrite(path, text);

    std::string target = target_of(path);
    if (exists && target.empty()) return overwrite(path, text);
    if (target.empty()) target = path;
    const std::string draft = target + ".part" + std::to_string(::getpid());
    const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
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
