// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <limits>
#include <new>
#include <string>
#include <system_error>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace weir {

/// What kind of memory a ring got for its slots.
struct memory_report {
    std::size_t bytes = 0;           ///< size of the slots
    std::size_t page_bytes = 0;      ///< page size that the kernel granted, 0 where weir did not ask the kernel
    bool huge_pages_wanted = false;  ///< storage::huge_pages was chosen
    int error = 0;                   ///< errno with which the kernel refused huge pages, 0 if it did not

    bool degraded() const noexcept { return huge_pages_wanted && error != 0; }

    /// One sentence for a log.
    std::string to_string() const {
        if (!huge_pages_wanted) return std::to_string(bytes) + " bytes of ordinary memory";
        if (error == 0) return std::to_string(bytes) + " bytes in huge pages of " + std::to_string(page_bytes) + " bytes";
        return "huge pages for " + std::to_string(bytes) + " bytes were refused (" +
               std::generic_category().message(error) +
               "), normal pages are used; reserve them with: sysctl vm.nr_hugepages=" +
               std::to_string((bytes + page_bytes - 1) / page_bytes);
    }
};

namespace storage {

/// Slots on the heap, allocated once, in the constructor.
struct heap {};

/// Slots inside the ring object: no allocation at all. The capacity is N.
template <std::size_t N>
struct fixed {
    static_assert(N >= 1, "weir: storage::fixed<0> has no room for an item; the least capacity is 1");
};

/// Slots in explicitly reserved huge pages (Linux hugetlbfs pages of 2 MiB or the system's default size), which spares
/// a large ring its TLB misses. Where the kernel refuses, normal pages are used and `memory()` of the ring says so.
struct huge_pages {};

}  // namespace storage

namespace detail {

/// Writes to every page, so that no push is the first to touch one: a page fault costs thousands of pushes. On a NUMA
/// machine the pages come from the node of the constructing thread.
inline void touch_pages(void* memory, std::size_t bytes) noexcept {
    constexpr std::size_t page = 4096;
    auto* const first = static_cast<volatile std::byte*>(memory);
    for (std::size_t i = 0; i < bytes; i += page) first[i] = std::byte{0};
}

/// Slots start on a separation boundary, so that the first and last of them share no line with a stranger.
template <class T>
inline constexpr std::size_t slot_alignment = std::max(alignof(T), separation_bytes);

/// The most slots whose bytes can be counted and addressed, a power of two.
template <class T>
inline constexpr std::size_t most_slots = std::bit_floor(std::numeric_limits<std::size_t>::max() / 2 / sizeof(T));

/// The capacity if it is possible for slots of this kind that are numbered by a Counter: below half its range, so that
/// every difference has one meaning, and no more than can be addressed.
template <class Slot, std::unsigned_integral Counter>
std::size_t checked_capacity(std::size_t capacity) {
    constexpr int bits = std::min(std::numeric_limits<Counter>::digits, std::numeric_limits<std::size_t>::digits);
    constexpr std::size_t most = std::min((std::size_t{1} << (bits - 1)) - 1, most_slots<Slot>);
    if (capacity < 1 || capacity > most) {
        reject_argument("a ring of capacity " + std::to_string(capacity) + " is impossible; choose 1 to " +
                        std::to_string(most));
    }
    return capacity;
}

/// How many items are taken at a time in consume(): a few lines, so that the other side does not wait for the last.
template <class T>
inline constexpr std::size_t most_items_at_once = std::max<std::size_t>(1, 16 * cache_line_bytes / sizeof(T));

/// Raw, suitably aligned memory for at most most_slots<T> slots. Knows nothing of which of them hold an element.
template <class T, class Storage>
class slot_memory;

template <class T>
class slot_memory<T, storage::heap> {
public:
    explicit slot_memory(std::size_t slots)
        : bytes_(slots * sizeof(T)),
          data_(static_cast<T*>(::operator new(bytes_, std::align_val_t{slot_alignment<T>}))) {
        touch_pages(data_, bytes_);
    }
    ~slot_memory() { ::operator delete(data_, std::align_val_t{slot_alignment<T>}); }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() const noexcept { return data_; }
    memory_report report() const noexcept { return {.bytes = bytes_}; }

private:
    std::size_t bytes_;
    T* data_;
};

template <class T, std::size_t N>
class slot_memory<T, storage::fixed<N>> {
public:
    explicit slot_memory(std::size_t) noexcept { touch_pages(bytes_, sizeof bytes_); }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() noexcept { return reinterpret_cast<T*>(bytes_); }
    memory_report report() const noexcept { return {.bytes = sizeof bytes_}; }

private:
    alignas(slot_alignment<T>) std::byte bytes_[std::bit_ceil(N) * sizeof(T)];
};

template <class T>
class slot_memory<T, storage::huge_pages> {
    static_assert(alignof(T) <= 4096, "weir: storage::huge_pages aligns to 4096 bytes, which is less than this type needs");

public:
    explicit slot_memory(std::size_t slots) {
        const std::size_t bytes = slots * sizeof(T);
        report_ = {.bytes = bytes, .page_bytes = huge_page_bytes, .huge_pages_wanted = true};
#if defined(__linux__)
        mapped_ = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
        constexpr int size_2mib = 21 << 26;  // MAP_HUGE_2MB: log2 of the page size above bit 26
        constexpr int base = MAP_PRIVATE | MAP_ANONYMOUS;
        data_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, base | MAP_HUGETLB | size_2mib | MAP_POPULATE, -1, 0);
        if (data_ != MAP_FAILED) return;
        report_.error = errno;
        data_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, base, -1, 0);
        if (data_ == MAP_FAILED) out_of_memory();
        // Second best where the system allows it: transparent huge pages. Advice, so its refusal is no news.
        (void)::madvise(data_, mapped_, MADV_HUGEPAGE);
        touch_pages(data_, mapped_);
#else
        report_.error = ENOTSUP;
        mapped_ = bytes;
        data_ = ::operator new(bytes, std::align_val_t{4096});
#endif
    }
    ~slot_memory() {
#if defined(__linux__)
        ::munmap(data_, mapped_);
#else
        ::operator delete(data_, std::align_val_t{4096});
#endif
    }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() const noexcept { return static_cast<T*>(data_); }
    memory_report report() const noexcept { return report_; }

private:
    static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

    [[noreturn]] static void out_of_memory() {
#if defined(__cpp_exceptions)
        throw std::bad_alloc();
#else
        abort_with("out of memory for the slots of a ring");
#endif
    }

    void* data_ = nullptr;
    std::size_t mapped_ = 0;
    memory_report report_;
};

/// The capacity that a storage dictates, or 0 where the constructor is told.
template <class Storage>
inline constexpr std::size_t fixed_capacity = 0;
template <std::size_t N>
inline constexpr std::size_t fixed_capacity<storage::fixed<N>> = std::max<std::size_t>(N, 1);

}  // namespace detail
}  // namespace weir
