// SPDX-License-Identifier: MIT
//
// weir pressure: what a queue does when it is offered more than it can pass on. A source keeps to a schedule of three
// phases, calm, burst and calm again, whatever becomes of its items; a sink takes so many a second. Between them stands
// a ring with one of the policies of weir/overflow.hpp, or an unbounded queue.
#pragma once

#include <weir/overflow_policy.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::pressure {

/// The policies by their names, the baseline first.
inline constexpr std::string_view unbounded = "unbounded";
const std::vector<std::string_view>& policy_names();

/// The overload that is played, and what the policies are set to.
struct conditions {
    double calm_per_s = 20'000;
    double burst_per_s = 100'000;
    double sink_per_s = 40'000;
    std::int64_t capacity = 1024;
    double calm_s = 2;
    double burst_s = 10;
    double recovery_cap_s = 60;    ///< then it is over, recovered or not
    double deadline_ms = 20;       ///< from the intended time: what comes later is no goodput
    std::int64_t keep_one_in = 4;  ///< sample, from half the capacity on
    std::int64_t high_one_in = 5;  ///< shed_lowest: one item in so many is of the high class
    double codel_target_ms = 5;
    double codel_interval_ms = 100;
};

/// Throws `stop` with a sentence for what cannot be played.
void check(const conditions& wanted);

/// An item as it travels, as large as a message of a feed may be.
struct item {
    double intended_ns;  ///< when the schedule wanted it sent, from the start of the run
    double entered_ns;   ///< when it was offered to the queue
    bool high;
    char payload[40];
};
static_assert(sizeof(item) == 64);

// ---- What is expected ------------------------------------------------------------------------------------------

enum class relation : unsigned char {
    about,    ///< within 10 %
    at_most,  ///< a bound
};

/// A figure of a policy, predicted from the conditions alone.
struct prediction {
    std::string key;  ///< with its unit: "sojourn_p50_ms"
    double value;
    relation is = relation::about;
    std::string formula;
};

struct forecast {
    std::vector<prediction> figures;
    std::string note;       ///< a sentence where this regime has no closed form; "" otherwise
    double settled_s = 0;   ///< after so much of the burst the queue has reached what is predicted
    double recovery_s = 0;  ///< how long it will take, for whoever has to wait; the cap when it is not bounded
};

/// What `policy` will do. A pure function.
[[nodiscard]] forecast predict(const conditions& c, std::string_view policy);

/// Items a second delivered within the deadline when `offered_per_s` is offered for long.
[[nodiscard]] double predict_goodput(const conditions& c, std::string_view policy, double offered_per_s);

/// The words for a figure: "sojourn in the ring, median".
[[nodiscard]] std::string_view title_of(std::string_view key);
/// "25.6 ms", "60.0 %", "100k/s": by the unit that the key ends with.
[[nodiscard]] std::string with_unit(std::string_view key, double value);

// ---- What was seen ---------------------------------------------------------------------------------------------

struct figure {
    std::string key;
    double value;
};

/// What became of every item.
using account = overflow::ledger;

/// One look of the sampler.
struct sample {
    double at_s;
    account so_far;
    double sojourn_p50_ms, sojourn_p99_ms;  ///< of what was delivered since the look before; 0 when nothing was
    double delay_p50_ms, delay_p99_ms;      ///< from the intended time
    std::uint64_t rss_bytes;
};

struct percentile_point {
    double percentile;
    double sojourn_ms;
    double delay_ms;
};

struct goodput_point {
    double offered_per_s;
    double goodput_per_s;
};

/// A policy as it was seen.
struct outcome {
    std::string policy;
    std::vector<figure> figures;
    std::vector<sample> samples;
    std::vector<percentile_point> percentiles;  ///< in the burst, once settled
    std::vector<goodput_point> goodput;
    account ledger;
    bool exact = false;    ///< the ledger adds up, and both ends counted the same
    std::string not_held;  ///< a sentence when the machine could not hold the rates; "" when it did
    bool not_held_at_all = false;

    std::optional<double> find(std::string_view key) const;
};

/// Plays the conditions against one policy, in a process of its own; `which` of `of` is for the person who watches.
[[nodiscard]] outcome run(const conditions& c, std::string_view policy, std::size_t which, std::size_t of);

/// How long that takes, in seconds.
[[nodiscard]] double expected_duration_s(const conditions& c, std::string_view policy);

// ---- What is written -------------------------------------------------------------------------------------------

/// Whether the measured value is what was predicted.
[[nodiscard]] bool is_met(const prediction& expected, double measured);

[[nodiscard]] std::string as_json(const conditions& c, const std::vector<outcome>& all);
[[nodiscard]] std::string as_table(const conditions& c, const std::vector<outcome>& all);
/// The report drawn from what as_json() wrote. Throws `stop` when it is no such JSON or cannot be drawn.
[[nodiscard]] std::string as_html(std::string_view json);

}  // namespace weir::tool::pressure
