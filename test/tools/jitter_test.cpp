// SPDX-License-Identifier: MIT
//
// How `weir jitter` computes its results from the recorded gaps and the kernel's counters.
#include "tools/jitter/run.hpp"
#include "tools/jitter/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using namespace weir::tool;

constexpr const char* interrupts = R"(           CPU0       CPU2       
 24:          1          7  IO-APIC   5-edge      ACPI:Ged
 36:          0      54125 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
 37:          3          4
NMI:          0          0   Non-maskable interrupts
LOC:      86877      88265   Local timer interrupts
ERR:         12
MIS:          0
)";

TEST(proc_counters, finds_a_pu_by_its_number_where_others_are_offline) {
    EXPECT_THAT(interrupts_of(interrupts, 2),
                ElementsAre(Pair("24 ACPI:Ged", 7), Pair("36 virtio1-req.0", 54125), Pair("37", 4),
                            Pair("LOC Local timer interrupts", 88265), Pair("NMI Non-maskable interrupts", 0)));
    EXPECT_TRUE(interrupts_of(interrupts, 1).empty()) << "offline";
    EXPECT_TRUE(interrupts_of("", 0).empty());
    EXPECT_TRUE(interrupts_of("no such file\n1: 2 3", 0).empty());
}

TEST(proc_counters, reads_the_time_that_the_hypervisor_took) {
    const std::string stat =
        "cpu  1 2 3 4 5 6 7 80 9 10\ncpu1 1 2 3 4 5 6 7 8 9 10\ncpu11 1 2 3 4 5 6 7 11 0 0\nintr 5\n";
    EXPECT_EQ(steal_ticks_of(stat, 1), 8U);
    EXPECT_EQ(steal_ticks_of(stat, 11), 11U);
    EXPECT_FALSE(steal_ticks_of(stat, 0));
    EXPECT_FALSE(steal_ticks_of("cpu0 1 2 3", 0)) << "an old kernel";
    EXPECT_FALSE(steal_ticks_of("", 0));
}

TEST(proc_counters, passes_over_lines_without_a_label_or_with_too_few_counts) {
    EXPECT_THAT(interrupts_of("     CPU0  CPU1\n : 1 2 none\n17 3 4 no colon\nx: 5 6\n18: 7\n\n19: 8 9 two words\n", 1),
                ElementsAre(Pair("19 words", 9), Pair("x", 6)));
    EXPECT_THAT(interrupts_of("CPU0 CPU1\n1x: 8 9 two words\nNMI: 3 4\nNMI: 30 40\n", 0),
                ElementsAre(Pair("1x two words", 8), Pair("NMI", 33)));
}

spin_record two_seconds() {
    spin_record seen;
    seen.watched_ns = 2e9;
    for (const std::uint64_t ns : {1500U, 1500U, 3000U, 4'000'000U}) {
        seen.gaps_ns.record(ns);
        seen.stolen_ns += static_cast<double>(ns);
    }
    seen.disturbances = {.involuntary_switches = 3, .voluntary_switches = 0, .migrations = 1};
    return seen;
}

TEST(jitter, combines_gaps_and_kernel_counters) {
    const proc_counters before{interrupts, "cpu2 0 0 0 0 0 0 0 10 0 0\n"};
    auto after = before;
    after.interrupts.replace(after.interrupts.find("88265"), 5, "88765");
    after.interrupts.replace(after.interrupts.find("54125"), 5, "54225");
    after.interrupts += " 99:  0  5  a device that came meanwhile\n";
    after.stat = "cpu2 0 0 0 0 0 0 0 13 0 0\n";
    const auto pu = summarize(2, two_seconds(), before, after, 100);
    EXPECT_EQ(pu.pu, 2U);
    EXPECT_DOUBLE_EQ(pu.gaps_per_s, 2);
    EXPECT_EQ(pu.worst_gap_ns, 4e6);
    EXPECT_NEAR(pu.p50_gap_ns, 1500, 15) << "to two digits";
    EXPECT_EQ(pu.p99_9_gap_ns, 4e6);
    EXPECT_DOUBLE_EQ(pu.stolen_ppm, 1e6 * 4'006'000 / 2e9);
    EXPECT_DOUBLE_EQ(pu.steal_ms, 30);
    EXPECT_EQ(pu.interrupts, 605U);
    EXPECT_EQ(pu.involuntary_switches, 3U);
    EXPECT_EQ(pu.migrations, 1U);
    ASSERT_EQ(pu.by_interrupt.size(), 3U);
    EXPECT_EQ(pu.by_interrupt[0].name, "LOC Local timer interrupts");
    EXPECT_EQ(pu.by_interrupt[2].count, 5U);
}

