// SPDX-License-Identifier: MIT
//
// An overflow_ring has every operation of a ring, and its ledger and gaps are right to the item through all of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <vector>

#if defined(__linux__)
#include <poll.h>
#endif

#include "test/support/elements.hpp"
#include "test/support/wait_support.hpp"
#include "weir/overflow.hpp"
#include "weir/pull.hpp"
#include "weir/stop.hpp"

namespace {

using namespace std::chrono_literals;
using weir::overflow_ring;
using weir::status;
namespace overflow = weir::overflow;
namespace stats = weir::stats;
using many = overflow::many_producers;

struct by_number {
    std::size_t operator()(const auto& item) const { return static_cast<std::size_t>(weir_test::number(item)) % 3; }
};
using shed = overflow::shed_lowest<3, by_number>;

/// A clock that goes on by a millisecond whenever it is read.
struct walking_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<walking_clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(time += 1ms); }
    static inline duration time{0};
};
using walking_codel = overflow::codel<walking_clock>;

// ---- the ledger through every operation --------------------------------------------------------------------------

/// Plays random operations, and keeps the books by what they return. Numbers of items rise, so that the gaps can be seen in
/// what comes out.
template <class Ring>
class player {
    using T = typename Ring::value_type;
    using policy = typename Ring::policy_type;
    static constexpr bool blocks = std::is_same_v<policy, overflow::block>;
    static constexpr bool may_refuse = blocks || std::is_same_v<policy, overflow::reject>;
    // Where a slot is claimed, an item whose visit throws is gone.
    static constexpr bool claims =
        Ring::has_many_producers || std::is_same_v<policy, overflow::drop_oldest> || std::is_same_v<policy, shed>;

public:
    explicit player(Ring& ring, unsigned seed) : ring_(ring), random_(seed) {}

    void step() {
        const bool is_filling = steps_++ / 60 % 2 == 0;
        if ((random_() % 4 != 0) == is_filling) {
            produce();
        } else {
            consume();
        }
        const overflow::ledger sum = ring_.account();
        ASSERT_TRUE(sum.is_exact()) << "step " << steps_;
        ASSERT_EQ(sum.offered, offered_) << "step " << steps_;
        ASSERT_EQ(sum.accepted(), accepted_) << "step " << steps_;
        ASSERT_EQ(sum.delivered, delivered_) << "step " << steps_;
        ASSERT_EQ(sum.queued, ring_.size_approx());
        ASSERT_LE(sum.queued, ring_.capacity());
        ASSERT_EQ(ring_.credits(), ring_.capacity() - ring_.size_approx());
        ASSERT_LE(gaps_, sum.lost());
        if constexpr (may_refuse) {
            ASSERT_EQ(sum.lost(), 0U);
        }
    }

    /// An item of each class after all losses shows every gap.
    void finish() {
        while (const std::optional<T> item = ring_.try_pop()) took(*item), gaps_ += ring_.gap();
        for (int i = 0; i < 3; ++i) {
            offer(status(ring_.try_push(T(next_))), 1);
            ASSERT_EQ(ring_.size_approx(), 1U);
            while (const std::optional<T> item = ring_.try_pop()) took(*item), gaps_ += ring_.gap();
        }
        EXPECT_EQ(gaps_, ring_.account().lost());
        EXPECT_TRUE(ring_.account().is_exact());
    }

private:
    void offer(status answer, int items) {
        offered_ += 1;
        accepted_ += answer ? 1 : 0;
        next_ += items;
    }
    void offer_n(std::size_t accepted, std::size_t n) {
        ASSERT_LE(accepted, n);
        if (!may_refuse) {
            ASSERT_EQ(accepted, n);
        }
        offered_ += n;
        accepted_ += accepted;
        next_ += static_cast<int>(n);
    }

