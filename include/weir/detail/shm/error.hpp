// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

#include "weir/detail/base/contract.hpp"

namespace weir::shm {

/// Why a segment, or an end of a ring in it, cannot be had.
enum class errc : std::uint8_t {
    absent = 1,        ///< no segment has that name: not yet, or no longer. open_for() waits for it
    exists,            ///< create(): a process uses a segment of that name; open_or_create() opens it
    end_held,          ///< living processes hold the end, all ends of that kind, or all seats
    mismatch,          ///< the segment holds something else than this program expects
    not_a_segment,     ///< the name or descriptor is of a file that weir did not make
    damaged,           ///< the header or the positions were overwritten, or the file was made smaller
    invalid_argument,  ///< a name, type name, capacity, mode or number is out of its bounds
    system_error,      ///< the system refused memory, a descriptor, a permission or a lock
};

/// A segment, or an end of a ring in it, cannot be had. what() is one sentence: the value, the bound and the remedy.
class error : public std::runtime_error {
public:
    error(errc why, const std::string& sentence) : std::runtime_error(sentence), code_(why) {}

    /// What kind of refusal it is: of all of them only `absent`, `exists` and `end_held` may pass by themselves.
    errc code() const noexcept { return code_; }

private:
    errc code_;
};

}  // namespace weir::shm

namespace weir::detail {

using shm::errc;

/// shm::error with the sentence, or abort_with() where exceptions are off.
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_segment(errc why, const std::string& sentence) {
#if defined(__cpp_exceptions)
    throw shm::error(why, "weir: " + sentence);
#else
    (void)why;
    abort_with(sentence.c_str());
#endif
}

[[noreturn]] inline void refuse_argument_of_segment(const std::string& sentence) {
    refuse_segment(errc::invalid_argument, sentence);
}

/// The same; between the two parts stands what the system said.
[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_segment_by_errno(const std::string& what,
                                                                           const std::string& remedy,
                                                                           errc why = errc::system_error) {
    refuse_segment(why, what + ": " + std::generic_category().message(errno) + remedy);
}

}  // namespace weir::detail
