// SPDX-License-Identifier: MIT
//
// What credit_gate costs, counted: read-modify-writes and cache lines while nobody waits, and what it asks of the
// kernel: nothing then, and one wake for each sleep when somebody does. And in which order sleepers are served.
#define WEIR_ATOMIC_HEADER "test/support/counted_atomic.hpp"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "test/support/counted_syscalls.hpp"
#include "test/support/forbidden.hpp"
#include "weir/credit_gate.hpp"

#include "test/support/wait_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::credit_gate;
using weir::credit_permit;
using weir::status;
using clock = std::chrono::steady_clock;

// ---- shared memory -----------------------------------------------------------------------------------------------

struct cost {
    std::size_t read_modify_writes = 0;
    std::size_t stores = 0;
    std::size_t lines = 0;

    bool operator==(const cost&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const cost& c) {
        return out << c.read_modify_writes << " read-modify-writes, " << c.stores << " stores, on " << c.lines
                   << " lines";
    }
};

template <class F>
cost cost_of(F operation) {
    std::vector<memory_access> all;
    all.reserve(256);
    recording = &all;
    operation();
    recording = nullptr;
    cost sum;
    std::set<std::uintptr_t> lines;
    for (const memory_access& a : all) {
        sum.read_modify_writes += a.kind == memory_access::read_modify_write ? 1 : 0;
        sum.stores += a.kind == memory_access::store ? 1 : 0;
        lines.insert(a.address / weir::detail::cache_line_bytes);
    }
    sum.lines = lines.size();
    return sum;
}

const cost one_read_modify_write{1, 0, 1};
const cost two_read_modify_writes{2, 0, 2};
const cost one_look{0, 0, 1};

TEST(credit_gate_cost, to_acquire_and_to_give_back_is_one_read_modify_write_each) {
    credit_gate gate(10);
    credit_permit permit;
    const auto never = []() noexcept { return false; };
    EXPECT_EQ(cost_of([&] { (void)gate.try_acquire(permit, 3); }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] { permit.give_back(1); }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] { permit.give_back(); }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] { (void)gate.acquire(permit, 3); }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] { permit = {}; }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] { (void)gate.acquire_for(permit, 3, 1s); }), one_read_modify_write);
    permit.give_back();
    EXPECT_EQ(cost_of([&] { (void)gate.acquire_unless(permit, 3, never); }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] {
                  credit_permit part = permit.split(2);
                  permit.merge(std::move(part));
              }),
              cost{});
    EXPECT_EQ(permit.size(), 3U);
}

TEST(credit_gate_cost, of_a_refusal_is_one_look) {
    credit_gate gate(1);
    credit_permit permit = *gate.try_acquire();
    EXPECT_EQ(cost_of([&] { (void)gate.try_acquire(); }), one_look);
    gate.close();
    EXPECT_EQ(cost_of([&] { (void)gate.try_acquire(); }), one_look);
}

TEST(credit_gate_cost, of_a_share_is_one_read_modify_write_and_another_where_it_borrows) {
    credit_gate gate(10);
    credit_gate::share share(gate, 3);
    credit_permit own;
    credit_permit borrowed;
    EXPECT_EQ(cost_of([&] { (void)share.acquire(own, 3); }), one_read_modify_write);
    EXPECT_EQ(cost_of([&] { (void)share.acquire(borrowed, 3); }), two_read_modify_writes);
    EXPECT_EQ(cost_of([&] { own.give_back(); }), two_read_modify_writes) << "what is borrowed goes back first";
    EXPECT_EQ(cost_of([&] { borrowed.give_back(); }), one_read_modify_write);
}

// ---- the kernel ---------------------------------------------------------------------------------------------------

