// SPDX-License-Identifier: MIT
//
// mpsc_ring under the model checker.
#include "scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::mpsc_ring<element, Wait, weir::storage::heap, std::uint8_t>;
using plain = ring<weir::wait::yield>;
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;

using by = model::closer;

constexpr entry scenarios[] = {
    {"try", 2, 2, 50'000, make<trying<plain, 1>>},
    {"try_2_producers", 3, 1, 100'000, make<trying<plain, 1, 2, 1, 2, 3>>},
    {"try_3_producers", 4, 0, 100'000, make<trying<plain, 2, 3, 1, 1, 3>>},
    {"look", 3, 2, 50'000, make<looking<plain, 3>>},
    {"see", 2, 2, 50'000, make<seeing<plain, 3>>},
    {"never_full", 2, 2, 50'000, make<never_full<plain, 3>>},
    {"bulk", 3, 1, 100'000, make<bulk<plain, 3, 2, 1>>},
    {"wait", 3, 0, 100'000, make<waiting<park, 1, 2, 1, 2>>},
    {"wait_seq_cst", 3, 0, 100'000, make<waiting<park_seq_cst, 1, 2, 1, 1>>},
    {"wait_bulk", 3, 0, 50'000, make<waiting_bulk<park, 2, 2>>},
    {"give_up", 3, 0, 100'000, make<giving_up<park, 1, 2, 1, 1>>},
    {"close_by_consumer", 3, 0, 100'000,
     make<closing<park, 1, pushes::waiting, pops::waiting, by::the_consumer, 2, 1>>},
    {"close_by_third", 4, 0, 100'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::a_third, 2, 1>>},
    {"close_trying", 4, 0, 100'000, make<closing<plain, 1, pushes::trying, pops::trying, by::a_third, 2, 1>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
