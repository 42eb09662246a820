// SPDX-License-Identifier: MIT
//
// Overflow policies: who is lost is what the policy says, every loss is counted, and the consumer sees where it was.
#include "weir/overflow.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/wait_support.hpp"

namespace {

using namespace std::chrono_literals;
using weir::overflow_ring;
using weir::status;
using weir_test::counted;
namespace overflow = weir::overflow;

constexpr std::size_t classes = 3;

/// An item with its producer and number, whose lives are counted by any thread.
struct message {
    int producer = 0;
    std::uint64_t number = 0;

    message(int p, std::uint64_t n) : producer(p), number(n) { ++alive; }
    message(message&& other) noexcept : producer(other.producer), number(other.number) { ++alive; }
    message& operator=(message&& other) noexcept = default;
    ~message() { --alive; }

    static inline std::atomic<long> alive{0};
};

struct class_of {
    std::size_t operator()(const message& m) const noexcept { return m.number % classes; }
    std::size_t operator()(int number) const noexcept { return static_cast<std::size_t>(number) % classes; }
};
using shed = overflow::shed_lowest<classes, class_of>;

/// A clock that a test sets.
struct fake_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<fake_clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(time); }
    static inline duration time{0};
};
using fake_codel = overflow::codel<fake_clock>;

// ---- one thread: what a simple model gives -----------------------------------------------------------------------

/// What the policies say, without threads, time or slots.
template <class Policy>
struct model {
    Policy policy;
    std::size_t capacity;
    std::array<std::deque<std::pair<int, std::uint64_t>>, classes> queues{};  // value, number in its class
    std::array<std::uint64_t, classes> accepted{}, last{};
    std::uint64_t arrivals = 0, gap = 0;
    overflow::ledger sum{};

    std::size_t size() const { return queues[0].size() + queues[1].size() + queues[2].size(); }

    void push(int value) {
        ++sum.offered;
        std::size_t its = 0;
        if constexpr (std::is_same_v<Policy, shed>) its = class_of()(value);
        if (size() == capacity) {
            if constexpr (std::is_same_v<Policy, overflow::reject>) {
                ++sum.refused;
                return;
            }
        }
        const std::uint64_t number = ++accepted[its];
        if constexpr (std::is_same_v<Policy, overflow::sample>) {
            if (size() >= policy.from && ++arrivals % policy.keep_one_in != 0) {
                ++sum.lost_sampled;
                return;
            }
        }
        if (size() == capacity) {
            if constexpr (std::is_same_v<Policy, overflow::drop_oldest>) {
                queues[0].pop_front();
                ++sum.lost_oldest;
            } else if constexpr (std::is_same_v<Policy, shed>) {
                std::size_t lowest = 0;
                while (queues[lowest].empty()) ++lowest;
                ++sum.lost_lowest;
                if (lowest >= its) return;
                queues[lowest].pop_front();
            } else {
                ++sum.lost_newest;
                return;
            }
        }
        queues[its].emplace_back(value, number);
    }
    std::optional<int> pop() {
        for (std::size_t its = classes; its-- > 0;) {
            if (queues[its].empty()) continue;
            const auto [value, number] = queues[its].front();
            queues[its].pop_front();
            gap = number - last[its] - 1;
            last[its] = number;
            ++sum.delivered;
            return value;
        }
        return std::nullopt;
    }
};

template <class Policy, class Producers>
void expect_what_the_model_gives(Policy policy) {
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{8}}) {
        std::mt19937 random(static_cast<unsigned>(capacity));
        model<Policy> expected{policy, capacity};
        if constexpr (std::is_same_v<Policy, overflow::sample>) {
            expected.policy.from = std::max<std::size_t>(1, capacity / 2);
        }
        overflow_ring<int, Policy, Producers> ring(capacity, policy);
        for (int step = 0; step < 4000; ++step) {
            // A hundred steps towards full, then a hundred towards empty.
            const bool is_likely = random() % 4 != 0;
            if (is_likely == (step / 100 % 2 == 0)) {
                const std::uint64_t refused = expected.sum.refused;
                expected.push(step);
                ASSERT_EQ(ring.push(step), expected.sum.refused == refused ? status::success : status::full);
            } else {
                const std::optional<int> value = ring.try_pop();
                ASSERT_EQ(value, expected.pop()) << "step " << step;
                if (value) {
                    ASSERT_EQ(ring.gap(), expected.gap) << "step " << step;
                }
            }
            expected.sum.queued = expected.size();
            const overflow::ledger sum = ring.account();
            ASSERT_TRUE(sum.is_exact()) << "step " << step;
            ASSERT_EQ(sum.offered, expected.sum.offered);
            ASSERT_EQ(sum.refused, expected.sum.refused);
            ASSERT_EQ(sum.delivered, expected.sum.delivered);
            ASSERT_EQ(sum.queued, expected.sum.queued);
            ASSERT_EQ(sum.lost_newest, expected.sum.lost_newest);
            ASSERT_EQ(sum.lost_oldest, expected.sum.lost_oldest);
            ASSERT_EQ(sum.lost_sampled, expected.sum.lost_sampled);
            ASSERT_EQ(sum.lost_lowest, expected.sum.lost_lowest);
        }
    }
}

