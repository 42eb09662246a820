// SPDX-License-Identifier: MIT
#include "test/support/ring_contract.hpp"

namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(mpmc, ring_contract, rings_of<weir::mpmc_ring>);

}  // namespace
