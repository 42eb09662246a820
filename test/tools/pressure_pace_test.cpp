// SPDX-License-Identifier: MIT
//
// The schedules of the source and sink of `weir pressure`, with simulated time.
#include "tools/pressure/pace.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace {

using namespace weir::tool::pressure;

TEST(pressure_pace, arrivals_come_on_schedule_whatever_the_phases) {
    arrivals schedule({{10, 0.5}, {1000, 0}, {4, 1}});
    std::vector<double> times;
    for (double at; (at = schedule.next_ns()) != arrivals::never;) times.push_back(at / 1e9);
    const std::vector<double> expected{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.25};
    ASSERT_EQ(times.size(), expected.size());
    for (std::size_t i = 0; i != times.size(); ++i) EXPECT_NEAR(times[i], expected[i], 1e-9);
    EXPECT_EQ(schedule.next_ns(), arrivals::never);
}

TEST(pressure_pace, arrivals_of_a_burst_are_as_many_as_rate_times_time) {
    arrivals schedule({{20'000, 2}, {100'000, 10}});
    std::uint64_t count = 0;
    while (schedule.next_ns() != arrivals::never) ++count;
    EXPECT_EQ(count, 1'040'000U);
}

TEST(pressure_pace, arrivals_come_to_the_nanosecond) {
    arrivals schedule({{3, 1}, {1e9, 3e-9}, {7, 0.2}});
    for (const double due : {0.0, 1e9 / 3, 2e9 / 3, 1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 3 + 1e9 / 7})
        EXPECT_NEAR(schedule.next_ns(), due, 1e-3);
    EXPECT_EQ(schedule.next_ns(), arrivals::never);
    arrivals rounded({{1e9, 2.5e-9}, {1, 1}});
    for (const double due : {0.0, 1.0, 2.5}) EXPECT_DOUBLE_EQ(rounded.next_ns(), due) << "half a nanosecond is no item";
}

TEST(pressure_pace, service_may_take_at_the_very_time_that_it_is_due) {
    service pace(10'000);
    EXPECT_TRUE(pace.may_take(0));
    pace.took(0);
    EXPECT_FALSE(pace.may_take(99'999.9999));
    EXPECT_TRUE(pace.may_take(100'000));
    pace.took(1e6);  // late: half a period until the next
    EXPECT_FALSE(pace.may_take(1'049'999.9999));
    EXPECT_TRUE(pace.may_take(1'050'000));
}

TEST(pressure_pace, service_owes_ten_milliseconds_at_most) {
    service pace(10'000);
    pace.took(0);
    double now = 50e6;  // due since 0.1 ms, but no more than since 40 ms
    for (int i = 0; i != 203; ++i, now += 50'000) {
        EXPECT_TRUE(pace.may_take(now)) << i;
        pace.took(now);
    }
    EXPECT_FALSE(pace.may_take(60.2e6 - 1)) << "all has been made up for";
    EXPECT_TRUE(pace.may_take(60.2e6));
}

// The number of items taken by a sink that polls every `step_ns` and always finds one.
std::uint64_t taken_by(service& pace, double from_ns, double to_ns, double step_ns) {
    std::uint64_t taken = 0;
    for (double now = from_ns; now < to_ns; now += step_ns) {
        if (!pace.may_take(now)) continue;
        pace.took(now);
        ++taken;
    }
    return taken;
}

TEST(pressure_pace, service_is_exactly_the_rate_over_a_busy_time) {
    service pace(40'000);
    EXPECT_EQ(taken_by(pace, 0, 1e9, 700), 40'000U) << "though it never looks just when it may";
}

TEST(pressure_pace, service_makes_up_for_a_pause_at_no_more_than_twice_the_rate) {
    service pace(10'000);
    EXPECT_EQ(taken_by(pace, 0, 100e6, 1000), 1000U);
    const auto after = taken_by(pace, 108e6, 112e6, 1000);
    EXPECT_LE(after, 80U);
    EXPECT_GE(after, 79U);
    EXPECT_EQ(taken_by(pace, 112e6, 200e6, 1000) + after, 1000U) << "then the time lost has been made up";
}

TEST(pressure_pace, service_forgets_a_pause_that_is_too_long_to_make_up_for) {
    service pace(10'000);
    EXPECT_EQ(taken_by(pace, 0, 100e6, 1000), 1000U);
    EXPECT_NEAR(static_cast<double>(taken_by(pace, 1100e6, 1200e6, 1000)), 1100, 2);
}

TEST(pressure_pace, idle_time_earns_no_service) {
    service pace(10'000);
    for (double now = 0; now <= 1e9; now += 1e6) pace.was_idle(now);
    EXPECT_EQ(taken_by(pace, 1e9, 1.1e9, 1000), 1000U);
}

}  // namespace
