// SPDX-License-Identifier: MIT
#include "test/ring/toy_core.hpp"
#include "test/support/ring_contract.hpp"

namespace {

using namespace weir;

// The storage and the counter are for families that have them.
template <class T>
using toy = weir_test::toy_ring<T, wait::park, stats::off, storage::heap, std::uint64_t>;
using toys = testing::Types<toy<int>, toy<big>, toy<std::unique_ptr<int>>, toy<aligned<64>>, toy<counted>
#if defined(__cpp_exceptions)
                            ,
                            toy<throwing>
#endif
                            >;
INSTANTIATE_TYPED_TEST_SUITE_P(toy, ring_contract, toys);

}  // namespace
