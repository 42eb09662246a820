// SPDX-License-Identifier: MIT
//
// Threads use a ring at the same time, and note when they called and what they were told: a queue must have been able
// to say so. A ring joins by an entry in `crowds`. And the judge is judged first, by histories made by hand.
#include "test/support/linearizability.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;
using weir_test::action;
using weir_test::is_linearizable;
using weir_test::step;
constexpr auto at_once = weir_test::linearization::closing::at_once;
constexpr auto in_two_steps = weir_test::linearization::closing::in_two_steps;

// ---- the judge -----------------------------------------------------------------------------------------------

using history = std::vector<step>;

step push(int item, std::uint64_t called, std::uint64_t returned, status answer = status::success) {
    return {action::push, item, answer, called, returned};
}
step pop(int item, std::uint64_t called, std::uint64_t returned) {
    return {action::pop, item, status::success, called, returned};
}
step pop_nothing(status answer, std::uint64_t called, std::uint64_t returned) {
    return {action::pop, 0, answer, called, returned};
}
step close(std::uint64_t called, std::uint64_t returned) {
    return {action::close, 0, status::success, called, returned};
}

TEST(linearizability, accepts_the_history_of_one_thread) {
    EXPECT_TRUE(is_linearizable(history{}, 1));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 2), push(2, 3, 4, status::full), pop(1, 5, 6), push(2, 7, 8),
                                        pop(2, 9, 10), pop_nothing(status::empty, 11, 12)},
                                1));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 2), close(3, 4), push(2, 5, 6, status::closed), pop(1, 7, 8),
                                        pop_nothing(status::closed, 9, 10)},
                                1));
}

TEST(linearizability, accepts_either_order_of_operations_that_overlap) {
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 4), push(2, 2, 3), pop(2, 5, 6), pop(1, 7, 8)}, 2));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 4), push(2, 2, 3), pop(1, 5, 6), pop(2, 7, 8)}, 2));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 4), pop_nothing(status::empty, 2, 3), pop(1, 5, 6)}, 1));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 2), push(2, 3, 6), pop(1, 4, 5)}, 1));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 4), close(2, 3), pop(1, 5, 6)}, 1));
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 4, status::closed), close(2, 3)}, 1));
}

TEST(linearizability, accepts_that_an_item_arrives_after_the_close) {
    const step on_its_way = push(1, 1, 8);
    EXPECT_TRUE(is_linearizable(history{on_its_way, close(2, 3), pop_nothing(status::empty, 4, 5), pop(1, 9, 10)}, 1));
    EXPECT_FALSE(is_linearizable(history{on_its_way, close(2, 3), pop_nothing(status::closed, 4, 5), pop(1, 9, 10)}, 1));
    EXPECT_FALSE(is_linearizable(history{close(2, 3), pop_nothing(status::empty, 4, 5)}, 1));
}

TEST(linearizability, accepts_that_a_close_refuses_pushes_before_it_tells_pops) {
    const history first_refused{close(1, 6), push(1, 2, 3, status::closed), pop_nothing(status::empty, 4, 5)};
    EXPECT_FALSE(is_linearizable(first_refused, 1));
    EXPECT_TRUE(is_linearizable(first_refused, 1, in_two_steps));
    const history first_told{close(1, 6), pop_nothing(status::closed, 2, 3), push(1, 4, 5, status::full)};
    EXPECT_FALSE(is_linearizable(first_told, 1, in_two_steps));
    EXPECT_FALSE(is_linearizable(history{close(1, 2), pop_nothing(status::empty, 3, 4)}, 1, in_two_steps));
}

TEST(linearizability, accepts_busy_and_timeout_at_any_time) {
    EXPECT_TRUE(is_linearizable(history{push(1, 1, 2, status::busy), push(1, 3, 4, status::timeout),
                                        pop_nothing(status::busy, 5, 6), pop_nothing(status::empty, 7, 8)},
                                1));
}

