// SPDX-License-Identifier: MIT
//
// The player without threads: the test is user, reader and callback in turn, so that each figure is exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test/audio/player_support.hpp"

namespace {

using namespace weir_test;
using audio::play_state;
using testing::Each;
using testing::HasSubstr;
using weir::status;

constexpr double rate_hz = 48'000;
constexpr int block = 64;        // frames that the reader reads at a time
constexpr int ramp_frames = 48;  // 1 ms

class scene {
public:
    scene(int channels, std::uint64_t frames, int period = block) : from(channels, frames), period_(period) {
        const std::string problem = player.prepare(rate_hz, period);
        EXPECT_EQ(problem, "");
    }

    void read_all() {
        while (player.read_one()) {
        }
    }
    void read_blocks(int n) {
        for (int i = 0; i < n; ++i) EXPECT_TRUE(player.read_one());
    }
    output process(int frames) {
        output out(from.channels(), frames);
        player.process(out.data(), frames);
        const audio::report now = player.now();
        EXPECT_EQ(now.processed_frames,
                  now.played_frames + now.underrun_frames + now.seek_frames + now.paused_frames + now.end_frames);
        EXPECT_LE(now.ahead_frames, player.most_ahead_frames());
        return out;
    }
    output process() { return process(period_); }

    /// Whether the frames of the output are those of the file, from `frame` on.
    void expect_file(const output& out, int from_frame, int to_frame, std::uint64_t frame) const {
        for (int c = 0; c < from.channels(); ++c) {
            for (int i = from_frame; i < to_frame; ++i) {
                ASSERT_EQ(out[c][static_cast<std::size_t>(i)],
                          from.sample(frame + static_cast<std::uint64_t>(i - from_frame), c))
                    << "channel " << c << ", frame " << i << " of the output";
            }
        }
    }
    void expect_silence(const output& out, int from_frame, int to_frame) const {
        for (int c = 0; c < from.channels(); ++c) {
            for (int i = from_frame; i < to_frame; ++i) ASSERT_EQ(out[c][static_cast<std::size_t>(i)], 0) << i;
        }
    }
    void expect_file(const output& out, std::uint64_t frame) const { expect_file(out, 0, period_, frame); }
    void expect_silence(const output& out) const { expect_silence(out, 0, period_); }

    /// Plays until the player stands at this frame, which a multiple of the period leads to.
    void play_up_to(std::uint64_t frame) {
        while (player.now().position < frame) {
            read_all();
            (void)process();
        }
        ASSERT_EQ(player.now().position, frame);
    }

