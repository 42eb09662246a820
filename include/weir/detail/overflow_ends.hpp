// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/pause.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/base/user_code.hpp"
#include "weir/detail/options.hpp"
#include "weir/detail/overflow/class_rings.hpp"
#include "weir/detail/overflow/entry.hpp"
#include "weir/detail/overflow/policy.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/ring.hpp"
#include "weir/status.hpp"

namespace weir::detail {

// The ring underneath: one where the producer may take the oldest item, one for many producers, or the fastest.
template <class Entry, class Policy, bool Many, class Given>
struct ring_under {
    using type = typename std::conditional_t<Many || std::same_as<Policy, overflow::drop_oldest>,
                                             std::type_identity<mpmc_of<Entry, Given>>,
                                             std::type_identity<spsc_of<Entry, Given>>>::type;
};
template <class Entry, std::size_t Classes, class ClassOf, bool Many, class Given>
struct ring_under<Entry, overflow::shed_lowest<Classes, ClassOf>, Many, Given> {
    using type = class_rings<Entry, Classes, Given>;
};

/// The ring underneath an overflow_ring and its two ends: what is offered, by the policy, and what is taken, both counted to
/// the item. overflow_ring's operations are made of what is here.
template <class T, class Policy, class Given>
class overflow_ends {
public:
    static constexpr bool has_many_producers = std::same_as<typename Given::producers, overflow::many_producers>;
    static constexpr bool blocks = std::same_as<Policy, overflow::block>;
    static constexpr bool drops_oldest = std::same_as<Policy, overflow::drop_oldest>;
    static constexpr bool samples = std::same_as<Policy, overflow::sample>;
    static constexpr bool drops_late = is_codel<Policy>;
    static constexpr std::size_t classes = classes_of<Policy>;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<typename Given::memory>;

private:
    using made_type = producer_tallies<has_many_producers>;
    template <class Source>
    using arrival = detail::arrival<Source, made_type>;
    using entry = detail::entry<T, made_type, typename stamp_of<Policy>::type>;

public:
    using ring_type = typename ring_under<entry, Policy, has_many_producers, Given>::type;

    using memory_source = typename ring_type::memory_source;

    overflow_ends(std::size_t capacity, const Policy& policy, start_at start, const memory_source& from = {})
        : ring_(make_ring(capacity, start, from)), policy_(checked(policy, capacity)), state_(policy_) {}

    ring_type& ring() noexcept { return ring_; }
    const ring_type& ring() const noexcept { return ring_; }

    // ---- to offer --------------------------------------------------------------------------------------------

    template <class... Args>
    status try_emplace(Args&&... args) {
        check_producer();
        if constexpr (!offers_itself<Args...>) {
            if (const status chance = chance_to_push(); !chance) return refuse(chance);
        }
        return with_item([this](auto& item) { return settle(arrive(item)); }, std::forward<Args>(args)...);
    }

    /// With the policy block: waits.
    template <class U, class Stop>
    status push_unless(U&& value, Stop stop, steady_time deadline) {
        check_producer();
        const auto offer = [&](auto& item) { return settle(put(item, stop, deadline)); };
        return with_item(offer, std::forward<U>(value));
    }

    /// The same with one try, which counts only if it is accepted: for an operation that waits without a thread.
    template <class U>
    status offer(U&& value) {
        check_producer();
        return with_item([this](auto& item) { return this->try_put(item); }, std::forward<U>(value));
    }

    /// Offers one after the other until one is refused.
    template <class It>
    std::size_t try_push_n(It from, std::size_t n) {
        check_producer();
        std::size_t accepted = 0;
        const auto offer = [this](auto& item) { return this->arrive(item); };
        const bool no_exception = detail::ended_normally(accepted, [&] {
            for (; accepted < n && with_item(offer, *from); ++from) ++accepted;
        });
        if (!no_exception) return accepted;
        count_left_of_batch(n - accepted);
        return accepted;
    }

    /// Pushes copies of as many as there is room for, in one publication, where no policy and no exception comes in between.
    std::size_t push_at_once(std::span<const T> values) {
        check_producer();
        if constexpr (classes == 1 && !samples && std::is_nothrow_copy_constructible_v<T>) {
            if (!values.empty() && ring_.size_approx() < ring_.capacity()) {
                return ring_.try_push_n(arrivals<T, made_type>(values.data(), made_), values.size());
            }
        }
        return 0;
    }

    /// With the policy block: waits until all are pushed, or the ring is closed.
    std::size_t push_n(std::span<const T> values) {
        std::size_t accepted = push_at_once(values);
        const auto offer = [this](auto& item) { return this->put(item, detail::never, forever); };
        while (accepted < values.size() && with_item(offer, values[accepted])) {
            ++accepted;
            accepted += push_at_once(values.subspan(accepted));
        }
        count_left_of_batch(values.size() - accepted);
        return accepted;
    }

    /// Items that were offered behind one that was refused.
    void count_left_of_batch(std::size_t n) noexcept {
        if (n > 0) made_.refused.add(n);
    }

