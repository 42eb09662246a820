// SPDX-License-Identifier: MIT
//
// What every ring promises, for every kind of element, from one thread. A ring joins by a file of its own that instantiates
// the suite: together they are too much for one compilation.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "weir/ring.hpp"

namespace {

using namespace weir_test;
using weir::status;

template <class Ring>
class ring_contract : public testing::Test {
protected:
    using element = typename Ring::value_type;

    void SetUp() override { alive_before_ = counted::alive; }
    void TearDown() override {
        EXPECT_EQ(counted::alive, alive_before_) << "an element leaked or was destroyed twice";
        EXPECT_EQ(counted::misuses, 0) << "an element was used after its destruction";
        EXPECT_FALSE(aligned<64>::misplaced || aligned<128>::misplaced) << "an over-aligned element was misplaced";
    }

    // Every capacity that is interesting, from every start that is: at zero, and so that the counters wrap inside.
    template <class Test>
    static void for_each_ring(Test test) {
        for (const std::size_t capacity : {1U, 2U, 3U, 10U, 100U, 1000U}) {
            for (const std::uint64_t start :
                 {std::uint64_t{0}, std::uint64_t{0} - 1, std::uint64_t{0} - capacity / 2 - 1}) {
                SCOPED_TRACE("capacity " + std::to_string(capacity) + ", start " + std::to_string(start));
                Ring ring(capacity, {start});
                test(ring);
            }
        }
    }

    static std::size_t fill(Ring& ring, int first = 0) {
        std::size_t pushed = 0;
        while (ring.try_push(make<element>(first + static_cast<int>(pushed)))) ++pushed;
        return pushed;
    }

