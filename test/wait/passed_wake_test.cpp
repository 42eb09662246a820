// SPDX-License-Identifier: MIT
//
// Where many wait, who is served passes the wake on: exactly if there is more to be had.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/counted_syscalls.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir_test::syscalls;
using weir_test::until_asleep;

/// Calls `during` once when it is built from a number: in its slot.
struct item {
    item() = default;
    item(int) noexcept {
        if (during) std::exchange(during, nullptr)();
    }
    static inline std::function<void()> during;
};

/// Threads that wait, each for one item or for room for one.
class waiters {
public:
    waiters(int how_many, std::function<status()> operation) : tids_(static_cast<std::size_t>(how_many)) {
        for (auto& tid : tids_) {
            threads_.emplace_back([this, &tid, operation] {
                tid = gettid();
                if (operation() == status::success) ++served_;
            });
        }
    }
    ~waiters() {
        for (auto& thread : threads_) thread.join();
    }

    /// Returns when all sleep, which took `times` sleeps so far.
    void until_all_sleep(std::uint64_t times) const {
        while (syscalls.waits < times) std::this_thread::yield();
        until_asleep({tids_.begin(), tids_.end()});
    }
    /// How many were served, once `how_many` are or long after they should be.
    int served(int how_many) const {
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (served_ < how_many && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        return served_;
    }

private:
    std::list<std::atomic<pid_t>> tids_;
    std::atomic<int> served_{0};
    std::list<std::thread> threads_;
};

template <class Ring>
class passed_wake : public testing::Test {
protected:
    Ring ring_{2};

    void SetUp() override {
        if constexpr (Ring::has_credit_on_request) ring_.request(weir::pull::unbounded);
        syscalls.reset();
    }
    void TearDown() override { syscalls.reset(); }
};
using rings = testing::Types<weir::mpmc_ring<item>, weir::pull::mpmc_ring<item>>;
TYPED_TEST_SUITE(passed_wake, rings);

// The second item is there first. Its notification wakes a consumer in vain, since the oldest item is not written yet;
// when it is, one is woken for it, and nobody else will come for the second.
TYPED_TEST(passed_wake, serves_a_second_consumer_where_items_become_ready_out_of_order) {
    auto& ring = this->ring_;
    waiters consumers(2, [&] {
        item out;
        return ring.pop(out);
    });
    consumers.until_all_sleep(2);
    item::during = [&] {
        EXPECT_EQ(ring.try_emplace(2), status::success);
        consumers.until_all_sleep(3);
    };
    EXPECT_EQ(ring.try_emplace(1), status::success);
    EXPECT_EQ(consumers.served(2), 2);
    ring.close();
}

TYPED_TEST(passed_wake, is_not_passed_on_where_there_is_nothing_more) {
    auto& ring = this->ring_;
    {
        waiters consumers(2, [&] {
            item out;
            return ring.pop(out);
        });
        consumers.until_all_sleep(2);
        for (int i = 1; i <= 2; ++i) {
            ASSERT_EQ(ring.try_emplace(i), status::success);
            EXPECT_EQ(consumers.served(i), i);
            EXPECT_EQ(syscalls.wakes, static_cast<std::uint64_t>(i));
        }
    }
    while (ring.try_emplace(0)) continue;
    syscalls.reset();
    waiters producers(2, [&] { return ring.push(item()); });
    producers.until_all_sleep(2);
    for (int i = 1; i <= 2; ++i) {
        ASSERT_TRUE(ring.try_pop());
        EXPECT_EQ(producers.served(i), i);
        EXPECT_EQ(syscalls.wakes, static_cast<std::uint64_t>(i));
    }
}

}  // namespace
