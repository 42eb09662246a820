// SPDX-License-Identifier: MIT
#pragma once

// The threads of another process: their names, where they may run, and what the kernel counts for them.

#include <weir/affinity.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool {

struct process_thread {
    long id = 0;
    std::string name;                 ///< as the thread set it; a new thread has the name of the one that started it
    pu_set may_use;                   ///< its affinity mask
    std::optional<unsigned> last_pu;  ///< where it runs, or ran last

    // Since the thread began; empty where the kernel does not say.
    std::optional<std::uint64_t> involuntary_switches;
    std::optional<std::uint64_t> migrations;
    std::optional<std::uint64_t> ran_ns;
    std::optional<std::uint64_t> waited_ns;  ///< runnable, but another thread had the PU
};

/// The kernel keeps this many bytes of a thread's name.
inline constexpr std::size_t thread_name_bytes = 15;

/// A role's name as its thread can have it: cut after 15 bytes.
[[nodiscard]] std::string thread_name_of(const std::string& role);

/// A sentence if two of the roles have one name as threads, otherwise empty.
[[nodiscard]] std::string why_thread_names_collide(const std::vector<std::string>& roles);

/// Throws placement_error if two of the roles have one name as threads.
void check_thread_names(const std::vector<std::string>& roles);

/// The threads of a process in the order of their ids, which is mostly that in which they were started. A thread that ends while it
/// is read is left out. Empty if the process has ended or never was.
[[nodiscard]] std::vector<process_thread> threads_of(long process);

/// Parses the value of --pid: throws `stop` with wrong_usage unless it is a number above 0.
[[nodiscard]] long read_process_id(const std::string& text);

/// The sentence for a process that has no threads.
[[nodiscard]] std::string no_such_process(long process);

/// "PU 3", or "PU 1 (it may run on 0-3)" for a thread that is not pinned.
[[nodiscard]] std::string place_of(const process_thread& thread);

/// Restricts a thread of any process to these PUs and reads its mask back. A sentence if it could not be had; empty if the thread
/// has exactly this mask now.
[[nodiscard]] std::string set_thread_place(long thread, const pu_set& pus);

}  // namespace weir::tool
