// SPDX-License-Identifier: MIT
//
// Of two threads that wait on one side of a ring, one gives up and leaves. A wake-up that it was given must not go with
// it: the other one would sleep on beside an item, or beside room.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "test/support/counted_syscalls.hpp"
#include "test/support/every_ring.hpp"
#include "test/support/wait_support.hpp"
#include "weir/stop.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir_test::syscalls;
using clock = std::chrono::steady_clock;

constexpr auto ages = 60s;        // for a thread that is served, or leaves
constexpr auto long_enough = 3s;  // to see that a thread is not served, where the answers say that it never will be

/// A thread with an operation that waits.
class waiter {
public:
    template <class Operation>
    explicit waiter(Operation operation)
        : thread_([this, operation] {
              tid_ = gettid();
              answer_ = operation();
              done_ = true;
          }) {}
    ~waiter() {
        if (thread_.joinable()) thread_.join();
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    pid_t tid() const {
        while (tid_ == 0) std::this_thread::yield();
        return tid_;
    }
    bool is_done() const { return done_; }
    status answer() {
        thread_.join();
        return answer_;
    }
    bool is_done_within(std::chrono::nanoseconds time) const {
        for (const auto end = clock::now() + time; !done_ && clock::now() < end;) std::this_thread::sleep_for(100us);
        return done_;
    }

private:
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> done_{false};
    status answer_ = status::busy;
    std::thread thread_;
};

struct named_ring {
    template <class Ring>
    static std::string GetName(int i) {
        static constexpr std::array names{"mpmc", "mpmc_seq_cst", "strict", "pull_mpmc", "pull_strict"};
        return names[static_cast<std::size_t>(i)];
    }
};
using seq_cst = weir_test::parking_seq_cst;
template <class T>
using rings_of =
    testing::Types<weir::mpmc_ring<T>, weir::mpmc_ring<T, seq_cst>, weir::strict_mpmc_ring<T>,
                   weir_test::asked<weir::pull::mpmc_ring<T>>, weir_test::asked<weir::pull::strict_mpmc_ring<T>>>;

template <class Ring>
class giving_up : public testing::Test {
public:
    void SetUp() override { syscalls.reset(); }
    void TearDown() override { syscalls.reset(); }

    /// One thread waits with a deadline that has passed when it is woken, one without; `serve()` makes one of them
    /// useful and wakes the first, that has slept for longer. Both are to be served, or the first one, having left, and
    /// the other.
    template <class Operation, class Serve>
    static void one_is_woken_as_its_time_is_up(Ring& ring, Operation operation, Serve serve) {
        for (auto time = 5ms;; time *= 2) {
            syscalls.oversleeps = 1;
            waiter hasty([&, time] { return operation(clock::now() + time); });
            while (!hasty.is_done() && syscalls.oversleeps == 1) std::this_thread::yield();
            if (syscalls.oversleeps == 1) continue;  // it had no time to go to sleep
            weir_test::until_asleep({hasty.tid()});
            waiter patient([&] { return operation(clock::time_point::max()); });
            weir_test::until_asleep({hasty.tid(), patient.tid()});
            serve();
            while (!hasty.is_done() && !patient.is_done()) std::this_thread::yield();
            const bool serves_both = !hasty.is_done() || hasty.answer() == status::success;
            if (serves_both) serve();
            const bool served = patient.is_done_within(serves_both ? ages : long_enough);
            EXPECT_TRUE(served) << "who left took the wake-up along";
            if (!served) ring.close();
            return;
        }
    }
};
TYPED_TEST_SUITE(giving_up, rings_of<int>, named_ring);

constexpr bool never() noexcept { return false; }

TYPED_TEST(giving_up, of_a_consumer_leaves_no_item_beside_another_one_that_sleeps) {
    const auto check = [this](auto pop) {
        if (this->HasFailure()) return;
        TypeParam ring(2);
        this->one_is_woken_as_its_time_is_up(
            ring, [&](clock::time_point deadline) { return pop(ring, deadline); },
            [&] { EXPECT_TRUE(ring.try_push(1)); });
    };
    check([](auto& ring, auto deadline) { return ring.consume_one_until([](int) noexcept {}, deadline); });
    check([](auto& ring, auto deadline) {
        int item = 0;
        return ring.pop_until(item, deadline);
    });
    check([](auto& ring, auto deadline) {
        int item = 0;
        return ring.pop_unless(item, never, deadline);
    });
}

TYPED_TEST(giving_up, of_a_producer_leaves_no_room_beside_another_one_that_sleeps) {
    const auto check = [this](auto push) {
        if (this->HasFailure()) return;
        TypeParam ring(1);
        ASSERT_TRUE(ring.try_push(0));
        this->one_is_woken_as_its_time_is_up(
            ring, [&](clock::time_point deadline) { return push(ring, deadline); },
            [&] { EXPECT_TRUE(ring.try_pop().has_value()); });
    };
    check([](auto& ring, auto deadline) { return ring.push_until(1, deadline); });
    check([](auto& ring, auto deadline) { return ring.push_unless(1, never, deadline); });
}

/// Throws when it is copied, if it was told to; moving it never throws.
struct touchy {
    explicit touchy(int) noexcept {}
    touchy(const touchy&) {
        if (throws.exchange(false)) throw std::runtime_error("as told");
    }
    touchy(touchy&&) noexcept = default;
    touchy& operator=(touchy&&) noexcept = default;