#if WEIR_TEST_SANITIZED
TEST(credit_gate_no_syscall, is_tested_without_sanitizers) { GTEST_SKIP() << "a sanitizer makes its own syscalls"; }
#else
TEST(credit_gate_no_syscall, is_made_and_no_memory_allocated_without_waiters) {
    if (this_architecture == 0 || without_syscalls([] { return true; }) != done) {
        GTEST_SKIP() << "seccomp filters are not allowed here";
    }
    credit_gate gate(10);
    credit_gate::share share(gate, 3);
    const ending end = without_syscalls([&] {
        for (std::uint64_t i = 0; i < 300'000; ++i) {
            credit_permit a;
            credit_permit b;
            const auto never = []() noexcept { return false; };
            bool right = gate.acquire(a, 2) == status::success && share.try_acquire(b, 5) == status::success;
            right &= share.try_acquire(b, 4) == status::no_credit && !gate.try_acquire(4);
            b.give_back(4);
            right &=
                gate.acquire_for(a, 1, 1s) == status::success && gate.acquire_until(a, 2, clock::time_point::min());
            right &= share.acquire_unless(b, 3, never) == status::success;
            if (!right || gate.in_use() != 5) return false;
        }
        gate.close();
        return !gate.try_acquire(1);
    });
    EXPECT_EQ(end, done) << name_of(end);
}
#endif

class credit_gate_wakes : public testing::Test {
protected:
    void SetUp() override { syscalls.reset(); }
    void TearDown() override { syscalls.reset(); }
};

/// A thread that waits for `n` credits, and is asleep when its constructor returns.
class sleeper {
public:
    template <class Source>
    sleeper(Source& source, std::size_t n, std::vector<pid_t>& asleep, std::atomic<int>& order)
        : thread_([this, &source, n, &order] {
              tid_ = gettid();
              credit_permit permit;
              EXPECT_EQ(source.acquire(permit, n), status::success);
              turn_ = ++order;
              has_it_ = true;
              while (!give_back_) std::this_thread::yield();
          }) {
        while (tid_ == 0) std::this_thread::yield();
        asleep.push_back(tid_);
        until_asleep(asleep);
    }
    ~sleeper() {
        give_back_ = true;
        thread_.join();
    }

    int turn() const { return turn_; }
    pid_t tid() const { return tid_; }
    bool has_it() const { return has_it_; }
    void wait() const {
        while (!has_it_) std::this_thread::yield();
    }
    void give_back() { give_back_ = true; }

private:
    std::atomic<pid_t> tid_{0};
    std::atomic<int> turn_{0};
    std::atomic<bool> has_it_{false};
    std::atomic<bool> give_back_{false};
    std::thread thread_;  // last: it uses the others
};

TEST_F(credit_gate_wakes, no_thread_without_waiters) {
    credit_gate gate(10);
    for (int i = 0; i < 10'000; ++i) {
        const auto permit = gate.acquire(7);
        EXPECT_FALSE(gate.try_acquire(4));
    }
    EXPECT_EQ(syscalls.all, 0U);
}

TEST_F(credit_gate_wakes, one_waiter_for_a_hundred_once_when_all_are_there) {
    credit_gate gate(100);
    credit_permit out = *gate.acquire(100);
    std::vector<pid_t> asleep;
    std::atomic<int> order{0};
    const sleeper waiter(gate, 100, asleep, order);
    for (int i = 0; i < 99; ++i) out.give_back(1);
    EXPECT_EQ(syscalls.wakes, 0U) << "there are not enough for him yet";
    EXPECT_FALSE(waiter.has_it());
    out.give_back(1);
    waiter.wait();
    EXPECT_EQ(syscalls.wakes, 1U);
    EXPECT_EQ(syscalls.woken, 1U);
}

