// SPDX-License-Identifier: MIT
//
// Credit on its own: bounds how much may be in flight between any producer and any consumer.
//
//     weir::credit_gate budget(64 << 20);                    // 64 MiB in flight
//     auto permit = budget.acquire(message.size());          // waits until that many bytes are free
//     send(message, std::move(*permit));                     // dropping the permit gives the bytes back
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/gate/pool.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir {

class credit_gate;
class credit_permit;

namespace detail {
/// Reaches what an operation that waits without a thread needs of a gate: see detail/await/acquiring.hpp.
struct gate_access;
}  // namespace detail

/// Where credits are acquired: a credit_gate, or a share of one. All of this may be called by any thread.
///
/// Fair: waiters form a queue, and each is served when there are enough credits for it; a waiter for 100 is not starved by a
/// stream of requests for 1. While a request waits at the gate, try_acquire() says no_credit, however many credits are free: that bounds
/// the wait, and costs throughput. A share within its guarantee does not stand behind the requests of others.
///
/// To give credits back happens before another thread acquires them. `n` must be 1 at least and no more than there can ever be,
/// else std::invalid_argument (abort where exceptions are off). If the answer is not success, nothing has happened and `out` is
/// untouched; if it is, the credits that `out` held before are given back.
///
/// Progress: to give back is wait-free while no request waits and no shrink() is owed credits, and blocking otherwise, since the queue
/// has a lock, held for a few instructions. For try_acquire see try_acquire_progress of either class. Waiting operations are blocking.
class credit_source {
public:
    using permit = credit_permit;
    using time_point = std::chrono::steady_clock::time_point;

    credit_source(const credit_source&) = delete;
    credit_source& operator=(const credit_source&) = delete;

    /// Takes `n` credits. Returns success, no_credit (fewer are free, or an earlier request waits), or closed.
    /// One read-modify-write, two for a share that borrows; no syscall.
    status try_acquire(permit& out, std::size_t n = 1);
    /// Takes `n` credits, or returns nothing.
    [[nodiscard]] std::optional<permit> try_acquire(std::size_t n = 1);

    /// Takes `n` credits, and waits for them: spins a little, then sleeps. Returns success, or closed; or too_large, if the gate was
    /// made smaller than `n` meanwhile. As fast as try_acquire if it need not wait.
    status acquire(permit& out, std::size_t n = 1);
    /// The same; returns nothing when it is closed.
    [[nodiscard]] std::optional<permit> acquire(std::size_t n = 1);

    /// The same, but gives up after that time, or at that time of any clock: timeout. A request that gives up has no
    /// effect; the requests behind it are served.
    template <class Rep, class Period>
    status acquire_for(permit& out, std::size_t n, std::chrono::duration<Rep, Period> time) {
        return acquire_until(out, n, detail::deadline_after(time));
    }
    status acquire_until(permit& out, std::size_t n, detail::any_time_point deadline);
    /// The same; returns nothing when it gives up.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<permit> acquire_for(std::size_t n, std::chrono::duration<Rep, Period> time);
    [[nodiscard]] std::optional<permit> acquire_until(std::size_t n, detail::any_time_point deadline);

    template <detail::bare_number N>
    status acquire_for(permit&, std::size_t, N) = delete;  // weir: a time has a unit, as 100ms
    template <detail::bare_number N>
    std::optional<permit> acquire_for(std::size_t, N) = delete;  // weir: a time has a unit, as 100ms

    /// The same, but also gives up when `stop()` says true, with the answer no_credit. It is asked now and then, and
    /// after the gate's wake_all(). For a std::stop_token see stop.hpp.
    template <std::predicate Stop>
    status acquire_unless(permit& out, std::size_t n, Stop stop, detail::any_time_point deadline = detail::forever);

    /// The holder of `n` credits has died, and will never give them back: they are free from here on, as if it had. For the credits
    /// of permits that were forgotten (credit_permit::forget). If their holder lives after all, and gives them back, too, then more
    /// is granted than there is. Rejects more than is in permits of this source with std::invalid_argument (aborts where exceptions
    /// are off). Blocking, for a few instructions.
    void forget(std::size_t n);

    /// Makes every waiter at the gate look again, and ask again whether to stop.
    void wake_all() noexcept { pool_.wake_all(); }

protected:
    credit_source(detail::credit_pool& pool, detail::credit_pool::share* share) noexcept : pool_(pool), share_(share) {}
    ~credit_source() = default;

    detail::credit_pool& pool_;

private:
    friend credit_permit;
    friend struct detail::gate_access;

    void require(std::size_t n) const {
        if (share_ != nullptr && n - 1 < share_->guaranteed) return;  // without a look at the pool's line
        if (n - 1 >= pool_.most_for(share_)) [[unlikely]]
            reject(n);
    }

    [[noreturn, gnu::noinline]] void reject(std::size_t n) const {
        const auto most = std::to_string(pool_.most_for(share_));
        if (n == 0) detail::reject_argument("0 credits were asked for, which are no permit; ask for 1 to " + most);
        detail::reject_argument(std::to_string(n) + " credits were asked for where there are never more than " + most +
                                ": ask for 1 to " + most + ", or make the gate larger" +
                                (pool_.has_shares() ? ", or the guarantees of its shares smaller" : ""));
    }

    static bool never() noexcept { return false; }

    detail::credit_pool::share* const share_;  // null: the pool itself
};

/// Credits in hand, given back by the destructor. Move-only: put it into a message that goes through a ring, for example, and the
/// consumer gives the credits back when it has finished the message. One thread at a time; must not outlive its gate or share.
///
/// To give back costs one read-modify-write and, while no thread waits, no syscall; otherwise it serves the queue.
class [[nodiscard]] credit_permit {
public:
    /// A permit for nothing.
    credit_permit() noexcept = default;
    credit_permit(credit_permit&& other) noexcept : from_(other.from_), size_(std::exchange(other.size_, 0)) {}
    credit_permit& operator=(credit_permit&& other) noexcept {
        if (this != &other) {
            give_back();
            from_ = other.from_;
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~credit_permit() { give_back(); }

    /// How many credits it holds.
    std::size_t size() const noexcept { return size_; }
    explicit operator bool() const noexcept { return size_ > 0; }

    /// Gives `k` credits back, or all. Aborts when `k` exceeds size().
    void give_back(std::size_t k) noexcept {
        if (k > size_) detail::abort_with("credit_permit::give_back: more than it holds; look at size()");
        if (k == 0) return;
        size_ -= k;
        from_->pool_.give(from_->share_, k);
    }
    void give_back() noexcept { give_back(size_); }

    /// Leaves its credits in use and is empty: to be called where the right to give them back goes to another process, say. They come
    /// back by forget() of the gate or share. Returns how many they are. Wait-free.
    std::size_t forget() noexcept { return std::exchange(size_, 0); }

    /// Moves `k` credits to a permit of their own. Aborts when `k` exceeds size().
    credit_permit split(std::size_t k) noexcept {
        if (k > size_) detail::abort_with("credit_permit::split: more than it holds; look at size()");
        size_ -= k;
        return {from_, k};
    }

    /// Takes over the credits of `other`. Aborts when they are of another gate or share.
    void merge(credit_permit&& other) noexcept {
        if (this == &other || other.size_ == 0) return;
        if (size_ > 0 && from_ != other.from_) {
            detail::abort_with("credit_permit::merge: credits of two gates or shares do not mix; keep both permits");
        }
        from_ = other.from_;
        size_ += std::exchange(other.size_, 0);
    }

private:
    friend credit_source;
    friend struct detail::gate_access;

    credit_permit(credit_source* from, std::size_t size) noexcept : from_(from), size_(size) {}

    credit_source* from_ = nullptr;
    std::size_t size_ = 0;
};

/// A number of credits. They may stand for anything: messages, bytes, requests in flight.
///
/// - Credits in permits + credits free = capacity, exactly, at every quiet moment; each is within [0, capacity] always. After a
///   shrink() there may be more in permits, until enough of them have come back; while a grow() or shrink() is under way, these
///   numbers may be off by as much.
/// - close() ends the acquiring. Permits stay valid, and are given back as before.
/// - Without waiters, to acquire and to give back costs one read-modify-write each, on one cache line. Never allocates.
/// - Construct and destroy while no other thread uses it; destroy its permits and shares first, else the destructor aborts.
class credit_gate : public credit_source {
public:
    class share;

    /// How far try_acquire can be held up by other threads.
    static constexpr progress try_acquire_progress = progress::lock_free;

    /// A gate of exactly `capacity` credits, 1 at least and 2^62 - 1 at most.
    explicit credit_gate(std::size_t capacity) : credit_source(credits_, nullptr), credits_(checked(capacity)) {}

    ~credit_gate() {
        if (in_use() > 0 || pool_.has_shares()) {
            detail::abort_with("credit_gate: destroyed before its permits or shares; let it outlive them");
        }
    }

    /// Ends the acquiring: requests that wait, and later ones, answer `closed`. What the thread that closed it first did before
    /// happens before that answer. Idempotent. Any thread; blocking, for a few instructions. A share may still grant meanwhile.
    void close() noexcept { pool_.close(); }
    bool is_closed() const noexcept { return pool_.is_closed(); }

    /// Adds `n` credits, and serves requests that wait for them; that happens before they are acquired. For any thread; blocking, for a few
    /// instructions. Rejects a number that would make more than 2^62 - 1 with std::invalid_argument (aborts where exceptions are off).
    void grow(std::size_t n) {
        if (!pool_.grow(n)) {
            detail::reject_argument("a credit_gate of capacity " + std::to_string(capacity()) + " cannot grow by " +
                                    std::to_string(n) + "; the largest one has " +
                                    std::to_string(detail::credit_pool::most));
        }
    }
    /// Takes `n` credits away: those that are free at once, and of those in permits as many as are left when they come back; until then
    /// no other request is granted, and in_use() may exceed capacity(). Requests that wait for more than there can ever be now
    /// answer too_large. For any thread; it does not wait for permits. Rejects, with std::invalid_argument (aborts where exceptions are
    /// off), a number that would leave no credit, or less than is guaranteed to shares.
    void shrink(std::size_t n) {
        if (!pool_.shrink(n)) {
            const std::size_t most = std::min<std::size_t>(capacity() - 1, pool_.lent());
            detail::reject_argument("a credit_gate of capacity " + std::to_string(capacity()) + " cannot shrink by " +
                                    std::to_string(n) + ": " + std::to_string(capacity() - pool_.lent()) +
                                    " are guaranteed to shares, and one must be left; shrink by " +
                                    std::to_string(most) + " at most");
        }
    }

    std::size_t capacity() const noexcept { return pool_.capacity(); }
    /// Credits in permits: exact at a quiet moment, slightly stale otherwise.
    std::size_t in_use() const noexcept { return pool_.in_use(); }
    /// Credits that are free, including those reserved for a share and those that a waiter is about to get.
    std::size_t credits() const noexcept { return capacity() - std::min<std::size_t>(capacity(), in_use()); }

private:
    static std::size_t checked(std::size_t capacity) {
        if (capacity < 1 || capacity > detail::credit_pool::most) {
            detail::reject_argument("a credit_gate of capacity " + std::to_string(capacity) +
                                    " is impossible; choose 1 to " + std::to_string(detail::credit_pool::most));
        }
        return capacity;
    }

    detail::credit_pool credits_;
};

/// One producer's part of a gate: `guaranteed` credits are reserved for it; beyond these it borrows credits that are reserved for
/// no share. So a greedy share can only borrow unreserved credits; it gives borrowed credits back first.
///
/// To acquire within the guarantee never waits for credits of others; to borrow queues with all requests at the gate. While
/// another thread acquires for the same share, credits that it borrowed and is about to return may be missing for a moment: then
/// try_acquire may say no_credit.
///
/// Construct and destroy while no other thread uses the gate; the destructor aborts when there are permits of the
/// share.
class credit_gate::share : public credit_source {
public:
    /// Lock-free like the gate's, with one exception: if another thread was quicker, it may have borrowed too much, and gives that
    /// back as a permit does, which may have to serve the queue.
    static constexpr progress try_acquire_progress = progress::blocking;

    /// Sets `guaranteed` credits of the gate aside; with 0 it borrows all it gets. Rejects more than are free, with std::invalid_argument.
    share(credit_gate& gate, std::size_t guaranteed) : credit_source(gate.credits_, &account_), account_(guaranteed) {
        if (guaranteed > pool_.lent()) {
            detail::reject_argument("a share of " + std::to_string(guaranteed) + " credits of a gate of " +
                                    std::to_string(gate.capacity()) + ", of which " +
                                    std::to_string(gate.capacity() - pool_.lent()) +
                                    " are guaranteed already: guarantee no more than " + std::to_string(pool_.lent()));
        }
        if (!pool_.add(account_)) {
            detail::reject_argument("a share of " + std::to_string(guaranteed) + " credits of a gate that has " +
                                    std::to_string(pool_.free()) + (gate.is_closed() ? " and is closed" : " free now") +
                                    ": make the shares before the first permit");
        }
    }

    ~share() {
        if (in_use() > 0) detail::abort_with("credit_gate::share: destroyed before its permits; let it outlive them");
        pool_.remove(account_);
    }

    std::size_t guaranteed() const noexcept { return account_.guaranteed; }
    /// Credits in permits of this share: exact at a quiet moment, slightly stale otherwise.
    std::size_t in_use() const noexcept { return detail::credit_pool::held(account_); }

private:
    detail::credit_pool::share account_;
};

// ---- what a source does ------------------------------------------------------------------------------------------

inline status credit_source::try_acquire(permit& out, std::size_t n) {
    require(n);
    const status answer = pool_.try_take(share_, n);
    if (answer == status::success) out = permit(this, n);
    return answer;
}

inline std::optional<credit_permit> credit_source::try_acquire(std::size_t n) {
    require(n);
    if (pool_.try_take(share_, n) != status::success) return std::nullopt;
    return permit(this, n);
}

inline void credit_source::forget(std::size_t n) {
    const std::size_t held = share_ == nullptr ? pool_.settled_in_use_of_none() : detail::credit_pool::held(*share_);
    if (n > held) {
        detail::reject_argument(std::to_string(n) + " credits cannot be forgotten where " + std::to_string(held) +
                                " are in permits; forget those of a holder that died, once");
    }
    if (n > 0) pool_.give(share_, n);
}

inline status credit_source::acquire(permit& out, std::size_t n) { return acquire_until(out, n, detail::forever); }

inline std::optional<credit_permit> credit_source::acquire(std::size_t n) { return acquire_until(n, detail::forever); }

inline status credit_source::acquire_until(permit& out, std::size_t n, detail::any_time_point deadline) {
    return acquire_unless(out, n, never, deadline);
}

inline std::optional<credit_permit> credit_source::acquire_until(std::size_t n, detail::any_time_point deadline) {
    permit out;
    if (acquire_until(out, n, deadline) != status::success) return std::nullopt;
    return out;
}

template <class Rep, class Period>
std::optional<credit_permit> credit_source::acquire_for(std::size_t n, std::chrono::duration<Rep, Period> time) {
    return acquire_until(n, detail::deadline_after(time));
}

template <std::predicate Stop>
status credit_source::acquire_unless(permit& out, std::size_t n, Stop stop, detail::any_time_point deadline) {
    static_assert(std::is_nothrow_invocable_v<Stop&>,
                  "weir: the stop predicate must be noexcept, since it is called by a thread that stands in a queue");
    status answer = try_acquire(out, n);
    if (answer != status::no_credit || stop()) return answer;
    answer = pool_.wait(share_, n, std::move(stop), deadline);
    if (answer == status::success) out = permit(this, n);
    return answer;
}

}  // namespace weir
