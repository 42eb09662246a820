// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <thread>

int main() {
    int sum = 0;
    // show
    weir::spsc_ring<int, weir::wait::event> ring(256);

    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{.events = EPOLLIN, .data = {.fd = ring.items_fd()}};
    ::epoll_ctl(loop, EPOLL_CTL_ADD, ring.items_fd(), &wanted);

    std::thread producer([&] {
        for (int i = 1; i <= 1000; ++i) (void)ring.push(i);
        ring.close();  // the descriptor stays readable from now on
    });
    for (bool is_open = true; is_open;) {
        epoll_event ready[8];
        const int count = ::epoll_wait(loop, ready, 8, -1);
        for (int i = 0; i < count; ++i) {
            if (ready[i].data.fd != ring.items_fd()) continue;  // sockets, timers ...
            int item = 0;
            weir::status answer = weir::status::success;
            while ((answer = ring.try_pop(item))) sum += item;  // until it says `empty`: that rearms the descriptor
            is_open = answer != weir::status::closed;
        }
    }
    // end
    producer.join();
    ::close(loop);
    return sum == 500'500 ? 0 : 1;
}
