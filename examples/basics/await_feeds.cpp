// SPDX-License-Identifier: MIT
// A coroutine serves three feeds by priority, with a timer as a fourth one before them, and ends when it is asked to stop.
#include <weir/await.hpp>
#include <weir/ring.hpp>

#include <coroutine>
#include <cstdio>
#include <exception>
#include <stop_token>

using feed = weir::spsc_ring<int>;
struct task {
    struct promise_type {
        task get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

task serve(feed (&feeds)[4], int (&counts)[4], bool& is_over, std::stop_token stop) {
    weir::selection how(weir::by_priority);
    while (const auto ready = co_await weir::async_select(stop, how, weir::items_of(feeds[0]), weir::items_of(feeds[1]),
                                                          weir::items_of(feeds[2]), weir::items_of(feeds[3]))) {
        if (feeds[ready.index()].try_pop()) ++counts[ready.index()];  // nothing, if that one has closed
    }
    is_over = true;  // a stop was requested, or all are closed
}

int main() {
    feed feeds[4]{feed(1), feed(4), feed(4), feed(4)};  // ticks of the timer, urgent ones, orders, prices
    int counts[4]{};
    bool is_over = false;
    std::stop_source stop;
    serve(feeds, counts, is_over, stop.get_token());
    for (int i = 0; i < 100; ++i) {
        if (i % 10 == 0) (void)feeds[0].try_push(i);  // an event loop's timer does this
        (void)feeds[1 + i % 3].push(i);
    }
    stop.request_stop();
    std::printf("%d ticks, %d urgent ones, %d orders, %d prices\n", counts[0], counts[1], counts[2], counts[3]);
    return is_over && counts[0] == 10 && counts[1] + counts[2] + counts[3] == 100 ? 0 : 1;
}
