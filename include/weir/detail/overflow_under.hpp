// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "weir/detail/overflow/class_rings.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/ring.hpp"

namespace weir::detail {

/// The ring underneath an overflow_ring: one where the producer may take the oldest item, one for many producers, or the fastest.
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

}  // namespace weir::detail
