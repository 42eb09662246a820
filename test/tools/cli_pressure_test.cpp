// SPDX-License-Identifier: MIT
//
// `weir pressure` as a user, a script or a browser sees it. Measured rates and times depend on the machine, so no
// test
// checks them; but the ledger must be exact always. A machine that cannot sustain the rates is reported by exit code
// 77.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/browser.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct outcome {
    int exit_code;
    std::string out;
    std::string err;
};

using variables = std::vector<std::pair<std::string, std::string>>;

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<char*> argv_of(std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    return argv;
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Each test runs the programs in a folder of its own.
class cli_pressure : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_pressure_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    outcome run_program(std::vector<std::string> arguments, const variables& environment = {}) {
        const auto argv = argv_of(arguments);
        const auto out = folder_ / "stdout", err = folder_ / "stderr";
        const pid_t child = ::fork();
        if (child == 0) {
            for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
            ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
            ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
            if (::chdir(folder_.c_str()) == 0) ::execvp(argv[0], argv.data());
            ::_exit(126);
        }
        const int code = wait_for(child);
        return {code, read_file(out), read_file(err)};
    }

    outcome pressure(std::vector<std::string> arguments, const variables& environment = {}) {
        arguments.insert(arguments.begin(), {WEIR_TOOL, "pressure"});
        return run_program(std::move(arguments), environment);
    }

    /// The smallest run, with ample time to recover, for machines whose cores are shared.
    outcome measure(std::vector<std::string> arguments, const variables& environment = {}) {
        arguments.insert(arguments.end(), small_scale.begin(), small_scale.end());
        return pressure(std::move(arguments), environment);
    }
    const std::vector<std::string> small_scale{"--quick", "--calm-s",         "0.05", "--burst-s",
                                               "0.1",     "--capacity",       "128",  "--calm-per-s",
                                               "2000",    "--recovery-cap-s", "1"};

    /// All output of a run on a terminal.
    std::string on_a_terminal(std::vector<std::string> arguments, const variables& environment) {
        const auto argv = argv_of(arguments);
        int terminal = -1;
        const winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
        const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
        if (child == 0) {
            for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
            ::execvp(argv[0], argv.data());
            ::_exit(126);
        }
        std::string text;
        char part[4096];
        for (ssize_t size_read; (size_read = ::read(terminal, part, sizeof part)) > 0;)
            text.append(part, static_cast<std::size_t>(size_read));
        (void)wait_for(child);
        ::close(terminal);
        return text;
    }

    void expect_refusal(const std::vector<std::string>& arguments, int exit_code, const std::string& sentence) {
        const auto seen = pressure(arguments);
        EXPECT_EQ(seen.exit_code, exit_code) << sentence;
        EXPECT_EQ(seen.out, "");
        EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1) << seen.err;
        EXPECT_THAT(seen.err, AllOf(StartsWith("weir pressure: "), HasSubstr(sentence)));
    }

    std::filesystem::path folder_;
};

constexpr int not_here = 77;

const std::vector<std::string>& all_policies() {
    static const std::vector<std::string> names{"unbounded",   "block",  "reject",      "drop_newest",
                                                "drop_oldest", "sample", "shed_lowest", "codel"};
    return names;
}

// ---- Results

TEST_F(cli_pressure, accounts_for_every_item_under_every_policy) {
    const auto seen = measure({"--all", "--json", "run.json"});
    ASSERT_THAT(seen.exit_code, AnyOf(0, not_here)) << seen.err;
    EXPECT_THAT(seen.err, StartsWith("weir pressure: 8 policies for about "));
    EXPECT_THAT(seen.out, AllOf(HasSubstr("ledger"), HasSubstr("predicted"), Not(HasSubstr("WRONG"))));
    const auto found = json::parse(read_file(folder_ / "run.json"));
    EXPECT_EQ(found["schema_version"], 1);
    std::vector<std::string> names;
    for (const auto& policy : found["policies"]) {
        const std::string name = policy["name"];
        names.push_back(name);
        const auto& ledger = policy["ledger"];
        EXPECT_EQ(ledger["exact"], true) << name;
        const auto count = [&](const char* key) { return ledger[key].get<std::uint64_t>(); };
        EXPECT_EQ(count("offered"), count("refused") + count("accepted")) << name;
        EXPECT_EQ(count("accepted"), count("delivered") + count("queued") + count("lost")) << name;
        EXPECT_EQ(count("lost"), count("lost_newest") + count("lost_oldest") + count("lost_sampled") +
                                     count("lost_lowest") + count("lost_late"))
            << name;
        EXPECT_GT(count("delivered"), 0U) << name;
        if (name == "unbounded" || name == "block") {
            EXPECT_EQ(count("lost") + count("refused"), 0U) << name;
        } else {
            EXPECT_LE(count("queued"), 128U) << name;
        }
        if (name != "reject") {
            EXPECT_EQ(count("refused"), 0U) << name;
        }
        for (const auto* key : {"predicted", "bounds", "measured", "comparisons", "percentiles", "goodput", "series"})
            EXPECT_TRUE(policy.contains(key)) << name << " " << key;
        for (const auto& [key, value] : policy["predicted"].items()) {
            EXPECT_TRUE(value.is_number()) << name << " " << key;
            EXPECT_TRUE(policy["measured"].contains(key)) << name << " " << key;
        }
        const auto& series = policy["series"];
        EXPECT_GT(series["at_s"].size(), 0U) << name;
        for (const auto& [key, column] : series.items())
            EXPECT_EQ(column.size(), series["at_s"].size()) << name << " " << key;
        EXPECT_EQ(policy["goodput"].size(), 6U) << name;
        if (name != "unbounded") {
            for (const auto& depth : series["depth"]) EXPECT_LE(depth, 128) << name;
        }
    }
    EXPECT_EQ(names, all_policies());
}

