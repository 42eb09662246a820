// SPDX-License-Identifier: MIT
//
// The player with its reader thread.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <thread>

#include "test/audio/player_support.hpp"
#include "test/support/wait_support.hpp"

namespace {

using namespace weir_test;
using audio::play_state;
using namespace std::chrono_literals;

constexpr double rate_hz = 48'000;

TEST(player_threads, offline_it_waits_for_a_slow_reader_and_renders_every_frame) {
    numbered_source from(2, 20'000);
    from.delay = 200us;
    audio::player player(from, {.ahead_s = 0.001, .block_frames = 64});
    ASSERT_EQ(player.prepare(rate_hz, 256), "");
    player.set_offline(true);
    ASSERT_TRUE(player.play());
    output out(2, 256);
    for (std::uint64_t position = 0; position < 19'968; position += 256) {
        player.process(out.data(), 256);
        for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(out[1][i], from.sample(position + i, 1)) << position + i;
        if (position == 5120) {
            ASSERT_TRUE(player.seek(5376));  // waits for this, too
        }
    }
    player.process(out.data(), 256);
    EXPECT_EQ(player.now().state, play_state::ended);
    EXPECT_EQ(player.now().played_frames, 20'000U);
    EXPECT_EQ(player.now().underruns + player.now().seek_frames, 0U);
}

TEST(player_threads, offline_it_ends_where_the_source_fails) {
    numbered_source from(1, 20'000);
    from.fails_at = 1000;
    audio::player player(from);
    ASSERT_EQ(player.prepare(rate_hz, 64), "");
    player.set_offline(true);
    ASSERT_TRUE(player.play());
    output out(1, 64);
    while (player.now().state != play_state::ended) player.process(out.data(), 64);
    EXPECT_EQ(player.now().played_frames, 1000U);
    EXPECT_TRUE(player.has_failed());
}

// Three threads at once: a user that seeks, pauses, loops and looks at the meters; a callback; a reader. A callback plays frames of
// the file in order, but for silence and one jump for each seek.
TEST(player_threads, every_callback_plays_frames_in_order_whatever_the_user_does) {
    constexpr std::uint64_t frames = 30'000;
    constexpr int period = 64;
    numbered_source from(2, frames);
    audio::player player(from, {.ahead_s = 0.02, .block_frames = 256, .ramp_s = 1e-6});  // ramps of one frame
    ASSERT_EQ(player.prepare(rate_hz, period), "");

    std::atomic<bool> is_over{false};
    std::thread user([&] {
        numbers random(7);
        std::uint64_t seen = 0;
        while (!is_over) {
            switch (random.below(6)) {
            case 0: (void)player.pause(); break;
            case 1:
            case 2: (void)player.seek(random.below(frames)); break;
            case 3: (void)player.set_loop(random.below(2) == 0); break;
            default: (void)player.play(); break;
            }
            const audio::report now = player.now();
            if (now.processed_frames < seen) ADD_FAILURE() << "an older report after a newer one";
            seen = now.processed_frames;
            std::this_thread::sleep_for(std::chrono::microseconds(random.below(300)));
        }
    });

    const std::uint64_t callbacks = rounds(40'000);
    output out(2, period);
    std::uint64_t jumps = 0, wrong = 0;
    for (std::uint64_t i = 0; i < callbacks || player.now().played_frames == 0; ++i) {
        player.process(out.data(), period);
        float before = 0;
        for (std::size_t f = 0; f < period; ++f) {
            const float left = out[0][f];
            if (left == 0) {
                wrong += out[1][f] != 0;
                continue;
            }
            wrong += out[1][f] != left + 1;
            const bool follows =
                before == 0 || left == before + 2 || (before == from.sample(frames - 1, 0) && left == 1);
            jumps += !follows;
            before = left;
        }
        if (i % 8 == 0) std::this_thread::sleep_for(20us);
    }
    is_over = true;
    user.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(jumps, 0U) << "a seek begins with a callback, so there is no jump within one";
    const audio::report now = player.now();
    EXPECT_GT(now.played_frames, 0U);
    EXPECT_EQ(now.processed_frames,
              now.played_frames + now.underrun_frames + now.seek_frames + now.paused_frames + now.end_frames);
}

TEST(player_threads, its_reader_ends_with_it_whatever_it_waits_for) {
    for (const bool is_full : {true, false}) {
        numbered_source from(1, is_full ? 1'000'000 : 10);
        audio::player player(from);
        ASSERT_EQ(player.prepare(rate_hz, 64), "");
        std::this_thread::sleep_for(2ms);
        player.release();
        player.release();
        ASSERT_EQ(player.prepare(rate_hz, 64), "");
    }
}

}  // namespace
