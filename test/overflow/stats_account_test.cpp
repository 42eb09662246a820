// SPDX-License-Identifier: MIT
//
// Statistics of a ring beside books that are kept by hand: every number of the snapshot, after every operation.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "test/support/every_ring.hpp"
#include "test/support/wait_support.hpp"
#include "weir/stats.hpp"

namespace {

using weir::status;
namespace stats = weir::stats;
using clock = std::chrono::steady_clock;

constexpr clock::time_point long_past{};

/// Returns when the clock has gone on.
void pass_time() {
    for (const auto start = clock::now(); clock::now() < start + std::chrono::nanoseconds(100);) continue;
}

/// A ring and the books on it. Each operation is done, and written down as the ring is to answer it.
template <class Ring>
class account {
public:
    static constexpr bool on_request = Ring::has_credit_on_request;

    explicit account(std::size_t capacity) : ring_(capacity) { books_.capacity_items = capacity; }

    void act(unsigned which, std::size_t n) {
        std::vector<int> items(n, 7);
        int out = 0;
        switch (which) {
        case 0: return pushed_one(ring_.try_push(1));
        case 1: return pushed_one(ring_.try_emplace(2));
        case 2: return pushed_some(ring_.try_push_n(std::span<const int>(items)), n);
        case 3: return waited_to_push(ring_.push_until(3, long_past));
        case 4: return pushed_one(ring_.push_unless(4, [] { return true; }));
        case 5: return reserve(n);
        case 6: return popped_one(ring_.try_pop(out));
        case 7: return popped_one(ring_.try_pop() ? status::success : absence());
        case 8: return popped_some(ring_.try_pop_n(items), n);
        case 9: return popped_some(ring_.consume([](int&) noexcept {}, n), n);
        case 10: return popped_one(ring_.try_consume_one([](int&) noexcept {}));
        case 11: return waited_to_pop(ring_.pop_until(out, long_past));
        case 12: return popped_one(ring_.pop_unless(out, [] { return true; }));
        case 13: return peek(n);
        case 14:
            if constexpr (on_request) {
                ring_.request(n + 1);
                if (!closed_) asked_ += n + 1;
            }
            return;
        default: break;
        }
    }
    static constexpr unsigned acts = 15;

    void close() {
        ring_.close();
        closed_ = true;
    }

    void compare() const {
        const stats::snapshot s = ring_.snapshot();
        EXPECT_EQ(s.capacity_items, books_.capacity_items);
        EXPECT_EQ(s.queued_items, books_.queued_items);
        EXPECT_EQ(s.producer.pushed, books_.producer.pushed);
        EXPECT_EQ(s.producer.full, books_.producer.full);
        EXPECT_EQ(s.producer.no_credit, books_.producer.no_credit);
        EXPECT_EQ(s.producer.busy, 0U);
        EXPECT_EQ(s.producer.closed, books_.producer.closed);
        EXPECT_EQ(s.producer.timeout, books_.producer.timeout);
        EXPECT_EQ(s.producer.parks, 0U);
        EXPECT_EQ(s.producer.wakes, 0U);
        EXPECT_LE(s.producer.high_water_items, books_.producer.high_water_items);
        if (!Ring::has_many_producers || was_full_) {
            EXPECT_EQ(s.producer.high_water_items, books_.producer.high_water_items);
        }
        EXPECT_EQ(s.consumer.popped, books_.consumer.popped);
        EXPECT_EQ(s.consumer.empty, books_.consumer.empty);
        EXPECT_EQ(s.consumer.busy, 0U);
        EXPECT_EQ(s.consumer.closed, books_.consumer.closed);
        EXPECT_EQ(s.consumer.timeout, books_.consumer.timeout);
        EXPECT_EQ(s.consumer.parks, 0U);
        EXPECT_EQ(s.consumer.wakes, 0U);
        pass_time();
        const stats::snapshot later = ring_.snapshot();
        EXPECT_EQ(later.producer.full_ns > s.producer.full_ns, is_full_) << "the time spent full";
        EXPECT_EQ(later.producer.no_credit_ns > s.producer.no_credit_ns, lacks_credit_) << "the time without credit";
        EXPECT_EQ(later.consumer.empty_ns > s.consumer.empty_ns, is_empty_) << "the time spent empty";
        EXPECT_GE(later.producer.full_ns, s.producer.full_ns);
        EXPECT_GE(later.producer.no_credit_ns, s.producer.no_credit_ns);
        EXPECT_GE(later.consumer.empty_ns, s.consumer.empty_ns);
    }

private:
    std::size_t room() const { return books_.capacity_items - books_.queued_items; }
    std::size_t credit() const { return on_request ? std::min<std::size_t>(room(), asked_) : room(); }