    void produce() {
        std::vector<T> some;
        const std::size_t n = random_() % 6;
        for (std::size_t i = 0; i < n; ++i) some.emplace_back(next_ + static_cast<int>(i));
        const T one(next_);
        const auto soon = std::chrono::steady_clock::now();
        switch (random_() % 11) {
        case 0: return offer(ring_.try_push(T(next_)), 1);
        case 1: return offer(ring_.try_push(one), 1);
        case 2: return offer(ring_.try_emplace(next_), 1);
        case 3: return offer(ring_.push_for(one, 0ns), 1);
        case 4: return offer(ring_.push_until(T(next_), soon), 1);
        case 5: return offer(ring_.push_unless(next_, [] { return true; }), 1);
        case 6: return offer_n(ring_.try_push_n(std::span<const T>(some)), n);
        case 7: return offer_n(ring_.try_push_n(std::make_move_iterator(some.begin()), n), n);
        case 8: {
            const std::size_t fits = blocks ? std::min(n, ring_.credits()) : n;
            return offer_n(ring_.push_n(std::span<const T>(some).first(fits)), fits);
        }
#if defined(__cpp_exceptions)
        case 9: return throw_in_a_copy(one);
        case 10: return throw_in_a_batch(some);
#endif
        default: return;
        }
    }

#if defined(__cpp_exceptions)
    // Nothing has happened, unless it was refused before the copy was made.
    void throw_in_a_copy(const T& one) {
        if constexpr (std::is_same_v<T, weir_test::throwing>) {
            T::throw_in = 1;
            try {
                offer(ring_.try_push(one), 1);
                ASSERT_EQ(ring_.size_approx(), ring_.capacity());
            } catch (const std::runtime_error&) {
            }
            T::throw_in = 0;
        }
    }
    void throw_in_a_batch(const std::vector<T>& some) {
        if constexpr (std::is_same_v<T, weir_test::throwing>) {
            const int nth = 1 + static_cast<int>(random_() % 4);
            const std::size_t room = ring_.credits();
            T::throw_in = nth;
            try {
                const std::size_t pushed = ring_.try_push_n(std::span<const T>(some));
                const bool has_thrown = T::throw_in == 0 && some.size() >= static_cast<std::size_t>(nth);
                if (has_thrown && pushed + 1 == static_cast<std::size_t>(nth)) {
                    offer_n(pushed, pushed);
                } else {
                    offer_n(pushed, some.size());
                    ASSERT_TRUE(pushed == some.size() || pushed == room);
                }
            } catch (const std::runtime_error&) {
                ASSERT_EQ(nth, 1) << "the first one, so nothing has happened";
            }
            T::throw_in = 0;
            next_ += static_cast<int>(some.size());
        }
    }
#endif

    void took(const T& item) {
        const int number = weir_test::number(item);
        int& last = last_[std::is_same_v<policy, shed> ? by_number{}(item) : 0];
        ASSERT_GT(number, last) << "in order, and once";
        last = number;
        ++delivered_;
    }
    void took_n(std::span<const T> items) {
        for (const T& item : items) took(item);
        if (!items.empty()) gaps_ += ring_.gap();
    }

