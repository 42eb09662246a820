// SPDX-License-Identifier: MIT
//
// Coroutines that wait until a deadline: for a reply, for room, and for credit.
#include <weir/await.hpp>
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "detached.hpp"
#include "timers.hpp"

using namespace std::chrono_literals;

struct results {
    std::atomic<int> replies{0}, late{0}, over{0};
};

detached ask(weir::spsc_ring<int>& replies, timers& time, results& of) {
    for (;;) {
        int reply = 0;
        const weir::status answer = co_await weir::async_pop(replies, reply, time.in(2ms));
        if (answer == weir::status::closed) break;
        ++(answer == weir::status::success ? of.replies : of.late);  // empty: the time was up, and nothing was taken
    }
    ++of.over;
}

detached give_up(weir::spsc_ring<int>& full, weir::credit_gate& gate, timers& time, results& of) {
    const weir::status answer = co_await weir::async_push(full, 3, time.in(1ms));
    const auto permit = co_await weir::async_acquire(gate, 2, time.in(1ms));
    of.late += (answer == weir::status::full ? 1 : 0) + (permit ? 0 : 1);
    ++of.over;
}

int main() {
    timers time;
    results of;
    weir::spsc_ring<int> replies(4), full(1);
    weir::credit_gate gate(2);
    const auto held = gate.try_acquire(1);
    (void)full.push(1);
    ask(replies, time, of);
    give_up(full, gate, time, of);
    std::jthread server([&] {
        for (int i = 0; i < 20; ++i) {
            std::this_thread::sleep_for(i % 5 == 0 ? 10ms : 100us);  // now and then it is slow
            (void)replies.push(i);
        }
        replies.close();
    });
    server.join();
    while (of.over < 2) std::this_thread::sleep_for(1ms);
    std::printf("%d replies, and %s\n", of.replies.load(), of.late > 2 ? "the time was up beside them" : "never late");
    return of.replies == 20 && of.late > 2 ? 0 : 1;
}
