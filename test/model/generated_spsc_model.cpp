// SPDX-License-Identifier: MIT
//
// Generated programs on spsc_ring, under the model checker.
#include "playing.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::spsc_ring<element, Wait, std::uint8_t>;
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;
using event = ring<weir::wait::event>;
using event_seq_cst = ring<weir::wait::eventing<weir::fence::seq_cst>>;

constexpr entry scenarios[] = {
    play_generated<park, 2>("park_2", 200'000),
    play_generated<park, 3>("park_3", 200'000),
    play_generated<park_seq_cst, 3>("park_seq_cst", 150'000),
    play_generated<event, 3>("event", 200'000),
    play_generated<event_seq_cst, 3>("event_seq_cst", 100'000),
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
