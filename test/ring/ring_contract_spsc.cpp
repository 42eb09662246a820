// SPDX-License-Identifier: MIT
#include "test/support/ring_contract.hpp"

namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(spsc, ring_contract, rings_of<weir::spsc_ring>);

}  // namespace
