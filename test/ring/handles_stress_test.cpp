// SPDX-License-Identifier: MIT
//
// Handles created and destroyed by many threads: the ring lives as long as a handle does, the last one of a side closes it,
// and nothing is lost. ThreadSanitizer checks the orders of the counts here: with relaxed ones it reports a race.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/sanitized.hpp"
#include "weir/handles.hpp"
#include "weir/ring.hpp"

namespace {

constexpr int rounds = weir_test::sanitized ? 300 : 1000;

// Each sender writes its own plain word before it ends; a receiver that gets `closed` reads them all.
TEST(handles_stress, of_many_threads_lose_nothing_and_closed_happens_after_all_that_the_senders_did) {
    constexpr int threads = 3;
    constexpr int items = 20;
    for (int round = 0; round < rounds; ++round) {
        auto [tx, rx] = weir::channel<weir::mpmc_ring<int>>(3);
        std::array<int, threads> done{};
        std::atomic<int> sum = 0;
        std::vector<std::thread> all;
        for (std::size_t t = 0; t < threads; ++t) {
            all.emplace_back([tx = tx.clone(), &done, t]() mutable {
                for (int i = 1; i <= items; ++i) {
                    auto passing = tx.clone();  // come and gone in the midst
                    EXPECT_TRUE(passing.push(i));
                }
                done[t] = 1;
            });
            all.emplace_back([rx = rx.clone(), &sum, &done]() mutable {
                int mine = 0;
                while (auto item = rx.pop()) mine += *item;
                sum += mine;
                for (const int one : done) EXPECT_EQ(one, 1);
            });
        }
        tx.reset();
        rx.reset();
        for (std::thread& t : all) t.join();
        EXPECT_EQ(sum, threads * items * (items + 1) / 2);
    }
}

// The last two handles are destroyed at the same moment: one of them destroys the ring, after the other has closed it.
template <class Ring>
void both_go_at_once() {
    for (int round = 0; round < rounds; ++round) {
        auto [tx, rx] = weir::channel<Ring>(2);
        std::atomic<int> ready = 0;
        const auto meet = [&ready] {
            ++ready;
            while (ready < 2) std::this_thread::yield();
        };
        std::thread sends([tx = std::move(tx), &meet]() mutable {
            (void)tx.try_push(1);
            meet();
        });
        meet();
        (void)rx.try_pop();
        rx.reset();
        sends.join();
    }
}
TEST(handles_stress, destroyed_at_the_same_moment_destroy_the_ring_once) {
    both_go_at_once<weir::spsc_ring<int>>();
    both_go_at_once<weir::mpmc_ring<int>>();
    both_go_at_once<weir::strict_mpmc_ring<int>>();
}

// A push wakes the receiver, which then ends at once: the sender keeps the ring alive until the push has returned.
TEST(handles_stress, keep_the_ring_alive_until_an_operation_returns) {
    for (int round = 0; round < rounds; ++round) {
        auto [tx, rx] = weir::channel<weir::spsc_ring<int>>(1);
        std::thread receives([rx = std::move(rx)]() mutable { EXPECT_EQ(rx.pop(), 7); });
        EXPECT_TRUE(tx.push(7));
        tx.reset();
        receives.join();
    }
}

}  // namespace
