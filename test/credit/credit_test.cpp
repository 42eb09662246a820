// SPDX-License-Identifier: MIT
//
// The rules of the credit loop, on counters small enough to wrap all the time.
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>

#include "weir/credit.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {

using weir::credit_counter;
using weir::status;

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
    using narrow = weir::spsc_ring<int, std::uint8_t>;
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

#if defined(__cpp_exceptions)
// As the sentence of the refusal says: 1 to the most, both included, on each ring.
template <class Ring>
void expect_capacities_up_to(std::size_t most) {
    EXPECT_NO_THROW(Ring{1});
    EXPECT_NO_THROW(Ring{most});
    for (const std::size_t impossible : {std::size_t{0}, most + 1}) {
        try {
            const Ring ring(impossible);
            ADD_FAILURE() << impossible;
        } catch (const std::invalid_argument& refusal) {
            const std::string sentence = refusal.what();
            EXPECT_NE(sentence.find("capacity " + std::to_string(impossible) + " "), std::string::npos) << sentence;
            EXPECT_NE(sentence.find("choose 1 to " + std::to_string(most)), std::string::npos) << sentence;
        }
    }
}
TEST(credit, narrow_counters_have_the_capacities_that_the_refusal_names) {
    using weir::wait::spin;
    expect_capacities_up_to<weir::spsc_ring<int, spin, std::uint8_t>>(127);
    expect_capacities_up_to<weir::spsc_ring<int, spin, std::uint16_t>>(32767);
    expect_capacities_up_to<weir::mpmc_ring<int, spin, std::uint8_t>>(127);
    expect_capacities_up_to<weir::strict_mpmc_ring<int, spin, std::uint8_t, weir::max_threads<3>>>(16);
    expect_capacities_up_to<weir::strict_mpmc_ring<int, spin, std::uint16_t, weir::max_threads<64>>>(4096);
}
#endif

// ---- on request ----------------------------------------------------------------------------------------------

// Of one consumer.
TEST(credit_on_request, reports_the_credit_that_a_request_grants_and_withholds_small_amounts) {
    weir::credit_counter<std::uint8_t, weir::detail::granting::on_request> c(8, 250, false, 4);
    EXPECT_EQ(c.request(1), 1) << "nothing is held back while the consumer knows of no item";
    EXPECT_EQ(c.request(5), 5);
    EXPECT_EQ(c.credits_approx(), 6);
    ASSERT_EQ(c.credits(250, 6), 6);
    ASSERT_TRUE(c.claim(250, 2));
    c.send(250, 2);
    ASSERT_EQ(c.items(250, 2), 2);
    EXPECT_EQ(c.request(1), 0) << "held back: it knows of items";
    EXPECT_EQ(c.credits_approx(), 4);
    EXPECT_EQ(c.grant_rest(), 1);
    EXPECT_EQ(c.grant_rest(), 0);
    EXPECT_EQ(c.request(100), 0) << "one more is all that the capacity allows, which is not worth it";
    EXPECT_EQ(c.grant_rest(), 1);
    EXPECT_EQ(c.credits_approx(), 6);
    EXPECT_EQ(c.grant_rest(), 0) << "there is no room for more";
}

// grant_every, to the item: what was asked for is granted by the pop that frees the room which it lacked, and not before.
TEST(credit_on_request, grants_withheld_credit_when_it_is_enough_or_a_pop_finds_nothing) {
    weir::pull::spsc_ring<int> ring(4, weir::pull::grant_every{4});
    ring.request(2);
    ASSERT_TRUE(ring.try_push(1) && ring.try_push(2));
    EXPECT_EQ(ring.try_push(3), status::no_credit);
    EXPECT_TRUE(ring.try_pop());
    ring.request(3);
    EXPECT_EQ(ring.credits(), 0U);
    EXPECT_TRUE(ring.try_pop());
    EXPECT_EQ(ring.credits(), 0U) << "there is room for all three, which are less than four";
    EXPECT_FALSE(ring.try_pop());
    EXPECT_EQ(ring.credits(), 3U);
}

// Of many.
TEST(shared_demand, reports_the_credit_it_grants_and_withholds_small_amounts) {
    using namespace weir::detail;
    const auto known = []() noexcept { return true; };
    const auto unknown = []() noexcept { return false; };
    const cursor start = cursor_at(std::uint64_t{0} - 3);
    const auto room = [=]() noexcept { return items_ahead(start, 100); };
    bool not_asked = false;

    shared_demand at_once(start, 100, 1);
    EXPECT_EQ(at_once.request(3, start, known), 3U);
    EXPECT_EQ(at_once.grant_rest(start), 0U) << "nothing is ever held back";
    EXPECT_EQ(at_once.limit(start, room, not_asked), items_ahead(start, 3));
    EXPECT_FALSE(not_asked);
    EXPECT_EQ(at_once.limit(items_ahead(start, 3), room, not_asked), items_ahead(start, 3));
    EXPECT_TRUE(not_asked);

    shared_demand by_fours(start, 100, 4);
    EXPECT_EQ(by_fours.request(1, start, unknown), 1U);
    EXPECT_EQ(by_fours.request(1, start, known), 0U);
    EXPECT_EQ(by_fours.request(2, start, known), 0U);
    EXPECT_EQ(by_fours.request(4, start, known), 4U) << "worth it by itself";
    EXPECT_EQ(by_fours.request(1, start, known), 4U) << "with what was held back";
    EXPECT_EQ(by_fours.grant_rest(start), 0U);
    EXPECT_EQ(by_fours.request(3, start, known), 0U);
    EXPECT_EQ(by_fours.grant_rest(start), 3U);
    EXPECT_EQ(by_fours.limit(start, room, not_asked), items_ahead(start, 12));
}

TEST(shared_demand, without_end_grants_nothing_more_and_ends_where_the_room_does) {
    using namespace weir::detail;
    const auto known = []() noexcept { return true; };
    const cursor start = cursor_at(7);
    for (const std::size_t every : {1U, 4U}) {
        shared_demand demand(start, 8, every);
        EXPECT_EQ(demand.request(weir::pull::unbounded, start, known), weir::pull::unbounded);
        EXPECT_EQ(demand.request(1, start, known), 0U);
        EXPECT_EQ(demand.request(weir::pull::unbounded, start, known), 0U);
        EXPECT_EQ(demand.grant_rest(start), 0U);
        bool not_asked = true;
        for (const std::uint64_t free : {0U, 1U, 8U}) {
            const auto room = [=]() noexcept { return items_ahead(start, free); };
            EXPECT_EQ(demand.limit(start, room, not_asked), room());
            EXPECT_FALSE(not_asked);
        }
    }
}

TEST(shared_demand, that_adds_up_to_as_good_as_no_end_has_none) {
    using namespace weir::detail;
    const auto known = []() noexcept { return true; };
    const cursor start = cursor_at(7);
    shared_demand demand(start, 8, 1);
    for (int i = 0; i < 8; ++i) (void)demand.request(std::uint64_t{1} << 60, start, known);
    bool not_asked = true;
    const auto room = [=]() noexcept { return items_ahead(start, 8); };
    EXPECT_EQ(demand.limit(start, room, not_asked), room());
    EXPECT_FALSE(not_asked);
    EXPECT_EQ(demand.request(1, start, known), 0U) << "there is no end to it";
}

TEST(credit, each_counter_and_each_side_has_lines_of_its_own) {
    static_assert(alignof(credit_counter<std::uint64_t>) == weir::detail::separation_bytes);
    static_assert(sizeof(credit_counter<std::uint64_t>) == 7 * weir::detail::separation_bytes);
}

}  // namespace
