// SPDX-License-Identifier: MIT
//
// Shared by the example programs: options, one-sentence errors, exit codes, results on stdout.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace example {

enum exit_code : int { succeeded = 0, failed = 1, wrong_usage = 2 };

inline constexpr const char* exit_codes = "Exit codes: 0 done, 1 failed (stderr says why), 2 wrong usage.";

/// An error that ends the program: a sentence that names the value, the bound and the remedy.
class failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Writes whole lines and flushes them, so that lines of several threads do not mix and a reader of the pipe sees
/// them at once.
inline void print(std::string_view lines) {
    if (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size() || std::fflush(stdout) != 0)
        throw failure("cannot write the result to stdout; free some space or send it elsewhere");
}

/// Checks that a value is a whole number, or any number, from `least` to `most`; "nan" is none.
template <class T>
CLI::Validator within(T least, T most) {
    const auto bounds = [](T bound) {
        std::ostringstream text;
        text.precision(10);
        text << bound;
        return text.str();
    };
    const std::string range = bounds(least) + " to " + bounds(most);
    return {[=](std::string& text) {
                T number{};
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
                const bool is_number = error == std::errc{} && end == text.data() + text.size();
                if (is_number && number >= least && number <= most) return std::string();
                return "'" + text + "' is not in the range; give " +
                       (std::is_integral_v<T> ? "a whole number from " : "") + range;
            },
            "in " + range};
}
inline CLI::Validator whole(long long least, long long most) { return within(least, most); }
inline CLI::Validator between(double least, double most) { return within(least, most); }

template <class Say>
exit_code print_help(const CLI::App& app, Say say) {
    try {
        print(app.help());
        return succeeded;
    } catch (const failure& error) {
        say(error.what());
        return failed;
    }
}

/// Parses the options into the bound variables, then runs `body`, which returns an exit code or throws.
template <class Body>
int run(CLI::App& app, int argc, char** argv, Body body) {
    const auto say = [&](const std::string& sentence) {
        std::fputs((app.get_name() + ": " + sentence + "\n").c_str(), stderr);
    };
    try {
        app.parse(argc, argv);
        return body();
    } catch (const CLI::CallForHelp&) {
        return print_help(app, say);
    } catch (const CLI::ParseError& error) {
        std::string what = error.what();
        while (!what.empty() && (what.back() == '\n' || what.back() == '.')) what.pop_back();
        for (auto& c : what) c = c == '\n' ? ' ' : c;
        say(what + "; run '" + app.get_name() + " --help' for its options");
        return wrong_usage;
    } catch (const std::exception& error) {
        say(error.what());
        return failed;
    }
}

}  // namespace example
