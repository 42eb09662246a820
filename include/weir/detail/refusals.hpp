// SPDX-License-Identifier: MIT
//
// What a ring cannot do. Each function here has the name of an operation and refuses its use with one sentence, instead of
// a page about overloads.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>

#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/detail/token_refusals.hpp"
#include "weir/detail/visit_refusals.hpp"
#include "weir/in_place.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"

namespace weir {
struct start_at;
template <class T>
struct forced;
}  // namespace weir

namespace weir::detail {

template <class Core>
inline constexpr bool takes_capacity = Core::fixed_capacity == 0;
template <class Core>
inline constexpr bool takes_memory = !std::same_as<typename Core::memory_source, no_source>;
template <class Core, class Argument>
inline constexpr bool is_setting = std::same_as<Argument, start_at> || std::same_as<Argument, pull::grant_every> ||
                                   requires { requires std::same_as<Argument, typename Core::policy_type>; };

/// Whether these arguments have no meaning for any ring without memory from outside: text, options, elements.
template <class Core, class... Args>
inline constexpr bool are_strange = false;
template <class Core, class First, class... Rest>
    requires(!takes_memory<Core>)
inline constexpr bool are_strange<Core, First, Rest...> =
    !((std::convertible_to<const First&, std::size_t> || is_setting<Core, First>)&&(is_setting<Core, Rest> && ...));

/// Whether a ring cannot be built from these arguments: they are strange, or lack a capacity, or have one more than its storage
/// has, or grants that it does not make.
template <class Core, class... Args>
inline constexpr bool is_misbuilt =
    are_strange<Core, Args...> || (takes_capacity<Core> && (is_setting<Core, Args> && ...));
template <class Core, std::integral N, class... Rest>
inline constexpr bool is_misbuilt<Core, N, Rest...> =
    are_strange<Core, N, Rest...> ||
    ((!takes_capacity<Core> || (!Core::has_credit_on_request && (std::same_as<Rest, pull::grant_every> || ...))) &&
     (is_setting<Core, Rest> && ...));

template <class Core, class... Args>
constexpr void refuse_to_build() noexcept {
    constexpr bool has_capacity = (std::integral<Args> || ...);
    constexpr bool is_strange = are_strange<Core, Args...>;
    static_assert(!is_strange,
                  "weir: a ring is built from its capacity, a number, as in ring(1000): its options are template "
                  "arguments, memory needs the option storage::borrowed or allocated<A>, and items are pushed");
    static_assert(is_strange || has_capacity || !takes_capacity<Core>,
                  "weir: a ring needs a capacity: ring(1000), or the option storage::fixed<1000>");
    static_assert(is_strange || !has_capacity || takes_capacity<Core>,
                  "weir: storage::fixed<N> is the capacity of this ring; construct it without another one");
    static_assert(is_strange || !has_capacity || !takes_capacity<Core> || offered<Core, Args...>,
                  "weir: this ring grants credit by itself; grant_every is for the rings of weir::pull");
}

/// Whether a ring with storage::borrowed is to be built without its memory.
template <class Core, class... Args>
inline constexpr bool is_without_memory = ((std::integral<Args> || is_setting<Core, Args>)&&...);

template <class... Args>
constexpr void refuse_without_memory() noexcept {
    static_assert(offered<Args...>,
                  "weir: a ring with storage::borrowed needs its memory: ring(capacity, span) or ring(span)");
}

/// Stands for the core in is_misbuilt and refuse_to_build().
template <std::size_t FixedCapacity, class Source = no_source>
struct core_of_capacity {
    static constexpr std::size_t fixed_capacity = FixedCapacity;
    static constexpr bool has_credit_on_request = false;
    using memory_source = Source;
};

/// A base of rings of every family: what a ring cannot do by its options. The ring names each function in a using declaration,
/// beside its own one, which is constrained by the same value. Templates, so that nothing is refused before it is used, also in an
/// explicit instantiation of the ring.
template <class Ring, class Snapshot>
class option_refusals {
public:
    template <class Self = Ring, class... None>
    Snapshot snapshot(const None&...) const noexcept
        requires(!Self::keeps_statistics)
    {
        static_assert(offered<Self>,
                      "weir: this ring keeps no statistics; give it the option stats::on (see keeps_statistics)");
        return {};
    }
    template <class Self = Ring, class... None>
    void adopt_producer(const None&...) noexcept
        requires(Self::has_many_producers)
    {
        static_assert(offered<Self>,
                      "weir: any thread may push to this ring, so there is no role to adopt; remove the call "
                      "of adopt_producer (see has_many_producers)");
    }
    template <class Self = Ring, class... None>
    int items_fd(const None&...) const noexcept
        requires(!Self::has_descriptors)
    {
        static_assert(offered<Self>,
                      "weir: this ring has no descriptors; give it the option wait::event (see has_descriptors)");
        return -1;
    }
    template <class Self = Ring, class... None>
    int space_fd(const None&...) const noexcept
        requires(!Self::has_descriptors)
    {
        static_assert(offered<Self>,
                      "weir: this ring has no descriptors; give it the option wait::event (see has_descriptors)");
        return -1;
    }
};

/// A base of a broadcast ring: what its readers do.
template <class Ring, class T>
class reading_refusals : public token_refusals<T> {
    template <class Self>
    static constexpr void refuse() noexcept {
        static_assert(offered<Self>,
                      "weir: a broadcast ring is read by the readers that join it: auto reader = ring.join(); and then "
                      "reader.pop(), in the reader's thread");
    }

public:
    template <class Self = Ring>
    std::optional<T> try_pop() noexcept {
        refuse<Self>();
        return std::nullopt;
    }
    template <class Self = Ring>
    std::optional<T> pop() noexcept {
        return try_pop<Self>();
    }
    template <class Out, class Self = Ring>
    status try_pop(const Out&) noexcept {
        refuse<Self>();
        return status::empty;
    }
    template <class Out, class Self = Ring, class... More>
    status pop(const Out& out, const More&...) noexcept {
        return try_pop<Out, Self>(out);
    }
    template <class F, class Self = Ring, class... More>
    std::size_t consume(const F&, const More&...) noexcept {
        refuse<Self>();
        return 0;
    }
    template <class F, class Self = Ring, class... More>
    std::size_t consume_some(const F& visit, const More&...) noexcept {
        return consume<F, Self>(visit);
    }
    template <class F, class Self = Ring>
    status try_consume_one(const F& visit) noexcept {
        return try_pop<F, Self>(visit);
    }
};

/// Stands for a ring in the result of a refused operation, so that its use adds no error of its own.
template <class T>
struct no_ring {
    using value_type = T;
    void publish(std::size_t, std::size_t) noexcept {}
    void unclaim(std::size_t) noexcept {}
    void release(std::size_t) noexcept {}
    static inline no_ring& any() {
        static no_ring ring;
        return ring;
    }
};

/// The same for rings of items.
template <class Ring, class T>
class refusals : public option_refusals<Ring, stats::snapshot>, public token_refusals<T> {
public:
    template <class Self = Ring, class... Args>
    status force_push(const Args&...) noexcept
        requires(!Self::has_force_push)
    {
        static_assert(
            Self::has_many_consumers || offered<Args...>,
            "weir: force_push takes the oldest item out, and on a ring of one consumer only that one may; use "
            "mpmc_ring, or overflow_ring with overflow::drop_oldest");
        static_assert(
            !Self::has_many_consumers || Self::has_drop_oldest,
            "weir: force_push is an operation of mpmc_ring and its names, not of strict_mpmc_ring; use mpmc_ring");
        static_assert(
            !Self::has_credit_on_request || !Self::has_drop_oldest || !Self::has_many_consumers,
            "weir: force_push makes room, but on a ring with credit on request a push also wants a request, which is "
            "the consumer's to make; use weir::mpmc_ring");
        return status::full;
    }
    template <class Self = Ring, class... Args>
    forced<T> try_force_push(const Args&... args) noexcept
        requires(!Self::has_force_push)
    {
        return {force_push<Self>(args...), {}};
    }

