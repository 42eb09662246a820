// SPDX-License-Identifier: MIT
//
// Promises that other rings and queues were found to break, where no other test holds them. README.md beside this file
// lists all of them.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>

#include "test/support/sanitized.hpp"
#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {
std::atomic<long> blocks{0};           // that are allocated now
std::atomic<int> until_no_memory{-1};  // how many allocations succeed before one that does not; -1: all do
}  // namespace

#if WEIR_TEST_OWN_NEW
namespace {
[[gnu::noinline]] void* allocate(std::size_t bytes, std::size_t alignment) {
    void* memory = nullptr;
    if (until_no_memory < 0 || until_no_memory-- > 0) {
        memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    }
    if (memory == nullptr) {
#if defined(__cpp_exceptions)
        throw std::bad_alloc();
#else
        std::abort();
#endif
    }
    ++blocks;
    return memory;
}
[[gnu::noinline]] void deallocate(void* memory) {
    if (memory != nullptr) --blocks;
    std::free(memory);
}
}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }
#endif

namespace {

using weir::status;

struct spsc {
    template <class T>
    using ring = weir::spsc_ring<T>;
};
struct mpmc {
    template <class T>
    using ring = weir::mpmc_ring<T>;
};
struct strict {
    template <class T>
    using ring = weir::strict_mpmc_ring<T>;
};
struct kind_names {
    template <class Kind>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Kind, spsc>) return "spsc";
        if constexpr (std::is_same_v<Kind, mpmc>) return "mpmc";
        return "strict";
    }
};

template <class Kind>
class old_wounds : public testing::Test {};
using kinds = testing::Types<spsc, mpmc, strict>;
TYPED_TEST_SUITE(old_wounds, kinds, kind_names);

// UCX #10477: a stale tail, compared as a signed 32-bit number, let a producer overwrite what was not read yet.
// MPMCQueue #40: what counts the laps overflowed, and everybody waited for ever.
TYPED_TEST(old_wounds, what_a_side_remembers_of_the_other_stays_right_past_every_width) {
    for (const int bits : {8, 16, 31, 32, 33, 62, 63, 64}) {
        for (const std::size_t capacity : {1U, 3U, 64U}) {
            const std::uint64_t edge = bits == 64 ? 0 : std::uint64_t{1} << bits;
            typename TypeParam::template ring<int> ring(capacity, {edge - 2 * capacity - 1});
            for (int lap = 0; lap < 5; ++lap) {
                int pushed = 0;
                while (ring.try_push(pushed)) ++pushed;
                ASSERT_EQ(pushed, static_cast<int>(capacity)) << "at 2^" << bits;
                for (int i = 0; i < pushed; ++i) ASSERT_EQ(ring.try_pop(), i) << "at 2^" << bits;
                ASSERT_EQ(ring.try_pop(), std::nullopt);
            }
        }
    }
}

// MPMCQueue PR #2: the buffer leaked when its construction failed.
TYPED_TEST(old_wounds, a_ring_that_gets_no_memory_leaks_none) {
#if defined(__cpp_exceptions)
    if (!weir_test::own_new) GTEST_SKIP() << "the sanitizer keeps its own operator new";
    const long before = blocks;
    int failures = 0;
    for (bool made = false; !made; ++failures) {
        ASSERT_LT(failures, 100);
        until_no_memory = failures;
        try {
            const typename TypeParam::template ring<int> ring(1000);
            made = true;
        } catch (const std::bad_alloc&) {
            until_no_memory = -1;
            ASSERT_EQ(blocks, before) << "after " << failures << " allocations";
        }
        until_no_memory = -1;
    }
    EXPECT_GT(failures, 1) << "nothing was allocated: this has shown nothing";
    EXPECT_EQ(blocks, before);
#endif
}

/// Knows whether each of its numbers is alive, and how often one was destroyed while it was not.
class tracked {
public:
    static constexpr int numbers = 64;
    static inline std::array<std::atomic<int>, numbers> alive{};
    static inline std::atomic<int> wrong{0};

    explicit tracked(int number) : number_(number) { ++alive[static_cast<std::size_t>(number)]; }
    tracked(tracked&& other) noexcept : tracked(other.number_) {}
    tracked& operator=(tracked&&) noexcept = delete;
    ~tracked() {
        if (--alive[static_cast<std::size_t>(number_)] < 0) ++wrong;
    }

private:
    int number_;
};

// crossbeam #971, PR #1084, PR #1187: a close that met a receive left an element to be destroyed twice.
TYPED_TEST(old_wounds, an_element_is_destroyed_once_whatever_the_close_meets) {
    weir_test::numbers random(5);
    const std::uint64_t rounds = weir_test::rounds(4000);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        {
            typename TypeParam::template ring<tracked> ring(4, {std::uint64_t{0} - 20});
            weir_test::meeting meet(2);
            const int wanted = static_cast<int>(random.below(40));
            std::thread consumer([&] {
                meet();
                for (int i = 0; i < wanted && ring.pop(); ++i) {
                }
                ring.close();
            });
            meet();
            for (int i = 0; i < tracked::numbers && ring.push(tracked(i)); ++i) {
            }
            consumer.join();
            EXPECT_TRUE(ring.is_closed());
        }  // with what nobody took
        for (int i = 0; i < tracked::numbers; ++i) ASSERT_EQ(tracked::alive[static_cast<std::size_t>(i)], 0) << i;
        ASSERT_EQ(tracked::wrong, 0);
    }
}

// JCTools #297, #21: a size beyond the capacity, or below 0. JCTools #120: a batch beyond what there was room for.
TYPED_TEST(old_wounds, a_size_lies_within_the_capacity_whenever_somebody_looks) {
    constexpr std::size_t capacity = 5;
    typename TypeParam::template ring<int> ring(capacity, {std::uint64_t{0} - 1000});
    std::atomic<bool> over{false};
    std::atomic<int> wrong{0};
    std::atomic<int> looks{0};
    std::atomic<int> asked_for{0};  // by the consumer, before it pops: no fewer than were popped
    std::thread observer([&] {
        for (; !over; ++looks) {
            wrong += ring.size_approx() > capacity || ring.credits() > capacity;
        }
    });
    const auto items = static_cast<int>(weir_test::rounds(100'000));
    std::thread producer([&] {
        const std::array<int, 7> batch{};
        for (int sent = 0; sent < items || looks < 1000;) {
            const std::size_t pushed = ring.try_push_n(batch);
            sent += static_cast<int>(pushed);
            wrong += sent - asked_for > static_cast<int>(capacity);
            if (pushed == 0) std::this_thread::yield();
        }
        ring.close();
    });
    std::array<int, 7> out{};
    do {
        asked_for += 3;
    } while (ring.pop_n(std::span(out).first(3)) > 0);
    producer.join();
    over = true;
    observer.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_GE(looks, 1000);
}

// Rings that overwrite when they are full hand a reader what the producer is writing (ringbuf #21). These never do.
TYPED_TEST(old_wounds, a_full_ring_keeps_what_it_holds_however_often_it_is_pushed_to) {
    typename TypeParam::template ring<int> ring(3);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ring.try_push(i));
    const std::array<int, 2> more{7, 8};
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(ring.try_push(9), status::full);
        ASSERT_EQ(ring.try_push_n(more), 0U);
        ASSERT_EQ(ring.push_for(9, std::chrono::nanoseconds(1)), status::timeout);
    }
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ring.try_pop(), i);
    EXPECT_EQ(ring.try_pop(), std::nullopt);
}

}  // namespace
