// SPDX-License-Identifier: MIT
//
// One run of the program: the machine, the two threads, and a contest per scenario.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/options.hpp"
#include "bench/report/summary.hpp"
#include "bench/run/environment.hpp"
#include "bench/run/rounds.hpp"

namespace bench {

class session {
public:
    /// Pins the threads and calibrates clock and work; throws weir::placement_error with a sentence.
    session(const options& chosen, std::vector<queue_entry> queues);

    const environment& where() const { return environment_; }

    /// The contest of this scenario, created and checked on the first call. Repetitions add rounds to it.
    contest& contest_for(const scenario& what);

    double run_round(contest& on);

    scenario_summary summary_of(const contest& done) const { return summarize(done.record(), rig_.work); }
    /// Null when that scenario has not been run.
    const contest* find(const std::string& scenario_name) const;
    /// In the order of their first run.
    std::vector<scenario_summary> summaries() const;
    /// A sentence for each queue that lost, repeated, changed or reordered items, or did not finish where it should.
    std::vector<std::string> failures() const;

private:
    void show_progress(const contest& on, const std::string& doing) const;

    options chosen_;
    std::vector<queue_entry> queues_;
    worker_pair workers_;
    rig rig_;
    floor_meter floors_;
    environment environment_;
    std::vector<std::unique_ptr<contest>> contests_;
};

/// Clears the progress line of the terminal, before other output.
void clear_progress();

/// The queues whose names contain one of `parts` (case ignored), or all for no parts. Throws std::invalid_argument with
/// a sentence if no name contains a part.
std::vector<queue_entry> choose_queues(std::vector<queue_entry> all, const std::vector<std::string>& parts);

}  // namespace bench
