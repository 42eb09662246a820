// SPDX-License-Identifier: MIT
// An event loop that waits for two rings, and could wait for sockets as well: wait::event gives each ring a descriptor.
#include <weir/ring.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <thread>

using ring = weir::spsc_ring<int, weir::wait::event>;

int main() {
    ring prices(64), orders(64);
    const std::array<ring*, 2> rings{&prices, &orders};
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::uint32_t i = 0; i < rings.size(); ++i) {
        epoll_event interest{.events = EPOLLIN, .data = {.u32 = i}};  // without EPOLLET and EPOLLEXCLUSIVE
        if (::epoll_ctl(loop, EPOLL_CTL_ADD, rings[i]->items_fd(), &interest) != 0) return 1;
    }
    const auto feed = [](ring& to, int count) {
        for (int n = 0; n < count; ++n) (void)to.push(n);
        to.close();
    };
    std::jthread market(feed, std::ref(prices), 1000);
    std::jthread client(feed, std::ref(orders), 100);

    std::array<int, 2> received{};
    for (std::size_t open = rings.size(); open > 0;) {
        epoll_event event{};
        if (::epoll_wait(loop, &event, 1, -1) != 1) return 1;
        ring& from = *rings[event.data.u32];
        int item = 0;
        weir::status answer = weir::status::success;
        while ((answer = from.try_pop(item))) ++received[event.data.u32];  // until empty: do not read the descriptor
        if (answer == weir::status::closed) {
            (void)::epoll_ctl(loop, EPOLL_CTL_DEL, from.items_fd(), nullptr);
            --open;
        }
    }
    ::close(loop);
    std::printf("%d prices, %d orders\n", received[0], received[1]);
    return received[0] == 1000 && received[1] == 100 ? 0 : 1;
}
