// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/copy_bytes.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/cursor/closing.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/message/lone_writer.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/message/tallies.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The shared words of a message ring whose producer may drop the oldest message. Standard layout, no pointers.
///
/// `head` is the position of the oldest record. Its bit `held` says that the consumer copies that message: then only the consumer moves
/// `head`. Otherwise the producer may, by a compare and exchange, and the message is lost.
///
///     (1) release, sent -> (2) acquire, sent   records: the producer hands them to the consumer
///     (3) release, head -> (4) acquire, head   bytes that were read: the consumer hands them to the producer
struct dropping_message_state {
    static constexpr std::uint64_t held = 1;  // positions are multiples of 8

    dropping_message_state(std::uint64_t capacity_, std::uint64_t start, bool asymmetric) noexcept
        : claimed(start), sent(start), head(start), closing(asymmetric), capacity(capacity_) {}

    // Written by the producer.
    alignas(separation_bytes) atomic<std::uint64_t> claimed;  // position of the next claim
    alignas(separation_bytes) atomic<std::uint64_t> sent;     // bytes handed over
    // Written by both.
    alignas(separation_bytes) atomic<std::uint64_t> head;
    // Written once, by the thread that closes.
    alignas(separation_bytes) detail::closing<std::uint64_t> closing;
    const std::uint64_t capacity;
};

/// The producer's end. Where there is no room for a claim, it drops the oldest messages, no more than it must.
template <std::size_t Alignment, std::size_t Prefix>
class alignas(separation_bytes) dropping_message_producer
    : public lone_message_writer<dropping_message_state, Alignment> {
    using writer = lone_message_writer<dropping_message_state, Alignment>;
    using typename writer::state, typename writer::mapping;
    using writer::mapped_, writer::role_, writer::claimed_;

public:
    dropping_message_producer(const state& shared, mapping mapped) noexcept
        : writer(mapped), oldest_(shared.head.load(relaxed)) {  // relaxed: not shared yet
    }

    /// Claims a record for `payload` bytes: success or closed; or busy, if the consumer is copying a message that would have to go, and
    /// has not finished after some 10 us. One claim at a time.
    record_claim claim(state& shared, std::size_t payload) noexcept {
        role_.check(
            "a second thread pushes to an overflow_message_ring; call adopt_producer() when the role is handed on");
        claimed_.check("a message is pushed while another one of the same overflow_message_ring is being pushed");
        const std::uint64_t position = shared.claimed.load(relaxed);  // relaxed: only this thread writes it
        const std::size_t record = mapping::record_bytes(payload);
        const std::size_t skipped = mapped_.skipped(position, record);
        const std::uint64_t end = position + skipped + record;
        // Before messages are dropped, so that none is once the ring is closed.
        if (!shared.closing.claim(shared.claimed, position, end)) [[unlikely]]
            return {status::closed};
        if (end - oldest_ > shared.capacity && !make_room(shared, end)) [[unlikely]] {
            shared.closing.unclaim(shared.claimed, position);
            return {status::busy};
        }
        claimed_.open();
        return {status::success, position, position + skipped, payload};
    }

    /// What was dropped, without the prefix of each message. Any thread.
    const message_tally& dropped() const noexcept { return dropped_; }

private:
    static constexpr int most_tries = 256;

    // Out of line: called when the ring is full.
    [[gnu::noinline]] bool make_room(state& shared, std::uint64_t end) noexcept {
        for (int tries = 0; tries < most_tries; ++tries) {
            // (4) acquire: pairs with (3), what lies before it was read
            std::uint64_t head = shared.head.load(acquire);
            while (end - position_of(head) > shared.capacity && !is_held(head)) {
                const std::uint64_t header = mapped_.header(head).load(relaxed);  // relaxed: this thread wrote it
                const std::size_t payload = record_header::payload(header);
                const bool is_padding = record_header::kind(header) == record_header::padding;
                const std::uint64_t next =
                    head + (is_padding ? payload + record_header::bytes : mapping::record_bytes(payload));
                // relaxed, both: a position, the record is this thread's own. Not acquire for a failure: GCC 12 warns of that.
                if (!shared.head.compare_exchange_strong(head, next, relaxed, relaxed)) {
                    head = shared.head.load(acquire);  // (4) acquire: pairs with (3), the consumer was quicker
                    continue;
                }
                head = next;
                if (is_padding) continue;
                dropped_.add(payload - Prefix);
            }
            oldest_ = position_of(head);
            if (end - oldest_ <= shared.capacity) return true;
            pause();
        }
        return false;
    }

    static bool is_held(std::uint64_t head) noexcept { return (head & state::held) != 0; }
    static std::uint64_t position_of(std::uint64_t head) noexcept { return head & ~state::held; }

    std::uint64_t oldest_;  // as of the latest look
    message_tally dropped_;
};

