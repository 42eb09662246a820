// SPDX-License-Identifier: MIT
#pragma once

// What happens to the threads of a process, from looks at them.

#include "tools/common/process_threads.hpp"
#include "tools/common/role_places.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::tool {

/// A thread between the first look at it and the last.
struct watched_thread {
    process_thread first;
    process_thread last;
    std::optional<role_place> place;  ///< of its role, if the plan has one of its name
    pu_set seen_on;                   ///< the PUs that looks found it on
    std::uint64_t moves_seen = 0;     ///< looks that found it on another PU than the look before
    bool is_off_plan = false;
    bool has_ended = false;

    // Between the two looks; empty where the kernel does not count it.
    [[nodiscard]] std::optional<std::uint64_t> involuntary_switches() const;
    [[nodiscard]] std::optional<std::uint64_t> migrations() const;
    [[nodiscard]] std::optional<std::uint64_t> ran_ns() const;
    [[nodiscard]] std::optional<std::uint64_t> waited_ns() const;
};

struct watch_event {
    double at_s;
    long thread;
    std::string what;  ///< a sentence
    bool leaves_plan;
};

class watch_log {
public:
    /// `places` may be empty: then all threads are watched, and none can leave its plan.
    explicit watch_log(std::vector<role_place> places) : places_(std::move(places)) {}

    /// Takes a look; returns what has happened since the one before.
    std::vector<watch_event> look(double at_s, const std::vector<process_thread>& threads);

    [[nodiscard]] std::vector<watched_thread> threads() const;
    [[nodiscard]] const std::vector<watch_event>& events() const noexcept { return events_; }
    [[nodiscard]] double watched_s() const noexcept { return last_s_; }
    [[nodiscard]] std::vector<std::string> roles_without_thread() const;

    [[nodiscard]] bool has_plan() const noexcept { return !places_.empty(); }
    /// Whether every role had a thread, and no thread was seen off its plan.
    [[nodiscard]] bool kept_to_plan() const;

private:
    std::optional<role_place> place_for(const std::string& name) const;
    void start(double at_s, const process_thread& thread, std::vector<watch_event>& news);
    void follow(double at_s, watched_thread& known, const process_thread& now, std::vector<watch_event>& news);
    void compare_with_plan(double at_s, watched_thread& known, std::vector<watch_event>& news);

    std::vector<role_place> places_;
    std::map<long, watched_thread> threads_;
    std::vector<watch_event> events_;
    std::set<std::string> roles_seen_;  ///< those that had a thread, under whatever name it goes on
    double last_s_ = 0;
    bool has_looked_ = false;
};

/// What the hypervisor stole from PUs during a watch, as a share of the time.
using stolen_shares = std::map<unsigned, double>;

[[nodiscard]] std::string watch_as_text(const watch_log& log, const stolen_shares& stolen);
[[nodiscard]] std::string watch_as_json(const watch_log& log, const stolen_shares& stolen, long process);

}  // namespace weir::tool
