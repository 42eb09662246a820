// SPDX-License-Identifier: MIT
#pragma once

// Checks whether a measuring thread was disturbed: the kernel's counters for it, and the PU it ran on.

#include <cstdint>
#include <optional>
#include <string>

namespace weir::tool {

struct thread_counts {
    std::uint64_t involuntary_switches = 0;  ///< preempted by another thread
    std::uint64_t voluntary_switches = 0;
    std::uint64_t migrations = 0;  ///< 0 if the kernel does not count them: only check_seat() then detects a migration
};

/// Totals of the calling thread since it started. Takes about 20 us: call it before and after a measurement.
[[nodiscard]] thread_counts count_this_thread();

[[nodiscard]] thread_counts operator-(const thread_counts& after, const thread_counts& before);
thread_counts& operator+=(thread_counts& sum, const thread_counts& more);

/// Throws placement_error unless the calling thread runs on `pu`, according to getcpu and the kernel's last-CPU
/// field.
void check_seat(unsigned pu);
/// The same check for a thread that getcpu saw on `seen` and whose last-CPU field is `last`.
void check_seat(unsigned pu, unsigned seen, unsigned last);

/// The CPU on which the thread last ran, from the text of /proc/.../stat; nullopt if it cannot be parsed.
[[nodiscard]] std::optional<unsigned> last_cpu_of(const std::string& stat);

/// The count in a line such as "se.nr_migrations      :      12" of /proc/.../sched, if the kernel provides it;
/// otherwise 0.
[[nodiscard]] std::uint64_t migrations_of(const std::string& sched);

}  // namespace weir::tool
