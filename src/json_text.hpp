// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace weir {

/// A document as text, which ends in a line break. Text from outside may not be UTF-8: each such byte becomes U+FFFD, where dump()
/// alone would throw.
template <class Json>
std::string json_text(const Json& document, int indent = 2) {
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir
