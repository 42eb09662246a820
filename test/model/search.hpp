// SPDX-License-Identifier: MIT
//
// What the command line (run.cpp) asks of the checker (model.cpp).
#pragma once

#include <string>

#include "model.hpp"

namespace model {

struct search {
    unsigned switches = 0;  // exhaustive, with at most so many preemptions; 0: random schedules
    std::string from;       // where to begin: the number of a random schedule, or a state of the exhaustive search
    unsigned long long seed = 1;  // the number of the first random schedule; what schedule() is in an exhaustive search
    unsigned long long last = 1;  // the number of the last one
    bool is_replay = false;       // of one schedule, for its history
};

struct outcome {
    bool kept;                     // every promise was
    std::string fault;             // as the checker calls it
    std::string state;             // of the schedule that failed, for search::from
    std::string history;           // of its steps
    unsigned long long last;       // schedule() of that one
    unsigned long long schedules;  // that were played, the failing one included
};

outcome play(const entry&, const search&);

}  // namespace model
