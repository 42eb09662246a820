// SPDX-License-Identifier: MIT
//
// The options of a ring: template arguments that are found by what they are, in any order. What is not given has its
// default.
//
//     weir::spsc_ring<tick>                                            // heap, wait::park, stats::off, std::uint64_t
//     weir::spsc_ring<tick, weir::stats::on>
//     weir::mpmc_ring<tick, weir::storage::fixed<64>, weir::wait::spin>
//     weir::strict_mpmc_ring<tick, weir::max_threads<8>>
//     weir::overflow_ring<tick, weir::overflow::drop_oldest, weir::many_producers>
//
// A new storage needs a slot_memory (storage.hpp), a new waiting strategy must be a waiting_strategy (concepts.hpp): by these
// they are recognised.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "weir/detail/base/element.hpp"
#include "weir/detail/base/producers.hpp"
#include "weir/detail/concepts.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/stats.hpp"
#include "weir/wait.hpp"

namespace weir {

/// An option of strict_mpmc_ring: how many operations may be under way at a time. The default is 64.
template <std::size_t N>
struct max_threads {
    static constexpr std::size_t value = N == 0 ? 1 : N;
    static_assert(N >= 1, "weir: max_threads<0> lets no thread use the ring; the least is 1");
};

/// An option of broadcast_ring: how many readers there may be at a time. The default is 16.
template <std::size_t N>
struct max_readers {
    static constexpr std::size_t value = N == 0 ? 1 : N;
    static_assert(N >= 1, "weir: max_readers<0> lets no thread read the ring; the least is 1");
};

/// An option of message rings: payloads begin at multiples of N bytes, a power of two from 8 to 128. The default is 8.
template <std::size_t N>
struct message_alignment {
    static constexpr std::size_t value = N;
};

}  // namespace weir

namespace weir::detail {

template <class Option>
inline constexpr bool is_max_threads = false;
template <std::size_t N>
inline constexpr bool is_max_threads<max_threads<N>> = true;

template <class Option>
inline constexpr bool is_max_readers = false;
template <std::size_t N>
inline constexpr bool is_max_readers<max_readers<N>> = true;
template <class Option>
inline constexpr bool is_message_alignment = false;
template <std::size_t N>
inline constexpr bool is_message_alignment<message_alignment<N>> = true;

// The kinds of options: which types belong to one, and which of them is the default.
struct waiting_option {
    template <class O>
    static constexpr bool has = waiting_strategy<O> && std::same_as<O, std::remove_cv_t<O>>;
    using standard = wait::park;
};
struct statistics_option {
    template <class O>
    static constexpr bool has = std::same_as<O, stats::on> || std::same_as<O, stats::off>;
    using standard = stats::off;
};
struct storage_option {
    template <class O>
    static constexpr bool has = requires { sizeof(slot_memory<std::byte, O>); };
    using standard = storage::heap;
};
struct counter_option {
    template <class O>
    static constexpr bool has =
        std::unsigned_integral<O> && !std::same_as<O, bool> && std::same_as<O, std::remove_cv_t<O>> && sizeof(O) <= 8;
    using standard = std::uint64_t;
};
struct threads_option {
    template <class O>
    static constexpr bool has = is_max_threads<O>;
    using standard = max_threads<64>;
};
struct readers_option {
    template <class O>
    static constexpr bool has = is_max_readers<O>;
    using standard = max_readers<16>;
};
struct alignment_option {
    template <class O>
    static constexpr bool has = is_message_alignment<O>;
    using standard = message_alignment<8>;
};
struct producers_option {
    template <class O>
    static constexpr bool has = std::same_as<O, one_producer> || std::same_as<O, many_producers>;
    using standard = one_producer;
};

template <class Kind, class... Options>
struct option {
    using type = typename Kind::standard;
};
template <class Kind, class First, class... Rest>
struct option<Kind, First, Rest...>
    : std::conditional_t<Kind::template has<First>, std::type_identity<First>, option<Kind, Rest...>> {};

template <class Kind, class... Options>
inline constexpr std::size_t how_many = (std::size_t{0} + ... + std::size_t{Kind::template has<Options>});

template <class Option>
inline constexpr bool is_option =
    waiting_option::has<Option> || statistics_option::has<Option> || storage_option::has<Option> ||
    counter_option::has<Option> || threads_option::has<Option> || alignment_option::has<Option> ||
    readers_option::has<Option> || producers_option::has<Option>;

enum class ring_family : unsigned char { plain, strict, overflow, message, broadcast };

/// The options of a ring of T, sorted. What is wrong with them ends in one sentence: the types come first, and compile whatever
/// the assertions say. What is wrong with T is said here, too, before any other part of a ring fails on it.
template <ring_family Family, class T, class... Options>
struct options {
    static_assert(is_plain_object<T>,
                  "weir: a ring holds objects: not references, functions, arrays, const or volatile types");
    static_assert(is_element<T> || !is_plain_object<T>,
                  "weir: a ring holds objects of a complete type; include the header that defines it");