TEST(jitter, has_no_more_steal_and_interrupts_than_the_counters_show) {
    const proc_counters some{interrupts, "cpu2 0 0 0 0 0 0 0 10 0 0\n"};
    const proc_counters fewer{"CPU2\nLOC: 7 Local\n 9: 8 a\n", "cpu2 0 0 0 0 0 0 0 9 0 0\n"};
    const proc_counters none{"", ""};
    for (const auto& [before, after] :
         {std::pair(some, some), {some, fewer}, {none, none}, {some, none}, {none, some}}) {
        const auto pu = summarize(2, two_seconds(), before, after, 100);
        EXPECT_EQ(pu.steal_ms, 0);
    }
    EXPECT_TRUE(summarize(2, two_seconds(), some, some, 100).by_interrupt.empty());
    const auto appeared = summarize(2, two_seconds(), some, fewer, 100).by_interrupt;
    ASSERT_EQ(appeared.size(), 2U);
    EXPECT_EQ(appeared[0].name, "9 a");
    EXPECT_EQ(appeared[0].count, 8U);
    EXPECT_EQ(appeared[1].name, "LOC Local");
    EXPECT_EQ(summarize(2, two_seconds(), some, {"", "cpu2 0 0 0 0 0 0 0 11 0 0\n"}, 1000).steal_ms, 1);
}

TEST(jitter, has_no_steal_where_it_is_known_at_one_end_only) {
    const proc_counters none{"", "cpu2 0 0 0 0 0 0 0 0 0 0\n"};
    const proc_counters some{"", "cpu2 0 0 0 0 0 0 0 10 0 0\n"};
    const proc_counters unknown{"", ""};
    EXPECT_EQ(summarize(2, two_seconds(), unknown, some, 100).steal_ms, 0);
    EXPECT_EQ(summarize(2, two_seconds(), none, unknown, 100).steal_ms, 0);
    EXPECT_EQ(summarize(2, two_seconds(), none, some, 100).steal_ms, 100);
}

TEST(jitter, has_interrupts_of_one_number_by_their_names) {
    const proc_counters before{"CPU0\nA: 1\nB: 2\nC: 3\n", ""};
    const proc_counters after{"CPU0\nA: 11\nB: 12\nC: 14\n", ""};
    const auto found = summarize(0, two_seconds(), before, after, 100).by_interrupt;
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].name, "C");
    EXPECT_EQ(found[1].name, "A");
    EXPECT_EQ(found[2].name, "B");
    EXPECT_EQ(found[2].count, 10U);
}

TEST(jitter, progress_counts_finished_pus_and_a_part_of_the_next) {
    EXPECT_DOUBLE_EQ(share_of_all(0.5, 0, 4), 0.125);
    EXPECT_DOUBLE_EQ(share_of_all(0.25, 3, 4), 0.8125);
    EXPECT_DOUBLE_EQ(share_of_all(1.5, 1, 4), 0.5) << "no farther than one";
}

TEST(jitter, of_zero_duration_counts_as_one_nanosecond) {
    spin_record seen;
    seen.gaps_ns.record(5000, 3);
    seen.stolen_ns = 0.5;
    const auto pu = summarize(1, seen, {}, {}, 100);
    EXPECT_DOUBLE_EQ(pu.seconds, 1e-9);
    EXPECT_DOUBLE_EQ(pu.gaps_per_s, 3e9);
    EXPECT_DOUBLE_EQ(pu.stolen_ppm, 0.5e6);
}

