// SPDX-License-Identifier: MIT
//
// An exchange that acknowledges every order, after a while.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <stop_token>
#include <vector>

#include "order_format.hpp"
#include "udp_socket.hpp"

namespace trading {

struct exchange_counts {
    std::uint64_t orders = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t damaged = 0;
    std::uint64_t out_of_order = 0;  ///< numbers that do not follow the one before
    std::size_t peak_pending = 0;  ///< the most orders that were here and not acknowledged: seen from outside the gate
};

/// Acknowledges each order `delay` after it came, until a stop is requested.
inline exchange_counts run_exchange(const udp_socket& socket, std::chrono::microseconds delay, std::stop_token stop) {
    using clock = std::chrono::steady_clock;
    using std::chrono::nanoseconds;
    struct pending {
        acknowledgement what;
        sockaddr_in to;
        clock::time_point due;
    };
    constexpr nanoseconds look_again = std::chrono::milliseconds(20);
    std::vector<pending> waiting;  // the oldest one first; as long as the gate lets it become
    exchange_counts counts;
    std::uint64_t next_number = 1;
    while (!stop.stop_requested()) {
        sockaddr_in from{};
        std::byte bytes[sizeof(order_bytes) + 1];
        while (const auto size = socket.receive(bytes, udp_socket::when::there_is_one, &from)) {
            const auto came = order_of(std::span<const std::byte>(bytes, *size));
            if (!came) {
                ++counts.damaged;
                continue;
            }
            ++counts.orders;
            if (came->number != next_number) ++counts.out_of_order;
            next_number = came->number + 1;
            waiting.push_back({{came->number, came->slot}, from, clock::now() + delay});
            counts.peak_pending = std::max(counts.peak_pending, waiting.size());
        }
        const auto now = clock::now();
        const auto due = std::find_if(waiting.begin(), waiting.end(), [&](const pending& p) { return p.due > now; });
        for (auto one = waiting.begin(); one != due; ++one) {
            (void)socket.send(bytes_of(one->what), &one->to);
            ++counts.acknowledged;
        }
        waiting.erase(waiting.begin(), due);
        const auto left = waiting.empty() ? look_again : std::min(look_again, nanoseconds(waiting.front().due - now));
        const timespec longest{0, static_cast<long>(std::max<nanoseconds::rep>(left.count(), 0))};
        pollfd watched{socket.fd(), POLLIN, 0};
        if (::ppoll(&watched, 1, &longest, nullptr) < 0 && errno != EINTR) fail_with_errno("cannot wait for orders");
    }
    return counts;
}

}  // namespace trading
