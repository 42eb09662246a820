// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/detail/shm/end.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/shm/sleeper.hpp"
#include "weir/detail/shm_message/state.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The consumer's end of a message ring between processes. One thread. Never reads where to read from the segment.
template <std::size_t Producers, class Watch>
class alignas(separation_bytes) shm_message_consumer : public shm_end_base {
    using state = shm_message_state<Producers>;

public:
    /// To be made by the process that has just taken the end. `watch()` makes what asks the system, for each producer.
    template <class MakeWatch>
    shm_message_consumer(state& shared, shm_records mapped, std::size_t capacity, MakeWatch watch) noexcept
        : shm_message_consumer(shared, mapped, capacity, watch, look_back(shared.consumer),
                               std::make_index_sequence<Producers>{}) {}

    /// Whether there is a message: success, empty, busy, closed, peer_died or corrupted. Wait-free, but for padding, which it frees.
    status look(state& shared, bool asks = false) noexcept {
        const status answer = find_or_give(shared, asks);
        if (is_over() || (answer == status::success && untold_ == none && ++unasked_ % messages_between_questions != 0))
            return answer;
        if (!knows_of_death(shared, asks)) return answer;
        // First its last messages, which may have come between that look and its death.
        if (is_behind(position_, told_at_)) return answer == status::empty ? find_or_give(shared, asks) : answer;
        return told(shared);
    }

    /// Calls visit(message) on the messages that there are, `most` at most; it answers as of message_consumer. How many are done, and
    /// in `answer`, if not one was visited, why.
    template <class Visit>
    std::size_t consume(state& shared, Visit& visit, std::size_t most, status& answer) {
        std::size_t done = 0;
        answer = status::success;
        const giving_back at_end{*this, shared};
        for (bool is_first = true; done < most; is_first = false) {
            const status found = is_first ? look(shared) : find(shared, false);
            if (found != status::success) {
                if (is_first) answer = found;
                break;
            }
            const auto [taken, goes_on] = visit_one(shared, visit);
            if (taken) ++done;
            if (!goes_on) break;
        }
        return done;
    }

    /// Waits until look() answers neither empty nor busy, or until the deadline, or until stop() says true: then empty.
    template <class Stop>
    status wait(state& shared, Stop& stop, steady_time deadline) noexcept {
        bool is_stopped = false;
        const auto attempt = [&](bool asks) noexcept {
            is_stopped = stop();  // first: what came before that is still visited
            const status found = look(shared, asks);
            if (found != status::empty && found != status::busy) {
                is_stopped = false;
                return found;
            }
            return is_stopped ? status(status::busy) : status(status::empty);  // any answer but empty ends the wait
        };
        const status answer = bed::wait<Watch>(shared.consumer_asleep, spins_, attempt, status::empty, deadline);
        return is_stopped ? status(status::empty) : answer;
    }

    /// Messages that this end and its former holders have taken.
    std::uint64_t done() const noexcept { return done_; }
    /// The producer whose death was reported last.
    std::uint64_t dead_producer() const noexcept { return dead_; }

private:
    static constexpr std::size_t at_once = 16 * cache_line_bytes;
    static constexpr std::uint64_t none = Producers;
    static constexpr unsigned messages_between_questions = 64;  // while there are always some
    static constexpr unsigned most_tries = 1000;  // a peer that is not trusted could change a word each time

    template <class MakeWatch, std::size_t... Numbers>
    shm_message_consumer(state& shared, const shm_records& mapped, std::size_t capacity, MakeWatch& watch,
                         const numbers_left& found, std::index_sequence<Numbers...>) noexcept
        : shm_end_base(found.in_doubt),
          peers_{peer<Watch>(shared.producers[Numbers].end.owner, watch())...},
          position_(shared.consumer.taken.load(relaxed)),  // relaxed, both: only the holder of this end writes them
          given_(shared.returned.load(relaxed)),
          done_(found.done),
          capacity_(capacity),
          mapped_(mapped) {
        // (10) release, both: pairs with (11)
        shared.consumer.end.done.store(done_, release);
        shared.consumer.end.begun.store(done_, release);
        if (position_ - given_ > capacity_ || position_ % shm_records::alignment != 0 ||
            given_ % shm_records::alignment != 0) {
            (void)ends_with(status::corrupted);
            return;
        }
        if (position_ == given_) return;
        // The former holder may have died while it freed these.
        for (std::uint64_t at = given_; at != position_; at += record_header::bytes)
            mapped_.clear_for_next_lap(at, record_header::bytes);
        give(shared);
    }

    // Gives back what was visited, also when a visit throws.
    struct giving_back {
        shm_message_consumer& me;
        state& shared;
        ~giving_back() {
            if (me.position_ != me.given_) me.give(shared);
        }
    };
    // Whether a message was in hand while a visit threw.
    struct in_hand {
        shm_message_consumer_words& words;
        std::uint64_t done;
        bool is_left = true;
        ~in_hand() {
            if (is_left) words.end.begun.store(done, release);  // (10) release: pairs with (11)
        }
    };

