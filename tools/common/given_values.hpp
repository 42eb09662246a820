// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace weir::tool {

/// Whether an option takes the name of a file or folder, by the word for its value in the help text.
[[nodiscard]] bool takes_file(const CLI::Option& option);

/// Makes every option of the subcommands refuse an empty value, as of an unset variable of the shell: no option means anything by
/// it. CLI11 takes '' for 0, and the subcommands for a value that was not given.
void refuse_empty_values(CLI::App& app);

/// The same for options that may go without a value, whose values CLI11 does not check: throws wrong_value. `reversed` are the
/// arguments as CLI11 takes them.
void refuse_empty_values(const CLI::App& app, const std::vector<std::string>& reversed);

/// Refuses an option that would have no effect: throws wrong_value if one is given, of this subcommand, that is neither `chosen`,
/// which `does` something, nor among those that fit it. "--from", "draws a saved run"
void refuse_beside(const CLI::App& subcommand, std::string_view chosen, std::string_view does,
                   std::initializer_list<std::string_view> fitting);

}  // namespace weir::tool
