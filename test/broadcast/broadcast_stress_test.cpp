// SPDX-License-Identifier: MIT
//
// Readers that race with the producer of a broadcast ring: gated, lossy, after others, coming and going.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/broadcast_ring.hpp"

namespace {

using weir::reader_mode;
using weir::status;

std::uint64_t rounds() { return weir_test::rounds(200'000); }

/// All words are the item's number: parts of two items would show.
using wide = std::array<std::uint64_t, 5>;
wide item(std::uint64_t n) {
    wide all;
    all.fill(n);
    return all;
}
bool is_whole(const wide& got) {
    for (const std::uint64_t word : got) {
        if (word != got[0]) return false;
    }
    return true;
}

template <class Reader>
void read_all(Reader reader, std::uint64_t expected) {
    std::uint64_t next = 0;
    while (const auto got = reader.pop()) {
        ASSERT_TRUE(is_whole(*got));
        ASSERT_EQ((*got)[0], next);
        ++next;
    }
    EXPECT_EQ(next, expected);
    EXPECT_EQ(reader.missed(), 0U);
}

TEST(broadcast_stress, gated_readers_and_one_after_them_see_everything) {
    weir::broadcast_ring<wide> ring(64, weir::start_at{~std::uint64_t{0} - 1000});
    const std::uint64_t count = rounds() / 4;
    std::atomic<std::uint64_t> done_by_a{0};
    auto a = ring.join(), b = ring.join();
    auto c = ring.join({.after = {&a}});
    std::thread first([&, a = std::move(a)]() mutable {
        while (const auto got = a.pop()) done_by_a.store((*got)[0] + 1, std::memory_order_relaxed);
    });
    std::thread second([&, b = std::move(b)]() mutable { read_all(std::move(b), count); });
    std::thread third([&, c = std::move(c)]() mutable {
        std::uint64_t next = 0;
        while (const auto got = c.pop()) {
            ASSERT_EQ((*got)[0], next++);
            ASSERT_GE(done_by_a.load(std::memory_order_relaxed) + 1, next)
                << "the one before has begun with it at least";
        }
        EXPECT_EQ(next, count);
    });
    for (std::uint64_t n = 0; n < count; ++n) ASSERT_EQ(ring.push(item(n)), status::success);
    ring.close();
    first.join();
    second.join();
    third.join();
}

TEST(broadcast_stress, a_lossy_reader_gets_whole_items_and_an_exact_count) {
    for (const std::size_t capacity : {1U, 3U, 64U}) {
        weir::broadcast_ring<wide> ring(capacity);
        auto reader = ring.join({.mode = reader_mode::lossy});
        const std::uint64_t count = rounds();
        std::thread reading([&, reader = std::move(reader)]() mutable {
            std::uint64_t received = 0, next = 0;
            while (const auto got = reader.pop()) {
                ASSERT_TRUE(is_whole(*got));
                ASSERT_EQ((*got)[0], next + reader.gap());
                next = (*got)[0] + 1;
                ++received;
            }
            EXPECT_EQ(received + reader.missed(), count);
            EXPECT_EQ(next, count) << "the newest item is never missed";
        });
        for (std::uint64_t n = 0; n < count; ++n) ASSERT_EQ(ring.try_push(item(n)), status::success);
        ring.close();
        reading.join();
    }
}

/// Each item carries its producer, and a count of that one.
TEST(broadcast_stress, many_producers_are_seen_whole_and_each_in_order) {
    static constexpr std::uint64_t producers = 3;
    for (const std::size_t capacity : {2U, 64U}) {
        weir::broadcast_ring<wide, weir::many_producers> ring(capacity, weir::start_at{~std::uint64_t{0} - 1000});
        const std::uint64_t count = rounds() / 8;
        const auto read = [&](auto reader, bool is_lossy) {
            std::array<std::uint64_t, producers> next{};
            std::uint64_t received = 0;
            while (const auto got = reader.pop()) {
                ASSERT_TRUE(is_whole(*got));
                const std::uint64_t from = (*got)[0] % producers, number = (*got)[0] / producers;
                ASSERT_TRUE(is_lossy ? number >= next[from] : number == next[from]);
                next[from] = number + 1;
                ++received;
            }
            EXPECT_EQ(received + reader.missed(), producers * count);
            EXPECT_TRUE(is_lossy || reader.missed() == 0);
        };
        std::thread gated([&, reader = ring.join()]() mutable { read(std::move(reader), false); });
        std::thread lossy(
            [&, reader = ring.join({.mode = reader_mode::lossy})]() mutable { read(std::move(reader), true); });
        std::vector<std::thread> all;
        for (std::uint64_t p = 0; p < producers; ++p) {
            all.emplace_back([&ring, p, count] {
                for (std::uint64_t n = 0; n < count; ++n)
                    ASSERT_EQ(ring.push(item(n * producers + p)), status::success);
            });
        }
        for (std::thread& one : all) one.join();
        ring.close();
        gated.join();
        lossy.join();
    }
}

/// Readers that hold up the producers for too long, again and again.
TEST(broadcast_stress, late_readers_lose_exactly_what_they_say) {
    weir::broadcast_ring<wide> ring(8);
    const std::uint64_t count = rounds() / 20;
    std::thread late([&, reader = ring.join({.limit = {std::chrono::microseconds(50)}})]() mutable {
        std::mt19937_64 random(1);
        std::uint64_t received = 0, next = 0;
        while (const auto got = reader.pop()) {
            ASSERT_TRUE(is_whole(*got));
            ASSERT_EQ((*got)[0], next + reader.gap());
            next = (*got)[0] + 1;
            ++received;
            if (random() % 256 == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        EXPECT_EQ(received + reader.missed(), count);
    });
    for (std::uint64_t n = 0; n < count; ++n) ASSERT_EQ(ring.push(item(n)), status::success);
    ring.close();
    late.join();
}

/// Producers that note the time at once must not take each other's note for one of long ago.
TEST(broadcast_stress, a_limit_of_an_hour_is_not_over_sooner) {
    weir::broadcast_ring<std::uint64_t, weir::many_producers> ring(4);
    auto reader = ring.join({.limit = {std::chrono::hours(1), weir::when_late::ended}});
    std::vector<std::thread> producers;
    for (int i = 0; i < 4; ++i) {
        producers.emplace_back([&ring] {
            for (unsigned refused = 0; !ring.is_closed();) {
                if (!ring.try_push(1) && ++refused % 64 == 0) std::this_thread::yield();  // on one CPU, to the reader
            }
        });
    }
    std::uint64_t seen = 0;
    unsigned vain = 0;
    for (const std::uint64_t wanted = rounds() / 4; seen < wanted && !reader.is_ended();) {
        const std::size_t some = reader.consume([](std::uint64_t) {});
        if (some == 0 && ++vain % 64 == 0) std::this_thread::yield();  // on one CPU, to the producers
        seen += some;
    }
    EXPECT_FALSE(reader.is_ended()) << "after " << seen << " items";
    ring.close();
    for (std::thread& producer : producers) producer.join();
}

TEST(broadcast_stress, readers_come_and_go_all_the_time) {
    weir::broadcast_ring<wide> ring(16);
    std::atomic<bool> is_over{false};
    auto always = ring.join();
    const std::uint64_t count = rounds() / 4;
    std::thread stays([&, always = std::move(always)]() mutable { read_all(std::move(always), count); });
    std::vector<std::thread> guests;
    for (unsigned g = 0; g < 2; ++g) {
        guests.emplace_back([&, g] {
            std::mt19937_64 random(g);
            while (!is_over) {
                const bool is_lossy = random() % 2 == 0;
                auto reader = ring.join({.mode = is_lossy ? reader_mode::lossy : reader_mode::gated});
                std::uint64_t next = 0;
                for (std::uint64_t i = random() % 50; i > 0; --i) {
                    const auto got = reader.pop_for(std::chrono::microseconds(100));
                    if (!got) break;
                    ASSERT_TRUE(is_whole(*got));
                    ASSERT_TRUE(next == 0 || (*got)[0] == next + reader.gap());
                    next = (*got)[0] + 1;
                }
                EXPECT_TRUE(is_lossy || reader.missed() == 0);
            }
        });
    }
    for (std::uint64_t n = 0; n < count; ++n) ASSERT_EQ(ring.push(item(n)), status::success);
    is_over = true;
    ring.close();
    stays.join();
    for (std::thread& guest : guests) guest.join();
}

}  // namespace
