// SPDX-License-Identifier: MIT
#pragma once

namespace weir::detail {

/// False, but only known to be so once a template is used: for the sentence of one that refuses its use.
template <class...>
inline constexpr bool offered = false;

}  // namespace weir::detail
