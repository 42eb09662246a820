// SPDX-License-Identifier: MIT
//
// A ring between processes: one pushes, and each of many readers sees everything, in order. Linux alone; elsewhere this header declares
// nothing.
//
//     // One process. The name of the type is yours: two programs that mean different things by T choose different names.
//     auto ring = weir::shm::broadcast_ring<tick>::create("ticks", 1024, "tick v1");
//     auto producer = ring.attach_producer();
//     producer.push(t);                     // waits for the slowest gated reader
//
//     // Others, which come and go.
//     auto ring = weir::shm::broadcast_ring<tick>::open("ticks", "tick v1");
//     auto book = ring.join({.name = "book"});                                               // gated: it misses nothing
//     auto screen = ring.join({.name = "screen", .mode = weir::reader_mode::lossy});         // never waited for
//     while (screen.pop(t)) {
//         if (screen.gap() > 0) resynchronise();   // so many items were missed right before this one
//     }
//
// A reader that dies, wherever it was, frees the producer. When the producer dies, wherever it was, each reader gets `peer_died`, once,
// after everything that was published, and a new process may take its end over and go on. A process that ends without destroying
// its end, by std::exit say, has died, too.
#pragma once

#if defined(__linux__)

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/broadcast_stats.hpp"
#include "weir/detail/base/element.hpp"
#include "weir/detail/base/plain_text.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/broadcast/slots.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/shm/broadcast/producer.hpp"
#include "weir/detail/shm/broadcast/reader.hpp"
#include "weir/detail/shm/broadcast/state.hpp"
#include "weir/detail/shm/held_end.hpp"
#include "weir/detail/shm/processes.hpp"
#include "weir/detail/shm_makers.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/shm/segment.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Readers at a time, of any ring: part of the layout.
inline constexpr std::size_t shm_seats = 16;

/// A mapped broadcast ring; shared by the ring object and the ends that this process holds.
template <class T>
struct mapped_broadcast_ring {
    using ring_state = shm_broadcast_state<shm_seats>;
    using slots = word_slots<T>;
    static constexpr std::size_t slots_at =
        (sizeof(ring_state) + separation_bytes - 1) / separation_bytes * separation_bytes;

    static std::uint64_t payload_bytes(std::uint64_t capacity) {
        if (capacity > most_slots<typename slots::slot>) return std::uint64_t{1} << 62;  // of no file
        return slots_at + std::bit_ceil(capacity) * sizeof(typename slots::slot);
    }
    static std::size_t checked(std::size_t capacity) {
        return checked_capacity(capacity, most_slots<typename slots::slot>, refuse_argument_of_segment);
    }
    static auto init(std::size_t) noexcept {
        return [](std::byte* payload) noexcept { ::new (static_cast<void*>(payload)) ring_state; };
    }
    static segment_shape shape(std::size_t capacity, std::string_view type_name) {
        return {segment_kind::broadcast_ring, capacity, sizeof(T), alignof(T), type_name, &payload_bytes};
    }

    ring_state& state() const noexcept { return *std::launder(reinterpret_cast<ring_state*>(memory.payload())); }
    slots items() const noexcept {
        return {reinterpret_cast<typename slots::slot*>(memory.payload() + slots_at), memory.capacity()};
    }

    shm::segment memory;
};

/// A reader's seat, as held_end.
template <class T>
class held_seat : public held_end<mapped_broadcast_ring<T>> {
    using base = held_end<mapped_broadcast_ring<T>>;

public:
    held_seat(std::shared_ptr<const mapped_broadcast_ring<T>> in, const taken_seat& taken) noexcept
        : base(in, in->state().seats[taken.number].holder, taken.end.mine), number_(taken.number) {}
    held_seat(held_seat&&) noexcept = default;
    held_seat& operator=(held_seat&& other) noexcept {
        if (this == &other) return *this;
        if (this->is_held()) stop_gating(this->state(), seat());
        base::operator=(std::move(other));
        number_ = other.number_;
        return *this;
    }
    ~held_seat() {
        if (this->is_held()) stop_gating(this->state(), seat());
    }

