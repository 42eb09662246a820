// SPDX-License-Identifier: MIT
//
// What a C library for Linux declares and that of macOS does not. From here on its use is an error; the headers that declare it
// are read before, since the standard library includes some of them itself.
#pragma once

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

// Macros first: their expansions may have the names of the functions.
#undef CPU_COUNT
#undef CPU_ZERO
#undef MADV_HUGEPAGE
#undef MAP_HUGETLB
#undef SYS_futex
#undef SYS_membarrier
#pragma GCC poison CPU_COUNT CPU_ZERO MADV_HUGEPAGE MAP_HUGETLB SYS_futex SYS_membarrier
#pragma GCC poison eventfd epoll_create1 epoll_wait futex_waitv getrandom gettid membarrier memfd_create ppoll prctl
#pragma GCC poison pthread_setaffinity_np pthread_getaffinity_np sched_getaffinity sched_setaffinity sched_getcpu
#pragma GCC poison pthread_condattr_setclock clock_nanosleep pthread_mutex_timedlock sem_timedwait timerfd_create
