// SPDX-License-Identifier: MIT
//
// The queues of `weir pressure`, and the histograms that are read during a run.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "tools/pressure/queues.hpp"

namespace {

using namespace weir::tool::pressure;

// ---- Queues

/// Offers ten items, every third one of the high class, to a ring of four slots, then takes three. Returns the
/// ledger.
std::string told(std::string_view policy) {
    conditions c;
    c.capacity = 4;
    c.keep_one_in = 3;
    std::string text;
    with_queue(policy, c, [&](auto& queue) {
        for (int i = 0; i != (policy == "block" ? 4 : 10); ++i)
            text += queue.offer({static_cast<double>(i), 0, i % 3 == 0, {}}) ? "+" : "-";
        for (int i = 0; i != 3; ++i) {
            item got{};
            if (queue.take(got) == answer::taken) text += fmt::format(" {}", got.intended_ns);
        }
        const account a = queue.ledger();
        text += fmt::format(" | {} {} {} {} | {} {} {} {} {}", a.offered, a.refused, a.delivered, a.queued,
                            a.lost_newest, a.lost_oldest, a.lost_sampled, a.lost_lowest, a.lost_late);
    });
    return text;
}

TEST(queues, are_of_the_policy_that_is_named) {
    EXPECT_EQ(told("block"), "++++ 0 1 2 | 4 0 3 1 | 0 0 0 0 0");
    EXPECT_EQ(told("reject"), "++++------ 0 1 2 | 10 6 3 1 | 0 0 0 0 0");
    EXPECT_EQ(told("drop_newest"), "++++++++++ 0 1 2 | 10 0 3 1 | 6 0 0 0 0");
    EXPECT_EQ(told("drop_oldest"), "++++++++++ 6 7 8 | 10 0 3 1 | 0 6 0 0 0");
    EXPECT_EQ(told("sample"), "++++++++++ 0 1 4 | 10 0 3 1 | 0 0 6 0 0");
    EXPECT_EQ(told("shed_lowest"), "++++++++++ 0 3 6 | 10 0 3 1 | 0 0 0 6 0");
    EXPECT_EQ(told("codel"), "++++++++++ 0 1 2 | 10 0 3 1 | 6 0 0 0 0");
    EXPECT_EQ(told("unbounded"), "++++++++++ 0 1 2 | 10 0 3 7 | 0 0 0 0 0");
}

TEST(queues, say_empty_when_they_are_and_drop_only_where_the_policy_does_not_always) {
    for (const auto policy : policy_names())
        with_queue(policy, {}, [&](auto& queue) {
            item got{};
            EXPECT_EQ(queue.take(got), answer::empty) << policy;
            EXPECT_FALSE(queue.is_dropping()) << policy;
        });
}

TEST(queues, of_codel_are_told_its_times) {
    conditions c;
    c.codel_target_ms = 1.5;
    c.codel_interval_ms = 20;
    EXPECT_EQ(codel_of(c).target, std::chrono::microseconds{1500});
    EXPECT_EQ(codel_of(c).interval, std::chrono::milliseconds{20});
}

struct test_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<test_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(std::chrono::milliseconds{now_ms}); }
    static inline int now_ms = 0;
};

TEST(queues, of_codel_say_that_they_drop_while_they_do) {
    test_clock::now_ms = 0;
    ring_queue<weir::overflow::codel<test_clock>> queue(8);
    item got{};
    for (int i = 0; i != 2; ++i) queue.offer({static_cast<double>(i), 0, false, {}});
    test_clock::now_ms = 10;
    EXPECT_EQ(queue.take(got), answer::taken);
    EXPECT_FALSE(queue.is_dropping());
    test_clock::now_ms = 104;
    for (int i = 2; i != 5; ++i) queue.offer({static_cast<double>(i), 0, false, {}});
    test_clock::now_ms = 111;
    EXPECT_EQ(queue.take(got), answer::taken);
    EXPECT_EQ(got.intended_ns, 2) << "the one before had waited too long";
    EXPECT_TRUE(queue.is_dropping());
    EXPECT_EQ(queue.ledger().lost_late, 1U);
}

struct counting_mutex {
    static inline int locked = 0, unlocked = 0;
    static void lock() { ++locked; }
    static void unlock() { ++unlocked; }
};

TEST(queues, of_the_baseline_hold_their_mutex_in_each_operation) {
    unbounded_queue<counting_mutex> queue;
    const auto locks_once = [](auto operation) {
        const int before = counting_mutex::locked;
        operation();
        return counting_mutex::locked == before + 1 && counting_mutex::unlocked == counting_mutex::locked;
    };
    item got{};
    EXPECT_TRUE(locks_once([&] { queue.offer({}); }));
    EXPECT_TRUE(locks_once([&] { (void)queue.take(got); }));
    EXPECT_TRUE(locks_once([&] { (void)queue.ledger(); }));
}

// ---- Times between two readings

TEST(watched_times, are_counted_one_by_one) {
    tally count;
    EXPECT_EQ(count.read(), 0U);
    count.add();
    count.add();
    EXPECT_EQ(count.read(), 2U);
}

TEST(watched_times, have_sixteen_buckets_to_a_doubling_and_give_their_middle) {
    const auto middle_of = [](double ns) {
        watched_times times;
        times.record(ns);
        watched_times::look look;
        look.take(times);
        return look.percentile_ms(0.5) * 1e6;
    };
    EXPECT_DOUBLE_EQ(middle_of(0), 16.5);
    EXPECT_DOUBLE_EQ(middle_of(16.9), 16.5);
    EXPECT_DOUBLE_EQ(middle_of(17), 17.5);
    EXPECT_DOUBLE_EQ(middle_of(31), 31.5);
    EXPECT_DOUBLE_EQ(middle_of(32), 33);
    EXPECT_DOUBLE_EQ(middle_of(35), 35);
    EXPECT_DOUBLE_EQ(middle_of(63), 63);
    EXPECT_DOUBLE_EQ(middle_of(64), 66);
    EXPECT_DOUBLE_EQ(middle_of(5e6), 19.5 * 262'144);
    EXPECT_DOUBLE_EQ(middle_of(0x1p62), 16.5 * 0x1p58);
    EXPECT_DOUBLE_EQ(middle_of(0x1p63), 16.5 * 0x1p59);
    EXPECT_DOUBLE_EQ(middle_of(1e30), 16.5 * 0x1p59);
}

TEST(watched_times, give_the_time_that_a_share_did_not_exceed) {
    watched_times times;
    watched_times::look look;
    for (int i = 0; i != 5; ++i) times.record(20);
    for (int i = 0; i != 3; ++i) times.record(25);
    for (int i = 0; i != 2; ++i) times.record(30);
    look.take(times);
    const std::pair<double, double> expected[] = {{0, 20.5},   {0.5, 20.5},  {0.51, 25.5},
                                                  {0.8, 25.5}, {0.81, 30.5}, {1, 30.5}};
    for (const auto& [share, ns] : expected) EXPECT_DOUBLE_EQ(look.percentile_ms(share), ns / 1e6) << share;
    times.record(18);
    for (int i = 0; i != 3; ++i) times.record(28);
    look.take(times);
    EXPECT_DOUBLE_EQ(look.percentile_ms(0.25), 18.5e-6);
    EXPECT_DOUBLE_EQ(look.percentile_ms(0.26), 28.5e-6) << "of what has come since";
    look.take(times);
    EXPECT_EQ(look.percentile_ms(1), 0);
}

}  // namespace
