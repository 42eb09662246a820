// SPDX-License-Identifier: MIT
//
// A ring of messages with a policy for when it is full:
//
//     weir::overflow_message_ring<weir::overflow::drop_oldest> feed(1 << 20);      // 1 MiB
//     (void)feed.push({header, body}, 7);                              // never `full`: the oldest messages make room
//     ...
//     feed.consume([&](std::uint16_t type, std::span<const std::byte> bytes) {
//         if (feed.gap() > 0) resynchronise();                         // so many messages are missing before this one
//         handle(type, bytes);
//     });
//     const weir::overflow::message_ledger sum = feed.account();       // accepted = delivered + queued + lost, in messages and bytes
//
// The policies are block, reject, drop_newest, drop_oldest and sample of overflow_policy.hpp.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/message/consuming.hpp"
#include "weir/detail/message/dropping.hpp"
#include "weir/detail/message/pushing.hpp"
#include "weir/detail/message/spsc.hpp"
#include "weir/detail/message/tallies.hpp"
#include "weir/detail/message/visit.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/overflow/entry.hpp"
#include "weir/detail/refusals.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/ring.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"

namespace weir {

/// A ring of messages with a policy for when it is full: one producer thread and one consumer thread. Every loss is counted where it
/// happens (account()), in messages and bytes, and the consumer sees where messages are missing (gap()).
///
/// Options, errors, close() and the bound are those of spsc_message_ring; but each message also carries its number, which takes as many
/// bytes as the alignment: see bytes_for_message(). Messages are pushed whole, without reservations. With `block` a push waits for
/// room; with the other policies none ever waits, and push_for, push_until and push_unless are push. `success` says that the message was
/// accepted, be it at the cost of other messages or, as the policy says, of this one. One that is larger than max_message() is always
/// refused as `too_large`.
///
/// With drop_oldest the oldest messages go, one after the other, until the new one has room, and no more. A visit gets a copy of its
/// message: so the ring has that room back at once, and a slow visit costs old messages, never new ones. The copy lies in memory of the
/// ring, half of the capacity beside it. Only while the consumer copies, a push that needs those bytes has to wait: it tries for some 10
/// us and then loses its own message, as if the policy were drop_newest. With the other policies visits are in place.
template <class Policy, class... Options>
class overflow_message_ring
    : public detail::option_refusals<overflow_message_ring<Policy, Options...>, stats::message_snapshot>,
      public detail::message_pushing<overflow_message_ring<Policy, Options...>>,
      public detail::message_consuming<overflow_message_ring<Policy, Options...>> {
    static constexpr bool blocks = std::same_as<Policy, overflow::block>;
    static constexpr bool rejects = std::same_as<Policy, overflow::reject>;
    static constexpr bool drops_oldest = std::same_as<Policy, overflow::drop_oldest>;
    static constexpr bool samples = std::same_as<Policy, overflow::sample>;
    static_assert(blocks || rejects || drops_oldest || samples || std::same_as<Policy, overflow::drop_newest>,
                  "weir: the policy of an overflow_message_ring is block, reject, drop_newest, drop_oldest or sample, of "
                  "weir::overflow");

    using given = detail::options<detail::ring_family::message, std::byte, Options...>;
    static_assert(!drops_oldest || !std::same_as<typename given::memory, storage::borrowed>,
                  "weir: with drop_oldest a ring of messages has memory of its own for copies, so its storage is not "
                  "borrowed; use another one");
    // The bytes before each message, which hold its number.
    static constexpr std::size_t prefix = given::alignment;
    using core =
        std::conditional_t<drops_oldest, detail::dropping_message_core<typename given::memory, given::alignment, prefix>,
                           detail::spsc_message_core<typename given::memory, given::alignment>>;
    using ring_type = basic_message_ring<core, typename given::waiting, typename given::statistics>;
    using refused = detail::option_refusals<overflow_message_ring, stats::message_snapshot>;
    using pushing = detail::message_pushing<overflow_message_ring>;
    using consuming = detail::message_consuming<overflow_message_ring>;
    static constexpr std::size_t all = static_cast<std::size_t>(-1);

public:
    using policy_type = Policy;
    using time_point = std::chrono::steady_clock::time_point;
    using bytes = typename pushing::bytes;
    using pieces = typename pushing::pieces;
    using memory_source = typename ring_type::memory_source;

    static constexpr bool has_many_producers = false;
    static constexpr bool has_many_consumers = false;
    static constexpr bool keeps_statistics = ring_type::keeps_statistics;
    static constexpr bool has_descriptors = ring_type::has_descriptors;
    static constexpr progress try_push_progress = ring_type::try_push_progress;
    static constexpr progress try_pop_progress = ring_type::try_pop_progress;

    /// Bytes of the ring that a message of n bytes takes, its header and number included.
    static constexpr std::size_t bytes_for_message(std::size_t n) noexcept {
        return ring_type::bytes_for_message(n + prefix);
    }
    static constexpr std::size_t least_capacity = 4 * prefix;
    static constexpr std::size_t most_capacity = ring_type::most_capacity;

    /// A ring of `capacity_bytes`: a power of two, four times the alignment at least, and 4 GiB at most.
    explicit overflow_message_ring(std::size_t capacity_bytes, Policy policy = {}, start_at start = {})
        requires(core::fixed_capacity == 0 && !detail::borrows_memory<ring_type>)
        : policy_(checked(policy, capacity_bytes)), ring_(capacity_bytes, start) {}
    overflow_message_ring()
        requires(core::fixed_capacity != 0)
        : overflow_message_ring(Policy{}) {}
    explicit overflow_message_ring(Policy policy, start_at start = {})
        requires(core::fixed_capacity != 0)
        : policy_(checked(policy, core::fixed_capacity)), ring_(start) {}
    /// ... in a span (storage::borrowed) or from an allocator (storage::allocated).
    overflow_message_ring(std::size_t capacity_bytes, const memory_source& from, Policy policy = {},
                          start_at start = {})
        requires(detail::borrows_memory<ring_type> || detail::takes_allocator<ring_type>)
        : policy_(checked(policy, capacity_bytes)), ring_(capacity_bytes, from, start) {}
    // What it cannot be built from, refused with a sentence.
    template <class... None>
        requires(core::fixed_capacity == 0 && !detail::borrows_memory<ring_type> && sizeof...(None) == 0)
    explicit overflow_message_ring(const None&...) : overflow_message_ring(least_capacity) {
        detail::refuse_to_build<core, None...>();
    }

    overflow_message_ring(const overflow_message_ring&) = delete;
    overflow_message_ring& operator=(const overflow_message_ring&) = delete;

    // ---- producer side: one thread. The pushes are in detail/message/pushing.hpp -------------------------------

    /// The calling thread becomes the producer, or the consumer, as of basic_ring.
    void adopt_producer() noexcept { ring_.adopt_producer(); }

    // ---- consumer side: one thread -----------------------------------------------------------------------------

    /// As consume() of a message ring. During a visit gap() is what is missing before that message.
    template <detail::message_visit F>
    std::size_t consume(F&& f, std::size_t most = all) {
        const summed_gap gaps(*this);
        return ring_.consume(handing(f), most);
    }
    /// The same for the oldest message: success if there was one, and even if `f` left it; empty or closed.
    template <detail::message_visit F>
    status try_consume_one(F f) {
        return ring_.try_consume_one(handing(f));
    }
    /// The same, but waits for a message until `stop()` says true: success or closed; timeout, at that time of any clock; or, if it said
    /// true, empty.
    template <detail::message_visit F, std::predicate Stop>
    status consume_one_unless(F f, Stop stop, detail::any_time_point deadline = detail::forever) {
        return ring_.consume_one_unless(handing(f), std::move(stop), deadline);
    }
    template <detail::message_visit F, std::predicate Stop>
    std::size_t consume_some_unless(F&& f, Stop stop, detail::any_time_point deadline = detail::forever,
                                    std::size_t most = all) {
        const summed_gap gaps(*this);
        return ring_.consume_some_unless(handing(f), std::move(stop), deadline, most);
    }

    /// How many messages were lost between the latest one that was taken and the one before, or before the first. After an operation on
    /// several: before and between all of these. The gaps add up to all that was lost before the latest message.
    std::uint64_t gap() const noexcept { return gap_; }

    void adopt_consumer() noexcept { ring_.adopt_consumer(); }

    // ---- any thread: as of a message ring ----------------------------------------------------------------------

    void close() noexcept { ring_.close(); }
    bool is_closed() const noexcept { return ring_.is_closed(); }
    void wake_all() noexcept { ring_.wake_all(); }
    std::size_t capacity_bytes() const noexcept { return ring_.capacity_bytes(); }
    std::size_t capacity() const noexcept { return ring_.capacity(); }
    std::size_t max_message() const noexcept { return ring_.max_message() - prefix; }
    std::size_t size_approx() const noexcept { return ring_.size_approx(); }
    std::size_t credits() const noexcept { return ring_.credits(); }
    memory_report memory() const noexcept { return ring_.memory(); }

    /// What became of everything so far. Wait-free; disturbs neither end.
    overflow::message_ledger account() const noexcept {
        return {account_of(&detail::message_tally::messages), account_of(&detail::message_tally::bytes)};
    }

    using consuming::consume, consuming::try_consume_one, consuming::consume_one_unless, consuming::consume_some_unless;
    using refused::snapshot, refused::items_fd, refused::space_fd;

    /// What went into the ring and came out, the bytes with those of the numbers. What became of messages is account().
    stats::message_snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return ring_.snapshot();
    }
    int items_fd() const noexcept
        requires has_descriptors
    {
        return ring_.items_fd();
    }
    int space_fd() const noexcept
        requires has_descriptors
    {
        return ring_.space_fd();
    }

private:
    friend struct detail::select_access;
    auto& ring_to_wait_at() noexcept { return ring_; }

