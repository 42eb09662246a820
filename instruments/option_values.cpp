// SPDX-License-Identifier: MIT
#include "instruments/option_values.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>

namespace weir {
namespace {

// From here on a double does not hold every whole number.
constexpr double most_exact = 9007199254740992.0;

std::string in_words(double bound) {
    if (bound >= most_exact) return std::to_string(std::numeric_limits<std::uint64_t>::max());
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.10g", bound);
    return text.data();
}

[[noreturn]] void refuse(const std::string& text, const std::string& option, const char* what,
                         const number_bounds& within) {
    std::string sentence = option + " " + as_given(text) + ": " + what;
    if (!within.why.empty()) sentence += within.why + "; ";
    throw wrong_value(sentence + "give " + in_words(within.least) + " to " + in_words(within.most) + within.remark);
}

template <class T>
std::optional<T> parsed(const std::string& text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

[[noreturn]] void refuse_output(int error) {
    throw std::runtime_error(std::string("cannot write the result to stdout: ") + std::strerror(error) +
                             "; free some space or send it elsewhere");
}

}  // namespace

std::string as_given(std::string_view text) { return text.empty() ? "''" : std::string(text); }

double read_number(const std::string& text, const std::string& option, const number_bounds& within) {
    const auto number = parsed<double>(text);
    if (!number || std::isnan(*number)) refuse(text, option, "this is no number; ", within);
    if (!(*number >= within.least && *number <= within.most)) refuse(text, option, "", within);
    return *number;
}

std::uint64_t read_count(const std::string& text, const std::string& option, const number_bounds& within) {
    const auto number = parsed<std::uint64_t>(text);
    const bool is_whole =
        number || (!text.empty() && text.find_first_not_of("0123456789", text[0] == '-' ? 1 : 0) == std::string::npos);
    if (!is_whole || text == "-") refuse(text, option, "this is no whole number; ", within);
    if (!number || static_cast<double>(*number) < within.least || static_cast<double>(*number) > within.most)
        refuse(text, option, "", within);
    return *number;
}

bool stdout_is_open() { return ::fcntl(STDOUT_FILENO, F_GETFD) != -1; }

void hold_closed_stdout() {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || null == STDOUT_FILENO) return;
    (void)::dup2(null, STDOUT_FILENO);
    (void)::fcntl(STDOUT_FILENO, F_SETFD, FD_CLOEXEC);
    ::close(null);
}

void write_to_stdout(std::string_view result) {
    errno = 0;
    const bool is_written =
        std::fwrite(result.data(), 1, result.size(), stdout) == result.size() && std::fflush(stdout) == 0;
    if (!is_written) refuse_output(errno != 0 ? errno : EIO);
}

void check_stdout() {
    errno = 0;
    const bool is_written = std::fflush(stdout) == 0;
    if (!is_written || std::ferror(stdout) != 0) refuse_output(errno != 0 ? errno : EIO);
}

}  // namespace weir
