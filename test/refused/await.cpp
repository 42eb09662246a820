// SPDX-License-Identifier: MIT
//
// Uses of await.hpp and std_queue.hpp that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <chrono>
#include <string>
#include <utility>

#include "weir/await.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/handles.hpp"
#include "weir/latest.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"
#include "weir/std_queue.hpp"

int main() {
    using namespace std::chrono_literals;
    weir::spsc_ring<int> ring(2);
    const weir::spsc_ring<int>& shown = ring;
    weir::spsc_ring<std::string> texts(2);
    auto [tx, rx] = weir::handles_of(ring);
    weir::broadcast_ring<int> feed(2);
    weir::latest<int> newest(0);
    weir::credit_gate gate(2);
    const std::stop_token stop;
    weir::spsc_ring<int, weir::wait::event> polled(2);
    weir::spsc_message_ring<> messages(256);
    weir::selection how;
    const weir::selection fixed;
#if USE == 0
    (void)weir::async_pop(ring);
    (void)weir::async_select(how, weir::by_priority, weir::items_of(ring), weir::items_of(messages));
    weir::bounded_queue<int, weir::spsc_ring<int>> queue(1);
    (void)weir::async_pop(rx);
    (void)weir::async_push(tx, 1, stop);
    (void)weir::async_acquire(gate, stop);
    weir::overflow_ring<int, weir::overflow::block> blocking(2);
    (void)weir::async_pop(blocking), (void)weir::async_push(blocking, 1);
#elif USE == 1
    (void)weir::async_pop(polled);
#elif USE == 2
    (void)weir::async_pop(messages);
#elif USE == 3
    (void)weir::async_pop(ring).resume_on(7);
#elif USE == 4
    (void)weir::async_select(weir::on(weir::items_of(ring), [](int) {}));
#elif USE == 5
    (void)weir::async_select(weir::items_of(polled));
#elif USE == 6
    (void)weir::async_select(how);
#elif USE == 7
    (void)weir::async_select(fixed, weir::items_of(ring));
#elif USE == 8
    weir::bounded_queue<long, weir::spsc_ring<int>> queue(1);
#elif USE == 9
    (void)weir::async_push(rx, 1);
#elif USE == 10
    (void)weir::async_pop(tx);
#elif USE == 11
    (void)weir::async_pop(shown);
#elif USE == 12
    (void)weir::async_push(std::as_const(texts), "x");
#elif USE == 13
    (void)weir::async_pop(feed);
#elif USE == 14
    auto reader = feed.join();
    (void)weir::async_pop(reader);
#elif USE == 15
    (void)weir::async_push(feed, 1);
#elif USE == 16
    (void)weir::async_pop(newest);
#elif USE == 17
    (void)weir::async_push(messages, 1);
#elif USE == 18
    (void)weir::async_push(texts, 1);
#elif USE == 19
    (void)weir::async_pop(ring, 5ms);
#elif USE == 20
    (void)weir::async_pop_for(texts, 5ms);
#elif USE == 21
    (void)weir::async_push(polled, 1, 5ms);
#elif USE == 22
    (void)weir::async_acquire(gate, 1, 5ms);
#elif USE == 23
    (void)weir::async_select(5ms, weir::items_of(ring));
#elif USE == 24
    (void)weir::async_select(weir::items_of(ring), stop);
#elif USE == 25
    (void)weir::async_select(weir::items_of(ring), weir::by_priority);
#elif USE == 26
    (void)weir::async_select(ring);
#elif USE == 27
    const auto op = weir::async_pop(ring);
    (void)op.await_ready();
#elif USE == 28
    weir::bounded_queue<int> queue(1);
    (void)weir::async_pop(queue);
#elif USE == 29
    int number = 0;
    (void)weir::async_pop(number);
#endif
}
