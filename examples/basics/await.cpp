// SPDX-License-Identifier: MIT
// A thousand coroutines wait at one ring, without a thread or an allocation each, while threads push to it.
#include <weir/await.hpp>
#include <weir/ring.hpp>

#include <atomic>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <thread>

// A coroutine that runs until it suspends first, and ends by itself. Libraries of tasks have better ones.
struct detached {
    struct promise_type {
        detached get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

std::atomic<int> answered{0}, ended{0};

detached serve(weir::mpmc_ring<int>& requests, weir::mpsc_ring<int>& answers) {
    while (const auto request = co_await weir::async_pop(requests)) {  // resumed inside the push that it waits for
        if (co_await weir::async_push(answers, 2 * *request)) ++answered;
    }
    ++ended;  // the ring is closed and drained
}

int main() {
    constexpr int sessions = 1000, items = 10'000;
    weir::mpmc_ring<int> requests(64);
    weir::mpsc_ring<int> answers(64);
    for (int i = 0; i < sessions; ++i) serve(requests, answers);

    std::thread client([&] {
        for (int i = 0; i < items; ++i) (void)requests.push(1);
        requests.close();
    });
    int sum = 0;
    for (int i = 0; i < items; ++i) sum += answers.pop().value_or(0);  // a thread at the other end
    client.join();
    while (ended != sessions) std::this_thread::yield();
    std::printf("%d answers, %d sessions have ended\n", answered.load(), ended.load());
    return sum == 2 * items && answered == items ? 0 : 1;
}
