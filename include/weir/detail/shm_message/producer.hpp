// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/shm/end.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/shm/sleeper.hpp"
#include "weir/detail/shm_message/state.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A producer's end of a message ring between processes. One thread; one open claim at a time.
template <std::size_t Producers, class Watch>
class alignas(separation_bytes) shm_message_producer : public shm_end<Watch> {
    using state = shm_message_state<Producers>;
    using words = shm_message_producer_words;

public:
    /// To be made by the process that has just taken end `number`.
    shm_message_producer(state& shared, std::uint64_t number, shm_records mapped, std::size_t capacity,
                         Watch watch) noexcept
        : shm_message_producer(shared, number, mapped, capacity, static_cast<Watch&&>(watch),
                               recover(shared, number, mapped, capacity)) {}

    /// Claims a record for `payload` bytes: success, full, closed, too_large, peer_died or corrupted. Lock-free; wait-free if this is
    /// the only producer.
    record_claim claim(state& shared, std::size_t payload, bool asks = false) noexcept {
        claimed_.check(
            "a message is pushed or reserved while a reservation by the same end is open; commit or drop that one first");
        if (payload > shm_records::most_payload(capacity_)) return {status::too_large};
        record_claim claimed = claim_now(shared, payload);
        if (claimed.answer != status::full || !this->knows_of_death(shared.consumer.end.owner, asks)) return claimed;
        claimed = claim_now(shared, payload);
        if (claimed.answer == status::full)
            claimed = {this->told(shared.consumer.end.owner, look_back(shared.consumer).in_doubt).code()};
        return claimed;
    }

    /// The same, but waits for room until the deadline, or until stop() says true: timeout, or full.
    template <class Stop>
    record_claim claim_unless(state& shared, std::size_t payload, Stop& stop, steady_time deadline) noexcept {
        record_claim claimed = claim(shared, payload);
        if (claimed.answer != status::full || stop()) return claimed;
        const auto attempt = [&](bool asks) noexcept {
            claimed = claim(shared, payload, asks);
            // Any answer but full ends the wait.
            return claimed.answer == status::full && stop() ? status(status::busy) : status(claimed.answer);
        };
        constexpr bool several = Producers > 1;
        if (bed::wait<Watch, several>(shared.producers_asleep, this->spins_, attempt, status::full, deadline) ==
            status::timeout)
            return {status::timeout};
        return claimed;
    }

    std::byte* payload(const record_claim& claimed) const noexcept { return mapped_.payload(claimed.record); }

    /// Hands the record over with the first `payload` bytes of what was claimed, which are written.
    void commit(state& shared, const record_claim& claimed, std::size_t payload, std::uint16_t type) noexcept {
        claimed_.close();
        const std::size_t whole = shm_records::record_bytes(claimed.payload);
        const std::size_t used = shm_records::record_bytes(payload);
        // relaxed: the consumer reads it after the header before it, by (5) and (6)
        if (used != whole)
            mapped_.header(claimed.record + used).store(record_header::of_padding(whole - used), relaxed);
        mine(shared).end.step.store(claimed.record, release);  // (10) release: pairs with (11)
        replace_claim(claimed, record_header::of_message(payload, type, number_));
        ++done_;
        mine(shared).end.done.store(done_, release);  // (10) as above
        bed::wake(shared.consumer_asleep);
    }
    void abort(state& shared, const record_claim& claimed) noexcept {
        claimed_.close();
        replace_claim(claimed, record_header::of_padding(shm_records::record_bytes(claimed.payload)));
        mine(shared).end.begun.store(done_, release);  // (10) release: pairs with (11)
        // The consumer may wait for the messages behind this one.
        bed::wake(shared.consumer_asleep);
    }

    /// Messages that this end and its former holders have handed over.
    std::uint64_t done() const noexcept { return done_; }
    std::uint64_t number() const noexcept { return number_; }

private:
    // Each failure but one in so many is another producer's success, unless a peer writes anything.
    static constexpr unsigned most_tries = 1'000'000;

    shm_message_producer(state& shared, std::uint64_t number, shm_records mapped, std::size_t capacity, Watch watch,
                         const numbers_left& found) noexcept
        : shm_end<Watch>(shared.consumer.end.owner, static_cast<Watch&&>(watch), found.in_doubt),
          number_(number),
          done_(found.done),
          capacity_(capacity),
          mapped_(mapped) {}

    words& mine(state& shared) const noexcept { return shared.producers[number_]; }

    // What the former holder has left: its open claim becomes padding, and its numbers are in order again.
    static numbers_left recover(state& shared, std::uint64_t number, const shm_records& mapped,
                                std::size_t capacity) noexcept {
        words& left = shared.producers[number];
        const numbers_left found = look_back(left, number, mapped);
        // Before the claim goes, since it is what shows that the message was not handed over. (10) release, both: pairs with (11)
        if (found.in_doubt.has_value()) {
            left.end.begun.store(found.done, release);
        } else {
            left.end.done.store(found.done, release);
        }
        const std::uint64_t at = left.claiming.load(relaxed);
        if (at == nowhere || at % shm_records::alignment != 0) return found;
        std::uint64_t header = mapped.header(at).load(relaxed);
        const std::size_t bytes = sound_bytes(mapped, capacity, at, header, Producers);
        if (bytes == 0 || !is_claim_of(header, number) || !shared.accept(at, bytes)) return found;
        // (5) seq_cst: pairs with (6), see bed. relaxed, of a failure: the consumer was quicker
        if (mapped.header(at).compare_exchange_strong(header, record_header::of_padding(bytes), seq_cst, relaxed))
            bed::wake(shared.consumer_asleep);
        return found;
    }