    using waiting = typename option<waiting_option, Options...>::type;
    using statistics = typename option<statistics_option, Options...>::type;
    using memory = typename option<storage_option, Options...>::type;
    using counter = typename option<counter_option, Options...>::type;
    using producers = typename option<producers_option, Options...>::type;
    static constexpr std::size_t threads = option<threads_option, Options...>::type::value;
    static constexpr std::size_t readers = option<readers_option, Options...>::type::value;
    static constexpr std::size_t alignment = option<alignment_option, Options...>::type::value;

    static_assert(
        holds_its_bytes<T>,
        "weir: a weir::message refers to bytes that it does not own; use a message ring, or for several readers one each");
    static_assert(
        (is_option<Options> && ...),
        "weir: an option of a ring is a waiting strategy (wait::park, spin, yield, sleep, event), stats::on or "
        "stats::off, a storage (storage::heap, fixed<N>, huge_pages, borrowed, allocated<A>), an unsigned integer for its counters, "
        "max_threads<N> (strict_mpmc_ring), message_alignment<N> (message rings), max_readers<N> (broadcast_ring) or many_producers (overflow_ring, broadcast_ring); "
        "remove what is none of these");
    static_assert(how_many<waiting_option, Options...> <= 1,
                  "weir: a ring has one waiting strategy, and is given two; remove one of them");
    static_assert(how_many<statistics_option, Options...> <= 1,
                  "weir: a ring has stats::on or stats::off, and is given two of them; remove one");
    static_assert(how_many<storage_option, Options...> <= 1,
                  "weir: a ring has one storage, and is given two; remove one of them");
    static_assert(how_many<counter_option, Options...> <= 1,
                  "weir: a ring has one type for its counters, and is given two unsigned integers; remove one of them");
    static_assert(how_many<threads_option, Options...> <= 1,
                  "weir: a ring has one max_threads<N>, and is given two; remove one of them");
    static_assert(how_many<producers_option, Options...> <= 1,
                  "weir: a ring has one_producer or many_producers, and is given two of them; remove one");
    static_assert(how_many<alignment_option, Options...> <= 1,
                  "weir: a ring has one message_alignment<N>, and is given two; remove one of them");
    static_assert(Family == ring_family::message || how_many<alignment_option, Options...> == 0,
                  "weir: message_alignment<N> is an option of message rings alone; remove it");
    static_assert(how_many<readers_option, Options...> <= 1,
                  "weir: a ring has one max_readers<N>, and is given two; remove one of them");
    static_assert(Family == ring_family::broadcast || how_many<readers_option, Options...> == 0,
                  "weir: max_readers<N> is an option of broadcast_ring alone; remove it");
    static_assert((Family != ring_family::message && Family != ring_family::broadcast) ||
                      how_many<counter_option, Options...> == 0,
                  "weir: the positions of a message or broadcast ring are 64 bits wide; remove the unsigned integer");
    static_assert(Family == ring_family::strict || how_many<threads_option, Options...> == 0,
                  "weir: max_threads<N> is an option of strict_mpmc_ring alone; remove it");
    static_assert(Family == ring_family::overflow || Family == ring_family::broadcast ||
                      how_many<producers_option, Options...> == 0,
                  "weir: one_producer and many_producers are options of overflow_ring and broadcast_ring alone; for many "
                  "producers use mpmc_ring, or mpsc_message_ring for messages");
};

}  // namespace weir::detail