    shm_seat& seat() const noexcept { return this->state().seats[number_]; }

private:
    std::size_t number_;
};

}  // namespace weir::detail

namespace weir::shm {

template <class T>
class broadcast_ring;

/// The producer's end. Movable; one thread at a time. Destroying it gives the end back, and does not close the ring.
///
/// The pushes answer as those of every ring (success, full, closed, timeout), or:
/// - corrupted: the segment holds what no reader writes. For ever, on this side. Nothing outside the segment was touched.
///
/// A gated reader that dies holds a push up for 1 ms at most, plus what the scheduler adds; see readers_lost(). A push copies the
/// item. On any other answer than success no reader sees it.
template <class T>
class broadcast_producer {
public:
    using value_type = T;
    static constexpr progress try_push_progress = progress::wait_free;

    /// Wait-free; O(sizeof(T)), and O(seats) when the known room is used up. A system call only to wake sleeping readers, and, while the
    /// ring stays full, up to 8000 times a second, to ask whether the readers that hold it up live.
    status try_push(const T& item) noexcept {
        check_role();
        return end_.try_push(held_.state(), item);
    }
    /// Waits for the slowest gated reader, spinning a little, then asleep. success, closed or corrupted.
    status push(const T& item) noexcept { return push_until(item, detail::forever); }
    /// The same, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status push_for(const T& item, std::chrono::duration<Rep, Period> time) noexcept {
        return push_until(item, detail::deadline_after(time));
    }
    template <detail::bare_number N>
    status push_for(const T&, N) = delete;  // weir: a time has a unit, as 100ms
    status push_until(const T& item, detail::any_time_point deadline) noexcept {
        check_role();
        return end_.push_until(held_.state(), item, deadline);
    }

    /// No push is accepted from now on, and every waiter wakes; what was accepted is still delivered. Any thread. Lock-free.
    void close() noexcept { held_.state().close(); }
    bool is_closed() const noexcept { return held_.state().is_closed(); }
    std::size_t capacity() const noexcept { return held_.capacity(); }
    /// How many items were pushed through this end so far, by its former holders, too: the number of the next one.
    std::uint64_t pushed() const noexcept { return end_.position(); }
    /// After attach_producer(): the number of the item that a former producer, which died, had begun to write. It was not accepted,
    /// and no reader sees it. Nothing if there is none.
    std::optional<std::uint64_t> in_doubt() const noexcept { return end_.in_doubt(); }
    /// Gated readers that died and had held a push of this end up. Each one's seat is free.
    std::uint64_t readers_lost() const noexcept { return end_.readers_lost(); }
    /// The calling thread is the producer from now on.
    void adopt() noexcept { role_.adopt(); }

private:
    friend broadcast_ring<T>;
    using end = detail::shm_broadcast_producer<T, detail::shm_seats, detail::process_watch>;
    using held = detail::held_end<detail::mapped_broadcast_ring<T>>;

    broadcast_producer(held mine, end made) noexcept : held_(std::move(mine)), end_(std::move(made)) {}
    void check_role() noexcept {
        held_.check_process();
        role_.check("a second thread pushes by one producer's end; call adopt() when it is handed on");
    }

    held held_;
    [[no_unique_address]] detail::movable_role role_{};
    end end_;
};

/// A reader. Movable; one thread at a time. Destroying it gives its seat back, and the producer waits for it no longer.
///
/// Answers of the pops, beside success and those of every ring (empty, closed, timeout):
/// - peer_died: the process that held the producer's end died, and all that it had published was read. Once for each that died after this
///   reader had joined, or held that end then, but not when the next holder has closed the ring by then. in_doubt() says which item it
///   had begun to write. Pop again to wait for a new producer.
/// - corrupted: the segment holds what no producer writes. For ever, on this side. Nothing outside the segment was touched.
///
/// What `out` holds after another answer than success has no meaning.
template <class T>
class broadcast_reader {
public:
    using value_type = T;
    static constexpr progress try_pop_progress = progress::wait_free;

