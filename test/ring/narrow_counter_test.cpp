// SPDX-License-Identifier: MIT
//
// Operations on more items than a ring's counter can count: the number must be reduced to what fits, not truncated.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/every_ring.hpp"
#include "test/support/wait_support.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;

template <template <class, class...> class Ring, class Counter>
using narrow = Ring<int, Counter>;
template <class T, class... Options>
using strict_ring = weir::strict_mpmc_ring<T, Options..., weir::max_threads<8>>;
template <class T, class... Options>
using pull_strict_ring = weir::pull::strict_mpmc_ring<T, Options..., weir::max_threads<8>>;
using weir_test::asked;

constexpr std::size_t capacity = 100;

/// Around multiples of 2^8 and 2^16: truncated, they are small or 0.
constexpr std::array<std::size_t, 14> large_numbers{255, 256, 257,   300,   356,   511,   512,
                                                    513, 768, 65535, 65536, 65537, 65636, 131072};
/// The same, and numbers that no array is long enough for.
std::vector<std::size_t> huge_numbers() {
    std::vector<std::size_t> all(large_numbers.begin(), large_numbers.end());
    for (const std::size_t n : {std::size_t{1} << 32, std::size_t{1} << 63})
        all.insert(all.end(), {n - 1, n, n + 1, n + 60});
    const std::size_t most = std::numeric_limits<std::size_t>::max();
    all.insert(all.end(), {most, most - 255, most - 65535});
    return all;
}

std::vector<int> numbers(std::size_t n) {
    std::vector<int> all(n);
    std::iota(all.begin(), all.end(), 1000);
    return all;
}

template <class Ring>
class narrow_counter : public testing::Test {
protected:
    /// Calls `test(ring, fill)` for an empty ring, a full one and two in between, from starts near the wrap and far
    /// from it.
    template <class Test>
    static void for_each_fill(Test test) {
        for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{0} - 50, std::uint64_t{200}}) {
            for (const std::size_t fill : {std::size_t{0}, std::size_t{1}, std::size_t{60}, capacity}) {
                SCOPED_TRACE("start " + std::to_string(start) + ", fill " + std::to_string(fill));
                Ring ring(capacity, {start});
                for (std::size_t i = 0; i < fill; ++i) ASSERT_TRUE(ring.try_push(static_cast<int>(i)));
                test(ring, fill);
            }
        }
    }

    /// Expects the ring to hold `items`, and to take exactly its capacity afterwards.
    static void expect_left(Ring& ring, const std::vector<int>& items) {
        EXPECT_EQ(ring.size_approx(), items.size());
        for (const int item : items) ASSERT_EQ(ring.try_pop(), item);
        EXPECT_EQ(ring.try_pop(), std::nullopt);
        for (std::size_t i = 0; i < capacity; ++i) ASSERT_TRUE(ring.try_push(0));
        EXPECT_EQ(ring.try_push(0), status::full);
    }
    static std::vector<int> from_to(std::size_t from, std::size_t to) {
        std::vector<int> items(to - from);
        std::iota(items.begin(), items.end(), static_cast<int>(from));
        return items;
    }
};

using rings =
    testing::Types<narrow<weir::spsc_ring, std::uint8_t>, narrow<weir::spsc_ring, std::uint16_t>,
                   narrow<weir::mpmc_ring, std::uint8_t>, narrow<strict_ring, std::uint16_t>,
                   asked<narrow<weir::pull::spsc_ring, std::uint8_t>>, asked<narrow<weir::pull::mpmc_ring, std::uint8_t>>,
                   asked<narrow<pull_strict_ring, std::uint16_t>>, weir::spsc_ring<int>>;
struct names {
    template <class Ring>
    static std::string GetName(int i) {
        static constexpr std::array all{"spsc_8",      "spsc_16",     "mpmc_8",         "strict_16",
                                        "pull_spsc_8", "pull_mpmc_8", "pull_strict_16", "spsc_64"};
        return all[static_cast<std::size_t>(i)];
    }
};
TYPED_TEST_SUITE(narrow_counter, rings, names);

TYPED_TEST(narrow_counter, a_batch_beyond_its_range_fills_the_ring) {
    for (const std::size_t n : large_numbers) {
        SCOPED_TRACE("of " + std::to_string(n));
        const std::vector<int> items = numbers(n);
        this->for_each_fill([&](TypeParam& ring, std::size_t fill) {
            EXPECT_EQ(ring.try_push_n(items), capacity - fill);
            std::vector<int> left = this->from_to(0, fill);
            left.insert(left.end(), items.begin(), items.begin() + static_cast<std::ptrdiff_t>(capacity - fill));
            this->expect_left(ring, left);
        });
    }
}