TEST(linearizability, rejects_items_from_nowhere_doubled_and_lost) {
    EXPECT_FALSE(is_linearizable(history{pop(1, 1, 2)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2, status::full), pop(1, 3, 4)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), pop(1, 3, 4), pop(1, 5, 6)}, 2));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), pop_nothing(status::empty, 3, 4)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), close(3, 4), pop_nothing(status::closed, 5, 6)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 4, status::timeout), pop(1, 2, 3)}, 1));
    EXPECT_FALSE(is_linearizable(history{pop(1, 1, 2), push(1, 3, 4)}, 1));
}

TEST(linearizability, rejects_the_wrong_order) {
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), push(2, 3, 4), pop(2, 5, 6), pop(1, 7, 8)}, 2));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), push(2, 3, 4), pop(2, 5, 6)}, 2));
    // Two consumers at once do not excuse that the first of these returned before the second was called.
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), push(2, 3, 4), pop(2, 5, 8), pop(1, 9, 12), pop(3, 6, 7)}, 3));
}

TEST(linearizability, rejects_a_bound_that_is_not_exact) {
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), push(2, 3, 4)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 6), push(2, 2, 5), push(3, 3, 4)}, 2));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), push(2, 3, 4, status::full)}, 2));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2), pop(1, 3, 4), push(2, 5, 6, status::full)}, 1));
}

TEST(linearizability, rejects_a_close_that_does_not_last) {
    EXPECT_FALSE(is_linearizable(history{close(1, 2), push(1, 3, 4)}, 1));
    EXPECT_FALSE(is_linearizable(history{close(1, 2), push(1, 3, 4, status::full)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 2, status::closed), push(1, 3, 4), close(5, 6)}, 1));
    EXPECT_FALSE(is_linearizable(history{push(1, 1, 4, status::closed)}, 1));
    EXPECT_FALSE(
        is_linearizable(history{push(1, 1, 9), close(2, 3), pop_nothing(status::closed, 4, 5), pop(1, 6, 7)}, 1));
}

// ---- rings ---------------------------------------------------------------------------------------------------

/// An item in the middle of whose copies and moves, which is the middle of a push or pop, another thread gets the CPU:
/// now and then, so that the other thread finds this one there also where there is one CPU, or others use them all.
struct held_up {
    int value = -1;

    held_up(int v) noexcept : value(v) {}
    held_up(const held_up& other) noexcept : value(other.value) { maybe_yield(); }
    held_up& operator=(const held_up& other) noexcept {
        maybe_yield();
        value = other.value;
        return *this;
    }
    operator int() const noexcept { return value; }

private:
    static void maybe_yield() noexcept {
        static thread_local unsigned count = 0;
        if (++count % 4 == 0) std::this_thread::yield();
    }
};

/// A ring, how many of each kind use it, and how it closes.
template <class Ring, unsigned Producers, unsigned Consumers, weir_test::linearization::closing Closing>
struct crowd {
    static constexpr auto closing = Closing;
    static constexpr bool must_overlap = std::is_same_v<typename Ring::value_type, held_up>;
    using ring_type = Ring;
    static constexpr unsigned producers = Producers;
    static constexpr unsigned consumers = Consumers;
    static constexpr unsigned threads = Producers + Consumers + 1;
};

template <class Crowd>
class ring_history : public testing::Test {
protected:
    static constexpr int most_steps = 5;  // of one thread

