// SPDX-License-Identifier: MIT
//
// Cancelling against notifying, from threads of their own, until each way to wait has met each way to end; and what it allocates:
// nothing. WEIR_SOAK_ROUNDS=10000000 makes it the long form.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "test/await/task.hpp"
#include "test/support/forbidden.hpp"
#include "test/support/sanitized.hpp"
#include "test/support/wait_support.hpp"
#include "weir/await.hpp"
#include "weir/ring.hpp"

namespace {

using weir::async_pop;
using weir::async_push;
using weir::status;
using weir_test::random_pause;
using weir_test::task;

/// The stop source of the wait that is under way, for the thread that cancels.
class current_stop {
public:
    std::stop_token renew() {
        const std::scoped_lock lock(mutex_);
        source_ = std::stop_source();
        return source_.get_token();
    }
    void request() {
        std::stop_source source(std::nostopstate);
        {
            const std::scoped_lock lock(mutex_);
            source = source_;
        }
        source.request_stop();  // may run the coroutine, which calls renew()
    }

private:
    std::mutex mutex_;
    std::stop_source source_;
};

struct counts {
    std::atomic<std::uint64_t> taken{0}, cancelled{0};
    std::atomic<bool> is_over[2]{};
};

task take_all(auto& ring, counts& of) {
    while (const auto item = co_await async_pop(ring)) of.taken += *item >= 0 ? 1 : 0;
    of.is_over[0] = true;
}
task take_while_cancelled(auto& ring, counts& of, current_stop& stop) {
    for (int item = 0;;) {
        const status answer = co_await async_pop(ring, item, stop.renew());
        if (answer == status::success) {
            ++of.taken;
        } else if (answer == status::closed) {
            break;
        } else {
            ++of.cancelled;
        }
    }
    of.is_over[1] = true;
}

/// Two coroutines take from one ring; one of them is cancelled again and again. Each item reaches one of them.
template <class Ring>
void cancel_against_notify(std::uint64_t items) {
    Ring ring(2);
    counts of;
    current_stop stop;
    {
        const weir_test::watchdog dog([&] { return of.taken + of.cancelled; },
                                      [&] {
                                          return "taken " + std::to_string(of.taken) + " of " + std::to_string(items) +
                                                 ", queued " + std::to_string(ring.size_approx());
                                      });
        const task first = take_while_cancelled(ring, of, stop);
        const task second = take_all(ring, of);
        std::atomic<bool> is_over{false};
        std::thread cancelling([&] {
            random_pause pause(1);
            while (!is_over) {
                pause();
                stop.request();
            }
        });
        std::thread producer([&] {
            random_pause pause(2);
            weir_test::numbers numbers(3);
            for (std::uint64_t i = 0; i < items; ++i) {
                pause();
                EXPECT_EQ(ring.push(1), status::success);
                // Now and then nothing more comes until all is taken: what lies beside a sleeper shows.
                if (numbers.below(4) == 0) {
                    while (of.taken != i + 1) std::this_thread::yield();
                }
                // So that some waits are cancelled, whatever the threads' pace.
                if (i % 64 == 0) {
                    const std::uint64_t before = of.cancelled;
                    while (of.taken != i + 1 || of.cancelled == before) std::this_thread::yield();
                }
            }
        });
        producer.join();
        is_over = true;
        cancelling.join();
        ring.close();
        while (!of.is_over[0] || !of.is_over[1]) std::this_thread::yield();
    }
    EXPECT_EQ(of.taken, items);
    EXPECT_GT(of.cancelled, items / 1000) << "hardly any wait was cancelled: this has shown nothing";
}

TEST(await_soak, a_cancelled_wait_takes_no_wake_up_along) {
    cancel_against_notify<weir::mpmc_ring<int>>(weir_test::rounds(10'000));
}
TEST(await_soak, nor_on_a_strict_ring_nor_with_seq_cst) {
    cancel_against_notify<weir::strict_mpmc_ring<int>>(weir_test::rounds(5'000));
    cancel_against_notify<weir::mpmc_ring<int, weir_test::parking_seq_cst>>(weir_test::rounds(5'000));
}

task produce(auto& ring, std::uint64_t items) {
    for (std::uint64_t i = 0; i < items; ++i) (void)co_await async_push(ring, i);
    ring.close();
}
task consume(auto& ring, std::uint64_t& next, std::atomic<bool>& is_over) {
    while (const auto item = co_await async_pop(ring)) {
        EXPECT_EQ(*item, next);
        ++next;
    }
    is_over = true;
}

TEST(await_soak, a_stream_between_a_thread_and_a_coroutine_is_in_order) {
    const std::uint64_t items = weir_test::rounds(10'000);
    weir::spsc_ring<std::uint64_t> in(2), out(2);
    std::uint64_t next = 0;
    std::atomic<bool> is_over{false};
    const task last = consume(out, next, is_over);
    const task middle = [](auto& from, auto& to) -> task {
        while (const auto item = co_await async_pop(from)) (void)co_await async_push(to, *item);
        to.close();
    }(in, out);
    std::thread producer([&] {
        random_pause pause(9);
        for (std::uint64_t i = 0; i < items; ++i) {
            pause();
            EXPECT_EQ(in.push(i), status::success);
        }
        in.close();
    });
    producer.join();
    while (!is_over) std::this_thread::yield();
    EXPECT_EQ(next, items);
}

TEST(await_cost, nothing_is_allocated_but_the_coroutine) {
    if (weir_test::sanitized) GTEST_SKIP() << "a sanitizer brings its own allocator";
    weir::spsc_ring<std::uint64_t> ring(2);
    weir::spsc_ring<std::uint64_t> other(2);
    std::stop_source stop;
    std::uint64_t next = 0;
    std::atomic<bool> is_over{false};
    const task consuming = consume(ring, next, is_over);
    std::uint64_t selected = 0;
    const task selecting = [](auto& a, auto& b, std::uint64_t& times, std::stop_token token) -> task {
        while (const auto ready = co_await weir::async_select(token, weir::items_of(a), weir::items_of(b))) {
            EXPECT_FALSE(ready.is_closed());
            ++times;
            (void)b.try_pop();
        }
    }(other, other, selected, stop.get_token());
    const std::uint64_t before = weir_test::allocator_calls;
    for (std::uint64_t i = 0; i < 100; ++i) {
        (void)ring.push(i);
        (void)other.push(i);
    }
    EXPECT_EQ(weir_test::allocator_calls, before);
    EXPECT_EQ(next, 100U);
    EXPECT_EQ(selected, 100U);
    stop.request_stop();
    ring.close();
    EXPECT_TRUE(is_over);
}

}  // namespace
