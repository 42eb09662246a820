// SPDX-License-Identifier: MIT
//
// What both rings of messages promise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if defined(__linux__)
#include <poll.h>
#endif

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/event.hpp"
#include "test/support/forbidden.hpp"
#include "test/support/messages.hpp"
#include "weir/message_ring.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::status;
using weir::visit;
using bytes = std::span<const std::byte>;

template <class Ring>
class message_ring : public testing::Test {};

template <class... Options>
using spsc = weir::spsc_message_ring<Options...>;
template <class... Options>
using mpsc = weir::mpsc_message_ring<Options...>;
using wait_for_all =
    testing::Types<spsc<>, mpsc<>, spsc<weir::message_alignment<64>>, mpsc<weir::message_alignment<16>>,
                   spsc<weir::stats::on, weir::wait::spin>, mpsc<weir::stats::on, weir::wait::sleep>,
                   spsc<event_if_any>, mpsc<event_if_any>, mpsc<weir::wait::yield>>;
TYPED_TEST_SUITE(message_ring, wait_for_all);

constexpr std::size_t capacity = 1024;

/// Takes all messages, and returns their types and bytes.
template <class Ring>
std::vector<std::pair<std::uint16_t, message_bytes>> drain(Ring& ring) {
    std::vector<std::pair<std::uint16_t, message_bytes>> all;
    ring.consume([&](std::uint16_t type, bytes message) { all.emplace_back(type, copy_of(message)); });
    return all;
}
template <class Ring>
status pop_one(Ring& ring) {
    return ring.try_consume_one([](std::uint16_t, bytes) {});
}

TYPED_TEST(message_ring, delivers_every_byte_and_type_in_order) {
    TypeParam ring(capacity);
    for (std::uint64_t n = 0; n < 200; ++n) {
        const std::size_t size = n % 70;
        const auto type = static_cast<std::uint16_t>(n * 331);
        ASSERT_EQ(ring.try_push(message_of(n, size), type), status::success);
        ASSERT_EQ(ring.try_consume_one([&](std::uint16_t seen, bytes message) {
            EXPECT_EQ(seen, type);
            EXPECT_EQ(message.size(), size);
            EXPECT_TRUE(is_message(message, n));
        }),
                  status::success);
    }
    EXPECT_EQ(pop_one(ring), status::empty);
    EXPECT_EQ(ring.size_approx(), 0U);
}

TYPED_TEST(message_ring, has_exactly_its_bytes) {
    TypeParam ring(capacity);
    EXPECT_EQ(ring.capacity_bytes(), capacity);
    EXPECT_EQ(ring.capacity(), capacity);
    const std::size_t each = ring.bytes_for_message(24);
    for (std::size_t n = 0; n < capacity / each; ++n) {
        EXPECT_EQ(ring.credits(), capacity - n * each);
        ASSERT_EQ(ring.try_push(message_of(n, 24)), status::success);
        EXPECT_EQ(ring.size_approx(), (n + 1) * each);
    }
    EXPECT_EQ(ring.try_push(message_of(0, 24)), status::full);
    ASSERT_EQ(pop_one(ring), status::success);
    EXPECT_EQ(ring.try_push(message_of(0, 24)), status::success);
    EXPECT_EQ(ring.try_push(message_of(0, 24)), status::full);
}

TYPED_TEST(message_ring, refuses_for_ever_only_what_is_larger_than_its_largest_message) {
    TypeParam ring(capacity);
    EXPECT_EQ(ring.try_push(message_of(0, ring.max_message() + 1)), status::too_large);
    EXPECT_EQ(ring.push(message_of(0, ring.max_message() + 1)), status::too_large);
    EXPECT_EQ(ring.push_for(message_of(0, capacity), 1ms), status::too_large);
    EXPECT_EQ(ring.try_reserve(ring.max_message() + 1).answer(), status::too_large);
    EXPECT_EQ(ring.try_push(message_of(0, ring.max_message())), status::success);
    EXPECT_GE(ring.max_message(), capacity / 2 - 8);
}

TYPED_TEST(message_ring, is_written_in_place_and_only_what_is_committed_counts) {
    TypeParam ring(capacity);
    {
        auto dropped = ring.try_reserve(100);
        ASSERT_TRUE(dropped);
        EXPECT_EQ(dropped.bytes().size(), 100U);
    }
    EXPECT_EQ(pop_one(ring), status::empty);
    EXPECT_EQ(ring.size_approx(), 0U);
    {
        auto message = ring.try_reserve(100, 9);
        ASSERT_TRUE(message);
        const auto whole = message_of(3, 100);
        std::copy(whole.begin(), whole.end(), message.bytes().begin());
        message.commit(40);
        EXPECT_TRUE(message.bytes().empty());
    }
    ASSERT_EQ(ring.try_push(message_of(4, 8), 10), status::success);
    const auto all = drain(ring);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0], std::pair(std::uint16_t{9}, message_of(3, 40)));
    EXPECT_EQ(all[1], std::pair(std::uint16_t{10}, message_of(4, 8)));
    EXPECT_EQ(ring.size_approx(), 0U);
}