TEST_F(credit_gate_wakes, the_oldest_first_and_only_threads_that_are_served) {
    credit_gate gate(4);
    credit_permit out = *gate.acquire(4);
    std::vector<pid_t> asleep;
    std::atomic<int> order{0};
    sleeper first(gate, 1, asleep, order);
    sleeper second(gate, 3, asleep, order);
    sleeper third(gate, 1, asleep, order);
    sleeper fourth(gate, 2, asleep, order);

    out.give_back(2);
    first.wait();
    until_asleep({second.tid(), third.tid(), fourth.tid()});
    EXPECT_FALSE(third.has_it()) << "one is free, but second is before third";
    out.give_back(2);
    second.wait();
    until_asleep({third.tid(), fourth.tid()});
    second.give_back();
    third.wait();
    fourth.wait();
    EXPECT_EQ(first.turn(), 1);
    EXPECT_EQ(second.turn(), 2);
    EXPECT_EQ(syscalls.wakes, 4U);
    EXPECT_EQ(syscalls.woken, 4U);
}

TEST_F(credit_gate_wakes, waiters_of_a_share_with_its_own_credits_before_waiters_for_the_pool) {
    credit_gate gate(4);
    credit_gate::share share(gate, 2);
    credit_permit floating = *gate.acquire(2);
    credit_permit own = *share.acquire(2);
    std::vector<pid_t> asleep;
    std::atomic<int> order{0};
    sleeper waits_for_the_pool(gate, 2, asleep, order);
    sleeper of_the_share(share, 2, asleep, order);
    own.give_back();
    of_the_share.wait();
    until_asleep({waits_for_the_pool.tid()});
    EXPECT_EQ(syscalls.wakes, 1U);
    floating.give_back();
    waits_for_the_pool.wait();
    EXPECT_EQ(syscalls.wakes, 2U);
}

TEST_F(credit_gate_wakes, the_waiters_behind_one_that_gave_up) {
    credit_gate gate(2);
    const credit_permit out = *gate.acquire(1);
    std::atomic<pid_t> tid{0};
    std::atomic<bool> stop{false};
    std::thread gives_up([&] {
        tid = gettid();
        credit_permit permit;
        EXPECT_EQ(gate.acquire_unless(permit, 2, [&]() noexcept { return stop.load(); }), status::no_credit);
    });
    while (tid == 0) std::this_thread::yield();
    std::vector<pid_t> asleep{tid};
    until_asleep(asleep);
    std::atomic<int> order{0};
    const sleeper behind(gate, 1, asleep, order);
    stop = true;
    gate.wake_all();
    behind.wait();
    gives_up.join();
}

// Nobody can step the monotonic clock, and the kernel is given the deadline as it stands, not a time from now.
TEST_F(credit_gate_wakes, a_sleeper_at_a_deadline_of_the_monotonic_clock) {
    credit_gate gate(1);
    const credit_permit out = *gate.acquire();
    credit_permit permit;
    clock::time_point deadline;
    // Longer where this thread got the CPU back only when the deadline was past: then there was nothing to sleep for.
    for (auto time = 20ms; syscalls.waits == 0; time *= 2) {
        ASSERT_LT(time, 60s);
        deadline = clock::now() + time;
        ASSERT_EQ(gate.acquire_until(permit, 1, deadline), status::timeout);
        EXPECT_GE(clock::now(), deadline);
    }
    EXPECT_EQ(syscalls.last_wait_operation, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG) << "no FUTEX_CLOCK_REALTIME";
    EXPECT_EQ(std::chrono::nanoseconds(syscalls.last_wait_ns), deadline.time_since_epoch());
}

TEST_F(credit_gate_wakes, a_waiter_that_outlasts_spurious_wakes) {
    credit_gate gate(1);
    credit_permit out = *gate.acquire();
    syscalls.returns_for_nothing = 1000;
    std::vector<pid_t> asleep;
    std::atomic<int> order{0};
    const sleeper waiter(gate, 1, asleep, order);
    EXPECT_EQ(syscalls.returns_for_nothing, 0);
    EXPECT_GT(syscalls.waits, 1000U);
    EXPECT_FALSE(waiter.has_it());
    out.give_back();
    waiter.wait();
}

}  // namespace
