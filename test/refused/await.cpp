// SPDX-License-Identifier: MIT
//
// Uses of await.hpp and std_queue.hpp that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include "weir/await.hpp"
#include "weir/message_ring.hpp"
#include "weir/ring.hpp"
#include "weir/std_queue.hpp"

int main() {
    weir::spsc_ring<int> ring(2);
    weir::spsc_ring<int, weir::wait::event> polled(2);
    weir::spsc_message_ring<> messages(256);
    weir::selection how;
    const weir::selection fixed;
#if USE == 0
    (void)weir::async_pop(ring);
    (void)weir::async_select(how, weir::by_priority, weir::items_of(ring), weir::items_of(messages));
    weir::bounded_queue<int, weir::spsc_ring<int>> queue(1);
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
#endif
}
