// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/atomic.hpp"
#include "weir/detail/cache_line.hpp"
#include "weir/detail/closing.hpp"
#include "weir/detail/cursor.hpp"
#include "weir/detail/look_pace.hpp"
#include "weir/detail/role_checker.hpp"
#include "weir/detail/sequenced_slots.hpp"
#include "weir/detail/shared_cursor.hpp"
#include "weir/detail/shared_sides.hpp"
#include "weir/detail/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of one producer and many consumers: as mpmc_core on the consumers' side, where it knows more. The lone
/// producer writes slots in order, so its cursor alone says that an element is there: consumers look at no slot before they
/// claim it, and never find one busy. The producer claims by a plain store, and closing works as in the ring of one
/// producer and one consumer.
///
/// A consumer suspended between its claim and the end of its operation holds its slot: the producer is told `busy` when it
/// comes there, at most a lap later, while the other consumers take what is left.
template <class T, class Storage, std::unsigned_integral Counter>
class spmc_core : public many_consumers<spmc_core<T, Storage, Counter>, T> {
public:
    using value_type = T;
    using counter_type = std::uint64_t;
    using sequence_type = Counter;
    using slot_type = sequenced_slot<T, Counter>;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::may_be_busy;
    static constexpr progress try_pop_progress = progress::lock_free;

    spmc_core(std::size_t capacity, std::uint64_t start, bool asymmetric)
        : slots_(capacity, cursor_at(start)),
          capacity_(capacity),
          producer_(cursor_at(start), items_ahead(cursor_at(start), capacity)),
          sent_(cursor_at(start)),
          head_(cursor_at(start), cursor_at(start)),
          closing_(asymmetric) {}

    ~spmc_core() {
        const cursor end = sent();
        for (cursor at = head_.current(); at != end; at += one_item) std::destroy_at(&slots_[at].element);
    }

    spmc_core(const spmc_core&) = delete;
    spmc_core& operator=(const spmc_core&) = delete;

    // ---- producer side ---------------------------------------------------------------------------------------

