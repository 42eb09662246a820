// SPDX-License-Identifier: MIT
// A coroutine awaits the first of two feeds, on an executor of its own, and ends when both are closed.
#include <weir/await.hpp>
#include <weir/ring.hpp>

#include <coroutine>
#include <cstdio>
#include <exception>
#include <functional>
#include <thread>
#include <utility>

struct detached {
    struct promise_type {
        detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

struct one_thread {  // an executor: it has execute(f)
    weir::mpsc_ring<std::function<void()>> jobs{16};
    std::jthread thread{[this] {
        while (auto job = jobs.pop()) (*job)();
    }};
    void execute(std::function<void()> job) { (void)jobs.push(std::move(job)); }
};

detached merge(weir::spsc_ring<int>& book, weir::spsc_ring<int>& trades, one_thread& on, int& sum) {
    weir::selection feeds;  // whose turn it is, and which have closed
    const auto either = [&] { return weir::async_select(feeds, weir::items_of(book), weir::items_of(trades)); };
    while (const auto ready = co_await either().resume_on(on)) {
        while (const auto item = (ready.index() == 0 ? book : trades).try_pop()) sum += *item;
    }
    on.jobs.close();
}

int main() {
    weir::spsc_ring<int> book(8), trades(8);
    one_thread worker;
    int sum = 0;
    merge(book, trades, worker, sum);
    for (int i = 1; i <= 100; ++i) (void)(i % 3 == 0 ? book : trades).push(i);
    for (auto* each : {&book, &trades}) each->close();
    worker.thread.join();
    std::printf("the sum is %d\n", sum);
    return sum == 5050 ? 0 : 1;
}