    /// Wait-free; O(sizeof(T)). A lossy reader also answers empty when it was overtaken a hundred times in one call. A system call only
    /// to wake a sleeping producer, and, while there is nothing to read, up to 8000 times a second, to ask whether it lives.
    status try_pop(T& out) noexcept {
        check_role();
        return end_.try_pop(held_.state(), out);
    }
    /// Waits for an item, spinning a little, then asleep. success, closed, peer_died or corrupted.
    status pop(T& out) noexcept { return pop_until(out, detail::forever); }
    /// The same, but gives up after that time, or at that time of any clock: timeout.
    template <class Rep, class Period>
    status pop_for(T& out, std::chrono::duration<Rep, Period> time) noexcept {
        return pop_until(out, detail::deadline_after(time));
    }
    template <detail::bare_number N>
    status pop_for(T&, N) = delete;  // weir: a time has a unit, as 100ms
    status pop_until(T& out, detail::any_time_point deadline) noexcept {
        check_role();
        return end_.pop_until(held_.state(), out, deadline);
    }

    reader_mode mode() const noexcept { return end_.is_gated() ? reader_mode::gated : reader_mode::lossy; }
    /// How many items were missed right before the latest one; and in all, since this reader joined. 0 for a gated one.
    std::uint64_t gap() const noexcept { return end_.gap(); }
    std::uint64_t missed() const noexcept { return end_.missed(); }
    /// The number of the next item, counted from the ring's first one: as of broadcast_producer::pushed(). Later if it is missed.
    std::uint64_t position() const noexcept { return end_.position(); }
    /// After peer_died: the number of the item that the producer had begun to write; that producer's item never comes. Nothing if there
    /// is none, or if a new producer had taken the end over by then: in_doubt() of that one says it.
    std::optional<std::uint64_t> in_doubt() const noexcept { return end_.in_doubt(); }

    /// As of the producer. Any thread.
    void close() noexcept { held_.state().close(); }
    bool is_closed() const noexcept { return held_.state().is_closed(); }
    std::size_t capacity() const noexcept { return held_.capacity(); }
    /// The calling thread is the reader from now on.
    void adopt() noexcept { role_.adopt(); }

private:
    friend broadcast_ring<T>;
    using end = detail::shm_broadcast_reader<T, detail::shm_seats, detail::process_watch>;

    broadcast_reader(detail::held_seat<T> held, end made) noexcept : held_(std::move(held)), end_(std::move(made)) {}
    void check_role() noexcept {
        held_.check_process();
        role_.check("a second thread reads by one reader; call adopt() when it is handed on");
    }

    detail::held_seat<T> held_;
    [[no_unique_address]] detail::movable_role role_{};
    end end_;
};

/// A ring of one producer and many readers in several processes, mapped into this one. T is trivially copyable, and without pointers,
/// as of spsc_ring.
///
/// - The bound is exact: a push succeeds while the slowest gated reader has fewer than capacity() items to read. Without gated readers
///   every push succeeds.
/// - A lossy reader that falls more than capacity() behind goes on with the oldest item that is kept, or, if it was overtaken during
///   a copy, a quarter of the capacity later: received + missed() = pushed since it joined, exactly. It never sees a torn item.
/// - Readers after others, and readers with a lag_limit, as of weir::broadcast_ring, there are none.
///
/// The object may go before the ends that were attached to it. What attaches throws shm::error as create() does, and calls the system.
template <class T>
class broadcast_ring : public detail::shm_makers<broadcast_ring<T>, detail::mapped_broadcast_ring<T>> {
    static_assert(
        detail::is_element<T>,
        "weir: an item of a shm ring is an object that can be assigned: not a reference, function or array, nor const, "
        "volatile or incomplete; put an array into a struct");
    static_assert(
        !detail::is_element<T> || std::is_trivially_copyable_v<T>,
        "weir: an item of a shm ring is copied between processes byte by byte, so T must be trivially copyable");
    static_assert(
        detail::holds_its_bytes<T>,
        "weir: a weir::message refers to bytes that it does not own; use a message ring, or for several readers one each");
    using mapped = detail::mapped_broadcast_ring<T>;
    friend detail::shm_makers<broadcast_ring, mapped>;

public:
    using value_type = T;
    static constexpr std::size_t most_readers = detail::shm_seats;

