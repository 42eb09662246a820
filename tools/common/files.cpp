// SPDX-License-Identifier: MIT
#include "tools/common/files.hpp"

#include "tools/common/command.hpp"

#include <fmt/format.h>
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

constexpr const char* elsewhere = "name a file in an existing folder that you may write to";

}  // namespace

std::string read_file(const std::string& path) {
    errno = 0;
    const open_file file(std::fopen(path.c_str(), "rb"));
    if (!file) refuse("read", path, "name an existing file");
    std::string text;
    char part[65536];
    for (std::size_t size; (size = std::fread(part, 1, sizeof part, file.get())) != 0;) text.append(part, size);
    if (std::ferror(file.get()) != 0) refuse("read", path, "name an existing file");
    return text;
}

void check_writable(const std::string& path) {
    std::error_code ignored;
    const bool was_there = std::filesystem::exists(path, ignored);
    errno = 0;
    if (!open_file(std::fopen(path.c_str(), "ab"))) refuse("write", path, elsewhere);
    if (!was_there) std::filesystem::remove(path, ignored);
}

void write_file(const std::string& path, std::string_view text) {
    errno = 0;
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) refuse("write", path, elsewhere);
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (std::fclose(file) != 0 || !written) refuse("write", path, "free some space, or name another file");
}

}  // namespace weir::tool
