// SPDX-License-Identifier: MIT
//
// The law of controlled delay, by a clock that the test sets.
#include "weir/detail/overflow/codel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

struct test_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<test_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
};
using time_point = test_clock::time_point;
using law_type = weir::detail::codel_law<test_clock>;

/// A law of target 5 ms and interval 100 ms, and a time that goes on by steps of 1 ms, each of which takes an item.
class codel : public testing::Test {
protected:
    bool take(std::chrono::nanoseconds waited, bool is_last = false) {
        now_ += 1ms;
        return law_->is_to_drop(now_ - waited, now_, is_last);
    }
    /// When items were dropped, in ms from now, while `steps` items that have waited `waited` are taken.
    std::vector<int> drops(int steps, std::chrono::nanoseconds waited) {
        std::vector<int> at;
        for (int step = 1; step <= steps; ++step) {
            if (take(waited)) at.push_back(step);
        }
        return at;
    }
    /// Takes items that have waited too long until `n` are dropped, then one that has not. Returns count() at the first
    /// drop.
    std::uint64_t dropping_period_of(std::uint64_t n) {
        std::uint64_t first = 0;
        std::uint64_t dropped = 0;
        for (int step = 0; step < 100'000 && dropped < n; ++step) {
            if (!take(8ms)) continue;
            if (dropped++ == 0) first = law_->count();
        }
        EXPECT_EQ(dropped, n);
        EXPECT_FALSE(take(1ms));
        return first;
    }
    std::optional<law_type> law_{std::in_place, 5ms, 100ms};
    time_point now_{1s};
};

TEST_F(codel, is_quiet_while_waits_are_below_the_target) { EXPECT_TRUE(drops(10'000, 4'999us).empty()); }

TEST_F(codel, lets_a_burst_pass_that_is_gone_within_an_interval) {
    for (int burst = 0; burst < 100; ++burst) {
        ASSERT_TRUE(drops(99, 80ms).empty());
        ASSERT_FALSE(take(1ms)) << "one item that has waited less ends the interval";
    }
    EXPECT_FALSE(law_->is_dropping());
}

TEST_F(codel, drops_after_an_interval_and_then_ever_faster) {
    // The first is late at step 1, so the interval is over at step 101. From there on interval / sqrt(n) apart.
    std::vector<int> expected;
    double next = 101;
    for (int n = 1; next <= 1000; ++n) {
        expected.push_back(static_cast<int>(std::ceil(next - 1e-4)));
        next += 100 / std::sqrt(n);
    }
    const std::vector<int> found = drops(1000, 8ms);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1) << "drop " << i;
    EXPECT_EQ(law_->count(), found.size());
}

TEST_F(codel, drops_several_in_a_row_where_it_is_behind) {
    (void)drops(101, 8ms);
    ASSERT_TRUE(law_->is_dropping());
    now_ += 1s;
    int in_a_row = 0;
    while (law_->is_to_drop(now_ - 8ms, now_, false)) ++in_a_row;
    // 100 / sqrt(1) + 100 / sqrt(2) + ... passes 1000 ms with the 30th or so.
    double due = 100;
    int expected = 0;
    for (int n = 2; due <= 1000; ++n) {
        ++expected;
        due += 100 / std::sqrt(n);
    }
    EXPECT_NEAR(in_a_row, expected, 1);
}

TEST_F(codel, stops_with_the_first_item_that_has_waited_less) {
    (void)drops(500, 8ms);
    ASSERT_TRUE(law_->is_dropping());
    EXPECT_FALSE(take(4ms));
    EXPECT_FALSE(law_->is_dropping());
    EXPECT_TRUE(drops(99, 8ms).empty()) << "another whole interval has to pass";
}

TEST_F(codel, goes_on_at_the_rate_it_had_reached_if_the_waits_are_soon_back) {
    (void)drops(1000, 8ms);
    const std::uint64_t reached = law_->count();
    ASSERT_GT(reached, 10U);
    (void)take(1ms);
    const std::vector<int> again = drops(200, 8ms);
    ASSERT_GE(again.size(), 3U);
    EXPECT_LT(again[1] - again[0], 60) << "far less than an interval";
    EXPECT_GE(law_->count(), reached - 1);
}

