// SPDX-License-Identifier: MIT
//
// Two threads at full speed: nothing lost, nothing twice, nothing out of order, the bound never passed; through every
// pair of ways to push and to pop, starting just below the wrap of the counters.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

const std::uint64_t items = weir_test::rounds(200'000);

// Every word says which item it belongs to: a torn or misplaced element shows.
template <std::size_t Words>
struct message {
    std::array<std::uint64_t, Words> words;

    static message of(std::uint64_t n) {
        message m;
        for (std::size_t i = 0; i < Words; ++i) m.words[i] = n * Words + i;
        return m;
    }
    bool is(std::uint64_t n) const {
        for (std::size_t i = 0; i < Words; ++i) {
            if (words[i] != n * Words + i) return false;
        }
        return true;
    }
};

enum class way { single, bulk, in_place, mixed };
constexpr std::array ways{way::single, way::bulk, way::in_place, way::mixed};

template <class Ring>
std::uint64_t push_some(Ring& ring, way how, std::uint64_t next, std::uint64_t most) {
    using T = typename Ring::value_type;
    switch (how) {
    case way::single: return ring.try_push(T::of(next)) ? 1 : 0;
    case way::bulk: {
        std::vector<T> batch;
        for (std::uint64_t i = 0; i < most; ++i) batch.push_back(T::of(next + i));
        return ring.try_push_n(batch);
    }
    default: {
        auto slots = ring.try_reserve(most);
        std::uint64_t written = 0;
        for (T& slot : slots.first()) slot = T::of(next + written++);
        for (T& slot : slots.second()) slot = T::of(next + written++);
        slots.commit(written - written / 4);  // not all of it, to see the rest return
        return written - written / 4;
    }
    }
}

// Returns how many came, and counts those that were wrong.
template <class Ring>
std::uint64_t pop_some(Ring& ring, way how, std::uint64_t next, std::uint64_t most, std::uint64_t& wrong) {
    using T = typename Ring::value_type;
    std::uint64_t came = 0;
    const auto check = [&](const T& item) { wrong += item.is(next + came++) ? 0 : 1; };
    switch (how) {
    case way::single:
        if (T out{}; ring.try_pop(out)) check(out);
        return came;
    case way::bulk: {
        std::vector<T> batch(most);
        const std::size_t popped = ring.try_pop_n(batch);
        for (std::size_t i = 0; i < popped; ++i) check(batch[i]);
        return came;
    }
    default:
        if (most % 2 == 0) return ring.consume(check, most);
        auto shown = ring.try_peek(most);
        for (const T& item : shown.first()) check(item);
        for (const T& item : shown.second()) check(item);
        shown.release(came - came / 4);
        return came - came / 4;
    }
}

template <class Ring>
void stress(std::size_t capacity, way push, way pop) {
    // With so few slots each item takes a turn of the scheduler where something else runs on these cores.
    const std::uint64_t count = capacity < 10 ? items / 10 : items;
    Ring ring(capacity, {std::uint64_t{0} - count / 2});
    std::atomic<bool> over_bound{false};
    const auto pick = [](way how, std::mt19937& random) { return how == way::mixed ? ways[random() % 3] : how; };
    std::thread producer([&] {
        std::mt19937 random(1);
        for (std::uint64_t sent = 0; sent < count;) {
            const std::uint64_t most = std::min<std::uint64_t>(1 + random() % 40, count - sent);
            const std::uint64_t pushed = push_some(ring, pick(push, random), sent, most);
            if (pushed == 0) std::this_thread::yield();
            sent += pushed;
            if (ring.size_approx() > capacity) over_bound = true;
        }
    });
    std::uint64_t wrong = 0;
    std::mt19937 random(2);
    for (std::uint64_t received = 0; received < count;) {
        const std::uint64_t popped = pop_some(ring, pick(pop, random), received, 1 + random() % 40, wrong);
        if (popped == 0) std::this_thread::yield();
        received += popped;
    }
    producer.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_FALSE(over_bound);
    EXPECT_FALSE(ring.try_pop().has_value());
    EXPECT_EQ(ring.credits(), capacity);
}

class spsc_stress : public testing::TestWithParam<std::size_t> {};

TEST_P(spsc_stress, delivers_all_in_order_whichever_way_it_is_used) {
    for (const way push : ways) {
        for (const way pop : ways) {
            SCOPED_TRACE("push way " + std::to_string(static_cast<int>(push)) + ", pop way " +
                         std::to_string(static_cast<int>(pop)));
            stress<weir::spsc_ring<message<1>>>(GetParam(), push, pop);
        }
    }
}

TEST_P(spsc_stress, delivers_large_elements_whole) {
    stress<weir::spsc_ring<message<5>>>(GetParam(), way::single, way::single);
    stress<weir::spsc_ring<message<32>>>(GetParam(), way::mixed, way::mixed);
}

INSTANTIATE_TEST_SUITE_P(capacities, spsc_stress, testing::Values(1, 2, 3, 10, 64, 1000, 65536),
                         testing::PrintToStringParamName());

class spsc_narrow_stress : public testing::TestWithParam<std::size_t> {};

TEST_P(spsc_narrow_stress, survives_counters_that_wrap_every_few_items) {
    using ring_type = weir::spsc_ring<message<2>, std::uint8_t>;
    stress<ring_type>(GetParam(), way::single, way::single);
    stress<ring_type>(GetParam(), way::mixed, way::mixed);
}

INSTANTIATE_TEST_SUITE_P(capacities, spsc_narrow_stress, testing::Values(1, 2, 3, 10, 64, 127),
                         testing::PrintToStringParamName());

}  // namespace
