// SPDX-License-Identifier: MIT
//
// What operations without a thread wait for, at rings: see operation.hpp. Users get it through weir/await.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/detail/await/operation.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/select/any_end.hpp"
#include "weir/detail/select/handlers.hpp"
#include "weir/detail/select/waiter.hpp"
#include "weir/detail/wait/listeners.hpp"
#include "weir/detail/wait/lot.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// One item of a ring: the answer of pop(out), and the item.
template <class Part>
class pop_want {
    using T = typename std::remove_reference_t<decltype(std::declval<Part&>().core())>::value_type;

public:
    template <class Token, class Deliver>
    using operation = wait_operation<pop_want, Token, Deliver>;
    static constexpr std::size_t places = 1;

    explicit pop_want(Part& part) noexcept : part_(&part) {}
    pop_want(pop_want&& other) noexcept : part_(other.part_) {}  // it has no item before it is started

    /// The calling thread is the consumer from now on.
    void adopt() const noexcept {
        if constexpr (!Part::has_many_consumers) part_->core().adopt_consumer();
    }
    /// The first try. True if it has its answer.
    [[gnu::always_inline]] bool try_once() noexcept {
        adopt();
        answer_ = part_->take(emplace_in(item_));
        part_->note_pop(answer_);
        return !Part::is_to_wait(answer_);
    }
    bool attempt() noexcept {
        adopt();
        for (unsigned naps = 0;;) {
            answer_ = part_->take(emplace_in(item_));
            if (!Part::is_to_wait(answer_)) return part_->note_pop(answer_), true;
            if (!part_->core().is_closed()) return false;
            // Closed, but a push from before is still under way: there is no notification when that is over.
            nap(++naps, forever);
        }
    }
    void stop() noexcept {}
    void prepare() noexcept {}
    static constexpr bool may_sleep() noexcept { return true; }
    auto& listened(std::size_t) const noexcept { return part_->lot_of_items().listened(); }
    bool needs_fence(std::size_t) const noexcept { return part_->lot_of_items().needs_fence(); }
    static constexpr bool is_for_one(std::size_t) noexcept { return !Part::has_many_consumers; }
    void pass_on() const noexcept { part_->pass_items_on(); }
    bool pass_on_as_woken() const noexcept {
        if (!Part::has_many_consumers || !part_->core().has_items()) return false;
        part_->lot_of_items().notify_threads(1);
        return true;
    }

    status answer() const noexcept { return answer_; }
    // Not by the move of std::optional: a load of the whole, right after the stores of its parts, would wait for these. It may be awaited
    // again, and then must have no item.
    [[gnu::always_inline]] std::optional<T> item() noexcept {
        if (!item_.has_value()) return std::nullopt;
        std::optional<T> out(std::in_place, std::move(*item_));
        item_.reset();
        return out;
    }
    [[gnu::always_inline]] std::optional<T> result() noexcept { return item(); }

protected:
    [[gnu::always_inline]] void move_to(T& out) noexcept(std::is_nothrow_move_assignable_v<T>) {
        if (!item_.has_value()) return;
        out = std::move(*item_);
        item_.reset();
    }

private:
    Part* part_;
    status answer_ = status::empty;
    std::optional<T> item_;
};

/// The same, which moves the item to a variable of the caller's when it resumes, and gives the answer.
template <class Part, class T>
class pop_to_want : public pop_want<Part> {
public:
    template <class Token, class Deliver>
    using operation = wait_operation<pop_to_want, Token, Deliver>;

    pop_to_want(Part& part, T& out) noexcept : pop_want<Part>(part), out_(&out) {}

    [[gnu::always_inline]] status result() noexcept(std::is_nothrow_move_assignable_v<T>) {
        this->move_to(*out_);
        return this->answer();
    }

private:
    T* out_;
};

/// Room for one item, and the item: the answer of push(x). X is T, kept by value; T&&, or const T&, kept by reference.
template <class Part, class X>
class push_want {
public:
    template <class Token, class Deliver>
    using operation = wait_operation<push_want, Token, Deliver>;
    static constexpr std::size_t places = 1;

    push_want(Part& part, X&& x) noexcept(std::is_nothrow_move_constructible_v<X>)
        : part_(&part), x_{static_cast<X&&>(x)} {}

