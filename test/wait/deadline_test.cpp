// SPDX-License-Identifier: MIT
//
// Times of any unit and of any clock are fair deadlines: none overflows, and the longest mean for ever.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <string>

#include "weir/credit_gate.hpp"
#include "weir/handles.hpp"
#include "weir/overflow.hpp"
#include "weir/pipeline.hpp"
#include "weir/ring.hpp"
#include "weir/wait.hpp"

namespace {

using namespace std::chrono_literals;
using std::chrono::duration;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using std::chrono::time_point;
using weir::forever;
using weir::status;
using weir::detail::any_time_point;
using weir::detail::deadline_after;

/// A clock of the user's own, which stands still at -3 s. Its unit is a millisecond.
struct still_clock {
    using duration = std::chrono::duration<std::int32_t, std::milli>;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<still_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(duration(-3000)); }
};

/// One that counts without a sign, as counters of a processor do. It stands still at 5 s.
struct unsigned_clock {
    using duration = std::chrono::duration<std::uint64_t, std::nano>;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<unsigned_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(duration(5'000'000'000)); }
};

/// Units that are no multiple of a nanosecond.
using samples = duration<std::int64_t, std::ratio<1, 44'100>>;
using pictures = duration<std::int64_t, std::ratio<1'001, 30'000>>;

steady_clock::time_point steady(const any_time_point& deadline) { return deadline; }

/// Whether the deadline is `ahead` of now, give or take the time that this takes.
bool is_ahead(const any_time_point& deadline, steady_clock::duration ahead) {
    const auto left = steady(deadline) - steady_clock::now();
    return left <= ahead + 1ms && left > ahead - 30s;  // a float is rounded up
}
bool is_over(const any_time_point& deadline) { return steady(deadline) <= steady_clock::now(); }

TEST(deadline, of_any_unit_saturates) {
    EXPECT_EQ(deadline_after(std::chrono::hours::max()), forever);
    EXPECT_EQ(deadline_after(std::chrono::nanoseconds::max()), forever);
    EXPECT_EQ(deadline_after(std::chrono::years(400)), forever);
    EXPECT_EQ(deadline_after(duration<double>(std::numeric_limits<double>::infinity())), forever);
    EXPECT_EQ(deadline_after(duration<std::uint64_t>(~std::uint64_t{0})), forever);
    EXPECT_TRUE(is_ahead(deadline_after(1h), 1h));
    EXPECT_TRUE(is_ahead(deadline_after(duration<float, std::ratio<60>>(2)), 2min));
    for (const int days : {1, 300, 36'000}) {
        const std::chrono::hours time(24 * days);
        EXPECT_TRUE(is_ahead(deadline_after(samples(std::int64_t{44'100} * 86'400 * days)), time)) << days;
        EXPECT_TRUE(is_ahead(deadline_after(std::chrono::ceil<pictures>(std::chrono::seconds(time))), time + 34ms))
            << days;
    }
    for (const auto past : {std::chrono::hours::min(), std::chrono::hours(-1), std::chrono::hours(0)}) {
        EXPECT_TRUE(is_over(deadline_after(past)));
    }
    EXPECT_TRUE(is_over(deadline_after(duration<double>(-std::numeric_limits<double>::infinity()))));
    EXPECT_TRUE(is_over(deadline_after(duration<double>(std::numeric_limits<double>::quiet_NaN()))));
}

TEST(deadline, may_be_a_time_of_the_steady_clock_in_any_unit) {
    const auto now = steady_clock::now();
    EXPECT_EQ(steady(now), now);
    EXPECT_EQ(steady(now + 5s), now + 5s);
    EXPECT_EQ(steady(forever), forever);
    EXPECT_EQ(steady(time_point<steady_clock, std::chrono::hours>::max()), forever);
    EXPECT_LT(steady(time_point<steady_clock, std::chrono::hours>::min()), now);
    EXPECT_LT(steady(steady_clock::time_point::min()), now);
    const time_point<steady_clock, duration<double>> soon = now + duration<double>(0.5);
    EXPECT_TRUE(is_ahead(soon, 500ms));
    EXPECT_EQ(steady(std::chrono::ceil<std::chrono::seconds>(now)), std::chrono::ceil<std::chrono::seconds>(now));
    EXPECT_TRUE(is_over(
        time_point<steady_clock, duration<double>>(duration<double>(std::numeric_limits<double>::quiet_NaN()))));
}

TEST(deadline, may_be_a_time_of_another_clock) {
    EXPECT_TRUE(is_ahead(system_clock::now() + 1h, 1h));
    EXPECT_TRUE(is_ahead(std::chrono::file_clock::now() + 1h, 1h));
    EXPECT_TRUE(is_over(system_clock::now() - 1h));
    EXPECT_TRUE(is_over(system_clock::time_point()));
    EXPECT_EQ(steady(time_point<system_clock, std::chrono::days>::max()), forever);
    EXPECT_TRUE(is_over(time_point<system_clock, std::chrono::days>::min()));
    // A deadline in a coarse unit is exact: the present time is not rounded to that unit.
    const auto now = system_clock::now();
    const auto second = std::chrono::ceil<std::chrono::seconds>(now) + 1s;
    const auto hour = std::chrono::ceil<std::chrono::hours>(now) + 1h;
    EXPECT_TRUE(is_ahead(second, second - now));
    EXPECT_TRUE(is_ahead(hour, hour - now));
    EXPECT_TRUE(is_ahead(still_clock::time_point(std::chrono::milliseconds(57'000)), 1min));
    const auto unsigned_now = unsigned_clock::now();
    EXPECT_TRUE(is_over(unsigned_now - 1s));
    EXPECT_TRUE(is_over(unsigned_clock::time_point()));
    EXPECT_TRUE(is_over(time_point<unsigned_clock, duration<std::int64_t>>(duration<std::int64_t>(-1))));
    EXPECT_TRUE(is_over(time_point<system_clock, duration<std::uint64_t, std::milli>>()));
    EXPECT_TRUE(is_ahead(unsigned_now + 2s, 2s));
    EXPECT_EQ(steady(unsigned_clock::time_point::max()), forever);
    const samples since_epoch = std::chrono::ceil<std::chrono::seconds>(now).time_since_epoch();
    EXPECT_TRUE(is_ahead(time_point<system_clock, samples>(since_epoch) + 3s, 4s));
    EXPECT_TRUE(is_ahead(still_clock::time_point::max(), std::chrono::milliseconds(2'147'483'647 + 3000LL)));
}

TEST(deadline, of_any_clock_bounds_each_operation) {
    const auto soon = [] { return system_clock::now() + 2ms; };
    int item = 0;
    weir::spsc_ring<int> ring(1);
    EXPECT_EQ(ring.pop_until(item, soon()), status::timeout);
    EXPECT_EQ(ring.pop_until(soon()), std::nullopt);
    EXPECT_EQ(ring.consume_one_until([](int&) {}, soon()), status::timeout);
    EXPECT_EQ(ring.consume_some_until([](int&) {}, soon()), 0U);
    EXPECT_EQ(ring.wait_for_items_until(1, soon()), status::timeout);
    EXPECT_EQ(ring.pop_until(item, unsigned_clock::now() - 1ms), status::timeout);
    EXPECT_EQ(ring.push_until(1, soon()), status::success);
    EXPECT_EQ(ring.push_until(2, soon()), status::timeout);
    EXPECT_EQ(ring.push_unless(
                  2, [] { return false; }, soon()),
              status::timeout);
    EXPECT_EQ(ring.wait_for_slots_until(1, soon()), status::timeout);

    // What is made before the wait. It gives up by itself if the time were lost.
    weir::spsc_ring<std::string, weir::wait::yield> texts(1);
    ASSERT_EQ(texts.push("one"), status::success);
    const auto given_up = steady_clock::now() + 5s;
    EXPECT_EQ(texts.push_unless(
                  "two", [given_up] { return steady_clock::now() > given_up; }, soon()),
              status::timeout);

    weir::overflow_ring<int, weir::overflow::block> full(1);
    EXPECT_EQ(full.push_until(1, soon()), status::success);
    EXPECT_EQ(full.push_until(2, soon()), status::timeout);
    EXPECT_EQ(full.pop_until(item, soon()), status::success);
    EXPECT_EQ(full.pop_until(item, soon()), status::timeout);

    auto [sender, receiver] = weir::channel<weir::spsc_ring<int>>(1);
    EXPECT_EQ(sender.push_until(1, soon()), status::success);
    EXPECT_EQ(sender.push_until(2, soon()), status::timeout);
    EXPECT_EQ(receiver.pop_until(item, soon()), status::success);
    EXPECT_EQ(receiver.pop_until(item, soon()), status::timeout);

    weir::credit_gate gate(1);
    weir::credit_gate::permit permit, other;
    EXPECT_EQ(gate.acquire_until(permit, 1, soon()), status::success);
    EXPECT_EQ(gate.acquire_until(other, 1, soon()), status::timeout);
}

}  // namespace