    static void expect_next(Ring& ring, int expected) {
        const std::optional<element> popped = ring.try_pop();
        ASSERT_TRUE(popped.has_value());
        EXPECT_EQ(number(*popped), expected);
    }

private:
    int alive_before_ = 0;
};

using seq_cst_park = weir::wait::parking<weir::fence::seq_cst>;

// One suite for each kind of ring, with every kind of element, other storage and narrow counters; not each with each.
template <template <class, class...> class Ring>
using rings_of =
    testing::Types<Ring<int>, Ring<std::unique_ptr<int>>, Ring<aligned<128>, std::uint32_t>, Ring<counted>,
#if defined(__cpp_exceptions)
                   Ring<throwing>,
#endif
                   Ring<counted, weir::wait::park, weir::stats::off, weir::storage::huge_pages, std::uint64_t>,
                   Ring<big, seq_cst_park, std::uint16_t>>;

TYPED_TEST_SUITE_P(ring_contract);

// ---- the bound -----------------------------------------------------------------------------------------------

TYPED_TEST_P(ring_contract, holds_exactly_its_capacity) {
    this->for_each_ring([&](auto& ring) {
        for (int lap = 0; lap < 3; ++lap) {
            EXPECT_EQ(ring.credits(), ring.capacity());
            EXPECT_EQ(this->fill(ring), ring.capacity());
            EXPECT_EQ(ring.try_push(make<typename TypeParam::value_type>(7)), status::full);
            EXPECT_EQ(ring.credits(), 0u);
            EXPECT_EQ(ring.size_approx(), ring.capacity());
            for (std::size_t i = 0; i < ring.capacity(); ++i) this->expect_next(ring, static_cast<int>(i));
            EXPECT_FALSE(ring.try_pop().has_value());
            EXPECT_EQ(ring.size_approx(), 0u);
        }
    });
}

TYPED_TEST_P(ring_contract, takes_exactly_one_more_after_fill_and_pop_one) {
    this->for_each_ring([&](auto& ring) {
        using T = typename TypeParam::value_type;
        const int capacity = static_cast<int>(ring.capacity());
        this->fill(ring);
        for (int i = 0; i < 3 * capacity; ++i) {
            this->expect_next(ring, i);
            EXPECT_EQ(ring.try_push(make<T>(capacity + i)), status::success);
            EXPECT_EQ(ring.try_push(make<T>(0)), status::full);
        }
    });
}

TYPED_TEST_P(ring_contract, keeps_first_in_first_out_at_every_fill_level) {
    this->for_each_ring([&](auto& ring) {
        int pushed = 0;
        int popped = 0;
        for (std::size_t level = 1; level <= ring.capacity(); level = level * 2 + 1) {
            while (pushed - popped < static_cast<int>(level)) {
                ASSERT_TRUE(ring.try_push(make<typename TypeParam::value_type>(pushed++)));
            }
            EXPECT_EQ(ring.size_approx(), level);
            for (std::size_t i = 0; i < level / 2 + 1; ++i) this->expect_next(ring, popped++);
        }
    });
}

// ---- single elements -----------------------------------------------------------------------------------------

TYPED_TEST_P(ring_contract, a_refused_push_leaves_its_argument_untouched) {
    this->for_each_ring([&](auto& ring) {
        using T = typename TypeParam::value_type;
        this->fill(ring);
        T value = make<T>(42);
        EXPECT_EQ(ring.try_push(std::move(value)), status::full);
        EXPECT_EQ(number(value), 42);
        EXPECT_EQ(ring.try_emplace(std::move(value)), status::full);
        EXPECT_EQ(number(value), 42);
    });
}

TYPED_TEST_P(ring_contract, an_empty_ring_says_empty_and_leaves_the_target_untouched) {
    this->for_each_ring([&](auto& ring) {
        using T = typename TypeParam::value_type;
        T out = make<T>(5);
        EXPECT_EQ(ring.try_pop(out), status::empty);
        EXPECT_EQ(number(out), 5);
        ASSERT_TRUE(ring.try_push(make<T>(6)));
        EXPECT_EQ(ring.try_pop(out), status::success);
        EXPECT_EQ(number(out), 6);
        EXPECT_EQ(ring.try_pop(out), status::empty);
    });
}

TYPED_TEST_P(ring_contract, pushes_copies_and_emplaces) {
    using T = typename TypeParam::value_type;
    if constexpr (std::copy_constructible<T>) {
        TypeParam ring(2);
        const T value = make<T>(1);
        EXPECT_TRUE(ring.try_push(value));
        EXPECT_EQ(number(value), 1);
        EXPECT_TRUE(ring.try_emplace(2));
        this->expect_next(ring, 1);
        this->expect_next(ring, 2);
    }
}

TYPED_TEST_P(ring_contract, destroys_what_is_left_in_it) {
    using T = typename TypeParam::value_type;
    for (const std::size_t left : {0u, 1u, 5u, 8u}) {
        TypeParam ring(8, {std::uint64_t{0} - 4});
        for (std::size_t i = 0; i < left; ++i) ASSERT_TRUE(ring.try_push(make<T>(1)));
    }  // the fixture counts
}

TYPED_TEST_P(ring_contract, a_popped_slot_holds_nothing_alive) {
    if constexpr (std::is_base_of_v<counted, typename TypeParam::value_type>) {
        TypeParam ring(4);
        const int before = counted::alive;
        this->fill(ring);
        EXPECT_EQ(counted::alive, before + 4);
        (void)ring.try_pop();
        EXPECT_EQ(counted::alive, before + 3);
        EXPECT_EQ(ring.consume([](auto&) {}, 2), 2u);
        EXPECT_EQ(counted::alive, before + 1);
    }
}

// ---- many at once --------------------------------------------------------------------------------------------

TYPED_TEST_P(ring_contract, bulk_pushes_all_that_fits_and_pops_all_there_is) {
    this->for_each_ring([&](auto& ring) {
        using T = typename TypeParam::value_type;
        const std::size_t capacity = ring.capacity();
        int next_in = 0;
        int next_out = 0;
        for (const std::size_t n : {capacity, capacity / 2 + 1, capacity + 3, std::size_t{1}, std::size_t{0}}) {
            std::vector<T> in;
            for (std::size_t i = 0; i < n; ++i) in.push_back(make<T>(next_in + static_cast<int>(i)));
            const std::size_t room = ring.credits();
            const std::size_t pushed = ring.try_push_n(std::make_move_iterator(in.begin()), n);
            ASSERT_EQ(pushed, std::min(n, room));
            for (std::size_t i = pushed; i < n; ++i) {
                EXPECT_EQ(number(in[i]), next_in + static_cast<int>(i)) << "what did not fit was touched";
            }
            next_in += static_cast<int>(pushed);

            const std::size_t there = ring.size_approx();
            std::vector<T> out;
            for (std::size_t i = 0; i < n; ++i) out.push_back(make<T>(0));
            const std::size_t popped = ring.try_pop_n(out);
            ASSERT_EQ(popped, std::min(n, there));
            for (std::size_t i = 0; i < popped; ++i) EXPECT_EQ(number(out[i]), next_out++);
        }
    });
}

TYPED_TEST_P(ring_contract, bulk_fits_exactly_what_was_freed) {
    this->for_each_ring([&](auto& ring) {
        using T = typename TypeParam::value_type;
        const std::size_t capacity = ring.capacity();
        this->fill(ring);
        for (std::size_t freed = 1; freed <= capacity; freed = freed * 3 + 1) {
            for (std::size_t i = 0; i < freed; ++i) ASSERT_TRUE(ring.try_pop().has_value());
            std::vector<T> in;
            for (std::size_t i = 0; i < capacity + 1; ++i) in.push_back(make<T>(0));
            EXPECT_EQ(ring.try_push_n(std::make_move_iterator(in.begin()), in.size()), freed);
        }
    });
}

TYPED_TEST_P(ring_contract, bulk_copies_from_a_span) {
    using T = typename TypeParam::value_type;
    if constexpr (std::copy_constructible<T>) {
        const std::vector<T> in{make<T>(1), make<T>(2), make<T>(3)};
        TypeParam ring(2, {std::uint64_t{0} - 1});
        EXPECT_EQ(ring.try_push_n(in), 2u);
        this->expect_next(ring, 1);
        this->expect_next(ring, 2);
        EXPECT_EQ(ring.try_push_n(std::span<const T>{}), 0u);
    }
}

// ---- in place ------------------------------------------------------------------------------------------------

TYPED_TEST_P(ring_contract, a_reservation_publishes_what_is_committed_and_gives_the_rest_back) {
    if constexpr (TypeParam::has_contiguous_slots)
        this->for_each_ring([&](auto& ring) {
            using T = typename TypeParam::value_type;
            const std::size_t capacity = ring.capacity();
            int next_in = 0;
            int next_out = 0;
            for (std::size_t built = 0; built <= capacity; built = built * 2 + 1) {
                for (const std::size_t committed : {built, built / 2}) {
                    {
                        auto slots = ring.try_reserve(capacity + 5);
                        EXPECT_EQ(slots.size(), capacity);
                        for (int i = 0; i < static_cast<int>(built); ++i) slots.emplace(make<T>(next_in + i));
                        EXPECT_EQ(ring.size_approx(), 0u) << "nothing is published before commit";
                        slots.commit(committed / 2);
                        slots.commit(committed - committed / 2);
                        EXPECT_EQ(slots.size(), capacity - committed);
                    }
                    next_in += static_cast<int>(committed);
                    EXPECT_EQ(ring.size_approx(), committed);
                    EXPECT_EQ(ring.credits(), capacity - committed);
                    for (std::size_t i = 0; i < committed; ++i) this->expect_next(ring, next_out++);
                }
            }
        });
}

TYPED_TEST_P(ring_contract, spans_of_a_reservation_are_the_slots_in_order) {
    if constexpr (TypeParam::has_contiguous_slots && std::is_same_v<typename TypeParam::value_type, int>) {
        this->for_each_ring([&](auto& ring) {
            for (int lap = 0; lap < 4; ++lap) {
                auto slots = ring.try_reserve(ring.capacity());
                ASSERT_EQ(slots.first().size() + slots.second().size(), ring.capacity());
                std::iota(slots.first().begin(), slots.first().end(), 100);
                std::iota(slots.second().begin(), slots.second().end(), 100 + static_cast<int>(slots.first().size()));
                slots.commit(slots.size());
                for (std::size_t i = 0; i < ring.capacity(); ++i) this->expect_next(ring, 100 + static_cast<int>(i));
                ASSERT_TRUE(ring.try_push(-1));  // so that each lap begins elsewhere
                this->expect_next(ring, -1);
            }
        });
    }
}

TYPED_TEST_P(ring_contract, a_full_ring_reserves_nothing_and_an_empty_one_shows_nothing) {
    this->for_each_ring([&](auto& ring) {
        EXPECT_EQ(ring.consume([](auto&) { FAIL() << "nothing to visit"; }), 0u);
        if constexpr (TypeParam::has_contiguous_slots) {
            EXPECT_TRUE(ring.try_peek(3).empty());
            this->fill(ring);
            EXPECT_TRUE(ring.try_reserve(3).empty());
        }
    });
}

TYPED_TEST_P(ring_contract, peek_shows_and_release_frees) {
    if constexpr (TypeParam::has_contiguous_slots)
        this->for_each_ring([&](auto& ring) {
            const std::size_t capacity = ring.capacity();
            for (int lap = 0; lap < 3; ++lap) {
                this->fill(ring);
                std::size_t gone = 0;
                while (gone < capacity) {
                    auto items = ring.try_peek(capacity / 3 + 1);
                    ASSERT_EQ(items.size(), std::min(capacity / 3 + 1, capacity - gone));
                    int expected = static_cast<int>(gone);
                    for (const auto& item : items.first()) EXPECT_EQ(number(item), expected++);
                    for (const auto& item : items.second()) EXPECT_EQ(number(item), expected++);
                    EXPECT_EQ(ring.size_approx(), capacity - gone) << "a look takes nothing";
                    const std::size_t released = items.size() / 2 + 1;
                    items.release(released);
                    gone += released;
                    EXPECT_EQ(ring.size_approx(), capacity - gone);
                }
            }
        });
}

TYPED_TEST_P(ring_contract, consume_visits_in_order_and_frees) {
    this->for_each_ring([&](auto& ring) {
        const std::size_t capacity = ring.capacity();
        for (int lap = 0; lap < 3; ++lap) {
            this->fill(ring);
            int expected = 0;
            const auto visit = [&](auto& item) { EXPECT_EQ(number(item), expected++); };
            const auto visit_nothrow = [&](auto& item) noexcept { visit(item); };
            EXPECT_EQ(ring.consume(visit, 1), 1u);
            EXPECT_EQ(lap == 0 ? ring.consume(visit) : ring.consume(visit_nothrow), capacity - 1);
            EXPECT_EQ(ring.size_approx(), 0u);
            EXPECT_EQ(ring.credits(), capacity);
        }
    });
}

// ---- waiting -------------------------------------------------------------------------------------------------

TYPED_TEST_P(ring_contract, a_wait_that_need_not_wait_does_what_a_try_does) {
    this->for_each_ring([&](auto& ring) {
        using T = typename TypeParam::value_type;
        const std::size_t capacity = ring.capacity();
        T value = make<T>(0);
        EXPECT_EQ(ring.emplace(std::move(value)), status::success);
        for (int i = 1; i < static_cast<int>(capacity); ++i) ASSERT_EQ(ring.push(make<T>(i)), status::success);
        int expected = 0;
        const auto visit = [&](T& item) noexcept { EXPECT_EQ(number(item), expected++); };
        EXPECT_EQ(ring.consume_one(visit), status::success);
        EXPECT_EQ(ring.consume_some(visit, capacity / 2), capacity / 2 < capacity ? capacity / 2 : 0);
        const std::size_t left = capacity - 1 - capacity / 2;
        EXPECT_EQ(left > 0 ? ring.consume_some(visit) : 0, left);
        EXPECT_EQ(ring.size_approx(), 0u);
        EXPECT_EQ(ring.consume_some(visit, 0), 0u) << "none were asked for: nothing to wait for";

        ASSERT_EQ(ring.push(make<T>(7)), status::success);
        const std::optional<T> popped = ring.pop_for(std::chrono::hours(1));
        ASSERT_TRUE(popped.has_value());
        EXPECT_EQ(number(*popped), 7);
        ASSERT_EQ(ring.push(make<T>(8)), status::success);
        EXPECT_EQ(number(*ring.pop_until(weir::forever)), 8);
        ASSERT_EQ(ring.push(make<T>(9)), status::success);
        expected = 9;
        EXPECT_EQ(ring.consume_one_for(visit, std::chrono::hours(1)), status::success);
        ASSERT_EQ(ring.push(make<T>(10)), status::success);
        EXPECT_EQ(ring.consume_some_for(visit, std::chrono::hours(1)), 1u);
        ASSERT_EQ(ring.push(make<T>(11)), status::success);
        EXPECT_EQ(ring.consume_some_unless(visit, [] { return true; }), 1u);
    });
}

TYPED_TEST_P(ring_contract, a_wait_whose_time_is_over_changes_nothing) {
    using T = typename TypeParam::value_type;
    TypeParam ring(3, {std::uint64_t{0} - 1});
    const auto fail = [](T&) noexcept { ADD_FAILURE() << "nothing to visit"; };
    const auto past = typename TypeParam::time_point{};
    EXPECT_FALSE(ring.pop_for(std::chrono::nanoseconds(1)).has_value());
    EXPECT_FALSE(ring.pop_until(past).has_value());
    EXPECT_EQ(ring.consume_one_for(fail, std::chrono::nanoseconds(1)), status::timeout);
    EXPECT_EQ(ring.consume_one_until(fail, past), status::timeout);
    EXPECT_EQ(ring.consume_some_for(fail, std::chrono::nanoseconds(1)), 0u);
    EXPECT_EQ(ring.consume_some_until(fail, past), 0u);
    EXPECT_EQ(ring.consume_some_unless(fail, [] { return true; }), 0u);
    EXPECT_EQ(ring.consume_some_unless(
                  fail, [] { return false; }, past),
              0u);
    std::vector<T> out;
    for (int i = 0; i < 4; ++i) out.push_back(make<T>(5));
    EXPECT_EQ(ring.pop_n_unless(out, [] { return true; }), 0u);
    EXPECT_EQ(number(out[0]), 5);
    this->fill(ring);
    EXPECT_EQ(ring.pop_n_unless(
                  out, [] { return false; }, past),
              3u)
        << "those there are";
    EXPECT_EQ(number(out[3]), 5);
    if constexpr (std::copy_constructible<T>) {
        EXPECT_EQ(ring.push_n_unless(out, [] { return true; }), 3u) << "as many as fit";
        EXPECT_EQ(ring.push_n_unless(
                      out, [] { return false; }, past),
                  0u);
        EXPECT_EQ(ring.size_approx(), 3u);
    }
}

TYPED_TEST_P(ring_contract, a_closed_ring_ends_every_wait) {
    using T = typename TypeParam::value_type;
    TypeParam ring(3, {std::uint64_t{0} - 1});
    ASSERT_EQ(ring.push(make<T>(1)), status::success);
    ASSERT_EQ(ring.push(make<T>(2)), status::success);
    ring.close();
    T refused = make<T>(3);
    EXPECT_EQ(ring.emplace(std::move(refused)), status::closed);
    EXPECT_EQ(number(refused), 3);
    EXPECT_EQ(ring.wait_for_slots(0), status::closed);
    EXPECT_EQ(ring.wait_for_slots(1), status::closed);
    EXPECT_EQ(ring.wait_for_items(3), status::closed);
    EXPECT_EQ(ring.wait_for_items(2), status::success) << "what was accepted is still there";
    int visited = 0;
    const auto visit = [&](T&) noexcept { ++visited; };
    EXPECT_EQ(ring.consume_some(visit), 2u);
    EXPECT_EQ(ring.consume_some(visit), 0u);
    EXPECT_EQ(ring.consume_one(visit), status::closed);
    EXPECT_FALSE(ring.pop_until(weir::forever).has_value());
    EXPECT_EQ(ring.wait_for_items(1), status::closed);
    EXPECT_EQ(visited, 2);
}

TYPED_TEST_P(ring_contract, a_wait_for_several_counts_exactly_and_takes_nothing) {
    this->for_each_ring([&](auto& ring) {
        const std::size_t capacity = ring.capacity();
        const auto past = typename TypeParam::time_point{};
        for (std::size_t size = 0; size <= capacity; ++size) {
            for (const std::size_t n : {std::size_t{0}, std::size_t{1}, size, size + 1, capacity}) {
                if (n > capacity || (size > 4 && size % 100 != 0)) continue;
                const status::value items = n <= size ? status::success : status::timeout;
                const status::value slots = n <= capacity - size ? status::success : status::timeout;
                EXPECT_EQ(ring.wait_for_items_until(n, past), items) << n << " of " << size;
                EXPECT_EQ(ring.wait_for_slots_until(n, past), slots) << n << " beside " << size;
            }
            EXPECT_EQ(ring.size_approx(), size);
            if (size == capacity) break;
            ASSERT_TRUE(ring.try_push(make<typename TypeParam::value_type>(0)));
        }
    });
}

TYPED_TEST_P(ring_contract, a_wait_for_more_than_the_capacity_is_refused_with_a_sentence) {
#if defined(__cpp_exceptions)
    TypeParam ring(3);
    const auto sentence = [](auto operation) -> std::string {
        try {
            (void)operation();
        } catch (const std::invalid_argument& refusal) {
            return refusal.what();
        }
        return "no exception";
    };
    const std::string expected = "a ring of capacity 3 never has 4 items or free slots at once; wait for 3 at most";
    EXPECT_NE(sentence([&] { return ring.wait_for_items(4); }).find(expected), std::string::npos);
    EXPECT_NE(sentence([&] { return ring.wait_for_slots(4); }).find(expected), std::string::npos);
    EXPECT_NE(sentence([&] { return ring.wait_for_items_for(4, std::chrono::hours(1)); }).find(expected),
              std::string::npos);
    EXPECT_NE(sentence([&] { return ring.wait_for_slots_for(4, std::chrono::hours(1)); }).find(expected),
              std::string::npos);
#endif
}

// ---- exceptions ----------------------------------------------------------------------------------------------
// Empty where exceptions are off: a typed suite has to know all of its tests.

TYPED_TEST_P(ring_contract, a_throwing_constructor_changes_nothing) {
#if defined(__cpp_exceptions)
    if constexpr (std::is_same_v<typename TypeParam::value_type, throwing>) {
        TypeParam ring(4, {std::uint64_t{0} - 2});
        ASSERT_TRUE(ring.try_emplace(0));
        const throwing value(9);
        const auto expect_throw = [&](int which, auto operation) {
            throwing::throw_in = which;
            EXPECT_THROW(operation(), std::runtime_error);
            throwing::throw_in = 0;
            EXPECT_EQ(ring.size_approx(), 1u);
        };
        const std::vector<throwing> three(3, value);
        expect_throw(1, [&] { (void)ring.try_push(value); });
        expect_throw(1, [&] { (void)ring.try_emplace(7); });
        for (int which = 1; which <= 3; ++which) {
            if constexpr (TypeParam::has_contiguous_slots) {
                expect_throw(which, [&] { (void)ring.try_push_n(three); });
                expect_throw(which, [&] {
                    auto slots = ring.try_reserve(3);
                    for (int i = 0; i < 3; ++i) slots.emplace(i);
                });
            }
        }
        if constexpr (TypeParam::has_many_producers) expect_throw(1, [&] { (void)ring.try_push_n(three); });
        EXPECT_EQ(ring.try_push_n(three), 3u);
        this->expect_next(ring, 0);
        for (int i = 0; i < 3; ++i) this->expect_next(ring, 9);
    }
#endif
}

TYPED_TEST_P(ring_contract, a_throwing_constructor_ends_a_batch_for_many_producers) {
#if defined(__cpp_exceptions)
    if constexpr (TypeParam::has_many_producers && std::is_same_v<typename TypeParam::value_type, throwing>) {
        TypeParam ring(4, {std::uint64_t{0} - 2});
        const std::vector<throwing> three(3, throwing(9));
        throwing::throw_in = 3;
        EXPECT_EQ(ring.try_push_n(three), 2u) << "what went before is in, and the caller knows how much that is";
        throwing::throw_in = 1;
        EXPECT_THROW((void)ring.try_push_n(std::span(three).last(1)), std::runtime_error)
            << "and meets the exception next";
        throwing::throw_in = 0;
        EXPECT_EQ(ring.try_push_n(std::span(three).last(1)), 1u);
        EXPECT_EQ(ring.size_approx(), 3u);
    }
#endif
}

// Where slots are claimed by many nobody can give an element back: one whose visit throws is gone, and no other is held
// meanwhile.
TYPED_TEST_P(ring_contract, a_throwing_visit_loses_no_other_element) {
#if defined(__cpp_exceptions)
    this->for_each_ring([&](auto& ring) {
        const int capacity = static_cast<int>(ring.capacity());
        this->fill(ring);
        int visits = 0;
        const auto visit = [&](auto&) {
            if (visits++ == capacity / 2) throw std::runtime_error("as told");
        };
        EXPECT_THROW(ring.consume(visit), std::runtime_error);
        constexpr bool claims = TypeParam::has_many_consumers || TypeParam::has_many_producers;
        const int gone = capacity / 2 + (claims ? 1 : 0);
        EXPECT_EQ(ring.size_approx(), ring.capacity() - static_cast<std::size_t>(gone));
        for (int i = gone; i < capacity; ++i) this->expect_next(ring, i);
        EXPECT_EQ(this->fill(ring), ring.capacity()) << "every slot is usable";
    });
#endif
}

TYPED_TEST_P(ring_contract, an_impossible_capacity_is_refused_with_a_sentence) {
#if defined(__cpp_exceptions)
    const auto sentence = [](std::size_t capacity) -> std::string {
        try {
            TypeParam ring(capacity);
        } catch (const std::invalid_argument& refusal) {
            return refusal.what();
        }
        return "no exception";
    };
    EXPECT_NE(sentence(0).find("capacity 0 is impossible; choose 1 to "), std::string::npos) << sentence(0);
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    for (const std::size_t capacity :
         {most, most / 2 + 1, most / 2, most / sizeof(typename TypeParam::value_type) + 1}) {
        EXPECT_NE(sentence(capacity).find(std::to_string(capacity)), std::string::npos) << sentence(capacity);
    }
#endif
}

// clang-format off
REGISTER_TYPED_TEST_SUITE_P(ring_contract,
    holds_exactly_its_capacity,
    takes_exactly_one_more_after_fill_and_pop_one,
    keeps_first_in_first_out_at_every_fill_level,
    a_refused_push_leaves_its_argument_untouched,
    an_empty_ring_says_empty_and_leaves_the_target_untouched,
    pushes_copies_and_emplaces,
    destroys_what_is_left_in_it,
    a_popped_slot_holds_nothing_alive,
    bulk_pushes_all_that_fits_and_pops_all_there_is,
    bulk_fits_exactly_what_was_freed,
    bulk_copies_from_a_span,
    a_reservation_publishes_what_is_committed_and_gives_the_rest_back,
    spans_of_a_reservation_are_the_slots_in_order,
    a_full_ring_reserves_nothing_and_an_empty_one_shows_nothing,
    peek_shows_and_release_frees,
    consume_visits_in_order_and_frees,
    a_wait_that_need_not_wait_does_what_a_try_does,
    a_wait_whose_time_is_over_changes_nothing,
    a_closed_ring_ends_every_wait,
    a_wait_for_several_counts_exactly_and_takes_nothing,
    a_wait_for_more_than_the_capacity_is_refused_with_a_sentence,
    a_throwing_constructor_changes_nothing,
    a_throwing_constructor_ends_a_batch_for_many_producers,
    a_throwing_visit_loses_no_other_element,
    an_impossible_capacity_is_refused_with_a_sentence);
// clang-format on

}  // namespace