    // Where there is no message, producers may wait for the padding that was passed.
    status find_or_give(state& shared, bool asks) noexcept {
        const status answer = find(shared, asks);
        if (answer != status::success && position_ != given_) give(shared);
        return answer;
    }
    // Goes on to the next message: success, empty, busy, closed or corrupted.
    status find(state& shared, bool asks) noexcept {
        for (unsigned tries = 0; tries < most_tries && !is_over(); ++tries) {
            record_word& word = mapped_.header(position_);
            const std::uint64_t header =
                word.load(seq_cst);  // (6) seq_cst: pairs with (5) and (9), the record is readable
            if (header == record_header::none_at(position_)) {
                const std::uint64_t tail =
                    shared.tail.load(seq_cst);  // (4) seq_cst: pairs with (3); and with (1), see bed
                if (tail == position_) return status::empty;
                if (is_end(tail)) return ends_with(status::closed);
                // What was claimed meanwhile shows.
                if (word.load(relaxed) == header) return ends_with(status::corrupted);  // relaxed: ordered by (4)
                continue;
            }
            const std::size_t bytes = sound_bytes(mapped_, capacity_, position_, header, Producers);
            if (bytes == 0) return ends_with(status::corrupted);
            switch (record_header::kind(header)) {
            case record_header::message: header_ = header; return status::success;
            case record_header::padding: pass(shared, bytes); break;
            default:
                if (is_end(shared.tail.load(seq_cst))) return ends_with(status::closed);  // (4) seq_cst: as above
                asks = asks || is_due();
                if (!asks || lives(shared, record_header::owner(header))) return status::busy;
                abandon(shared, header, bytes);
            }
        }
        return is_over() ? over() : status(status::busy);
    }

    static bool is_behind(std::uint64_t a, std::uint64_t b) noexcept { return static_cast<std::int64_t>(a - b) < 0; }
    bool is_end(std::uint64_t tail) const noexcept { return tail == (position_ | state::closed_bit); }

    template <class Visit>
    visited visit_one(state& shared, Visit& visit) {
        const std::size_t payload = record_header::payload(header_);
        const std::size_t bytes = shm_records::record_bytes(payload);
        shm_message_consumer_words& words = shared.consumer;
        // What a death at any instruction leaves: what `taken` will be, then the number, then the visit.
        // (10) release, both: pairs with (11)
        words.end.step.store(position_ + bytes, release);
        words.end.begun.store(done_ + 1, release);
        light_fence();
        in_hand now{words, done_};
        const visited answer = visit(message{record_header::type(header_), {mapped_.payload(position_), payload}});
        if (answer.taken) {
            now.is_left = false;
            ++done_;
            pass(shared, bytes);
        }
        return answer;
    }

    // The record is done with: first for the next consumer, then for the producers.
    void pass(state& shared, std::size_t bytes) noexcept {
        light_fence();
        // (10) release, both: pairs with (11)
        shared.consumer.taken.store(position_ + bytes, release);
        shared.consumer.end.done.store(done_, release);
        light_fence();
        mapped_.clear_for_next_lap(position_, bytes);
        position_ += bytes;
        if (position_ - given_ >= at_once) give(shared);
    }
    void give(state& shared) noexcept {
        // (7) seq_cst: pairs with (8), hands the bytes back; and with the sleepers' announcements, see bed
        if (shared.returned.exchange(position_, seq_cst) != given_) (void)ends_with(status::corrupted);
        given_ = position_;
        bed::wake(shared.producers_asleep);
    }

    // Calls the system.
    bool lives(state& shared, std::uint64_t number) noexcept {
        // relaxed: not older than its claim, by (6). A holder that left in order since then has no claim: see abandon()
        const owner now{shared.producers[number].end.owner.load(relaxed)};
        return now.is_held() && !peers_[number].watch().is_dead(now);
    }
    // A claim of a process that died becomes padding.
    void abandon(state& shared, std::uint64_t header, std::size_t bytes) noexcept {
        // It may have been handed over before that death. relaxed: the process has ended
        if (mapped_.header(position_).load(relaxed) != header || !shared.accept(position_, bytes)) return;
        // relaxed: for a process that follows, by the next step
        shared.producers[record_header::owner(header)].abandoned.store(position_, relaxed);
        // (9) release: pairs with (6); and for a follower's look_back(). relaxed, of a failure: that one was quicker, or there is no claim
        mapped_.header(position_).compare_exchange_strong(header, record_header::of_padding(bytes), release, relaxed);
    }

    // As of shm_end, for each of the producers.
    bool knows_of_death(state& shared, bool asks) noexcept {
        if (untold_ != none) return true;
        if (!asks && !is_due()) return false;
        for (std::uint64_t number = 0; number < Producers && untold_ == none; ++number)
            if (peers_[number].has_died(shared.producers[number].end.owner)) untold_ = number;
        // All that it handed over lies before this. relaxed: the process has ended
        told_at_ = state::position(shared.tail.load(relaxed));
        return untold_ != none;
    }
    status told(state& shared) noexcept {
        dead_ = std::exchange(untold_, none);
        // Not known if another process has followed it: its words are that one's by now.
        in_doubt_ = look_back(shared.producers[dead_], dead_, mapped_).in_doubt;
        if (!peers_[dead_].is_unfollowed(shared.producers[dead_].end.owner)) in_doubt_.reset();
        return status::peer_died;
    }

    std::array<peer<Watch>, Producers> peers_;
    std::uint64_t position_;  // of the next record
    std::uint64_t given_;     // bytes before it are given back
    std::uint64_t done_;
    std::uint64_t header_ = 0;     // a private copy of that of the message at position_
    std::uint64_t untold_ = none;  // a producer whose death is to be reported
    std::uint64_t told_at_ = 0;    // where that is
    unsigned unasked_ = 0;
    std::uint64_t dead_ = none;
    std::size_t capacity_;
    shm_records mapped_;
};

}  // namespace weir::detail
