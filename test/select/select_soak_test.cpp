// SPDX-License-Identifier: MIT
//
// Threads that feed several rings at random pauses, and one that selects, until each way to sleep has met each way to wake; beside
// a consumer that waits at one of the rings alone. WEIR_SOAK_ROUNDS=10000000 makes it the long form.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using weir::by_priority;
using weir::items_of;
using weir::on;
using weir::selected;
using weir::selection;
using weir::status;
using weir_test::random_pause;

/// Two threads feed a ring each, and a third one takes what both bring, in order.
template <class Wait>
void take_from_both(std::uint64_t items, bool in_turn, bool with_handlers) {
    weir::spsc_ring<std::uint64_t, Wait> a(2);
    weir::spsc_ring<std::uint64_t, Wait> b(1);
    std::array<std::atomic<std::uint64_t>, 2> taken{};
    std::uint64_t wrong = 0;
    weir_test::sleep_count slept;
    {
        const weir_test::watchdog dog([&] { return taken[0] + taken[1]; },
                                      [&] {
                                          return "taken " + std::to_string(taken[0]) + " and " +
                                                 std::to_string(taken[1]) + " of " + std::to_string(items) +
                                                 "; queued " + std::to_string(a.size_approx()) + " and " +
                                                 std::to_string(b.size_approx());
                                      });
        weir_test::meeting both_pause(2);
        const auto feed = [&](auto& ring, std::uint64_t seed) {
            random_pause pause(seed);
            for (std::uint64_t i = 0; i < items; ++i) {
                pause();
                if (i % 500 == 499) {  // now and then neither brings anything for longer than select() spins
                    both_pause();
                    std::this_thread::sleep_for(std::chrono::microseconds(500));
                }
                EXPECT_EQ(ring.push(i), status::success);
            }
            ring.close();
        };
        std::thread first([&] { feed(a, 1); });
        std::thread second([&] { feed(b, 2); });
        std::thread selecting([&] {
            random_pause pause(3);
            selection how = in_turn ? selection() : selection(by_priority);
            const auto take = [&](std::size_t ring) {
                return [&, ring](std::uint64_t item) {
                    if (item != taken[ring]) ++wrong;
                    taken[ring].store(item + 1, std::memory_order_relaxed);
                };
            };
            for (;;) {
                pause();
                if (with_handlers) {
                    if (!weir::select(how, on(items_of(a), take(0)), on(items_of(b), take(1)))) break;
                    continue;
                }
                const selected found = weir::select(how, items_of(a), items_of(b));
                if (!found) break;
                if (found.is_closed()) continue;
                std::uint64_t item = 0;
                if (found.index() == 0 ? a.try_pop(item) : b.try_pop(item)) take(found.index())(item);
            }
            slept.add_this_thread(pause.sleeps());
        });
        first.join();
        second.join();
        selecting.join();
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(taken[0], items);
    EXPECT_EQ(taken[1], items);
    slept.expect_for<Wait>(items);
}

/// One ring has a consumer of its own besides the thread that selects, which now and then takes nothing.
template <class Wait>
void beside_a_consumer(std::uint64_t items) {
    weir::spsc_ring<std::uint64_t, Wait> alone(1);
    weir::mpmc_ring<std::uint64_t, Wait> shared(2);
    std::atomic<std::uint64_t> of_alone{0}, of_shared{0};
    {
        const weir_test::watchdog dog([&] { return of_alone + of_shared; },
                                      [&] {
                                          return "taken " + std::to_string(of_alone) + " and " +
                                                 std::to_string(of_shared) + " of " + std::to_string(items) +
                                                 "; queued " + std::to_string(alone.size_approx()) + " and " +
                                                 std::to_string(shared.size_approx());
                                      });
        std::thread consumer([&] {
            random_pause pause(4);
            for (std::uint64_t item = 0; shared.pop(item); pause()) ++of_shared;
        });
        std::thread selecting([&] {
            random_pause pause(5);
            weir_test::numbers numbers(6);
            selection how(by_priority);
            while (const selected found = weir::select(how, items_of(alone), items_of(shared))) {
                pause();
                if (found.is_closed()) continue;
                if (found.index() == 0 && alone.try_pop()) ++of_alone;
                if (found.index() == 1) {
                    if (numbers.below(2) == 0) {
                        if (shared.try_pop()) ++of_shared;
                    } else {
                        while (shared.size_approx() > 0) std::this_thread::yield();  // the consumer takes it
                    }
                }
            }
        });
        random_pause pause(7);
        weir_test::numbers numbers(8);
        for (std::uint64_t i = 0; i < items; ++i) {
            pause();
            // Often both at once, so that the thread that selects is counted at both.
            if (numbers.below(3) > 0) {
                EXPECT_EQ(shared.push(i), status::success);
                EXPECT_EQ(alone.push(i), status::success);
            } else {
                EXPECT_EQ(alone.push(i), status::success);
                EXPECT_EQ(shared.push(i), status::success);
            }
            // Now and then nothing more comes until all is taken: what lies beside a sleeper shows.
            if (numbers.below(8) == 0) {
                while (of_shared != i + 1) std::this_thread::yield();
            }
        }
        alone.close();
        shared.close();
        consumer.join();
        selecting.join();
    }
    EXPECT_EQ(of_alone, items);
    EXPECT_EQ(of_shared, items);
}

template <class Wait>
class select_soak : public testing::Test {
public:
    static std::uint64_t rounds() {
        return weir_test::rounds(std::is_same_v<Wait, weir::wait::sleep> ? 4'000 : 20'000);
    }
};
TYPED_TEST_SUITE(select_soak, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(select_soak, in_turn_loses_no_wake_up) { take_from_both<TypeParam>(this->rounds(), true, false); }
TYPED_TEST(select_soak, by_priority_loses_no_wake_up) { take_from_both<TypeParam>(this->rounds() / 2, false, false); }
TYPED_TEST(select_soak, with_handlers_loses_no_wake_up) { take_from_both<TypeParam>(this->rounds(), true, true); }
TYPED_TEST(select_soak, takes_no_wake_up_from_a_consumer) { beside_a_consumer<TypeParam>(this->rounds() / 2); }

}  // namespace
