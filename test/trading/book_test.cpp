// SPDX-License-Identifier: MIT
//
// The book and the strategy.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "examples/trading/book.hpp"
#include "examples/trading/market.hpp"
#include "examples/trading/strategy.hpp"

namespace {

using namespace trading;
using feed::side;

tick quote(side of, std::uint32_t price, std::uint32_t quantity, std::uint32_t epoch = 0, std::uint8_t symbol = 3) {
    return {1, 2, price, quantity, epoch, feed::type::quote, symbol, of};
}

TEST(book, keeps_the_last_quote_of_each_side_and_symbol) {
    book b;
    auto update = b.take(quote(side::buy, 99, 5), false);
    ASSERT_TRUE(update);
    EXPECT_EQ(update->bid, (level{99, 5, true}));
    EXPECT_FALSE(update->offer.is_known);
    (void)b.take(quote(side::sell, 101, 6), false);
    (void)b.take(quote(side::sell, 50, 7, 0, 255), false);
    update = b.take(quote(side::buy, 98, 8), false);
    ASSERT_TRUE(update);
    EXPECT_EQ(update->symbol, 3);
    EXPECT_EQ(update->sequence, 1U);
    EXPECT_EQ(update->received_at, 2U);
    EXPECT_EQ(update->bid, (level{98, 8, true}));
    EXPECT_EQ(update->offer, (level{101, 6, true}));
    EXPECT_EQ(b.offer(255), (level{50, 7, true}));
}

TEST(book, publishes_nothing_for_trades_and_notices) {
    book b;
    tick t = quote(side::buy, 99, 5);
    t.what = feed::type::trade;
    EXPECT_FALSE(b.take(t, false));
    t.what = feed::type::notice;
    EXPECT_FALSE(b.take(t, false));
    EXPECT_FALSE(b.bid(3).is_known);
}

TEST(book, knows_no_price_after_a_gap_until_its_next_quote) {
    for (const bool in_the_ring : {false, true}) {
        book b;
        (void)b.take(quote(side::buy, 99, 5), false);
        (void)b.take(quote(side::sell, 101, 5), false);
        const auto update = b.take(quote(side::buy, 98, 5, in_the_ring ? 0 : 1), in_the_ring);
        ASSERT_TRUE(update);
        EXPECT_TRUE(update->bid.is_known);
        EXPECT_FALSE(update->offer.is_known);
    }
}

TEST(book, forgets_at_a_gap_that_a_trade_shows) {
    book b;
    (void)b.take(quote(side::buy, 99, 5), false);
    tick trade = quote(side::buy, 99, 5, 1);
    trade.what = feed::type::trade;
    (void)b.take(trade, false);
    EXPECT_FALSE(b.bid(3).is_known);
}

TEST(book, takes_no_quote_from_before_a_gap_that_it_knows_of) {
    book b;
    (void)b.take(quote(side::buy, 99, 5, 1), false);
    EXPECT_FALSE(b.take(quote(side::buy, 70, 5, 0), false));
    EXPECT_EQ(b.bid(3), (level{99, 5, true}));
}

book_update prices(std::uint32_t bid_quantity, std::uint32_t offer_quantity, std::uint8_t symbol = 1) {
    return {1, 2, {99, bid_quantity, true}, {101, offer_quantity, true}, symbol};
}

TEST(strategy, buys_at_the_offer_where_the_bid_is_larger_by_its_ratio) {
    strategy s(4, 10);
    EXPECT_FALSE(s.on(prices(399, 100)));
    const auto decided = s.on(prices(400, 100));
    ASSERT_TRUE(decided);
    EXPECT_EQ(*decided, (order{0, 0, side::buy, 1, 101, 10}));
}

TEST(strategy, sells_at_the_bid_where_the_offer_is_larger_by_its_ratio) {
    strategy s(4, 10);
    EXPECT_FALSE(s.on(prices(100, 399)));
    const auto decided = s.on(prices(100, 400));
    ASSERT_TRUE(decided);
    EXPECT_EQ(*decided, (order{0, 0, side::sell, 1, 99, 10}));
}

TEST(strategy, sends_one_order_for_a_signal_and_another_when_it_comes_back) {
    strategy s;
    EXPECT_TRUE(s.on(prices(500, 100)));
    EXPECT_FALSE(s.on(prices(600, 100)));
    EXPECT_TRUE(s.on(prices(600, 100, 2))) << "another symbol has a signal of its own";
    EXPECT_FALSE(s.on(prices(100, 100)));
    EXPECT_TRUE(s.on(prices(500, 100)));
    EXPECT_TRUE(s.on(prices(100, 500)));
}

TEST(strategy, sends_none_while_a_side_is_unknown_or_empty) {
    strategy s;
    book_update unknown = prices(500, 100);
    unknown.offer.is_known = false;
    EXPECT_FALSE(s.on(unknown));
    unknown = prices(100, 500);
    unknown.bid.is_known = false;
    EXPECT_FALSE(s.on(unknown));
    EXPECT_FALSE(s.on(prices(500, 0)));
    EXPECT_FALSE(s.on(prices(0, 500)));
    EXPECT_TRUE(s.on(prices(500, 100)));
}

TEST(strategy, compares_quantities_of_any_size) {
    strategy s(4, 1);
    EXPECT_FALSE(s.on(prices(4'000'000'000, 3'000'000'000)));
    EXPECT_TRUE(s.on(prices(4'000'000'000, 1'000'000'000)));
}

}  // namespace