    void adopt_producer() noexcept {
        producer_.adopt();
        if constexpr (classes == 1 && !ring_type::has_many_producers) ring_.adopt_producer();
    }

    // ---- to take ---------------------------------------------------------------------------------------------

    /// Calls attempt(hand), where hand(entry) hands an item to `visit`, until the item was not late, or there was none.
    template <class Visit, class Attempt>
    status take(Visit& visit, Attempt attempt) {
        check_consumer();
        for (;;) {
            bool is_late = false;
            const status answer = attempt([&](entry& e, std::size_t its = 0) noexcept(noexcept(visit(e.item))) {
                is_late = !hand_over(e, its, visit);
            });
            if (!is_late) return answer;
        }
    }

    /// Hands up to `most` of the items that there are now to `visit`; returns how many.
    template <class Visit>
    std::size_t consume(Visit& visit, std::size_t most) {
        check_consumer();
        const summed_gap all(*this);
        std::size_t visited = 0;
        auto hand = [&](entry& e, std::size_t its = 0) noexcept(noexcept(visit(e.item))) {
            if (hand_over(e, its, visit)) ++visited;
        };
        if constexpr (drops_late) {
            // One at a time, so that the ring tells whether it was the last.
            std::size_t left = ring_.size_approx();
            while (visited < most && ring_.consume(hand, 1) > 0) {
                left -= left > 0 ? 1 : 0;
                if (left == 0 && visited > 0) break;
            }
        } else {
            (void)ring_.consume(hand, most);
        }
        return visited;
    }

    /// Makes gap(), at its end, that of all items which were taken meanwhile.
    class summed_gap {
    public:
        explicit summed_gap(overflow_ends& ends) noexcept
            : ends_(ends), seen_(ends.gaps_seen_), delivered_(ends.taken_.delivered.read()) {}
        summed_gap(const summed_gap&) = delete;
        summed_gap& operator=(const summed_gap&) = delete;
        ~summed_gap() {
            if (ends_.taken_.delivered.read() != delivered_) ends_.gap_ = ends_.gaps_seen_ - seen_;
        }

    private:
        overflow_ends& ends_;
        const std::uint64_t seen_;
        const std::uint64_t delivered_;
    };

    std::uint64_t gap() const noexcept { return gap_; }
    bool is_dropping() const noexcept { return state_.law.is_dropping(); }

