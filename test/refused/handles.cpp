// SPDX-License-Identifier: MIT
//
// Uses of handles, and of force_push, that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include "weir/handles.hpp"

#include <stop_token>

#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

int main() {
    auto [one_tx, one_rx] = weir::channel<weir::spsc_ring<int>>(2);
    auto [tx, rx] = weir::channel<weir::mpmc_ring<int>>(2);
    weir::mpmc_ring<int> shared(2);
#if USE == 0
    auto more = tx.clone();
    auto reader = rx.clone();
    (void)tx.try_force_push(1);
    (void)tx.force_push(1, [](int) {});
    weir::handle_counts counts;
    auto [shared_tx, shared_rx] = weir::handles_of(shared, counts);
#elif USE == 1
    auto more = one_tx.clone();
#elif USE == 2
    auto reader = one_rx.clone();
#elif USE == 3
    auto [shared_tx, shared_rx] = weir::handles_of(shared);
#elif USE == 4
    weir::spsc_ring<int> ring(2);
    (void)ring.try_force_push(1);
#elif USE == 5
    weir::strict_mpmc_ring<int> ring(2);
    (void)ring.force_push(1, [](int) {});
#elif USE == 6
    weir::pull::mpmc_ring<int> ring(2);
    (void)ring.try_force_push(1);
#elif USE == 7
    auto [message_tx, message_rx] = weir::channel<weir::spsc_message_ring<>>(1024);
#elif USE == 8
    auto [feed_tx, feed_rx] = weir::channel<weir::broadcast_ring<int>>(4);
#elif USE == 9
    auto [number_tx, number_rx] = weir::channel<int>(2);
    (void)number_tx.push(1), (void)number_rx.pop();
#elif USE == 10
    (void)rx.push(1);
#elif USE == 11
    (void)one_rx.try_push(1);
#elif USE == 12
    (void)tx.pop();
#elif USE == 13
    int out = 0;
    (void)one_tx.try_pop(out);
#elif USE == 14
    long number = 0;
    auto [number_tx, number_rx] = weir::handles_of(number);
#elif USE == 15
    (void)one_tx.push(1, std::stop_token());
#elif USE == 16
    int out = 0;
    (void)one_rx.pop(out, std::stop_token());
#elif USE == 17
    while (auto item = rx.pop(std::stop_token())) (void)*item;
#endif
}
