// SPDX-License-Identifier: MIT
#include "tools/plan/text.hpp"

#include "src/plain_text.hpp"
#include "tools/common/text_table.hpp"
#include "tools/common/words.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::tool {
namespace {

std::string or_dash(std::optional<unsigned> index) { return index ? fmt::format("{}", *index) : "-"; }

std::string node(std::optional<unsigned> index) { return index ? fmt::format("node {}", *index) : "-"; }

std::string rate(std::optional<double> items_per_s) { return items_per_s ? rate_in_words(*items_per_s) : "-"; }

std::string role_table(const placement_plan& made, const topology& machine) {
    std::vector<table_line> lines{{"role", "PU", "core", "package", "L3", "memory", "noise", "", "asked for"}};
    for (const auto& role : made.roles) {
        const auto& pu = machine.pu(role.pu);
        lines.push_back({role.asked.name, places_of(role).to_string(), fmt::format("core:{}", pu.core),
                         or_dash(pu.package), or_dash(pu.l3), node(role.memory_node), ns_of(role.noise_ns),
                         std::string(role.noise_assumed ? "assumed" : "measured") + (role.isolated ? ", isolated" : ""),
                         hints_of(role.asked)});
    }
    return aligned(lines, {side::left, side::right});
}

std::string edge_table(const placement_plan& made) {
    std::vector<table_line> lines{{"edge", "rate", "over", "p50", "p99", "", "weight", "costs"}};
    for (const auto& edge : made.edges)
        lines.push_back({edge.asked.name(), rate(edge.asked.items_per_s), std::string(to_string(edge.distance)),
                         ns_of(edge.cost.p50_ns), ns_of(edge.cost.p99_ns), std::string(to_string(edge.source)),
                         fmt::format("{:.3g}{}", edge.weight, edge.critical ? ", and p99" : ""), ns_of(cost_of(edge))});
    return aligned(lines, {side::left, side::right, side::left, side::right, side::right});
}

std::string cost_line(const placement_plan& made) {
    return fmt::format(
        "  {}\n  {}\n", wrapped(cost_sentence(made.cost), 2, 4),
        made.is_proven()
            ? "proven optimal: no placement costs less"
            : fmt::format("best found, not proven optimal: no placement costs less than {}, {:.0f}% below",
                          ns_of(made.lower_bound_ns), 100 * (1 - made.lower_bound_ns / made.cost.total())));
}

// As hwloc writes a set of the kernel's PU numbers: 32 bits a word, the highest first. Locations such as pu:2 would count the PUs
// that the process may use, so they mean others in a container.
std::string hwloc_mask(const pu_set& pus) {
    std::vector<std::uint32_t> words;
    for (const unsigned pu : pus) {
        words.resize(std::max<std::size_t>(words.size(), pu / 32 + 1));
        words[pu / 32] |= std::uint32_t{1} << pu % 32;
    }
    std::string text;
    for (auto word = words.rbegin(); word != words.rend(); ++word)
        text += fmt::format("{}0x{:08x}", text.empty() ? "" : ",", *word);
    return text;
}

std::string call_that_pins(const pu_set& pus) {
    if (pus.size() == 1) return fmt::format("weir::pin_this_thread({})", pus.front());
    return fmt::format("weir::set_this_thread_affinity(weir::pu_set::parse(\"{}\"))", pus.to_string());
}

std::string in_shell_quotes(const std::string& name) {
    const bool is_plain = printable(name) == name;
    std::string text = is_plain ? "'" : "$'";  // of bash and zsh, where a terminal would obey the name
    for (const char c : name) {
        if (is_plain)
            text += c == '\'' ? std::string("'\\''") : std::string(1, c);
        else
            text += std::isalnum(static_cast<unsigned char>(c)) != 0
                        ? std::string(1, c)
                        : fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    }
    return text + "'";
}

// Words of a command in lines of 100 columns, which the shell joins.
std::string command_line(const std::vector<std::string>& words) {
    constexpr std::size_t width = 98;
    std::string text;
    std::size_t column = 2;
    for (const auto& word : words) {
        if (!text.empty() && column + 1 + word.size() > width) {
            text += " \\\n    ";
            column = 4;
        } else if (!text.empty()) {
            text += ' ';
            ++column;
        }
        text += word;
        column += word.size();
    }
    return "  " + text + "\n";
}

// As the shell takes it for one word, with quotes where it needs them.
std::string shell_word(const std::string& text) {
    const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view("-_.:,=/@%+").find(static_cast<char>(c)) != std::string::npos;
    });
    return is_plain ? text : in_shell_quotes(text);
}

