// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "weir/detail/base/contract.hpp"

namespace weir::shm {

/// A segment, or an end of a ring in it, cannot be had. what() is one sentence: the value, the bound and the remedy.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace weir::shm

namespace weir::detail {

/// shm::error with the sentence, or abort_with() where exceptions are off.
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_segment(const std::string& sentence) {
#if defined(__cpp_exceptions)
    throw shm::error("weir: " + sentence);
#else
    abort_with(sentence.c_str());
#endif
}

/// The same; between the two parts stands what the system said.
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_segment_by_errno(const std::string& what,
                                                                           const std::string& remedy) {
    refuse_segment(what + ": " + std::generic_category().message(errno) + remedy);
}

}  // namespace weir::detail
