// SPDX-License-Identifier: MIT
//
// Generated programs on rings with credit on request, under the model checker.
#include "playing.hpp"

namespace {

using namespace model;

template <class Wait>
using spsc = weir::pull::spsc_ring<element, Wait, std::uint8_t>;
template <class Wait>
using mpmc = weir::pull::mpmc_ring<element, Wait, std::uint8_t>;
template <class Wait>
using strict = weir::pull::strict_mpmc_ring<element, Wait, std::uint16_t, weir::max_threads<3>>;

constexpr entry scenarios[] = {
    play_generated<spsc<weir::wait::park>, 3>("spsc", 150'000),
    play_generated<spsc<weir::wait::event>, 2>("spsc_event", 100'000),
    play_generated<mpmc<weir::wait::park>, 3>("mpmc", 150'000),
    play_generated<mpmc<weir::wait::event>, 3>("mpmc_event", 100'000),
    play_generated<strict<weir::wait::park>, 3>("strict", 150'000),
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