    void consume() {
        std::optional<T> one;
        std::array<T, 5> some;
        const std::size_t n = random_() % 6;
        const auto out = std::span(some).first(std::min<std::size_t>(n, 5));
        const auto soon = std::chrono::steady_clock::now();
        T into(0);
        const auto pop_into = [&](status answer) {
            if (answer) one.emplace(into);
        };
        const auto visit = [&](T& item) noexcept { one.emplace(std::move(item)); };
        const std::uint64_t before = ring_.gap();
        switch (random_() % 13) {
        case 0: one = ring_.try_pop(); break;
        case 1: one = ring_.pop_for(0ns); break;
        case 2: one = ring_.pop_until(soon); break;
        case 3: pop_into(ring_.try_pop(into)); break;
        case 4: pop_into(ring_.pop_for(into, 0ns)); break;
        case 5: pop_into(ring_.pop_unless(into, [] { return true; })); break;
        case 6: (void)ring_.try_consume_one(visit); break;
        case 7: (void)ring_.consume_one_until(visit, soon); break;
        case 8: return took_n(out.first(ring_.try_pop_n(out)));
        case 9: {
            // codel may drop some of them, so that not as many as there are come out.
            const bool is_safe = !std::is_same_v<policy, walking_codel>;
            const auto there = out.first(is_safe ? std::min(out.size(), ring_.size_approx()) : std::size_t{0});
            return took_n(there.first(ring_.pop_n(there)));
        }
        case 10: return consume_some(n, false);
        case 11: return consume_some(static_cast<std::size_t>(-1), true);
#if defined(__cpp_exceptions)
        case 12: return consume_and_throw(random_() % 4);
#endif
        default: return;
        }
        if (one) return took_n({&*one, 1});
        ASSERT_EQ(ring_.gap(), before) << "what takes nothing changes no gap";
    }

    void consume_some(std::size_t most, bool is_noexcept) {
        std::uint64_t sum = 0;
        const auto visit = [&](T& item) {
            took(item);
            sum += ring_.gap();
        };
        const auto visit_noexcept = [&](T& item) noexcept { visit(item); };
        const std::size_t visited = is_noexcept ? ring_.consume(visit_noexcept, most) : ring_.consume(visit, most);
        if (visited > 0) {
            ASSERT_EQ(ring_.gap(), sum);
        }
        gaps_ += sum;
    }

#if defined(__cpp_exceptions)
    void consume_and_throw(std::size_t after) {
        const std::uint64_t gap_before = ring_.gap();
        std::uint64_t sum = 0;
        std::size_t visits = 0;
        try {
            ring_.consume([&](T& item) {
                if (visits++ == after) {
                    if (claims) {
                        took(item);
                        sum += ring_.gap();
                    }
                    throw std::runtime_error("as told");
                }
                took(item);
                sum += ring_.gap();
            });
        } catch (const std::runtime_error&) {
        }
        const bool has_taken = visits > (claims ? 0 : visits == after + 1 ? 1 : 0);
        ASSERT_EQ(ring_.gap(), has_taken ? sum : gap_before);
        gaps_ += sum;
    }
#endif

    Ring& ring_;
    std::mt19937 random_;
    int steps_ = 0;
    int next_ = 1;
    std::array<int, 3> last_{};
    std::uint64_t offered_ = 0, accepted_ = 0, delivered_ = 0, gaps_ = 0;
};

template <class T, class Policy, class... Options>
void expect_exact_books(Policy policy) {
    const int alive = weir_test::counted::alive;
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{3}, std::size_t{8}, std::size_t{20}}) {
        SCOPED_TRACE("capacity " + std::to_string(capacity));
        if constexpr (std::is_same_v<Policy, overflow::sample>) policy.from = 0;
        overflow_ring<T, Policy, Options...> ring(capacity, policy);
        player play(ring, static_cast<unsigned>(capacity));
        for (int i = 0; i < 3000 && !testing::Test::HasFatalFailure(); ++i) play.step();
        if constexpr (!std::is_same_v<Policy, walking_codel>) play.finish();
    }
    EXPECT_EQ(weir_test::counted::alive, alive);
    EXPECT_EQ(weir_test::counted::misuses, 0);
}

// Elements whose copies cannot throw take ways of their own where an item is lost, made room for, or late.
TEST(overflow_operations, keep_the_ledger_and_the_gaps_to_the_item) {
    using T = weir_test::counted;
    expect_exact_books<T>(overflow::block());
    expect_exact_books<T>(overflow::drop_oldest());
    expect_exact_books<T>(shed());
    expect_exact_books<T>(walking_codel{3ms, 20ms});
    expect_exact_books<T, overflow::reject, many>({});
    expect_exact_books<T, overflow::drop_oldest, many>({});
    expect_exact_books<T, overflow::sample, many>({3});
}

