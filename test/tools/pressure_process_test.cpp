// SPDX-License-Identifier: MIT
//
// The process in which `weir pressure` measures: its memory, its end, and the terminal that shows its progress.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "tools/common/command.hpp"
#include "tools/common/resident.hpp"
#include "tools/pressure/play.hpp"
#include "tools/pressure/watch.hpp"

namespace {

using namespace weir::tool::pressure;
using testing::StrEq;
using weir::tool::resident_memory;
using weir::tool::stop;

// ---- Memory

std::uint64_t said_by_smaps(const void* at) {
    std::ifstream maps("/proc/self/smaps");
    bool here = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.find('-') != std::string::npos && line.find(':') > line.find('-'))
            here = std::stoull(line, nullptr, 16) == reinterpret_cast<std::uintptr_t>(at);
        if (here && line.rfind("Rss:", 0) == 0) return std::stoull(line.substr(4)) * 1024;
    }
    return 0;
}

TEST(board, that_was_touched_is_in_memory_and_as_it_was) {
    void* const place = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(place, MAP_FAILED);
    EXPECT_EQ(said_by_smaps(place), 0U);
    touch(*static_cast<board*>(place));
    EXPECT_GE(said_by_smaps(place), sizeof(board));
    static_cast<unsigned char*>(place)[4096] = 77;
    touch(*static_cast<board*>(place));
    EXPECT_EQ(static_cast<unsigned char*>(place)[4096], 77);
    ::munmap(place, sizeof(board));
}