    friend pushing;

    static Policy checked(Policy policy, std::size_t capacity) {
        if (capacity < least_capacity) {
            detail::reject_argument("an overflow_message_ring of " + std::to_string(capacity) +
                                    " bytes is impossible; choose a power of two from " +
                                    std::to_string(least_capacity) + " to " + std::to_string(most_capacity));
        }
        if constexpr (samples) {
            if (policy.keep_one_in == 0)
                detail::reject_argument("sample keeps one message in n, and n is 0; give 1 or more");
            if (policy.from > capacity) {
                detail::reject_argument("sample begins at " + std::to_string(policy.from) +
                                        " queued bytes, but the capacity is " + std::to_string(capacity) +
                                        "; give less, or 0 for half of it");
            }
            if (policy.from == 0) policy.from = capacity / 2;
        }
        return policy;
    }

    // ---- to offer ----------------------------------------------------------------------------------------------

    status offer(pieces message, std::uint16_t type) noexcept {
        const std::size_t size = pushing::size_of(message);
        if (size > max_message()) return refuse(status::too_large, size);
        if constexpr (samples) {
            if (is_closed()) return refuse(status::closed, size);
            if (ring_.size_approx() >= policy_.from && made_.arrivals++ % policy_.keep_one_in != 0)
                return lose(made_.sampled, size);
        }
        const status answer = put(ring_.try_reserve(prefix + size, type), message, size);
        if (answer == status::success) return answer;
        if (answer == status::closed || blocks || rejects) return refuse(answer, size);
        return lose(made_.newest, size);
    }
    template <class Stop>
    status offer_unless(pieces message, Stop& stop, detail::steady_time deadline, std::uint16_t type) {
        if constexpr (blocks) {
            const std::size_t size = pushing::size_of(message);
            if (size > max_message()) return refuse(status::too_large, size);
            const status answer =
                put(ring_.reserve_unless(prefix + size, std::move(stop), deadline, type), message, size);
            return answer ? answer : refuse(answer, size);
        } else {
            return offer(message, type);
        }
    }

