// SPDX-License-Identifier: MIT
//
// Slots in memory that the caller owns (storage::borrowed), and from an allocator (storage::allocated).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/forbidden.hpp"
#include "test/support/refusal.hpp"
#include "weir/overflow.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {

using weir_test::aligned;
using weir_test::counted;
using namespace weir;
using testing::HasSubstr;

struct highest {
    template <class T>
    std::size_t operator()(const T&) const {
        return 1;
    }
};

// Each kind of ring, with slots in the storage of a test's choice.
struct spsc {
    template <class T, class Storage>
    using ring = spsc_ring<T, wait::park, stats::off, Storage>;
};
struct mpmc {
    template <class T, class Storage>
    using ring = mpmc_ring<T, wait::park, stats::off, Storage>;
};
struct strict {
    template <class T, class Storage>
    using ring = strict_mpmc_ring<T, wait::park, stats::off, Storage, std::uint64_t, max_threads<3>>;
};
struct pull_spsc {
    template <class T, class Storage>
    using ring = pull::spsc_ring<T, wait::park, stats::off, Storage>;
};
struct pull_mpmc {
    template <class T, class Storage>
    using ring = pull::mpmc_ring<T, wait::park, stats::off, Storage>;
};
struct pull_strict {
    template <class T, class Storage>
    using ring = pull::strict_mpmc_ring<T, wait::park, stats::off, Storage, std::uint64_t, max_threads<3>>;
};
struct rejecting {
    template <class T, class Storage>
    using ring = overflow_ring<T, overflow::reject, wait::park, Storage>;
};
struct rejecting_many {
    template <class T, class Storage>
    using ring = overflow_ring<T, overflow::reject, wait::park, Storage, overflow::many_producers>;
};
struct shedding {
    template <class T, class Storage>
    using ring = overflow_ring<T, overflow::shed_lowest<3, highest>, wait::park, Storage>;
};

constexpr std::byte untouched{0xA5};

// Memory with a margin of known bytes on either side.
class margined {
public:
    explicit margined(std::size_t bytes, std::size_t alignment) : raw_(bytes + 2 * alignment + alignment, untouched) {
        void* first = raw_.data() + alignment;
        std::size_t space = raw_.size() - alignment;
        std::align(alignment, bytes, first, space);
        span_ = {static_cast<std::byte*>(first), bytes};
    }
    std::span<std::byte> span() const { return span_; }
    bool margins_are_untouched() const {
        for (const std::byte& b : raw_) {
            if (!(&b >= span_.data() && &b < span_.data() + span_.size()) && b != untouched) return false;
        }
        return true;
    }

private:
    std::vector<std::byte> raw_;
    std::span<std::byte> span_;
};

// Fills and empties the ring some times; answers how many items it took when it was empty.
template <class Ring>
std::size_t use(Ring& ring) {
    using T = typename Ring::value_type;
    if constexpr (Ring::has_credit_on_request) ring.request(pull::unbounded);
    std::size_t taken = 0;
    for (int lap = 0; lap < 5; ++lap) {
        std::size_t pushed = 0;
        for (; pushed < ring.capacity(); ++pushed) {
            EXPECT_TRUE(ring.push(T(static_cast<int>(pushed))));
        }
        for (taken = 0; auto item = ring.try_pop(); ++taken) {
            EXPECT_EQ(item->value, static_cast<int>(taken));
        }
        EXPECT_EQ(taken, pushed);
    }
    EXPECT_TRUE(ring.push(T(7))) << "one stays for the destructor";
    return taken;
}

template <class Kind>
class given_memory : public testing::Test {};
using kinds =
    testing::Types<spsc, mpmc, strict, pull_spsc, pull_mpmc, pull_strict, rejecting, rejecting_many, shedding>;
TYPED_TEST_SUITE(given_memory, kinds);

TYPED_TEST(given_memory, of_bytes_for_a_capacity_is_enough_and_nothing_else_is_written) {
    using ring_type = typename TypeParam::template ring<counted, storage::borrowed>;
    for (const std::size_t capacity : {1U, 2U, 3U, 8U, 100U}) {
        const margined memory(ring_type::bytes_for(capacity), ring_type::memory_alignment);
        {
            ring_type ring(capacity, memory.span());
            EXPECT_EQ(ring.capacity(), capacity);
            EXPECT_EQ(use(ring), capacity);
        }
        EXPECT_TRUE(memory.margins_are_untouched());
    }
    EXPECT_EQ(counted::alive, 0);
    EXPECT_EQ(counted::misuses, 0);
}

