// SPDX-License-Identifier: MIT
//
// What waiting asks of the kernel: nothing while nobody sleeps, one wake for each sleep, as many threads woken as there
// are items for; and what it makes of the kernel's rarer answers.
#include "test/support/counted_syscalls.hpp"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir_test::syscalls;
using weir_test::until_asleep;
using clock = std::chrono::steady_clock;

constexpr auto ages = 60s;

template <class Wait>
class wake_count : public testing::Test {
public:
    using ring_type = weir::spsc_ring<int, Wait>;

    void SetUp() override { syscalls.reset(); }
    void TearDown() override { syscalls.reset(); }

    /// Waits in vain until spinning is given up, so that each wait from now on goes to sleep at once.
    static void give_up_spinning(ring_type& ring) {
        for (int i = 0, out = 0; i < 8; ++i) ASSERT_EQ(ring.pop_for(out, 100us), status::timeout);
    }
};
using parkers = testing::Types<weir::wait::park, weir_test::parking_seq_cst>;
TYPED_TEST_SUITE(wake_count, parkers, weir_test::wait_names);

// Two sides whose way to a sleep takes longer than they spin find, once there, what they had been waiting for, again and
// again. If that did not teach them to spin longer, neither would ever stop asking the kernel for barriers.
TEST(spinning, goes_on_for_longer_after_a_way_to_sleep_that_was_in_vain) {
    if (weir::detail::started_on_one_cpu) GTEST_SKIP() << "nobody spins on one CPU";
    if (!weir::detail::is_asymmetric<weir::fence::asymmetric>()) GTEST_SKIP() << "a lot does not show who registers";
    weir::wait::park::lot lot(false);
    const auto looks_until_registered = [&lot] {
        int looks = 0;
        lot.wait(
            [&] {
                ++looks;
                bool registered = false;
                lot.notify_if(1, [&] { return registered = true, false; });
                return registered;
            },
            weir::detail::forever);
        return looks;
    };
    const int first = looks_until_registered();
    EXPECT_GT(first, 64);
    for (int i = 0; i < 20; ++i) EXPECT_GE(looks_until_registered(), 2 * first);
    EXPECT_EQ(looks_until_registered(), looks_until_registered()) << "the spin is bounded";
}

TYPED_TEST(wake_count, is_zero_while_no_thread_sleeps) {
    typename TestFixture::ring_type ring(8);
    syscalls.reset();
    std::array<int, 3> three{1, 2, 3};
    int out = 0;
    for (int i = 0; i < 200'000; ++i) {
        ASSERT_EQ(ring.push(i), status::success);
        ASSERT_EQ(ring.try_push(i), status::success);
        ASSERT_EQ(ring.push_n(three), three.size());
        ASSERT_EQ(ring.pop(out), status::success);
        ASSERT_EQ(ring.try_pop(out), status::success);
        ASSERT_EQ(ring.pop_n(three), three.size());
    }
    EXPECT_EQ(syscalls.all, 0U);
}

// Who may stop tries before it waits: where there is room, and items, it costs what push and pop cost.
TYPED_TEST(wake_count, is_zero_for_a_stoppable_operation_that_need_not_wait) {
    typename TestFixture::ring_type ring(1);
    this->give_up_spinning(ring);
    for (int i = 0; i < 8; ++i) {  // the same on the producer's side
        ASSERT_EQ(ring.push_for(0, 100us), i == 0 ? status::success : status::timeout);
    }
    int out = 0;
    ASSERT_EQ(ring.pop(out), status::success);
    syscalls.reset();
    const auto never = [] { return false; };
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(ring.push_unless(i, never), status::success);
        ASSERT_EQ(ring.push_unless(i, [] { return true; }), status::full);
        ASSERT_EQ(ring.pop_unless(out, never), status::success);
        ASSERT_EQ(ring.pop_unless(out, [] { return true; }), status::empty);
        ASSERT_EQ(out, i);
    }
    EXPECT_EQ(syscalls.all, 0U);
}

TYPED_TEST(wake_count, is_one_for_a_thousand_pushes_to_one_sleeper) {
    typename TestFixture::ring_type ring(1000);
    std::atomic<pid_t> tid{0};
    std::thread consumer([&] {
        tid = gettid();
        EXPECT_EQ(ring.pop(), 0);
    });
    while (tid == 0) std::this_thread::yield();
    until_asleep({tid});
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(ring.push(i), status::success);
    consumer.join();
    EXPECT_EQ(syscalls.wakes, 1U);
    EXPECT_EQ(syscalls.woken, 1U);
}

TYPED_TEST(wake_count, is_one_for_a_thousand_pops_to_one_sleeper) {
    typename TestFixture::ring_type ring(1000);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    ring.adopt_producer();
    std::atomic<pid_t> tid{0};
    std::thread producer([&] {
        ring.adopt_producer();
        tid = gettid();
        EXPECT_EQ(ring.push(1000), status::success);
    });
    while (tid == 0) std::this_thread::yield();
    until_asleep({tid});
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(ring.pop(), i);
    producer.join();
    EXPECT_EQ(syscalls.wakes, 1U);
    EXPECT_EQ(syscalls.woken, 1U);
}