TEST(overflow, applies_the_policy_to_the_item) {
    expect_what_the_model_gives<overflow::reject, overflow::one_producer>({});
    expect_what_the_model_gives<overflow::drop_newest, overflow::one_producer>({});
    expect_what_the_model_gives<overflow::drop_oldest, overflow::one_producer>({});
    expect_what_the_model_gives<overflow::sample, overflow::one_producer>({3});
    expect_what_the_model_gives<shed, overflow::one_producer>({});
}

TEST(overflow, gives_the_same_with_many_producers) {
    expect_what_the_model_gives<overflow::reject, overflow::many_producers>({});
    expect_what_the_model_gives<overflow::drop_newest, overflow::many_producers>({});
    expect_what_the_model_gives<overflow::drop_oldest, overflow::many_producers>({});
    expect_what_the_model_gives<overflow::sample, overflow::many_producers>({3});
}

TEST(overflow, sample_keeps_exactly_one_in_n) {
    overflow_ring<int, overflow::sample> ring(1000, {10, 100});
    for (int i = 0; i < 1100; ++i) ASSERT_TRUE(ring.push(i));
    EXPECT_EQ(ring.account().lost_sampled, 900U);
    EXPECT_EQ(ring.account().queued, 200U);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(ring.try_pop(), i);
    for (int i = 109; i < 1100; i += 10) {
        ASSERT_EQ(ring.try_pop(), i);
        ASSERT_EQ(ring.gap(), 9U);
    }
}

TEST(overflow, shed_lowest_holds_its_capacity_over_all_classes) {
    overflow_ring<int, shed> ring(4);
    for (const int i : {0, 1, 2, 3}) ASSERT_TRUE(ring.push(i));
    EXPECT_EQ(ring.account().lost(), 0U) << "an empty ring takes capacity() items, whatever their classes";
    ASSERT_EQ(ring.try_pop(), 2) << "the highest class first";
    ASSERT_TRUE(ring.push(5));
    EXPECT_EQ(ring.account().lost(), 0U) << "one was popped, so one fits";
    ASSERT_TRUE(ring.push(9));
    EXPECT_EQ(ring.account().lost(), 1U) << "there is no lower class than the lowest";
    ASSERT_TRUE(ring.push(4));
    EXPECT_EQ(ring.account().lost(), 2U) << "makes room for itself by the oldest of the lowest";
    for (const int i : {5, 1, 4, 3}) ASSERT_EQ(ring.try_pop(), i);
    EXPECT_EQ(ring.gap(), 1U) << "of class 0: 0 was lost before 3";
    EXPECT_EQ(ring.try_pop(), std::nullopt);
}

TEST(overflow, codel_drops_items_that_stood_too_long_and_reports_the_gaps) {
    fake_clock::time = 0ns;
    overflow_ring<int, fake_codel> ring(1000, {5ms, 100ms});
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(ring.push(i));
    ASSERT_TRUE(ring.push(-1)) << "lost: the ring is full";
    int expected = 0;
    std::uint64_t gaps = 0;
    while (const auto item = ring.try_pop()) {
        gaps += ring.gap();
        expected += static_cast<int>(ring.gap());
        ASSERT_EQ(*item, expected++);
        fake_clock::time += 1ms;
    }
    const overflow::ledger sum = ring.account();
    EXPECT_TRUE(sum.is_exact());
    EXPECT_GT(sum.lost_late, 10U);
    EXPECT_EQ(sum.lost_late, gaps);
    EXPECT_EQ(sum.lost_newest, 1U);
    EXPECT_EQ(expected, 1000) << "the last one is never dropped";
}

