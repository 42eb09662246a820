// SPDX-License-Identifier: MIT
//
// How long a side waits before it looks at the other one again: the rule alone, with peers that are numbers.
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/base/rough_clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

namespace {

using weir::detail::sought;
using look_pace = weir::detail::look_pace<true>;

constexpr std::uint64_t worthwhile = 256;

void find(look_pace& pace, std::uint64_t items) { pace.found(items, worthwhile, sought::items, false); }

/// A consumer that looks all the time at a producer of so many items in a microsecond. A look takes 350 ns, a pause 22, as
/// between distant cores.
double mean_pauses(double items_per_us) {
    look_pace pace;
    double due = 0;
    double sum = 0;
    constexpr int looks = 4000;
    for (int i = 0; i < looks; ++i) {
        due += items_per_us * (0.35 + 0.022 * pace.pauses());
        const auto items = static_cast<std::uint64_t>(due);
        due -= static_cast<double>(items);
        find(pace, items);
        sum += pace.pauses();
    }
    return sum / looks;
}

TEST(look_pace, does_not_wait_for_isolated_items) {
    look_pace pace;
    for (int i = 0; i < 1000; ++i) {
        find(pace, 1);
        ASSERT_EQ(pace.pauses(), 0U) << "after " << i << " items";
    }
}

TEST(look_pace, makes_a_side_on_the_heels_of_a_stream_wait_though_most_looks_find_one_item) {
    look_pace pace;
    for (int i = 0; i < 40; ++i) find(pace, i % 4 == 3 ? 30 : 1);
    EXPECT_GE(pace.pauses(), 16U);
}

TEST(look_pace, is_not_moved_by_a_look_that_finds_nothing) {
    look_pace pace;
    for (int i = 0; i < 10; ++i) find(pace, 30);
    const std::uint32_t pauses = pace.pauses();
    EXPECT_GT(pauses, 0U);
    for (int i = 0; i < 1000; ++i) find(pace, 0);
    EXPECT_EQ(pace.pauses(), pauses);
}

TEST(look_pace, makes_a_look_at_a_quick_stream_bring_a_worthwhile_number) {
    const double pauses = mean_pauses(200);
    const double items = 200 * (0.35 + 0.022 * pauses);
    EXPECT_GT(items, 0.8 * worthwhile);
    EXPECT_LT(items, 1.2 * worthwhile);
}

TEST(look_pace, waits_as_long_as_may_be_for_a_stream_of_large_items) {
    EXPECT_GT(mean_pauses(25), look_pace::most_pauses / 2);  // items of 256 bytes, at what the cores can stream
}

TEST(look_pace, hardly_waits_for_a_slow_source) {
    EXPECT_EQ(mean_pauses(1), 0);
    EXPECT_LT(mean_pauses(5), 16);
}

TEST(look_pace, forgets_a_burst_soon) {
    look_pace pace;
    for (int i = 0; i < 20; ++i) find(pace, 64);
    EXPECT_GT(pace.pauses(), 16U);
    int looks = 0;
    for (; pace.pauses() > 0; ++looks) find(pace, 1);
    EXPECT_LT(looks, 60);
}

TEST(look_pace, takes_quick_single_slots_of_a_full_ring_for_a_streams) {
    look_pace pace;
    for (int i = 0; i < 1000; ++i) pace.found(1, worthwhile, sought::room, false);
    EXPECT_EQ(pace.pauses(), look_pace::most_pauses);
}

TEST(look_pace, does_not_wait_for_slots_that_come_slowly) {
    look_pace pace;
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds{20});
        pace.found(1, worthwhile, sought::room, false);
        ASSERT_EQ(pace.pauses(), 0U) << "after " << i << " slots";
    }
}

TEST(look_pace, forgets_a_stream_at_the_first_item_or_slot_of_the_same_thread) {
    for (const sought wanted : {sought::items, sought::room}) {
        look_pace pace;
        for (int i = 0; i < 40; ++i) pace.found(30, worthwhile, wanted, false);
        ASSERT_GT(pace.pauses(), 0U);
        pace.found(1, worthwhile, wanted, true);
        EXPECT_EQ(pace.pauses(), 0U);
        for (int i = 0; i < 40; ++i) pace.found(30, worthwhile, wanted, true);
        EXPECT_EQ(pace.pauses(), 0U);
    }
}

TEST(look_pace, waits_for_a_few_microseconds_at_most) {
    look_pace pace;
    for (int i = 0; i < 1000; ++i) pace.found(1, worthwhile, sought::room, false);
    std::uint64_t least = ~std::uint64_t{0};  // of several: a thread may be suspended in one
    for (int i = 0; i < 100; ++i) {
        pace.found(1, worthwhile, sought::room, false);
        const std::uint64_t begin = weir::detail::rough_ns();
        pace.wait();
        least = std::min(least, weir::detail::rough_ns() - begin);
    }
    EXPECT_LT(least, look_pace::most_wait_ns + 1000);
    const std::uint64_t begin = weir::detail::rough_ns();
    pace.wait();
    pace.wait();
    EXPECT_LT(weir::detail::rough_ns() - begin, 1'000'000U) << "once waited, it does not wait again";
}

}  // namespace
