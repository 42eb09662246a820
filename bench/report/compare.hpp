// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace bench {

/// Prints, for every scenario and queue of both result files, the ratio second / first, marked as what it is: two runs,
/// not one. Refuses when the environments differ. Returns the exit code.
int compare_results(const std::string& first, const std::string& second);

}  // namespace bench
