// SPDX-License-Identifier: MIT
#include "tools/run/trial.hpp"

#include "tools/run/role_thread.hpp"

#include <weir/affinity.hpp>
#include <weir/detail/base/pause.hpp>

#include <sched.h>
#include <algorithm>
#include <limits>
#include <thread>

namespace weir::tool {
namespace {

constexpr std::size_t capacity = 1024;

class real_host : public tick_clock {
public:
    explicit real_host(const tick_clock& clock) : tick_clock(clock) {}

    static void pin(unsigned pu) { static_cast<void>(pin_this_thread(pu)); }
    static void check_seat(unsigned pu) { tool::check_seat(pu); }
    static thread_counts counts() { return count_this_thread(); }
    static void pause() { detail::pause(); }
    static void yield() { ::sched_yield(); }
    static void sleep(std::chrono::duration<double> time) { std::this_thread::sleep_for(time); }
};

}  // namespace

unsigned spin_limit_of(const run_graph& graph, const run_layout& layout, std::size_t role, std::size_t usable_pus) {
    constexpr unsigned a_little = 1000;
    if (!layout.is_pinned()) return graph.roles.size() <= usable_pus ? a_little : 0;
    return std::count(layout.pus.begin(), layout.pus.end(), layout.pus[role]) > 1
               ? 0
               : std::numeric_limits<unsigned>::max();
}

trial_result run_trial(const run_graph& graph, const run_layout& layout, double seconds, const tick_clock& clock,
                       std::size_t usable_pus) {
    trial_state state(graph, real_host(clock), capacity);
    const auto workers = make_role_threads(state, layout, seconds, usable_pus);
    {
        std::vector<std::jthread> threads;
        for (const auto& one : workers) threads.emplace_back([&one = *one] { one.run(); });
        run_schedule(state, workers.size(), seconds);
    }
    return result_of(state, workers, seconds);
}

}  // namespace weir::tool