    static inline std::atomic<bool> throws{false};
};

template <class Ring>
class throwing_up : public testing::Test {
    void SetUp() override { syscalls.reset(); }
};
TYPED_TEST_SUITE(throwing_up, rings_of<touchy>, named_ring);

TYPED_TEST(throwing_up, of_a_producer_leaves_no_room_beside_another_one_that_sleeps) {
    TypeParam ring(1);
    ASSERT_TRUE(ring.try_emplace(0));
    const touchy item(1);
    std::atomic<int> thrown{0};
    const auto push = [&] {
        try {
            return ring.push(item);
        } catch (const std::runtime_error&) {
            ++thrown;
            return status(status::timeout);
        }
    };
    waiter first(push);
    weir_test::until_asleep({first.tid()});
    waiter second(push);
    weir_test::until_asleep({first.tid(), second.tid()});
    touchy::throws = true;
    ASSERT_TRUE(ring.try_pop().has_value());
    EXPECT_TRUE(first.is_done_within(ages)) << "nobody was woken";
    EXPECT_TRUE(second.is_done_within(ages / 3)) << "who threw took the wake-up along";
    EXPECT_EQ(thrown, 1);
    EXPECT_EQ(ring.size_approx(), 1U);
    ring.close();
}

// Who leaves by an exception in the middle of a wait is counted as a waiter no longer: nobody pays while nobody sleeps.
TYPED_TEST(throwing_up, on_the_way_to_sleep_leaves_no_waiter_to_be_woken) {
    TypeParam ring(4);
    touchy out(0);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ring.pop_for(out, 1ns), status::timeout);  // spinning is given up
    for (int i = 0; i < 20; ++i) {
        int asked = 0;
        const auto throw_before_sleep = [&asked] {
            if (++asked > 1) throw std::runtime_error("as told");
            return false;
        };
        EXPECT_THROW((void)ring.pop_unless(out, throw_before_sleep), std::runtime_error);
    }
    syscalls.reset();
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(ring.try_emplace(0));
        ASSERT_TRUE(ring.try_pop(out));
    }
    EXPECT_EQ(syscalls.all, 0U);
}

// ---- any strategy, and nothing arranged ------------------------------------------------------------------------

template <class Wait>
class leaving : public testing::Test {};
TYPED_TEST_SUITE(leaving, weir_test::every_wait, weir_test::wait_names);

template <class Kind, class Wait>
using int_ring = typename Kind::template ring<int, Wait>;

/// Each round one of two consumers, or producers, gives up at some time, by its deadline or because it is told to stop.
template <class Ring>
void play_rounds(int rounds, std::uint64_t seed) {
    weir_test::numbers numbers(seed);
    for (int round = 0; round < rounds; ++round) {
        const bool pops = round % 2 == 0;
        const bool stops = round % 4 >= 2;
        Ring ring(1);
        if (!pops) {
            ASSERT_TRUE(ring.try_push(0));
        }
        std::stop_source source;
        const std::chrono::microseconds time(numbers.below(200));
        waiter hasty([&, stops, pops, time] {
            int out = 0;
            if (stops) return pops ? weir::pop(ring, out, source.get_token()) : weir::push(ring, 1, source.get_token());
            return pops ? ring.pop_for(out, time) : ring.push_for(1, time);
        });
        waiter patient([&, pops] {
            int out = 0;
            return pops ? ring.pop(out) : ring.push(1);
        });
        const auto serve = [&] { EXPECT_TRUE(pops ? ring.push(2) == status::success : ring.try_pop().has_value()); };
        std::this_thread::sleep_for(std::chrono::microseconds(numbers.below(150)));
        if (stops && numbers.below(2) == 0) source.request_stop();
        serve();
        if (stops) source.request_stop();
        EXPECT_TRUE(hasty.is_done_within(ages)) << "who has to leave does not";
        if (!hasty.is_done()) return ring.close();
        const status answer = hasty.answer();
        if (answer == status::success) serve();
        EXPECT_TRUE(answer == status::success || answer == (!stops ? status::timeout
                                                            : pops ? status::empty
                                                                   : status::full))
            << to_string(answer);
        EXPECT_TRUE(patient.is_done_within(ages)) << "who stays is not served";
        if (!patient.is_done()) return ring.close();
        EXPECT_EQ(patient.answer(), status::success);
    }
}

TYPED_TEST(leaving, of_one_of_two_waiters_leaves_the_other_one_served) {
    // Who looks by itself cannot miss a wake-up: each way to leave once.
    constexpr bool polls = std::is_same_v<TypeParam, weir::wait::spin> || std::is_same_v<TypeParam, weir::wait::yield>;
    constexpr int rounds = polls ? 4 : 12;
    play_rounds<int_ring<weir_test::mpmc, TypeParam>>(rounds, 1);
    play_rounds<int_ring<weir_test::pull_strict, TypeParam>>(rounds, 2);
    if constexpr (weir_test::on_every_ring<TypeParam>) {
        play_rounds<int_ring<weir_test::strict, TypeParam>>(rounds, 3);
        play_rounds<int_ring<weir_test::pull_mpmc, TypeParam>>(rounds, 4);
    }
}

}  // namespace
