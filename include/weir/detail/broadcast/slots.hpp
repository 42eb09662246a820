// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/detail/base/copied_words.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/memory/storage.hpp"

namespace weir::detail {

/// Whether readers copy items to the stack. Larger ones they copy to memory that they allocate when they join.
template <class T>
inline constexpr bool fits_stack = sizeof(T) <= 4096;

/// Where a reader copies items to, `most` at a time.
template <class T, bool OnStack = fits_stack<T>>
class copies_of {
public:
    static constexpr std::size_t most = std::clamp<std::size_t>(1024 / sizeof(T), 1, 16);

    class room {
    public:
        void put(std::size_t i, const copied_words<T>& words) noexcept { items_[i].emplace(words.read()); }
        const T& operator[](std::size_t i) const noexcept { return items_[i].value(); }

    private:
        std::array<std::optional<T>, most> items_;
    };
    static room get() noexcept { return {}; }
};
template <class T>
class copies_of<T, false> {
public:
    static constexpr std::size_t most = 1;

    void put(std::size_t, const copied_words<T>& words) noexcept { words.read_to(memory_.get()); }
    const T& operator[](std::size_t) const noexcept { return *std::launder(static_cast<const T*>(memory_.get())); }
    copies_of& get() noexcept { return *this; }

private:
    struct deleter {
        void operator()(void* memory) const noexcept { ::operator delete(memory, std::align_val_t{alignof(T)}); }
    };
    std::unique_ptr<void, deleter> memory_{::operator new(sizeof(T), std::align_val_t{alignof(T)})};
};
struct no_copies {};

/// The slots of a broadcast ring whose items may be overwritten while lossy readers copy them.
template <class T>
class word_slots {
public:
    using slot = copied_words<T>;
    using copies = copies_of<T>;
    static constexpr bool can_be_overtaken = true;

    word_slots(slot* first, std::size_t capacity) noexcept : first_(first), mask_(std::bit_ceil(capacity) - 1) {}

    void construct() noexcept {
        for (std::size_t i = 0; i <= mask_; ++i) std::construct_at(first_ + i);
    }
    void destroy(std::uint64_t, std::uint64_t) noexcept { std::destroy_n(first_, mask_ + 1); }

    void put(std::uint64_t position, bool, const T& item) noexcept { first_[position & mask_].write(item); }
    const slot& at(std::uint64_t position) const noexcept { return first_[position & mask_]; }
    /// Calls `visit(item)`, for a gated reader.
    template <class F>
    void visit(std::uint64_t position, F& f, [[maybe_unused]] copies& to) const {
        if constexpr (fits_stack<T>) {
            const T item = at(position).read();
            f(item);
        } else {
            to.put(0, at(position));
            f(to[0]);
        }
    }

    /// Asks for the lines of the slots `begin` to `end` on from `position`.
    template <bool Write>
    void prefetch(std::uint64_t position, std::uint64_t begin, std::uint64_t end) const noexcept {
        detail::prefetch_slots<Write>(first_, mask_, position, begin, end);
    }
    static constexpr std::uint64_t portion = slots_of_portion<slot>;

    std::uint64_t count() const noexcept { return mask_ + 1; }

private:
    slot* first_;
    std::uint64_t mask_;
};

/// The slots of a broadcast ring of any T: objects, which gated readers visit in place.
template <class T>
class object_slots {
public:
    union slot {
        slot() noexcept {}
        ~slot() {}
        T item;
    };
    using copies = no_copies;
    static constexpr bool can_be_overtaken = false;

    object_slots(slot* first, std::size_t capacity) noexcept : first_(first), mask_(std::bit_ceil(capacity) - 1) {}

    void construct() noexcept {}
    void destroy(std::uint64_t begin, std::uint64_t end) noexcept {
        for (; begin != end; ++begin) std::destroy_at(std::addressof(at(begin)));
    }

    /// Makes the item of `position`, in the place of an older one if `is_taken`.
    template <class... Args>
    void put(std::uint64_t position, bool is_taken, Args&&... args) noexcept {
        if (is_taken) std::destroy_at(std::addressof(at(position)));
        std::construct_at(std::addressof(at(position)), std::forward<Args>(args)...);
    }
    template <class F>
    void visit(std::uint64_t position, F& f, copies&) const {
        f(std::as_const(at(position)));
    }

    /// Asks for the lines of the slots `begin` to `end` on from `position`.
    template <bool Write>
    void prefetch(std::uint64_t position, std::uint64_t begin, std::uint64_t end) const noexcept {
        detail::prefetch_slots<Write>(first_, mask_, position, begin, end);
    }
    static constexpr std::uint64_t portion = slots_of_portion<slot>;

    std::uint64_t count() const noexcept { return mask_ + 1; }

private:
    T& at(std::uint64_t position) const noexcept { return first_[position & mask_].item; }

    slot* first_;
    std::uint64_t mask_;
};

template <class T>
using broadcast_slots = std::conditional_t<std::is_trivially_copyable_v<T>, word_slots<T>, object_slots<T>>;

}  // namespace weir::detail