TEST_F(cli_pressure, json_takes_the_place_of_the_table) {
    const auto seen = measure({"--policy", "reject,drop_oldest", "--json"});
    ASSERT_THAT(seen.exit_code, AnyOf(0, not_here)) << seen.err;
    const auto found = json::parse(seen.out);
    EXPECT_EQ(found["policies"].size(), 2U);
    EXPECT_EQ(found["conditions"]["burst_s"], 0.1) << "what is given goes before --quick";
    EXPECT_EQ(found["conditions"]["capacity"], 128);
}

TEST_F(cli_pressure, says_so_if_nothing_is_overloaded) {
    const auto seen = measure({"--policy", "reject", "--burst-per-s", "30000"});
    ASSERT_THAT(seen.exit_code, AnyOf(0, not_here)) << seen.err;
    EXPECT_THAT(seen.out, HasSubstr("is within the sink's"));
}

// ---- Progress

TEST_F(cli_pressure, without_a_terminal_it_writes_plain_lines) {
    const auto seen = measure({"--policy", "drop_newest"}, {{"TERM", "xterm"}});
    ASSERT_THAT(seen.exit_code, AnyOf(0, not_here)) << seen.err;
    EXPECT_THAT(seen.err, AllOf(HasSubstr("drop_newest: "), HasSubstr("depth "), HasSubstr("lost ")));
    EXPECT_THAT(seen.err + seen.out, Not(HasSubstr("\x1b")));
}

TEST_F(cli_pressure, on_a_terminal_it_draws_in_place_and_honours_no_color) {
    std::vector<std::string> arguments{WEIR_TOOL, "pressure", "--policy", "reject"};
    arguments.insert(arguments.end(), small_scale.begin(), small_scale.end());
    const auto coloured = on_a_terminal(arguments, {{"TERM", "xterm"}, {"NO_COLOR", ""}});
    EXPECT_THAT(coloured, AllOf(HasSubstr("\x1b[2K"), HasSubstr("\x1b[1;36m")));
    const auto plain = on_a_terminal(arguments, {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
    EXPECT_THAT(plain, AllOf(HasSubstr("\x1b[2K"), Not(HasSubstr("\x1b[1;36m")), Not(HasSubstr("\x1b[0m"))));
    const auto dumb = on_a_terminal(arguments, {{"TERM", "dumb"}, {"NO_COLOR", ""}});
    EXPECT_THAT(dumb, Not(HasSubstr("\x1b")));
}

// ---- Errors

TEST_F(cli_pressure, wrong_usage_is_exit_code_2_and_one_sentence) {
    expect_refusal({}, 2, "no policy is given: give --policy unbounded|block|");
    expect_refusal({"--policy", "hope"}, 2, "--policy hope: there is no such policy; give unbounded, block, ");
    expect_refusal({"--policy", "block", "--all"}, 2, "give one of the two");
    expect_refusal({"--all", "--capacity", "0"}, 2, "--capacity 0: a ring has at least one slot");
    expect_refusal({"--all", "--capacity", "-1"}, 2,
                   "--capacity -1: a ring has at least one slot, and must fit in memory; give 1 to 16777216");
    expect_refusal({"--all", "--burst-per-s", "0"}, 2, "--burst-per-s 0: a rate is");
    expect_refusal({"--all", "--sink-per-s", "0"}, 2, "--sink-per-s 0: a rate is");
    expect_refusal({"--all", "--calm-per-s", "nan"}, 2, "--calm-per-s nan: this is no number; a rate is");
    expect_refusal({"--policy", ""}, 2, "--policy: the value is empty; give one");
    expect_refusal({"--all", "--json="}, 2, "--json: the name is empty; give one");
    expect_refusal({"--all", "--high-one-in", "x"}, 2, "--high-one-in x: this is no whole number; ");
    expect_refusal({"--all", "--burst-s", "0"}, 2, "--burst-s 0: ");
    expect_refusal({"--all", "--bogus"}, 2, "there is no '--bogus'");
    expect_refusal({"--from", "run.json"}, 2, "name the file to write with --html FILE");
    expect_refusal({"--from", "run.json", "--html", "x.html", "--all"}, 2,
                   "--from draws a saved run, so --all has no effect: leave out one of them");
    expect_refusal({"--from", "run.json", "--html", "x.html", "--capacity", "8"}, 2, "so --capacity has no effect");
    expect_refusal({"--from", "run.json", "--html", "x.html", "--quick"}, 2, "so --quick has no effect");
    expect_refusal({"--from", "run.json", "--html", "./run.json"}, 2, "would be overwritten; name another");
    expect_refusal({"--policy", "block", "--json", "run", "--html", "./run"}, 2, "the JSON goes to this file");
}

TEST_F(cli_pressure, a_file_that_cannot_be_written_is_a_failure_before_anything_is_measured) {
    for (const auto* option : {"--json", "--html"})
        expect_refusal({"--all", option, "nowhere/file"}, 1,
                       "cannot write 'nowhere/file': No such file or directory; name");
    expect_refusal({"--from", "nowhere.json", "--html", "x.html"}, 1, "cannot read 'nowhere.json': No such file");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.html"));
}

TEST_F(cli_pressure, a_backlog_larger_than_memory_is_refused) {
    expect_refusal({"--policy", "unbounded", "--burst-per-s", "1e7", "--burst-s", "3600"}, not_here,
                   "the unbounded queue would grow to ");
}

TEST_F(cli_pressure, without_gnuplot_the_figures_are_kept) {
    const auto seen = measure({"--policy", "reject", "--html", "report.html"}, {{"PATH", "/nonexistent"}});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.out, HasSubstr("predicted"));
    const auto last = seen.err.substr(seen.err.rfind("weir pressure: "));
    EXPECT_THAT(last,
                AllOf(StartsWith("weir pressure: pictures need gnuplot"), HasSubstr("apt-get install gnuplot-nox"),
                      HasSubstr("--from report.html.json --html report.html")));
    EXPECT_EQ(std::count(last.begin(), last.end(), '\n'), 1);
    EXPECT_EQ(json::parse(read_file(folder_ / "report.html.json"))["policies"].size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "report.html"));

    const auto again = pressure({"--from", "report.html.json", "--html", "report.html"}, {{"PATH", "/nonexistent"}});
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_EQ(std::count(again.err.begin(), again.err.end(), '\n'), 1) << again.err;
}

