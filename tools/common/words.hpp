// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

namespace weir::tool {

/// "850 ns", "12.5 us", "3 ms"
[[nodiscard]] std::string ns_in_words(double ns);

/// "20 kps", "1.5 Mps", the format of rates in a plan's edges
[[nodiscard]] std::string rate_in_words(double per_s);

/// Breaks a text between words at 100 columns. The first line begins at `column`; the others are indented by `indent`.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t column, std::size_t indent);

}  // namespace weir::tool
