// SPDX-License-Identifier: MIT
//
// What weir-bench makes of queues that lie, and of figures that are given: nothing here depends on how fast anything
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <mutex>

#include "queues/make.hpp"
#include "rounds.hpp"
#include "session.hpp"
#include "statistics.hpp"
#include "summary.hpp"

namespace {

using bench::queue_entry;
using bench::word;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::IsEmpty;

/// Delivers what it is given, except that it does `wrong` to item number 777.
enum class fault { none, loses, repeats, changes, reorders };

template <typename T, fault wrong>
class faulty {
public:
    explicit faulty(std::size_t capacity) : capacity_{capacity} {}

    bool try_push(const T& item) {
        const std::scoped_lock lock{mutex_};
        if (items_.size() >= capacity_) {
            return false;
        }
        items_.push_back(item);
        if (++pushed_ == 777) {
            spoil();
        }
        return true;
    }

    bool try_pop(T& item) {
        const std::scoped_lock lock{mutex_};
        if (items_.empty()) {
            return false;
        }
        item = items_.front();
        items_.pop_front();
        return true;
    }

private:
    void spoil() {
        if constexpr (wrong == fault::loses) {
            items_.pop_back();
        } else if constexpr (wrong == fault::repeats) {
            items_.push_back(items_.back());
        } else if constexpr (wrong == fault::changes) {
            bench::stamp(items_.back(), 1);
        } else if constexpr (wrong == fault::reorders) {
            T early{};
            bench::stamp(early, 778);
            items_.insert(items_.end() - 1, early);
        }
    }

    std::size_t capacity_;
    std::mutex mutex_;
    std::deque<T> items_;
    std::size_t pushed_ = 0;
};

template <typename T>
using honest = faulty<T, fault::none>;
template <typename T>
using loser = faulty<T, fault::loses>;
template <typename T>
using repeater = faulty<T, fault::repeats>;
template <typename T>
using changer = faulty<T, fault::changes>;
template <typename T>
using shuffler = faulty<T, fault::reorders>;

/// The threads, unpinned where the machine has only one core, and floors.
class rounds : public testing::Test {
protected:
    rounds() { workers_.set_limit(std::chrono::duration<double>{6.0}); }

    bench::contest contest_of(const std::vector<queue_entry>& queues, const bench::scenario& what) {
        return {rig_, floors_, what, queues, {.sample_ms = 0.1, .seed = 1}};
    }

