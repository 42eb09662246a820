// SPDX-License-Identifier: MIT
//
// An overflow_ring that waits or refuses keeps the contract of all rings. What the other policies lose is tested beside.
#include "test/support/ring_contract.hpp"
#include "weir/overflow.hpp"

namespace {

template <class Policy, class... Options>
using overflow_rings_of =
    testing::Types<weir::overflow_ring<int, Policy, Options...>,
                   weir::overflow_ring<std::unique_ptr<int>, Policy, Options...>,
                   weir::overflow_ring<aligned<128>, Policy, Options..., std::uint32_t>,
#if defined(__cpp_exceptions)
                   weir::overflow_ring<throwing, Policy, Options...>,
#endif
                   weir::overflow_ring<counted, Policy, Options..., seq_cst_park, weir::stats::on>>;

INSTANTIATE_TYPED_TEST_SUITE_P(overflow_block, ring_contract, overflow_rings_of<weir::overflow::block>);
INSTANTIATE_TYPED_TEST_SUITE_P(overflow_reject, ring_contract, overflow_rings_of<weir::overflow::reject>);
using shared_rings = overflow_rings_of<weir::overflow::reject, weir::overflow::many_producers>;
INSTANTIATE_TYPED_TEST_SUITE_P(overflow_many, ring_contract, shared_rings);

}  // namespace
