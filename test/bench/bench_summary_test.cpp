// SPDX-License-Identifier: MIT
//
// From rounds to the figures that are quoted, of rounds that are made up: no two figures are alike, and what each must
// come to is worked out beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/report/summary.hpp"
#include "instruments/statistics.hpp"

namespace {

using bench::league;
using bench::metric;
using bench::queue_entry;
using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;
using values = std::vector<std::optional<double>>;
constexpr auto dropped = std::nullopt;
constexpr bench::work_calibration work{.steps = 7, .ns_per_item = 4.0};

class summary : public testing::Test {
protected:
    summary() {
        done_.what.name = "made up";
        done_.what.kind = {.item_bytes = 64, .capacity = 512};
        done_.tracks.reserve(8);  // add() gives references
    }

    /// The entries stay where they are while tracks point to them.
    bench::track& add(queue_entry queue, values samples) {
        queues_.push_back(std::make_unique<queue_entry>(std::move(queue)));
        auto& track = done_.tracks.emplace_back();
        track.queue = queues_.back().get();
        done_.rounds = samples.size();
        track.values = std::move(samples);
        return track;
    }

    [[nodiscard]] bench::scenario_summary made() const { return bench::summarize(done_, work); }

    static queue_entry mine() { return {.name = "mine", .configuration = "", .subject = true, .make = nullptr}; }
    static queue_entry rival(const std::string& name, bool blocking = false) {
        return {.name = name, .configuration = "", .blocking = blocking, .make = nullptr};
    }

