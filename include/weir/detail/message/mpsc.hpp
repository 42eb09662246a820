// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/thread_mark.hpp"
#include "weir/detail/cursor/look_pace.hpp"
#include "weir/detail/cursor/turns.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The shared words of a message ring with many producers. Standard layout, no pointers.
struct mpsc_message_state {
    static constexpr std::uint64_t closed_bit = 1;  // of `tail`: positions are multiples of 8

    mpsc_message_state(std::uint64_t capacity_, std::uint64_t start) noexcept
        : capacity(capacity_), tail(start), limit(start + capacity_), taken(start) {}

    const std::uint64_t capacity;
    // The producers'.
    alignas(separation_bytes) atomic<std::uint64_t> tail;  // position of the next claim
    atomic<std::uint64_t> limit;                           // how far they may go: a lower bound
    turns turn;
    look_pace<true> pace;
    // The consumer's.
    alignas(separation_bytes) atomic<std::uint64_t> taken;  // position of the next record to be read
    atomic<std::uint32_t> consumer{0};                      // thread_mark() of the latest consumer: a hint
};

/// Bounded ring of messages with many producers and one consumer.
///
/// A producer claims bytes by a compare and exchange of `tail`, writes its payload, and stores the header. The consumer reads a
/// record once its header is there, makes all its words 0 again and only then gives the bytes back: so a word that is claimed and
/// not yet written reads as 0, wherever the next records will begin. (The same idea as Aeron's ManyToOneRingBuffer.)
///
/// Every call returns. But a producer suspended between its claim and its commit holds up the records behind its own: a visit then
/// answers `busy`. A reservation that is dropped becomes padding.
///
/// The pairs of memory orders:
///
///     (1) release, header   -> (2) acquire, header   the payload: a producer hands it to the consumer
///     (3) release, taken    -> (4) acquire, taken    bytes that are 0 again: the consumer hands them to a producer
///     (5) release, limit    -> (6) acquire, limit    what a producer has acquired by (4), to the others
template <std::size_t Alignment>
class mpsc_message_algorithm {
    using state = mpsc_message_state;
    using mapping = records<Alignment>;

public:
    explicit mpsc_message_algorithm(mapping mapped) noexcept : mapped_(mapped) {}

    // ---- producers -------------------------------------------------------------------------------------------

    /// Claims a record for `payload` bytes: success, full or closed. Lock-free.
    record_claim claim(state& ring, std::size_t payload) const noexcept {
        const std::size_t record = mapping::record_bytes(payload);
        bool my_turn = ring.turn.is_mine();
        std::uint64_t at = ring.tail.load(relaxed);  // relaxed: the exchange decides
        for (;;) {
            if ((at & state::closed_bit) != 0) [[unlikely]] {
                (void)ring.tail.load(acquire);  // acquire: what the closing thread did happens before the answer
                return {status::closed};
            }
            const std::size_t need = mapped_.skipped(at, record) + record;
            const auto limit = ring.limit.load(acquire);  // (6) acquire: pairs with (5)
            if (!reaches(limit, at, need) && !look_for_room(ring, at, need)) [[unlikely]] {
                const std::uint64_t now = ring.tail.load(relaxed);  // relaxed: as above
                if (now == at) return {status::full};
                at = now;
                continue;
            }
            if (!my_turn) [[unlikely]] {
                ring.turn.take();
                my_turn = true;
                at = ring.tail.load(relaxed);  // relaxed: as above
                continue;
            }
            const std::uint64_t begin = at;
            // relaxed: what lies in the claimed bytes comes by (4) and (6)
            if (ring.tail.compare_exchange_strong(at, at + need, relaxed, relaxed)) [[likely]] {
                const std::uint64_t first = begin + (need - record);
                // (1) release: pairs with (2): a producer of a later lap writes a payload over this word
                if (first != begin) mapped_.header(begin).store(record_header::of_padding(need - record), release);
                return {status::success, begin, first, payload};
            }
            pause();
        }
    }

