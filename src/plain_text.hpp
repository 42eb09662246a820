// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Whether it is well-formed UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Text from outside, made fit for a terminal and for JSON: control characters, and bytes that are not UTF-8, become '?'.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace weir
