// SPDX-License-Identifier: MIT
//
// Included first into a program, this makes of weir's headers what they are on a POSIX system that is not Linux, such as macOS:
// no futex, no membarrier, no eventfd. The system's own headers, and GoogleTest's, are read before that.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory_resource>
#include <mutex>
#include <random>
#include <stop_token>
#include <thread>

#undef __linux__
