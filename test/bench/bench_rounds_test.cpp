// SPDX-License-Identifier: MIT
//
// What weir-bench makes of queues that lie, and of figures that are given: nothing here depends on how fast anything
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <typeinfo>
#include <utility>

#include "bench/queues/make.hpp"
#include "bench/report/summary.hpp"
#include "bench/run/rounds.hpp"
#include "bench/session.hpp"
#include "instruments/statistics.hpp"

namespace {

using bench::league;
using bench::queue_entry;
using bench::word;
using testing::DoubleEq;
using testing::HasSubstr;
using testing::IsEmpty;

/// Delivers what it is given, except that it does `wrong` to item number 777.
enum class fault { none, loses, repeats, changes, reorders, swaps };

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
        if (wrong == fault::swaps && pushed_ == 778) {
            items_.push_back(late_);
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
        } else if constexpr (wrong == fault::swaps) {
            late_ = items_.back();
            items_.pop_back();
        }
    }

    std::size_t capacity_;
    std::mutex mutex_;
    std::deque<T> items_;
    std::size_t pushed_ = 0;
    T late_{};
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
template <typename T>
using swapper = faulty<T, fault::swaps>;

/// Waits in push and pop, as it should.
template <typename T>
class patient {
public:
    explicit patient(std::size_t capacity) : queue_{capacity} {}

    void push(const T& item) {
        while (!queue_.try_push(item)) {
            std::this_thread::yield();
        }
    }
    void pop(T& item) {
        while (!queue_.try_pop(item)) {
            std::this_thread::yield();
        }
    }
    std::size_t capacity() const { return 16; }

private:
    honest<T> queue_;
};

/// Accepts every item, and its pop does not come back.
template <typename T>
class hanging {
public:
    explicit hanging(std::size_t) {}

    void push(const T&) {}
    [[noreturn]] void pop(T&) {
        while (true) {
            std::this_thread::sleep_for(std::chrono::hours{1});
        }
    }
    std::size_t capacity() const { return 16; }
};

queue_entry anyones(const std::string& name,
                    std::function<std::unique_ptr<bench::channel>(std::size_t, std::size_t)> make) {
    return {.name = name,
            .configuration = "",
            .plays = bench::league::crowd | bench::league::waiting,
            .many_producers = true,
            .many_consumers = true,
            .make = std::move(make)};
}

/// The threads, unpinned where the machine has only one core, and floors.
class rounds : public testing::Test {
protected:
    rounds() { workers_.set_limit(std::chrono::duration<double>{6.0}); }

