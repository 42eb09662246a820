// SPDX-License-Identifier: MIT
// weir: where the threads of a ring should run, and what a ring does. One subcommand per question.
#include "tools/common/command.hpp"
#include "tools/common/completion.hpp"

#include <weir/version.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <string_view>

namespace {

using namespace weir::tool;

constexpr const char* footer = R"(Examples:
  weir topo                              this machine, and the pair of PUs that `auto` picks
  weir topo --json | jq .pair            the same for a program
  weir topo --topology server.xml        another machine, saved there with `lstopo server.xml`
  weir matrix --budget 10s               what it costs to hand an item between PUs
  weir jitter --seconds 60               what is taken from a thread that only spins
  weir doctor                            what on this host costs latency, and how to change it
  weir plan --edge 'md->strat' --role strat:quiet --out plan.json
                                         where the threads of a program should run
  weir run --plan plan.json              whether that plan is any good here
  weir report *.json --html report.html  what the above, and weir-bench, saved with --json: on one page
  source <(weir --completion bash)       complete subcommands and options with the tabulator, where not installed
  weir pressure --policy drop_oldest     what a full ring does, live

Exit codes: 0 done, 1 failed, 2 wrong usage, 77 this machine cannot show it.)";

// CLI11's own wording as the beginning of a sentence.
std::string usage_sentence(const CLI::ParseError& error) {
    std::string text = error.what();
    constexpr std::string_view lengthy = "The following argument was not expected: ";
    if (text.starts_with(lengthy)) text = "there is no '" + text.substr(lengthy.size()) + "'";
    while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
    for (auto& c : text) c = c == '\n' ? ' ' : c;
    return text;
}

std::string chosen_name(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? "weir" : "weir " + chosen.front()->get_name();
}

// "topo, matrix", in the order in which help has them.
std::string names_of(const CLI::App& app) {
    std::string names;
    for (const auto* subcommand : app.get_subcommands([](const CLI::App*) { return true; }))
        names += (names.empty() ? "" : ", ") + subcommand->get_name();
    return names;
}

int run(int argc, char** argv) {
    CLI::App app("weir: which cores the two ends of a ring should run on, and what becomes of it under pressure",
                 "weir");
    app.set_version_flag("--version", "weir " WEIR_VERSION_STRING);
    app.footer(footer);
    std::string shell;
    auto* const completion =
        app.add_option("--completion", shell, "Write a script with which this shell completes subcommands and options")
            ->type_name("bash|zsh");
    app.require_subcommand(0, 1);
    const std::map<std::string, command> commands{
        {"topo",
         add_topo(*app.add_subcommand("topo", "Show cores, caches, NUMA, what may be used, and which pair to use"))},
        {"matrix", add_matrix(*app.add_subcommand("matrix", "Measure what it costs to hand an item between PUs"))},
        {"jitter", add_jitter(*app.add_subcommand("jitter", "Watch what is taken from a thread that only spins"))},
        {"doctor", add_doctor(*app.add_subcommand("doctor", "Find what on this host costs latency"))},
        {"plan", add_plan(*app.add_subcommand("plan", "Place threads and the rings between them"))},
        {"run", add_run(*app.add_subcommand("run", "Measure whether a plan is any good here"))},
        {"report", add_report(*app.add_subcommand("report", "Put what the others have saved on one page"))},
        {"pressure",
         add_pressure(*app.add_subcommand("pressure", "Overload a ring, and show what each policy makes of it"))},
    };

    try {
        app.parse(argc, argv);
        if (completion->count() != 0) {
            print(completion_of(app, shell));
            return succeeded;
        }
        if (app.get_subcommands().empty())
            throw stop(wrong_usage, "say what to do: " + names_of(app) + "; run 'weir --help' to see more");
        return commands.at(app.get_subcommands().front()->get_name())();
    } catch (const CLI::CallForHelp&) {
        print(app.help());  // of the chosen subcommand, if any
        return succeeded;
    } catch (const CLI::CallForVersion& version) {
        print(std::string(version.what()) + "\n");
        return succeeded;
    } catch (const CLI::ParseError& error) {
        const auto who = chosen_name(app);
        say(who, usage_sentence(error) + "; run '" + who + " --help' to see what there is");
        return wrong_usage;
    } catch (const stop& why) {
        say(chosen_name(app), why.what());
        return why.code();
    } catch (const std::exception& error) {
        say(chosen_name(app), error.what());
        return failed;
    }
}

}  // namespace

int main(int argc, char** argv) {
    // Not hwloc's banner but our sentence.
    ::setenv("HWLOC_HIDE_ERRORS", "2", 0);
    // A file that is opened while stdout is closed would get its number, and the result would go there.
    if (::fcntl(STDOUT_FILENO, F_GETFD) == -1) {
        say("weir", "stdout is closed: there is nowhere to write the result to");
        return failed;
    }
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        say("weir", error.what());
        return failed;
    }
}
