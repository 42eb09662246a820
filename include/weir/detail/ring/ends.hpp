// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/as.hpp"
#include "weir/detail/base/opaque.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

/// A core and, for each side, the lot where its threads wait and the ledger where it counts. The operations of basic_ring are
/// built from these functions; each is as thread-safe as the operation that it is part of.
template <class Core, class Wait, class Stats>
class ring_ends {
    using T = typename Core::value_type;

public:
    static constexpr bool has_many_producers = Core::has_many_producers;
    static constexpr bool has_many_consumers = Core::has_many_consumers;
    static constexpr bool has_contiguous_slots = Core::has_contiguous_slots;
    static constexpr bool has_credit_on_request = Core::has_credit_on_request;
    // Where a push builds its element before it is sure of its room: then a refused one has used its arguments up.
    static constexpr bool builds_before_room = has_many_producers && Core::try_push_progress == progress::lock_free;
    static constexpr bool keeps_statistics = std::same_as<Stats, stats::on>;

    template <class... Args>
    explicit ring_ends(const Args&... args) : core_(args...) {}

    Core& core() noexcept { return core_; }
    const Core& core() const noexcept { return core_; }

    /// Where consumers wait, and where producers do.
    const auto& items() const noexcept { return items_; }
    const auto& space() const noexcept { return space_; }

    // ---- to put one item in, or take one -----------------------------------------------------------------------

    // Inlined by force, down to the core: GCC would make calls of them where a loop has several, at three times the cost.
    // Opaque where loads and stores are all that an item costs; mpmc_ring, with its locked instructions, was slower so.
    template <class... Args>
    WEIR_ALWAYS_INLINE status put(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        ring_ends& me = has_many_producers ? *this : *detail::opaque(this);
        // A producer that was told `busy` waits for the place that this one gives back if making the element throws.
        waking_if_thrown<std::is_nothrow_constructible_v<T, Args...>> guard{me};
        const status answer = me.core_.try_emplace(std::forward<Args>(args)...);
        guard.returned();
        if (answer == status::success) [[likely]]
            me.pushed(1);
        return answer;
    }

    template <class F>
    WEIR_ALWAYS_INLINE status take(F&& f) noexcept(noexcept(f(std::declval<T&>()))) {
        ring_ends& me = has_many_consumers ? *this : *detail::opaque(this);
        const status answer = me.core_.try_take(f);
        if (answer == status::success) [[likely]]
            me.popped(1);
        if constexpr (has_credit_on_request) {
            if (is_to_wait(answer)) [[unlikely]]
                grant_rest();
        }
        return answer;
    }

    // The non-blocking variants.
    template <class... Args>
    WEIR_ALWAYS_INLINE status try_put(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        const status answer = put(std::forward<Args>(args)...);
        if (is_shortage(answer)) [[unlikely]]
            found_full();
        note_push(answer);
        return answer;
    }
    template <class F>
    WEIR_ALWAYS_INLINE status try_take(F&& f) noexcept(noexcept(f(std::declval<T&>()))) {
        const status answer = take(f);
        if (answer == status::empty) [[unlikely]]
            found_empty();
        note_pop(answer);
        return answer;
    }

    // A peer that is busy with the slot notifies when it is done, as for room or an item.
    static constexpr bool is_to_wait(status answer) noexcept {
        if constexpr (has_credit_on_request) {
            if (answer == status::no_credit) return true;
        }
        return answer == status::full || answer == status::empty || answer == status::busy;
    }

    // ---- to wait ---------------------------------------------------------------------------------------------

    // Where many threads wait, one that succeeds passes the wake-up on if there is more: slots may become ready out of order, and
    // the notification of the second one may have woken a thread that found the first one busy and went to sleep again. A
    // producer whose element throws when it is made does so, too: it leaves the room that it was woken for.
    template <class Attempt, class Stop>
    status wait_for_room(Attempt&& attempt, Stop&& stop, steady_time deadline) {
        status answer = status::full;
        const passing_on wake{*this, answer};
        const auto done = [&] {
            answer = status::success;  // so it stays if making the element throws
            answer = attempt();
            return !is_to_wait(answer) || stop();
        };
        const bool in_time = sleep_in(space_, made_, done, deadline);
        if (!in_time) answer = status::timeout;
        if (!is_to_wait(answer)) note_push(answer);
        return answer;
    }

    template <class Attempt, class Stop>
    status wait_for_items(Attempt&& attempt, Stop&& stop, steady_time deadline) {
        status answer = status::empty;
        bool is_stopped = false;
        const passing_on_items wake{*this, answer};
        const auto done = [&] {
            is_stopped = stop();       // first: what came before that is still taken
            answer = status::success;  // so it stays if a visit throws: its item is gone
            answer = attempt();
            return !is_to_wait(answer) || is_stopped;
        };
        bool in_time = sleep_in(
            items_, taken_, [&] { return done() || core_.is_closed(); }, deadline);
        // Closed, but a push or a reservation from before is still under way: there is no notification when that is over.
        if (in_time && is_to_wait(answer) && !is_stopped) in_time = weir::wait::sleep::lot(true).wait(done, deadline);
        if (!in_time) answer = status::timeout;
        if (!is_to_wait(answer)) note_pop(answer);
        return answer;
    }

