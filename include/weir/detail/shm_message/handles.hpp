// SPDX-License-Identifier: MIT
//
// The ends of a message ring between processes, as their users hold them.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/message/consuming.hpp"
#include "weir/detail/message/pushing.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/message/reservation.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/detail/shm/held_end.hpp"
#include "weir/detail/shm/processes.hpp"
#include "weir/detail/shm_message/consumer.hpp"
#include "weir/detail/shm_message/producer.hpp"
#include "weir/detail/shm_message/state.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/status.hpp"

namespace weir::detail {
template <std::size_t Producers>
struct mapped_message_ring;
}  // namespace weir::detail

namespace weir::shm {

template <std::size_t Producers>
class basic_message_ring;

/// A producer's end of a message ring. Movable, while no reservation is open; one thread at a time. Destroying it gives the end back, and
/// does not close the ring.
///
/// The pushes are those of every message ring (detail/message/pushing.hpp); stop predicates must not throw. Answers, beside success and
/// those of every ring (full, closed, too_large, timeout):
/// - peer_died: the process that held the consumer's end died. Once for each; the message was not pushed. in_doubt() says which message
///   it may have visited without having finished. Push again to wait for a new consumer.
/// - corrupted: the segment holds what no process writes. For ever, on this side. Nothing outside the segment was touched.
///
/// A push copies the message. On any other answer than success the message is not in the ring. Lock-free; O(n). A system call only to
/// wake a sleeping consumer, and, while the ring stays full, some thousand times a second to ask whether the consumer lives.
template <std::size_t Producers>
class message_producer : public detail::message_pushing<message_producer<Producers>> {
    using pushing = detail::message_pushing<message_producer>;

public:
    using bytes = typename pushing::bytes;
    using pieces = typename pushing::pieces;
    using reservation = message_reservation<message_producer>;
    static constexpr progress try_push_progress = Producers == 1 ? progress::wait_free : progress::lock_free;

    /// Bytes of the ring that a message of n bytes takes: n and 8 more, rounded up to a multiple of 8.
    static constexpr std::size_t bytes_for_message(std::size_t n) noexcept {
        return detail::shm_records::record_bytes(n);
    }

    /// Reserves `n` bytes to be written in place; as of message_ring.hpp. One at a time: until it is committed or dropped, this end
    /// pushes and reserves nothing else. The consumer gets no later message of any producer before that, unless this process dies.
    reservation try_reserve(std::size_t n, std::uint16_t type = 0) noexcept {
        return {*this, ends_.checked().claim(ends_.state(), n), type};
    }
    /// The same, but waits for room.
    reservation reserve(std::size_t n, std::uint16_t type = 0) noexcept {
        return reserve_until(n, detail::forever, type);
    }
    template <class Rep, class Period>
    reservation reserve_for(std::size_t n, std::chrono::duration<Rep, Period> time, std::uint16_t type = 0) noexcept {
        return reserve_until(n, detail::deadline_after(time), type);
    }
    reservation reserve_until(std::size_t n, detail::any_time_point deadline, std::uint16_t type = 0) noexcept {
        return reserve_unless(n, detail::never, deadline, type);
    }
    template <std::predicate Stop>
    reservation reserve_unless(std::size_t n, Stop stop, detail::any_time_point deadline = detail::forever,
                               std::uint16_t type = 0) noexcept {
        return {*this, ends_.checked().claim_unless(ends_.state(), n, stop, deadline), type};
    }
    template <detail::bare_number N, class... More>
    void reserve_for(std::size_t, N, const More&...) = delete;  // weir: a time has a unit, as 100ms

