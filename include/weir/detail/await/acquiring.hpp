// SPDX-License-Identifier: MIT
//
// What an operation without a thread waits for at a credit_gate: see operation.hpp. Users get it through weir/await.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "weir/credit_gate.hpp"
#include "weir/detail/await/operation.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/gate/pool.hpp"
#include "weir/status.hpp"

namespace weir::detail {

struct gate_access {
    static void require(const credit_source& from, std::size_t n) { from.require(n); }
    static credit_pool& pool(credit_source& from) noexcept { return from.pool_; }
    static gate_share* share(credit_source& from) noexcept { return from.share_; }
    static credit_permit permit(credit_source& from, std::size_t n) noexcept { return credit_permit(&from, n); }
};

template <class Want, class Token, class Deliver>
class acquire_operation;

/// `n` credits of a gate, or of a share: the answer of acquire(n).
class acquire_want {
public:
    template <class Token, class Deliver>
    using operation = acquire_operation<acquire_want, Token, Deliver>;

    acquire_want(credit_source& from, std::size_t n) noexcept : from_(&from), n_(n) {}

    void adopt() const noexcept {}
    bool try_once() noexcept {
        answer_ = gate_access::pool(*from_).try_take(gate_access::share(*from_), n_);
        return answer_ != status::no_credit;
    }
    bool attempt() noexcept { return try_once(); }

    credit_source& from() const noexcept { return *from_; }
    std::size_t n() const noexcept { return n_; }
    void answer(status given) noexcept { answer_ = given; }
    std::optional<credit_permit> result() noexcept {
        if (std::exchange(answer_, status::closed) != status::success) return std::nullopt;
        return gate_access::permit(*from_, n_);
    }

private:
    credit_source* from_;
    std::size_t n_;
    status answer_ = status::no_credit;
};

/// As wait_operation, in the queue of the gate: it is served in its turn.
template <class Want, class Token, class Deliver>
class acquire_operation {
public:
    acquire_operation(Want& want, Token token, Deliver deliver) noexcept
        : want_(want), token_(std::move(token)), deliver_(deliver) {}
    acquire_operation(const acquire_operation&) = delete;
    acquire_operation& operator=(const acquire_operation&) = delete;

    /// Withdraws an operation that is asleep; then the next request is served.
    ~acquire_operation() {
        if (!is_under_way_) return;
        on_stop_.disarm();
        if (!pool().withdraw(place_)) {
            abort_with(
                "an operation was destroyed while another thread was about to end it; request a stop, and destroy it "
                "when it has ended");
        }
    }

    bool is_stopped() const noexcept { return is_stopped_; }

    [[gnu::noinline]] bool begin() noexcept {
        is_under_way_ = true;
        pool().enqueue(place_);
        on_stop_.arm(token_, {this});  // it may call at once
        if (credit_pool::fall_asleep(place_)) return false;
        end();
        return true;
    }

    /// Ends the wait. For any thread, from begin() on, while the operation lives.
    void cancel() noexcept { pool().cancel(place_); }

private:
    struct canceller {
        acquire_operation* me;
        void operator()() const noexcept { me->cancel(); }
    };
    struct place : gate_waiter {
        explicit place(acquire_operation& me) noexcept
            : gate_waiter(gate_access::share(me.want_.from()), me.want_.n(), &acquire_operation::served), of(me) {}
        acquire_operation& of;
    };

    static void served(gate_waiter& w) noexcept {
        acquire_operation& me = static_cast<place&>(w).of;
        me.end();
        Deliver deliver = me.deliver_;  // it may destroy the operation
        deliver();
    }

    void end() noexcept {
        on_stop_.disarm();
        is_under_way_ = false;
        is_stopped_ = place_.answer == status::no_credit;
        want_.answer(place_.answer);
    }

    credit_pool& pool() noexcept { return gate_access::pool(want_.from()); }

    Want& want_;
    [[no_unique_address]] Token token_;
    Deliver deliver_;
    bool is_under_way_ = false;
    bool is_stopped_ = false;
    place place_{*this};
    [[no_unique_address]] stop_listener<Token, canceller> on_stop_;
};

}  // namespace weir::detail
