// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

namespace weir::detail {

/// False, but only known to be so once a template is used: for the sentence of one that refuses its use.
template <class...>
inline constexpr bool offered = false;

/// A stop token, by what it does: not by its header, which a standard library may lack.
template <class Token>
concept stop_token = requires(const Token& token) {
    { token.stop_requested() } -> std::convertible_to<bool>;
};

}  // namespace weir::detail
