// SPDX-License-Identifier: MIT
//
// Coroutines that await rings: when there is an answer at once, in a stream between two threads, and asleep; and the first of several
// rings.
#include "bench/scenarios/scenario.hpp"

namespace bench {

scenario await_ready_scenario(std::size_t capacity) {
    scenario what = alternating_scenario(capacity, "half");
    what.name = "await/ready/cap" + std::to_string(capacity);
    what.plays = league::ready;
    return what;
}

scenario await_stream_scenario(std::size_t capacity) {
    scenario what = blocking_scenario(capacity);
    what.name = "await/stream/8B/cap" + std::to_string(capacity);
    what.plays = league::awaiting;
    return what;
}

scenario await_wakeup_scenario() {
    scenario what = wakeup_scenario();
    what.name = "await/wakeup/8B";
    what.plays = league::waking;
    return what;
}

scenario select_scenario() {
    scenario what = alternating_scenario(1024, "empty");
    what.name = "select/one-of-8-ready";
    what.plays = league::selecting;
    return what;
}

}  // namespace bench
