// SPDX-License-Identifier: MIT
//
// Items, clocks and functions of classes that take long, throw or call an overflow_ring back, in the middle of what it
// does. Whatever they do, its ledger adds up.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "weir/overflow.hpp"

namespace {

using namespace std::chrono_literals;
using weir::overflow_ring;
using weir::status;
namespace overflow = weir::overflow;

/// A clock that stands still, and calls back when it is read.
struct hooked_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<hooked_clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept {
        if (when_read) when_read();
        return time_point(1s);
    }
    static inline std::function<void()> when_read;
};
using hooked_codel = overflow::codel<hooked_clock>;

/// An item that calls back the next time when one is moved into a slot, or to its end, and when one is assigned.
struct hooked {
    int value = 0;

    explicit hooked(int v) : value(v) {}
    hooked(hooked&& other) noexcept : value(other.value) {
        if (const auto f = std::exchange(when_moved, {})) f();
    }
    hooked& operator=(hooked&& other) noexcept {
        value = other.value;
        if (const auto f = std::exchange(when_assigned, {})) f();
        return *this;
    }
    static inline std::function<void()> when_moved, when_assigned;
};

/// The tens of a number are its class: 7 is of class 0, 23 of class 2.
struct tens {
    std::size_t operator()(int value) const { return static_cast<std::size_t>(value) / 10; }
    std::size_t operator()(const hooked& item) const { return (*this)(item.value); }
};
using shed_by_tens = overflow::shed_lowest<3, tens>;
template <class T, class Policy, class Producers = overflow::one_producer>
using ring_of = overflow_ring<T, Policy, Producers>;

/// Amid an operation: nothing has ended that was not accepted.
template <class Ring>
void expect_sane(const Ring& ring) {
    const overflow::ledger sum = ring.account();
    EXPECT_LE(sum.delivered + sum.lost(), sum.accepted());
    EXPECT_LE(sum.queued, ring.capacity());
}

// ---- items -------------------------------------------------------------------------------------------------------

template <class Policy, class Producers = overflow::one_producer>
void expect_a_push_to_outlive_a_close(Policy policy = {}) {
    ring_of<hooked, Policy, Producers> ring(2, policy);
    hooked out(0);
    bool called = false;
    hooked::when_moved = [&] {
        called = true;
        ring.close();
        const status answer = ring.try_pop(out);
        EXPECT_TRUE(answer == status::empty || answer == status::busy) << "an accepted item is on its way";
        expect_sane(ring);
    };
    EXPECT_EQ(ring.push(hooked(7)), status::success);
    EXPECT_TRUE(called);
    EXPECT_EQ(ring.push(hooked(8)), status::closed);
    EXPECT_EQ(ring.pop(out), status::success);
    EXPECT_EQ(out.value, 7);
    EXPECT_EQ(ring.pop(out), status::closed);
    const overflow::ledger sum = ring.account();
    EXPECT_TRUE(sum.is_exact());
    EXPECT_EQ(sum.offered, 2U);
    EXPECT_EQ(sum.refused, 1U);
    EXPECT_EQ(sum.delivered, 1U);
}

TEST(overflow, an_item_that_is_being_pushed_when_it_is_closed_is_delivered) {
    expect_a_push_to_outlive_a_close<overflow::block>();
    expect_a_push_to_outlive_a_close<overflow::reject>();
    expect_a_push_to_outlive_a_close<overflow::drop_newest>();
    expect_a_push_to_outlive_a_close<overflow::drop_oldest>();
    expect_a_push_to_outlive_a_close<overflow::sample>({2});
    expect_a_push_to_outlive_a_close<shed_by_tens>();
    expect_a_push_to_outlive_a_close<overflow::codel<>>();
    using many = overflow::many_producers;
    expect_a_push_to_outlive_a_close<overflow::block, many>();
    expect_a_push_to_outlive_a_close<overflow::reject, many>();
    expect_a_push_to_outlive_a_close<overflow::drop_newest, many>();
    expect_a_push_to_outlive_a_close<overflow::drop_oldest, many>();
    expect_a_push_to_outlive_a_close<overflow::codel<>, many>();
}

