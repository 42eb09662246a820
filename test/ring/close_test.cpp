// SPDX-License-Identifier: MIT
//
// Closing races with everything else, and yet: what was accepted is popped exactly once and in order, then pops say
// closed; what was refused never arrives; nobody sleeps on.
#include "test/support/wait_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "weir/ring.hpp"

namespace {

using weir::status;

enum class scene : std::uint64_t { starved_consumer, blocked_producer, streaming, trying, reserving, bulk, count };

/// Three threads play rounds, each with a ring of its own, and meet before and after each. The producer pushes 0, 1, 2
/// ... until it is refused, the consumer pops until the ring says closed, the third closes at a random time.
template <class Wait>
class play {
public:
    using ring_type = weir::spsc_ring<std::uint64_t, Wait>;

    explicit play(std::uint64_t rounds) : rounds_(rounds) {
        const weir_test::watchdog dog([this] { return round_ + steps_; }, [this] { return state(); });
        std::thread producer([this] { repeat([this](std::uint64_t round) { produce(round); }); });
        std::thread consumer([this] { repeat([this](std::uint64_t round) { consume(round); }); });
        direct();
        producer.join();
        consumer.join();
        slept_.expect_for<Wait>(rounds_);
    }

private:
    template <class F>
    void repeat(F act) {
        for (std::uint64_t round = 0; round < rounds_; ++round) {
            meet_();
            if (failed_) return;
            act(round);
            meet_();
        }
        slept_.add_this_thread();
    }

    void direct() {
        weir_test::numbers numbers(5);
        weir_test::random_pause pause(6);
        static constexpr std::array<std::size_t, 3> capacities{1, 2, 8};
        for (std::uint64_t round = 0; round < rounds_; ++round) {
            scene_ = static_cast<scene>(numbers.below(static_cast<std::uint64_t>(scene::count)));
            few_ = numbers.below(4);
            // Just below the wrap of the counters, now and then.
            const std::uint64_t start = numbers.below(4) == 0 ? 0 - numbers.below(10) : numbers.below(100);
            ring_.emplace(capacities[numbers.below(capacities.size())], weir::start_at{start});
            accepted_ = popped_ = 0;
            meet_();
            pause();
            if (numbers.below(8) == 0) std::this_thread::sleep_for(std::chrono::microseconds(30));
            ring_->close();
            meet_();
            if (wrong_ != 0 || popped_ != accepted_) {
                ADD_FAILURE() << state();
                failed_ = true;
                return meet_();
            }
            ++round_;
        }
    }

    void accept(status answer) {
        if (answer == status::success) {
            ++accepted_;
        } else if (answer != status::closed) {
            ++wrong_;
        }
    }

    void produce(std::uint64_t round) {
        ring_type& ring = *ring_;
        const scene now = scene_;
        for (;;) {
            const std::uint64_t next = accepted_;
            if (now == scene::starved_consumer && next == few_) break;
            if (now == scene::trying) {
                const status answer = ring.try_push(next);
                if (answer == status::closed) break;
                if (answer == status::success)
                    ++accepted_;
                else if (answer != status::full)
                    ++wrong_;
            } else if (now == scene::reserving) {
                if (!reserve(ring, round)) break;
            } else if (now == scene::bulk) {
                const std::array<std::uint64_t, 3> items{next, next + 1, next + 2};
                const std::size_t pushed = ring.push_n(items);
                accepted_ += pushed;
                if (pushed < items.size()) break;
            } else {
                accept(ring.push(next));
                if (accepted_ == next) break;
            }
            ++steps_;
        }
        if (now == scene::starved_consumer) return;
        // Refused once, refused for ever.
        if (ring.try_push(~std::uint64_t{0}) != status::closed || ring.push(~std::uint64_t{0}) != status::closed)
            ++wrong_;
    }

    // What was reserved before the close counts, however late it is committed; what is dropped does not.
    bool reserve(ring_type& ring, std::uint64_t round) {
        auto slots = ring.try_reserve(3);
        if (slots.empty()) return !ring.is_closed();
        if (round % 3 == 0) {
            while (!ring.is_closed()) std::this_thread::yield();
        }
        const std::size_t kept = slots.size() - (round % 2 == 0 ? 1 : 0);
        std::uint64_t item = accepted_;
        for (std::size_t i = 0; i < slots.size(); ++i) slots.emplace(item++);
        for (std::size_t i = 0; i < kept; ++i, ++accepted_) slots.commit(1);
        return true;
    }

    void consume(std::uint64_t round) {
        ring_type& ring = *ring_;
        const scene now = scene_;
        if (now == scene::blocked_producer) {
            while (!ring.is_closed()) std::this_thread::yield();
        }
        for (;;) {
            std::uint64_t out = ~std::uint64_t{0};
            if (now == scene::bulk && round % 2 == 0) {
                std::array<std::uint64_t, 2> items{};
                const std::size_t n = ring.pop_n(items);
                for (std::size_t i = 0; i < n; ++i) check(items[i]);
                if (n < items.size()) break;
            } else {
                const status answer = now == scene::trying ? ring.try_pop(out) : ring.pop(out);
                if (answer == status::closed) break;
                if (answer == status::success)
                    check(out);
                else if (now != scene::trying || answer != status::empty)
                    ++wrong_;
            }
        }
        std::uint64_t out = 0;
        if (ring.try_pop(out) != status::closed || ring.pop(out) != status::closed) ++wrong_;
    }

