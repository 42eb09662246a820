// SPDX-License-Identifier: MIT
//
// A credit loop between two processes: what goes over the wire, and how it is written and read whole.
//
//     sink -> source   credit    n more may be sent; so many are finished in all
//     source -> sink   data      an item: its number and its value
//     source -> sink   end       there are no more: how many were sent, and the sum of their values
//
// A frame is 24 bytes: "weir", four bytes for what it is, then two numbers of eight bytes, the lowest byte first.
// Frames of one size need no length that could be wrong. What is missing for use beyond the loopback: a version, a
// length for payloads, authentication, encryption.
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
        throw failure(fmt::format("the peer sent {:02x}, which begins no frame; is it a program of the same version?",
                                  fmt::join(from, from + 8, " ")));
    return {static_cast<frame::kind>(what), number(8, 8), number(16, 8)};
}

/// A socket, closed when it goes.
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

/// A frame of credit is 24 bytes that somebody waits for.
inline void send_at_once(const connection& to) {
    const int on = 1;
    (void)::setsockopt(to.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

enum class io { done, would_block, ended };

/// Frames as they come, whatever portions the kernel cuts the stream into. Reads ahead by its buffer, no more.
class frame_reader {
public:
    explicit frame_reader(const connection& from) noexcept : from_(from) {}

    /// The next frame that is here in whole. Throws failure at what is none.
    std::optional<frame> next() {
        if (end_ - begin_ < frame_bytes) return std::nullopt;
        const frame found = decode(buffer_.data() + begin_);
        begin_ += frame_bytes;
        return found;
    }

    /// Reads once. `ended`: the peer is gone, whether it said so or not; everything that arrived before was read.
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

    /// Bytes of a frame that has begun: not 0 at the end of the stream means that it was cut.
    std::size_t rest() const noexcept { return (end_ - begin_) % frame_bytes; }

private:
    const connection& from_;
    std::array<unsigned char, 64 * frame_bytes> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// Frames on their way out, 64 at most: a queue too, hence bounded.
class frame_writer {
public:
    explicit frame_writer(const connection& to) noexcept : to_(to) {}

    bool has_room() const noexcept { return buffer_.size() - end_ >= frame_bytes; }
    bool empty() const noexcept { return begin_ == end_; }

    /// To be called when there is room.
    void add(const frame& one) {
        encode(one, buffer_.data() + end_);
        end_ += frame_bytes;
    }

    /// Writes until all is written, or the socket takes no more (where it does not block), or the peer is gone.
    io flush() {
        while (!empty()) {
            // Not SIGPIPE, whose default would end the program without a word.
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

/// What item `number` is worth: so that an item that is lost, doubled or damaged shows in the sum (splitmix64).
constexpr std::uint64_t value_of(std::uint64_t number) noexcept {
    std::uint64_t z = number * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

}  // namespace example