TYPED_TEST(message_ring, takes_a_message_as_a_list_of_pieces_in_every_form) {
    TypeParam ring(capacity);
    const message_bytes whole = message_of(5, 30);
    const bytes all(whole);
    const std::array<std::byte, 3> array{};
    EXPECT_EQ(ring.try_push({all.first(7), all.subspan(7)}, 1), status::success);
    EXPECT_EQ(ring.push({all.first(1), all.subspan(1, 9), all.subspan(10)}, 2), status::success);
    EXPECT_EQ(ring.push_for({all}, 1h, 3), status::success);
    EXPECT_EQ(ring.push_until({all.first(30), all.first(0)}, std::chrono::steady_clock::now() + 1h, 4),
              status::success);
    EXPECT_EQ(ring.push_unless(
                  {all.first(29), all.last(1)}, [] { return true; }, TypeParam::time_point::max(), 5),
              status::success);
    EXPECT_EQ(ring.try_push({array, array}, 6), status::success) << "what converts to a span of bytes";
    EXPECT_EQ(ring.try_push({whole.data(), 2}, 7), status::success) << "a pointer and a size are one piece";
    std::uint16_t next = 1;
    for (const auto& [type, message] : drain(ring)) {
        EXPECT_EQ(type, next++);
        EXPECT_EQ(message.size(), type <= 5 ? whole.size() : type == 6 ? 6U : 2U);
        if (type <= 5) {
            EXPECT_EQ(message, whole);
        }
    }
    EXPECT_EQ(next, 8U);
}

TYPED_TEST(message_ring, takes_a_message_in_pieces_and_of_no_bytes) {
    TypeParam ring(capacity);
    const auto header = message_of(1, 5), body = message_of(2, 30);
    const bytes pieces[] = {header, bytes{}, body};
    ASSERT_EQ(ring.try_push(pieces, 2), status::success);
    ASSERT_EQ(ring.push(std::span<const bytes>(), 3), status::success);
    ASSERT_EQ(ring.push_for(pieces, 1ms), status::success);
    ASSERT_EQ(ring.push(bytes{}), status::success);
    auto whole = header;
    whole.insert(whole.end(), body.begin(), body.end());
    EXPECT_THAT(drain(ring),
                testing::ElementsAre(std::pair(std::uint16_t{2}, whole), std::pair(std::uint16_t{3}, message_bytes()),
                                     std::pair(std::uint16_t{0}, whole), std::pair(std::uint16_t{0}, message_bytes())));
}

TYPED_TEST(message_ring, stops_in_the_middle_where_a_visit_says_so) {
    TypeParam ring(capacity);
    for (std::uint64_t n = 0; n < 5; ++n) ASSERT_EQ(ring.try_push(message_of(n, n)), status::success);
    std::size_t calls = 0;
    EXPECT_EQ(ring.consume([&](std::uint16_t, bytes) { return ++calls < 2 ? visit::go_on : visit::stop; }), 2U);
    EXPECT_EQ(calls, 2U);
    EXPECT_EQ(ring.consume([](std::uint16_t, bytes) { return visit::leave; }), 0U);
    EXPECT_EQ(ring.try_consume_one([](std::uint16_t, bytes message) {
        EXPECT_EQ(message.size(), 2U);
        return visit::leave;
    }),
              status::success);
    EXPECT_EQ(ring.consume([](std::uint16_t, bytes) {}, 1), 1U);
    EXPECT_EQ(ring.consume([](std::uint16_t, bytes) {}, 0), 0U);
    const auto rest = drain(ring);
    ASSERT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest[0].second, message_of(3, 3));
}