    // Writes the message, if there is room for it. It counts as accepted before the consumer can see it.
    status put(typename ring_type::reservation to, pieces message, std::size_t size) noexcept {
        if (!to) return to.answer();
        const std::uint64_t number = made_.accepted.add(size);
        std::byte* next = to.bytes().data();
        std::memcpy(next, &number, sizeof number);
        next += prefix;
        for (const bytes piece : message) {
            if (!piece.empty()) std::memcpy(next, piece.data(), piece.size());
            next += piece.size();
        }
        to.commit();
        return status::success;
    }
    status refuse(status answer, std::size_t size) noexcept {
        made_.refused.add(size);
        return answer;
    }
    status lose(detail::message_tally& cause, std::size_t size) noexcept {
        made_.accepted.add(size);
        cause.add(size);
        return status::success;
    }

    // ---- to take -----------------------------------------------------------------------------------------------

    // A message in the hands of a visit. If the visit leaves it, or throws, the gap before it is as it was.
    class handed {
    public:
        handed(overflow_message_ring& ring, std::uint64_t number) noexcept
            : ring_(ring), number_(number), gap_before_(ring.gap_) {
            ring_.gap_ = ring_.finder_.missing_before(number);
        }
        handed(const handed&) = delete;
        handed& operator=(const handed&) = delete;
        ~handed() {
            if (!is_taken_) ring_.gap_ = gap_before_;
        }
        void take(std::size_t size) noexcept {
            is_taken_ = true;
            ring_.finder_.took(number_);
            ring_.gaps_seen_ += ring_.gap_;
            ring_.taken_.delivered.add(size);
        }

