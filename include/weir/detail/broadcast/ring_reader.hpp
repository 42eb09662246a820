// SPDX-License-Identifier: MIT
//
// What join() of a broadcast ring returns. Users get it through weir/broadcast_ring.hpp.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/broadcast/reader.hpp"
#include "weir/detail/broadcast/state.hpp"
#include "weir/detail/token_refusals.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

/// A reader of a ring: it has the pops of a ring with one consumer. Movable; leaves the ring when it is destroyed.
template <class Ring>
class broadcast_reader : public detail::visit_refusals<detail::visit_of::shared_item, const typename Ring::value_type&>,
                         public detail::token_refusals<typename Ring::value_type> {
    using T = typename Ring::value_type;
    using refused = detail::visit_refusals<detail::visit_of::shared_item, const T&>;
    using end = detail::broadcast_reader<T, typename Ring::state>;
    using seat = detail::broadcast_seat;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

public:
    using value_type = T;
    using time_point = std::chrono::steady_clock::time_point;

    broadcast_reader(broadcast_reader&& other) noexcept
        : ring_(std::exchange(other.ring_, nullptr)), end_(std::move(other.end_)) {}
    broadcast_reader& operator=(broadcast_reader&& other) noexcept {
        if (this != std::addressof(other)) {
            leave();
            ring_ = std::exchange(other.ring_, nullptr);
            end_ = std::move(other.end_);
        }
        return *this;
    }
    ~broadcast_reader() { leave(); }

    /// Leaves the ring: the producer waits for it no longer. Afterwards only assign to it, or destroy it.
    void leave() noexcept {
        if (ring_ == nullptr) return;
        end_.leave(ring_->shared_);
        // The producer may wait for this reader alone, and the readers after it, too.
        ring_->wake_all();
        ring_ = nullptr;
    }

    /// Copies the next item: success, empty, or closed, when there will be none.
    status try_pop(T& out) { return try_consume_one(detail::copy_to(out)); }
    [[nodiscard]] std::optional<T> try_pop() {
        std::optional<T> out;
        (void)try_consume_one(detail::copy_in(out));
        return out;
    }
    /// The same, but waits for an item: success or closed; timeout, after that time, or at that time of any clock; or, if
    /// `stop()` said true, empty.
    status pop(T& out) { return pop_until(out, detail::forever); }
    template <class Rep, class Period>
    status pop_for(T& out, std::chrono::duration<Rep, Period> time) {
        return pop_until(out, detail::deadline_after(time));
    }
    template <class Out, detail::bare_number N>
    status pop_for(Out&, N) = delete;  // weir: a time has a unit, as 100ms
    template <detail::bare_number N>
    std::optional<T> pop_for(N) = delete;  // weir: a time has a unit, as 100ms
    status pop_until(T& out, detail::any_time_point deadline) { return pop_unless(out, detail::never, deadline); }
    template <std::predicate Stop>
    status pop_unless(T& out, Stop stop, detail::any_time_point deadline = detail::forever) {
        return consume_one_unless(detail::copy_to(out), stop, deadline);
    }
    [[nodiscard]] std::optional<T> pop() { return pop_until(detail::forever); }
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> pop_for(std::chrono::duration<Rep, Period> time) {
        return pop_until(detail::deadline_after(time));
    }
    [[nodiscard]] std::optional<T> pop_until(detail::any_time_point deadline) {
        std::optional<T> out;
        (void)consume_one_unless(detail::copy_in(out), detail::never, deadline);
        return out;
    }

    /// Calls `f(const T&)` on min(`most`, available) items, in order. Returns how many. If `f` throws, that item and those after
    /// it stay. The producer gets their room back some at a time.
    template <detail::visitor<const T&> F>
    std::size_t consume(F&& f, std::size_t most = all) {
        return consume_now(f, most);
    }
    template <detail::visitor<const T&> F>
    status try_consume_one(F f) {
        return consume_now(f, 1) > 0 ? status(status::success) : shortage();
    }
    /// The same, but waits for an item, as pop does.
    template <detail::visitor<const T&> F, std::predicate Stop>
    status consume_one_unless(F f, Stop stop, detail::any_time_point deadline = detail::forever) {
        return wait_to_consume(f, 1, stop, deadline) > 0 ? status::success : answer_;
    }
    template <detail::visitor<const T&> F>
    std::size_t consume_some(F&& f, std::size_t most = all) {
        return consume_some_unless(f, detail::never, detail::forever, most);
    }
    template <detail::visitor<const T&> F, class Rep, class Period>
    std::size_t consume_some_for(F&& f, std::chrono::duration<Rep, Period> time, std::size_t most = all) {
        return consume_some_unless(f, detail::never, detail::deadline_after(time), most);
    }
    template <detail::visitor<const T&> F, std::predicate Stop>
    std::size_t consume_some_unless(F&& f, Stop stop, detail::any_time_point deadline = detail::forever,
                                    std::size_t most = all) {
        return wait_to_consume(f, most, stop, deadline);
    }
    // A visit of another signature, and a stop token, are refused with a sentence.
    using detail::token_refusals<T>::pop;
    using refused::consume, refused::try_consume_one, refused::consume_one_unless, refused::consume_some;
    using refused::consume_some_for, refused::consume_some_unless;

    /// How many items were missed right before the latest one; and in all, since this reader joined. 0 for a gated one.
    std::uint64_t gap() const noexcept { return end_.gap(); }
    std::uint64_t missed() const noexcept { return end_.missed(); }
    /// How many items were pushed that this reader has not finished, or not given back yet. Any thread may ask, while the reader is
    /// neither moved nor leaves.
    std::uint64_t lag() const noexcept { return end_.lag(ring().shared_); }

    /// gated or lossy, as it joined, or lossy since it was late for longer than its lag_limit.
    reader_mode mode() const noexcept {
        const std::uint32_t now = end_.is_limited() ? end_.mode_now(ring().shared_)
                                  : end_.is_gated() ? seat::gated
                                                    : seat::lossy;
        return now == seat::gated ? reader_mode::gated : reader_mode::lossy;
    }
    /// Whether it was late for longer than its lag_limit, and gets no more items: its pops answer closed.
    bool is_ended() const noexcept { return end_.is_ended(ring().shared_); }

    /// Makes every waiter of the ring look again, as the ring's.
    void wake_all() noexcept { ring().wake_all(); }

private:
    friend Ring;
    friend struct detail::select_access;
    using join_settings = typename Ring::join_settings;

    broadcast_reader(Ring& ring, const join_settings& how)
        : ring_(std::addressof(ring)),
          end_(ring.shared_, ring.mapped(), mode_of(how), how.name, elders_of(ring, how), how.limit) {
        // A producer that looked meanwhile may have seen it further behind, and sleep.
        if (end_.is_gated()) ring.tell_read();
    }

    static seat::mode_type mode_of(const join_settings& how) {
        if (how.mode == reader_mode::gated) return seat::gated;
        if (!Ring::can_be_lossy) {
            detail::reject_argument(
                "a lossy reader copies items while they may be overwritten, so T must be trivially copyable; join gated");
        }
        return seat::lossy;
    }
    static void check_limit(const join_settings& how) {
        if (how.limit.time.count() == 0) return;
        if (how.limit.time.count() < 0)
            detail::reject_argument("a reader's lag_limit of less than no time is impossible; give it a positive time");
        if (how.mode != reader_mode::gated || how.after.size() > 0) {
            detail::reject_argument(
                "only a gated reader that comes after no others can be late by itself; join it without a lag_limit");
        }
        if (!Ring::can_be_lossy) {
            detail::reject_argument(
                "a reader with a lag_limit copies items that may be overwritten when it is late, so T must be trivially "
                "copyable; join it without a limit");
        }
    }
    static detail::broadcast_elders elders_of(const Ring& ring, const join_settings& how) {
        check_limit(how);
        detail::broadcast_elders found;
        for (const broadcast_reader* const other : how.after) {
            if (other == nullptr || other->ring_ != std::addressof(ring) || !other->end_.is_gated()) {
                detail::reject_argument(
                    "a reader comes after gated readers of the same ring; name others of this ring, or none");
            }
            if (found.count == found.all.size()) {
                detail::reject_argument("a reader comes after " + std::to_string(how.after.size()) +
                                        " others; at most " + std::to_string(found.all.size()) + " are possible");
            }
            found.all[found.count++] = other->end_.as_elder();
        }
        if (how.after.size() > 0 && how.mode != reader_mode::gated)
            detail::reject_argument("a reader that comes after others is gated; join it gated, or without `after`");
        return found;
    }

    // To wait at several rings, as of ring_ends. The readers before this one may leave meanwhile: then the lot is another one.
    auto& lot_of_items() noexcept { return end_.is_after_others(ring().shared_) ? ring().finished_ : ring().items_; }
    status look_for_items() noexcept {
        if (end_.has_items(ring().shared_)) return status::success;
        if (shortage() == status::closed) return status::closed;
        return ring().is_closed() ? status::busy : status::empty;
    }

    template <class F>
    std::size_t consume_now(F& f, std::size_t most) {
        return end_.consume(ring().shared_, f, most, [this](std::size_t) noexcept { ring().tell_read(); });
    }
    status shortage() const noexcept { return end_.drained(ring().shared_) ? status::closed : status::empty; }

    template <class F, class Stop>
    std::size_t wait_to_consume(F& f, std::size_t most, Stop& stop, detail::steady_time deadline) {
        std::size_t visited = consume_now(f, most);
        answer_ = status::empty;
        if (visited > 0 || most == 0) return visited;
        bool is_stopped = false;
        const auto done = [&] {
            is_stopped = stop();  // first: what came before that is still visited
            visited = consume_now(f, most);
            answer_ = visited > 0 ? status(status::success) : shortage();
            return answer_ != status::empty || is_stopped;
        };
        bool in_time = true;
        for (bool is_done = false; in_time && !is_done;) {
            // The readers before this one may leave meanwhile: then it is the producer that it waits for.
            const bool is_after = end_.is_after_others(ring().shared_);
            auto& place = is_after ? ring().finished_ : ring().items_;
            in_time = place.wait(
                [&] {
                    is_done = done() || ring().is_closed();
                    return is_done || is_after != end_.is_after_others(ring().shared_);
                },
                deadline);
        }
        // Closed, but a push from before, or a reader before this one, is still at work.
        if (in_time && answer_ == status::empty && !is_stopped) in_time = wait::sleep::lot(true).wait(done, deadline);
        if (!in_time) answer_ = status::timeout;
        return visited;
    }

    Ring& ring() const noexcept {
        if (ring_ == nullptr) [[unlikely]]
            detail::abort_with(
                "a reader that was moved from, or has left its ring, is used; use the one that it was moved to");
        return *ring_;
    }

    Ring* ring_;
    end end_;
    status answer_ = status::empty;
};

}  // namespace weir