TEST(overflow, codel_says_while_it_drops) {
    fake_clock::time = 0ns;
    overflow_ring<int, fake_codel> ring(100, {5ms, 100ms});
    const auto arrive = [&] {
        fake_clock::time += 1ms;
        ASSERT_TRUE(ring.push(0));
    };
    for (int i = 0; i < 8; ++i) arrive();
    int calm = 0;
    for (; !ring.is_dropping(); ++calm) {
        ASSERT_LT(calm, 1000) << "each item waits for 8 ms, so it has to drop some day";
        arrive();
        ASSERT_TRUE(ring.try_pop());
    }
    EXPECT_GT(calm, 99) << "not before an interval is over";
    while (ring.try_pop()) {
    }
    EXPECT_FALSE(ring.is_dropping()) << "nothing stands any more";
}

// ---- contracts ----------------------------------------------------------------------------------------------

TEST(overflow, a_refused_item_stays_with_the_caller) {
    overflow_ring<std::unique_ptr<int>, overflow::reject> ring(1);
    ASSERT_TRUE(ring.push(std::make_unique<int>(1)));
    auto item = std::make_unique<int>(2);
    EXPECT_EQ(ring.push(std::move(item)), status::full);
    ASSERT_NE(item, nullptr);
    ring.close();
    EXPECT_EQ(ring.push(std::move(item)), status::closed);
    ASSERT_NE(item, nullptr);
    EXPECT_EQ(ring.account().refused, 2U);

    overflow_ring<std::unique_ptr<int>, overflow::block> blocking(1);
    ASSERT_TRUE(blocking.push(std::make_unique<int>(1)));
    EXPECT_EQ(blocking.push_until(std::move(item), std::chrono::steady_clock::now()), status::timeout);
    ASSERT_NE(item, nullptr);
    EXPECT_EQ(blocking.account().refused, 1U);
    EXPECT_TRUE(blocking.account().is_exact());
}

template <class Policy>
void expect_close_to_drain(Policy policy) {
    overflow_ring<int, Policy> ring(8, policy);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ring.push(i * 3));
    ring.close();
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ring.push(9 + i), status::closed);
    int item = -1;
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(ring.pop(item));
        EXPECT_EQ(item, i * 3);
    }
    EXPECT_EQ(ring.pop(item), status::closed);
    EXPECT_EQ(ring.try_pop(item), status::closed);
    EXPECT_EQ(ring.account().refused, 4U);
    EXPECT_TRUE(ring.account().is_exact());
}

TEST(overflow, close_refuses_and_drains) {
    expect_close_to_drain(overflow::block());
    expect_close_to_drain(overflow::reject());
    expect_close_to_drain(overflow::drop_newest());
    expect_close_to_drain(overflow::drop_oldest());
    expect_close_to_drain(overflow::sample{2});
    expect_close_to_drain(overflow::sample{2, 3});
    expect_close_to_drain(shed());
    expect_close_to_drain(overflow::codel<>());
}

template <class Policy>
void expect_each_to_be_destroyed_once(Policy policy) {
    const int alive = counted::alive, misuses = counted::misuses;
    {
        overflow_ring<counted, Policy> ring(3, policy);
        for (int i = 0; i < 10; ++i) (void)ring.push(counted(i));
        (void)ring.try_pop();
        EXPECT_LE(counted::alive - alive, 3) << "what is lost is destroyed at once";
    }
    EXPECT_EQ(counted::alive, alive);
    EXPECT_EQ(counted::misuses, misuses);
}

struct class_of_counted {
    std::size_t operator()(const counted& c) const { return static_cast<std::size_t>(c.read()) % classes; }
};

TEST(overflow, destroys_every_item_once) {
    expect_each_to_be_destroyed_once(overflow::reject());
    expect_each_to_be_destroyed_once(overflow::drop_newest());
    expect_each_to_be_destroyed_once(overflow::drop_oldest());
    expect_each_to_be_destroyed_once(overflow::sample{2});
    expect_each_to_be_destroyed_once(overflow::shed_lowest<classes, class_of_counted>());
    expect_each_to_be_destroyed_once(overflow::codel<>());
}

#if defined(__cpp_exceptions)
TEST(overflow, a_copy_that_throws_changes_nothing) {
    using weir_test::throwing;
    overflow_ring<throwing, overflow::drop_oldest> ring(2);
    const throwing item(7);
    throwing::throw_in = 1;
    EXPECT_THROW((void)ring.push(item), std::runtime_error);
    EXPECT_EQ(ring.account().offered, 0U);
    EXPECT_TRUE(ring.push(item));
}

