// SPDX-License-Identifier: MIT
//
// The rules of the credit loop, on counters small enough to wrap all the time.
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <random>

#include "weir/credit.hpp"
#include "weir/ring.hpp"

namespace {

using weir::credit_counter;

TEST(credit, spent_queued_and_free_add_up_to_capacity_at_every_step) {
    using counter = std::uint8_t;
    for (const counter capacity : std::initializer_list<counter>{1, 2, 3, 7, 64, 127}) {
        for (const counter start : std::initializer_list<counter>{0, 100, 200, 255}) {
            credit_counter<counter> credit(capacity, start, true);
            std::mt19937 random(capacity * 256u + start);
            unsigned in_flight = 0;
            for (int step = 0; step < 20'000; ++step) {
                if (random() % 2 == 0) {
                    const auto n = static_cast<counter>(random() % (capacity + 1u));
                    const counter position = credit.send_position();
                    const counter credits = credit.credits(position, n);
                    if (credits < n) {
                        ASSERT_EQ(credits, capacity - in_flight) << "a shortage must be exact";
                    } else {
                        ASSERT_LE(credits, capacity - in_flight) << "more credit than there is";
                        ASSERT_TRUE(credit.claim(position, n));
                        credit.send(position, n);
                        in_flight += n;
                    }
                } else {
                    const auto n = static_cast<counter>(random() % (capacity + 1u));
                    const counter position = credit.take_position();
                    const counter items = credit.items(position, n);
                    if (items < n) {
                        ASSERT_EQ(items, in_flight) << "a shortage must be exact";
                    } else {
                        ASSERT_LE(items, in_flight) << "more items than there are";
                        credit.consume(position, n);
                        in_flight -= n;
                    }
                }
                ASSERT_EQ(credit.in_flight_approx(), in_flight) << "right at a quiet moment";
            }
        }
    }
}

TEST(credit, an_8_bit_counter_carries_up_to_127_slots) {
    using narrow = weir::spsc_ring<int, weir::wait::park, weir::stats::off, weir::storage::heap, std::uint8_t>;
    narrow ring(127, {250});
    for (int lap = 0; lap < 1000; ++lap) {
        int pushed = 0;
        while (ring.try_push(lap + pushed)) ++pushed;
        ASSERT_EQ(pushed, 127);
        int expected = lap;
        ASSERT_EQ(ring.consume([&](int& value) { ASSERT_EQ(value, expected++); }), 127u);
    }
#if defined(__cpp_exceptions)
    EXPECT_THROW(narrow(128), std::invalid_argument);
#endif
}

TEST(credit, each_counter_and_each_side_has_lines_of_its_own) {
    static_assert(alignof(credit_counter<std::uint64_t>) == weir::detail::separation_bytes);
    static_assert(sizeof(credit_counter<std::uint64_t>) == 5 * weir::detail::separation_bytes);
}

}  // namespace
