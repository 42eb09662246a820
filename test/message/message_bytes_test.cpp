// SPDX-License-Identifier: MIT
//
// The bound of message rings, to one byte: against a reference that is told only the documented rule, from every position of small
// rings, and in long random runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <utility>

#include "test/support/messages.hpp"
#include "weir/message_ring.hpp"

namespace {

using namespace weir_test;
using weir::status;
using bytes = std::span<const std::byte>;

/// A message of n bytes takes n + 8, rounded up to the alignment. If it does not fit before the end of the storage, what is
/// left there is taken, too, until the consumer has passed it.
class reference {
public:
    reference(std::size_t capacity, std::size_t alignment, std::uint64_t start)
        : capacity_(capacity), alignment_(alignment), storage_(capacity), tail_(start % storage_) {}

    std::size_t size_of(std::size_t payload) const { return (payload + 8 + alignment_ - 1) / alignment_ * alignment_; }
    std::size_t skip(std::size_t payload) const {
        const std::size_t left = storage_ - tail_;
        return left < size_of(payload) ? left : 0;
    }
    bool accepts(std::size_t payload) const { return used_ + skip(payload) + size_of(payload) <= capacity_; }
    // With one producer, what a message skips is passed with it; with many, earlier, like what a dropped reservation leaves.
    void push(std::size_t skipped, std::size_t payload, std::uint64_t n, bool passes_with_it) {
        if (!passes_with_it && skipped > 0) pad(std::exchange(skipped, 0));
        messages_.push_back({skipped + size_of(payload), payload, n});
        advance(skipped + size_of(payload));
    }
    void pad(std::size_t record_bytes) {
        messages_.push_back({record_bytes, none, 0});
        advance(record_bytes);
    }

    struct message {
        std::size_t taken;
        std::size_t payload;
        std::uint64_t n;
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::size_t used() const { return used_; }
    std::size_t tail() const { return tail_; }
    void drop_padding() {
        while (!messages_.empty() && messages_.front().payload == none) drop();
    }
    bool empty() const {
        return std::none_of(messages_.begin(), messages_.end(), [](const message& m) { return m.payload != none; });
    }
    const message& front() const { return messages_.front(); }
    void drop() {
        used_ -= messages_.front().taken;
        messages_.pop_front();
    }

private:
    void advance(std::size_t taken) {
        used_ += taken;
        tail_ = (tail_ + taken) % storage_;
    }

