// SPDX-License-Identifier: MIT
//
// A push that takes the oldest item out of a full ring: what it hands back, and that nothing is lost or doubled.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir_test::counted;

template <class Ring>
std::vector<int> all_of(Ring& ring) {
    std::vector<int> items;
    while (auto item = ring.try_pop()) items.push_back(*item);
    return items;
}

TEST(force_push, takes_nothing_out_while_there_is_room) {
    weir::mpmc_ring<int> ring(3);
    for (int i = 1; i <= 3; ++i) {
        const auto done = ring.try_force_push(i);
        EXPECT_EQ(done.answer, status::success);
        EXPECT_FALSE(done.oldest);
    }
    EXPECT_EQ(all_of(ring), (std::vector{1, 2, 3}));
}

TEST(force_push, hands_the_oldest_item_back_when_the_ring_is_full) {
    for (const std::size_t capacity : {1U, 2U, 3U, 4U, 5U}) {
        for (const std::uint64_t start : {std::uint64_t{0}, ~std::uint64_t{0} - 3}) {
            weir::mpmc_ring<int> ring(capacity, weir::start_at{start});
            const int count = static_cast<int>(capacity);
            for (int i = 0; i < count; ++i) ASSERT_TRUE(ring.try_push(i));
            for (int i = count; i < 5 * count; ++i) {
                const auto done = ring.try_force_push(i);
                ASSERT_TRUE(done);
                ASSERT_EQ(done.oldest, i - count);
                ASSERT_EQ(ring.size_approx(), capacity);
            }
            int displaced = -1;
            ASSERT_TRUE(ring.force_push(5 * count, [&](int old) { displaced = old; }));
            EXPECT_EQ(displaced, 4 * count);
            std::vector<int> newest;
            for (int i = 4 * count + 1; i <= 5 * count; ++i) newest.push_back(i);
            EXPECT_EQ(all_of(ring), newest);
        }
    }
}

TEST(force_push, says_closed_and_leaves_its_argument_and_the_ring_alone) {
    weir::mpmc_ring<std::unique_ptr<int>> ring(1);
    ASSERT_TRUE(ring.try_push(std::make_unique<int>(1)));
    ring.close();
    auto item = std::make_unique<int>(2);
    const auto done = ring.try_force_push(std::move(item));
    EXPECT_EQ(done.answer, status::closed);
    EXPECT_FALSE(done.oldest);
    EXPECT_EQ(ring.force_push(std::move(item), [](std::unique_ptr<int>) { FAIL(); }), status::closed);
    ASSERT_NE(item, nullptr);
    EXPECT_EQ(*item, 2);
    EXPECT_EQ(**ring.try_pop(), 1) << "what was accepted is still popped";
}

TEST(force_push, destroys_each_item_once) {
    {
        weir::mpmc_ring<counted> ring(2);
        for (int i = 0; i < 10; ++i) {
            auto done = ring.try_force_push(counted(i));
            ASSERT_TRUE(done);
            if (i >= 2) {
                ASSERT_TRUE(done.oldest);
                EXPECT_EQ(done.oldest->read(), i - 2);
            }
        }
        EXPECT_EQ(counted::alive, 2);
    }
    EXPECT_EQ(counted::alive, 0);
    EXPECT_EQ(counted::misuses, 0);
}

// A consumer in the middle of the slot that a push needs next.
TEST(force_push, says_busy_and_changes_nothing_while_a_peer_is_in_the_middle_of_the_slot) {
    weir::mpmc_ring<int> ring(2);
    ASSERT_TRUE(ring.try_push(1));
    ASSERT_TRUE(ring.try_push(2));
    (void)ring.try_consume_one([&](int& item) noexcept {
        EXPECT_EQ(item, 1);
        const auto done = ring.try_force_push(3);
        EXPECT_EQ(done.answer, status::busy);
        EXPECT_FALSE(done.oldest) << "it is not full, so nothing is taken out";
    });
    EXPECT_TRUE(ring.try_force_push(3));
    EXPECT_EQ(all_of(ring), (std::vector{2, 3}));
}

TEST(force_push, waits_for_a_peer_in_the_middle_of_the_slot) {
    weir::mpmc_ring<int> ring(2);
    ASSERT_TRUE(ring.try_push(1));
    ASSERT_TRUE(ring.try_push(2));
    std::atomic<bool> is_pushed = false;
    std::thread producer;
    (void)ring.try_consume_one([&](int&) noexcept {
        producer = std::thread([&] {
            EXPECT_TRUE(ring.force_push(3, [](int) { ADD_FAILURE() << "there was room"; }));
            is_pushed = true;
        });
        std::this_thread::sleep_for(20ms);
        EXPECT_FALSE(is_pushed);
    });
    producer.join();
    EXPECT_EQ(all_of(ring), (std::vector{2, 3}));
}

TEST(force_push, wakes_a_consumer_that_waits) {
    weir::mpmc_ring<int> ring(2);
    std::thread consumer([&] { EXPECT_EQ(ring.pop(), 7); });
    std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(ring.try_force_push(7));
    consumer.join();
}

