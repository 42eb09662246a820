// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/prefetch.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/detail/cursor/remote_view.hpp"
#include "weir/detail/message/lone_writer.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The producer's end of a message ring with one producer: its credit in bytes, and where the records are mapped for it.
template <std::size_t Alignment>
class alignas(separation_bytes) message_producer : public lone_message_writer<credit_state<std::uint64_t>, Alignment> {
    using writer = lone_message_writer<credit_state<std::uint64_t>, Alignment>;
    using typename writer::state, typename writer::mapping;
    using writer::mapped_, writer::role_, writer::claimed_;

public:
    message_producer(const state& shared, mapping mapped) noexcept
        : writer(mapped),
          prefetched_(shared.sent.load(relaxed)),
          limit_(shared.returned.load(relaxed) + shared.capacity) {  // relaxed: not shared yet
    }

    /// Claims a record for `payload` bytes: success, full or closed. One claim at a time.
    record_claim claim(state& shared, std::size_t payload) noexcept {
        role_.check(
            "a second thread pushes to a message ring of one producer; use mpsc_message_ring, or call adopt_producer() when "
            "the role is handed on");
        claimed_.check(
            "a message is pushed or reserved while a reservation of the same ring of one producer is open; commit or drop that "
            "one first");
        const std::uint64_t position = shared.claimed.load(relaxed);  // relaxed: only this thread writes it
        const std::size_t record = mapping::record_bytes(payload);
        const std::size_t skipped = mapped_.skipped(position, record);
        const std::size_t need = skipped + record;
        if (limit_.known() - position < need && !look_for_room(shared, position, need)) [[unlikely]]
            return {shared.closing.is_ended() ? status::closed : status::full};
        if (!shared.closing.claim(shared.claimed, position, position + need)) [[unlikely]]
            return {status::closed};
        if (static_cast<std::int64_t>(position + need + ahead_bytes - prefetched_) > 0) [[unlikely]]
            prefetch_ahead(position + need);
        claimed_.open();
        return {status::success, position, position + skipped, payload};
    }

private:
    static constexpr std::uint64_t ahead_bytes = 8 * cache_line_bytes;

    // Asks for the lines that the next messages are written to, some at a time. Not for those that the consumer may be reading.
    [[gnu::noinline]] void prefetch_ahead(std::uint64_t end) noexcept {
        if (static_cast<std::int64_t>(end - prefetched_) > 0) prefetched_ = end / cache_line_bytes * cache_line_bytes;
        const std::uint64_t wanted = end + 2 * ahead_bytes;
        const std::uint64_t until = static_cast<std::int64_t>(limit_.known() - wanted) < 0 ? limit_.known() : wanted;
        const auto line = static_cast<std::int64_t>(cache_line_bytes);
        for (; static_cast<std::int64_t>(until - prefetched_) >= line; prefetched_ += cache_line_bytes) {
            prefetch_for_write(mapped_.line(prefetched_));
        }
    }

    // Out of line: one look serves many messages. The pace counts messages of the size that is pushed.
    [[gnu::noinline]] bool look_for_room(state& shared, std::uint64_t position, std::size_t need) noexcept {
        const auto look = [&]() noexcept {
            // (4) acquire: pairs with (3), the records before it are read
            limit_.know(shared.returned.load(acquire) + shared.capacity);
            const std::uint64_t found = (limit_.known() - position) / need;
            if (found > 0) state::sign(shared.producer);
            return found;
        };
        return limit_.look(sought::room, look_pace_rules::worthwhile(shared.capacity / need), look,
                           [&shared]() noexcept { return state::is_signed_by_me(shared.consumer); }) > 0;
    }

    std::uint64_t prefetched_ = 0;             // lines before this position were asked for
    remote_view<std::uint64_t, false> limit_;  // how far the consumer lets this side go
};

/// The consumer's end of that ring.
template <std::size_t Alignment>
class alignas(separation_bytes) message_consumer {
    using state = credit_state<std::uint64_t>;
    using mapping = records<Alignment>;

public:
    message_consumer(const state& shared, mapping mapped) noexcept
        : mapped_(mapped), sent_(shared.sent.load(relaxed)) {  // relaxed: not shared yet
    }

