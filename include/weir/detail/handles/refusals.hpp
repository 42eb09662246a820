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

/// A base of receivers: the operations of senders. Deleted, so that a concept can tell the sides apart.
class no_sending {
public:
    template <class... A>
    status try_push(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status push(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status push_for(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status push_until(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status push_unless(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status try_emplace(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status emplace(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status try_force_push(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status force_push(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status try_push_n(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status push_n(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
    template <class... A>
    status push_n_unless(const A&...) const = delete;  // weir: a receiver cannot push; its sender does
};

/// A base of senders: the operations of receivers.
class no_receiving {
public:
    template <class... A>
    status try_pop(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status pop(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status pop_for(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status pop_until(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status pop_unless(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status try_pop_n(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status pop_n(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status pop_n_unless(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status consume(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status consume_some(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status try_consume_one(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
    template <class... A>
    status consume_one(const A&...) const = delete;  // weir: a sender cannot pop; its receiver does
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
