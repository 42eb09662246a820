// SPDX-License-Identifier: MIT
#include "tools/common/command.hpp"

#include "instruments/option_values.hpp"
#include "src/plain_text.hpp"

#include <fmt/format.h>
#include <array>
#include <cstdio>
#include <filesystem>

namespace weir::tool {

void print(std::string_view result) {
    try {
        write_to_stdout(result);
    } catch (const std::runtime_error& error) {
        throw stop(failed, error.what());
    }
}

void say(std::string_view program, std::string_view sentence) {
    // As the library's errors begin.
    constexpr std::string_view library = "weir: ";
    if (sentence.starts_with(library)) sentence.remove_prefix(library.size());
    std::fputs(fmt::format("{}: {}\n", program, printable(sentence)).c_str(), stderr);
}

topology load_topology(const std::optional<std::string>& file_or_synthetic) {
    if (!file_or_synthetic) return topology::this_machine();
    const auto& name = *file_or_synthetic;
    std::error_code ignored;
    if (name.find('/') != std::string_view::npos || name.ends_with(".xml") || std::filesystem::exists(name, ignored))
        return topology::from_xml_file(name);
    try {
        return topology::synthetic(name);
    } catch (const placement_error& error) {
        throw stop(failed, fmt::format("there is no file '{}', and {}", name, error.what()));
    }
}

std::string byte_size(std::uint64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
    return size >= 100 ? fmt::format("{:.0f} {}", size, units[unit]) : fmt::format("{:.3g} {}", size, units[unit]);
}

}  // namespace weir::tool