TEST(force_push, counts_what_it_takes_out_as_taken) {
    weir::mpmc_ring<int, weir::wait::park, weir::stats::on> ring(2);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(ring.try_force_push(i));
    EXPECT_EQ(ring.snapshot().producer.pushed, 5U);
    EXPECT_EQ(ring.snapshot().consumer.popped, 3U);
    EXPECT_EQ(ring.size_approx(), 2U);
}

/// Calls `during` once when it is moved.
struct meddled {
    explicit meddled(int v) noexcept : value(v) {}
    meddled(meddled&& other) noexcept : value(std::exchange(other.value, -1)) {
        if (during) std::exchange(during, nullptr)();
    }
    int value;
    static inline std::function<void()> during;
};

// Another producer uses the room at once: it pushes while the oldest item moves out.
TEST(force_push, hands_each_item_back_once_when_others_use_the_room) {
    weir::mpmc_ring<meddled> ring(3);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ring.try_push(meddled(i)));
    meddled mine(3);
    meddled::during = [&] { EXPECT_TRUE(ring.try_push(meddled(8))); };
    const auto done = ring.try_force_push(std::move(mine));
    EXPECT_EQ(done.answer, status::full);
    EXPECT_EQ(mine.value, 3) << "untouched";
    ASSERT_TRUE(done.oldest);
    EXPECT_EQ(done.oldest->value, 0);

    std::vector<int> displaced;
    meddled::during = [&] { EXPECT_TRUE(ring.try_push(meddled(9))); };
    EXPECT_TRUE(ring.force_push(std::move(mine), [&](meddled&& old) { displaced.push_back(old.value); }));
    EXPECT_EQ(displaced, (std::vector{1, 2}));
    for (const int left : {8, 9, 3}) {
        const auto item = ring.try_pop();
        ASSERT_TRUE(item);
        EXPECT_EQ(item->value, left);
    }
    EXPECT_FALSE(ring.try_pop());
}

// Every item of every producer is delivered, handed back or refused, exactly once, whatever the others do.
void every_item_goes_one_way(std::size_t capacity, int producers, int consumers, bool closes) {
    constexpr int items = 20'000;
    weir::mpmc_ring<int> ring(capacity);
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(producers * items));
    const auto saw = [&](int item) { seen[static_cast<std::size_t>(item)].fetch_add(1, std::memory_order_relaxed); };

    std::vector<std::thread> threads;
    for (int c = 0; c < consumers; ++c) {
        threads.emplace_back([&] {
            while (auto item = ring.pop()) saw(*item);
        });
    }
    std::vector<std::thread> pushing;
    for (int p = 0; p < producers; ++p) {
        pushing.emplace_back([&, p] {
            for (int i = p * items; i < (p + 1) * items; ++i) {
                if (i % 3 == 0) {
                    if (!ring.force_push(i, saw)) saw(i);  // refused
                    continue;
                }
                for (;;) {
                    const auto done = ring.try_force_push(i);
                    if (done.oldest) saw(*done.oldest);
                    if (done.answer == status::success) break;
                    if (done.answer == status::closed) {
                        saw(i);
                        break;
                    }
                    EXPECT_TRUE(producers > 1 || done.answer == status::busy) << "full is said only if others push";
                }
                if (closes && i == p * items + items / 2) ring.close();
            }
        });
    }
    for (std::thread& t : pushing) t.join();
    ring.close();
    for (std::thread& t : threads) t.join();
    while (auto item = ring.try_pop()) saw(*item);
    int wrong = 0;
    for (const auto& times : seen) wrong += times != 1 ? 1 : 0;
    EXPECT_EQ(wrong, 0) << "capacity " << capacity << ", " << producers << " producers, " << consumers << " consumers";
}

TEST(force_push, loses_and_doubles_nothing_among_threads) {
    for (const std::size_t capacity : {1U, 2U, 3U, 8U, 100U}) {
        every_item_goes_one_way(capacity, 1, 1, false);
        every_item_goes_one_way(capacity, 2, 0, false);
        every_item_goes_one_way(capacity, 2, 2, false);
    }
}

TEST(force_push, loses_and_doubles_nothing_when_the_ring_is_closed_meanwhile) {
    for (const std::size_t capacity : {1U, 3U, 4U}) every_item_goes_one_way(capacity, 2, 1, true);
}

// What is queued is never more than the capacity, and an item is taken out only of a full ring: with one producer, and
// nobody who pops, exactly as many as were pushed beyond it.
TEST(force_push, by_one_producer_displaces_one_item_at_most) {
    weir::mpmc_ring<int> ring(3);
    for (int i = 0; i < 100; ++i) {
        int displaced = 0;
        EXPECT_TRUE(ring.force_push(i, [&](int) { ++displaced; }));
        EXPECT_EQ(displaced, i < 3 ? 0 : 1);
    }
}

}  // namespace
