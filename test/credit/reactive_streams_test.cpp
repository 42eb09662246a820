// SPDX-License-Identifier: MIT
//
// A ring with credit on request as a subscription of Reactive Streams 1.0.4
// (github.com/reactive-streams/reactive-streams-jvm), rule by rule, by the specification's numbers. The publisher is
// the ring's producer, the subscriber its consumer:
//
//     request(n)    request(n)            onNext        an item that is popped
//     cancel()      close() by the consumer    onComplete    `closed`, after close() by the producer
//     onError       the same, and why is written before the close
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>

#include "test/support/wait_support.hpp"
#include "weir/pull.hpp"

namespace {

using weir::status;
using word = std::uint64_t;
using kinds =
    testing::Types<weir::pull::spsc_ring<word>, weir::pull::mpmc_ring<word>, weir::pull::strict_mpmc_ring<word>>;

struct kind_names {
    template <class Ring>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Ring, weir::pull::spsc_ring<word>>) return "spsc";
        if constexpr (std::is_same_v<Ring, weir::pull::mpmc_ring<word>>) return "mpmc";
        return "strict";
    }
};

template <class Ring>
class reactive_streams : public testing::Test {
protected:
    static std::size_t publish(Ring& ring, std::size_t most) {
        std::size_t published = 0;
        while (published < most && ring.try_push(published)) ++published;
        return published;
    }
};
TYPED_TEST_SUITE(reactive_streams, kinds, kind_names);

// 1.1: at no time has a subscriber been sent more items than it has requested in all. A ring: a push needs credit, and
// only request() makes any, so a publisher that pushes as hard as it can is held to it.
TYPED_TEST(reactive_streams, rule_1_1_never_more_items_than_were_requested) {
    TypeParam ring(64);
    const word total = weir_test::rounds(50'000);
    std::thread publisher([&] {
        word next = 0;
        for (status answer = status::success; answer != status::closed;) {
            answer = ring.try_push(next);
            if (answer == status::success) {
                ++next;
            } else {
                std::this_thread::yield();
            }
        }
    });
    weir_test::numbers numbers(11);
    word requested = 0;
    word received = 0;
    while (received < total) {
        if (received == requested || numbers.below(4) == 0) {
            const word n = 1 + numbers.below(10);
            requested += n;
            ring.request(n);
        }
        received += ring.consume([&](word) noexcept {}, 1 + numbers.below(5));
        ASSERT_LE(received + ring.size_approx(), requested);
    }
    ring.close();
    publisher.join();
}

// 1.7: after the terminal signal there is no other. A ring: who has been told `closed` is told nothing else any more,
// whatever the publisher still tries.
TYPED_TEST(reactive_streams, rule_1_7_nothing_follows_the_terminal_signal) {
    TypeParam ring(8);
    ring.request(8);
    ASSERT_EQ(this->publish(ring, 2), 2u);
    ring.close();
    word out = 0;
    ASSERT_EQ(ring.pop(out), status::success);
    ASSERT_EQ(ring.pop(out), status::success);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(ring.pop(out), status::closed);
        EXPECT_EQ(ring.try_push(1), status::closed);
        ring.request(1);
        EXPECT_EQ(ring.push(1), status::closed);
    }
}

// 2.8: a subscriber that has cancelled must be ready for items that were on their way. A ring: what was accepted before
// the close is still there to be popped, and only that.
TYPED_TEST(reactive_streams, rule_2_8_items_on_their_way_may_arrive_after_the_cancel) {
    TypeParam ring(8);
    ring.request(5);
    ASSERT_EQ(this->publish(ring, 3), 3u);
    ring.close();
    EXPECT_EQ(this->publish(ring, 2), 0u);
    for (word i = 0; i < 3; ++i) EXPECT_EQ(ring.pop(), std::optional<word>(i));
    EXPECT_EQ(ring.pop(), std::nullopt);
}

// 2.9: completion may come with or without a request before it. A ring: close() needs no credit, and wakes who waits.
TYPED_TEST(reactive_streams, rule_2_9_completion_needs_no_request) {
    for (const bool requests : {false, true}) {
        TypeParam ring(8);
        std::thread publisher([&] { ring.close(); });
        if (requests) ring.request(3);
        word out = 0;
        EXPECT_EQ(ring.pop(out), status::closed);
        publisher.join();
    }
}

// 2.10: the same for a failure. A ring knows no errors: the publisher says why elsewhere before it closes, and who is
// told that the ring is closed sees what was written before.
TYPED_TEST(reactive_streams, rule_2_10_failure_needs_no_request) {
    for (const bool requests : {false, true}) {
        TypeParam ring(8);
        std::string why;
        std::thread publisher([&] {
            why = "the feed is gone";
            ring.close();
        });
        if (requests) ring.request(3);
        word out = 0;
        EXPECT_EQ(ring.pop(out), status::closed);
        EXPECT_EQ(why, "the feed is gone");
        publisher.join();
    }
}

