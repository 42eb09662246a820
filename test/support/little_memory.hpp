// SPDX-License-Identifier: MIT
//
// What happens where a thread cannot be started: for the statement of a death test.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>

namespace weir_test {

/// Leaves this process `bytes` more of address space than it has: a stack takes 8 MiB of it, by default.
inline bool leave_little_memory(std::uint64_t bytes) {
    std::ifstream sizes("/proc/self/statm");
    std::uint64_t pages = 0;
    sizes >> pages;
    const rlim_t most = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + bytes;
    const rlimit narrow{most, most};
    return pages != 0 && ::setrlimit(RLIMIT_AS, &narrow) == 0;
}

/// Calls `f` with so little memory, and ends the process: with 7 and the sentence on stderr if `f` throws, with 0 if it does not.
template <class F>
[[noreturn]] void with_little_memory(std::uint64_t bytes, F f) {
    if (!leave_little_memory(bytes)) ::_exit(2);
    try {
        f();
    } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
        ::_exit(7);
    }
    ::_exit(0);
}

}  // namespace weir_test