TEST(jitter, sorts_the_shortest_gaps_into_rows_from_one_nanosecond) {
    spin_record seen;
    seen.watched_ns = 1e9;
    for (const auto& [ns, times] :
         {std::pair(1U, 1U), {2U, 2U}, {4U, 3U}, {5U, 4U}, {9U, 5U}, {10U, 6U}, {19U, 7U}, {20U, 8U}})
        seen.gaps_ns.record(ns, times);
    const auto rows = summarize(0, seen, {}, {}, 100).gaps;
    const std::tuple<double, double, std::uint64_t> expected[] = {
        {1, 2, 1}, {2, 5, 5}, {5, 10, 9}, {10, 20, 13}, {20, 50, 8}};
    ASSERT_EQ(rows.size(), std::size(expected));
    for (std::size_t i = 0; i != rows.size(); ++i)
        EXPECT_EQ(std::tuple(rows[i].from_ns, rows[i].to_ns, rows[i].count), expected[i]);
}

/// A clock that returns the given ticks one after the other; a tick is 2.5 ns.
class scripted_clock {
public:
    explicit scripted_clock(std::vector<std::uint64_t> ticks) : ticks_(std::move(ticks)) {}
    [[nodiscard]] std::uint64_t now() const { return ticks_.at(next_++); }
    [[nodiscard]] double to_ns(std::uint64_t ticks) const { return 2.5 * static_cast<double>(ticks); }
    [[nodiscard]] std::uint64_t to_ticks(double ns) const { return static_cast<std::uint64_t>(ns / 2.5); }
    [[nodiscard]] std::size_t readings() const { return next_; }

private:
    std::vector<std::uint64_t> ticks_;
    mutable std::size_t next_ = 0;
};

