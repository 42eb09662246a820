// SPDX-License-Identifier: MIT
#include "test/support/ring_contract.hpp"

namespace {

template <class T, class Wait, class Stats, class Storage, class Counter>
using strict_ring = weir::strict_mpmc_ring<T, Wait, Stats, Storage, Counter>;
INSTANTIATE_TYPED_TEST_SUITE_P(strict, ring_contract, rings_of<strict_ring>);

}  // namespace
