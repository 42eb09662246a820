// SPDX-License-Identifier: MIT
#include <weir/clock.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using weir::tick_clock;

TEST(tick_clock, does_not_run_backwards_on_one_thread) {
    const tick_clock clock{std::chrono::milliseconds{1}};
    auto last = clock.now();
    for (int i = 0; i != 10'000; ++i) {
        const auto now = i % 2 == 0 ? clock.now() : clock.now_after_loads();
        ASSERT_GE(now, last);
        last = now;
    }
}

TEST(tick_clock, agrees_with_steady_clock_about_a_sleep) {
    const tick_clock clock;
    const auto begin = std::chrono::steady_clock::now();
    const auto first = clock.now();
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const auto last = clock.now();
    const auto end = std::chrono::steady_clock::now();
    const double outside = std::chrono::duration<double, std::nano>(end - begin).count();
    const double inside = clock.to_ns(last - first);
    EXPECT_GT(inside, 50e6 * 0.99);
    EXPECT_LT(inside, outside * 1.01);
}

// To take less would be to calibrate less well; what is asked for is given to the clock that has to be calibrated.
TEST(tick_clock, takes_as_long_to_calibrate_as_it_is_told) {
    for (const std::chrono::nanoseconds asked :
         std::initializer_list<std::chrono::nanoseconds>{20ms, 2ms, 1001ns, 1000ns, 1ns, 0ns, -1ns}) {
        const auto begin = std::chrono::steady_clock::now();
        const tick_clock clock{asked};
        const auto took = std::chrono::steady_clock::now() - begin;
        EXPECT_GT(clock.ns_per_tick(), 0.0);
        EXPECT_LT(clock.ns_per_tick(), 1e6) << "no tick passed";
        if (clock.source() == weir::tick_source::tsc) {
            ASSERT_GE(took, std::max(asked, std::chrono::nanoseconds{1000}));
        }
    }
}

TEST(tick_clock, converts_there_and_back) {
    const tick_clock clock{std::chrono::milliseconds{1}};
    EXPECT_GT(clock.ns_per_tick(), 0.0);
    EXPECT_EQ(clock.to_ticks(0.0), 0U);
    for (const double ns : {1.0, 1000.0, 1e6, 1e9}) {
        EXPECT_NEAR(clock.to_ns(clock.to_ticks(ns)), ns, clock.ns_per_tick());
    }
}

TEST(tick_clock, rounds_to_the_nearest_tick_and_counts_them_all_alike) {
    const tick_clock clock{std::chrono::milliseconds{1}};
    const double tick = clock.ns_per_tick();
    EXPECT_EQ(clock.to_ticks(0.49 * tick), 0U);
    EXPECT_EQ(clock.to_ticks(0.51 * tick), 1U);
    EXPECT_EQ(clock.to_ticks(1.49 * tick), 1U);
    EXPECT_EQ(clock.to_ticks(1000.51 * tick), 1001U);
    EXPECT_EQ(clock.to_ns(0), 0.0);
    EXPECT_EQ(clock.to_ns(7), 7.0 * tick);
    const tick_clock copy = clock;
    EXPECT_EQ(copy.ns_per_tick(), tick);
    EXPECT_EQ(copy.source(), clock.source());
}

TEST(tick_clock, names_its_source) {
    EXPECT_EQ(weir::to_string(weir::tick_source::tsc), "tsc");
    EXPECT_EQ(weir::to_string(weir::tick_source::generic_timer), "generic_timer");
    EXPECT_EQ(weir::to_string(weir::tick_source::steady_clock), "steady_clock");

    const tick_clock clock{std::chrono::milliseconds{1}};
    EXPECT_NE(weir::to_string(clock.source()), "unknown");
#if !defined(__x86_64__) && !defined(__aarch64__)
    EXPECT_EQ(clock.source(), weir::tick_source::steady_clock);
#elif defined(__x86_64__) && defined(__linux__)
    // The kernel says nonstop_tsc of the same bit.
    std::ifstream cpuinfo("/proc/cpuinfo");
    const std::string text{std::istreambuf_iterator<char>(cpuinfo), {}};
    const bool is_steady = text.find(" nonstop_tsc") != std::string::npos;
    EXPECT_EQ(clock.source(), is_steady ? weir::tick_source::tsc : weir::tick_source::steady_clock);
#endif
}

}  // namespace