/// The consumer's end. It copies a message out before it is visited: the ring is free of it then, however long the visit takes.
template <std::size_t Alignment>
class alignas(separation_bytes) dropping_message_consumer {
    using state = dropping_message_state;
    using mapping = records<Alignment>;

public:
    dropping_message_consumer(mapping mapped, std::byte* copy) noexcept : mapped_(mapped), copy_(copy) {}

    /// As of message_consumer, for the messages that there are when the call begins. One that a visit leaves, or throws at, is kept.
    template <class Visit, class GivenBack>
    std::size_t consume(state& shared, Visit& visit, std::size_t most, GivenBack given_back) {
        role_.check(second_message_consumer);
        const std::uint64_t end = shared.sent.load(acquire);  // (2) acquire: pairs with (1), the records are readable
        std::size_t done = 0;
        while (done < most && (has_copy_ || take(shared, end))) {
            const auto [taken, goes_on] = visit(message{type_, {copy_, bytes_}});
            if (taken) {
                has_copy_ = false;
                ++done;
                given_back(1);
            }
            if (!goes_on) break;
        }
        return done;
    }

    bool has_messages(const state& shared) const noexcept {
        // relaxed, both: a look, no access depends on it
        return has_copy_ || shared.sent.load(relaxed) != (shared.head.load(relaxed) & ~state::held);
    }

    /// Whether the ring was closed and everything accepted was taken.
    bool drained(const state& shared) const noexcept {
        // relaxed: if it is old there is a message, or the next look sees the new one
        return !has_copy_ && shared.closing.is_drained(shared.claimed, shared.head.load(relaxed));
    }

    void adopt() noexcept { role_.adopt(); }

private:
    // Copies the oldest message, if there is one before `end`. Wait-free.
    bool take(state& shared, std::uint64_t end) noexcept {
        if (!is_before(shared.head.load(relaxed), end)) return false;  // relaxed: only moves on
        // relaxed: from here on the producer drops nothing; (2) has handed over what lies before `end`
        const std::uint64_t head = shared.head.fetch_or(state::held, relaxed);
        if (!is_before(head, end)) {  // all of it was dropped meanwhile
            // relaxed: the producer, which dropped it, has acquired by (4) what was read before, and nothing was read since
            shared.head.store(head, relaxed);
            return false;
        }
        std::uint64_t record = head;
        std::uint64_t header = mapped_.header(record).load(relaxed);  // relaxed, both: ordered by (2)
        if (record_header::kind(header) == record_header::padding) {
            record += record_header::payload(header) + record_header::bytes;
            header = mapped_.header(record).load(relaxed);
        }
        type_ = record_header::type(header);
        bytes_ = record_header::payload(header);
        copy_bytes(copy_, mapped_.payload(record), bytes_);
        // (3) release: pairs with (4), hands the bytes back
        shared.head.store(record + mapping::record_bytes(bytes_), release);
        return has_copy_ = true;
    }

    static bool is_before(std::uint64_t head, std::uint64_t end) noexcept {
        return static_cast<std::int64_t>(end - head) > 0;
    }

