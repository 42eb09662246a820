// SPDX-License-Identifier: MIT
//
// What select() asks of the kernel: one sleep for all rings, a wake-up only for a thread that sleeps, and none that is lost to a
// thread that waits at one of the rings.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "test/support/counted_syscalls.hpp"
#include "test/support/wait_support.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using namespace std::chrono_literals;
using weir::by_priority;
using weir::items_of;
using weir::room_in;
using weir::selected;
using weir::selection;
using weir::status;
using weir_test::syscalls;
using weir_test::until_asleep;
using clock = std::chrono::steady_clock;

constexpr auto ages = 60s;

/// A thread with an operation that waits.
class waiter {
public:
    template <class Operation>
    explicit waiter(Operation operation)
        : thread_([this, operation] {
              tid_ = gettid();
              operation();
              done_ = true;
          }) {
        while (tid_ == 0) std::this_thread::yield();
    }
    ~waiter() { thread_.join(); }
    pid_t tid() const { return tid_; }
    bool is_done() const { return done_; }
    bool is_done_within(std::chrono::nanoseconds time) const {
        for (const auto end = clock::now() + time; !done_ && clock::now() < end;) std::this_thread::sleep_for(100us);
        return done_;
    }

private:
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> done_{false};
    std::thread thread_;
};

template <class Wait>
class select_wake : public testing::Test {
protected:
    using one = weir::spsc_ring<int, Wait>;
    using many = weir::mpmc_ring<int, Wait>;

    void SetUp() override {
        syscalls.reset();
        if (!weir::detail::can_sleep_while_all()) GTEST_SKIP() << "this kernel has no futex_waitv";
    }
    void TearDown() override { syscalls.reset(); }
};
using sleepers = testing::Types<weir::wait::park, weir_test::parking_seq_cst>;
TYPED_TEST_SUITE(select_wake, sleepers, weir_test::wait_names);

TYPED_TEST(select_wake, is_one_sleep_and_one_wake_up_for_all_rings) {
    typename TestFixture::one a(4), b(4), c(4);
    std::atomic<std::size_t> index{selected::no_end};
    {
        const waiter selecting([&] { index = weir::select(items_of(a), items_of(b), items_of(c)).index(); });
        until_asleep({selecting.tid()});
        syscalls.reset();
        ASSERT_TRUE(b.try_push(1));
        EXPECT_TRUE(selecting.is_done_within(ages));
        a.close(), b.close(), c.close();
    }
    EXPECT_EQ(index, 1U);
    EXPECT_EQ(syscalls.waits, 0U);
    EXPECT_EQ(syscalls.to_wake, 1U) << "the closes came when no thread was asleep";
}

TYPED_TEST(select_wake, of_no_thread_is_no_system_call_once_the_thread_has_left) {
    typename TestFixture::many a(4), b(4);
    EXPECT_EQ(weir::select_for(2ms, items_of(a), items_of(b), room_in(a)).index(), 2U);
    EXPECT_EQ(weir::select_for(2ms, items_of(a), items_of(b)).answer(), status::timeout);
    EXPECT_GT(syscalls.waits_at_several, 0U);
    syscalls.reset();
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(a.try_push(1) && b.try_push(1));
        ASSERT_TRUE(a.try_pop() && b.try_pop());
    }
    EXPECT_EQ(syscalls.all, 0U);
    EXPECT_TRUE(a.try_push(1));
    EXPECT_EQ(weir::select(items_of(a), items_of(b)).index(), 0U);
    EXPECT_EQ(syscalls.all, 0U) << "nor for what is ready already";
}

TYPED_TEST(select_wake, for_no_reason_leads_to_another_look_and_sleep) {
    typename TestFixture::one a(1), b(1);
    syscalls.returns_for_nothing = 5;
    EXPECT_EQ(weir::select_for(5ms, items_of(a), items_of(b)).answer(), status::timeout);
    EXPECT_GE(syscalls.waits_at_several, 6U);
}

TYPED_TEST(select_wake, comes_at_the_deadline_on_the_monotonic_clock) {
    typename TestFixture::one a(1), b(1);
    const auto deadline = clock::now() + 4ms;
    EXPECT_EQ(weir::select_until(deadline, items_of(a), items_of(b)).answer(), status::timeout);
    EXPECT_GE(clock::now(), deadline);
    EXPECT_EQ(syscalls.last_wait_ns, std::chrono::nanoseconds(deadline.time_since_epoch()).count());
}

