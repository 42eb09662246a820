// SPDX-License-Identifier: MIT
//
// Uses of select() that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include "weir/select.hpp"

#include <chrono>
#include <stop_token>

#include "weir/broadcast_ring.hpp"
#include "weir/handles.hpp"
#include "weir/latest.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"
#include "weir/std_queue.hpp"

struct class_of {
    std::size_t operator()(int) const noexcept { return 0; }
};

template <std::size_t... I>
void select_of(weir::spsc_ring<int>& ring, std::index_sequence<I...>) {
    (void)weir::try_select((static_cast<void>(I), weir::items_of(ring))...);
}

int main() {
    weir::spsc_ring<int> ring(2);
    weir::broadcast_ring<int> feed(2);
    weir::spsc_message_ring<> messages(256);
    weir::overflow_ring<int, weir::overflow::shed_lowest<2, class_of>> shedding(2);
    weir::selection how;
    const weir::selection fixed;
    using namespace std::chrono_literals;
    const weir::spsc_ring<int>& shown = ring;
    const std::stop_token stop;
    weir::latest<int> newest(0);
    weir::bounded_queue<int> queue(2);
    const auto [tx, rx] = weir::handles_of(ring);
#if USE == 0
    select_of(ring, std::make_index_sequence<64>());
    auto reader = feed.join();
    (void)weir::try_select(how, weir::items_of(ring), weir::room_in(ring), reader, weir::room_in(messages, 8),
                           weir::items_of(messages), weir::items_of(shedding));
#elif USE == 1
    select_of(ring, std::make_index_sequence<65>());
#elif USE == 2
    (void)weir::select(ring);
#elif USE == 3
    (void)weir::select(weir::items_of(ring), 7);
#elif USE == 4
    (void)weir::select(rx);
#elif USE == 5
    (void)weir::select();
#elif USE == 6
    (void)weir::select(weir::items_of(feed));
#elif USE == 7
    (void)weir::select(weir::items_of(how));
#elif USE == 8
    (void)weir::select(weir::room_in(messages));
#elif USE == 9
    (void)weir::select(weir::room_in(ring, 8));
#elif USE == 10
    (void)weir::select(weir::room_in(shedding));
#elif USE == 11
    (void)weir::select(weir::items_of(ring), weir::on(weir::items_of(ring), [](int) {}));
#elif USE == 12
    (void)weir::select(weir::on(weir::items_of(ring), [] {}));
#elif USE == 13
    (void)weir::select(weir::on(weir::room_in(ring), [](int) {}));
#elif USE == 14
    (void)weir::select(weir::on(weir::items_of(messages), [](int) {}));
#elif USE == 15
    (void)weir::select(how, weir::by_priority, weir::items_of(ring));
#elif USE == 16
    (void)weir::select(fixed, weir::items_of(ring));
#elif USE == 17
    (void)weir::select(weir::on(ring, [](int) {}));
#elif USE == 18
    (void)weir::try_select(std::stop_token(), weir::items_of(ring));
#elif USE == 19
    (void)weir::select(weir::on(weir::any_end(weir::items_of(ring)), [](int) {}));
#elif USE == 20
    (void)weir::select(weir::items_of(rx));
#elif USE == 21
    (void)weir::select(weir::items_of(queue));
#elif USE == 22
    (void)weir::select(weir::items_of(newest));
#elif USE == 23
    (void)weir::select(weir::items_of(shown));
#elif USE == 24
    (void)weir::select(weir::items_of(ring), stop);
#elif USE == 25
    (void)weir::select(weir::items_of(ring), weir::by_priority);
#elif USE == 26
    (void)weir::select(5ms, weir::items_of(ring));
#elif USE == 27
    (void)weir::select_for(5, weir::items_of(ring));
#elif USE == 28
    (void)weir::select_until(5ms, weir::items_of(ring));
#elif USE == 29
    (void)weir::select_for(std::chrono::steady_clock::now(), weir::items_of(ring));
#elif USE == 30
    (void)weir::select_until(5, weir::items_of(ring));
#endif
}