#if defined(__cpp_exceptions)
TYPED_TEST(message_ring, keeps_a_message_whose_visit_throws) {
    TypeParam ring(capacity);
    for (std::uint64_t n = 0; n < 4; ++n) ASSERT_EQ(ring.try_push(message_of(n, 20)), status::success);
    std::size_t calls = 0;
    EXPECT_THROW(ring.consume([&](std::uint16_t, bytes) {
        if (++calls == 3) throw std::runtime_error("enough");
    }),
                 std::runtime_error);
    EXPECT_EQ(ring.size_approx(), 2 * ring.bytes_for_message(20));
    EXPECT_EQ(drain(ring).front().second, message_of(2, 20));
    try {
        auto message = ring.try_reserve(50);
        throw std::runtime_error("not today");
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(pop_one(ring), status::empty);
    EXPECT_EQ(ring.size_approx(), 0U);
}

TYPED_TEST(message_ring, rejects_an_impossible_capacity_with_a_sentence) {
    for (const std::size_t impossible : {std::size_t{0}, std::size_t{8}, std::size_t{1000}, std::size_t{1} << 33}) {
        try {
            TypeParam ring(impossible);
            ADD_FAILURE() << impossible;
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr("a message ring of " + std::to_string(impossible) +
                                                         " bytes is impossible; choose "));
        }
    }
}
#endif

TYPED_TEST(message_ring, delivers_what_was_accepted_before_it_was_closed) {
    TypeParam ring(capacity);
    ASSERT_EQ(ring.try_push(message_of(0, 10)), status::success);
    {
        auto late = ring.try_reserve(30);
        ASSERT_TRUE(late);
        ring.close();
        ring.close();
        EXPECT_TRUE(ring.is_closed());
        late.commit(7);
    }
    EXPECT_EQ(ring.try_push(message_of(1, 10)), status::closed);
    EXPECT_EQ(ring.push(message_of(1, 10)), status::closed);
    EXPECT_EQ(ring.try_reserve(1).answer(), status::closed);
    EXPECT_EQ(ring.consume_some([](std::uint16_t, bytes) {}), 2U);
    EXPECT_EQ(pop_one(ring), status::closed);
    EXPECT_EQ(ring.consume_one([](std::uint16_t, bytes) {}), status::closed);
    EXPECT_EQ(ring.consume_some([](std::uint16_t, bytes) {}), 0U);
}

TYPED_TEST(message_ring, gives_up_waiting_in_time_or_when_told_to) {
    TypeParam ring(64 * 4);
    const auto nothing = [](std::uint16_t, bytes) {};
    EXPECT_EQ(ring.consume_one_for(nothing, 1ms), status::timeout);
    EXPECT_EQ(ring.consume_one_until(nothing, std::chrono::system_clock::now() + 1ms), status::timeout);
    EXPECT_EQ(ring.consume_some_for(nothing, 1ms), 0U);
    EXPECT_EQ(ring.consume_one_unless(nothing, [] { return true; }), status::empty);
    while (ring.try_push(message_of(0, 8))) {
    }
    EXPECT_EQ(ring.push_for(message_of(0, 8), 1ms), status::timeout);
    EXPECT_EQ(ring.reserve_for(8, 1ms).answer(), status::timeout);
    EXPECT_EQ(ring.push_unless(message_of(0, 8), [] { return true; }), status::full);
    EXPECT_EQ(ring.reserve_unless(8, [] { return true; }).answer(), status::full);
}

TYPED_TEST(message_ring, waits_on_both_sides_until_all_is_passed) {
    TypeParam ring(64 * 4);
    constexpr std::uint64_t count = 3000;
    std::thread producer([&] {
        for (std::uint64_t n = 0; n < count; ++n) {
            const std::size_t size = n % 97;
            if (n % 3 == 0) {
                auto message = ring.reserve(size, static_cast<std::uint16_t>(n));
                ASSERT_TRUE(message);
                const auto whole = message_of(n, size);
                std::copy(whole.begin(), whole.end(), message.bytes().begin());
                message.commit();
            } else {
                ASSERT_EQ(ring.push(message_of(n, size), static_cast<std::uint16_t>(n)), status::success);
            }
        }
        ring.close();
    });
    std::uint64_t next = 0;
    const auto check = [&](std::uint16_t type, bytes message) {
        EXPECT_EQ(type, static_cast<std::uint16_t>(next));
        EXPECT_EQ(message.size(), next % 97);
        EXPECT_TRUE(is_message(message, next));
        ++next;
    };
    while (ring.consume_some(check) > 0) {
        if (next % 5 == 0) (void)ring.consume_one(check);
    }
    producer.join();
    EXPECT_EQ(next, count);
}

TYPED_TEST(message_ring, close_wakes_a_producer_and_a_consumer_that_wait) {
    TypeParam full(64 * 4), empty(64 * 4);
    while (full.try_push(message_of(0, 8))) {
    }
    std::thread producer([&] {
        if constexpr (!TypeParam::has_many_producers) full.adopt_producer();
        EXPECT_EQ(full.push(message_of(0, 8)), status::closed);
    });
    std::thread consumer([&] { EXPECT_EQ(empty.consume_one([](std::uint16_t, bytes) {}), status::closed); });
    std::this_thread::sleep_for(2ms);
    full.close();
    empty.close();
    producer.join();
    consumer.join();
}

