// SPDX-License-Identifier: MIT
//
// Many threads on one ring, far more than there are cores, with random stalls: every accepted item is delivered once, each
// consumer sees each producer's items in order, the bound holds, a close in the middle loses nothing; from just below the
// wrap of the cursors.
#include "test/support/wait_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "weir/ring.hpp"

namespace {

using weir::status;

struct sides {
    unsigned producers;
    unsigned consumers;
};

constexpr std::uint64_t producer_shift = 40;

/// One round: producers push their items until they are through or refused, consumers pop until the ring says closed.
template <class Ring>
class round {
public:
    round(sides s, std::size_t capacity, std::uint64_t items_each, bool close_early)
        : ring_(capacity, {std::uint64_t{0} - items_each / 2}),
          items_(items_each),
          producers_(s.producers),
          consumers_(s.consumers),
          seen_(s.producers) {
        for (auto& of_producer : seen_) of_producer = std::vector<std::atomic<unsigned char>>(items_);
        accepted_.resize(producers_);
        const weir_test::watchdog dog([this] { return steps_.load(); }, [this] { return state(); });
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < producers_; ++i) threads.emplace_back([this, i] { produce(i); });
        std::vector<std::thread> poppers;
        for (unsigned i = 0; i < consumers_; ++i) poppers.emplace_back([this, i] { consume(i); });
        if (close_early) {
            while (steps_ < items_ * producers_ / 2) std::this_thread::yield();
            ring_.close();
        }
        for (std::thread& thread : threads) thread.join();
        ring_.close();
        for (std::thread& popper : poppers) popper.join();
        check(close_early);
    }

private:
    void produce(unsigned self) {
        weir_test::numbers numbers(self + 1);
        weir_test::random_pause pause(self + 100);
        const std::uint64_t base = std::uint64_t{self} << producer_shift;
        std::uint64_t next = 0;
        while (next < items_) {
            const std::uint64_t before = next;
            if (numbers.below(64) == 0) pause();
            switch (numbers.below(4)) {
            case 0: {
                std::array<std::uint64_t, 5> batch{};
                const std::size_t n = std::min<std::size_t>(batch.size(), static_cast<std::size_t>(items_ - next));
                for (std::size_t i = 0; i < n; ++i) batch[i] = base | (next + i);
                next += ring_.try_push_n(std::span<const std::uint64_t>(batch).first(n));
                break;
            }
            case 1:
                if (ring_.push(base | next)) ++next;
                break;
            default:
                if (const status answer = ring_.try_push(base | next)) {
                    ++next;
                } else if (answer != status::full && answer != status::busy && answer != status::closed) {
                    ++wrong_;
                }
            }
            steps_ += next - before;
            if (next == before) {
                if (ring_.is_closed()) break;
                std::this_thread::yield();
            }
            if (ring_.size_approx() > ring_.capacity()) ++wrong_;
        }
        accepted_[self] = next;
    }

    void consume(unsigned self) {
        weir_test::numbers numbers(self + 1000);
        weir_test::random_pause pause(self + 2000);
        std::vector<std::uint64_t> last(producers_, 0);  // sequence + 1
        const auto check = [&](std::uint64_t item) {
            const std::uint64_t producer = item >> producer_shift;
            const std::uint64_t sequence = item & ((std::uint64_t{1} << producer_shift) - 1);
            if (producer >= producers_ || sequence >= items_ || sequence < last[producer]) {
                ++wrong_;
                return;
            }
            last[producer] = sequence + 1;
            seen_[producer][sequence].fetch_add(1);
            ++steps_;
        };
        for (;;) {
            if (numbers.below(64) == 0) pause();
            std::uint64_t item = 0;
            switch (numbers.below(5)) {
            case 0: {
                std::array<std::uint64_t, 7> batch{};
                const std::size_t n = ring_.try_pop_n(batch);
                for (std::size_t i = 0; i < n; ++i) check(batch[i]);
                break;
            }
            case 1: ring_.consume([&](std::uint64_t it) noexcept { check(it); }, 10); break;
            case 2: ring_.consume([&](std::uint64_t it) { check(it); }, 3); break;
            case 3:
                if (ring_.pop(item) != status::success) return;
                check(item);
                break;
            default:
                if (const status answer = ring_.try_pop(item)) {
                    check(item);
                } else if (answer == status::closed) {
                    return;
                } else {
                    if (answer != status::empty && answer != status::busy) ++wrong_;
                    std::this_thread::yield();
                }
            }
        }
    }

