// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/slot_run.hpp"
#include "weir/detail/credit/sender.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/detail/spsc/slots.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The producer's end: its credit, its portion of slots, and where the slots are mapped for it. One thread.
template <class T, std::unsigned_integral Counter, granting Granting>
class alignas(separation_bytes) spsc_producer {
    using state = credit_state<Counter>;
    using slots = spsc_slots<T, Counter>;
    using sender = credit_sender<Counter, Granting>;

public:
    /// At `first` lie the slots.
    spsc_producer(const state& shared, T* first) noexcept
        : portion_(sender::position(shared)), slots_(first, shared.capacity), credit_(shared) {}

    template <class... Args>
    WEIR_ALWAYS_INLINE status try_emplace(state& shared,
                                          Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        check_role();
        const Counter position = sender::position(shared);
        if (position == portion_.end) [[unlikely]] {
            if (!open_portion(shared, position))
                return shared.closing.is_ended() ? status::closed : credit_.shortage(shared);
        }
        if (!sender::claim(shared, position, 1)) [[unlikely]]
            return status::closed;
        [[maybe_unused]] const single_use_checker::scope building(filling_);
        if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
            std::construct_at(std::addressof(portion_[position]), std::forward<Args>(args)...);
        } else {
            claimed guard{shared, position};
            std::construct_at(std::addressof(portion_[position]), std::forward<Args>(args)...);
            guard.sent = true;
        }
        sender::send(shared, position, 1);
        return status::success;
    }

    /// Claims writable slots for the next `n` items at most; they hold no live element. None when full or closed.
    slot_run<T> claim(state& shared, std::size_t n) noexcept {
        check_role();
        const Counter position = sender::position(shared);
        const Counter wanted = static_cast<Counter>(std::min<std::size_t>(n, shared.capacity));
        const Counter granted = std::min(wanted, credit_.credits(shared, position, wanted));
        if (granted == 0 || !sender::claim(shared, position, granted)) return {};
        filling_.open();
        portion_.end = static_cast<Counter>(position + granted);
        return slots_.run(position, granted);
    }

    /// Hands the first `n` of the `left` slots that are still claimed over. Each holds a live element by now.
    void publish(state& shared, std::size_t n, std::size_t left) noexcept {
        check_thread();
        if (n == left) filling_.close();
        sender::send(shared, first_claimed(shared, left), static_cast<Counter>(n));
    }

    /// Gives the last `left` claimed slots back unused.
    void unclaim(state& shared, std::size_t left) noexcept {
        if (left == 0) return;
        filling_.close();
        portion_.end = first_claimed(shared, left);
        sender::unclaim(shared, portion_.end);
    }

    bool has_room(state& shared) noexcept {
        check_thread();
        return credit_.credits(shared, sender::position(shared), 1) > 0;
    }

    /// The calling thread is the producer from now on.
    void adopt() noexcept { role_.adopt(); }

private:
    // Gives the claim back when a constructor throws.
    struct claimed {
        state& shared;
        Counter position;
        bool sent = false;
        ~claimed() {
            if (!sent) sender::unclaim(shared, position);
        }
    };

    static Counter first_claimed(const state& shared, std::size_t left) noexcept {
        return static_cast<Counter>(sender::position(shared) - static_cast<Counter>(left));
    }

    // False when there is no credit. Out of line, so that the callers' loops stay small.
    [[gnu::noinline]] bool open_portion(state& shared, Counter position) noexcept {
        const bool looks = credit_.known_credits(position) == 0;
        const std::size_t credits = credit_.credits(shared, position, 1);
        if (credits == 0) return false;
        slots_.template prefetch<true>(position, looks ? 0 : slots::portion, std::min(credits, 2 * slots::portion));
        portion_.open(slots_, position, credits);
        return true;
    }

    void check_role() noexcept {
        check_thread();
        filling_.check(
            "a ring of one producer is pushed to while another push to it, or a reservation, is under way; end that one "
            "before, or use mpmc_ring");
    }
    void check_thread() noexcept {
        role_.check(
            "a second thread pushes to a ring of one producer; use mpsc_ring or mpmc_ring, or call adopt_producer() when "
            "the role is handed on");
    }

    spsc_portion<T, Counter> portion_;
    [[no_unique_address]] role_checker role_{};
    slots slots_;
    sender credit_;
    single_use_checker filling_;  // an element that is being built, or a reservation
};

}  // namespace weir::detail
