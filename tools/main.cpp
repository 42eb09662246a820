// SPDX-License-Identifier: MIT
// weir: decides where the two threads of a ring should run, and shows how a ring behaves. One subcommand per task.
#include "instruments/arguments.hpp"
#include "instruments/number_options.hpp"
#include "tools/common/command.hpp"
#include "tools/common/completion.hpp"
#include "tools/common/given_values.hpp"
#include "tools/common/hwloc_messages.hpp"

#include <weir/version.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace weir::tool;

// One rule for all of them; the help text of a subcommand says what else 1 means.
constexpr const char* exit_codes =
    "Exit codes: 0 done; 1 failed, as for a file that cannot be read; 2 the command line is wrong: an option that does\n"
    "not exist, or a value that it refuses; 77 not possible on this machine.";

constexpr const char* footer = R"(Examples:
  weir topo                              this machine, and the pair of PUs that `auto` selects
  weir topo --json | jq .pair            the same as JSON
  weir topo --topology server.xml        another machine; run `weir topo --save server.xml` there
  weir matrix --budget 10s               cost of passing an item between PUs
  weir jitter --seconds 60               interruptions of a spinning thread
  weir doctor                            settings of this host that cost latency, and the remedies
  weir plan --edge 'md->strat' --role strat:quiet --out plan.json
                                         a PU for each thread of a program
  weir pin --plan plan.json -- ./app     run a program with its threads on the planned PUs
  weir watch --pid 4711 --plan plan.json where its threads run, and when one leaves its plan
  weir run --plan plan.json              compare the plan with no pinning and with a bad placement
  weir report *.json --html report.html  one page from the JSON files of the above and of weir-bench
  source <(weir --completion bash)       tab completion, if not installed already
  weir pressure --policy drop_oldest     how a full ring behaves, live
  weir shm list                          rings between processes, and the holders of their ends
  weir bridge --from shm:orders --to nats://a:4222/orders
                                         a ring whose items go to another machine)";

std::string chosen_name(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return chosen.empty() ? "weir" : "weir " + chosen.front()->get_name();
}

// "topo, matrix", in the order of the help text.
std::string names_of(const CLI::App& app) {
    std::string names;
    for (const auto* subcommand : app.get_subcommands([](const CLI::App*) { return true; }))
        names += (names.empty() ? "" : ", ") + subcommand->get_name();
    return names;
}

// weir pin -- PROGRAM, whose stdout is the program's.
bool starts_a_program(int argc, char** argv) {
    return argc > 2 && std::string_view(argv[1]) == "pin" &&
           std::find(argv + 2, argv + argc, std::string_view("--")) != argv + argc;
}

int run(int argc, char** argv) {
    // The words of a program are not for CLI11, which would take some of them apart.
    int own = argc;
    if (starts_a_program(argc, argv))
        own = static_cast<int>(std::find(argv + 2, argv + argc, std::string_view("--")) - argv);
    const std::vector<std::string> program(argv + std::min(own + 1, argc), argv + argc);

    CLI::App app("weir: where the two ends of a ring should run, and how it behaves under overload", "weir");
    app.set_version_flag("--version", "weir " WEIR_VERSION_STRING);
    app.footer(std::string(footer) + "\n\n" + exit_codes);
    std::string shell;
    auto* const completion =
        app.add_option("--completion", shell, "Print a script for tab completion in this shell")->type_name("bash|zsh");
    app.require_subcommand(0, 1);
    const std::map<std::string, command> commands{
        {"topo", add_topo(*app.add_subcommand("topo", "Show cores, caches, NUMA nodes, usable PUs, and the best pair"))},
        {"matrix", add_matrix(*app.add_subcommand("matrix", "Measure the cost of passing an item between PUs"))},
        {"jitter",
         add_jitter(*app.add_subcommand("jitter", "Measure how often and how long a spinning thread is interrupted"))},
        {"doctor", add_doctor(*app.add_subcommand("doctor", "Find settings of this host that cost latency"))},
        {"plan", add_plan(*app.add_subcommand("plan", "Choose a PU for each thread of a program"))},
        {"pin", add_pin(*app.add_subcommand("pin", "Pin the threads of a program by their names, as planned"), program)},
        {"watch", add_watch(*app.add_subcommand("watch", "Watch where the threads of a program run"))},
        {"run", add_run(*app.add_subcommand("run", "Measure a plan against other placements"))},
        {"report", add_report(*app.add_subcommand("report", "Combine saved results into one HTML page"))},
        {"pressure", add_pressure(*app.add_subcommand("pressure", "Overload a ring and compare overflow policies"))},
        {"bridge", add_bridge(*app.add_subcommand("bridge", "Join a ring between processes to one on another machine"))},
        {"shm", add_shm(*app.add_subcommand("shm", "Show rings between processes, and remove what is left of them"))},
    };
    refuse_empty_values(app);
    for (auto* const subcommand : app.get_subcommands([](const CLI::App*) { return true; }))
        subcommand->footer(subcommand->get_footer() + "\n\n" + exit_codes);

    try {
        const auto arguments = weir::reversed_arguments(own, argv);
        auto to_parse = arguments;
        app.parse(to_parse);
        refuse_empty_values(app, arguments);
        if (completion->count() != 0) {
            print(completion_of(app, shell));
            return succeeded;
        }
        if (app.get_subcommands().empty())
            throw stop(wrong_usage,
                       "no subcommand is given: give one of " + names_of(app) + "; run 'weir --help' for details");
        return commands.at(app.get_subcommands().front()->get_name())();
    } catch (const CLI::CallForHelp&) {
        print(app.help());  // help of the subcommand, if one was given
        return succeeded;
    } catch (const CLI::CallForVersion& version) {
        print(std::string(version.what()) + "\n");
        return succeeded;
    } catch (const CLI::ParseError& error) {
        const auto who = chosen_name(app);
        say(who, weir::usage_sentence(error) + "; run '" + who + " --help' for its options");
        return wrong_usage;
    } catch (const weir::wrong_value& error) {
        say(chosen_name(app), error.what());
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
    weir::tool::silence_hwloc();
    (void)std::signal(SIGCHLD, SIG_DFL);  // where it is ignored, nothing is known of a child's end
    if (!weir::stdout_is_open() && starts_a_program(argc, argv)) {
        weir::hold_closed_stdout();  // a daemon's program has none, and nothing of ours goes there
    } else if (!weir::stdout_is_open()) {
        say("weir", "stdout is closed: the result cannot be written; open stdout or redirect it to a file");
        return failed;
    }
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        say("weir", error.what());
        return failed;
    }
}