    /// Which of the ring's producers this is, from 0 on.
    unsigned number() const noexcept { return static_cast<unsigned>(ends_.end.number()); }
    /// How many messages were pushed through this end so far, by its former holders, too: the number of the next one.
    std::uint64_t pushed() const noexcept { return ends_.end.done(); }
    /// The number, counted from 0, of the one message of a dead process that is in doubt. After attach_producer(): the message of this
    /// end that the former producer had begun to write; it was not accepted, and no consumer sees it. After peer_died: the message that
    /// the consumer may have visited, by its popped(); the next consumer gets it. Nothing if there is none, or if a new
    /// consumer had taken the end over by then: in_doubt() of that one says it.
    std::optional<std::uint64_t> in_doubt() const noexcept { return ends_.end.in_doubt(); }
    /// The calling thread is the producer from now on.
    void adopt() noexcept { ends_.adopt(); }

    void close() noexcept { ends_.state().close(); }
    bool is_closed() const noexcept { return ends_.state().is_closed(); }
    std::size_t capacity_bytes() const noexcept { return ends_.held.capacity(); }
    /// The largest message: an empty ring accepts it, wherever it stands.
    std::size_t max_message() const noexcept { return detail::shm_records::most_payload(capacity_bytes()); }
    std::size_t size_approx() const noexcept { return ends_.state().size_approx(capacity_bytes()); }

private:
    friend basic_message_ring<Producers>;
    friend pushing;
    friend reservation;
    using mapped = detail::mapped_message_ring<Producers>;
    using end = detail::shm_message_producer<Producers, detail::process_watch>;
    // What a reservation uses.
    struct bound : detail::movable_role {
        detail::held_end<mapped> held;
        message_producer::end end;

        bound(detail::held_end<mapped> holds, message_producer::end made) noexcept
            : held(std::move(holds)), end(std::move(made)) {}
        auto& state() const noexcept { return held.state(); }
        auto& checked() noexcept {
            held.check_process();
            this->check("a second thread pushes by one producer's end; call adopt() when it is handed on");
            return end;
        }
        const auto& core() const noexcept { return end; }
        void commit(const detail::record_claim& claimed, std::size_t n, std::uint16_t type) noexcept {
            end.commit(state(), claimed, n, type);
        }
        void abort(const detail::record_claim& claimed) noexcept { end.abort(state(), claimed); }
    };

    message_producer(detail::held_end<mapped> held, end made) noexcept : ends_(std::move(held), std::move(made)) {}

    status offer(pieces message, std::uint16_t type) noexcept {
        return fill(try_reserve(pushing::size_of(message), type), message);
    }
    template <class Stop>
    status offer_unless(pieces message, Stop stop, detail::steady_time deadline, std::uint16_t type) noexcept {
        return fill(reserve_unless(pushing::size_of(message), stop, deadline, type), message);
    }
    static status fill(reservation to, pieces message) noexcept {
        if (!to) return to.answer();
        std::byte* next = to.bytes().data();
        for (const bytes piece : message) {
            if (!piece.empty()) std::memcpy(next, piece.data(), piece.size());
            next += piece.size();
        }
        to.commit();
        return status::success;
    }

    bound ends_;
};

/// The consumer's end of a message ring. Movable; one thread at a time. Destroying it gives the end back, and does not close the ring.
///
/// The visits are those of every message ring; stop predicates must not throw. A visit reads the message where it lies: a peer that is
/// not trusted may change it meanwhile, so copy first what you check. Answers, beside success and those of every ring (empty, busy,
/// closed, timeout):
/// - peer_died: the process that held a producer's end died, and all that it had published was taken. Once for each, but not
///   when the ring is closed by then; dead_producer() says which, and in_doubt() which of its messages never comes. Look again to wait
///   for others.
/// - corrupted: the segment holds what no process writes. For ever, on this side. Nothing outside the segment was touched.
///
/// `busy`: the next message is claimed by a process that lives and has not committed it yet. What a dead one had claimed is left out.
/// A message is taken when its visit returns. When this process dies in a visit, the next consumer gets that message again.
template <std::size_t Producers>
class message_consumer : public detail::message_consuming<message_consumer<Producers>> {
    using consuming = detail::message_consuming<message_consumer>;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

public:
    static constexpr progress try_pop_progress = progress::may_be_busy;

