// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <system_error>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/random.h>
#endif

namespace weir {

/// What kind of memory a ring got for its slots.
struct memory_report {
    std::size_t bytes = 0;           ///< size of the slots
    std::size_t page_bytes = 0;      ///< size of the huge pages asked for, 0 if none were; granted if `error` is 0
    bool huge_pages_wanted = false;  ///< storage::huge_pages was chosen
    int error = 0;                   ///< errno with which the kernel refused huge pages, 0 if it did not

    bool degraded() const noexcept { return huge_pages_wanted && error != 0; }

    /// One sentence for a log.
    std::string to_string() const {
        if (!huge_pages_wanted) return std::to_string(bytes) + " bytes of ordinary memory";
        if (error == 0)
            return std::to_string(bytes) + " bytes in huge pages of " + std::to_string(page_bytes) + " bytes";
        return "huge pages for " + std::to_string(bytes) + " bytes were refused (" +
               std::generic_category().message(error) + "), normal pages are used; " +
#if defined(__linux__)
               "reserve them with: sysctl vm.nr_hugepages=" + std::to_string((bytes + page_bytes - 1) / page_bytes);
#else
               "weir asks for huge pages on Linux alone";
#endif
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

/// Slots in explicitly reserved huge pages (Linux hugetlbfs, 2 MiB), which spares a large ring its TLB misses. Where the kernel
/// refuses, and on other systems, normal pages are used and `memory()` of the ring says so.
struct huge_pages {};

/// Slots in memory that the caller owns and passes to the constructor as a span. No allocation at all. The ring overwrites the
/// memory, which must outlive it and serve nothing else until then. Only the slots are there: the counters are in the ring
/// object, so that processes cannot share a ring by sharing the span.
struct borrowed {};

/// Slots from an allocator: allocated in the constructor, which takes a copy of the allocator or default-constructs one, and
/// returned by the destructor. Any standard allocator, among them std::pmr::polymorphic_allocator. It need not support
/// over-aligned types: the ring asks for some bytes more and aligns the slots itself.
template <class Allocator>
struct allocated {};

}  // namespace storage

namespace detail {

/// Writes to every page, so that no push is the first to touch one: a page fault costs thousands of pushes. On a NUMA
/// machine the pages come from the node of the constructing thread.
inline void touch_pages(void* memory, std::size_t bytes) noexcept {
    constexpr std::size_t page = 4096;
    auto* const first = static_cast<volatile std::byte*>(memory);
    for (std::size_t i = 0; i < bytes; i += page) first[i] = std::byte{0};
    if (bytes > 0) first[bytes - 1] = std::byte{0};  // memory that is not aligned to pages ends on one more
}

/// Slots start on a separation boundary, so that the first and last of them share no line with a stranger.
template <class T>
inline constexpr std::size_t slot_alignment = std::max(alignof(T), separation_bytes);

/// The most slots whose bytes can be counted and addressed, a power of two.
template <class T>
inline constexpr std::size_t most_slots = std::bit_floor(std::numeric_limits<std::size_t>::max() / 2 / sizeof(T));

/// The largest capacity for slots of this kind that are numbered by a Counter: below half its range, so that every
/// difference has one meaning, and no more than can be addressed.
template <class Slot, std::unsigned_integral Counter>
inline constexpr std::size_t most_capacity =
    static_cast<std::size_t>(std::min<std::uintmax_t>(std::numeric_limits<Counter>::max() / 2, most_slots<Slot>));

/// The capacity, if it is possible; else `refuse` gets a sentence.
template <class Refuse>
std::size_t checked_capacity(std::size_t capacity, std::size_t most, Refuse refuse) {
    if (capacity < 1 || capacity > most) {
        refuse("a ring of capacity " + std::to_string(capacity) + " is impossible; choose 1 to " + std::to_string(most));
    }
    return capacity;
}
inline std::size_t checked_capacity(std::size_t capacity, std::size_t most) {
    return checked_capacity(capacity, most, [](const std::string& sentence) { reject_argument(sentence); });
}

/// The capacity, if it is possible.
template <class Slot, std::unsigned_integral Counter>
std::size_t checked_capacity(std::size_t capacity) {
    return checked_capacity(capacity, most_capacity<Slot, Counter>);
}

/// `bytes` rounded up, so that what follows starts where slots of this kind may.
template <class Slot>
constexpr std::size_t whole_lines(std::size_t bytes) noexcept {
    return (bytes + slot_alignment<Slot> - 1) / slot_alignment<Slot> * slot_alignment<Slot>;
}

/// What a ring's constructor takes to get memory for its slots: nothing, a span or an allocator.
struct no_source {};
template <class Storage>
struct source_of {
    using type = no_source;
};
template <>
struct source_of<storage::borrowed> {
    using type = std::span<std::byte>;
};
template <class Allocator>
struct source_of<storage::allocated<Allocator>> {
    using type = Allocator;
};
template <class Storage>
using memory_source = typename source_of<Storage>::type;

/// `Ring`, a ring or the core of one, needs a span ...
template <class Ring>
concept borrows_memory = std::same_as<typename Ring::memory_source, std::span<std::byte>>;
/// ... or takes an allocator.
template <class Ring>
concept takes_allocator = !borrows_memory<Ring> && !std::same_as<typename Ring::memory_source, no_source>;

/// Returns `from`. Rejects a span that is too small for a ring of this capacity, or misaligned.
template <class Ring, class Source>
const Source& checked_source(std::size_t capacity, const Source& from) {
    if constexpr (borrows_memory<Ring>) {
        const std::size_t bytes = Ring::bytes_for(checked_capacity(capacity, Ring::most_capacity));
        if (from.size() < bytes) {
            reject_argument("a ring of capacity " + std::to_string(capacity) + " needs " + std::to_string(bytes) +
                            " bytes for its slots, and the span has " + std::to_string(from.size()) +
                            "; give it bytes_for(capacity) bytes, or choose a smaller capacity");
        }
        if (const auto past = reinterpret_cast<std::uintptr_t>(from.data()) % Ring::memory_alignment; past != 0) {
            reject_argument("the span for the slots of a ring begins " + std::to_string(past) +
                            " bytes past a multiple of " + std::to_string(Ring::memory_alignment) +
                            "; declare the memory with alignas(memory_alignment) of the ring");
        }
    }
    return from;
}

/// The capacity of the largest ring whose slots fit into the span.
template <class Ring>
std::size_t capacity_within(std::span<std::byte> memory) {
    if (memory.size() < Ring::bytes_for(1)) {
        reject_argument("a ring of capacity 1 needs " + std::to_string(Ring::bytes_for(1)) +
                        " bytes for its slots, and the span has " + std::to_string(memory.size()) +
                        "; give it bytes_for(capacity) bytes");
    }
    std::size_t capacity = 1;  // the slots are a power of two, so the largest capacity is one, too
    while (capacity < Ring::most_capacity && Ring::bytes_for(2 * capacity) <= memory.size()) capacity *= 2;
    return std::min(capacity, Ring::most_capacity);
}

/// How many items are taken at a time in consume(): a few lines, so that the other side does not wait for the last.
template <class T>
inline constexpr std::size_t most_items_at_once = std::max<std::size_t>(1, 16 * cache_line_bytes / sizeof(T));

/// Where the system has no memory for slots.
[[noreturn]] inline void out_of_memory() {
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    abort_with("out of memory for the slots of a ring");
#endif
}

/// Raw, suitably aligned memory for at most most_slots<T> slots. Knows nothing of which of them hold an element.
template <class T, class Storage>
class slot_memory;

template <class T>
class slot_memory<T, storage::heap> {
public:
    explicit slot_memory(std::size_t slots, no_source = {})
        : bytes_(slots * sizeof(T)),
          data_(static_cast<T*>(::operator new(bytes_, std::align_val_t{slot_alignment<T>}))) {
        detail::touch_pages(data_, bytes_);
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
    explicit slot_memory(std::size_t, no_source = {}) noexcept { detail::touch_pages(bytes_, sizeof bytes_); }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() noexcept { return reinterpret_cast<T*>(bytes_); }
    memory_report report() const noexcept { return {.bytes = sizeof bytes_}; }

private:
    alignas(slot_alignment<T>) std::byte bytes_[std::bit_ceil(N) * sizeof(T)];
};

template <class T>
class slot_memory<T, storage::huge_pages> {
    static_assert(alignof(T) <= 4096,
                  "weir: storage::huge_pages aligns to 4096 bytes, which is less than this type needs");

public:
    explicit slot_memory(std::size_t slots, no_source = {}) {
        const std::size_t bytes = slots * sizeof(T);
        report_ = {.bytes = bytes, .page_bytes = huge_page_bytes, .huge_pages_wanted = true};
#if defined(__linux__)
        mapped_ = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
        constexpr int size_2mib = 21 << 26;  // MAP_HUGE_2MB: log2 of the page size above bit 26
        constexpr int base = MAP_PRIVATE | MAP_ANONYMOUS;
        data_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, base | MAP_HUGETLB | size_2mib, -1, 0);
        report_.error = data_ != MAP_FAILED ? why_not_there(data_, mapped_) : errno;
        if (report_.error == 0) return;
        if (data_ != MAP_FAILED) ::munmap(data_, mapped_);
        data_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, base, -1, 0);
        if (data_ == MAP_FAILED) out_of_memory();
        // Second best where the system allows it: transparent huge pages. Failure is ignored: it is only advice.
        (void)::madvise(data_, mapped_, MADV_HUGEPAGE);
        detail::touch_pages(data_, mapped_);
#else
        report_.error = ENOTSUP;
        mapped_ = bytes;
        data_ = ::operator new(bytes, std::align_val_t{4096});
        detail::touch_pages(data_, mapped_);
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

#if defined(__linux__)
    // Makes the pages exist, and returns 0, or the errno that says why they cannot. A mapping is a promise that a cgroup's limit may
    // break: then the first access to a page would end the process with SIGBUS.
    static int why_not_there(void* memory, std::size_t bytes) noexcept {
        constexpr int populate_write = 23;  // MADV_POPULATE_WRITE, Linux 5.14
        if (::madvise(memory, bytes, populate_write) == 0) return 0;
        if (errno != EINVAL) return errno;
        // An older kernel. A system call that writes to a page that cannot exist fails instead.
        for (std::size_t at = 0; at < bytes; at += huge_page_bytes) {
            if (::getrandom(static_cast<std::byte*>(memory) + at, 1, GRND_NONBLOCK) != 1) return errno;
        }
        return 0;
    }
#endif

