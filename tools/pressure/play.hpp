// SPDX-License-Identifier: MIT
//
// The part of a run that happens in a process of its own, which stores its results in a board.
#pragma once

#include "tools/common/resident.hpp"
#include "tools/pressure/board.hpp"
#include "tools/pressure/drive.hpp"

#include <functional>
#include <span>
#include <string_view>

namespace weir::tool::pressure {

/// The plan of the main run, which the user watches.
[[nodiscard]] run_plan plan_of(const conditions& c, std::string_view policy);

/// The loads at which goodput is measured after the main run, as shares of the sink's rate, and the duration of each.
std::span<const double> goodput_loads();
[[nodiscard]] double goodput_step_s(const conditions& c);
/// The plan of a burst alone, at that rate.
[[nodiscard]] run_plan goodput_plan(conditions c, double offered_per_s);

/// Takes one sample, remembering the previous one. Adds no more samples than the board has room for.
class sampler {
public:
    explicit sampler(board& to) : to_(to) {}

    void operator()(double now_ns, const account& so_far, const watched_times& sojourns, const watched_times& delays);

private:
    board& to_;
    resident_memory memory_;
    watched_times::look sojourns_, delays_;
};

/// Whether every item is accounted for, and source and sink counted the same.
[[nodiscard]] bool adds_up(const account& a, const source_record& sent, const sink_record& seen);

/// Stores the results of the main run in the board.
void fill_in(const run_plan& plan, std::string_view policy, const source_record& sent, const sink_record& seen,
             const account& ledger, board& to);

/// Plays the main run, and stores its results in the board.
template <class Queue>
void play_burst(Queue& queue, const run_plan& plan, std::string_view policy, host& on, board& to) {
    sampler look(to);
    one_run run(queue, plan, on);
    run.play([&](double now_ns, const watched_times& sojourns, const watched_times& delays) {
        look(now_ns, queue.ledger(), sojourns, delays);
    });
    const auto ledger = queue.ledger();
    to.end.exact = adds_up(ledger, run.sent(), run.seen());
    fill_in(plan, policy, run.sent(), run.seen(), ledger, to);
}

/// Plays one load, and adds its goodput to the board.
template <class Queue>
void play_load(Queue& queue, const run_plan& plan, host& on, board& to) {
    one_run run(queue, plan, on);
    run.play([](double, const watched_times&, const watched_times&) {});
    if (!adds_up(queue.ledger(), run.sent(), run.seen())) to.end.exact = false;
    const double window_s = (plan.burst_to_ns - plan.settled_ns) / 1e9;
    to.goodput[to.end.goodput++] = {plan.c.burst_per_s, static_cast<double>(run.seen().taken_in_time) / window_s};
}

/// Plays `policy`, then each load, and stores the results in the board. Throws what the queue throws.
void play(const conditions& c, std::string_view policy, host& on, board& to);

// ---- The process -------------------------------------------------------------------------------------

/// Writes to each page of the board. Pages of a new mapping become resident at the first write, and would otherwise
/// count as memory growth.
void touch(board& shared);

/// Calls `playing` and stores an exception's message in the board. Returns the process's exit status.
int play_or_say_why(const std::function<void()>& playing, board& shared);

/// Calls `has_ended` every 20 ms until it returns true, and `look` every 200 ms; `sleep` takes microseconds.
void look_until(const std::function<bool()>& has_ended, const std::function<void()>& look,
                const std::function<void(unsigned)>& sleep);

/// Whether the process has ended; if so, sets its status. Throws `stop` if it is not a child of this process.
[[nodiscard]] bool has_ended(int process, int& status);

/// Throws `stop` with a sentence unless the process ended successfully.
void check_end(int status, const board& shared, std::string_view policy);

/// The result, from a board after the run.
[[nodiscard]] outcome outcome_of(const board& shared, std::string_view policy);

}  // namespace weir::tool::pressure
