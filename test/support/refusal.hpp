// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace weir_test {

#if defined(__cpp_exceptions)
/// The sentence by which `act` is refused.
template <class Error = std::invalid_argument, class Act>
std::string refusal(Act act) {
    try {
        act();
    } catch (const Error& refused) {
        return refused.what();
    }
    return "nothing was refused";
}
#endif

}  // namespace weir_test
