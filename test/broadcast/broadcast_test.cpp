// SPDX-License-Identifier: MIT
//
// What a broadcast ring promises, step by step on one thread, and to threads that wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/event.hpp"
#include "weir/broadcast_ring.hpp"

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using weir::reader_mode;
using weir::status;

template <class Reader>
auto rest_of(Reader& reader) {
    std::vector<typename Reader::value_type> all;
    reader.consume([&](const auto& item) { all.push_back(item); });
    return all;
}

template <class Ring>
class broadcast : public testing::Test {};
using rings = testing::Types<
    weir::broadcast_ring<int>, weir::broadcast_ring<std::string>, weir::broadcast_ring<int, weir::wait::spin>,
    weir::broadcast_ring<std::string, weir_test::event_if_any>,
    weir::broadcast_ring<int, weir::wait::sleep, weir::max_readers<2>>, weir::broadcast_ring<int, weir::many_producers>,
    weir::broadcast_ring<std::string, weir_test::event_if_any, weir::many_producers, weir::stats::on>>;
TYPED_TEST_SUITE(broadcast, rings);

template <class Ring>
typename Ring::value_type item(int n) {
    if constexpr (std::is_same_v<typename Ring::value_type, int>) {
        return n;
    } else {
        return "a string that is longer than fits into its object: " + std::to_string(n);
    }
}

TYPED_TEST(broadcast, shows_every_item_to_every_reader_in_order) {
    TypeParam ring(4);
    auto one = ring.join(), other = ring.join();
    for (int lap = 0; lap < 30; ++lap) {
        for (int i = 0; i < 3; ++i) ASSERT_EQ(ring.try_push(item<TypeParam>(3 * lap + i)), status::success);
        for (auto* reader : {&one, &other}) {
            for (int i = 0; i < 3; ++i) EXPECT_EQ(reader->try_pop(), item<TypeParam>(3 * lap + i));
            EXPECT_EQ(reader->try_pop(), std::nullopt);
        }
    }
}

TYPED_TEST(broadcast, has_as_many_credits_as_the_slowest_gated_reader_leaves) {
    for (const std::size_t capacity : {1U, 2U, 5U, 8U}) {
        TypeParam ring(capacity, weir::start_at{~std::uint64_t{0} - 3});
        EXPECT_EQ(ring.credits(), capacity) << "without readers every push succeeds";
        {
            auto fast = ring.join(), slow = ring.join();
            for (std::size_t i = 0; i < capacity; ++i) {
                EXPECT_EQ(ring.credits(), capacity - i);
                ASSERT_EQ(ring.try_push(item<TypeParam>(static_cast<int>(i))), status::success);
                EXPECT_TRUE(fast.try_pop());
            }
            EXPECT_EQ(ring.credits(), 0U);
            std::thread([&] { EXPECT_EQ(slow.lag(), capacity) << "any thread may ask"; }).join();
            EXPECT_TRUE(slow.try_pop());
            EXPECT_EQ(ring.credits(), 1U);
        }
        EXPECT_EQ(ring.credits(), capacity);
        if constexpr (TypeParam::can_be_lossy) {
            auto screen = ring.join({.mode = reader_mode::lossy});
            for (int i = 0; i < 40; ++i) ASSERT_EQ(ring.try_push(item<TypeParam>(i)), status::success);
            EXPECT_EQ(ring.credits(), capacity);
            EXPECT_EQ(screen.lag(), 40U);
            EXPECT_TRUE(screen.try_pop());
            EXPECT_EQ(screen.lag() + 1 + screen.missed(), 40U);
        }
    }
}

