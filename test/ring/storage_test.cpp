// SPDX-License-Identifier: MIT
//
// Where the slots live: what is allocated, how it is aligned, and what the kernel granted.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

#include "test/support/elements.hpp"
#include "test/support/sanitized.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/overflow_messages.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace {
int allocations = 0;
}  // namespace

#if WEIR_TEST_OWN_NEW
namespace {
// Out of line, both: else GCC matches malloc against delete and warns.
[[gnu::noinline]] void* allocate(std::size_t bytes, std::size_t alignment) {
    ++allocations;
#if defined(_WIN32)
    void* const memory = _aligned_malloc(bytes, alignment);
#else
    void* const memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
#endif
    if (memory == nullptr) std::abort();
    return memory;
}
#if defined(_WIN32)
[[gnu::noinline]] void deallocate(void* memory) { _aligned_free(memory); }
#else
[[gnu::noinline]] void deallocate(void* memory) { std::free(memory); }
#endif
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

using weir_test::aligned;

template <class Ring>
void use(Ring& ring) {
    using T = typename Ring::value_type;
    for (int lap = 0; lap < 5; ++lap) {
        while (ring.try_push(T(lap))) {
        }
        EXPECT_TRUE(ring.try_pop().has_value());
        auto slots = ring.try_reserve(1);
        slots.emplace(lap);
        slots.commit(1);
        EXPECT_EQ(ring.consume([](T&) {}), ring.capacity());
    }
}

TEST(storage, fixed_never_allocates) {
    const int before = allocations;
    weir::spsc_ring<int, weir::wait::park, weir::stats::off, weir::storage::fixed<10>> ring;
    EXPECT_EQ(ring.capacity(), 10u);
    use(ring);
    EXPECT_EQ(allocations, before);
}

TEST(storage, fixed_lives_inside_the_ring) {
    using ring_type = weir::spsc_ring<aligned<128>, weir::wait::park, weir::stats::off, weir::storage::fixed<3>>;
    const auto ring = std::make_unique<ring_type>();
    use(*ring);
    EXPECT_EQ(ring->memory().bytes, 4 * sizeof(aligned<128>)) << "slots are rounded up, the bound is not";
    EXPECT_GE(sizeof(ring_type), ring->memory().bytes);
    EXPECT_FALSE(aligned<128>::misplaced);
}

// Its default constructor is not explicit: else {} could not make the aggregate, nor an array of them.
template <class Ring>
struct holds {
    Ring ring;
    int more = 1;
};
template <class Ring>
void make_members() {
    const holds<Ring> member{};
    const std::array<Ring, 2> members{};
    EXPECT_EQ(member.ring.capacity(), members[1].capacity());
    EXPECT_EQ(member.more, 1);
}

TEST(storage, fixed_makes_a_ring_a_member_of_an_aggregate) {
    using weir::storage::fixed;
    make_members<weir::spsc_ring<int, fixed<3>>>();
    make_members<weir::mpmc_ring<int, fixed<3>>>();
    make_members<weir::strict_mpmc_ring<int, fixed<3>>>();
    make_members<weir::pull::spsc_ring<int, fixed<3>>>();
    make_members<weir::overflow_ring<int, weir::overflow::reject, fixed<3>>>();
    make_members<weir::broadcast_ring<int, fixed<3>>>();
    make_members<weir::spsc_message_ring<fixed<64>>>();
    make_members<weir::mpsc_message_ring<fixed<64>>>();
    make_members<weir::overflow_message_ring<weir::overflow::reject, fixed<64>>>();
}

// A ring of one item may have more slots than one; an item that overlapped what lies behind them would change the capacity.
template <template <class, class...> class Ring>
void expect_room_for_one_large_item() {
    using weir_test::big;
    using ring_type = Ring<big, weir::storage::fixed<1>>;
    const auto ring = std::make_unique<ring_type>();
    if constexpr (ring_type::has_credit_on_request) ring->request(weir::pull::unbounded);
    for (int lap = 0; lap < 5; ++lap) {
        EXPECT_EQ(ring->capacity(), 1U);
        ASSERT_EQ(ring->try_push(big(-1 - lap)), weir::status::success);
        ASSERT_EQ(ring->try_push(big(7)), weir::status::full);
        std::optional<big> item = ring->try_pop();
        ASSERT_TRUE(item.has_value());
        EXPECT_EQ(weir_test::number(*item), -1 - lap);
    }
}

TEST(storage, fixed_for_one_item_holds_a_large_one) {
    expect_room_for_one_large_item<weir::spsc_ring>();
    expect_room_for_one_large_item<weir::mpmc_ring>();
    expect_room_for_one_large_item<weir::strict_mpmc_ring>();
    expect_room_for_one_large_item<weir::pull::spsc_ring>();
    expect_room_for_one_large_item<weir::pull::mpmc_ring>();
    expect_room_for_one_large_item<weir::pull::strict_mpmc_ring>();
}

TEST(storage, heap_allocates_once_and_only_in_the_constructor) {
    const int before = allocations;
    weir::spsc_ring<int> ring(1000);
    const int after = allocations;
    if (weir_test::own_new) {
        EXPECT_EQ(after, before + 1);
    }
    use(ring);
    EXPECT_EQ(allocations, after);
    EXPECT_EQ(ring.memory().bytes, 1024 * sizeof(int));
    EXPECT_FALSE(ring.memory().degraded());
}

// What helps where huge pages were refused: `pages` of them.
std::string remedy([[maybe_unused]] int pages) {
#if defined(__linux__)
    return "reserve them with: sysctl vm.nr_hugepages=" + std::to_string(pages);
#else
    return "weir asks for huge pages on Linux alone";
#endif
}

TEST(storage, a_report_names_the_wanted_granted_and_refused_properties) {
    using weir::memory_report;
    EXPECT_EQ(memory_report{.bytes = 640}.to_string(), "640 bytes of ordinary memory");
    EXPECT_FALSE((memory_report{.bytes = 640, .error = 1}.degraded()));
    const memory_report granted{.bytes = 640, .page_bytes = 512, .huge_pages_wanted = true};
    EXPECT_EQ(granted.to_string(), "640 bytes in huge pages of 512 bytes");
    EXPECT_FALSE(granted.degraded());
    for (const std::size_t bytes : {513U, 640U, 1024U}) {
        const memory_report refused{.bytes = bytes, .page_bytes = 512, .huge_pages_wanted = true, .error = 1};
        EXPECT_TRUE(refused.degraded());
        EXPECT_EQ(refused.to_string(), "huge pages for " + std::to_string(bytes) + " bytes were refused (" +
                                           std::generic_category().message(1) + "), normal pages are used; " +
                                           remedy(2));
    }
}

TEST(storage, huge_pages_are_granted_or_the_report_says_why_not) {
    weir::spsc_ring<std::uint64_t, weir::wait::park, weir::stats::off, weir::storage::huge_pages> ring(100'000);
    use(ring);
    const weir::memory_report report = ring.memory();
    EXPECT_TRUE(report.huge_pages_wanted);
    EXPECT_EQ(report.bytes, (std::size_t{1} << 17) * sizeof(std::uint64_t));
    if (report.degraded()) {
        EXPECT_NE(report.error, 0);
        EXPECT_NE(report.to_string().find("were refused ("), std::string::npos) << report.to_string();
        EXPECT_NE(report.to_string().find(remedy(1)), std::string::npos) << report.to_string();
    } else {
        EXPECT_NE(report.to_string().find("in huge pages of 2097152 bytes"), std::string::npos) << report.to_string();
    }
}

TEST(storage, slots_share_no_line_with_strangers) {
    weir::spsc_ring<char> ring(3);
    auto slots = ring.try_reserve(1);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slots.first().data()) % weir::detail::separation_bytes, 0u);
}

