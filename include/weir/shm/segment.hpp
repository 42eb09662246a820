// SPDX-License-Identifier: MIT
//
// Memory that several processes map: what the rings of weir/shm/ live in. Linux alone; elsewhere this header declares nothing.
//
// A segment has a name, in /dev/shm, or none: then its descriptor is passed to the other process over a Unix socket.
#pragma once

#if defined(__linux__)

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weir/detail/shm/error.hpp"
#include "weir/detail/shm/header.hpp"
#include "weir/detail/shm/mapping.hpp"
#include "weir/detail/shm/named_file.hpp"
#include "weir/detail/shm/processes.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace weir::shm {

/// How a segment is made or mapped.
struct segment_options {
    unsigned mode = 0600;     ///< of a new segment with a name: which users may open it, as of a file; at most 0777
    bool huge_pages = false;  ///< a wish: used if the kernel has them for shared memory (shmem_enabled: advise)
    bool locked = false;      ///< the memory stays resident (mlock); refused above the limit of locked memory
};

using detail::segment_kind;
using detail::segment_shape;

/// A segment, mapped into this process. Movable. Not for several threads at a time.
///
/// Every function that makes one throws shm::error with one sentence if it cannot (aborts with it where exceptions are off), and
/// calls the system; none of them but open_until() waits for another process for longer than a second.
class segment {
public:
    /// Makes a segment with a name. Another process can open it when it is ready, not before: `init(payload)` has filled it by then.
    /// Of two processes that create the same name one succeeds. A segment of that name that no process uses any longer is replaced;
    /// anything else of that name is left alone, and refused.
    template <class Init>
    static segment create(std::string_view name, const segment_shape& shape, Init init, segment_options options = {}) {
        const std::string path = detail::path_of_segment(name);
        segment made = without_name(name, shape, init, options);
        constexpr int most_tries = 10;
        for (int i = 0; !made.take_name(name, path); ++i) {
            const detail::name_use found = detail::remove_leftover(path);
            if (found == detail::name_use::foreign) detail::refuse_foreign(path);
            if (found == detail::name_use::forbidden) {
                detail::refuse_segment(errc::system_error,
                                       "there is \"" + path + "\" of another user already; choose another name");
            }
            if (i == most_tries || found == detail::name_use::used) {
                detail::refuse_segment(errc::exists,
                                       "there is a segment \"" + std::string(name) +
                                           "\" already, and a process uses it; open it, or choose another name");
            }
        }
        return made;
    }

    /// Maps the segment of that name, as open() does, or makes it, as create() does, if there is none. Of several processes that call
    /// this at once one makes it, and the others map it. One that killed processes left is mapped, with what is in it.
    template <class Init>
    static segment open_or_create(std::string_view name, const segment_shape& shape, Init init,
                                  segment_options options = {}) {
        const std::string path = detail::path_of_segment(name);
        std::optional<segment> made;
        constexpr int most_tries = 100;
        for (int i = 0; i < most_tries; ++i) {
            if (std::optional<segment> opened = opened_if_there(name, path, shape, options)) return std::move(*opened);
            if (!made) made.emplace(without_name(name, shape, init, options));
            if (made->take_name(name, path)) return std::move(*made);
        }
        detail::refuse_segment(errc::system_error, "the segment \"" + std::string(name) + "\" was made and removed " +
                                                       std::to_string(most_tries) +
                                                       " times meanwhile; end the process that does so");
    }

