// SPDX-License-Identifier: MIT
//
// spmc_ring under the model checker.
#include "scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::spmc_ring<element, Wait, weir::storage::heap, std::uint8_t>;
using plain = ring<weir::wait::yield>;
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;

using by = model::closer;

constexpr entry scenarios[] = {
    {"try", 2, 2, 50'000, make<trying<plain, 1>>},
    {"try_2_consumers", 3, 1, 100'000, make<trying<plain, 2, 1, 2, 3, 2>>},
    {"try_3_consumers", 4, 0, 100'000, make<trying<plain, 2, 1, 3, 3, 1>>},
    {"look", 3, 2, 50'000, make<looking<plain, 3>>},
    {"see", 2, 2, 50'000, make<seeing<plain, 3>>},
    {"never_empty", 2, 2, 50'000, make<never_empty<plain, 3>>},
    {"bulk", 3, 1, 100'000, make<bulk<plain, 3, 1, 2>>},
    {"wait", 3, 0, 100'000, make<waiting<park, 1, 1, 2, 2>>},
    {"wait_seq_cst", 3, 0, 100'000, make<waiting<park_seq_cst, 2, 1, 2, 2>>},
    {"give_up", 3, 0, 100'000, make<giving_up<park, 2, 1, 2, 2>>},
    {"close_by_producer", 3, 0, 100'000,
     make<closing<park, 1, pushes::waiting, pops::waiting, by::the_producer, 1, 2>>},
    {"close_by_third", 4, 0, 100'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::a_third, 1, 2>>},
    {"close_seq_cst", 4, 0, 100'000, make<closing<park_seq_cst, 1, pushes::waiting, pops::waiting, by::a_third, 1, 2>>},
    {"close_trying", 4, 0, 100'000, make<closing<plain, 1, pushes::trying, pops::trying, by::a_third, 1, 2>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
