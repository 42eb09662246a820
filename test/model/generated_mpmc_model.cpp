// SPDX-License-Identifier: MIT
//
// Generated programs on mpmc_ring, under the model checker.
#include "playing.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::mpmc_ring<element, Wait, std::uint8_t>;
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;
using event = ring<weir::wait::event>;

constexpr entry scenarios[] = {
    play_generated<park, 2>("park_2", 100'000), play_generated<park, 3>("park_3", 200'000),
    play_generated<park, 4>("park_4", 300'000), play_generated<park_seq_cst, 3>("park_seq_cst", 100'000),
    play_generated<event, 3>("event", 150'000),
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
