// SPDX-License-Identifier: MIT
//
// The options of a ring are named by type, in any order; what is not named has its default.
#include <cstdint>
#include <type_traits>

#include "weir/overflow.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

using counting = weir::spsc_ring<int, weir::stats::on>;
using spinning = weir::mpmc_ring<int, weir::storage::fixed<4>, weir::wait::spin>;
using from_many =
    weir::overflow_ring<int, weir::overflow::drop_newest, weir::overflow::many_producers, weir::stats::on>;

static_assert(std::is_same_v<spinning, weir::mpmc_ring<int, weir::wait::spin, weir::storage::fixed<4>>>);
static_assert(counting::keeps_statistics && !spinning::keeps_statistics && from_many::has_many_producers);

/// Asks what a ring can do by its values.
template <class Ring>
int push_two(Ring& ring) {
    if constexpr (Ring::has_credit_on_request) ring.request(2);
    if constexpr (Ring::has_contiguous_slots) {
        auto slots = ring.try_reserve(2);
        while (slots.size() > 0) {
            slots.emplace(1);
            slots.commit(1);
        }
    } else if (!ring.try_push(1) || !ring.try_push(1)) {
        return 0;
    }
    return static_cast<int>(ring.size_approx());
}

int main() {
    counting one(8);
    spinning two;
    from_many three(8);
    weir::pull::strict_mpmc_ring<int, weir::max_threads<2>, std::uint32_t> four(8);
    return push_two(one) + push_two(two) + push_two(three) + push_two(four) == 8 ? 0 : 1;
}
