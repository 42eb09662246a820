// SPDX-License-Identifier: MIT
#include "tools/common/files.hpp"

#include "src/replace_file.hpp"
#include "tools/common/command.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace weir::tool {
namespace {

struct close_file {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using open_file = std::unique_ptr<std::FILE, close_file>;

[[noreturn]] void refuse(const char* what, const std::string& path, const char* remedy) {
    throw stop(failed,
               fmt::format("cannot {} '{}': {}; {}", what, path, std::strerror(errno != 0 ? errno : EIO), remedy));
}

constexpr std::size_t most_bytes = std::size_t{256} << 20;  // all pairs of a thousand PUs
constexpr const char* elsewhere = "name a file in an existing folder that you may write to";

}  // namespace

bool is_same_file(const std::string& one, const std::string& other) {
    std::error_code error;
    if (one == other || std::filesystem::equivalent(one, other, error)) return true;
    const auto whole = [&error](const std::string& name) {
        return std::filesystem::weakly_canonical(std::filesystem::absolute(name, error), error);
    };
    return whole(one) == whole(other) && !error;
}

std::string read_file(const std::string& path) {
    errno = 0;
    const open_file file(std::fopen(path.c_str(), "rb"));
    if (!file) refuse("read", path, "name an existing file");
    std::string text;
    char part[65536];
    for (std::size_t size; (size = std::fread(part, 1, sizeof part, file.get())) != 0;) {
        text.append(part, size);
        if (text.size() > most_bytes)
            throw stop(failed,
                       fmt::format("'{}' is larger than {} MiB, the most that is read; name a file that weir made",
                                   path, most_bytes >> 20));
    }
    if (std::ferror(file.get()) != 0) refuse("read", path, "name an existing file");
    return text;
}

void check_writable(const std::string& path) {
    std::error_code ignored;
    const auto before = std::filesystem::status(path, ignored);
    const bool was_there = std::filesystem::exists(before);
    errno = 0;
    if (was_there && !std::filesystem::is_regular_file(before) && !std::filesystem::is_directory(before)) {
        // A pipe is not opened: that waits for its reader.
        if (::access(path.c_str(), W_OK) != 0) refuse("write", path, elsewhere);
        return;
    }
    if (!open_file(std::fopen(path.c_str(), "ab"))) refuse("write", path, elsewhere);
    // The file that was made for the test goes, but not a link to it.
    if (!was_there) std::filesystem::remove(std::filesystem::canonical(path, ignored), ignored);
}

void write_file(const std::string& path, std::string_view text) {
    errno = replace_file(path, text);
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)
        refuse("write", path, "free some space, or name another file");
    if (errno != 0) refuse("write", path, elsewhere);
}

}  // namespace weir::tool