// A string of C++ without its quotes.
std::string in_cpp_string(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        if (c == '"' || c == '\\')
            safe += std::string("\\") + c;
        else if (static_cast<unsigned char>(c) < ' ')
            safe += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
        else
            safe += c;
    }
    return safe;
}

// The command that costs this placement again; empty if a role has no edge, which only a file of roles can say.
std::string check_to_paste(const placement_plan& made, const topology& machine, const given_options& repeated) {
    std::vector<std::string> words{"weir plan", "--check"};
    for (const auto& role : made.roles) words.push_back(shell_word(fmt::format("{}={}", role.asked.name, role.pu)));
    for (const auto& edge : made.edges)
        words.push_back(fmt::format("--edge '{}{}'", edge.asked.name(),
                                    edge.asked.items_per_s ? fmt::format("@{}ps", *edge.asked.items_per_s) : ""));
    for (const auto& role : made.roles) {
        const auto& name = role.asked.name;
        const bool has_edge = std::any_of(made.edges.begin(), made.edges.end(), [&](const planned_edge& edge) {
            return edge.asked.from == name || edge.asked.to == name;
        });
        if (!has_edge && !made.edges.empty()) return {};
        auto hints = hints_of(role.asked);
        std::erase(hints, ' ');
        if (!hints.empty() || !has_edge)
            words.push_back("--role " + shell_word(name + (hints.empty() ? "" : ":") + hints));
    }
    if (!machine.is_this_machine()) words.push_back("--topology " + in_shell_quotes(machine.source()));
    for (const auto& [option, value] : repeated) words.push_back(option + " " + shell_word(value));
    return "\nto paste: what this placement costs, later or with other figures\n" + command_line(words);
}

}  // namespace

pu_set places_of(const planned_role& role) { return role.pus.empty() ? pu_set{role.pu} : role.pus; }

std::string ns_of(double value) {
    return value < 9.95 ? fmt::format("{:.1f} ns", value) : fmt::format("{:.0f} ns", value);
}

std::string signed_ns(double value) {
    if (std::abs(value) < 0.05) return "0 ns";
    return (value < 0 ? "-" : "+") + ns_of(std::abs(value));
}

std::string hints_of(const plan_role& role) {
    std::string text;
    const auto add = [&](const std::string& hint) { text += (text.empty() ? "" : ", ") + hint; };
    if (role.quiet) add("quiet");
    if (role.smt_ok) add("smt-ok");
    if (role.housekeeping) add("housekeeping");
    if (role.pinned) add(fmt::format("pinned={}", *role.pinned));
    if (!role.near.empty()) add("near=" + role.near);
    if (role.package) add(fmt::format("package={}", *role.package));
    return text;
}

std::string cost_sentence(const plan_cost& cost) {
    std::string terms;
    const auto add = [&](double part, const char* what) {
        if (part != 0) terms += fmt::format("{}{} {}", terms.empty() ? "" : " + ", ns_of(part), what);
    };
    add(cost.edges, "edges");
    add(cost.noise, "noise of quiet roles");
    add(cost.smt_sharing, "shared cores");
    add(cost.not_isolated, "PUs that are not isolated");
    add(cost.slow_cores, "slower cores");
    add(cost.pu_0, "PU 0's core");
    add(cost.device, "PUs far from a device");
    add(cost.memory, "PUs far from their memory");
    return "cost " + ns_of(cost.total()) + (terms.empty() ? "" : " = " + terms);
}

double cost_of(const planned_edge& edge) {
    return edge.weight * (edge.cost.p50_ns + (edge.critical ? edge.cost.p99_ns : 0));
}

std::string plan_as_text(const placement_plan& made, const topology& machine) {
    std::string text = printable(machine.source()) + ": " + made.machine + "\n\n" + role_table(made, machine);
    if (!made.edges.empty()) text += "\n" + edge_table(made);
    text += "\n" + cost_line(made);
    if (!made.alternatives.empty()) text += "\nalternatives, and why they cost more\n";
    for (const auto& other : made.alternatives) {
        const auto begin = fmt::format("  +{:<9} ", ns_of(other.extra_ns));
        text += begin + wrapped(other.reason, begin.size(), begin.size()) + "\n";
    }
    if (!made.remarks.empty()) text += "\nnote\n";
    for (const auto& remark : made.remarks) text += "  " + wrapped(remark, 2, 4) + "\n";
    return text;
}

