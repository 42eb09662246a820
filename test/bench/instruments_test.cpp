// SPDX-License-Identifier: MIT
//
// What weir-bench and the weir program measure with. No figure of this machine is looked at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "instruments/crew.hpp"
#include "instruments/floors.hpp"
#include "instruments/item.hpp"
#include "instruments/processor.hpp"
#include "instruments/spin.hpp"
#include "instruments/workers.hpp"
#include "test/support/little_memory.hpp"

namespace {

using bench::word;
using testing::HasSubstr;

// ---- What travels

TEST(receipt, is_correct_for_the_items_that_were_due_and_for_no_others) {
    bench::receipt seen;
    for (word number = 10; number != 15; ++number) seen.check(number, number);
    EXPECT_TRUE(seen.correct_for(10, 5)) << "10 + 11 + 12 + 13 + 14";
    EXPECT_FALSE(seen.correct_for(10, 4));
    EXPECT_FALSE(seen.correct_for(10, 6));
    EXPECT_FALSE(seen.correct_for(9, 5));
    EXPECT_FALSE(seen.correct_for(11, 5));
    EXPECT_TRUE(bench::receipt{}.correct_for(3, 0));
    bench::receipt swapped;
    swapped.check(word{11}, 10);
    swapped.check(word{10}, 11);
    EXPECT_FALSE(swapped.correct_for(10, 2)) << "though the sum is right";
}

TEST(receipt, looks_at_both_ends_of_a_block) {
    for (const int spoiled : {-1, 0, 7}) {
        bench::receipt seen;
        for (word number = 20; number != 23; ++number) {
            bench::item<64> block{};
            bench::stamp(block, number);
            EXPECT_EQ(block.words.front(), number);
            EXPECT_EQ(block.words.back(), number);
            if (number == 21 && spoiled >= 0) block.words[static_cast<std::size_t>(spoiled)] ^= 4;
            seen.check(block, number);
        }
        EXPECT_EQ(seen.correct_for(20, 3), spoiled < 0) << spoiled;
    }
    word plain = 0;
    bench::stamp(plain, 77);
    EXPECT_EQ(plain, 77U);
    static_assert(sizeof(bench::item<8>) == 8 && sizeof(bench::item<64>) == 64 && sizeof(bench::item<256>) == 256);
}

// ---- Threads that do jobs together

TEST(crew, does_each_job_once_and_each_on_a_thread_of_its_own) {
    std::atomic<int> settled{0};
    bench::crew crew(3, [&](std::size_t me) { settled += static_cast<int>(10 + me); });
    EXPECT_EQ(crew.size(), 3U);
    std::vector<std::thread::id> first(3), second(3);
    std::vector<int> done(3);
    const auto jobs = [&](std::vector<std::thread::id>& where) {
        std::vector<bench::crew::job> all;
        for (std::size_t i = 0; i != 3; ++i)
            all.emplace_back([&, i] {
                where[i] = std::this_thread::get_id();
                done[i] += static_cast<int>(i) + 1;
            });
        return all;
    };
    crew.run(jobs(first));
    crew.run(jobs(second));
    EXPECT_EQ(settled, 33) << "each thread once, by its number";
    EXPECT_EQ(done, (std::vector{2, 4, 6}));
    EXPECT_EQ(first, second) << "the same threads";
    EXPECT_EQ(std::set<std::thread::id>(first.begin(), first.end()).size(), 3U);
    EXPECT_FALSE(std::set<std::thread::id>(first.begin(), first.end()).contains(std::this_thread::get_id()));
}

TEST(crew, that_cannot_be_complete_goes_home_with_a_sentence) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, which has no stacks of former threads
    EXPECT_EXIT(weir_test::with_little_memory(20U << 20U, [] { bench::crew crew(6, [](std::size_t) {}); }),
                testing::ExitedWithCode(7), "thread [2-4] of 6 cannot be started: ");
}

TEST(crew, passes_on_what_a_job_throws_and_goes_on) {
    bench::crew crew(2, [](std::size_t) {});
    int done = 0;
    EXPECT_THROW(crew.run({[&] { ++done; }, [] { throw std::out_of_range("second"); }}), std::out_of_range);
    EXPECT_THROW(crew.run({[] { throw std::out_of_range("first"); }, [&] { ++done; }}), std::out_of_range);
    crew.run({[&] { ++done; }, [] {}});
    EXPECT_EQ(done, 3);
}

TEST(crew, lets_go_of_its_jobs_when_they_are_done) {
    bench::crew crew(1, [](std::size_t) {});
    const auto owned = std::make_shared<int>(5);
    crew.run({[owned] {}});
    EXPECT_EQ(owned.use_count(), 1);
}

