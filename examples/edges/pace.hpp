// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace example {

/// Lets one thread proceed a given number of times per second, on schedule. It catches up after a long sleep by at
/// most 10 ms, so that a delayed thread does not send a burst.
class pace {
public:
    using clock = std::chrono::steady_clock;

    /// 0: unlimited.
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
