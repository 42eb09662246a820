// SPDX-License-Identifier: MIT
//
// Segments that have a name: files in /dev/shm, as shm_open(3) makes them. That function is not called, since older C libraries have
// it in a library of its own.
//
// Each process that uses such a file holds a shared lock on it (flock), which the kernel releases when the process ends, however it
// ends. A name is removed only by a process that holds the lock alone. So a name that no process uses differs from one in use, without
// a list to keep.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "weir/detail/base/plain_text.hpp"
#include "weir/detail/shm/error.hpp"
#include "weir/detail/shm/mapping.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

inline constexpr std::string_view shm_folder = "/dev/shm/";

/// The path of a segment's name, which may begin with the slash that shm_open(3) wants.
inline std::string path_of_segment(std::string_view name) {
    if (name.starts_with('/')) name.remove_prefix(1);
    constexpr std::size_t longest = 200;
    if (name.empty() || name.size() > longest || name.front() == '.' || name.find('/') != name.npos ||
        name.find('\0') != name.npos) {
        refuse_segment("\"" + printable(name) + "\" is no name for a segment; choose 1 to " + std::to_string(longest) +
                       " bytes without a slash, of which the first is no dot");
    }
    return std::string(shm_folder) + std::string(name);
}

/// Whether a path still leads to the file that is open.
inline bool leads_to(const std::string& path, int descriptor) noexcept {
    struct stat open {};
    struct stat named {};
    return ::fstat(descriptor, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

/// Removes the name if no process uses the file. Whether it did.
inline bool remove_if_unused(const std::string& path, int descriptor) noexcept {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return false;
    // No other process has the lock now, and each one that opened the file looks for the name once it has.
    return leads_to(path, descriptor) && ::unlink(path.c_str()) == 0;
}

/// Opens the file, and holds it as one in use. Without a file, a descriptor that is none, and errno.
inline owned_descriptor open_named(const std::string& path) {
    // The name may be removed, and made anew, between two steps; and the lock be held for a moment by a process that looks whether
    // the file is in use.
    constexpr int most_tries = 1000;
    for (int i = 0; i < most_tries; ++i) {
        owned_descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!file) return file;
        if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) {
            if (leads_to(path, file.get())) return file;
        } else {
            sleep_for(std::chrono::milliseconds{1});
        }
    }
    errno = EWOULDBLOCK;
    return owned_descriptor();
}

/// A new file without a name, held as one in use.
inline owned_descriptor make_unnamed(unsigned mode) {
    owned_descriptor file(::open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
    // By fchmod, since the mask of the process applies to what open makes.
    if (file && (::fchmod(file.get(), mode) != 0 || ::flock(file.get(), LOCK_SH | LOCK_NB) != 0))
        return owned_descriptor();
    return file;
}

/// Gives a whole, ready file its name, in one step. False with EEXIST when there is such a name.
inline bool give_name(int descriptor, const std::string& path) noexcept {
    std::array<char, 40> self{};
    std::snprintf(self.data(), self.size(), "/proc/self/fd/%d", descriptor);
    return ::linkat(AT_FDCWD, self.data(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

/// Removes the name if no process uses its file: what is left after all of them were killed. Whether the name is free now.
inline bool remove_leftover(const std::string& path) noexcept {
    const owned_descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    return file ? remove_if_unused(path, file.get()) : errno == ENOENT;
}

}  // namespace weir::detail