TEST(crew, calls_off_jobs_that_come_to_no_end_and_goes_on) {
    const bool before = bench::crew::any_left_behind();
    bench::crew crew(2, [](std::size_t) {});
    crew.set_limit(std::chrono::duration<double>(0.02));
    std::atomic<int> spinning{0};
    const auto for_ever = [&] {
        ++spinning;
        while (true) bench::relax();
    };
    try {
        crew.run({for_ever, for_ever});
        ADD_FAILURE() << "it came to an end";
    } catch (const bench::stuck& error) {
        EXPECT_STREQ(error.what(), "the measurement did not finish within 0 s");
    }
    EXPECT_EQ(spinning, 2);
    EXPECT_EQ(bench::crew::any_left_behind(), before);
    crew.set_limit(std::chrono::duration<double>(60));
    int done = 0;
    crew.run({[&] {
                  bench::relax();
                  bench::leave_if_called_off();
                  ++done;
              },
              [] {}});
    EXPECT_EQ(done, 1) << "the next job is not called off";
}

TEST(crew, that_was_left_behind_ends_when_its_job_does_and_lets_go_of_it) {
    bench::crew crew(2, [](std::size_t) {});
    crew.set_limit(std::chrono::duration<double>(0.01));
    crew.set_time_to_hear(std::chrono::duration<double>(0.01));
    auto open = std::make_shared<std::atomic<bool>>(false);
    const std::weak_ptr<std::atomic<bool>> owned_by_the_job = open;
    try {
        crew.run({[open] { open->wait(false); }, [] {}});
        ADD_FAILURE() << "it came to an end";
    } catch (const bench::stuck& error) {
        EXPECT_STREQ(
            error.what(),
            "the measurement did not finish within 0 s; a thread is stuck inside the queue, so the threads were abandoned");
    }
    EXPECT_TRUE(bench::crew::any_left_behind());
    int done = 0;
    crew.set_limit(std::chrono::duration<double>(60));
    crew.run({[&] { ++done; }, [] {}});
    EXPECT_EQ(done, 1) << "the crew has new threads";
    open->store(true);
    open->notify_all();
    open.reset();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!owned_by_the_job.expired() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(owned_by_the_job.expired()) << "its threads have ended, and with them what they owned";
}

TEST(starting_line, lets_all_go_when_the_last_has_come_again_and_again) {
    for (const unsigned threads : {1U, 2U, 3U}) {
        bench::starting_line line(threads);
        std::atomic<unsigned> arrived{0};
        std::atomic<unsigned> early{0};
        bench::crew crew(threads, [](std::size_t) {});
        std::vector<bench::crew::job> jobs(threads, [&] {
            for (unsigned round = 1; round != 5; ++round) {
                ++arrived;
                line.wait();
                if (arrived < round * threads) ++early;
                line.wait();
            }
        });
        crew.run(jobs);
        EXPECT_EQ(early, 0U);
        EXPECT_EQ(arrived, 4 * threads);
    }
}

// ---- Two of them, and the floors

class pair_of_workers : public testing::Test {
protected:
    bench::worker_pair workers_{weir::topology::this_machine(), "auto"};
};

TEST_F(pair_of_workers, swaps_producer_and_consumer_where_roles_are_swapped) {
    std::thread::id first, second, producer, consumer;
    workers_.run([&] { first = std::this_thread::get_id(); }, [&] { second = std::this_thread::get_id(); });
    EXPECT_NE(first, second);
    const auto play = [&](bench::roles placed) {
        bench::run_roles(
            workers_, placed, [&] { producer = std::this_thread::get_id(); },
            [&] { consumer = std::this_thread::get_id(); });
    };
    play(bench::roles::as_placed);
    EXPECT_EQ(producer, first);
    EXPECT_EQ(consumer, second);
    play(bench::roles::swapped);
    EXPECT_EQ(producer, second);
    EXPECT_EQ(consumer, first);
}

TEST_F(pair_of_workers, is_where_it_says) {
    const auto& where = workers_.where();
    EXPECT_EQ(where.pinned(), where.why_not_pinned.empty());
    if (!where.pinned()) GTEST_SKIP() << where.why_not_pinned;
    weir::pu_set first, second;
    workers_.run([&] { first = weir::this_thread_affinity(); }, [&] { second = weir::this_thread_affinity(); });
    EXPECT_EQ(first, weir::pu_set{where.pair->producer});
    EXPECT_EQ(second, weir::pu_set{where.pair->consumer});
    EXPECT_EQ(where.read_back[0], first);
    EXPECT_EQ(where.read_back[1], second);
    EXPECT_NE(first, second);
}