    void check(std::uint64_t item) {
        if (item != popped_) ++wrong_;
        ++popped_;
        ++steps_;
    }

    std::string state() const {
        return "round " + std::to_string(round_) + " of " + std::to_string(rounds_) + ", scene " +
               std::to_string(static_cast<std::uint64_t>(scene_.load())) + ": accepted " + std::to_string(accepted_) +
               ", popped " + std::to_string(popped_) + ", wrong answers " + std::to_string(wrong_);
    }

    const std::uint64_t rounds_;
    weir_test::meeting meet_{3};
    std::optional<ring_type> ring_;
    std::atomic<scene> scene_{scene::streaming};
    std::atomic<std::uint64_t> few_{0};
    std::atomic<std::uint64_t> round_{0};
    std::atomic<std::uint64_t> steps_{0};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> popped_{0};
    std::atomic<std::uint64_t> wrong_{0};
    std::atomic<bool> failed_{false};
    weir_test::sleep_count slept_;
};

template <class Wait>
class close : public testing::Test {};
TYPED_TEST_SUITE(close, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(close, loses_no_item_and_leaves_no_thread_asleep) {
    constexpr bool parks =
        std::is_same_v<TypeParam, weir::wait::park> || std::is_same_v<TypeParam, weir_test::parking_seq_cst>;
    const play<TypeParam> played(weir_test::rounds(parks ? 30'000 : 10'000));
}

TYPED_TEST(close, wakes_every_parked_producer_and_consumer) {
    weir::spsc_ring<int, TypeParam> full(1);
    weir::spsc_ring<int, TypeParam> empty(1);
    ASSERT_EQ(full.push(0), status::success);
    std::thread producer([&] {
        full.adopt_producer();
        EXPECT_EQ(full.push(1), status::closed);
    });
    std::thread consumer([&] {
        int out = 0;
        EXPECT_EQ(empty.pop(out), status::closed);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    full.close();
    empty.close();
    producer.join();
    consumer.join();
    EXPECT_EQ(full.pop(), 0);
    EXPECT_EQ(full.pop(), std::nullopt);
}

TYPED_TEST(close, may_be_called_by_many_at_once) {
    for (int round = 0; round < 100; ++round) {
        weir::spsc_ring<int, TypeParam> ring(2);
        std::thread consumer([&] { EXPECT_EQ(ring.pop(), std::nullopt); });
        std::thread other([&] { ring.close(); });
        ring.close();
        other.join();
        consumer.join();
    }
}

TYPED_TEST(close, waits_for_earlier_reservations) {
    weir::spsc_ring<int, TypeParam> ring(4);
    std::atomic<bool> over{false};
    std::vector<int> received;
    std::optional<std::thread> consumer;
    {
        auto slots = ring.try_reserve(3);
        ring.close();
        consumer.emplace([&] {
            while (auto item = ring.pop()) received.push_back(*item);
            over = true;
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_FALSE(over) << "pop said closed while a reservation from before was open";
        slots.emplace(1);
        slots.commit(1);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_FALSE(over);
        slots.emplace(2);
        slots.commit(1);
    }
    consumer->join();
    EXPECT_EQ(received, (std::vector<int>{1, 2}));
    EXPECT_EQ(ring.try_push(3), status::closed);
}

// What was reserved before the close arrives, whichever operation waits for it.
template <class Pop>
void expect_what_was_reserved(Pop pop) {
    weir::spsc_ring<int> ring(4);
    std::thread consumer;
    {
        auto slots = ring.try_reserve(2);
        ASSERT_EQ(slots.size(), 2U);
        consumer = std::thread([&] {
            std::vector<int> out;
            pop(ring, out);
            EXPECT_EQ(out, (std::vector<int>{7, 8}));
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ring.close();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        slots.emplace(7);
        slots.emplace(8);
        slots.commit(2);
    }
    consumer.join();
}

TEST(close_of_a_ring, is_waited_beyond_for_what_was_reserved_before) {
    using ring_type = weir::spsc_ring<int>;
    expect_what_was_reserved([](ring_type& ring, std::vector<int>& out) {
        out.resize(2);
        out.resize(ring.pop_n(out));
    });
    expect_what_was_reserved([](ring_type& ring, std::vector<int>& out) {
        for (int item = 0; ring.pop(item);) out.push_back(item);
    });
    expect_what_was_reserved([](ring_type& ring, std::vector<int>& out) {
        while (ring.consume_one([&](int& item) { out.push_back(item); })) {
        }
    });
    expect_what_was_reserved([](ring_type& ring, std::vector<int>& out) {
        while (ring.consume_some([&](int& item) { out.push_back(item); }) > 0) {
        }
    });
}

}  // namespace
