// SPDX-License-Identifier: MIT
#pragma once

// What the subcommands of `weir` have in common: exit codes, and who may write where. Results go to stdout, in one
// piece when they are complete; everything said to the person goes to stderr.

#include <weir/topology.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace weir::tool {

enum exit_code : int {
    succeeded = 0,
    failed = 1,
    wrong_usage = 2,
    not_here = 77,  ///< this machine cannot show what was asked for; the automake convention for "skipped"
};

/// Ends the program with `code` and one sentence on stderr.
class stop : public std::runtime_error {
public:
    stop(exit_code code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}

    [[nodiscard]] exit_code code() const noexcept { return code_; }

private:
    exit_code code_;
};

/// A subcommand hangs its options on `app` and returns what runs when it was chosen; the return value of that is the
/// exit code.
using command = std::function<exit_code()>;

command add_doctor(CLI::App& app);
command add_jitter(CLI::App& app);
command add_matrix(CLI::App& app);
command add_plan(CLI::App& app);
command add_report(CLI::App& app);
command add_run(CLI::App& app);
command add_topo(CLI::App& app);
command add_pressure(CLI::App& app);

/// Writes a result to stdout and sees to it that it got there: a full disk is a `stop`.
void print(std::string_view result);

/// Writes "weir topo: sentence" to stderr.
void say(std::string_view who, std::string_view sentence);

/// What --topology names: a file that exists or looks like one, otherwise hwloc's synthetic notation; this machine
/// when it was not given.
[[nodiscard]] topology load_topology(const std::optional<std::string>& file_or_synthetic);

/// "32 MiB", "1.25 MiB"
[[nodiscard]] std::string byte_size(std::uint64_t bytes);

}  // namespace weir::tool