// The other cores are asked once, so that no claim slips through between the end and the consumer's finding it.
TYPED_TEST(wake_count, is_zero_for_a_close_without_waiters_which_has_one_barrier) {
    const bool asymmetric = weir::detail::is_asymmetric<typename TypeParam::fence_policy>();
    typename TestFixture::ring_type ring(2);
    syscalls.reset();
    ring.close();
    EXPECT_EQ(syscalls.membarriers, asymmetric ? 1U : 0U);
    EXPECT_EQ(syscalls.all, syscalls.membarriers);
}

// Each way to sleep begins with one membarrier, which counts them.
TYPED_TEST(wake_count, is_one_at_most_for_each_way_to_sleep) {
    if (!weir::detail::is_asymmetric<typename TypeParam::fence_policy>()) {
        GTEST_SKIP() << "without membarrier there is nothing that counts the ways to sleep";
    }
    const int items = static_cast<int>(weir_test::rounds(50'000));
    typename TestFixture::ring_type ring(2);
    syscalls.reset();
    const pid_t consumer = gettid();
    std::thread producer([&] {
        until_asleep({consumer});  // one sleep is certain, more depend on the machine
        weir_test::random_pause pause(11);
        for (int i = 0; i < items; ++i) {
            EXPECT_EQ(ring.push(i), status::success);
            pause();
        }
    });
    weir_test::random_pause pause(12);
    for (int i = 0; i < items; ++i) {
        ASSERT_EQ(ring.pop(), i);
        pause();
    }
    producer.join();
    EXPECT_GT(syscalls.wakes, 0U);
    EXPECT_LE(syscalls.wakes, syscalls.membarriers);
    EXPECT_LE(syscalls.waits, syscalls.membarriers);
    EXPECT_EQ(syscalls.to_wake, syscalls.wakes) << "one waiter on each side: to wake more is to count wrongly";
}

/// Threads that wait on one lot until each has a token.
template <class Wait>
class crowd {
public:
    explicit crowd(unsigned size) : tids_(size) {
        for (unsigned i = 0; i < size; ++i) {
            threads_.emplace_back([this, i] {
                tids_[i] = gettid();
                lot_.wait([this] { return take_token(); }, weir::detail::forever);
                tids_[i] = 0;
                ++served_;
            });
        }
        for (const auto& tid : tids_) {
            while (tid == 0) std::this_thread::yield();
        }
        settle();
    }
    ~crowd() {
        for (auto& thread : threads_) thread.join();
    }

    /// Returns when whoever has no token sleeps.
    void settle() const {
        std::vector<pid_t> waiting;
        for (const auto& tid : tids_) {
            if (tid != 0) waiting.push_back(tid);
        }
        until_asleep(waiting);
    }

    void serve(int n) {
        const int until = served_ + std::min(n, static_cast<int>(threads_.size()) - served_);
        tokens_ += n;
        lot_.notify(static_cast<std::size_t>(n));
        while (served_ < until) std::this_thread::yield();
        settle();
    }
    void serve_all() {
        tokens_ += static_cast<int>(threads_.size());
        lot_.notify_all();
        while (served_ < static_cast<int>(threads_.size())) std::this_thread::yield();
    }

    int served() const { return served_; }
    int looks() const { return looks_; }

private:
    bool take_token() {
        ++looks_;
        int left = tokens_;
        while (left > 0 && !tokens_.compare_exchange_weak(left, left - 1)) {
        }
        return left > 0;
    }

    typename Wait::lot lot_{false};
    std::atomic<int> tokens_{0};
    std::atomic<int> looks_{0};
    std::atomic<int> served_{0};
    std::vector<std::atomic<pid_t>> tids_;
    std::vector<std::thread> threads_;
};

TYPED_TEST(wake_count, is_one_for_n_items_and_wakes_n_sleepers_or_all_there_are) {
    for (const int n : {1, 3, 8, 100}) {
        crowd<TypeParam> eight(8);
        syscalls.reset();
        const int looks = eight.looks();
        const int expected = std::min(n, 8);
        eight.serve(n);
        EXPECT_EQ(eight.served(), expected);
        EXPECT_EQ(eight.looks() - looks, expected) << "who was not meant woke up as well";
        EXPECT_EQ(syscalls.wakes, 1U);
        EXPECT_EQ(syscalls.to_wake, static_cast<std::uint64_t>(expected));
        EXPECT_EQ(syscalls.woken, static_cast<std::uint64_t>(expected));
        eight.serve_all();
    }
}

TYPED_TEST(wake_count, of_one_item_at_a_time_is_one_sleeper_each) {
    crowd<TypeParam> eight(8);
    syscalls.reset();
    const int looks = eight.looks();
    for (int i = 1; i <= 8; ++i) {
        eight.serve(1);
        EXPECT_EQ(eight.served(), i);
        EXPECT_EQ(eight.looks() - looks, i);
        EXPECT_EQ(syscalls.wakes, static_cast<std::uint64_t>(i));
    }
    EXPECT_EQ(syscalls.woken, 8U);
}

TYPED_TEST(wake_count, of_a_call_to_all_is_one_for_everybody) {
    crowd<TypeParam> eight(8);
    syscalls.reset();
    eight.serve_all();
    EXPECT_EQ(eight.served(), 8);
    EXPECT_EQ(syscalls.wakes, 1U);
    EXPECT_EQ(syscalls.woken, 8U);
}

// Nobody can step the monotonic clock, and the kernel is given the deadline as it stands, not a time from now.
TYPED_TEST(wake_count, sleeps_until_a_deadline_of_the_monotonic_clock) {
    typename TestFixture::ring_type ring(1);
    int out = 0;
    clock::time_point deadline;
    // Longer where this thread got the CPU back only when the deadline was past: then there was nothing to sleep for.
    for (auto time = 20ms; syscalls.waits == 0; time *= 2) {
        ASSERT_LT(time, ages);
        deadline = clock::now() + time;
        ASSERT_EQ(ring.pop_until(out, deadline), status::timeout);
    }
    EXPECT_EQ(syscalls.last_wait_operation, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG) << "no FUTEX_CLOCK_REALTIME";
    EXPECT_EQ(std::chrono::nanoseconds(syscalls.last_wait_ns), deadline.time_since_epoch());
}

TYPED_TEST(wake_count, outlasts_sleeps_that_end_for_nothing) {
    typename TestFixture::ring_type ring(1);
    int out = 0;
    for (auto time = 20ms; syscalls.waits < 2; time *= 2) {  // longer where the CPU was with others until the deadline
        ASSERT_LT(time, ages) << "no sleep ended for nothing";
        syscalls.returns_for_nothing = 1000;
        const auto start = clock::now();
        ASSERT_EQ(ring.pop_for(out, time), status::timeout);
        EXPECT_GE(clock::now() - start, time);
    }

    syscalls.returns_for_nothing = 1000;
    std::atomic<pid_t> tid{0};
    std::atomic<bool> back{false};
    std::thread consumer([&] {
        ring.adopt_consumer();
        tid = gettid();
        int item = 0;
        EXPECT_EQ(ring.pop_for(item, ages), status::success);
        EXPECT_EQ(item, 7);
        back = true;
    });
    while (tid == 0) std::this_thread::yield();
    until_asleep({tid});
    EXPECT_EQ(syscalls.returns_for_nothing, 0);
    EXPECT_FALSE(back) << "pop came back from an empty ring";
    ASSERT_EQ(ring.push(7), status::success);
    consumer.join();
}

// A process that has to register for membarrier again, as after fork on some kernels, does so by itself.
TEST(membarrier, is_registered_for_again_where_the_kernel_has_forgotten) {
    if (!weir::detail::has_heavy_fence()) GTEST_SKIP() << "this kernel, or this build, has no membarrier";
    syscalls.reset();
    syscalls.membarrier_errno = EPERM;
    syscalls.membarrier_failures = 1;
    weir::detail::heavy_fence();
    EXPECT_EQ(syscalls.registers, 1U);
    EXPECT_EQ(syscalls.membarriers, 2U) << "refused, then done";
}

// To go on would be to lose wake-ups.
TEST(membarrier_death, aborts_where_it_stops_working) {
    if (!weir::detail::has_heavy_fence()) GTEST_SKIP() << "this kernel, or this build, has no membarrier";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            weir::spsc_ring<int> ring(1);
            syscalls.membarrier_errno = ENOSYS;
            syscalls.membarrier_failures = 1000;
            int out = 0;
            (void)ring.pop_for(out, std::chrono::milliseconds(20));
        },
        "membarrier away .* choose fence::seq_cst");
}

// From the start: every push and pop has its own fence then, and nothing else changes.
TEST(membarrier_death, is_done_without_where_the_kernel_has_none) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, which has not asked the kernel yet
    EXPECT_EXIT(
        {
            syscalls.reset();
            syscalls.membarrier_errno = ENOSYS;
            syscalls.membarrier_failures = 1'000'000;
            weir::spsc_ring<int> ring(1);
            const pid_t consumer = gettid();
            std::thread producer([&] {
                until_asleep({consumer});  // one sleep is certain, more depend on the machine
                weir_test::random_pause pause(13);
                for (int i = 0; i < 2000; ++i) {
                    if (ring.push(i) != status::success) std::_Exit(2);
                    pause();
                }
                ring.close();
            });
            weir_test::random_pause pause(14);
            for (int i = 0; i < 2000; ++i) {
                if (ring.pop() != i) std::_Exit(3);
                pause();
            }
            if (ring.pop().has_value()) std::_Exit(4);
            producer.join();
            std::_Exit(syscalls.membarriers != 0 ? 5 : syscalls.waits == 0 ? 6 : syscalls.wakes == 0 ? 7 : 0);
        },
        testing::ExitedWithCode(0), "");
}

}  // namespace
