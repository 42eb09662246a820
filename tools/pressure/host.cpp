// SPDX-License-Identifier: MIT
#include "tools/pressure/drive.hpp"

#include <weir/detail/base/pause.hpp>
#include <weir/detail/wait/scheduler.hpp>

#include <chrono>
#include <thread>

namespace weir::tool::pressure {
namespace {

std::chrono::nanoseconds whole(double ns) { return std::chrono::nanoseconds(static_cast<std::int64_t>(ns)); }

void rest(double ns) {
    if (const double sleep_ns = real_host::worth_sleeping_ns(ns); sleep_ns > 0)
        weir::detail::sleep_for(whole(sleep_ns));
    else if (weir::detail::started_on_one_cpu)
        weir::detail::yield_cpu();
    else
        weir::detail::pause();
}

}  // namespace

double real_host::worth_sleeping_ns(double ns) {
    constexpr double least_ns = 300e3, longest_ns = 10e6;
    return ns > least_ns ? std::min(ns - least_ns / 2, longest_ns) : 0;
}

void real_host::run(const turn& feed, const turn& drain, const turn& look) {
    const auto keep_time = [](const turn& next) {
        for (double ns; (ns = next()) != arrivals::never;)
            if (ns != 0) rest(ns);
    };
    began_ = clock_.now();
    const std::jthread source(keep_time, std::cref(feed));
    const std::jthread sink(keep_time, std::cref(drain));
    for (double ns; (ns = look()) != arrivals::never;) std::this_thread::sleep_for(whole(ns));
}

}  // namespace weir::tool::pressure
