// SPDX-License-Identifier: MIT
//
// mpmc_ring under the model checker.
#include "scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::mpmc_ring<element, Wait, std::uint8_t>;
using plain = ring<weir::wait::yield>;
using park = ring<weir::wait::park>;
using event = ring<weir::wait::event>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;

using by = model::closer;

constexpr entry scenarios[] = {
    {"try", 2, 2, 100'000, make<trying<plain, 1>>},
    {"try_2_producers", 3, 1, 100'000, make<trying<plain, 2, 2, 1, 2, 2>>},
    {"try_2_consumers", 3, 1, 100'000, make<trying<plain, 2, 1, 2, 3, 2>>},
    {"try_2_and_2", 4, 0, 200'000, make<trying<plain, 3, 2, 2, 2, 2>>},
    {"look", 3, 2, 100'000, make<looking<plain, 3>>},
    {"see", 2, 2, 50'000, make<seeing<plain, 3>>},
    {"never_full", 2, 2, 50'000, make<never_full<plain, 3>>},
    {"never_empty", 2, 2, 50'000, make<never_empty<plain, 3>>},
    {"bulk", 3, 1, 100'000, make<bulk<plain, 3, 2, 1>>},
    {"bulk_2_consumers", 3, 1, 100'000, make<bulk<plain, 3, 1, 2>>},
    {"wait", 2, 1, 100'000, make<waiting<park, 1, 1, 1, 2>>},
    {"wait_2_producers", 3, 0, 200'000, make<waiting<park, 1, 2, 1, 1>>},
    {"wait_2_consumers", 3, 0, 200'000, make<waiting<park, 2, 1, 2, 2>>},
    {"wait_2_and_2", 4, 0, 200'000, make<waiting<park, 1, 2, 2, 1>>},
    {"wait_2_and_2_seq_cst", 4, 0, 200'000, make<waiting<park_seq_cst, 2, 2, 2, 2>>},
    {"wait_filling_out_of_order", 3, 0, 30'000, make<filling_out_of_order<park>>},
    {"wait_emptying_out_of_order", 3, 0, 30'000, make<emptying_out_of_order<park>>},
    {"wait_bulk", 3, 0, 100'000, make<waiting_bulk<park, 2, 2>>},
    {"give_up_2_producers", 3, 0, 100'000, make<giving_up<park, 1, 2, 1, 1>>},
    {"give_up_2_consumers", 3, 0, 100'000, make<giving_up<park, 2, 1, 2, 2>>},
    {"leave_2_producers", 3, 0, 50'000, make<leaving<park, false>>},
    {"leave_2_consumers", 3, 0, 50'000, make<leaving<park, true>>},
    {"event_leave_2_consumers", 3, 0, 20'000, make<leaving<event, true>>},
    {"close_waiting", 3, 0, 200'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::a_third>>},
    {"close_2_consumers", 3, 0, 200'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::the_producer, 1, 2>>},
    {"close_on_sleepers", 3, 0, 50'000, make<closing_on_sleepers<park>>},
    {"close_2_producers", 3, 0, 200'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::the_consumer, 2, 1>>},
    {"close_trying", 3, 1, 200'000, make<closing<plain, 1, pushes::trying, pops::trying, by::a_third>>},
    {"close_with_room", 3, 1, 100'000, make<closing<plain, 4, pushes::trying, pops::trying, by::a_third>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