    void adopt_consumer() noexcept {
        consumer_.adopt();
        if constexpr (!ring_type::has_many_consumers) ring_.adopt_consumer();
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    overflow::ledger account() const noexcept {
        overflow::ledger sum;
        // From the ends to the beginning, so that nothing is seen to end that was not accepted: see detail::tally.
        sum.delivered = taken_.delivered.read();
        sum.lost_late = taken_.late.read();
        sum.lost_oldest = made_.oldest.read();
        sum.lost_newest = made_.newest.read();
        sum.lost_sampled = made_.sampled.read();
        sum.lost_lowest = made_.lowest.read();
        sum.queued = ring_.size_approx();
        sum.refused = made_.refused.read();
        sum.offered = sum.refused + made_.accepted.read();
        return sum;
    }

private:
    static ring_type make_ring(std::size_t capacity, start_at start, [[maybe_unused]] const memory_source& from) {
        if constexpr (classes > 1) {
            return ring_type(capacity, start.position, from);
        } else if constexpr (borrows_memory<ring_type> || takes_allocator<ring_type>) {
            return ring_type(capacity, from, start);
        } else if constexpr (fixed_capacity == 0) {
            return ring_type(capacity, start);
        } else {
            return ring_type(start);
        }
    }

    // Whether what is passed can be moved, or copied without an exception, into its slot. Otherwise a T is made before.
    template <class... Args>
    static constexpr bool offers_itself =
        sizeof...(Args) == 1 && ((std::same_as<std::remove_cvref_t<Args>, T> &&
                                  (std::same_as<Args, T> || std::is_nothrow_copy_constructible_v<T>)) &&
                                 ...);

    // Calls `offer` with the item itself or, so that nothing has happened if making one throws, with one made of `args`.
    template <class Offer, class... Args>
    static status with_item(Offer offer, Args&&... args) {
        if constexpr (!offers_itself<Args...>) {
            T item(std::forward<Args>(args)...);
            return offer(item);
        } else if constexpr ((std::same_as<Args, T> && ...)) {
            return (offer(args), ...);
        } else {
            return (offer(std::as_const(args)), ...);
        }
    }

    // Why a push would be refused now, or success.
    status chance_to_push() const noexcept {
        if (ring_.is_closed()) return status::closed;
        if constexpr (blocks || std::same_as<Policy, overflow::reject>) {
            if (ring_.size_approx() == ring_.capacity()) return status::full;
        }
        return status::success;
    }
    status refuse(status answer) noexcept {
        made_.refused.add();
        return answer;
    }
    status settle(status answer) noexcept { return answer ? answer : refuse(answer); }

    template <class Source>
    status arrive(Source& item) {
        if constexpr (blocks || std::same_as<Policy, overflow::reject>) {
            return try_put(item);
        } else if constexpr (classes > 1) {
            const std::size_t its = policy_.class_of(std::as_const(item));
            return arrive_in(std::min(its, classes - 1), item);
        } else {
            if constexpr (samples) {
                if (ring_.is_closed()) return status::closed;
                if (ring_.size_approx() >= policy_.from && state_.arrivals.add() % policy_.keep_one_in != 0) {
                    return lose(item, made_.sampled);
                }
            }
            for (int tries = 0; tries < most_tries; ++tries) {
                const status answer = try_put(item);
                if (answer == status::success || answer == status::closed) return answer;
                if (answer == status::full) {
                    if constexpr (!drops_oldest) break;
                    if (drop_oldest()) continue;
                }
                pause();
            }
            return lose(item, made_.newest);
        }
    }

    template <class Source>
    status arrive_in(std::size_t its, Source& item) noexcept {
        if (!ring_.accept()) return status::closed;
        const std::uint64_t number = ++state_.accepted[its];
        const auto room = ring_.make_room(its);
        if (room == ring_type::room::none) {
            const status answer = lose(item, made_.lowest);
            ring_.give_up();
            return answer;
        }
        if (room == ring_type::room::made) made_.lowest.add();
        ring_.push(its, numbered_arrival<Source, made_type>{item, made_, number});
        return status::success;
    }

    template <class Source>
    status try_put(Source& item) noexcept {
        return ring_.try_emplace(arrival<Source>{item, made_});
    }
    template <class Source, class Stop>
    status put(Source& item, Stop stop, steady_time deadline) {
        return ring_.push_unless(arrival<Source>{item, made_}, stop, deadline);
    }

    // False when a peer has made room meanwhile, or is in the middle of the oldest item.
    bool drop_oldest() noexcept {
        if constexpr (drops_oldest) {
            if (!ring_.try_drop_oldest()) return false;
            made_.oldest.add();
        }
        return true;
    }

    // As if it had been taken in. What would be copied, or consists of bytes alone, is left where it is.
    template <class Source>
    status lose(Source& item, typename made_type::count& cause) noexcept {
        if constexpr (!std::is_const_v<Source> && !std::is_trivially_copyable_v<T>) {
            [[maybe_unused]] const T gone(std::move(item));
        }
        made_.accepted.add();
        cause.add();
        return status::success;
    }

    // Counts an item that is handed over, also when the visit throws: it is gone then, or stays, and so does the gap.
    class handing {
    public:
        handing(overflow_ends& ends, std::size_t its, std::uint64_t number) noexcept
            : ends_(ends), finder_(ends.gaps_[its]), number_(number), gap_before_(ends.gap_) {
            ends_.gap_ = finder_.missing_before(number);
        }
        handing(const handing&) = delete;
        handing& operator=(const handing&) = delete;
        ~handing() {
            if (is_taken) {
                finder_.took(number_);
                ends_.gaps_seen_ += ends_.gap_;
                ends_.taken_.delivered.add();
            } else {
                ends_.gap_ = gap_before_;
            }
        }
        bool is_taken = ring_type::has_many_consumers;

    private:
        overflow_ends& ends_;
        gap_finder& finder_;
        const std::uint64_t number_;
        const std::uint64_t gap_before_;
    };

    // False if the item is late: then it is dropped.
    template <class Visit>
    bool hand_over(entry& e, std::size_t its, Visit& visit) noexcept(noexcept(visit(e.item))) {
        if constexpr (drops_late) {
            if (state_.law.is_to_drop(e.entered.time, Policy::clock::now(), is_alone())) {
                taken_.late.add();
                return false;
            }
        }
        handing over(*this, its, e.number);
        visit(e.item);
        return over.is_taken = true;
    }

    // Whether the item that is being taken is the only one: spsc_ring still counts it, mpmc_ring no more.
    bool is_alone() const noexcept { return ring_.size_approx() <= (ring_type::has_many_consumers ? 0U : 1U); }

    void check_producer() noexcept {
        if constexpr (!has_many_producers) {
            producer_.check(
                "a second thread pushes to an overflow_ring of one producer; give it overflow::many_producers, "
                "or call adopt_producer() when the role is handed on");
        }
    }
    void check_consumer() noexcept {
        consumer_.check(
            "a second thread pops from an overflow_ring, which has one consumer; call adopt_consumer() when the "
            "role is handed on");
    }

    static constexpr int most_tries = 256;

    ring_type ring_;
    const Policy policy_;
    state_of<Policy, has_many_producers> state_;
    made_type made_;
    role_checker producer_;
    consumer_tallies taken_;
    role_checker consumer_;
    std::array<gap_finder, classes> gaps_;
    std::uint64_t gap_ = 0;
    std::uint64_t gaps_seen_ = 0;  // the sum of all gaps so far
};

}  // namespace weir::detail
