// SPDX-License-Identifier: MIT
//
// A slot of an overflow_ring that a peer is in the middle of. As in busy_test.cpp, the peer is this very thread, in
// code of the user that runs while the slot is held.
#include <gtest/gtest.h>

#include <concepts>
#include <cstddef>
#include <functional>
#include <utility>

#include "weir/overflow.hpp"

namespace {

using weir::status;
namespace overflow = weir::overflow;

/// Calls `during` once when it is moved into a ring.
struct moved_item {
    explicit moved_item(int v) noexcept : value(v) {}
    moved_item(moved_item&& other) noexcept : value(other.value) {
        if (during) std::exchange(during, nullptr)();
    }
    moved_item& operator=(moved_item&&) noexcept = default;
    int value;
    static inline std::function<void()> during;
};
struct class_of {
    std::size_t operator()(const moved_item& i) const noexcept { return static_cast<std::size_t>(i.value); }
};

template <class Policy>
class busy_overflow : public testing::Test {
public:
    using ring_type = weir::overflow_ring<moved_item, Policy, overflow::one_producer>;
};
using policies = testing::Types<overflow::shed_lowest<3, class_of>, overflow::drop_oldest>;
TYPED_TEST_SUITE(busy_overflow, policies);

TYPED_TEST(busy_overflow, is_said_of_an_item_that_is_being_pushed_before_and_after_the_close) {
    for (const int its : {0, 1, 2}) {
        typename TestFixture::ring_type ring(2);
        moved_item out(9);
        moved_item::during = [&] {
            EXPECT_EQ(ring.try_pop(out), status::busy);
            EXPECT_FALSE(ring.try_pop());
            EXPECT_EQ(ring.pop_until(out, {}), status::timeout);
            ring.close();
            EXPECT_EQ(ring.try_pop(out), status::busy) << "it was accepted before the close";
            EXPECT_EQ(ring.pop_until(out, {}), status::timeout);
        };
        EXPECT_EQ(ring.push(moved_item(its)), status::success);
        EXPECT_FALSE(moved_item::during);
        EXPECT_EQ(ring.try_pop(out), status::success);
        EXPECT_EQ(out.value, its);
        EXPECT_EQ(ring.try_pop(out), status::closed);
    }
}

// A class whose item is on its way keeps nobody from the items of the others.
TEST(busy_overflow, an_item_of_another_class_is_popped_meanwhile) {
    weir::overflow_ring<moved_item, overflow::shed_lowest<3, class_of>> ring(3);
    ASSERT_TRUE(ring.push(moved_item(0)));
    moved_item out(9);
    moved_item::during = [&] {
        EXPECT_EQ(ring.try_pop(out), status::success);
        EXPECT_EQ(out.value, 0);
        EXPECT_EQ(ring.try_pop(out), status::busy);
    };
    EXPECT_TRUE(ring.push(moved_item(2)));
    EXPECT_FALSE(moved_item::during);
    EXPECT_EQ(ring.try_pop(out), status::success);
    EXPECT_EQ(ring.try_pop(out), status::empty);
}

/// Calls `during` once when it is moved out of a ring.
struct popped_item {
    explicit popped_item(int v) noexcept : value(v) {}
    popped_item(popped_item&&) noexcept = default;
    popped_item& operator=(popped_item&& other) noexcept {
        value = other.value;
        if (during) std::exchange(during, nullptr)();
        return *this;
    }
    int value;
    static inline std::function<void()> during;
};

/// Fills a ring of 2, pushes once more while the first item is being popped, and returns what the push was told and the
/// account after that.
template <class Policy, class Producers>
std::pair<status, overflow::ledger> push_amid_a_pop(Policy policy = {}) {
    weir::overflow_ring<popped_item, Policy, Producers> ring(2, policy);
    EXPECT_TRUE(ring.push(popped_item(1)) && ring.push(popped_item(2)));
    status answer = status::timeout;
    popped_item out(0);
    popped_item::during = [&] {
        if constexpr (std::same_as<Policy, overflow::block>) {
            answer = ring.push_until(popped_item(3), {});
        } else {
            answer = ring.push(popped_item(3));
        }
    };
    EXPECT_EQ(ring.try_pop(out), status::success);
    EXPECT_EQ(out.value, 1);
    EXPECT_EQ(ring.try_pop(out), status::success);
    EXPECT_EQ(out.value, 2);
    const overflow::ledger account = ring.account();
    EXPECT_EQ(account.offered, 3U);
    EXPECT_EQ(account.delivered, 2U);
    EXPECT_EQ(account.queued, 0U);
    EXPECT_EQ(account.refused + account.lost(), 1U);
    return {answer, account};
}

TEST(busy_overflow, a_push_at_the_slot_of_a_pop_loses_its_own_item_or_is_refused_or_waits) {
    using many = overflow::many_producers;
    const auto [of_reject, rejected] = push_amid_a_pop<overflow::reject, many>();
    EXPECT_EQ(of_reject, status::busy);
    EXPECT_EQ(rejected.refused, 1U);
    const auto [of_block, blocked] = push_amid_a_pop<overflow::block, many>();
    EXPECT_EQ(of_block, status::timeout);
    EXPECT_EQ(blocked.refused, 1U);
    for (const auto& [answer, account] :
         {push_amid_a_pop<overflow::drop_oldest, overflow::one_producer>(),
          push_amid_a_pop<overflow::drop_oldest, many>(), push_amid_a_pop<overflow::drop_newest, many>(),
          push_amid_a_pop<overflow::sample, many>({.keep_one_in = 1})}) {
        EXPECT_EQ(answer, status::success);
        EXPECT_EQ(account.lost_newest, 1U);
    }
}

}  // namespace
