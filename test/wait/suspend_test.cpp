// SPDX-License-Identifier: MIT
//
// One thread is suspended before each single atomic step of an operation. Whatever step that is, every call of the others
// returns, what they say is true, and when the thread goes on, everything is delivered.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;

/// A thread that runs `before`, then `operation`, and stops before the latter's atomic step number `step`, until it is let go.
class suspended {
public:
    suspended(int step, std::function<void()> before, std::function<void()> operation)
        : thread_([this, step, before = std::move(before), operation = std::move(operation)] {
              before();
              weir_test::this_thread_hook = {step, [](void* self) { static_cast<suspended*>(self)->stop(); }, this};
              operation();
              weir_test::this_thread_hook = {};
              state_ = state::finished;
          }) {
        while (state_ == state::running) std::this_thread::yield();
        stopped_ = state_ == state::stopped;
    }
    suspended(const suspended&) = delete;
    suspended& operator=(const suspended&) = delete;
    ~suspended() { resume(); }

    /// False: the operation had fewer steps.
    bool stopped() const { return stopped_; }
    void resume() {
        go_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    enum class state { running, stopped, finished };
    void stop() {
        state_ = state::stopped;
        while (!go_) std::this_thread::sleep_for(100us);
    }

    std::atomic<state> state_{state::running};
    std::atomic<bool> go_{false};
    bool stopped_ = false;
    std::thread thread_;
};

template <template <class, class...> class Ring>
struct kind_of {
    using ring = Ring<int>;
};

template <class Kind>
class suspend : public testing::Test {};

struct kind_names {
    template <class Kind>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Kind, kind_of<weir::mpmc_ring>>) return "mpmc";
        if constexpr (std::is_same_v<Kind, kind_of<weir::strict_mpmc_ring>>) return "strict";
        return "spsc";
    }
};
using kinds = testing::Types<kind_of<weir::spsc_ring>, kind_of<weir::mpmc_ring>, kind_of<weir::strict_mpmc_ring>>;
TYPED_TEST_SUITE(suspend, kinds, kind_names);

constexpr std::size_t capacity = 4;
constexpr int most_steps = 60;  // more than any operation here has

// Where a side is for one thread, the role goes to the suspended one.
template <class Ring>
void become_producer(Ring& ring) {
    if constexpr (!Ring::has_many_producers) ring.adopt_producer();
}
template <class Ring>
void become_consumer(Ring& ring) {
    if constexpr (!Ring::has_many_consumers) ring.adopt_consumer();
}

// Pushes `next`, and so on, until refused.
template <class Ring>
status fill(Ring& ring, int& next) {
    for (;; ++next) {
        if (const status answer = ring.try_push(next); !answer) return answer;
    }
}
template <class Ring>
status drain(Ring& ring, std::vector<int>& out) {
    for (int item = 0;;) {
        if (const status answer = ring.try_pop(item); !answer) return answer;
        out.push_back(item);
    }
}

// After the storm: all that went in came out, and the ring holds what it held before.
template <class Ring>
void expect_whole(Ring& ring, std::vector<int> in, std::vector<int> out) {
    become_producer(ring);
    become_consumer(ring);
    EXPECT_EQ(drain(ring, out), status::empty);
    std::ranges::sort(in);
    std::ranges::sort(out);
    EXPECT_EQ(out, in);
    int next = 0;
    EXPECT_EQ(fill(ring, next), status::full);
    EXPECT_EQ(next, static_cast<int>(capacity));
}

