// SPDX-License-Identifier: MIT
//
// What an overflow_ring has to know of its policy.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/overflow/codel.hpp"
#include "weir/detail/overflow/entry.hpp"
#include "weir/overflow_policy.hpp"

namespace weir::detail {

template <class Policy>
inline constexpr bool is_codel = false;
template <class Clock>
inline constexpr bool is_codel<overflow::codel<Clock>> = true;

// How many queues a policy takes.
template <class Policy>
inline constexpr std::size_t classes_of = 1;
template <std::size_t Classes, class ClassOf>
inline constexpr std::size_t classes_of<overflow::shed_lowest<Classes, ClassOf>> = Classes;

template <class Policy, class... Known>
concept one_of = (std::same_as<Policy, Known> || ...);
template <class Policy>
concept overflow_policy =
    is_codel<Policy> || classes_of<Policy> != 1 ||
    one_of<Policy, overflow::block, overflow::reject, overflow::drop_newest, overflow::drop_oldest, overflow::sample>;

template <class Policy>
struct stamp_of {
    using type = no_stamp;
};
template <class Clock>
struct stamp_of<overflow::codel<Clock>> {
    using type = clock_stamp<Clock>;
};

// What a policy has to remember: codel on the consumer's side, the others on the producers'.
template <class Policy, bool Many>
struct state_of {
    explicit state_of(const Policy&) noexcept {}
};
template <bool Many>
struct state_of<overflow::sample, Many> {
    explicit state_of(const overflow::sample&) noexcept {}
    typename producer_tallies<Many>::count arrivals;  // while samples are taken
};
template <std::size_t Classes, class ClassOf, bool Many>
struct state_of<overflow::shed_lowest<Classes, ClassOf>, Many> {
    explicit state_of(const overflow::shed_lowest<Classes, ClassOf>&) noexcept {}
    std::array<std::uint64_t, Classes> accepted{};  // of each class
};
template <class Clock, bool Many>
struct state_of<overflow::codel<Clock>, Many> {
    explicit state_of(const overflow::codel<Clock>& c) noexcept : law(c.target, c.interval) {}
    codel_law<Clock> law;
};

// The policy, if its numbers are possible: std::invalid_argument (abort where exceptions are off) if they are not.
inline overflow::sample checked(overflow::sample policy, std::size_t capacity) {
    if (policy.keep_one_in == 0) reject_argument("sample keeps one item in n, and n is 0: give 1 or more");
    if (policy.from > capacity) {
        reject_argument("sample begins at " + std::to_string(policy.from) + " queued items, but the capacity is " +
                        std::to_string(capacity) + ": give less, or 0 for half of it");
    }
    if (policy.from == 0) policy.from = std::max<std::size_t>(1, capacity / 2);
    return policy;
}
template <class Clock>
overflow::codel<Clock> checked(overflow::codel<Clock> policy, std::size_t) {
    if (policy.target.count() <= 0 || policy.interval <= policy.target) {
        reject_argument("codel's target is " + std::to_string(policy.target.count()) + " ns and its interval " +
                        std::to_string(policy.interval.count()) +
                        " ns: the target must be above 0 and below the interval, at 5 to 10 % of it");
    }
    return policy;
}
template <class Policy>
Policy checked(Policy policy, std::size_t) {
    return policy;
}

}  // namespace weir::detail