struct throws_when_assigned {
    int value;
    explicit throws_when_assigned(int v) : value(v) {}
    throws_when_assigned(throws_when_assigned&&) noexcept = default;
    throws_when_assigned& operator=(throws_when_assigned&&) noexcept(false) { throw std::runtime_error("as told"); }
};

TEST(overflow, an_assignment_that_throws_leaves_the_item_and_the_gap) {
    overflow_ring<throws_when_assigned, overflow::drop_newest> ring(1);
    ASSERT_TRUE(ring.push(throws_when_assigned(1)));
    throws_when_assigned out(0);
    EXPECT_THROW((void)ring.try_pop(out), std::runtime_error);
    EXPECT_EQ(ring.account().delivered, 0U);
    EXPECT_TRUE(ring.account().is_exact());
    EXPECT_EQ(ring.try_pop()->value, 1);
    EXPECT_EQ(ring.gap(), 0U);
}

TEST(overflow, an_impossible_policy_is_refused_with_a_sentence) {
    using sampled = overflow_ring<int, overflow::sample>;
    using delayed = overflow_ring<int, fake_codel>;
    EXPECT_THROW(sampled(8), std::invalid_argument) << "one in 0";
    EXPECT_THROW(sampled(8, {2, 9}), std::invalid_argument);
    EXPECT_NO_THROW(sampled(8, {2, 8}));
    EXPECT_THROW(delayed(8, {0ms, 100ms}), std::invalid_argument);
    EXPECT_THROW(delayed(8, {100ms, 100ms}), std::invalid_argument);
    EXPECT_NO_THROW(delayed(8, {1ns, 2ns}));
    try {
        sampled(8, {2, 9});
    } catch (const std::invalid_argument& e) {
        EXPECT_EQ(std::string(e.what()),
                  "weir: sample begins at 9 queued items, but the capacity is 8: give less, or 0 for half of it");
    }
}
#endif

// An item whose assignment, the middle of a pop, takes as long as the test likes.
struct slow {
    int value = 0;
    explicit slow(int v) : value(v) {}
    slow(slow&&) noexcept = default;
    slow& operator=(slow&& other) noexcept {
        value = other.value;
        entered = true;
        while (hold) std::this_thread::sleep_for(100us);
        return *this;
    }
    static inline std::atomic<bool> hold{false}, entered{false};
};
struct class_of_slow {
    std::size_t operator()(const slow& s) const noexcept { return static_cast<std::size_t>(s.value) % classes; }
};

template <class Policy>
overflow::ledger push_past_a_suspended_consumer(int pushes) {
    overflow_ring<slow, Policy> ring(4);
    slow::hold = true;
    slow::entered = false;
    EXPECT_TRUE(ring.push(slow(0)));
    std::thread consumer([&] {
        slow out(0);
        EXPECT_TRUE(ring.pop(out));
        while (ring.pop(out)) {
        }
    });
    while (!slow::entered) std::this_thread::yield();
    for (int i = 1; i <= pushes; ++i) EXPECT_TRUE(ring.push(slow(i)));
    slow::hold = false;
    ring.close();
    consumer.join();
    return ring.account();
}

TEST(overflow, a_push_past_a_suspended_consumer_is_bounded_and_counted) {
    const overflow::ledger oldest = push_past_a_suspended_consumer<overflow::drop_oldest>(200);
    EXPECT_EQ(oldest.accepted(), 201U);
    EXPECT_EQ(oldest.lost() + oldest.delivered, 201U);
    const overflow::ledger lowest = push_past_a_suspended_consumer<overflow::shed_lowest<classes, class_of_slow>>(200);
    EXPECT_EQ(lowest.accepted(), 201U);
    EXPECT_EQ(lowest.lost() + lowest.delivered, 201U);
}

// ---- real threads ---------------------------------------------------------------------------------------------

class stalls {
public:
    explicit stalls(unsigned seed) : random_(seed) {}
    void maybe() {
        const auto dice = random_() % 512;
        if (dice == 0) std::this_thread::sleep_for(50us);
        if (dice == 1) std::this_thread::yield();
    }

private:
    std::minstd_rand random_;
};