#if defined(__cpp_exceptions)
TEST(overflow_operations, keep_them_also_where_copies_throw) {
    using T = weir_test::throwing;
    expect_exact_books<T>(overflow::block());
    expect_exact_books<T>(overflow::reject());
    expect_exact_books<T>(overflow::drop_newest());
    expect_exact_books<T>(overflow::drop_oldest());
    expect_exact_books<T>(overflow::sample{3});
    expect_exact_books<T>(shed());
    expect_exact_books<T>(walking_codel{3ms, 20ms});
    expect_exact_books<T, overflow::block, many>({});
    expect_exact_books<T, overflow::reject, many>({});
    expect_exact_books<T, overflow::drop_newest, many>({});
    expect_exact_books<T, overflow::drop_oldest, many>({});
    expect_exact_books<T, overflow::sample, many>({3});
    expect_exact_books<T, walking_codel, many>({3ms, 20ms});
}

TEST(overflow_operations, an_exception_ends_a_batch_and_later_items_were_not_offered) {
    using weir_test::throwing;
    overflow_ring<throwing, overflow::drop_oldest> ring(2);
    const std::vector<throwing> five(5, throwing(1));
    throwing::throw_in = 4;
    EXPECT_EQ(ring.try_push_n(five), 3U);
    throwing::throw_in = 1;
    EXPECT_THROW((void)ring.try_push_n(five), std::runtime_error);
    throwing::throw_in = 0;
    EXPECT_EQ(ring.account().offered, 3U);
    EXPECT_EQ(ring.account().lost_oldest, 1U);
    EXPECT_TRUE(ring.account().is_exact());
}

TEST(overflow_operations, an_item_whose_visit_throws_stays_or_counts_as_delivered) {
    const auto refuse = [](int&) { throw std::runtime_error("as told"); };
    overflow_ring<int, overflow::drop_newest> staying(2);
    overflow_ring<int, overflow::drop_oldest> going(2);
    overflow_ring<int, overflow::shed_lowest<3, by_number>> shedding(2);
    const auto expect = [&](auto& ring, std::uint64_t delivered) {
        ASSERT_EQ(ring.try_push_n(std::array{4, 7}), 2U);
        EXPECT_THROW(ring.consume(refuse), std::runtime_error);
        EXPECT_EQ(ring.account().delivered, delivered);
        EXPECT_EQ(ring.account().queued, 2 - delivered);
        EXPECT_TRUE(ring.account().is_exact());
        EXPECT_EQ(ring.try_pop(), delivered == 0 ? 4 : 7);
    };
    expect(staying, 0);
    expect(going, 1);
    expect(shedding, 1);
    EXPECT_THROW((void)staying.try_consume_one(refuse), std::runtime_error);
    EXPECT_EQ(staying.try_pop(), 7);
}
#endif

TEST(overflow_operations, consume_of_a_codel_ring_leaves_what_comes_meanwhile) {
    overflow_ring<int, overflow::codel<>> ring(8, overflow::codel<>{.target = 1h, .interval = 2h});
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ring.try_push(i));
    int next = 3;
    const auto visit = [&](int item) {
        if (item < 100) ASSERT_TRUE(ring.try_push(next++));
    };
    EXPECT_EQ(ring.consume(visit), 3U);
    EXPECT_EQ(ring.consume(visit), 3U);
    EXPECT_EQ(ring.try_pop(), 6);
}

// ---- gaps --------------------------------------------------------------------------------------------------------