    /// Hands the record over with the first `payload` bytes of what was claimed, which are written.
    void commit(const record_claim& claimed, std::size_t payload, std::uint16_t type) const noexcept {
        const std::size_t whole = mapping::record_bytes(claimed.payload);
        const std::size_t used = mapping::record_bytes(payload);
        // relaxed: the consumer reads it after the header before it, by (1) and (2)
        if (used != whole)
            mapped_.header(claimed.record + used).store(record_header::of_padding(whole - used), relaxed);
        mapped_.header(claimed.record)
            .store(record_header::of_message(payload, type), release);  // (1) release: pairs with (2)
    }
    void abort(const record_claim& claimed) const noexcept {
        const std::size_t whole = mapping::record_bytes(claimed.payload);
        mapped_.header(claimed.record).store(record_header::of_padding(whole), release);  // (1) release: pairs with (2)
    }

    std::byte* payload(const record_claim& claimed) const noexcept { return mapped_.payload(claimed.record); }

    /// How many bytes a push of this size would need now.
    std::size_t need(const state& ring, std::size_t payload) const noexcept {
        const std::size_t record = mapping::record_bytes(payload);
        return mapped_.skipped(ring.tail.load(relaxed), record) + record;  // relaxed: other producers may come first
    }

    // ---- the consumer ----------------------------------------------------------------------------------------

    /// As of message_consumer. Ends at a record that is claimed and not yet handed over.
    template <class Visit, class GivenBack>
    std::size_t consume(state& ring, Visit& visit, std::size_t most, GivenBack given_back) {
        check_role();
        const std::uint64_t first = ring.taken.load(relaxed);  // relaxed: only this thread writes it
        giving_back<GivenBack> visited{mapped_, ring, first, given_back};
        while (visited.all < most) {
            const std::uint64_t header = mapped_.header(visited.position).load(acquire);  // (2) acquire: pairs with (1)
            if (header == record_header::none) break;
            const std::size_t bytes = record_header::payload(header);
            if (record_header::kind(header) == record_header::padding) {
                visited.add(bytes + record_header::bytes, 0);
                continue;
            }
            const auto [taken, goes_on] =
                visit(message_view{record_header::type(header), {mapped_.payload(visited.position), bytes}});
            if (taken) visited.add(mapping::record_bytes(bytes), 1);
            if (!goes_on) break;
        }
        return visited.all;
    }

