// SPDX-License-Identifier: MIT
#pragma once

// What the kernel counts for each PU in /proc/interrupts and /proc/stat, read from their text.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace weir::tool {

/// For each interrupt, "LOC Local timer interrupts" or "36 virtio1-req.0", how often `pu` handled it. Empty where
/// `text` has no column for it.
[[nodiscard]] std::map<std::string, std::uint64_t> interrupts_of(const std::string& text, unsigned pu);

/// The time in which the hypervisor ran others while `pu` had work to do, in ticks of the kernel (user_hz a second);
/// nullopt where `text` does not say.
[[nodiscard]] std::optional<std::uint64_t> steal_ticks_of(const std::string& text, unsigned pu);

/// Both at one moment.
struct proc_counters {
    std::string interrupts;
    std::string stat;

    [[nodiscard]] static proc_counters read(const std::string& root = "");
};

}  // namespace weir::tool
