// SPDX-License-Identifier: MIT
//
// The callback makes no system call and no thread calls the allocator, while the reader reads a file: the kernel is asked to kill
// the callback's process otherwise.
#include <gtest/gtest.h>

#include "test/support/sanitized.hpp"

#if WEIR_TEST_SANITIZED
TEST(player_real_time, is_tested_without_sanitizers) {
    GTEST_SKIP() << "a sanitizer makes its own syscalls and allocations";
}
#else

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "test/audio/player_support.hpp"
#include "test/support/forbidden.hpp"
#include "test/support/temporary_file.hpp"
#include "test/support/wait_support.hpp"

namespace {

using namespace weir_test;

/// A file of stereo floats, each with a value of its own.
class raw_file : public audio::source {
public:
    explicit raw_file(std::uint64_t frames) : frames_(frames), fd_(::open(file_.path().c_str(), O_RDWR | O_CLOEXEC)) {
        std::vector<float> samples;
        for (std::uint64_t i = 0; i < frames; ++i) {
            for (int c = 0; c < 2; ++c) samples.push_back(numbered_source::sample(2, i, c));
        }
        const auto bytes = static_cast<ssize_t>(samples.size() * sizeof(float));
        EXPECT_EQ(::write(fd_, samples.data(), static_cast<std::size_t>(bytes)), bytes);
    }
    ~raw_file() override { ::close(fd_); }
    int channels() const noexcept override { return 2; }
    double rate_hz() const noexcept override { return 48'000; }
    std::uint64_t frames() const noexcept override { return frames_; }
    bool seek(std::uint64_t frame) noexcept override {
        return ::lseek(fd_, static_cast<off_t>(frame * frame_bytes), SEEK_SET) >= 0;
    }
    std::size_t read(float* into, std::size_t frames) noexcept override {
        const ssize_t got = ::read(fd_, into, frames * frame_bytes);
        return got < 0 ? 0 : static_cast<std::size_t>(got) / frame_bytes;
    }

private:
    static constexpr std::size_t frame_bytes = 2 * sizeof(float);
    temporary_file file_;
    const std::uint64_t frames_;
    const int fd_;
};

class player_real_time : public testing::Test {
protected:
    void SetUp() override {
        if (this_architecture == 0 || without_syscalls([] { return true; }) != done)
            GTEST_SKIP() << "seccomp filters are not allowed here";
    }
};

constexpr int period = 64;
constexpr std::uint64_t frames = 100'000;

/// Plays in a child whose callback may make no system call. `between` is called before each callback.
template <class Between>
ending play_without_syscalls(audio::player& player, std::uint64_t callbacks, Between between) {
    output out(2, period);
    return without_syscalls(
        [&] {
            if (!player.prepare(48'000, period).empty()) ::_exit(wrong);
            (void)player.set_loop(true);
            (void)player.play();
        },
        [&] {
            std::uint64_t played = 0;
            for (std::uint64_t i = 0; i < callbacks || played < callbacks * period / 4; ++i) {
                between(i);
                player.process(out.data(), period);
                for (std::size_t f = 1; f < period; ++f) {
                    // In order, but for silence and the beginning of a lap.
                    const float before = out[0][f - 1], now = out[0][f];
                    if (before != 0 && now != 0 && now != 1 && now != before + 2) return false;
                    if (now != 0 && out[1][f] != now + 1) return false;
                }
                const audio::report report = player.now();
                played = report.played_frames;
                // Waits, without a system call, for a reader that shares a CPU with many others.
                if (report.ahead_frames < period) {
                    for (int n = 0; n < 1000; ++n) weir::detail::pause();
                }
            }
            return !player.has_failed();
        });
}

TEST_F(player_real_time, the_callback_makes_no_system_call_and_nobody_allocates_while_a_file_is_played) {
    raw_file file(frames);
    audio::player player(file);
    const ending end = play_without_syscalls(player, rounds(100'000), [](std::uint64_t) {});
    EXPECT_EQ(end, done) << name_of(end);
}

TEST_F(player_real_time, nor_while_it_seeks_pauses_and_runs_dry) {
    raw_file file(frames);
    audio::player player(file, {.ahead_s = 0.01, .block_frames = 256, .ramp_s = 1e-6});
    numbers random(5);
    const ending end = play_without_syscalls(player, rounds(100'000), [&](std::uint64_t i) {
        if (i % 50 == 0) (void)player.seek(random.below(frames + 100));
        if (i % 50 == 20) (void)player.pause();
        if (i % 50 == 25) (void)player.play();
        if (i % 400 == 30) (void)player.set_loop(random.below(2) == 0);
    });
    EXPECT_EQ(end, done) << name_of(end);
}

using player_real_time_control = player_real_time;

// Such a call is noticed: offline the callback sleeps while the ring is empty, and the player says so.
TEST_F(player_real_time_control, a_callback_that_waits_for_the_reader_is_killed) {
    raw_file file(frames);
    audio::player player(file, {.ahead_s = 0.01, .block_frames = 256});
    const ending end = play_without_syscalls(player, 100'000, [&](std::uint64_t) { player.set_offline(true); });
    EXPECT_EQ(end, killed) << name_of(end);
}

}  // namespace

#endif
