// SPDX-License-Identifier: MIT
//
// What becomes of messages when their ring is full: against a reference that has only the documented rule, to one byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/messages.hpp"
#include "weir/overflow_messages.hpp"
#include "weir/stats_text.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::status;
using weir::visit;
namespace overflow = weir::overflow;
using bytes = std::span<const std::byte>;

/// The ring as it is documented: records in a row, none across the end of the storage. Each takes its payload, the number and the header,
/// rounded up to the alignment.
template <class Policy>
class reference {
public:
    reference(std::size_t capacity, std::size_t alignment, Policy policy, std::uint64_t start)
        : capacity_(capacity), alignment_(alignment), policy_(policy), tail_(start % capacity) {}

    struct one {
        std::uint64_t n;
        std::size_t size;
        std::uint64_t gap;
    };

    /// What the push of message `n` answers.
    status push(std::uint64_t n, std::size_t size) {
        if constexpr (std::same_as<Policy, overflow::sample>) {
            if (used_ >= policy_.from && arrivals_++ % policy_.keep_one_in != 0) return lose(size, lost_sampled);
        }
        const std::size_t record = (size + alignment_ + 8 + alignment_ - 1) / alignment_ * alignment_;
        const std::size_t left = capacity_ - tail_;
        const std::size_t skipped = left < record ? left : 0;
        while (used_ + skipped + record > capacity_) {
            if constexpr (std::same_as<Policy, overflow::drop_oldest>) {
                drop();
            } else if constexpr (std::same_as<Policy, overflow::reject> || std::same_as<Policy, overflow::block>) {
                ++refused;
                refused_bytes += size;
                return status::full;
            } else {
                return lose(size, lost_newest);
            }
        }
        // Only drop_oldest gives skipped bytes back before the message behind them.
        if (std::same_as<Policy, overflow::drop_oldest> && skipped > 0) {
            queue_.push_back({skipped, std::nullopt});
        }
        const std::size_t taken = record + (std::same_as<Policy, overflow::drop_oldest> ? 0 : skipped);
        queue_.push_back({taken, one{n, size, std::exchange(lost_before_next_, 0)}});
        used_ += skipped + record;
        tail_ = (tail_ + skipped + record) % capacity_;
        ++accepted;
        accepted_bytes += size;
        return status::success;
    }

    std::optional<one> pop() {
        while (!queue_.empty()) {
            const auto [taken, message] = queue_.front();
            queue_.pop_front();
            used_ -= taken;
            if (!message) continue;
            one found = *message;
            found.gap += std::exchange(dropped_before_head_, 0);
            ++delivered;
            delivered_bytes += found.size;
            return found;
        }
        return std::nullopt;
    }

    std::size_t used() const { return used_; }
    std::uint64_t accepted = 0, accepted_bytes = 0, refused = 0, refused_bytes = 0, delivered = 0, delivered_bytes = 0;
    std::uint64_t lost_newest = 0, lost_oldest = 0, lost_sampled = 0, lost_bytes = 0;

private:
    status lose(std::size_t size, std::uint64_t& cause) {
        ++accepted;
        accepted_bytes += size;
        ++cause;
        lost_bytes += size;
        ++lost_before_next_;
        return status::success;
    }
    void drop() {
        const auto [taken, message] = queue_.front();
        queue_.pop_front();
        used_ -= taken;
        if (!message) return;
        ++lost_oldest;
        lost_bytes += message->size;
        dropped_before_head_ += 1 + message->gap;
    }

    std::size_t capacity_, alignment_;
    Policy policy_;
    std::size_t tail_;
    std::size_t used_ = 0;
    std::uint64_t arrivals_ = 0, lost_before_next_ = 0, dropped_before_head_ = 0;
    std::deque<std::pair<std::size_t, std::optional<one>>> queue_;
};

