// SPDX-License-Identifier: MIT
//
// A credit loop between two processes: the wire protocol, and reading and writing whole frames.
//
//     sink -> source   credit    how many more items may be sent; how many are finished in total
//     source -> sink   data      an item: its number and its value
//     source -> sink   end       the last item was sent: how many in total, and the sum of their values
//
// A frame is 24 bytes: "weir", four bytes for its type, then two 8-byte numbers, least significant byte first. All
// frames have the same size, so there is no length field that could be wrong. For use beyond the loopback the
// protocol lacks a version, a length for payloads, authentication and encryption.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "program.hpp"

namespace example {

struct frame {
    enum kind : std::uint32_t { credit = 'c', data = 'd', end = 'e' };

    kind what;
    std::uint64_t first;   // credit: how many more may be sent; data: number of the item; end: how many were sent
    std::uint64_t second;  // credit: finished in all;           data: its value;           end: sum of the values
};

inline constexpr std::size_t frame_bytes = 24;

inline void encode(const frame& from, unsigned char* to) {
    std::memcpy(to, "weir", 4);
    for (unsigned i = 0; i < 4; ++i) to[4 + i] = static_cast<unsigned char>(from.what >> (8 * i));
    for (unsigned i = 0; i < 8; ++i) to[8 + i] = static_cast<unsigned char>(from.first >> (8 * i));
    for (unsigned i = 0; i < 8; ++i) to[16 + i] = static_cast<unsigned char>(from.second >> (8 * i));
}

inline frame decode(const unsigned char* from) {
    const auto number = [from](unsigned begin, unsigned bytes) {
        std::uint64_t n = 0;
        for (unsigned i = 0; i < bytes; ++i) n |= std::uint64_t{from[begin + i]} << (8 * i);
        return n;
    };
    const auto what = number(4, 4);
    if (std::memcmp(from, "weir", 4) != 0 || (what != frame::credit && what != frame::data && what != frame::end))
        throw failure(fmt::format(
            "the peer sent {:02x}, which is not the start of a frame; use programs of the same version on both sides",
            fmt::join(from, from + 8, " ")));
    return {static_cast<frame::kind>(what), number(8, 8), number(16, 8)};
}

/// A socket, closed by the destructor.
class connection {
public:
    explicit connection(int fd) noexcept : fd_(fd) {}
    connection(connection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    connection& operator=(connection&&) = delete;
    ~connection() {
        if (fd_ >= 0) ::close(fd_);
    }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

[[noreturn]] inline void fail_with_errno(const std::string& what, const std::string& remedy = {}) {
    const std::string why = what + ": " + std::strerror(errno);
    throw failure(remedy.empty() ? why : why + "; " + remedy);
}

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

inline connection new_socket() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail_with_errno("cannot make a socket");
    return connection(fd);
}

/// A frame of credit is only 24 bytes, but the peer waits for it.
inline void send_at_once(const connection& to) {
    const int on = 1;
    (void)::setsockopt(to.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

enum class io { done, would_block, ended };

/// Reassembles frames from the byte stream, however the kernel splits it. Reads ahead by at most its buffer.
class frame_reader {
public:
    explicit frame_reader(const connection& from) noexcept : from_(from) {}

    /// The next complete frame, if there is one. Throws failure if the bytes are not a frame.
    std::optional<frame> next() {
        if (end_ - begin_ < frame_bytes) return std::nullopt;
        const frame found = decode(buffer_.data() + begin_);
        begin_ += frame_bytes;
        return found;
    }

    /// Reads once. `ended`: the peer closed the connection, cleanly or not; everything that arrived before has been
    /// read.
    io fill() {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        for (;;) {
            const ssize_t n = ::recv(from_.fd(), buffer_.data() + end_, buffer_.size() - end_, 0);
            if (n > 0) return end_ += static_cast<std::size_t>(n), io::done;
            if (n == 0) return io::ended;
            if (errno == EINTR) continue;
            return errno == EAGAIN || errno == EWOULDBLOCK ? io::would_block : io::ended;
        }
    }

    /// Bytes of an incomplete frame: if not 0 at the end of the stream, a frame was cut off.
    std::size_t rest() const noexcept { return (end_ - begin_) % frame_bytes; }

private:
    const connection& from_;
    std::array<unsigned char, 64 * frame_bytes> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Outgoing frames, 64 at most: this is a queue too, so it must be bounded.
class frame_writer {
public:
    explicit frame_writer(const connection& to) noexcept : to_(to) {}

    bool has_room() const noexcept { return buffer_.size() - end_ >= frame_bytes; }
    bool empty() const noexcept { return begin_ == end_; }

    /// Call only if there is room.
    void add(const frame& one) {
        encode(one, buffer_.data() + end_);
        end_ += frame_bytes;
    }

    /// Writes until everything is written, the socket would block, or the peer is gone.
    io flush() {
        while (!empty()) {
            // Suppress SIGPIPE, which by default would terminate the program silently.
            const ssize_t n = ::send(to_.fd(), buffer_.data() + begin_, end_ - begin_, MSG_NOSIGNAL);
            if (n >= 0) {
                begin_ += static_cast<std::size_t>(n);
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                return io::would_block;
            } else if (errno != EINTR) {
                return io::ended;
            }
        }
        begin_ = end_ = 0;
        return io::done;
    }

private:
    const connection& to_;
    std::array<unsigned char, 64 * frame_bytes> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// The value of item `number` (splitmix64), chosen so that a lost, duplicated or damaged item changes the sum.
constexpr std::uint64_t value_of(std::uint64_t number) noexcept {
    std::uint64_t z = number * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

}  // namespace example
