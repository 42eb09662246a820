// SPDX-License-Identifier: MIT
#pragma once

// What on a host costs latency, found in its /proc and /sys. Looks only; changes nothing.

#include "tools/common/machine_identity.hpp"

#include <weir/affinity.hpp>
#include <weir/kernel_settings.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::tool {

enum class severity : unsigned char {
    severe,   ///< a ring stands still for milliseconds, or for ever
    warning,  ///< costs tail latency
    note,     ///< good to know; a matter of taste, or of what the program does
    unknown,  ///< could not be read, and `what` says why
    fine,
};

[[nodiscard]] std::string_view to_string(severity) noexcept;

struct finding {
    std::string name;  ///< "governor"
    severity level = severity::unknown;
    std::string what = {};  ///< how it is here
    std::string why = {};   ///< what that does to a ring
    std::vector<std::string> change =
        {};  ///< commands, or lines of a file; empty where it is fine or nothing can be done
};

/// The host that is looked at: where its proc and sys lie, and the few things that no file says.
struct host {
    std::string root;                    ///< "" for this one; a folder with proc and sys in it for any other
    std::optional<long> membarrier;      ///< the answer of the kernel to the query; nullopt: not asked, or no such call
    std::string why_no_membarrier = {};  ///< for nullopt

    [[nodiscard]] static host this_one();
    [[nodiscard]] static host in_folder(const std::string& root);

    /// A file's text without the white space at its end; nullopt when it cannot be read, and then why_not() says why.
    [[nodiscard]] std::optional<std::string> text(const std::string& path) const;
    [[nodiscard]] std::optional<pu_set> pus(const std::string& path) const;
    [[nodiscard]] std::optional<long long> number(const std::string& path) const;
    [[nodiscard]] std::string why_not(const std::string& path) const;  ///< "/sys/...: No such file or directory"

    /// The names in a folder, sorted; none where it cannot be read.
    [[nodiscard]] std::vector<std::string> names(const std::string& path) const;

    [[nodiscard]] bool is_guest() const;  ///< the processor says that a hypervisor is present
};

/// All findings, the gravest first, otherwise in the order in which one would go about it.
[[nodiscard]] std::vector<finding> examine(const host& on);

// The families, each in its own file.
[[nodiscard]] std::vector<finding> examine_processor(const host& on, const kernel_settings& kernel);
[[nodiscard]] std::vector<finding> examine_isolation(const host& on, const kernel_settings& kernel);
[[nodiscard]] std::vector<finding> examine_limits(const host& on, const kernel_settings& kernel);
[[nodiscard]] std::vector<finding> examine_memory(const host& on);

[[nodiscard]] std::string findings_as_text(const std::vector<finding>& findings);
/// `machine` is where they were found, if that is known.
[[nodiscard]] std::string findings_as_json(const std::vector<finding>& findings, const machine_identity& machine = {});

}  // namespace weir::tool