    template <class N, class Self = Ring>
    reservation<no_ring<T>> try_reserve(const N&) noexcept
        requires(!Self::has_contiguous_slots)
    {
        static_assert(offered<Self>,
                      "weir: the slots of this ring are not side by side, so it has no try_reserve; use try_push_n, "
                      "or an spsc_ring (see has_contiguous_slots)");
        return {no_ring<T>::any(), {}};
    }
    template <class N, class Self = Ring>
    readable<no_ring<T>> try_peek(const N&) noexcept
        requires(!Self::has_contiguous_slots)
    {
        static_assert(offered<Self>,
                      "weir: the slots of this ring are not side by side, so it has no try_peek; use consume, or an "
                      "spsc_ring (see has_contiguous_slots)");
        return {no_ring<T>::any(), {}};
    }

    template <class N, class Self = Ring>
    void request(const N&) noexcept
        requires(!Self::has_credit_on_request)
    {
        static_assert(offered<Self>,
                      "weir: this ring grants credit by itself, so there is no request; use one of weir::pull (see "
                      "has_credit_on_request)");
    }

    template <class Self = Ring, class... None>
    status try_drop_oldest(const None&...) noexcept
        requires(!Self::has_drop_oldest)
    {
        static_assert(offered<Self>,
                      "weir: the producer of this ring cannot drop the oldest item; use mpmc_ring, or "
                      "overflow_ring with overflow::drop_oldest (see has_drop_oldest)");
        return status::empty;
    }

    template <class Self = Ring, class... None>
    void adopt_consumer(const None&...) noexcept
        requires(Self::has_many_consumers)
    {
        static_assert(offered<Self>,
                      "weir: any thread may pop from this ring, so there is no role to adopt; remove the call "
                      "of adopt_consumer (see has_many_consumers)");
    }
};

}  // namespace weir::detail
