// SPDX-License-Identifier: MIT
//
// What the two threads of a sample of `weir matrix` record, with simulated rings and a simulated clock; and the
// checks
// that a measuring thread was not disturbed.
#include "tools/common/thread_watch.hpp"
#include "tools/matrix/pair_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace weir::tool;
using namespace weir::tool::pair_parts;

/// Refuses every other attempt, and throws if the caller would wait for ever.
template <class T>
class stubborn_ring {
public:
    bool try_push(const T& item) {
        if ((willing_ = !willing_)) return false;
        pushed.push_back(item);
        return true;
    }
    bool try_pop(T& item) {
        if ((willing_ = !willing_)) return false;
        if (to_pop.empty()) throw std::runtime_error("there is no item left");
        item = to_pop.front();
        to_pop.pop_front();
        return true;
    }

    std::vector<T> pushed;
    std::deque<T> to_pop;

private:
    bool willing_ = false;
};

/// A tick is 2.5 ns.
class scripted_clock {
public:
    [[nodiscard]] std::uint64_t now() const { return nows.at(now_++); }
    [[nodiscard]] std::uint64_t now_after_loads() const { return afters.at(after_++); }
    [[nodiscard]] double to_ns(std::uint64_t ticks) const { return 2.5 * static_cast<double>(ticks); }

    std::vector<std::uint64_t> nows, afters;

private:
    mutable std::size_t now_ = 0, after_ = 0;
};

constexpr word few = 4;