/// Everything about a stream that must hold whatever the threads do.
template <class Policy, class Producers>
void stream(Policy policy, std::size_t capacity, int producers) {
    const std::uint64_t each = weir_test::rounds(4'000) / static_cast<std::uint64_t>(producers);
    const long alive = message::alive;
    std::uint64_t gaps = 0, received = 0;
    {
        overflow_ring<message, Policy, Producers> ring(capacity, policy);
        std::atomic<bool> over{false};
        std::thread observer([&] {
            while (!over) {
                const overflow::ledger l = ring.account();
                if (l.delivered + l.lost() > l.accepted()) {
                    ADD_FAILURE() << "an item ended before it was accepted";
                    return;
                }
                std::this_thread::sleep_for(20us);
            }
        });
        std::thread consumer([&] {
            stalls stall(1);
            // Of each producer and, with classes, of each class, numbers must rise.
            std::vector<std::array<std::uint64_t, classes>> last(static_cast<std::size_t>(producers) + 1);
            message m(0, 0);
            while (ring.pop(m)) {
                ++received;
                gaps += ring.gap();
                const std::size_t its = std::is_same_v<Policy, shed> ? class_of()(m) : 0;
                std::uint64_t& before = last[static_cast<std::size_t>(m.producer)][its];
                if (m.number <= before) {
                    ADD_FAILURE() << m.number << " of producer " << m.producer << " after " << before;
                    return;
                }
                before = m.number;
                stall.maybe();
            }
        });
        std::vector<std::thread> threads;
        std::atomic<std::uint64_t> refused{0};
        for (int p = 0; p < producers; ++p) {
            threads.emplace_back([&, p] {
                stalls stall(static_cast<unsigned>(p) + 10);
                for (std::uint64_t n = 1; n <= each; ++n) {
                    if (!ring.push(message(p, n))) ++refused;
                    stall.maybe();
                }
            });
        }
        for (auto& t : threads) t.join();
        // One more of each class, when all is empty, shows the gaps that are still unseen.
        if constexpr (!decltype(ring)::has_many_producers) ring.adopt_producer();
        std::uint64_t last_ones = 0;
        const auto lost_when_all_is_over = [&ring] {
            for (;;) {
                const overflow::ledger l = ring.account();
                if (l.delivered + l.lost() == l.accepted()) return l.lost();
                std::this_thread::yield();
            }
        };
        for (std::uint64_t shown = 0, lost = lost_when_all_is_over(); shown < classes;) {
            if (!ring.push(message(producers, ++last_ones))) ++refused;
            // Lost it is, too, where the consumer, suspended, still holds the slot of the one before, or was so for so long
            // that codel drops it.
            const std::uint64_t before = std::exchange(lost, lost_when_all_is_over());
            if (lost == before) ++shown;
        }
        ring.close();
        consumer.join();
        over = true;
        observer.join();

        const overflow::ledger sum = ring.account();
        EXPECT_TRUE(sum.is_exact());
        EXPECT_EQ(sum.offered, each * static_cast<std::uint64_t>(producers) + last_ones);
        EXPECT_EQ(sum.refused, refused);
        EXPECT_EQ(sum.queued, 0U);
        EXPECT_EQ(sum.delivered, received);
        EXPECT_EQ(sum.lost(), gaps);
        constexpr bool blocks = std::is_same_v<Policy, overflow::block>;
        if constexpr (blocks || std::is_same_v<Policy, overflow::reject>) {
            EXPECT_EQ(sum.lost(), 0U);
        }
        if constexpr (blocks) {
            EXPECT_EQ(sum.refused, 0U);
        }
    }
    EXPECT_EQ(message::alive, alive);
}

template <class Producers>
void stream_all(int producers) {
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{7}, std::size_t{64}}) {
        stream<overflow::block, Producers>({}, capacity, producers);
        stream<overflow::reject, Producers>({}, capacity, producers);
        stream<overflow::drop_newest, Producers>({}, capacity, producers);
        stream<overflow::drop_oldest, Producers>({}, capacity, producers);
        stream<overflow::sample, Producers>({4}, capacity, producers);
        stream<overflow::codel<>, Producers>({20us, 200us}, capacity, producers);
        if constexpr (std::is_same_v<Producers, overflow::one_producer>)
            stream<shed, Producers>({}, capacity, producers);
    }
}

TEST(overflow_stress, the_ledger_is_exact_and_gaps_add_up_to_losses) { stream_all<overflow::one_producer>(1); }
TEST(overflow_stress, the_same_with_many_producers) { stream_all<overflow::many_producers>(3); }

}  // namespace
