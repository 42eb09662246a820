// SPDX-License-Identifier: MIT
//
// One run: a source that keeps to its schedule, a sink that takes its rate, and a sampler that looks on. A queue is
//
//     bool offer(const item&)    source thread; whether it was accepted; may wait
//     answer take(item&)         sink thread; never waits
//     account ledger() const     any thread
#pragma once

#include "pressure_board.hpp"
#include "pressure_pace.hpp"
#include "resident.hpp"

#include <weir/clock.hpp>
#include <weir/detail/pause.hpp>
#include <weir/detail/scheduler.hpp>
#include <weir/histogram.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace weir::tool::pressure {

enum class answer : unsigned char { taken, empty, busy };

/// Nanoseconds since it was made, on every thread.
class run_clock {
public:
    double now_ns() const { return clock_.to_ns(clock_.now() - began_); }

private:
    tick_clock clock_;
    std::uint64_t began_ = clock_.now();
};

struct run_plan {
    conditions c;
    double settled_ns;     ///< from here on, and until the burst ends, the figures of the burst are taken
    double burst_from_ns;  ///< the burst's begin and end
    double burst_to_ns;
    double cap_ns;   ///< the end, whatever has happened by then
    double tail_ns;  ///< how long to look on when all has been recovered
    std::uint64_t sample_ns;
};

/// What the sink saw of the items, by class (0: low, 1: high) where that matters.
struct sink_record {
    static constexpr std::uint64_t longest_ns = 3'600'000'000'000;

    histogram sojourn{longest_ns}, delay{longest_ns};  // in the burst, once settled
    histogram engaged_sojourn{longest_ns};               // of these, while a policy drops that does not always
    histogram class_sojourn[2] = {histogram{longest_ns}, histogram{longest_ns}};
    histogram calm_sojourn{longest_ns};  // of the high class, or of all where there is one
    std::uint64_t delivered_of_burst[2] = {};
    std::uint64_t delivered = 0;
    std::uint64_t taken_in_window = 0;
    std::uint64_t taken_in_time = 0;
    double last_arrival_delay_ns = 0;
    double recovered_ns = 0;  ///< 0: not by the end
};

struct source_record {
    std::uint64_t offered = 0, refused = 0;
    std::uint64_t offered_in_burst[2] = {};
    std::uint64_t sent_in_window = 0;  ///< between settled and the end of the burst, by the clock
};

template <class Queue>
class one_run {
public:
    one_run(Queue& queue, const run_plan& plan, const run_clock& clock) : queue_(queue), plan_(plan), clock_(clock) {}

    /// Plays it; `look` is called by this thread each sample_ns with the time and the times of what was delivered.
    template <class Look>
    void play(Look look) {
        std::thread source([this] { feed(); });
        std::thread sink([this] { drain(); });
        const auto every_ns = static_cast<double>(plan_.sample_ns);
        while (!sink_done_.load(weir::detail::relaxed)) {  // relaxed: join() orders what is read afterwards
            const double now_ns = clock_.now_ns();
            const double left_ns = (std::floor(now_ns / every_ns) + 1) * every_ns - now_ns;  // a look missed is missed
            std::this_thread::sleep_for(std::chrono::nanoseconds(static_cast<std::int64_t>(left_ns)));
            look(clock_.now_ns(), sojourns_, delays_);
        }
        source.join();
        sink.join();
    }

    source_record sent;
    sink_record seen;

private:
    void feed() {
        const auto& c = plan_.c;
        arrivals schedule({{c.calm_per_s, plan_.burst_from_ns / 1e9},
                           {c.burst_per_s, (plan_.burst_to_ns - plan_.burst_from_ns) / 1e9},
                           {c.calm_per_s, (plan_.cap_ns - plan_.burst_to_ns) / 1e9}});
        const auto high_one_in = static_cast<std::uint64_t>(c.high_one_in);
        item next{};
        for (double due; (due = schedule.next_ns()) != arrivals::never;) {
            double now = clock_.now_ns();
            while (now < due && !stop_.load(weir::detail::relaxed)) {  // relaxed: a flag and nothing else
                rest(due - now);
                now = clock_.now_ns();
            }
            if (stop_.load(weir::detail::relaxed)) break;  // relaxed: as above
            next.intended_ns = due;
            next.entered_ns = now;
            next.high = sent.offered % high_one_in == 0;
            if (!queue_.offer(next)) ++sent.refused;
            ++sent.offered;
            if (in_burst(due)) ++sent.offered_in_burst[next.high ? 1 : 0];
            if (in_window(now)) ++sent.sent_in_window;
        }
        source_done_.store(true, weir::detail::relaxed);  // relaxed: join() orders the counts
    }

