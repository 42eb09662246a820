// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/handles/holder_count.hpp"

namespace weir {

/// Counts the handles of a ring that the caller owns: see handles_of(). One object for each ring; must outlive the handles.
struct handle_counts {
    handle_counts() noexcept = default;
    handle_counts(const handle_counts&) = delete;
    handle_counts& operator=(const handle_counts&) = delete;

    detail::holder_count senders{0};
    detail::holder_count receivers{0};
};

namespace detail {

/// A ring that its handles own: it lives as long as a side has a handle.
template <class Ring>
struct owned_ring : handle_counts {
    template <class... Args>
    explicit owned_ring(Args&&... args) : ring(std::forward<Args>(args)...) {}

    holder_count sides{2};
    Ring ring;
};

enum class side : unsigned char { sending, receiving };

/// The common part of senders and receivers: ownership, the role check, and the operations that any thread may call.
template <class Ring, side Side>
class ring_handle {
    static_assert(
        requires {
            typename Ring::value_type;
            requires Ring::has_many_consumers || !Ring::has_many_consumers;
        },
        "weir: handles are for rings of items: a message ring has none, and the readers of a broadcast ring are "
        "handles already");
    static constexpr bool sends = Side == side::sending;
    static constexpr bool is_shared = sends ? Ring::has_many_producers : Ring::has_many_consumers;

public:
    using ring_type = Ring;
    using value_type = typename Ring::value_type;

    ring_handle() noexcept = default;
    /// Leaves `other` without a ring. O(1), wait-free. Assignment does a reset() first.
    ring_handle(ring_handle&& other) noexcept { take_over(other); }
    ring_handle& operator=(ring_handle&& other) noexcept {
        if (this != std::addressof(other)) {
            reset();
            take_over(other);
        }
        return *this;
    }
    ~ring_handle() { reset(); }

    /// Gives the handle up, as the destructor does: the last handle of its side closes the ring. No effect without a ring.
    void reset() noexcept {
        Ring* const ring = std::exchange(ring_, nullptr);
        owned_ring<Ring>* const owned = std::exchange(owned_, nullptr);
        handle_counts* const counts = std::exchange(counts_, nullptr);
        if (ring == nullptr) return;
        if (counts != nullptr && !count_in(*counts).remove()) return;
        ring->close();
        if (owned != nullptr && owned->sides.remove()) delete owned;
    }

    /// Whether there is a ring.
    explicit operator bool() const noexcept { return ring_ != nullptr; }

    // ---- as the ring's operations for any thread ---------------------------------------------------------------

    /// Closes the ring for all its handles, and keeps the handle: pushes are refused, accepted items can still be popped.
    void close() const noexcept { ring().close(); }
    bool is_closed() const noexcept { return ring().is_closed(); }
    std::size_t capacity() const noexcept { return ring().capacity(); }
    std::size_t size_approx() const noexcept { return ring().size_approx(); }
    template <class R = Ring>
    auto wake_all() const -> decltype(std::declval<R&>().wake_all()) {
        return ring().wake_all();
    }
    template <class R = Ring>
    auto credits() const -> decltype(std::declval<R&>().credits()) {
        return ring().credits();
    }
    template <class R = Ring>
    auto snapshot() const -> decltype(std::declval<R&>().snapshot()) {
        return ring().snapshot();
    }
    template <class R = Ring>
    auto account() const -> decltype(std::declval<R&>().account()) {
        return ring().account();
    }
    template <class R = Ring>
    auto memory() const -> decltype(std::declval<R&>().memory()) {
        return ring().memory();
    }

protected:
    ring_handle(Ring& ring, handle_counts* counts, owned_ring<Ring>* owned) noexcept
        : ring_(std::addressof(ring)), counts_(counts), owned_(owned) {}

    // One more handle over the same ring.
    ring_handle(const ring_handle& other) noexcept
        : ring_(std::addressof(other.ring())), counts_(other.counts_), owned_(other.owned_) {
        count_in(*counts_).add();
    }

    // The ring, for an operation of this side.
    WEIR_ALWAYS_INLINE Ring& end() noexcept {
        Ring& mine = ring();
        if constexpr (!is_shared) take_role(mine);
        return mine;
    }

private:
    friend struct select_access;

    WEIR_ALWAYS_INLINE Ring& ring() const noexcept {
        if (ring_ == nullptr) [[unlikely]]
            refuse();
        return *ring_;
    }

    [[noreturn, gnu::noinline, gnu::cold]] static void refuse() noexcept {
        abort_with(
            sends
                ? "this sender holds no ring: it was default-constructed, moved from or reset; look with `if (sender)`"
                : "this receiver holds no ring: it was default-constructed, moved from or reset; look with "
                  "`if (receiver)`");
    }

    void take_role([[maybe_unused]] Ring& mine) noexcept {
#if WEIR_CHECK_ROLES
        // relaxed, both: hands over no data, and it does not matter which of two threads is first
        if (!is_new_.load(relaxed) || !is_new_.exchange(false, relaxed)) return;
        if constexpr (sends) {
            mine.adopt_producer();
        } else {
            mine.adopt_consumer();
        }
#endif
    }

    void take_over(ring_handle& other) noexcept {
        ring_ = std::exchange(other.ring_, nullptr);
        counts_ = std::exchange(other.counts_, nullptr);
        owned_ = std::exchange(other.owned_, nullptr);
        is_new_.store(true, relaxed);  // relaxed: the caller synchronises the move with the next use
    }

    static holder_count& count_in(handle_counts& counts) noexcept { return sends ? counts.senders : counts.receivers; }

    Ring* ring_ = nullptr;
    handle_counts* counts_ = nullptr;    // null if the caller owns the ring and handles cannot be cloned
    owned_ring<Ring>* owned_ = nullptr;  // null if the caller owns the ring
    atomic<bool> is_new_{true};          // not used since it was made or moved; for the role check
};

}  // namespace detail
}  // namespace weir
