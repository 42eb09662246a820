// SPDX-License-Identifier: MIT
//
// Each form of an operation that a handle passes on to its ring, with all its arguments.
#define WEIR_CHECK_ROLES 1  // as in handles_test.cpp
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include "weir/handles.hpp"
#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;

TEST(forms_of_handles, pass_on_how_many_are_visited_at_most) {
    auto ends = weir::channel<weir::mpmc_ring<int>>(3);
    auto& rx = ends.rx;
    const auto visit = [](int&) noexcept {};
    const auto never = [] { return false; };
    const auto check = [&ends](auto consume) {
        EXPECT_EQ(ends.tx.push_n(std::array{1, 2, 3}), 3U);
        ASSERT_EQ(consume(2U), 2U);
        EXPECT_EQ(consume(2U), 1U);
    };
    check([&](std::size_t most) { return rx.consume(visit, most); });
    check([&](std::size_t most) { return rx.consume_some(visit, most); });
    check([&](std::size_t most) { return rx.consume_some_for(visit, 1h, most); });
    check([&](std::size_t most) { return rx.consume_some_until(visit, weir::forever, most); });
    check([&](std::size_t most) { return rx.consume_some_unless(visit, never, weir::forever, most); });
}

TEST(forms_of_handles, pass_on_how_long_to_wait) {
    auto [tx, rx] = weir::channel<weir::mpmc_ring<int>>(2);
    const auto soon = [] { return std::chrono::steady_clock::now() + 1ms; };
    const auto never = [] { return false; };
    const auto visit = [](int&) noexcept {};
    std::array<int, 2> out{1, 2};
    EXPECT_EQ(rx.pop_for(out[0], 1ms), status::timeout);
    EXPECT_EQ(rx.pop_until(out[0], soon()), status::timeout);
    EXPECT_EQ(rx.pop_unless(out[0], never, soon()), status::timeout);
    EXPECT_EQ(rx.pop_for(1ms), std::nullopt);
    EXPECT_EQ(rx.pop_until(soon()), std::nullopt);
    EXPECT_EQ(rx.pop_n_unless(out, never, soon()), 0U);
    EXPECT_EQ(rx.consume_one_for(visit, 1ms), status::timeout);
    EXPECT_EQ(rx.consume_one_until(visit, soon()), status::timeout);
    EXPECT_EQ(rx.consume_one_unless(visit, never, soon()), status::timeout);
    EXPECT_EQ(rx.consume_some_for(visit, 1ms), 0U);
    EXPECT_EQ(rx.consume_some_until(visit, soon()), 0U);
    EXPECT_EQ(rx.consume_some_unless(visit, never, soon()), 0U);
    EXPECT_EQ(rx.wait_for_items_for(2, 1ms), status::timeout);
    EXPECT_EQ(rx.wait_for_items_until(2, soon()), status::timeout);
    EXPECT_EQ(rx.wait_for_items_unless(2, never, soon()), status::timeout);

    const int three = 3;
    EXPECT_EQ(tx.push_n(out), 2U);
    EXPECT_EQ(rx.wait_for_items(2), status::success);
    EXPECT_EQ(tx.push_for(three, 1ms), status::timeout);
    EXPECT_EQ(tx.push_for(3, 1ms), status::timeout);
    EXPECT_EQ(tx.push_until(three, soon()), status::timeout);
    EXPECT_EQ(tx.push_until(3, soon()), status::timeout);
    EXPECT_EQ(tx.push_unless(3, never, soon()), status::timeout);
    EXPECT_EQ(tx.push_n_unless(out, never, soon()), 0U);
    EXPECT_EQ(tx.wait_for_slots_for(1, 1ms), status::timeout);
    EXPECT_EQ(tx.wait_for_slots_until(1, soon()), status::timeout);
    EXPECT_EQ(tx.wait_for_slots_unless(1, never, soon()), status::timeout);
    EXPECT_EQ(rx.pop_n(out), 2U);
    EXPECT_EQ(tx.wait_for_slots(2), status::success);
}

}  // namespace
