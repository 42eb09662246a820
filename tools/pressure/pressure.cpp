// SPDX-License-Identifier: MIT
#include "tools/pressure/pressure.hpp"

#include "instruments/number_options.hpp"
#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"
#include "tools/common/given_values.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>

namespace weir::tool {
namespace {

namespace lab = pressure;

constexpr const char* footer =
    R"(The source sends on a fixed schedule, calm, burst, calm again; the sink takes items at a fixed rate. Between
them is a ring with one of these overflow policies:
  block         the source waits, and its delay grows instead of the queue
  reject        the source is refused and keeps the item
  drop_newest   the arriving item is lost
  drop_oldest   the oldest item is lost
  sample        above half the capacity, one of --keep-one-in arriving items is kept
  shed_lowest   items of the low class are lost; one of --high-one-in items is of the high class
  codel         items that waited longer than the target for an interval are dropped on removal
  unbounded     no ring: std::deque and a mutex, as a baseline

Examples:
  weir pressure --policy drop_oldest               watch one policy
  weir pressure --all --html report.html           all, with pictures (needs gnuplot): takes minutes
  weir pressure --all --quick --json | jq .        all, on a small scale: takes seconds
  weir pressure --policy codel,reject --burst-per-s 60000 --capacity 4096
  weir pressure --from run.json --html report.html draw the report of a run saved with --json run.json)";

constexpr const char* to_stdout = "-";

struct options {
    lab::conditions c;
    std::vector<std::string> policies;
    bool all = false, quick = false;
    std::optional<std::string> json;  // to_stdout, or the name of a file
    std::optional<std::string> html;
    std::optional<std::string> from;
};

// A scale at which each policy takes a few seconds.
void scale_down(const CLI::App& app, lab::conditions& c) {
    const auto unless_given = [&](const char* option, double& value, double scaled) {
        if (app.count(option) == 0) value = scaled;
    };
    unless_given("--calm-s", c.calm_s, 0.1);
    unless_given("--burst-s", c.burst_s, 0.25);
    unless_given("--recovery-cap-s", c.recovery_cap_s, 5);
    unless_given("--codel-interval-ms", c.codel_interval_ms, 20);
}

std::vector<std::string> chosen_policies(const options& wanted) {
    const auto& names = lab::policy_names();
    if (wanted.all && !wanted.policies.empty())
        throw stop(wrong_usage, "--all and --policy exclude each other: give one of the two");
    if (wanted.all) return {names.begin(), names.end()};
    if (wanted.policies.empty())
        throw stop(wrong_usage, fmt::format("no policy is given: give --policy {}, or --all", fmt::join(names, "|")));
    for (const auto& policy : wanted.policies)
        if (std::find(names.begin(), names.end(), policy) == names.end())
            throw stop(wrong_usage, fmt::format("--policy {}: there is no such policy; give {}", as_given(policy),
                                                fmt::join(names, ", ")));
    return wanted.policies;
}

// The unbounded queue keeps the backlog in memory; a blocked source may do the same.
void check_memory(const lab::conditions& c, const std::vector<std::string>& policies) {
    if (std::find(policies.begin(), policies.end(), lab::unbounded) == policies.end()) return;
    const double needed = std::max(0.0, c.burst_per_s - c.sink_per_s) * c.burst_s * sizeof(lab::item);
    const double there =
        static_cast<double>(::sysconf(_SC_AVPHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    if (needed > there / 2)
        throw stop(
            not_here,
            fmt::format("the unbounded queue would grow to {}, but only {} of memory is free; give a shorter "
                        "--burst-s or a lower --burst-per-s",
                        byte_size(static_cast<std::uint64_t>(needed)), byte_size(static_cast<std::uint64_t>(there))));
}

void say_how_long(const lab::conditions& c, const std::vector<std::string>& policies) {
    double total_s = 0;
    for (const auto& policy : policies) total_s += lab::expected_duration_s(c, policy);
    const auto seconds = static_cast<long>(std::ceil(total_s));
    say("weir pressure",
        fmt::format(
            "{} for about {}", policies.size() == 1 ? policies.front() : fmt::format("{} policies", policies.size()),
            seconds < 100 ? fmt::format("{} s", seconds) : fmt::format("{} min {} s", seconds / 60, seconds % 60)));
}

void draw(const options& wanted, const std::string& json) {
    try {
        write_file(*wanted.html, lab::as_html(json));
    } catch (const stop& why) {
        if (wanted.from) throw;
        // Measuring takes the time: a missing picture must not discard the figures.
        const bool kept = wanted.json && *wanted.json != to_stdout;
        const auto where = kept ? *wanted.json : *wanted.html + ".json";
        if (!kept) write_file(where, json);
        throw stop(why.code(),
                   fmt::format("{}; the figures are saved: afterwards run 'weir pressure --from {} --html {}'",
                               why.what(), where, *wanted.html));
    }
}

exit_code judge(const std::vector<lab::outcome>& all) {
    for (const auto& seen : all)
        if (!seen.exact)
            throw stop(failed,
                       fmt::format("{}: the ledger does not add up: offered {}, refused {}, delivered {}, queued {}, "
                                   "lost {}; this is a bug in weir, please report it",
                                   seen.policy, seen.ledger.offered, seen.ledger.refused, seen.ledger.delivered,
                                   seen.ledger.queued, seen.ledger.lost()));
    for (const auto& seen : all)
        if (seen.not_held_at_all) throw stop(not_here, seen.not_held);
    return succeeded;
}

exit_code measure(const options& wanted) {
    lab::check(wanted.c);
    const auto policies = chosen_policies(wanted);
    check_memory(wanted.c, policies);
    const bool has_file = wanted.json && *wanted.json != to_stdout;
    if (has_file && wanted.html && is_same_file(*wanted.json, *wanted.html))
        throw stop(wrong_usage,
                   fmt::format("--html {}: the JSON goes to this file; name another", printable(*wanted.html)));
    if (has_file) check_writable(*wanted.json);
    if (wanted.html) check_writable(*wanted.html);

    say_how_long(wanted.c, policies);
    std::vector<lab::outcome> all;
    for (const auto& policy : policies) all.push_back(lab::run(wanted.c, policy, all.size() + 1, policies.size()));

    const auto json = lab::as_json(wanted.c, all);
    if (wanted.json && *wanted.json != to_stdout) write_file(*wanted.json, json);
    print(wanted.json && *wanted.json == to_stdout ? json : lab::as_table(wanted.c, all));
    if (wanted.html) draw(wanted, json);
    return judge(all);
}

exit_code redraw(const options& wanted) {
    if (!wanted.html)
        throw stop(wrong_usage, "--from draws the report of a saved run: name the file to write with --html FILE");
    if (is_same_file(*wanted.from, *wanted.html))
        throw stop(wrong_usage, fmt::format("--html {}: this is the saved run and would be overwritten; name another",
                                            printable(*wanted.html)));
    check_writable(*wanted.html);
    draw(wanted, read_file(*wanted.from));
    return succeeded;
}

}  // namespace

command add_pressure(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    auto& c = wanted->c;
    app.add_option("--policy", wanted->policies, "The overflow policies to run (see below)")
        ->delimiter(',')
        ->type_name("POLICY");
    app.add_flag("--all", wanted->all, "All policies and the unbounded baseline")->disable_flag_override();
    app.add_flag("--quick", wanted->quick, "A small scale: phases of tenths of a second")->disable_flag_override();
    const auto number = [&app](const char* name, auto& value, const char* what) {
        add_number(app, name, value, lab::bounds_of(name), what);
    };
    number("--calm-per-s", c.calm_per_s, "Rate of the source before and after the burst");
    number("--burst-per-s", c.burst_per_s, "Rate of the source during the burst");
    number("--sink-per-s", c.sink_per_s, "Rate of the sink");
    number("--capacity", c.capacity, "Slots of the ring");
    number("--calm-s", c.calm_s, "Duration of the calm phase before the burst");
    number("--burst-s", c.burst_s, "Duration of the burst");
    number("--recovery-cap-s", c.recovery_cap_s, "Longest wait for recovery");
    number("--deadline-ms", c.deadline_ms, "Goodput counts items delivered within this time of their due time");
    number("--keep-one-in", c.keep_one_in, "sample: keep one item in this many");
    number("--high-one-in", c.high_one_in, "One item in this many is of the high class");
    number("--codel-target-ms", c.codel_target_ms, "codel: acceptable waiting time");
    number("--codel-interval-ms", c.codel_interval_ms, "codel: how long waits may exceed the target");
    app.add_option("--json", wanted->json, "JSON (schema_version 1): to FILE, or to stdout in place of the table")
        ->expected(0, 1)
        ->default_str(to_stdout)
        ->type_name("[FILE]");
    app.add_option("--html", wanted->html, "Write a report with pictures as one HTML file")->type_name("FILE");
    app.add_option("--from", wanted->from, "Do not measure; draw the report of a file saved with --json")
        ->type_name("JSON");
    app.footer(footer);
    return [wanted, &app] {
        if (wanted->from) {
            refuse_beside(app, "--from", "draws a saved run", {"--html"});
            return redraw(*wanted);
        }
        if (wanted->quick) scale_down(app, wanted->c);
        return measure(*wanted);
    };
}

}  // namespace weir::tool
