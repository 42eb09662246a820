// SPDX-License-Identifier: MIT
#include "tools/report/machine.hpp"

#include "tools/common/command.hpp"
#include "tools/common/html_page.hpp"
#include "tools/common/read_json.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <optional>
#include <set>

namespace weir::tool::report {
namespace {

using json = nlohmann::ordered_json;

struct drawn_pu {
    unsigned number = 0;
    unsigned index = 0;
    unsigned core = 0;
    std::optional<unsigned> l2, l3, numa_node, package;
    bool allowed = true;
    bool isolated = false;
};

// A level of nested boxes: its title, and the box that each PU belongs to.
struct level {
    std::function<std::string(unsigned index)> title;
    std::function<std::optional<unsigned>(const drawn_pu&)> box_of;
};

std::optional<unsigned> index_or_none(const json& row, const char* key) {
    const auto found = row.find(key);
    return found == row.end() || found->is_null() ? std::nullopt : std::optional(whole(row, key));
}

std::vector<drawn_pu> pus_of(const json& topo) {
    std::set<unsigned> isolated;
    if (const auto kernel = topo.find("kernel"); kernel != topo.end() && kernel->is_object())
        if (const auto list = kernel->find("isolated"); list != kernel->end() && list->is_array())
            for (const auto& pu : *list) isolated.insert(whole_itself(pu, "isolated"));
    std::vector<drawn_pu> pus;
    for (const auto& row : array(topo, "pus"))
        pus.push_back({.number = whole(row, "os_index"),
                       .index = whole(row, "index"),
                       .core = whole(row, "core"),
                       .l2 = index_or_none(row, "l2"),
                       .l3 = index_or_none(row, "l3"),
                       .numa_node = index_or_none(row, "numa_node"),
                       .package = index_or_none(row, "package"),
                       .allowed = flag_or(row, "allowed", true),
                       .isolated = isolated.contains(whole(row, "os_index"))});
    std::sort(pus.begin(), pus.end(), [](const drawn_pu& a, const drawn_pu& b) { return a.index < b.index; });
    return pus;
}

std::string cache_title(const json& topo, unsigned cache_level, unsigned index) {
    for (const auto& row : array_or_none(topo, "caches"))
        if (whole(row, "level") == cache_level && whole(row, "index") == index)
            return fmt::format("L{} cache {}, {}", cache_level, index, byte_size(count(row, "size_bytes")));
    return fmt::format("L{} cache {}", cache_level, index);
}

std::string core_title(const json& topo, unsigned index) {
    const bool one_kind = array_or_none(topo, "core_kinds").size() < 2;
    for (const auto& row : array_or_none(topo, "cores"))
        if (!one_kind && whole(row, "index") == index)
            if (const auto kind = index_or_none(row, "kind")) return fmt::format("core {}, kind {}", index, *kind);
    return fmt::format("core {}", index);
}

std::string package_title(const json& topo, unsigned index) {
    for (const auto& row : array_or_none(topo, "packages"))
        if (whole(row, "index") == index)
            if (const auto model = text_or(row, "model", ""); !model.empty())
                return fmt::format("package {}, {}", index, model);
    return fmt::format("package {}", index);
}

// A number for each PU that is equal for PUs in the same box.
std::vector<long> partition(const std::vector<drawn_pu>& pus, const level& by) {
    std::vector<long> boxes;
    for (const auto& pu : pus) {
        const auto box = by.box_of(pu);
        boxes.push_back(box ? static_cast<long>(*box) : -1);
    }
    return boxes;
}

// Skips a level that groups the PUs exactly like the level around or inside it.
std::vector<level> levels_of(const json& topo, const std::vector<drawn_pu>& pus) {
    const std::vector<level> all{
        {[&](unsigned i) { return package_title(topo, i); }, [](const drawn_pu& pu) { return pu.package; }},
        {[](unsigned i) { return fmt::format("NUMA node {}", i); }, [](const drawn_pu& pu) { return pu.numa_node; }},
        {[&](unsigned i) { return cache_title(topo, 3, i); }, [](const drawn_pu& pu) { return pu.l3; }},
        {[&](unsigned i) { return cache_title(topo, 2, i); }, [](const drawn_pu& pu) { return pu.l2; }},
        {[&](unsigned i) { return core_title(topo, i); }, [](const drawn_pu& pu) { return std::optional(pu.core); }}};
    const auto as_cores = partition(pus, all.back());
    std::vector<level> shown;
    for (std::size_t i = 0; i != all.size(); ++i) {
        const auto boxes = partition(pus, all[i]);
        const bool known = std::any_of(boxes.begin(), boxes.end(), [](long box) { return box >= 0; });
        const bool is_core = i + 1 == all.size();
        const bool is_cache = i == 2 || i == 3;
        const bool new_here = shown.empty() || is_core || is_cache || boxes != partition(pus, shown.back());
        if (known && new_here && (is_core || i == 0 || boxes != as_cores)) shown.push_back(all[i]);
    }
    return shown;
}

std::string pu_as_box(const drawn_pu& pu, const roles_by_pu& roles) {
    const auto found = roles.find(pu.number);
    std::string names;
    if (found != roles.end())
        for (const auto& name : found->second) names += fmt::format("<b>{}</b>", escaped(name));
    return fmt::format("<span class=\"pu{}{}{}\" data-pu=\"{}\">{}{}</span>", pu.allowed ? "" : " closed",
                       pu.isolated ? " isolated" : "", names.empty() ? "" : " taken", pu.number, pu.number, names);
}

std::string boxes(const std::vector<drawn_pu>& pus, const std::vector<level>& levels, std::size_t depth,
                  const roles_by_pu& roles) {
    std::string html;
    if (depth == levels.size()) {
        for (const auto& pu : pus) html += pu_as_box(pu, roles);
        return html;
    }
    for (std::size_t from = 0; from != pus.size();) {
        const auto box = levels[depth].box_of(pus[from]);
        std::vector<drawn_pu> inside;
        while (from != pus.size() && levels[depth].box_of(pus[from]) == box) inside.push_back(pus[from++]);
        const auto content = boxes(inside, levels, depth + 1, roles);
        html += box ? fmt::format("<div class=\"box\"><i>{}</i>{}</div>\n", escaped(levels[depth].title(*box)), content)
                    : content;
    }
    return html;
}

}  // namespace

std::string machine_as_boxes(const json& topo, const roles_by_pu& roles) {
    const auto pus = pus_of(topo);
    return "<div class=\"machine\">" + boxes(pus, levels_of(topo, pus), 0, roles) + "</div>\n";
}

}  // namespace weir::tool::report