    /// Waits until `n` items are there: success; closed, when the ring is and fewer are there; timeout; empty, if stop() says true.
    /// Takes nothing.
    template <class Stop>
    status wait_for_several_items(std::size_t n, Stop&& stop, steady_time deadline) {
        status answer = status::timeout;
        const hurrying now{*this};
        const auto done = [&]() noexcept {
            const bool is_stopped = stop();
            const bool is_last_look = core_.is_closed();  // first: then no item is accepted after the look
            if (core_.size_approx() >= n) return answer = status::success, true;
            if constexpr (has_credit_on_request) tell_of_credit(core_.grant_rest());
            if (is_last_look) return answer = status::closed, true;
            return is_stopped ? (answer = status::empty, true) : false;
        };
        if (!done()) (void)sleep_for_several(items_, taken_, n, done, deadline);
        return answer;
    }

    /// The same for `n` slots that can be pushed to, and credit for them; closed, whenever the ring is.
    template <class Stop>
    status wait_for_several_slots(std::size_t n, Stop&& stop, steady_time deadline) {
        status answer = status::timeout;
        const auto done = [&]() noexcept {
            if (core_.is_closed()) return answer = status::closed, true;
            if (room() >= n) return answer = status::success, true;
            return stop() ? (answer = status::full, true) : false;
        };
        if (!done()) (void)sleep_for_several(space_, made_, n, done, deadline);
        return answer;
    }

    /// How many pushes would succeed: for a producer alone a lower bound, else a recent value.
    std::size_t room() const noexcept {
        if constexpr (has_credit_on_request) return core_.credits_approx();
        return core_.capacity() - core_.size_approx();
    }

    /// Makes every waiter look again.
    void wake_all() noexcept {
        items_.notify_all();
        space_.notify_all();
    }

    // ---- to wait at several rings: see detail/select/any_end.hpp -----------------------------------------------

    auto& lot_of_items() noexcept { return items_; }
    auto& lot_of_room() noexcept { return space_; }

    /// Whether a pop could go on now: success; closed, when there will be no item; empty; or busy, when the ring is closed and a push
    /// from before is under way: there is no notification when that is over.
    status look_for_items() noexcept {
        if (core_.has_items()) return status::success;
        if (core_.drained()) return status::closed;
        if constexpr (has_credit_on_request) grant_rest();
        return core_.is_closed() ? status::busy : status::empty;
    }
    /// Success alone, without a reason if not.
    WEIR_ALWAYS_INLINE bool has_items_now() noexcept {
        if constexpr (requires { core_.has_items_now(); }) return core_.has_items_now();
        return core_.has_items();
    }
    bool has_room_now() noexcept { return !core_.is_closed() && core_.has_room(); }
    /// Whether a push could: success, closed or full.
    status look_for_room() noexcept {
        if (core_.is_closed()) return status::closed;
        return core_.has_room() ? status::success : status::full;
    }

    /// A thread that was woken leaves what there is, or is left, to another one that waits.
    void pass_items_on() noexcept {
        if (has_many_consumers && core_.has_items()) (void)items_.notify(1);
    }
    void pass_room_on() noexcept {
        if (has_many_producers && core_.has_room()) (void)notify_space(1);
    }

    // ---- to tell of it ---------------------------------------------------------------------------------------

    // Notify the other side, and count.
    WEIR_ALWAYS_INLINE void pushed(std::size_t n) noexcept {
        made_.pushed(n, [this]() noexcept { return core_.size_approx(); });
        if (items_.notify(n, [this]() noexcept { return core_.size_approx(); })) made_.woke();
    }
    WEIR_ALWAYS_INLINE void popped(std::size_t n) noexcept {
        taken_.passed(n);
        if (notify_space(n)) taken_.woke();
    }
    WEIR_ALWAYS_INLINE void note_push(status answer) noexcept {
        if constexpr (keeps_statistics) {
            if (!answer) [[unlikely]]
                made_.refused(answer, core_.capacity());
        }
    }
    WEIR_ALWAYS_INLINE void note_pop(status answer) noexcept {
        if constexpr (keeps_statistics) {
            if (!answer) [[unlikely]]
                taken_.refused(answer, 0);
        }
    }
    void note_no_room() noexcept {
        if constexpr (keeps_statistics) {
            if (core_.is_closed()) return note_push(status::closed);
            if (core_.size_approx() == core_.capacity()) return note_push(status::full);
            if constexpr (has_credit_on_request) {
                if (core_.credits_approx() == 0) return note_push(status::no_credit);
            }
            note_push(has_contiguous_slots ? status::full : status::busy);
        }
    }
    // A batch that was noted waits once more.
    void note_waits_for_room() noexcept {
        if constexpr (keeps_statistics) made_.short_again();
    }
    void note_waits_for_items() noexcept {
        if constexpr (keeps_statistics) taken_.short_again();
    }
    void note_no_items() noexcept {
        if constexpr (keeps_statistics) {
            const bool empty = has_contiguous_slots || core_.size_approx() == 0;
            note_pop(core_.drained() ? status::closed : empty ? status::empty : status::busy);
        }
    }