    void drain() {
        service pace(plan_.c.sink_per_s);
        item got{};
        double last_delay_ns = 0, last_intended_ns = 0;
        while (!source_done_.load(weir::detail::relaxed)) {  // relaxed: as above
            const double now = clock_.now_ns();
            if (now > plan_.cap_ns || (seen.recovered_ns != 0 && now > seen.recovered_ns + plan_.tail_ns))
                stop_.store(true, weir::detail::relaxed);  // relaxed: as above
            if (!pace.may_take(now)) {
                rest(0);
                continue;
            }
            switch (queue_.take(got)) {
            case answer::taken:
                pace.took(now);
                note(got, now);
                last_delay_ns = now - got.intended_ns;
                last_intended_ns = got.intended_ns;
                break;
            case answer::empty:
                pace.was_idle(now);
                // Empty because all is done, and not because the source is held up.
                if (seen.recovered_ns == 0 && last_intended_ns >= plan_.burst_to_ns && last_delay_ns < on_time_ns)
                    seen.recovered_ns = now;
                rest(0);
                break;
            case answer::busy: rest(0); break;
            }
        }
        sink_done_.store(true, weir::detail::relaxed);  // relaxed: join() orders the record
    }

    void note(const item& got, double now) {
        const auto delay = static_cast<std::uint64_t>(std::max(0.0, now - got.intended_ns));
        const auto sojourn = static_cast<std::uint64_t>(std::max(0.0, now - got.entered_ns));
        const int cls = got.high ? 1 : 0;
        ++seen.delivered;
        sojourns_.record(static_cast<double>(sojourn));
        delays_.record(static_cast<double>(delay));
        if (in_burst(got.intended_ns)) {
            ++seen.delivered_of_burst[cls];
            seen.last_arrival_delay_ns = static_cast<double>(delay);
        } else if (got.high && now < plan_.burst_from_ns) {
            seen.calm_sojourn.record(sojourn);
        }
        if (in_window(now)) {
            seen.sojourn.record(sojourn);
            seen.delay.record(delay);
            if (queue_.is_dropping()) seen.engaged_sojourn.record(sojourn);
            seen.class_sojourn[cls].record(sojourn);
            ++seen.taken_in_window;
            if (static_cast<double>(delay) <= plan_.c.deadline_ms * 1e6) ++seen.taken_in_time;
        }
    }

    bool in_burst(double at) const { return at >= plan_.burst_from_ns && at < plan_.burst_to_ns; }
    bool in_window(double at) const { return at >= plan_.settled_ns && at < plan_.burst_to_ns; }

    // For a part of so long. A sleep ends some 60 us late and more, so what is nearer is spun for.
    static void rest(double ns) {
        constexpr double worth_sleeping_ns = 300e3, longest_ns = 10e6;
        if (ns > worth_sleeping_ns) {
            const double sleep_ns = std::min(ns - worth_sleeping_ns / 2, longest_ns);
            weir::detail::sleep_for(std::chrono::nanoseconds(static_cast<std::int64_t>(sleep_ns)));
        } else if (weir::detail::started_on_one_cpu) {
            weir::detail::yield_cpu();
        } else {
            weir::detail::pause();
        }
    }

    static constexpr double on_time_ns = 1e6;

    Queue& queue_;
    const run_plan plan_;
    const run_clock& clock_;
    watched_times sojourns_, delays_;
    weir::detail::atomic<bool> stop_{false}, source_done_{false}, sink_done_{false};
};

}  // namespace weir::tool::pressure