template <class Reference>
void expect_account(const overflow::message_ledger& sum, const Reference& expected) {
    EXPECT_EQ(sum.messages.accepted(), expected.accepted);
    EXPECT_EQ(sum.messages.refused, expected.refused);
    EXPECT_EQ(sum.messages.delivered, expected.delivered);
    EXPECT_EQ(sum.messages.lost_newest, expected.lost_newest);
    EXPECT_EQ(sum.messages.lost_oldest, expected.lost_oldest);
    EXPECT_EQ(sum.messages.lost_sampled, expected.lost_sampled);
    EXPECT_EQ(sum.messages.queued, expected.accepted - expected.delivered - expected.lost_newest -
                                       expected.lost_oldest - expected.lost_sampled);
    EXPECT_EQ(sum.bytes.accepted(), expected.accepted_bytes);
    EXPECT_EQ(sum.bytes.refused, expected.refused_bytes);
    EXPECT_EQ(sum.bytes.delivered, expected.delivered_bytes);
    EXPECT_EQ(sum.bytes.lost(), expected.lost_bytes);
    EXPECT_TRUE(sum.messages.is_exact());
    EXPECT_TRUE(sum.bytes.is_exact());
}

/// Random pushes and pops beside the reference, from a position that wraps.
template <class Policy, std::size_t Alignment>
void keeps_to_the_reference(Policy policy) {
    using ring_type = weir::overflow_message_ring<Policy, weir::message_alignment<Alignment>>;
    std::mt19937_64 random(7);
    for (const std::size_t capacity : {4 * Alignment, 8 * Alignment, std::size_t{1024}}) {
        const std::uint64_t start = ~std::uint64_t{0} - 40 * Alignment;
        Policy given = policy;
        if constexpr (std::same_as<Policy, overflow::sample>) given.from = capacity / 4;
        ring_type ring(capacity, given, weir::start_at{start});
        reference<Policy> expected(capacity, Alignment, given, start / Alignment * Alignment);
        for (std::uint64_t n = 0; n < 20'000; ++n) {
            // It empties and fills in turn.
            if (random() % 16 < (n / 500 % 2 == 0 ? 5U : 10U)) {
                const auto next = expected.pop();
                const status answer = ring.try_consume_one([&](std::uint16_t type, bytes one) {
                    EXPECT_TRUE(next);
                    EXPECT_EQ(type, static_cast<std::uint16_t>(next->n));
                    EXPECT_EQ(one.size(), next->size);
                    EXPECT_TRUE(is_message(one, next->n));
                    EXPECT_EQ(ring.gap(), next->gap);
                    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one.data()) % Alignment, 0U);
                });
                ASSERT_EQ(answer, next ? status::success : status::empty) << capacity << ' ' << n;
            } else {
                const std::size_t size = random() % (ring.max_message() + 1);
                const message_bytes whole = message_of(n, size);
                const std::size_t cut = size / 3;
                const status answer =
                    ring.try_push({bytes(whole).first(cut), bytes(whole).subspan(cut)}, static_cast<std::uint16_t>(n));
                ASSERT_EQ(answer, expected.push(n, size)) << capacity << ' ' << n;
            }
            if (::testing::Test::HasFailure()) return;
        }
        expect_account(ring.account(), expected);
    }
}

TEST(overflow_messages, lose_exactly_what_the_rule_says) {
    keeps_to_the_reference<overflow::drop_oldest, 8>({});
    keeps_to_the_reference<overflow::drop_oldest, 32>({});
    keeps_to_the_reference<overflow::drop_newest, 8>({});
    keeps_to_the_reference<overflow::drop_newest, 64>({});
    keeps_to_the_reference<overflow::reject, 8>({});
    keeps_to_the_reference<overflow::sample, 8>({.keep_one_in = 3});
}

template <class Ring>
std::vector<std::uint16_t> drain(Ring& ring) {
    std::vector<std::uint16_t> types;
    ring.consume([&](std::uint16_t type, bytes) { types.push_back(type); });
    return types;
}

