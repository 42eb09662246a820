// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The arguments of a program as CLI11 parses them, the last one first. `--name=`, which a shell makes of --name=$UNSET, becomes
/// `--name` and an empty value: otherwise CLI11 would take the next argument for the value, even if it is an option. What follows
/// `--` stays as it is: it may be another program's.
inline std::vector<std::string> reversed_arguments(int argc, const char* const* argv) {
    std::vector<std::string> all;
    int own = 1;  // the first argument that is not weir's
    while (own < argc && std::string_view(argv[own]) != "--") ++own;
    for (int i = argc - 1; i > 0; --i) {
        const std::string_view given = argv[i];
        if (i < own && given.starts_with("--") && given.find('=') == given.size() - 1) {
            all.emplace_back();
            all.emplace_back(given.substr(0, given.size() - 1));
        } else {
            all.emplace_back(given);
        }
    }
    return all;
}

}  // namespace weir
