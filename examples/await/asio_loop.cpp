// SPDX-License-Identifier: MIT
//
// Coroutines that await rings on the threads of an Asio io_context, beside its timers. A thread that has nothing to do with Asio pushes.
#include <weir/await.hpp>
#include <weir/ring.hpp>

#include <asio.hpp>

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "detached.hpp"

using namespace std::chrono_literals;
using guard = asio::executor_work_guard<asio::io_context::executor_type>;

// What coroutines resume on: an object with execute(f). It is small, and each wait keeps a copy of it.
struct on_context {
    asio::io_context* context;
    template <class F>
    void execute(F f) const {
        asio::post(*context, std::move(f));
    }
};

// The guard keeps the context running while a coroutine is suspended in a ring, of which Asio knows nothing.
detached sum_up(weir::spsc_ring<int>& ring, on_context on, std::thread::id loop, guard alive, long& sum,
                bool& is_at_home) {
    while (const auto item = co_await weir::async_pop(ring).resume_on(on_context(on))) {
        sum += *item;
        is_at_home = is_at_home && std::this_thread::get_id() == loop;
    }
    alive.reset();
}

int main() {
    asio::io_context context(1);
    weir::spsc_ring<int> ring(16);
    long sum = 0;
    int ticks = 0;
    bool is_at_home = true;
    asio::steady_timer timer(context, 1ms);
    timer.async_wait([&](const asio::error_code& error) { ticks += error ? 0 : 1; });
    sum_up(ring, {&context}, std::this_thread::get_id(), asio::make_work_guard(context), sum, is_at_home);
    std::thread producer([&] {
        for (int i = 1; i <= 1000; ++i) (void)ring.push(i);
        std::this_thread::sleep_for(5ms);
        ring.close();
    });
    context.run();
    producer.join();
    std::printf("%ld, %d timer, %s\n", sum, ticks,
                is_at_home ? "all on the loop's thread" : "NOT on the loop's thread");
    return sum == 500500 && ticks == 1 && is_at_home ? 0 : 1;
}
