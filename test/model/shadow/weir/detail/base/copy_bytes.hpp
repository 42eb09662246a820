// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: where a scenario says so, the checker sees that
// the bytes are read.
#pragma once

#include <cstddef>
#include <cstring>

#include "model.hpp"

namespace model {
inline bool copies_are_watched = false;
}

namespace weir::detail {

inline void copy_bytes(std::byte* to, const std::byte* from, std::size_t n) noexcept {
    if (n == 0) return;
    if (model::copies_are_watched) model::touch(from, model::access::read);
    std::memcpy(to, from, n);
}

}  // namespace weir::detail
