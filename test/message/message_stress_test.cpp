// SPDX-License-Identifier: MIT
//
// Threads that race over message rings: random sizes, reservations that are dropped, small rings. Every byte is checked.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "test/support/messages.hpp"
#include "test/support/wait_support.hpp"
#include "weir/message_ring.hpp"

namespace {

using namespace weir_test;
using weir::status;
using bytes = std::span<const std::byte>;

std::uint64_t rounds() { return weir_test::rounds(200'000); }

// A message says who sent it and which one it is; the rest follows from that.
std::size_t size_of(std::uint64_t n, std::size_t most) { return 16 + n * 2654435761 % (most - 15); }
void write(std::span<std::byte> to, std::uint64_t producer, std::uint64_t n) {
    std::memcpy(to.data(), &producer, 8);
    std::memcpy(to.data() + 8, &n, 8);
    for (std::size_t i = 16; i < to.size(); ++i) to[i] = static_cast<std::byte>((n + producer + i) & 0xff);
}
bool is_right(bytes message, std::uint64_t& producer, std::uint64_t& n) {
    if (message.size() < 16) return false;
    std::memcpy(&producer, message.data(), 8);
    std::memcpy(&n, message.data() + 8, 8);
    for (std::size_t i = 16; i < message.size(); ++i) {
        if (message[i] != static_cast<std::byte>((n + producer + i) & 0xff)) return false;
    }
    return true;
}

template <class Ring>
void race(std::size_t producers, std::size_t capacity, std::uint64_t each, bool waits) {
    Ring ring(capacity, weir::start_at{~std::uint64_t{0} - 1000});
    const std::size_t most = std::min<std::size_t>(ring.max_message(), 1500);
    std::vector<std::thread> threads;
    for (std::uint64_t me = 0; me < producers; ++me) {
        threads.emplace_back([&, me] {
            std::mt19937_64 random(me);
            for (std::uint64_t n = 0; n < each; ++n) {
                const std::size_t size = size_of(n, most);
                if (random() % 8 == 0) (void)ring.try_reserve(random() % most);  // thinks better of it
                for (;;) {
                    const std::size_t asked = random() % 4 == 0 ? size + random() % (most - size + 1) : size;
                    auto message = waits ? ring.reserve(asked, static_cast<std::uint16_t>(me))
                                         : ring.try_reserve(asked, static_cast<std::uint16_t>(me));
                    if (message) {
                        write(message.bytes().first(size), me, n);
                        message.commit(size);
                        break;
                    }
                    std::this_thread::yield();
                }
            }
        });
    }
    std::vector<std::uint64_t> next(producers);
    std::uint64_t seen = 0;
    const auto check = [&](std::uint16_t type, bytes message) {
        std::uint64_t producer = 0, n = 0;
        ASSERT_TRUE(is_right(message, producer, n));
        ASSERT_EQ(producer, type);
        ASSERT_EQ(n, next[producer]);
        ASSERT_EQ(message.size(), size_of(n, most));
        ++next[producer];
        ++seen;
    };
    while (seen < producers * each && !testing::Test::HasFailure()) {
        if (waits) {
            (void)ring.consume_some(check, 7);
        } else if (ring.consume(check) == 0) {
            std::this_thread::yield();
        }
    }
    for (std::thread& thread : threads) thread.join();
    while (ring.consume(check) > 0) {
    }
    EXPECT_EQ(ring.size_approx(), 0U);
}

TEST(message_stress, one_producer) { race<weir::spsc_message_ring<>>(1, 4096, rounds(), false); }
TEST(message_stress, one_producer_that_waits) { race<weir::spsc_message_ring<>>(1, 2048, rounds() / 2, true); }
TEST(message_stress, one_producer_in_a_tiny_ring) { race<weir::spsc_message_ring<>>(1, 64, rounds() / 2, false); }
TEST(message_stress, three_producers) { race<weir::mpsc_message_ring<>>(3, 4096, rounds() / 4, false); }
TEST(message_stress, three_producers_that_wait) { race<weir::mpsc_message_ring<>>(3, 2048, rounds() / 8, true); }
TEST(message_stress, two_producers_in_a_tiny_ring) { race<weir::mpsc_message_ring<>>(2, 64, rounds() / 4, false); }
TEST(message_stress, two_producers_in_a_tiny_ring_that_wait) {
    race<weir::mpsc_message_ring<>>(2, 64, rounds() / 8, true);
}

}  // namespace
