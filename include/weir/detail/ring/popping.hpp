// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/ring/pushing.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/in_place.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The consumer's operations of a ring: a base of basic_ring.
template <class Core, class Wait, class Stats>
class ring_popping : public ring_pushing<Core, Wait, Stats>,
                     public visit_refusals<visit_of::item, typename Core::value_type&> {
    using base = ring_pushing<Core, Wait, Stats>;
    using refused = visit_refusals<visit_of::item, typename Core::value_type&>;

protected:
    using base::never, base::fits_registers, base::check_within_capacity;

public:
    using T = typename base::value_type;
    using typename base::time_point;

    // ---- consumer side: try ----------------------------------------------------------------------------------

    /// Moves the oldest element to `out`. Returns success, empty, busy (see progress) or closed. O(1). If the assignment
    /// throws, the element stays; with many consumers it must not throw.
    WEIR_ALWAYS_INLINE status try_pop(T& out) noexcept(std::is_nothrow_move_assignable_v<T>)
        requires std::is_move_assignable_v<T>
    {
        return this->ends_.try_take(detail::assign_to(out));
    }

    /// Returns the oldest element, or nothing when there is none to be had. O(1).
    WEIR_ALWAYS_INLINE [[nodiscard]] std::optional<T> try_pop() noexcept {
        std::optional<T> out;
        (void)this->ends_.try_take(detail::emplace_in(out));
        return out;
    }

    /// Moves the oldest k elements to `out`, as many as there are and as fit, in one publication; returns k. O(k). If an
    /// assignment throws, all elements stay, those before it in their moved-from state.
    std::size_t try_pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        const std::size_t popped = pop_some(out);
        if (popped == 0 && !out.empty()) this->ends_.note_no_items();
        return popped;
    }

    /// Shows the oldest `n` elements at most, in place; of size 0 when the ring is empty. Nothing is taken before
    /// release(). Until it is dropped, nothing else may be popped. O(1).
    [[nodiscard]] readable<ring_popping> try_peek(std::size_t n) noexcept
        requires(Core::has_contiguous_slots)
    {
        const auto items = this->core().readable(n);
        if (items.size() == 0 && n > 0) [[unlikely]] {
            this->ends_.found_empty();
            this->ends_.note_no_items();
        }
        return {*this, items};
    }

    /// Calls `visit(T&)` on the elements there are, oldest first and at most `most` of them, each in its slot, then frees
    /// them, a few lines at a time so that the producer does not wait for the last. Returns how many. O(k). If `visit`
    /// throws, that element and those after it stay. With many consumers, elements are claimed before they are visited: an
    /// element whose visit throws is gone, and several are claimed at a time only if `visit` is noexcept.
    template <visitor<T&> F>
    std::size_t consume(F&& visit, std::size_t most = all) {
        const std::size_t visited = visit_some(visit, most);
        if (visited == 0 && most > 0) [[unlikely]]
            this->ends_.note_no_items();
        return visited;
    }

    /// Calls `visit(T&)` on the oldest element in its slot, then frees it: success, empty, busy (see progress) or closed. O(1).
    /// If `visit` throws, the element stays; with many consumers it must be noexcept.
    template <visitor<T&> F>
    status try_consume_one(F visit) {
        return this->ends_.try_take(visit);
    }

    /// Destroys the oldest element if the ring is full at that moment: success, empty when it is not full, or busy (see
    /// progress). For a producer that prefers new items to old ones. O(1).
    status try_drop_oldest() noexcept
        requires(Core::can_drop_oldest)
    {
        const status answer = this->core().try_drop_oldest([](T&) noexcept {});
        if (answer == status::success) this->ends_.popped(1);
        return answer;
    }

    // ---- consumer side: credit on request ---------------------------------------------------------------------

    /// Asks for `n` more items: so many more pushes succeed, as soon as there is room for them. Demands add up, to
    /// pull::unbounded at most, and what was asked for is never taken back. After close() it does nothing.
    ///
    /// For a consumer: the one there is, or any of many. Wait-free with one consumer; lock-free with many. Wakes producers
    /// that wait for credit. Rejects 0 with std::invalid_argument (aborts where exceptions are off).
    void request(std::uint64_t n)
        requires(Core::has_credit_on_request)
    {
        if (n == 0) detail::reject_argument("request(0) asks for no item; ask for 1 or more, or do not ask");
        this->ends_.tell_of_credit(this->core().request(n));
    }

    // ---- consumer side: wait ---------------------------------------------------------------------------------

    /// As try_consume_one, but waits for an element: success, closed, or timeout after that time, or at that time of
    /// any clock.
    template <visitor<T&> F>
    status consume_one(F visit) {
        return consume_one_until(std::move(visit), forever);
    }
    template <visitor<T&> F, class Rep, class Period>
    status consume_one_for(F visit, std::chrono::duration<Rep, Period> time) {
        return consume_one_until(std::move(visit), detail::deadline_after(time));
    }
    template <visitor<T&> F>
    status consume_one_until(F visit, detail::any_time_point deadline) {
        const status answer = this->ends_.take(visit);
        this->ends_.note_pop(answer);
        return this->ends_.is_to_wait(answer) ? wait_to_pop(std::move(visit), deadline) : answer;
    }

    /// The same, but also gives up when `stop()` says true, with the answer empty or busy. wake_all() makes waiters ask again.
    template <visitor<T&> F, std::predicate Stop>
    status consume_one_unless(F visit, Stop stop, detail::any_time_point deadline = detail::forever) {
        const status answer = this->ends_.take(visit);
        this->ends_.note_pop(answer);
        if (!this->ends_.is_to_wait(answer)) return answer;
        if (stop()) return this->ends_.take(visit);
        return this->ends_.wait_for_items([&] { return this->ends_.take(visit); }, stop, deadline);
    }

    /// Waits until there is an element, then visits those there are, `most` at most, as consume() does. Returns how many;
    /// 0 when the ring is closed and drained, and when the time was over first.
    template <visitor<T&> F>
    std::size_t consume_some(F&& visit, std::size_t most = all) {
        return consume_some_unless(visit, never, forever, most);
    }
    template <visitor<T&> F, class Rep, class Period>
    std::size_t consume_some_for(F&& visit, std::chrono::duration<Rep, Period> time, std::size_t most = all) {
        return consume_some_unless(visit, never, detail::deadline_after(time), most);
    }
    template <visitor<T&> F>
    std::size_t consume_some_until(F&& visit, detail::any_time_point deadline, std::size_t most = all) {
        return consume_some_unless(visit, never, deadline, most);
    }
    /// The same, but also gives up, with 0, when `stop()` says true. wake_all() makes waiters ask again.
    template <visitor<T&> F, std::predicate Stop>
    std::size_t consume_some_unless(F&& visit, Stop stop, detail::any_time_point deadline = forever,
                                    std::size_t most = all) {
        std::size_t visited = consume(visit, most);
        if (visited > 0 || most == 0) return visited;
        if (stop()) return visit_some(visit, most);
        const auto attempt = [&] {
            visited = visit_some(visit, most);
            return visited > 0 ? status::success : this->core().drained() ? status::closed : status::empty;
        };
        (void)this->ends_.wait_for_items(attempt, stop, deadline);
        return visited;
    }

    /// Moves the oldest element to `out`, and waits for one. Returns success, or closed when there will be none.
    WEIR_ALWAYS_INLINE status pop(T& out)
        requires std::is_move_assignable_v<T>
    {
        return pop_until(out, forever);
    }
    /// The same, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status pop_for(T& out, std::chrono::duration<Rep, Period> time)
        requires std::is_move_assignable_v<T>
    {
        return pop_until(out, detail::deadline_after(time));
    }
    template <class Out, bare_number N>
    status pop_for(Out&, N) = delete;  // weir: a time has a unit, as 100ms
    WEIR_ALWAYS_INLINE status pop_until(T& out, detail::any_time_point deadline)
        requires std::is_move_assignable_v<T>
    {
        const status answer = this->ends_.take(detail::assign_to(out));
        this->ends_.note_pop(answer);
        if (!this->ends_.is_to_wait(answer)) [[likely]]
            return answer;
        if constexpr (fits_registers) {
            std::optional<T> late;
            const status late_answer = wait_to_pop(detail::emplace_in(late), deadline);
            // By the answer, not by `late`: else GCC warns in the caller's loop that its item may be uninitialized.
            // And no operator: one would be looked for in the namespaces of whatever T points to, which completes it.
            if (late_answer == status::success) out = std::move(late.operator*());
            return late_answer;
        } else {
            return wait_to_pop(detail::assign_to(out), deadline);
        }
    }

    /// Returns the oldest element, and waits for one; nothing when the ring is closed and drained.
    WEIR_ALWAYS_INLINE [[nodiscard]] std::optional<T> pop() { return pop_until(forever); }
    /// The same, and nothing also when none has come after that time, or at that time of any clock. In a loop that is to
    /// tell this from a closed ring, use pop_for(out, time).
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> pop_for(std::chrono::duration<Rep, Period> time) {
        return pop_until(detail::deadline_after(time));
    }
    template <bare_number N>
    std::optional<T> pop_for(N) = delete;  // weir: a time has a unit, as 100ms
    WEIR_ALWAYS_INLINE [[nodiscard]] std::optional<T> pop_until(detail::any_time_point deadline) {
        std::optional<T> out;
        const status answer = this->ends_.take(detail::emplace_in(out));
        this->ends_.note_pop(answer);
        if (this->ends_.is_to_wait(answer)) [[unlikely]] {
            std::optional<T> late;
            (void)wait_to_pop(detail::emplace_in(late), deadline);
            return late;
        }
        return out;
    }

    /// As pop, but also gives up when `stop()` says true, with the answer empty or busy: what was pushed before it did is still popped.
    /// So it is in every form with `stop`. wake_all() makes waiters ask again.
    template <std::predicate Stop>
    status pop_unless(T& out, Stop stop, detail::any_time_point deadline = forever)
        requires std::is_move_assignable_v<T>
    {
        const status answer = this->ends_.take(detail::assign_to(out));
        this->ends_.note_pop(answer);
        if (!this->ends_.is_to_wait(answer)) return answer;
        if (stop()) return this->ends_.take(detail::assign_to(out));
        return wait_to_pop(detail::assign_to(out), deadline, stop);
    }

    /// Fills `out` with the oldest elements, in as many portions as they come. Returns how many: all, unless the ring was
    /// closed and drained meanwhile.
    std::size_t pop_n(std::span<T> out)
        requires std::is_move_assignable_v<T>
    {
        return pop_n_unless(out, never);
    }

    /// As pop_n, but also gives up when `stop()` says true, and at that time of any clock. wake_all() makes waiters ask
    /// again.
    template <std::predicate Stop>
    std::size_t pop_n_unless(std::span<T> out, Stop stop, detail::any_time_point deadline = forever)
        requires std::is_move_assignable_v<T>
    {
        std::size_t popped = pop_some(out);
        if (popped < out.size()) this->ends_.note_no_items();
        while (popped < out.size() && !stop()) {
            this->ends_.note_waits_for_items();
            const status answer = this->ends_.wait_for_items(
                [&] {
                    const std::size_t more = pop_some(out.subspan(popped));
                    popped += more;
                    return more > 0 ? status::success : this->core().drained() ? status::closed : status::empty;
                },
                stop, deadline);
            if (answer != status::success) break;
        }
        if (popped < out.size()) popped += pop_some(out.subspan(popped));  // what came before stop() said so
        return popped;
    }

    /// Waits until `n` elements are in the ring, and takes nothing, so with several consumers another one may be quicker.
    /// Returns success, or closed when the ring is and fewer than `n` are there. With many producers, an element counts
    /// from the moment that its push begins: a pop may get `busy` for a moment. With one producer, a push that was
    /// under way when the ring was closed may still add to what is there.
    ///
    /// For a consumer. Blocks. With wait::park and wait::event it sleeps until there are `n`: fewer do not wake it. Consumers
    /// that wait for different numbers are woken together, when the least of them is reached. Rejects `n` above the capacity
    /// with std::invalid_argument (aborts where exceptions are off).
    status wait_for_items(std::size_t n) { return wait_for_items_until(n, forever); }
    /// The same, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status wait_for_items_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
        return wait_for_items_until(n, detail::deadline_after(time));
    }
    status wait_for_items_until(std::size_t n, detail::any_time_point deadline) {
        return wait_for_items_unless(n, base::never, deadline);
    }
    /// The same, but waits until `stop()`, which must not throw, says true: empty. wake_all() makes it ask again.
    template <std::predicate Stop>
    status wait_for_items_unless(std::size_t n, Stop stop, detail::any_time_point deadline = forever) {
        check_within_capacity(n);
        return this->ends_.wait_for_several_items(n, stop, deadline);
    }

    // A visit of another signature is refused with a sentence.
    using refused::consume, refused::consume_some, refused::consume_some_for, refused::consume_some_until;
    using refused::consume_one_until, refused::consume_one_unless;
    using refused::consume_some_unless, refused::try_consume_one, refused::consume_one, refused::consume_one_for;

