// SPDX-License-Identifier: MIT
//
// The forms of acquire(): with a permit to fill or an optional one, with a time, and with a stop token.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stop_token>

#include "weir/credit_gate.hpp"
#include "weir/stop.hpp"

namespace {

using namespace std::chrono_literals;
using weir::credit_gate;
using weir::credit_permit;
using weir::status;

TEST(credit_gate_forms, a_wait_with_a_time_gives_a_permit_or_nothing) {
    credit_gate gate(3);
    const std::optional<credit_permit> two = gate.acquire_for(2, 1h);
    ASSERT_TRUE(two);
    EXPECT_EQ(two->size(), 2U);
    EXPECT_FALSE(gate.acquire_for(2, 1ms));
    EXPECT_FALSE(gate.acquire_until(2, std::chrono::system_clock::now()));
    EXPECT_TRUE(gate.acquire_until(1, std::chrono::steady_clock::now() + 1h));
    EXPECT_EQ(gate.in_use(), 2U);
}

TEST(credit_gate_forms, a_share_has_them_too) {
    credit_gate gate(3);
    credit_gate::share share(gate, 1);
    EXPECT_TRUE(share.acquire_for(1, 1ms));
    EXPECT_TRUE(weir::acquire(share, std::stop_token()));
}

TEST(credit_gate_forms, a_stop_ends_each_wait) {
    credit_gate gate(2);
    std::stop_source stop;
    {
        const auto one = weir::acquire(gate, stop.get_token());
        ASSERT_TRUE(one);
        EXPECT_EQ(one->size(), 1U);
        credit_permit other;
        EXPECT_EQ(weir::acquire(gate, other, stop.get_token()), status::success);
        EXPECT_EQ(other.size(), 1U);
    }
    const auto both = weir::acquire(gate, 2, stop.get_token());
    ASSERT_TRUE(both);
    stop.request_stop();
    EXPECT_FALSE(weir::acquire(gate, 1, stop.get_token()));
    EXPECT_FALSE(weir::acquire(gate, stop.get_token()));
    credit_permit none;
    EXPECT_EQ(weir::acquire(gate, none, stop.get_token()), status::no_credit);
    EXPECT_FALSE(none);
}

}  // namespace
