// SPDX-License-Identifier: MIT
//
// Shared by the example programs: options, one-sentence errors, exit codes, results on stdout.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

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

/// A number from `least` to `most`. CLI::Range alone accepts "nan", too.
inline CLI::Validator between(double least, double most) {
    const CLI::Validator range = CLI::Range(least, most);
    return {[range](std::string& text) {
                if (std::string why = range(text); !why.empty()) return why;
                return std::isnan(std::stod(text)) ? "Value " + text + " is not a number" : std::string();
            },
            range.get_description()};
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
        std::fputs(app.help().c_str(), stdout);
        return std::fflush(stdout) == 0 ? succeeded : failed;
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
