// SPDX-License-Identifier: MIT
//
// spsc_ring under the model checker.
#include "scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::spsc_ring<element, Wait, std::uint8_t>;
using plain = ring<weir::wait::yield>;  // its notifications are nothing: the core alone
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;
using event = ring<weir::wait::event>;
using event_seq_cst = ring<weir::wait::eventing<weir::fence::seq_cst>>;

using by = model::closer;

constexpr entry scenarios[] = {
    {"try", 2, 5, 100'000, make<trying<plain, 1>>},
    {"try_3", 2, 5, 100'000, make<trying<plain, 3, 1, 1, 4, 2>>},
    {"look", 3, 4, 100'000, make<looking<plain, 3>>},
    {"see", 2, 5, 50'000, make<seeing<plain, 3>>},
    {"bulk", 2, 5, 100'000, make<bulk<plain, 3>>},
    {"in_place", 2, 5, 100'000, make<in_place<plain, 3>>},
    {"wait", 2, 2, 200'000, make<waiting<park, 1, 1, 1, 2>>},
    {"wait_seq_cst", 2, 1, 200'000, make<waiting<park_seq_cst, 1, 1, 1, 2>>},
    {"wait_bulk", 2, 1, 100'000, make<waiting_bulk<park, 1>>},
    {"wait_in_place", 2, 1, 100'000, make<waiting_for_in_place<park, 1>>},
    {"give_up", 2, 2, 100'000, make<giving_up<park, 1, 1, 1, 1>>},
    {"close_waiting", 3, 0, 200'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::a_third>>},
    {"close_waiting_seq_cst", 3, 1, 200'000,
     make<closing<park_seq_cst, 1, pushes::waiting, pops::waiting, by::a_third>>},
    {"close_trying", 3, 2, 200'000, make<closing<plain, 1, pushes::trying, pops::trying, by::a_third>>},
    {"close_in_place", 3, 1, 200'000, make<closing<park, 2, pushes::in_place, pops::in_place, by::a_third>>},
    {"close_by_producer", 2, 1, 100'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::the_producer>>},
    {"close_by_consumer", 2, 3, 100'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::the_consumer>>},
    {"stop_consumer", 2, 4, 100'000, make<stopping<park, true>>},
    {"stop_producer", 2, 4, 100'000, make<stopping<park, false>>},
    {"lot", 2, 1, 30'000, make<waiting_in_lot<weir::wait::park::lot, true>>},
    {"event_lot", 2, 1, 30'000, make<waiting_in_lot<weir::wait::event::lot, false>>},
    {"event_truth", 3, 0, 50'000, make<truthful_descriptor<weir::wait::event::lot>>},
    {"event_for_two", 3, 0, 50'000, make<waiting_for_different_things<weir::wait::event::lot>>},
    {"event", 2, 2, 50'000, make<waiting<event, 1, 1, 1, 2>>},
    {"event_seq_cst", 2, 1, 50'000, make<waiting<event_seq_cst, 1, 1, 1, 2>>},
    {"event_polled", 2, 0, 50'000, make<polling<event, 1, 2>>},
    {"event_close", 3, 0, 50'000, make<closing<event, 1, pushes::waiting, pops::waiting, by::a_third>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