// The threshold is 400 ticks; the loop ends 40,000 ticks after the first reading.
TEST(jitter, of_a_loop_has_the_gaps_that_are_longer_than_the_threshold) {
    const scripted_clock clock({1000, 1010, 1410, 1811, 1812, 11'812, 40'000, 40'999, 41'000, 41'001});
    spin_record seen;
    record_gaps(seen, clock, {.seconds = 1e-4, .threshold_ns = 1000});
    EXPECT_EQ(clock.readings(), 9U) << "until the time is over";
    EXPECT_DOUBLE_EQ(seen.watched_ns, 100'000);
    EXPECT_EQ(seen.gaps_ns.count(), 4U) << "401, 10,000, 28,188 and 999 ticks, and not the one of 400";
    EXPECT_EQ(seen.gaps_ns.min(), 1003U) << "1002.5 ns, rounded";
    EXPECT_EQ(seen.gaps_ns.max(), 70'470U);
    EXPECT_DOUBLE_EQ(seen.stolen_ns, 2.5 * (401 + 10'000 + 28'188 + 999));
}

// Of 4000 gaps: 2400 of 1.5 us, 1500 of 23 us, 90 of 300 us, 9 of 4 ms and one of 50 ms. So the median is 1.5 us, p99
// is 300 us, p99.9 is 4 ms, and the worst 50 ms.
TEST(jitter, has_correct_percentiles) {
    spin_record seen;
    seen.watched_ns = 8e9;
    seen.stolen_ns = 24'000;
    const std::pair<std::uint64_t, int> gaps[] = {
        {1'500, 2400}, {23'000, 1500}, {300'000, 90}, {4'000'000, 9}, {50'000'000, 1}};
    for (const auto& [ns, times] : gaps)
        for (int i = 0; i != times; ++i) seen.gaps_ns.record(ns);
    const auto pu = summarize(7, seen, {}, {}, 100);
    EXPECT_EQ(pu.pu, 7U);
    EXPECT_NEAR(pu.p50_gap_ns, 1'500, 15) << "to two digits";
    EXPECT_NEAR(pu.p99_9_gap_ns, 4'000'000, 40'000);
    EXPECT_NEAR(pu.worst_gap_ns, 50'000'000, 500'000);
    EXPECT_DOUBLE_EQ(pu.gaps_per_s, 500);
    EXPECT_DOUBLE_EQ(pu.stolen_ppm, 3);
    EXPECT_DOUBLE_EQ(pu.seconds, 8);
    const std::tuple<double, double, std::uint64_t> rows[] = {
        {1e3, 2e3, 2400}, {2e3, 5e3, 0}, {5e3, 1e4, 0}, {1e4, 2e4, 0}, {2e4, 5e4, 1500}, {5e4, 1e5, 0}, {1e5, 2e5, 0},
        {2e5, 5e5, 90},   {5e5, 1e6, 0}, {1e6, 2e6, 0}, {2e6, 5e6, 9}, {5e6, 1e7, 0},    {1e7, 2e7, 0}, {2e7, 5e7, 1}};
    std::size_t i = 0;
    ASSERT_EQ(pu.gaps.size(), std::size(rows));
    for (const auto& [from, to, count] : rows) {
        EXPECT_EQ(pu.gaps[i].from_ns, from);
        EXPECT_EQ(pu.gaps[i].to_ns, to);
        EXPECT_EQ(pu.gaps[i].count, count) << from;
        ++i;
    }
}

TEST(jitter, sorts_gaps_into_buckets_of_round_numbers) {
    const auto gaps = summarize(0, two_seconds(), {}, {}, 100).gaps;
    ASSERT_GE(gaps.size(), 3U);
    EXPECT_EQ(gaps.front().from_ns, 1000);
    EXPECT_EQ(gaps.front().to_ns, 2000);
    EXPECT_EQ(gaps.front().count, 2U);
    EXPECT_EQ(gaps[1].to_ns, 5000);
    EXPECT_EQ(gaps[1].count, 1U);
    EXPECT_EQ(gaps.back().from_ns, 2e6);
    EXPECT_EQ(gaps.back().to_ns, 5e6);
    for (std::size_t i = 1; i < gaps.size(); ++i) EXPECT_EQ(gaps[i].from_ns, gaps[i - 1].to_ns) << "no row is left out";
}

TEST(jitter, without_gaps_is_empty) {
    spin_record seen;
    seen.watched_ns = 1e9;
    const auto pu = summarize(0, seen, {}, {}, 100);
    EXPECT_EQ(pu.gaps_per_s, 0);
    EXPECT_EQ(pu.worst_gap_ns, 0);
    EXPECT_EQ(pu.stolen_ppm, 0);
    EXPECT_EQ(pu.steal_ms, 0);
    EXPECT_TRUE(pu.gaps.empty());
    EXPECT_THAT(jitter_as_text({{}, 1, 1000, false, {pu}}), HasSubstr("PU 0\n  no gaps, no interrupts\n"));
}

TEST(jitter_text, has_a_row_for_each_pu_its_gaps_and_its_interrupts) {
    auto pu = summarize(2, two_seconds(), {}, {}, 100);
    for (unsigned i = 0; i != 8; ++i) pu.by_interrupt.push_back({"device " + std::to_string(i), 8 - i});
    const auto text = jitter_as_text({{}, 2, 1000, true, {pu}});
    EXPECT_THAT(text, AllOf(HasSubstr("all together"), HasSubstr("longer than 1 us"), HasSubstr("4 ms"),
                            HasSubstr("from    1 us  to    2 us  2  ##"), HasSubstr("interrupt  8  device 0"),
                            HasSubstr("and 3 others")));
    EXPECT_EQ(ns_in_words(999.4), "999 ns");
    EXPECT_EQ(ns_in_words(999.6), "1 us");
    EXPECT_EQ(ns_in_words(12'345), "12.3 us");
    EXPECT_EQ(ns_in_words(2.5e9), "2.5 s");
}

TEST(watch_pus, spins_on_each_pu_or_on_all_and_restores_the_affinity) {
    const auto before = weir::this_thread_affinity();
    for (const bool together : {false, true}) {
        const auto began = std::chrono::steady_clock::now();
        const auto jitter = watch_pus(before, {.seconds = 0.06, .threshold_ns = 1000, .together = together},
                                      [](double, const weir::pu_set&) {});
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        EXPECT_GE(took.count(), 0.0599 * static_cast<double>(together ? 1 : before.size()));
        EXPECT_EQ(jitter.seconds, 0.06);
        EXPECT_EQ(jitter.threshold_ns, 1000);
        EXPECT_EQ(jitter.together, together);
        ASSERT_EQ(jitter.pus.size(), before.size());
        auto pu = before.begin();
        for (const auto& row : jitter.pus) {
            EXPECT_EQ(row.pu, *pu++);
            EXPECT_GE(row.seconds, 0.0599);
            EXPECT_GE(row.worst_gap_ns, row.p50_gap_ns);
        }
        EXPECT_EQ(weir::this_thread_affinity(), before);
    }
}

}  // namespace
