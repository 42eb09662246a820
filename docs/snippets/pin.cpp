// SPDX-License-Identifier: MIT
#include <weir/plan.hpp>

#include <cstdio>
#include <exception>
#include <thread>

// show
void strategy_thread(const weir::placement_plan& plan) {
    plan.pin_this_thread("strat");  // verified with the kernel; throws a sentence if it is refused
    // ...
}
// end

int main(int argc, char** argv) {
    if (argc < 2) return 0;  // without a plan there is nothing to do
    try {
        // show
        const auto plan = weir::placement_plan::load("plan.json");  // refuses a plan of another machine
        std::jthread strategy(strategy_thread, plan);
        // end
    } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
    }
    (void)argv;
}
