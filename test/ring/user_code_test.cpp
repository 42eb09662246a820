// SPDX-License-Identifier: MIT
//
// The user's code in the middle of an operation: visitors, constructors, assignments, iterators and predicates that
// push to the same ring, pop from it, close it, throw, or take their time while the other side goes on.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/user_code.hpp"

namespace {

using namespace weir_test;
using weir::status;

template <class Kind>
class user_code : public with_user_code<Kind> {};
TYPED_TEST_SUITE(user_code, every_ring, ring_names);

// ---- that uses the ring ----------------------------------------------------------------------------------------

TYPED_TEST(user_code, in_a_visit_may_push_to_the_ring) {
    const auto check = [this](auto make_visit) {
        this->template for_each_ring<silent>([&](auto& ring, int capacity) {
            for (int there = 0; there <= capacity; ++there) {
                fill(ring, 0, there);
                int next = there;
                std::vector<int> seen;
                auto visit = make_visit([&](silent& item) {
                    seen.push_back(item.read());
                    const status answer = ring.try_emplace(next);
                    next += answer == status::success;
                    // A slot whose item is being visited, or was but is not given back yet, is not free.
                    EXPECT_TRUE(answer == status::success || answer == status::full || answer == status::busy);
                });
                EXPECT_EQ(ring.consume(visit), static_cast<std::size_t>(there)) << "those that there were";
                const std::vector<int> rest = drain(ring);
                seen.insert(seen.end(), rest.begin(), rest.end());
                EXPECT_EQ(seen, from_to(0, next));
            }
            this->expect_whole(ring);
        });
    };
    check([](auto visit) { return visit; });
    check([](auto visit) { return [visit](silent& item) mutable noexcept { visit(item); }; });
}

TYPED_TEST(user_code, in_a_constructor_may_pop_from_the_ring) {
    const auto check = [this]<class T>(T) {
        this->template for_each_ring<T>([&](auto& ring, int capacity) {
            if (capacity == 1) return;  // with one item in, it is full
            fill(ring, 0, 1);
            std::optional<T> popped;
            T::at(1, [&] { popped = ring.try_pop(); });
            EXPECT_TRUE(ring.try_emplace(1));
            ASSERT_TRUE(popped.has_value());
            EXPECT_EQ(popped->read(), 0);
            EXPECT_EQ(drain(ring), from_to(1, 2));
            this->expect_whole(ring);
        });
    };
    check(silent());
    check(loud());
}

TYPED_TEST(user_code, in_an_iterator_may_pop_from_the_ring) {
    this->template for_each_ring<loud>([&](auto& ring, int capacity) {
        for (int nth = 1; nth < capacity; ++nth) {
            fill(ring, 0, 1);
            std::optional<loud> popped;
            loud::at(nth, [&] { popped = ring.try_pop(); });
            const auto pushed = static_cast<int>(ring.try_push_n(numbers_from<loud>(1), ring.capacity() - 1));
            EXPECT_EQ(pushed, capacity - 1);
            ASSERT_TRUE(popped.has_value());
            EXPECT_EQ(popped->read(), 0);
            EXPECT_EQ(drain(ring), from_to(1, capacity));
        }
    });
}

TYPED_TEST(user_code, in_an_assignment_may_push_to_the_ring) {
    this->template for_each_ring<silent>([&](auto& ring, int capacity) {
        silent out(-1);
        fill(ring, 0, capacity);
        status answer = status::timeout;
        silent::at(1, [&] { answer = ring.try_emplace(capacity); });
        EXPECT_TRUE(ring.try_pop(out));
        EXPECT_EQ(out.read(), 0);
        // Whether its slot is free as soon as it is claimed, or when it is empty, is the ring's affair.
        if (answer != status::success) {
            EXPECT_TRUE(answer == status::full || answer == status::busy) << to_string(answer);
            EXPECT_TRUE(ring.try_emplace(capacity));
        }
        EXPECT_EQ(drain(ring), from_to(1, capacity + 1));
    });
}

// Once for each that is pushed, at most one more: what a stream has given cannot be put back.
TYPED_TEST(user_code, in_an_iterator_is_called_as_often_as_there_are_items) {
    this->template for_each_ring<silent>([&](auto& ring, int capacity) {
        for (int n = 0; n <= capacity + 2; ++n) {
            int reads = 0;
            const auto pushed =
                static_cast<int>(ring.try_push_n(numbers_from<silent>(0, &reads), static_cast<std::size_t>(n)));
            EXPECT_EQ(pushed, std::min(n, capacity));
            EXPECT_GE(reads, pushed);
            EXPECT_LE(reads, std::min(n, pushed + 1));
            EXPECT_EQ(drain(ring), from_to(0, pushed));
        }
    });
}

// ---- that closes the ring --------------------------------------------------------------------------------------

// Accepted and delivered, or refused: and after closed nothing comes.
TYPED_TEST(user_code, that_closes_the_ring_in_the_middle_loses_nothing) {
    const auto check = [this]<class T>(T, auto operation) {
        this->template for_each_ring<T>([&](auto& ring, int capacity) {
            for (int nth = 1; nth <= std::min(capacity, 2); ++nth) {
                if (ring.is_closed()) return;
                const int before = capacity - nth;
                fill(ring, 0, before);
                T::at(nth, [&] { ring.close(); });
                const int pushed = operation(ring, before, nth);
                EXPECT_TRUE(ring.is_closed());
                EXPECT_EQ(drain(ring), from_to(0, before + pushed));
                T out(-7);
                EXPECT_EQ(ring.try_consume_one([](T&) noexcept {}), status::closed);
                EXPECT_EQ(ring.try_emplace(9), status::closed);
            }
        });
    };
    const auto emplace = [](auto& ring, int next, int n) {
        int pushed = 0;
        for (; n > 0; --n) {
            const status answer = ring.try_emplace(next + pushed);
            EXPECT_TRUE(answer == status::success || answer == status::closed) << to_string(answer);
            pushed += answer == status::success;
        }
        return pushed;
    };
    check(silent(), emplace);
    check(loud(), emplace);
    const auto push_n = [](auto& ring, int next, int n) {
        using T = typename std::decay_t<decltype(ring)>::value_type;
        return static_cast<int>(ring.try_push_n(numbers_from<T>(next), static_cast<std::size_t>(n)));
    };
    check(silent(), push_n);
    check(loud(), push_n);
    const auto reserve = [](auto& ring, int next, int n) {
        if constexpr (std::decay_t<decltype(ring)>::has_contiguous_slots) {
            auto slots = ring.try_reserve(static_cast<std::size_t>(n));
            for (int i = 0; i < n; ++i) (void)slots.emplace(next + i);
            slots.commit(static_cast<std::size_t>(n));
            return n;
        } else {
            ring.close();
            return 0;
        }
    };
    check(loud(), reserve);
}

TYPED_TEST(user_code, in_a_visit_may_close_the_ring) {
    this->template for_each_ring<silent>([&](auto& ring, int capacity) {
        fill(ring, 0, capacity);
        std::vector<int> seen;
        EXPECT_EQ(ring.consume([&](silent& item) {
            seen.push_back(item.read());
            ring.close();
        }),
                  static_cast<std::size_t>(capacity));
        EXPECT_EQ(seen, from_to(0, capacity));
        EXPECT_EQ(ring.try_consume_one([](silent&) noexcept {}), status::closed);
    });
}

// The consumer waits for a push that was accepted, or hears that it was not: never `closed`, and then an item.
TYPED_TEST(user_code, that_is_slow_when_the_ring_is_closed_keeps_a_consumer_waiting_for_the_accepted_item) {
    typename TestFixture::template ring_of<silent> ring(2);
    std::atomic<bool> inside{false}, go_on{false};
    silent::at(1, [&] {
        inside = true;
        while (!go_on) std::this_thread::yield();
    });
    status pushed = status::timeout;
    std::thread producer([&] { pushed = ring.try_emplace(1); });
    while (!inside) std::this_thread::yield();
    ring.close();
    const bool early = ring.try_consume_one([](silent&) noexcept {}) == status::closed;
    std::optional<int> received;
    std::thread consumer([&] {
        if constexpr (!TestFixture::many) ring.adopt_consumer();
        if (const auto item = ring.pop()) received = item->read();
        if (ring.pop().has_value()) received = -1;
    });
    std::this_thread::yield();
    go_on = true;
    producer.join();
    consumer.join();
    EXPECT_EQ(received, pushed == status::success ? std::optional(1) : std::nullopt) << to_string(pushed);
    EXPECT_TRUE(!early || pushed == status::closed) << "told closed, and then the item was accepted";
}

}  // namespace
