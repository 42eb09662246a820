// SPDX-License-Identifier: MIT
// Schema 1 of `weir matrix --json`, written and read.
#include "tools/common/matrix_data.hpp"

#include "tools/common/read_json.hpp"

#include <weir/version.hpp>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using json = nlohmann::ordered_json;

json percentiles(const percentiles_ns& of) { return {{"p50", of.p50}, {"p99", of.p99}, {"p99_9", of.p99_9}}; }

percentiles_ns read_percentiles(const json& from) {
    return {number(from, "p50"), number(from, "p99"), number(from, "p99_9")};
}

json kind(const std::optional<unsigned>& of_core) { return of_core ? json(*of_core) : json(nullptr); }

std::optional<unsigned> read_kind(const json& from, const char* key) {
    const auto found = from.find(key);
    return found == from.end() || found->is_null() ? std::nullopt : std::optional(whole(from, key));
}

void add_class(json& to, const pair_class& of) {
    to["distance"] = to_string(of.distance);
    to["same_numa_node"] = of.same_numa_node;
    to["from_kind"] = kind(of.from_kind);
    to["to_kind"] = kind(of.to_kind);
    to["remoteness"] = of.remoteness;
}

weir::distance read_distance(const json& from) {
    constexpr std::array all{distance::same_pu, distance::smt,          distance::same_l2,
                             distance::same_l3, distance::same_package, distance::cross_package};
    const auto name = text(from, "distance");
    const auto* const found = std::find_if(all.begin(), all.end(), [&](auto d) { return to_string(d) == name; });
    if (found == all.end())
        throw std::runtime_error("\"distance\": \"" + name +
                                 "\" is not a distance; use same-pu, smt, same-l2, same-l3, same-package "
                                 "or cross-package");
    return *found;
}

pair_class read_class(const json& from) {
    return {read_distance(from), flag_or(from, "same_numa_node", true), read_kind(from, "from_kind"),
            read_kind(from, "to_kind"), number_or(from, "remoteness", 1)};
}

json one(const pair_cost& pair) {
    json to{{"from", pair.from}, {"to", pair.to}};
    add_class(to, pair.kind);
    to.update(json{
        {"one_way_ns", percentiles(pair.one_way_ns)},
        {"q1_ns", pair.q1_ns},
        {"q3_ns", pair.q3_ns},
        {"items_per_s", pair.items_per_s},
        {"rounds", pair.rounds},
        {"dropped", pair.dropped},
        {"measured", pair.measured},
        {"steady", pair.steady},
        {"from_clocks", pair.from_clocks},
        {"clock_offset_ns", pair.clock_offset_ns},
        {"line_roundtrip_ns", pair.line_roundtrip_ns},
        {"stream_words_per_s", pair.stream_words_per_s},
        {"involuntary_switches", pair.involuntary_switches},
        {"migrations", pair.migrations},
    });
    return to;
}

pair_cost read_pair(const json& from) {
    return {.from = whole(from, "from"),
            .to = whole(from, "to"),
            .kind = read_class(from),
            .one_way_ns = read_percentiles(object(from, "one_way_ns")),
            .q1_ns = number_or(from, "q1_ns", 0),
            .q3_ns = number_or(from, "q3_ns", 0),
            .items_per_s = number(from, "items_per_s"),
            .rounds = whole_or(from, "rounds", 0),
            .dropped = whole_or(from, "dropped", 0),
            .measured = flag_or(from, "measured", false),
            .steady = flag_or(from, "steady", false),
            .from_clocks = flag_or(from, "from_clocks", false),
            .clock_offset_ns = number_or(from, "clock_offset_ns", 0),
            .line_roundtrip_ns = number_or(from, "line_roundtrip_ns", 0),
            .stream_words_per_s = number_or(from, "stream_words_per_s", 0),
            .involuntary_switches = whole_or(from, "involuntary_switches", 0),
            .migrations = whole_or(from, "migrations", 0)};
}

json one(const class_cost& of) {
    json to = json::object();
    add_class(to, of.kind);
    to["one_way_ns"] = percentiles(of.one_way_ns);
    to["items_per_s"] = of.items_per_s;
    to["pairs_measured"] = of.pairs_measured;
    return to;
}