    // What is said where nothing can be done.
    status refusal() const { return closed_ ? status::closed : room() == 0 ? status::full : status::no_credit; }
    status absence() const { return closed_ ? status::closed : status::empty; }

    void pushed_one(status answer) {
        EXPECT_EQ(answer, !closed_ && credit() > 0 ? status::success : refusal());
        answer == status::success ? went_in(1) : refused();
    }
    void pushed_some(std::size_t pushed, std::size_t n) {
        EXPECT_EQ(pushed, closed_ ? 0 : std::min(n, credit()));
        if (pushed > 0) return went_in(pushed);
        if (n > 0) refused();
    }
    void waited_to_push(status answer) {
        EXPECT_EQ(answer, closed_ ? status::closed : credit() > 0 ? status::success : status::timeout);
        if (answer == status::success) return went_in(1);
        refused();
        if (answer == status::timeout) ++books_.producer.timeout;
    }
    void reserve([[maybe_unused]] std::size_t n) {
        if constexpr (Ring::has_contiguous_slots) {
            auto slots = ring_.try_reserve(n);
            const std::size_t size = slots.size();
            EXPECT_EQ(size, closed_ ? 0 : std::min(n, credit()));
            if (size == 0) return n > 0 ? refused() : void();
            for (std::size_t i = 0; i < size; ++i) (void)slots.emplace(5);
            for (std::size_t left = size / 2; left > 0; --left) {  // the others are given back
                slots.commit(1);
                went_in(1);
            }
        }
    }
    void popped_one(status answer) {
        EXPECT_EQ(answer, books_.queued_items > 0 ? status::success : absence());
        answer == status::success ? came_out(1) : not_found();
    }
    void popped_some(std::size_t popped, std::size_t n) {
        EXPECT_EQ(popped, std::min<std::size_t>(n, books_.queued_items));
        if (popped > 0) return came_out(popped);
        if (n > 0) not_found();
    }
    void waited_to_pop(status answer) {
        EXPECT_EQ(answer, books_.queued_items > 0 ? status::success : closed_ ? status::closed : status::timeout);
        if (answer == status::success) return came_out(1);
        not_found();
        if (answer == status::timeout) ++books_.consumer.timeout;
    }
    void peek([[maybe_unused]] std::size_t n) {
        if constexpr (Ring::has_contiguous_slots) {
            auto items = ring_.try_peek(n);
            const std::size_t size = items.size();
            EXPECT_EQ(size, std::min<std::size_t>(n, books_.queued_items));
            if (size == 0) return n > 0 ? not_found() : void();
            for (std::size_t left = size / 2; left > 0; --left) {
                items.release(1);
                came_out(1);
            }
        }
    }

    void went_in(std::size_t n) {
        books_.producer.pushed += n;
        books_.queued_items += n;
        if (on_request) asked_ -= n;
        auto& highest = books_.producer.high_water_items;
        highest = std::max(highest, books_.queued_items);
        is_full_ = lacks_credit_ = false;
    }
    void came_out(std::size_t n) {
        books_.consumer.popped += n;
        books_.queued_items -= n;
        is_empty_ = false;
    }
    void refused() {
        const status why = refusal();
        ++(why == status::closed ? books_.producer.closed
           : why == status::full ? books_.producer.full
                                 : books_.producer.no_credit);
        is_full_ = why == status::full;
        lacks_credit_ = why == status::no_credit;
        was_full_ = was_full_ || is_full_;
    }
    void not_found() {
        ++(closed_ ? books_.consumer.closed : books_.consumer.empty);
        is_empty_ = !closed_;
    }