TYPED_TEST(given_memory, is_filled_with_as_many_slots_as_it_holds_when_no_capacity_is_given) {
    using ring_type = typename TypeParam::template ring<counted, storage::borrowed>;
    for (const std::size_t capacity : {16U, 64U}) {
        // Slots are a power of two: this holds `capacity`, and not twice as many.
        const margined memory(ring_type::bytes_for(2 * capacity) - 1, ring_type::memory_alignment);
        {
            ring_type ring(memory.span());
            EXPECT_EQ(ring.capacity(), capacity);
            EXPECT_EQ(use(ring), capacity);
        }
        EXPECT_TRUE(memory.margins_are_untouched());
    }
}

TYPED_TEST(given_memory, of_the_caller_is_used_without_an_allocation) {
    using ring_type = typename TypeParam::template ring<counted, storage::borrowed>;
    const margined memory(ring_type::bytes_for(8), ring_type::memory_alignment);
    const auto before = weir_test::allocator_calls.load();
    {
        ring_type ring(8, memory.span());
        use(ring);
    }
    EXPECT_EQ(weir_test::allocator_calls.load(), before);
}

#if defined(__cpp_exceptions)
using weir_test::refusal;

TYPED_TEST(given_memory, that_is_too_small_or_misaligned_is_refused_with_a_sentence) {
    using ring_type = typename TypeParam::template ring<counted, storage::borrowed>;
    const std::size_t bytes = ring_type::bytes_for(8);
    const margined memory(bytes + 1, ring_type::memory_alignment);
    EXPECT_EQ(refusal([&] { ring_type ring(8, memory.span().first(bytes - 1)); }),
              "weir: a ring of capacity 8 needs " + std::to_string(bytes) + " bytes for its slots, and the span has " +
                  std::to_string(bytes - 1) + "; give it bytes_for(capacity) bytes, or choose a smaller capacity");
    EXPECT_EQ(refusal([&] { ring_type ring(8, memory.span().subspan(1)); }),
              "weir: the span for the slots of a ring begins 1 bytes past a multiple of " +
                  std::to_string(ring_type::memory_alignment) +
                  "; declare the memory with alignas(memory_alignment) of the ring");
    EXPECT_THAT(refusal([&] { ring_type ring(memory.span().subspan(1)); }),
                HasSubstr("begins 1 bytes past a multiple of"));
    EXPECT_THAT(refusal([&] { ring_type ring(memory.span().first(3)); }), HasSubstr("and the span has 3; give it"));
    EXPECT_THAT(refusal([&] { ring_type ring(std::span<std::byte>{}); }), HasSubstr("and the span has 0; give it"));
    EXPECT_THAT(refusal([&] { ring_type ring(0, memory.span()); }),
                HasSubstr("a ring of capacity 0 is impossible; choose 1 to"));
}
#endif

TEST(given_memory, is_measured_by_the_documented_formula) {
    using wide = aligned<64>;
    EXPECT_EQ((spsc::ring<std::uint64_t, storage::borrowed>::bytes_for(1000)), 1024U * 8);
    EXPECT_EQ((mpmc::ring<std::uint64_t, storage::borrowed>::bytes_for(1000)), 1024U * 16);
    EXPECT_EQ((mpmc::ring<std::uint64_t, storage::borrowed>::bytes_for(1)), 2U * 16);
    EXPECT_EQ((mpmc::ring<wide, storage::borrowed>::bytes_for(4)), 4U * 128);
    EXPECT_EQ((strict::ring<std::uint64_t, storage::borrowed>::bytes_for(1000)), (1024U + 3) * 24);
    EXPECT_EQ((strict::ring<std::uint64_t, storage::borrowed>::bytes_for(1)), 128U + 3 * 24);
    EXPECT_EQ((spsc::ring<aligned<256>, storage::borrowed>::memory_alignment), 256U);
}

/// Calls `during` once when it is built from a number.
struct interrupted {
    explicit interrupted(int v) noexcept : value(v) {
        if (during) std::exchange(during, nullptr)();
    }
    int value;
    static inline std::function<void()> during;
};

// A push that finds its position's own place taken, by one that it came in the midst of, builds in a spare place.
TEST(given_memory, has_the_spare_places_of_a_strict_ring_behind_its_slots) {
    using ring_type = strict::ring<interrupted, storage::borrowed>;
    for (const std::size_t capacity : {2U, 3U, 5U, 33U, 100U}) {
        SCOPED_TRACE(capacity);
        const margined memory(ring_type::bytes_for(capacity), ring_type::memory_alignment);
        {
            ring_type ring(capacity, memory.span());
            for (int lap = 0; lap < 5; ++lap) {
                int next = 0;
                while (ring.size_approx() + 2 <= capacity && !HasFailure()) {
                    interrupted::during = [&] { EXPECT_TRUE(ring.try_emplace(next)); };
                    EXPECT_TRUE(ring.try_emplace(next + 1));
                    next += 2;
                }
                if (ring.try_emplace(next)) ++next;
                ASSERT_EQ(next, static_cast<int>(capacity));
                for (int i = 0; i < next; ++i) ASSERT_EQ(ring.try_pop().value_or(interrupted(-1)).value, i);
            }
        }
        EXPECT_TRUE(memory.margins_are_untouched());
    }
}

