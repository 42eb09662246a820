// SPDX-License-Identifier: MIT
//
// Two schedules, in nanoseconds from the start of a run: the arrival times of items, and the times at which the sink
// may take one. The time is an argument, so that tests control it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace weir::tool::pressure {

struct phase {
    double per_s;
    double lasts_s;
};

/// The due times of an open loop: item k of a phase is due k periods after the phase starts, regardless of the items
/// before it.
class arrivals {
public:
    explicit arrivals(std::vector<phase> phases) : phases_(std::move(phases)) {}

    static constexpr double never = std::numeric_limits<double>::infinity();

    /// When the next item is due; `never` after the last.
    double next_ns() {
        while (current_ != phases_.size()) {
            const auto& now = phases_[current_];
            const double after_ns = static_cast<double>(sent_) * 1e9 / now.per_s;
            // Rounding must not add an item at the end of a phase: ignore half a nanosecond.
            if (after_ns < now.lasts_s * 1e9 - 0.5) {
                ++sent_;
                return began_ns_ + after_ns;
            }
            began_ns_ += now.lasts_s * 1e9;
            sent_ = 0;
            ++current_;
        }
        return never;
    }

private:
    std::vector<phase> phases_;
    std::size_t current_ = 0;
    std::uint64_t sent_ = 0;
    double began_ns_ = 0;
};

/// Takes one item per period while items are available: exactly the rate over any long busy time. A sink that was
/// delayed catches up at no more than twice the rate, so that a pause does not become a burst downstream. Idle time
/// does not accumulate credit.
class service {
public:
    static constexpr double most_debt_ns = 10e6;

    explicit service(double per_s) : period_ns_(1e9 / per_s) {}

    bool may_take(double now_ns) const { return now_ns >= due_ns_ && now_ns >= taken_ns_ + period_ns_ / 2; }

    void took(double now_ns) {
        taken_ns_ = now_ns;
        due_ns_ = std::max(due_ns_ + period_ns_, now_ns - most_debt_ns);
    }
    /// The queue was empty: the next item may be taken as soon as it arrives.
    void was_idle(double now_ns) { due_ns_ = std::max(due_ns_, now_ns); }

private:
    double period_ns_;
    double due_ns_ = 0;
    double taken_ns_ = -std::numeric_limits<double>::infinity();
};

}  // namespace weir::tool::pressure
