// SPDX-License-Identifier: MIT
//
// What waiting makes of the number of CPUs, and when a spinning thread gives its CPU away. The two calls to the kernel
// are this program's own; WEIR_TEST_CPUS in the environment says how many CPUs it was given, or "error".
#include "weir/detail/wait/scheduler.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "weir/detail/wait/spin_budget.hpp"
#include "weir/wait.hpp"

namespace {

int yields = 0;

/// The sleeps that were asked for, while they are recorded: then nobody sleeps.
struct recorded {
    std::vector<std::chrono::nanoseconds> naps;
    int polls_without_end = 0;
    int invalid = 0;

    void add(const timespec& time) {
        if (time.tv_nsec < 0 || time.tv_nsec >= 1'000'000'000 || time.tv_sec < 0) ++invalid;
        naps.push_back(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
    }
};
recorded* record = nullptr;

}  // namespace

extern "C" int nanosleep(const timespec* time, timespec* left) {
    if (record == nullptr) return static_cast<int>(::syscall(SYS_nanosleep, time, left));
    record->add(*time);
    return 0;
}

extern "C" int ppoll(pollfd* entries, nfds_t count, const timespec* timeout, const sigset_t*) {
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(entries->events, POLLIN);
    if (record != nullptr && timeout != nullptr) record->add(*timeout);
    if (record != nullptr && timeout == nullptr) ++record->polls_without_end;
    return 0;
}

extern "C" int sched_yield() noexcept {
    ++yields;
    return 0;
}

// Called before main() too, when nothing of this file is initialised.
extern "C" int sched_getaffinity(pid_t thread, std::size_t bytes, cpu_set_t* set) noexcept {
    const char* const cpus = std::getenv("WEIR_TEST_CPUS");
    if (cpus == nullptr) return ::syscall(SYS_sched_getaffinity, thread, bytes, set) < 0 ? -1 : 0;
    // As an error leaves it: what was there before, here something that looks like one CPU.
    const std::string_view number = cpus;
    std::memset(set, 0, bytes);
    CPU_SET(3, set);
    if (number == "error") return errno = EINVAL, -1;
    for (int i = 1; i < std::atoi(cpus); ++i) CPU_SET(3 + 2 * i, set);
    return 0;
}

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

// How often a thread that spins for `turns` turns gives the CPU away.
int yields_in(unsigned turns) {
    weir::wait::spin::lot lot(false);
    const int before = yields;
    unsigned turn = 0;
    EXPECT_TRUE(lot.wait([&] { return turn++ == turns; }, weir::detail::forever));
    return yields - before;
}

constexpr unsigned turns = 100'000;

/// Exits with 0 if everything is as on one CPU, or on several.
[[noreturn]] void leave(bool one) {
    if (weir::detail::started_on_one_cpu != one) std::_Exit(2);
    const int times = yields_in(turns);
    if (one && times != turns) std::_Exit(3);
    if (!one && (times < 10 || times > 1000)) std::_Exit(4);
    int looks = 0;
    weir::detail::spin_budget spins;
    const auto look = [&] { return ++looks, false; };
    if (spins.spin(look)) std::_Exit(5);
    if ((looks <= 2) != one) std::_Exit(6);
    std::_Exit(0);
}

class scheduler_death : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(cpus, scheduler_death, testing::Values("1", "2", "3", "error"),
                         [](const auto& test) { return std::string(test.param); });

// An error means more CPUs than the set can hold.
TEST_P(scheduler_death, spins_on_several_cpus_and_gives_the_only_one_away_at_each_turn) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, in which the CPUs are counted anew
    ASSERT_EQ(::setenv("WEIR_TEST_CPUS", GetParam(), 1), 0);
    EXPECT_EXIT(leave(std::string_view(GetParam()) == "1"), testing::ExitedWithCode(0), "");
    ::unsetenv("WEIR_TEST_CPUS");
}

class sleeps : public testing::Test {
protected:
    void SetUp() override { record = &recorded_; }
    void TearDown() override { record = nullptr; }
    recorded recorded_;
};

TEST_F(sleeps, are_as_long_as_they_are_told) {
    using weir::detail::sleep_for;
    const std::vector<std::chrono::nanoseconds> times{1ns, 20us, 999'999'999ns, 1s, 2500ms, 1h + 1ns};
    for (const auto time : times) sleep_for(time);
    EXPECT_EQ(recorded_.naps, times);
    EXPECT_EQ(recorded_.invalid, 0);
    sleep_for(0ns);
    sleep_for(-1ns);
    sleep_for(std::chrono::nanoseconds::min());
    EXPECT_EQ(recorded_.naps.size(), times.size()) << "no time is not slept";
}

TEST_F(sleeps, at_a_descriptor_end_at_the_deadline) {
    using weir::detail::wait_readable;
    weir::detail::wait_readable(0, weir::detail::forever);
    EXPECT_EQ(recorded_.polls_without_end, 1);
    for (const std::chrono::nanoseconds time : {60'000'000'000ns, 90'500'000'000ns, 3'600'000'000'000ns}) {
        recorded_.naps.clear();
        const auto before = clock_type::now();
        wait_readable(0, before + time);
        const auto passed = clock_type::now() - before;
        ASSERT_EQ(recorded_.naps.size(), 1U);
        EXPECT_LE(recorded_.naps[0], time);
        EXPECT_GE(recorded_.naps[0], time - passed);
    }
    recorded_.naps.clear();
    wait_readable(0, clock_type::now());
    wait_readable(0, {});
    EXPECT_TRUE(recorded_.naps.empty()) << "the deadline had passed";
    EXPECT_EQ(recorded_.invalid, 0);
    EXPECT_EQ(recorded_.polls_without_end, 1);
}

TEST_F(sleeps, of_a_waiter_that_polls_grow_from_20_us_to_1_ms) {
    weir::wait::sleep::lot lot(false);
    int looks = 0;
    int told = 0;
    EXPECT_TRUE(lot.wait([&] { return ++looks > 8; }, weir::detail::forever, [&] { ++told; }));
    EXPECT_EQ(recorded_.naps, (std::vector<std::chrono::nanoseconds>{20us, 40us, 80us, 160us, 320us, 640us, 1ms, 1ms}));
    EXPECT_EQ(told, 8);

    recorded_.naps.clear();
    looks = 0;
    EXPECT_TRUE(lot.wait([&] { return ++looks > 8; }, clock_type::now() + 1h));
    EXPECT_EQ(recorded_.naps.back(), 1ms);
    EXPECT_EQ(recorded_.naps.front(), 20us);

    recorded_.naps.clear();
    const auto deadline = clock_type::now() + 100us;
    EXPECT_FALSE(lot.wait([] { return false; }, deadline));
    EXPECT_GE(clock_type::now(), deadline);
    for (const auto nap : recorded_.naps) EXPECT_LE(nap, 100us) << "not beyond the deadline";

    recorded_.naps.clear();
    EXPECT_FALSE(lot.wait([] { return false; }, {}));
    EXPECT_TRUE(recorded_.naps.empty());
}

TEST(yield, gives_the_cpu_away_at_each_turn) {
    weir::wait::yield::lot lot(false);
    const int before = yields;
    int turn = 0;
    EXPECT_TRUE(lot.wait([&] { return ++turn > 100; }, weir::detail::forever));
    EXPECT_EQ(yields - before, 100);
    EXPECT_FALSE(lot.wait([] { return false; }, {}));
    EXPECT_TRUE(lot.wait([] { return true; }, {})) << "there is a look, however late it is";
}

TEST(deadline, has_passed_from_that_moment_on_and_never_if_there_is_none) {
    using weir::detail::has_passed;
    EXPECT_TRUE(has_passed({}));
    EXPECT_TRUE(has_passed(clock_type::now()));
    EXPECT_FALSE(has_passed(clock_type::now() + 1h));
    EXPECT_FALSE(has_passed(weir::detail::forever));
}

}  // namespace
