// SPDX-License-Identifier: MIT
// weir jitter: measures how a spinning thread is interrupted.
#include "instruments/number_options.hpp"
#include "src/json_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/progress.hpp"
#include "tools/jitter/run.hpp"
#include "tools/jitter/view.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace weir::tool {
namespace {

constexpr const char* footer =
    R"(A pinned thread does nothing but read the clock. A gap of more than --threshold between two readings means that
something else used the PU: the kernel (a tick, an interrupt, another thread), the firmware, or the hypervisor. No ring
is faster than the worst gap of the threads at its ends.

Time stolen by the hypervisor is what it reports, with a resolution of 10 ms. Interrupts are those that the PU handled
meanwhile. With --together all PUs spin at once, as in a program; otherwise one after the other.
A TIME has a unit: ns, us, ms, s, m or h, as in 500ns.

Examples:
  weir jitter                          five seconds on each PU in turn
  weir jitter --pus 2-3 --seconds 60   two isolated PUs
  weir jitter --together --json        all at once, JSON for a program)";

struct options {
    std::string pus;
    std::string threshold = "1us";
    double seconds = 5;
    bool together = false;
    bool json = false;
};

jitter_data watch(const pu_set& pus, const jitter_settings& settings) {
    progress_bar bar("jitter");
    try {
        return watch_pus(pus, settings, [&](double share, const pu_set& now) {
            bar.show(share, (now.size() == 1 ? "PU " : "PUs ") + now.to_string());
        });
    } catch (const placement_error& error) {
        throw stop(not_here, error.what());
    }
}

exit_code show(const options& wanted) {
    const jitter_settings settings{.seconds = wanted.seconds,
                                   .threshold_ns = 1e9 * read_seconds(wanted.threshold, "--threshold", 100e-9, 1),
                                   .together = wanted.together};
    const auto machine = machine_to_measure();
    const auto pus = choose_pus(machine, wanted.pus);
    if (pus.empty()) throw weir::wrong_value("--pus names no PU: name at least one, such as 0");
    auto jitter = watch(pus, settings);
    jitter.machine = machine_identity::of(machine);
    print(wanted.json ? json_text(to_json(jitter)) : jitter_as_text(jitter));
    return succeeded;
}

}  // namespace

command add_jitter(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("--pus", wanted->pus, "The PUs to watch, in taskset's format; default: all that may be used")
        ->type_name("LIST")
        ->check(why_no_pus);
    add_number(app, "--seconds", wanted->seconds, {0.01, 86400, "", " seconds"}, "How long to watch each PU");
    app.add_option("--threshold", wanted->threshold, "Count gaps longer than this")
        ->type_name("TIME")
        ->capture_default_str();
    app.add_flag("--together", wanted->together, "Watch all PUs at once, not one after the other")
        ->disable_flag_override();
    app.add_flag("--json", wanted->json, "Write JSON (schema_version 1) instead of the table")->disable_flag_override();
    app.footer(footer);
    return [wanted] { return show(*wanted); };
}

}  // namespace weir::tool