TYPED_TEST(broadcast, is_full_when_the_slowest_gated_reader_is_capacity_behind) {
    for (const std::size_t capacity : {1U, 2U, 3U, 5U, 8U}) {
        TypeParam ring(capacity, weir::start_at{~std::uint64_t{0} - 3});
        EXPECT_EQ(ring.capacity(), capacity);
        auto fast = ring.join(), slow = ring.join();
        for (std::size_t i = 0; i < capacity; ++i) {
            ASSERT_EQ(ring.try_push(item<TypeParam>(static_cast<int>(i))), status::success);
            EXPECT_TRUE(fast.try_pop());
        }
        for (int i = 0; i < 20; ++i) {
            ASSERT_EQ(ring.try_push(item<TypeParam>(100)), status::full);
            EXPECT_EQ(fast.try_pop(), std::nullopt);
            EXPECT_EQ(slow.lag(), capacity);
            EXPECT_TRUE(slow.try_pop());
            ASSERT_EQ(ring.try_push(item<TypeParam>(100)), status::success);
            EXPECT_TRUE(fast.try_pop());
        }
    }
}

TYPED_TEST(broadcast, waits_for_no_reader_where_there_is_none) {
    TypeParam ring(2);
    for (int i = 0; i < 10; ++i) ASSERT_EQ(ring.try_push(item<TypeParam>(i)), status::success);
    auto late = ring.join();
    EXPECT_EQ(late.try_pop(), std::nullopt);
    ASSERT_EQ(ring.try_push(item<TypeParam>(10)), status::success);
    EXPECT_EQ(late.try_pop(), item<TypeParam>(10));
}

TYPED_TEST(broadcast, a_reader_that_leaves_frees_the_producer_and_its_seat) {
    TypeParam ring(2);
    for (int i = 0; i < 50; ++i) {
        auto reader = ring.join();
        ASSERT_EQ(ring.try_push(item<TypeParam>(i)), status::success);
        ASSERT_EQ(ring.try_push(item<TypeParam>(i)), status::success);
        ASSERT_EQ(ring.try_push(item<TypeParam>(i)), status::full);
        if (i % 2 == 0) reader.leave();
    }
    EXPECT_EQ(ring.try_push(item<TypeParam>(0)), status::success);
    EXPECT_THAT(ring.readers(), IsEmpty());
}

TYPED_TEST(broadcast, a_reader_can_be_moved) {
    TypeParam ring(2);
    auto first = ring.join();
    ASSERT_EQ(ring.try_push(item<TypeParam>(1)), status::success);
    auto second = std::move(first);
    EXPECT_EQ(second.try_pop(), item<TypeParam>(1));
    auto third = ring.join();
    third = std::move(second);
    EXPECT_EQ(ring.readers().size(), 1U);
    ASSERT_EQ(ring.try_push(item<TypeParam>(2)), status::success);
    EXPECT_EQ(third.try_pop(), item<TypeParam>(2));
}

TYPED_TEST(broadcast, says_closed_only_when_a_reader_has_seen_everything) {
    TypeParam ring(4);
    auto reader = ring.join();
    ASSERT_EQ(ring.try_push(item<TypeParam>(1)), status::success);
    ASSERT_EQ(ring.try_push(item<TypeParam>(2)), status::success);
    ring.close();
    ring.close();
    EXPECT_EQ(ring.try_push(item<TypeParam>(3)), status::closed);
    EXPECT_EQ(ring.push(item<TypeParam>(3)), status::closed);
    auto out = item<TypeParam>(0);
    EXPECT_EQ(reader.try_pop(out), status::success);
    EXPECT_EQ(reader.pop(out), status::success);
    EXPECT_EQ(reader.try_pop(out), status::closed);
    EXPECT_EQ(reader.pop(out), status::closed);
    EXPECT_EQ(reader.pop(), std::nullopt);
    EXPECT_EQ(out, item<TypeParam>(2));
}

TYPED_TEST(broadcast, gives_up_waiting_in_time_or_when_told_to) {
    TypeParam ring(1);
    auto reader = ring.join();
    auto out = item<TypeParam>(0);
    EXPECT_EQ(reader.pop_for(out, 1ms), status::timeout);
    EXPECT_EQ(reader.pop_until(out, std::chrono::system_clock::now()), status::timeout);
    EXPECT_EQ(reader.pop_unless(out, [] { return true; }), status::empty);
    ASSERT_EQ(ring.try_push(out), status::success);
    EXPECT_EQ(ring.push_for(out, 1ms), status::timeout);
    EXPECT_EQ(ring.push_unless(out, [] { return true; }), status::full);
}