    /// The calling thread is the producer from now on.
    void adopt() const noexcept {
        if constexpr (!Part::has_many_producers) part_->core().adopt_producer();
    }
    [[gnu::always_inline]] bool try_once() noexcept {
        adopt();
        answer_ = part_->put(static_cast<X&&>(x_.x));
        part_->note_push(answer_);
        return !Part::is_to_wait(answer_);
    }
    bool attempt() noexcept {
        adopt();
        answer_ = part_->put(static_cast<X&&>(x_.x));
        if (Part::is_to_wait(answer_)) return false;
        part_->note_push(answer_);
        return true;
    }
    void stop() noexcept {}
    void prepare() noexcept {}
    static constexpr bool may_sleep() noexcept { return true; }
    auto& listened(std::size_t) const noexcept { return part_->lot_of_room().listened(); }
    bool needs_fence(std::size_t) const noexcept { return part_->lot_of_room().needs_fence(); }
    static constexpr bool is_for_one(std::size_t) noexcept { return !Part::has_many_producers; }
    void pass_on() const noexcept { part_->pass_room_on(); }
    bool pass_on_as_woken() const noexcept {
        if (!Part::has_many_producers || !part_->core().has_room()) return false;
        part_->lot_of_room().notify_threads(1);
        return true;
    }

    status answer() const noexcept { return answer_; }
    status result() const noexcept { return answer_; }

private:
    struct kept {
        X x;
    };
    Part* part_;
    status answer_ = status::full;
    kept x_;
};

template <class End>
inline constexpr bool is_kept_by_value = false;
template <class Ring>
inline constexpr bool is_kept_by_value<items_end<Ring>> = true;
template <class Ring>
inline constexpr bool is_kept_by_value<room_end<Ring>> = true;

/// The first of N ends: the answer of select(). It keeps the ends of rings by value, and others by reference.
template <class... Ends>
class select_want {
public:
    template <class Token, class Deliver>
    using operation = wait_operation<select_want, Token, Deliver>;
    static constexpr std::size_t places = sizeof...(Ends);

    /// `how`: null for a choice of its own, at random, or by priority.
    [[gnu::always_inline]] select_want(selection* how, bool by_priority, Ends&... ends) noexcept
        : how_(how), own_(by_priority ? selection(weir::by_priority) : select_waiter::at_random()), ends_(ends...) {}
    select_want(select_want&& other) noexcept : how_(other.how_), own_(other.own_), ends_(other.ends_) {}

    void adopt() noexcept {
        std::apply([](auto&... ends) noexcept { (detail::adopt(ends), ...); }, ends_);
    }
    [[gnu::always_inline]] bool try_once() noexcept {
        adopt();
        const std::uint64_t ready =
            std::apply([this](auto&... ends) noexcept { return ready_at_once(how(), ends...); }, ends_);
        if (ready == 0) [[unlikely]]
            return attempt();
        found_ = select_waiter::found(how(), ready);
        return true;
    }
    [[gnu::noinline]] bool attempt() noexcept {
        looking& me = look();
        adopt();
        for (unsigned naps = 0;;) {
            found_ = me.waiter.look_once();
            if (found_ || found_.is_closed()) return true;
            if (!me.waiter.settles_soon()) return false;
            nap(++naps, forever);  // as in pop_want
        }
    }
    void stop() noexcept {}
    void prepare() noexcept {
        looking& me = look();
        me.waiter.will_sleep();
        for (std::size_t i = 0; i < places; ++i) me.lots[i] = select_waiter::lot_of(me.ends[i]);
    }
    bool may_sleep() const noexcept {
        for (std::size_t i = 0; i < places; ++i) {
            if (select_waiter::lot_of(looking_->ends[i]) != looking_->lots[i]) return false;
        }
        return true;
    }
    listeners& listened(std::size_t i) const noexcept {
        return select_waiter::listened(looking_->ends[i], looking_->lots[i]);
    }
    bool needs_fence(std::size_t i) const noexcept {
        return select_waiter::needs_fence(looking_->ends[i], looking_->lots[i]);
    }
    bool is_for_one(std::size_t i) const noexcept { return select_waiter::is_for_one(looking_->ends[i]); }
    void pass_on() noexcept { looking_->waiter.pass_on(); }
    bool pass_on_as_woken() noexcept { return pass_on(), false; }

    selected result() const noexcept { return found_; }

private:
    // What it needs from its second look on. It stays where it is, since it refers to itself.
    struct looking {
        explicit looking(select_want& of) noexcept
            : ends(std::apply([](auto&... end) noexcept { return std::array{any_end(end)...}; }, of.ends_)),
              waiter(std::span<const any_end>(ends), of.how()) {}
        const std::array<any_end, places> ends;
        std::array<void*, places> lots{};
        select_waiter waiter;
    };
    looking& look() noexcept {
        if (!looking_) looking_.emplace(*this);
        return *looking_;
    }
    selection& how() noexcept { return how_ == nullptr ? own_ : *how_; }

    selection* how_;
    selection own_;
    std::tuple<std::conditional_t<is_kept_by_value<std::remove_const_t<Ends>>, Ends, Ends&>...> ends_;
    selected found_ = select_waiter::nothing();
    std::optional<looking> looking_;
};

}  // namespace weir::detail
