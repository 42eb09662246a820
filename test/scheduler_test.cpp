// SPDX-License-Identifier: MIT
//
// What waiting makes of the number of CPUs, and when a spinning thread gives its CPU away. The two calls to the kernel
// are this program's own; WEIR_TEST_CPUS in the environment says how many CPUs it was given, or "error".
#include "weir/detail/scheduler.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "weir/detail/spin_budget.hpp"
#include "weir/wait.hpp"

namespace {
int yields = 0;
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
                         [](const auto& info) { return std::string(info.param); });

// An error means more CPUs than the set can hold.
TEST_P(scheduler_death, spins_on_several_cpus_and_gives_the_only_one_away_at_each_turn) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, in which the CPUs are counted anew
    ASSERT_EQ(::setenv("WEIR_TEST_CPUS", GetParam(), 1), 0);
    EXPECT_EXIT(leave(std::string_view(GetParam()) == "1"), testing::ExitedWithCode(0), "");
    ::unsetenv("WEIR_TEST_CPUS");
}

}  // namespace