// RFC 8289, section 5.5: the count begins at the number of drops in the last period, without its first drop.
TEST_F(codel, each_dropping_period_begins_at_the_count_that_the_last_one_added) {
    EXPECT_EQ(dropping_period_of(12), 1U);
    EXPECT_EQ(dropping_period_of(8), 11U);
    EXPECT_EQ(dropping_period_of(5), 7U);
    EXPECT_EQ(dropping_period_of(20), 4U);
    EXPECT_EQ(dropping_period_of(4), 19U);
}

TEST_F(codel, a_dropping_period_after_a_short_one_begins_at_one) {
    EXPECT_EQ(dropping_period_of(12), 1U);
    EXPECT_EQ(dropping_period_of(2), 11U);
    EXPECT_EQ(dropping_period_of(9), 1U) << "the last one added 1";
    EXPECT_EQ(dropping_period_of(1), 8U);
    EXPECT_EQ(dropping_period_of(6), 1U) << "the last one added nothing";
    EXPECT_EQ(dropping_period_of(2), 5U);
    EXPECT_EQ(dropping_period_of(2), 1U);
    EXPECT_EQ(dropping_period_of(2), 1U);
}

TEST_F(codel, dropping_periods_after_a_long_time_do_not_count_those_before_it) {
    (void)dropping_period_of(30);
    now_ += 16 * 100ms;
    EXPECT_EQ(dropping_period_of(2), 1U);
    EXPECT_EQ(dropping_period_of(7), 1U);
    EXPECT_EQ(dropping_period_of(7), 6U);
}

TEST_F(codel, dropping_periods_of_any_length_begin_at_the_count_that_the_last_one_added) {
    std::mt19937 random(8289);
    std::uint64_t added = 0;
    for (int i = 0; i < 300; ++i) {
        const std::uint64_t n = 1 + random() % 12;
        SCOPED_TRACE("period " + std::to_string(i));
        ASSERT_EQ(dropping_period_of(n), std::max<std::uint64_t>(added, 1));
        added = n - 1;
    }
}

// The first drop and the second are an interval / sqrt(count) apart.
TEST_F(codel, the_second_drop_follows_at_the_rate_that_the_count_says) {
    for (const std::uint64_t last : {1U, 2U, 5U, 10U, 17U}) {
        now_ += 16 * 100ms;  // what was before is no news
        (void)dropping_period_of(last);
        std::vector<int> at;
        for (int step = 1; at.size() < 2 && step < 1000; ++step) {
            if (take(8ms)) at.push_back(step);
        }
        ASSERT_EQ(at.size(), 2U);
        (void)take(1ms);
        const double count = static_cast<double>(std::max<std::uint64_t>(last - 1, 1));
        EXPECT_EQ(at[1] - at[0], std::ceil(100 / std::sqrt(count) - 1e-4)) << "after " << last << " drops";
    }
}

TEST_F(codel, begins_anew_after_a_long_time) {
    (void)drops(1000, 8ms);
    (void)take(1ms);
    now_ += 16 * 100ms;
    const std::vector<int> again = drops(250, 8ms);
    ASSERT_GE(again.size(), 2U);
    EXPECT_EQ(again[1] - again[0], 100);
}

TEST_F(codel, goes_on_within_sixteen_intervals_of_the_last_drop_and_no_longer) {
    for (const auto& [pause, goes_on] : {std::pair{1300ms, true}, std::pair{1700ms, false}}) {
        law_.emplace(5ms, 100ms);
        (void)drops(1000, 8ms);
        ASSERT_GT(law_->count(), 10U);
        (void)take(1ms);
        now_ += pause;
        const std::uint64_t reached = law_->count();
        ASSERT_EQ(drops(101, 8ms), std::vector{101}) << "a whole interval has to pass in either case";
        EXPECT_EQ(law_->count(), goes_on ? reached - 1 : 1U) << pause.count() << " ms";
    }
}

