// SPDX-License-Identifier: MIT
//
// A broadcast ring between processes, as far as few of them can show it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/shm/support.hpp"
#include "test/support/refusal.hpp"
#include "weir/shm/broadcast_ring.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using weir::reader_mode;
using weir::status;
using weir_test::in_child;
using weir_test::soon;
using ring = weir::shm::broadcast_ring<std::uint64_t>;
using reader = weir::shm::broadcast_reader<std::uint64_t>;
namespace shm = weir::shm;

std::string refusal(const std::function<void()>& f) { return weir_test::refusal<shm::error>(f); }

/// A process that took an end, and waits to be killed. `takes` does so, and returns what it holds.
template <class Takes>
pid_t start_holder(const Takes& takes) {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe(ready.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = takes();
        if (::write(ready[1], "y", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    return child;
}

TEST(shm_broadcast, every_gated_reader_sees_everything_and_the_bound_is_exact) {
    for (const std::size_t capacity : {1UL, 3UL, 8UL}) {
        const ring made = ring::create(capacity, "number");
        auto producer = made.attach_producer();
        reader one = made.join();
        reader other = made.join();
        EXPECT_EQ(made.capacity(), capacity);
        std::uint64_t next = 0;
        for (int lap = 0; lap < 5; ++lap, next += capacity) {
            std::uint64_t out = 0;
            EXPECT_EQ(one.try_pop(out), status::empty);
            for (std::uint64_t i = 0; i < capacity; ++i) ASSERT_EQ(producer.try_push(next + i), status::success);
            EXPECT_EQ(producer.try_push(99), status::full);
            for (reader* const each : {&one, &other}) {
                EXPECT_EQ(producer.push_for(99, 1ms), status::timeout) << "until the last one has read";
                for (std::uint64_t i = 0; i < capacity; ++i) {
                    ASSERT_EQ(each->try_pop(out), status::success);
                    EXPECT_EQ(out, next + i);
                }
                EXPECT_EQ(each->pop_for(out, 1ms), status::timeout);
                EXPECT_EQ(each->missed(), 0U);
            }
        }
        EXPECT_EQ(producer.pushed(), next);
        EXPECT_EQ(other.position(), next);
    }
}

TEST(shm_broadcast, a_lossy_reader_is_never_waited_for_and_counts_what_it_missed) {
    const ring made = ring::create(4, "number");
    auto producer = made.attach_producer();
    for (std::uint64_t i = 0; i < 3; ++i) ASSERT_EQ(producer.try_push(i), status::success);
    reader late = made.join({.mode = reader_mode::lossy});
    for (std::uint64_t i = 3; i < 10; ++i) ASSERT_EQ(producer.try_push(i), status::success);
    std::uint64_t out = 0;
    ASSERT_EQ(late.try_pop(out), status::success);
    EXPECT_EQ(out, 6U) << "the oldest that is kept";
    EXPECT_EQ(late.gap(), 3U);
    ASSERT_EQ(late.try_pop(out), status::success);
    EXPECT_EQ(out, 7U);
    EXPECT_EQ(late.gap(), 0U);
    EXPECT_EQ(late.missed(), 3U);
    EXPECT_EQ(late.position(), 8U);
    EXPECT_EQ(late.mode(), reader_mode::lossy);
}

TEST(shm_broadcast, a_reader_sees_what_is_pushed_while_it_is_there_and_frees_the_producer_when_it_goes) {
    const ring made = ring::create(2, "number");
    auto producer = made.attach_producer();
    ASSERT_EQ(producer.try_push(0), status::success);
    std::optional<reader> guest(made.join());
    ASSERT_EQ(producer.try_push(1), status::success);
    ASSERT_EQ(producer.try_push(2), status::success);
    ASSERT_EQ(producer.try_push(3), status::full);
    std::uint64_t out = 0;
    ASSERT_EQ(guest->try_pop(out), status::success);
    EXPECT_EQ(out, 1U);
    std::thread leaves([&] {
        std::this_thread::sleep_for(3ms);
        guest.reset();
    });
    for (std::uint64_t i = 3; i < 10; ++i) ASSERT_EQ(producer.push(i), status::success);
    leaves.join();
    EXPECT_EQ(producer.readers_lost(), 0U);
    EXPECT_TRUE(made.readers().empty());
}

TEST(shm_broadcast, a_moved_reader_keeps_its_seat_and_one_that_is_assigned_to_gives_its_own_back) {
    const ring made = ring::create(2, "number");
    auto producer = made.attach_producer();
    reader one = made.join({.name = "one"});
    reader two = made.join({.name = "two"});
    ASSERT_EQ(producer.try_push(7), status::success);
    one = std::move(two);
    { const reader gone = std::move(two); }
    const auto left = made.readers();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].name, "two");
    std::uint64_t out = 0;
    EXPECT_EQ(one.try_pop(out), status::success);
    EXPECT_EQ(out, 7U);
    for (std::uint64_t i = 0; i < 2; ++i) EXPECT_EQ(producer.try_push(i), status::success);
    EXPECT_EQ(producer.try_push(2), status::full) << "it is gated";
}

TEST(shm_broadcast, closed_delivers_what_it_accepted_and_wakes_both_sides) {
    const ring made = ring::create(1, "number");
    auto producer = made.attach_producer();
    reader one = made.join();
    reader lossy = made.join({.mode = reader_mode::lossy});
    ASSERT_EQ(producer.push(1), status::success);
    std::thread closes([&] {
        std::this_thread::sleep_for(5ms);
        one.close();
    });
    EXPECT_EQ(producer.push(2), status::closed);
    closes.join();
    EXPECT_TRUE(made.is_closed());
    for (reader* const each : {&one, &lossy}) {
        std::uint64_t out = 0;
        EXPECT_EQ(each->pop(out), status::success);
        EXPECT_EQ(out, 1U) << "a push that was refused has not overwritten it";
        EXPECT_EQ(each->pop(out), status::closed);
        EXPECT_EQ(each->try_pop(out), status::closed);
    }
}

TEST(shm_broadcast, passes_items_through_several_mappings_between_threads_that_sleep) {
    const ring made = ring::create(4, "number");
    constexpr std::uint64_t items = 10'000;
    std::vector<std::thread> readers;
    for (const reader_mode mode : {reader_mode::gated, reader_mode::gated, reader_mode::lossy}) {
        reader mine = ring::attach(made.descriptor(), "number").join({.mode = mode});
        readers.emplace_back([in = std::move(mine), items]() mutable {
            std::uint64_t out = 0, received = 0;
            for (std::uint64_t next = 0; in.pop(out) == status::success; next = out + 1, ++received)
                ASSERT_EQ(out, next + in.gap());
            ASSERT_EQ(received + in.missed(), items);
            if (in.mode() == reader_mode::gated) {
                ASSERT_EQ(in.missed(), 0U);
            }
        });
    }
    auto producer = made.attach_producer();
    for (std::uint64_t i = 0; i < items; ++i) ASSERT_EQ(producer.push(i), status::success);
    producer.close();
    for (auto& each : readers) each.join();
}

TEST(shm_broadcast, says_who_reads_and_how_far_behind_they_are) {
    const ring made = ring::create(8, "number");
    auto producer = made.attach_producer();
    reader book = made.join({.name = "book"});
    reader screen = made.join({.name = "a screen with a long n\xc3\xa4me", .mode = reader_mode::lossy});
    for (std::uint64_t i = 0; i < 8; ++i) ASSERT_EQ(producer.try_push(i), status::success);
    std::uint64_t out = 0;
    ASSERT_EQ(book.try_pop(out), status::success);
    const auto all = made.readers();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].name, "book");
    EXPECT_EQ(all[0].mode, reader_mode::gated);
    EXPECT_EQ(all[0].lag, 7U);
    EXPECT_EQ(all[1].name, "a screen with a long n") << "whole characters";
    EXPECT_EQ(all[1].mode, reader_mode::lossy);
    EXPECT_EQ(all[1].lag, 8U);
}

