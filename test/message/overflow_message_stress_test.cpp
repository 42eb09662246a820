// SPDX-License-Identifier: MIT
//
// A producer that loses messages and a consumer that race. Every byte is checked, every gap, and the sum.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <span>
#include <thread>

#include "test/support/wait_support.hpp"
#include "weir/overflow_messages.hpp"

namespace {

using weir::status;
namespace overflow = weir::overflow;
using bytes = std::span<const std::byte>;

std::size_t size_of(std::uint64_t n, std::size_t most) {
    return static_cast<std::size_t>(8 + n * 2654435761 % (most - 7));
}

template <class Ring>
void race(std::size_t capacity, bool waits, bool slow, typename Ring::policy_type policy = {}) {
    Ring ring(capacity, policy, weir::start_at{~std::uint64_t{0} - 1000});
    const std::size_t most = std::min<std::size_t>(ring.max_message(), 300);
    const std::uint64_t messages = weir_test::rounds(200'000);
    std::atomic<bool> ended{false};

    std::thread producer([&] {
        std::mt19937_64 random(1);
        std::array<std::byte, 300> whole;
        for (std::uint64_t n = 1; n <= messages; ++n) {
            const std::size_t size = size_of(n, most);
            std::memcpy(whole.data(), &n, 8);
            for (std::size_t i = 8; i < size; ++i) whole[i] = static_cast<std::byte>((n + i) & 0xff);
            const bytes one(whole.data(), size);
            const std::size_t cut = random() % size;
            ASSERT_EQ(ring.push({one.first(cut), one.subspan(cut)}, static_cast<std::uint16_t>(n)), status::success);
            if (random() % 64 == 0) std::this_thread::yield();
        }
        ring.close();
    });
    std::thread auditor([&] {
        while (!ended) {
            const overflow::message_ledger sum = ring.account();
            for (const overflow::ledger& l : {sum.messages, sum.bytes}) {
                EXPECT_LE(l.delivered + l.lost(), l.accepted());
                EXPECT_TRUE(l.is_exact());
            }
            std::this_thread::yield();
        }
    });

    std::uint64_t last = 0, seen = 0, gaps = 0, delivered_bytes = 0;
    std::mt19937_64 random(2);
    const auto check = [&](std::uint16_t type, bytes one) {
        std::uint64_t n = 0;
        ASSERT_GE(one.size(), 8U);
        std::memcpy(&n, one.data(), 8);
        ASSERT_GT(n, last);
        ASSERT_EQ(ring.gap(), n - last - 1) << "the gap is where the messages are missing";
        ASSERT_EQ(type, static_cast<std::uint16_t>(n));
        ASSERT_EQ(one.size(), size_of(n, most));
        if (slow && random() % 16 == 0) std::this_thread::yield();
        for (std::size_t i = 8; i < one.size(); ++i) ASSERT_EQ(one[i], static_cast<std::byte>((n + i) & 0xff));
        gaps += n - last - 1;
        last = n;
        ++seen;
        delivered_bytes += one.size();
    };
    for (;;) {
        if (waits) {
            if (ring.consume_some(check, 7) == 0) break;
        } else {
            const status answer = ring.try_consume_one(check);
            if (answer == status::closed || ::testing::Test::HasFatalFailure()) break;
            if (!answer) std::this_thread::yield();
        }
    }
    producer.join();
    ended = true;
    auditor.join();

    const overflow::message_ledger sum = ring.account();
    EXPECT_EQ(sum.messages.accepted(), messages);
    EXPECT_EQ(sum.messages.delivered, seen);
    EXPECT_EQ(sum.bytes.delivered, delivered_bytes);
    EXPECT_EQ(sum.messages.queued + sum.bytes.queued, 0U);
    EXPECT_EQ(sum.messages.lost(), messages - seen);
    EXPECT_EQ(sum.messages.lost(), gaps + (messages - last));
    std::printf("%llu of %llu delivered, lost: %llu oldest, %llu newest, %llu sampled\n",
                static_cast<unsigned long long>(seen), static_cast<unsigned long long>(messages),
                static_cast<unsigned long long>(sum.messages.lost_oldest),
                static_cast<unsigned long long>(sum.messages.lost_newest),
                static_cast<unsigned long long>(sum.messages.lost_sampled));
}

using oldest = weir::overflow_message_ring<overflow::drop_oldest>;

TEST(overflow_message_stress, drop_oldest) { race<oldest>(4096, false, false); }
TEST(overflow_message_stress, drop_oldest_that_waits) { race<oldest>(2048, true, false); }
TEST(overflow_message_stress, drop_oldest_in_a_tiny_ring) { race<oldest>(64, false, false); }
TEST(overflow_message_stress, drop_oldest_in_a_tiny_ring_that_waits) { race<oldest>(64, true, false); }
TEST(overflow_message_stress, drop_oldest_with_slow_visits) { race<oldest>(1024, true, true); }
TEST(overflow_message_stress, drop_newest) {
    race<weir::overflow_message_ring<overflow::drop_newest>>(1024, true, true);
}
TEST(overflow_message_stress, sample) {
    race<weir::overflow_message_ring<overflow::sample>>(1024, false, true, {.keep_one_in = 4});
}

}  // namespace
