// SPDX-License-Identifier: MIT
#include "read_input.hpp"
#include "text.hpp"

#include <weir/affinity.hpp>

#include <hwloc.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

namespace weir {
namespace {

constexpr std::uint64_t most_pus = std::uint64_t{pu_set::max_pu} + 1;

// Parses a number and removes it from the front of `text`; a number that overflows becomes the maximum. nullopt if
// there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::invalid_argument) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc{} ? number : std::numeric_limits<std::uint64_t>::max();
}

// Removes a level's optional type ("core:") from the front of `text`. False if it is not a valid type.
bool take_type(std::string_view& text) {
    const auto colon = text.find_first_of(": \t\n([");
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return true;
    if (colon == npos || text[colon] != ':') return false;
    hwloc_obj_type_t type{};
    const bool known = hwloc_type_sscanf(std::string(text.substr(0, colon)).c_str(), &type, nullptr, 0) == 0;
    text.remove_prefix(colon + 1);
    return known && (hwloc_obj_type_is_normal(type) != 0 || type == HWLOC_OBJ_NUMANODE);
}

// Checks the PU numbers in "(indexes=0,4,1,5)"; the other form, "indexes=core:pu", only orders them.
bool has_number_beyond_any_pu(std::string_view attributes) {
    const auto from = attributes.find("indexes=");
    if (from == npos) return false;
    for (attributes = attributes.substr(from, attributes.find(' ', from) - from); !attributes.empty();)
        if (const auto number = take_number(attributes); !number) {
            attributes.remove_prefix(1);
        } else if (*number > pu_set::max_pu) {
            return true;
        }
    return false;
}

}  // namespace

std::string read_whole_file(const std::string& path, const std::string& name, std::size_t most_mib,
                            const std::string& remedy) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text;
    std::string piece(std::size_t{1} << 16, '\0');
    while (file.is_open() && text.size() <= most_mib << 20) {
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        text.append(piece, 0, static_cast<std::size_t>(file.gcount()));
        if (!file) break;
    }
    if (!file.is_open() || file.bad())
        throw placement_error("cannot read " + name + ": " + std::strerror(errno != 0 ? errno : EIO) + "; " + remedy);
    if (text.size() > most_mib << 20)
        throw placement_error(name + " is larger than " + std::to_string(most_mib) + " MiB, the most that is read; " +
                              remedy);
    return text;
}

std::string without_windows_marks(std::string text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool ends_line = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (!ends_line) text[kept++] = text[i];
    }
    text.resize(kept);
    return text;
}

std::string read_topology_file(const std::string& path) {
    constexpr std::size_t most_mib = 64;  // hundreds of thousands of PUs
    const auto text =
        without_windows_marks(read_whole_file(path, "topology file '" + path + "'", most_mib,
                                              "save one with 'weir topo --save machine.xml' on the target machine"));
    check_topology_xml(text, path);
    return text;
}

void check_synthetic(const std::string& description) {
    const auto too_many = [&] {
        return placement_error("the synthetic topology '" + description + "' has more than " +
                               std::to_string(most_pus) + " PUs: ask for fewer");
    };
    std::uint64_t pus = 1;
    for (std::string_view rest = description; !rest.empty();) {
        if (std::string_view(" \t\n").find(rest[0]) != npos) {
            rest.remove_prefix(1);
        } else if (rest[0] == '(' || rest[0] == '[') {  // attributes and attached memory do not multiply
            const auto end = rest.find(rest[0] == '(' ? ')' : ']');
            if (end == npos) throw_unreadable_synthetic(description);
            if (has_number_beyond_any_pu(rest.substr(0, end))) throw too_many();
            rest.remove_prefix(end + 1);
        } else {
            const bool has_type = take_type(rest);
            const auto count = take_number(rest);
            if (!has_type || !count) throw_unreadable_synthetic(description);
            if (*count > most_pus || (pus *= *count) > most_pus) throw too_many();  // no product of them overflows
        }
    }
}

void throw_unreadable_synthetic(const std::string& description) {
    throw placement_error(
        "'" + description +
        "' is not a synthetic topology that hwloc can read: write its levels from the outside in, such "
        "as 'package:2 l3:2 core:4 pu:2'");
}

}  // namespace weir
