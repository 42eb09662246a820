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
#include "weir/detail/shm/header.hpp"
#include "weir/detail/shm/mapping.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::detail {

inline constexpr std::string_view shm_folder = "/dev/shm/";

/// The path of a segment's name, which may begin with the slash that shm_open(3) wants.
inline std::string path_of_segment(std::string_view given) {
    std::string_view name = given;
    if (name.starts_with('/')) name.remove_prefix(1);
    constexpr std::size_t longest = 200;
    if (name.empty() || name.size() > longest || name.front() == '.' || name.find('/') != name.npos ||
        printable(name) != name) {
        refuse_segment(errc::invalid_argument,
                       "\"" + printable(given) + "\" is no name for a segment; choose 1 to " + std::to_string(longest) +
                           " bytes of UTF-8 without a slash or a control character, of which the first is no dot");
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

/// Whether the name is of a file as segments are, or of nothing. Not by opening it: that would do something to a FIFO.
inline bool may_be_segment(const std::string& path) noexcept {
    struct stat named {};
    return ::lstat(path.c_str(), &named) != 0 || S_ISREG(named.st_mode);
}

/// Whether the file is weir's. One without a whole header is not: a segment has its name when it is ready, not before.
inline bool begins_as_segment(int descriptor) noexcept {
    std::array<char, segment_header::right_magic.size()> magic{};
    return ::pread(descriptor, magic.data(), magic.size(), 0) == static_cast<ssize_t>(magic.size()) &&
           magic == segment_header::right_magic;
}

[[noreturn]] inline void refuse_foreign(const std::string& path) {
    refuse_segment(errc::not_a_segment, "\"" + path + "\" is no segment of weir's; choose another name, or remove it");
}

/// Removes the name if no process uses the file. Whether it did.
inline bool remove_if_unused(const std::string& path, int descriptor) noexcept {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return false;
    // No other process has the lock now, and each one that opened the file looks for the name once it has.
    return leads_to(path, descriptor) && ::unlink(path.c_str()) == 0;
}

/// Opens the file, and holds it as one in use. Without a file, a descriptor that is none, and errno. Refuses a name of something else
/// than a file. One that is not weir's is not locked, since its owner may use such locks for something else.
inline owned_descriptor open_named(const std::string& path) {
    // The name may be removed, and made anew, between two steps; and the lock be held for a moment by a process that looks whether
    // the file is in use.
    constexpr int most_tries = 1000;
    for (int i = 0; i < most_tries; ++i) {
        if (!may_be_segment(path)) refuse_foreign(path);
        owned_descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!file || !begins_as_segment(file.get())) return file;
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
    if (mode > 0777) {
        std::array<char, 24> octal{};
        std::snprintf(octal.data(), octal.size(), "%#o", mode);
        refuse_segment(errc::invalid_argument,
                       "the mode " + std::string(octal.data()) +
                           " of a segment has other bits than read, write and execute; choose at most 0777");
    }
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

/// What a name is found to be.
enum class name_use { free, used, foreign, forbidden };

/// Removes the name if it is of a segment that no process uses: what is left after all of them were killed. Nothing else is touched.
inline name_use remove_leftover(const std::string& path) noexcept {
    if (!may_be_segment(path)) return name_use::foreign;
    const owned_descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file) {
        return errno == ENOENT                     ? name_use::free
               : errno == EACCES || errno == EPERM ? name_use::forbidden
                                                   : name_use::foreign;
    }
    if (!begins_as_segment(file.get())) return name_use::foreign;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return name_use::used;
    // Else it was removed meanwhile.
    if (!leads_to(path, file.get()) || ::unlink(path.c_str()) == 0) return name_use::free;
    return name_use::forbidden;
}

}  // namespace weir::detail