TEST_F(pair_of_workers, is_there_again_with_new_threads_after_others_were_left_behind) {
    if (!workers_.where().pinned()) GTEST_SKIP() << workers_.where().why_not_pinned;
    workers_.set_limit(std::chrono::duration<double>(0.02));
    workers_.set_time_to_hear(std::chrono::duration<double>(0.01));
    const auto open = std::make_shared<std::atomic<bool>>(false);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(workers_.run([open] { open->wait(false); }, [] {}), bench::stuck);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << "the usual limit is 20 s";
    workers_.set_limit(std::chrono::duration<double>(60));
    weir::pu_set first, second;
    workers_.run([&] { first = weir::this_thread_affinity(); }, [&] { second = weir::this_thread_affinity(); });
    EXPECT_EQ(first, weir::pu_set{workers_.where().pair->producer});
    EXPECT_EQ(second, weir::pu_set{workers_.where().pair->consumer});
    open->store(true);
    open->notify_all();
}

TEST_F(pair_of_workers, spreads_a_crowd_over_its_two_cores) {
    using spread = bench::worker_pair::spread;
    if (!workers_.where().pinned()) GTEST_SKIP() << workers_.where().why_not_pinned;
    const auto places = [&](spread over) {
        std::vector<weir::pu_set> where(3);
        std::vector<bench::crew::job> jobs;
        for (auto& mine : where) jobs.emplace_back([&mine] { mine = weir::this_thread_affinity(); });
        auto& crowd = workers_.crowd(3, over);
        EXPECT_EQ(&workers_.crowd(3, over), &crowd) << "made once";
        crowd.run(jobs);
        return where;
    };
    const weir::pu_set one{workers_.where().pair->producer}, other{workers_.where().pair->consumer};
    EXPECT_THAT(places(spread::first_core_first), testing::ElementsAre(one, other, one));
    EXPECT_THAT(places(spread::second_core_first), testing::ElementsAre(other, one, other));
    EXPECT_THAT(places(spread::one_core), testing::ElementsAre(one, one, one));
}

TEST_F(pair_of_workers, gives_every_crowd_half_of_the_limit) {
    using spread = bench::worker_pair::spread;
    auto& first = workers_.crowd(2, spread::one_core);
    auto& second = workers_.crowd(3, spread::one_core);
    EXPECT_EQ(first.limit().count(), 10) << "half of 20 s";
    workers_.set_limit(std::chrono::duration<double>(7));
    EXPECT_EQ(first.limit().count(), 3.5);
    EXPECT_EQ(second.limit().count(), 3.5);
    EXPECT_EQ(workers_.crowd(2, spread::second_core_first).limit().count(), 3.5) << "made afterwards";
}

TEST_F(pair_of_workers, has_floors_in_either_direction) {
    workers_.set_limit(std::chrono::duration<double>(300));
    bench::floor_meter meter(workers_, weir::tick_clock{std::chrono::milliseconds{1}});
    for (const auto placed : {bench::roles::as_placed, bench::roles::swapped}) {
        const auto begin = std::chrono::steady_clock::now();
        const auto floor = meter.take(placed);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        EXPECT_GT(floor.roundtrip_ns, 0);
        EXPECT_LT(floor.roundtrip_ns * 8, taken.count() * 1e9) << "a dozen trips at least, and half were no quicker";
        EXPECT_GT(floor.stream_words_per_s * taken.count(), 1000) << "hundreds of thousands of words have passed";
    }
    const auto offset = meter.offset();
    EXPECT_GT(offset.roundtrip_ns, 0);
    EXPECT_LT(offset.roundtrip_ns, 60e9);
    EXPECT_LT(std::abs(offset.ns), offset.roundtrip_ns + 1e6) << "clocks of one machine";
}

TEST(worker_pair, refuses_a_pair_that_is_not_there) {
    EXPECT_THROW(bench::worker_pair(weir::topology::this_machine(), "60000,60001"), weir::placement_error);
}

TEST(worker_pair, knows_whether_its_threads_share_a_pu) {
    const auto machine = weir::topology::this_machine();
    const auto all = machine.allowed();
    const auto first = std::to_string(*all.begin());
    const bench::worker_pair same(machine, first + "," + first);
    EXPECT_TRUE(bench::spinning.one_core);
    EXPECT_EQ(same.where().read_back[0], weir::pu_set{*all.begin()});
    EXPECT_EQ(same.where().read_back[1], weir::pu_set{*all.begin()});
    if (all.size() < 2) return;
    const bench::worker_pair two(machine, first + "," + std::to_string(*std::next(all.begin())));
    EXPECT_FALSE(bench::spinning.one_core);
}