json one(const memory_cost::slots& of) {
    return {
        {"node", of.node}, {"one_way_ns", {{"p50", of.p50_ns}, {"p99", of.p99_ns}}}, {"items_per_s", of.items_per_s}};
}

memory_cost::slots read_slots(const json& from) {
    const auto& one_way = object(from, "one_way_ns");
    return {whole(from, "node"), number(one_way, "p50"), number(one_way, "p99"), number(from, "items_per_s")};
}

const char* in_json(memory_cost::verdict better) {
    switch (better) {
    case memory_cost::verdict::producer: return "producer";
    case memory_cost::verdict::consumer: return "consumer";
    default: return "no difference";
    }
}

json one(const memory_cost& of) {
    json to{{"from", of.from}, {"to", of.to}};
    add_class(to, of.kind);
    to.update(json{{"rounds", of.rounds},
                   {"dropped", of.dropped},
                   {"at_producer", one(of.at_producer)},
                   {"at_consumer", one(of.at_consumer)},
                   {"latency_ratio", {{"q1", of.latency_q1}, {"q3", of.latency_q3}}},
                   {"stream_ratio", {{"q1", of.stream_q1}, {"q3", of.stream_q3}}},
                   {"better_at", in_json(of.better_at())}});
    return to;
}

memory_cost read_memory(const json& from) {
    const auto& latency = object(from, "latency_ratio");
    const auto& stream = object(from, "stream_ratio");
    return {.from = whole(from, "from"),
            .to = whole(from, "to"),
            .kind = read_class(from),
            .rounds = whole(from, "rounds"),
            .dropped = whole(from, "dropped"),
            .at_producer = read_slots(object(from, "at_producer")),
            .at_consumer = read_slots(object(from, "at_consumer")),
            .latency_q1 = number(latency, "q1"),
            .latency_q3 = number(latency, "q3"),
            .stream_q1 = number(stream, "q1"),
            .stream_q3 = number(stream, "q3")};
}

class_cost read_class_cost(const json& from) {
    return {read_class(from), read_percentiles(object(from, "one_way_ns")), number(from, "items_per_s"),
            whole(from, "pairs_measured")};
}

}  // namespace

const pair_cost* matrix_data::find(unsigned from, unsigned to) const {
    const auto found =
        std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.from == from && pair.to == to; });
    return found == pairs.end() ? nullptr : &*found;
}

json to_json(const matrix_data& matrix) {
    json pairs = json::array();
    for (const auto& pair : matrix.pairs) pairs.push_back(one(pair));
    json classes = json::array();
    for (const auto& of : matrix.classes) classes.push_back(one(of));
    json all{
        {"schema_version", 1},
        {"kind", "weir matrix"},
        {"weir_version", WEIR_VERSION_STRING},
        {"machine",
         {{"topology_xml", matrix.machine.topology_xml},
          {"cpu_model", matrix.machine.cpu_model},
          {"fingerprint", matrix.machine.fingerprint},
          {"hypervisor", matrix.machine.hypervisor},
          {"isolated", matrix.machine.isolated}}},
        {"pus", matrix.pus},
        {"pairs", pairs},
        {"classes", classes},
    };
    for (const auto& of : matrix.memory) all["memory"].push_back(one(of));
    return all;
}

matrix_data matrix_from_json(const json& from) {
    expect_schema(from, "weir matrix", 1);
    const auto& machine = object(from, "machine");
    matrix_data matrix;
    matrix.machine = {text(machine, "topology_xml"), text(machine, "cpu_model"), text(machine, "fingerprint"),
                      text_or(machine, "hypervisor", ""), text_or(machine, "isolated", "")};
    for (const auto& pu : array(from, "pus")) matrix.pus.push_back(whole_itself(pu, "pus"));
    for (const auto& pair : array(from, "pairs")) matrix.pairs.push_back(read_pair(pair));
    for (const auto& of : array(from, "classes")) matrix.classes.push_back(read_class_cost(of));
    for (const auto& of : array_or_none(from, "memory")) matrix.memory.push_back(read_memory(of));
    return matrix;
}

matrix_data read_matrix(const std::string& text, const std::string& name) {
    return read_named(text, name, "save one with 'weir matrix --json'", matrix_from_json);
}

}  // namespace weir::tool