    bench::worker_pair workers_{weir::topology::this_machine(), "auto"};
    bench::rig rig_{workers_, weir::tick_clock{std::chrono::milliseconds{1}}, {1, 1.0}, 0.0};
    bench::floor_meter floors_{workers_, rig_.clock};
};

TEST_F(rounds, a_queue_that_loses_repeats_changes_or_reorders_items_is_excluded_with_a_sentence) {
    const std::vector<queue_entry> queues = {
        {.name = "honest", .configuration = "", .make = bench::make_channel<honest>},
        {.name = "loser", .configuration = "", .make = bench::make_channel<loser>},
        {.name = "repeater", .configuration = "", .make = bench::make_channel<repeater>},
        {.name = "changer", .configuration = "", .make = bench::make_channel<changer>},
        {.name = "shuffler", .configuration = "", .make = bench::make_channel<shuffler>},
    };
    auto contest = contest_of(queues, bench::throughput_scenario(8, 1024, "balanced"));
    contest.run_round([](const queue_entry&) {});
    const auto summary = bench::summarize(contest, rig_.work);
    ASSERT_EQ(summary.rows.size(), 5U);
    for (const auto& row : summary.rows) {
        if (row.queue == "honest") {
            EXPECT_THAT(row.excluded, IsEmpty());
        } else {
            EXPECT_THAT(row.excluded, HasSubstr(row.queue + " in throughput/8B/cap1024/balanced: "));
            EXPECT_EQ(row.rounds, 0U);
        }
    }
}

TEST_F(rounds, every_round_has_one_place_for_every_queue) {
    const std::vector<queue_entry> queues = {
        {.name = "weir", .configuration = "", .subject = true, .make = bench::make_channel<honest>},
        {.name = "rival", .configuration = "", .make = bench::make_channel<honest>},
    };
    auto contest = contest_of(queues, bench::throughput_scenario(64, 16, "consumer-slower"));
    for (int i = 0; i != 4; ++i) {
        contest.run_round([](const queue_entry&) {});
    }
    for (const auto& track : contest.tracks()) {
        EXPECT_EQ(track.values.size(), 4U);
        EXPECT_EQ(track.of_floor.size(), 4U);
        EXPECT_EQ(track.effective_capacity, 16U);
        EXPECT_LE(track.dropped, 4U * bench::contest::attempts);
    }
    const auto summary = bench::summarize(contest, rig_.work);
    EXPECT_EQ(summary.rounds, 4U);
    EXPECT_EQ(summary.rows.front().queue, "weir");
    EXPECT_EQ(summary.work_bound_per_s, 1e9);
}

TEST_F(rounds, a_queue_without_the_form_is_not_in_the_contest) {
    const std::vector<queue_entry> queues = {
        {.name = "single only", .configuration = "", .make = bench::make_channel<honest>}};
    EXPECT_THAT(contest_of(queues, bench::batch_scenario(8, bench::form::copy, 16)).tracks(), IsEmpty());
    EXPECT_THAT(contest_of(queues, bench::batch_scenario(8, bench::form::zero_copy, 16)).tracks(), IsEmpty());
}

TEST(floor_reading, is_steady_up_to_a_quarter_in_both_floors) {
    const bench::floor_reading before{100.0, 1e9};
    EXPECT_TRUE(bench::floor_reading::steady(before, {125.0, 1e9}));
    EXPECT_TRUE(bench::floor_reading::steady(before, {80.0, 1.25e9}));
    EXPECT_FALSE(bench::floor_reading::steady(before, {126.0, 1e9}));
    EXPECT_FALSE(bench::floor_reading::steady(before, {79.0, 1e9}));
    EXPECT_FALSE(bench::floor_reading::steady(before, {100.0, 0.79e9}));
}

TEST(scenario, compares_payload_words_with_the_streaming_floor_and_times_with_the_line) {
    const bench::floor_reading floor{.roundtrip_ns = 100.0, .stream_words_per_s = 1e9};
    EXPECT_THAT(bench::throughput_scenario(8, 64, "balanced").of_floor(5e8, floor), DoubleEq(0.5));
    EXPECT_THAT(bench::throughput_scenario(64, 64, "balanced").of_floor(1e8, floor), DoubleEq(0.8));
    EXPECT_THAT(bench::roundtrip_scenario().of_floor(110.0, floor), DoubleEq(1.1));
    EXPECT_THAT(bench::latency_scenario(1e6, "1Mps").of_floor(100.0, floor), DoubleEq(2.0));
}

TEST(statistics, quartiles_lie_between_ranks) {
    const auto q = bench::quartiles_of({4.0, 1.0, 3.0, 2.0});
    EXPECT_THAT(q.q1, DoubleEq(1.75));
    EXPECT_THAT(q.median, DoubleEq(2.5));
    EXPECT_THAT(q.q3, DoubleEq(3.25));
    EXPECT_EQ(bench::median({}), 0.0);
    EXPECT_EQ(bench::median({7.0}), 7.0);
}

TEST(choose_queues, takes_parts_of_names_in_any_case) {
    const std::vector<queue_entry> all = {{.name = "Weir::ring", .configuration = "", .make = nullptr},
                                          {.name = "other", .configuration = "", .make = nullptr}};
    EXPECT_EQ(bench::choose_queues(all, {}).size(), 2U);
    ASSERT_EQ(bench::choose_queues(all, {"weir"}).size(), 1U);
    EXPECT_THROW(bench::choose_queues(all, {"weir", "nobody"}), std::invalid_argument);
}

}  // namespace