    bench::contest_record done_;

private:
    std::vector<std::unique_ptr<queue_entry>> queues_;
};

const bench::summary_row& row_of(const bench::scenario_summary& all, const std::string& queue) {
    for (const auto& row : all.rows)
        if (row.queue == queue) return row;
    throw std::runtime_error("no row of " + queue);
}

std::vector<std::string> order_of(const bench::scenario_summary& all) {
    std::vector<std::string> names;
    for (const auto& row : all.rows) names.push_back(row.queue);
    return names;
}

// Rounds 0, 1 and 2 have both: 2/1, 8/2 and 18/3 are 2, 4 and 6.
TEST_F(summary, compares_rates_of_the_same_round) {
    add(mine(), {2.0, 8.0, 18.0, dropped, 50.0});
    add(rival("theirs"), {1.0, 2.0, 3.0, 4.0, dropped});
    const auto all = made();
    const auto& row = row_of(all, "mine");
    ASSERT_TRUE(row.vs_best_rival);
    EXPECT_EQ(row.vs_best_rival->with, "theirs");
    EXPECT_THAT(row.vs_best_rival->ratio.q1, DoubleEq(3));
    EXPECT_THAT(row.vs_best_rival->ratio.median, DoubleEq(4));
    EXPECT_THAT(row.vs_best_rival->ratio.q3, DoubleEq(5));
    EXPECT_EQ(row.vs_best_rival->rounds, 3U);
    EXPECT_EQ(row.rounds, 4U);
    EXPECT_THAT(row.value.median, DoubleEq(13)) << "of 2, 8, 18 and 50";
    EXPECT_THAT(row.value.q1, DoubleEq(6.5));
    EXPECT_THAT(row.value.q3, DoubleEq(26));
    EXPECT_THAT(row.values, ElementsAre(2.0, 8.0, 18.0, dropped, 50.0));
    EXPECT_EQ(row_of(all, "theirs").rounds, 4U);
    EXPECT_THAT(row_of(all, "theirs").vs_best_rival->ratio.median, DoubleEq(1)) << "against itself";
}

// A time that is a quarter is four times as good.
TEST_F(summary, compares_times_the_other_way_round) {
    for (const auto unit : {metric::ns, metric::cpu_percent}) {
        done_.tracks.clear();
        done_.what.unit = unit;
        add(mine(), {2.0, 3.0, 5.0});
        add(rival("theirs"), {8.0, 6.0, 35.0});
        const auto all = made();
        EXPECT_THAT(row_of(all, "mine").vs_best_rival->ratio.median, DoubleEq(4)) << "of 4, 2 and 7";
        EXPECT_EQ(all.unit, unit);
    }
}

TEST_F(summary, without_a_common_round_compares_nothing) {
    add(mine(), {2.0, dropped});
    add(rival("theirs"), {dropped, 3.0});
    const auto all = made();
    EXPECT_EQ(all.best_rival, "theirs");
    EXPECT_FALSE(row_of(all, "mine").vs_best_rival);
    EXPECT_FALSE(row_of(all, "mine").vs_best_blocking);
    EXPECT_FALSE(row_of(all, "mine").vs_sibling);
}

TEST_F(summary, without_rivals_compares_nothing) {
    add(mine(), {2.0, 3.0});
    const auto all = made();
    EXPECT_EQ(all.best_rival, "");
    EXPECT_EQ(all.best_blocking, "");
    EXPECT_FALSE(row_of(all, "mine").vs_best_rival);
}

// The machine becomes three times as fast in the last two rounds. "steady" was away then: its own median is the lower
// one, though it is the best of each round in which it was there, and "lucky" is at 0.9 of it or alone.
TEST_F(summary, the_best_rival_keeps_closest_to_the_best_of_each_round) {
    add(mine(), {20.0, 20.0, 20.0, 60.0, 60.0});
    add(rival("steady"), {10.0, 10.0, 10.0, dropped, dropped});
    add(rival("lucky"), {9.0, 9.0, 9.0, 30.0, 30.0});
    add(rival("last"), {1.0, 1.0, 1.0, 31.0, 1.0});
    const auto all = made();
    EXPECT_EQ(all.best_rival, "steady");
    EXPECT_EQ(row_of(all, "mine").vs_best_rival->rounds, 3U);
    done_.what.unit = metric::ns;
    EXPECT_EQ(made().best_rival, "last") << "less is better";
}

TEST_F(summary, rivals_that_cannot_refuse_are_compared_apart) {
    add(mine(), {20.0, 20.0, 20.0});
    add(rival("refuses"), {10.0, 10.0, 10.0});
    add(rival("waits", true), {40.0, 40.0, 40.0});
    add(rival("waits too", true), {30.0, 30.0, 30.0});
    const auto all = made();
    EXPECT_EQ(all.best_rival, "refuses");
    EXPECT_EQ(all.best_blocking, "waits");
    EXPECT_FALSE(all.waiting);
    const auto& row = row_of(all, "mine");
    EXPECT_THAT(row.vs_best_rival->ratio.median, DoubleEq(2));
    EXPECT_THAT(row.vs_best_blocking->ratio.median, DoubleEq(0.5));
    EXPECT_EQ(row.vs_best_blocking->with, "waits");
    EXPECT_TRUE(row_of(all, "waits").blocking);
    EXPECT_FALSE(row_of(all, "refuses").blocking);
}

TEST_F(summary, in_the_league_of_waiting_the_rivals_are_those_that_wait) {
    done_.what.plays = league::waiting;
    add(mine(), {20.0, 20.0, 20.0});
    add(rival("refuses"), {10.0, 10.0, 10.0});
    add(rival("waits", true), {40.0, 40.0, 40.0});
    const auto all = made();
    EXPECT_TRUE(all.waiting);
    EXPECT_EQ(all.best_rival, "waits");
    EXPECT_EQ(all.best_blocking, "");
    EXPECT_FALSE(row_of(all, "mine").vs_best_blocking);
}

TEST_F(summary, compares_with_the_sibling_by_name) {
    auto queue = mine();
    queue.sibling = "other mine";
    add(queue, {20.0, 30.0, 50.0});
    auto other = mine();
    other.name = "other mine";
    add(other, {10.0, 10.0, 10.0});
    const auto all = made();
    const auto& row = row_of(all, "mine");
    ASSERT_TRUE(row.vs_sibling);
    EXPECT_EQ(row.vs_sibling->with, "other mine");
    EXPECT_THAT(row.vs_sibling->ratio.q1, DoubleEq(2.5));
    EXPECT_THAT(row.vs_sibling->ratio.median, DoubleEq(3));
    EXPECT_THAT(row.vs_sibling->ratio.q3, DoubleEq(4));
    EXPECT_FALSE(row_of(all, "other mine").vs_sibling);
}

TEST_F(summary, puts_subjects_first_then_the_best_and_last_what_has_no_figure) {
    add(rival("slow"), {1.0});
    add(rival("gone"), {dropped});
    add(rival("fast"), {9.0});
    auto worse = mine();
    worse.name = "mine, worse";
    add(worse, {3.0});
    add(mine(), {5.0});
    EXPECT_THAT(order_of(made()), ElementsAre("mine", "mine, worse", "fast", "slow", "gone"));
    done_.what.unit = metric::ns;
    EXPECT_THAT(order_of(made()), ElementsAre("mine, worse", "mine", "slow", "fast", "gone"));
}

TEST_F(summary, has_each_figure_in_its_own_place) {
    done_.what.scheduled_per_s = 1e6;
    done_.what.works = true;
    done_.floors = {{10, 1000}, {30, 7000}, {20, 2000}, {90, 4000}, {50, 3000}};
    done_.round_roundtrips_ns = {15, 25};
    auto& track = add(mine(), {2.0, 4.0});
    track.effective_capacity = 511;
    track.excluded = "why";
    track.of_floor = {0.25, dropped};
    track.dropped = 3;
    track.latencies_ns = std::make_shared<weir::histogram>(1000U);
    track.p99_ns = {5, 9, 6};
    track.p99_9_ns = {15, 19, 16};
    track.achieved_per_s = {100, 300, 250};
    track.producers_fairness = {0.5, 0.75, 0.625};
    track.consumers_fairness = {0.125, 0.375, 0.25};
    auto& other = add(rival("theirs"), {3.0, dropped});
    other.dropped = 4;
    other.effective_capacity = 17;
    const auto all = made();
    EXPECT_EQ(all.name, "made up");
    EXPECT_EQ(all.unit, metric::items_per_s);
    EXPECT_EQ(all.kind.item_bytes, 64U);
    EXPECT_EQ(all.kind.capacity, 512U);
    EXPECT_EQ(all.scheduled_per_s, 1e6);
    EXPECT_EQ(all.work_bound_per_s, 0.25e9);
    EXPECT_EQ(all.rounds, 2U);
    EXPECT_EQ(all.dropped, 7U);
    EXPECT_EQ(all.samples, 10U) << "two and one kept, three and four dropped";
    EXPECT_EQ(all.roundtrip_floor_ns.q1, 20);
    EXPECT_EQ(all.roundtrip_floor_ns.median, 30);
    EXPECT_EQ(all.roundtrip_floor_ns.q3, 50);
    EXPECT_EQ(all.stream_floor_words_per_s.q1, 2000);
    EXPECT_EQ(all.stream_floor_words_per_s.median, 3000);
    EXPECT_EQ(all.stream_floor_words_per_s.q3, 4000);
    EXPECT_THAT(all.round_roundtrips_ns, ElementsAre(15, 25));
    EXPECT_THAT(all.states, IsEmpty());
    const auto& row = row_of(all, "mine");
    EXPECT_TRUE(row.subject);
    EXPECT_EQ(row.effective_capacity, 511U);
    EXPECT_EQ(row.excluded, "why");
    EXPECT_EQ(row.value.median, 3);
    EXPECT_EQ(row.of_floor.median, 0.25);
    EXPECT_EQ(row.rounds, 2U);
    EXPECT_EQ(row.dropped, 3U);
    EXPECT_EQ(row.latencies_ns, track.latencies_ns);
    EXPECT_EQ(row.typical_p99_ns, 6);
    EXPECT_EQ(row.typical_p99_9_ns, 16);
    EXPECT_EQ(row.achieved_per_s, 250);
    EXPECT_EQ(row.producers_fairness, 0.625);
    EXPECT_EQ(row.consumers_fairness, 0.25);
    const auto& theirs = row_of(all, "theirs");
    EXPECT_FALSE(theirs.subject);
    EXPECT_EQ(theirs.dropped, 4U);
    EXPECT_EQ(theirs.rounds, 1U);
    EXPECT_EQ(theirs.effective_capacity, 17U);
    EXPECT_FALSE(theirs.producers_fairness);
    EXPECT_FALSE(theirs.consumers_fairness);
    done_.what.works = false;
    EXPECT_FALSE(made().work_bound_per_s);
}

// Near 100 ns in rounds 0, 2 and 4, near 250 ns in rounds 1 and 3. The best rival is found among the rounds of each.
TEST_F(summary, tells_states_of_the_machine_apart) {
    done_.round_roundtrips_ns = {100, 250, 104, 270, 108};
    add(mine(), {20.0, 90.0, 30.0, 110.0, 40.0});
    add(rival("best when near"), {10.0, 10.0, 10.0, 10.0, 10.0});
    add(rival("best when far"), {1.0, 20.0, 1.0, 20.0, 1.0});
    const auto all = made();
    ASSERT_EQ(all.states.size(), 2U);
    EXPECT_EQ(all.states[0].roundtrip_ns, 104);
    EXPECT_EQ(all.states[0].rounds, 3U);
    EXPECT_EQ(all.states[0].subject, "mine");
    EXPECT_EQ(all.states[0].subject_vs_best_rival->with, "best when near");
    EXPECT_THAT(all.states[0].subject_vs_best_rival->ratio.median, DoubleEq(3));
    EXPECT_EQ(all.states[0].subject_vs_best_rival->rounds, 3U);
    EXPECT_EQ(all.states[1].roundtrip_ns, 260);
    EXPECT_EQ(all.states[1].rounds, 2U);
    EXPECT_EQ(all.states[1].subject_vs_best_rival->with, "best when far");
    EXPECT_THAT(all.states[1].subject_vs_best_rival->ratio.median, DoubleEq(5));
    EXPECT_EQ(all.states[1].subject_vs_best_rival->rounds, 2U);
    done_.round_roundtrips_ns = {100, 199, 104, 150, 108};
    EXPECT_THAT(made().states, IsEmpty()) << "not doubled";
    done_.round_roundtrips_ns = {100, 201, 104, 150, 108};
    ASSERT_EQ(made().states.size(), 2U);
    EXPECT_EQ(made().states[1].rounds, 2U) << "above the geometric mean of the extremes, 141.8 ns";
    done_.tracks.erase(done_.tracks.begin());
    EXPECT_THAT(made().states, IsEmpty()) << "nobody to compare";
    done_.round_roundtrips_ns.clear();
    EXPECT_THAT(made().states, IsEmpty());
}

TEST_F(summary, tells_states_apart_for_the_subject_that_plays_as_the_rivals_do) {
    done_.what.plays = league::waiting;
    done_.round_roundtrips_ns = {100, 250};
    add(mine(), {1.0, 1.0});
    auto waits = mine();
    waits.name = "mine, waiting";
    waits.blocking = true;
    add(waits, {6.0, 15.0});
    add(rival("waits", true), {2.0, 3.0});
    const auto all = made();
    ASSERT_EQ(all.states.size(), 2U);
    EXPECT_EQ(all.states[0].subject, "mine, waiting");
    EXPECT_THAT(all.states[0].subject_vs_best_rival->ratio.median, DoubleEq(3));
    EXPECT_THAT(all.states[1].subject_vs_best_rival->ratio.median, DoubleEq(5));
}

// ---- Statistics

TEST(statistics, of_odd_and_even_counts) {
    EXPECT_EQ(bench::median({3, 1, 2}), 2);
    EXPECT_EQ(bench::median({10, 1, 4, 2}), 3);
    EXPECT_EQ(bench::median({8, 2}), 5);
    const auto five = bench::quartiles_of({50, 10, 40, 20, 30});
    EXPECT_EQ(five.q1, 20);
    EXPECT_EQ(five.median, 30);
    EXPECT_EQ(five.q3, 40);
    const auto three = bench::quartiles_of({9, 1, 5});
    EXPECT_EQ(three.q1, 3);
    EXPECT_EQ(three.median, 5);
    EXPECT_EQ(three.q3, 7);
    const auto two = bench::quartiles_of({3, 7});
    EXPECT_EQ(two.q1, 4);
    EXPECT_EQ(two.median, 5);
    EXPECT_EQ(two.q3, 6);
    const auto one = bench::quartiles_of({7});
    EXPECT_EQ(one.q1, 7);
    EXPECT_EQ(one.q3, 7);
    const auto none = bench::quartiles_of({});
    EXPECT_EQ(none.q1, 0);
    EXPECT_EQ(none.q3, 0);
}

TEST(statistics, quantiles_reach_from_the_least_to_the_greatest) {
    const std::vector<double> some{11, 2, 23, 5};
    EXPECT_EQ(bench::quantile(some, 0), 2);
    EXPECT_EQ(bench::quantile(some, 1), 23);
    EXPECT_THAT(bench::quantile(some, 0.5), DoubleEq(8));
    EXPECT_THAT(bench::quantile(some, 0.9), DoubleEq(11 + 0.7 * 12));
    EXPECT_EQ(bench::quantile({}, 0.5), 0);
}

}  // namespace
