// SPDX-License-Identifier: MIT
#include "read_input.hpp"

#include <weir/affinity.hpp>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

namespace weir {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::size_t max_file_bytes = std::size_t{64} << 20;  // hundreds of thousands of PUs

// One level, such as "core:4", "l3:2(size=33554432)" or plain "4". Anything else is hwloc's to judge.
std::uint64_t level_count(std::string_view level) {
    const auto colon = level.find(':');
    const auto digits = level.substr(colon == npos ? 0 : colon + 1);
    std::uint64_t count = 1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    return error == std::errc::result_out_of_range ? ~std::uint64_t{0} : error == std::errc{} && count != 0 ? count : 1;
}

}  // namespace

std::string read_topology_file(const std::string& path) {
    const auto name = "topology file '" + path + "'";
    const auto remedy = "; save one with 'lstopo machine.xml' on the machine that is meant";
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text;
    std::string piece(std::size_t{1} << 16, '\0');
    while (file.is_open() && text.size() <= max_file_bytes) {
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        text.append(piece, 0, static_cast<std::size_t>(file.gcount()));
        if (!file) break;
    }
    if (!file.is_open() || file.bad())
        throw placement_error("cannot read " + name + ": " + std::strerror(errno != 0 ? errno : EIO) + remedy);
    if (text.size() > max_file_bytes)
        throw placement_error(name + " is larger than 64 MiB, which no machine's is" + remedy);
    check_topology_xml(text, path);
    return text;
}

void check_synthetic(const std::string& description) {
    constexpr std::string_view separators = " \t\n";
    std::uint64_t pus = 1;
    int depth = 0;  // of ( and [: attributes and attached NUMA nodes do not multiply
    for (std::size_t at = 0; at < description.size(); ++at) {
        const char c = description[at];
        const bool starts =
            depth == 0 && separators.find(c) == npos && (at == 0 || separators.find(description[at - 1]) != npos);
        depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
        if (!starts || depth != 0) continue;
        const auto count = level_count(std::string_view(description).substr(at));
        if (count > pu_set::max_pu || (pus *= count) > pu_set::max_pu + 1)
            throw placement_error("the synthetic topology '" + description + "' has more than " +
                                  std::to_string(pu_set::max_pu + 1) + " PUs: ask for fewer");
    }
}

}  // namespace weir
