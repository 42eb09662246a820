// SPDX-License-Identifier: MIT
//
// The player as plug-ins are often built: with -fno-exceptions -fno-rtti.
#include "examples/audio/player.hpp"

bool play_without_exceptions(audio::source& from, float* const* out, int frames) {
    audio::player player(from);
    if (!player.prepare(48'000, frames).empty() || !player.play()) return false;
    player.process(out, frames);
    return player.now().callbacks == 1;
}
