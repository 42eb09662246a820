// SPDX-License-Identifier: MIT
//
// The shared words of a broadcast ring between processes; the pairs of memory orders of its ends:
//
//     (3) seq_cst, sent       -> (4) seq_cst, sent       the item: the producer hands it to the readers
//     (5) seq_cst, position   -> (6) seq_cst, position   the slot: a gated reader hands it back
//     (7) seq_cst, gated_for  -> (8) seq_cst, gated_for  a reader that joins: either the producer sees its seat, or the reader
//                                                        begins where the ring was when the producer looked. One that leaves:
//                                                        the slots
//     (9) release, pushing    -> (10) acquire, pushing   a lossy reader that knows of a claim knows what was sent before it
//     (11) seq_cst, the close -> (12) acquire            what the closing thread did
//
// A lossy reader that copies a word of a newer item also sees the claim before that one: copied_words has that pair.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/broadcast/seat_name.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/shm/broadcast/sleepers.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/shm/sleeper.hpp"
#include "weir/detail/shm/spsc_state.hpp"
#include "weir/detail/wait/futex.hpp"

namespace weir::detail {

/// A reader's place. Its holder writes it; the producer looks at it, and gives it back when the holder has died and holds it up.
struct alignas(separation_bytes) shm_seat {
    atomic<std::uint64_t> holder{0};  // see owner
    // The owner word of the holder that the producer waits for. So giving the seat back for a holder that died takes one exchange of
    // `holder`: whatever stands here then is of another holder.
    atomic<std::uint64_t> gated_for{0};
    atomic<std::uint64_t> position{0};  // all items before this one are read
    atomic<std::uint64_t> missed{0};
    seat_name name;

    /// The holder for which the producer waits; none if it waits for no reader here.
    owner gating() const noexcept {
        // In this order: a reader holds the seat before it writes the first. (8) seq_cst: pairs with (7)
        const owner gated{gated_for.load(seq_cst)};
        // relaxed: by (8) not older than that; a holder that has left meanwhile is seen at the next look
        return gated.is_held() && holder.load(relaxed) == gated.word ? gated : owner{};
    }
};

/// Standard layout, no pointers.
template <std::size_t Seats>
struct shm_broadcast_state {
    // Written by the producer; and `sent` by the thread that closes.
    alignas(separation_bytes) atomic<cursor> sent{0};  // items published, and closed_bit
    atomic<std::uint64_t> pushing{0};                  // items published, and the one that is, or was, being written
    alignas(separation_bytes) futex_word readers_asleep{0};       // see sleepers
    alignas(separation_bytes) futex_word producer_asleep{0};      // see bed
    alignas(separation_bytes) atomic<std::uint64_t> producer{0};  // its holder, see owner
    std::array<shm_seat, Seats> seats;

    /// Nothing is accepted from now on; every waiter wakes. Any thread of any process.
    void close() noexcept {
        sent.fetch_or(closed_bit, seq_cst);  // (11) seq_cst: pairs with (12); and with the claims of sleepers
        sleepers::wake(readers_asleep);
        bed::wake(producer_asleep);
    }
    bool is_closed() const noexcept {
        return (sent.load(acquire) & closed_bit) != 0;  // (12) acquire: pairs with (11)
    }
};

/// A seat that was taken, or none.
struct taken_seat {
    std::size_t number = 0;
    taken_end end{};
};

/// Takes a seat for `me`: a free one, or else one whose holder has died. Lock-free.
template <std::size_t Seats, class Watch>
taken_seat take_seat(shm_broadcast_state<Seats>& shared, owner me, Watch& watch) noexcept {
    for (const bool also_of_dead : {false, true}) {
        for (std::size_t i = 0; i < Seats; ++i) {
            atomic<std::uint64_t>& word = shared.seats[i].holder;
            if (!also_of_dead && owner{word.load(relaxed)}.is_held()) continue;  // relaxed: take_end() looks itself
            if (const taken_end taken = take_end(word, me, watch); taken.succeeded) return {i, taken};
        }
    }
    return {};
}

/// The producer waits no longer for the reader of that seat. To be called by its holder, before it gives the seat back.
template <std::size_t Seats>
void stop_gating(shm_broadcast_state<Seats>& shared, shm_seat& seat) noexcept {
    seat.gated_for.store(0, seq_cst);  // (7) seq_cst: pairs with (8), hands the slots back
    bed::wake(shared.producer_asleep);
}

}  // namespace weir::detail
