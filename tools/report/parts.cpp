// SPDX-License-Identifier: MIT
// Identifies files by their contents, and groups them by machine.
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"
#include "tools/common/read_json.hpp"
#include "tools/report/report.hpp"

#include <weir/topology.hpp>

#include <fmt/format.h>
#include <algorithm>

namespace weir::tool::report {
namespace {

constexpr unsigned schema = 1;  // the same for every kind of file

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
    throw stop(wrong_usage, "'" + file + "' " + why);
}

std::string all_remedies() {
    std::string text;
    for (const auto& one : all_kinds()) text += (text.empty() ? "" : ", ") + std::string(one.remedy);
    return text;
}

// The first versions of weir-bench wrote no "kind".
std::string name_of_kind(const json& content) {
    if (auto said = text_or(content, "kind", ""); !said.empty()) return said;
    const bool is_bench = content.contains("environment") && content.contains("floors") && content.contains("summary");
    return is_bench ? "weir-bench" : "";
}

const kind_facts& recognise(const std::string& file, const json& content) {
    const auto give = "; give a file written by one of these: " + all_remedies();
    if (content.is_discarded()) refuse(file, "is not JSON, so it is not a result of weir" + give);
    if (!content.is_object()) refuse(file, "is not a result of weir" + give);
    const auto name = name_of_kind(content);
    if (name == "weir pressure")
        refuse(
            file,
            "is a result of 'weir pressure', which has a page of its own: draw it with 'weir pressure --from FILE --html "
            "FILE', and leave it out here");
    const auto& kinds = all_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& one) { return one.name == name; });
    if (found == kinds.end())
        refuse(file,
               (name.empty() ? "has no \"kind\"" : "is of kind '" + name + "', which a report cannot show") + give);
    if (const auto version = whole(content, "schema_version"); version != schema)
        refuse(file, fmt::format("has schema_version {}, but this version of weir reads {}; save it again with '{}'",
                                 version, schema, found->remedy));
    return *found;
}

void add_machine(part& to) {
    const auto& content = to.content;
    if (to.of == kind::bench) {
        const auto& environment = object(content, "environment");
        to.machine = {text_or(environment, "fingerprint", ""), text_or(environment, "topology", "")};
        to.cpu_model = text_or(environment, "cpu_model", "");
        return;
    }
    to.machine = identity_from_json(content);
    if (to.of == kind::matrix) {
        const auto& machine = object(content, "machine");
        to.cpu_model = text_or(machine, "cpu_model", "");
        to.machine.summary = topology::from_xml(text(machine, "topology_xml"), "topology_xml").summary();
    }
}

part read_part(const std::string& file) {
    auto content = json::parse(read_file(file), nullptr, false);
    const kind_facts* facts = nullptr;
    try {
        facts = &recognise(file, content);
        part one{.of = facts->of,
                 .file = file,
                 .content = std::move(content),
                 .weir_version = {},
                 .machine = {},
                 .cpu_model = {}};
        const auto& says = one.of == kind::bench ? object(one.content, "environment") : one.content;
        one.weir_version = text_or(says, "weir_version", "");
        add_machine(one);
        return one;
    } catch (const stop&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw stop(failed, fmt::format("'{}': {}; save it again{}", file, error.what(),
                                       facts == nullptr ? "" : fmt::format(" with '{}'", facts->remedy)));
    }
}

bool may_be_same(const machine_identity& a, const std::string& model_a, const machine_identity& b,
                 const std::string& model_b) {
    const auto agree = [](const std::string& x, const std::string& y) { return x.empty() || y.empty() || x == y; };
    if (!a.fingerprint.empty() && !b.fingerprint.empty()) return a.fingerprint == b.fingerprint;
    return agree(a.summary, b.summary) && agree(model_a, model_b);
}

std::string named(const machine& one) {
    std::string files;
    for (const auto& file : one.files) files += (files.empty() ? "" : ", ") + file;
    std::string what = one.cpu_model;
    if (!one.identity.summary.empty()) what += (what.empty() ? "" : ", ") + one.identity.summary;
    return files + " (" + (what.empty() ? one.identity.fingerprint : what) + ")";
}