pu_set worth_isolating(const placement_plan& made, const topology& machine) {
    const bool any_quiet =
        std::any_of(made.roles.begin(), made.roles.end(), [](const planned_role& role) { return role.asked.quiet; });
    pu_set all;
    pu_set chosen;
    for (const auto& pu : machine.pus()) all.insert(pu.os_index);
    for (const auto& core : machine.cores())
        if (!core.pus.contains(0) && std::any_of(made.roles.begin(), made.roles.end(), [&](const planned_role& role) {
                return (role.asked.quiet || !any_quiet) && !role.asked.housekeeping && core.pus.contains(role.pu);
            }))
            chosen = chosen | core.pus;
    return (all - chosen).empty() ? pu_set{} : chosen;
}

std::string plan_to_paste(const placement_plan& made, const topology& machine, const std::string& file,
                          const given_options& repeated) {
    pu_set pus;
    for (const auto& role : made.roles) pus = pus | places_of(role);
    std::string spaced;
    for (const unsigned pu : pus) spaced += fmt::format("{}{}", spaced.empty() ? "" : " ", pu);
    std::string text = fmt::format(
        "\nto paste: run the program on these PUs\n  taskset --cpu-list {} ./app\n  hwloc-bind {} -- ./app\n"
        "\nto paste: the same for a service, under [Service]\n  CPUAffinity={}\n",
        pus.to_string(), hwloc_mask(pus), spaced);

    pu_set nodes;
    for (const auto& role : made.roles)
        if (role.memory_node) nodes.insert(*role.memory_node);
    if (!nodes.empty())
        text += fmt::format(
            "\nto paste: the same, with memory of the NUMA nodes of these PUs alone\n"
            "  numactl --physcpubind={} --membind={} ./app\n",
            pus.to_string(), nodes.to_string());

    text += "\nto paste: pin each thread, by its thread id\n";
    for (const auto& role : made.roles)
        text +=
            fmt::format("  taskset --cpu-list --pid {} $TID   # {}\n", places_of(role).to_string(), role.asked.name);

    if (!file.empty())
        text += fmt::format(
            "\nto paste: run the program with its threads, by their names, in these places\n"
            "  weir pin --plan {} -- ./app\n",
            in_shell_quotes(file));
    text += check_to_paste(made, machine, repeated);

    text += "\nto paste: or pin in the program, linked with weir::topology\n";
    if (file.empty()) {
        text += "  #include <weir/affinity.hpp>\n";
        for (const auto& role : made.roles)
            text += fmt::format("  {};  // in the thread of {}\n", call_that_pins(places_of(role)), role.asked.name);
    } else {
        text += fmt::format("  #include <weir/plan.hpp>\n  const auto plan = weir::placement_plan::load(\"{}\");\n",
                            in_cpp_string(file));
        for (const auto& role : made.roles)
            text += fmt::format("  plan.pin_this_thread(\"{}\");  // in its thread\n", role.asked.name);
    }

    if (machine.numa_nodes().size() > 1 && !made.edges.empty()) {
        const bool at_consumers = std::all_of(made.edges.begin(), made.edges.end(), [&](const planned_edge& edge) {
            return edge.memory_node == machine.memory_node(made.pu_of(edge.asked.to));
        });
        text +=
            fmt::format("\nto paste: the slots of each ring on {} NUMA node, with #include <weir/node_memory.hpp>\n",
                        at_consumers ? "its consumer's" : "the better, as measured,");
        for (const auto& edge : made.edges)
            if (edge.memory_node)
                text += fmt::format("  weir::storage::on_node({})  // {}\n", *edge.memory_node, edge.asked.name());
    }

    const auto isolate = worth_isolating(made, machine);
    text += "\nto paste: kernel arguments that reserve these PUs, from the next boot on, in one line\n";
    if (isolate.empty())
        return text + "  none: no core can be reserved, because PU 0's core is left to the kernel's own work\n";
    pu_set others;
    for (const auto& pu : machine.pus())
        if (!isolate.contains(pu.os_index)) others.insert(pu.os_index);
    const auto list = isolate.to_string();
    for (const auto& argument : {"isolcpus=managed_irq,domain," + list, "nohz_full=" + list, "rcu_nocbs=" + list,
                                 "irqaffinity=" + others.to_string()})
        text += "  " + argument + "\n";
    return text;
}

}  // namespace weir::tool