TYPED_TEST(broadcast, waits_on_both_sides_until_all_is_passed) {
    static constexpr int count = 2000;
    TypeParam ring(3);
    auto one = ring.join(), other = ring.join();
    const auto read = [](auto reader) {
        int next = 0;
        while (auto got = reader.pop()) {
            ASSERT_EQ(*got, item<TypeParam>(next));
            ++next;
        }
        EXPECT_EQ(next, count);
    };
    std::thread first(read, std::move(one)), second(read, std::move(other));
    for (int i = 0; i < count; ++i) ASSERT_EQ(ring.push(item<TypeParam>(i)), status::success);
    ring.close();
    first.join();
    second.join();
}

TYPED_TEST(broadcast, the_producer_goes_on_when_the_reader_that_it_waits_for_leaves) {
    TypeParam ring(1);
    auto reader = std::make_unique<typename TypeParam::reader>(ring.join());
    ASSERT_EQ(ring.try_push(item<TypeParam>(1)), status::success);
    std::thread leaving([&] {
        std::this_thread::sleep_for(2ms);
        reader.reset();
    });
    EXPECT_EQ(ring.push(item<TypeParam>(2)), status::success);
    leaving.join();
}

#if defined(__cpp_exceptions)
TYPED_TEST(broadcast, keeps_an_item_whose_visit_throws) {
    TypeParam ring(4);
    auto reader = ring.join();
    for (int i = 0; i < 4; ++i) ASSERT_EQ(ring.try_push(item<TypeParam>(i)), status::success);
    int calls = 0;
    const auto fails = [&](const auto&) {
        if (++calls == 3) throw std::runtime_error("enough");
    };
    EXPECT_THROW((void)reader.consume(fails), std::runtime_error);
    EXPECT_THAT(rest_of(reader), ElementsAre(item<TypeParam>(2), item<TypeParam>(3)));
}
#endif

// ---- readers that are late ------------------------------------------------------------------------------------

using namespace std::string_literals;
using weir::when_late;

template <class Ring>
class broadcast_late : public testing::Test {};
using late_rings = testing::Types<weir::broadcast_ring<int>, weir::broadcast_ring<int, weir::wait::spin>,
                                  weir::broadcast_ring<int, weir::many_producers>,
                                  weir::broadcast_ring<int, weir_test::event_if_any, weir::many_producers>>;
TYPED_TEST_SUITE(broadcast_late, late_rings);

TYPED_TEST(broadcast_late, a_push_waits_for_a_late_reader_until_its_limit_and_then_no_longer) {
    for (const when_late then : {when_late::lossy, when_late::ended}) {
        TypeParam ring(4);
        auto late = ring.join({.name = "late", .limit = {20ms, then}});
        auto other = ring.join({.name = "other"});
        int pushed = 0;
        for (; pushed < 4; ++pushed) ASSERT_EQ(ring.try_push(pushed), status::success);
        EXPECT_EQ(other.consume([](int) {}), 4U);
        EXPECT_EQ(ring.try_push(pushed), status::full);
        EXPECT_EQ(late.mode(), reader_mode::gated);
        const auto begin = std::chrono::steady_clock::now();
        ASSERT_EQ(ring.push(pushed++), status::success);
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 15ms);
        EXPECT_EQ(late.is_ended(), then == when_late::ended);
        if (then == when_late::ended) {
            int out = -1;
            EXPECT_EQ(late.try_pop(out), status::closed);
            EXPECT_EQ(late.pop(out), status::closed);
            EXPECT_EQ(late.consume([](int) {}), 0U);
            EXPECT_TRUE(ring.readers()[0].ended);
        } else {
            EXPECT_EQ(late.mode(), reader_mode::lossy);
            for (int i = 0; i < 3; ++i) {
                ASSERT_EQ(ring.try_push(pushed++), status::success);
                EXPECT_TRUE(other.try_pop());
            }
            EXPECT_THAT(rest_of(late), ElementsAre(4, 5, 6, 7));
            EXPECT_EQ(late.missed(), 4U);
            EXPECT_EQ(ring.readers()[0].missed, 4U);
        }
        EXPECT_EQ(ring.slowest()->name, "other");
    }
}

