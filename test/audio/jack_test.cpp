// SPDX-License-Identifier: MIT
//
// examples/audio/jack_player beside a server of its own, without a sound card: jackd -d dummy, at 64 frames a callback.
//
// WEIR_AUDIO_SECONDS=60 in the environment plays for a minute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "test/audio/wav.hpp"
#include "test/support/subprocess.hpp"
#include "test/support/temporary_file.hpp"

namespace {

using namespace weir_test;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// A server with a name of its own, which ends with this object. Without real-time scheduling and locked memory, which containers
/// often forbid; with time for a busy machine before it drops a client.
class server {
public:
    server()
        : jackd_(JACKD, {"--name", name_, "--no-realtime", "--no-mlock", "--timeout", "10000", "-d", "dummy", "--rate",
                         "48000", "--period", "64"}) {}
    ~server() {
        if (jackd_.is_running()) jackd_.signal(SIGTERM);  // so that it removes its shared memory
        (void)eventually([&] { return !jackd_.is_running(); }, 10s);
    }

    const std::string& name() const { return name_; }
    bool runs() {
        return run(JACK_WAIT, {"--server", name_, "--wait", "--timeout", "30"}).exit_code == 0 && jackd_.is_running();
    }
    void kill() { jackd_.signal(SIGKILL); }
    std::string messages() const { return jackd_.out() + jackd_.err(); }

private:
    const std::string name_ = "weir_test_" + std::to_string(::getpid());
    process jackd_;
};

class jack_player : public testing::Test {
protected:
    void SetUp() override {
        if (std::string(JACKD).empty() || std::string(JACK_WAIT).empty())
            GTEST_SKIP() << "there is no jackd; Debian: apt-get install jackd2";
        jackd = std::make_unique<server>();
        if (!jackd->runs()) GTEST_SKIP() << "jackd does not start here: " << jackd->messages();
    }

    static std::string tone(int seconds) {
        std::vector<std::int16_t> samples;
        for (int i = 0; i < 48'000 * seconds; ++i) {
            for (const double hz : {440.0, 660.0})
                samples.push_back(static_cast<std::int16_t>(16'384 * std::sin(i * 2 * 3.14159265358979 * hz / 48'000)));
        }
        return wav_of(2, 48'000, samples);
    }
    std::vector<std::string> arguments(const std::string& file, std::vector<std::string> more) const {
        more.insert(more.begin(), {file, "--server", jackd->name(), "--ahead", "2"});
        return more;
    }
    /// The figures at the end of the report, by name.
    static std::map<std::string, std::uint64_t> figures_of(const std::string& out) {
        const std::size_t begin = out.find("callbacks ");
        EXPECT_NE(begin, std::string::npos) << out;
        std::map<std::string, std::uint64_t> figures;
        std::istringstream words(begin == std::string::npos ? "" : out.substr(begin));
        for (std::string name, value; words >> name >> value;)
            figures[name] = std::strtoull(value.c_str(), nullptr, 10);
        return figures;
    }

    std::unique_ptr<server> jackd;
};

TEST_F(jack_player, plays_a_file_without_an_underrun_of_its_own) {
    const char* const chosen = std::getenv("WEIR_AUDIO_SECONDS");
    const temporary_file file(tone(5));
    const outcome end =
        run(JACK_PLAYER, arguments(file.path(), {"--loop", "--seconds", chosen != nullptr ? chosen : "3"}));
    ASSERT_EQ(end.exit_code, 0) << end.err;
    EXPECT_EQ(end.err, "");
    auto figures = figures_of(end.out);
    EXPECT_GT(figures["played_frames"], 0U);
    EXPECT_EQ(figures["underruns"], 0U) << end.out;
    EXPECT_EQ(figures["underrun_frames"], 0U);
    EXPECT_EQ(figures["end_frames"] + figures["paused_frames"], 0U);
    EXPECT_EQ(figures["processed_frames"], figures["callbacks"] * 64);
    EXPECT_EQ(figures["processed_frames"], figures["played_frames"] + figures["seek_frames"]);
    if (chosen != nullptr) std::fputs(end.out.c_str(), stdout);
}

TEST_F(jack_player, obeys_commands_and_ends_at_the_end_of_the_file) {
    const temporary_file file(tone(3));
    const temporary_file commands("pause\nfaster\nseek 2.5\nloop off\ngain -6\nplay\n");
    const outcome end = run(JACK_PLAYER, arguments(file.path(), {"--paused"}),
                            [&] { ::dup2(::open(commands.path().c_str(), O_RDONLY), STDIN_FILENO); });
    ASSERT_EQ(end.exit_code, 0) << end.err;
    EXPECT_THAT(end.out, HasSubstr("'faster' is none of: play, pause, seek SECONDS"));
    auto figures = figures_of(end.out);
    EXPECT_EQ(figures["played_frames"], 24'000U) << end.out;
    EXPECT_EQ(figures["underruns"], 0U);
}

TEST_F(jack_player, ends_at_a_signal_with_its_figures) {
    const temporary_file file(tone(1));
    process player(JACK_PLAYER, arguments(file.path(), {"--loop", "--every", "0.1"}));
    ASSERT_TRUE(eventually([&] { return player.out().find("playing") != std::string::npos; }));
    player.signal(SIGTERM);
    const outcome end = player.wait_for_outcome();
    EXPECT_EQ(end.exit_code, 0) << end.err;
    EXPECT_GT(figures_of(end.out)["played_frames"], 0U);
}

TEST_F(jack_player, says_that_the_server_has_gone) {
    const temporary_file file(tone(1));
    process player(JACK_PLAYER, arguments(file.path(), {"--loop", "--every", "0.1"}));
    ASSERT_TRUE(eventually([&] { return player.out().find("playing") != std::string::npos; }));
    jackd->kill();
    const outcome end = player.wait_for_outcome();
    EXPECT_EQ(end.exit_code, 1);
    EXPECT_THAT(end.err, HasSubstr("jack_player: the JACK server has ended, or has dropped this client"));
    EXPECT_GT(figures_of(end.out)["played_frames"], 0U);
}

TEST_F(jack_player, refuses_another_sample_rate_and_a_server_that_does_not_run) {
    const temporary_file file(wav_of(1, 44'100, std::vector<float>(100)));
    const outcome rate = run(JACK_PLAYER, arguments(file.path(), {}));
    EXPECT_EQ(rate.exit_code, 1);
    EXPECT_EQ(
        rate.err,
        "jack_player: the file has 44100 frames per second and the output 48000, and this player does not resample; "
        "convert the file, or change the rate\n");
    const outcome refused = run(JACK_PLAYER, {file.path(), "--server", "weir_absent"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("cannot reach the JACK server 'weir_absent'"));
}

}  // namespace
