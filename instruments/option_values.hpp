// SPDX-License-Identifier: MIT
//
// What `weir` and `weir-bench` share of their command lines, without CLI11: numbers within bounds, and output that is written.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir {

/// A value of the command line that the program refuses, with a sentence that names the option, the value, and the bound. The
/// program exits with 2.
class wrong_value : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

/// The value in an error sentence: '' if it is empty.
[[nodiscard]] std::string as_given(std::string_view text);

/// "--rounds 0: give 1 to 10000", and `why` before, `remark` after the bounds.
struct number_bounds {
    double least = 0;
    double most = 0;
    std::string why = {};     ///< as in "a ring has at least one slot"
    std::string remark = {};  ///< as in " (21 and more for figures to quote)"
};

/// Reads a number of an option. Throws wrong_value unless the whole text is one within the bounds; "nan" is none.
[[nodiscard]] double read_number(const std::string& text, const std::string& option, const number_bounds& within);

/// The same for a whole number. Bounds of 2^53 and more are those of std::uint64_t.
[[nodiscard]] std::uint64_t read_count(const std::string& text, const std::string& option, const number_bounds& within);

/// For seeds and the like.
inline const number_bounds any_count{0, static_cast<double>(std::numeric_limits<std::uint64_t>::max())};

/// Whether stdout is open. If it is closed, the next file opened would get its descriptor, and the result would be written into it.
[[nodiscard]] bool stdout_is_open();

/// Gives the descriptor of a closed stdout to /dev/null, for this program but not for those that it starts.
void hold_closed_stdout();

/// Writes a result to stdout. Throws std::runtime_error with a sentence unless all of it was written, such as on a full disk.
void write_to_stdout(std::string_view result);

/// Throws if something that was written to stdout before, by this or by a library, did not get there.
void check_stdout();

}  // namespace weir