    /// With the shortest limit, from 2 s on, that queue `patient` keeps to: a busy machine may be slow.
    bench::contest contest_with_time_for(std::size_t patient, const std::vector<queue_entry>& queues,
                                         const bench::scenario& what) {
        for (double limit_s = 2;; limit_s *= 3) {
            workers_.set_limit(std::chrono::duration<double>{limit_s});
            auto contest = contest_of(queues, what);
            if (contest.tracks()[patient].excluded.empty() || limit_s > 60) return contest;
        }
    }
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
    auto contest = contest_with_time_for(0, queues, bench::throughput_scenario(8, 1024, "balanced"));
    contest.run_round([](const queue_entry&) {});
    const auto summary = bench::summarize(contest.record(), rig_.work);
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
    const auto summary = bench::summarize(contest.record(), rig_.work);
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

TEST_F(rounds, a_crowd_excludes_queues_that_lose_repeat_or_change_items) {
    const std::vector<queue_entry> queues = {
        anyones("honest", bench::make_channel<honest>), anyones("loser", bench::make_channel<loser>),
        anyones("repeater", bench::make_channel<repeater>), anyones("changer", bench::make_channel<changer>)};
    workers_.set_limit(std::chrono::duration<double>{4.0});
    auto contest = contest_of(queues, bench::crowd_scenario({2, 2}, 64));
    contest.run_round([](const queue_entry&) {});
    ASSERT_EQ(contest.tracks().size(), queues.size());
    EXPECT_THAT(contest.tracks().front().excluded, IsEmpty());
    for (std::size_t i = 1; i != queues.size(); ++i) {
        EXPECT_THAT(contest.tracks()[i].excluded, HasSubstr(queues[i].name + " in mpmc/2+2/64B: "));
    }
}

TEST_F(rounds, a_crowd_checks_the_order_only_where_it_is_promised) {
    std::vector<queue_entry> queues = {anyones("promises", bench::make_channel<swapper>),
                                       anyones("does not", bench::make_channel<swapper>)};
    queues[1].keeps_order = false;
    const auto contest = contest_of(queues, bench::crowd_scenario({1, 1}, 8));
    EXPECT_THAT(contest.tracks()[0].excluded, HasSubstr("items were lost, repeated, changed or reordered"));
    EXPECT_THAT(contest.tracks()[1].excluded, IsEmpty());
}

TEST_F(rounds, a_crowd_says_how_evenly_its_threads_were_served) {
    const std::vector<queue_entry> queues = {anyones("honest", bench::make_channel<honest>)};
    auto contest = contest_of(queues, bench::crowd_scenario({2, 1}, 8));
    while (contest.tracks().front().producers_fairness.empty() && contest.rounds() != 20) {
        contest.run_round([](const queue_entry&) {});
    }
    const auto row = bench::summarize(contest.record(), rig_.work).rows.front();
    if (row.rounds == 0) {
        GTEST_SKIP() << "the machine changed during every sample";
    }
    ASSERT_TRUE(row.producers_fairness);
    EXPECT_GE(*row.producers_fairness, 0.0);
    EXPECT_LE(*row.producers_fairness, 1.0);
    EXPECT_FALSE(row.consumers_fairness);
}

TEST_F(rounds, only_queues_for_many_play_in_crowds_of_many) {
    std::vector<queue_entry> queues = {anyones("one consumer", bench::make_channel<honest>)};
    queues[0].many_consumers = false;
    EXPECT_EQ(contest_of(queues, bench::crowd_scenario({2, 1}, 8)).tracks().size(), 1U);
    EXPECT_THAT(contest_of(queues, bench::crowd_scenario({1, 2}, 8)).tracks(), IsEmpty());
    EXPECT_THAT(contest_of(queues, bench::oversubscribed_scenario({2, 2})).tracks(), IsEmpty());
    EXPECT_EQ(contest_of(queues, bench::one_core_scenario()).tracks().size(), 1U);
}

TEST_F(rounds, a_queue_that_hangs_is_left_behind_and_the_others_go_on) {
    std::vector<queue_entry> queues = {anyones("hanging", bench::make_waiting_channel<hanging>),
                                       anyones("patient", bench::make_waiting_channel<patient>)};
    workers_.set_time_to_hear(std::chrono::duration<double>{0.5});  // no queue here spins where it could hear
    for (const auto& what : {bench::one_core_scenario(), bench::blocking_scenario(16)}) {
        const auto contest = contest_with_time_for(1, queues, what);
        EXPECT_THAT(contest.tracks()[0].excluded, HasSubstr("the threads were abandoned")) << what.name;
        EXPECT_EQ(contest.tracks()[0].too_slow, what.crowded) << what.name;
        EXPECT_THAT(contest.tracks()[1].excluded, IsEmpty()) << what.name;
    }
    EXPECT_TRUE(bench::crew::any_left_behind());
}

TEST_F(rounds, a_queue_is_compared_with_its_sibling) {
    std::vector<queue_entry> queues = {anyones("mine", bench::make_channel<honest>),
                                       anyones("mine push/pop", bench::make_waiting_channel<patient>),
                                       anyones("theirs", bench::make_waiting_channel<patient>)};
    queues[0].subject = queues[1].subject = true;
    queues[1].blocking = queues[2].blocking = true;
    queues[1].sibling = "mine";
    auto contest = contest_of(queues, bench::blocking_scenario(16));
    for (int round = 0; round != 4; ++round) {
        contest.run_round([](const queue_entry&) {});
    }
    const auto summary = bench::summarize(contest.record(), rig_.work);
    ASSERT_EQ(summary.rows.size(), queues.size());
    if (std::any_of(summary.rows.begin(), summary.rows.end(), [](const auto& row) { return row.rounds == 0; })) {
        GTEST_SKIP() << "the machine changed during every sample of a queue";
    }
    for (const auto& row : summary.rows) {
        EXPECT_FALSE(row.vs_best_blocking) << row.queue;
        if (row.queue != "mine push/pop") {
            EXPECT_FALSE(row.vs_sibling) << row.queue;
        } else if (row.vs_sibling) {  // they may have been kept in different rounds
            EXPECT_EQ(row.vs_sibling->with, "mine");
        } else {
            EXPECT_LT(row.rounds, summary.rounds);
        }
    }
    EXPECT_EQ(summary.best_rival, "theirs");
}

TEST_F(rounds, idling_and_waking_measure_the_consumer) {
    const queue_entry queue = anyones("patient", bench::make_waiting_channel<patient>);
    const auto idle = bench::idle_scenario(1).measure(rig_, queue, bench::roles::as_placed, 20);
    EXPECT_TRUE(idle.correct);
    EXPECT_GE(idle.elapsed_ns, 19e6);
    EXPECT_GT(idle.value, 0.0);
    EXPECT_LE(idle.value, 101.0);
    const auto woken = bench::wakeup_scenario().measure(rig_, queue, bench::roles::swapped, 3);
    EXPECT_TRUE(woken.correct);
    EXPECT_EQ(woken.latencies_ns->count(), 3U);
    EXPECT_GE(woken.elapsed_ns, 3e6);  // a millisecond before each
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
    EXPECT_THAT(bench::blocking_roundtrip_scenario().of_floor(110.0, floor), DoubleEq(1.1));
    EXPECT_THAT(bench::wakeup_scenario().of_floor(100.0, floor), DoubleEq(2.0));
    EXPECT_THAT(bench::crowd_scenario({2, 2}, 64).of_floor(1e8, floor), DoubleEq(0.8));
    EXPECT_THAT(bench::idle_scenario(1).of_floor(50.0, floor), DoubleEq(0.5));
}

TEST(statistics, quartiles_lie_between_ranks) {
    const auto q = bench::quartiles_of({4.0, 1.0, 3.0, 2.0});
    EXPECT_THAT(q.q1, DoubleEq(1.75));
    EXPECT_THAT(q.median, DoubleEq(2.5));
    EXPECT_THAT(q.q3, DoubleEq(3.25));
    EXPECT_EQ(bench::median({}), 0.0);
    EXPECT_EQ(bench::median({7.0}), 7.0);
}

TEST(built_in_queues, are_each_a_queue_of_its_own) {
    // By address, since names in unnamed namespaces may be alike. One queue may be played by processes, and by threads.
    std::map<std::pair<const char*, bool>, std::string> known;
    for (const queue_entry& queue : bench::built_in_queues()) {
        const char* type = nullptr;
        if (queue.make_fan) {
            const auto fan = queue.make_fan({}, 1024);
            ASSERT_TRUE(fan) << queue.name;
            const auto& what = *fan;
            type = typeid(what).name();
        } else {
            auto channel = queue.make(sizeof(word), 1024);
            if (!channel) channel = queue.make(16, 1024);  // a message
            ASSERT_TRUE(channel) << queue.name;
            const auto& what = *channel;
            type = typeid(what).name();
        }
        const auto [other, is_new] = known.emplace(std::pair(type, queue.one_process), queue.name);
        EXPECT_TRUE(is_new) << queue.name << " is measured as " << other->second;
    }
}

TEST(built_in_queues, name_a_sibling_that_exists) {
    const auto all = bench::built_in_queues();
    for (const queue_entry& queue : all) {
        const bool is_first = queue.name == "weir::mpmc_ring" || queue.name == "weir::spsc_ring one of 8";
        EXPECT_EQ(queue.sibling.empty(), !queue.subject || is_first) << queue.name;
        EXPECT_TRUE(queue.sibling.empty() || std::any_of(all.begin(), all.end(),
                                                         [&](const queue_entry& other) {
                                                             return other.name == queue.sibling &&
                                                                    (!other.blocking ||
                                                                     queue.plays == league::awaiting);
                                                         }))
            << queue.name;
    }
}

TEST(choose_queues, takes_parts_of_names_in_any_case) {
    const std::vector<queue_entry> all = {{.name = "Weir::ring", .configuration = "", .make = nullptr},
                                          {.name = "other", .configuration = "", .make = nullptr}};
    EXPECT_EQ(bench::choose_queues(all, {}).size(), 2U);
    ASSERT_EQ(bench::choose_queues(all, {"weir"}).size(), 1U);
    EXPECT_THROW(bench::choose_queues(all, {"weir", "nobody"}), std::invalid_argument);
}

}  // namespace
