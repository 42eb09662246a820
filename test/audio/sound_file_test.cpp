// SPDX-License-Identifier: MIT
//
// Sound files of several kinds, rendered by examples/audio/offline_host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "test/audio/wav.hpp"
#include "test/support/subprocess.hpp"
#include "test/support/temporary_file.hpp"

namespace {

using namespace weir_test;
using testing::HasSubstr;
using testing::MatchesRegex;

outcome render(const std::string& from, const std::string& to, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {from, to});
    return run(OFFLINE_HOST, more);
}

std::vector<std::int16_t> some_samples(std::size_t n) {
    std::vector<std::int16_t> samples;
    for (std::size_t i = 0; i < n; ++i) samples.push_back(static_cast<std::int16_t>((i * 7919 + 13) % 65'536 - 32'768));
    return samples;
}

TEST(offline_host, renders_16_bit_files_sample_by_sample) {
    for (const int channels : {1, 2, 6}) {
        const std::vector<std::int16_t> samples = some_samples(50'001 * static_cast<std::size_t>(channels));
        const temporary_file from(wav_of(channels, 44'100, samples)), to;
        const outcome end = render(from.path(), to.path(), {"--block", "333"});
        ASSERT_EQ(end.exit_code, 0) << end.err;
        EXPECT_THAT(end.out, HasSubstr("played_frames 50001 underruns 0 underrun_frames 0 seek_frames 0 "));
        const std::vector<float> rendered = floats_of_wav(to.text());
        ASSERT_EQ(rendered.size(), samples.size());
        for (std::size_t i = 0; i < samples.size(); ++i)
            ASSERT_EQ(rendered[i], static_cast<float>(samples[i]) / 32'768) << i;
    }
}

TEST(offline_host, renders_files_of_floats_bit_by_bit_whatever_the_block) {
    std::vector<float> samples;
    for (int i = 0; i < 100'000; ++i)
        samples.push_back(std::sin(static_cast<float>(i)) * 1.5F);  // beyond full scale, too
    const temporary_file from(wav_of(2, 96'000, samples)), to;
    for (const char* const block : {"1", "64", "65536"}) {
        const outcome end = render(from.path(), to.path(), {"--block", block});
        ASSERT_EQ(end.exit_code, 0) << end.err;
        EXPECT_EQ(floats_of_wav(to.text()), samples);
    }
}

TEST(offline_host, begins_later_and_changes_the_gain) {
    const std::vector<float> samples(48'000, 0.5F);
    const temporary_file from(wav_of(1, 48'000, samples)), to;
    const outcome end = render(from.path(), to.path(), {"--start", "0.75", "--gain", "-20"});
    ASSERT_EQ(end.exit_code, 0) << end.err;
    const std::vector<float> rendered = floats_of_wav(to.text());
    ASSERT_EQ(rendered.size(), 12'000U);
    for (const float sample : rendered) ASSERT_NEAR(sample, 0.05F, 1e-6F);
}

TEST(offline_host, refuses_what_it_cannot_read_with_one_sentence) {
    const temporary_file to, text("this is no sound"), nothing, no_frames(wav_of(2, 48'000, std::vector<float>{})),
        too_wide(wav_of(9, 48'000, std::vector<float>(90)));
    const auto refused = [&](const std::string& from, const std::string& why) {
        const outcome end = render(from, to.path());
        EXPECT_EQ(end.exit_code, 1);
        EXPECT_EQ(end.out, "");
        EXPECT_THAT(end.err, MatchesRegex("offline_host: [^\n]*\n"));
        EXPECT_THAT(end.err, HasSubstr(why));
    };
    refused("/nonexistent.wav", "cannot open '/nonexistent.wav'");
    refused(text.path(), "Choose a sound file");
    refused(nothing.path(), "Choose a sound file");
    refused(no_frames.path(), "no frames");
    refused(too_wide.path(), "9 channels");
}

TEST(offline_host, plays_what_there_is_of_a_file_that_was_cut_off) {
    const std::vector<std::int16_t> samples = some_samples(10'000);
    const std::string whole = wav_of(1, 48'000, samples);
    const temporary_file from(whole.substr(0, 44 + 2 * 5000)), to;
    const outcome end = render(from.path(), to.path());
    EXPECT_EQ(end.exit_code, 0) << end.err;
    EXPECT_EQ(floats_of_wav(to.text()).size(), 5000U);
}

TEST(offline_host, says_where_it_cannot_write_and_what_is_wrong_usage) {
    const temporary_file from(wav_of(1, 48'000, std::vector<float>(1000)));
    const outcome nowhere = render(from.path(), "/nonexistent/out.wav");
    EXPECT_EQ(nowhere.exit_code, 1);
    EXPECT_THAT(nowhere.err, HasSubstr("cannot write '/nonexistent/out.wav'"));
    EXPECT_EQ(render(from.path(), "/dev/null", {"--block", "0"}).exit_code, 2);
    EXPECT_EQ(run(OFFLINE_HOST, {}).exit_code, 2);
    EXPECT_EQ(run(OFFLINE_HOST, {"--help"}).exit_code, 0);
}

}  // namespace