TYPED_TEST(broadcast_late, a_try_push_finds_out_as_well) {
    TypeParam ring(2);
    auto late = ring.join({.limit = {5ms}});
    ASSERT_EQ(ring.try_push(1), status::success);
    ASSERT_EQ(ring.try_push(2), status::success);
    EXPECT_EQ(ring.try_push(3), status::full);
    std::this_thread::sleep_for(6ms);
    EXPECT_EQ(late.mode(), reader_mode::gated) << "only a push finds a reader late";
    EXPECT_EQ(ring.try_push(3), status::success);
    EXPECT_EQ(late.mode(), reader_mode::lossy);
    EXPECT_EQ(late.missed(), 0U);
    EXPECT_THAT(rest_of(late), ElementsAre(2, 3));
    EXPECT_EQ(late.missed(), 1U);
}

TYPED_TEST(broadcast_late, one_that_catches_up_in_time_is_not_late) {
    TypeParam ring(4);
    auto reader = ring.join({.limit = {15ms}});
    int pushed = 0, next = 0;
    for (int lap = 0; lap < 6; ++lap) {
        for (int i = 0; i < 4; ++i) ASSERT_EQ(ring.try_push(pushed++), status::success);
        ASSERT_EQ(ring.try_push(pushed), status::full);
        std::this_thread::sleep_for(4ms);
        while (const auto got = reader.try_pop()) EXPECT_EQ(*got, next++);
    }
    EXPECT_EQ(next, pushed);
    EXPECT_EQ(reader.mode(), reader_mode::gated);
    EXPECT_EQ(reader.missed(), 0U);
}

