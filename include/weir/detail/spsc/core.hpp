// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/element.hpp"
#include "weir/detail/base/slot_run.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/detail/credit/state.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/spsc/consumer.hpp"
#include "weir/detail/spsc/producer.hpp"
#include "weir/detail/spsc/slots.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// Bounded queue of one producer and one consumer: a contiguous array of slots under a credit loop.
///
/// The classic is Lamport's ring (1983), with the opposite cursor cached as in FastForward and MCRingBuffer (Giacomoni
/// 2008; Lee 2010). What is weir's own: looks at the other side are paced (look_pace), and the lines of slots are asked for
/// ahead of need within the credit in hand: an item's cost is the transfer of its line, and that wait overlaps with the items
/// before it.
///
/// The state is a credit_state and the slots; the ends are spsc_producer and spsc_consumer. This class owns one of each.
/// Closing belongs to the state: a push that looked, then claimed, could be accepted after the consumer was told `closed`.
template <class T, class Storage, std::unsigned_integral Counter, granting Granting = granting::automatic>
class spsc_core {
public:
    using value_type = T;
    using counter_type = Counter;
    static constexpr bool has_many_producers = false;
    static constexpr bool has_many_consumers = false;
    static constexpr bool has_contiguous_slots = true;
    static constexpr bool can_drop_oldest = false;
    static constexpr bool has_credit_on_request = Granting == granting::on_request;
    using memory_source = detail::memory_source<Storage>;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr std::size_t most_capacity = detail::most_capacity<T, Counter>;
    static constexpr std::size_t memory_alignment = slot_alignment<T>;
    static constexpr progress try_push_progress = progress::wait_free;
    static constexpr progress try_pop_progress = progress::wait_free;

    spsc_core(std::size_t capacity, Counter start, bool asymmetric, const memory_source& from = {})
        requires(!has_credit_on_request)
        : memory_(slots::count(checked_capacity<T, Counter>(capacity)), from),
          shared_(static_cast<Counter>(capacity), start, start, asymmetric),
          producer_(shared_, memory_.data()),
          consumer_(shared_, memory_.data()) {}

    spsc_core(std::size_t capacity, Counter start, bool asymmetric, pull::grant_every every,
              const memory_source& from = {})
        requires has_credit_on_request
        : memory_(slots::count(checked_capacity<T, Counter>(capacity)), from),
          shared_(static_cast<Counter>(capacity), start, static_cast<Counter>(start - capacity), asymmetric),
          producer_(shared_, memory_.data()),
          consumer_(shared_, memory_.data(), static_cast<Counter>(checked_threshold(every, capacity))) {}

    ~spsc_core() { consumer_.clear(shared_); }

    spsc_core(const spsc_core&) = delete;
    spsc_core& operator=(const spsc_core&) = delete;

    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept { return slots::count(capacity) * sizeof(T); }

    // ---- producer side ---------------------------------------------------------------------------------------

    template <class... Args>
    WEIR_ALWAYS_INLINE status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        return producer_.try_emplace(shared_, std::forward<Args>(args)...);
    }
    slot_run<T> claim(std::size_t n) noexcept { return producer_.claim(shared_, n); }
    void publish(std::size_t n, std::size_t left) noexcept { producer_.publish(shared_, n, left); }
    void unclaim(std::size_t left) noexcept { producer_.unclaim(shared_, left); }
    bool has_room() noexcept { return producer_.has_room(shared_); }
    void adopt_producer() noexcept { producer_.adopt(); }

    // ---- consumer side ---------------------------------------------------------------------------------------

    template <class F>
    WEIR_ALWAYS_INLINE status try_take(F&& take) {
        return consumer_.try_take(shared_, std::forward<F>(take));
    }
    slot_run<T> readable(std::size_t n) noexcept { return consumer_.readable(shared_, n); }
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        return consumer_.consume(shared_, visit, most, most_items_at_once<T>, given_back);
    }
    void release(std::size_t n) noexcept { consumer_.release(shared_, n); }
    bool has_items() noexcept { return consumer_.has_items(shared_); }
    WEIR_ALWAYS_INLINE bool has_items_now() noexcept { return consumer_.has_items_now(shared_); }
    bool drained() noexcept { return consumer_.drained(shared_); }
    void adopt_consumer() noexcept { consumer_.adopt(); }

    std::size_t request(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        return consumer_.request(shared_, n);
    }
    std::size_t grant_rest() noexcept
        requires has_credit_on_request
    {
        return consumer_.grant_rest(shared_);
    }
    bool has_unused_credit() const noexcept
        requires has_credit_on_request
    {
        return consumer_.has_unused_credit(shared_);
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    /// Nothing is accepted from now on, apart from what is claimed already.
    void close() noexcept { shared_.closing.end(); }
    bool is_closed() const noexcept { return shared_.closing.is_ended(); }

    std::size_t capacity() const noexcept { return shared_.capacity; }
    std::size_t size_approx() const noexcept { return shared_.template in_flight_approx<Granting>(); }
    std::size_t credits_approx() const noexcept
        requires has_credit_on_request
    {
        return is_closed() ? 0 : shared_.credits_approx();
    }
    memory_report memory() const noexcept { return memory_.report(); }

private:
    using slots = spsc_slots<T, Counter>;

    [[no_unique_address]] slot_memory<T, Storage> memory_;
    credit_state<Counter> shared_;
    spsc_producer<T, Counter, Granting> producer_;
    spsc_consumer<T, Counter, Granting> consumer_;
};

/// Of what is no element: refused with a sentence, by options.
template <class T, class Storage, std::unsigned_integral Counter, granting Granting>
    requires(!is_element<T>)
class spsc_core<T, Storage, Counter, Granting> : public spsc_core<instead_of<T>, Storage, Counter, Granting> {
    using base = spsc_core<instead_of<T>, Storage, Counter, Granting>;
    using base::base;
};

static_assert(ring_core<spsc_core<int, storage::heap, std::uint64_t>>);
static_assert(ring_core<spsc_core<int, storage::heap, std::uint64_t, granting::on_request>>);
static_assert(producer_end<spsc_producer<int, std::uint64_t, granting::automatic>, credit_state<std::uint64_t>, int>);
static_assert(consumer_end<spsc_consumer<int, std::uint64_t, granting::automatic>, credit_state<std::uint64_t>, int>);

}  // namespace weir::detail
