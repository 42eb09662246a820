// SPDX-License-Identifier: MIT
//
// paused_file: a reader that stands still because its ring is full, for as long as nobody plays.
#include <sys/stat.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "test/edges/support.hpp"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using weir_test::eventually;
using weir_test::is_one_line;
using weir_test::ledger;
using weir_test::ledgers;
using weir_test::process;
using weir_test::stands_still;
using weir_test::violation;

std::vector<ledger> ledgers_of(const process& player) { return ledgers(player.out(), "read"); }

ledger latest(const process& player) {
    const auto lines = ledgers_of(player);
    return lines.empty() ? ledger{} : lines.back();
}

/// "checksum 0123456789abcdef" of these bytes (FNV-1a).
std::string checksum_line(const std::string& bytes) {
    std::uint64_t sum = 0xCBF29CE484222325;
    for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    char line[64];
    std::snprintf(line, sizeof line, "checksum %016llx", static_cast<unsigned long long>(sum));
    return line;
}

/// Each test has a folder of its own.
class paused_file : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_edges_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const char* name) const { return folder_ / name; }

    /// Noise, so that no two frames are taken for each other; returns it.
    std::string write_noise(const char* name, std::size_t bytes) const {
        std::mt19937 random(1);
        std::string noise(bytes, '\0');
        for (auto& c : noise) c = static_cast<char>(random());
        std::ofstream(path(name)) << noise;
        return noise;
    }

    std::filesystem::path folder_;
};

TEST_F(paused_file, plays_every_frame_once_and_in_order) {
    const auto bytes = write_noise("song", 400'000);
    const auto seen = weir_test::run(WEIR_PAUSED_FILE, {path("song"), "--rate", "1000000"});
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("read 100000 played 100000 underruns "), HasSubstr(checksum_line(bytes))));
    const auto whole_ring = weir_test::run(WEIR_PAUSED_FILE, {path("song"), "--rate", "1000000", "--capacity", "1001",
                                                              "--block", "1000", "--period", "77"});
    EXPECT_EQ(whole_ring.exit_code, 0) << whole_ring.err;
    EXPECT_THAT(whole_ring.out, HasSubstr(checksum_line(bytes)));
}

TEST_F(paused_file, a_pause_stops_the_reader_within_the_capacity_and_resumes_where_it_was) {
    constexpr std::uint64_t capacity = 4096, block = 512;
    const auto bytes = write_noise("song", 1'600'000);
    process player(WEIR_PAUSED_FILE, {path("song"), "--rate", "200000", "--capacity", std::to_string(capacity),
                                      "--block", std::to_string(block), "--every", "5"});
    ASSERT_TRUE(eventually([&] { return latest(player)["played"] > 0; }));
    player.signal(SIGUSR1);
    // The reader goes on until there is no room for a block more.
    ASSERT_TRUE(eventually([&] {
        const auto lines = ledgers_of(player);
        return stands_still(lines, 20) && lines.back().at("queued") > capacity - block;
    })) << player.out();
    const auto paused = latest(player);
    EXPECT_LT(paused.at("read"), 400'000U);
    EXPECT_EQ(paused.at("read"), paused.at("played") + paused.at("queued"));
    const auto lines_then = ledgers_of(player).size();
    ASSERT_TRUE(eventually([&] { return ledgers_of(player).size() > lines_then + 40; }));
    EXPECT_EQ(latest(player), paused) << "for as long as the pause lasts";

    player.signal(SIGUSR2);
    EXPECT_EQ(player.wait(), 0) << player.err();
    EXPECT_THAT(player.out(), AllOf(HasSubstr("read 400000 played 400000 "), HasSubstr(checksum_line(bytes))));
    EXPECT_EQ(violation(ledgers_of(player), "read", "played", capacity), "");
}

TEST_F(paused_file, a_queue_without_a_bound_behind_the_ring_is_noticed) {
    write_noise("song", 1'600'000);
    process player(WEIR_PAUSED_FILE_UNBOUNDED,
                   {path("song"), "--rate", "10000", "--capacity", "4096", "--block", "512", "--every", "5"});
    EXPECT_TRUE(eventually([&] { return !violation(ledgers_of(player), "read", "played", 4096).empty(); }))
        << player.out();
}

TEST_F(paused_file, an_underrun_is_counted_and_costs_no_frame) {
    const auto bytes = write_noise("song", 40'000);
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    process player(WEIR_PAUSED_FILE, {path("fifo"), "--rate", "1000000", "--capacity", "512", "--every", "5"});
    std::ofstream fifo(path("fifo"));
    fifo << bytes.substr(0, 10'000) << std::flush;
    ASSERT_TRUE(eventually([&] { return latest(player)["underruns"] > 0; })) << player.out();
    fifo << bytes.substr(10'000);
    fifo.close();
    EXPECT_EQ(player.wait(), 0) << player.err();
    EXPECT_THAT(player.out(), AllOf(HasSubstr("read 10000 played 10000 "), HasSubstr(checksum_line(bytes))));
}

TEST_F(paused_file, takes_no_more_memory_for_a_file_that_is_longer) {
    const auto peak_kib = [&](const char* name, std::uintmax_t bytes) {
        std::ofstream(path(name)).close();
        std::filesystem::resize_file(path(name), bytes);  // a hole: silence, of any length
        const auto seen = weir_test::run(WEIR_PAUSED_FILE, {path(name), "--rate", "1e9", "--period", "4096"});
        EXPECT_EQ(seen.exit_code, 0) << seen.err;
        const auto at = seen.out.find("peak_memory_kib ");
        return at == std::string::npos ? 0 : std::stoul(seen.out.substr(at + 16));
    };
    const auto little = peak_kib("short", 1 << 20), much = peak_kib("long", 16 << 20);
    EXPECT_GT(little, 0U);
    EXPECT_LT(much, little + 6 * 1024) << "of 16 MiB";
}

TEST_F(paused_file, what_goes_wrong_is_a_sentence) {
    const auto fails = [](const std::vector<std::string>& arguments, int exit_code, const std::string& sentence) {
        const auto seen = weir_test::run(WEIR_PAUSED_FILE, arguments);
        EXPECT_EQ(seen.exit_code, exit_code) << sentence;
        EXPECT_THAT(seen.err, AllOf(is_one_line(), HasSubstr(sentence)));
    };
    write_noise("odd", 4003);
    fails({path("odd"), "--rate", "1000000"}, 1, "ends 3 bytes into a frame of 4, which were skipped");
    fails({path("none")}, 1, "cannot open '" + path("none") + "': No such file or directory");
    fails({folder_}, 1, "Is a directory");
    fails({}, 2, "file is required");
    fails({path("odd"), "--capacity", "0"}, 2, "--capacity");
}

}  // namespace
