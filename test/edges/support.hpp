// SPDX-License-Identifier: MIT
//
// What the tests of the examples share: ledgers as the programs print them, and sockets for peers that misbehave. All
// on 127.0.0.1.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "test/support/subprocess.hpp"

namespace weir_test {

MATCHER(is_one_line, "is one line") { return !arg.empty() && arg.find('\n') == arg.size() - 1; }

/// "accepted 12 refused 0 ...", by name.
using ledger = std::map<std::string, std::uint64_t>;

/// The lines that begin with `first_word`, as ledgers; a line that is still being written is left out.
inline std::vector<ledger> ledgers(const std::string& text, const std::string& first_word) {
    std::vector<ledger> found;
    std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(first_word + " ")) continue;
        std::istringstream words(line);
        ledger one;
        std::string name;
        for (std::uint64_t n = 0; words >> name >> n;) one[name] = n;
        found.push_back(std::move(one));
    }
    return found;
}

/// Whether the last `n` lines say the same of everything: nothing moves.
inline bool stands_still(const std::vector<ledger>& lines, std::size_t n = 10) {
    return lines.size() >= n && std::all_of(lines.end() - static_cast<std::ptrdiff_t>(n), lines.end(),
                                            [&](const ledger& line) { return line == lines.back(); });
}

/// The first ledger in which more than `bound` was taken in at one end and not yet put out at the other; empty if there
/// is none. This is what notices a queue that should not be there.
inline std::string violation(const std::vector<ledger>& lines, const char* in, const char* out, std::uint64_t bound) {
    for (const auto& line : lines) {
        const auto inside = line.at(in) - line.at(out);
        if (static_cast<std::int64_t>(inside) > static_cast<std::int64_t>(bound))
            return std::to_string(inside) + " " + in + " and not " + out + ", where the bound is " +
                   std::to_string(bound);
    }
    return {};
}

/// The port in "listening on 127.0.0.1:PORT", once it is there.
inline std::string port_of(process& server) {
    const std::string words = "listening on 127.0.0.1:";
    std::string port;
    const auto said = [&] {
        const auto out = server.out();
        const auto at = out.find(words);
        if (at == std::string::npos || out.find('\n', at) == std::string::npos) return false;
        port = out.substr(at + words.size(), out.find('\n', at) - at - words.size());
        return true;
    };
    EXPECT_TRUE(eventually([&] { return said() || !server.is_running(); })) << "it never listened";
    return port;
}

/// A socket of the test's own, for a peer whose manners the test decides.
class peer_socket {
public:
    explicit peer_socket(int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) : fd_(fd) {
        const timeval patience{60, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    peer_socket(const peer_socket&) = delete;
    peer_socket& operator=(const peer_socket&) = delete;
    ~peer_socket() { close(); }

    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

    /// Listens on any port, which is returned.
    std::string listen(int receive_buffer_bytes = 0) {
        if (receive_buffer_bytes > 0)
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
        auto address = loopback(0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(fd_, 8), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        return std::to_string(ntohs(address.sin_port));
    }
    int accept() const {
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        EXPECT_GE(fd, 0);
        return fd;
    }
    void connect(const std::string& port) const {
        const auto address = loopback(static_cast<std::uint16_t>(std::stoi(port)));
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }

    void send(const void* bytes, std::size_t n) const {
        EXPECT_EQ(::send(fd_, bytes, n, MSG_NOSIGNAL), static_cast<ssize_t>(n));
    }
    /// All `n` bytes: false when the peer ends before, or within a minute sends no more.
    bool receive(void* bytes, std::size_t n, int flags = 0) const {
        return ::recv(fd_, bytes, n, MSG_WAITALL | flags) == static_cast<ssize_t>(n);
    }

private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }

    int fd_;
};

}  // namespace weir_test
