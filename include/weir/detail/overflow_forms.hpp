// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/refusals.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The operations of an overflow_ring that are made of its others: a base of it. They mean what they mean on a ring.
template <class Ring, class T>
class overflow_forms : public visit_refusals<visit_of::item, T&> {
    using refused = visit_refusals<visit_of::item, T&>;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

public:
    /// Offers an item made of `args`, once; with `block` it waits for room. Returns success, full or busy (reject), or closed.
    /// A T that is refused is untouched; other `args` are used up.
    template <class... Args>
        requires std::constructible_from<T, Args...>
    status emplace(Args&&... args) {
        if constexpr (sizeof...(Args) == 1 && (std::same_as<std::remove_cvref_t<Args>, T> && ...)) {
            return me().push(std::forward<Args>(args)...);
        } else {
            return me().push(T(std::forward<Args>(args)...));
        }
    }

    /// As push, but with `block` it gives up after that time: timeout, refused.
    template <class Rep, class Period>
    status push_for(T&& item, std::chrono::duration<Rep, Period> time) {
        return me().push_until(std::move(item), deadline_after(time));
    }
    template <class Rep, class Period>
    status push_for(const T& item, std::chrono::duration<Rep, Period> time)
        requires std::copy_constructible<T>
    {
        return me().push_until(item, deadline_after(time));
    }

    template <class U, bare_number N>
    status push_for(U&&, N) = delete;  // weir: a time has a unit, as 100ms
    template <class Out, bare_number N>
    status pop_for(Out&, N) = delete;  // weir: a time has a unit, as 100ms
    template <bare_number N>
    std::optional<T> pop_for(N) = delete;  // weir: a time has a unit, as 100ms

    /// As push_n, but with `block` it also gives up when `stop()` returns true, and at the deadline. Values that were not pushed
    /// count as refused.
    template <std::predicate Stop>
    std::size_t push_n_unless(std::span<const T> values, Stop stop, any_time_point deadline = forever)
        requires std::copy_constructible<T>
    {
        std::size_t pushed = 0;
        while (pushed < values.size()) {
            if (!me().push_unless(values[pushed], stop, deadline)) {
                me().count_left_of_batch(values.size() - pushed - 1);  // the one that was refused has been counted
                break;
            }
            ++pushed;
        }
        return pushed;
    }

    /// Refused, with a sentence: it is the policy that makes room.
    template <class Self = Ring, class... Args>
    status force_push(Args&&...) noexcept {
        static_assert(offered<Self>,
                      "weir: an overflow_ring makes room by its policy, so it has no force_push; use try_push with "
                      "overflow::drop_oldest, or an mpmc_ring (see has_force_push)");
        return status::full;
    }
    template <class Self = Ring, class... Args>
    status try_force_push(Args&&... args) noexcept {
        return force_push<Self>(std::forward<Args>(args)...);
    }

    template <class Self = Ring>
    int space_fd() const noexcept
        requires(Self::has_descriptors && Self::classes != 1)
    {
        static_assert(offered<Self>, "weir: no push with shed_lowest ever waits for room, so there is no space_fd");
        return -1;
    }

    /// Waits for an item and visits it: success, closed or, with a time, timeout.
    template <visitor<T&> F>
    status consume_one(F visit) {
        return me().consume_one_until(std::move(visit), forever);
    }
    template <visitor<T&> F, class Rep, class Period>
    status consume_one_for(F visit, std::chrono::duration<Rep, Period> time) {
        return me().consume_one_until(std::move(visit), deadline_after(time));
    }

