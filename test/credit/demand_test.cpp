// SPDX-License-Identifier: MIT
//
// What is asked for, held back and granted: of one consumer, and of many.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

#include "weir/credit.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/pull.hpp"
#include "weir/status.hpp"

namespace {

using weir::status;
using credit_on_request = weir::credit_counter<std::uint8_t, weir::detail::granting::on_request>;

// ---- of one consumer -----------------------------------------------------------------------------------------

TEST(demand_of_one, is_held_back_while_one_item_is_known_and_granted_when_it_is_taken) {
    credit_on_request c(8, 250, false, 4);
    ASSERT_EQ(c.request(4), 4);
    ASSERT_EQ(c.credits(250, 1), 4);
    ASSERT_TRUE(c.claim(250, 1));
    c.send(250, 1);
    ASSERT_EQ(c.items(250, 1), 1);
    EXPECT_EQ(c.request(1), 0) << "it can pop the item that it knows of";
    EXPECT_EQ(c.credits_approx(), 3);
    c.consume(250, 1);
    EXPECT_EQ(c.request(1), 2) << "it knows of none, so that nothing is held back";
    EXPECT_EQ(c.credits_approx(), 5);
}

// A producer that always finds credit has had no reason to ask how far the consumer is: for longer than the counters
// can tell.
TEST(demand_of_one, that_ends_and_a_ring_that_is_full_are_told_apart_after_any_number_of_items) {
    for (int passed = 245; passed < 265; ++passed) {
        SCOPED_TRACE(passed);
        credit_on_request c(4, 0, false, 1);
        c.request(weir::pull::unbounded);
        const auto send = [&] {
            const std::uint8_t at = c.send_position();
            if (c.credits(at, 1) == 0) return false;
            EXPECT_TRUE(c.claim(at, 1));
            c.send(at, 1);
            return true;
        };
        for (int i = 0; i < passed; ++i) {
            ASSERT_TRUE(send());
            ASSERT_GE(c.items(c.take_position(), 1), 1);
            c.consume(c.take_position(), 1);
        }
        for (int i = 0; i < 4; ++i) ASSERT_TRUE(send());
        EXPECT_FALSE(send());
        EXPECT_EQ(c.shortage(), status::full);
    }
}

// ---- of many -------------------------------------------------------------------------------------------------

using weir::detail::cursor;
using weir::detail::cursor_at;
using weir::detail::items_ahead;
using weir::detail::shared_demand;

constexpr auto known = []() noexcept { return true; };
constexpr cursor start = cursor_at(std::uint64_t{0} - 3);

TEST(demand_of_many, counts_also_when_it_comes_amid_the_look_at_the_room) {
    shared_demand demand(start, 8, 1);
    const auto room = [&]() noexcept {
        demand.request(5, start, known);
        return items_ahead(start, 8);
    };
    bool not_asked = true;
    EXPECT_EQ(demand.limit(start, room, not_asked), items_ahead(start, 5));
    EXPECT_FALSE(not_asked) << "there is room, and it was asked for before that was seen";
}

TEST(demand_of_many, that_goes_beyond_the_room_does_not_end_where_that_ends) {
    shared_demand demand(start, 8, 1);
    demand.request(20, start, known);
    for (const std::uint64_t free : {0U, 1U, 8U}) {
        bool not_asked = true;
        const auto room = [=]() noexcept { return items_ahead(start, free); };
        EXPECT_EQ(demand.limit(start, room, not_asked), room());
        EXPECT_FALSE(not_asked) << free;
    }
}

TEST(demand_of_many, is_credit_for_as_much_as_there_is_room_for_however_much_it_adds_up_to) {
    for (const std::uint64_t n : {std::uint64_t{1} << 58, std::uint64_t{1} << 60, (std::uint64_t{1} << 61) - 1}) {
        shared_demand demand(start, 8, 1);
        for (int i = 1; i <= 40; ++i) {
            demand.request(n, start, known);
            bool not_asked = true;
            const auto room = []() noexcept { return items_ahead(start, 8); };
            ASSERT_EQ(demand.limit(start, room, not_asked), room()) << i << " times " << n;
            ASSERT_FALSE(not_asked);
        }
    }
}

// Producers leave the consumers' line alone as long as they know that there is room for all that was asked for.
TEST(demand_of_many, is_all_that_producers_look_at_while_there_is_known_to_be_room_for_it) {
    for (const std::uint64_t asked : {1U, 2U, 8U}) {
        shared_demand demand(start, asked, 1);
        demand.request(asked, start, known);
        for (std::uint64_t sent = 0; sent < asked; ++sent) {
            int looks = 0;
            const auto room = [&]() noexcept {
                ++looks;
                return items_ahead(start, asked);
            };
            bool not_asked = true;
            EXPECT_EQ(demand.limit(items_ahead(start, sent), room, not_asked), items_ahead(start, asked));
            EXPECT_FALSE(not_asked);
            EXPECT_EQ(looks, 0) << sent << " of " << asked;
        }
    }
}

}  // namespace