// The warm-up letters take 10,000 ticks each; the others 7, 8, 14 and 100, which is 17.5, 20, 35 and 250 ns.
TEST(letters, are_timed_by_half_of_their_round_trip_once_the_first_have_warmed_up) {
    scripted_clock clock;
    stubborn_ring<letter> there, back;
    const std::uint64_t trips[] = {7, 8, 14, 100};
    for (word i = 0; i != warm_up + few; ++i) {
        clock.nows.push_back(1'000'000 * (i + 1));
        clock.afters.push_back(clock.nows.back() + (i < warm_up ? 10'000 : trips[i - warm_up]));
        back.to_pop.push_back({i, 0});
    }
    const auto seen = send_letters(clock, there, back, few);
    EXPECT_TRUE(seen.in_order);
    EXPECT_EQ(seen.by_half_ns.count(), few);
    EXPECT_EQ(seen.by_half_ns.min(), 9U) << "8.75 ns, rounded";
    EXPECT_EQ(seen.by_half_ns.max(), 125U);
    EXPECT_DOUBLE_EQ(few * seen.by_half_ns.mean(), 9 + 10 + 18 + 125);
    EXPECT_TRUE(back.to_pop.empty());
    ASSERT_EQ(there.pushed.size(), warm_up + few);
    for (word i = 0; i != warm_up + few; ++i) {
        EXPECT_EQ(there.pushed[i].number, i);
        EXPECT_EQ(there.pushed[i].sent, clock.nows[i]);
    }
}

TEST(letters, that_come_back_changed_are_detected_at_any_position) {
    for (const word wrong : {word{0}, warm_up, warm_up + few - 1}) {
        scripted_clock clock;
        clock.nows.assign(warm_up + few, 10);
        clock.afters.assign(warm_up + few, 20);
        stubborn_ring<letter> there, back;
        for (word i = 0; i != warm_up + few; ++i) back.to_pop.push_back({i == wrong ? i + 1 : i, 0});
        EXPECT_FALSE(send_letters(clock, there, back, few).in_order) << wrong;
    }
}

/// Letters sent at 1000, 2000, ... that arrive the given number of ticks later (or earlier).
class arrivals : public testing::Test {
protected:
    arrivals_seen seen_of(std::int64_t in_warm_up, const std::vector<std::int64_t>& later) {
        for (word i = 0; i != warm_up + later.size(); ++i) {
            const auto after = i < warm_up ? in_warm_up : later[i - warm_up];
            there_.to_pop.push_back({i, 100'000 * (i + 1)});
            clock_.afters.push_back(100'000 * (i + 1) + static_cast<std::uint64_t>(after));
        }
        return return_letters(clock_, there_, back_, later.size());
    }

    scripted_clock clock_;
    stubborn_ring<letter> there_, back_;
};

TEST_F(arrivals, are_timed_by_both_clocks_once_the_first_have_warmed_up) {
    const auto seen = seen_of(20'000, {5, 0, 12, 33});  // 12.5, 0, 30 and 82.5 ns
    EXPECT_FALSE(seen.before_sent) << "at the same tick is not before";
    EXPECT_EQ(seen.by_clocks_ns.count(), 4U);
    EXPECT_EQ(seen.by_clocks_ns.min(), 0U);
    EXPECT_EQ(seen.by_clocks_ns.max(), 83U);
    EXPECT_DOUBLE_EQ(4 * seen.by_clocks_ns.mean(), 13 + 0 + 30 + 83);
    ASSERT_EQ(back_.pushed.size(), warm_up + 4);
    for (word i = 0; i != warm_up + 4; ++i) {
        EXPECT_EQ(back_.pushed[i].number, i);
        EXPECT_EQ(back_.pushed[i].sent, 100'000 * (i + 1));
    }
}

TEST_F(arrivals, before_they_were_sent_are_noted_and_not_recorded) {
    const auto seen = seen_of(20'000, {5, -1, 12});
    EXPECT_TRUE(seen.before_sent);
    EXPECT_EQ(seen.by_clocks_ns.count(), 2U);
    EXPECT_EQ(seen.by_clocks_ns.max(), 30U);
}

TEST_F(arrivals, before_they_were_sent_count_while_it_warms_up_as_well) {
    const auto seen = seen_of(-7, {5, 12, 33});
    EXPECT_TRUE(seen.before_sent);
    EXPECT_EQ(seen.by_clocks_ns.count(), 3U);
}

TEST(streams, send_the_ring_full_first_and_then_what_is_timed) {
    stubborn_ring<word> ring;
    send_stream(ring, 3);
    ASSERT_EQ(ring.pushed.size(), capacity + 3);
    for (word i = 0; i != ring.pushed.size(); ++i) EXPECT_EQ(ring.pushed[i], i);
}

stream_seen taken(word wrong_at, std::uint64_t ticks) {
    scripted_clock clock;
    clock.afters = {70'000, 70'000 + ticks};
    stubborn_ring<word> ring;
    for (word i = 0; i != capacity + 30; ++i) ring.to_pop.push_back(i == wrong_at ? i + 7 : i);
    const auto seen = take_stream(clock, ring, 30);
    EXPECT_TRUE(ring.to_pop.empty());
    return seen;
}

TEST(streams, have_a_rate_of_all_but_the_first_ring_full) {
    const auto seen = taken(99'999, 40);
    EXPECT_TRUE(seen.in_order);
    EXPECT_DOUBLE_EQ(seen.items_per_s, 30 / 100e-9);
    EXPECT_DOUBLE_EQ(taken(99'999, 0).items_per_s, 30e9) << "as if it had taken a nanosecond";
}

TEST(streams, detect_a_wrong_item_at_any_position) {
    for (const word at : {word{0}, word{5}, word{capacity} - 1, word{capacity}, word{capacity} + 29})
        EXPECT_FALSE(taken(at, 40).in_order) << at;
}

TEST(sizes_of_parts, are_what_takes_three_milliseconds_within_bounds) {
    EXPECT_EQ(as_many_as_take(1000, 8, 10, 200), 125U);
    EXPECT_EQ(as_many_as_take(1000, 101, 10, 200), 10U);
    EXPECT_EQ(as_many_as_take(1000, 4, 10, 200), 200U);
    EXPECT_EQ(as_many_as_take(10, 0, 1, 1000), 100U) << "nothing takes less than a tenth of a nanosecond";
    EXPECT_EQ(trips_for({400, 1}), 5000U) << "of 600 ns each";
    EXPECT_EQ(trips_for({3e6 / 4999.999 / 1.5, 1}), 4999U);
    EXPECT_EQ(items_for({1, 3e9 / (3e6 / 29'999.995)}), 29'999U);
    EXPECT_EQ(trips_for({1e6, 1}), 500U);
    EXPECT_EQ(trips_for({10, 1}), 20'000U);
    EXPECT_EQ(items_for({1, 3e8}), 300'000U) << "of 10 ns each";
    EXPECT_EQ(items_for({1, 1e6}), 10'000U);
    EXPECT_EQ(items_for({1, 2e10}), 4'000'000U);
}

// ---- Results

trips_seen some_trips(bool in_order) {
    trips_seen seen;
    seen.by_half_ns.record(60, 7);
    seen.in_order = in_order;
    seen.disturbances = {.involuntary_switches = 1, .voluntary_switches = 20, .migrations = 300};
    return seen;
}

arrivals_seen some_arrivals(bool before_sent) {
    arrivals_seen seen;
    seen.by_clocks_ns.record(50, 6);
    seen.before_sent = before_sent;
    seen.disturbances = {.involuntary_switches = 2, .voluntary_switches = 40, .migrations = 600};
    return seen;
}

TEST(samples, combine_the_records_of_both_threads) {
    pair_sample sample;
    add(sample, some_trips(true), some_arrivals(false));
    EXPECT_EQ(sample.by_half_ns.count(), 7U);
    EXPECT_EQ(sample.by_half_ns.max(), 60U);
    EXPECT_EQ(sample.by_clocks_ns.count(), 6U);
    EXPECT_EQ(sample.by_clocks_ns.max(), 50U);
    EXPECT_TRUE(sample.clocks_agree);
    EXPECT_EQ(sample.disturbances.involuntary_switches, 3U) << "of both threads";
    EXPECT_EQ(sample.disturbances.voluntary_switches, 60U);
    EXPECT_EQ(sample.disturbances.migrations, 900U);
    add(sample, some_trips(true), some_arrivals(true));
    EXPECT_FALSE(sample.clocks_agree);
    add(sample, {.disturbances = {1, 2, 3}}, {.items_per_s = 8e6, .in_order = true, .disturbances = {10, 20, 30}});
    EXPECT_EQ(sample.items_per_s, 8e6);
    EXPECT_EQ(sample.disturbances.involuntary_switches, 17U) << "of all parts";
    EXPECT_EQ(sample.disturbances.migrations, 1833U);
}

TEST(samples, are_refused_if_an_item_is_wrong) {
    const auto sentence = [](auto act) -> std::string {
        try {
            act();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    };
    pair_sample sample;
    EXPECT_EQ(sentence([&] { add(sample, some_trips(false), some_arrivals(false)); }),
              "a ring returned a different item than was sent: this is a bug in weir, please report it");
    EXPECT_EQ(sentence([&] { add(sample, {}, {.items_per_s = 8e6, .in_order = false, .disturbances = {}}); }),
              "a ring lost an item or changed the order: this is a bug in weir, please report it");
}

pair_sample judged(double offset_ns, double roundtrip_ns, weir::tick_source source, bool clocks_agree = true) {
    pair_sample sample;
    sample.clocks_agree = clocks_agree;
    sample.clock_offset = {offset_ns, roundtrip_ns};
    judge(sample, {100, 5e8}, {110, 6e8}, source);
    return sample;
}

TEST(samples, trust_two_clocks_within_half_of_a_round_trip) {
    using weir::tick_source;
    EXPECT_TRUE(judged(40, 80, tick_source::tsc).clocks_agree);
    EXPECT_TRUE(judged(-40, 80, tick_source::generic_timer).clocks_agree);
    EXPECT_FALSE(judged(40.1, 80, tick_source::tsc).clocks_agree);
    EXPECT_FALSE(judged(-40.1, 80, tick_source::tsc).clocks_agree);
    EXPECT_FALSE(judged(1, 80, tick_source::steady_clock).clocks_agree);
    EXPECT_FALSE(judged(1, 80, tick_source::tsc, false).clocks_agree) << "one arrived before it was sent";
}

TEST(samples, have_the_mean_of_the_floors_and_are_steady_where_these_are_alike) {
    const auto sample = judged(1, 80, weir::tick_source::tsc);
    EXPECT_DOUBLE_EQ(sample.floor.roundtrip_ns, 105);
    EXPECT_DOUBLE_EQ(sample.floor.stream_words_per_s, 5.5e8);
    EXPECT_TRUE(sample.steady);
    pair_sample other;
    judge(other, {100, 5e8}, {200, 5e8}, weir::tick_source::tsc);
    EXPECT_FALSE(other.steady);
}

TEST(samples, of_this_machine_have_every_figure) {
    const auto ours = weir::this_thread_affinity();
    if (ours.size() < 2) GTEST_SKIP() << "there is one PU only";
    const weir::tick_clock clock(std::chrono::milliseconds{1});
    const auto machine = weir::topology::this_machine();
    const directed_pair pair{*ours.begin(), *std::next(ours.begin()), {}};
    const auto sample = [&] {
        for (int tries = 1;; ++tries) try {  // other programs may occupy both PUs
                return sample_pair(machine, pair, clock);
            } catch (const bench::stuck&) {
                if (tries == 4) throw;
            }
    }();
    EXPECT_GE(sample.by_half_ns.count(), 500U);
    EXPECT_LE(sample.by_half_ns.count(), 20'000U);
    EXPECT_GT(sample.by_half_ns.max(), 0U);
    EXPECT_LE(sample.by_clocks_ns.count(), sample.by_half_ns.count());
    EXPECT_TRUE(sample.by_clocks_ns.count() == sample.by_half_ns.count() || !sample.clocks_agree);
    EXPECT_GT(sample.items_per_s, 0);
    EXPECT_GT(sample.clock_offset.roundtrip_ns, 0);
    EXPECT_GT(sample.floor.roundtrip_ns, 0);
    EXPECT_GT(sample.floor.stream_words_per_s, 0);
}

// ---- The PU of a thread

TEST(seats, are_checked_by_both_of_what_the_kernel_says) {
    const auto sentence = [](unsigned pu, unsigned seen, unsigned last) -> std::string {
        try {
            check_seat(pu, seen, last);
        } catch (const weir::placement_error& error) {
            return error.what();
        }
        return "";
    };
    const auto begins_with = [](unsigned found) {
        return testing::StartsWith("this thread was pinned to PU 3, but was found on PU " + std::to_string(found) +
                                   "; ");
    };
    EXPECT_EQ(sentence(3, 3, 3), "");
    EXPECT_THAT(sentence(3, 5, 3), begins_with(5));
    EXPECT_THAT(sentence(3, 3, 7), begins_with(7));
    EXPECT_THAT(sentence(3, 5, 7), begins_with(5));
}

TEST(migrations, are_what_the_kernel_says_of_a_thread) {
    EXPECT_EQ(migrations_of("weir (17, #threads: 1)\n"
                            "-----------------------\n"
                            "se.exec_start                                :        123.456\n"
                            "se.nr_migrations                             :                   29\n"
                            "nr_switches                                  :                   31\n"),
              29U);
    EXPECT_EQ(migrations_of("se.nr_migrations_cold : 5\nse.nr_migrations = 6\nnr_migrations : 70"), 70U);
    for (const auto* none : {"", "se.nr_migrations", "se.nr_migrations :", "se.nr_migrations : x", "nr_switches : 4"})
        EXPECT_EQ(migrations_of(none), 0U) << none;
}

TEST(last_cpus, are_the_37th_field_after_the_name) {
    std::string fields;
    for (int field = 3; field != 39; ++field) fields += " " + std::to_string(100 + field);
    EXPECT_EQ(last_cpu_of("42 (a)" + fields + " 7 8 9"), 7U);
    EXPECT_EQ(last_cpu_of("42 (a)S" + fields.substr(4) + " 7 8 9"), 7U) << "though no blank follows the name";
    EXPECT_FALSE(last_cpu_of("42 (a)" + fields));
    EXPECT_FALSE(last_cpu_of("42 a" + fields + " 7 8 9"));
}

}  // namespace
