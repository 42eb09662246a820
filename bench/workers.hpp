// SPDX-License-Identifier: MIT
//
// The two threads on which everything is measured.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <weir/topology.hpp>

namespace bench {

/// A job did not end in time: a queue lost an item, or the machine stood still.
class stuck : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The same, and the threads cannot be called back, since they wait inside a queue: the process has to end.
class stuck_for_good : public stuck {
public:
    using stuck::stuck;
};

/// Where the two threads run.
struct placement {
    std::optional<weir::pu_pair> pair;      ///< empty: not pinned
    std::string why_not_pinned;             ///< a sentence, when not pinned
    std::array<weir::pu_set, 2> read_back;  ///< after pinning: what each thread may run on
    bool pinned() const { return pair.has_value(); }
};

/// Two threads that live as long as this object, pinned once and read back. Between jobs they sleep: the program's own
/// thread needs a core too, and there may be only these two.
class worker_pair {
public:
    using job = std::function<void()>;

    /// Pins the threads to the pair that `pin` names on this machine (topology::parse_pair). "auto" goes on unpinned
    /// where the machine has only one usable core or does not let us pin; anything else throws weir::placement_error.
    worker_pair(const weir::topology& machine, const std::string& pin);
    ~worker_pair();
    worker_pair(const worker_pair&) = delete;
    worker_pair& operator=(const worker_pair&) = delete;

    const placement& where() const { return where_; }

    /// Runs both jobs at once, one per thread, and returns when both are done. Rethrows what a job threw. When that
    /// takes longer than the limit, has relax() throw in both and throws stuck, or stuck_for_good.
    void run(const job& first, const job& second);

    void set_limit(std::chrono::duration<double> limit) { limit_ = limit; }

private:
    void serve(std::size_t me);
    void stop();
    void place(const weir::topology& machine, const std::string& pin);

    placement where_;
    std::chrono::duration<double> limit_{20.0};
    std::mutex mutex_;
    std::condition_variable posted_;
    std::condition_variable finished_;
    std::array<const job*, 2> jobs_{};
    std::array<std::exception_ptr, 2> errors_;
    std::uint64_t round_ = 0;
    unsigned running_ = 0;
    bool ending_ = false;
    std::array<std::thread, 2> threads_;
};

}  // namespace bench