TEST(overflow_messages, drop_oldest_drops_no_more_than_it_must) {
    weir::overflow_message_ring<overflow::drop_oldest> ring(256);
    const std::size_t each = ring.bytes_for_message(16);  // 32
    ASSERT_EQ(each, 32U);
    for (std::uint16_t n = 0; n < 8; ++n) ASSERT_EQ(ring.try_push(message_of(n, 16), n), status::success);
    EXPECT_EQ(ring.account().messages.lost(), 0U) << "an empty ring takes its capacity";
    ASSERT_EQ(ring.try_push(message_of(8, 17), 8), status::success);  // 40 bytes: two of the old ones go
    EXPECT_EQ(ring.account().messages.lost_oldest, 2U);
    EXPECT_EQ(ring.account().bytes.lost_oldest, 32U);
    EXPECT_THAT(drain(ring), testing::ElementsAre(2, 3, 4, 5, 6, 7, 8));
    EXPECT_EQ(ring.gap(), 2U) << "before all of them";
    ASSERT_EQ(ring.try_push(message_of(9, ring.max_message())), status::success);
    EXPECT_EQ(ring.try_push(message_of(9, ring.max_message() + 1)), status::too_large);
    EXPECT_EQ(ring.account().messages.refused, 1U);
}

TEST(overflow_messages, a_slow_visit_costs_old_messages_and_never_new_ones) {
    weir::overflow_message_ring<overflow::drop_oldest> ring(256);
    ASSERT_EQ(ring.try_push(message_of(0, 16), 0), status::success);
    const status answer = ring.try_consume_one([&](std::uint16_t type, bytes one) {
        // The producer goes on meanwhile, for many laps.
        std::thread([&] {
            ring.adopt_producer();
            for (std::uint16_t n = 1; n <= 100; ++n) ASSERT_EQ(ring.try_push(message_of(n, 16), n), status::success);
        }).join();
        EXPECT_EQ(type, 0U);
        EXPECT_TRUE(is_message(one, 0)) << "what is visited stays as it was";
    });
    EXPECT_EQ(answer, status::success);
    EXPECT_EQ(ring.account().messages.lost_newest, 0U);
    EXPECT_EQ(ring.account().messages.lost_oldest, 92U);
    EXPECT_THAT(drain(ring), testing::ElementsAre(93, 94, 95, 96, 97, 98, 99, 100));
    EXPECT_EQ(ring.gap(), 92U);
}

TEST(overflow_messages, a_visit_that_leaves_its_message_or_throws_sees_it_again_with_the_same_gap) {
    const auto check = [](auto& ring) {
        for (std::uint16_t n = 0; n < 20; ++n) ASSERT_EQ(ring.try_push(message_of(n, 16), n), status::success);
        std::vector<std::pair<std::uint16_t, std::uint64_t>> seen;
        const auto note = [&](std::uint16_t type, bytes one) {
            EXPECT_TRUE(is_message(one, type));
            seen.emplace_back(type, ring.gap());
        };
        const std::uint64_t before = ring.gap();
        EXPECT_EQ(ring.consume([&](std::uint16_t type, bytes one) {
            note(type, one);
            return visit::leave;
        }),
                  0U);
        EXPECT_EQ(ring.gap(), before);
        const std::uint64_t queued = ring.account().messages.queued;
#if defined(__cpp_exceptions)
        EXPECT_THROW(ring.consume([&](std::uint16_t type, bytes one) {
            note(type, one);
            throw std::runtime_error("no");
        }),
                     std::runtime_error);
#else
        seen.push_back(seen.back());
#endif
        EXPECT_EQ(ring.account().messages.queued, queued);
        EXPECT_EQ(ring.consume([&](std::uint16_t type, bytes one) {
            note(type, one);
            return visit::stop;
        }),
                  1U);
        ASSERT_EQ(seen.size(), 3U);
        EXPECT_EQ(seen[0], seen[1]);
        EXPECT_EQ(seen[0], seen[2]);
        EXPECT_EQ(ring.account().messages.queued, queued - 1);
        ring.close();
        (void)drain(ring);
        EXPECT_EQ(ring.try_consume_one([](std::uint16_t, bytes) {}), status::closed);
    };
    weir::overflow_message_ring<overflow::drop_oldest> oldest(256);
    check(oldest);
    weir::overflow_message_ring<overflow::drop_newest> newest(256);
    check(newest);
}

