// SPDX-License-Identifier: MIT
#include "test/support/counted_syscalls.hpp"

#include <dlfcn.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

namespace weir_test {
namespace {

bool take_one(std::atomic<int>& count) {
    int left = count.load();
    while (left > 0 && !count.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
}

using real_syscall = long (*)(long, ...);

long wait(real_syscall real, const long* a) {
    ++syscalls.waits;
    syscalls.last_wait_operation = static_cast<int>(a[1]);
    const auto* const until = reinterpret_cast<const timespec*>(a[3]);
    syscalls.last_wait_ns = until == nullptr ? -1 : std::int64_t{until->tv_sec} * 1'000'000'000 + until->tv_nsec;
    if (const int left = syscalls.returns_for_nothing; take_one(syscalls.returns_for_nothing)) {
        errno = EINTR;
        return left % 2 == 0 ? 0 : -1;
    }
    const bool oversleeps = until != nullptr && take_one(syscalls.oversleeps);
    ++syscalls.asleep;
    const long answer = real(SYS_futex, a[0], a[1], a[2], oversleeps ? 0 : a[3], a[4], a[5]);
    --syscalls.asleep;
    while (oversleeps && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until, nullptr) != 0) {
    }
    return answer;
}

#if defined(SYS_futex_waitv)
long wait_at_several(real_syscall real, const long* a) {
    if (const int failure = syscalls.waitv_errno; failure != 0) {
        errno = failure;
        return -1;
    }
    if (a[0] == 0) return real(SYS_futex_waitv, a[0], a[1], a[2], a[3], a[4]);  // asks whether there is one
    ++syscalls.waits_at_several;
    const auto* const until = reinterpret_cast<const timespec*>(a[3]);
    syscalls.last_wait_ns = until == nullptr ? -1 : std::int64_t{until->tv_sec} * 1'000'000'000 + until->tv_nsec;
    if (take_one(syscalls.returns_for_nothing)) {
        errno = EINTR;
        return -1;
    }
    const bool oversleeps = until != nullptr && take_one(syscalls.oversleeps);
    ++syscalls.asleep;
    const long answer = real(SYS_futex_waitv, a[0], a[1], a[2], oversleeps ? 0 : a[3], a[4]);
    --syscalls.asleep;
    while (oversleeps && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, until, nullptr) != 0) {
    }
    return answer;
}
#endif

long wake(real_syscall real, const long* a) {
    ++syscalls.wakes;
    syscalls.to_wake += static_cast<std::uint32_t>(a[2]);
    const long answer = real(SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (answer > 0) syscalls.woken += static_cast<std::uint64_t>(answer);
    return answer;
}

char state_of(pid_t thread) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    return name_end == std::string::npos || name_end + 2 >= line.size() ? '?' : line[name_end + 2];
}

}  // namespace

void counted_syscalls::reset() {
    for (auto* const count : {&all, &waits, &waits_at_several, &wakes, &to_wake, &woken, &membarriers, &registers})
        *count = 0;
    returns_for_nothing = oversleeps = membarrier_failures = waitv_errno = 0;
}

void until_asleep(const std::vector<pid_t>& threads) {
    const auto in_kernel = [](pid_t thread) { return state_of(thread) == 'S'; };
    while (syscalls.asleep != static_cast<int>(threads.size()) || !std::ranges::all_of(threads, in_kernel)) {
        std::this_thread::yield();
    }
}

}  // namespace weir_test

// Found before the C library's. As that does, it reads as many arguments as there may be, not as many as there are.
extern "C" [[gnu::no_sanitize_address]] long syscall(long number, ...) noexcept {
    using weir_test::syscalls;
    static std::atomic<weir_test::real_syscall> found{nullptr};
    weir_test::real_syscall real = found;
    if (real == nullptr) found = real = reinterpret_cast<weir_test::real_syscall>(dlsym(RTLD_NEXT, "syscall"));

    long a[6];
    va_list arguments;
    va_start(arguments, number);
    for (long& argument : a) argument = va_arg(arguments, long);
    va_end(arguments);

    ++syscalls.all;
    if (number == SYS_futex) {
        const auto operation = static_cast<int>(a[1]) & FUTEX_CMD_MASK;
        if (operation == FUTEX_WAIT_BITSET) return weir_test::wait(real, a);
        if (operation == FUTEX_WAKE) return weir_test::wake(real, a);
    }
#if defined(SYS_futex_waitv)
    if (number == SYS_futex_waitv) return weir_test::wait_at_several(real, a);
#endif
    if (number == SYS_membarrier) {
        const auto command = static_cast<int>(a[0]);
        if (command == MEMBARRIER_CMD_PRIVATE_EXPEDITED) ++syscalls.membarriers;
        if (command == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) ++syscalls.registers;
        if (weir_test::take_one(syscalls.membarrier_failures)) {
            errno = syscalls.membarrier_errno;
            return -1;
        }
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