    void check(bool close_early) {
        EXPECT_EQ(wrong_, 0u);
        for (unsigned p = 0; p < producers_; ++p) {
            if (!close_early) {
                EXPECT_EQ(accepted_[p], items_);
            }
            std::uint64_t amiss = 0;
            for (std::uint64_t i = 0; i < items_; ++i) amiss += seen_[p][i] == (i < accepted_[p] ? 1 : 0) ? 0 : 1;
            EXPECT_EQ(amiss, 0u) << "lost, twice, or refused and yet delivered; of producer " << p;
        }
        if constexpr (!Ring::has_many_consumers) ring_.adopt_consumer();
        std::uint64_t item = 0;
        EXPECT_EQ(ring_.try_pop(item), status::closed);
        EXPECT_EQ(ring_.size_approx(), 0u);
    }

    std::string state() const { return std::to_string(steps_) + " pushes and pops, wrong " + std::to_string(wrong_); }

    Ring ring_;
    const std::uint64_t items_;
    const unsigned producers_;
    const unsigned consumers_;
    std::vector<std::vector<std::atomic<unsigned char>>> seen_;
    std::vector<std::uint64_t> accepted_;
    std::atomic<std::uint64_t> steps_{0};
    std::atomic<std::uint64_t> wrong_{0};
};

template <template <class, class...> class Ring>
void stress(sides s) {
    using wide = Ring<std::uint64_t>;
    using narrow = Ring<std::uint64_t, weir_test::parking_seq_cst, std::uint8_t>;
    const std::uint64_t all = weir_test::rounds(200'000);
    const std::uint64_t each = all / s.producers;
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{3}, std::size_t{64}, std::size_t{1000}}) {
        for (const bool close_early : {false, true}) {
            SCOPED_TRACE("capacity " + std::to_string(capacity) + (close_early ? ", closed half way" : ""));
            // Where hardly anything fits, each item costs a switch of threads.
            const std::uint64_t some = capacity < 10 ? each / 20 : each;
            const round<wide> played(s, capacity, some, close_early);
            if (capacity < 128) const round<narrow> played_narrow(s, capacity, std::min(some, each / 4), close_early);
        }
    }
}

class shared_stress : public testing::TestWithParam<sides> {};

TEST_P(shared_stress, mpmc_delivers_what_it_accepts_once_and_in_order) { stress<weir::mpmc_ring>(GetParam()); }

TEST_P(shared_stress, mpsc_delivers_what_it_accepts_once_and_in_order) {
    stress<weir::mpsc_ring>({GetParam().producers, 1});
}

TEST_P(shared_stress, spmc_delivers_what_it_accepts_once_and_in_order) {
    stress<weir::spmc_ring>({1, GetParam().consumers});
}

INSTANTIATE_TEST_SUITE_P(threads, shared_stress, testing::Values(sides{2, 2}, sides{8, 8}, sides{32, 32}),
                         [](const auto& test) {
                             return std::to_string(test.param.producers) + "_and_" +
                                    std::to_string(test.param.consumers);
                         });

// Threads asleep on both ends of every kind of waiting.
template <class Wait>
class shared_close : public testing::Test {};
TYPED_TEST_SUITE(shared_close, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(shared_close, wakes_every_producer_and_consumer_that_waits) {
    for (int round = 0; round < 5; ++round) {
        weir::mpmc_ring<int, TypeParam> full(1);
        weir::mpmc_ring<int, TypeParam> empty(1);
        ASSERT_TRUE(full.try_push(0));
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] { EXPECT_EQ(full.push(1), status::closed); });
            threads.emplace_back([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(round * 5));
        full.close();
        empty.close();
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(full.pop(), 0);
        EXPECT_EQ(full.pop(), std::nullopt);
    }
}

}  // namespace
