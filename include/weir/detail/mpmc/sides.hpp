// SPDX-License-Identifier: MIT
//
// What the sides of a ring that many threads share do once they have claimed slots. A core derives from the side it has
// and offers claim_room(n) or claim_items(n), and slots().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/mpmc/slots.hpp"
#include "weir/detail/cursor/shared_cursor.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

template <class It>
inline constexpr bool reads_nothrow = noexcept(*std::declval<It&>()) && noexcept(++std::declval<It&>());
template <class It>
inline constexpr bool reads_nothrow<std::move_iterator<It>> = reads_nothrow<It>;

/// Many producers. A claimed slot must be filled, since nobody can take a claim back: whatever may throw comes before.
template <class Core, class T>
class many_producers {
public:
    static constexpr bool has_many_producers = true;

    template <class... Args>
    [[gnu::always_inline]] status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
            const claimed room = core().claim_room(1);
            if (room.answer != claimed::some) [[unlikely]] return refusal(room.answer);
            fill(room.first, std::forward<Args>(args)...);
            return status::success;
        } else {
            // A look first, so that arguments are used up in vain by a race at most.
            if (const status chance = core().chance_to_push(); !chance) return chance;
            return try_emplace(T(std::forward<Args>(args)...));
        }
    }

    /// Appends as many as fit: with one claim for all, or, if making an element may throw, with one each. Then an exception
    /// passes when nothing was pushed before it, and otherwise ends the batch: the next call meets it again.
    template <class It>
    std::size_t try_push_n(It from, std::size_t n) {
        if (n == 0) return 0;
        if constexpr (reads_nothrow<It> && std::is_nothrow_constructible_v<T, std::iter_reference_t<It>>) {
            const claimed room = core().claim_room(std::min<std::uint64_t>(n, core().capacity()));
            for (std::uint64_t i = 0; i < room.count; ++i, ++from) fill(items_ahead(room.first, i), *from);
            return static_cast<std::size_t>(room.count);
        } else {
            std::size_t pushed = 0;
#if defined(__cpp_exceptions)
            try {
                push_singly(from, n, pushed);
            } catch (...) {
                if (pushed == 0) throw;
            }
#else
            push_singly(from, n, pushed);
#endif
            return pushed;
        }
    }

protected:
    static constexpr status refusal(claimed::answer_type answer) noexcept {
        if constexpr (Core::has_credit_on_request) {
            if (answer == claimed::not_asked) return status::no_credit;
        }
        return answer == claimed::closed ? status::closed : answer == claimed::busy ? status::busy : status::full;
    }

private:
    Core& core() noexcept { return static_cast<Core&>(*this); }

    template <class... Args>
    [[gnu::always_inline]] void fill(cursor at, Args&&... args) noexcept {
        auto& slot = core().slots()[at];
        if constexpr (requires { requires T::is_told_its_position; }) {
            std::construct_at(&slot.element, std::forward<Args>(args)..., at / one_item);
        } else {
            std::construct_at(&slot.element, std::forward<Args>(args)...);
        }
        slot.sequence.store(core().slots().written(at), release);  // (5) release: pairs with (6), hands the element over
    }

    template <class It>
    void push_singly(It& from, std::size_t n, std::size_t& pushed) {
        while (pushed < n && try_emplace(*from)) {
            ++pushed;
            ++from;
        }
    }
};

/// Many consumers. A claimed element must be taken, since nobody can take a claim back: whatever takes it must not throw.
template <class Core, class T>
class many_consumers {
public:
    static constexpr bool has_many_consumers = true;

    /// Calls `take(element)` on the oldest element, then destroys it.
    template <class F>
    [[gnu::always_inline]] status try_take(F&& take) noexcept {
        static_assert(noexcept(take(std::declval<T&>())),
                      "weir: on a ring of many consumers T must be nothrow-move-assignable to be popped into a variable: a "
                      "claimed item could go neither forward nor back; use the pop that returns std::optional<T>");
        const claimed item = core().claim_items(1);
        if (item.answer != claimed::some) [[unlikely]] return absence(item.answer);
        const emptying slot(core(), item.first);
        take(slot.element());
        return status::success;
    }

    std::size_t try_pop_n(std::span<T> out) noexcept {
        static_assert(std::is_nothrow_move_assignable_v<T>,
                      "weir: on a ring of many consumers T must be nothrow-move-assignable to be popped into an array: a "
                      "claimed item could go neither forward nor back; use the pop that returns std::optional<T>");
        if (out.empty()) return 0;
        const claimed items = core().claim_items(std::min<std::uint64_t>(out.size(), core().capacity()));
        for (std::uint64_t i = 0; i < items.count; ++i) {
            const emptying slot(core(), items_ahead(items.first, i));
            out[static_cast<std::size_t>(i)] = std::move(slot.element());
        }
        return static_cast<std::size_t>(items.count);
    }

    /// Calls `visit(element)` on the oldest elements, as many as there are now and `most` at most, each claimed before and
    /// destroyed afterwards; `given_back(k)` is told of slots that are free again. One claim serves several, or, if a visit
    /// may throw, one: that element is gone then, and those after it stay.
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        constexpr std::uint64_t at_once = std::is_nothrow_invocable_v<F&, T&> ? most_items_at_once<T> : 1;
        const std::uint64_t count = std::min(most, core().size_approx());
        std::uint64_t visited = 0;
        while (visited < count) {
            const claimed items = core().claim_items(std::min(count - visited, at_once));
            if (items.answer != claimed::some) break;
            const telling<G> afterwards{given_back, items.count};
            for (std::uint64_t i = 0; i < items.count; ++i) {
                const emptying slot(core(), items_ahead(items.first, i));
                visit(slot.element());
            }
            visited += items.count;
        }
        return static_cast<std::size_t>(visited);
    }

protected:
    status absence(claimed::answer_type answer) noexcept {
        if (answer == claimed::busy) return status::busy;
        return core().drained() ? status::closed : status::empty;
    }

    /// Destroys the claimed element at `at`.
    void discard(cursor at) noexcept { const emptying slot(core(), at); }

private:
    Core& core() noexcept { return static_cast<Core&>(*this); }

    // Destroys the element at the end of its scope and gives its slot to the next lap.
    class emptying {
    public:
        emptying(Core& core, cursor at) noexcept : slot_(core.slots()[at]), next_(core.slots().next_lap(at)) {}
        emptying(const emptying&) = delete;
        emptying& operator=(const emptying&) = delete;
        ~emptying() {
            std::destroy_at(&slot_.element);
            slot_.sequence.store(next_, release);  // (7) release: pairs with (8), hands the slot back
        }
        T& element() const noexcept { return slot_.element; }

    private:
        typename Core::slot_type& slot_;
        const typename Core::sequence_type next_;
    };

    template <class G>
    struct telling {
        G& tell;
        std::uint64_t count;
        ~telling() { tell(static_cast<std::size_t>(count)); }
    };
};

}  // namespace weir::detail
