// SPDX-License-Identifier: MIT
// Parses a pair of PUs as a user writes it.
#include "topology_data.hpp"

#include "cpu_list.hpp"
#include "pair_words.hpp"
#include "text.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace weir {
namespace {

constexpr std::array policies{pair_policy::automatic, pair_policy::smt, pair_policy::same_l2, pair_policy::same_l3,
                              pair_policy::cross_numa};
constexpr std::string_view separators = ", \t\n";

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    for (auto from = text.find_first_not_of(separators); from != npos;) {
        const auto end = text.find_first_of(separators, from);
        words.push_back(text.substr(from, end == npos ? end : end - from));
        from = text.find_first_not_of(separators, end);
    }
    return words;
}

struct index_range {
    unsigned first;
    unsigned last;
};

std::optional<index_range> read_range(std::string_view text) {
    const auto number = [](std::string_view digits) -> std::optional<unsigned> {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(value) : std::nullopt;
    };
    const auto dash = text.find('-');
    const auto first = number(text.substr(0, dash));
    const auto last = dash == npos ? first : number(text.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    return index_range{*first, *last};
}

// Finds objects by location. Each part names the Nth object of its type within the part before: "package:1.core:0".
class location_reader {
public:
    location_reader(hwloc_topology* tree, std::string where) : tree_(tree), where_(std::move(where)) {}

    [[nodiscard]] std::vector<pu_set> read(std::string_view location) const {
        pu_set within = to_pu_set(hwloc_topology_get_topology_cpuset(tree_));
        for (auto rest = location;;) {
            const auto dot = rest.find('.');
            auto found = objects(rest.substr(0, dot), within, location);
            if (dot == npos) return found;
            if (found.size() != 1)
                throw placement_error(
                    in_quotes(location) +
                    " has a range before its last part: name one object there, such as package:0.core:0-1");
            within = std::move(found.front());
            rest.remove_prefix(dot + 1);
        }
    }

private:
    // The objects that "core:2" or "core:2-3" names, within these PUs.
    [[nodiscard]] std::vector<pu_set> objects(std::string_view part, const pu_set& within,
                                              std::string_view location) const {
        const auto colon = part.find(':');
        const auto wanted = colon == npos ? std::nullopt : read_range(part.substr(colon + 1));
        if (!wanted)
            throw placement_error(
                in_quotes(location) +
                " is not a location: write a type, a colon and an index, such as core:0 or package:1.core:0");
        const std::string type(part.substr(0, colon));
        const int depth = depth_of(type, location);
        const auto all = objects_at(depth, within);
        const auto count = all.size();
        if (wanted->last >= count)
            throw placement_error(
                "there is no " + type + ":" + std::to_string(wanted->last) + " " + where_ +
                (part == location ? "" : " for " + in_quotes(location)) +
                (count == 0 ? " (none of that type)" : " (indexes go to " + std::to_string(count - 1) + ")") +
                "; run 'weir topo' to see what there is");
        return {all.begin() + wanted->first, all.begin() + wanted->last + 1};
    }

    // In logical order. Memory-only NUMA nodes have no PUs and count only if `within` is the whole machine.
    [[nodiscard]] std::vector<pu_set> objects_at(int depth, const pu_set& within) const {
        const bool whole = within == to_pu_set(hwloc_topology_get_topology_cpuset(tree_));
        std::vector<pu_set> found;
        for (hwloc_obj* object = nullptr; (object = hwloc_get_next_obj_by_depth(tree_, depth, object)) != nullptr;)
            if (auto pus = to_pu_set(object->cpuset); pus.empty() ? whole : within.contains(pus))
                found.push_back(std::move(pus));
        return found;
    }

    [[nodiscard]] int depth_of(const std::string& type_name, std::string_view location) const {
        hwloc_obj_type_t type{};
        if (hwloc_type_sscanf(type_name.c_str(), &type, nullptr, 0) != 0 || hwloc_obj_type_is_io(type) != 0 ||
            type == HWLOC_OBJ_MISC)
            throw placement_error("hwloc finds no PUs in a " + in_quotes(type_name) + ", as in " + in_quotes(location) +
                                  ": use pu, core, l2, l3, numa, die or package");
        if (type == HWLOC_OBJ_CORE && hwloc_get_type_depth(tree_, type) == HWLOC_TYPE_DEPTH_UNKNOWN)
            type = HWLOC_OBJ_PU;  // as in the tables: without core information, each PU is a core
        const int depth = hwloc_get_type_depth(tree_, type);
        if (depth == HWLOC_TYPE_DEPTH_MULTIPLE)
            throw placement_error(in_quotes(location) +
                                  " could be on several levels of the machine: name a core or a package");
        if (depth == HWLOC_TYPE_DEPTH_UNKNOWN)
            throw placement_error("there is no " + type_name + " " + where_ + " for " + in_quotes(location) +
                                  "; run 'weir topo' to see what there is");
        return depth;
    }

    hwloc_topology* tree_;
    std::string where_;
};

}  // namespace

