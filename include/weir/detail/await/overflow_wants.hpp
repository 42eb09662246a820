// SPDX-License-Identifier: MIT
//
// What operations without a thread wait for at a ring with an overflow policy: see operation.hpp and wants.hpp. Users get it through
// weir/await.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/detail/await/operation.hpp"
#include "weir/detail/await/wants.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// One item: the answer of pop(out), and the item. gap() is that of the item when the coroutine goes on.
template <ring_of_policy Ring>
class pop_want<Ring> {
    using T = typename Ring::value_type;

public:
    template <class Token, class Deliver>
    using operation = wait_operation<pop_want, Token, Deliver>;
    static constexpr std::size_t places = 1;

    explicit pop_want(Ring& ring) noexcept : ring_(&ring) {}
    pop_want(pop_want&& other) noexcept : ring_(other.ring_) {}  // it has no item before it is started

    void adopt() const noexcept { ring_->adopt_consumer(); }
    bool try_once() noexcept {
        adopt();
        answer_ = ring_->try_consume_one(emplace_in(item_));
        return answer_ != status::empty && answer_ != status::busy;
    }
    bool attempt() noexcept {
        for (unsigned naps = 0; !try_once();) {
            if (!ring_->is_closed()) return false;
            // Closed, but a push from before is still under way: there is no notification when that is over.
            nap(++naps, forever);
        }
        return true;
    }
    void stop() noexcept {}
    void prepare() noexcept {}
    static constexpr bool may_sleep() noexcept { return true; }
    auto& listened(std::size_t) const noexcept { return lot().listened(); }
    bool needs_fence(std::size_t) const noexcept { return lot().needs_fence(); }
    static constexpr bool is_for_one(std::size_t) noexcept { return true; }
    void pass_on() const noexcept {}
    static constexpr bool pass_on_as_woken() noexcept { return false; }

    status answer() const noexcept { return answer_; }
    std::optional<T> item() noexcept { return std::exchange(item_, std::nullopt); }
    std::optional<T> result() noexcept { return item(); }

protected:
    void move_to(T& out) noexcept(std::is_nothrow_move_assignable_v<T>) {
        if (item_.has_value()) out = std::move(*item_);
        item_.reset();
    }

private:
    auto& lot() const noexcept { return select_access::part_of(*ring_).lot_of_items(); }

    Ring* ring_;
    status answer_ = status::empty;
    std::optional<T> item_;
};

/// One item that is offered: with overflow::block, room for it, too. The other policies answer at once.
template <ring_of_policy Ring, class X>
class push_want<Ring, X> {
    static constexpr bool blocks = std::same_as<typename Ring::policy_type, overflow::block>;

public:
    template <class Token, class Deliver>
    using operation = wait_operation<push_want, Token, Deliver>;
    static constexpr std::size_t places = 1;

    push_want(Ring& ring, X&& x) noexcept(std::is_nothrow_move_constructible_v<X>)
        : ring_(&ring), x_{static_cast<X&&>(x)} {}

    void adopt() const noexcept {
        if constexpr (!Ring::has_many_producers) ring_->adopt_producer();
    }
    bool try_once() noexcept(blocks) {
        adopt();
        if constexpr (blocks) {
            answer_ = select_access::offer(*ring_, static_cast<X&&>(x_.x));
            if (answer_ == status::full || answer_ == status::busy) return false;
            if (!answer_) stop();
        } else {
            answer_ = ring_->try_push(static_cast<X&&>(x_.x));
        }
        return true;
    }
    bool attempt() noexcept { return try_once(); }
    // It counts as refused once, however often it was tried.
    void stop() noexcept { select_access::count_refused(*ring_); }
    void prepare() noexcept {}
    static constexpr bool may_sleep() noexcept { return true; }
    auto& listened(std::size_t) const noexcept { return lot().listened(); }
    bool needs_fence(std::size_t) const noexcept { return lot().needs_fence(); }
    static constexpr bool is_for_one(std::size_t) noexcept { return !Ring::has_many_producers; }
    void pass_on() const noexcept {
        if constexpr (blocks) select_access::part_of(*ring_).pass_room_on();
    }
    bool pass_on_as_woken() const noexcept {
        if constexpr (blocks && Ring::has_many_producers) {
            auto& part = select_access::part_of(*ring_);
            if (!part.core().has_room()) return false;
            part.lot_of_room().notify_threads(1);
            return true;
        }
        return false;
    }

    status answer() const noexcept { return answer_; }
    status result() const noexcept { return answer_; }

private:
    auto& lot() const noexcept {
        if constexpr (blocks) {
            return select_access::part_of(*ring_).lot_of_room();
        } else {
            return select_access::part_of(*ring_).lot_of_items();  // in which no push ever waits
        }
    }

    struct kept {
        X x;
    };
    Ring* ring_;
    status answer_ = status::full;
    kept x_;
};

}  // namespace weir::detail