TYPED_TEST(message_ring, passes_the_end_of_its_positions) {
    TypeParam ring(capacity, weir::start_at{~std::uint64_t{0} - 300});
    for (std::uint64_t n = 0; n < 100; ++n) {
        ASSERT_EQ(ring.try_push(message_of(n, n)), status::success);
        ASSERT_EQ(ring.try_push(message_of(n, 1)), status::success);
        const auto all = drain(ring);
        ASSERT_EQ(all.size(), 2U);
        EXPECT_EQ(all[0].second, message_of(n, n));
    }
}

// Bytes go back a KiB at a time: each return costs the producer's core a cache line.
TYPED_TEST(message_ring, gives_room_back_within_a_long_visit_but_not_after_each_message) {
    TypeParam ring(8192);
    const auto message = message_of(0, 56);
    while (ring.try_push(message)) {
    }
    std::size_t visited = 0;
    std::size_t first = 0;
    std::size_t accepted = 0;
    (void)ring.consume_some([&](std::uint16_t, bytes) {
        ++visited;
        if (visited > 100 || !ring.try_push(message)) return;
        if (accepted++ == 0) first = visited;
    });
    EXPECT_GT(first, 4U);
    EXPECT_LT(first, 64U);
    EXPECT_GT(accepted, 20U);
}

TYPED_TEST(message_ring, allocates_nothing_after_its_construction) {
    TypeParam ring(capacity);
    const auto message = message_of(0, 50);
    const std::uint64_t before = allocator_calls;
    for (int i = 0; i < 100; ++i) {
        (void)ring.push(message);
        (void)ring.consume_some([](std::uint16_t, bytes) {});
        (void)ring.consume_one_for([](std::uint16_t, bytes) {}, 1us);
    }
    EXPECT_EQ(allocator_calls, before);
}

TYPED_TEST(message_ring, aligns_payloads) {
    TypeParam ring(capacity);
    const std::size_t alignment = ring.bytes_for_message(0);  // a header is no larger than the alignment
    for (std::uint64_t n = 0; n < 100; ++n) {
        ASSERT_EQ(ring.try_push(message_of(n, n % 40)), status::success);
        ring.consume([&](std::uint16_t, bytes message) {
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(message.data()) % alignment, 0U);
        });
    }
}

TEST(message_ring_storage, is_the_callers_or_inside_the_ring) {
    using fixed = weir::spsc_message_ring<weir::storage::fixed<256>>;
    const auto inside = std::make_unique<fixed>();
    EXPECT_EQ(inside->capacity_bytes(), 256U);
    EXPECT_EQ(inside->try_push(message_of(1, 100)), status::success);

    using borrowed = weir::mpsc_message_ring<weir::storage::borrowed, weir::message_alignment<32>>;
    alignas(borrowed::memory_alignment) static std::byte memory[borrowed::bytes_for(1024)];
    std::fill(std::begin(memory), std::end(memory), std::byte{0xee});
    borrowed ring(1024, memory);
    EXPECT_EQ(pop_one(ring), status::empty);
    EXPECT_EQ(ring.try_push(message_of(2, 100)), status::success);
    EXPECT_EQ(drain(ring).front().second, message_of(2, 100));

    std::pmr::monotonic_buffer_resource pool;
    using allocated = weir::spsc_message_ring<weir::storage::allocated<std::pmr::polymorphic_allocator<std::byte>>>;
    allocated pooled(512, std::pmr::polymorphic_allocator<std::byte>(&pool));
    EXPECT_EQ(pooled.try_push(message_of(3, 100)), status::success);
#if defined(__cpp_exceptions)
    EXPECT_THROW(borrowed(1024, std::span<std::byte>(memory).first(100)), std::invalid_argument);
#endif
}

