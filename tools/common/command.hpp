// SPDX-License-Identifier: MIT
#pragma once

// Shared by the subcommands of `weir`: exit codes and output. A result goes to stdout, written once when it is
// complete; messages for the user go to stderr.

#include <weir/topology.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace weir::tool {

enum exit_code : int {
    succeeded = 0,
    failed = 1,
    wrong_usage = 2,
    program_not_placed =
        125,        ///< of `weir pin`: its own failure, when the other codes are a program's; as of timeout(1)
    not_here = 77,  ///< not possible on this machine; the automake convention for "skipped"
};

/// Ends the program with `code` and one sentence on stderr.
class stop : public std::runtime_error {
public:
    stop(exit_code code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}

    [[nodiscard]] exit_code code() const noexcept { return code_; }

private:
    exit_code code_;
};

/// Adds its options to `app` and returns the function that runs the subcommand, whose return value is the exit code.
using command = std::function<exit_code()>;

command add_bridge(CLI::App& app);
command add_doctor(CLI::App& app);
command add_jitter(CLI::App& app);
command add_matrix(CLI::App& app);
/// `program`: the words after --, which must live as long as the command.
command add_pin(CLI::App& app, const std::vector<std::string>& program);
command add_plan(CLI::App& app);
command add_report(CLI::App& app);
command add_run(CLI::App& app);
command add_watch(CLI::App& app);
command add_shm(CLI::App& app);
command add_topo(CLI::App& app);
command add_pressure(CLI::App& app);

/// Writes a result to stdout and checks that it was written: a full disk is a `stop`.
void print(std::string_view result);

/// Writes "weir topo: sentence" to stderr, on one line whatever a name in it contains.
void say(std::string_view program, std::string_view sentence);

/// Loads the topology that --topology names: an existing file or what looks like a file name, otherwise a synthetic
/// description. This machine if the option is not given.
[[nodiscard]] topology load_topology(const std::optional<std::string>& file_or_synthetic);

/// "32 MiB", "1.25 MiB"
[[nodiscard]] std::string byte_size(std::uint64_t bytes);

}  // namespace weir::tool
