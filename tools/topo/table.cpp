// SPDX-License-Identifier: MIT
// The table of `weir topo`. Identical cores share one row, so that 256 PUs fit on a screen.
#include "tools/topo/topo.hpp"

#include "src/plain_text.hpp"
#include "tools/common/command.hpp"
#include "tools/common/text_table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace weir::tool {
namespace {

// The properties that all cores of a row have in common.
struct row_key {
    std::optional<unsigned> package;
    std::optional<unsigned> numa_node;
    std::optional<unsigned> l3;
    std::optional<unsigned> shared_l2;  // if several cores share it
    std::optional<unsigned> kind;
    std::uint64_t l2_bytes = 0;
    std::size_t siblings = 1;
    std::size_t usable = 0;    // usable hardware threads per core
    std::size_t bindable = 0;  // may be used if named explicitly

    bool operator==(const row_key&) const = default;
};

struct table_row {
    row_key key;
    std::vector<const core_info*> cores;
};

const cache_info* cache(const topology& machine, unsigned level, std::optional<unsigned> index) {
    const auto& all = machine.caches();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const cache_info& c) { return c.level == level && c.index == index; });
    return found == all.end() ? nullptr : &*found;
}

row_key key_of(const topology& machine, const core_info& core) {
    const auto& pu = machine.pu(core.pus.front());
    row_key key;
    key.package = pu.package;
    key.numa_node = pu.numa_node;
    key.l3 = pu.l3;
    key.kind = core.kind;
    if (const auto* l2 = cache(machine, 2, pu.l2)) {
        key.l2_bytes = l2->size_bytes;
        if (l2->pus.size() > core.pus.size()) key.shared_l2 = pu.l2;
    }
    key.siblings = core.pus.size();
    key.usable = (core.pus & machine.allowed()).size();
    key.bindable = (core.pus & machine.cgroup_allowed()).size();
    return key;
}

std::vector<table_row> make_rows(const topology& machine) {
    std::vector<table_row> rows;
    for (const auto& core : machine.cores()) {
        const auto key = key_of(machine, core);
        if (rows.empty() || !(rows.back().key == key)) rows.push_back({key, {}});
        rows.back().cores.push_back(&core);
    }
    return rows;
}

// Formats a list for taskset: "0-7", "0-14:2" for every second one, "0,3,5" otherwise.
std::string number_list(const std::vector<unsigned>& numbers) {
    std::string text;
    for (std::size_t from = 0; from < numbers.size();) {
        std::size_t to = from + 1;
        const unsigned step = to < numbers.size() && numbers[to] > numbers[from] ? numbers[to] - numbers[from] : 1;
        while (to < numbers.size() && numbers[to] == numbers[to - 1] + step) ++to;
        if (step != 1 && to - from < 3) to = from + 1;  // two numbers do not make a series
        text += fmt::format("{}{}", text.empty() ? "" : ",", numbers[from]);
        if (to - from > 1) text += fmt::format("-{}", numbers[to - 1]) + (step == 1 ? "" : fmt::format(":{}", step));
        from = to;
    }
    return text;
}

// First the lowest PU of every core, then the SMT siblings: "0-7 + 64-71".
std::string pu_columns(const table_row& row) {
    std::string text;
    for (std::size_t sibling = 0; sibling < row.key.siblings; ++sibling) {
        std::vector<unsigned> numbers;
        for (const auto* core : row.cores)
            numbers.push_back(*(core->pus.begin() + static_cast<std::ptrdiff_t>(sibling)));
        text += (sibling == 0 ? "" : " + ") + number_list(numbers);
    }
    return text;
}

std::string or_dash(std::optional<unsigned> index) { return index ? fmt::format("{}", *index) : "-"; }

// numactl, cgroups and the kernel number NUMA nodes with gaps on some machines; hwloc's locations do not.
std::optional<unsigned> kernel_number(const topology& machine, std::optional<unsigned> numa_node) {
    return numa_node ? std::optional(machine.numa_nodes()[*numa_node].os_index) : std::nullopt;
}

std::string usable(const topology& machine, const table_row& row) {
    if (row.key.usable == row.key.siblings) return "yes";
    if (row.key.usable == 0) return row.key.bindable == row.key.siblings ? "if named" : "no";
    std::vector<unsigned> numbers;
    for (const auto* core : row.cores)
        for (const unsigned pu : core->pus& machine.allowed()) numbers.push_back(pu);
    return "only " + number_list(numbers);
}

table_line cells(const topology& machine, const table_row& row) {
    std::vector<unsigned> numbers;
    for (const auto* core : row.cores) numbers.push_back(core->index);
    const auto* l3 = cache(machine, 3, row.key.l3);
    const auto l2 = row.key.l2_bytes == 0 ? "-" : byte_size(row.key.l2_bytes);
    std::string kind = or_dash(row.key.kind);
    if (row.key.kind) {
        const auto& of = machine.core_kinds()[*row.key.kind];
        if (!of.name.empty()) kind += " " + of.name;
        if (of.capacity) kind += fmt::format(", {:.0f}%", 100 * *of.capacity);
    }
    return {or_dash(row.key.package),
            or_dash(kernel_number(machine, row.key.numa_node)),
            l3 ? fmt::format("{}: {}", l3->index, byte_size(l3->size_bytes)) : "-",
            row.key.shared_l2 ? fmt::format("{}: {}", *row.key.shared_l2, l2)
            : l2 == "-"       ? l2
                              : l2 + " each",
            number_list(numbers),
            kind,
            pu_columns(row),
            usable(machine, row)};
}

