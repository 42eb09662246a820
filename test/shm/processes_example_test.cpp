// SPDX-License-Identifier: MIT
//
// examples/processes as at a terminal: each program is killed and started again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test/support/subprocess.hpp"
#include "weir/shm/broadcast_ring.hpp"

namespace {

using testing::HasSubstr;
using weir_test::process;

struct tick {  // as in examples/processes/rings.hpp
    std::uint64_t number;
    double price;
};
using tick_ring = weir::shm::broadcast_ring<tick>;

class processes_example : public testing::Test {
protected:
    std::unique_ptr<process> start(const char* program, std::vector<std::string> more = {}) {
        more.insert(more.begin(), session_);
        return std::make_unique<process>(program, std::move(more));
    }
    static void kill(std::unique_ptr<process>& one) {
        one->signal(SIGKILL);
        EXPECT_EQ(one->wait(), 128 + SIGKILL);
    }
    /// Looks into the ring of ticks, as another program would.
    template <class Holds>
    void wait_until(Holds holds) const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < end) {
            try {
                if (holds(tick_ring::open(session_ + "-ticks", "example tick v1"))) return;
            } catch (const weir::shm::error&) {  // not there yet
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        FAIL() << "not in time";
    }
    void wait_for_readers(std::size_t wanted) const {
        wait_until([=](const tick_ring& ring) { return ring.readers().size() == wanted; });
    }

    const std::string session_ = "weir-example-" + std::to_string(::getpid());
};

TEST_F(processes_example, goes_on_whichever_program_is_killed_and_started_again) {
    auto monitor = start(WEIR_MONITOR);
    wait_for_readers(1);
    auto strategy = start(WEIR_STRATEGY);
    wait_for_readers(2);
    auto feed = start(WEIR_FEED, {"1000000", "50"});
    const auto more_ticks = [&] {
        auto look = tick_ring::open(session_ + "-ticks", "example tick v1").join({.mode = weir::reader_mode::lossy});
        const std::uint64_t before = look.position();
        tick t{};
        while (look.position() < before + 50)
            ASSERT_EQ(look.pop_for(t, std::chrono::seconds(20)), weir::status::success);
    };
    more_ticks();
    {
        auto second = start(WEIR_FEED, {"10", "1"});
        const auto refused = second->wait_for_outcome();
        EXPECT_EQ(refused.exit_code, 1);
        EXPECT_THAT(refused.err, HasSubstr("producer's end is held by process"));
    }

    kill(strategy);
    more_ticks();
    strategy = start(WEIR_STRATEGY);
    more_ticks();
    kill(monitor);
    more_ticks();
    monitor = start(WEIR_MONITOR);
    more_ticks();
    kill(feed);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the others learn of it
    feed = start(WEIR_FEED, {"2000", "50"});

    const auto end_of_feed = feed->wait_for_outcome();
    EXPECT_EQ(end_of_feed.exit_code, 0) << end_of_feed.err;
    EXPECT_THAT(end_of_feed.out, HasSubstr("goes on with tick "));
    const auto end_of_strategy = strategy->wait_for_outcome();
    EXPECT_EQ(end_of_strategy.exit_code, 0) << end_of_strategy.err;
    const auto end_of_monitor = monitor->wait_for_outcome();
    EXPECT_EQ(end_of_monitor.exit_code, 0) << end_of_monitor.err;
    EXPECT_THAT(end_of_monitor.out, HasSubstr("feed 1 died"));
    EXPECT_NE(::access(("/dev/shm/" + session_ + "-ticks").c_str(), F_OK), 0) << "the last one removes the name";
}

TEST_F(processes_example, refuses_wrong_arguments_with_a_sentence) {
    const auto without = start(WEIR_FEED)->wait_for_outcome();
    EXPECT_EQ(without.exit_code, 2);
    EXPECT_THAT(without.err, HasSubstr("SESSION TICKS MICROSECONDS"));
    const auto wrong = start(WEIR_FEED, {"many", "1"})->wait_for_outcome();
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err, HasSubstr("TICKS is many; give a whole number above 0"));
}

}  // namespace
