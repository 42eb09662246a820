// SPDX-License-Identifier: MIT
#pragma once

#include "weir/detail/base/windows.hpp"

#if defined(_WIN32)
#include <cstdint>
#else
#include <pthread.h>
#endif

namespace weir::detail {

/// An address that identifies the calling thread within the process, in all of its shared libraries: a thread_local variable
/// of a header would be another one in each. After the thread has ended, a new one may have it. A few instructions;
/// <thread> stays out of the core headers.
inline const void* this_thread() noexcept {
#if defined(__linux__) && defined(__x86_64__)
    // The thread's control block, whose first word is its own address (System V ABI for x86-64, thread-local storage). Volatile,
    // as below, since a coroutine may go on in another thread.
    const void* self;
    asm volatile("mov %%fs:0, %0" : "=r"(self));
    return self;
#elif defined(__linux__) && defined(__aarch64__)
    const void* self;
    asm volatile("mrs %0, tpidr_el0" : "=r"(self));
    return self;
#elif defined(__linux__) && defined(__riscv)
    const void* self;
    asm volatile("mv %0, tp" : "=r"(self));
    return self;
#elif defined(_WIN32)
    return reinterpret_cast<const void*>(std::uintptr_t{windows::GetCurrentThreadId()});  // a number, never 0
#else
    return (const void*)::pthread_self();  // a pointer on some systems and a number on others
#endif
}

}  // namespace weir::detail
