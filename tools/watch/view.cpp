// SPDX-License-Identifier: MIT
#include "src/json_text.hpp"
#include "src/plain_text.hpp"
#include "tools/common/measuring_options.hpp"
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"
#include "tools/watch/log.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

std::string count_or_dash(const std::optional<std::uint64_t>& count) { return count ? fmt::format("{}", *count) : "-"; }

// Looks find only some of the moves of a thread that the kernel does not count.
std::string migrations_of(const watched_thread& thread) {
    if (const auto counted = thread.migrations()) return fmt::format("{}", *counted);
    return thread.moves_seen == 0 ? "-" : fmt::format("{} or more", thread.moves_seen);
}

std::string wait_of(const watched_thread& thread) {
    const auto waited = thread.waited_ns();
    return waited ? ns_in_words(static_cast<double>(*waited)) : "-";
}

std::string busy(const watched_thread& thread, double watched_s) {
    const auto ran = thread.ran_ns();
    return ran && watched_s > 0 ? fmt::format("{:.0f}%", static_cast<double>(*ran) / watched_s / 1e7) : "-";
}

std::string state_of(const watched_thread& thread) {
    return thread.has_ended ? "ended" : thread.is_off_plan ? "off its plan" : "";
}

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

}  // namespace

std::string watch_as_text(const watch_log& log, const stolen_shares& stolen) {
    std::vector<table_line> lines{
        {"thread", "id", "on PU", "may use", "plan", "runs", "migrations", "preempted", "waited to run", ""}};
    for (const auto& thread : log.threads())
        lines.push_back({printable(thread.last.name), fmt::format("{}", thread.last.id),
                         thread.last.last_pu ? fmt::format("{}", *thread.last.last_pu) : "-",
                         thread.last.may_use.to_string(), thread.place ? thread.place->pus.to_string() : "-",
                         busy(thread, log.watched_s()), migrations_of(thread),
                         count_or_dash(thread.involuntary_switches()), wait_of(thread), state_of(thread)});
    auto text = fmt::format("watched for {}\n\n{}", seconds_in_words(log.watched_s()),
                            aligned(lines, {side::left, side::right, side::right, side::left, side::left, side::right,
                                            side::right, side::right, side::right}));
    for (const auto& role : log.roles_without_thread())
        text += "  " +
                wrapped(fmt::format("role '{}' has no thread: none was named '{}'", role, thread_name_of(role)), 2, 4) +
                "\n";
    if (!log.events().empty()) text += "\nwhat happened\n";
    for (const auto& event : log.events())
        text += "  " + wrapped(fmt::format("{:.1f} s: {}", event.at_s, event.what), 2, 4) + "\n";
    for (const auto& [pu, share] : stolen)
        text += fmt::format("  the hypervisor stole {:.2g}% of PU {}\n", 100 * share, pu);
    return text;
}

std::string watch_as_json(const watch_log& log, const stolen_shares& stolen, long process) {
    json all{{"schema_version", 1},
             {"kind", "weir watch"},
             {"weir_version", WEIR_VERSION_STRING},
             {"process", process},
             {"watched_s", log.watched_s()},
             {"kept_to_plan", log.has_plan() ? json(log.kept_to_plan()) : json(nullptr)},
             {"roles_without_thread", log.roles_without_thread()},
             {"threads", json::array()},
             {"events", json::array()},
             {"stolen_share_by_pu", json::array()}};
    for (const auto& thread : log.threads())
        all["threads"].push_back({{"name", thread.last.name},
                                  {"id", thread.last.id},
                                  {"role", thread.place ? json(thread.place->role) : json(nullptr)},
                                  {"planned_pus", thread.place ? json(thread.place->pus.to_string()) : json(nullptr)},
                                  {"pu", or_null(thread.last.last_pu)},
                                  {"may_use", thread.last.may_use.to_string()},
                                  {"seen_on", thread.seen_on.to_string()},
                                  {"migrations", or_null(thread.migrations())},
                                  {"moves_seen", thread.moves_seen},
                                  {"involuntary_switches", or_null(thread.involuntary_switches())},
                                  {"ran_ns", or_null(thread.ran_ns())},
                                  {"waited_ns", or_null(thread.waited_ns())},
                                  {"off_plan", thread.is_off_plan},
                                  {"ended", thread.has_ended}});
    for (const auto& event : log.events())
        all["events"].push_back(
            {{"at_s", event.at_s}, {"thread", event.thread}, {"what", event.what}, {"leaves_plan", event.leaves_plan}});
    for (const auto& [pu, share] : stolen) all["stolen_share_by_pu"].push_back({{"pu", pu}, {"share", share}});
    return json_text(all);
}

}  // namespace weir::tool
