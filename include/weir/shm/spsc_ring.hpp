// SPDX-License-Identifier: MIT
//
// A ring between two processes: one pushes, the other pops. Linux alone; elsewhere this header declares nothing.
//
//     // One process. The name of the type is yours: two programs that mean different things by T choose different names.
//     auto ring = weir::shm::spsc_ring<quote>::create("quotes", 1024, "quote v1");
//     auto producer = ring.attach_producer();
//     producer.push(q);
//
//     // The other one.
//     auto ring = weir::shm::spsc_ring<quote>::open("quotes", "quote v1");
//     auto consumer = ring.attach_consumer();
//     while (consumer.pop(q)) ...
//
// Each end is held by one process. When that process dies, wherever it was, the other side gets `peer_died`, once, and a new process
// may take the end over and go on. A side that attaches while the dead process still holds the other end gets it, too. A process that
// ends without destroying its end, by std::exit say, has died, too.
#pragma once

#if defined(__linux__)

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/detail/base/element.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/shm/held_end.hpp"
#include "weir/detail/shm/processes.hpp"
#include "weir/detail/shm/spsc_ends.hpp"
#include "weir/detail/shm/spsc_state.hpp"
#include "weir/detail/shm_makers.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/shm/segment.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A mapped ring of one producer and one consumer; shared by the ring object and the ends that this process holds.
template <class T>
struct mapped_spsc_ring {
    static constexpr std::size_t slots_at =
        (sizeof(shm_spsc_state) + slot_alignment<T> - 1) / slot_alignment<T> * slot_alignment<T>;
    static_assert(slot_alignment<T> <= payload_offset,
                  "weir: an element of a shm ring is aligned to 256 bytes at most");

    static std::uint64_t payload_bytes(std::uint64_t capacity) {
        return slots_at + spsc_slots<T, std::uint64_t>::count(capacity) * sizeof(T);
    }
    static std::size_t checked(std::size_t capacity) {
        return checked_capacity(capacity, most_capacity<T, std::uint64_t>, refuse_argument_of_segment);
    }
    static auto init(std::size_t) noexcept {
        return [](std::byte* payload) noexcept { ::new (static_cast<void*>(payload)) shm_spsc_state; };
    }
    static segment_shape shape(std::size_t capacity, std::string_view type_name) {
        return {segment_kind::spsc_ring, capacity, sizeof(T), alignof(T), type_name, &payload_bytes};
    }

    shm_spsc_state& state() const noexcept {
        return *std::launder(reinterpret_cast<shm_spsc_state*>(memory.payload()));
    }
    T* slots() const noexcept { return reinterpret_cast<T*>(memory.payload() + slots_at); }

    shm::segment memory;
};

}  // namespace weir::detail

namespace weir::shm {

template <class T>
class spsc_ring;

/// What both ends of a spsc_ring offer.
template <class T>
class spsc_end {
public:
    /// No push is accepted from now on, and every waiter wakes; what was accepted is still delivered. Any thread. Lock-free.
    void close() noexcept { held_.state().close(); }
    bool is_closed() const noexcept { return held_.state().is_closed(); }
    std::size_t capacity() const noexcept { return held_.capacity(); }
    /// Items in the ring: exact at a quiet moment, slightly stale otherwise. Any thread.
    std::size_t size_approx() const noexcept { return held_.state().size_approx(capacity()); }

protected:
    explicit spsc_end(detail::held_end<detail::mapped_spsc_ring<T>> held) noexcept : held_(std::move(held)) {}

    detail::held_end<detail::mapped_spsc_ring<T>> held_;
};

/// The producer's end. Movable; one thread at a time. Destroying it gives the end back, and does not close the ring.
///
/// Answers of the pushes, beside success and those of every ring (full, closed, timeout):
/// - peer_died: the process that held the consumer's end died, also if it was dead already when this end was attached. Reported once
///   for each process; the item was not pushed. in_doubt() names the item that it took last. Push again to wait for a new consumer.
/// - corrupted: the segment holds what no consumer writes. For ever, on this side. Nothing outside the segment was touched.
///
/// A push copies the item. On any other answer than success the item is not in the ring.
template <class T>
class spsc_producer : public spsc_end<T> {
public:
    using value_type = T;
    static constexpr progress try_push_progress = progress::wait_free;

    /// Wait-free; O(sizeof(T)). A system call only to wake a sleeping consumer, and, while the ring stays full, to ask whether
    /// the consumer lives: up to 8000 times a second, in a waiting push some 1400.
    status try_push(const T& item) noexcept {
        check_role();
        return end_.try_push(this->held_.state(), item);
    }
    /// Waits for room, spinning a little, then asleep. success, closed, peer_died or corrupted.
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
        return end_.push_until(this->held_.state(), item, deadline);
    }

    /// How many items were pushed through this end so far, by its former holders, too: the number of the next one.
    std::uint64_t pushed() const noexcept { return end_.position(); }
    /// The number, counted from 0, of the one item of a dead process that is in doubt. After attach_producer(): the item that the
    /// former producer had begun to write; it was not accepted, and no consumer sees it. After peer_died: the item that the consumer
    /// had taken last; only that process knew whether it had finished with it. Nothing if there is none.
    std::optional<std::uint64_t> in_doubt() const noexcept { return end_.in_doubt(); }
    /// The calling thread is the producer from now on.
    void adopt() noexcept { role_.adopt(); }

private:
    friend spsc_ring<T>;
    using end = detail::shm_spsc_producer<T, detail::process_watch>;

