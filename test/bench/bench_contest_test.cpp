// SPDX-License-Identifier: MIT
//
// A contest whose samples are made up: how long they are, in which order and roles they are taken, and what is kept of
// them. Only the floors between them are real, and no test looks at their figures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/queues/make.hpp"
#include "bench/run/rounds.hpp"
#include "instruments/spin.hpp"

namespace {

using bench::measurement;
using bench::metric;
using bench::queue_entry;
using bench::roles;
using bench::word;
using testing::ElementsAre;

/// Holds three more than it is asked for, and no items.
template <typename T>
class pretended {
public:
    explicit pretended(std::size_t capacity) : capacity_(capacity + 3) {}
    bool try_push(const T&) { return held_ != capacity_ && ++held_ != 0; }
    bool try_pop(T&) { return held_ != 0 && held_-- != 0; }

private:
    std::size_t capacity_;
    std::size_t held_ = 0;
};

struct sample {
    std::string queue;
    roles placed;
    word count;
};

class contest : public testing::Test {
protected:
    contest() {
        workers_.set_limit(std::chrono::duration<double>(300));
        what_.name = "made up";
        what_.kind = {.item_bytes = 64, .capacity = 512};
        what_.drops_unsteady = false;
        what_.measure = [this](bench::rig&, const queue_entry& queue, roles placed, word count) {
            taken_.push_back({queue.name, placed, count});
            return answer_(queue, taken_.size());
        };
    }

    static measurement of(double value, double elapsed_ns) {
        measurement seen;
        seen.value = value;
        seen.elapsed_ns = elapsed_ns;
        seen.correct = true;
        return seen;
    }

    bench::contest made(const std::vector<queue_entry>& queues, double sample_ms = 1.0, std::uint64_t seed = 7) {
        taken_.clear();
        return {rig_, floors_, what_, queues, {.sample_ms = sample_ms, .seed = seed}};
    }
    static void play(bench::contest& on, int rounds) {
        for (int round = 0; round != rounds; ++round) static_cast<void>(on.run_round([](const queue_entry&) {}));
    }

    std::vector<word> counts() const {
        std::vector<word> all;
        for (const auto& one : taken_) all.push_back(one.count);
        return all;
    }

