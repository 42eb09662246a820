// SPDX-License-Identifier: MIT
#pragma once

#include "weir/detail/base/plain_text.hpp"

namespace weir {

using detail::is_utf8, detail::printable, detail::valid_utf8;

}  // namespace weir