    std::size_t capacity_, alignment_, storage_, tail_;
    std::size_t used_ = 0;
    std::deque<message> messages_;
};

template <class Ring>
status pop_one(Ring& ring) {
    return ring.try_consume_one([](std::uint16_t, bytes) {});
}

template <class Ring>
class message_ring_bytes : public testing::Test {};
using rings = testing::Types<weir::spsc_message_ring<>, weir::mpsc_message_ring<>,
                             weir::spsc_message_ring<weir::message_alignment<32>>,
                             weir::mpsc_message_ring<weir::message_alignment<16>>>;
TYPED_TEST_SUITE(message_ring_bytes, rings);

template <class Ring>
constexpr std::size_t alignment_of = Ring::bytes_for_message(0);

TYPED_TEST(message_ring_bytes, an_empty_ring_accepts_its_largest_message_wherever_it_stands) {
    constexpr std::size_t alignment = alignment_of<TypeParam>;
    for (std::size_t capacity = 2 * alignment; capacity <= 16 * alignment; capacity *= 2) {
        for (std::uint64_t start = 0; start < 2 * capacity; start += alignment) {
            TypeParam ring(capacity, weir::start_at{start});
            for (std::size_t size = 0; size <= ring.max_message(); ++size) {
                ASSERT_EQ(ring.try_push(message_of(size, size)), status::success)
                    << capacity << ' ' << start << ' ' << size;
                ASSERT_EQ(ring.try_consume_one([&](std::uint16_t, bytes message) {
                    EXPECT_TRUE(message.size() == size && is_message(message, size));
                }),
                          status::success);
            }
            ASSERT_EQ(ring.try_push(message_of(0, ring.max_message() + 1)), status::too_large);
        }
        // And no larger one is accepted everywhere.
        TypeParam any(capacity);
        bool is_refused_somewhere = false;
        for (std::uint64_t start = 0; start < capacity; start += alignment) {
            const reference stands(capacity, alignment, start);
            is_refused_somewhere |= !stands.accepts(any.max_message() + alignment);
        }
        EXPECT_TRUE(is_refused_somewhere) << capacity;
    }
}

TYPED_TEST(message_ring_bytes, what_fitted_fits_again_once_as_much_is_consumed) {
    constexpr std::size_t alignment = alignment_of<TypeParam>;
    for (std::size_t capacity : {2 * alignment, 4 * alignment, 8 * alignment}) {
        for (std::uint64_t start = 0; start < capacity; start += alignment) {
            for (std::size_t size = 0; size <= 2 * alignment; ++size) {
                TypeParam ring(capacity, weir::start_at{start});
                if (size > ring.max_message()) continue;
                std::size_t messages = 0;
                while (ring.try_push(message_of(0, size))) ++messages;
                ASSERT_GE(messages, 1U);
                for (int lap = 0; lap < 20; ++lap) {
                    ASSERT_EQ(pop_one(ring), status::success);
                    ASSERT_EQ(ring.try_push(message_of(0, size)), status::success)
                        << capacity << ' ' << start << ' ' << size;
                }
            }
        }
    }
}

// Random pushes, reservations that are committed in part or dropped, and pops, beside the reference.
TYPED_TEST(message_ring_bytes, accepts_exactly_what_the_rule_says) {
    constexpr std::size_t alignment = alignment_of<TypeParam>;
    std::mt19937_64 random(1);
    for (const std::size_t capacity : {2 * alignment, 8 * alignment, 16 * alignment, std::size_t{1024}}) {
        const std::uint64_t start = ~std::uint64_t{0} - 40 * alignment;  // its positions wrap
        TypeParam ring(capacity, weir::start_at{start});
        reference expected(capacity, alignment, start / alignment * alignment);
        for (std::uint64_t n = 0; n < 40000; ++n) {
            ASSERT_EQ(ring.size_approx(), expected.used()) << capacity << ' ' << n;
            const std::size_t size = random() % (ring.max_message() + 1);
            switch (random() % 8) {
            case 0:
            case 1:
            case 2: {
                const bool fits = expected.accepts(size);
                ASSERT_EQ(ring.try_push(message_of(n, size)), fits ? status::success : status::full);
                if (fits) expected.push(expected.skip(size), size, n, !TypeParam::has_many_producers);
                break;
            }
            case 3: {
                auto message = ring.try_reserve(size);
                const bool fits = expected.accepts(size);
                ASSERT_EQ(message.answer(), fits ? status::success : status::full);
                if (!fits) break;
                const std::size_t used = random() % 3 == 0 ? reference::none : random() % (size + 1);
                const std::size_t skipped = expected.skip(size), whole = expected.size_of(size);
                if (used == reference::none) {
                    if (TypeParam::has_many_producers) expected.pad(skipped + whole);
                    break;
                }
                const auto written = message_of(n, used);
                std::copy(written.begin(), written.end(), message.bytes().begin());
                message.commit(used);
                // Where it begins was decided for the whole.
                expected.push(skipped, used, n, !TypeParam::has_many_producers);
                if (TypeParam::has_many_producers && expected.size_of(used) < whole)
                    expected.pad(whole - expected.size_of(used));
                break;
            }
            default: {
                const std::size_t most = random() % 4;
                std::size_t visited = 0;
                expected.drop_padding();
                ring.consume(
                    [&](std::uint16_t, bytes message) {
                        expected.drop_padding();
                        EXPECT_FALSE(expected.empty());
                        EXPECT_EQ(message.size(), expected.front().payload);
                        EXPECT_TRUE(is_message(message, expected.front().n));
                        expected.drop();
                        ++visited;
                    },
                    most);
                EXPECT_TRUE(visited == most || expected.empty());
                // Padding that comes next is passed by the next visit.
                (void)ring.consume([](std::uint16_t, bytes) { return weir::visit::leave; });
                expected.drop_padding();
            }
            }
            if (testing::Test::HasFailure()) return;
        }
    }
}

}  // namespace