    void* data_ = nullptr;
    std::size_t mapped_ = 0;
    memory_report report_;
};

template <class T>
class slot_memory<T, storage::borrowed> {
public:
    /// `memory` has room for the slots and is aligned for them: see checked_source().
    slot_memory(std::size_t slots, std::span<std::byte> memory) noexcept : memory_(memory.first(slots * sizeof(T))) {
        detail::touch_pages(memory_.data(), memory_.size());
    }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() const noexcept { return reinterpret_cast<T*>(memory_.data()); }
    memory_report report() const noexcept { return {.bytes = memory_.size()}; }

private:
    std::span<std::byte> memory_;
};

template <class T, class Allocator>
class slot_memory<T, storage::allocated<Allocator>> {
    // An alignment that every allocator supports; the constructor aligns the slots within the block.
    struct alignas(std::max_align_t) unit {
        std::byte bytes[alignof(std::max_align_t)];
    };
    using allocator_type = typename std::allocator_traits<Allocator>::template rebind_alloc<unit>;
    using allocator = std::allocator_traits<allocator_type>;

public:
    slot_memory(std::size_t slots, const Allocator& from)
        : allocator_(from),
          bytes_(slots * sizeof(T)),
          units_((bytes_ + slot_alignment<T>) / sizeof(unit) + 1),
          memory_(allocator::allocate(allocator_, units_)) {
        std::size_t space = units_ * sizeof(unit);
        void* first = std::to_address(memory_);
        data_ = static_cast<T*>(std::align(slot_alignment<T>, bytes_, first, space));
        detail::touch_pages(data_, bytes_);
    }
    ~slot_memory() { allocator::deallocate(allocator_, memory_, units_); }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() const noexcept { return data_; }
    memory_report report() const noexcept { return {.bytes = bytes_}; }

private:
    [[no_unique_address]] allocator_type allocator_;
    std::size_t bytes_;
    std::size_t units_;
    typename allocator::pointer memory_;
    T* data_ = nullptr;
};

/// The capacity that a storage fixes, or 0 where it is an argument of the constructor.
template <class Storage>
inline constexpr std::size_t fixed_capacity = 0;
template <std::size_t N>
inline constexpr std::size_t fixed_capacity<storage::fixed<N>> = std::max<std::size_t>(N, 1);

}  // namespace detail
}  // namespace weir