/// Fills a ring of two, then closes it in the middle of the push that finds no room.
template <class Policy>
overflow::ledger close_amid_a_loss(Policy policy = {}) {
    ring_of<hooked, Policy> ring(2, policy);
    EXPECT_TRUE(ring.push(hooked(11)));
    EXPECT_TRUE(ring.push(hooked(12)));
    hooked::when_moved = [&] {
        ring.close();
        expect_sane(ring);
    };
    EXPECT_EQ(ring.push(hooked(13)), status::success) << "accepted before the close, and lost";
    EXPECT_TRUE(ring.is_closed());
    hooked out(0);
    while (ring.try_pop(out) == status::success) {
    }
    EXPECT_EQ(ring.try_pop(out), status::closed);
    const overflow::ledger sum = ring.account();
    EXPECT_TRUE(sum.is_exact());
    EXPECT_EQ(sum.accepted(), 3U);
    EXPECT_EQ(sum.delivered, 2U);
    EXPECT_EQ(sum.lost(), 1U);
    return sum;
}

TEST(overflow, a_loss_in_the_middle_of_which_it_is_closed_counts_by_its_cause) {
    EXPECT_EQ(close_amid_a_loss<overflow::drop_newest>().lost_newest, 1U);
    EXPECT_EQ(close_amid_a_loss<overflow::drop_oldest>().lost_oldest, 1U);
    EXPECT_EQ(close_amid_a_loss<overflow::sample>({2}).lost_sampled, 1U);
    EXPECT_EQ(close_amid_a_loss<shed_by_tens>().lost_lowest, 1U);
    EXPECT_EQ(close_amid_a_loss<overflow::codel<>>().lost_newest, 1U);
}

/// An item that calls back the next time when one ends that is not the rest of a move.
struct mortal {
    int value;
    bool is_moved = false;

    explicit mortal(int v) : value(v) {}
    mortal(mortal&& other) noexcept : value(other.value) { other.is_moved = true; }
    mortal& operator=(mortal&& other) noexcept {
        value = other.value;
        return *this;
    }
    ~mortal() {
        if (is_moved || value < 0) return;
        if (const auto f = std::exchange(when_it_ends, {})) f();
    }
    static inline std::function<void()> when_it_ends;
};
struct class_of_mortal {
    std::size_t operator()(const mortal& m) const { return tens{}(m.value); }
};

TEST(overflow, an_item_that_makes_room_may_close_the_ring_when_it_ends) {
    mortal out(-1);
    {
        ring_of<mortal, overflow::shed_lowest<3, class_of_mortal>> ring(1);
        ASSERT_TRUE(ring.push(mortal(1)));
        mortal::when_it_ends = [&] {
            ring.close();
            EXPECT_EQ(ring.try_pop(out), status::empty) << "the one that it made room for is accepted, and comes";
            expect_sane(ring);
        };
        EXPECT_EQ(ring.push(mortal(25)), status::success);
        EXPECT_TRUE(ring.is_closed());
        EXPECT_EQ(ring.pop(out), status::success);
        EXPECT_EQ(std::exchange(out.value, -1), 25);
        EXPECT_EQ(ring.pop(out), status::closed);
        EXPECT_EQ(ring.account().lost_lowest, 1U);
        EXPECT_TRUE(ring.account().is_exact());
    }
    ring_of<mortal, overflow::drop_oldest> ring(1);
    ASSERT_TRUE(ring.push(mortal(1)));
    mortal::when_it_ends = [&] {
        ring.close();
        expect_sane(ring);
    };
    EXPECT_EQ(ring.push(mortal(2)), status::closed) << "it is accepted when it is in its slot";
    EXPECT_EQ(ring.pop(out), status::closed);
    EXPECT_EQ(ring.account().lost_oldest, 1U);
    EXPECT_EQ(ring.account().refused, 1U);
    EXPECT_TRUE(ring.account().is_exact());
}

template <class Policy>
void expect_a_pop_to_outlive_a_close(Policy policy = {}) {
    ring_of<hooked, Policy> ring(2, policy);
    ASSERT_TRUE(ring.push(hooked(1)));
    hooked out(0);
    hooked::when_assigned = [&] {
        ring.close();
        EXPECT_EQ(ring.push(hooked(2)), status::closed);
        expect_sane(ring);
    };
    EXPECT_EQ(ring.pop(out), status::success);
    EXPECT_EQ(out.value, 1);
    EXPECT_EQ(ring.pop(out), status::closed);
    EXPECT_EQ(ring.account().delivered, 1U);
    EXPECT_TRUE(ring.account().is_exact());
}