std::string what_they_share(const topology& machine, const pu_info& one, const pu_info& other) {
    const auto name = [](const pu_info& pu) {
        return "PU " + std::to_string(pu.os_index) + " (core:" + std::to_string(pu.core) + ")";
    };
    auto both = name(one) + " and " + name(other);
    const auto numa = one.numa_node == other.numa_node ? "" : " on two NUMA nodes";
    switch (machine.distance_between(one.os_index, other.os_index)) {
    case distance::same_pu: return "both ends run on " + name(one) + " and take turns there";
    case distance::smt:
        return "PU " + std::to_string(one.os_index) + " and PU " + std::to_string(other.os_index) +
               " are the SMT siblings of core:" + std::to_string(one.core);
    case distance::same_l2: return both + " share L2 cache " + std::to_string(*one.l2);
    case distance::same_l3: return both + " share L3 cache " + std::to_string(*one.l3) + numa;
    case distance::same_package:
        return both +
               (one.package ? " share package " + std::to_string(*one.package) + " and no cache"
                            : " share no cache that is known") +
               numa;
    case distance::cross_package: return both + " are in different packages" + numa;
    }
    return both;
}

pu_pair topology::parse_pair(std::string_view text) const {
    for (const auto policy : policies)
        if (text == to_string(policy)) return choose_pair(policy);

    const auto forms = "auto, smt, same-l2, same-l3, cross-numa, two locations (core:0,core:1) or two PU numbers (0,1)";
    const auto words = split(text);
    std::vector<unsigned> named;
    const location_reader locations(data_->tree.get(), data_->place());
    for (const auto word : words) {
        if (const auto numbers = read_cpu_list(word)) {
            named.insert(named.end(), numbers->begin(), numbers->end());
            continue;
        }
        if (word.find_first_not_of("0123456789") == npos)  // larger than any PU number
            data_->throw_no_such_pu(word);
        if (word.find(':') == npos)
            throw placement_error(in_quotes(word) + " is neither a policy nor a location: use " + forms);
        for (const auto& place : locations.read(word)) named.push_back(data_->first_allowed(place, word));
    }
    for (const unsigned pu : named) data_->check_allowed(pu);
    if (named.size() != 2)
        throw placement_error(in_quotes(text) + " names " + std::to_string(named.size()) +
                              (named.size() == 1 ? " PU" : " PUs") + ", but a pair has two, the producer first: use " +
                              forms);

    const auto& producer = pu(named[0]);
    const auto& consumer = pu(named[1]);
    auto reason = what_they_share(*this, producer, consumer) + ", as named";
    if (const auto outside = pu_set{named[0], named[1]} - allowed(); !outside.empty())
        reason += "; " + outside.to_string() + " is outside the affinity mask that this process was started with";
    return {named[0], named[1], distance_between(named[0], named[1]), std::move(reason)};
}

}  // namespace weir