    bench::worker_pair workers_{weir::topology::this_machine(), "auto"};
    bench::rig rig_{workers_, weir::tick_clock{std::chrono::milliseconds{1}}, {1, 1.0}, 0.0};
    bench::floor_meter floors_{workers_, rig_.clock};
    bench::scenario what_;
    std::vector<sample> taken_;
    std::function<measurement(const queue_entry&, std::size_t)> answer_ = [](const queue_entry&, std::size_t) {
        return of(5, 1e6);
    };
    const std::vector<queue_entry> one_{{.name = "one", .configuration = "", .make = bench::make_channel<pretended>}};
};

TEST_F(contest, checks_each_queue_with_as_many_items_as_its_scenario_says) {
    if (bench::spinning.one_core) GTEST_SKIP() << "with fewer where there is only one core";
    made(one_);
    EXPECT_THAT(counts(), ElementsAre(100'000));
    what_.unit = metric::ns;
    made(one_);
    EXPECT_THAT(counts(), ElementsAre(10'000));
    what_.scheduled_per_s = 3e6;
    made(one_);
    EXPECT_THAT(counts(), ElementsAre(60'000)) << "20 ms";
    what_.check_count = 77;
    made(one_);
    EXPECT_THAT(counts(), ElementsAre(77));
    EXPECT_EQ(taken_.front().placed, roles::as_placed);
}

// The check of 1000 items took 4 ms; a sample is to take 6 ms, that is 1500. That takes 12 ms, so the next is half as
// long; and then a sample takes a millionth of the time, or ten thousand times as much.
TEST_F(contest, makes_samples_as_long_as_they_should_be_by_the_one_before) {
    what_.check_count = 1000;
    what_.length = 2.0;
    const std::vector<double> elapsed_ns{4e6, 12e6, 12.0, 12e10, 12e10, 12e10, 12e10, 12e10, 12e10};
    answer_ = [&](const queue_entry&, std::size_t n) { return of(5, elapsed_ns.at(n - 1)); };
    auto on = made(one_, 3.0);
    play(on, 8);
    EXPECT_THAT(counts(), ElementsAre(1000, 1500, 750, 7500, 750, 75, 7, 1, 1)) << "by ten times at most";
    what_.sample_count = 33;
    auto fixed = made(one_, 3.0);
    play(fixed, 1);
    EXPECT_THAT(counts(), ElementsAre(1000, 33));
}

TEST_F(contest, swaps_roles_from_round_to_round_and_keeps_what_was_seen) {
    answer_ = [](const queue_entry& queue, std::size_t n) {
        auto seen = of(queue.name == "one" ? 10.0 + static_cast<double>(n) : 90.0, 1e6);
        seen.achieved_per_s = 200.0 + static_cast<double>(n);
        seen.producers_fairness = 0.5 + static_cast<double>(n) / 100;
        if (n != 3) seen.consumers_fairness = 0.25 + static_cast<double>(n) / 100;
        seen.latencies_ns = std::make_shared<weir::histogram>(100'000U);
        seen.latencies_ns->record(1000 * n, 985);
        seen.latencies_ns->record(2000 * n, 14);
        seen.latencies_ns->record(3000 * n, 1);
        return seen;
    };
    auto on = made(one_);
    play(on, 3);
    ASSERT_EQ(taken_.size(), 4U);
    EXPECT_EQ(taken_[1].placed, roles::as_placed);
    EXPECT_EQ(taken_[2].placed, roles::swapped);
    EXPECT_EQ(taken_[3].placed, roles::as_placed);
    const auto record = on.record();
    EXPECT_EQ(record.rounds, 3U);
    EXPECT_EQ(on.rounds(), 3U);
    EXPECT_EQ(record.what.name, "made up");
    EXPECT_EQ(record.round_roundtrips_ns.size(), 3U);
    EXPECT_EQ(record.floors.size(), 6U) << "before and after each sample";
    const auto& track = record.tracks.front();
    EXPECT_EQ(track.effective_capacity, 515U);
    EXPECT_THAT(track.values, ElementsAre(12.0, 13.0, 14.0));
    ASSERT_EQ(track.of_floor.size(), 3U);
    const auto around = bench::floor_reading::between(record.floors[2], record.floors[3]);
    EXPECT_DOUBLE_EQ(track.of_floor[1].value(), what_.of_floor(13.0, around)) << "the floors around it";
    EXPECT_EQ(track.dropped, 0U);
    EXPECT_THAT(track.achieved_per_s, ElementsAre(202, 203, 204));
    EXPECT_THAT(track.producers_fairness, ElementsAre(0.52, 0.53, 0.54));
    EXPECT_THAT(track.consumers_fairness, ElementsAre(0.27, 0.29));
    ASSERT_EQ(track.p99_ns.size(), 3U);
    EXPECT_NEAR(track.p99_ns[0], 4000, 4);
    EXPECT_NEAR(track.p99_9_ns[0], 4000, 4) << "999 of 1000";
    EXPECT_NEAR(track.p99_ns[2], 8000, 8);
    EXPECT_EQ(track.latencies_ns->count(), 3000U) << "all rounds together";
    EXPECT_EQ(track.latencies_ns->max(), 12'000U);
}

TEST_F(contest, excludes_a_queue_that_fails_and_forgets_what_it_had_shown) {
    const std::vector<queue_entry> two{{.name = "one", .configuration = "", .make = bench::make_channel<pretended>},
                                       {.name = "other", .configuration = "", .make = bench::make_channel<pretended>}};
    int samples_of_one = 0;
    answer_ = [&](const queue_entry& queue, std::size_t) {
        auto seen = of(5, 1e6);
        if (queue.name == "one" && ++samples_of_one == 3) seen.correct = false;
        seen.latencies_ns = std::make_shared<weir::histogram>(100U);
        return seen;
    };
    auto on = made(two);
    std::vector<std::string> told;
    for (int round = 0; round != 3; ++round)
        static_cast<void>(on.run_round([&](const queue_entry& queue) { told.push_back(queue.name); }));
    EXPECT_EQ(std::count(told.begin(), told.end(), "one"), 2) << "not after it has failed";
    EXPECT_EQ(std::count(told.begin(), told.end(), "other"), 3);
    const auto& one = on.tracks()[0];
    EXPECT_EQ(one.excluded, "one in made up: items were lost, repeated, changed or reordered");
    EXPECT_FALSE(one.too_slow);
    EXPECT_THAT(one.values, ElementsAre(std::nullopt, std::nullopt, std::nullopt));
    EXPECT_THAT(one.of_floor, ElementsAre(std::nullopt, std::nullopt, std::nullopt));
    EXPECT_EQ(one.latencies_ns, nullptr);
    EXPECT_EQ(on.tracks()[1].excluded, "");
    EXPECT_EQ(on.tracks()[1].values.size(), 3U);
}

TEST_F(contest, says_of_a_rival_in_a_crowd_that_it_is_too_slow) {
    auto queue = one_.front();
    answer_ = [](const queue_entry&, std::size_t) -> measurement { throw bench::stuck("no end in sight"); };
    for (const bool crowded : {false, true})
        for (const bool subject : {false, true}) {
            what_.crowded = crowded;
            queue.subject = subject;
            const std::vector<queue_entry> queues{queue};
            const auto on = made(queues);
            EXPECT_EQ(on.tracks()[0].excluded, "one in made up: no end in sight");
            EXPECT_EQ(on.tracks()[0].too_slow, crowded && !subject);
        }
}

TEST_F(contest, shuffles_by_the_seed_and_the_scenarios_name) {
    std::vector<queue_entry> queues;
    for (const char name : std::string("abcdef"))
        queues.push_back({.name = std::string(1, name), .configuration = "", .make = bench::make_channel<pretended>});
    const auto order = [&](std::uint64_t seed) {
        auto on = made(queues, 1.0, seed);
        play(on, 1);
        std::string names;
        for (std::size_t i = queues.size(); i != taken_.size(); ++i) names += taken_[i].queue;
        return names;
    };
    const auto first = order(7);
    auto sorted = first;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, "abcdef");
    EXPECT_NE(first, sorted);
    EXPECT_EQ(order(7), first);
    EXPECT_NE(order(8), first);
    what_.name = "made uq";
    EXPECT_NE(order(7), first);
}

TEST_F(contest, tries_again_where_the_floors_have_changed_and_counts_what_it_drops) {
    what_.drops_unsteady = true;
    auto on = made(one_);
    play(on, 2);
    const auto record = on.record();
    const auto& track = record.tracks.front();
    std::size_t kept = 0;
    for (const auto& value : track.values) kept += value ? 1 : 0;
    EXPECT_EQ(taken_.size(), 1 + kept + track.dropped);
    EXPECT_EQ(record.floors.size(), 2 + kept + track.dropped);
    for (std::size_t round = 0; round != 2; ++round)
        EXPECT_EQ(track.values[round].has_value(), track.of_floor[round].has_value());
    EXPECT_LE(track.dropped, 2 * bench::contest::attempts);
}

}  // namespace
