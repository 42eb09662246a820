// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace bench {

/// Prints the ratio second / first for every scenario and queue of both result files, with a warning that two separate runs are
/// only a hint. Throws std::invalid_argument with a sentence if the environments differ. Returns the exit code.
int compare_results(const std::string& first, const std::string& second);

}  // namespace bench
