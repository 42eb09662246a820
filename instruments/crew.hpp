// SPDX-License-Identifier: MIT
//
// A pool of threads that run jobs together. Between jobs they sleep: the program's own thread needs a core too, and
// there may be only two.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bench {

/// A job did not finish in time: a queue lost an item or a wake-up, or the machine stood still.
class stuck : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class crew {
public:
    /// A job must own, or outlive permanently, everything it refers to: see run().
    using job = std::function<void()>;

    /// Thread i first calls settle(i); an exception from it terminates the program. Throws a std::runtime_error with a sentence
    /// where a thread cannot be started.
    crew(std::size_t threads, std::function<void(std::size_t)> settle);
    ~crew();
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    std::size_t size() const { return threads_.size(); }

    /// Runs the jobs concurrently, one per thread, and returns when all are done. Rethrows an exception of a job.
    ///
    /// If this takes longer than the limit, it makes relax() throw in all threads, then throws stuck. A thread that
    /// waits inside a queue does not call relax(). In that case all threads are replaced; the old ones are abandoned
    /// together with what their jobs own, at the lowest priority, in case they spin.
    void run(std::vector<job> jobs);

    void set_limit(std::chrono::duration<double> limit) { limit_ = limit; }
    std::chrono::duration<double> limit() const { return limit_; }

    /// How long threads may take to leave a job that was cancelled before they are abandoned: a thread that spins
    /// outside the queue notices as soon as it runs.
    void set_time_to_hear(std::chrono::duration<double> time) { time_to_hear_ = time; }

    /// Whether any threads were abandoned: the program must then exit without destroying anything that they may use.
    static bool any_left_behind();

private:
    struct shift;

    void start();
    void dismiss();
    void leave_behind();

    std::size_t size_;
    std::function<void(std::size_t)> settle_;
    std::chrono::duration<double> limit_{20.0};
    std::chrono::duration<double> time_to_hear_{5.0};
    std::shared_ptr<shift> shift_;
    std::vector<std::thread> threads_;
};

}  // namespace bench
