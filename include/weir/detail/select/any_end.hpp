// SPDX-License-Identifier: MIT
//
// What select() knows of a side of a ring, whatever the ring: how to look whether it is ready, and where its threads wait. Users
// get it through weir/select.hpp.
//
// A family of rings joins by four functions of the part that its threads wait at, such as ring_ends:
//
//     lot_of_items(), lot_of_room()      where a consumer, or a producer, waits
//     look_for_items(), look_for_room()  success, closed, or neither; busy: closed, and soon settled, but nothing will notify of it
//
// and, where many threads share a side, by pass_items_on() and pass_room_on(); when_to_look(), if time makes it ready; and
// has_items_now() and has_room_now(), if it is quicker to find success alone.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/wait/listeners.hpp"
#include "weir/detail/wait/lot.hpp"
#include "weir/detail/wait/roll_call.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/detail/wait/sleep_any.hpp"
#include "weir/detail/wait/spin_budget.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir {

template <class Ring>
class sender;
template <class Ring>
class receiver;
template <class Ring>
class broadcast_reader;

namespace detail {

class select_waiter;

/// How the waiters of a lot pass the time between looks, from the most eager on.
enum class resting : unsigned char { spinning, yielding, napping, on_descriptor, on_futex };

template <class Lot>
constexpr resting resting_in() noexcept {
    if constexpr (std::same_as<Lot, wait::spin::lot>) return resting::spinning;
    if constexpr (std::same_as<Lot, wait::yield::lot>) return resting::yielding;
    if constexpr (requires(Lot& lot) { lot.waiting(); }) return resting::on_descriptor;
    if constexpr (requires(Lot& lot) { lot.arrive(); }) return resting::on_futex;
    return resting::napping;
}

/// The functions of a side, for its `at` and `need`; those of a lot, for what where() returned. The functions for another way of
/// resting than the lot's are null.
struct end_functions {
    resting how;
    status (*look)(void* at, std::size_t need) noexcept;
    void (*pass_on)(void* at) noexcept;
    steady_time (*when_to_look)(void* at) noexcept;
    void (*wake_all)(void* ring) noexcept;
    void* (*where)(void* at) noexcept;
    futex_watch (*arrive)(void* lot) noexcept = nullptr;
    void (*depart)(void* lot) noexcept = nullptr;
    bool (*needs_fence)(void* lot) noexcept = nullptr;
    spin_budget& (*spins)(void* lot) noexcept = nullptr;
    int (*fd)(void* lot) noexcept = nullptr;
    roll_call& (*waiting)(void* lot) noexcept = nullptr;
    void (*found_nothing)(void* lot, void* at, std::size_t need) noexcept = nullptr;
    void (*adopt)(void* ring) noexcept =
        nullptr;  // the calling thread has the side from now on; null if many threads may
    listeners& (*listened)(void* lot) noexcept = nullptr;
};

/// A ring of items, of messages, with an overflow policy, or of many readers.
template <class Ring>
concept ring_of_any_family = requires(Ring& ring) {
    requires std::same_as<decltype(Ring::has_many_producers), const bool>;
    typename Ring::memory_source;
    typename Ring::time_point;
    ring.wake_all();
} || requires { typename Ring::join_settings; };
template <class Ring>
concept ring_of_readers = requires { typename Ring::join_settings; };
template <class Ring>
concept ring_of_sizes = requires(const Ring& ring) { ring.max_message(); };
template <class Ring>
concept ring_of_policy = requires { typename Ring::policy_type; };

struct select_access {
    /// The part of a ring, or of a reader, that its threads wait at.
    template <class Ring>
    static auto& part_of(Ring& ring) noexcept {
        if constexpr (ring_of_policy<Ring>) {
            return part_of(ring.ring_to_wait_at());
        } else if constexpr (
            requires { Ring::has_many_consumers; } && !requires { ring.lot_of_items(); }) {
            return ring.ends_;
        } else {
            return ring;  // a broadcast ring, its reader, or the queues of shed_lowest
        }
    }
    /// With an overflow policy: an offer that is counted only if it is accepted, and that one was refused.
    template <class Ring, class U>
    static status offer(Ring& ring, U&& value) {
        return ring.offer(std::forward<U>(value));
    }
    static void count_refused(auto& ring) noexcept { ring.count_one_refused(); }
    /// What a message of `bytes` bytes needs of the ring that its producers wait at.
    template <class Ring>
    static constexpr std::size_t need_of(std::size_t bytes) noexcept {
        if constexpr (requires { Ring::prefix; }) {
            return bytes + Ring::prefix;
        } else {
            return bytes;
        }
    }
    /// The ring of a handle, for an operation of its side.
    template <class Handle>
    static auto& ring_of(Handle& handle) noexcept {
        return handle.end();
    }

