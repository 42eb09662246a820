// SPDX-License-Identifier: MIT
//
// The part of a run that happens in a process of its own, whose end is a board that is filled in.
#pragma once

#include "tools/common/resident.hpp"
#include "tools/pressure/board.hpp"
#include "tools/pressure/drive.hpp"

#include <functional>
#include <span>
#include <string_view>

namespace weir::tool::pressure {

/// The course of the run that is watched.
[[nodiscard]] run_plan plan_of(const conditions& c, std::string_view policy);

/// The loads at which goodput is measured after it, in shares of the sink's rate, and how long each is offered.
std::span<const double> goodput_loads();
[[nodiscard]] double goodput_step_s(const conditions& c);
/// The burst alone, at that rate.
[[nodiscard]] run_plan goodput_plan(conditions c, double offered_per_s);

/// A look of the sampler, with what it has to remember from one to the next. It adds no more than there is room for.
class sampler {
public:
    explicit sampler(board& to) : to_(to) {}

    void operator()(double now_ns, const account& so_far, const watched_times& sojourns, const watched_times& delays);

private:
    board& to_;
    resident_memory memory_;
    watched_times::look sojourns_, delays_;
};

/// Whether every item is accounted for, and both ends counted the same.
[[nodiscard]] bool adds_up(const account& a, const source_record& sent, const sink_record& seen);

/// Fills in what the board says at the end of the main run.
void fill_in(const run_plan& plan, std::string_view policy, const source_record& sent, const sink_record& seen,
             const account& ledger, board& to);

/// Plays the run that is watched, and fills in the board.
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

/// Plays a load, and adds its goodput to the board.
template <class Queue>
void play_load(Queue& queue, const run_plan& plan, host& on, board& to) {
    one_run run(queue, plan, on);
    run.play([](double, const watched_times&, const watched_times&) {});
    if (!adds_up(queue.ledger(), run.sent(), run.seen())) to.end.exact = false;
    const double window_s = (plan.burst_to_ns - plan.settled_ns) / 1e9;
    to.goodput[to.end.goodput++] = {plan.c.burst_per_s, static_cast<double>(run.seen().taken_in_time) / window_s};
}

/// Plays `policy`, then the loads one after the other, and fills in the board. Throws what the queue throws.
void play(const conditions& c, std::string_view policy, host& on, board& to);

// ---- The process around it -------------------------------------------------------------------------------------

/// Writes each page of the board. Pages that are there already are mapped at the first write only, and would count as
/// growth.
void touch(board& shared);

/// Calls `playing`; what it throws is written on the board. The exit status of the process.
int play_or_say_why(const std::function<void()>& playing, board& shared);

/// Asks `has_ended` every 20 ms until it says so, and looks every 200 ms meanwhile; `sleep` gets microseconds.
void look_until(const std::function<bool()>& has_ended, const std::function<void()>& look,
                const std::function<void(unsigned)>& sleep);

/// Whether the process has ended, and then its status. Throws `stop` when it is none of ours.
[[nodiscard]] bool has_ended(int process, int& status);

/// Throws `stop` with a sentence unless the process has ended well.
void check_end(int status, const board& shared, std::string_view policy);

/// What the board says when all is over.
[[nodiscard]] outcome outcome_of(const board& shared, std::string_view policy);

}  // namespace weir::tool::pressure
