// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace weir::tool {

/// A script with which this shell, "bash" or "zsh", completes the subcommands and options of the app, made from the app
/// itself so that it knows all of them. Hidden ones are left out. A `stop` for another shell.
[[nodiscard]] std::string completion_of(const CLI::App& app, const std::string& shell);

}  // namespace weir::tool