TEST(floors, have_a_rate_that_is_the_median_over_laps) {
    EXPECT_DOUBLE_EQ(bench::words_per_s_of({4000, 1000, 2000}, 500), 2.5e8);
    EXPECT_DOUBLE_EQ(bench::words_per_s_of({0.25}, 3), 3e9) << "no lap is quicker than a nanosecond";
}

TEST(floors, take_the_offset_of_two_clocks_from_the_quickest_round_trip) {
    bench::offset_finder found;
    found.saw(100, 170, 200);
    EXPECT_DOUBLE_EQ(found.ahead_ticks(), 20);
    EXPECT_DOUBLE_EQ(found.quickest_ticks(), 100);
    found.saw(300, 310, 390);
    EXPECT_DOUBLE_EQ(found.ahead_ticks(), -35);
    found.saw(500, 400, 560);
    EXPECT_DOUBLE_EQ(found.ahead_ticks(), -130) << "the other clock may be behind";
    found.saw(600, 700, 660);
    EXPECT_DOUBLE_EQ(found.ahead_ticks(), -130) << "no quicker";
    found.saw(700, 800, 790);
    EXPECT_DOUBLE_EQ(found.ahead_ticks(), -130) << "slower";
    EXPECT_DOUBLE_EQ(found.quickest_ticks(), 60);
}

TEST(floor_reading, between_two_is_the_mean_of_each) {
    const auto mean = bench::floor_reading::between({100, 3e9}, {140, 5e9});
    EXPECT_EQ(mean.roundtrip_ns, 120);
    EXPECT_EQ(mean.stream_words_per_s, 4e9);
    EXPECT_TRUE(bench::floor_reading::steady({100, 4}, {125, 5}));
    EXPECT_TRUE(bench::floor_reading::steady({125, 5}, {100, 4}));
    EXPECT_FALSE(bench::floor_reading::steady({100, 4}, {125.1, 4}));
    EXPECT_FALSE(bench::floor_reading::steady({125.1, 4}, {100, 4}));
    EXPECT_FALSE(bench::floor_reading::steady({100, 4}, {100, 5.01}));
}

TEST(processor, is_the_first_that_has_a_name) {
    const auto model = [](const std::string& text) {
        std::istringstream file(text);
        return bench::cpu_model_in(file);
    };
    EXPECT_EQ(model("processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Other\n"),
              "Some CPU @ 2 GHz");
    EXPECT_EQ(model("model name:x\n"), "x");
    EXPECT_EQ(model("model name : a: b"), "a: b");
    for (const auto* text : {"", "processor: 0\n", "model name\n", "model name\t: \n", " model name: x\n"})
        EXPECT_EQ(model(text), "unknown") << text;
}

TEST(processor, without_a_name_is_unknown) {
    for (const std::string text : {"model name\n", "model name\t:\n", "model name\t: \t\n", "processor\t: 3\n", ""}) {
        std::istringstream file(text);
        EXPECT_EQ(bench::cpu_model_in(file), "unknown") << text;
    }
}

TEST(processor, has_a_hypervisor_whose_name_is_spelt_in_three_registers) {
    const auto named = [](std::string text) {
        text.resize(12);
        unsigned words[3] = {};
        for (unsigned i = 0; i != 12; ++i)
            words[i / 4] |= static_cast<unsigned>(static_cast<unsigned char>(text[i])) << 8 * (i % 4);
        return bench::hypervisor_name(words[0], words[1], words[2]);
    };
    EXPECT_EQ(named("KVMKVMKVM"), "KVMKVMKVM");
    EXPECT_EQ(named("Microsoft Hv"), "MicrosoftHv");
    EXPECT_EQ(named("TCGTCG!!~\x7f"), "TCGTCG!!~\x7f");
    EXPECT_EQ(named(""), "yes");
    EXPECT_EQ(named("  "), "yes");
}

TEST(processor, is_what_proc_cpuinfo_says_first) {
    std::ifstream file("/proc/cpuinfo");
    std::string expected = "unknown";
    for (std::string line; expected == "unknown" && std::getline(file, line);)
        if (line.starts_with("model name")) expected = line.substr(line.find(": ") + 2);
    EXPECT_EQ(bench::cpu_model(), expected);
    for (const char c : bench::hypervisor()) EXPECT_GT(c, ' ');
}

}  // namespace
