// SPDX-License-Identifier: MIT
//
// How long a waiter spins before it sleeps: the rule alone, with looks that are counted.
#include "weir/detail/wait/spin_budget.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace {

using weir::detail::spin_budget;

constexpr int waits_until_doubt = 40;  // more waits in vain than it takes to give spinning up
constexpr int waits_in_doubt = 32;

/// How many looks a wait makes that finds what it waits for at look number `found_at`, or never.
int looks_of(spin_budget& budget, int found_at = 0) {
    int looks = 0;
    const auto done = [&] { return ++looks == found_at; };
    const bool found = budget.spin(done);
    EXPECT_EQ(found, found_at != 0 && looks == found_at);
    return looks;
}
std::vector<int> looks_in_vain(spin_budget& budget, int waits) {
    std::vector<int> looks;
    for (int i = 0; i < waits; ++i) looks.push_back(looks_of(budget));
    return looks;
}
/// Waits in vain until spinning is given up.
void give_up(spin_budget& budget) {
    for (int i = 0; i < waits_until_doubt; ++i) {
        if (looks_of(budget) == 0) return;
    }
    FAIL() << "still spins after " << waits_until_doubt << " waits in vain";
}

class spinning : public testing::Test {
    void SetUp() override {
        if (weir::detail::started_on_one_cpu) GTEST_SKIP() << "nobody spins on one CPU";
    }
};

TEST_F(spinning, gets_shorter_with_each_wait_in_vain_until_it_is_given_up) {
    spin_budget budget;
    const int first = looks_of(budget);
    EXPECT_GE(first, 256);
    EXPECT_LE(looks_of(budget), first / 2);
    const std::vector<int> looks = looks_in_vain(budget, waits_until_doubt);
    for (std::size_t i = 1; i < looks.size() && looks[i - 1] > 0; ++i) {
        EXPECT_LE(looks[i], looks[i - 1]) << "wait " << i;
    }
    EXPECT_EQ(looks_of(budget), 0);
}

TEST_F(spinning, is_tried_once_in_32_waits_when_it_was_given_up) {
    spin_budget budget;
    give_up(budget);
    for (int round = 0; round < 3; ++round) {
        int tries = 0;
        for (const int looks : looks_in_vain(budget, waits_in_doubt)) {
            tries += looks > 0;
            EXPECT_LE(looks, 64) << "a short try";
        }
        EXPECT_EQ(tries, 1);
    }
}

// A host that stops the peer's CPU for a moment would turn a stream into 32 sleeps.
TEST_F(spinning, is_not_given_up_at_a_few_failures_between_successes) {
    spin_budget budget;
    for (int i = 0; i < 5; ++i) (void)looks_of(budget);
    for (int round = 0; round < 100; ++round) {
        for (const int looks : looks_in_vain(budget, 4)) EXPECT_GT(looks, 0) << "round " << round;
        EXPECT_EQ(looks_of(budget, 1), 1) << "round " << round;
    }
}

TEST_F(spinning, grows_back_with_waits_that_it_serves_to_a_bound) {
    spin_budget budget;
    give_up(budget);
    int waits = 0;
    for (; looks_of(budget, 1) == 0; ++waits) ASSERT_LT(waits, waits_in_doubt) << "no try";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(looks_of(budget, 60), 60) << "the try succeeded";
    for (int i = 0; i < 100; ++i) EXPECT_EQ(looks_of(budget, 1), 1);
    const int longest = looks_of(budget);
    EXPECT_GT(longest, 1024);
    EXPECT_LE(looks_of(budget), longest / 2) << "and falls again";
    for (int i = 0; i < 100; ++i) EXPECT_EQ(looks_of(budget, 1), 1);
    EXPECT_EQ(looks_of(budget), longest) << "the spin is bounded";
    EXPECT_LE(longest, 4096);
}

TEST_F(spinning, is_as_long_as_may_be_after_a_way_to_sleep_that_was_in_vain) {
    spin_budget budget;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(looks_of(budget, 1), 1);
    const int longest = looks_of(budget);
    give_up(budget);
    budget.gave_up_too_early();
    EXPECT_EQ(looks_of(budget), longest);
}

TEST(spinning_on_one_cpu, is_never_done) {
    if (!weir::detail::started_on_one_cpu) GTEST_SKIP() << "this process was given several CPUs";
    spin_budget budget;
    for (const int looks : looks_in_vain(budget, 3 * waits_in_doubt)) EXPECT_EQ(looks, 0);
    budget.gave_up_too_early();
    EXPECT_EQ(looks_of(budget), 0);
}

}  // namespace
