// SPDX-License-Identifier: MIT
#include "ring_contract.hpp"

namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(mpsc, ring_contract, rings_of<weir::mpsc_ring>);

}  // namespace