    /// Calls `f(type, bytes)` on the messages there are, oldest first and at most `most` of them, each in place. Returns how many are
    /// done; answer() says why, if not one was visited. O(k), and in the bytes, which are made ready for the next lap.
    template <detail::message_visit F>
    std::size_t consume(F&& f, std::size_t most = all) {
        return visit_now(f, most);
    }
    /// The same for the oldest message: success if there was one, and even if `f` left it.
    template <detail::message_visit F>
    status try_consume_one(F f) {
        (void)visit_now(f, 1);
        return answer_;
    }
    /// The same, but waits for a message until `stop()` says true: then empty.
    template <detail::message_visit F, std::predicate Stop>
    status consume_one_unless(F f, Stop stop, detail::any_time_point deadline = detail::forever) {
        (void)visit_waiting(f, 1, stop, deadline);
        return answer_;
    }
    /// Waits for a message, then visits those there are, `most` at most. Returns how many are done; 0 as well when answer() is another
    /// one than success.
    template <detail::message_visit F, std::predicate Stop>
    std::size_t consume_some_unless(F&& f, Stop stop, detail::any_time_point deadline = detail::forever,
                                    std::size_t most = all) {
        return visit_waiting(f, most, stop, deadline);
    }
    // Either the operation, or a function that refuses it with a sentence.
    using consuming::consume, consuming::try_consume_one, consuming::consume_one_unless, consuming::consume_some_unless;

    /// Of the last visit or wait: success if a message was visited; else why none was.
    status answer() const noexcept { return answer_; }
    /// How many messages were taken through this end so far, by its former holders, too: the number of the next one.
    std::uint64_t popped() const noexcept { return end_.done(); }
    /// After attach_consumer(): the next message, popped(), if the former consumer may have visited it. After peer_died: the message, as
    /// producer dead_producer() counts its own, which that one had begun to write; it never comes. Nothing if there is none,
    /// or if a new producer had taken that end over by then: in_doubt() of that one says it.
    std::optional<std::uint64_t> in_doubt() const noexcept { return end_.in_doubt(); }
    /// The number of the producer whose death was reported last.
    unsigned dead_producer() const noexcept { return static_cast<unsigned>(end_.dead_producer()); }
    /// The calling thread is the consumer from now on.
    void adopt() noexcept { role_.adopt(); }

    void close() noexcept { held_.state().close(); }
    bool is_closed() const noexcept { return held_.state().is_closed(); }
    std::size_t capacity_bytes() const noexcept { return held_.capacity(); }
    std::size_t max_message() const noexcept { return detail::shm_records::most_payload(capacity_bytes()); }
    std::size_t size_approx() const noexcept { return held_.state().size_approx(capacity_bytes()); }

private:
    friend basic_message_ring<Producers>;
    using mapped = detail::mapped_message_ring<Producers>;
    using end = detail::shm_message_consumer<Producers, detail::process_watch>;

    message_consumer(detail::held_end<mapped> held, end made) noexcept
        : held_(std::move(held)), end_(std::move(made)) {}

    template <class F>
    std::size_t visit_now(F& f, std::size_t most) {
        held_.check_process();
        role_.check("a second thread pops by one consumer's end; call adopt() when it is handed on");
        auto visiting = [&f](const message& one) { return detail::call_visit(f, one); };
        return end_.consume(held_.state(), visiting, most, answer_);
    }
    template <class F, class Stop>
    std::size_t visit_waiting(F& f, std::size_t most, Stop& stop, detail::steady_time deadline) {
        const std::size_t done = visit_now(f, most);
        if (answer_ != status::empty && answer_ != status::busy) return done;
        if (stop()) return visit_now(f, most);
        answer_ = end_.wait(held_.state(), stop, deadline);
        return answer_ == status::success ? visit_now(f, most) : 0;
    }

    detail::held_end<mapped> held_;
    [[no_unique_address]] detail::movable_role role_{};
    end end_;
    status answer_ = status::empty;
};

}  // namespace weir::shm