// Of what was reached, the part that the time before had handed on does not count again.
TEST_F(codel, continues_from_the_rate_of_the_last_drops) {
    const auto begin_again = [&](std::size_t drops_wanted) {
        (void)take(1ms);
        EXPECT_EQ(drops(101, 8ms), std::vector{101});
        const std::uint64_t first = law_->count();
        for (std::size_t n = 1; n < drops_wanted;) n += take(8ms) ? 1U : 0U;
        return first;
    };
    EXPECT_EQ(begin_again(10), 1U);
    EXPECT_EQ(law_->count(), 10U);
    EXPECT_EQ(begin_again(4), 9U) << "ten less the one that it began with";
    EXPECT_EQ(law_->count(), 12U);
    EXPECT_EQ(begin_again(3), 3U) << "twelve less nine";
    EXPECT_EQ(law_->count(), 5U);
    EXPECT_EQ(begin_again(2), 2U) << "five less three";
    EXPECT_EQ(begin_again(1), 1U) << "one more is too little to go on from";
    EXPECT_EQ(begin_again(1), 1U);
}

TEST_F(codel, does_not_confuse_target_and_interval) {
    law_.emplace(7ms, 40ms);
    EXPECT_TRUE(drops(1000, 6'999us).empty());
    EXPECT_EQ(drops(42, 7ms), std::vector{41}) << "an interval after the first that waited as long as the target";
    EXPECT_EQ(drops(82, 14ms), (std::vector{39, 68})) << "40 ms and then 40 / sqrt(2) after the drop before";
    EXPECT_EQ(drops(10, 14'001us).size(), 10U) << "more than twice the target";
    EXPECT_FALSE(take(6'999us));
    EXPECT_FALSE(take(14'001us));
}

/// A clock of milliseconds: the law reckons in whatever the clock does.
struct coarse_clock {
    using duration = std::chrono::milliseconds;
    using time_point = std::chrono::time_point<coarse_clock>;
};

TEST(codel_law, reckons_in_the_units_of_its_clock) {
    weir::detail::codel_law<coarse_clock> law(7ms, 40ms);
    std::vector<int> dropped;
    for (int at = 1; at <= 150; ++at) {
        const coarse_clock::time_point now(std::chrono::milliseconds(1000 + at));
        if (law.is_to_drop(now - 8ms, now, false)) dropped.push_back(at);
    }
    EXPECT_EQ(dropped, (std::vector{41, 81, 109, 132}));
}

/// One whose numbers are narrow: it counts 24 days.
struct narrow_clock {
    using duration = std::chrono::duration<std::int32_t, std::milli>;
    using time_point = std::chrono::time_point<narrow_clock>;
};

template <class Clock>
void expect_no_drops(std::chrono::nanoseconds target, std::chrono::nanoseconds interval) {
    weir::detail::codel_law<Clock> law(target, interval);
    const typename Clock::time_point begin(1s);
    for (int at = 0; at < 100; ++at) {
        EXPECT_FALSE(law.is_to_drop(begin, begin + std::chrono::seconds(at), false)) << at;
    }
}

TEST(codel_law, may_have_an_interval_without_end) {
    constexpr auto longest = std::chrono::nanoseconds::max();
    for (const auto target : {1ns, longest - 1ns}) {
        expect_no_drops<test_clock>(target, longest);
        expect_no_drops<coarse_clock>(target, longest);
        expect_no_drops<narrow_clock>(target, longest);
    }
}

TEST_F(codel, lets_nothing_pass_that_has_waited_twice_the_target_while_it_drops) {
    ASSERT_TRUE(drops(100, 50ms).empty()) << "a burst may pass";
    EXPECT_EQ(drops(1000, 10'001us).size(), 1000U);
    EXPECT_LT(drops(1000, 10ms).size(), 1000U) << "the law alone decides";
    EXPECT_FALSE(take(4ms));
    EXPECT_FALSE(take(50ms)) << "over until another interval has passed";
}

TEST_F(codel, never_drops_the_last_one) {
    (void)drops(101, 8ms);
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(take(1h, true));
    EXPECT_FALSE(law_->is_dropping());
}

}  // namespace