TEST(resident_memory, is_what_the_kernel_counts_and_grows_with_what_is_written) {
    constexpr std::size_t more = 32 << 20;
    constexpr double slack = 4 << 20;  // the kernel counts in batches
    const resident_memory memory;
    const auto before = static_cast<double>(memory.bytes());
    std::ifstream status("/proc/self/status");
    double said = 0;
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmRSS:", 0) == 0) said = std::stod(line.substr(6)) * 1024;
    EXPECT_NEAR(before, said, slack);
    void* const place =
        ::mmap(nullptr, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(place, MAP_FAILED);
    EXPECT_NEAR(static_cast<double>(memory.bytes()) - before, more, slack);
    ::munmap(place, more);
}

int lowest_free_descriptor() {
    const int fd = ::open("/dev/null", O_RDONLY);
    ::close(fd);
    return fd;
}

TEST(resident_memory, closes_what_it_opened) {
    const int before = lowest_free_descriptor();
    {
        const resident_memory memory;
        EXPECT_GT(lowest_free_descriptor(), before);
        EXPECT_EQ(::fcntl(before, F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(lowest_free_descriptor(), before);
}

TEST(resident_memory, is_0_if_the_kernel_does_not_report_it) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit none{0, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const resident_memory memory;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(memory.bytes(), 0U);
}

// ---- The process

std::string sentence_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const stop& why) {
        EXPECT_EQ(why.code(), weir::tool::failed);
        return why.what();
    }
    return "nothing";
}

TEST(process, stores_an_exceptions_message_on_the_board) {
    const auto shared = std::make_unique<board>();
    EXPECT_EQ(play_or_say_why([] {}, *shared), 0);
    EXPECT_THAT(shared->end.error, StrEq(""));
    EXPECT_EQ(play_or_say_why([] { throw std::runtime_error("why"); }, *shared), 1);
    EXPECT_THAT(shared->end.error, StrEq("why"));
    EXPECT_EQ(play_or_say_why([] { throw std::runtime_error(std::string(300, 'x')); }, *shared), 1);
    EXPECT_THAT(shared->end.error, StrEq(std::string(255, 'x')));
    const auto other = std::make_unique<board>();
    EXPECT_EQ(play_or_say_why([] { throw std::bad_alloc(); }, *other), 1);
    EXPECT_THAT(other->end.error,
                StrEq("there is not enough memory; give a smaller --capacity or a shorter --burst-s"));
}

TEST(process, that_has_not_ended_well_is_a_sentence) {
    const auto shared = std::make_unique<board>();
    const auto why = [&](int status) { return sentence_of([&] { check_end(status, *shared, "reject"); }); };
    EXPECT_EQ(why(0), "nothing");
    EXPECT_EQ(why(3 << 8),
              "reject: the measured process ended with exit code 3; run it again, and report it if it persists");
    EXPECT_EQ(why(9),
              "reject: the measured process was killed by signal 9 (Killed); check that there is enough memory");
    EXPECT_EQ(play_or_say_why([] { throw std::runtime_error("why"); }, *shared), 1);
    EXPECT_EQ(why(1 << 8), "reject: why");
    shared->end.error[1] = '\0';
    EXPECT_EQ(why(1 << 8), "reject: w");
}

TEST(process, is_polled_often_and_shown_every_200_ms) {
    std::string course;
    int questions = 0;
    look_until([&] { return ++questions == 23; }, [&] { course += "look "; },
               [&](unsigned us) { course += us == 20'000 ? "." : "?"; });
    EXPECT_EQ(course, "look ..........look ..........look ..");
}

TEST(process, has_ended_when_waitpid_says_so) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        char byte = 0;
        ::_exit(::read(pipe[0], &byte, 1) == 1 ? 7 : 8);
    }
    int status = 0;
    EXPECT_FALSE(has_ended(child, status));
    ASSERT_EQ(::write(pipe[1], "x", 1), 1);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    bool ended = false;
    while (!ended && std::chrono::steady_clock::now() < deadline) ended = has_ended(child, status);
    EXPECT_TRUE(ended);
    EXPECT_EQ(status, 7 << 8);
    EXPECT_THAT(sentence_of([&] { (void)has_ended(child, status); }),
                testing::StartsWith("cannot wait for the measured process: "));
    for (const int end : pipe) ::close(end);
}

TEST(process, plays_and_its_board_is_read_when_it_has_ended) {
    conditions c;
    c.calm_s = c.burst_s = c.recovery_cap_s = 0.01;
    testing::internal::CaptureStderr();
    const auto seen = run(c, "drop_oldest", 2, 3);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::StartsWith("drop_oldest (2 of 3): "));
    EXPECT_EQ(seen.policy, "drop_oldest");
    EXPECT_TRUE(seen.exact);
    EXPECT_GT(seen.ledger.delivered, 0U);
    EXPECT_FALSE(seen.samples.empty());
    EXPECT_EQ(seen.goodput.size(), 6U);
    c.capacity = 1LL << 60;
    EXPECT_THROW((void)run(c, "drop_oldest", 2, 3), stop) << "for want of memory";
}

// ---- Results on the board

class of_a_board : public testing::Test {
protected:
    of_a_board() {
        board_->figures[0] = {"sojourn_p50_ms", 11};
        board_->figures[1] = {"loss_share", 12};
        board_->figures[2] = {"not_ready", 13};
        board_->end.figures = 2;
        for (std::size_t i = 0; i != 5; ++i) board_->samples[i].at_s = 20 + static_cast<double>(i);
        board_->samples_ready.store(4, weir::detail::relaxed);
        for (std::size_t i = 0; i != 5; ++i) board_->percentiles[i].percentile = 30 + static_cast<double>(i);
        board_->end.percentiles = 3;
        for (std::size_t i = 0; i != 5; ++i) board_->goodput[i].offered_per_s = 40 + static_cast<double>(i);
        board_->end.goodput = 1;
        board_->end.ledger.queued = 50;
        board_->end.exact = true;
    }
    outcome with_shares(double source, double sink) {
        board_->end.source_share = source;
        board_->end.sink_share = sink;
        return outcome_of(*board_, "reject");
    }

    std::unique_ptr<board> board_ = std::make_unique<board>();
};

TEST_F(of_a_board, an_outcome_has_what_is_ready) {
    const auto seen = outcome_of(*board_, "reject");
    EXPECT_EQ(seen.policy, "reject");
    ASSERT_EQ(seen.figures.size(), 2U);
    EXPECT_EQ(seen.find("sojourn_p50_ms"), 11);
    EXPECT_EQ(seen.find("loss_share"), 12);
    ASSERT_EQ(seen.samples.size(), 4U);
    EXPECT_EQ(seen.samples.back().at_s, 23);
    ASSERT_EQ(seen.percentiles.size(), 3U);
    EXPECT_EQ(seen.percentiles.back().percentile, 32);
    ASSERT_EQ(seen.goodput.size(), 1U);
    EXPECT_EQ(seen.goodput.back().offered_per_s, 40);
    EXPECT_EQ(seen.ledger.queued, 50U);
    EXPECT_TRUE(seen.exact);
    EXPECT_EQ(seen.not_held, "");
    EXPECT_FALSE(seen.not_held_at_all);
    board_->end.exact = false;
    EXPECT_FALSE(outcome_of(*board_, "reject").exact);
}

TEST_F(of_a_board, an_outcome_says_where_the_rates_were_not_held) {
    EXPECT_EQ(with_shares(0.95, 1.5).not_held, "");
    EXPECT_EQ(with_shares(1.5, 0.95).not_held, "");
    const auto seen = with_shares(0.9375, 0.53125);
    EXPECT_EQ(
        seen.not_held,
        "reject: this machine sustained only 94 % of the source's rate and 53 % of the sink's; give lower rates, or give it two idle cores");
    EXPECT_FALSE(seen.not_held_at_all);
    EXPECT_EQ(with_shares(0.94, 1).not_held.substr(0, 41), "reject: this machine sustained only 94 % ");
    EXPECT_FALSE(with_shares(1, 0.5).not_held_at_all);
    EXPECT_TRUE(with_shares(1, 0.49).not_held_at_all);
    EXPECT_TRUE(with_shares(0.49, 1).not_held_at_all);
}

// ---- The terminal

/// Replaces stderr during its lifetime.
class terminal {
public:
    terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)), kept_(::dup(STDERR_FILENO)) {
        if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
        const int slave = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
        if (slave < 0) return;
        is_there_ = ::dup2(slave, STDERR_FILENO) == STDERR_FILENO;
        ::close(slave);
    }
    ~terminal() {
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
        ::close(master_);
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    bool is_there() const { return is_there_; }
    void set_columns(unsigned short columns) const {
        winsize size{};
        size.ws_row = 25;
        size.ws_col = columns;
        ::ioctl(master_, TIOCSWINSZ, &size);
    }

private:
    int master_, kept_;
    bool is_there_ = false;
};

