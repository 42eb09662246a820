// SPDX-License-Identifier: MIT
//
// Stands before weir's header of this name in the include path of the model programs: an item is copied in steps, between which its
// process may die.
#pragma once

namespace weir::detail {

template <class To, class From>
void copy_item(To& to, const From& from) noexcept {
    to.take(from);
}

}  // namespace weir::detail