TEST(overflow, an_item_that_is_being_popped_when_it_is_closed_is_delivered) {
    expect_a_pop_to_outlive_a_close<overflow::block>();
    expect_a_pop_to_outlive_a_close<overflow::reject>();
    expect_a_pop_to_outlive_a_close<overflow::drop_newest>();
    expect_a_pop_to_outlive_a_close<overflow::drop_oldest>();
    expect_a_pop_to_outlive_a_close<overflow::sample>({2});
    expect_a_pop_to_outlive_a_close<shed_by_tens>();
    expect_a_pop_to_outlive_a_close<overflow::codel<>>();
}

#if defined(__cpp_exceptions)
/// An item whose assignment throws when it is told to.
struct unassignable {
    int value;
    explicit unassignable(int v) : value(v) {}
    unassignable(unassignable&&) noexcept = default;
    unassignable& operator=(unassignable&& other) noexcept(false) {
        if (throws) throw std::runtime_error("as told");
        value = other.value;
        return *this;
    }
    static inline bool throws = false;
};

/// `gaps`: before the last two of five items that are taken.
template <class Policy>
void expect_a_throw_to_change_nothing(Policy policy, std::array<std::uint64_t, 2> gaps) {
    ring_of<unassignable, Policy> ring(4, policy);
    unassignable out(0);
    for (int i = 1; i <= 10; ++i) ASSERT_TRUE(ring.push(unassignable(i)));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ring.try_pop(out));
    ASSERT_TRUE(ring.push(unassignable(11)));
    ASSERT_TRUE(ring.try_pop(out));
    ASSERT_EQ(ring.gap(), gaps[0]);
    const int before = out.value;
    unassignable::throws = true;
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW((void)ring.try_pop(out), std::runtime_error);
        EXPECT_EQ(out.value, before);
        EXPECT_EQ(ring.gap(), gaps[0]) << "that of the last one that was popped";
        EXPECT_EQ(ring.account().delivered, 4U);
        EXPECT_EQ(ring.account().queued, 1U);
        EXPECT_EQ(ring.account().lost(), 6U);
        EXPECT_TRUE(ring.account().is_exact());
    }
    unassignable::throws = false;
    EXPECT_TRUE(ring.try_pop(out));
    EXPECT_EQ(out.value, 11);
    EXPECT_EQ(ring.gap(), gaps[1]);
    EXPECT_EQ(ring.account().delivered, 5U);
    EXPECT_TRUE(ring.account().is_exact());
}

TEST(overflow, an_assignment_that_throws_changes_nothing_whatever_the_policy) {
    expect_a_throw_to_change_nothing<overflow::drop_newest>({}, {0, 6});
    expect_a_throw_to_change_nothing<overflow::sample>({5, 3}, {4, 2});
    expect_a_throw_to_change_nothing<hooked_codel>({3ms, 20ms}, {0, 6});
}
#endif

// ---- classes -----------------------------------------------------------------------------------------------------

/// Tells the class of a number by what the test says.
struct told {
    std::size_t operator()(int value) const { return tell(value); }
    static inline std::function<std::size_t(int)> tell;
};
using shed_as_told = overflow::shed_lowest<3, told>;

TEST(overflow, a_class_beyond_the_highest_is_the_highest) {
    ring_of<int, shed_by_tens> ring(4);
    for (const int i : {5, 25, 990, 15}) ASSERT_TRUE(ring.push(i));
    for (const int i : {25, 990, 15, 5}) EXPECT_EQ(ring.try_pop(), i);
}

TEST(overflow, a_function_of_classes_may_close_the_ring_or_count_its_items) {
    ring_of<int, shed_as_told> ring(2);
    std::size_t asked = 0;
    told::tell = [&](int value) {
        EXPECT_EQ(ring.account().offered, asked);
        EXPECT_TRUE(ring.account().is_exact()) << "nothing has happened yet";
        ++asked;
        if (value == 3) ring.close();
        return std::size_t{1};
    };
    EXPECT_EQ(ring.push(1), status::success);
    EXPECT_EQ(ring.push(2), status::success);
    EXPECT_EQ(ring.push(3), status::closed);
    EXPECT_EQ(ring.account().refused, 1U);
    EXPECT_EQ(ring.account().lost(), 0U) << "what is refused costs no other item its place";
    for (const int i : {1, 2}) EXPECT_EQ(ring.try_pop(), i);
    EXPECT_TRUE(ring.account().is_exact());
}

