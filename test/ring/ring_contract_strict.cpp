// SPDX-License-Identifier: MIT
#include "test/support/ring_contract.hpp"

namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(strict, ring_contract, rings_of<weir::strict_mpmc_ring>);

}  // namespace
