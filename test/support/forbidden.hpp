// SPDX-License-Identifier: MIT
//
// For tests of what promises no system call and no allocation: a child process whose main thread the kernel kills at
// its first system call, and the calls of the allocator, counted.
#pragma once

#if defined(__linux__)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace weir_test {

/// Every call of malloc and its kind, free among them; see counted_allocations.cpp. Stays 0 where they cannot be
/// counted.
inline std::atomic<std::uint64_t> allocator_calls{0};

#if defined(__GLIBC__)
inline constexpr bool counts_allocations = true;
#else
inline constexpr bool counts_allocations = false;
#endif

#if defined(__linux__)

#if defined(__x86_64__)
inline constexpr std::uint32_t this_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t this_architecture = AUDIT_ARCH_AARCH64;
#else
inline constexpr std::uint32_t this_architecture = 0;
#endif

/// From here on the kernel kills this process when this thread makes a system call other than exit. Threads that exist
/// already are free.
inline bool forbid_syscalls() {
    const auto load = [](std::size_t offset) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    const auto skip_unless = [](std::uint32_t value, std::uint8_t skip) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
    };
    const auto skip_if = [](std::uint32_t value, std::uint8_t skip) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0);
    };
    std::array<sock_filter, 7> program{
        load(offsetof(seccomp_data, arch)),                               // 0
        skip_unless(this_architecture, 3),                                // 1: to 5
        load(offsetof(seccomp_data, nr)),                                 // 2
        skip_if(SYS_exit, 2),                                             // 3: to 6
        skip_if(SYS_exit_group, 1),                                       // 4: to 6
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),  // 5
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),         // 6
    };
    const sock_fprog all{.len = program.size(), .filter = program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0;
}

enum ending : int { done = 0, wrong = 1, not_forbidden = 2, killed = 3, allocated = 4 };

/// Runs `act`, which returns whether all was right, in a child whose main thread may make no system call, and where
/// nobody may call the allocator. Before that `prepare` is called there.
template <class Prepare, class Act>
ending without_syscalls(Prepare prepare, Act act) {
    const pid_t child = ::fork();
    if (child == 0) {
        prepare();
        if (!forbid_syscalls()) ::_exit(not_forbidden);
        const std::uint64_t before = allocator_calls;
        const bool right = act();
        ::_exit(!right ? wrong : allocator_calls != before ? allocated : done);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return wrong;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return killed;
    return WIFEXITED(status) ? static_cast<ending>(WEXITSTATUS(status)) : wrong;
}
template <class Act>
ending without_syscalls(Act act) {
    return without_syscalls([] {}, act);
}

inline const char* name_of(ending e) {
    static constexpr std::array names{"done", "wrong results", "syscalls could not be forbidden", "killed by a syscall",
                                      "called the allocator"};
    return names[static_cast<std::size_t>(e)];
}

#endif

}  // namespace weir_test
