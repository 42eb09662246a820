// SPDX-License-Identifier: MIT
//
// The program that `weir pin` starts: it gets its words, signals and environment as if weir were not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "test/support/subprocess.hpp"

namespace {

using testing::HasSubstr;
using words = std::vector<std::string>;

class cli_pin : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_pin_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        ASSERT_EQ(weir({"plan", "--role", "app", "--out", "p.json"}).exit_code, 0);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    weir_test::outcome weir(
        const words& arguments, const std::function<void()>& before = [] {}) const {
        return weir_test::run(WEIR_TOOL, arguments, [&] {
            if (::chdir(folder_.c_str()) != 0) ::_exit(126);
            before();
        });
    }
    /// weir pin -- /bin/sh -c script name arguments...
    weir_test::outcome script(
        const std::string& text, const words& arguments = {}, const std::function<void()>& before = [] {}) const {
        words all{"pin", "--plan", "p.json", "--", "/bin/sh", "-c", text, "script"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return weir(all, before);
    }

private:
    std::string folder_;
};

TEST_F(cli_pin, passes_words_on_byte_for_byte) {
    const words given{R"(["ES","NQ"])", "[]", "[x]", "", "--", "-5", "--name=", "a b", "{}"};
    std::string expected;
    for (const auto& word : given) expected += "<" + word + ">";
    EXPECT_EQ(script(R"(printf '<%s>' "$@")", given).out, expected);
    const auto unnamed = weir({"pin", "--plan", "p.json", "--", ""});
    EXPECT_EQ(unnamed.exit_code, 125);
    EXPECT_THAT(unnamed.err, HasSubstr("cannot run ''"));
    const auto misplaced = weir({"pin", "--plan", "p.json", "./app"});
    EXPECT_EQ(misplaced.exit_code, 2);
    EXPECT_THAT(misplaced.err, HasSubstr("'./app': give a program after --"));
}

TEST_F(cli_pin, leaves_ignored_signals_ignored) {
    const auto as_under_nohup = [] {
        (void)std::signal(SIGHUP, SIG_IGN);
        (void)std::signal(SIGINT, SIG_IGN);
    };
    const auto seen = script("kill -HUP $$; kill -HUP $PPID; kill -INT $$; echo alive", {}, as_under_nohup);
    EXPECT_EQ(seen.out, "alive\n") << seen.err;
    const auto as_usual = [] {
        (void)std::signal(SIGHUP, SIG_DFL);
        (void)std::signal(SIGINT, SIG_DFL);
    };
    EXPECT_EQ(script("kill -HUP $$; echo alive", {}, as_usual).exit_code, 128 + SIGHUP);
    EXPECT_EQ(script("kill -INT $$; echo alive", {}, as_usual).exit_code, 128 + SIGINT);
}

TEST_F(cli_pin, knows_how_the_program_ended_where_ends_of_children_are_ignored) {
    EXPECT_EQ(script("exit 7", {}, [] { (void)std::signal(SIGCHLD, SIG_IGN); }).exit_code, 7);
}

TEST_F(cli_pin, hands_on_the_environment_that_it_got) {
    const std::string show = "echo ${HWLOC_HIDE_ERRORS-unset}";
    EXPECT_EQ(script(show, {}, [] { ::unsetenv("HWLOC_HIDE_ERRORS"); }).out, "unset\n");
    EXPECT_EQ(script(show, {}, [] { ::setenv("HWLOC_HIDE_ERRORS", "1", 1); }).out, "1\n");
    EXPECT_EQ(script("echo $WEIR_PIN_TEST", {}, [] { ::setenv("WEIR_PIN_TEST", "kept", 1); }).out, "kept\n");
}

// One that its parent has not asked how it ended.
TEST_F(cli_pin, takes_no_ended_process_for_a_running_one) {
    const pid_t ended = ::fork();
    if (ended == 0) ::_exit(0);
    siginfo_t how{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(ended), &how, WEXITED | WNOWAIT), 0);
    const auto seen = weir({"pin", "--plan", "p.json", "--pid", std::to_string(ended), "--for", "0.1s"});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, HasSubstr("there is no process " + std::to_string(ended)));
    EXPECT_EQ(::waitpid(ended, nullptr, 0), ended);
}

}  // namespace
