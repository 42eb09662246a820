// SPDX-License-Identifier: MIT
//
// Which counter a tick_clock reads, and how, on an x86-64 processor with an invariant time stamp counter and on one
// without. The processor's answers are this program's own.
#if defined(__x86_64__)

#include <cpuid.h>
#include <gtest/gtest.h>
#include <x86intrin.h>

#include <chrono>

namespace {

struct made_up_processor {
    bool has_leaf = true;
    bool is_invariant = true;
    unsigned leaf_asked = 0;
    int plain_reads = 0;
    int ordered_reads = 0;
};
made_up_processor processor;

int answer_cpuid(unsigned leaf, unsigned* eax, unsigned* ebx, unsigned* ecx, unsigned* edx) {
    processor.leaf_asked = leaf;
    if (!processor.has_leaf) return 0;
    constexpr unsigned bit_8 = 0x100;
    // The other registers, and the other bits, say the opposite.
    *eax = *ebx = *ecx = processor.is_invariant ? 0 : ~0U;
    *edx = processor.is_invariant ? bit_8 : ~bit_8;
    return 1;
}
unsigned long long answer_rdtsc() {
    ++processor.plain_reads;
    return __builtin_ia32_rdtsc();
}
unsigned long long answer_rdtscp(unsigned* core) {
    ++processor.ordered_reads;
    *core = 0;
    return __builtin_ia32_rdtsc();
}

}  // namespace

#undef __get_cpuid
#undef __rdtsc
#undef __rdtscp
#define __get_cpuid answer_cpuid
#define __rdtsc answer_rdtsc
#define __rdtscp answer_rdtscp
#include "weir/clock.hpp"

namespace {

using weir::tick_clock;
using weir::tick_source;

tick_source source_of(made_up_processor one) {
    processor = one;
    const tick_clock clock{std::chrono::nanoseconds{1}};
    EXPECT_EQ(processor.leaf_asked, 0x80000007U);
    return clock.source();
}

TEST(tick_clock, reads_the_time_stamp_counter_exactly_where_the_processor_says_that_its_rate_is_constant) {
    EXPECT_EQ(source_of({.has_leaf = true, .is_invariant = true}), tick_source::tsc);
    EXPECT_EQ(source_of({.has_leaf = true, .is_invariant = false}), tick_source::steady_clock);
    EXPECT_EQ(source_of({.has_leaf = false}), tick_source::steady_clock);
}

TEST(tick_clock, reads_the_counter_by_the_instruction_that_waits_for_loads_only_where_that_is_asked_for) {
    processor = {};
    const tick_clock clock{std::chrono::nanoseconds{1}};
    EXPECT_GT(processor.plain_reads, 0) << "it was calibrated";
    EXPECT_EQ(processor.ordered_reads, 0);
    processor.plain_reads = 0;
    (void)clock.now();
    EXPECT_EQ(processor.plain_reads, 1);
    EXPECT_EQ(processor.ordered_reads, 0);
    (void)clock.now_after_loads();
    EXPECT_EQ(processor.plain_reads, 1);
    EXPECT_EQ(processor.ordered_reads, 1);
}

TEST(tick_clock, without_a_constant_counter_is_the_steady_clock) {
    processor = {.is_invariant = false};
    const tick_clock clock{std::chrono::seconds{1}};  // which it does not take: nothing is to be calibrated
    EXPECT_EQ(clock.ns_per_tick(), 1.0);
    const auto ns = [] {
        const std::chrono::nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(now.count());
    };
    const std::uint64_t before = ns();
    const std::uint64_t first = clock.now();
    const std::uint64_t second = clock.now_after_loads();
    EXPECT_LE(before, first);
    EXPECT_LE(first, second);
    EXPECT_LE(second, ns());
    EXPECT_EQ(processor.plain_reads + processor.ordered_reads, 0);
}

}  // namespace

#endif