    /// Makes a segment without a name: a memfd, sealed so that no process can make it smaller. Its descriptor() can be sent to other
    /// processes. It vanishes with the last of them.
    template <class Init>
    static segment create(const segment_shape& shape, Init init, segment_options options = {}) {
        detail::owned_descriptor file(::memfd_create("weir", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!file) detail::refuse_segment_by_errno("no memfd can be made", "; close descriptors that are not needed");
        segment made = filled(std::move(file), shape, init, options);
        if (::fcntl(made.descriptor(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
            detail::refuse_segment_by_errno("the memfd cannot be sealed", "; run a kernel that seals memfds");
        return made;
    }

    /// Maps the segment of that name if it is one of that shape.
    static segment open(std::string_view name, const segment_shape& shape, segment_options options = {}) {
        return open_until(name, shape, {}, options);
    }
    /// The same, but waits for a segment of that name until the deadline: looks for it once in a millisecond.
    static segment open_until(std::string_view name, const segment_shape& shape, detail::any_time_point deadline,
                              segment_options options = {}) {
        const std::string path = detail::path_of_segment(name);
        for (;;) {
            if (std::optional<segment> opened = opened_if_there(name, path, shape, options)) return std::move(*opened);
            if (std::chrono::steady_clock::now() >= static_cast<detail::steady_time>(deadline)) break;
            detail::sleep_for(std::chrono::milliseconds{1});
        }
        errno = ENOENT;
        detail::refuse_segment_by_errno("the segment \"" + std::string(name) + "\" cannot be opened",
                                        "; create it first, or check the name: weir shm list", errc::absent);
    }

    /// Maps the segment behind a descriptor that another process sent. The descriptor stays the caller's. Refused if it is not sealed
    /// against shrinking: to read beyond the end of a file that a peer has made smaller would end this process (SIGBUS).
    static segment attach(int descriptor, const segment_shape& shape, segment_options options = {}) {
        const std::string where = "descriptor " + std::to_string(descriptor);
        detail::owned_descriptor file(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
        if (!file) detail::refuse_segment_by_errno(where + " cannot be used", "; pass an open one");
        const int seals = ::fcntl(file.get(), F_GET_SEALS);
        if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
            detail::refuse_segment(errc::not_a_segment,
                                   where +
                                       " is not sealed against shrinking, so a peer could end this process; send that "
                                       "of a segment made without a name, and open one with a name by its name");
        }
        return checked(std::move(file), where, shape, options);
    }

    segment(segment&&) noexcept = default;
    segment& operator=(segment&& other) noexcept {
        segment old(std::move(*this));
        file_ = std::move(other.file_);
        mapping_ = std::move(other.mapping_);
        path_ = std::exchange(other.path_, {});
        capacity_ = other.capacity_;
        maker_ = other.maker_;
        return *this;
    }
    /// Unmaps it. Removes its name if no other process uses it; not in a child of fork(), whose parent uses it.
    ~segment() {
        if (file_ && !path_.empty() && ::getpid() == maker_) detail::remove_if_unused(path_, file_.get());
    }

    /// What follows the header: aligned to 256 bytes.
    std::byte* payload() const noexcept { return mapping_.data() + detail::payload_offset; }
    /// Of the ring in it, as it was checked when the segment was mapped.
    std::uint64_t capacity() const noexcept { return capacity_; }
    std::size_t bytes() const noexcept { return mapping_.bytes(); }
    /// To be sent to another process, if the segment has no name. Owned by the segment.
    int descriptor() const noexcept { return file_.get(); }
    bool has_name() const noexcept { return !path_.empty(); }

private:
    segment(detail::owned_descriptor file, std::size_t bytes, std::uint64_t capacity, const segment_options& options)
        : file_(std::move(file)),
          mapping_(file_.get(), bytes, options.huge_pages, options.locked),
          capacity_(capacity) {}

    template <class Init>
    static segment without_name(std::string_view name, const segment_shape& shape, Init& init,
                                const segment_options& options) {
        detail::owned_descriptor file = detail::make_unnamed(options.mode);
        if (!file) {
            detail::refuse_segment_by_errno("no segment \"" + std::string(name) + "\" can be made in /dev/shm",
                                            "; mount a tmpfs of mode 1777 there");
        }
        return filled(std::move(file), shape, init, options);
    }
    // False when there is such a name.
    bool take_name(std::string_view name, const std::string& path) {
        if (detail::give_name(descriptor(), path)) {
            path_ = path;
            return true;
        }
        if (errno != EEXIST) {
            detail::refuse_segment_by_errno("the segment cannot be named \"" + std::string(name) + "\"",
                                            "; mount /proc and /dev/shm");
        }
        return false;
    }
    // Nothing if there is none of that name.
    static std::optional<segment> opened_if_there(std::string_view name, const std::string& path,
                                                  const segment_shape& shape, const segment_options& options) {
        detail::owned_descriptor file = detail::open_named(path);
        if (!file) {
            if (errno == ENOENT) return std::nullopt;
            detail::refuse_segment_by_errno("the segment \"" + std::string(name) + "\" cannot be opened",
                                            errno == EACCES ? "; let its creator choose a mode that admits this user"
                                            : errno == EWOULDBLOCK
                                                ? "; a program that does not share it holds a lock on it: end that"
                                                : "; choose another name");
        }
        segment opened = checked(std::move(file), "segment \"" + std::string(name) + "\"", shape, options);
        opened.path_ = path;
        return opened;
    }

    template <class Init>
    static segment filled(detail::owned_descriptor file, const segment_shape& shape, Init& init,
                          const segment_options& options) {
        const std::uint64_t bytes = detail::payload_offset + shape.payload_bytes(shape.capacity);
        const detail::segment_header header = detail::header_for(shape, bytes, detail::pid_namespace());
        // Nothing else limits a memfd: to take more than there is would end other processes.
        if (const std::uint64_t there = detail::memory_of_machine(); bytes > there) {
            detail::refuse_segment(errc::system_error, "a segment of " + std::to_string(bytes) +
                                                           " bytes is larger than the memory, which has " +
                                                           std::to_string(there) +
                                                           " bytes available; choose a smaller capacity");
        }
        // Takes the memory now: where there is too little, a later access would end the process (SIGBUS).
        if (const int why = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes)); why != 0) {
            errno = why;
            detail::refuse_segment_by_errno(
                "there is no room for a segment of " + std::to_string(bytes) + " bytes",
                "; choose a smaller capacity, or make /dev/shm larger (docker: --shm-size)");
        }
        segment made(std::move(file), bytes, shape.capacity, options);
        std::memcpy(made.mapping_.data(), &header, sizeof header);
        init(made.payload());
        return made;
    }

    static segment checked(detail::owned_descriptor file, const std::string& where, const segment_shape& shape,
                           const segment_options& options) {
        const std::uint64_t there = detail::file_bytes(file.get());
        detail::segment_header header;
        if (there < detail::payload_offset ||
            ::pread(file.get(), &header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) {
            detail::refuse_segment(detail::begins_as_segment(file.get()) ? errc::damaged : errc::not_a_segment,
                                   where + " has " + std::to_string(there) + " bytes, and a header takes " +
                                       std::to_string(detail::payload_offset) + "; check the name");
        }
        if (const detail::segment_fault wrong =
                detail::wrong_with(header, where, there, shape, detail::pid_namespace());
            !wrong.sentence.empty())
            detail::refuse_segment(wrong.code, wrong.sentence);
        return segment(std::move(file), header.bytes, header.capacity, options);
    }

    detail::owned_descriptor file_;
    detail::shared_mapping mapping_;
    std::string path_;
    std::uint64_t capacity_ = 0;
    pid_t maker_ = ::getpid();
};

/// Sends a descriptor over a Unix socket. Blocks as the socket does. Throws shm::error if it cannot.
inline void send_descriptor(int socket, int descriptor) {
    char byte = 'w';
    iovec data{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    ssize_t sent;
    do {
        sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != 1) {
        detail::refuse_segment_by_errno(
            "descriptor " + std::to_string(descriptor) + " cannot be sent over socket " + std::to_string(socket),
            "; use a connected Unix socket");
    }
}

/// Receives a descriptor that send_descriptor() sent; the caller closes it. Blocks as the socket does. Throws shm::error if none comes.
[[nodiscard]] inline int receive_descriptor(int socket) {
    char byte = 0;
    iovec data{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t received;
    do {
        received = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    const std::string where = "no descriptor came over socket " + std::to_string(socket);
    if (received < 0) detail::refuse_segment_by_errno(where, "; use a connected Unix socket");
    const cmsghdr* const part = CMSG_FIRSTHDR(&message);
    const auto close_all = [&message]() noexcept {
        for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
            if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
            for (std::size_t at = CMSG_LEN(0); at + sizeof(int) <= each->cmsg_len; at += sizeof(int)) {
                int got = -1;
                std::memcpy(&got, reinterpret_cast<const char*>(each) + at, sizeof got);
                ::close(got);
            }
        }
    };
    if (received != 1 || part == nullptr || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS ||
        part->cmsg_len != CMSG_LEN(sizeof(int))) {
        close_all();
        detail::refuse_segment(
            errc::system_error,
            where + ": the other side " +
                (received == 0 ? "has closed it" : "sent something else, or no descriptor is free here") +
                "; let it call send_descriptor()");
    }
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(part), sizeof descriptor);
    return descriptor;
}

}  // namespace weir::shm

#endif
