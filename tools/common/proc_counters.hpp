// SPDX-License-Identifier: MIT
#pragma once

// Per-PU counters of the kernel, parsed from /proc/interrupts and /proc/stat.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace weir::tool {

/// The number of interrupts that `pu` handled, by name: "LOC Local timer interrupts" or "36 virtio1-req.0". Empty if
/// `text` has no column for the PU.
[[nodiscard]] std::map<std::string, std::uint64_t> interrupts_of(const std::string& text, unsigned pu);

/// The time stolen by the hypervisor while `pu` had work to do, in kernel ticks (user_hz per second); nullopt if
/// `text` does not contain it.
[[nodiscard]] std::optional<std::uint64_t> steal_ticks_of(const std::string& text, unsigned pu);

/// Both texts, read at one moment.
struct proc_counters {
    std::string interrupts;
    std::string stat;

    [[nodiscard]] static proc_counters read(const std::string& root = "");
};

}  // namespace weir::tool