TEST(overflow_operations, a_visit_sees_the_gap_before_its_item_and_then_the_sum_remains) {
    overflow_ring<int, overflow::drop_oldest> ring(3);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(ring.try_push(i));
    EXPECT_EQ(ring.try_pop(), 2);
    EXPECT_EQ(ring.gap(), 2U);
    for (int i = 5; i < 8; ++i) ASSERT_TRUE(ring.try_push(i));
    std::vector<std::uint64_t> gaps;
    EXPECT_EQ(ring.consume([&](int) { gaps.push_back(ring.gap()); }), 3U);
    EXPECT_EQ(gaps, (std::vector<std::uint64_t>{2, 0, 0}));
    EXPECT_EQ(ring.gap(), 2U) << "of all three";
    std::array<int, 2> out{};
    EXPECT_EQ(ring.try_pop_n(out), 0U);
    EXPECT_EQ(ring.gap(), 2U) << "nothing was taken";
    ASSERT_EQ(ring.try_push_n(out), 2U);
    EXPECT_EQ(ring.pop_n(out), 2U);
    EXPECT_EQ(ring.gap(), 0U);
}

// ---- what waits, and what does not --------------------------------------------------------------------------------

template <class Policy, class... Options>
void expect_pushes_not_to_wait(Policy policy) {
    overflow_ring<int, Policy, Options...> ring(2, policy);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(ring.try_push(i));
    constexpr bool refuses = std::is_same_v<Policy, overflow::reject>;
    const status expected = refuses ? status::full : status::success;
    EXPECT_EQ(ring.push(3), expected);
    EXPECT_EQ(ring.push_for(4, std::chrono::hours(1)), expected);
    EXPECT_EQ(ring.push_until(5, std::chrono::steady_clock::time_point::max()), expected);
    EXPECT_EQ(ring.push_unless(6, [] { return false; }), expected);
    EXPECT_EQ(ring.push_n(std::array{7, 8}), refuses ? 0U : 2U);
    EXPECT_EQ(ring.account().offered, 8U);
    EXPECT_EQ(ring.account().refused, refuses ? 6U : 0U);
    EXPECT_TRUE(ring.account().is_exact());
}

TEST(overflow_operations, a_push_waits_with_block_alone) {
    expect_pushes_not_to_wait(overflow::reject());
    expect_pushes_not_to_wait(overflow::drop_newest());
    expect_pushes_not_to_wait(overflow::drop_oldest());
    expect_pushes_not_to_wait(overflow::sample{2});
    expect_pushes_not_to_wait(shed());
    expect_pushes_not_to_wait(overflow::codel<>());
    expect_pushes_not_to_wait<overflow::drop_oldest, many>({});
}

TEST(overflow_operations, with_block_a_batch_waits_for_room_and_for_items) {
    overflow_ring<int, overflow::block> ring(3);
    std::vector<int> in(1000), out(1000);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<int>(i);
    std::thread producer([&] { EXPECT_EQ(ring.push_n(in), in.size()); });
    EXPECT_EQ(ring.pop_n(out), out.size());
    producer.join();
    EXPECT_EQ(in, out);
    EXPECT_EQ(ring.account().offered, 1000U);
    EXPECT_EQ(ring.account().refused, 0U);
}

TEST(overflow_operations, close_ends_a_batch_that_waits_and_the_rest_is_refused) {
    overflow_ring<int, overflow::block> ring(2);
    std::thread producer([&] { EXPECT_EQ(ring.push_n(std::array{1, 2, 3, 4, 5}), 2U); });
    while (ring.size_approx() < 2) std::this_thread::yield();
    ring.close();
    producer.join();
    EXPECT_EQ(ring.account().offered, 5U);
    EXPECT_EQ(ring.account().refused, 3U);
    std::array<int, 4> out{};
    EXPECT_EQ(ring.pop_n(out), 2U);
    EXPECT_EQ(ring.pop_for(1h), std::nullopt) << "closed";
    EXPECT_TRUE(ring.account().is_exact());
}

template <class Policy, class Wait>
void expect_a_stop_to_end_a_pop() {
    overflow_ring<int, Policy, Wait> ring(2);
    std::stop_source source;
    std::thread consumer([&] {
        int out = 0;
        EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::success);
        EXPECT_EQ(out, 7);
        EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::empty);
    });
    EXPECT_TRUE(weir::push(ring, 7, source.get_token()));
    while (ring.account().delivered == 0) std::this_thread::yield();
    source.request_stop();
    consumer.join();
    EXPECT_TRUE(ring.account().is_exact());
}

