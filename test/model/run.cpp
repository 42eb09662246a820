// SPDX-License-Identifier: MIT
//
// The command line of the model programs.
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include "model.hpp"
#include "search.hpp"

namespace model {
namespace {

struct options {
    std::string only;
    std::string replay;           // as printed after a failure
    double scale = 1;             // of the number of random schedules; below 1 the exhaustive searches are shorter, too
    int switches = -1;            // in the exhaustive searches, else as listed
    unsigned long long seed = 1;  // the first random schedule
};

template <class Number>
bool read(std::string_view text, Number* number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    return error == std::errc() && end == text.data() + text.size();
}

// A kind of search and where it stood: "random: 4711".
bool is_replay(std::string_view text) {
    constexpr std::string_view between = ": ";
    const std::size_t colon = text.find(between);
    if (colon == text.npos) return false;
    const std::string_view kind = text.substr(0, colon);
    const std::string_view state = text.substr(colon + between.size());
    unsigned switches = 0;
    unsigned long long number = 0;
    return (kind == "random" || read(kind.substr(0, kind.find(" switches")), &switches)) &&
           read(state.substr(0, state.find_first_not_of("0123456789")), &number);
}

// Relacy's history, with a line's place by file and line alone instead of with the names of templates.
void print(std::string_view history) {
    while (!history.empty()) {
        const std::string_view line = history.substr(0, history.find('\n'));
        history.remove_prefix(std::min(line.size() + 1, history.size()));
        const std::size_t event = line.find(", in ");
        std::cout << line.substr(0, event);
        if (event != line.npos) std::cout << "  " << line.substr(line.find_last_of("/ ") + 1);
        std::cout << "\n";
    }
}

// Plays one kind of search; says how it went on one line, or shows the failing schedule.
bool play(const entry& e, const options& o, const search& how) {
    const std::string kind = how.switches == 0 ? "random" : std::to_string(how.switches) + " switches";
    const outcome result = play(e, how);
    if (e.fault != nullptr && !result.kept && result.fault == e.fault) {
        std::cout << "  " << kind << ": found after " << result.schedules << " schedules, as it must be: " << e.fault
                  << "\n";
        return true;
    }
    if (result.kept && e.fault != nullptr) {
        std::cout << "FAILED " << e.name << ": nothing found, but there is: " << e.fault << "\n";
        return false;
    }
    if (result.kept) {
        std::cout << "  " << kind << ": " << result.schedules << " schedules, every promise kept\n" << std::flush;
        return true;
    }
    print(result.history);
    if (e.program != nullptr) std::cout << e.program(result.last);
    if (o.replay.empty()) {
        std::cout << "found after " << result.schedules << " schedules; replay with: --only " << e.name;
        if (how.switches != 0 && e.program != nullptr) std::cout << " --seed " << o.seed;
        std::cout << " --replay '" << kind << ": " << result.state << "'\n";
    }
    std::cout << "FAILED " << e.name << ": " << result.fault << "\n" << std::flush;
    return false;
}

bool play_all(const entry& e, const options& o) {
    std::cout << e.name << "\n" << std::flush;
    search how;
    how.seed = o.seed;
    if (!o.replay.empty()) {
        const std::string kind = o.replay.substr(0, o.replay.find(':'));
        how.is_replay = true;
        how.from = o.replay.substr(o.replay.find(':') + 2);
        how.last = std::stoull(how.from);
        if (kind == "random") {
            how.seed = how.last;
        } else {
            how.switches = static_cast<unsigned>(std::stoul(kind));
        }
        return play(e, o, how);
    }
    // A preemption more takes some ten to fifty times as long.
    const unsigned listed = o.scale < 1 && e.switches > 0 ? e.switches - 1 : e.switches;
    how.switches = o.switches < 0 ? listed : static_cast<unsigned>(o.switches);
    if (how.switches > 0 && !play(e, o, how)) return false;
    const auto count = static_cast<unsigned long long>(static_cast<double>(e.random) * o.scale);
    if (count == 0) return true;
    how.switches = 0;
    how.from = std::to_string(o.seed);
    how.last = o.seed + count - 1;
    return play(e, o, how);
}

}  // namespace

int run(int argc, char** argv, std::span<const entry> scenarios) {
    options o;
    const auto usage = [&] {
        std::cerr << "usage: " << argv[0] << " [--only SCENARIO] [--scale FACTOR] [--switches N] [--seed N]"
                  << " [--replay STATE] [--list]\n";
        return 2;
    };
    for (int i = 1; i < argc; ++i) {
        const std::string_view option = argv[i];
        if (option == "--list") {
            for (const entry& e : scenarios) std::cout << e.name << "\n";
            return 0;
        }
        if (++i == argc) return usage();
        const auto refuse = [&](const char* what) {
            std::cerr << argv[0] << ": " << option << " takes " << what << ", not '" << argv[i] << "'\n";
            return 2;
        };
        if (option == "--only") {
            o.only = argv[i];
        } else if (option == "--scale") {
            if (!read(argv[i], &o.scale) || !(o.scale >= 0 && o.scale <= 1e6))
                return refuse("a number from 0 to 1000000");
        } else if (option == "--switches") {
            if (!read(argv[i], &o.switches) || o.switches < 0) return refuse("a whole number from 0");
        } else if (option == "--seed") {
            if (!read(argv[i], &o.seed)) return refuse("a whole number from 0");
        } else if (option == "--replay") {
            if (!is_replay(argv[i])) return refuse("what a failure prints, as in 'random: 4711'");
            o.replay = argv[i];
        } else {
            return usage();
        }
    }
    if (const char* const fewer = std::getenv("WEIR_FEWER_ROUNDS")) o.scale /= std::atoi(fewer) >= 20 ? 8 : 2;
    std::size_t played = 0;
    for (const entry& e : scenarios) {
        if (!o.only.empty() && o.only != e.name) continue;
        ++played;
        if (!play_all(e, o)) return 1;
    }
    if (played == 0) {
        std::cerr << argv[0] << ": there is no scenario '" << o.only << "'; --list lists them\n";
        return 2;
    }
    return 0;
}

}  // namespace model
