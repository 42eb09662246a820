// SPDX-License-Identifier: MIT
//
// How many items pass through a ring, how many operations are refused, and how long each end has to wait for the other. An
// option of a ring:
//
//     stats::off    nothing is counted, and nothing paid (default)
//     stats::on     each end counts on lines of its own; ring.snapshot() reads them from any thread
//
// With one thread at an end its counts have that one writer, and cost loads and stores of a line that stays in its
// cache. With many, each adds to one of sixteen lines, chosen by thread, with a read-modify-write without contention
// for as long as the threads are few: exact also when two share a line, and no thread has to register or to leave.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/tally.hpp"
#include "weir/detail/base/this_thread.hpp"
#include "weir/status.hpp"

namespace weir::stats {

/// The counts of the producers' end. A call that finds the ring full counts once, whether it is refused or waits; looks
/// during the wait do not count.
struct producer_counts {
    std::uint64_t pushed = 0;     ///< items
    std::uint64_t full = 0;       ///< calls that found no room ...
    std::uint64_t no_credit = 0;  ///< ... or no credit ...
    std::uint64_t busy = 0;       ///< ... or a peer in the middle of the slot (`busy`)
    std::uint64_t closed = 0;     ///< calls that answered closed
    std::uint64_t timeout = 0;    ///< calls that ran into their deadline; a wait that was stopped does not count
    std::uint64_t parks = 0;      ///< how often a thread went to sleep for room or credit
    std::uint64_t wakes = 0;      ///< how often a push woke the other end: a system call each
    /// The most items queued right after a push. With many producers this is sampled: every 16th push of a thread.
    std::uint64_t high_water_items = 0;
    std::uint64_t full_ns = 0;       ///< time spent full: from a push that found no room to the next success
    std::uint64_t no_credit_ns = 0;  ///< the same for credit
};

/// The counts of the consumers' end, in the same way.
struct consumer_counts {
    std::uint64_t popped = 0;    ///< items
    std::uint64_t empty = 0;     ///< calls that found no item ...
    std::uint64_t busy = 0;      ///< ... or a peer in the middle of it
    std::uint64_t closed = 0;    ///< calls that answered closed
    std::uint64_t timeout = 0;   ///< calls that ran into their deadline
    std::uint64_t parks = 0;     ///< how often a thread went to sleep for an item
    std::uint64_t wakes = 0;     ///< how often a pop woke the other end: a system call each
    std::uint64_t empty_ns = 0;  ///< time spent empty: from a pop that found no item to the next success
};

/// Each number is slightly stale, and they are not read at the same moment: while items flow, `pushed - popped` need not equal
/// `queued_items`, and `popped` may be ahead of `pushed`. From one snapshot to the next no number decreases, except queued_items.
struct snapshot {
    std::uint64_t capacity_items = 0;
    std::uint64_t queued_items = 0;
    producer_counts producer;
    consumer_counts consumer;
};

/// The same of a message ring, where `producer` and `consumer` count messages, and `producer.high_water_items` is 0.
struct message_snapshot {
    std::uint64_t capacity_bytes = 0;
    std::uint64_t queued_bytes = 0;      ///< headers and padding included
    std::uint64_t pushed_bytes = 0;      ///< of payload
    std::uint64_t popped_bytes = 0;      ///< of payload
    std::uint64_t high_water_bytes = 0;  ///< the most bytes queued right after a push, headers and padding included
    producer_counts producer;
    consumer_counts consumer;
};

}  // namespace weir::stats

namespace weir::detail {

/// The time spent in a state, in one word, so that a reader counts no period twice and misses none. Even: twice the time. Odd
/// (bit 0: the watch is running): twice the number to be added to the clock. Any number of threads.
class stopwatch {
public:
    void start() noexcept {
        std::uint64_t word = word_.load(relaxed);  // relaxed, all: a statistic
        // Each attempt reads the clock: another thread may have started and stopped it since the last one.
        while ((word & running) == 0 &&
               !word_.compare_exchange_weak(word, word - 2 * now_ns() + running, relaxed, relaxed)) {
        }
    }
    void stop() noexcept {
        if (std::uint64_t word = word_.load(relaxed); (word & running) != 0) [[unlikely]]
            stop_from(word);
    }
    std::uint64_t read_ns() const noexcept {
        const std::uint64_t word = word_.load(relaxed);
        return (word & running) == 0 ? word / 2 : (word - running + 2 * now_ns()) / 2;
    }

private:
    static constexpr std::uint64_t running = 1;

    static std::uint64_t now_ns() noexcept {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
    }

    [[gnu::noinline]] void stop_from(std::uint64_t word) noexcept {
        // relaxed, both: as above
        while ((word & running) != 0 &&
               !word_.compare_exchange_weak(word, word - running + 2 * now_ns(), relaxed, relaxed)) {
        }
    }

