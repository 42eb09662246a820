// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace weir::tool {

/// Whether an option takes the name of a file or folder, by the word for its value in the help text.
[[nodiscard]] bool takes_file(const CLI::Option& option);

/// Makes every option of the subcommands that takes a name of a file, or a number, refuse an empty value, as of an unset variable
/// of the shell: CLI11 takes '' for 0, and the subcommands for a name that was not given. Lists, times and the like have sentences
/// of their own.
void refuse_empty_values(CLI::App& app);

}  // namespace weir::tool