    template <class Part>
    struct items {
        static auto& lot(Part& part) noexcept { return part.lot_of_items(); }
        static status look(Part& part, std::size_t) noexcept { return part.look_for_items(); }
        [[gnu::always_inline]] static bool is_ready(Part& part, std::size_t) noexcept {
            if constexpr (requires { part.has_items_now(); }) return part.has_items_now();
            return look(part, 0) == status::success;
        }
        static void pass_on(Part& part) noexcept {
            if constexpr (requires { part.pass_items_on(); }) part.pass_items_on();
        }
        static steady_time when_to_look(Part&) noexcept { return forever; }
        template <class Ring>
        static constexpr bool is_one_threads = requires(Ring& ring) {
            requires !Ring::has_many_consumers;
            ring.adopt_consumer();
        };
        static void adopt(auto& ring) noexcept { ring.adopt_consumer(); }
    };
    template <class Part>
    struct room {
        static auto& lot(Part& part) noexcept { return part.lot_of_room(); }
        static status look(Part& part, [[maybe_unused]] std::size_t need) noexcept {
            if constexpr (requires { part.look_for_room(need); }) {
                return part.look_for_room(need);
            } else {
                return part.look_for_room();
            }
        }
        [[gnu::always_inline]] static bool is_ready(Part& part, std::size_t need) noexcept {
            if constexpr (requires { part.has_room_now(); }) return part.has_room_now();
            return look(part, need) == status::success;
        }
        static void pass_on(Part& part) noexcept {
            if constexpr (requires { part.pass_room_on(); }) part.pass_room_on();
        }
        static steady_time when_to_look([[maybe_unused]] Part& part) noexcept {
            if constexpr (requires { part.when_to_look(); }) return part.when_to_look();
            return forever;
        }
        template <class Ring>
        static constexpr bool is_one_threads = requires(Ring& ring) {
            requires !Ring::has_many_producers;
            ring.adopt_producer();
        };
        static void adopt(auto& ring) noexcept { ring.adopt_producer(); }
    };

    /// The functions of a Side of Part, which belongs to a Ring.
    template <class Side, class Part, class Ring>
    struct of_side {
        using lot_type = std::remove_reference_t<decltype(Side::lot(std::declval<Part&>()))>;
        static constexpr resting how = resting_in<lot_type>();

        static Part& part(void* at) noexcept { return *static_cast<Part*>(at); }
        static lot_type& lot(void* place) noexcept { return *static_cast<lot_type*>(place); }

        static status look(void* at, std::size_t need) noexcept { return Side::look(part(at), need); }
        static void pass_on(void* at) noexcept { Side::pass_on(part(at)); }
        static steady_time when_to_look(void* at) noexcept { return Side::when_to_look(part(at)); }
        static void wake_all(void* ring) noexcept { static_cast<Ring*>(ring)->wake_all(); }
        static void* where(void* at) noexcept { return std::addressof(Side::lot(part(at))); }

        static futex_watch arrive(void* place) noexcept {
            const std::uint32_t ticket = lot(place).arrive();
            return watch(lot(place).word(), ticket);
        }
        static void depart(void* place) noexcept { lot(place).depart(); }
        static bool needs_fence(void* place) noexcept { return lot(place).needs_fence(); }
        static spin_budget& spins(void* place) noexcept { return lot(place).spins(); }

        static void adopt(void* ring) noexcept { Side::adopt(*static_cast<Ring*>(ring)); }
        static listeners& listened(void* place) noexcept { return lot(place).listened(); }

        static int fd(void* place) noexcept { return lot(place).fd(); }
        static roll_call& waiting(void* place) noexcept { return lot(place).waiting(); }
        static void found_nothing(void* place, void* at, std::size_t need) noexcept {
            lot(place).found_nothing([&]() noexcept {
                const status answer = look(at, need);
                return answer == status::success || answer == status::closed || answer == status::busy;
            });
        }

        static constexpr end_functions make() noexcept {
            end_functions f{how, look, pass_on, when_to_look, wake_all, where};
            if constexpr (how == resting::on_futex) {
                f.arrive = arrive;
                f.depart = depart;
                f.needs_fence = needs_fence;
                f.spins = spins;
                f.listened = listened;
            }
            if constexpr (Side::template is_one_threads<Ring>) f.adopt = adopt;
            if constexpr (how == resting::on_descriptor) {
                f.fd = fd;
                f.waiting = waiting;
                f.found_nothing = found_nothing;
            }
            return f;
        }
    };
    /// Whether there is room that a producer would wait for: not with shed_lowest.
    template <class Ring>
    static constexpr bool waits_for_room = requires(Ring& ring) { part_of(ring).lot_of_room(); };

    /// Whether an operation can wait there without a thread: not where threads look by themselves, nor where time makes room.
    template <class Ring>
    static constexpr bool lists_for_items = requires(Ring& ring) { part_of(ring).lot_of_items().listened(); };
    template <class Ring>
    static constexpr bool lists_for_room = requires(Ring& ring) { part_of(ring).lot_of_room().listened(); } &&
                                           !requires(Ring& ring) { part_of(ring).when_to_look(); };

    template <class Side, class Part, class Ring>
    static constexpr end_functions functions = of_side<Side, Part, Ring>::make();
};

}  // namespace detail

/// The consumer's side of a ring that the caller owns, for select(): ready when there is an item. See items_of().
template <class Ring>
struct items_end {
    Ring& ring;
};
/// The producer's side: ready when there is room, for a message of so many bytes. See room_in().
template <class Ring>
struct room_end {
    Ring& ring;
    std::size_t bytes = 0;
};