TYPED_TEST(broadcast_late, one_that_stays_at_the_limit_is_late_even_if_it_reads) {
    TypeParam ring(8);
    auto reader = ring.join({.limit = {10ms}});
    int pushed = 0;
    for (; pushed < 8; ++pushed) ASSERT_EQ(ring.try_push(pushed), status::success);
    const auto end = std::chrono::steady_clock::now() + 2s;
    while (reader.mode() == reader_mode::gated && std::chrono::steady_clock::now() < end) {
        EXPECT_TRUE(reader.try_pop());
        ASSERT_EQ(ring.try_push(pushed++), status::success);
        (void)ring.try_push(pushed);
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(reader.mode(), reader_mode::lossy);
}

TYPED_TEST(broadcast_late, a_seat_keeps_nothing_of_the_reader_before) {
    TypeParam ring(2);
    {
        auto late = ring.join({.limit = {1ms}});
        for (int i = 0; i < 2; ++i) ASSERT_EQ(ring.try_push(0), status::success);
        (void)ring.try_push(0);
        std::this_thread::sleep_for(2ms);
        for (int i = 0; i < 5; ++i) ASSERT_EQ(ring.try_push(0), status::success);
        EXPECT_EQ(late.try_pop(), 0);
        EXPECT_GE(late.missed(), 5U);
    }
    auto next = ring.join();
    EXPECT_EQ(ring.readers()[0].missed, 0U);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(ring.try_push(1), status::success);
    EXPECT_EQ(ring.try_push(1), status::full);
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(ring.try_push(1), status::full) << "it has no limit";
    EXPECT_EQ(next.mode(), reader_mode::gated);
    EXPECT_THAT(rest_of(next), ElementsAre(1, 1));
}

TYPED_TEST(broadcast_late, a_timeout_comes_before_a_limit_that_is_further_away) {
    TypeParam ring(1);
    auto reader = ring.join({.limit = {10s}});
    ASSERT_EQ(ring.try_push(1), status::success);
    EXPECT_EQ(ring.push_for(2, 2ms), status::timeout);
    EXPECT_EQ(reader.mode(), reader_mode::gated);
}

TEST(broadcast_counts, are_of_producers_and_readers) {
    weir::broadcast_ring<int, weir::stats::on> ring(2);
    auto gated = ring.join({.name = "gated"}), lossy = ring.join({.name = "lossy", .mode = reader_mode::lossy});
    EXPECT_EQ(ring.snapshot().producer.high_water_items, 0U);
    ASSERT_EQ(ring.try_push(1), status::success);
    ASSERT_EQ(ring.push(2), status::success);
    EXPECT_EQ(ring.try_push(3), status::full);
    EXPECT_EQ(ring.push_for(3, 100ms), status::timeout);  // longer than a thread may be kept from going to sleep
    EXPECT_EQ(gated.try_pop(), 1);
    ASSERT_EQ(ring.try_push(3), status::success);
    ring.close();
    EXPECT_EQ(ring.push(4), status::closed);
    EXPECT_EQ(lossy.try_pop(), 2);
    const auto seen = ring.snapshot();
    EXPECT_EQ(seen.capacity_items, 2U);
    EXPECT_EQ(seen.producer.pushed, 3U);
    EXPECT_EQ(seen.producer.full, 2U);
    EXPECT_EQ(seen.producer.timeout, 1U);
    EXPECT_EQ(seen.producer.closed, 1U);
    EXPECT_EQ(seen.producer.parks, 1U);
    EXPECT_EQ(seen.producer.high_water_items, 2U);
    EXPECT_GE(seen.producer.full_ns, 100'000'000U);
    ASSERT_EQ(seen.readers.size(), 2U);
    EXPECT_EQ(seen.readers[0].lag, 2U);
    EXPECT_EQ(seen.readers[0].missed, 0U);
    EXPECT_EQ(seen.readers[1].lag, 1U);
    EXPECT_EQ(seen.readers[1].missed, 1U);
    EXPECT_EQ(ring.slowest()->name, "gated");
    gated.leave();
    EXPECT_EQ(ring.slowest(), std::nullopt);
}

TEST(broadcast, keeps_whole_characters_of_a_name) {
    weir::broadcast_ring<int> ring(4);
    const auto long_one = ring.join({.name = "abcdefghijklmnopqrstuv\xc3\xa9z"});
    const auto fits = ring.join({.name = "abcdefghijklmnopqrstu\xc3\xa9"});
    const auto cut = ring.join({.name = "abcdefghijklmnopqrstu\xc3\xa9z"});
    EXPECT_EQ(ring.readers()[0].name, "abcdefghijklmnopqrstuv");
    EXPECT_EQ(ring.readers()[1].name, "abcdefghijklmnopqrstu\xc3\xa9");
    EXPECT_EQ(ring.readers()[2].name, "abcdefghijklmnopqrstu\xc3\xa9");
}

TEST(broadcast_reader_death, a_reader_that_was_moved_from_or_has_left_aborts) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    weir::broadcast_ring<int> ring(4);
    auto first = ring.join();
    auto second = std::move(first);
    EXPECT_DEATH((void)first.try_pop(), "a reader that was moved from, or has left its ring, is used");
    EXPECT_DEATH((void)first.lag(), "a reader that was moved from");
    second.leave();
    EXPECT_DEATH((void)second.pop(), "a reader that was moved from");
    first = ring.join();
    EXPECT_EQ(first.try_pop(), std::nullopt) << "one that was assigned to reads again";
}

TEST(broadcast_many, a_producer_that_is_stopped_in_the_middle_holds_up_readers_and_then_producers) {
    // A copy that pushes another item in between: what a thread that is suspended there looks like to the others.
    struct nosy {
        std::function<void()> while_moved;
        int number = 0;
        nosy(int n) : number(n) {}
        nosy(const nosy&) = default;
        nosy(nosy&& other) noexcept : while_moved(std::move(other.while_moved)), number(other.number) {
            if (while_moved) std::exchange(while_moved, nullptr)();
        }
    };
    weir::broadcast_ring<nosy, weir::many_producers> ring(3);
    auto reader = ring.join();
    nosy slow(1);
    bool was_asked = false;
    slow.while_moved = [&] {
        was_asked = true;
        EXPECT_EQ(ring.try_push(nosy(2)), status::success);
        EXPECT_EQ(ring.try_push(nosy(3)), status::success);
        EXPECT_EQ(reader.consume([](const nosy&) {}), 0U) << "an earlier one is not done";
        EXPECT_EQ(ring.try_push(nosy(4)), status::busy) << "a producer, not a reader, is in the way";
        const nosy copied(4);
        EXPECT_EQ(ring.try_push(copied), status::busy);
    };
    ASSERT_EQ(ring.try_push(std::move(slow)), status::success);
    EXPECT_TRUE(was_asked);
    std::vector<int> seen;
    reader.consume([&](const nosy& it) { seen.push_back(it.number); });
    EXPECT_THAT(seen, ElementsAre(1, 2, 3));
}

