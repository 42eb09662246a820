// SPDX-License-Identifier: MIT
//
// A thread that was woken, or that holds what others wait for, and leaves by an exception: the others are woken all the same.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "test/support/eventually.hpp"
#include "test/support/wait_support.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;

/// Counts the threads that reach it, and holds them until the test opens it.
struct barrier {
    std::atomic<int> arrived{0};
    std::atomic<bool> open{false};
    void pass() noexcept {
        ++arrived;
        while (!open) std::this_thread::sleep_for(100us);
    }
};

/// Made of a barrier, it waits there, and then cannot be made.
struct unmakeable {
    explicit unmakeable(int given) noexcept : value(given) {}
    explicit unmakeable(barrier* at) {
        at->pass();
        throw std::runtime_error("cannot be made");
    }
    int value;
};

// With max_threads<1> two producers hold all places while they make their elements, and a third push answers `busy`.
TEST(thrown, elements_that_cannot_be_made_wake_a_producer_that_waits_for_their_places) {
    weir::strict_mpmc_ring<unmakeable, weir::max_threads<1>> ring(1);
    barrier making;
    const auto fail_to_make = [&] { EXPECT_THROW((void)ring.try_emplace(&making), std::runtime_error); };
    std::thread one(fail_to_make), other(fail_to_make);
    ASSERT_TRUE(weir_test::eventually([&] { return making.arrived == 2; }));
    std::atomic<bool> pushed{false};
    std::thread waiting([&] { pushed = ring.push_for(unmakeable(7), 1min) == status::success; });
    std::this_thread::sleep_for(20ms);
    making.open = true;
    one.join();
    other.join();
    EXPECT_TRUE(weir_test::eventually([&] { return pushed.load(); }));
    ring.close();
    waiting.join();
}

/// Made of a barrier, it waits there.
struct slow {
    explicit slow(int given) noexcept : value(given) {}
    explicit slow(barrier* at) noexcept : value(1) { at->pass(); }
    int value;
};

// The second item is pushed while the first is still being made: the consumer that it wakes finds `busy` and sleeps again. When
// the first is there, one consumer is woken, and must wake the other one even if its visit throws.
TEST(thrown, visits_pass_the_wake_up_on) {
    weir::mpmc_ring<slow> ring(8);
    std::atomic<int> threw{0}, visited{0};
    const auto consume = [&] {
        try {
            (void)ring.consume_some_for(
                [&](slow&) {
                    if (threw++ == 0) throw std::runtime_error("in a visit");
                    ++visited;
                },
                1min, 1);
        } catch (const std::runtime_error&) {
        }
    };
    std::thread one(consume), other(consume);
    std::this_thread::sleep_for(20ms);
    barrier making;
    std::thread producer([&] { EXPECT_TRUE(ring.try_emplace(&making)); });
    ASSERT_TRUE(weir_test::eventually([&] { return making.arrived == 1; }));
    EXPECT_TRUE(ring.try_push(slow(2)));
    std::this_thread::sleep_for(20ms);
    making.open = true;
    producer.join();
    EXPECT_TRUE(weir_test::eventually([&] { return visited == 1; })) << "the second item, by the other consumer";
    ring.close();
    one.join();
    other.join();
}

template <class Ring>
class hurried : public testing::Test {};
using pulled = testing::Types<weir::pull::mpmc_ring<int>, weir::pull::strict_mpmc_ring<int>>;
TYPED_TEST_SUITE(hurried, pulled);

TYPED_TEST(hurried, requests_are_granted_at_once_while_a_consumer_waits_for_several_items) {
    TypeParam ring(8, weir::pull::grant_every{4});
    ring.request(3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ring.try_push(i));
    EXPECT_EQ(ring.try_pop(), 0);
    std::thread consumer([&] { EXPECT_EQ(ring.wait_for_items_for(3, 1min), status::success); });
    std::this_thread::sleep_for(20ms);
    ring.request(1);  // another consumer's
    EXPECT_EQ(ring.push_for(9, 30s), status::success);
    consumer.join();
    EXPECT_EQ(ring.try_push(10), status::no_credit);
    ring.request(1);
    EXPECT_EQ(ring.try_push(10), status::no_credit) << "held back again, since items are known";
}

TEST(waiting_batches, count_as_full_and_as_empty_and_their_time_is_measured) {
    weir::spsc_ring<int, weir::stats::on> ring(4);
    std::vector<int> many(12);
    std::thread consumer([&] {
        for (std::size_t i = 0; i < many.size(); ++i) {
            std::this_thread::sleep_for(1ms);
            (void)ring.pop();  // waits where the machine is busy
        }
    });
    EXPECT_EQ(ring.push_n(many), many.size());
    consumer.join();
    EXPECT_EQ(ring.snapshot().producer.full, 1U) << "one call";
    EXPECT_GE(ring.snapshot().producer.full_ns, 5'000'000U) << "eight waits of a millisecond";

    weir::spsc_ring<int, weir::stats::on> slow_ring(4);
    std::thread producer([&] {
        for (std::size_t i = 0; i < many.size(); ++i) {
            (void)slow_ring.push(1);
            std::this_thread::sleep_for(1ms);
        }
    });
    EXPECT_EQ(slow_ring.pop_n(many), many.size());
    producer.join();
    EXPECT_EQ(slow_ring.snapshot().consumer.empty, 1U);
    EXPECT_GE(slow_ring.snapshot().consumer.empty_ns, 5'000'000U);
}

/// Counts how often it is copied.
struct counting {
    explicit counting(int& copies) : copied(&copies) {}
    counting(const counting& from) : copied(from.copied) { ++*copied; }
    counting(counting&&) noexcept = default;
    void operator()(int&) const noexcept {}
    bool operator()() const noexcept { return true; }
    int* copied;
};

TEST(visitors, are_not_copied_for_each_attempt) {
    int copies = 0;
    const counting visit(copies);
    weir::mpmc_ring<int, weir::wait::spin> ring(4);
    EXPECT_EQ(ring.consume_one_for(visit, 1ms), status::timeout);
    EXPECT_LE(copies, 1) << "into the parameter";
    copies = 0;
    EXPECT_EQ(ring.consume_some_for(visit, 1ms), 0U);
    EXPECT_EQ(ring.try_consume_one(visit), status::empty);
    EXPECT_LE(copies, 1);
}

}  // namespace
