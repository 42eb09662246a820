// SPDX-License-Identifier: MIT
//
// What storage::huge_pages asks of the kernel, whatever this machine has: mmap, munmap and madvise are this program's
// own.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "weir/ring.hpp"

namespace {

/// What the kernel was asked for, and how it answers.
struct kernel {
    bool has_huge_pages = false;
    bool has_memory = true;
    int populating = 0;                    // the errno of MADV_POPULATE_WRITE
    int writing = 0;                       // the errno of a write to the second page, by an older kernel
    std::vector<int> flags;                // of each mmap
    std::map<void*, std::size_t> mapped;   // and not unmapped
    std::map<void*, std::size_t> advised;  // MADV_HUGEPAGE
};
kernel* asked = nullptr;  // while it is a ring that asks

}  // namespace

extern "C" void* mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
    const auto map = [&](int how) {
        return reinterpret_cast<void*>(::syscall(SYS_mmap, at, bytes, protection, how, fd, offset));
    };
    if (asked == nullptr) return map(flags);
    asked->flags.push_back(flags);
    if (!asked->has_memory || ((flags & MAP_HUGETLB) != 0 && !asked->has_huge_pages)) {
        return errno = asked->has_memory ? ENODEV : ENOMEM, MAP_FAILED;
    }
    void* const memory = map(MAP_PRIVATE | MAP_ANONYMOUS);
    asked->mapped[memory] = bytes;
    return memory;
}

extern "C" int munmap(void* memory, std::size_t bytes) noexcept {
    if (asked != nullptr) {
        const auto found = asked->mapped.find(memory);
        EXPECT_TRUE(found != asked->mapped.end() && found->second == bytes) << "unmaps what was not mapped so";
        asked->mapped.erase(memory);
    }
    return static_cast<int>(::syscall(SYS_munmap, memory, bytes));
}

extern "C" int madvise(void* memory, std::size_t bytes, int advice) noexcept {
    if (asked == nullptr) return static_cast<int>(::syscall(SYS_madvise, memory, bytes, advice));
    if (advice == MADV_HUGEPAGE) asked->advised[memory] = bytes;
    if (advice == 23 && asked->populating == 0) {
        EXPECT_EQ(asked->mapped[memory], bytes);
        return 0;
    }
    return errno = advice == 23 ? asked->populating : EINVAL, -1;  // as a kernel without transparent huge pages
}

extern "C" ssize_t getrandom(void* to, std::size_t bytes, unsigned flags) {
    if (asked == nullptr) return ::syscall(SYS_getrandom, to, bytes, flags);
    EXPECT_EQ(bytes, 1U);
    const auto at = reinterpret_cast<std::uintptr_t>(to);
    const auto first = reinterpret_cast<std::uintptr_t>(asked->mapped.begin()->first);
    if (asked->writing != 0 && at != first) return errno = asked->writing, -1;
    *static_cast<char*>(to) = 0;
    return 1;
}

namespace {

constexpr std::size_t mib2 = std::size_t{2} << 20;
constexpr int ordinary = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr int in_huge_pages = ordinary | MAP_HUGETLB | 21 << 26;  // 21: MAP_HUGE_2MB

class huge_pages : public testing::Test {
protected:
    using ring_type = weir::spsc_ring<std::uint64_t, weir::wait::spin, weir::stats::off, weir::storage::huge_pages>;
    static constexpr std::size_t capacity = mib2 / 8 + 1;  // with its slots rounded up: two pages

    void SetUp() override { asked = &kernel_; }
    void TearDown() override { asked = nullptr; }

    kernel kernel_;
};

TEST_F(huge_pages, are_asked_for_populated_and_given_back) {
    kernel_.has_huge_pages = true;
    {
        ring_type ring(capacity);
        EXPECT_EQ(kernel_.flags, std::vector<int>{in_huge_pages});
        ASSERT_EQ(kernel_.mapped.size(), 1U);
        EXPECT_EQ(kernel_.mapped.begin()->second, 2 * mib2);
        EXPECT_TRUE(kernel_.advised.empty());
        EXPECT_EQ(ring.memory().error, 0);
        EXPECT_EQ(ring.memory().page_bytes, mib2);
        EXPECT_FALSE(ring.memory().degraded());
        EXPECT_TRUE(ring.try_push(1));
    }
    EXPECT_TRUE(kernel_.mapped.empty());
}

TEST_F(huge_pages, that_are_refused_are_replaced_by_others_with_advice_and_the_report_says_why) {
    {
        ring_type ring(capacity);
        EXPECT_EQ(kernel_.flags, (std::vector<int>{in_huge_pages, ordinary}));
        ASSERT_EQ(kernel_.mapped.size(), 1U);
        EXPECT_EQ(kernel_.mapped.begin()->second, 2 * mib2);
        EXPECT_EQ(kernel_.advised, kernel_.mapped);
        EXPECT_EQ(ring.memory().error, ENODEV);
        EXPECT_TRUE(ring.memory().degraded());
        EXPECT_NE(ring.memory().to_string().find("sysctl vm.nr_hugepages=2"), std::string::npos);
        EXPECT_TRUE(ring.try_push(1));
    }
    EXPECT_TRUE(kernel_.mapped.empty());
}

// What a cgroup's limit does: the mapping succeeds, and there are no pages for it.
TEST_F(huge_pages, that_are_promised_and_then_refused_are_given_back_and_replaced) {
    kernel_.has_huge_pages = true;
    for (const auto& [populating, writing] : {std::pair{EFAULT, 0}, std::pair{ENOMEM, 0}, std::pair{EINVAL, EFAULT}}) {
        kernel_.flags.clear();
        kernel_.populating = populating;
        kernel_.writing = writing;
        ring_type ring(capacity);
        EXPECT_EQ(kernel_.flags, (std::vector<int>{in_huge_pages, ordinary}));
        EXPECT_EQ(kernel_.mapped.size(), 1U) << "the mapping without pages was given back";
        EXPECT_EQ(ring.memory().error, writing != 0 ? writing : populating);
        EXPECT_TRUE(ring.memory().degraded());
        EXPECT_TRUE(ring.try_push(1));
    }
    EXPECT_TRUE(kernel_.mapped.empty());
}

TEST_F(huge_pages, of_an_older_kernel_are_tried_one_by_one) {
    kernel_.has_huge_pages = true;
    kernel_.populating = EINVAL;
    ring_type ring(capacity);
    EXPECT_EQ(ring.memory().error, 0);
    EXPECT_EQ(kernel_.flags, std::vector<int>{in_huge_pages});
}

TEST_F(huge_pages, are_as_many_as_the_slots_need_to_the_byte) {
    for (const std::size_t items : {std::size_t{1}, mib2 / 8 - 1, mib2 / 8}) {
        ring_type ring(items);
        ASSERT_EQ(kernel_.mapped.size(), 1U);
        EXPECT_EQ(kernel_.mapped.begin()->second, mib2) << items << " items";
    }
}

#if defined(__cpp_exceptions)
TEST_F(huge_pages, without_any_memory_end_in_bad_alloc) {
    kernel_.has_memory = false;
    EXPECT_THROW(ring_type ring(capacity), std::bad_alloc);
    EXPECT_EQ(kernel_.flags.size(), 2U);
}
#endif

}  // namespace