    void tell_of_credit(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        if (n > 0) notify_space(as<std::size_t>(n));
    }

    stats::snapshot snapshot() const noexcept {
        return {core_.capacity(), core_.size_approx(), made_.of_producer(), taken_.of_consumer()};
    }

    // A strategy with descriptors makes them unreadable when a try-operation has found nothing.
    void found_full() noexcept {
        if constexpr (requires { space_.found_nothing([] { return true; }); }) {
            if (!core_.is_closed()) space_.found_nothing([this] { return core_.is_closed() || core_.has_room(); });
        }
    }
    void found_empty() noexcept {
        if constexpr (has_credit_on_request) grant_rest();
        if constexpr (requires { items_.found_nothing([] { return true; }); }) {
            if (!core_.is_closed()) items_.found_nothing([this] { return core_.is_closed() || core_.has_items(); });
        }
    }

private:
    // Passes the wake on at the end of its scope, if the answer is success then.
    struct passing_on {
        ring_ends& me;
        const status& answer;
        ~passing_on() {
            if (answer == status::success) me.pass_room_on();
        }
    };

    // As long as a consumer waits for several items, nothing that is requested is held back.
    struct hurrying {
        static constexpr bool matters = has_credit_on_request && has_many_consumers;
        explicit hurrying(ring_ends& ends) noexcept : me(ends) {
            if constexpr (matters) me.core_.demand().begin_hurry();
        }
        ~hurrying() {
            if constexpr (matters) me.core_.demand().end_hurry();
        }
        hurrying(const hurrying&) = delete;
        hurrying& operator=(const hurrying&) = delete;
        ring_ends& me;
    };

    struct passing_on_items {
        ring_ends& me;
        const status& answer;
        ~passing_on_items() {
            if (answer == status::success) me.pass_items_on();
        }
    };

    template <bool Nothrow>
    struct waking_if_thrown {
        explicit waking_if_thrown(ring_ends&) noexcept {}
        constexpr void returned() noexcept {}
    };
    template <bool Nothrow>
        requires(!Nothrow && builds_before_room)
    struct waking_if_thrown<Nothrow> {
        explicit waking_if_thrown(ring_ends& ends) noexcept : me(&ends) {}
        ~waking_if_thrown() {
            if (me != nullptr) (void)me->notify_space(1);
        }
        waking_if_thrown(const waking_if_thrown&) = delete;
        waking_if_thrown& operator=(const waking_if_thrown&) = delete;
        void returned() noexcept { me = nullptr; }
        ring_ends* me;
    };

    static constexpr bool is_shortage(status answer) noexcept {
        return answer == status::full || (has_credit_on_request && answer == status::no_credit);
    }

    // Room alone is no reason to wake a producer that takes credit, too.
    WEIR_ALWAYS_INLINE bool notify_space(std::size_t n) noexcept {
        const auto available = [this]() noexcept { return room(); };
        if constexpr (has_credit_on_request) {
            return space_.notify_if(
                n, [this]() noexcept { return has_unused_credit(); }, available);
        } else {
            return space_.notify(n, available);
        }
    }

    // Out of line, like waking: it happens only when a thread waits.
    [[gnu::noinline]] bool has_unused_credit() noexcept
        requires has_credit_on_request
    {
        return core_.has_unused_credit();
    }

    // Out of line: it runs only when nothing is found.
    [[gnu::noinline]] void grant_rest() noexcept
        requires has_credit_on_request
    {
        tell_of_credit(core_.grant_rest());
    }

    // A strategy that never sleeps does not report sleeps.
    template <class Lot, class Ledger, class Done>
    static bool sleep_in(Lot& lot, [[maybe_unused]] Ledger& ledger, Done done, steady_time deadline) {
        const auto parked = [&ledger]() noexcept { ledger.parked(); };
        if constexpr (keeps_statistics && requires { lot.wait(done, deadline, parked); }) {
            return lot.wait(done, deadline, parked);
        } else {
            return lot.wait(done, deadline);
        }
    }

    // Where a strategy never sleeps, a wait for several is a wait.
    template <class Lot, class Ledger, class Done>
    static bool sleep_for_several(Lot& lot, [[maybe_unused]] Ledger& ledger, std::size_t n, Done& done,
                                  steady_time deadline) {
        const auto parked = [&ledger]() noexcept { ledger.parked(); };
        if constexpr (!requires { lot.wait_for(n, done, deadline); }) {
            return sleep_in(lot, ledger, done, deadline);
        } else if constexpr (keeps_statistics) {
            return lot.wait_for(n, done, deadline, parked);
        } else {
            return lot.wait_for(n, done, deadline);
        }
    }

    Core core_;
    typename Wait::lot items_{false};                   // where consumers wait
    typename Wait::lot space_{!has_credit_on_request};  // where producers wait
    [[no_unique_address]] typename Stats::template ledger<0, has_many_producers> made_;
    [[no_unique_address]] typename Stats::template ledger<1, has_many_consumers> taken_;
};

}  // namespace weir::detail
