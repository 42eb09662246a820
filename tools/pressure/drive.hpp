// SPDX-License-Identifier: MIT
//
// One run: a source that sends on schedule, a sink with a fixed rate, and a sampler. A queue must provide
//
//     bool offer(const item&)    source thread; returns whether it was accepted; may wait
//     answer take(item&)         sink thread; never waits
//     bool is_dropping() const   sink thread
//     account ledger() const     any thread
//
// This file contains one turn of each of the three, with the time as an argument. The host decides when turns happen,
// so that a test can control the time.
#pragma once

#include "tools/pressure/board.hpp"
#include "tools/pressure/pace.hpp"

#include <weir/clock.hpp>
#include <weir/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

namespace weir::tool::pressure {

enum class answer : unsigned char { taken, empty, busy };

/// What a run needs from the machine: a clock and three threads.
class host {
public:
    virtual ~host() = default;
    /// Nanoseconds since run() started.
    virtual double now_ns() const = 0;
    /// Calls each of the three repeatedly, in a thread of its own, until it returns arrivals::never. Any other return
    /// value is the number of nanoseconds to wait before the next call. Source and sink must not be late; the sampler
    /// may be.
    using turn = std::function<double()>;
    virtual void run(const turn& feed, const turn& drain, const turn& look) = 0;
};

class real_host : public host {
public:
    double now_ns() const override { return clock_.to_ns(clock_.now() - began_); }
    void run(const turn& feed, const turn& drain, const turn& look) override;

    /// How long to sleep in a wait of `ns`; 0: spin instead. A sleep ends 60 us late or more.
    static double worth_sleeping_ns(double ns);

private:
    tick_clock clock_;
    std::uint64_t began_ = 0;
};

struct run_plan {
    conditions c;
    double settled_ns;     ///< start of the measuring window, which ends with the burst
    double burst_from_ns;  ///< start and end of the burst
    double burst_to_ns;
    double cap_ns;   ///< end of the run in any case
    double tail_ns;  ///< how long to continue after recovery
    std::uint64_t sample_ns;
};

/// The sink's measurements, by class of item (0: low, 1: high) where that matters.
struct sink_record {
    static constexpr std::uint64_t longest_ns = 3'600'000'000'000;

    histogram sojourn{longest_ns}, delay{longest_ns};  // in the measuring window
    histogram engaged_sojourn{longest_ns};             // the part of these while codel is dropping
    histogram class_sojourn[2] = {histogram{longest_ns}, histogram{longest_ns}};
    histogram calm_sojourn{
        longest_ns};  // before the burst: of the high class, or of all items if there is only one class
    std::uint64_t delivered_of_burst[2] = {};
    std::uint64_t delivered = 0;
    std::uint64_t taken_in_window = 0;
    std::uint64_t taken_in_time = 0;
    double last_arrival_delay_ns = 0;
    double recovered_ns = 0;  ///< 0: not recovered by the end
};

struct source_record {
    std::uint64_t offered = 0, refused = 0;
    std::uint64_t offered_in_burst[2] = {};
    std::uint64_t sent_in_window = 0;  ///< sent during the measuring window, by the clock
};

/// The burst, and the measuring window within it.
inline bool in_burst(const run_plan& plan, double at_ns) {
    return at_ns >= plan.burst_from_ns && at_ns < plan.burst_to_ns;
}
inline bool in_window(const run_plan& plan, double at_ns) {
    return at_ns >= plan.settled_ns && at_ns < plan.burst_to_ns;
}

template <class Queue>
class source_side {
public:
    source_side(Queue& queue, const run_plan& plan)
        : queue_(queue),
          plan_(plan),
          schedule_({{plan.c.calm_per_s, plan.burst_from_ns / 1e9},
                     {plan.c.burst_per_s, (plan.burst_to_ns - plan.burst_from_ns) / 1e9},
                     {plan.c.calm_per_s, (plan.cap_ns - plan.burst_to_ns) / 1e9}}) {}

    /// Offers the next item if it is due. Returns 0 if it was offered, otherwise the time until it is due;
    /// arrivals::never at the end of the schedule.
    double turn(double now_ns) {
        if (now_ns < due_ns_) return due_ns_ - now_ns;
        item next{};
        next.intended_ns = due_ns_;
        next.entered_ns = now_ns;
        next.high = sent_.offered % static_cast<std::uint64_t>(plan_.c.high_one_in) == 0;
        if (!queue_.offer(next)) ++sent_.refused;
        ++sent_.offered;
        if (in_burst(plan_, due_ns_)) ++sent_.offered_in_burst[next.high ? 1 : 0];
        if (in_window(plan_, now_ns)) ++sent_.sent_in_window;
        due_ns_ = schedule_.next_ns();
        return 0;
    }

    const source_record& sent() const { return sent_; }

private:
    Queue& queue_;
    const run_plan plan_;
    arrivals schedule_;
    double due_ns_ = schedule_.next_ns();
    source_record sent_;
};

template <class Queue>
class sink_side {
public:
    sink_side(Queue& queue, const run_plan& plan) : queue_(queue), plan_(plan), pace_(plan.c.sink_per_s) {}

