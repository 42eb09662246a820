// SPDX-License-Identifier: MIT
//
// Hardware floors, measured on the same cores at about the same time: no queue between two cores can be much faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <weir/clock.hpp>
#include "instruments/item.hpp"
#include "instruments/spin.hpp"
#include "instruments/workers.hpp"

namespace bench {

struct floor_reading {
    double roundtrip_ns = 0.0;        ///< one cache line to the other core, another one back
    double stream_words_per_s = 0.0;  ///< 8-byte words through a plain buffer

    /// Whether both floors changed by at most a quarter from one reading to the other.
    static bool steady(const floor_reading& before, const floor_reading& after);
    static floor_reading between(const floor_reading& before, const floor_reading& after);
};

/// Words per second of a stream: the median over laps of `words` each, given the duration of each lap.
double words_per_s_of(const std::vector<double>& lap_ns, std::size_t words);

/// How far one clock is ahead of another, from round trips between them: the quickest trip has the smallest error.
class offset_finder {
public:
    /// One trip: it began and ended at these ticks of the first clock; in between, the second clock read `stamp`.
    void saw(std::uint64_t sent, std::uint64_t stamp, std::uint64_t returned);

    double ahead_ticks() const { return ahead_; }
    double quickest_ticks() const { return quickest_; }

private:
    double quickest_ = std::numeric_limits<double>::infinity();
    double ahead_ = 0;
};

/// Which of the two threads is the producer. Swapped from round to round, since the host may slow down one core.
enum class roles : unsigned char { as_placed, swapped };

/// Runs a producer and a consumer on the pair; the roles decide which thread runs which.
void run_roles(worker_pair& workers, roles who, worker_pair::job producer, worker_pair::job consumer);

class floor_meter {
public:
    floor_meter(worker_pair& workers, const weir::tick_clock& clock);

    /// Both floors, each the median of several bursts, with the words flowing in the direction that the roles give.
    /// Takes about a millisecond on a quiet machine.
    floor_reading take(roles who);

    /// By how many ns the second thread's clock is ahead of the first's, from the quickest of many cache-line round
    /// trips; the error is at most half of `roundtrip_ns`.
    struct clock_offset {
        double ns;
        double roundtrip_ns;
    };
    clock_offset offset();

private:
    static constexpr std::size_t buffer_words = 64 * 1024;
    static constexpr std::size_t words_per_index_store = 256;

    struct line;
    struct lines;

    lines& fresh_lines();
    double roundtrip(roles who);
    double stream(roles who);

    worker_pair& workers_;
    weir::tick_clock clock_;
    std::shared_ptr<lines> lines_;
    std::shared_ptr<word[]> buffer_;
};

}  // namespace bench
