// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace weir::detail {

/// The law of controlled delay (Nichols, Jacobson and others, RFC 8289), one decision for each item that is taken.
///
/// A queue that absorbs a burst is emptied again within a round trip; one that stands longer does nothing but delay. So
/// what counts is the least wait within an `interval`: once every item of an interval has waited longer than `target`,
/// one is dropped, and then one more after interval / sqrt(2), interval / sqrt(3) and so on, which lowers the rate of a
/// sender that answers to loss in step with time, until an item has waited less. If the waits are back soon, dropping
/// goes on at the rate that it had reached.
///
/// A sender that does not answer would keep the law waiting: it takes 2 interval^2 seconds for each item a second that is
/// too much. So while items are dropped, none passes that has waited longer than twice the target, as in queues of
/// requests (Maurer: Fail at scale, ACM Queue 13(8), 2015). Such drops do not count for the law.
///
/// Belongs to one consumer. O(1) and a square root for each drop.
template <class Clock>
class codel_law {
public:
    using time_point = typename Clock::time_point;
    using duration = typename Clock::duration;

    codel_law(std::chrono::nanoseconds target, std::chrono::nanoseconds interval) noexcept
        : target_(limited(target)), interval_(limited(interval)) {}

    /// Whether the item that entered at `entered` and is taken at `now` is to be dropped. `is_last`: nothing is queued
    /// behind it. That one is never dropped: there is no queue to shorten, and the consumer would be left with nothing
    /// to do.
    bool is_to_drop(time_point entered, time_point now, bool is_last) noexcept {
        const bool late = has_stood_late(entered, now, is_last);
        if (!dropping_) {
            if (late) begin(now);
            return late;
        }
        if (!late) {
            dropping_ = false;
            return false;
        }
        if (now - entered > 2 * target_) return true;
        if (now < next_) return false;
        ++count_;
        next_ = after_next(next_);
        return true;
    }

    /// Drops since dropping began, counting from where it left off the last time if that was recent.
    std::uint64_t count() const noexcept { return count_; }
    bool is_dropping() const noexcept { return dropping_; }

private:
    // In the clock's unit, rounded up; some years mean for ever, and what is reckoned with them does not overflow.
    static duration limited(std::chrono::nanoseconds time) noexcept {
        constexpr duration most = duration::max() / 64;
        return std::chrono::duration<double>(time) < most ? std::chrono::ceil<duration>(time) : most;
    }

    // Whether every item for an interval, up to this one, has waited longer than the target.
    bool has_stood_late(time_point entered, time_point now, bool is_last) noexcept {
        if (now - entered < target_ || is_last) {
            above_ = false;
            return false;
        }
        if (!above_) {
            above_ = true;
            late_from_ = now + interval_;
            return false;
        }
        return now >= late_from_;
    }

    void begin(time_point now) noexcept {
        dropping_ = true;
        // Of the last time only what it took beyond the time before counts, and only while it is news.
        const std::uint64_t last_time = count_ - count_at_begin_;
        count_ = last_time > 1 && now - next_ < memory * interval_ ? last_time : 1;
        count_at_begin_ = count_;
        next_ = after_next(now);
    }

    time_point after_next(time_point t) const noexcept {
        const double pause = static_cast<double>(interval_.count()) / std::sqrt(static_cast<double>(count_));
        return t + duration(static_cast<typename duration::rep>(pause));
    }

    static constexpr int memory = 16;  // intervals

    const duration target_;
    const duration interval_;
    bool above_ = false;  // the last item had waited longer than the target, and late_from_ holds
    bool dropping_ = false;
    time_point late_from_{};  // from here on a wait above the target has lasted an interval
    time_point next_{};       // of the next drop
    std::uint64_t count_ = 0;
    std::uint64_t count_at_begin_ = 0;
};

}  // namespace weir::detail