/// `push(ring)` by the suspended thread appends 100, 101 ... and returns how many.
template <class Ring>
void suspend_a_producer(const std::function<int(Ring&)>& push) {
    int step = 1;
    for (; step <= most_steps; ++step) {
        SCOPED_TRACE("suspended before step " + std::to_string(step));
        Ring ring(capacity, {std::uint64_t{0} - 2});
        std::vector<int> in{0};
        std::vector<int> out;
        ASSERT_TRUE(ring.try_push(0));
        int pushed = 0;
        int next = 1;
        bool stopped = false;
        {
            suspended producer(
                step, [&] { become_producer(ring); }, [&] { pushed = push(ring); });
            stopped = producer.stopped();
            if constexpr (Ring::has_many_producers) {
                EXPECT_EQ(fill(ring, next), status::full);
            }
            const std::size_t inside = ring.size_approx();
            EXPECT_LE(inside, capacity);
            const status answer = drain(ring, out);
            // Empty is true when it is said; what lies behind the claim of the suspended thread is there, but not yet to be had.
            EXPECT_EQ(answer, out.size() == inside ? status::empty : status::busy)
                << to_string(answer) << ", " << inside;
            ASSERT_GE(out.size(), 1u);
            EXPECT_EQ(out[0], 0);
        }
        for (int i = 0; i < pushed; ++i) in.push_back(100 + i);
        for (int i = 1; i < next; ++i) in.push_back(i);
        expect_whole(ring, in, out);
        if (!stopped) break;
    }
    EXPECT_GT(step, 4) << "hardly a step was seen";
    EXPECT_LE(step, most_steps) << "an operation of more steps than were tried";
}

TYPED_TEST(suspend, a_producer_in_the_middle_of_a_push_makes_no_call_hang_or_lie) {
    using ring = typename TypeParam::ring;
    suspend_a_producer<ring>([](ring& r) { return r.try_push(100) ? 1 : 0; });
}

TYPED_TEST(suspend, a_producer_in_the_middle_of_a_batch_makes_no_call_hang_or_lie) {
    using ring = typename TypeParam::ring;
    suspend_a_producer<ring>([](ring& r) {
        const std::array<int, 3> items{100, 101, 102};
        return static_cast<int>(r.try_push_n(items));
    });
}

/// `pop(ring)` by the suspended thread returns what it popped.
template <class Ring>
void suspend_a_consumer(const std::function<std::vector<int>(Ring&)>& pop) {
    int step = 1;
    for (; step <= most_steps; ++step) {
        SCOPED_TRACE("suspended before step " + std::to_string(step));
        Ring ring(capacity, {std::uint64_t{0} - 2});
        int next = 0;
        ASSERT_EQ(fill(ring, next), status::full);
        std::vector<int> popped;
        std::vector<int> out;
        bool stopped = false;
        {
            suspended consumer(
                step, [&] { become_consumer(ring); }, [&] { popped = pop(ring); });
            stopped = consumer.stopped();
            for (int lap = 0; lap < 3; ++lap) {
                if constexpr (Ring::has_many_consumers) {
                    EXPECT_EQ(drain(ring, out), status::empty);
                }
                const std::size_t room = ring.credits();
                const int before = next;
                const status answer = fill(ring, next);
                // Full is true when it is said; a slot that the suspended thread holds is not free, and the ring not full.
                const bool is_full = static_cast<std::size_t>(next - before) == room;
                EXPECT_EQ(answer, is_full ? status::full : status::busy) << to_string(answer) << ", room " << room;
                EXPECT_LE(ring.size_approx(), capacity);
            }
        }
        out.insert(out.end(), popped.begin(), popped.end());
        std::vector<int> in;
        for (int i = 0; i < next; ++i) in.push_back(i);
        expect_whole(ring, in, out);
        if (!stopped) break;
    }
    EXPECT_GT(step, 4) << "hardly a step was seen";
    EXPECT_LE(step, most_steps) << "an operation of more steps than were tried";
}

TYPED_TEST(suspend, a_consumer_in_the_middle_of_a_pop_makes_no_call_hang_or_lie) {
    using ring = typename TypeParam::ring;
    suspend_a_consumer<ring>([](ring& r) {
        int item = 0;
        return r.try_pop(item) ? std::vector<int>{item} : std::vector<int>{};
    });
}

TYPED_TEST(suspend, a_consumer_in_the_middle_of_a_batch_makes_no_call_hang_or_lie) {
    using ring = typename TypeParam::ring;
    suspend_a_consumer<ring>([](ring& r) {
        std::vector<int> items(3);
        items.resize(r.try_pop_n(items));
        return items;
    });
}

TYPED_TEST(suspend, a_consumer_in_the_middle_of_visits_makes_no_call_hang_or_lie) {
    using ring = typename TypeParam::ring;
    suspend_a_consumer<ring>([](ring& r) {
        std::vector<int> items;
        r.consume([&](int item) noexcept { items.push_back(item); }, 3);
        return items;
    });
}