std::string seen_screen(const char* term, const char* no_colour) {
    term == nullptr ? ::unsetenv("TERM") : ::setenv("TERM", term, 1);
    no_colour == nullptr ? ::unsetenv("NO_COLOR") : ::setenv("NO_COLOR", no_colour, 1);
    const auto seen = screen::of_stderr();
    return fmt::format("{}{}{}", seen.redraws ? "redraws " : "", seen.colours ? "coloured " : "", seen.columns);
}

TEST(screen, redraws_on_a_wide_terminal_and_uses_colours_unless_they_are_off) {
    std::string found, in_black, dumb, unknown, unsized, wide_enough, narrow;
    {
        const terminal here;
        if (!here.is_there()) GTEST_SKIP() << "no pseudo-terminal";
        here.set_columns(133);
        found = seen_screen("xterm", nullptr);
        EXPECT_EQ(seen_screen("xterm", ""), found);
        in_black = seen_screen("xterm", "1");
        dumb = seen_screen("dumb", nullptr);
        unknown = seen_screen(nullptr, nullptr);
        here.set_columns(0);
        unsized = seen_screen("xterm", nullptr);
        here.set_columns(72);
        wide_enough = seen_screen("xterm", nullptr);
        here.set_columns(71);
        narrow = seen_screen("xterm", nullptr);
    }
    EXPECT_EQ(found, "redraws coloured 133");
    EXPECT_EQ(in_black, "redraws 133");
    EXPECT_EQ(dumb, "80");
    EXPECT_EQ(unknown, "80");
    EXPECT_EQ(unsized, "redraws coloured 80");
    EXPECT_EQ(wide_enough, "redraws coloured 72");
    EXPECT_EQ(narrow, "80");
}

TEST(screen, does_not_redraw_in_a_file) {
    const int kept = ::dup(STDERR_FILENO);
    const int file = ::open("/dev/null", O_WRONLY);
    ::dup2(file, STDERR_FILENO);
    const auto seen = seen_screen("xterm", nullptr);
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    ::close(file);
    EXPECT_EQ(seen, "80");
}

}  // namespace