    private:
        overflow_message_ring& ring_;
        const std::uint64_t number_;
        const std::uint64_t gap_before_;
        bool is_taken_ = false;
    };

    template <class F>
    auto handing(F& f) noexcept {
        return [this, &f](std::uint16_t type, bytes record) {
            std::uint64_t number = 0;
            std::memcpy(&number, record.data(), sizeof number);
            const bytes mine = record.subspan(prefix);
            handed one(*this, number);
            const detail::visited answer = detail::call_visit(f, message{type, mine});
            if (!answer.taken) return visit::leave;
            one.take(mine.size());
            return answer.goes_on ? visit::go_on : visit::stop;
        };
    }

    // Makes gap(), at its end, that of all messages which were taken meanwhile.
    class summed_gap {
    public:
        explicit summed_gap(overflow_message_ring& ring) noexcept
            : ring_(ring), seen_(ring.gaps_seen_), delivered_(ring.taken_.delivered.messages.read()) {}
        summed_gap(const summed_gap&) = delete;
        summed_gap& operator=(const summed_gap&) = delete;
        ~summed_gap() {
            if (ring_.taken_.delivered.messages.read() != delivered_) ring_.gap_ = ring_.gaps_seen_ - seen_;
        }

    private:
        overflow_message_ring& ring_;
        const std::uint64_t seen_;
        const std::uint64_t delivered_;
    };

    // ---- to look -----------------------------------------------------------------------------------------------

    overflow::ledger account_of(detail::ordered_count<false> detail::message_tally::*unit) const noexcept {
        overflow::ledger sum;
        // From the ends to the beginning, so that nothing is seen to end that was not accepted: see detail::tally.
        sum.delivered = (taken_.delivered.*unit).read();
        if constexpr (drops_oldest) sum.lost_oldest = (ring_.ends_.core().dropped().*unit).read();
        sum.lost_newest = (made_.newest.*unit).read();
        sum.lost_sampled = (made_.sampled.*unit).read();
        sum.refused = (made_.refused.*unit).read();
        const std::uint64_t accepted = (made_.accepted.*unit).read();
        sum.offered = sum.refused + accepted;
        sum.queued = accepted - sum.delivered - sum.lost();
        return sum;
    }

    const Policy policy_;
    ring_type ring_;
    detail::producer_message_tallies made_;
    detail::consumer_message_tallies taken_;
    detail::gap_finder finder_;  // the consumer's, as all below
    std::uint64_t gap_ = 0;
    std::uint64_t gaps_seen_ = 0;  // the sum of all gaps so far
};

}  // namespace weir
