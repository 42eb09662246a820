// SPDX-License-Identifier: MIT
//
// How weir says that a caller asked for the impossible.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace weir::detail {

/// The caller broke a rule that cannot be undone: says so in one sentence on stderr and aborts.
[[noreturn]] inline void abort_with(const char* sentence) noexcept {
    std::fputs("weir: ", stderr);
    std::fputs(sentence, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

/// An argument is out of its bounds: std::invalid_argument with the sentence, or abort_with() where exceptions are off.
/// Never inlined, so that a check costs a fast path no more than its branch.
[[noreturn, gnu::noinline, gnu::cold]] inline void reject_argument(const std::string& sentence) {
#if defined(__cpp_exceptions)
    throw std::invalid_argument("weir: " + sentence);
#else
    abort_with(sentence.c_str());
#endif
}
[[noreturn, gnu::noinline, gnu::cold]] inline void reject_argument(const char* sentence) {
    reject_argument(std::string(sentence));
}

/// The system refused a resource: std::system_error of errno, or abort_with() where exceptions are off.
[[noreturn]] inline void fail_with_errno(const char* what) {
#if defined(__cpp_exceptions)
    throw std::system_error(errno, std::generic_category(), std::string("weir: ") + what);
#else
    abort_with(what);
#endif
}

}  // namespace weir::detail
