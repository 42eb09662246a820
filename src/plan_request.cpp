// SPDX-License-Identifier: MIT
#include <weir/plan.hpp>

#include "json_input.hpp"
#include "plain_text.hpp"
#include "plan_words.hpp"
#include "text.hpp"

#include <algorithm>
#include <charconv>

namespace weir {
namespace {

constexpr std::string_view known_hints =
    "the hints are quiet, smt-ok, housekeeping, pinned=PU, package=N and near=DEVICE";

// A name has letters, digits and - _ . but no "->", so that it can be used in edges and commands; and nothing that a terminal obeys.
bool is_name(std::string_view text) {
    return !text.empty() && printable(text) == text && text.find("->") == npos &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return c >= 128 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
           });
}

// As the kernel names devices; the address of a PCI function has colons.
bool is_device_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return c > ' ' && c < 127 && c != '\'' && c != '"' && c != ',' && c != '\\';
    });
}

void check_name(std::string_view name, std::string_view where) {
    if (!is_name(name))
        throw placement_error(in_quotes(printable(where)) + " has " +
                              (name.empty() ? "an empty name" : "the name " + in_quotes(printable(name))) +
                              ": names consist of letters, digits and '-', '_', '.', in UTF-8");
}

// "1.5M", with or without "ps" or "/s"
std::optional<double> read_rate(std::string_view text) {
    bool has_unit = false;
    for (const std::string_view unit : {"ps", "/s"})
        if (text.ends_with(unit)) {
            text.remove_suffix(2);
            has_unit = true;
            break;
        }
    double factor = 1;
    if (!text.empty()) {
        switch (text.back()) {
        case 'k': factor = 1e3; break;
        case 'M': factor = 1e6; break;
        case 'G': factor = 1e9; break;
        default: break;
        }
        if (factor != 1) text.remove_suffix(1);
    }
    if (!has_unit && factor == 1) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !(value > 0) || !(value * factor <= 1e12))
        return std::nullopt;
    return value * factor;
}

unsigned read_hint_number(std::string_view hint, std::string_view text) {
    unsigned number = 0;
    const auto digits = hint.substr(hint.find('=') + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size())
        throw placement_error("the hint " + in_quotes(hint) + " of " + in_quotes(text) +
                              " needs a number, as in pinned=3 or package=0");
    return number;
}

void give(std::optional<unsigned>& place, std::string_view hint, std::string_view text) {
    const unsigned number = read_hint_number(hint, text);
    if (place && *place != number)
        throw placement_error("the hint " + in_quotes(hint) + " of " + in_quotes(text) + " contradicts an earlier " +
                              std::string(hint.substr(0, hint.find('=') + 1)) + std::to_string(*place) +
                              ": give one of them");
    place = number;
}

void give_device(plan_role& role, std::string_view device, std::string_view text) {
    if (!is_device_name(device))
        throw placement_error(in_quotes(printable(text)) + " names no device: write near=eth0, near=nvme0 or " +
                              "near=pci:0000:3b:00.0");
    if (!role.near.empty() && role.near != device)
        throw placement_error(in_quotes(text) + " asks for " + std::string(device) + ", and an earlier hint for " +
                              role.near + ": give one of them");
    role.near = device;
}

void apply_hint(plan_role& role, std::string_view hint, std::string_view text) {
    if (hint == "quiet")
        role.quiet = true;
    else if (hint == "smt-ok")
        role.smt_ok = true;
    else if (hint == "housekeeping")
        role.housekeeping = true;
    else if (hint.starts_with("near="))
        give_device(role, hint.substr(5), text);
    else if (hint.starts_with("pinned="))
        give(role.pinned, hint, text);
    else if (hint.starts_with("package="))
        give(role.package, hint, text);
    else
        throw placement_error("there is no hint " + in_quotes(hint) + ", as in " + in_quotes(text) + ": " +
                              std::string(known_hints));
}

plan_role* find(std::vector<plan_role>& roles, std::string_view name) {
    const auto found =
        std::find_if(roles.begin(), roles.end(), [&](const plan_role& role) { return role.name == name; });
    return found == roles.end() ? nullptr : &*found;
}

void add_checked_edge(plan_request& request, plan_edge added, std::string_view text) {
    if (added.from == added.to)
        throw placement_error(
            "edge " + in_quotes(text) +
            " connects a role to itself, but a ring connects two threads: name another role on one side, as in md->strat");
    for (const auto& edge : request.edges)
        if (edge.from == added.from && edge.to == added.to)
            throw placement_error("edge " + in_quotes(edge.name()) +
                                  " is given twice: give it once, with the sum of both rates");
    request.edges.push_back(std::move(added));
}

}  // namespace

std::string names_of(const std::vector<plan_role>& roles) {
    std::string names;
    for (const auto& role : roles) names += (names.empty() ? "" : ", ") + role.name;
    return names.empty() ? "none" : names;
}

