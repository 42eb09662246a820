// SPDX-License-Identifier: MIT
//
// Completion in real shells, and manual pages, must cover everything that `weir --help` lists. No option is listed
// here, so that a new option is tested automatically.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "test/support/browser.hpp"
#include "test/support/subprocess.hpp"

namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using words = std::vector<std::string>;

std::string weir(const words& arguments) {
    const auto seen = weir_test::run(WEIR_TOOL, arguments);
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "");
    return seen.out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

/// The first words of the lines in a section of the help text, separated by commas.
words names_in(const std::string& help, const std::string& section) {
    words names;
    bool inside = false;
    for (const auto& line : lines_of(help)) {
        if (!line.starts_with(' ')) inside = line == section;
        if (!inside || !line.starts_with("  ") || line[2] == ' ' || line == section) continue;
        std::istringstream column(line.substr(2, line.find(' ', 2) - 2));
        for (std::string name; std::getline(column, name, ',');) names.push_back(name);
    }
    return names;
}

words subcommands() { return names_in(weir({"--help"}), "Subcommands:"); }

words options_of(const std::string& subcommand) {
    const auto help = subcommand.empty() ? weir({"--help"}) : weir({subcommand, "--help"});
    auto names = names_in(help, "Options:");
    std::erase_if(names, [](const std::string& name) { return !name.starts_with('-'); });
    return names;
}

/// Runs in a folder of its own that contains a few files to complete.
class cli_completion : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_completion_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        for (const auto* shell : {"bash", "zsh"}) std::ofstream(folder_ / shell) << weir({"--completion", shell});
        std::filesystem::create_directory(folder_ / "here");
        for (const auto* name : {"topo.json", "a file"}) std::ofstream(folder_ / "here" / name) << "{}";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    weir_test::outcome run_in_folder(const std::string& program, const words& arguments) const {
        return weir_test::run(program, arguments, [&] {
            ::setenv("TERM", "xterm", 1);
            if (::chdir((folder_ / "here").c_str()) != 0) ::_exit(125);
        });
    }

    std::filesystem::path folder_;
};

// ---- bash

class cli_completion_in_bash : public cli_completion {
protected:
    void SetUp() override {
        const auto found = weir_test::find_program("bash");
        if (!found) GTEST_SKIP() << "there is no bash";
        bash_ = *found;
        cli_completion::SetUp();
    }

    /// The completions of the last word.
    words complete(words typed) const {
        const std::string script = R"bash(
source "$0"
complete -p weir >&2
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_weir
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}")bash";
        words arguments{"--norc", "-c", script, (folder_ / "bash").string(), "weir"};
        arguments.insert(arguments.end(), typed.begin(), typed.end());
        const auto seen = run_in_folder(bash_, arguments);
        EXPECT_EQ(seen.exit_code, 0);
        EXPECT_EQ(seen.err, "complete -F _weir weir\n") << "it was loaded, and nothing was complained of";
        return lines_of(seen.out);
    }

    std::string bash_;
};

TEST_F(cli_completion_in_bash, offers_every_subcommand) {
    const auto all = subcommands();
    ASSERT_THAT(all, Contains("report"));
    const auto offered = complete({""});
    for (const auto& name : all) EXPECT_THAT(offered, Contains(name));
    EXPECT_THAT(complete({"p"}), UnorderedElementsAre("pin", "plan", "pressure"));
    EXPECT_THAT(complete({"--completion", ""}), ElementsAre("bash", "zsh"));
}

TEST_F(cli_completion_in_bash, offers_every_option_that_help_has_and_no_other) {
    auto all = subcommands();
    all.emplace_back();
    for (const auto& subcommand : all) {
        const auto options = options_of(subcommand);
        ASSERT_THAT(options, Contains("--help")) << subcommand;
        const auto offered = complete(subcommand.empty() ? words{"-"} : words{subcommand, "-"});
        EXPECT_THAT(offered, testing::UnorderedElementsAreArray(options)) << subcommand;
        if (subcommand.empty()) continue;
        for (const auto& option : options) {
            EXPECT_THAT(complete({subcommand, option.substr(0, option.size() - 1)}), Contains(option));
        }
    }
}