    record_claim claim_now(state& shared, std::size_t payload) noexcept {
        const std::size_t record = shm_records::record_bytes(payload);
        for (unsigned tries = 0; tries < most_tries && !this->is_over(); ++tries) {
            // (4) seq_cst: pairs with (3); and with (1), see bed
            const std::uint64_t at = shared.tail.load(seq_cst);
            if ((at & state::closed_bit) != 0) return {status::closed};
            if (at % shm_records::alignment != 0 || is_behind(at, seen_)) break;
            seen_ = at;
            const std::size_t skipped = mapped_.skipped(at, record);
            if (!reaches(at, skipped + record) && !look_for_room(shared, at, skipped + record)) {
                if (this->is_over()) break;
                if (shared.tail.load(relaxed) == at) return {status::full};  // relaxed: a later one is looked at anew
                continue;
            }
            const std::size_t bytes = skipped > 0 ? skipped : record;
            mine(shared).claiming.store(at, release);  // (10) release: pairs with (11)
            std::uint64_t found = 0;
            if (mark(at, record_header::of_claim(bytes, number_), found)) {
                if (!shared.accept(at, bytes)) return {status::closed};
                if (skipped == 0) {
                    claimed_.open();
                    mine(shared).end.begun.store(done_ + 1, release);  // (10) as above
                    light_fence();
                    return {status::success, at, at, payload};
                }
                // (9) release: pairs with (6): a producer of a later lap writes a payload over this word
                mapped_.header(at).store(record_header::of_padding(skipped), release);
            } else if (const std::size_t other = sound_bytes(mapped_, capacity_, at, found, Producers); other > 0) {
                (void)shared.accept(at, other);            // or `tail` has moved on, and this does nothing
            } else if (shared.tail.load(relaxed) == at) {  // relaxed: not behind what the word shows, see mark()
                break;
            }
        }
        return {this->is_over() ? this->over().code() : this->ends_with(status::corrupted).code()};
    }

    // Puts a claim to the word at `at` if none is there. What was there, otherwise.
    bool mark(std::uint64_t at, std::uint64_t claim, std::uint64_t& found) noexcept {
        record_word& word = mapped_.header(at);
        if constexpr (Producers == 1) {
            // acquire: pairs with clear_for_next_lap(): where a lap is over, the next look at `tail` shows it. The consumer may have moved
            // `tail` over a claim of this end's former holder
            found = word.load(acquire);
            if (found != record_header::none_at(at)) return false;
            word.store(claim,
                       release);  // (9) release: pairs with (6): whatever process finds the claim knows its owner
            return true;
        } else {
            found = record_header::none_at(at);
            // (9) release: pairs with (6): whatever process finds the claim knows its owner. acquire, of a failure: pairs with
            // clear_for_next_lap(): where a lap is over, the next look at `tail` shows it
            return word.compare_exchange_strong(found, claim, release, acquire);
        }
    }

    void replace_claim(const record_claim& claimed, std::uint64_t header) noexcept {
        const std::size_t whole = shm_records::record_bytes(claimed.payload);
        // (5) seq_cst: pairs with (6), hands the record over; and with the sleeper's announcement, see bed
        const std::uint64_t before = mapped_.header(claimed.record).exchange(header, seq_cst);
        if (before != record_header::of_claim(whole, number_)) (void)this->ends_with(status::corrupted);
    }

    static bool is_behind(std::uint64_t a, std::uint64_t b) noexcept { return static_cast<std::int64_t>(a - b) < 0; }
    bool reaches(std::uint64_t at, std::size_t need) const noexcept {
        return static_cast<std::int64_t>(limit_ - at) >= static_cast<std::int64_t>(need);
    }

    // Out of line: one look serves many messages.
    [[gnu::noinline]] bool look_for_room(state& shared, std::uint64_t at, std::size_t need) noexcept {
        const std::uint64_t returned =
            shared.returned.load(seq_cst);  // (8) seq_cst: pairs with (7), the bytes are free
        // `at` was read before, so it may be behind, but not more than a lap ahead.
        const bool is_sound = returned % shm_records::alignment == 0 && !is_behind(returned + capacity_, limit_) &&
                              !is_behind(returned + capacity_, at);
        if (!is_sound) {
            (void)this->ends_with(status::corrupted);
            return false;
        }
        limit_ = returned + capacity_;
        return reaches(at, need);
    }

    std::uint64_t number_;
    std::uint64_t done_;
    std::uint64_t limit_ = 0;  // how far claims may go, as far as it is known
    std::uint64_t seen_ = 0;   // how far claims have gone, as of the last look
    std::size_t capacity_;
    shm_records mapped_;
    single_use_checker claimed_;
};

}  // namespace weir::detail