    /// Why there is no message: empty, closed, or busy, when the next one is claimed and not yet handed over.
    status shortage(const state& ring) const noexcept {
        const std::uint64_t position = ring.taken.load(relaxed);  // relaxed: only this thread writes it
        // acquire: what the closing thread did happens before `closed`
        const std::uint64_t tail = ring.tail.load(acquire);
        if ((tail & ~state::closed_bit) != position) return status::busy;
        return (tail & state::closed_bit) != 0 ? status::closed : status::empty;
    }
    bool has_messages(const state& ring) const noexcept {
        // relaxed, both: this thread's own position; and a look, no access depends on it
        return mapped_.header(ring.taken.load(relaxed)).load(relaxed) != record_header::none;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    static void close(state& ring) noexcept {
        // release: what the closing thread did happens before an answer of `closed`
        ring.tail.fetch_or(state::closed_bit, release);
    }
    static bool is_closed(const state& ring) noexcept {
        return (ring.tail.load(acquire) & state::closed_bit) != 0;  // acquire: as above
    }
    static std::size_t size_approx(const state& ring) noexcept {
        // acquire: so that `tail`, read after it, is not behind
        const std::uint64_t taken = ring.taken.load(acquire);
        const std::uint64_t in_flight = (ring.tail.load(relaxed) & ~state::closed_bit) - taken;  // relaxed: a statistic
        return as<std::size_t>(in_flight < ring.capacity ? in_flight : ring.capacity);
    }

    void adopt() noexcept { role_.adopt(); }

private:
    // Makes what was visited 0 and gives it back, also when a visit throws.
    template <class GivenBack>
    struct giving_back {
        static constexpr std::size_t at_once = 16 * cache_line_bytes;

        const mapping& mapped;
        state& ring;
        std::uint64_t position;
        GivenBack& given_back;
        std::uint64_t given = position;
        std::size_t messages = 0;
        std::size_t all = 0;

        void add(std::size_t record, std::size_t n) noexcept {
            mapped.clear(position, record);
            position += record;
            messages += n;
            all += n;
            if (position - given >= at_once) give();
        }
        void give() noexcept {
            if (position == given) return;
            const std::uint32_t mark = thread_mark();
            if (ring.consumer.load(relaxed) != mark) ring.consumer.store(mark, relaxed);  // relaxed, both: a hint
            ring.taken.store(position, release);  // (3) release: pairs with (4), hands the bytes back
            given = position;
            given_back(std::exchange(messages, 0));
        }
        ~giving_back() { give(); }
    };

    static bool reaches(std::uint64_t limit, std::uint64_t at, std::size_t need) noexcept {
        return static_cast<std::int64_t>(limit - at) >= static_cast<std::int64_t>(need);
    }

    // Out of line: one look serves many messages.
    [[gnu::noinline]] static bool look_for_room(state& ring, std::uint64_t at, std::size_t need) noexcept {
        ring.pace.wait();
        // (4) acquire: pairs with (3), the bytes before it are 0
        const std::uint64_t limit = ring.taken.load(acquire) + ring.capacity;
        if (!reaches(limit, at, need)) return false;
        ring.limit.store(limit, release);  // (5) release: pairs with (6)
        ring.pace.found((limit - at) / need, look_pace_rules::worthwhile(ring.capacity / need), sought::room,
                        ring.consumer.load(relaxed) == thread_mark());  // relaxed: a hint
        return true;
    }

    void check_role() noexcept { role_.check(second_message_consumer); }

    mapping mapped_;
    [[no_unique_address]] role_checker role_{};
};

/// A ring of messages with many producers and one consumer.
template <class Storage, std::size_t Alignment>
class mpsc_message_core {
public:
    using mapping = records<Alignment>;
    using memory_source = detail::memory_source<Storage>;
    static constexpr bool has_many_producers = true;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::may_be_busy;
    static constexpr progress try_pop_progress = progress::may_be_busy;

    mpsc_message_core(std::size_t capacity, std::uint64_t start, bool, const memory_source& from = {})
        : memory_(checked_message_capacity<Alignment>(capacity), from),
          ring_(capacity, start / Alignment * Alignment),
          algorithm_(memory_.map(capacity)) {}

    // ---- producers -------------------------------------------------------------------------------------------

    record_claim claim(std::size_t payload) noexcept { return algorithm_.claim(ring_, payload); }
    std::byte* payload(const record_claim& claimed) const noexcept { return algorithm_.payload(claimed); }
    void commit(const record_claim& claimed, std::size_t payload, std::uint16_t type) noexcept {
        algorithm_.commit(claimed, payload, type);
    }
    void abort(const record_claim& claimed) noexcept { algorithm_.abort(claimed); }
    std::size_t need(std::size_t payload) const noexcept { return algorithm_.need(ring_, payload); }

    // ---- the consumer ----------------------------------------------------------------------------------------

    template <class Visit, class GivenBack>
    std::size_t consume(Visit& visit, std::size_t most, GivenBack given_back) {
        return algorithm_.consume(ring_, visit, most, given_back);
    }
    status shortage() const noexcept { return algorithm_.shortage(ring_); }
    bool has_messages() const noexcept { return algorithm_.has_messages(ring_); }
    void adopt_consumer() noexcept { algorithm_.adopt(); }

    // ---- any thread ------------------------------------------------------------------------------------------

    void close() noexcept { algorithm_.close(ring_); }
    bool is_closed() const noexcept { return algorithm_.is_closed(ring_); }
    std::size_t capacity() const noexcept { return ring_.capacity; }
    std::size_t size_approx() const noexcept { return algorithm_.size_approx(ring_); }
    memory_report memory() const noexcept { return memory_.report(); }

private:
    record_memory<Storage, Alignment> memory_;
    mpsc_message_state ring_;
    mpsc_message_algorithm<Alignment> algorithm_;
};

}  // namespace weir::detail