void plan_request::add_edge(std::string_view text) {
    const auto at = text.find('@');
    const auto ends = text.substr(0, at);
    const auto arrow = ends.find("->");
    if (arrow == npos || ends.find("->", arrow + 2) != npos)
        throw placement_error(in_quotes(text) +
                              " is not an edge: write from->to or from->to@RATE, as in 'strat->gw@1Mps'" +
                              (ends.ends_with('-') ? ", in quotes, or the shell takes > for itself" : ""));
    plan_edge added{std::string(trim(ends.substr(0, arrow))), std::string(trim(ends.substr(arrow + 2))), std::nullopt};
    if (added.from.empty() || added.to.empty())
        throw placement_error("edge " + in_quotes(text) +
                              (!added.from.empty() ? " has no consumer"
                               : added.to.empty()  ? " has no producer and no consumer"
                                                   : " has no producer") +
                              ": write both roles, as in md->strat");
    check_name(added.from, text);
    check_name(added.to, text);
    if (at != npos) {
        added.items_per_s = read_rate(trim(text.substr(at + 1)));
        if (!added.items_per_s)
            throw placement_error("edge " + in_quotes(text) + " has an invalid rate: write a number above 0 and " +
                                  "up to 1000 Gps with ps, kps, Mps or Gps, as in strat->gw@1.5Mps");
    }
    for (const auto& name : {added.from, added.to})
        if (find(roles, name) == nullptr) roles.push_back({.name = name});
    add_checked_edge(*this, std::move(added), text);
}

void plan_request::add_role(std::string_view text) {
    const auto colon = text.find(':');
    const auto name = trim(text.substr(0, colon));
    check_name(name, text);
    auto* role = find(roles, name);
    if (role == nullptr) {
        if (!edges.empty())
            throw placement_error("there is no role " + in_quotes(name) + ": the edges use " + names_of(roles) +
                                  "; declare a role without rings in a file of roles");
        roles.push_back({.name = std::string(name)});
        role = &roles.back();
    }
    if (colon == npos) return;
    for (auto hints = text.substr(colon + 1);;) {
        const auto end = hints.starts_with("near=") ? hints.find(',') : hints.find_first_of(",:");
        apply_hint(*role, trim(hints.substr(0, end)), text);
        if (end == npos) return;
        hints.remove_prefix(end + 1);
    }
}

plan_request plan_request::load(const std::string& path) {
    const json_input file(
        "file of roles", path,
        R"(write {"roles": [{"name": "md"}, {"name": "gw", "quiet": true}], "edges": [{"from": "md", )"
        R"("to": "gw"}]})");
    return read_request(file);
}

plan_request read_request(const json_input& file) {
    plan_request request;
    for (std::size_t i = 0; const auto& row : file.array(file.root(), "roles")) {
        const auto place = "roles[" + std::to_string(i++) + "]";
        plan_role role{file.text(row, "name", place),
                       file.flag(row, "quiet", place),
                       file.flag(row, "smt_ok", place),
                       file.maybe_number(row, "pinned", place),
                       file.maybe_number(row, "package", place),
                       file.flag(row, "housekeeping", place),
                       ""};
        if (const auto near = row.find("near"); near != row.end() && !near->is_null()) {
            role.near = file.text(row, "near", place);
            if (!is_device_name(role.near))
                file.fail("'" + place + ".near' is '" + printable(role.near) + "', which is no name of a device");
        }
        if (!is_name(role.name))
            file.fail("'" + place + ".name' is '" + printable(role.name) +
                      "': names consist of letters, digits and '-', '_', '.'");
        if (find(request.roles, role.name) != nullptr) file.fail("role '" + role.name + "' is given twice");
        for (const auto& [key, value] : row.items())
            if (!is_role_key(key))
                file.fail("'" + place + "." + key +
                          "' is unknown: a role has name, quiet, smt_ok, pinned, package, housekeeping, near");
        request.roles.push_back(std::move(role));
    }
    if (!file.root().contains("edges")) return request;
    for (std::size_t i = 0; const auto& row : file.array(file.root(), "edges")) {
        const auto place = "edges[" + std::to_string(i++) + "]";
        plan_edge edge{file.text(row, "from", place), file.text(row, "to", place),
                       file.maybe_amount(row, "items_per_s", place)};
        for (const auto& end : {edge.from, edge.to})
            if (find(request.roles, end) == nullptr)
                file.fail("edge '" + edge.name() + "' names role '" + end + "', which does not exist: the roles are " +
                          names_of(request.roles));
        if (edge.items_per_s && !(*edge.items_per_s > 0)) edge.items_per_s.reset();
        const auto name = edge.name();
        try {
            add_checked_edge(request, std::move(edge), name);
        } catch (const placement_error& error) {
            file.fail(error.what());
        }
    }
    return request;
}

bool is_role_key(std::string_view key) {
    // Those from pu on appear only in a plan.
    for (const std::string_view known : {"name", "quiet", "smt_ok", "pinned", "package", "housekeeping", "near",
                                         "memory_node", "pu", "pus", "isolated", "noise_ns", "noise_assumed"})
        if (key == known) return true;
    return false;
}

}  // namespace weir
