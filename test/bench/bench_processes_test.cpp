// SPDX-License-Identifier: MIT
//
// The scenarios between two processes, at a small size, with every queue that plays them; and the second process itself. No test looks
// at how fast anything is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "bench/scenarios/scenario.hpp"
#include "instruments/other_process.hpp"

namespace {

using bench::queue_entry;
using testing::HasSubstr;

class crossing : public testing::Test {
protected:
    crossing() { workers_.set_limit(std::chrono::duration<double>(300)); }

    /// Of each queue, by both threads in both roles.
    template <class Check>
    void play(const bench::scenario& what, Check check) {
        int played = 0;
        for (const queue_entry& queue : bench::built_in_queues()) {
            if (!what.offered_by(queue)) continue;
            ++played;
            for (const bench::roles placed : {bench::roles::as_placed, bench::roles::swapped}) {
                const auto seen = what.measure(rig_, queue, placed, 500);
                EXPECT_TRUE(seen.correct) << queue.name;
                EXPECT_GT(seen.value, 0.0) << queue.name;
                check(queue, seen);
            }
        }
        EXPECT_GE(played, 6) << "weir's ring, in two processes and in one, and what the system has";
    }

    bench::worker_pair workers_{weir::topology::this_machine(), "auto"};
    bench::rig rig_{workers_, weir::tick_clock{std::chrono::milliseconds{1}}, {1, 1.0}, 0.0};
};

TEST_F(crossing, times_each_round_trip) {
    play(bench::crossing_roundtrip_scenario(), [](const queue_entry& queue, const bench::measurement& seen) {
        ASSERT_NE(seen.latencies_ns, nullptr);
        EXPECT_EQ(seen.latencies_ns->count(), 500U) << queue.name;
        EXPECT_GT(seen.achieved_per_s, 0.0) << queue.name;
    });
}

TEST_F(crossing, passes_every_item_in_order) {
    for (const std::size_t bytes : {8UL, 64UL})
        play(bench::crossing_throughput_scenario(bytes), [](const queue_entry&, const bench::measurement&) {});
}

TEST(other_process, is_another_one_on_the_same_cores_and_shares_the_starting_line) {
    const auto line = bench::line_between_processes();
    const pid_t self = ::getpid();
    std::atomic<bool> is_other = false;  // the child's copy, of which this process sees nothing
    std::thread here([&] { line->wait(); });
    bench::in_other_process([&] {
        is_other = ::getpid() != self;
        line->wait();
        if (!is_other) throw std::runtime_error("the same process");
    });
    here.join();
    EXPECT_FALSE(is_other);
}

TEST(other_process, that_fails_or_is_killed_is_an_error) {
    const auto sentence_of = [](auto job) {
        try {
            bench::in_other_process(job);
        } catch (const std::runtime_error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(sentence_of([] {}), "");
    EXPECT_THAT(sentence_of([] { throw 1; }), HasSubstr("could not use the queue"));
    EXPECT_THAT(sentence_of([] { ::raise(SIGKILL); }), HasSubstr("ended by signal 9"));
}

TEST(other_process, is_killed_when_the_job_is_called_off) {
    const std::atomic<bool> yes = true;
    const auto* const before = std::exchange(bench::called_off, &yes);
    EXPECT_THROW(bench::in_other_process([] {
                     for (;;) ::pause();
                 }),
                 bench::gave_up);
    bench::called_off = before;
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "none is left behind";
}

}  // namespace
