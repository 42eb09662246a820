// SPDX-License-Identifier: MIT
//
// A push that waits makes its item from a value of another type once, however often it is tried: the value may be used up by that.
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "weir/broadcast_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;
using item = std::shared_ptr<const int>;

/// The ring is full. `make_room()` is called while the push waits, where it asks whether it is to stop.
template <class Ring, class MakeRoom>
void push_while_full(Ring& ring, MakeRoom make_room) {
    auto value = std::make_shared<int>(7);  // no item: it becomes one
    int asked = 0;
    const auto stop = [&] {
        if (asked++ == 0) make_room();
        return false;
    };
    EXPECT_EQ(ring.push_unless(std::move(value), stop), status::success);
}

TEST(made_once, an_item_of_a_broadcast_ring) {
    const auto check = [](auto&& ring) {
        auto reader = ring.join();
        ASSERT_EQ(ring.try_push(std::make_shared<const int>(1)), status::success);
        push_while_full(ring, [&] { EXPECT_EQ(**reader.try_pop(), 1); });
        const auto got = reader.try_pop();
        ASSERT_TRUE(got.has_value());
        ASSERT_NE(*got, nullptr) << "the value was used up by the refused attempt";
        EXPECT_EQ(**got, 7);
    };
    check(weir::broadcast_ring<item>(1));
    check(weir::broadcast_ring<item, weir::many_producers>(1));
}

TEST(made_once, an_item_of_another_ring) {
    const auto check = [](auto&& ring) {
        while (ring.try_push(std::make_shared<const int>(1)) == status::success) continue;
        push_while_full(ring, [&] { EXPECT_EQ(**ring.try_pop(), 1); });
        item last;
        while (auto got = ring.try_pop()) last = *got;
        ASSERT_NE(last, nullptr) << "the value was used up by the refused attempt";
        EXPECT_EQ(*last, 7);
    };
    check(weir::spsc_ring<item>(2));
    check(weir::mpmc_ring<item>(2));
    check(weir::strict_mpmc_ring<item>(2));
    check(weir::overflow_ring<item, weir::overflow::block>(2));
}

}  // namespace
