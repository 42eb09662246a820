// SPDX-License-Identifier: MIT
//
// Threads that live as long as their crew and do jobs together. Between jobs they sleep: the program's own thread needs a
// core too, and there may be only two.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bench {

/// A job did not end in time: a queue lost an item or a wake-up, or the machine stood still.
class stuck : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class crew {
public:
    /// Must own, or outlive for good, all it refers to: see run().
    using job = std::function<void()>;

    /// Thread i calls settle(i) before anything else; what that throws ends the program.
    crew(std::size_t threads, std::function<void(std::size_t)> settle);
    ~crew();
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    std::size_t size() const { return threads_.size(); }

    /// Runs the jobs at once, one per thread, and returns when all are done. Rethrows what a job threw.
    ///
    /// When that takes longer than the limit, has relax() throw in all of them and throws stuck. A thread that waits inside
    /// a queue does not hear of it. Then the whole crew is replaced, and the old one is left behind with what its jobs own:
    /// with the lowest priority there is, in case it spins.
    void run(std::vector<job> jobs);

    void set_limit(std::chrono::duration<double> limit) { limit_ = limit; }
    std::chrono::duration<double> limit() const { return limit_; }

    /// How long threads may take to end a job that was called off, before they are left behind: a thread that spins outside
    /// the queue hears of it as soon as it runs.
    void set_time_to_hear(std::chrono::duration<double> time) { time_to_hear_ = time; }

    /// Whether any crew was left behind: then the program must end without taking anything apart.
    static bool any_left_behind();

private:
    struct shift;

    void start();
    void leave_behind();

    std::size_t size_;
    std::function<void(std::size_t)> settle_;
    std::chrono::duration<double> limit_{20.0};
    std::chrono::duration<double> time_to_hear_{5.0};
    std::shared_ptr<shift> shift_;
    std::vector<std::thread> threads_;
};

}  // namespace bench