    /// Visits the oldest messages, while `visit(message)` wants more. What was visited is given back about 1 KiB at a time, and
    /// `given_back(n)` is called for n messages. If a visit throws, that message and those after it stay. Returns how many.
    template <class Visit, class GivenBack>
    std::size_t consume(state& shared, Visit& visit, std::size_t most, GivenBack given_back) {
        check_role();
        const std::uint64_t first = shared.taken.load(relaxed);  // relaxed: only this thread writes it
        giving_back<GivenBack> visited{shared, first, given_back};
        for (bool has_looked = false; visited.all < most;) {
            if (visited.position == sent_.known()) {
                if (has_looked || !look_for_messages(shared, visited.position)) break;
                has_looked = true;
            }
            const std::uint64_t record = past_padding(visited.position);
            const std::uint64_t header = mapped_.header(record).load(relaxed);  // relaxed: ordered by (2)
            const std::size_t bytes = record_header::payload(header);
            const auto [taken, goes_on] = visit(message{record_header::type(header), {mapped_.payload(record), bytes}});
            if (taken) {
                mapped_.take_over(record, mapping::record_bytes(bytes));
                visited.add(record + mapping::record_bytes(bytes));
            }
            if (!goes_on) break;
        }
        return visited.all;
    }

    bool has_messages(state& shared) noexcept {
        check_role();
        const std::uint64_t position = shared.taken.load(relaxed);  // relaxed: only this thread writes it
        return sent_.known() != position || look_for_messages(shared, position);
    }

    /// Whether the ring was closed and everything accepted was taken. Once true, it stays so.
    bool drained(const state& shared) noexcept {
        // relaxed: only this thread writes it
        drained_ = drained_ || shared.closing.is_drained(shared.claimed, shared.taken.load(relaxed));
        return drained_;
    }

    void adopt() noexcept { role_.adopt(); }

private:
    // Gives back what was visited, also when a visit throws.
    template <class GivenBack>
    struct giving_back {
        static constexpr std::size_t at_once = 16 * cache_line_bytes;

        state& shared;
        std::uint64_t position;
        GivenBack& given_back;
        std::uint64_t given = position;
        std::size_t messages = 0;
        std::size_t all = 0;

        void add(std::uint64_t end) noexcept {
            position = end;
            ++messages;
            ++all;
            if (position - given >= at_once) give();
        }
        void give() noexcept {
            if (messages == 0) return;
            shared.taken.store(position, relaxed);     // relaxed: for this thread alone
            shared.returned.store(position, release);  // (3) release: pairs with (4), hands the bytes back
            given = position;
            given_back(std::exchange(messages, 0));
        }
        ~giving_back() { give(); }
    };

    std::uint64_t past_padding(std::uint64_t position) const noexcept {
        const std::uint64_t header = mapped_.header(position).load(relaxed);  // relaxed: ordered by (2)
        if (record_header::kind(header) != record_header::padding) return position;
        return position + record_header::payload(header) + record_header::bytes;
    }

    // Out of line: one look serves many messages. The pace counts messages of the size of the first one.
    [[gnu::noinline]] bool look_for_messages(state& shared, std::uint64_t position) noexcept {
        sent_.pace().wait();
        sent_.know(shared.sent.load(acquire));  // (2) acquire: pairs with (1), the records are readable
        if (sent_.known() == position) return false;
        state::sign(shared.consumer);
        const std::uint64_t record = past_padding(position);
        // relaxed: ordered by (2)
        const std::size_t bytes = mapping::record_bytes(record_header::payload(mapped_.header(record).load(relaxed)));
        sent_.pace().found((sent_.known() - record) / bytes, look_pace_rules::worthwhile(shared.capacity / bytes),
                           sought::items, state::is_signed_by_me(shared.producer));
        return true;
    }

    void check_role() noexcept { role_.check(second_message_consumer); }

    mapping mapped_;
    [[no_unique_address]] role_checker role_{};
    remote_view<std::uint64_t, false> sent_;  // how far the producer has come
    bool drained_ = false;                    // all there will ever be is taken
};

/// A ring of messages with one producer and one consumer: records in a row, under a credit loop that counts bytes.
template <class Storage, std::size_t Alignment>
class spsc_message_core {
public:
    using mapping = records<Alignment>;
    using memory_source = detail::memory_source<Storage>;
    static constexpr bool has_many_producers = false;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr progress try_push_progress = progress::wait_free;
    static constexpr progress try_pop_progress = progress::wait_free;

    spsc_message_core(std::size_t capacity, std::uint64_t start, bool asymmetric, const memory_source& from = {})
        : memory_(checked_message_capacity<Alignment>(capacity), from),
          shared_(capacity, start / Alignment * Alignment, start / Alignment * Alignment, asymmetric),
          producer_(shared_, memory_.map(capacity)),
          consumer_(shared_, memory_.map(capacity)) {}

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
    std::size_t capacity() const noexcept { return shared_.capacity; }
    std::size_t size_approx() const noexcept { return shared_.template in_flight_approx<granting::automatic>(); }
    memory_report memory() const noexcept { return memory_.report(); }

private:
    record_memory<Storage, Alignment> memory_;
    credit_state<std::uint64_t> shared_;
    message_producer<Alignment> producer_;
    message_consumer<Alignment> consumer_;
};

}  // namespace weir::detail