void find_machines(contents& all) {
    // Files with a fingerprint come first; files without one join a matching machine.
    std::vector<const part*> order;
    for (const auto& one : all.parts) order.push_back(&one);
    std::stable_sort(order.begin(), order.end(), [](const part* a, const part* b) {
        return a->machine.fingerprint.empty() < b->machine.fingerprint.empty();
    });
    for (const auto* one : order) {
        if (one->machine.fingerprint.empty() && one->machine.summary.empty()) {
            all.of_unknown_machine.push_back(one->file);
            continue;
        }
        auto known = std::find_if(all.machines.begin(), all.machines.end(), [&](const machine& other) {
            return may_be_same(one->machine, one->cpu_model, other.identity, other.cpu_model);
        });
        if (known == all.machines.end()) known = all.machines.insert(known, {one->machine, one->cpu_model, {}});
        if (known->identity.summary.empty()) known->identity.summary = one->machine.summary;
        if (known->cpu_model.empty()) known->cpu_model = one->cpu_model;
        known->files.push_back(one->file);
    }
    if (all.machines.size() < 2) return;
    std::string list;
    for (const auto& one : all.machines) list += (list.empty() ? "" : "; ") + named(one);
    all.warnings.push_back(
        fmt::format("the files are of {} different machines, and figures of one do not apply to another: {}",
                    all.machines.size(), list));
}

// Whether the run has the roles and PUs of this plan.
bool is_of_plan(const json& run, const json& plan) {
    const auto& names = array_or_none(run, "roles");
    const auto& layouts = array(run, "layouts");
    const auto& roles = array(plan, "roles");
    if (names.empty() || layouts.empty()) return true;  // the file does not say
    const auto& pus = array(layouts.front(), "pus");
    if (names.size() != roles.size() || pus.size() != roles.size()) return false;
    for (std::size_t i = 0; i != roles.size(); ++i)
        if (names[i] != text(roles[i], "name") || pus[i] != whole(roles[i], "pu")) return false;
    return true;
}

}  // namespace

const std::vector<kind_facts>& all_kinds() {
    static const std::vector<kind_facts> all{
        {kind::topo, "weir topo", "The machine", "machine", "weir topo --json"},
        {kind::doctor, "weir doctor", "Settings that cost latency", "doctor", "weir doctor --json"},
        {kind::matrix, "weir matrix", "From one PU to another", "matrix", "weir matrix --json"},
        {kind::jitter, "weir jitter", "Interruptions of a spinning thread", "jitter", "weir jitter --json"},
        {kind::plan, "weir plan", "The plan", "plan", "weir plan --out FILE"},
        {kind::run, "weir run", "The plan, measured", "run", "weir run --json"},
        {kind::bench, "weir-bench", "Queues compared", "bench", "weir-bench --json FILE"}};
    return all;
}

const kind_facts& facts_of(kind of) { return all_kinds().at(static_cast<std::size_t>(of)); }

const part* contents::find(kind of) const {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const part& one) { return one.of == of; });
    return found == parts.end() ? nullptr : &*found;
}

const part* contents::find_beside(kind of, const part& beside) const {
    const auto* const found = find(of);
    return found != nullptr && may_be_of_one_machine(*found, beside) ? found : nullptr;
}

bool may_be_of_one_machine(const part& a, const part& b) {
    return may_be_same(a.machine, a.cpu_model, b.machine, b.cpu_model);
}

contents read_parts(const std::vector<std::string>& files) {
    contents all;
    for (const auto& file : files) {
        auto one = read_part(file);
        if (const auto* const other = all.find(one.of))
            throw stop(
                wrong_usage,
                fmt::format("'{}' and '{}' are both results of {}, but a report has one of each kind; leave one out",
                            other->file, file, facts_of(one.of).name));
        all.parts.push_back(std::move(one));
    }
    std::sort(all.parts.begin(), all.parts.end(), [](const part& a, const part& b) { return a.of < b.of; });
    find_machines(all);
    const auto* const plan = all.find(kind::plan);
    const auto* const run = all.find(kind::run);
    if (plan != nullptr && run != nullptr && !is_of_plan(run->content, plan->content))
        all.warnings.push_back(
            fmt::format("{} measured a different plan than {}: its roles run on other PUs", run->file, plan->file));
    return all;
}

}  // namespace weir::tool::report
