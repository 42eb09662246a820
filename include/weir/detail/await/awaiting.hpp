// SPDX-License-Identifier: MIT
//
// From a Want (operation.hpp) to what users hold: something to co_await, which is a sender, too. Users get it through weir/await.hpp.
#pragma once

#include <version>

#if defined(__cpp_impl_coroutine)  // await.hpp refuses compilers without

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "weir/detail/await/operation.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/offered.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/role_checker.hpp"

namespace weir {

namespace detail {

/// What an executor gets to run.
struct resumption {
    std::coroutine_handle<> waiting;
    void operator()() const { waiting.resume(); }
};

/// Resumes on the thread that ended the wait.
struct right_here {
    void operator()(std::coroutine_handle<> waiting) const noexcept { waiting.resume(); }
};

/// Hands the coroutine to an executor, kept by reference, or a copy of it.
template <class Executor>
struct on_executor {
    Executor executor;
    void operator()(std::coroutine_handle<> waiting) noexcept {
        if constexpr (requires { executor.execute(resumption{waiting}); }) {
            executor.execute(resumption{waiting});
        } else if constexpr (requires { executor.post(resumption{waiting}); }) {
            executor.post(resumption{waiting});
        } else {  // that of the Networking TS, as Asio has it
            executor.post(resumption{waiting}, std::allocator<void>());
        }
    }
};
template <class Executor>
inline constexpr bool is_executor =
    requires(Executor& executor) { executor.execute(resumption()); } || requires(Executor& executor) {
        executor.post(resumption());
    } || requires(Executor& executor) { executor.post(resumption(), std::allocator<void>()); };

/// The operation of a receiver, as std::execution connects it.
template <class Want, class Token, class Receiver>
class connected {
public:
    connected(Want&& want, Token token, Receiver receiver)
        : receiver_(std::move(receiver)),
          want_(std::move(want)),
          operation_(want_, std::move(token), completing{this}) {}
    connected(const connected&) = delete;
    connected& operator=(const connected&) = delete;

    void start() noexcept {
        if (want_.try_once() || operation_.begin()) complete();
    }

private:
    struct completing {
        connected* me;
        void operator()() const noexcept { me->complete(); }
    };
    void complete() noexcept {
        if (operation_.is_stopped()) return std::move(receiver_).set_stopped();
        want_.adopt();
        if constexpr (requires { want_.complete(std::move(receiver_)); }) {
            want_.complete(std::move(receiver_));
        } else {
            std::move(receiver_).set_value(want_.result());
        }
    }

    Receiver receiver_;
    Want want_;
    typename Want::template operation<Token, completing> operation_;
};

}  // namespace detail

/// What async_pop() and its like return: to be awaited by any coroutine, also again when that has ended; or to be connected to a receiver.
/// It does nothing before. It refers to the ring, and to an item that is pushed, which must live until it has ended.
///
/// Movable before it is awaited, so that it can be returned and stored.
template <class Want, class Token = detail::no_token, class Resume = detail::right_here>
class [[nodiscard]] awaitable {
public:
    // For libraries of senders: it is one, and ends by set_value or set_stopped.
    using is_sender = void;

    // This and what follows it where there is an answer at once is inlined by force, as the operations of rings are: whether GCC does it by
    // itself depends on the rest of the file.
    template <class... Args>
    [[gnu::always_inline]] explicit awaitable(std::in_place_t, Token token,
                                              Args&&... args) noexcept(std::is_nothrow_constructible_v<Want, Args...>)
        : want_(std::forward<Args>(args)...), token_(std::move(token)) {}
    awaitable(Want&& want, Token&& token, Resume&& resume, std::size_t spins) noexcept
        : want_(std::move(want)), token_(std::move(token)), resume_(std::move(resume)), spins_(spins) {}
    awaitable(awaitable&& other) noexcept
        : awaitable(std::move(other.want_), std::move(other.token_), std::move(other.resume_), other.spins_) {}
    /// If the coroutine is suspended here, it is withdrawn. Debug builds (see role_checker.hpp) look whether its executor has it.
    [[gnu::always_inline]] ~awaitable() {
        if (has_operation_) end_operation();
    }