    Ring ring_;
    stats::snapshot books_;
    std::uint64_t asked_ = 0;
    bool closed_ = false;
    bool is_full_ = false, lacks_credit_ = false, is_empty_ = false, was_full_ = false;
};

template <class Ring>
class stats_account : public testing::Test {};
using rings = testing::Types<weir::spsc_ring<int, stats::on>, weir::mpmc_ring<int, stats::on>,
                             weir::strict_mpmc_ring<int, stats::on>, weir::pull::spsc_ring<int, stats::on>,
                             weir::pull::mpmc_ring<int, stats::on>, weir::pull::strict_mpmc_ring<int, stats::on>>;
TYPED_TEST_SUITE(stats_account, rings);

TYPED_TEST(stats_account, is_right_after_every_operation) {
    using account_type = account<TypeParam>;
    for (const std::size_t capacity : {1U, 2U, 3U, 5U}) {
        weir_test::numbers numbers(capacity);
        for (int sequence = 0; sequence < 8; ++sequence) {
            account_type a(capacity);
            std::string sofar;
            for (int i = 0; i < 80; ++i) {
                const auto which = static_cast<unsigned>(numbers.below(account_type::acts));
                const std::size_t n = numbers.below(capacity + 2);
                sofar += " " + std::to_string(which) + "(" + std::to_string(n) + ")";
                if (i == 60) a.close();
                a.act(which, n);
                a.compare();
                ASSERT_FALSE(testing::Test::HasFailure()) << "capacity " << capacity << ", operations" << sofar;
            }
        }
    }
}

TYPED_TEST(stats_account, stands_still_after_the_close) {
    for (const bool full : {true, false}) {
        TypeParam ring(1);
        if constexpr (TypeParam::has_credit_on_request) {
            if (full) ring.request(1);
        }
        if (full) {
            ASSERT_TRUE(ring.try_push(1));
        }
        ASSERT_FALSE(ring.try_push(2) && full);
        int out = 0;
        if (!full) {
            while (ring.try_pop(out)) continue;
        }
        ring.close();
        EXPECT_EQ(ring.try_push(3), status::closed);
        while (ring.try_pop(out)) continue;
        EXPECT_EQ(ring.try_pop(out), status::closed);
        const stats::snapshot told = ring.snapshot();
        pass_time();
        const stats::snapshot later = ring.snapshot();
        EXPECT_EQ(later.producer.full_ns, told.producer.full_ns);
        EXPECT_EQ(later.producer.no_credit_ns, told.producer.no_credit_ns);
        EXPECT_EQ(later.consumer.empty_ns, told.consumer.empty_ns);
        EXPECT_GT(told.producer.full_ns + told.producer.no_credit_ns + told.consumer.empty_ns, 0U);
        EXPECT_EQ(later.producer.closed, 1U);
        EXPECT_EQ(later.consumer.closed, 2U);
    }
}

// Each side once asleep and once woken: one park there, one wake here, and nothing else anywhere.
TYPED_TEST(stats_account, counts_a_sleep_and_its_wake_up_once) {
    TypeParam ring(1);
    if constexpr (TypeParam::has_credit_on_request) ring.request(3);
    std::thread consumer([&] {
        if constexpr (!TypeParam::has_many_consumers) ring.adopt_consumer();
        EXPECT_EQ(ring.pop(), 1);
    });
    while (ring.snapshot().consumer.parks == 0) std::this_thread::yield();
    ASSERT_TRUE(ring.try_push(1));
    consumer.join();
    if constexpr (!TypeParam::has_many_consumers) ring.adopt_consumer();

    ASSERT_TRUE(ring.try_push(2));
    std::thread producer([&] {
        if constexpr (!TypeParam::has_many_producers) ring.adopt_producer();
        EXPECT_TRUE(ring.push(3));
    });
    while (ring.snapshot().producer.parks == 0) std::this_thread::yield();
    EXPECT_EQ(ring.try_pop(), 2);
    producer.join();

    const stats::snapshot s = ring.snapshot();
    EXPECT_EQ(s.queued_items, 1U);
    EXPECT_EQ(s.producer.pushed, 3U);
    EXPECT_EQ(s.producer.full, 1U);
    EXPECT_EQ(s.producer.no_credit + s.producer.busy + s.producer.closed + s.producer.timeout, 0U);
    EXPECT_EQ(s.producer.parks, 1U);
    EXPECT_EQ(s.producer.wakes, 1U);
    EXPECT_EQ(s.producer.high_water_items, 1U);
    EXPECT_GT(s.producer.full_ns, 0U);
    EXPECT_EQ(s.producer.no_credit_ns, 0U);
    EXPECT_EQ(s.consumer.popped, 2U);
    EXPECT_EQ(s.consumer.empty, 1U);
    EXPECT_EQ(s.consumer.busy + s.consumer.closed + s.consumer.timeout, 0U);
    EXPECT_EQ(s.consumer.parks, 1U);
    EXPECT_EQ(s.consumer.wakes, 1U);
    EXPECT_GT(s.consumer.empty_ns, 0U);
}

}  // namespace