// 3.3: how deep request() and the arrival of items may call each other is bounded. A ring: request() only counts. It
// calls no publisher, so that a subscriber that requests while it is given an item is not given another one inside.
TYPED_TEST(reactive_streams, rule_3_3_a_request_delivers_nothing_by_itself) {
    TypeParam ring(4);
    ring.request(1);
    int depth = 0;
    int deepest = 0;
    int received = 0;
    for (int turn = 0; turn < 1000; ++turn) {
        (void)this->publish(ring, 4);
        received += static_cast<int>(ring.consume([&](word) {
            deepest = std::max(deepest, ++depth);
            ring.request(1 + static_cast<word>(turn) % 2);
            --depth;
        }));
    }
    EXPECT_EQ(deepest, 1);
    EXPECT_GE(received, 1000);
}

// 3.5: cancel returns soon, may be repeated, and may come from any thread. A ring: close() waits for nobody.
TYPED_TEST(reactive_streams, rule_3_5_cancel_is_prompt_idempotent_and_for_any_thread) {
    for (int round = 0; round < 20; ++round) {
        TypeParam ring(4);
        ring.request(2);
        std::thread publisher([&] {
            while (ring.push(1) == status::success) {
            }
        });
        std::array<std::thread, 3> cancels;
        for (auto& thread : cancels) thread = std::thread([&] { ring.close(); });
        for (auto& thread : cancels) thread.join();
        ring.close();
        EXPECT_TRUE(ring.is_closed());
        publisher.join();
    }
}

// 3.6: after the cancel a request does nothing. A ring: it grants no credit, to nobody.
TYPED_TEST(reactive_streams, rule_3_6_a_request_after_the_cancel_does_nothing) {
    TypeParam ring(4);
    ring.close();
    for (const word n : {word{1}, word{100}, weir::pull::unbounded}) {
        ring.request(n);
        EXPECT_EQ(ring.credits(), 0u);
        EXPECT_EQ(ring.try_push(1), status::closed);
    }
}

// 3.7: after the cancel another cancel does nothing. A ring: closed once is closed, with what was left to pop.
TYPED_TEST(reactive_streams, rule_3_7_a_second_cancel_does_nothing) {
    TypeParam ring(4);
    ring.request(2);
    ASSERT_EQ(this->publish(ring, 2), 2u);
    ring.close();
    EXPECT_EQ(ring.pop(), std::optional<word>(0));
    ring.close();
    EXPECT_EQ(ring.pop(), std::optional<word>(1)) << "what was accepted is not taken back";
    EXPECT_EQ(ring.pop(), std::nullopt);
}

// 3.8: each request adds its number to what may be sent. A ring: demands add up, also what has no room yet.
TYPED_TEST(reactive_streams, rule_3_8_requests_add_up) {
    TypeParam ring(4);
    ring.request(1);
    ring.request(2);
    ring.request(7);
    std::size_t received = 0;
    for (int turn = 0; turn < 10; ++turn) {
        (void)this->publish(ring, 100);
        received += ring.consume([](word) noexcept {});
    }
    EXPECT_EQ(received, 10u);
}

// 3.9: to request nothing is an error of the caller's. A ring: an exception with a sentence. Its number has no sign, so
// that there is nothing less than that.
TYPED_TEST(reactive_streams, rule_3_9_to_request_nothing_is_an_error) {
#if defined(__cpp_exceptions)
    TypeParam ring(4);
    EXPECT_THROW(ring.request(0), std::invalid_argument);
    EXPECT_EQ(ring.credits(), 0u);
    ring.request(1);
    EXPECT_EQ(this->publish(ring, 2), 1u) << "and does not end the subscription";
#endif
}

// 3.12: cancel makes the publisher stop in the end. A ring: a push says `closed` at the latest when its credit is used
// up, also to a publisher that waits for credit.
TYPED_TEST(reactive_streams, rule_3_12_cancel_stops_the_publisher) {
    TypeParam ring(4);
    ring.request(3);
    std::atomic<word> accepted{0};
    std::thread publisher([&] {
        while (ring.push(1) == status::success) ++accepted;
    });
    while (accepted < 3) std::this_thread::yield();
    ring.close();
    publisher.join();
    EXPECT_EQ(accepted, 3u);
}

// 3.17: any number of requests, and a demand of up to 2^63 - 1, which may count as without end. A ring: demands add up
// to pull::unbounded and stay there, and the capacity still bounds what is inside.
TYPED_TEST(reactive_streams, rule_3_17_demand_has_no_bound_of_its_own) {
    constexpr word java_unbounded = (word{1} << 63) - 1;
    for (const int requests : {1, 2, 3, 100}) {
        TypeParam ring(4);
        for (int i = 0; i < requests; ++i) ring.request(java_unbounded);
        for (int turn = 0; turn < 100; ++turn) {
            ASSERT_EQ(this->publish(ring, 100), 4u);
            ASSERT_EQ(ring.consume([](word) noexcept {}), 4u);
        }
    }
    TypeParam ring(4);
    for (int i = 0; i < 100'000; ++i) ring.request(1);
    word received = 0;
    for (std::size_t n = 1; n > 0; received += n) {
        (void)this->publish(ring, 100);
        n = ring.consume([](word) noexcept {});
    }
    EXPECT_EQ(received, 100'000u);
}

}  // namespace