protected:
    using base::base;
    ~ring_popping() = default;

private:
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

    friend readable<ring_popping>;

    std::size_t pop_some(std::span<T> out) {
        if constexpr (Core::has_contiguous_slots) {
            readable<ring_popping> items(*this, this->core().readable(out.size()));
            if (items.size() == 0) [[unlikely]]
                this->ends_.found_empty();
            std::move(items.second().begin(), items.second().end(),
                      std::move(items.first().begin(), items.first().end(), out.begin()));
            const std::size_t some = items.size();
            items.release(some);
            return some;
        } else {
            const std::size_t some = this->core().try_pop_n(out);
            if (some > 0) {
                this->ends_.popped(some);
            } else if (!out.empty()) {
                this->ends_.found_empty();
            }
            return some;
        }
    }

    template <class F>
    std::size_t visit_some(F& visit, std::size_t most) {
        const std::size_t visited = this->core().consume(visit, most, [this](std::size_t n) { this->ends_.popped(n); });
        if (visited == 0 && most > 0) [[unlikely]]
            this->ends_.found_empty();
        return visited;
    }

    // For readable.
    void release(std::size_t n) noexcept
        requires(Core::has_contiguous_slots)
    {
        this->core().release(n);
        this->ends_.popped(n);
    }

    template <class F, class Stop = bool (*)() noexcept>
    [[gnu::noinline]] status wait_to_pop(F f, detail::any_time_point deadline, Stop stop = &base::never) {
        return this->ends_.wait_for_items([&] { return this->ends_.take(f); }, stop, deadline);
    }
};

}  // namespace weir::detail