    /// The coroutine goes on where `executor` runs it, by execute(f) or else post(f), if it has to be suspended: then the thread that
    /// ends the wait hands it over, and does not run it. An lvalue is kept by reference, and must live until then; an rvalue is kept,
    /// and must be copyable. What the executor does must not throw; whether it allocates is its own matter.
    template <class Executor>
    auto resume_on(Executor&& executor) && noexcept {
        constexpr bool is_one = detail::is_executor<std::remove_reference_t<Executor>>;
        static_assert(
            is_one, "weir: resume_on() takes an executor: an object with execute(f) or post(f), which calls f() once");
        if constexpr (is_one) {
            using on = detail::on_executor<Executor>;
            return awaitable<Want, Token, on>(std::move(want_), std::move(token_), on{std::forward<Executor>(executor)},
                                              spins_);
        } else {
            return std::move(*this);
        }
    }

    /// Looks so many times more before it suspends, with a pause of the processor in between; 0 if this is not called. Worth it where
    /// the answer is nearer than a suspension, a microsecond or two, and no other work waits for the thread.
    awaitable spin(std::size_t looks) && noexcept {
        return awaitable(std::move(want_), std::move(token_), std::move(resume_), looks);
    }

    /// The operation of a sender, which start() starts. It must not move, and lives until it has called one of
    ///
    ///     std::move(receiver).set_value(result)      what co_await gives
    ///     std::move(receiver).set_stopped()          a stop was requested
    ///
    /// neither of which may throw. On the thread that started it, or that ends the wait; resume_on() has no effect here.
    template <class Receiver>
    auto connect(Receiver receiver) && {
        return detail::connected<Want, Token, Receiver>(std::move(want_), std::move(token_), std::move(receiver));
    }

    // ---- for co_await: it is its own awaiter, so that nothing is copied ---------------------------------------------
    [[gnu::always_inline]] bool await_ready() noexcept(noexcept(std::declval<Want&>().try_once())) {
        return want_.try_once() || (spins_ > 0 && look_again());
    }
    // False: it goes on at once. After true the coroutine may have been resumed, and ended, by another thread.
    [[gnu::noinline]] bool await_suspend(std::coroutine_handle<> waiting) noexcept {
        waiting_ = waiting;
        if (has_operation_) std::destroy_at(std::addressof(operation_));  // it was, once before
        has_operation_ = true;
        return !std::construct_at(std::addressof(operation_), want_, Token(token_), resuming{this})->begin();
    }
    [[gnu::always_inline]] decltype(auto) await_resume() noexcept(noexcept(std::declval<Want&>().result())) {
        if (has_operation_) resume();
        return want_.result();
    }

    // Of a const one: refused with a sentence.
    template <class Self = awaitable>
    bool await_ready() const noexcept {
        static_assert(
            detail::offered<Self>,
            "weir: a const operation cannot be awaited, since waiting changes it: auto op = ...; co_await op; or "
            "co_await it at once");
        return true;
    }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    template <class W = Want>
    auto await_resume() const noexcept -> decltype(std::declval<W&>().result()) {
        std::abort();
    }

private:
    struct resuming {
        awaitable* me;
        void operator()() const noexcept {
            me->is_handed_over_ = true;
            Resume resume = me->resume_;  // the awaitable may end before this returns
            resume(me->waiting_);
        }
    };
    using operation = typename Want::template operation<Token, resuming>;

    [[gnu::noinline]] bool look_again() noexcept {
        for (std::size_t left = spins_; left > 0; --left) {
            detail::pause();
            if (want_.attempt()) return true;
        }
        return false;
    }

    void resume() noexcept {
        is_handed_over_ = false;
        want_.adopt();  // by another thread, perhaps
    }
    [[gnu::noinline]] void end_operation() noexcept {
#if WEIR_CHECK_ROLES
        if (is_handed_over_) {
            detail::abort_with(
                "a coroutine was destroyed after it was handed to its executor, and what it waited for with it; request a "
                "stop, and let it end");
        }
#endif
        std::destroy_at(std::addressof(operation_));
    }

    Want want_;
    [[no_unique_address]] Token token_;
    [[no_unique_address]] Resume resume_{};
    std::size_t spins_ = 0;
    bool has_operation_ = false;
    bool is_handed_over_ = false;  // and not resumed yet
    std::coroutine_handle<> waiting_;
    union {
        operation operation_;
    };
};

}  // namespace weir

#endif