TEST_F(cli_completion_in_bash, offers_files_where_files_are_taken) {
    EXPECT_THAT(complete({"report", "--html", "to"}), ElementsAre("topo.json"));
    EXPECT_THAT(complete({"report", "--html", "=", "to"}), ElementsAre("topo.json")) << "--html=to";
    EXPECT_THAT(complete({"report", "--html", "="}), UnorderedElementsAre("topo.json", "a file"));
    EXPECT_THAT(complete({"report", ""}), AllOf(Contains("topo.json"), Contains("a file")));
    EXPECT_THAT(complete({"run", "--plan", ""}), UnorderedElementsAre("topo.json", "a file"));
    EXPECT_THAT(complete({"matrix", "--budget", ""}), IsEmpty()) << "a time";
    EXPECT_THAT(complete({"pressure", "--json", ""}), AllOf(Contains("topo.json"), Contains("--all")))
        << "it may have a file";
    EXPECT_THAT(complete({"doctor", ""}), AllOf(Contains("--strict"), testing::Not(Contains("topo.json"))));
}

// ---- zsh

class cli_completion_in_zsh : public cli_completion {
protected:
    void SetUp() override {
        const auto found = weir_test::find_program("zsh");
        if (!found) GTEST_SKIP() << "there is no zsh";
        zsh_ = *found;
        cli_completion::SetUp();
    }

    /// The output of zsh on a terminal after this text and a tab.
    std::string complete(const std::string& typed) const {
        std::ofstream(folder_ / "type") << R"zsh(
zmodload zsh/zpty || exit
zpty z zsh -f -i
zpty -w z "unsetopt zle_bracketed_paste; stty rows 200 cols 120; autoload -Uz compinit; compinit -C -u -d ${1:h}/known; source $1; LISTMAX=0; bindkey '^I' list-choices; PS1='RE''ADY>'; PS1=\${PS1//\\'/}"
zpty -r -m z shown '*READY>*'
zpty -w -n z "weir $2"$'\t'
zpty -w -n z $'\C-u'"PS1='DO'NE"$'\n'
zpty -r -m z shown '*DONE*'
print -r -- "$shown"
)zsh";
        const auto seen = run_in_folder("/usr/bin/env", {"timeout", "60", zsh_, "-f", (folder_ / "type").string(),
                                                         (folder_ / "zsh").string(), typed});
        EXPECT_EQ(seen.exit_code, 0) << seen.err;
        return seen.out;
    }

    std::string zsh_;
};

TEST_F(cli_completion_in_zsh, offers_every_subcommand_and_option_that_help_has) {
    const auto all = subcommands();
    const auto offered = complete("");
    for (const auto& subcommand : all) {
        EXPECT_THAT(offered, HasSubstr(subcommand + " "));
        const auto options = complete(subcommand + " -");
        for (const auto& option : options_of(subcommand)) EXPECT_THAT(options, HasSubstr(option)) << subcommand;
    }
    EXPECT_THAT(complete("report to"), HasSubstr("topo.json"));
    EXPECT_THAT(complete("report --html=to"), HasSubstr("topo.json"));
}

// ---- Both, and the manual

TEST(cli_completion_for, another_shell_is_refused) {
    for (const auto* shell : {"fish", ""}) {
        const auto seen = weir_test::run(WEIR_TOOL, {"--completion", shell});
        EXPECT_EQ(seen.exit_code, 2);
        EXPECT_EQ(seen.out, "");
        EXPECT_THAT(seen.err, AllOf(StartsWith("weir: --completion "), HasSubstr("give one of the two")));
    }
}

TEST(manual, has_a_page_for_each_subcommand_with_each_of_its_options) {
    const std::filesystem::path folder = WEIR_MANUAL_FOLDER;
    if (folder.empty()) GTEST_SKIP() << "there was no help2man";
    for (const auto& subcommand : subcommands()) {
        auto page = weir_test::read_file(folder / ("weir-" + subcommand + ".1"));
        std::erase(page, '\\');  // a dash of an option is escaped by a backslash
        EXPECT_THAT(page, HasSubstr("weir-" + subcommand));
        for (const auto& option : options_of(subcommand)) EXPECT_THAT(page, HasSubstr(option)) << subcommand;
        EXPECT_THAT(weir_test::read_file(folder / "weir.1"), HasSubstr("\n" + subcommand + "\n"));
    }
}

}  // namespace
