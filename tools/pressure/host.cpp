// SPDX-License-Identifier: MIT
#include "tools/pressure/drive.hpp"

#include "instruments/why_no_thread.hpp"

#include <weir/detail/base/pause.hpp>
#include <weir/detail/wait/scheduler.hpp>

#include <chrono>
#include <future>
#include <stdexcept>
#include <system_error>
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
    std::promise<bool> all_there;  // false: they end at once
    const auto may_begin = all_there.get_future().share();
    const auto keep_time = [may_begin](const turn& next) {
        if (!may_begin.get()) return;
        for (double ns; (ns = next()) != arrivals::never;)
            if (ns != 0) rest(ns);
    };
    std::jthread source;
    std::jthread sink;
    try {
        source = std::jthread(keep_time, std::cref(feed));
        sink = std::jthread(keep_time, std::cref(drain));
    } catch (const std::system_error& error) {
        all_there.set_value(false);
        throw std::runtime_error(why_no_thread(source.joinable() ? 2 : 1, 2, error));
    }
    began_ = clock_.now();
    all_there.set_value(true);
    for (double ns; (ns = look()) != arrivals::never;) std::this_thread::sleep_for(whole(ns));
}

}  // namespace weir::tool::pressure
