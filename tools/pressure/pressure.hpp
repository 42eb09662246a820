// SPDX-License-Identifier: MIT
//
// weir pressure: shows how a queue behaves when it is offered more than it can pass on. A source sends on a fixed
// schedule of three phases: calm, burst, calm again. A sink takes items at a fixed rate. Between them is a ring with
// one of the policies of weir/overflow.hpp, or an unbounded queue.
#pragma once

#include "instruments/option_values.hpp"

#include <weir/overflow_policy.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool::pressure {

/// The names of the policies, the baseline first.
inline constexpr std::string_view unbounded = "unbounded";
const std::vector<std::string_view>& policy_names();

/// The overload scenario, and the parameters of the policies.
struct conditions {
    double calm_per_s = 20'000;
    double burst_per_s = 100'000;
    double sink_per_s = 40'000;
    std::int64_t capacity = 1024;
    double calm_s = 2;
    double burst_s = 10;
    double recovery_cap_s = 60;    ///< end of the run, recovered or not
    double deadline_ms = 20;       ///< from an item's due time; later deliveries are not goodput
    std::int64_t keep_one_in = 4;  ///< sample: keep one item in this many, above half the capacity
    std::int64_t high_one_in = 5;  ///< shed_lowest: one item in this many is of the high class
    double codel_target_ms = 5;
    double codel_interval_ms = 100;
};

/// What the value of an option such as "--capacity" may be.
[[nodiscard]] number_bounds bounds_of(std::string_view option);

/// Throws wrong_value or `stop` with a sentence if the scenario cannot be run.
void check(const conditions& wanted);

/// An item of the queue, as large as a typical market-data message.
struct item {
    double intended_ns;  ///< its due time, from the start of the run
    double entered_ns;   ///< when it was offered to the queue
    bool high;
    char payload[40];
};
static_assert(sizeof(item) == 64);

// ---- Predictions ------------------------------------------------------------------------------------------

enum class relation : unsigned char {
    about,    ///< met within 10 %
    at_most,  ///< an upper bound
};

/// A predicted figure of a policy, computed from the conditions alone.
struct prediction {
    std::string key;  ///< ends with its unit: "sojourn_p50_ms"
    double value;
    relation is = relation::about;
    std::string formula;
};

struct forecast {
    std::vector<prediction> figures;
    std::string note;       ///< a sentence if this case has no closed form; "" otherwise
    double settled_s = 0;   ///< how far into the burst the queue reaches the predicted state
    double recovery_s = 0;  ///< expected duration of recovery; the cap if it is not bounded
};

/// Predicts the behaviour of `policy`. A pure function.
[[nodiscard]] forecast predict(const conditions& c, std::string_view policy);

/// Items per second delivered within the deadline, if `offered_per_s` is offered for a long time.
[[nodiscard]] double predict_goodput(const conditions& c, std::string_view policy, double offered_per_s);

/// The title of a figure: "sojourn in the ring, median".
[[nodiscard]] std::string_view title_of(std::string_view key);
/// "25.6 ms", "60.0 %", "100k/s": the unit follows from the end of the key.
[[nodiscard]] std::string with_unit(std::string_view key, double value);

// ---- Measurements ---------------------------------------------------------------------------------------------

struct figure {
    std::string key;
    double value;
};

/// The account of all items.
using account = overflow::ledger;

/// One sample.
struct sample {
    double at_s;
    account so_far;
    double sojourn_p50_ms, sojourn_p99_ms;  ///< of items delivered since the previous sample; 0 if there were none
    double delay_p50_ms, delay_p99_ms;      ///< from the due time
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

/// The measurements of one policy.
struct outcome {
    std::string policy;
    std::vector<figure> figures;
    std::vector<sample> samples;
    std::vector<percentile_point> percentiles;  ///< in the measuring window
    std::vector<goodput_point> goodput;
    account ledger;
    bool exact = false;    ///< the ledger adds up, and source and sink counted the same
    std::string not_held;  ///< a sentence if the machine could not sustain the rates; otherwise ""
    bool not_held_at_all = false;

    std::optional<double> find(std::string_view key) const;
};

/// Runs the scenario with one policy, in a process of its own. `which` of `of` is shown to the user.
[[nodiscard]] outcome run(const conditions& c, std::string_view policy, std::size_t which, std::size_t of);

/// The expected duration, in seconds.
[[nodiscard]] double expected_duration_s(const conditions& c, std::string_view policy);

// ---- Output -------------------------------------------------------------------------------------------

/// Whether the measured value meets the prediction.
[[nodiscard]] bool is_met(const prediction& expected, double measured);

[[nodiscard]] std::string as_json(const conditions& c, const std::vector<outcome>& all);
[[nodiscard]] std::string as_table(const conditions& c, const std::vector<outcome>& all);
/// The report for the JSON that as_json() wrote. Throws `stop` if it is not such JSON or cannot be drawn.
[[nodiscard]] std::string as_html(std::string_view json);

}  // namespace weir::tool::pressure
