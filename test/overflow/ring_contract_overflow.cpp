// SPDX-License-Identifier: MIT
//
// An overflow_ring that waits or refuses keeps the contract of all rings. What the other policies lose is tested beside.
#include "test/support/ring_contract.hpp"
#include "weir/overflow.hpp"

namespace {

using weir::overflow::block;
using blocking_rings = testing::Types<weir::overflow_ring<int, block>, weir::overflow_ring<std::unique_ptr<int>, block>,
                                      weir::overflow_ring<aligned<128>, block, std::uint32_t>,
#if defined(__cpp_exceptions)
                                      weir::overflow_ring<throwing, block>,
#endif
                                      weir::overflow_ring<counted, block, seq_cst_park, weir::stats::on>>;
INSTANTIATE_TYPED_TEST_SUITE_P(overflow_block, ring_contract, blocking_rings);

// Beside the first they differ in what a full ring does, and in the side of the producers.
template <class... Options>
using some_rings_of = testing::Types<weir::overflow_ring<std::unique_ptr<int>, weir::overflow::reject, Options...>,
#if defined(__cpp_exceptions)
                                     weir::overflow_ring<throwing, weir::overflow::reject, Options...>,
#endif
                                     weir::overflow_ring<counted, weir::overflow::reject, Options..., seq_cst_park>>;
INSTANTIATE_TYPED_TEST_SUITE_P(overflow_reject, ring_contract, some_rings_of<>);
INSTANTIATE_TYPED_TEST_SUITE_P(overflow_many, ring_contract, some_rings_of<weir::overflow::many_producers>);

}  // namespace
