// SPDX-License-Identifier: MIT
//
// The threads that run all measurements: two, one on each of two cores, and larger crowds on the same two cores.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include <weir/topology.hpp>

#include "instruments/crew.hpp"

namespace bench {

/// Where the two threads run.
struct placement {
    std::optional<weir::pu_pair> pair;      ///< empty: not pinned
    std::string why_not_pinned;             ///< a sentence, if not pinned
    std::array<weir::pu_set, 2> read_back;  ///< the affinity of each thread, read back after pinning
    bool pinned() const { return pair.has_value(); }
};

/// Two threads that live as long as this object, pinned once and verified.
class worker_pair {
public:
    using job = crew::job;

    /// Pins the threads to the pair that `pin` names on this machine (topology::parse_pair). With "auto" they stay
    /// unpinned if only one core may be used or pinning fails; any other failure throws weir::placement_error.
    worker_pair(const weir::topology& machine, const std::string& pin);

    const placement& where() const { return where_; }

    /// Runs both jobs concurrently, one per thread: crew::run.
    void run(job first, job second) { pair_.run({std::move(first), std::move(second)}); }

    /// How the threads of a crowd are distributed over the two cores.
    enum class spread : unsigned char {
        first_core_first,   ///< in turn over both, beginning with the first
        second_core_first,  ///< in turn over both, beginning with the second
        one_core,           ///< all on the first
    };

    /// A crowd of this many threads on the same two cores, created on first use.
    crew& crowd(std::size_t threads, spread over);

    /// The time limit for a job of the two threads. A crowd gets half of it, because some queues are known to hang
    /// there.
    void set_limit(std::chrono::duration<double> limit);

    /// For the two threads: see crew::set_time_to_hear.
    void set_time_to_hear(std::chrono::duration<double> time) { pair_.set_time_to_hear(time); }

private:
    void place(const std::string& pin);
    void bind(bool to_first) const;

    weir::topology machine_;
    placement where_;
    std::chrono::duration<double> limit_{20.0};
    crew pair_;
    std::map<std::tuple<std::size_t, spread>, std::unique_ptr<crew>> crowds_;
};

}  // namespace bench