    void play(std::uint64_t rounds) {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < Crowd::threads - 1; ++i) {
            threads.emplace_back([this, i, rounds] {
                weir_test::numbers chance(i + 10);
                for (std::uint64_t round = 0; round < rounds; ++round) {
                    meet_();
                    take_part(i, chance);
                    meet_();
                }
            });
        }
        weir_test::numbers chance(1);
        for (std::uint64_t round = 0; round < rounds; ++round) {
            const std::size_t capacity = 1 + chance.below(3);
            ring_.emplace(capacity, weir::start_at{chance.below(2) == 0 ? 0 - chance.below(4) : chance.below(100)});
            for (history& h : told_) h.clear();
            meet_();
            if (chance.below(2) == 0) {
                linger(chance);
                note(Crowd::threads - 1, action::close, 0, [this] {
                    ring_->close();
                    return status::success;
                });
            }
            meet_();
            if (!testing::Test::HasFailure()) judge(round, capacity);
        }
        for (std::thread& thread : threads) thread.join();
        std::printf("%llu operations overlapped\n", static_cast<unsigned long long>(overlaps_));
        if (Crowd::must_overlap) {
            EXPECT_GT(overlaps_, rounds / 50) << "hardly any operations overlapped: this has shown nothing";
        }
    }

private:
    using item_type = typename Crowd::ring_type::value_type;

    void take_part(unsigned index, weir_test::numbers& chance) {
        using namespace std::chrono_literals;
        auto& ring = *ring_;
        for (int i = 0; i < most_steps; ++i) {
            linger(chance);
            const bool waits = chance.below(4) == 0;
            if (index < Crowd::producers) {
                const item_type item = static_cast<int>(index) * 100 + i;
                note(index, action::push, item,
                     [&] { return waits ? ring.push_for(item, 20us) : ring.try_push(item); });
            } else {
                item_type out = -1;
                note(index, action::pop, -1, [&] { return waits ? ring.pop_for(out, 20us) : ring.try_pop(out); });
                told_[index].back().item = out;
            }
        }
    }

    template <class Act>
    void note(unsigned index, action what, int item, Act act) {
        const std::uint64_t called = clock_.fetch_add(1);
        const status answer = act();
        const std::uint64_t returned = clock_.fetch_add(1);
        told_[index].push_back({what, item, answer, called, returned});
    }

    void judge(std::uint64_t round, std::size_t capacity) {
        history all;
        for (const history& h : told_) all.insert(all.end(), h.begin(), h.end());
        std::sort(all.begin(), all.end(), [](const step& a, const step& b) { return a.called < b.called; });
        for (std::size_t i = 1; i < all.size(); ++i) overlaps_ += all[i].called < all[i - 1].returned ? 1 : 0;
        EXPECT_TRUE(is_linearizable(all, capacity, Crowd::closing))
            << "round " << round << ", capacity " << capacity << ":\n"
            << weir_test::to_string(all);
    }

    static void linger(weir_test::numbers& chance) {
        for (std::uint64_t i = chance.below(200); i > 0; --i) weir::detail::pause();
    }

    weir_test::meeting meet_{Crowd::threads};
    std::optional<typename Crowd::ring_type> ring_;
    std::atomic<std::uint64_t> clock_{0};
    std::vector<history> told_{Crowd::threads};
    std::uint64_t overlaps_ = 0;
};

template <class T>
using crowds = testing::Types<crowd<weir::spsc_ring<T>, 1, 1, in_two_steps>, crowd<weir::mpsc_ring<T>, 2, 1, at_once>,
                              crowd<weir::spmc_ring<T>, 1, 2, at_once>, crowd<weir::mpmc_ring<T>, 2, 2, at_once>,
                              crowd<weir::strict_mpmc_ring<T>, 2, 2, at_once>>;

// Numbers meet each other as the CPUs will have it; items that are held up must.
TYPED_TEST_SUITE(ring_history, crowds<int>);
TYPED_TEST(ring_history, is_that_of_a_bounded_queue) { this->play(weir_test::rounds(2'500)); }

template <class Crowd>
class ring_history_in_the_middle : public ring_history<Crowd> {};
TYPED_TEST_SUITE(ring_history_in_the_middle, crowds<held_up>);
TYPED_TEST(ring_history_in_the_middle, is_that_of_a_bounded_queue) { this->play(weir_test::rounds(2'500)); }

}  // namespace
