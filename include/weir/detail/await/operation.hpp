// SPDX-License-Identifier: MIT
//
// An operation that waits without a thread: what a coroutine awaits, and what a sender was connected to. Users get it through
// weir/await.hpp.
//
// What it waits for is a Want, which offers
//
//     attempt()          one look, or one try. True if it has its answer. Does not block, but for a push that close() overtook
//     stop()             the wait was cancelled: the answer of the last attempt stands
//     places             the number of lots that it waits in
//     prepare()          to be called before it registers there
//     listened(i)        the list of lot i, and
//     needs_fence(i)     whether a waiter there issues a heavy fence
//     is_for_one(i)      whether no other operation may wait there meanwhile
//     may_sleep()        whether the lots are still those where it waits
//     pass_on()          leaves what there is to other waiters; returns at once if there is nothing
//     pass_on_as_woken() the same for one that was woken: wakes threads alone, and says whether its waker wakes another listener
//     complete(r)        ends the operation of receiver r, if not by r.set_value(result()); optional
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <version>

#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

#include "weir/detail/base/contract.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/listeners.hpp"

namespace weir::detail {

/// Stands for a stop token: the wait is not cancelled.
struct no_token {};

/// The callback of a stop token: std::stop_callback, or what the token names, as those of std::execution do.
template <class Token, class F>
struct callback_of {};
template <class Token, class F>
    requires requires { typename Token::template callback_type<F>; }
struct callback_of<Token, F> {
    using type = typename Token::template callback_type<F>;
};
#if defined(__cpp_lib_jthread)
template <class F>
struct callback_of<std::stop_token, F> {
    using type = std::stop_callback<F>;
};
#endif

template <class Token>
concept token_to_stop = requires { typename callback_of<Token, void (*)()>::type; };

/// Calls `f()` when a stop is requested, from arm() to disarm(). disarm() waits for a call that is under way, unless it is the caller.
template <class Token, class F>
class stop_listener {
public:
    void arm(Token& token, F f) noexcept { callback_.emplace(std::move(token), f); }
    void disarm() noexcept { callback_.reset(); }

private:
    std::optional<typename callback_of<Token, F>::type> callback_;
};
template <class F>
class stop_listener<no_token, F> {
public:
    void arm(no_token&, F) noexcept {}
    void disarm() noexcept {}
};

/// The life of an operation. One thread calls begin(). If that says false, the operation has fallen asleep, and a later call of
/// `deliver()` ends it, on the thread that woke or cancelled it. From then on the operation may be destroyed.
///
/// No thread touches the operation after deliver(): before that it has left every list, under the lock of each, and its stop callback
/// has returned. The Want outlives the operation. Deliver is a copyable function.
template <class Want, class Token, class Deliver>
class wait_operation : private suspension {
public:
    wait_operation(Want& want, Token token, Deliver deliver) noexcept
        : suspension(&woken), want_(want), token_(std::move(token)), deliver_(deliver) {}

    /// Withdraws an operation that is asleep.
    ~wait_operation() {
        if (!is_under_way_) return;
        on_stop_.disarm();
        if (!suspension::cancel()) {
            abort_with(
                "an operation was destroyed while another thread was about to end it; request a stop, and destroy it "
                "when it has ended");
        }
        withdraw();
    }

    bool is_stopped() const noexcept { return is_stopped_; }

    // Not inlined: after false nothing of the coroutine's frame may be touched, which compilers do not know.
    [[gnu::noinline]] bool begin() noexcept {
        is_under_way_ = true;
        on_stop_.arm(token_, {this});  // it may call at once
        if (!look_and_sleep()) return false;
        end();
        return true;
    }

    /// Ends the wait. For any thread, while the operation lives.
    void cancel() noexcept {
        if (suspension::cancel()) (void)go_on(false);
    }

private:
    struct canceller {
        wait_operation* me;
        void operator()() const noexcept { me->cancel(); }
    };

    static bool woken(suspension& me) noexcept { return static_cast<wait_operation&>(me).go_on(true); }

    // For the thread that woke or cancelled the operation, and owns it now.
    bool go_on(bool is_woken) noexcept {
        withdraw();
        bool has_more = false;
        if (is_settled()) {
            if (is_woken) {
                has_more = want_.pass_on_as_woken();
            } else {
                want_.pass_on();
            }
        } else if (!look_and_sleep()) {
            return false;
        }
        end();
        Deliver deliver = deliver_;  // it may destroy the operation
        deliver();
        return has_more;
    }

    // True: it has its answer. False: it has fallen asleep.
    bool look_and_sleep() noexcept {
        for (;;) {
            begin_to_look();
            want_.prepare();
            bool needs_fence = false;
            for (std::size_t i = 0; i < Want::places; ++i) {
                want_.listened(i).add(places_[i], want_.is_for_one(i));
                needs_fence |= want_.needs_fence(i);
            }
            if (needs_fence) heavy_fence();
            const bool has_answer = is_settled();
            if (!has_answer && want_.may_sleep() && fall_asleep()) return false;
            withdraw();
            if (has_answer || is_settled()) return want_.pass_on(), true;
        }
    }

    bool is_settled() noexcept {
        if (want_.attempt()) return true;
        if (!is_cancelled()) return false;
        is_stopped_ = true;
        want_.stop();
        return true;
    }

    // Through the lock of each list: a thread that took the operation from it has finished with it.
    void withdraw() noexcept {
        for (std::size_t i = 0; i < Want::places; ++i) want_.listened(i).remove(places_[i]);
    }

    void end() noexcept {
        on_stop_.disarm();
        is_under_way_ = false;
    }

    template <std::size_t... I>
    static std::array<listener, sizeof...(I)> places_of(suspension& me, std::index_sequence<I...>) noexcept {
        return {((void)I, listener(me))...};
    }

    Want& want_;
    [[no_unique_address]] Token token_;
    Deliver deliver_;
    bool is_under_way_ = false;
    bool is_stopped_ = false;
    std::array<listener, Want::places> places_ = places_of(*this, std::make_index_sequence<Want::places>());
    [[no_unique_address]] stop_listener<Token, canceller> on_stop_;
};

}  // namespace weir::detail