    /// Takes one item if one is due and available. Returns whether it took one; otherwise the thread may rest.
    bool turn(double now_ns) {
        if (!pace_.may_take(now_ns)) return false;
        item got{};
        const answer said = queue_.take(got);
        if (said == answer::taken) {
            pace_.took(now_ns);
            note(got, now_ns);
            last_delay_ns_ = now_ns - got.intended_ns;
            last_intended_ns_ = got.intended_ns;
            return true;
        }
        if (said == answer::empty) {
            pace_.was_idle(now_ns);
            // Recovered: the queue is empty because the backlog is gone, not because the source is blocked.
            if (seen_.recovered_ns == 0 && last_intended_ns_ >= plan_.burst_to_ns && last_delay_ns_ < on_time_ns)
                seen_.recovered_ns = now_ns;
        }
        return false;
    }

    /// Whether the run is over.
    bool has_seen_all(double now_ns) const {
        return now_ns > plan_.cap_ns || (seen_.recovered_ns != 0 && now_ns > seen_.recovered_ns + plan_.tail_ns);
    }

    const sink_record& seen() const { return seen_; }
    const watched_times& sojourns() const { return sojourns_; }  // any thread
    const watched_times& delays() const { return delays_; }

private:
    void note(const item& got, double now_ns) {
        const auto delay = static_cast<std::uint64_t>(std::max(0.0, now_ns - got.intended_ns));
        const auto sojourn = static_cast<std::uint64_t>(std::max(0.0, now_ns - got.entered_ns));
        const int cls = got.high ? 1 : 0;
        ++seen_.delivered;
        sojourns_.record(static_cast<double>(sojourn));
        delays_.record(static_cast<double>(delay));
        if (in_burst(plan_, got.intended_ns)) {
            ++seen_.delivered_of_burst[cls];
            seen_.last_arrival_delay_ns = static_cast<double>(delay);
        } else if (got.high && now_ns < plan_.burst_from_ns) {
            seen_.calm_sojourn.record(sojourn);
        }
        if (in_window(plan_, now_ns)) {
            seen_.sojourn.record(sojourn);
            seen_.delay.record(delay);
            if (queue_.is_dropping()) seen_.engaged_sojourn.record(sojourn);
            seen_.class_sojourn[cls].record(sojourn);
            ++seen_.taken_in_window;
            if (static_cast<double>(delay) <= plan_.c.deadline_ms * 1e6) ++seen_.taken_in_time;
        }
    }

    static constexpr double on_time_ns = 1e6;

    Queue& queue_;
    const run_plan plan_;
    service pace_;
    double last_delay_ns_ = 0;
    double last_intended_ns_ = 0;
    sink_record seen_;
    watched_times sojourns_, delays_;
};

/// Time until the next multiple of `every_ns`; missed samples are skipped.
inline double until_next_look_ns(double now_ns, double every_ns) {
    return (std::floor(now_ns / every_ns) + 1) * every_ns - now_ns;
}

template <class Queue>
class one_run {
public:
    one_run(Queue& queue, const run_plan& plan, host& on)
        : on_(on), every_ns_(static_cast<double>(plan.sample_ns)), source_(queue, plan), sink_(queue, plan) {}

    /// Runs the source, the sink and the sampler; `look` is called every sample_ns with the time and the times of the
    /// delivered items.
    template <class Look>
    void play(Look look) {
        on_.run([this] { return feed(); }, [this] { return drain(); }, [this, &look] { return observe(look); });
    }

    /// Valid after the run.
    const source_record& sent() const { return source_.sent(); }
    const sink_record& seen() const { return sink_.seen(); }

private:
    // relaxed, all three flags: joining the threads orders the records
    double feed() {
        const double left_ns = stop_.load(weir::detail::relaxed) ? arrivals::never : source_.turn(on_.now_ns());
        if (left_ns == arrivals::never) source_done_.store(true, weir::detail::relaxed);
        return left_ns;
    }

    double drain() {
        if (source_done_.load(weir::detail::relaxed)) {
            sink_done_.store(true, weir::detail::relaxed);
            return arrivals::never;
        }
        const double now_ns = on_.now_ns();
        if (sink_.has_seen_all(now_ns)) stop_.store(true, weir::detail::relaxed);
        constexpr double a_moment_ns = 1;
        return sink_.turn(now_ns) ? 0 : a_moment_ns;
    }

    template <class Look>
    double observe(Look& look) {
        const double now_ns = on_.now_ns();
        if (now_ns >= every_ns_) look(now_ns, sink_.sojourns(), sink_.delays());
        return sink_done_.load(weir::detail::relaxed) ? arrivals::never : until_next_look_ns(on_.now_ns(), every_ns_);
    }

    host& on_;
    const double every_ns_;
    source_side<Queue> source_;
    sink_side<Queue> sink_;
    weir::detail::atomic<bool> stop_{false}, source_done_{false}, sink_done_{false};
};

}  // namespace weir::tool::pressure
