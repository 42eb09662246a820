// SPDX-License-Identifier: MIT
// weir shm: segments that processes share, what is in them, and what killed processes left behind.
#include "tools/common/command.hpp"
#include "tools/shm/survey.hpp"

#include "src/json_text.hpp"

#include <weir/detail/base/plain_text.hpp>
#include <weir/version.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* footer = R"(Actions:
  list           every segment with a name: what it holds, which processes hold its ends, how many use it
  show NAME      one segment in full
  clean [NAME]   remove the segments that no process uses; of these names, or all. Items in them are lost

A segment is used by every process that has it mapped, whether that holds an end or not. The kernel knows when a process
ends, however it ends, so clean never removes what is in use.

Examples:
  weir shm list                                      what there is
  weir shm list --json | jq '.segments[].name'       JSON for a program
  weir shm show quotes                               one ring: its positions and its processes
  weir shm clean                                     after a crash)";

struct options {
    std::string action;
    std::vector<std::string> names;
    bool as_json = false;
};

json end_as_json(const shm_end& end) {
    return {{"pid", end.pid == 0 ? json(nullptr) : json(end.pid)}, {"state", end.state}};
}

json readers_as_json(const std::vector<shm_reader>& readers) {
    json all = json::array();
    for (const shm_reader& one : readers) {
        all.push_back({{"name", detail::valid_utf8(one.name)},
                       {"mode", one.gated ? "gated" : "lossy"},
                       {"lag", one.lag},
                       {"missed", one.missed},
                       {"holder", end_as_json(one.holder)}});
    }
    return all;
}

// Of a ring of messages, whose positions count bytes.
void describe_messages(json& ring, const shm_positions& at) {
    ring.erase("producer");
    ring["messages_popped"] = at.messages_popped;
    ring["producers"] = json::array();
    for (const auto& one : at.producers) {
        json end = end_as_json(one.end);
        end["number"] = one.number;
        end["messages_pushed"] = one.messages;
        ring["producers"].push_back(end);
    }
}

json as_json(const shm_segment& segment) {
    json one{{"name", detail::valid_utf8(segment.name)},
             {"kind", segment.kind},
             {"bytes", segment.bytes},
             {"mode", fmt::format("{:04o}", segment.mode)},
             {"damage", segment.damage.empty() ? json(nullptr) : json(segment.damage)},
             {"users", segment.users ? json(*segment.users) : json(nullptr)},
             {"ring", nullptr}};
    if (segment.positions) {
        const auto& at = *segment.positions;
        const bool corrupted = at.contradict(segment.capacity);
        one["ring"] = {{"type_name", segment.type_name},
                       {"capacity", segment.capacity},
                       {"element_bytes", segment.element_bytes},
                       {"pushed", at.pushed},
                       {"popped", at.popped},
                       {"queued", corrupted ? json(nullptr) : json(at.pushed - at.popped)},
                       {"closed", at.closed},
                       {"producer", end_as_json(at.producer)}};
        if (at.readers) {
            one["ring"]["readers"] = readers_as_json(*at.readers);
        } else {
            one["ring"]["consumer"] = end_as_json(at.consumer);
        }
        if (segment.has_messages) describe_messages(one["ring"], at);
    }
    return one;
}

json document() { return {{"schema_version", 1}, {"kind", "weir shm"}, {"weir_version", WEIR_VERSION_STRING}}; }

exit_code list(const options& wanted) {
    const auto segments = survey_segments();
    json all = document();
    all["segments"] = json::array();
    for (const auto& segment : segments) all["segments"].push_back(as_json(segment));
    print(wanted.as_json ? json_text(all) : segments_as_table(segments));
    return succeeded;
}

exit_code show_one(const options& wanted) {
    if (wanted.names.size() != 1)
        throw stop(wrong_usage, fmt::format("show takes one name, and {} are given; 'weir shm list' shows the names",
                                            wanted.names.size()));
    const auto segment = survey_segment(wanted.names.front());
    json all = document();
    all["segments"] = json::array({as_json(segment)});
    print(wanted.as_json ? json_text(all) : segment_as_text(segment));
    return succeeded;
}

std::string_view in_words(detail::name_use outcome) {
    switch (outcome) {
    case detail::name_use::free: return "removed";
    case detail::name_use::used: return "in use ";
    case detail::name_use::forbidden: return "of another user";
    case detail::name_use::foreign: break;
    }
    return "not a segment that weir made:";
}

exit_code clean(const options& wanted) {
    std::vector<shm_segment> candidates;
    for (const auto& name : wanted.names) candidates.push_back(survey_segment(name));
    if (wanted.names.empty()) candidates = survey_segments();
    json removed = json::array();
    json kept = json::array();
    std::string text;
    for (const auto& segment : candidates) {
        const auto outcome = remove_segment(segment);
        (outcome == detail::name_use::free ? removed : kept).push_back(detail::valid_utf8(segment.name));
        text += fmt::format("{} {}\n", in_words(outcome), detail::printable(segment.name));
    }
    if (candidates.empty()) text = segments_as_table({});
    json all = document();
    all["removed"] = removed;
    all["kept"] = kept;
    print(wanted.as_json ? json_text(all) : text);
    // What was asked for by name, and is not done, is a failure.
    if (wanted.names.empty() || kept.empty()) return succeeded;
    throw stop(
        failed,
        fmt::format("{} of {} segments are in use, or of another user; end the processes that 'weir shm show' names",
                    kept.size(), wanted.names.size()));
}

}  // namespace

command add_shm(CLI::App& app) {
    auto wanted = std::make_shared<options>();
    app.add_option("action", wanted->action, "list, show or clean")
        ->required()
        ->type_name("ACTION")
        ->check([](const std::string& name) {
            return name.empty() ? "the name of the action is empty; give list, show or clean" : std::string();
        });
    app.add_option("names", wanted->names, "Segments, by name")->type_name("NAME");
    app.add_flag("--json", wanted->as_json, "Write JSON (schema_version 1) instead of text")->disable_flag_override();
    app.footer(footer);
    return [wanted] {
        if (wanted->action == "list") {
            if (!wanted->names.empty())
                throw stop(wrong_usage, "list takes no name; 'weir shm show NAME' shows one segment");
            return list(*wanted);
        }
        if (wanted->action == "show") return show_one(*wanted);
        if (wanted->action == "clean") return clean(*wanted);
        throw stop(wrong_usage,
                   fmt::format("there is no action '{}': give list, show or clean", detail::printable(wanted->action)));
    };
}

}  // namespace weir::tool