TEST(shm_broadcast, a_killed_reader_frees_the_producer_and_its_seat) {
    const ring made = ring::create(2, "number");
    auto producer = made.attach_producer();
    for (int i = 0; i < 3; ++i) {
        const pid_t child = start_holder([&] { return made.join({.name = "book"}); });
        for (int n = 0; n < 2; ++n) ASSERT_EQ(producer.push(1), status::success);
        ASSERT_EQ(producer.push_for(1, 5ms), status::timeout) << "it lives";
        weir_test::kill_and_reap(child);
        EXPECT_EQ(made.readers().size(), 1U);
        if (i == 0) {
            ASSERT_EQ(producer.push(1), status::success);
        } else {
            ASSERT_EQ(soon([&] { return producer.try_push(1); }, status::full), status::success) << "also by try_push";
        }
        EXPECT_EQ(producer.readers_lost(), static_cast<std::uint64_t>(i + 1));
        EXPECT_TRUE(made.readers().empty());
    }
}

TEST(shm_broadcast, a_stopped_reader_lives_and_holds_the_producer_up) {
    const ring made = ring::create(1, "number");
    auto producer = made.attach_producer();
    const pid_t child = start_holder([&] { return made.join(); });
    ASSERT_EQ(::kill(child, SIGSTOP), 0);
    ASSERT_EQ(producer.push(1), status::success);
    EXPECT_EQ(producer.push_for(2, 20ms), status::timeout);
    EXPECT_EQ(producer.readers_lost(), 0U);
    weir_test::kill_and_reap(child);
    EXPECT_EQ(producer.push(2), status::success);
}

