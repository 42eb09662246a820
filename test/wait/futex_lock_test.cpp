// SPDX-License-Identifier: MIT
//
// The lock of those who stand in a queue: whom it keeps waiting, and at what price.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include "weir/detail/wait/futex_lock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <list>
#include <thread>

#include "test/support/counted_syscalls.hpp"
#include "test/support/wait_hooked_atomic.hpp"

namespace {

using weir::detail::futex_lock;
using weir_test::syscalls;

TEST(futex_lock, makes_no_syscall_without_contention) {
    syscalls.reset();
    futex_lock lock;
    for (int i = 0; i < 3; ++i) {
        lock.lock();
        lock.unlock();
    }
    EXPECT_EQ(syscalls.all, 0U);
}

/// A thread that takes the lock and gives it back.
class taker {
public:
    explicit taker(futex_lock& lock)
        : thread_([this, &lock] {
              // Far more steps than are spun before a sleep: then it spins no further, until it is let go.
              weir_test::this_thread_hook = {1000, [](void* self) { static_cast<taker*>(self)->stop(); }, this};
              lock.lock();
              weir_test::this_thread_hook = {};
              ++inside;  // a data race, for the sanitizers, if the lock does not keep takers apart
              lock.unlock();
          }) {}
    ~taker() {
        go_on_ = true;
        thread_.join();
    }
    bool spins_on() const { return spins_on_; }

    static inline int inside = 0;

private:
    void stop() {
        spins_on_ = true;
        while (!go_on_) std::this_thread::yield();
    }

    std::atomic<bool> spins_on_{false}, go_on_{false};
    std::thread thread_;
};

class futex_lock_held : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(takers, futex_lock_held, testing::Values(1, 2, 3), testing::PrintToStringParamName());

// Who has slept leaves the lock as one for which somebody may sleep, so that the next one is woken as well.
TEST_P(futex_lock_held, puts_waiters_to_sleep_after_a_few_spins_and_admits_each_of_them) {
    syscalls.reset();
    taker::inside = 0;
    futex_lock lock;
    lock.lock();
    {
        std::list<taker> takers;
        for (std::size_t i = 0; i < GetParam(); ++i) takers.emplace_back(lock);
        const auto spins_on = [&] { return std::ranges::any_of(takers, &taker::spins_on); };
        while (syscalls.asleep < static_cast<int>(GetParam()) && !spins_on()) std::this_thread::yield();
        EXPECT_FALSE(spins_on());
        EXPECT_EQ(taker::inside, 0) << "it is held";
        lock.unlock();
    }
    EXPECT_EQ(taker::inside, static_cast<int>(GetParam()));
    EXPECT_GE(syscalls.waits, GetParam());
    EXPECT_GE(syscalls.wakes, GetParam());
}

}  // namespace