    spsc_producer(detail::held_end<detail::mapped_spsc_ring<T>> held, end made) noexcept
        : spsc_end<T>(std::move(held)), end_(std::move(made)) {}
    void check_role() noexcept {
        this->held_.check_process();
        role_.check("a second thread pushes by one producer's end; call adopt() when it is handed on");
    }

    [[no_unique_address]] detail::movable_role role_{};
    end end_;
};

/// The consumer's end. Movable; one thread at a time. Destroying it gives the end back, and does not close the ring.
///
/// Answers of the pops, beside success and those of every ring (empty, closed, timeout):
/// - peer_died: the process that held the producer's end died, and all that it had published was taken. Once for each, as above,
///   but not when the next holder has closed the ring by then. in_doubt() says which item it had begun to write. Pop again to wait for
///   a new producer.
/// - corrupted: the segment holds what no producer writes. For ever, on this side. Nothing outside the segment was touched; what `out`
///   holds then has no meaning.
template <class T>
class spsc_consumer : public spsc_end<T> {
public:
    using value_type = T;
    static constexpr progress try_pop_progress = progress::wait_free;

    /// Wait-free; O(sizeof(T)). A system call only to wake a sleeping producer, and, while the ring stays empty, to ask whether
    /// the producer lives: up to 8000 times a second, in a waiting pop some 1400.
    status try_pop(T& out) noexcept {
        check_role();
        return end_.try_pop(this->held_.state(), out);
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
        return end_.pop_until(this->held_.state(), out, deadline);
    }

    /// How many items were taken through this end so far, by its former holders, too: the number of the next one.
    std::uint64_t popped() const noexcept { return end_.position(); }
    /// As for the producer. After attach_consumer(): the item that the former consumer had taken last, popped() - 1. After peer_died:
    /// the item that the producer had begun to write; it never comes. It is not known, and so nothing, if a new producer had taken
    /// the end over by then: in_doubt() of that one says it.
    std::optional<std::uint64_t> in_doubt() const noexcept { return end_.in_doubt(); }
    /// The calling thread is the consumer from now on.
    void adopt() noexcept { role_.adopt(); }

private:
    friend spsc_ring<T>;
    using end = detail::shm_spsc_consumer<T, detail::process_watch>;

    spsc_consumer(detail::held_end<detail::mapped_spsc_ring<T>> held, end made) noexcept
        : spsc_end<T>(std::move(held)), end_(std::move(made)) {}
    void check_role() noexcept {
        this->held_.check_process();
        role_.check("a second thread pops by one consumer's end; call adopt() when it is handed on");
    }

    [[no_unique_address]] detail::movable_role role_{};
    end end_;
};

/// A ring between two processes, mapped into this one. T is trivially copyable: it is copied byte by byte, also after a peer that is
/// not trusted wrote to it, so check what you pop from such a peer. No pointers in it: they mean something else in the other process.
///
/// The object may go before the ends that were attached to it. What attaches throws shm::error as create() does, and calls the system.
template <class T>
class spsc_ring : public detail::shm_makers<spsc_ring<T>, detail::mapped_spsc_ring<T>> {
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
    using mapped = detail::mapped_spsc_ring<T>;
    friend detail::shm_makers<spsc_ring, mapped>;

public:
    using value_type = T;

    /// Takes the producer's end for this process. Refused while a living process holds it. After one that died it goes on where that
    /// one was: see spsc_producer::in_doubt().
    spsc_producer<T> attach_producer() const {
        return attach_end<spsc_producer<T>>(ring_->state().producer, "producer");
    }
    /// Takes the consumer's end for this process, in the same way.
    spsc_consumer<T> attach_consumer() const {
        return attach_end<spsc_consumer<T>>(ring_->state().consumer, "consumer");
    }

    void close() noexcept { ring_->state().close(); }
    bool is_closed() const noexcept { return ring_->state().is_closed(); }
    std::size_t capacity() const noexcept { return ring_->memory.capacity(); }
    std::size_t size_approx() const noexcept { return ring_->state().size_approx(capacity()); }
    /// For send_descriptor(), if the ring has no name. Owned by the ring.
    int descriptor() const noexcept { return ring_->memory.descriptor(); }

private:
    explicit spsc_ring(segment memory) : ring_(std::make_shared<mapped>(mapped{std::move(memory)})) {}

    template <class End>
    End attach_end(detail::atomic<std::uint64_t>& word, const char* name) const {
        const detail::owner self = detail::this_process();
        detail::process_watch watch(self);
        const detail::taken_end taken = detail::take_end(word, self, watch);
        if (!taken.succeeded) detail::refuse_held_end(name, taken.before, std::string("a ring has one ") + name);
        detail::held_end<detail::mapped_spsc_ring<T>> held(ring_, word, taken.mine);
        typename End::end made(ring_->state(), ring_->slots(), capacity(), detail::process_watch(self),
                               taken.recovered());
        if (made.is_corrupted()) detail::refuse_contradiction(name);
        return End(std::move(held), std::move(made));
    }

    std::shared_ptr<mapped> ring_;
};

}  // namespace weir::shm

#endif