TEST_F(cli_pressure, help_names_every_policy_and_the_scale) {
    const auto seen = pressure({"--help"});
    EXPECT_EQ(seen.exit_code, 0);
    for (const auto& policy : all_policies()) EXPECT_THAT(seen.out, HasSubstr("  " + policy));
    EXPECT_THAT(seen.out, AllOf(HasSubstr("--burst-per-s"), HasSubstr("--quick"), HasSubstr("Examples:")));
}

// ---- The report

TEST_F(cli_pressure, report_opens_in_a_browser_with_every_picture_and_figure) {
    if (run_program({"gnuplot", "--version"}).exit_code != 0) GTEST_SKIP() << "there is no gnuplot";
    if (!weir_test::find_program("chromium")) GTEST_SKIP() << "there is no chromium";
    const auto seen = measure({"--all", "--json", "run.json", "--html", "report.html"});
    ASSERT_THAT(seen.exit_code, AnyOf(0, not_here)) << seen.err;
    const auto page = read_file(folder_ / "report.html");
    for (const auto* outside : {"src=", "<link", "@import", "url("}) EXPECT_THAT(page, Not(HasSubstr(outside)));

    std::vector<std::string> pictures{"depth", "waiting", "sojourn", "loss", "goodput", "rates", "memory", "recovery"};
    std::set<std::string> figures;
    const auto run = json::parse(read_file(folder_ / "run.json"));
    for (const auto& policy : run["policies"]) {
        const std::string name = policy["name"];
        for (const auto* picture : {"-depth", "-delay", "-rates"}) pictures.push_back(name + picture);
        for (const auto& compared : policy["comparisons"])
            figures.insert(name + ".compared." + compared["figure"].get<std::string>());
        for (const auto* key :
             {"loss_share", "sojourn_p50_ms", "last_arrival_delay_s", "recovery_s", "memory_growth_bytes"})
            figures.insert(name + "." + key);
    }
    for (const int width : {400, 1600}) {
        const auto [found, console] = weir_test::in_browser(page, width, folder_);
        ASSERT_TRUE(found.is_object()) << "the page did not load";
        EXPECT_EQ(console, "") << width;
        EXPECT_EQ(found["pictures"].get<std::vector<std::string>>(), pictures) << width;
        EXPECT_EQ(found["headings"].get<std::vector<std::string>>(), all_policies());
        const auto shown = found["figures"].get<std::set<std::string>>();
        EXPECT_TRUE(std::includes(shown.begin(), shown.end(), figures.begin(), figures.end())) << width;
        EXPECT_EQ(found["doubled"], 0) << "ids that are not unique";
        EXPECT_EQ(found["scripts"], 0);
        EXPECT_LE(found["too_wide_px"], 0) << width;
        EXPECT_GE(found["smallest_text_px"], 9) << width;
    }
}

}  // namespace
