// SPDX-License-Identifier: MIT
#pragma once

// Finds settings of a host that cost latency, from its /proc and /sys. Reads only; changes nothing.

#include "tools/common/machine_identity.hpp"

#include <weir/affinity.hpp>
#include <weir/kernel_settings.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

enum class severity : unsigned char {
    severe,   ///< stalls a ring for milliseconds, or for ever
    warning,  ///< costs tail latency
    note,     ///< depends on what the program does
    unknown,  ///< could not be read; `what` says why
    fine,
};

[[nodiscard]] std::string_view to_string(severity) noexcept;

struct finding {
    std::string name;  ///< "governor"
    severity level = severity::unknown;
    std::string what = {};                 ///< the current setting
    std::string why = {};                  ///< its effect on a ring
    std::vector<std::string> change = {};  ///< commands or configuration lines; empty if it is fine or cannot be changed
};

/// The host under examination: the folder of its proc and sys, and the few facts that no file contains.
struct host {
    std::string root;                    ///< "" for this host; otherwise a folder that contains proc and sys
    std::optional<long> membarrier;      ///< result of MEMBARRIER_CMD_QUERY; nullopt: not available
    std::string why_no_membarrier = {};  ///< the reason, if membarrier is nullopt

    [[nodiscard]] static host this_one();
    [[nodiscard]] static host in_folder(const std::string& root);

    /// The text of a file without trailing white space; nullopt if it cannot be read, and then why_not() gives the
    /// reason.
    [[nodiscard]] std::optional<std::string> text(const std::string& path) const;
    [[nodiscard]] std::optional<pu_set> pus(const std::string& path) const;
    [[nodiscard]] std::optional<long long> number(const std::string& path) const;
    /// The last part of where a symbolic link leads; empty if it is none.
    [[nodiscard]] std::string link_name(const std::string& path) const;
    [[nodiscard]] std::string why_not(const std::string& path) const;  ///< "/sys/...: No such file or directory"

    /// The names in a folder, sorted; empty if it cannot be read.
    [[nodiscard]] std::vector<std::string> names(const std::string& path) const;

    [[nodiscard]] bool is_guest() const;  ///< the processor reports a hypervisor
};

struct placed_role;

/// All findings, most severe first; otherwise in the order in which to fix them.
[[nodiscard]] std::vector<finding> examine(const host& on);

/// And those of the devices that roles of a plan should be near.
[[nodiscard]] std::vector<finding> examine(const host& on, const std::vector<placed_role>& roles);

// The groups of findings, one per file.
[[nodiscard]] std::vector<finding> examine_processor(const host& on, const kernel_settings& kernel);
[[nodiscard]] std::vector<finding> examine_isolation(const host& on, const kernel_settings& kernel);
[[nodiscard]] std::vector<finding> examine_limits(const host& on, const kernel_settings& kernel);
[[nodiscard]] std::vector<finding> examine_memory(const host& on);

[[nodiscard]] std::string findings_as_text(const std::vector<finding>& findings);
/// `machine` is the machine that they are about, if known.
[[nodiscard]] std::string findings_as_json(const std::vector<finding>& findings, const machine_identity& machine = {});

}  // namespace weir::tool