    /// How a reader joins; name the members in this order.
    struct join_settings {
        std::string_view name = {};  ///< 23 bytes are kept, as many whole characters of UTF-8 as fit
        reader_mode mode = reader_mode::gated;
    };

    /// Takes the producer's end for this process. Refused while a living process holds it. After one that died it goes on where that
    /// one was: see broadcast_producer::in_doubt().
    broadcast_producer<T> attach_producer() const {
        using producer = broadcast_producer<T>;
        detail::atomic<std::uint64_t>& word = ring_->state().producer;
        const detail::owner self = detail::this_process();
        detail::process_watch watch(self);
        const detail::taken_end taken = detail::take_end(word, self, watch);
        if (!taken.succeeded) detail::refuse_held_end("producer", taken.before, "a ring has one producer");
        typename producer::held held(ring_, word, taken.mine);
        typename producer::end made(ring_->state(), ring_->items(), capacity(), detail::process_watch(self),
                                    taken.recovered());
        if (made.is_corrupted()) detail::refuse_contradiction("producer");
        return producer(std::move(held), std::move(made));
    }

    /// A new reader in this process: it sees what is pushed from now on. Refused when all seats are held by processes that live. A
    /// process may hold several.
    [[nodiscard]] broadcast_reader<T> join(join_settings how = {}) const {
        const detail::owner self = detail::this_process();
        detail::process_watch watch(self);
        const detail::taken_seat taken = detail::take_seat(ring_->state(), self, watch);
        if (!taken.end.succeeded) {
            detail::refuse_segment(
                errc::end_held,
                "all " + std::to_string(most_readers) +
                    " seats of the broadcast ring are held by processes that run; let a reader leave first");
        }
        detail::held_seat<T> held(ring_, taken);
        typename broadcast_reader<T>::end made(ring_->state(), ring_->items(), capacity(), detail::process_watch(self),
                                               taken, how.mode == reader_mode::gated, how.name);
        return broadcast_reader<T>(std::move(held), std::move(made));
    }

    /// The name, mode and lag of every reader that holds a seat, also of one that died since, and what it missed. A gated reader that is
    /// joining is shown as lossy until the producer waits for it. Whatever a peer wrote: no lag is above what was pushed. Allocates.
    std::vector<reader_info> readers() const {
        std::vector<reader_info> found;
        for (const detail::shm_seat& seat : ring_->state().seats) {
            if (!detail::owner{seat.holder.load(detail::relaxed)}.is_held()) continue;  // relaxed, all: statistics
            const auto name = seat.name.get();
            const std::uint64_t sent = ring_->state().sent.load(detail::relaxed) / detail::one_item;
            const std::uint64_t at = std::min(seat.position.load(detail::relaxed), sent);
            found.push_back({detail::printable({name.data(), ::strnlen(name.data(), name.size())}),
                             seat.gating().is_held() ? reader_mode::gated : reader_mode::lossy, sent - at,
                             seat.missed.load(detail::relaxed)});
        }
        return found;
    }

    void close() const noexcept { ring_->state().close(); }
    bool is_closed() const noexcept { return ring_->state().is_closed(); }
    std::size_t capacity() const noexcept { return ring_->memory.capacity(); }
    /// For send_descriptor(), if the ring has no name. Owned by the ring.
    int descriptor() const noexcept { return ring_->memory.descriptor(); }

private:
    explicit broadcast_ring(segment memory) : ring_(std::make_shared<mapped>(mapped{std::move(memory)})) {}

    std::shared_ptr<mapped> ring_;
};

}  // namespace weir::shm

#endif
