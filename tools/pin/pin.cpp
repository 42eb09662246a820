// SPDX-License-Identifier: MIT
// weir pin: gives the threads of a program the places of a plan, without a change to the program.
#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/pin/pinner.hpp"
#include "tools/pin/program.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Runs a program, or takes one that runs, and pins its threads by their names: a thread belongs to the role of its name,
which it sets by pthread_setname_np (the kernel keeps 15 bytes of it). Every place is read back from the kernel. Threads that
start later are followed for the time of --for, which ends as soon as every role has its thread. Threads without a role are
left alone. Threads of other users need the right to change them (root). A TIME has a unit: ns, us, ms, s, m or h, as in 500ms.

Exit codes with --pid: 1 also means that a role found no thread, or that a place could not be had.

With a program, the table goes to stderr, since stdout is the program's, and weir waits for its end. Exit codes: the program's, or
128 + the signal that ended it. 125 is weir's own: the program could not be started, or it ended with 0 and a role had no place. The
table says which roles have none, whatever the code is.

Examples:
  weir plan --edge 'md->strat' --edge 'strat->gw' --role gw:quiet --out plan.json
  weir pin --plan plan.json -- ./trader --config live.toml
  weir pin --plan plan.json --pid $(pidof trader)
  weir pin --plan plan.json --pid 4711 --json | jq '.roles[] | {name, thread, pus}')";

struct options {
    std::string plan;
    std::string pid;
    std::string follow = "10s";
    std::vector<std::string> misplaced;
    bool json = false;
};

using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point begin) { return std::chrono::duration<double>(steady::now() - begin).count(); }

struct followed {
    pinner roles;
    pin_wait waited = {};
    bool was_there = false;  // the process had threads at least once
};

// Looks for threads until every role has its own, the time is over, or the process has ended.
followed follow(long process, const std::vector<role_place>& places, double most_s,
                const std::function<bool()>& has_ended) {
    constexpr std::chrono::milliseconds pause{10};
    followed found{pinner(places)};
    const auto begin = steady::now();
    for (;;) {
        const auto threads = threads_of(process);
        found.waited.seconds = seconds_since(begin);
        found.waited.has_ended = threads.empty() || has_ended();
        if (found.waited.has_ended) return found;
        found.was_there = true;
        found.roles.look(threads);
        if (found.roles.all_have_a_thread() || found.waited.seconds >= most_s) {
            found.roles.verify(threads_of(process));
            return found;
        }
        std::this_thread::sleep_for(pause);
    }
}

std::string result_of(const followed& found, const options& wanted, long process) {
    return wanted.json ? pinned_as_json(found.roles, process, found.waited) : pinned_as_text(found.roles, found.waited);
}

exit_code pin_running(const options& wanted, const std::vector<role_place>& places, double most_s) {
    const long process = read_process_id(wanted.pid);
    const auto found = follow(process, places, most_s, [] { return false; });
    if (!found.was_there) throw stop(failed, no_such_process(process));
    print(result_of(found, wanted, process));
    return found.roles.all_have_their_place() ? succeeded : failed;
}

exit_code pin_started(const options& wanted, const std::vector<std::string>& words,
                      const std::vector<role_place>& places, double most_s) {
    program child(words);
    const auto found = follow(child.id(), places, most_s, [&] { return child.has_ended(); });
    // To stderr: stdout is the program's.
    const auto text = result_of(found, wanted, child.id());
    std::fwrite(text.data(), 1, text.size(), stderr);
    const int code = child.wait();
    if (code != 0) return static_cast<exit_code>(code);
    return found.roles.all_have_their_place() ? succeeded : program_not_placed;
}

exit_code pin_checked(const options& wanted, const std::vector<std::string>& words, double most_s) {
    const auto machine = machine_to_measure();
    const auto plan = placement_plan::load(wanted.plan, machine);
    check_can_be_had(plan, wanted.plan, machine);
    const auto places = places_of(plan);
    return wanted.pid.empty() ? pin_started(wanted, words, places, most_s) : pin_running(wanted, places, most_s);
}

exit_code pin(const options& wanted, const std::vector<std::string>& words) {
    if (!wanted.misplaced.empty())
        throw stop(wrong_usage,
                   fmt::format("'{}': give a program after --, as in -- ./app", printable(wanted.misplaced.front())));
    if (words.empty() == wanted.pid.empty())
        throw stop(wrong_usage, wanted.pid.empty()
                                    ? "nothing to pin: give a program after --, as in -- ./app, or a process by --pid"
                                    : "a program and --pid are both given: give one of them");
    const double most_s = read_seconds(wanted.follow, "--for", 0, 86'400);
    if (!wanted.pid.empty()) (void)read_process_id(wanted.pid);  // wrong usage is said first
    if (!wanted.pid.empty()) return pin_checked(wanted, words, most_s);
    try {
        return pin_checked(wanted, words, most_s);
    } catch (const stop& why) {
        // So that it is no code of the program's.
        throw stop(why.code() == failed ? program_not_placed : why.code(), why.what());
    } catch (const placement_error& error) {
        throw stop(program_not_placed, error.what());
    }
}

}  // namespace

command add_pin(CLI::App& app, const std::vector<std::string>& program) {
    auto wanted = std::make_shared<options>();
    app.add_option("--plan", wanted->plan, "A plan written by `weir plan --out`")->type_name("FILE")->required();
    app.add_option("--pid", wanted->pid, "Pin the threads of this process")->type_name("PID");
    app.add_option("--for", wanted->follow, "How long to wait for threads that are not there yet")
        ->type_name("TIME")
        ->capture_default_str();
    app.add_option("program", wanted->misplaced, "After --: a program to run, and its arguments")->type_name("PROGRAM");
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted, &program] { return pin(*wanted, program); };
}

}  // namespace weir::tool
