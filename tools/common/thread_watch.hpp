// SPDX-License-Identifier: MIT
#pragma once

// Whether a measuring thread was left alone: what the kernel counts of it, and where the kernel says that it ran.

#include <cstdint>
#include <optional>
#include <string>

namespace weir::tool {

struct thread_counts {
    std::uint64_t involuntary_switches = 0;  ///< somebody else was given the PU
    std::uint64_t voluntary_switches = 0;
    std::uint64_t migrations = 0;  ///< 0 where the kernel does not count them: then only check_seat() can tell
};

/// Of the calling thread, since it began. Some 20 us: for before and after a measurement.
[[nodiscard]] thread_counts count_this_thread();

[[nodiscard]] thread_counts operator-(const thread_counts& after, const thread_counts& before);
thread_counts& operator+=(thread_counts& sum, const thread_counts& more);

/// Throws placement_error unless the calling thread runs on `pu`, by getcpu and by the kernel's own last-CPU field.
void check_seat(unsigned pu);
/// The same of a thread that was `seen` on one PU and, by the kernel's field, `last` on another.
void check_seat(unsigned pu, unsigned seen, unsigned last);

/// The field of /proc/.../stat that says on which CPU the thread last ran; nullopt where `stat` is something else.
[[nodiscard]] std::optional<unsigned> last_cpu_of(const std::string& stat);

/// What /proc/.../sched says in a line such as "se.nr_migrations      :      12", in kernels that are built to say so;
/// else 0.
[[nodiscard]] std::uint64_t migrations_of(const std::string& sched);

}  // namespace weir::tool
