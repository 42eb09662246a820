// SPDX-License-Identifier: MIT
//
// A process of a scenario may die, before each of its steps that others could see; and the table of what they see then. For one source
// file of a program, whose atomics are those of mortal_atomic.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "model.hpp"
#include "mortal_atomic.hpp"
#include "weir/detail/shm/owner.hpp"
#include "weir/detail/wait/scheduler.hpp"

namespace model {

using weir::detail::immortal_atomic, weir::detail::owner, weir::detail::steady_time;

/// The process that may die: one at a time.
struct mortal_process {
    const void* thread = nullptr;  // that of it
    unsigned left = 0;             // steps until it dies; 0: it does not
    bool is_over = false;          // the scenario is: nothing dies any longer
    place died_at = place::current();
    std::uint64_t item = 0;  // that it had in hand
    immortal_atomic<std::uint32_t> dead{0};
    immortal_atomic<std::uint32_t> may_go{0};  // the thread of a dead process waits for this, to leave the checker
};
inline mortal_process* mortal = nullptr;

/// What survivors saw, by the process that died, and the line before which it did.
inline std::map<std::string_view, std::map<std::pair<std::string_view, unsigned>, std::set<std::string>>>
    seen_after_death;
inline bool makes_table = false;

/// A row: what the others saw.
inline void note(std::string_view side, const mortal_process& of, std::string_view outcome) {
    if (!makes_table) return;
    const unwatched books;
    const std::string_view file = of.died_at.file_name();
    if (file.ends_with("spin_budget.hpp")) return;  // no other process sees it
    const bool in_copy = file.ends_with("_model.cpp");
    seen_after_death[side][{in_copy ? "" : file, in_copy ? 0 : of.died_at.line()}].insert(std::string(outcome));
}
/// In two columns: what became of the item that the process had in hand, and what is in doubt.
inline void note(std::string_view side, const mortal_process& of, const char* item, const char* in_doubt) {
    if (!makes_table) return;
    const unwatched books;
    note(side, of, std::string(item) + " | " + in_doubt);
}

inline constexpr std::uint64_t mortal_pid = 1;
inline constexpr std::uint64_t survivor_pid = 2;
inline constexpr std::uint64_t long_dead_pid = 3;
inline constexpr std::uint64_t living_pid = 4;  // and those after it

/// What stands for the system: it knows which processes are dead.
template <bool Timed>
struct watch {
    static bool is_dead(owner process) noexcept {
        if (process.pid() == mortal_pid) return mortal->dead.load(order::seq_cst) != 0;
        return process.pid() == long_dead_pid;
    }
    /// A turn of a sleep takes so long that the others come on, and that what they did is seen.
    static steady_time next_look(steady_time deadline) noexcept {
        if (!Timed) return deadline;
        yield();
        return {};
    }
};

inline void step(place at) noexcept {
    if (mortal == nullptr || mortal->left == 0 || mortal->is_over || identity() != mortal->thread) return;
    if (--mortal->left != 0) return;
    say([] { return "the process dies"; });
    mortal->died_at = at;
    mortal->dead.store(1, order::seq_cst);
    // A sleep may end for no reason.
    while (mortal->may_go.load(order::seq_cst) == 0) mortal->may_go.variable().sleep_while(0, false, place::current());
}

inline std::string line_of(std::string_view file, unsigned number) {
    std::ifstream text{std::string(file)};
    std::string line;
    for (unsigned i = 0; i < number; ++i) std::getline(text, line);
    line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    line = line.substr(0, line.find("  //"));
    return line.substr(0, line.find_last_not_of(' ') + 1);
}

/// What a step is called in the table: one whose line holds `fragment`, the first that fits. A copy of an item, made by the model, is the
/// line `copied`. Steps of one name are folded, and stand in the order of this list.
struct step_name {
    std::string_view fragment, name;
};
inline constexpr std::string_view copied = "copy of what the processes pass";

/// Plays these scenarios, and prints what the others see, step by step. `columns`: those after the step's own.
inline int print_table(std::string_view columns, std::span<const entry> scenarios,
                       std::initializer_list<const char*> played, std::span<const step_name> names) {
    makes_table = true;
    for (const char* scenario : played) {
        const char* arguments[] = {"model", "--only", scenario, "--switches", "1", "--scale", "0"};
        std::cout.setstate(std::ios::failbit);
        const int failed = run(static_cast<int>(std::size(arguments)), const_cast<char**>(arguments), scenarios);
        std::cout.clear();
        if (failed != 0) return failed;
    }
    const auto named = [names](std::string_view name) {
        return std::find_if(names.begin(), names.end(), [name](const step_name& one) { return one.name == name; });
    };
    for (const auto& [side, steps] : seen_after_death) {
        std::map<std::pair<std::ptrdiff_t, std::string>, std::string_view> rows;
        for (const auto& [step, outcomes] : steps) {
            const std::string line = step.second == 0 ? std::string(copied) : line_of(step.first, step.second);
            const auto found = std::find_if(names.begin(), names.end(), [&line](const step_name& one) {
                return line.find(one.fragment) != line.npos;
            });
            if (found == names.end()) {
                std::cerr << "the step `" << line << "` of the " << side << " has no name; give it one in the model\n";
                return 1;
            }
            for (const std::string& outcome : outcomes)
                rows.emplace(std::pair(named(found->name) - names.begin(), outcome), found->name);
        }
        std::cout << "| the " << side << " was killed | " << columns << " |\n|---|";
        for (auto i = std::count(columns.begin(), columns.end(), '|'); i >= 0; --i) std::cout << "---|";
        std::cout << "\n";
        for (const auto& [row, name] : rows) std::cout << "| " << name << " | " << row.second << " |\n";
        std::cout << "\n";
    }
    return 0;
}

}  // namespace model
