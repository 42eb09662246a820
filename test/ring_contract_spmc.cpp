// SPDX-License-Identifier: MIT
#include "ring_contract.hpp"

namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(spmc, ring_contract, rings_of<weir::spmc_ring>);

}  // namespace
