// SPDX-License-Identifier: MIT
// weir watch: where the threads of a program run, and whether they keep to their plan.
#include "tools/common/command.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/proc_counters.hpp"
#include "tools/watch/log.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(Looks at the threads of a process five times a second, and changes nothing. For each thread: the PU that it runs on, or
ran on last; the PUs that it may use; the share of the time for which it ran; and what the kernel counted meanwhile: its
migrations, how often another thread preempted it, and how long it was ready to run but another thread had its PU.

With --plan, a thread that may run elsewhere than its plan says is reported on stderr within a second. A thread belongs to the
role of its name. The table is printed at the end of --for, when the process ends, or at Ctrl-C. A TIME has a unit: ns, us, ms, s, m
or h, as in 500ms.

Exit code 1 also means, with --plan: a thread left its plan, or a role had no thread. In --json, kept_to_plan says that, and is null
without a plan.

Examples:
  weir watch --pid $(pidof trader)
  weir watch --pid $(pidof trader) --plan plan.json --for 1h
  weir watch --pid 4711 --json | jq '.threads[] | {name, pu, migrations, waited_ns}')";

struct options {
    std::string pid;
    std::string plan;
    std::string length = "10s";
    bool json = false;
};

constexpr std::chrono::milliseconds between_looks{200};

volatile std::sig_atomic_t is_interrupted = 0;
extern "C" void weir_watch_interrupted(int) { is_interrupted = 1; }

// The time that the hypervisor stole from each PU that a thread was seen on, as a share.
stolen_shares stolen_between(const proc_counters& before, const proc_counters& after, const watch_log& log) {
    stolen_shares shares;
    const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const auto& thread : log.threads())
        for (const unsigned pu : thread.seen_on) {
            const auto first = steal_ticks_of(before.stat, pu);
            const auto last = steal_ticks_of(after.stat, pu);
            if (first && last && *last > *first && log.watched_s() > 0)
                shares[pu] = static_cast<double>(*last - *first) / ticks_per_s / log.watched_s();
        }
    return shares;
}

exit_code watch(const options& wanted) {
    const long process = read_process_id(wanted.pid);
    const double most_s = read_seconds(wanted.length, "--for", 0.1, 30 * 86'400);
    std::vector<role_place> places;
    if (!wanted.plan.empty()) places = places_of(placement_plan::load(wanted.plan, machine_to_measure()));

    std::signal(SIGINT, weir_watch_interrupted);
    std::signal(SIGTERM, weir_watch_interrupted);
    watch_log log(places);
    const auto before = proc_counters::read();
    const auto begin = std::chrono::steady_clock::now();
    for (bool is_first = true;; is_first = false) {
        const double at_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        const auto threads = threads_of(process);
        if (is_first && threads.empty()) throw stop(failed, no_such_process(process));
        for (const auto& event : log.look(at_s, threads))
            say("weir watch", fmt::format("{:.1f} s: {}", event.at_s, event.what));
        if (threads.empty() || at_s >= most_s || is_interrupted != 0) break;
        std::this_thread::sleep_for(between_looks);
    }
    const auto stolen = stolen_between(before, proc_counters::read(), log);
    print(wanted.json ? watch_as_json(log, stolen, process) : watch_as_text(log, stolen));
    return log.kept_to_plan() ? succeeded : failed;
}

}  // namespace

command add_watch(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--pid", wanted->pid, "The process")->type_name("PID")->required();
    app.add_option("--plan", wanted->plan, "A plan written by `weir plan --out`: report threads that leave it")
        ->type_name("FILE");
    app.add_option("--for", wanted->length, "How long to watch")->type_name("TIME")->capture_default_str();
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted] { return watch(*wanted); };
}

}  // namespace weir::tool