// The thread that selects sleeps first, so that it is woken first. It takes nothing: the item must not lie there beside a consumer that
// sleeps.
TYPED_TEST(select_wake, that_is_not_used_goes_to_a_consumer_that_waits_beside_it) {
    typename TestFixture::one a(1);
    typename TestFixture::many b(2);
    bool is_served = false;
    {
        const waiter selecting([&] { (void)weir::select(items_of(a), items_of(b)); });
        until_asleep({selecting.tid()});
        const waiter consumer([&] { is_served = b.pop_for(ages) == 1; });
        until_asleep({selecting.tid(), consumer.tid()});
        ASSERT_TRUE(b.try_push(1));
        EXPECT_TRUE(consumer.is_done_within(ages / 3)) << "the item lies beside a consumer that sleeps";
        a.close();
        b.close();
    }
    EXPECT_TRUE(is_served);
}

TYPED_TEST(select_wake, for_room_that_is_not_used_goes_to_a_producer_that_waits_beside_it) {
    typename TestFixture::one a(1);
    typename TestFixture::many b(1);
    ASSERT_TRUE(b.try_push(0));
    status answer = status::busy;
    {
        const waiter selecting([&] { (void)weir::select(items_of(a), room_in(b)); });
        until_asleep({selecting.tid()});
        const waiter producer([&] { answer = b.push_for(1, ages); });
        until_asleep({selecting.tid(), producer.tid()});
        ASSERT_TRUE(b.try_pop().has_value());
        EXPECT_TRUE(producer.is_done_within(ages / 3)) << "the room lies beside a producer that sleeps";
        a.close();
        b.close();
    }
    EXPECT_EQ(answer, status::success);
}

// Two rings become ready while the thread is on its way out of its sleep: it serves the first one, and the wake-up of the second one
// was its own, too.
TYPED_TEST(select_wake, of_the_end_that_is_not_served_goes_to_a_consumer_that_waits_there) {
    for (int round = 0; round < 50; ++round) {
        typename TestFixture::one a(1);
        typename TestFixture::many b(2);
        std::size_t index = selected::no_end;
        bool is_served = false;
        {
            const waiter selecting([&] {
                int got = 0;
                const auto take = [&got](int n) { got = n; };
                index = weir::select(by_priority, weir::on(items_of(a), take), weir::on(items_of(b), take)).index();
                if (index == 1) (void)b.push(got);  // it was too early
            });
            until_asleep({selecting.tid()});
            const waiter consumer([&] { is_served = b.pop_for(ages) == 2; });
            until_asleep({selecting.tid(), consumer.tid()});
            ASSERT_TRUE(a.try_push(1));
            ASSERT_TRUE(b.try_push(2));
            ASSERT_TRUE(consumer.is_done_within(ages / 3)) << "round " << round;
            a.close();
            b.close();
        }
        EXPECT_TRUE(is_served);
    }
}

TYPED_TEST(select_wake, of_a_thread_whose_time_is_up_is_not_lost) {
    typename TestFixture::one a(1);
    typename TestFixture::many b(2);
    bool is_served = false;
    for (auto time = 5ms;; time *= 2) {
        syscalls.oversleeps = 1;
        std::atomic<bool> is_late{false};
        const waiter hasty([&] {
            const selected found = weir::select_for(time, items_of(a), items_of(b));
            is_late = !found;
        });
        while (!hasty.is_done() && syscalls.oversleeps == 1) std::this_thread::yield();
        if (syscalls.oversleeps == 1) continue;  // it had no time to go to sleep
        until_asleep({hasty.tid()});
        {
            const waiter patient([&] { is_served = b.pop_for(ages) == 1; });
            until_asleep({hasty.tid(), patient.tid()});
            ASSERT_TRUE(b.try_push(1));
            EXPECT_TRUE(patient.is_done_within(ages / 3)) << "the thread that left took the wake-up along";
            b.close();
        }
        break;
    }
    EXPECT_TRUE(is_served);
}

TYPED_TEST(select_wake, ends_a_wait_for_a_reader_that_is_late_for_too_long) {
    weir::broadcast_ring<int, TypeParam> feed(1);
    typename TestFixture::one other(1);
    auto reader = feed.join({.name = "late", .limit = {5ms, weir::when_late::lossy}});
    ASSERT_TRUE(feed.try_push(1));
    ASSERT_EQ(feed.try_push(2), status::full);
    const selected found = weir::select_for(ages, room_in(feed), items_of(other));
    EXPECT_TRUE(found && found.index() == 0) << to_string(found.answer());
    EXPECT_TRUE(feed.try_push(2));
    EXPECT_EQ(reader.mode(), weir::reader_mode::lossy);
}

}  // namespace
