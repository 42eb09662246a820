// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/base/always_inline.hpp"
#include "weir/detail/base/element.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/mpmc/algorithm.hpp"
#include "weir/detail/mpmc/state.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A bounded queue of many producers and many consumers that owns its state, its slots and the one end that all threads share:
/// see algorithm.hpp.
template <class T, class Storage, std::unsigned_integral Counter, granting Granting = granting::automatic>
class mpmc_core {
public:
    using value_type = T;
    using counter_type = std::uint64_t;
    static constexpr bool has_many_producers = true;
    static constexpr bool has_many_consumers = true;
    static constexpr bool has_contiguous_slots = false;
    static constexpr bool can_drop_oldest = true;
    static constexpr bool has_credit_on_request = Granting == granting::on_request;
    using memory_source = detail::memory_source<Storage>;
    static constexpr std::size_t fixed_capacity = detail::fixed_capacity<Storage>;
    static constexpr std::size_t most_capacity = detail::most_capacity<mpmc_slot<T, Counter>, Counter>;
    static constexpr std::size_t memory_alignment = slot_alignment<mpmc_slot<T, Counter>>;
    static constexpr progress try_push_progress = progress::may_be_busy;
    static constexpr progress try_pop_progress = progress::may_be_busy;

    mpmc_core(std::size_t capacity, std::uint64_t start, bool, const memory_source& from = {})
        requires(!has_credit_on_request)
        : memory_(slots::count(checked_capacity<slot, Counter>(capacity)), from),
          shared_(capacity, cursor_at(start)),
          slots_(memory_.data(), capacity),
          ends_(slots_) {
        slots_.construct(cursor_at(start));
    }

    mpmc_core(std::size_t capacity, std::uint64_t start, bool, pull::grant_every every, const memory_source& from = {})
        requires has_credit_on_request
        : memory_(slots::count(checked_capacity<slot, Counter>(capacity)), from),
          shared_(capacity, cursor_at(start), checked_threshold(every, capacity)),
          slots_(memory_.data(), capacity),
          ends_(slots_) {
        slots_.construct(cursor_at(start));
    }

    ~mpmc_core() {
        ends_.clear(shared_);
        slots_.destroy();
    }

    mpmc_core(const mpmc_core&) = delete;
    mpmc_core& operator=(const mpmc_core&) = delete;

    static constexpr std::size_t bytes_for(std::size_t capacity) noexcept {
        return slots::count(capacity) * sizeof(slot);
    }

    // ---- producers -------------------------------------------------------------------------------------------

    template <class... Args>
    WEIR_ALWAYS_INLINE status try_emplace(Args&&... args) noexcept(std::is_nothrow_constructible_v<T, Args...>) {
        return ends_.try_emplace(shared_, std::forward<Args>(args)...);
    }
    template <class It>
    std::size_t try_push_n(It from, std::size_t n) {
        return ends_.try_push_n(shared_, std::move(from), n);
    }
    bool has_room() const noexcept { return ends_.chance_to_push(shared_) == status::success; }

    // ---- consumers -------------------------------------------------------------------------------------------

    template <class F>
    WEIR_ALWAYS_INLINE status try_take(F&& take) noexcept {
        return ends_.try_take(shared_, std::forward<F>(take));
    }
    std::size_t try_pop_n(std::span<T> out) noexcept { return ends_.try_pop_n(shared_, out); }
    template <class F, class G>
    std::size_t consume(F& visit, std::size_t most, G given_back) {
        return ends_.consume(shared_, visit, most, most_items_at_once<T>, given_back);
    }
    template <class F>
    status try_drop_oldest(F&& take) noexcept {
        return ends_.try_drop_oldest(shared_, take);
    }
    bool has_items() const noexcept { return ends_.has_items(shared_); }
    bool drained() const noexcept { return ends_.drained(shared_); }

    std::uint64_t request(std::uint64_t n) noexcept
        requires has_credit_on_request
    {
        return ends_.request(shared_, n);
    }
    std::uint64_t grant_rest() noexcept
        requires has_credit_on_request
    {
        return ends_.grant_rest(shared_);
    }
    shared_demand& demand() noexcept
        requires has_credit_on_request
    {
        return shared_.demand;
    }
    bool has_unused_credit() noexcept
        requires has_credit_on_request
    {
        return ends_.has_unused_credit(shared_);
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    void close() noexcept { ends_.close(shared_); }
    bool is_closed() const noexcept { return ends_.is_closed(shared_); }
    std::size_t capacity() const noexcept { return static_cast<std::size_t>(shared_.capacity); }
    std::size_t size_approx() const noexcept { return ends_.size_approx(shared_); }
    std::size_t credits_approx() const noexcept
        requires has_credit_on_request
    {
        return ends_.credits_approx(shared_);
    }
    memory_report memory() const noexcept { return memory_.report(); }

private:
    using slots = mpmc_slots<T, Counter>;
    using slot = typename slots::slot;

    // One slot more for storage::fixed<1>: see mpmc_slots.
    template <class S>
    struct two_slots_at_least {
        using type = S;
    };
    template <class S>
        requires(detail::fixed_capacity<S> == 1)
    struct two_slots_at_least<S> {
        using type = storage::fixed<2>;
    };

    [[no_unique_address]] slot_memory<slot, typename two_slots_at_least<Storage>::type> memory_;
    mpmc_state<Granting> shared_;
    slots slots_;
    mpmc_algorithm<T, Counter, Granting> ends_;
};

/// Of what is no element: refused with a sentence, by options.
template <class T, class Storage, std::unsigned_integral Counter, granting Granting>
    requires(!is_element<T>)
class mpmc_core<T, Storage, Counter, Granting> : public mpmc_core<instead_of<T>, Storage, Counter, Granting> {
    using base = mpmc_core<instead_of<T>, Storage, Counter, Granting>;
    using base::base;
};

static_assert(ring_core<mpmc_core<int, storage::heap, std::uint64_t>>);
static_assert(ring_core<mpmc_core<int, storage::heap, std::uint64_t, granting::on_request>>);
static_assert(
    producer_end<mpmc_algorithm<int, std::uint64_t, granting::automatic>, mpmc_state<granting::automatic>, int>);
static_assert(
    consumer_end<mpmc_algorithm<int, std::uint64_t, granting::automatic>, mpmc_state<granting::automatic>, int>);
static_assert(std::is_standard_layout_v<mpmc_slot<int, std::uint64_t>>);

}  // namespace weir::detail