template <class Wait>
class overflow_stop : public testing::Test {};
TYPED_TEST_SUITE(overflow_stop, weir_test::some_waits, weir_test::wait_names);

TYPED_TEST(overflow_stop, ends_a_wait_for_items) {
    expect_a_stop_to_end_a_pop<overflow::block, TypeParam>();
    expect_a_stop_to_end_a_pop<overflow::drop_oldest, TypeParam>();
    expect_a_stop_to_end_a_pop<shed, TypeParam>();
}

TYPED_TEST(overflow_stop, ends_a_wait_for_room) {
    overflow_ring<std::unique_ptr<int>, overflow::block, TypeParam> ring(1);
    ASSERT_TRUE(ring.push(std::make_unique<int>(1)));
    std::stop_source source;
    std::thread producer([&] {
        ring.adopt_producer();
        auto item = std::make_unique<int>(2);
        EXPECT_EQ(weir::push(ring, std::move(item), source.get_token()), status::full);
        EXPECT_NE(item, nullptr) << "a refused item is untouched";
    });
    std::this_thread::sleep_for(5ms);
    source.request_stop();
    producer.join();
    EXPECT_EQ(ring.account().accepted(), 1U);
    EXPECT_EQ(ring.account().refused, 1U) << "one offer, though it waited";
    EXPECT_TRUE(ring.account().is_exact());
}

// ---- what a ring tells of itself ----------------------------------------------------------------------------------

template <class Policy, class... Options>
void expect_statistics(Policy policy, std::uint64_t pushed, std::uint64_t full) {
    overflow_ring<int, Policy, stats::on, Options...> ring(4, policy);
    for (int i = 0; i < 6; ++i) (void)ring.try_push(i);
    while (ring.try_pop()) {
    }
    int out = 0;
    EXPECT_EQ(ring.pop_for(out, 1ms), status::timeout);
    ring.close();
    (void)ring.try_push(9);
    EXPECT_EQ(ring.try_pop(out), status::closed);
    const stats::snapshot s = ring.snapshot();
    EXPECT_EQ(s.capacity_items, 4U);
    EXPECT_EQ(s.queued_items, 0U);
    EXPECT_EQ(s.producer.pushed, pushed);
    EXPECT_EQ(s.producer.full, full);
    EXPECT_EQ(s.producer.closed, 1U);
    EXPECT_EQ(s.producer.high_water_items, 4U);
    EXPECT_EQ(s.consumer.popped, pushed) << "dropped from their slots, some of them";
    EXPECT_EQ(s.consumer.empty, 2U);
    EXPECT_EQ(s.consumer.timeout, 1U);
    EXPECT_EQ(s.consumer.closed, 1U);
}

TEST(overflow_operations, count_a_batch_alike_in_each_form) {
    const std::array values{1, 2, 3, 4, 5, 6};
    const auto books_of = [&](auto push) {
        weir::overflow_ring<int, weir::overflow::reject> ring(4);
        EXPECT_EQ(push(ring), 4U);
        EXPECT_EQ(ring.account().offered, 6U);
        EXPECT_EQ(ring.account().refused, 2U);
    };
    books_of([&](auto& ring) { return ring.try_push_n(values); });
    books_of([&](auto& ring) { return ring.push_n(values); });
    books_of([&](auto& ring) { return ring.try_push_n(values.begin(), values.size()); });
    books_of([&](auto& ring) { return ring.push_n_unless(values, [] { return false; }); });
    books_of([&](auto& ring) { return weir::push_n(ring, values, std::stop_token{}); });
    weir::overflow_ring<int, weir::overflow::block> waiting(4);
    EXPECT_EQ(waiting.push_n_unless(values, [] { return true; }), 4U);
    EXPECT_EQ(waiting.account().offered, 6U);
    EXPECT_EQ(waiting.account().refused, 2U);
    waiting.close();
    EXPECT_EQ(waiting.push_n_unless(values, [] { return false; }), 0U);
    EXPECT_EQ(waiting.account().refused, 8U);
}