    template <class... Args>
    [[gnu::always_inline]] status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        check_producer();
        const cursor at = position();
        if (credits(at, 1) == 0) [[unlikely]] return is_closed() ? status::closed : status::full;
        if (count_free(at, 1) == 0) [[unlikely]] return is_closed() ? status::closed : status::busy;
        if (!closing_.claim(producer_.position, at, items_ahead(at, 1))) [[unlikely]] return status::closed;
        if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
            std::construct_at(&slots_[at].element, std::forward<Args>(args)...);
        } else {
            building guard(*this, at);
            guard.build(std::forward<Args>(args)...);
            guard.sent = true;
        }
        send(at + one_item);
        return status::success;
    }

    /// Appends from an iterator as many as fit, in one publication. If making an element throws, nothing is pushed.
    template <class It>
    std::size_t try_push_n(It from, std::size_t n) {
        check_producer();
        const cursor at = position();
        const std::uint64_t wanted = std::min(n, capacity_);
        const std::uint64_t count = count_free(at, std::min(wanted, credits(at, wanted)));
        if (count == 0 || !closing_.claim(producer_.position, at, items_ahead(at, count))) return 0;
        building guard(*this, at);
        for (std::uint64_t i = 0; i < count; ++i, ++from) guard.build(*from);
        guard.sent = true;
        send(guard.next);
        return static_cast<std::size_t>(count);
    }

    bool has_room() noexcept {
        const cursor at = position();
        return credits(at, 1) > 0 && count_free(at, 1) == 1;
    }

    // ---- consumer side; more in many_consumers ---------------------------------------------------------------

    [[gnu::always_inline]] claimed claim_items(std::uint64_t wanted) noexcept {
        return head_.claim(
            wanted, [this]() noexcept { return sent(); }, [](cursor, std::uint64_t n) noexcept { return n; }, worthwhile(),
            true);
    }

    bool has_items() const noexcept {
        const cursor taken = head_.current();  // first: what the head has passed was sent
        return sent() != taken;
    }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so: that is remembered, since a
    /// claim that is about to be refused shows in the producer's position for a moment.
    bool drained() noexcept {
        if (drained_.load(acquire)) return true;  // (9) acquire: pairs with (10)
        if (!closing_.is_drained(producer_.position, head_.current())) return false;
        drained_.store(true, release);  // (10) release: pairs with (9), what the closing thread did is passed on
        return true;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is accepted from now on, apart from what is claimed already.
    void close() noexcept { closing_.end(); }
    bool is_closed() const noexcept { return closing_.is_ended(); }

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size_approx() const noexcept {
        const cursor taken = head_.current();  // first: what the head has passed was sent
        return size_within(distance(sent(), taken), capacity_);
    }
    memory_report memory() const noexcept { return slots_.memory(); }

    void adopt_producer() noexcept { role_.adopt(); }

    /// For the consumers.
    sequenced_slots<T, Storage, Counter>& slots() noexcept { return slots_; }

private:
    // The producer's own line. Others read the position, which includes what is claimed, when the ring is closed and
    // seems empty.
    struct alignas(separation_bytes) side {
        side(cursor start, cursor limit) noexcept : position(start), known(limit) {}

        atomic<cursor> position;
        cursor known;  // how far the consumers let it go when last looked
        look_pace pace;
    };

    // Destroys what was built, and gives the claim back, unless it was sent.
    struct building {
        building(spmc_core& c, cursor at) noexcept : core(c), first(at), next(at) {}
        building(const building&) = delete;
        building& operator=(const building&) = delete;
        ~building() {
            if (sent) return;
            for (cursor at = first; at != next; at += one_item) std::destroy_at(&core.slots_[at].element);
            core.closing_.unclaim(core.producer_.position, first);
        }
        template <class... Args>
        void build(Args&&... args) {
            std::construct_at(&core.slots_[next].element, std::forward<Args>(args)...);
            next += one_item;
        }

        spmc_core& core;
        const cursor first;
        cursor next;
        bool sent = false;
    };

    cursor position() const noexcept {
        return producer_.position.load(relaxed);  // relaxed: only this thread writes it
    }
    cursor sent() const noexcept { return sent_.load(acquire); }  // (6) acquire: pairs with (5), the elements are readable
    void send(cursor end) noexcept { sent_.store(end, release); }  // (5) release: pairs with (6), hands elements over
    std::uint64_t worthwhile() const noexcept { return look_pace::worthwhile(capacity_); }

    // Credits at `at`, looking at the consumers only if fewer than `wanted` are known.
    [[gnu::always_inline]] std::uint64_t credits(cursor at, std::uint64_t wanted) noexcept {
        const auto known = static_cast<std::uint64_t>(distance(producer_.known, at));
        return known >= wanted ? known : look_for_credit(at, wanted);
    }

    [[gnu::noinline]] std::uint64_t look_for_credit(cursor at, std::uint64_t wanted) noexcept {
        producer_.pace.wait();
        producer_.known = items_ahead(head_.current(), capacity_);
        const auto found = static_cast<std::uint64_t>(distance(producer_.known, at));
        producer_.pace.found(found, wanted > 1 ? std::min(wanted, worthwhile()) : worthwhile(), false);
        return found;
    }

    // How many of the `n` slots from `at` on were given back by the consumers of the lap before.
    [[gnu::always_inline]] std::uint64_t count_free(cursor at, std::uint64_t n) const noexcept {
        std::uint64_t count = 0;
        for (; count < n; ++count, at += one_item) {
            // (8) acquire: pairs with (7), the element of the lap before is gone
            if (slots_[at].sequence.load(acquire) != slots_.number(at)) break;
        }
        return count;
    }

    void check_producer() noexcept {
        role_.check("a second thread pushes to a ring of one producer; use mpmc_ring, or call adopt_producer() when the "
                    "role is handed on");
    }

    sequenced_slots<T, Storage, Counter> slots_;
    const std::size_t capacity_;
    side producer_;
    alignas(separation_bytes) atomic<cursor> sent_;
    shared_cursor head_;
    alignas(separation_bytes) closing<cursor> closing_;  // on a line that nobody writes
    atomic<bool> drained_{false};
    alignas(separation_bytes) role_checker role_;
};

}  // namespace weir::detail
