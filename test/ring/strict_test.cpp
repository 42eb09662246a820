// SPDX-License-Identifier: MIT
//
// strict_mpmc_ring held to its word: threads are suspended before each single atomic operation of a push, a pop and a
// close, and everybody else goes on as if they did not exist.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"
#include "weir/stop.hpp"

namespace {

using namespace weir_test;
using weir::status;

const auto pairs_meanwhile = static_cast<int>(rounds(10'000));

using number_ptr = std::unique_ptr<int>;
template <class T, std::size_t Threads = 4>
using ring_of = weir::strict_mpmc_ring<T, weir::wait::spin, weir::max_threads<Threads>>;
using ring_type = ring_of<number_ptr>;

/// A thread that is suspended before its atomic operation number `step` until it is told to go on.
template <class Operation>
class suspended {
public:
    suspended(int step, Operation operation)
        : thread_([this, step, operation]() mutable {
              this_thread_hook = {step,
                                  [](void* p) {
                                      auto* const self = static_cast<suspended*>(p);
                                      self->is_suspended_ = true;
                                      self->stopped_.release();
                                      self->go_on_.acquire();
                                  },
                                  this};
              operation();
              this_thread_hook = {};
              if (!is_suspended_) stopped_.release();
          }) {
        stopped_.acquire();
    }
    ~suspended() { resume(); }
    suspended(const suspended&) = delete;
    suspended& operator=(const suspended&) = delete;

    /// False when the operation had fewer steps and is over.
    bool is_suspended() const { return is_suspended_; }
    void resume() {
        if (!thread_.joinable()) return;
        go_on_.release();
        thread_.join();
    }

private:
    bool is_suspended_ = false;
    std::binary_semaphore stopped_{0};
    std::binary_semaphore go_on_{0};
    std::thread thread_;
};

/// Pops everything there is into `seen`.
template <class Ring>
void drain(Ring& ring, std::multiset<int>& seen) {
    while (auto item = ring.try_pop()) seen.insert(**item);
}

/// Fills and drains the ring over and over: every push must succeed up to the capacity, and the next one not, and
/// everything comes back in order.
template <class Ring>
void expect_undisturbed(Ring& ring, std::multiset<int>& seen) {
    drain(ring, seen);
    const int capacity = static_cast<int>(ring.capacity());
    for (int pair = 0; pair < pairs_meanwhile;) {
        const int batch = 1 + pair % capacity;
        for (int i = 0; i < batch; ++i) ASSERT_EQ(ring.try_push(std::make_unique<int>(1000 + i)), status::success);
        if (batch == capacity) {
            ASSERT_EQ(ring.try_push(std::make_unique<int>(0)), status::full);
        }
        ASSERT_EQ(ring.size_approx(), static_cast<std::size_t>(batch));
        for (int i = 0; i < batch; ++i) {
            const auto item = ring.try_pop();
            ASSERT_TRUE(item);
            ASSERT_EQ(**item, 1000 + i);
        }
        ASSERT_FALSE(ring.try_pop());
        pair += batch;
    }
}

class strict_suspended : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(capacities, strict_suspended, testing::Values(1, 2, 3, 10), testing::PrintToStringParamName());

constexpr int most_steps = 200;  // more than any operation takes

TEST_P(strict_suspended, a_push_stopped_at_any_step_delays_no_other_thread) {
    int step = 1;
    for (; step < most_steps; ++step) {
        SCOPED_TRACE("stopped before step " + std::to_string(step));
        ring_type ring(GetParam(), {std::uint64_t{0} - 2});
        std::multiset<int> seen;
        status answer = status::busy;
        auto value = std::make_unique<int>(7);
        {
            suspended push(step, [&] { answer = ring.try_push(std::move(value)); });
            ASSERT_NO_FATAL_FAILURE(expect_undisturbed(ring, seen));
            if (!push.is_suspended()) break;
        }
        ASSERT_EQ(answer, status::success);
        drain(ring, seen);
        EXPECT_EQ(seen, std::multiset<int>{7});
    }
    EXPECT_GT(step, 5);
    EXPECT_LT(step, most_steps);
}

TEST_P(strict_suspended, a_pop_stopped_at_any_step_delays_no_other_thread) {
    int step = 1;
    for (; step < most_steps; ++step) {
        SCOPED_TRACE("stopped before step " + std::to_string(step));
        ring_type ring(GetParam(), {std::uint64_t{0} - 2});
        std::multiset<int> seen;
        ASSERT_TRUE(ring.try_push(std::make_unique<int>(7)));
        std::optional<number_ptr> popped;
        {
            suspended pop(step, [&] { popped = ring.try_pop(); });
            ASSERT_NO_FATAL_FAILURE(expect_undisturbed(ring, seen));
            if (!pop.is_suspended()) break;
        }
        if (popped) seen.insert(**popped);
        drain(ring, seen);
        EXPECT_EQ(seen, std::multiset<int>{7}) << "taken once, by the one or by the others";
    }
    EXPECT_GT(step, 5);
    EXPECT_LT(step, most_steps);
}

// In every pair of steps at once, and so that one meets what the other has left behind.
TEST_P(strict_suspended, a_push_and_a_pop_stopped_at_any_steps_delay_no_other_thread) {
    bool all_pushes = false;
    for (int push_step = 1; !all_pushes; ++push_step) {
        bool all_pops = false;
        for (int pop_step = 1; !all_pops; ++pop_step) {
            SCOPED_TRACE("stopped before steps " + std::to_string(push_step) + ", " + std::to_string(pop_step));
            ring_type ring(GetParam(), {std::uint64_t{0} - 2});
            std::multiset<int> seen;
            status first = status::busy;
            status second = status::busy;
            auto value = std::make_unique<int>(7);
            std::optional<number_ptr> popped;
            {
                suspended push(push_step, [&] { first = ring.try_push(std::move(value)); });
                second = ring.try_push(std::make_unique<int>(8));
                suspended pop(pop_step, [&] { popped = ring.try_pop(); });
                drain(ring, seen);
                for (int i = 0; i < 10; ++i) {
                    ASSERT_EQ(ring.try_push(std::make_unique<int>(9)), status::success);
                    const auto item = ring.try_pop();
                    ASSERT_TRUE(item);
                    ASSERT_EQ(**item, 9);
                }
                ASSERT_FALSE(ring.try_pop());
                all_pushes = !push.is_suspended();
                all_pops = !pop.is_suspended();
            }
            if (popped) seen.insert(**popped);
            drain(ring, seen);
            std::multiset<int> accepted;
            ASSERT_EQ(first, status::success);
            accepted.insert(7);
            if (second) accepted.insert(8);
            EXPECT_EQ(seen, accepted);
            ASSERT_LT(pop_step, most_steps);
        }
        ASSERT_LT(push_step, most_steps);
    }
}

// A push that finds its room gone, or the ring closed, after it has built its element gives the argument its value
// back.
TEST_P(strict_suspended, a_push_that_is_overtaken_leaves_its_argument_untouched) {
    for (const bool by_close : {false, true}) {
        int refused = 0;
        int step = 1;
        for (; step < most_steps; ++step) {
            SCOPED_TRACE("stopped before step " + std::to_string(step));
            ring_type ring(GetParam());
            status answer = status::busy;
            auto value = std::make_unique<int>(7);
            const int* const address = value.get();
            bool over = false;
            std::size_t pushed = 0;
            {
                suspended push(step, [&] { answer = ring.try_push(std::move(value)); });
                over = !push.is_suspended();
                if (by_close) {
                    ring.close();
                } else {
                    while (ring.try_push(std::make_unique<int>(1))) ++pushed;
                }
            }
            if (over) break;
            if (answer != status::success) {
                ++refused;
                EXPECT_EQ(answer, by_close ? status::closed : status::full);
                ASSERT_EQ(value.get(), address);
                EXPECT_EQ(*value, 7);
            }
            std::multiset<int> seen;
            drain(ring, seen);
            EXPECT_EQ(seen.count(7), answer ? 1u : 0u);
            EXPECT_EQ(seen.count(1), pushed);
            if (!by_close) {
                EXPECT_EQ(pushed, ring.capacity() - (answer ? 1 : 0));
                ASSERT_NO_FATAL_FAILURE(expect_undisturbed(ring, seen));
            } else {
                EXPECT_TRUE(ring.is_closed());
            }
        }
        EXPECT_GT(refused, 3);
        EXPECT_LT(step, most_steps);
    }
}

// ---- closing -------------------------------------------------------------------------------------------------

TEST_P(strict_suspended, close_is_exact_whatever_a_push_is_in_the_middle_of) {
    for (int step = 1; step < most_steps; ++step) {
        SCOPED_TRACE("stopped before step " + std::to_string(step));
        ring_type ring(GetParam());
        status answer = status::busy;
        std::multiset<int> seen;
        bool over = false;
        {
            suspended push(step, [&] { answer = ring.try_push(std::make_unique<int>(7)); });
            over = !push.is_suspended();
            ring.close();
            EXPECT_TRUE(ring.is_closed());
            drain(ring, seen);
            number_ptr out;
            EXPECT_EQ(ring.try_pop(out), status::closed) << "closed is final, whoever is in the middle of a push";
        }
        number_ptr out;
        EXPECT_EQ(ring.try_pop(out), status::closed);
        EXPECT_EQ(answer, seen.empty() ? status::closed : status::success);
        if (over) return;
    }
    FAIL() << "a push has too many steps";
}

TEST_P(strict_suspended, a_close_stopped_at_any_step_delays_no_other_thread) {
    for (int step = 1; step < most_steps; ++step) {
        SCOPED_TRACE("stopped before step " + std::to_string(step));
        ring_type ring(GetParam());
        ASSERT_TRUE(ring.try_push(std::make_unique<int>(1)));
        std::multiset<int> seen;
        bool over = false;
        std::size_t accepted = 1;
        {
            suspended close(step, [&] { ring.close(); });
            over = !close.is_suspended();
            bool told_closed = false;
            for (int i = 0; i < 20; ++i) {
                const status pushed = ring.try_push(std::make_unique<int>(1));
                if (told_closed) {
                    ASSERT_EQ(pushed, status::closed) << "once closed, always closed";
                } else {
                    ASSERT_TRUE(pushed == status::closed || pushed == status::success ||
                                ring.size_approx() == ring.capacity());
                }
                told_closed = pushed == status::closed;
                accepted += pushed ? 1 : 0;
                drain(ring, seen);
            }
            number_ptr out;
            EXPECT_EQ(ring.try_pop(out), told_closed ? status::closed : status::empty);
            EXPECT_EQ(ring.is_closed(), told_closed);
        }
        EXPECT_EQ(ring.try_push(std::make_unique<int>(1)), status::closed);
        drain(ring, seen);
        EXPECT_EQ(seen.size(), accepted);
        if (over) return;
    }
    FAIL() << "a close has too many steps";
}

// ---- the number of threads -----------------------------------------------------------------------------------

// As many threads as the ring was told of, all but one stopped in the middle of a push: that one goes on.
TEST(strict_threads, all_but_one_may_stop_at_any_step) {
    constexpr std::size_t threads = 4;
    for (const std::size_t capacity : {1u, 2u, 5u}) {
        for (int step = 1; step < most_steps; ++step) {
            ring_of<number_ptr, threads> ring(capacity);
            std::multiset<int> seen;
            std::array<status, threads - 1> answers{status::busy, status::busy, status::busy};
            bool over = false;
            {
                const auto push = [&](std::size_t i) {
                    return [&, i] { answers[i] = ring.try_push(std::make_unique<int>(static_cast<int>(i))); };
                };
                suspended first(step, push(0));
                // Later, since they have to look for another place.
                suspended second(step + 33, push(1));
                suspended third(step + 35, push(2));
                over = !first.is_suspended();
                ASSERT_NO_FATAL_FAILURE(expect_undisturbed(ring, seen));
                drain(ring, seen);
            }
            drain(ring, seen);
            std::multiset<int> accepted;
            for (int i = 0; i < 3; ++i) {
                if (answers[static_cast<std::size_t>(i)]) accepted.insert(i);
            }
            EXPECT_EQ(seen, accepted);
            if (over) break;
            ASSERT_LT(step, most_steps - 1);
        }
    }
}

// More than that: a push says busy, which is not full, and nothing is broken.
TEST(strict_threads, too_many_stopped_threads_make_a_push_busy_until_one_goes_on) {
    ring_of<number_ptr, 1> ring(1);
    const auto stop_while_building = [&](status& answer) {
        return [&] { answer = ring.try_push(std::make_unique<int>(1)); };
    };
    // Somewhere among these pairs of steps both have claimed a place, and none is left for a third.
    int times_busy = 0;
    for (int steps = 0; steps < 20 * 100; ++steps) {
        status first = status::busy;
        status second = status::busy;
        {
            suspended a(1 + steps / 100, stop_while_building(first));
            suspended b(1 + steps % 100, stop_while_building(second));
            auto value = std::make_unique<int>(7);
            if (ring.try_push(std::move(value)) == status::busy) {
                ++times_busy;
                EXPECT_EQ(*value, 7);
                EXPECT_FALSE(ring.try_pop()) << "busy is not full";
            }
            while (ring.try_pop()) {
            }
        }
        while (ring.try_pop()) {
        }
        ASSERT_TRUE(ring.try_push(std::make_unique<int>(1)));
        ASSERT_TRUE(ring.try_pop());
    }
    EXPECT_GT(times_busy, 0);
}

// ---- many threads --------------------------------------------------------------------------------------------

template <class Ring>
void expect_all_delivered(std::size_t capacity, int producers, int consumers, std::uint64_t items_each) {
    Ring ring(capacity, {std::uint64_t{0} - 1000});
    std::vector<std::thread> threads;
    std::atomic<int> producing{producers};
    std::mutex mutex;
    std::vector<std::uint64_t> all;
    std::atomic<bool> wrong{false};
    for (int p = 0; p < producers; ++p) {
        threads.emplace_back([&, p] {
            for (std::uint64_t n = 0; n < items_each;) {
                const std::uint64_t item = static_cast<std::uint64_t>(p) << 32 | n;
                if (ring.try_push(item)) {
                    ++n;
                } else {
                    std::this_thread::yield();
                }
                if (ring.size_approx() > capacity) wrong = true;
            }
            if (--producing == 0) ring.close();
        });
    }
    for (int c = 0; c < consumers; ++c) {
        threads.emplace_back([&] {
            std::vector<std::uint64_t> mine;
            for (std::uint64_t item = 0;;) {
                const status answer = ring.try_pop(item);
                if (answer == status::closed) break;
                if (answer) {
                    mine.push_back(item);
                } else {
                    std::this_thread::yield();
                }
            }
            std::vector<std::uint64_t> next(static_cast<std::size_t>(producers), 0);
            for (const std::uint64_t item : mine) {
                std::uint64_t& at_least = next[item >> 32];
                if ((item & 0xffffffff) < at_least) wrong = true;  // of one producer, each consumer sees an order
                at_least = (item & 0xffffffff) + 1;
            }
            const std::lock_guard lock(mutex);
            all.insert(all.end(), mine.begin(), mine.end());
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_FALSE(wrong);
    ASSERT_EQ(all.size(), items_each * static_cast<std::uint64_t>(producers));
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i], static_cast<std::uint64_t>(i / items_each) << 32 | i % items_each);
    }
}

class strict_stress : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(capacities, strict_stress, testing::Values(1, 2, 3, 10, 64, 1000),
                         testing::PrintToStringParamName());

TEST_P(strict_stress, delivers_all_once_and_in_order) {
    // With so few slots each item takes a turn of the scheduler where something else runs on these cores.
    const auto items = static_cast<std::uint64_t>(pairs_meanwhile) * 4 / (GetParam() < 10 ? 10 : 1);
    using ring = weir::strict_mpmc_ring<std::uint64_t>;
    expect_all_delivered<ring>(GetParam(), 1, 1, 2 * items);
    expect_all_delivered<ring>(GetParam(), 2, 2, items);
    expect_all_delivered<ring>(GetParam(), 4, 4, items / 4);
}

TEST_P(strict_stress, delivers_all_with_more_threads_than_it_was_told_of) {
    using ring = weir::strict_mpmc_ring<std::uint64_t, weir::max_threads<2>>;
    expect_all_delivered<ring>(GetParam(), 4, 4, static_cast<std::uint64_t>(pairs_meanwhile));
}

TEST_P(strict_stress, survives_laps_that_wrap) {
    // 24 bits of lap at capacity 1, 21 at 1000: some seconds before a link comes back, and thousands of wraps of 16
    // bits.
    using ring = weir::strict_mpmc_ring<std::uint64_t, std::uint32_t, weir::max_threads<16>>;
    expect_all_delivered<ring>(GetParam(), 2, 2, static_cast<std::uint64_t>(pairs_meanwhile) * 2);
}

TEST(strict_laps, wrap_unseen) {
    weir::strict_mpmc_ring<int, weir::wait::spin, std::uint16_t, weir::max_threads<2>> ring(3);
    for (int i = 0; i < 300'000; ++i) {
        ASSERT_TRUE(ring.try_push(i));
        ASSERT_TRUE(ring.try_push(-i));
        ASSERT_EQ(ring.try_pop(), i);
        ASSERT_EQ(ring.try_pop(), -i);
        ASSERT_FALSE(ring.try_pop());
    }
}

// ---- what a push may have to take back -----------------------------------------------------------------------

// Neither assignable nor made from anything but a number.
struct fixed_value {
    explicit fixed_value(int v) : p(std::make_unique<int>(v)) {}
    fixed_value(fixed_value&& other) noexcept : p(std::move(other.p)) {}
    fixed_value& operator=(fixed_value&&) = delete;
    std::unique_ptr<int> p;
};

TEST(strict_take_back, restores_elements_that_cannot_be_assigned) {
    int refused = 0;
    for (int step = 1;; ++step) {
        ring_of<fixed_value> ring(1);
        fixed_value value(7);
        status answer = status::busy;
        bool over = false;
        {
            suspended push(step, [&] { answer = ring.try_push(std::move(value)); });
            over = !push.is_suspended();
            (void)ring.try_push(fixed_value(1));
        }
        if (answer != status::success) {
            ++refused;
            ASSERT_TRUE(value.p);
            EXPECT_EQ(*value.p, 7);
        }
        if (over) break;
    }
    EXPECT_GT(refused, 3);
}

TEST(strict_take_back, destroys_each_element_once) {
    const int before = counted::alive;
    for (int step = 1;; ++step) {
        bool over = false;
        {
            ring_of<counted> ring(1);
            suspended push(step, [&] { (void)ring.try_push(counted(7)); });
            over = !push.is_suspended();
            (void)ring.try_push(counted(1));
            push.resume();
        }
        ASSERT_EQ(counted::alive, before) << "stopped before step " << step;
        if (over) break;
    }
    EXPECT_EQ(counted::misuses, 0);
}

// Built from something else than itself, and quick enough for another push to take its room meanwhile.
struct holder {
    explicit holder(number_ptr&& from) noexcept : number(std::move(from)) {
        if (meanwhile) std::exchange(meanwhile, nullptr)();
    }
    number_ptr number;
    static inline void (*meanwhile)() = nullptr;
};

// A refused element that was built from something else than a T cannot give its value back, so it must not be built again.
TEST(strict_take_back, a_wait_builds_from_its_argument_once) {
    static ring_of<holder>* ring = nullptr;
    ring_of<holder> one(1);
    ring = &one;
    const auto fill = [] { EXPECT_TRUE(ring->try_push(holder(std::make_unique<int>(1)))); };
    const auto expect_next = [&](int expected) {
        const auto item = one.pop();
        ASSERT_TRUE(item && item->number) << "the value was lost";
        EXPECT_EQ(*item->number, expected);
    };
    holder::meanwhile = fill;
    const auto make_room = [&] { return expect_next(1), false; };
    EXPECT_EQ(one.push_unless(std::make_unique<int>(7), make_room), status::success);
    expect_next(7);

    holder::meanwhile = fill;
    std::thread consumer([&] { expect_next(1), expect_next(8); });
    EXPECT_EQ(one.emplace(std::make_unique<int>(8)), status::success);
    consumer.join();

    holder::meanwhile = fill;
    consumer = std::thread([&] { expect_next(1), expect_next(9); });
    EXPECT_EQ(weir::push(one, std::make_unique<int>(9), std::stop_token{}), status::success);
    consumer.join();
}

#if defined(__cpp_exceptions)
TEST(strict_take_back, a_throwing_constructor_costs_no_place) {
    ring_of<throwing, 1> ring(1);
    for (int i = 0; i < 100; ++i) {
        throwing::throw_in = 1;
        EXPECT_THROW((void)ring.try_emplace(1), std::runtime_error);
        throwing::throw_in = 0;
        ASSERT_TRUE(ring.try_emplace(2));
        ASSERT_EQ(ring.try_emplace(3), status::full);
        ASSERT_TRUE(ring.try_pop());
    }
}
#endif

static_assert(weir::strict_mpmc_ring<int>::try_push_progress == weir::progress::lock_free);
static_assert(weir::strict_mpmc_ring<int>::try_pop_progress == weir::progress::lock_free);

}  // namespace