TEST(message_ring_statistics, count_messages_and_bytes) {
    weir::spsc_message_ring<weir::stats::on> ring(256);
    ASSERT_EQ(ring.try_push(message_of(0, 10)), status::success);
    ASSERT_EQ(ring.try_push(message_of(0, 20)), status::success);
    while (ring.try_push(message_of(0, 60))) {
    }
    const auto full = ring.snapshot();
    EXPECT_EQ(full.capacity_bytes, 256U);
    EXPECT_EQ(full.queued_bytes, 24U + 32U + 2 * 72U);
    EXPECT_EQ(full.pushed_bytes, 10U + 20U + 2 * 60U);
    EXPECT_EQ(full.high_water_bytes, full.queued_bytes);
    EXPECT_EQ(full.producer.pushed, 4U);
    EXPECT_EQ(full.producer.full, 1U);
    ring.consume([](std::uint16_t, bytes) { return visit::stop; });
    ring.consume([](std::uint16_t, bytes) { return visit::leave; });
    EXPECT_EQ(ring.snapshot().popped_bytes, 10U);
    EXPECT_EQ(ring.snapshot().consumer.popped, 1U);
    ring.consume([](std::uint16_t, bytes) {});
    EXPECT_EQ(pop_one(ring), status::empty);
    EXPECT_EQ(ring.snapshot().consumer.empty, 1U);
    EXPECT_EQ(ring.snapshot().popped_bytes, full.pushed_bytes);
}

#if defined(__linux__)
TEST(message_ring_descriptors, are_readable_while_there_are_messages_or_room) {
    weir::spsc_message_ring<weir::wait::event> ring(256);
    const auto readable = [](int fd) {
        pollfd asked{fd, POLLIN, 0};
        return ::poll(&asked, 1, 0) == 1;
    };
    EXPECT_FALSE(readable(ring.items_fd()));
    EXPECT_TRUE(readable(ring.space_fd()));
    ASSERT_EQ(ring.try_push(message_of(0, 100)), status::success);
    EXPECT_TRUE(readable(ring.items_fd()));
    ASSERT_EQ(ring.try_push(message_of(0, 100)), status::success);
    EXPECT_EQ(ring.try_push(message_of(0, 100)), status::full);
    EXPECT_FALSE(readable(ring.space_fd())) << "40 bytes are free, but not what was refused";
    ASSERT_EQ(pop_one(ring), status::success);
    EXPECT_TRUE(readable(ring.space_fd()));
    ASSERT_EQ(pop_one(ring), status::success);
    EXPECT_EQ(pop_one(ring), status::empty);
    EXPECT_FALSE(readable(ring.items_fd()));
}
#endif

TEST(mpsc_message_ring, is_busy_behind_a_reservation_and_goes_on_when_it_is_dropped) {
    weir::mpsc_message_ring<> ring(1024);
    {
        auto open = ring.try_reserve(30);
        ASSERT_TRUE(open);
        ASSERT_EQ(ring.try_push(message_of(1, 10)), status::success);
        EXPECT_EQ(pop_one(ring), status::busy);
        EXPECT_EQ(ring.consume([](std::uint16_t, bytes) {}), 0U);
    }
    EXPECT_EQ(drain(ring).size(), 1U);
    EXPECT_EQ(ring.size_approx(), 0U);
}

TEST(mpsc_message_ring, wakes_a_consumer_that_waits_behind_a_reservation_when_it_is_dropped) {
    weir::mpsc_message_ring<> ring(1024);
    std::atomic<bool> is_popped{false};
    using reservation = weir::mpsc_message_ring<>::reservation;
    std::unique_ptr<reservation> open(new reservation(ring.try_reserve(30)));
    ASSERT_EQ(ring.try_push(message_of(1, 10)), status::success);
    std::thread consumer([&] {
        EXPECT_EQ(ring.consume_one([](std::uint16_t, bytes message) { EXPECT_EQ(message.size(), 10U); }),
                  status::success);
        is_popped = true;
    });
    std::this_thread::sleep_for(5ms);
    EXPECT_FALSE(is_popped);
    open.reset();
    consumer.join();
}

using message_ring_death = testing::Test;
TEST_F(message_ring_death, commit_of_more_than_was_reserved_aborts) {
    weir::spsc_message_ring<> ring(1024);
    auto message = ring.try_reserve(10);
    EXPECT_DEATH(message.commit(11), "message_reservation::commit");
    message.commit();
    EXPECT_DEATH(message.commit(), "message_reservation::commit");
}

#ifndef NDEBUG
TEST_F(message_ring_death, a_lone_producer_has_one_reservation_at_a_time) {
    weir::spsc_message_ring<> ring(1024);
    {
        const auto open = ring.try_reserve(16);
        EXPECT_DEATH((void)ring.try_reserve(32), "while a reservation of the same ring of one producer is open");
        EXPECT_DEATH((void)ring.try_push(std::span<const std::byte>{}, 7), "while a reservation");
    }
    auto committed = ring.try_reserve(16);
    committed.commit();
    EXPECT_TRUE(ring.try_reserve(16)) << "a dropped one and a committed one are not open";
    weir::mpsc_message_ring<> shared(1024);
    const auto one = shared.try_reserve(16), other = shared.try_reserve(16);
    EXPECT_TRUE(one && other);
}
#endif

}  // namespace
