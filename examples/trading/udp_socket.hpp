// SPDX-License-Identifier: MIT
//
// A UDP socket at 127.0.0.1. Errors are sentences in std::runtime_error.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace trading {

[[noreturn]] inline void fail_with_errno(const std::string& what, const std::string& remedy = {}) {
    const std::string why = std::generic_category().message(errno);
    throw std::runtime_error(what + ": " + why + (remedy.empty() ? "" : "; " + remedy));
}

class udp_socket {
public:
    /// One that receives at `port`; 0: at a free one.
    static udp_socket at(std::uint16_t port) {
        udp_socket made;
        const sockaddr_in address = loopback(port);
        if (::bind(made.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            fail_with_errno("cannot receive at 127.0.0.1:" + std::to_string(port), "choose another port, or 0 for any");
        return made;
    }
    /// One that sends to `port`, and receives only what comes from there.
    static udp_socket connected_to(std::uint16_t port) {
        udp_socket made;
        const sockaddr_in address = loopback(port);
        if (::connect(made.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            fail_with_errno("cannot send to 127.0.0.1:" + std::to_string(port));
        return made;
    }

    udp_socket(udp_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    udp_socket& operator=(udp_socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~udp_socket() {
        if (fd_ >= 0) ::close(fd_);
    }

    int fd() const noexcept { return fd_; }

    std::uint16_t port() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            fail_with_errno("cannot find out the port of a socket");
        return ntohs(address.sin_port);
    }

    /// receive() gives up after that time. Without it, it waits for ever.
    void give_up_after(std::chrono::microseconds time) const {
        const timeval value{time.count() / 1'000'000, time.count() % 1'000'000};
        if (::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value) != 0)
            fail_with_errno("cannot limit how long a socket waits");
    }
    /// What the kernel may keep for receive(), its own overhead included; more than net.core.rmem_max is cut to that.
    void keep_at_most(int bytes) const {
        if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0)
            fail_with_errno("cannot set a receive buffer of " + std::to_string(bytes) + " bytes");
    }

    enum class when : bool { it_comes, there_is_one };

    /// The size of the next datagram, whose bytes are in `into`; nothing if none came in time, or none is there. The rest of one
    /// that is larger than `into` is lost. `from` is its sender's address.
    std::optional<std::size_t> receive(std::span<std::byte> into, when waiting = when::it_comes,
                                       sockaddr_in* from = nullptr) const {
        socklen_t size = sizeof(sockaddr_in);
        const ssize_t n = ::recvfrom(fd_, into.data(), into.size(), waiting == when::there_is_one ? MSG_DONTWAIT : 0,
                                     reinterpret_cast<sockaddr*>(from), from != nullptr ? &size : nullptr);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNREFUSED)
            fail_with_errno("cannot receive a datagram");
        return std::nullopt;
    }

    /// False if the kernel knows that there is no program at the other port: it learns that from an earlier datagram.
    bool send(std::span<const std::byte> datagram, const sockaddr_in* to = nullptr) const {
        for (;;) {
            if (::sendto(fd_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(to),
                         to != nullptr ? sizeof *to : 0) >= 0)
                return true;
            if (errno == ECONNREFUSED) return false;
            if (errno != EINTR)
                fail_with_errno("cannot send a datagram of " + std::to_string(datagram.size()) + " bytes");
        }
    }

private:
    udp_socket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        if (fd_ < 0) fail_with_errno("cannot make a socket", "close other programs, or raise 'ulimit -n'");
    }
    static sockaddr_in loopback(std::uint16_t port) noexcept {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    int fd_;
};

}  // namespace trading