TEST(overflow_operations, a_snapshot_counts_what_goes_through_the_slots) {
    expect_statistics(overflow::reject(), 4, 2);
    expect_statistics(overflow::drop_newest(), 4, 2);
    expect_statistics(overflow::drop_oldest(), 6, 2);
    expect_statistics(shed(), 6, 2);
    expect_statistics(overflow::codel<>(), 4, 2);
    expect_statistics<overflow::block>({}, 4, 2);
}

TEST(overflow_operations, memory_is_that_of_all_slots) {
    const auto bytes = [](const auto& ring) { return ring.memory().bytes; };
    const overflow_ring<int, overflow::reject> one(8);
    const overflow_ring<int, shed> three(8);
    EXPECT_GE(bytes(one), 8 * sizeof(int));
    EXPECT_GE(bytes(three), 3 * bytes(one));
    const overflow_ring<int, overflow::shed_lowest<2, by_number>> two(8);
    EXPECT_EQ(2 * bytes(three), 3 * bytes(two));
    const overflow_ring<int, overflow::reject, weir::storage::huge_pages> huge(8);
    EXPECT_TRUE(huge.memory().huge_pages_wanted);
}

TEST(overflow_operations, values_tell_what_a_ring_can_do) {
    using one = overflow_ring<int, overflow::drop_oldest, stats::on>;
    using shared = overflow_ring<int, overflow::reject, many, weir::wait::spin>;
    static_assert(!one::has_many_producers && shared::has_many_producers);
    static_assert(!one::has_many_consumers && !shared::has_many_consumers);
    static_assert(one::keeps_statistics && !shared::keeps_statistics);
    static_assert(!one::has_contiguous_slots && !one::has_credit_on_request && !one::has_drop_oldest);
    static_assert(!one::has_force_push && weir::mpmc_ring<int>::has_force_push);
    static_assert(!weir::spsc_ring<int>::has_force_push && !weir::strict_mpmc_ring<int>::has_force_push);
    static_assert(!weir::pull::mpmc_ring<int>::has_force_push);
    static_assert(!one::has_descriptors && !shared::has_descriptors);
#if defined(__linux__)
    static_assert(overflow_ring<int, shed, weir::wait::event>::has_descriptors);
#endif
    static_assert(std::is_same_v<one, one>);
    EXPECT_EQ((overflow_ring<int, overflow::drop_newest, weir::storage::fixed<5>>().capacity()), 5U);
    EXPECT_EQ((overflow_ring<int, shed, weir::storage::fixed<6>>().capacity()), 6U);
}

#if defined(__linux__)
TEST(overflow_operations, the_descriptor_of_shed_lowest_is_readable_while_there_are_items) {
    overflow_ring<int, shed, weir::wait::event> ring(4);
    const auto is_readable = [&] {
        pollfd one{ring.items_fd(), POLLIN, 0};
        return ::poll(&one, 1, 0) == 1;
    };
    EXPECT_FALSE(is_readable());
    ASSERT_TRUE(ring.try_push(1));
    EXPECT_TRUE(is_readable());
    EXPECT_EQ(ring.try_pop(), 1);
    EXPECT_EQ(ring.try_pop(), std::nullopt);
    EXPECT_FALSE(is_readable());
    ASSERT_TRUE(ring.try_push(2));
    EXPECT_TRUE(is_readable());
    EXPECT_EQ(ring.consume([](int) {}), 1U);
    EXPECT_EQ(ring.consume([](int) {}), 0U);
    EXPECT_FALSE(is_readable());
    ring.close();
    EXPECT_TRUE(is_readable());
}
#endif

}  // namespace
