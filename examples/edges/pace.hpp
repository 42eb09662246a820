// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace example {

/// Lets one thread through so many times per second, by a schedule: a sleep that lasts too long is made up for, but no
/// more than 10 ms, so that a thread that was held up does not hurry after.
class pace {
public:
    using clock = std::chrono::steady_clock;

    /// 0: as fast as it goes.
    explicit pace(double per_s)
        : interval_(per_s > 0 ? std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(1e9 / per_s))
                              : std::chrono::nanoseconds(0)) {}

    void wait() {
        if (interval_.count() == 0) return;
        const auto now = clock::now();
        next_ = std::max(next_ + interval_, now - std::chrono::milliseconds(10));
        if (next_ > now) std::this_thread::sleep_until(next_);
    }

private:
    const std::chrono::nanoseconds interval_;
    clock::time_point next_ = clock::now();
};

}  // namespace example