    mapping mapped_;
    std::byte* copy_;  // room for the largest message
    std::size_t bytes_ = 0;
    std::uint16_t type_ = 0;
    bool has_copy_ = false;
    [[no_unique_address]] role_checker role_{};
};

// Memory for a copy of the largest message, from where the ring's memory comes from.
template <class Storage, std::size_t Alignment>
struct storage_of_copy {
    using type = Storage;
};
template <std::size_t N, std::size_t Alignment>
struct storage_of_copy<storage::fixed<N>, Alignment> {
    using type = storage::fixed<std::max(N / 2, records<Alignment>::least_capacity)>;
};

/// A ring of messages with one producer and one consumer, which is never full: the oldest messages make room. `Prefix`: how many bytes of
/// each payload are not the user's.
template <class Storage, std::size_t Alignment, std::size_t Prefix = 0>
class dropping_message_core {
public:
    using mapping = records<Alignment>;
    using memory_source = detail::memory_source<Storage>;
    static constexpr bool has_many_producers = false;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::may_be_busy;
    static constexpr progress try_pop_progress = progress::wait_free;

    dropping_message_core(std::size_t capacity, std::uint64_t start, bool asymmetric, const memory_source& from = {})
        : memory_(checked_message_capacity<Alignment>(capacity), from),
          copy_(std::max(capacity / 2, mapping::least_capacity), from),
          shared_(capacity, start / Alignment * Alignment, asymmetric),
          producer_(shared_, memory_.map(capacity)),
          consumer_(memory_.map(capacity), copy_.map(std::max(capacity / 2, mapping::least_capacity)).payload(0)) {}

    // ---- producer side ---------------------------------------------------------------------------------------

    record_claim claim(std::size_t payload) noexcept { return producer_.claim(shared_, payload); }
    std::byte* payload(const record_claim& claimed) const noexcept { return producer_.payload(claimed); }
    void commit(const record_claim& claimed, std::size_t payload, std::uint16_t type) noexcept {
        producer_.commit(shared_, claimed, payload, type);
    }
    void abort(const record_claim& claimed) noexcept { producer_.abort(shared_, claimed); }
    std::size_t need(std::size_t payload) const noexcept { return producer_.need(shared_, payload); }
    void adopt_producer() noexcept { producer_.adopt(); }

    // ---- consumer side ---------------------------------------------------------------------------------------

    template <class Visit, class GivenBack>
    std::size_t consume(Visit& visit, std::size_t most, GivenBack given_back) {
        return consumer_.consume(shared_, visit, most, given_back);
    }
    status shortage() noexcept { return consumer_.drained(shared_) ? status::closed : status::empty; }
    bool has_messages() noexcept { return consumer_.has_messages(shared_); }
    void adopt_consumer() noexcept { consumer_.adopt(); }

    // ---- any thread ------------------------------------------------------------------------------------------

    void close() noexcept { shared_.closing.end(); }
    bool is_closed() const noexcept { return shared_.closing.is_ended(); }
    std::size_t capacity() const noexcept { return static_cast<std::size_t>(shared_.capacity); }
    std::size_t size_approx() const noexcept {
        // relaxed, both: a statistic; more may have been taken since the first load
        const std::uint64_t sent = shared_.sent.load(relaxed);
        const std::uint64_t size = sent - (shared_.head.load(relaxed) & ~dropping_message_state::held);
        return static_cast<std::int64_t>(size) < 0 ? 0 : static_cast<std::size_t>(std::min(size, shared_.capacity));
    }
    memory_report memory() const noexcept { return memory_.report(); }
    const message_tally& dropped() const noexcept { return producer_.dropped(); }

private:
    record_memory<Storage, Alignment> memory_;
    record_memory<typename storage_of_copy<Storage, Alignment>::type, Alignment> copy_;
    dropping_message_state shared_;
    dropping_message_producer<Alignment, Prefix> producer_;
    dropping_message_consumer<Alignment> consumer_;
};

}  // namespace weir::detail
