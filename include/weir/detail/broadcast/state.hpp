// SPDX-License-Identifier: MIT
//
// The shared words of a broadcast ring: where the producers are, and where each reader is. The sides are broadcast_producer or
// broadcast_producers, and broadcast_reader; the pairs of memory orders of all:
//
//     (1) release, sent      -> (2) acquire, sent       the item: a producer hands it to the readers
//     (3) release, position  -> (4) acquire, position   the slot: a gated reader hands it back; and what it did with the item, to
//                                                       the readers that come after it
//     (5) seq_cst, sent      -> (6) seq_cst, sent       a reader that joins: either a producer sees its seat, or the reader
//                                                       begins where the ring was when that producer looked
// and among many producers:
//     (7) release, limit     -> (8) acquire, limit      what a producer has acquired by (4), to the others
//     (9) seq_cst, done      -> (10) seq_cst, done      an item that is written: to the producer that hands it over. Of two
//                                                       that finish at the same time at least one sees the other
//
// A lossy reader that copies a word of a newer item also sees the claim before that one: copied_words has that pair.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "weir/broadcast_stats.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/broadcast/seat_name.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/cursor/turns.hpp"

namespace weir {

/// What becomes of a gated reader that holds up the producer for longer than its limit.
enum class when_late : unsigned char {
    lossy,  ///< it stays, and is waited for no longer; to be gated again it must leave and join
    ended,  ///< it gets no more items: its pops answer closed
};

/// For how long a gated reader may be late: from when it first holds up the producer until it is no more than half of the capacity
/// behind. The limit takes effect when a producer finds the ring full; it costs nothing before.
struct lag_limit {
    std::chrono::nanoseconds time{0};  ///< 0: no limit
    when_late then = when_late::lossy;
};

}  // namespace weir

namespace weir::detail {

/// A reader's place: on a line of its own, since the reader writes it and the producer looks at it.
struct alignas(separation_bytes) broadcast_seat {
    /// The state: three bits of mode, and above them how often the seat was taken. A producer makes a late reader lossy, or ends it.
    enum mode_type : std::uint32_t { free = 0, joining = 1, gated = 2, lossy = 3, ended = 4 };
    static constexpr std::uint32_t one_taking = 8;
    static constexpr std::uint32_t mode(std::uint32_t state) noexcept { return state % one_taking; }
    static constexpr std::uint32_t in_mode(std::uint32_t state, mode_type mode) noexcept {
        return state - state % one_taking + mode;
    }

    atomic<std::uint64_t> position{0};  // all items before this one are read
    atomic<std::uint32_t> state{free};
    atomic<std::uint32_t> reader{0};  // thread_mark() of the latest look: a hint
    seat_name name;
    // Read and written rarely: by readers() and the reader, and by a producer that finds the ring full.
    alignas(separation_bytes) atomic<std::uint64_t> missed{0};
    atomic<std::uint64_t> most_late_ns{0};   // see lag_limit; 0: no limit
    atomic<std::uint64_t> late_since_ns{0};  // steady clock; 0: not late
    atomic<std::uint32_t> when_late{lossy};  // the mode of a reader that was late for too long
};

/// Where one producer is, and whether the ring is closed.
struct lone_claims {
    lone_claims(std::uint64_t start, std::uint64_t, bool asymmetric) noexcept : claimed(start), closing(asymmetric) {}

    /// How many items from `position` on may be written over their elders already.
    std::uint64_t ahead_of(std::uint64_t position) const noexcept {
        return claimed.load(relaxed) - position;  // relaxed: see copied_words
    }
    bool is_drained(std::uint64_t position) const noexcept { return closing.is_drained(claimed, position); }
    bool is_ended() const noexcept { return closing.is_ended(); }
    void end() noexcept { closing.end(); }

    alignas(separation_bytes) atomic<std::uint64_t> claimed;
    // Written once, by the thread that closes.
    alignas(separation_bytes) detail::closing<std::uint64_t> closing;
};

/// The same of many producers: twice the position, and bit 0 says that the ring is closed.
struct shared_claims {
    static constexpr std::uint64_t closed_bit = 1;

    shared_claims(std::uint64_t start, std::uint64_t capacity, bool) noexcept
        : claimed(2 * start), limit(start + capacity) {}

    std::uint64_t ahead_of(std::uint64_t position) const noexcept {
        // relaxed: see copied_words
        return ((claimed.load(relaxed) & ~closed_bit) - 2 * position) / 2;
    }
    bool is_drained(std::uint64_t position) const noexcept {
        return claimed.load(acquire) == 2 * position + closed_bit;  // acquire: as is_ended()
    }
    bool is_ended() const noexcept {
        return (claimed.load(acquire) & closed_bit) != 0;  // acquire: what the closing thread did is visible
    }
    void end() noexcept { claimed.fetch_or(closed_bit, release); }  // release: as above

    alignas(separation_bytes) atomic<std::uint64_t> claimed;
    atomic<std::uint64_t> limit;  // how far producers may go: a lower bound
    turns turn;
    look_pace<true> pace;
};

/// What a lone producer notes of a slot beside its item: nothing.
struct no_done_mark {};
struct no_done_marks {
    template <class Source>
    constexpr no_done_marks(std::size_t, const Source&) noexcept {}
    static constexpr no_done_mark* data() noexcept { return nullptr; }
};

/// Standard layout, no pointers.
template <std::size_t Readers, bool ManyProducers>
struct broadcast_state {
    static constexpr bool has_many_producers = ManyProducers;

    broadcast_state(std::uint64_t capacity_, std::uint64_t start, bool asymmetric) noexcept
        : claims(start, capacity_, asymmetric), sent(start), capacity(capacity_) {}

    std::conditional_t<ManyProducers, shared_claims, lone_claims> claims;
    alignas(separation_bytes) atomic<std::uint64_t> sent;  // items handed over
    atomic<std::uint32_t> producer{0};                     // thread_mark() of the latest look at the readers: a hint
    // Written when readers come.
    alignas(separation_bytes) const std::uint64_t capacity;
    atomic<std::uint32_t> seats_used{0};  // seats from here on were never taken
    atomic<std::uint32_t> limited{0};     // how many readers with a lag_limit there were
    atomic<std::uint32_t> given_up{0};  // how many are gated no longer, of which the readers after them have not heard

    std::array<broadcast_seat, Readers> seats;
};

}  // namespace weir::detail
