// SPDX-License-Identifier: MIT
//
// Rings with credit on request keep the contract of all rings, once everything is asked for.
#include "test/support/ring_contract.hpp"
#include "weir/pull.hpp"

namespace {

template <class Ring>
struct asked : Ring {
    explicit asked(std::size_t capacity, weir::start_at start = {}) : Ring(capacity, start) {
        this->request(weir::pull::unbounded);
    }
};

template <template <class, class...> class Ring>
using pull_rings_of = testing::Types<asked<Ring<int, seq_cst_park, std::uint16_t>>, asked<Ring<std::unique_ptr<int>>>,
#if defined(__cpp_exceptions)
                                     asked<Ring<throwing>>,
#endif
                                     asked<Ring<counted>>>;

INSTANTIATE_TYPED_TEST_SUITE_P(pull_spsc, ring_contract, pull_rings_of<weir::pull::spsc_ring>);
INSTANTIATE_TYPED_TEST_SUITE_P(pull_mpmc, ring_contract, pull_rings_of<weir::pull::mpmc_ring>);
INSTANTIATE_TYPED_TEST_SUITE_P(pull_strict, ring_contract, pull_rings_of<weir::pull::strict_mpmc_ring>);

}  // namespace