constexpr std::size_t slots = 1024;

template <class Ring>
std::size_t slot_bytes() {
    const Ring ring(slots - 1);  // rounded up
    EXPECT_EQ(ring.memory().bytes % slots, 0U);
    return ring.memory().bytes / slots;
}

TEST(storage, of_a_slot_of_spsc_is_the_element) {
    EXPECT_EQ(slot_bytes<weir::spsc_ring<char>>(), 1U);
    EXPECT_EQ(slot_bytes<weir::spsc_ring<std::uint64_t>>(), 8U);
    EXPECT_EQ(slot_bytes<weir::spsc_ring<weir_test::big>>(), sizeof(weir_test::big));
}

// A family of rings: an alias template of five parameters.
template <template <class, class...> class Ring>
void expect_an_element_and_a_counter() {
    using weir::storage::heap;
    using weir::wait::park;
    EXPECT_EQ((slot_bytes<Ring<std::uint64_t, park, weir::stats::off, heap, std::uint64_t>>()), 8U + 8U);
    EXPECT_EQ((slot_bytes<Ring<weir_test::big, park, weir::stats::off, heap, std::uint64_t>>()),
              sizeof(weir_test::big) + 8U);
    EXPECT_EQ((slot_bytes<Ring<aligned<64>, park, weir::stats::off, heap, std::uint64_t>>()), 2U * 64U)
        << "padded to the alignment of T";
    EXPECT_EQ((slot_bytes<Ring<std::uint32_t, park, weir::stats::off, heap, std::uint64_t>>()), 16U)
        << "padded to that of the counter";
    EXPECT_EQ((slot_bytes<Ring<std::uint32_t, park, weir::stats::off, heap, std::uint32_t>>()), 8U)
        << "a narrower one makes it smaller";
    EXPECT_EQ((slot_bytes<Ring<char, park, weir::stats::off, heap, std::uint16_t>>()), 4U);
}

TEST(storage, of_a_slot_of_the_shared_rings_is_the_element_and_a_counter) {
    expect_an_element_and_a_counter<weir::mpmc_ring>();
}

TEST(storage, of_a_slot_of_strict_is_the_element_a_counter_and_a_byte_and_threads_have_more) {
    constexpr std::size_t threads = 5;
    using strict = weir::strict_mpmc_ring<std::uint64_t, weir::max_threads<threads>>;
    EXPECT_EQ(strict(1000).memory().bytes, (slots + threads) * 24U);
    using strict_big = weir::strict_mpmc_ring<weir_test::big, weir::max_threads<threads>>;
    EXPECT_EQ(strict_big(8).memory().bytes, (8U + threads) * (sizeof(weir_test::big) + 16U));
}

}  // namespace