    numbered_source from;
    audio::player player{
        from, {.ahead_s = 0.001, .block_frames = block, .ramp_s = 0.001, .window_s = 0.001, .has_reader = false}};

private:
    const int period_;
};

// ---- what comes out ------------------------------------------------------------------------------------------

TEST(player, plays_every_sample_of_the_file_in_order) {
    for (const int channels : {1, 2, 3, 8}) {
        for (const int period : {1, 17, 64, 100, 1000}) {
            constexpr std::uint64_t frames = 1234;
            scene s(channels, frames, period);
            ASSERT_TRUE(s.player.play());
            std::uint64_t position = 0;
            for (; position < frames; position += static_cast<std::uint64_t>(period)) {
                s.read_all();
                const output out = s.process();
                const auto left = static_cast<int>(frames - position);
                s.expect_file(out, 0, std::min(period, left), position);
                s.expect_silence(out, std::min(period, left), period);
            }
            s.read_all();
            s.expect_silence(s.process());
            const audio::report now = s.player.now();
            EXPECT_EQ(now.state, play_state::ended);
            EXPECT_EQ(now.played_frames, frames);
            EXPECT_EQ(now.end_frames, position - frames + static_cast<std::uint64_t>(period));
            EXPECT_EQ(now.underruns, 0U) << channels << " channels, " << period << " frames a callback";
        }
    }
}

TEST(player, takes_callbacks_of_any_size_also_of_none_and_more_than_was_announced) {
    scene s(2, 100'000);
    ASSERT_TRUE(s.player.play());
    std::uint64_t position = 0;
    for (const int frames : {0, 1, 64, 0, 63, 200, 7, 256}) {
        s.read_all();
        const output out = s.process(frames);
        s.expect_file(out, 0, frames, position);
        position += static_cast<std::uint64_t>(frames);
    }
    EXPECT_EQ(s.player.now().position, position);
}

TEST(player, is_silent_before_the_first_play) {
    scene s(1, 1000);
    s.read_all();
    s.expect_silence(s.process());
    EXPECT_EQ(s.player.now().paused_frames, 64U);
    ASSERT_TRUE(s.player.play());
    s.expect_file(s.process(), 0);
}

TEST(player, is_prepared_again_from_the_beginning) {
    scene s(2, 1000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(256);
    ASSERT_EQ(s.player.prepare(rate_hz, block), "");
    ASSERT_TRUE(s.player.play());
    s.read_all();
    s.expect_file(s.process(), 0);
    EXPECT_EQ(s.player.now().callbacks, 1U);
}

TEST(player, may_be_called_by_another_thread_each_time) {
    scene s(1, 10'000);
    ASSERT_TRUE(s.player.play());
    for (std::uint64_t position = 0; position < 640; position += 64) {
        s.read_all();
        std::thread([&] { s.expect_file(s.process(), position); }).join();
    }
}

// ---- the bound -----------------------------------------------------------------------------------------------

TEST(player, reads_ahead_until_the_ring_is_full_and_no_further) {
    scene s(2, 1'000'000);
    ASSERT_TRUE(s.player.play());
    for (int i = 0; i < 100; ++i) {
        s.read_all();
        (void)s.process();
        EXPECT_FALSE(s.player.now().ahead_frames + block > s.player.most_ahead_frames());
    }
    ASSERT_TRUE(s.player.pause());
    s.read_all();
    for (int i = 0; i < 10; ++i) (void)s.process();
    s.read_all();
    const std::uint64_t full = s.player.now().ahead_frames;
    for (int i = 0; i < 10; ++i) {
        (void)s.process();
        EXPECT_FALSE(s.player.read_one()) << "a pause stops the reader";
    }
    EXPECT_EQ(s.player.now().ahead_frames, full);
    EXPECT_GE(full, 4U * block);
}

// ---- underruns -----------------------------------------------------------------------------------------------

TEST(player, counts_underruns_exactly_and_loses_no_frame_in_them) {
    scene s(2, 100'000, 48);
    ASSERT_TRUE(s.player.play());
    s.read_blocks(2);  // 128 frames: 48 + 48 + 32
    for (const std::uint64_t position : {0U, 48U}) s.expect_file(s.process(), position);
    EXPECT_EQ(s.player.now().underruns, 0U);

    const output partial = s.process();
    s.expect_file(partial, 0, 32, 96);
    s.expect_silence(partial, 32, 48);
    EXPECT_EQ(s.player.now().underruns, 1U);
    EXPECT_EQ(s.player.now().underrun_frames, 16U);

    for (int i = 0; i < 10; ++i) s.expect_silence(s.process());
    EXPECT_EQ(s.player.now().underruns, 11U);
    EXPECT_EQ(s.player.now().underrun_frames, 16U + 10 * 48);

    s.read_blocks(1);
    s.expect_file(s.process(), 128);
    EXPECT_EQ(s.player.now().underruns, 11U);
    EXPECT_EQ(s.player.now().played_frames, 176U);
    EXPECT_EQ(s.player.now().state, play_state::playing);
}

TEST(player, counts_no_underrun_while_it_is_paused_or_at_the_end_or_fills_the_ring) {
    scene s(1, 96);
    ASSERT_TRUE(s.player.play());
    (void)s.process();  // nothing was read yet
    EXPECT_EQ(s.player.now().seek_frames, 64U);
    ASSERT_TRUE(s.player.pause());
    (void)s.process();
    EXPECT_EQ(s.player.now().paused_frames, 64U);
    ASSERT_TRUE(s.player.play());
    s.read_all();
    for (int i = 0; i < 3; ++i) (void)s.process();
    const audio::report now = s.player.now();
    EXPECT_EQ(now.played_frames, 96U);
    EXPECT_EQ(now.end_frames, 32U + 64);
    EXPECT_EQ(now.underruns, 0U);
    EXPECT_EQ(now.underrun_frames, 0U);
}

TEST(player, remembers_the_lowest_depth_once_the_ring_was_half_full) {
    scene s(1, 1'000'000);
    ASSERT_TRUE(s.player.play());
    s.read_blocks(2);
    (void)s.process();
    EXPECT_EQ(s.player.now().lowest_frames, audio::report::never);
    s.read_all();
    (void)s.process();
    const std::uint64_t full = s.player.now().lowest_frames;
    EXPECT_GE(full, s.player.most_ahead_frames() / 2);
    (void)s.process();
    EXPECT_EQ(s.player.now().lowest_frames, full - 64);
    s.read_all();
    (void)s.process();
    EXPECT_EQ(s.player.now().lowest_frames, full - 64);
}

// ---- seek ----------------------------------------------------------------------------------------------------

TEST(player, plays_from_where_it_was_sent_and_drops_what_was_read_before) {
    scene s(2, 100'000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(640);
    s.read_all();
    ASSERT_TRUE(s.player.seek(50'001));
    s.expect_silence(s.process());  // the ring holds old blocks only
    EXPECT_EQ(s.player.now().seek_frames, 64U);
    EXPECT_EQ(s.player.now().ahead_frames, 0U);
    EXPECT_EQ(s.player.now().position, 50'001U);
    s.read_blocks(1);
    s.expect_silence(s.process());  // one block is not enough to begin with
    s.read_blocks(1);
    s.expect_file(s.process(), 50'001);
    s.read_all();
    s.expect_file(s.process(), 50'065);
    EXPECT_EQ(s.player.now().seek_frames, 128U);
    EXPECT_EQ(s.player.now().underruns, 0U);
}

TEST(player, counts_what_is_ahead_exactly_after_a_seek_from_the_middle_of_a_block) {
    scene s(2, 100'000, 48);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(480);  // 32 frames of the oldest block are played
    ASSERT_TRUE(s.player.seek(20'000));
    (void)s.process();
    EXPECT_EQ(s.player.now().ahead_frames, 0U);
    s.read_blocks(3);
    s.expect_file(s.process(), 20'000);
    EXPECT_EQ(s.player.now().ahead_frames, 3U * block - 48);
}

TEST(player, goes_where_the_last_of_several_seeks_sent_it) {
    scene s(1, 100'000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(640);
    ASSERT_TRUE(s.player.seek(10'000));
    (void)s.process();
    s.read_blocks(1);  // of the first seek
    ASSERT_TRUE(s.player.seek(20'000));
    ASSERT_TRUE(s.player.seek(30'000));
    s.expect_silence(s.process());
    s.read_all();
    s.expect_file(s.process(), 30'000);
    ASSERT_TRUE(s.player.seek(30'000));  // to the same place is a seek, too
    s.expect_silence(s.process());
    s.read_all();
    s.expect_file(s.process(), 30'000);
}

TEST(player, seeks_while_paused_and_then_begins_at_full_level) {
    scene s(1, 100'000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(640);
    ASSERT_TRUE(s.player.pause());
    s.play_up_to(640 + ramp_frames);
    ASSERT_TRUE(s.player.seek(7000));
    (void)s.process();
    s.read_all();
    (void)s.process();
    EXPECT_EQ(s.player.now().state, play_state::paused);
    EXPECT_EQ(s.player.now().position, 7000U);
    ASSERT_TRUE(s.player.play());
    s.expect_file(s.process(), 7000);
    EXPECT_EQ(s.player.now().seek_frames, 0U) << "paused frames are paused frames";
}

TEST(player, ends_when_it_is_sent_to_the_end_or_beyond_and_plays_on_when_it_is_sent_back) {
    for (const std::uint64_t frame : {1000U, 5000U}) {
        scene s(1, 1000);
        ASSERT_TRUE(s.player.play());
        s.play_up_to(64);
        ASSERT_TRUE(s.player.seek(frame));
        (void)s.process();
        s.read_all();
        s.expect_silence(s.process());
        EXPECT_EQ(s.player.now().state, play_state::ended);
        EXPECT_EQ(s.player.now().position, 1000U);
        ASSERT_TRUE(s.player.seek(500));
        (void)s.process();
        s.read_all();
        s.expect_file(s.process(), 500);
    }
}

TEST(player, plays_from_the_beginning_after_the_end) {
    scene s(1, 64);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(64);
    s.read_all();
    (void)s.process();
    ASSERT_EQ(s.player.now().state, play_state::ended);
    ASSERT_TRUE(s.player.play());
    (void)s.process();
    s.read_all();
    s.expect_file(s.process(), 0);
}

// ---- loop ----------------------------------------------------------------------------------------------------

TEST(player, loops_without_a_gap_however_short_the_file) {
    for (const std::uint64_t frames : {1U, 2U, 63U, 64U, 65U, 127U, 129U, 1000U}) {
        scene s(2, frames, 50);
        ASSERT_TRUE(s.player.set_loop(true));
        ASSERT_TRUE(s.player.play());
        (void)s.process(0);  // the callback passes the order on
        for (std::uint64_t position = 0; position < 2000; position += 50) {
            s.read_all();
            const output out = s.process();
            for (std::size_t i = 0; i < 50; ++i) {
                ASSERT_EQ(out[1][i], s.from.sample((position + i) % frames, 1))
                    << "frame " << position + i << " of a file of " << frames;
            }
        }
        EXPECT_EQ(s.player.now().underruns, 0U);
    }
}

TEST(player, ends_with_the_lap_when_the_loop_is_ended_though_the_next_lap_was_read) {
    scene s(1, 200);
    ASSERT_TRUE(s.player.set_loop(true));
    ASSERT_TRUE(s.player.play());
    (void)s.process(0);
    s.read_all();
    s.expect_file(s.process(), 0);
    ASSERT_TRUE(s.player.set_loop(false));
    for (int i = 0; i < 4; ++i) {
        s.read_all();
        (void)s.process();
    }
    EXPECT_EQ(s.player.now().state, play_state::ended);
    EXPECT_EQ(s.player.now().played_frames, 200U);
}

TEST(player, goes_on_from_its_end_when_it_is_to_loop) {
    scene s(1, 128);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(128);
    s.read_all();
    (void)s.process();
    ASSERT_EQ(s.player.now().state, play_state::ended);
    ASSERT_TRUE(s.player.set_loop(true));
    (void)s.process();  // the reader has stopped at the end, too
    s.read_all();
    s.expect_file(s.process(), 0);
    EXPECT_EQ(s.player.now().state, play_state::playing);
    EXPECT_EQ(s.player.now().seek_frames, 64U);
    EXPECT_EQ(s.player.now().underruns, 0U);
}

// ---- gain and fades ------------------------------------------------------------------------------------------

TEST(player, changes_the_gain_in_a_straight_line_that_ends_at_the_target_exactly) {
    scene s(2, 100'000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(64);
    s.read_all();
    ASSERT_TRUE(s.player.set_gain(0.25F));
    const output out = s.process();
    for (int c = 0; c < 2; ++c) {
        for (int i = 0; i < ramp_frames; ++i) {
            const double gain = 1 - 0.75 * (i + 1) / ramp_frames;
            const auto sample = static_cast<double>(s.from.sample(64 + static_cast<std::uint64_t>(i), c));
            ASSERT_NEAR(static_cast<double>(out[c][static_cast<std::size_t>(i)]), gain * sample, 1e-6 * sample) << i;
        }
        for (std::size_t i = ramp_frames - 1; i < 64; ++i) ASSERT_EQ(out[c][i], 0.25F * s.from.sample(64 + i, c)) << i;
    }
}

TEST(player, begins_with_the_gain_that_was_set_before) {
    scene s(1, 1000);
    s.read_all();
    for (int i = 0; i < 3; ++i) (void)s.process();
    ASSERT_TRUE(s.player.set_gain(0.5F));
    ASSERT_TRUE(s.player.play());
    const output out = s.process();
    for (std::size_t i = 0; i < 64; ++i) ASSERT_EQ(out[0][i], 0.5F * s.from.sample(i, 0));
}

TEST(player, begins_at_full_level_after_a_seek_though_it_was_silent_before) {
    scene s(1, 100'000);
    ASSERT_TRUE(s.player.set_gain(0));
    ASSERT_TRUE(s.player.play());
    s.play_up_to(64);
    ASSERT_TRUE(s.player.seek(500));
    (void)s.process();
    ASSERT_TRUE(s.player.set_gain(1));
    (void)s.process();
    s.read_all();
    s.expect_file(s.process(), 500);
}

TEST(player, fades_out_when_it_is_paused_and_in_when_it_goes_on_and_plays_each_frame_once) {
    scene s(1, 100'000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(640);
    s.read_all();
    ASSERT_TRUE(s.player.pause());
    const output fading = s.process();
    for (std::size_t i = 0; i < ramp_frames; ++i) {
        const double gain = 1 - static_cast<double>(i + 1) / ramp_frames;
        const auto sample = static_cast<double>(s.from.sample(640 + i, 0));
        ASSERT_NEAR(static_cast<double>(fading[0][i]), gain * sample, 1e-6 * sample);
    }
    s.expect_silence(fading, ramp_frames - 1, 64);
    EXPECT_EQ(s.player.now().state, play_state::paused);
    EXPECT_EQ(s.player.now().paused_frames, 64U - ramp_frames);
    s.expect_silence(s.process());

    ASSERT_TRUE(s.player.play());
    const output rising = s.process();
    for (std::size_t i = 0; i < ramp_frames; ++i) {
        const double gain = static_cast<double>(i + 1) / ramp_frames;
        const auto sample = static_cast<double>(s.from.sample(640 + ramp_frames + i, 0));
        ASSERT_NEAR(static_cast<double>(rising[0][i]), gain * sample, 1e-6 * sample);
    }
    s.expect_file(rising, ramp_frames - 1, 64, 640 + 2 * ramp_frames - 1);
}

// ---- meters --------------------------------------------------------------------------------------------------

TEST(player, measures_peak_and_rms_of_each_channel_over_whole_windows) {
    constexpr int window = 48;  // 1 ms
    for (const int period : {16, 48, 50, 100}) {
        scene s(2, 10'000, period);
        ASSERT_TRUE(s.player.play());
        for (int done = period; done < 1000; done += period) {
            s.read_all();
            (void)s.process();
            const audio::report now = s.player.now();
            const int end = done / window * window;
            for (int c = 0; c < 2; ++c) {
                double squares = 0;
                for (int i = end - window; end > 0 && i < end; ++i)
                    squares += std::pow(static_cast<double>(s.from.sample(static_cast<std::uint64_t>(i), c)), 2);
                const double rms = std::sqrt(squares / window);
                const float peak = end > 0 ? s.from.sample(static_cast<std::uint64_t>(end - 1), c) : 0;
                const audio::level level = now.levels[static_cast<std::size_t>(c)];
                ASSERT_EQ(level.peak, peak) << done;
                ASSERT_NEAR(static_cast<double>(level.rms), rms, 1e-6 * rms) << done;
            }
        }
    }
}

TEST(player, measures_negative_peaks_and_silence) {
    audio::meter meter(4);
    const std::vector<float> samples{0.25F, -0.75F, 0.5F, 0, 0, 0, 0, 0};
    const float* const out[] = {samples.data()};
    meter.add(out, 1, 7);
    EXPECT_EQ(meter.levels()[0].peak, 0.75F);
    EXPECT_NEAR(static_cast<double>(meter.levels()[0].rms), std::sqrt((0.0625 + 0.5625 + 0.25) / 4), 1e-7);
    meter.add(out, 0, 1);
    EXPECT_EQ(meter.levels()[0].peak, 0);
    EXPECT_EQ(meter.levels()[0].rms, 0);
}

// ---- what goes wrong -----------------------------------------------------------------------------------------

TEST(player, ends_where_its_source_fails_and_says_so_and_tries_again_after_a_seek) {
    for (const std::uint64_t frame : {0U, 100U, 128U}) {
        scene s(1, 1000);
        s.from.fails_at = frame;
        ASSERT_TRUE(s.player.set_loop(true));  // must not loop over what cannot be read
        ASSERT_TRUE(s.player.play());
        for (int i = 0; i < 5; ++i) {
            s.read_all();
            (void)s.process();
        }
        EXPECT_EQ(s.player.now().state, play_state::ended);
        EXPECT_TRUE(s.player.has_failed());
        EXPECT_EQ(s.player.now().played_frames, frame);
        EXPECT_EQ(s.player.now().underruns, 0U);

        s.from.fails_at = ~std::uint64_t{0};
        ASSERT_TRUE(s.player.play());
        (void)s.process();
        s.read_all();
        s.expect_file(s.process(), 0);
        EXPECT_FALSE(s.player.has_failed());
    }
}

TEST(player, ends_when_its_source_cannot_seek) {
    scene s(1, 1000);
    ASSERT_TRUE(s.player.play());
    s.play_up_to(64);
    s.from.can_seek = false;
    ASSERT_TRUE(s.player.seek(500));
    (void)s.process();
    s.read_all();
    s.expect_silence(s.process());
    EXPECT_EQ(s.player.now().state, play_state::ended);
    EXPECT_TRUE(s.player.has_failed());
}

TEST(player, refuses_commands_when_64_are_waiting) {
    scene s(1, 1000);
    for (int i = 0; i < 64; ++i) EXPECT_EQ(s.player.seek(static_cast<std::uint64_t>(i)), status::success);
    EXPECT_EQ(s.player.play(), status::full);
    EXPECT_EQ(s.player.pause(), status::full);
    EXPECT_EQ(s.player.set_gain(1), status::full);
    EXPECT_EQ(s.player.set_loop(true), status::full);
    (void)s.process();
    EXPECT_EQ(s.player.play(), status::success);
    EXPECT_EQ(s.player.now().position, 63U);
}

TEST(player, says_in_a_sentence_what_it_cannot_play) {
    const auto problem = [](int channels, std::uint64_t frames, double file_hz, int most_frames,
                            const audio::player_settings& chosen) {
        numbered_source from(channels, frames, file_hz);
        return audio::player(from, chosen).prepare(rate_hz, most_frames);
    };
    EXPECT_THAT(problem(9, 10, rate_hz, 64, {}), HasSubstr("9 channels, and this player takes 1 to 8; mix"));
    EXPECT_THAT(problem(1, 0, rate_hz, 64, {}), HasSubstr("no frames; choose"));
    EXPECT_THAT(problem(1, 10, 44'100, 64, {}), HasSubstr("44100 frames per second and the output 48000"));
    EXPECT_THAT(problem(1, 10, rate_hz, 0, {}), HasSubstr("a callback of 0 frames; choose 1 to 65536"));
    EXPECT_THAT(problem(1, 10, rate_hz, 65'537, {}), HasSubstr("a callback of 65537 frames; choose 1 to 65536"));
    EXPECT_THAT(problem(1, 10, rate_hz, 64, {.block_frames = 0}), HasSubstr("a block of 0 frames; choose"));
    EXPECT_THAT(problem(1, 10, rate_hz, 64, {.ahead_s = 61}),
                HasSubstr("by 61.000000 s; choose more than 0 and at most 60"));
    EXPECT_THAT(problem(1, 10, rate_hz, 64, {.ahead_s = std::nan("")}), HasSubstr("choose more than 0"));
    numbered_source fast(1, 10, 1e9);
    EXPECT_THAT(audio::player(fast).prepare(1e9, 64), HasSubstr("1000000000.000000 frames per second; choose"));
    EXPECT_EQ(problem(8, 10, rate_hz, 65'536, {.ahead_s = 60}), "");
}

}  // namespace