TEST(overflow_messages, close_delivers_what_was_accepted_and_a_kept_message_too) {
    weir::overflow_message_ring<overflow::drop_oldest> ring(256);
    for (std::uint16_t n = 0; n < 3; ++n) ASSERT_EQ(ring.push(message_of(n, 8), n), status::success);
    (void)ring.consume([](std::uint16_t, bytes) { return visit::leave; });
    ring.close();
    EXPECT_EQ(ring.push(message_of(3, 8), 3), status::closed);
    EXPECT_EQ(ring.account().messages.refused, 1U);
    std::vector<std::uint16_t> types;
    while (ring.consume_one([&](std::uint16_t type, bytes) { types.push_back(type); }) == status::success) {
    }
    EXPECT_THAT(types, testing::ElementsAre(0, 1, 2));
    EXPECT_EQ(ring.consume_some([](std::uint16_t, bytes) {}), 0U);
}

TEST(overflow_messages, that_come_after_the_close_are_refused_and_not_sampled) {
    weir::overflow_message_ring<overflow::sample> ring(256, {.keep_one_in = 2, .from = 1});
    ASSERT_EQ(ring.try_push(message_of(0, 8)), status::success);
    ring.close();
    for (int n = 0; n < 4; ++n) {
        EXPECT_EQ(ring.try_push(message_of(1, 8)), status::closed);
        EXPECT_EQ(ring.push(message_of(1, 8)), status::closed);
    }
    EXPECT_EQ(ring.account().messages.refused, 8U);
    EXPECT_EQ(ring.account().messages.lost_sampled, 0U);
}

TEST(overflow_messages, block_waits_and_reject_says_full_and_both_lose_nothing) {
    weir::overflow_message_ring<overflow::block> waits(128);
    const std::size_t fits = 128 / waits.bytes_for_message(8);
    for (std::size_t n = 0; n < fits; ++n) ASSERT_EQ(waits.push(message_of(n, 8)), status::success);
    EXPECT_EQ(waits.try_push(message_of(9, 8)), status::full);
    EXPECT_EQ(waits.push_for(message_of(9, 8), 1ms), status::timeout);
    std::thread consumer([&] { EXPECT_EQ(waits.consume_some([](std::uint16_t, bytes) {}, 1), 1U); });
    EXPECT_EQ(waits.push(message_of(9, 8)), status::success);
    consumer.join();
    EXPECT_EQ(waits.account().messages.refused, 2U);
    EXPECT_EQ(waits.account().bytes.refused, 16U);
    EXPECT_EQ(waits.account().messages.lost(), 0U);

    weir::overflow_message_ring<overflow::reject> refuses(128);
    for (std::size_t n = 0; n < fits; ++n) ASSERT_EQ(refuses.push(message_of(n, 8)), status::success);
    EXPECT_EQ(refuses.push(message_of(9, 8)), status::full) << "does not wait";
    EXPECT_EQ(refuses.push_for(message_of(9, 8), 1h), status::full);
    EXPECT_EQ(refuses.account().messages.refused, 2U);
    EXPECT_EQ(drain(refuses).size(), fits);
    EXPECT_EQ(refuses.gap(), 0U);
}

TEST(overflow_messages, wakes_a_consumer_that_waits) {
    const auto check = [](auto& ring) {
        std::uint64_t seen = 0;
        std::thread consumer([&] {
            while (ring.consume_some([&](std::uint16_t, bytes) { ++seen; }) > 0) {
            }
        });
        for (std::uint64_t n = 0; n < 200; ++n) {
            ASSERT_EQ(ring.push(message_of(n, n % 40)), status::success);
            if (n % 16 == 0) std::this_thread::sleep_for(1ms);
        }
        ring.close();
        consumer.join();
        const auto sum = ring.account().messages;
        EXPECT_EQ(sum.delivered, seen);
        EXPECT_EQ(sum.queued, 0U);
        EXPECT_EQ(sum.accepted(), 200U);
    };
    weir::overflow_message_ring<overflow::drop_oldest> park(1024);
    check(park);
    weir::overflow_message_ring<overflow::drop_oldest, weir::wait::sleep, weir::stats::on> sleep(1024);
    check(sleep);
    EXPECT_EQ(sleep.snapshot().producer.pushed, 200U);
#if defined(__linux__)
    weir::overflow_message_ring<overflow::drop_oldest, weir::wait::event> event(1024);
    EXPECT_GE(event.items_fd(), 0);
    check(event);
#endif
}