TEST(overflow, a_function_of_classes_may_push_another_item_first) {
    ring_of<int, shed_as_told> ring(2);
    told::tell = [&](int value) {
        if (value < 20) return tens{}(value);
        EXPECT_EQ(ring.push(value - 20), status::success);
        return tens{}(value);
    };
    EXPECT_EQ(ring.push(21), status::success);
    EXPECT_EQ(ring.push(25), status::success) << "5 is lost, for 1 and 21 are there; then 1 is, for 25";
    EXPECT_EQ(ring.account().lost_lowest, 2U);
    EXPECT_EQ(ring.account().accepted(), 4U);
    for (const int i : {21, 25}) EXPECT_EQ(ring.try_pop(), i);
    EXPECT_TRUE(ring.account().is_exact());
}

#if defined(__cpp_exceptions)
TEST(overflow, a_function_of_classes_that_throws_changes_nothing) {
    ring_of<int, shed_as_told> ring(1);
    told::tell = [](int value) {
        if (value == 2) throw std::runtime_error("of no class");
        return std::size_t{2};
    };
    ASSERT_TRUE(ring.push(1));
    EXPECT_THROW((void)ring.push(2), std::runtime_error);
    EXPECT_EQ(ring.account().offered, 1U);
    EXPECT_TRUE(ring.account().is_exact());
    EXPECT_EQ(ring.try_pop(), 1);
    ring.close();
    EXPECT_EQ(ring.push(3), status::closed);
    EXPECT_EQ(ring.try_pop(), std::nullopt);
}
#endif

// ---- clocks ------------------------------------------------------------------------------------------------------

/// Stops the consumer where it reads the clock, in the middle of a pop, and pushes eight more meanwhile.
template <class Producers>
overflow::ledger push_while_the_clock_is_read() {
    ring_of<int, hooked_codel, Producers> ring(4, {5ms, 100ms});
    EXPECT_TRUE(ring.push(0));
    std::atomic<bool> in_the_middle{false}, go_on{false};
    hooked_clock::when_read = [&, producer = std::this_thread::get_id()] {
        expect_sane(ring);
        if (std::this_thread::get_id() == producer || go_on) return;
        in_the_middle = true;
        while (!go_on) std::this_thread::yield();
    };
    std::thread consumer([&] {
        while (ring.pop()) {
        }
    });
    while (!in_the_middle) std::this_thread::yield();
    for (int i = 1; i <= 8; ++i) EXPECT_TRUE(ring.push(i));
    expect_sane(ring);
    ring.close();
    go_on = true;
    consumer.join();
    hooked_clock::when_read = {};
    const overflow::ledger sum = ring.account();
    EXPECT_TRUE(sum.is_exact());
    EXPECT_EQ(sum.accepted(), 9U);
    EXPECT_EQ(sum.queued, 0U);
    EXPECT_EQ(sum.lost(), sum.lost_newest);
    return sum;
}

TEST(overflow, a_slow_clock_in_a_pop_costs_only_the_items_without_a_slot) {
    EXPECT_EQ(push_while_the_clock_is_read<overflow::one_producer>().delivered, 4U);
    EXPECT_EQ(push_while_the_clock_is_read<overflow::many_producers>().delivered, 4U)
        << "the slot of the pop is taken until it is over";
}

TEST(overflow, a_clock_may_close_the_ring_amid_a_push_and_a_pop) {
    for (const bool in_push : {true, false}) {
        ring_of<int, hooked_codel> ring(2, {5ms, 100ms});
        const auto close = [&] { ring.close(); };
        if (in_push) hooked_clock::when_read = close;
        EXPECT_EQ(ring.push(1), status::success);
        hooked_clock::when_read = close;
        EXPECT_EQ(ring.pop(), 1);
        hooked_clock::when_read = {};
        EXPECT_EQ(ring.pop(), std::nullopt);
        EXPECT_EQ(ring.push(2), status::closed);
        EXPECT_TRUE(ring.account().is_exact());
    }
}

}  // namespace
