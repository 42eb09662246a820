// SPDX-License-Identifier: MIT
//
// A server that answers requests as coroutines, with no more than so many bytes in flight, and whose budget changes while it runs.
#include <weir/await.hpp>
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdio>
#include <exception>

struct task {
    struct promise_type {
        task get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

int answered = 0;

task answer(weir::credit_gate& budget, std::size_t bytes, weir::mpmc_ring<int>& disk) {
    const auto permit = co_await weir::async_acquire(budget, bytes);
    if (permit && co_await weir::async_pop(disk)) ++answered;
}

int main() {
    weir::credit_gate budget(1000);
    weir::mpmc_ring<int> disk(16);
    for (int i = 0; i < 10; ++i) answer(budget, 400, disk);
    const std::size_t in_flight = budget.in_use();
    budget.grow(200);
    for (int i = 0; i < 10; ++i) (void)disk.push(i);
    std::printf("%zu bytes were in flight at first, %d requests were answered\n", in_flight, answered);
    return in_flight == 800 && answered == 10 && budget.in_use() == 0 ? 0 : 1;
}