TEST(shm_broadcast, all_seats_are_taken_by_living_processes_or_one_is_free) {
    const ring made = ring::create(4, "number");
    std::vector<reader> all;
    const pid_t child = start_holder([&] { return made.join(); });
    while (all.size() < ring::most_readers - 1) all.push_back(made.join());
    EXPECT_THAT(refusal([&] { (void)made.join(); }), AllOf(HasSubstr("all 16 seats"), HasSubstr("leave first")));
    weir_test::kill_and_reap(child);
    all.push_back(made.join());
    all.erase(all.begin());
    all.push_back(made.join());
    EXPECT_EQ(made.readers().size(), ring::most_readers);
}

TEST(shm_broadcast, the_death_of_the_producer_is_told_to_each_reader_once_and_another_goes_on) {
    const ring made = ring::create(4, "number");
    reader gated = made.join();
    reader lossy = made.join({.mode = reader_mode::lossy});
    const int end = in_child([&] {
        auto producer = made.attach_producer();
        for (std::uint64_t i = 0; i < 3; ++i) (void)producer.push(i);
        ::raise(SIGKILL);
        return 0;
    });
    ASSERT_EQ(end, 128 + SIGKILL);
    for (reader* const each : {&gated, &lossy}) {
        std::uint64_t out = 0;
        for (std::uint64_t i = 0; i < 3; ++i) {
            ASSERT_EQ(each->pop(out), status::success) << "first what was published";
            EXPECT_EQ(out, i);
        }
        EXPECT_EQ(soon([&] { return each->try_pop(out); }, status::empty), status::peer_died);
        EXPECT_EQ(each->in_doubt(), std::nullopt);
        EXPECT_EQ(each->pop_for(out, 3ms), status::timeout) << "once";
    }
    auto next = made.attach_producer();
    EXPECT_EQ(next.pushed(), 3U);
    EXPECT_EQ(next.push(3), status::success);
    std::uint64_t out = 0;
    EXPECT_EQ(gated.pop(out), status::success);
    EXPECT_EQ(out, 3U);
    EXPECT_THAT(refusal([&] { (void)made.attach_producer(); }),
                AllOf(HasSubstr("producer's end is held by process"), HasSubstr(std::to_string(::getpid()))));
}

TEST(shm_broadcast, an_item_that_was_being_written_is_in_doubt_and_never_seen) {
    const ring made = ring::create(2, "number");
    reader gated = made.join();
    const int end = in_child([&] {
        auto producer = made.attach_producer();
        (void)producer.push(5);
        // As a death in the midst of the next push leaves it.
        const weir::detail::shared_mapping raw(made.descriptor(), weir::detail::file_bytes(made.descriptor()), false,
                                               false);
        auto& state = *reinterpret_cast<weir::detail::shm_broadcast_state<weir::detail::shm_seats>*>(
            raw.data() + weir::detail::payload_offset);
        state.pushing.store(2, weir::detail::relaxed);
        ::raise(SIGKILL);
        return 0;
    });
    ASSERT_EQ(end, 128 + SIGKILL);
    std::uint64_t out = 0;
    ASSERT_EQ(gated.pop(out), status::success);
    EXPECT_EQ(gated.pop(out), status::peer_died);
    EXPECT_EQ(gated.in_doubt(), 1U);
    auto next = made.attach_producer();
    EXPECT_EQ(next.in_doubt(), 1U);
    EXPECT_EQ(next.pushed(), 1U);
    EXPECT_EQ(next.push(6), status::success);
    EXPECT_EQ(gated.pop(out), status::success);
    EXPECT_EQ(out, 6U);
}

TEST(shm_broadcast, that_does_not_match_is_refused_with_a_sentence) {
    const ring made = ring::create(8, "number");
    EXPECT_THAT(refusal([&] { (void)ring::attach(made.descriptor(), "nombre"); }),
                HasSubstr("its type name is \"number\", and this program expects \"nombre\""));
    EXPECT_THAT(refusal([&] { (void)shm::spsc_ring<std::uint64_t>::attach(made.descriptor(), "number"); }),
                HasSubstr("its kind is broadcast_ring, and this program expects spsc_ring"));
    EXPECT_THAT(refusal([&] { (void)shm::broadcast_ring<std::uint32_t>::attach(made.descriptor(), "number"); }),
                HasSubstr("its element size is 8 bytes, and this program expects 4 bytes"));
    const auto other = shm::spsc_ring<std::uint64_t>::create(8, "number");
    EXPECT_THAT(refusal([&] { (void)ring::attach(other.descriptor(), "number"); }),
                HasSubstr("its kind is spsc_ring, and this program expects broadcast_ring"));
    EXPECT_THROW((void)ring::create(0, "number"), shm::error);
}

}  // namespace
