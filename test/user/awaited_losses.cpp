// SPDX-License-Identifier: MIT
//
// A coroutine that handles prices, and asks for a new snapshot where prices were lost because it was too slow.
#include <weir/await.hpp>
#include <weir/handles.hpp>
#include <weir/overflow.hpp>

#include <coroutine>
#include <exception>
#include <utility>

struct task {
    struct promise_type {
        task get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

using prices = weir::overflow_ring<int, weir::overflow::drop_oldest>;
int handled = 0, snapshots = 0;

task handle(weir::receiver<prices> feed) {
    while (const auto price = co_await weir::async_pop(feed)) {
        if (feed.gap() > 0) ++snapshots;
        ++handled;
    }
}

int main() {
    auto [tx, rx] = weir::channel<prices>(8);
    for (int i = 0; i < 100; ++i) (void)tx.push(i);  // never waits: the oldest goes
    handle(std::move(rx));
    (void)tx.push(100);
    tx.reset();  // the end of the feed
    return handled == 9 && snapshots == 1 ? 0 : 1;
}