// Accepted or refused, never lost; and nobody is told `closed` while a push from before the close is under way.
TYPED_TEST(suspend, a_close_in_the_middle_of_a_push_keeps_the_account) {
    using ring_type = typename TypeParam::ring;
    for (int step = 1;; ++step) {
        SCOPED_TRACE("closed before step " + std::to_string(step));
        ASSERT_LE(step, most_steps);
        ring_type ring(capacity, {std::uint64_t{0} - 1});
        status pushed = status::timeout;
        bool stopped = false;
        status early = status::timeout;
        std::vector<int> out;
        {
            suspended producer(
                step, [&] { become_producer(ring); }, [&] { pushed = ring.try_push(7); });
            stopped = producer.stopped();
            ring.close();
            early = drain(ring, out);
        }
        if (early == status::closed) {
            EXPECT_EQ(out.size(), pushed == status::success ? 1u : 0u) << "an item came after closed";
        }
        EXPECT_EQ(drain(ring, out), status::closed);
        ASSERT_TRUE(pushed == status::success || pushed == status::closed) << to_string(pushed);
        EXPECT_EQ(out, pushed == status::success ? std::vector<int>{7} : std::vector<int>{});
        become_producer(ring);
        EXPECT_EQ(ring.try_push(8), status::closed);
        if (!stopped) break;
    }
}

// ---- wakes that come in the wrong order ----------------------------------------------------------------------

constexpr auto until_surely_parked = 60ms;
constexpr auto long_enough = 20s;

// Calls it, and says timeout when it took that long: who was not woken still finds the item when time is up.
template <class Operation>
status in_time(Operation operation) {
    const auto start = std::chrono::steady_clock::now();
    const status answer = operation();
    return std::chrono::steady_clock::now() - start < long_enough ? answer : status::timeout;
}

// The second of two items is ready first and wakes a consumer, which finds the first one busy and goes to sleep again.
// The first one's notification wakes one consumer: the other item must not be left with the other one asleep.
TEST(wake_order, items_ready_out_of_order_wake_every_consumer_they_can_serve) {
    for (int step = 1;; ++step) {
        SCOPED_TRACE("suspended before step " + std::to_string(step));
        ASSERT_LE(step, most_steps);
        weir::mpmc_ring<int> ring(4);
        std::array<status, 2> answers{status::timeout, status::timeout};
        std::vector<std::thread> consumers;
        for (status& answer : answers) {
            consumers.emplace_back([&ring, &answer] {
                int item = 0;
                answer = in_time([&] { return ring.pop_for(item, long_enough); });
            });
        }
        std::this_thread::sleep_for(until_surely_parked);
        bool stopped = false;
        {
            suspended producer(
                step, [] {}, [&] { (void)ring.try_push(0); });
            stopped = producer.stopped();
            ASSERT_TRUE(ring.try_push(1));
            std::this_thread::sleep_for(until_surely_parked);
        }
        for (std::thread& consumer : consumers) consumer.join();
        EXPECT_EQ(answers[0], status::success);
        EXPECT_EQ(answers[1], status::success);
        if (!stopped) break;
    }
}

// The same with slots that are given back out of order, and producers.
TEST(wake_order, room_given_back_out_of_order_wakes_every_producer_it_can_serve) {
    for (int step = 1;; ++step) {
        SCOPED_TRACE("suspended before step " + std::to_string(step));
        ASSERT_LE(step, most_steps);
        weir::mpmc_ring<int> ring(2);
        ASSERT_TRUE(ring.try_push(0) && ring.try_push(1));
        std::array<status, 2> answers{status::timeout, status::timeout};
        std::vector<std::thread> producers;
        for (status& answer : answers) {
            producers.emplace_back(
                [&ring, &answer] { answer = in_time([&] { return ring.push_for(2, long_enough); }); });
        }
        std::this_thread::sleep_for(until_surely_parked);
        bool stopped = false;
        {
            suspended consumer(
                step, [] {}, [&] { (void)ring.try_pop(); });
            stopped = consumer.stopped();
            ASSERT_TRUE(ring.try_pop().has_value());
            std::this_thread::sleep_for(until_surely_parked);
        }
        for (std::thread& producer : producers) producer.join();
        EXPECT_EQ(answers[0], status::success);
        EXPECT_EQ(answers[1], status::success);
        if (!stopped) break;
    }
}

}  // namespace
