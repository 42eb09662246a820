// SPDX-License-Identifier: MIT
//
// When the asymmetric fence is used: where the kernel has membarrier, and lets this process have it. The kernel's
// answers are this program's own: WEIR_TEST_MEMBARRIER in the environment says which.
#include "weir/detail/wait/asymmetric_fence.hpp"

#include <gtest/gtest.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

int registered = 0;

long answer_membarrier(int command) {
    const char* const answers = std::getenv("WEIR_TEST_MEMBARRIER");
    const std::string_view kernel = answers == nullptr ? "none" : answers;
    if (kernel == "none") return errno = ENOSYS, -1;
    constexpr long old_commands = MEMBARRIER_CMD_GLOBAL;
    constexpr long new_commands =
        MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | old_commands;
    if (command == MEMBARRIER_CMD_QUERY) return kernel == "nothing" ? 0 : kernel == "old" ? old_commands : new_commands;
    if (command == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) {
        ++registered;
        if (kernel == "refuses") return errno = EPERM, -1;
    }
    return 0;
}

}  // namespace

// Found before the C library's. Nothing in this program makes another call by it.
extern "C" long syscall(long number, ...) noexcept {
    va_list arguments;
    va_start(arguments, number);
    const int command = va_arg(arguments, int);
    va_end(arguments);
    if (number == SYS_membarrier) return answer_membarrier(command);
    return errno = ENOSYS, -1;
}

namespace {

using namespace weir;

class asymmetric_fence_death : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(kernels, asymmetric_fence_death, testing::Values("new", "refuses", "old", "nothing", "none"),
                         [](const auto& test) { return std::string(test.param); });

[[noreturn]] void leave(bool expected) {
    if (detail::is_asymmetric<fence::seq_cst>()) std::_Exit(2);
    if (registered != 0) std::_Exit(3);  // a process whose rings need no membarrier is left alone
    if (detail::has_heavy_fence() != expected) std::_Exit(4);
    if (detail::is_asymmetric<fence::asymmetric>() != expected) std::_Exit(5);
    if (registered > 1) std::_Exit(6);
    if (expected) detail::heavy_fence();
    std::_Exit(0);
}

TEST_P(asymmetric_fence_death, is_used_exactly_where_the_kernel_has_it_and_registers_the_process) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, which has not asked the kernel yet
    ASSERT_EQ(::setenv("WEIR_TEST_MEMBARRIER", GetParam(), 1), 0);
    const bool expected = std::string_view(GetParam()) == "new" && !WEIR_THREAD_SANITIZER;
    EXPECT_EXIT(leave(expected), testing::ExitedWithCode(0), "");
    ::unsetenv("WEIR_TEST_MEMBARRIER");
}

}  // namespace