TEST(given_memory, of_a_narrow_counter_is_not_filled_beyond_its_range) {
    using ring_type = spsc_ring<char, wait::park, stats::off, storage::borrowed, std::uint8_t>;
    const margined memory(4096, ring_type::memory_alignment);
    ring_type ring(memory.span());
    EXPECT_EQ(ring.capacity(), 127U);
}

TEST(given_memory, may_go_with_a_start_and_with_grants) {
    using ring_type = pull::spsc_ring<int, wait::park, stats::off, storage::borrowed>;
    const margined memory(ring_type::bytes_for(8), ring_type::memory_alignment);
    {
        ring_type ring(8, memory.span(), pull::grant_every{4}, start_at{254});
        ring.request(8);
        EXPECT_TRUE(ring.try_push(1));
    }
    ring_type ring(memory.span(), pull::grant_every{4});
    EXPECT_EQ(ring.try_push(1), status::no_credit);
}

// Counts, and begins its blocks as badly aligned as the standard allows.
struct counts {
    int blocks = 0;
    std::size_t bytes = 0;
};
template <class T>
struct misaligning {
    using value_type = T;
    counts* told;

    explicit misaligning(counts& c) : told(&c) {}
    template <class U>
    misaligning(const misaligning<U>& other) : told(other.told) {}

    T* allocate(std::size_t n) {
        ++told->blocks;
        told->bytes += n * sizeof(T);
        char* const block = static_cast<char*>(std::aligned_alloc(4096, 8192 + n * sizeof(T) / 4096 * 4096));
        return reinterpret_cast<T*>(block + alignof(std::max_align_t));
    }
    void deallocate(T* block, std::size_t n) {
        --told->blocks;
        told->bytes -= n * sizeof(T);
        std::free(reinterpret_cast<char*>(block) - alignof(std::max_align_t));
    }
    friend bool operator==(const misaligning&, const misaligning&) = default;
};

TYPED_TEST(given_memory, from_an_allocator_is_aligned_and_goes_back_to_it) {
    using ring_type = typename TypeParam::template ring<aligned<256>, storage::allocated<misaligning<char>>>;
    counts told;
    {
        ring_type ring(5, misaligning<char>(told));
        EXPECT_GE(told.blocks, 1);
        EXPECT_GE(told.bytes, ring_type::bytes_for(5));
        const int blocks = told.blocks;
        EXPECT_EQ(use(ring), 5U);
        EXPECT_EQ(told.blocks, blocks) << "nothing is allocated after construction";
    }
    EXPECT_EQ(told.blocks, 0);
    EXPECT_EQ(told.bytes, 0U);
    EXPECT_FALSE(aligned<256>::misplaced);
}

TYPED_TEST(given_memory, may_come_from_a_pmr_resource_or_a_default_constructed_allocator) {
    using ring_type = typename TypeParam::template ring<counted, storage::allocated<std::pmr::polymorphic_allocator<>>>;
    const margined memory(64 * 1024, 128);
    std::pmr::monotonic_buffer_resource resource(memory.span().data(), memory.span().size(),
                                                 std::pmr::null_memory_resource());
    {
        ring_type ring(100, &resource);
        EXPECT_EQ(use(ring), 100U);
    }
    {
        ring_type ring(100);
        EXPECT_EQ(use(ring), 100U);
    }
    EXPECT_TRUE(memory.margins_are_untouched());
    EXPECT_EQ(counted::alive, 0);
}

/// All of one class.
struct of_class_0 {
    std::size_t operator()(int) const { return 0; }
};

// The bytes of eight classes with the most slots are more than can be counted.
TEST(given_memory_of_classes, is_not_too_small_for_the_largest_capacity) {
    using ring_type = weir::overflow_ring<int, weir::overflow::shed_lowest<8, of_class_0>, storage::borrowed>;
    EXPECT_GT(ring_type::bytes_for(ring_type::most_capacity), ring_type::most_capacity);
    alignas(ring_type::memory_alignment) static std::byte memory[4096];
    EXPECT_THROW(ring_type(ring_type::most_capacity, std::span(memory)), std::invalid_argument);
    EXPECT_THROW(ring_type(ring_type::most_capacity + 1, std::span(memory)), std::invalid_argument);
    EXPECT_NO_THROW(ring_type(2, std::span(memory)));
}

}  // namespace