    atomic<std::uint64_t> word_{0};
};

/// One end's ledger. The ring reports each item, refusal, sleep and wake-up to it.
template <bool Shared>
class end_ledger {
public:
    /// `n` items went in or out.
    void passed(std::uint64_t n) noexcept {
        line().passed.add(n);
        short_.stop();
        no_credit_.stop();
    }

    /// The same for items that went in: `size()` is how many there are now; called only if that may be a new maximum.
    template <class Size>
    void pushed(std::uint64_t n, Size size) noexcept {
        passed(n);
        if constexpr (Shared) {
            event_count<true>& since = line().since_look;
            if (since.add() % pushes_between_looks == 0) high_water_.raise_to(size());
        } else {
            // Only this thread adds items: there are at most as many as at the last look, plus those pushed since.
            at_most_ += n;
            if (at_most_ <= high_water_.read()) return;
            at_most_ = size();
            high_water_.raise_to(at_most_);
        }
    }

    void refused(status answer, std::uint64_t capacity) noexcept {
        switch (answer.code()) {
        case status::full: high_water_.raise_to(capacity); [[fallthrough]];
        case status::empty:
            line().shortages.add();
            no_credit_.stop();
            short_.start();
            break;
        case status::no_credit:
            line().no_credit.add();
            short_.stop();
            no_credit_.start();
            break;
        case status::busy: line().busy.add(); break;
        case status::closed:
            line().closed.add();
            short_.stop();
            no_credit_.stop();
            break;
        case status::timeout: line().timeout.add(); break;
        case status::too_large:
        case status::peer_died:  // of other rings
        case status::corrupted:
        case status::success: break;
        }
    }

    /// A call that has been counted waits again.
    void short_again() noexcept { short_.start(); }

    void parked() noexcept { line().parks.add(); }
    void woke() noexcept { line().wakes.add(); }

    stats::producer_counts of_producer() const noexcept {
        return {sum(&lines::passed),
                sum(&lines::shortages),
                sum(&lines::no_credit),
                sum(&lines::busy),
                sum(&lines::closed),
                sum(&lines::timeout),
                sum(&lines::parks),
                sum(&lines::wakes),
                high_water_.read(),
                told(short_, told_short_),
                told(no_credit_, told_no_credit_)};
    }
    stats::consumer_counts of_consumer() const noexcept {
        return {sum(&lines::passed),  sum(&lines::shortages), sum(&lines::busy),  sum(&lines::closed),
                sum(&lines::timeout), sum(&lines::parks),     sum(&lines::wakes), told(short_, told_short_)};
    }

private:
    static constexpr std::size_t line_count = Shared ? 16 : 1;
    static constexpr std::uint64_t pushes_between_looks = 16;

    using count = event_count<Shared>;
    struct alignas(separation_bytes) lines {
        count passed, shortages, no_credit, busy, closed, timeout, parks, wakes, since_look;
    };

    lines& line() noexcept {
        if constexpr (Shared) {
            // The thread_locals of threads lie far apart, at multiples of some power of two: a product spreads them.
            const auto thread = detail::as<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this_thread()));
            return lines_[(thread * 0x9e3779b97f4a7c15) >> 60];
        } else {
            return lines_[0];
        }
    }
    std::uint64_t sum(count lines::*which) const noexcept {
        std::uint64_t all = 0;
        for (const lines& l : lines_) all += (l.*which).read();
        return all;
    }

    // A thread that ends a period reads the clock a little before the end is visible, so a reader in between reports more than the
    // final time. The reported time is remembered, so that no later report is smaller.
    static std::uint64_t told(const stopwatch& watch, event_count<true>& already) noexcept {
        already.raise_to(watch.read_ns());
        return already.read();
    }

    std::array<lines, line_count> lines_;
    // Read by each push or pop, written at the edges of full and empty.
    alignas(separation_bytes) stopwatch short_;
    stopwatch no_credit_;
    count high_water_;
    std::uint64_t at_most_ = 0;                                       // of the only producer
    alignas(separation_bytes) mutable event_count<true> told_short_;  // the readers'
    mutable event_count<true> told_no_credit_;
};

/// Counts nothing, and takes no room. `End` makes the two of a ring different, so that they can lie at one address.
template <int End>
struct no_ledger {
    static constexpr void passed(std::uint64_t) noexcept {}
    template <class Size>
    static constexpr void pushed(std::uint64_t, Size) noexcept {}
    static constexpr void refused(status, std::uint64_t) noexcept {}
    static constexpr void parked() noexcept {}
    static constexpr void woke() noexcept {}
};

}  // namespace weir::detail

namespace weir::stats {

struct off {
    template <int End, bool Shared>
    using ledger = detail::no_ledger<End>;
};
struct on {
    template <int End, bool Shared>
    using ledger = detail::end_ledger<Shared>;
};

}  // namespace weir::stats
