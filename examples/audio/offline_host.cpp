// SPDX-License-Identifier: MIT
//
// Renders a sound file through the player as a host's bounce does: as fast as it goes, in blocks, into another file.
//
// Faster than real time, the callback soon overtakes the reader. In real time that would be an underrun; offline the player waits
// for the reader (set_offline), so that the result is complete, however slow the disk is.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../edges/program.hpp"
#include "player.hpp"
#include "sound_file.hpp"

namespace {

using namespace example;

struct options {
    std::string from, to;
    int block_frames = 512;
    double gain_db = 0;
    double start_s = 0;
    bool is_real_time = false;
};

int render(const options& chosen) {
    audio::sound_file file(chosen.from);
    audio::player player(file);
    if (const std::string problem = player.prepare(file.rate_hz(), chosen.block_frames); !problem.empty())
        throw failure(problem);
    player.set_offline(!chosen.is_real_time);
    audio::wav_writer result(chosen.to, file.channels(), static_cast<int>(file.rate_hz()));

    // The first callback carries these out; nothing else was sent, so there is room.
    if (chosen.start_s > 0) (void)player.seek(static_cast<std::uint64_t>(chosen.start_s * file.rate_hz()));
    (void)player.set_gain(static_cast<float>(std::pow(10, chosen.gain_db / 20)));
    (void)player.play();

    const auto channels = static_cast<std::size_t>(file.channels());
    const auto block = static_cast<std::size_t>(chosen.block_frames);
    std::vector<float> planar(channels * block), interleaved(channels * block);
    std::array<float*, audio::most_channels> out{};
    for (std::size_t c = 0; c < channels; ++c) out[c] = planar.data() + c * block;

    const auto begin = std::chrono::steady_clock::now();
    audio::report now;
    do {
        player.process(out.data(), chosen.block_frames);
        const audio::report before = std::exchange(now, player.now());
        // What follows the end of the file does not belong to the result.
        const std::size_t n = block - static_cast<std::size_t>(now.end_frames - before.end_frames);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t c = 0; c < channels; ++c) interleaved[i * channels + c] = out[c][i];
        }
        result.write(interleaved.data(), n);
    } while (now.state != audio::play_state::ended);
    result.close();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

    print(fmt::format("played_frames {} underruns {} underrun_frames {} seek_frames {} seconds {:.3f}\n",
                      now.played_frames, now.underruns, now.underrun_frames, now.seek_frames, took.count()));
    if (player.has_failed())
        throw failure(fmt::format("'{}' could not be read after {:.1f} s, and the result ends there; check the file",
                                  chosen.from, static_cast<double>(now.position) / file.rate_hz()));
    return succeeded;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Renders a sound file through the player into a WAV file of 32-bit floats.", "offline_host");
    options chosen;
    app.add_option("from", chosen.from, "A sound file")->required();
    app.add_option("to", chosen.to, "The WAV file to be written")->required();
    app.add_option("--block", chosen.block_frames, "Frames per callback")
        ->capture_default_str()
        ->check(example::whole(1, 65'536));
    app.add_option("--gain", chosen.gain_db, "Gain in dB")->capture_default_str()->check(example::between(-120.0, 40.0));
    app.add_option("--start", chosen.start_s, "Seconds of the file that are left out")
        ->capture_default_str()
        ->check(example::between(0.0, 1e9));
    app.add_flag("--real-time", chosen.is_real_time,
                 "Do not tell the player that this is offline: shows the underruns of a host that forgets to");
    app.footer(std::string("Example:\n  offline_host song.wav bounced.wav --gain -6\n\n") + exit_codes);
    return run(app, argc, argv, [&] { return render(chosen); });
}
