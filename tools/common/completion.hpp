// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace weir::tool {

/// A completion script for this shell, "bash" or "zsh", generated from the app's subcommands and options. Hidden
/// options are left out. Throws `stop` for another shell.
[[nodiscard]] std::string completion_of(const CLI::App& app, const std::string& shell);

}  // namespace weir::tool