TEST(overflow_messages, lie_where_the_storage_says) {
    weir::overflow_message_ring<overflow::drop_oldest, weir::storage::fixed<1024>> fixed;
    EXPECT_GE(sizeof fixed, 1024U + 512U) << "with the copy";
    for (std::uint16_t n = 0; n < 100; ++n) ASSERT_EQ(fixed.push(message_of(n, 20), n), status::success);
    EXPECT_EQ(drain(fixed).back(), 99U);

    std::array<std::byte, 1 << 16> memory;
    std::pmr::monotonic_buffer_resource pool(memory.data(), memory.size(), std::pmr::null_memory_resource());
    using allocator = std::pmr::polymorphic_allocator<std::byte>;
    weir::overflow_message_ring<overflow::drop_oldest, weir::storage::allocated<allocator>> pooled(1024,
                                                                                                   allocator(&pool));
    for (std::uint16_t n = 0; n < 100; ++n) ASSERT_EQ(pooled.push(message_of(n, 20), n), status::success);
    EXPECT_EQ(drain(pooled).back(), 99U);
}

#if defined(__cpp_exceptions)

TEST(overflow_messages, refuse_an_impossible_capacity_or_policy_with_a_sentence) {
    const auto refusal = [](auto make) -> std::string {
        try {
            (void)make();
        } catch (const std::invalid_argument& refused) {
            return refused.what();
        }
        return "nothing was refused";
    };
    using newest = weir::overflow_message_ring<overflow::drop_newest>;
    using sampling = weir::overflow_message_ring<overflow::sample>;
    EXPECT_THAT(refusal([] { return newest(16).capacity(); }), testing::HasSubstr("of 16 bytes is impossible"));
    EXPECT_THAT(refusal([] { return newest(1000).capacity(); }), testing::HasSubstr("choose a power of two"));
    EXPECT_EQ(newest(32).max_message(), 0U);
    EXPECT_THAT(refusal([] { return sampling(1024, {.keep_one_in = 0}).capacity(); }), testing::HasSubstr("n is 0"));
    EXPECT_THAT(refusal([] { return sampling(1024, {.keep_one_in = 2, .from = 1025}).capacity(); }),
                testing::HasSubstr("sample begins at 1025 queued bytes, but the capacity is 1024"));
}

#endif

TEST(overflow_messages, account_has_texts_that_are_found_by_its_type) {
    weir::overflow_message_ring<overflow::drop_newest> ring(128);
    for (std::uint64_t n = 0; n < 6; ++n) ASSERT_EQ(ring.push(message_of(n, 8)), status::success);
    EXPECT_EQ(ring.consume([](std::uint16_t, bytes) {}, 1), 1U);
    EXPECT_EQ(to_text(ring.account()),
              "messages  offered 6  delivered 1  queued 4  lost_newest 1\n"
              "6 accepted = 1 delivered + 4 queued + 1 lost\n"
              "bytes  offered 48  delivered 8  queued 32  lost_newest 8\n"
              "48 accepted = 8 delivered + 32 queued + 8 lost\n");
    EXPECT_THAT(to_json(ring.account()), testing::StartsWith("{\"messages\": {\"offered\": 6, \"refused\": 0, "));
    EXPECT_THAT(to_json(ring.account()), testing::HasSubstr("}, \"bytes\": {\"offered\": 48, "));
    const std::string page = weir::to_prometheus({{"feed", ring.account()}});
    EXPECT_THAT(page, testing::HasSubstr("# HELP weir_overflow_offered_messages_total Messages that were offered.\n"
                                         "# TYPE weir_overflow_offered_messages_total counter\n"
                                         "weir_overflow_offered_messages_total{ring=\"feed\"} 6\n"));
    EXPECT_THAT(page, testing::HasSubstr("weir_overflow_lost_bytes_total{ring=\"feed\",cause=\"newest\"} 8\n"));
}

}  // namespace