TEST(broadcast_order, a_reader_after_others_sees_what_all_of_them_have_finished) {
    weir::broadcast_ring<int> ring(8);
    auto a = ring.join({.name = "a"}), b = ring.join({.name = "b"});
    auto c = ring.join({.name = "c", .after = {&a, &b}});
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    EXPECT_THAT(rest_of(c), IsEmpty());
    (void)a.consume([](int) {}, 2);
    EXPECT_THAT(rest_of(c), IsEmpty());
    EXPECT_EQ(b.try_pop(), 0);
    EXPECT_THAT(rest_of(c), ElementsAre(0));
    (void)b.consume([](int) {});
    EXPECT_THAT(rest_of(c), ElementsAre(1));
    EXPECT_EQ(ring.readers()[2].lag, 1U);
    a.leave();
    EXPECT_THAT(rest_of(c), ElementsAre(2));
    b.leave();
    ASSERT_EQ(ring.try_push(3), status::success);
    EXPECT_THAT(rest_of(c), ElementsAre(3));
}

TEST(broadcast_order, one_that_joins_after_others_begins_with_what_they_have_not_finished) {
    weir::broadcast_ring<int> ring(4);
    auto a = ring.join();
    for (int i = 0; i < 4; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    EXPECT_EQ(a.try_pop(), 0);
    auto c = ring.join({.after = {&a}});
    EXPECT_EQ(a.try_pop(), 1);
    EXPECT_EQ(c.try_pop(), 1);
    EXPECT_EQ(c.try_pop(), std::nullopt);
}

TEST(broadcast_order, the_last_of_a_chain_wakes_when_the_one_before_it_is_done_or_gone) {
    weir::broadcast_ring<int> ring(2);
    auto a = std::make_unique<weir::broadcast_ring<int>::reader>(ring.join());
    auto c = ring.join({.after = {a.get()}});
    std::thread last([&] {
        int next = 0;
        while (auto got = c.pop()) EXPECT_EQ(*got, next++);
        EXPECT_EQ(next, 200);
    });
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(ring.push(i), status::success);
        ASSERT_EQ(a->pop(), i);
    }
    std::this_thread::sleep_for(2ms);
    a.reset();
    for (int i = 100; i < 200; ++i) ASSERT_EQ(ring.push(i), status::success);
    ring.close();
    last.join();
}

TEST(broadcast_lossy, is_never_waited_for_and_told_exactly_what_it_missed) {
    for (const std::size_t capacity : {1U, 2U, 3U, 7U, 8U}) {
        weir::broadcast_ring<int> ring(capacity);
        auto reader = ring.join({.mode = reader_mode::lossy});
        int pushed = 0;
        std::uint64_t received = 0, gaps = 0;
        int next = 0;
        for (const int burst : {1, 0, 3, 8, 1, 9, 40, 2}) {
            for (int i = 0; i < burst; ++i) ASSERT_EQ(ring.try_push(pushed++), status::success);
            while (const auto got = reader.try_pop()) {
                ++received;
                gaps += reader.gap();
                EXPECT_EQ(static_cast<std::uint64_t>(*got - next), reader.gap());
                next = *got + 1;
            }
            EXPECT_EQ(next, pushed) << "the newest are kept";
            EXPECT_EQ(received + reader.missed(), static_cast<std::uint64_t>(pushed));
            EXPECT_EQ(gaps, reader.missed());
        }
    }
}

