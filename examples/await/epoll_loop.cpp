// SPDX-License-Identifier: MIT
//
// An event loop of one thread over epoll, whose coroutines await rings that other threads push to, beside a timer. The thread that pushes
// does not run the coroutine: it hands it to the loop, through a ring with a descriptor.
#include <weir/await.hpp>
#include <weir/ring.hpp>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <thread>
#include <utility>

#include "detached.hpp"

/// What coroutines resume on. It takes as many at a time as there are coroutines: a push that had to wait would block a producer.
class loop {
public:
    explicit loop(std::size_t coroutines) : ready_(coroutines) {
        watch(ready_.items_fd());
        watch(timer_);
        itimerspec every{};
        every.it_interval.tv_nsec = every.it_value.tv_nsec = 5'000'000;
        ::timerfd_settime(timer_, 0, &every, nullptr);
    }
    ~loop() {
        ::close(epoll_);
        ::close(timer_);
    }
    loop(const loop&) = delete;
    loop& operator=(const loop&) = delete;

    // For any thread: what resume_on() calls.
    void execute(std::function<void()> f) { (void)ready_.push(std::move(f)); }

    void stop() { ready_.close(); }

    // Returns how often the timer fired.
    std::uint64_t run() {
        std::uint64_t ticks = 0;
        for (;;) {
            epoll_event event{};
            if (::epoll_wait(epoll_, &event, 1, -1) != 1) continue;
            if (event.data.fd == timer_) {
                std::uint64_t expired = 0;
                if (::read(timer_, &expired, sizeof expired) == sizeof expired) ticks += expired;
                continue;
            }
            std::function<void()> next;
            weir::status answer = weir::status::success;
            while ((answer = ready_.try_pop(next))) next();  // until empty: then the descriptor is unreadable again
            if (answer == weir::status::closed) return ticks;
        }
    }

private:
    void watch(int fd) {
        epoll_event interest{.events = EPOLLIN, .data = {.fd = fd}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest) != 0) std::perror("epoll_ctl");
    }

    const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    const int timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    weir::mpsc_ring<std::function<void()>, weir::wait::event> ready_;
};

detached count(weir::spsc_ring<int>& ring, loop& on, int& received, int& open) {
    while (const auto item = co_await weir::async_pop(ring).resume_on(on)) {  // always on the loop's thread
        received += *item >= 0 ? 1 : 0;
    }
    if (--open == 0) on.stop();
}

int main() {
    weir::spsc_ring<int> prices(64), orders(64);
    int received = 0, open = 2;
    loop events(2);
    std::jthread market([&] {
        for (int i = 0; i < 1000; ++i) (void)prices.push(i);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        prices.close();
    });
    std::jthread client([&] {
        for (int i = 0; i < 100; ++i) (void)orders.push(i);
        orders.close();
    });
    count(prices, events, received, open);
    count(orders, events, received, open);
    const std::uint64_t ticks = events.run();
    std::printf("%d items, and the timer fired beside them: %s\n", received, ticks > 0 ? "yes" : "no");
    return received == 1100 && ticks > 0 ? 0 : 1;
}