namespace detail {

// Whether an end whose type is known is ready: the first look of select(), without a call, hence inlined by force.
template <class Ring>
[[gnu::always_inline]] inline bool has_items_now(Ring& ring) noexcept {
    auto& part = select_access::part_of(ring);
    return select_access::items<std::remove_reference_t<decltype(part)>>::is_ready(part, 0);
}
template <class Ring>
[[gnu::always_inline]] inline bool has_room_now(Ring& ring, std::size_t need) noexcept {
    auto& part = select_access::part_of(ring);
    return select_access::room<std::remove_reference_t<decltype(part)>>::is_ready(part, need);
}
template <class Ring>
[[gnu::always_inline]] inline bool is_ready(const items_end<Ring>& end) noexcept {
    return has_items_now(end.ring);
}
template <class Ring>
[[gnu::always_inline]] inline bool is_ready(receiver<Ring>& end) noexcept {
    return has_items_now(select_access::ring_of(end));
}
template <class Ring>
[[gnu::always_inline]] inline bool is_ready(weir::broadcast_reader<Ring>& end) noexcept {
    return has_items_now(end);
}
template <class Ring>
[[gnu::always_inline]] inline bool is_ready(const room_end<Ring>& end) noexcept {
    return has_room_now(end.ring, select_access::need_of<Ring>(end.bytes));
}
template <class Ring>
[[gnu::always_inline]] inline bool is_ready(sender<Ring>& end) noexcept {
    return has_room_now(select_access::ring_of(end), 0);
}

// The calling thread has the end's side from now on, if that is for one thread.
template <class Ring>
void adopt_items(Ring& ring) noexcept {
    using part = std::remove_reference_t<decltype(select_access::part_of(ring))>;
    if constexpr (select_access::items<part>::template is_one_threads<Ring>) ring.adopt_consumer();
}
template <class Ring>
void adopt_room(Ring& ring) noexcept {
    using part = std::remove_reference_t<decltype(select_access::part_of(ring))>;
    if constexpr (select_access::room<part>::template is_one_threads<Ring>) ring.adopt_producer();
}
template <class Ring>
void adopt(const items_end<Ring>& end) noexcept {
    adopt_items(end.ring);
}
template <class Ring>
void adopt(receiver<Ring>& end) noexcept {
    adopt_items(select_access::ring_of(end));
}
template <class Ring>
void adopt(weir::broadcast_reader<Ring>& end) noexcept {
    adopt_items(end);
}
template <class Ring>
void adopt(const room_end<Ring>& end) noexcept {
    adopt_room(end.ring);
}
template <class Ring>
void adopt(sender<Ring>& end) noexcept {
    adopt_room(select_access::ring_of(end));
}

}  // namespace detail

/// An end of any ring, for arrays of ends whose number is known only when the program runs. It refers to the ring, or to the reader
/// of a broadcast ring, which must outlive it and stay where it is. A handle that it was made from may be moved. Trivially copyable.
class any_end {
public:
    template <class Ring>
    any_end(items_end<Ring> end) noexcept : any_end(items_side(end.ring)) {}
    template <class Ring>
    any_end(room_end<Ring> end) noexcept : any_end(room_side(end.ring, end.bytes)) {}
    template <class Ring>
    any_end(sender<Ring>& end) noexcept : any_end(room_side(detail::select_access::ring_of(end), 0)) {}
    template <class Ring>
    any_end(receiver<Ring>& end) noexcept : any_end(items_side(detail::select_access::ring_of(end))) {}
    template <class Ring>
    any_end(broadcast_reader<Ring>& end) noexcept : any_end(items_side(end)) {}

    /// Whether an operation could go on now: success; closed, when none will; empty or full; or busy, if it is closed and an
    /// operation from before is still under way.
    status look() const noexcept { return does_->look(at_, need_); }

private:
    friend class detail::select_waiter;

    struct side {
        const detail::end_functions* does;
        void* at;
        void* ring;
        std::size_t need;
    };
    any_end(side s) noexcept : does_(s.does), at_(s.at), ring_(s.ring), need_(s.need) {}

    template <class Ring>
    static side items_side(Ring& ring) noexcept {
        using access = detail::select_access;
        auto& part = access::part_of(ring);
        using part_type = std::remove_reference_t<decltype(part)>;
        return {&access::functions<access::items<part_type>, part_type, Ring>, std::addressof(part),
                std::addressof(ring), 0};
    }
    template <class Ring>
    static side room_side(Ring& ring, std::size_t need) noexcept {
        using access = detail::select_access;
        auto& part = access::part_of(ring);
        using part_type = std::remove_reference_t<decltype(part)>;
        return {&access::functions<access::room<part_type>, part_type, Ring>, std::addressof(part),
                std::addressof(ring), access::need_of<Ring>(need)};
    }

    const detail::end_functions* does_;
    void* at_;    // the part that its threads wait at
    void* ring_;  // or the reader
    std::size_t need_;
};

}  // namespace weir
