// SPDX-License-Identifier: MIT
//
// What handles cannot do: the other side's operations, and to be those of what is no ring of items. Refused with one sentence.
#pragma once

#include <cstddef>
#include <optional>

#include "weir/detail/base/offered.hpp"
#include "weir/status.hpp"

namespace weir::detail {

template <class Ring>
concept ring_with_handles = requires {
    typename Ring::value_type;
    requires Ring::has_many_consumers || !Ring::has_many_consumers;
};

/// A base of receivers: the operations of senders.
template <class Ring>
class no_sending {
    template <class... A>
    static constexpr void refuse() noexcept {
        static_assert(offered<A...>, "weir: a receiver cannot push; its sender does");
    }

public:
#define WEIR_REFUSED(name, answer)            \
    template <class... A, class Self = Ring>  \
    answer name(const A&...) const noexcept { \
        refuse<Self>();                       \
        return answer(status::closed);        \
    }
    WEIR_REFUSED(try_push, status)
    WEIR_REFUSED(push, status)
    WEIR_REFUSED(push_for, status)
    WEIR_REFUSED(push_until, status)
    WEIR_REFUSED(push_unless, status)
    WEIR_REFUSED(try_emplace, status)
    WEIR_REFUSED(emplace, status)
    WEIR_REFUSED(try_force_push, status)
    WEIR_REFUSED(force_push, status)
    WEIR_REFUSED(try_push_n, std::size_t)
    WEIR_REFUSED(push_n, std::size_t)
    WEIR_REFUSED(push_n_unless, std::size_t)
#undef WEIR_REFUSED
};

/// A base of senders: the operations of receivers.
template <class Ring>
class no_receiving {
    template <class... A>
    static constexpr void refuse() noexcept {
        static_assert(offered<A...>, "weir: a sender cannot pop; its receiver does");
    }

public:
#define WEIR_REFUSED(name)                                           \
    template <class Self = Ring>                                     \
    std::optional<typename Self::value_type> name() const noexcept { \
        refuse<Self>();                                              \
        return std::nullopt;                                         \
    }                                                                \
    template <class Out, class... A, class Self = Ring>              \
    status name(const Out&, const A&...) const noexcept {            \
        refuse<Self>();                                              \
        return status::closed;                                       \
    }
    WEIR_REFUSED(try_pop)
    WEIR_REFUSED(pop)
    WEIR_REFUSED(pop_for)
    WEIR_REFUSED(pop_until)
    WEIR_REFUSED(pop_unless)
#undef WEIR_REFUSED
#define WEIR_REFUSED(name)                         \
    template <class... A, class Self = Ring>       \
    std::size_t name(const A&...) const noexcept { \
        refuse<Self>();                            \
        return 0;                                  \
    }
    WEIR_REFUSED(try_pop_n)
    WEIR_REFUSED(pop_n)
    WEIR_REFUSED(pop_n_unless)
    WEIR_REFUSED(consume)
    WEIR_REFUSED(consume_some)
    WEIR_REFUSED(consume_some_unless)
#undef WEIR_REFUSED
};

/// What channel() returns for what is no ring of items, so that its use adds no error of its own.
struct no_handle {
    status try_push(const auto&...) const noexcept { return status::closed; }
    status push(const auto&...) const noexcept { return status::closed; }
    std::optional<int> try_pop() const noexcept { return std::nullopt; }
    std::optional<int> pop() const noexcept { return std::nullopt; }
};
struct no_handles {
    no_handle tx, rx;
};

template <class Ring>
constexpr void refuse_handles() noexcept {
    static_assert(
        offered<Ring>,
        "weir: handles are for rings of items: a message ring has none, the readers of a broadcast ring are handles already, "
        "and a type of items names its ring, as in channel<weir::spsc_ring<int>>(1000)");
}

}  // namespace weir::detail
