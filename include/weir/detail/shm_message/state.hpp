// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/shm/sleeper.hpp"
#include "weir/detail/wait/futex.hpp"

namespace weir::detail {

/// The records of a message ring that processes share.
using shm_records = records<record_header::bytes>;

/// No position: those are multiples of 8.
inline constexpr std::uint64_t nowhere = ~std::uint64_t{0};

/// How many messages an end has done with, and which one its dead process had in hand.
struct numbers_left {
    std::uint64_t done = 0;
    std::optional<std::uint64_t> in_doubt;
};

/// One end of a message ring between processes: its holder, and what that notes for its survivors and followers.
///
/// A process writes `begun` before it touches a message, and `done` after. Whether it died before or after the one step that matters
/// in between shows a position that it had noted before that step.
struct shm_message_end_words {
    atomic<std::uint64_t> owner{0};  // see owner
    atomic<std::uint64_t> done{0};   // messages handed over, or taken
    atomic<std::uint64_t> begun{0};  // one more than these while one is in hand
    atomic<std::uint64_t> step{nowhere};
};
struct shm_message_consumer_words {
    shm_message_end_words end;       // step: `taken` after the message in hand
    atomic<std::uint64_t> taken{0};  // position of the next record: those before it are visited, for the next consumer
};
struct alignas(separation_bytes) shm_message_producer_words {
    shm_message_end_words end;                 // step: `claiming` once the message there is about to be handed over
    atomic<std::uint64_t> claiming{nowhere};   // position of the latest claim
    atomic<std::uint64_t> abandoned{nowhere};  // by the consumer: the claim of a dead process that it made padding
};

/// The words that the processes of a message ring share. Standard layout, no pointers.
///
/// The records begin behind one another: a producer claims the word at `tail` by replacing none_at(tail) with the size of its record
/// and its number, then moves `tail` past it; whichever process finds such a claim moves `tail` for its producer. (Helping as in Michael
/// and Scott's queue.) So no process can die between a claim and the note of its maker. A claim is accepted when `tail` has passed
/// it, and a close is a bit of `tail`: acceptance is atomic with the close.
template <std::size_t Producers>
struct shm_message_state {
    static_assert(Producers >= 1 && Producers <= record_header::most_owners);
    static constexpr std::uint64_t closed_bit = 1;  // of `tail`: positions are multiples of 8

    alignas(separation_bytes) atomic<std::uint64_t> tail{0};  // position of the next claim
    // The consumer's.
    alignas(separation_bytes) atomic<std::uint64_t> returned{0};  // bytes before it are free for the next lap
    alignas(separation_bytes) shm_message_consumer_words consumer;
    // Where each side sleeps, see bed.
    alignas(separation_bytes) futex_word consumer_asleep{0};
    alignas(separation_bytes) futex_word producers_asleep{0};
    std::array<shm_message_producer_words, Producers> producers;

    static constexpr std::uint64_t position(std::uint64_t tail) noexcept { return tail & ~closed_bit; }

    /// Nothing is claimed from now on; every waiter wakes. Any thread of any process.
    void close() noexcept {
        tail.fetch_or(closed_bit, seq_cst);  // (1) seq_cst: pairs with (2); and with the looks of sleepers, see bed
        bed::wake(consumer_asleep);
        bed::wake(producers_asleep);
    }
    bool is_closed() const noexcept {
        return (tail.load(acquire) & closed_bit) != 0;  // (2) acquire: pairs with (1): what the closing thread did
    }
    /// Whatever a peer wrote: between 0 and the capacity.
    std::size_t size_approx(std::size_t capacity) const noexcept {
        // relaxed, both: a statistic; more may have been returned since the first load
        const std::uint64_t claimed = position(tail.load(relaxed));
        return size_within(static_cast<std::int64_t>(claimed - returned.load(relaxed)), capacity);
    }

    /// Moves `tail` past a claim of `bytes` at `at`. Whether it is past it now; else the ring was closed before that claim.
    bool accept(std::uint64_t at, std::size_t bytes) noexcept {
        std::uint64_t seen = at;
        // (3) release: pairs with (4): a process that finds `tail` past a claim finds the claim. (2) acquire, of a failure: as above
        if (tail.compare_exchange_strong(seen, at + bytes, release, acquire)) return true;
        return position(seen) != at;
    }
};

/// Whether a word says that producer `number` claimed a record there, and has not handed it over.
constexpr bool is_claim_of(std::uint64_t header, std::uint64_t number) noexcept {
    return record_header::kind(header) == record_header::claim && record_header::owner(header) == number;
}

/// The bytes of a record at `at` with this header; 0 if no producer writes such a header there. Safe to use as a size from `at` on.
inline std::size_t sound_bytes(const shm_records& mapped, std::size_t capacity, std::uint64_t at, std::uint64_t header,
                               std::size_t producers) noexcept {
    const std::size_t payload = record_header::payload(header);
    std::size_t bytes = payload + record_header::bytes;
    switch (record_header::kind(header)) {
    case record_header::message:
        if (payload > shm_records::most_payload(capacity)) return 0;
        bytes = shm_records::record_bytes(payload);
        break;
    case record_header::padding:
    case record_header::claim:
        if (bytes % shm_records::alignment != 0) return 0;
        break;
    default: return 0;
    }
    return record_header::owner(header) < producers && mapped.skipped(at, bytes) == 0 ? bytes : 0;
}

/// What a dead producer leaves behind; or one whose process another one follows.
inline numbers_left look_back(const shm_message_producer_words& words, std::uint64_t number,
                              const shm_records& mapped) noexcept {
    // (11) acquire, all: pairs with (10). If one of them is a follower's, the next look at the owner's word shows that one
    const std::uint64_t done = words.end.done.load(acquire);
    if (words.end.begun.load(acquire) == done) return {done, std::nullopt};
    const std::uint64_t at = words.claiming.load(acquire);
    // acquire: pairs with the consumer's writes of it, (9) and clear_for_next_lap(): then we see what it abandoned before
    const std::uint64_t header = mapped.header(at).load(acquire);
    const bool is_handed_over =
        words.end.step.load(acquire) == at && !is_claim_of(header, number) && words.abandoned.load(relaxed) != at;
    return is_handed_over ? numbers_left{done + 1, std::nullopt} : numbers_left{done, done};
}
/// The same of the consumer. What is in doubt is the next message, which the process may have visited.
inline numbers_left look_back(const shm_message_consumer_words& words) noexcept {
    // (11) acquire, all: pairs with (10). If one of them is a follower's, the next look at the owner's word shows that one
    const std::uint64_t done = words.end.done.load(acquire);
    if (words.end.begun.load(acquire) == done) return {done, std::nullopt};
    const bool is_taken = words.taken.load(acquire) == words.end.step.load(acquire);
    return is_taken ? numbers_left{done + 1, std::nullopt} : numbers_left{done, done};
}

}  // namespace weir::detail
