// SPDX-License-Identifier: MIT
//
// What push and pop promise when they wait, for every strategy.
#include "test/support/wait_support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <csignal>
#include <ctime>
#endif

#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using clock = std::chrono::steady_clock;

// Far above what any operation here takes, on the slowest machine: only a hang gets there.
constexpr auto ages = 60s;

// Any clock: its time is converted when the call begins, so that setting it later moves no deadline.
using a_ring = weir::spsc_ring<int>;
template <class TimePoint>
concept is_deadline = requires(a_ring& ring, int item, TimePoint t) {
    ring.push_until(item, t);
    ring.pop_until(item, t);
};
static_assert(is_deadline<std::chrono::steady_clock::time_point>);
static_assert(is_deadline<std::chrono::system_clock::time_point>);
static_assert(!is_deadline<std::chrono::seconds>);
static_assert(std::is_same_v<a_ring::time_point, std::chrono::steady_clock::time_point>);

template <class Wait>
class wait : public testing::Test {
public:
    using ring_type = weir::spsc_ring<int, Wait>;

    /// Fills a ring whose producer is this thread.
    static void fill(ring_type& r) {
        for (std::size_t i = 0; i < r.capacity(); ++i) ASSERT_EQ(r.try_push(static_cast<int>(i)), status::success);
    }
};
TYPED_TEST_SUITE(wait, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(wait, carries_every_item_across_in_order) {
    const auto items = static_cast<int>(weir_test::rounds(20'000));
    for (const std::size_t capacity : {1U, 3U, 64U}) {
        typename TestFixture::ring_type ring(capacity);
        std::thread producer([&] {
            for (int i = 0; i < items; ++i) ASSERT_EQ(ring.push(i), status::success);
        });
        int wrong = 0;
        for (int i = 0, out = -1; i < items; ++i) {
            if (ring.pop(out) != status::success || out != i) ++wrong;
        }
        producer.join();
        EXPECT_EQ(wrong, 0) << "capacity " << capacity;
        EXPECT_EQ(ring.size_approx(), 0U);
    }
}

TYPED_TEST(wait, for_an_item_times_out_not_early_and_without_effect) {
    typename TestFixture::ring_type ring(2);
    for (const auto time : {0ms, 1ms, 30ms}) {
        int out = 77;
        const auto start = clock::now();
        EXPECT_EQ(ring.pop_for(out, time), status::timeout);
        EXPECT_GE(clock::now() - start, time);
        EXPECT_EQ(out, 77);
    }
    const auto deadline = clock::now() + 20ms;
    int out = 77;
    EXPECT_EQ(ring.pop_until(out, deadline), status::timeout);
    EXPECT_GE(clock::now(), deadline);
    EXPECT_EQ(ring.credits(), 2U);
    ASSERT_EQ(ring.push(5), status::success);
    EXPECT_EQ(ring.pop_for(out, ages), status::success);
    EXPECT_EQ(out, 5);
}

TYPED_TEST(wait, for_room_times_out_not_early_and_without_effect) {
    typename TestFixture::ring_type ring(3);
    this->fill(ring);
    for (const auto time : {0ms, 1ms, 30ms}) {
        const auto start = clock::now();
        EXPECT_EQ(ring.push_for(99, time), status::timeout);
        EXPECT_GE(clock::now() - start, time);
    }
    const auto deadline = clock::now() + 20ms;
    EXPECT_EQ(ring.push_until(99, deadline), status::timeout);
    EXPECT_GE(clock::now(), deadline);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ring.try_pop(), i);
    EXPECT_EQ(ring.try_pop(), std::nullopt);
    EXPECT_EQ(ring.push_for(4, ages), status::success);
    EXPECT_EQ(ring.pop(), 4);
}

TYPED_TEST(wait, ends_at_once_when_the_deadline_is_past) {
    typename TestFixture::ring_type ring(1);
    const auto start = clock::now();
    for (const auto past : {clock::time_point{}, clock::time_point::min(), clock::now() - 1h, clock::now()}) {
        int out = 0;
        EXPECT_EQ(ring.pop_until(out, past), status::timeout);
        ASSERT_EQ(ring.push_until(1, past), status::success) << "there is room: nothing to wait for";
        EXPECT_EQ(ring.push_until(2, past), status::timeout);
        EXPECT_EQ(ring.pop_until(out, past), status::success) << "there is an item: nothing to wait for";
    }
    int out = 0;
    EXPECT_EQ(ring.pop_for(out, -1h), status::timeout);
    EXPECT_LT(clock::now() - start, ages);
}

TYPED_TEST(wait, takes_the_longest_time_for_no_deadline) {
    typename TestFixture::ring_type ring(1);
    std::thread producer([&] {
        std::this_thread::sleep_for(5ms);
        EXPECT_EQ(ring.push_for(1, std::chrono::nanoseconds::max()), status::success);
        EXPECT_EQ(ring.push_for(2, std::chrono::nanoseconds::max()), status::success);
    });
    int out = 0;
    EXPECT_EQ(ring.pop_for(out, std::chrono::nanoseconds::max()), status::success);
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(ring.pop_until(out, clock::time_point::max()), status::success);
    EXPECT_EQ(out, 2);
    producer.join();
}

TYPED_TEST(wait, takes_a_time_of_any_unit) {
    typename TestFixture::ring_type ring(1);
    using seconds = std::chrono::duration<double>;
    using centuries = std::chrono::duration<float, std::ratio<3'155'760'000>>;
    int out = 0;
    const auto start = clock::now();
    EXPECT_EQ(ring.pop_for(out, seconds(0.003)), status::timeout);
    EXPECT_GE(clock::now() - start, 3ms);
    EXPECT_FALSE(ring.pop_for(seconds(1e-10)).has_value());
    EXPECT_EQ(ring.pop_for(out, std::chrono::hours::min()), status::timeout);
    EXPECT_EQ(ring.pop_for(out, seconds(-1e300)), status::timeout);
    std::thread producer([&] {
        std::this_thread::sleep_for(3ms);
        EXPECT_EQ(ring.push_for(1, std::chrono::hours::max()), status::success);
        EXPECT_EQ(ring.push_for(2, centuries(2)), status::success);
        EXPECT_EQ(ring.push_until(3, weir::forever), status::success);
    });
    EXPECT_EQ(ring.pop_for(out, seconds(1e300)), status::success);
    std::this_thread::sleep_for(3ms);
    EXPECT_EQ(ring.pop_for(out, std::chrono::minutes::max()), status::success);
    EXPECT_EQ(ring.pop_until(weir::forever), 3);
    producer.join();
}

TYPED_TEST(wait, with_a_deadline_ends_when_the_peer_comes) {
    typename TestFixture::ring_type ring(1);
    std::thread producer([&] {
        std::this_thread::sleep_for(10ms);
        EXPECT_EQ(ring.push_for(1, ages), status::success);
        EXPECT_EQ(ring.push_for(2, ages), status::success);
    });
    const auto start = clock::now();
    int out = 0;
    EXPECT_EQ(ring.pop_for(out, ages), status::success);
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(ring.pop_for(out, ages), status::success);
    EXPECT_EQ(out, 2);
    producer.join();
    EXPECT_LT(clock::now() - start, ages);
}

TYPED_TEST(wait, in_bulk_takes_more_than_the_capacity) {
    for (const std::size_t capacity : {1U, 5U, 8U}) {
        typename TestFixture::ring_type ring(capacity);
        std::vector<int> sent(1'000);
        std::iota(sent.begin(), sent.end(), 0);
        std::thread producer([&] { EXPECT_EQ(ring.push_n(sent), sent.size()); });
        std::vector<int> received(sent.size());
        EXPECT_EQ(ring.pop_n(received), received.size());
        producer.join();
        EXPECT_EQ(received, sent);
        ring.adopt_producer();
        EXPECT_EQ(ring.push_n({}), 0U);
        EXPECT_EQ(ring.pop_n({}), 0U);
    }
}

TYPED_TEST(wait, in_bulk_ends_at_the_close_and_says_how_far_it_came) {
    typename TestFixture::ring_type ring(4);
    std::array<int, 10> sent{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    std::thread producer([&] { EXPECT_EQ(ring.push_n(sent), 4U) << "there is room for four, then the close"; });
    std::this_thread::sleep_for(10ms);
    while (ring.size_approx() < 4) std::this_thread::yield();
    ring.close();
    producer.join();
    std::array<int, 10> received{};
    EXPECT_EQ(ring.pop_n(received), 4U);
    EXPECT_EQ(received[3], 3);
    EXPECT_EQ(ring.pop_n(received), 0U);
}

TYPED_TEST(wait, after_the_close_drains_and_then_says_closed) {
    typename TestFixture::ring_type ring(3);
    this->fill(ring);
    ring.close();
    EXPECT_TRUE(ring.is_closed());
    EXPECT_EQ(ring.push(9), status::closed);
    EXPECT_EQ(ring.push_for(9, 1ms), status::closed);
    int out = 0;
    EXPECT_EQ(ring.pop(out), status::success);
    EXPECT_EQ(ring.pop_for(out, ages), status::success);
    EXPECT_EQ(ring.pop(), 2);
    EXPECT_EQ(ring.pop(out), status::closed);
    EXPECT_EQ(ring.pop_for(out, ages), status::closed);
    EXPECT_EQ(ring.pop_until(out, clock::time_point{}), status::closed);
    EXPECT_EQ(ring.pop(), std::nullopt);
    EXPECT_EQ(out, 1);
    ring.close();
    EXPECT_EQ(ring.push(9), status::closed);
}

TYPED_TEST(wait, moves_move_only_items_and_leaves_refused_ones) {
    weir::spsc_ring<std::unique_ptr<int>, TypeParam> ring(1);
    auto item = std::make_unique<int>(1);
    auto next = std::make_unique<int>(2);
    ASSERT_EQ(ring.push(std::move(item)), status::success);
    EXPECT_EQ(item, nullptr);
    EXPECT_EQ(ring.push_for(std::move(next), 2ms), status::timeout);
    ASSERT_NE(next, nullptr) << "a push that timed out took its argument";
    EXPECT_EQ(ring.push_unless(std::move(next), [] { return true; }), status::full);
    ASSERT_NE(next, nullptr) << "a push that was stopped took its argument";

    std::thread consumer([&] {
        std::this_thread::sleep_for(5ms);
        std::unique_ptr<int> out;
        ASSERT_EQ(ring.pop(out), status::success);
        EXPECT_EQ(*out, 1);
        const std::optional<std::unique_ptr<int>> second = ring.pop();
        ASSERT_TRUE(second.has_value());
        EXPECT_EQ(**second, 2);
    });
    ASSERT_EQ(ring.push(std::move(next)), status::success);
    EXPECT_EQ(next, nullptr);
    consumer.join();

    ring.close();
    next = std::make_unique<int>(3);
    EXPECT_EQ(ring.push(std::move(next)), status::closed);
    ASSERT_NE(next, nullptr) << "a push to a closed ring took its argument";
}

TYPED_TEST(wait, stops_when_the_predicate_says_so_after_wake_all) {
    typename TestFixture::ring_type ring(1);
    for (const auto pause : {0us, 200us, 20'000us}) {
        std::atomic<bool> stop{false};
        std::thread consumer([&] {
            ring.adopt_consumer();
            int out = 77;
            EXPECT_EQ(ring.pop_unless(out, [&] { return stop.load(); }), status::empty);
            EXPECT_EQ(out, 77);
        });
        std::this_thread::sleep_for(pause);
        stop = true;
        ring.wake_all();
        consumer.join();
    }
    this->fill(ring);
    for (const auto pause : {0us, 200us, 20'000us}) {
        std::atomic<bool> stop{false};
        std::thread producer([&] {
            ring.adopt_producer();
            EXPECT_EQ(ring.push_unless(9, [&] { return stop.load(); }), status::full);
        });
        std::this_thread::sleep_for(pause);
        stop = true;
        ring.wake_all();
        producer.join();
    }
    ring.adopt_consumer();
    int out = 0;
    EXPECT_EQ(ring.pop_unless(out, [] { return true; }), status::success) << "there is an item: nothing to stop";
    EXPECT_EQ(out, 0);
    EXPECT_EQ(ring.pop_unless(
                  out, [] { return false; }, clock::now() + 2ms),
              status::timeout);
    ring.close();
    EXPECT_EQ(ring.pop_unless(out, [] { return false; }), status::closed);
}

// Returns for no reason, as a futex may: who waits looks again and goes on waiting.
TYPED_TEST(wait, outlasts_being_woken_for_nothing) {
    typename TestFixture::ring_type ring(1);
    std::atomic<bool> back{false};
    std::atomic<int> looks{0};
    int out = 0;
    std::thread consumer([&] {
        const auto count = [&] {
            ++looks;
            return false;
        };
        EXPECT_EQ(ring.pop_unless(out, count), status::success);
        back = true;
    });
    for (int i = 0; i < 200 || (looks == 0 && i < 200'000); ++i) {  // more where the thread is slow to begin
        ring.wake_all();
        std::this_thread::sleep_for(100us);
        ASSERT_FALSE(back) << "pop came back from an empty ring";
    }
    EXPECT_GT(looks, 0);
    ASSERT_EQ(ring.push(3), status::success);
    consumer.join();
    EXPECT_EQ(out, 3);
}

#if defined(__unix__) || defined(__APPLE__)
/// Handles SIGUSR1, and does nothing but count. Without SA_RESTART each signal ends a sleep in the kernel.
class signals {
public:
    signals() {
        struct sigaction action {};
        action.sa_handler = [](int) { ++handled; };
        sigemptyset(&action.sa_mask);
        EXPECT_EQ(sigaction(SIGUSR1, &action, &before_), 0);
        handled = 0;
    }
    ~signals() { EXPECT_EQ(sigaction(SIGUSR1, &before_, nullptr), 0); }

    static inline std::atomic<int> handled{0};

private:
    struct sigaction before_ {};
};

TYPED_TEST(wait, outlasts_signals) {
    const signals handling;
    typename TestFixture::ring_type empty(1);
    typename TestFixture::ring_type full(1);
    this->fill(full);
    full.adopt_producer();
    std::atomic<int> done{0};
    const auto waiter = [&](bool pops, bool timed) {
        empty.adopt_consumer();
        full.adopt_producer();
        int out = 0;
        const status answer = pops ? (timed ? empty.pop_for(out, ages) : empty.pop(out))
                                   : (timed ? full.push_for(7, ages) : full.push(7));
        EXPECT_EQ(answer, status::success);
        ++done;
    };
    for (const bool timed : {false, true}) {
        for (const bool pops : {true, false}) {
            done = 0;
            signals::handled = 0;
            std::thread thread(waiter, pops, timed);
            // More than 100 where the thread is slow to begin: the kernel takes signals together that wait for it.
            for (int i = 0; i < 100 || signals::handled == 0; ++i) {
                ASSERT_EQ(pthread_kill(thread.native_handle(), SIGUSR1), 0);
                std::this_thread::sleep_for(100us);
                ASSERT_EQ(done, 0) << (pops ? "pop came back from an empty ring" : "push came back from a full ring");
            }
            if (pops) {
                ASSERT_EQ(empty.push(1), status::success);
            } else {
                ASSERT_TRUE(full.pop().has_value());
            }
            thread.join();
        }
    }
}

TYPED_TEST(wait, in_a_hail_of_signals_times_out_not_early) {
    const signals handling;
    typename TestFixture::ring_type ring(1);
    std::atomic<bool> over{false};
    std::thread sender([&over, target = pthread_self()] {
        while (!over) {
            EXPECT_EQ(pthread_kill(target, SIGUSR1), 0);
            std::this_thread::sleep_for(50us);
        }
    });
    while (signals::handled == 0) std::this_thread::yield();
    int out = 0;
    auto start = clock::now();
    EXPECT_EQ(ring.pop_for(out, 30ms), status::timeout);
    EXPECT_GE(clock::now() - start, 30ms);
    this->fill(ring);
    start = clock::now();
    EXPECT_EQ(ring.push_for(9, 30ms), status::timeout);
    EXPECT_GE(clock::now() - start, 30ms);
    over = true;
    sender.join();
}
#endif

#if defined(__linux__)
std::chrono::nanoseconds cpu_time_of_this_thread() {
    timespec used{};
    EXPECT_EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// Time on a CPU, not on the wall: a busy machine does not disturb.
TYPED_TEST(wait, in_a_park_uses_less_than_a_hundredth_of_a_core) {
    constexpr bool stays_awake = std::is_same_v<TypeParam, weir::wait::spin> ||
                                 std::is_same_v<TypeParam, weir::wait::yield> ||
                                 std::is_same_v<TypeParam, weir::wait::sleep>;
    if (stays_awake) GTEST_SKIP() << "this strategy looks again by itself";
    constexpr auto long_idle = 1000ms;
    typename TestFixture::ring_type empty(1);
    typename TestFixture::ring_type full(1);
    this->fill(full);
    std::thread consumer([&] {
        const auto before = cpu_time_of_this_thread();
        EXPECT_EQ(empty.pop(), 1);
        EXPECT_LT(cpu_time_of_this_thread() - before, long_idle / 100);
    });
    std::thread producer([&] {
        full.adopt_producer();
        const auto before = cpu_time_of_this_thread();
        EXPECT_EQ(full.push(1), status::success);
        EXPECT_LT(cpu_time_of_this_thread() - before, long_idle / 100);
    });
    std::this_thread::sleep_for(long_idle);
    EXPECT_EQ(empty.push(1), status::success);
    EXPECT_EQ(full.pop(), 0);
    consumer.join();
    producer.join();
}
#endif

}  // namespace