std::string core_table(const topology& machine) {
    table_line titles{"package", "NUMA", "L3", "L2", "cores", "kind", "PUs", "usable"};
    const bool has_siblings = std::any_of(machine.cores().begin(), machine.cores().end(),
                                          [](const auto& core) { return core.pus.size() > 1; });
    if (has_siblings) titles[6] = "PUs (+ SMT siblings)";
    std::vector<table_line> lines{titles};
    for (const auto& row : make_rows(machine)) lines.push_back(cells(machine, row));
    if (machine.core_kinds().size() < 2)
        for (auto& row : lines) row.erase(row.begin() + 5);
    return aligned(lines);
}

std::string none_or(const std::string& text) { return text.empty() ? "none" : text; }

std::string known(const std::optional<pu_set>& pus) { return pus ? none_or(pus->to_string()) : "unknown"; }

std::string governors(const kernel_settings& kernel) {
    if (kernel.governors.empty()) return "unknown";
    std::string text;
    for (const auto& [governor, pus] : kernel.governors)
        text +=
            (text.empty() ? "" : ", ") + governor + (kernel.governors.size() == 1 ? "" : " (" + pus.to_string() + ")");
    return text;
}

std::string quota(const std::optional<double>& pus) {
    if (!pus) return "unknown";
    if (!std::isfinite(*pus)) return "none";
    return fmt::format("{:.2f} PUs' worth of time{}", *pus,
                       *pus < 2 ? ": two spinning threads would be throttled" : "");
}

// Facts below the table: a label and its value.
class facts {
public:
    void add(std::string_view name, std::string_view text) { lines_.push_back({std::string(name), std::string(text)}); }
    [[nodiscard]] std::string text() const { return aligned(lines_); }

private:
    std::vector<table_line> lines_;
};

void add_memory(const topology& machine, facts& out) {
    for (const auto& node : machine.numa_nodes())
        if (machine.numa_nodes().size() <= 16 && node.memory_bytes != 0)
            out.add(fmt::format("NUMA {}", node.os_index),
                    byte_size(node.memory_bytes) + (node.type.empty() ? "" : " of " + node.type) +
                        (node.allowed ? "" : ", not allowed") +
                        (node.pus.empty() ? ", no PUs" : ", PUs " + number_list({node.pus.begin(), node.pus.end()})));
}

// Where the percentages of the table come from.
void add_capacities(const topology& machine, facts& out) {
    if (machine.core_kinds().size() < 2 || !machine.core_kinds().front().capacity) return;
    out.add("kinds", "capacity in % of the fastest, from the " + machine.core_kinds().front().capacity_from);
}

void add_allowed(const topology& machine, facts& out) {
    if (!machine.is_this_machine()) {
        out.add("usable", none_or(machine.allowed().to_string()));
        return;
    }
    out.add("usable", fmt::format("{} (the cgroup allows {}, started on {})", none_or(machine.allowed().to_string()),
                                  none_or(machine.cgroup_allowed().to_string()),
                                  startup_affinity().empty() ? "unknown" : startup_affinity().to_string()));
    const auto reserved = (machine.isolated() & machine.cgroup_allowed()) - machine.allowed();
    if (!reserved.empty())
        out.add("", fmt::format("isolated PUs {} are not used unless named by --pin or taskset", reserved.to_string()));
}

void add_kernel(const kernel_settings& kernel, facts& out) {
    out.add("kernel", kernel.release.value_or("unknown"));
    out.add("isolated", known(kernel.isolated));
    out.add("nohz_full", known(kernel.nohz_full));
    out.add("rcu_nocbs", known(kernel.rcu_nocbs));
    for (const auto& argument : kernel.arguments) out.add("", argument);
    out.add("governor", governors(kernel));
    out.add("SMT", kernel.smt_control.value_or("unknown"));
    out.add("CPU quota", quota(kernel.cpu_quota));
}

// Puts each clause of a reason on a line of its own.
void add_clauses(std::string_view sentence, facts& out) {
    for (std::size_t from = 0; from < sentence.size();) {
        const auto end = std::min(sentence.find("; ", from), sentence.size());
        out.add("", sentence.substr(from, end - from));
        from = end + 2;
    }
}

}  // namespace

std::string topo_as_table(const topo_findings& found) {
    const auto& machine = found.machine;
    std::string text = printable(machine.source()) + ": " + machine.summary();
    if (!machine.packages().empty() && !machine.packages().front().model.empty())
        text += " (" + machine.packages().front().model + ")";
    text += "\n\n" + core_table(machine) + "\n";

    facts below;
    add_memory(machine, below);
    add_capacities(machine, below);
    add_allowed(machine, below);
    if (found.kernel) add_kernel(*found.kernel, below);
    text += below.text() + "\n";

    facts answer;
    if (found.pair) {
        answer.add(found.wanted, fmt::format("producer on PU {}, consumer on PU {}: {}", found.pair->producer,
                                             found.pair->consumer, to_string(found.pair->distance)));
        add_clauses(found.pair->reason, answer);
    } else {
        answer.add(found.wanted, "no pair: " + found.why_no_pair);
    }
    return text + answer.text();
}

}  // namespace weir::tool