    /// Waits until there is an item, then visits min(`most`, available) items. Returns how many: 0 when the ring is closed and
    /// drained, after the deadline, and when `stop()` returned true. gap() is then that before and between all of them.
    template <visitor<T&> F>
    std::size_t consume_some(F&& visit, std::size_t most = all) {
        return consume_some_until(visit, forever, most);
    }
    template <visitor<T&> F, class Rep, class Period>
    std::size_t consume_some_for(F&& visit, std::chrono::duration<Rep, Period> time, std::size_t most = all) {
        return consume_some_until(visit, deadline_after(time), most);
    }
    template <visitor<T&> F>
    std::size_t consume_some_until(F&& visit, any_time_point deadline, std::size_t most = all) {
        return consume_some_unless(
            visit, [] { return false; }, deadline, most);
    }
    template <visitor<T&> F, std::predicate Stop>
    std::size_t consume_some_unless(F&& visit, Stop stop, any_time_point deadline = forever, std::size_t most = all) {
        if (most == 0) return 0;
        const auto gaps = me().sum_gaps();
        const auto hand = [&](T& item) noexcept(noexcept(visit(item))) { visit(item); };
        if (!me().consume_one_unless(hand, stop, deadline)) return 0;
        return most == 1 ? 1 : 1 + me().consume(visit, most - 1);
    }

    /// As pop_n, but also gives up when `stop()` returns true, and at the deadline.
    template <std::predicate Stop>
    std::size_t pop_n_unless(std::span<T> out, Stop stop, any_time_point deadline = forever)
        requires std::is_move_assignable_v<T>
    {
        const auto gaps = me().sum_gaps();
        std::size_t popped = 0;
        while (popped < out.size() && me().pop_unless(out[popped], stop, deadline)) ++popped;
        return popped;
    }

    /// Waits until there are `n` items, or `n` free slots; takes nothing: see basic_ring. Not with shed_lowest.
    status wait_for_items(std::size_t n) { return wait_for_items_until(n, forever); }
    template <class Rep, class Period>
    status wait_for_items_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
        return wait_for_items_until(n, deadline_after(time));
    }
    template <class Self = Ring>
    status wait_for_items_until(std::size_t n, any_time_point deadline) {
        check_classes<Self>();
        if constexpr (Self::classes == 1) return me().underneath().wait_for_items_until(n, deadline);
        return status::empty;
    }
    template <class Stop, class Self = Ring>
    status wait_for_items_unless(std::size_t n, Stop stop, any_time_point deadline = forever) {
        check_classes<Self>();
        if constexpr (Self::classes == 1) return me().underneath().wait_for_items_unless(n, stop, deadline);
        return status::empty;
    }
    status wait_for_slots(std::size_t n) { return wait_for_slots_until(n, forever); }
    template <class Rep, class Period>
    status wait_for_slots_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
        return wait_for_slots_until(n, deadline_after(time));
    }
    template <class Self = Ring>
    status wait_for_slots_until(std::size_t n, any_time_point deadline) {
        check_classes<Self>();
        if constexpr (Self::classes == 1) return me().underneath().wait_for_slots_until(n, deadline);
        return status::full;
    }
    template <class Stop, class Self = Ring>
    status wait_for_slots_unless(std::size_t n, Stop stop, any_time_point deadline = forever) {
        check_classes<Self>();
        if constexpr (Self::classes == 1) return me().underneath().wait_for_slots_unless(n, stop, deadline);
        return status::full;
    }

    // A visit of another signature is refused with a sentence.
    using refused::consume_one, refused::consume_one_for, refused::consume_some, refused::consume_some_for;
    using refused::consume_some_until, refused::consume_some_unless;

private:
    friend struct select_access;
    auto& ring_to_wait_at() noexcept { return me().underneath(); }
    template <class U>
    status offer(U&& value) {
        return me().ends_.offer(std::forward<U>(value));
    }
    void count_one_refused() noexcept { me().count_left_of_batch(1); }

    template <class Self>
    static constexpr void check_classes() noexcept {
        static_assert(Self::classes == 1,
                      "weir: with shed_lowest there is no wait for several items or slots; wait for one, or use "
                      "another policy");
    }

    Ring& me() noexcept { return static_cast<Ring&>(*this); }
};

}  // namespace weir::detail
