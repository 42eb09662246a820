// SPDX-License-Identifier: MIT
#include "tools/common/hwloc_messages.hpp"

#include <cstdlib>
#include <string_view>

extern char** environ;

namespace weir::tool {
namespace {

bool added_the_wish_for_silence = false;

}  // namespace

void silence_hwloc() {
    added_the_wish_for_silence = std::getenv("HWLOC_HIDE_ERRORS") == nullptr;
    ::setenv("HWLOC_HIDE_ERRORS", "2", 0);
}

std::vector<char*> environment_of_programs() {
    std::vector<char*> kept;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
        if (!added_the_wish_for_silence || !std::string_view(*entry).starts_with("HWLOC_HIDE_ERRORS="))
            kept.push_back(*entry);
    kept.push_back(nullptr);
    return kept;
}

}  // namespace weir::tool
