// SPDX-License-Identifier: MIT
//
// Access to the slots of a ring without a copy: what try_reserve() and try_peek() return.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/slot_run.hpp"

namespace weir {

/// Slots claimed by try_reserve(), to be filled in place, as at most two contiguous spans.
///
/// An element of any type is built by emplace() or append(); trivial types may instead be written through first() and
/// second(). commit(k) publishes the first k. When the reservation is dropped, what was built but not committed is
/// destroyed, and the credit of the slots not committed is back. What was reserved before the ring was closed can still
/// be committed. Belongs to the producer; must not outlive the ring.
template <class Ring>
class [[nodiscard]] reservation {
    using T = typename Ring::value_type;
    static constexpr bool trivial = std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>;

public:
    reservation(Ring& owner, detail::slot_run<T> slots) noexcept : ring_(owner), slots_(slots) {}
    reservation(const reservation&) = delete;
    reservation& operator=(const reservation&) = delete;
    ~reservation() {
        if constexpr (!std::is_trivially_destructible_v<T>) {
            const std::size_t in_first = std::min(built_, slots_.first.size());
            std::destroy_n(slots_.first.data(), in_first);
            std::destroy_n(slots_.second.data(), built_ - in_first);
        }
        ring_.unclaim(size());
    }

    /// Slots that are claimed and not yet committed.
    std::size_t size() const noexcept { return slots_.size(); }
    bool empty() const noexcept { return size() == 0; }

    /// The slots in order: first(), then second(), which is empty unless the run passes the end of the storage.
    std::span<T> first() const noexcept
        requires trivial
    {
        return slots_.first;
    }
    std::span<T> second() const noexcept
        requires trivial
    {
        return slots_.second;
    }

    /// Builds the next element. If T's constructor throws, nothing has happened. Aborts when every slot is built.
    template <class... Args>
    T& emplace(Args&&... args) {
        require_unbuilt(1);
        const std::size_t in_first = slots_.first.size();
        T* const slot = built_ < in_first ? slots_.first.data() + built_ : slots_.second.data() + (built_ - in_first);
        T& element = *std::construct_at(slot, std::forward<Args>(args)...);
        ++built_;
        return element;
    }

    /// Builds the next `n` elements from an iterator. If a constructor throws, at most some of them are built, and are
    /// destroyed with the reservation. Aborts when fewer than `n` slots are left.
    template <std::input_iterator It>
    void append(It from, std::size_t n) {
        require_unbuilt(n);
        const std::size_t in_first = slots_.first.size();
        if (built_ < in_first) {
            const std::size_t part = std::min(n, in_first - built_);
            from = build(std::move(from), slots_.first.data() + built_, part);
            n -= part;
        }
        if (n > 0) build(std::move(from), slots_.second.data() + (built_ - in_first), n);
    }

    /// Publishes the first `k` slots in one step; they are built by now, or, for trivial types, written. Aborts when `k` exceeds them. For
    /// the producer. Does not wait; a system call only to wake a sleeping consumer.
    void commit(std::size_t k) noexcept {
        if (k > (trivial ? size() : built_)) {
            detail::abort_with("reservation::commit: more than was reserved and built; build first, then commit");
        }
        if (k == 0) return;
        ring_.publish(k, size());
        slots_.drop_front(k);
        built_ -= std::min(k, built_);
    }

private:
    void require_unbuilt(std::size_t n) const noexcept {
        if (n > size() - built_) {
            detail::abort_with("reservation: more elements than reserved slots; reserve more, or look at size()");
        }
    }

    template <class It>
    It build(It from, T* to, std::size_t n) {
        if constexpr (std::contiguous_iterator<It>) {
            const auto count = static_cast<std::iter_difference_t<It>>(n);
            auto rest = std::ranges::uninitialized_copy_n(std::move(from), count, to, to + n).in;
            built_ += n;
            return rest;
        } else {
            // GCC 12's function does not compile where differences are wide, as those of std::views::iota(0LL).
            for (T* const end = to + n; to != end; ++to, void(++from)) {
                std::construct_at(to, *from);
                ++built_;
            }
            return from;
        }
    }

    Ring& ring_;
    detail::slot_run<T> slots_;
    std::size_t built_ = 0;
};

/// Elements shown by try_peek(), in their slots, oldest first, as at most two contiguous spans. They may be read, changed
/// and moved from. release(k) destroys the first k and gives their slots back; what was not released stays in the ring.
/// Belongs to the consumer; must not outlive the ring. None of them: the ring is empty, or closed and drained. wait_for_items()
/// says which: when it answers `closed`, what try_peek() shows after that is all.
template <class Ring>
class [[nodiscard]] readable {
    using T = typename Ring::value_type;

public:
    readable(Ring& owner, detail::slot_run<T> items) noexcept : ring_(owner), items_(items) {}
    readable(const readable&) = delete;
    readable& operator=(const readable&) = delete;

    /// Elements shown and not yet released.
    std::size_t size() const noexcept { return items_.size(); }
    bool empty() const noexcept { return size() == 0; }

    /// The elements in order: first(), then second(), which is empty unless the run passes the end of the storage.
    std::span<T> first() const noexcept { return items_.first; }
    std::span<T> second() const noexcept { return items_.second; }

    /// Destroys the first `k` elements and frees their slots in one step. Aborts when `k` exceeds size(). For the consumer.
    /// O(k); a system call only to wake a sleeping producer.
    void release(std::size_t k) noexcept {
        if (k > size()) detail::abort_with("readable::release: more than was peeked at; look at size()");
        if (k == 0) return;
        const std::size_t in_first = std::min(k, items_.first.size());
        std::destroy_n(items_.first.data(), in_first);
        std::destroy_n(items_.second.data(), k - in_first);
        ring_.release(k);
        items_.drop_front(k);
    }

private:
    Ring& ring_;
    detail::slot_run<T> items_;
};

}  // namespace weir