TEST(broadcast_lossy, misses_nothing_while_it_is_no_more_than_the_capacity_behind) {
    weir::broadcast_ring<int> ring(6);
    auto reader = ring.join({.name = "a screen with a name that is too long", .mode = reader_mode::lossy});
    for (int i = 0; i < 6; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    EXPECT_THAT(rest_of(reader), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(reader.missed(), 0U);
    for (int i = 6; i < 13; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    EXPECT_EQ(ring.readers()[0].lag, 7U);
    EXPECT_EQ(ring.readers()[0].mode, reader_mode::lossy);
    EXPECT_EQ(ring.readers()[0].name, "a screen with a name th");
    EXPECT_EQ(reader.try_pop(), 7);
    EXPECT_EQ(reader.gap(), 1U);
    EXPECT_EQ(reader.try_pop(), 8);
    EXPECT_EQ(reader.gap(), 0U);
    EXPECT_EQ(reader.missed(), 1U);
    ring.close();
    EXPECT_THAT(rest_of(reader), ElementsAre(9, 10, 11, 12));
    int out = 0;
    EXPECT_EQ(reader.try_pop(out), status::closed);
}

#if defined(__cpp_exceptions)
template <class F>
std::string refusal_of(F f) {
    try {
        f();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}
TEST(broadcast_refusals, are_sentences) {
    weir::broadcast_ring<int, weir::max_readers<2>> ring(4);
    weir::broadcast_ring<int, weir::max_readers<2>> other(4);
    auto a = ring.join();
    auto lossy = ring.join({.mode = reader_mode::lossy});
    auto foreign = other.join();
    EXPECT_THAT(refusal_of([&] { (void)ring.join(); }), HasSubstr("all 2 seats of a broadcast ring are taken"));
    EXPECT_THAT(refusal_of([&] { (void)ring.join({.after = {&foreign}}); }),
                HasSubstr("comes after gated readers of the same ring"));
    EXPECT_THAT(refusal_of([&] { (void)ring.join({.after = {&lossy}}); }),
                HasSubstr("comes after gated readers of the same ring"));
    EXPECT_THAT(refusal_of([&] { (void)ring.join({.mode = reader_mode::lossy, .after = {&a}}); }),
                HasSubstr("is gated"));
    EXPECT_THAT(refusal_of([&] {
                    (void)ring.join({.after = {&a, &a, &a, &a, &a}});
                }),
                HasSubstr("after 5 others; at most 4"));
    EXPECT_THAT(refusal_of([&] { (void)ring.join({.limit = {-1ns}}); }), HasSubstr("less than no time"));
    EXPECT_THAT(refusal_of([&] { (void)ring.join({.mode = reader_mode::lossy, .limit = {1s}}); }),
                HasSubstr("only a gated reader"));
    EXPECT_THAT(refusal_of([&] { (void)ring.join({.after = {&a}, .limit = {1s}}); }), HasSubstr("only a gated reader"));
    weir::broadcast_ring<std::string> strings(4);
    EXPECT_THAT(refusal_of([&] { (void)strings.join({.limit = {1s}}); }), HasSubstr("a lag_limit copies items"));
    EXPECT_THAT(refusal_of([&] { (void)strings.join({.mode = reader_mode::lossy}); }),
                HasSubstr("T must be trivially copyable"));
    EXPECT_THAT(refusal_of([&] { weir::broadcast_ring<int> none(0); }),
                HasSubstr("a ring of capacity 0 is impossible"));
    lossy.leave();
    EXPECT_NO_THROW((void)ring.join());
}
#endif

// Objects are destroyed exactly once, also those that were overwritten.
TEST(broadcast_objects, live_until_they_are_overwritten_or_the_ring_ends) {
    const auto token = std::make_shared<int>(1);
    {
        weir::broadcast_ring<std::shared_ptr<int>> ring(3);
        auto reader = ring.join();
        for (int i = 0; i < 10; ++i) {
            ASSERT_EQ(ring.try_push(token), status::success);
            EXPECT_EQ(reader.try_pop(), token);
        }
        EXPECT_EQ(token.use_count(), 1 + 4) << "as many as there are slots";
        for (int i = 0; i < 3; ++i) ASSERT_EQ(ring.try_push(token), status::success);
        auto refused = token;
        EXPECT_EQ(ring.try_push(std::move(refused)), status::full);
        EXPECT_EQ(refused, token);
    }
    EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