TYPED_TEST(narrow_counter, an_array_beyond_its_range_takes_all_items) {
    for (const std::size_t n : large_numbers) {
        SCOPED_TRACE("of " + std::to_string(n));
        std::vector<int> out(n);
        this->for_each_fill([&](TypeParam& ring, std::size_t fill) {
            ASSERT_EQ(ring.try_pop_n(out), fill);
            for (std::size_t i = 0; i < fill; ++i) ASSERT_EQ(out[i], static_cast<int>(i));
            this->expect_left(ring, {});
        });
    }
}

TYPED_TEST(narrow_counter, consuming_beyond_its_range_visits_all_items) {
    for (const std::size_t n : huge_numbers()) {
        SCOPED_TRACE("of " + std::to_string(n));
        this->for_each_fill([&](TypeParam& ring, std::size_t fill) {
            int next = 0;
            EXPECT_EQ(ring.consume([&](int item) noexcept { EXPECT_EQ(item, next++); }, n), fill);
            EXPECT_EQ(next, static_cast<int>(fill));
            this->expect_left(ring, {});
        });
    }
}

TYPED_TEST(narrow_counter, reserving_beyond_its_range_claims_all_free_slots) {
    if constexpr (TypeParam::has_contiguous_slots) {
        for (const std::size_t n : huge_numbers()) {
            SCOPED_TRACE("of " + std::to_string(n));
            this->for_each_fill([&](TypeParam& ring, std::size_t fill) {
                {
                    auto slots = ring.try_reserve(n);
                    ASSERT_EQ(slots.size(), capacity - fill);
                    for (std::size_t i = fill; i < capacity; ++i) slots.emplace(static_cast<int>(i));
                    slots.commit(capacity - fill);
                }
                this->expect_left(ring, this->from_to(0, capacity));
            });
        }
    }
}

TYPED_TEST(narrow_counter, peeking_beyond_its_range_shows_all_items) {
    if constexpr (TypeParam::has_contiguous_slots) {
        for (const std::size_t n : huge_numbers()) {
            SCOPED_TRACE("of " + std::to_string(n));
            this->for_each_fill([&](TypeParam& ring, std::size_t fill) {
                {
                    auto items = ring.try_peek(n);
                    ASSERT_EQ(items.size(), fill);
                    items.release(fill / 2);
                }
                this->expect_left(ring, this->from_to(fill / 2, fill));
            });
        }
    }
}

TYPED_TEST(narrow_counter, push_n_and_pop_n_beyond_its_range_pass_all_items) {
    for (const std::size_t n : {256U, 300U, 512U, 65536U}) {
        const std::vector<int> items = numbers(n);
        std::vector<int> out(n);
        TypeParam ring(capacity);
        std::atomic<std::uint64_t> ends{0};
        const weir_test::watchdog dog([&] { return ring.size_approx() + ends * 1000; },
                                      [&] { return "a batch of " + std::to_string(n) + " is stuck"; });
        std::thread producer([&] {
            EXPECT_EQ(ring.push_n(items), n);
            ++ends;
        });
        EXPECT_EQ(ring.pop_n(out), n);
        ++ends;
        producer.join();
        EXPECT_EQ(out, items);
    }
}

template <class Ring>
class narrow_demand : public testing::Test {};
using demanding =
    testing::Types<narrow<weir::pull::spsc_ring, std::uint8_t>, narrow<weir::pull::spsc_ring, std::uint16_t>,
                   narrow<weir::pull::mpmc_ring, std::uint8_t>, narrow<pull_strict_ring, std::uint16_t>>;
TYPED_TEST_SUITE(narrow_demand, demanding);

TYPED_TEST(narrow_demand, a_request_beyond_the_range_lets_in_as_many_items_as_it_says) {
    for (const std::size_t n : {255U, 256U, 257U, 300U, 512U, 65536U, 65600U}) {
        TypeParam ring(capacity);
        ring.request(n);
        EXPECT_EQ(ring.credits(), capacity);
        std::size_t passed = 0;
        while (ring.try_push(1) && ring.try_pop().has_value()) ++passed;
        EXPECT_EQ(passed, n);
        EXPECT_EQ(ring.try_push(1), status::no_credit);
    }
}

TYPED_TEST(narrow_demand, a_huge_request_lets_in_the_capacity_at_a_time) {
    for (const std::size_t n : huge_numbers()) {
        TypeParam ring(capacity);
        ring.request(n);
        EXPECT_EQ(ring.credits(), capacity) << n;
        EXPECT_EQ(ring.try_push_n(numbers(capacity + 1)), capacity) << n;
        EXPECT_EQ(ring.try_push(1), status::full) << n;
        ASSERT_TRUE(ring.try_pop().has_value());
        EXPECT_EQ(ring.credits(), 1U) << n;
    }
}

}  // namespace
