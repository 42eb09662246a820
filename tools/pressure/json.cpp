// SPDX-License-Identifier: MIT
//
// Schema 1 of `weir pressure --json`, which is also the input of the report. Every key carries its unit. Figures in
// "predicted" are met within 10 %; those in "bounds" may be exceeded by at most 10 %; figures without a closed form
// are in "measured" only.
#include "tools/pressure/pressure.hpp"

#include "src/json_text.hpp"

#include <weir/version.hpp>

#include <fmt/format.h>
#include <sys/utsname.h>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>

namespace weir::tool::pressure {
namespace {

using nlohmann::ordered_json;

// Measurements do not repeat to more than six digits.
double rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }

ordered_json to_json(const conditions& c) {
    return {{"calm_per_s", c.calm_per_s},
            {"burst_per_s", c.burst_per_s},
            {"sink_per_s", c.sink_per_s},
            {"capacity", c.capacity},
            {"calm_s", c.calm_s},
            {"burst_s", c.burst_s},
            {"recovery_cap_s", c.recovery_cap_s},
            {"deadline_ms", c.deadline_ms},
            {"keep_one_in", c.keep_one_in},
            {"high_one_in", c.high_one_in},
            {"codel_target_ms", c.codel_target_ms},
            {"codel_interval_ms", c.codel_interval_ms}};
}

ordered_json to_json(const account& a) {
    return {{"offered", a.offered},         {"refused", a.refused},         {"accepted", a.offered - a.refused},
            {"delivered", a.delivered},     {"queued", a.queued},           {"lost", a.lost()},
            {"lost_newest", a.lost_newest}, {"lost_oldest", a.lost_oldest}, {"lost_sampled", a.lost_sampled},
            {"lost_lowest", a.lost_lowest}, {"lost_late", a.lost_late}};
}

ordered_json comparison(const prediction& expected, std::optional<double> measured) {
    return {{"figure", expected.key},
            {"title", title_of(expected.key)},
            {"relation", expected.is == relation::about ? "about" : "at most"},
            {"predicted", rounded(expected.value)},
            {"formula", expected.formula},
            {"measured", measured ? ordered_json(rounded(*measured)) : ordered_json(nullptr)},
            {"met", measured ? ordered_json(is_met(expected, *measured)) : ordered_json(nullptr)}};
}

template <class F>
ordered_json column(const std::vector<sample>& looks, F value) {
    ordered_json all = ordered_json::array();
    for (const auto& look : looks) all.push_back(value(look));
    return all;
}

// One array per quantity: compact, and what plotting programs expect.
ordered_json series(const std::vector<sample>& looks) {
    ordered_json all;
    all["at_s"] = column(looks, [](const sample& s) { return rounded(s.at_s); });
    all["depth"] = column(looks, [](const sample& s) { return s.so_far.queued; });
    all["offered"] = column(looks, [](const sample& s) { return s.so_far.offered; });
    all["delivered"] = column(looks, [](const sample& s) { return s.so_far.delivered; });
    all["refused"] = column(looks, [](const sample& s) { return s.so_far.refused; });
    all["lost"] = column(looks, [](const sample& s) { return s.so_far.lost(); });
    all["sojourn_p50_ms"] = column(looks, [](const sample& s) { return rounded(s.sojourn_p50_ms); });
    all["sojourn_p99_ms"] = column(looks, [](const sample& s) { return rounded(s.sojourn_p99_ms); });
    all["delay_p50_ms"] = column(looks, [](const sample& s) { return rounded(s.delay_p50_ms); });
    all["delay_p99_ms"] = column(looks, [](const sample& s) { return rounded(s.delay_p99_ms); });
    all["rss_bytes"] = column(looks, [](const sample& s) { return s.rss_bytes; });
    return all;
}

ordered_json policy(const conditions& c, const outcome& seen) {
    const auto expected = predict(c, seen.policy);
    ordered_json predicted = ordered_json::object(), bounds = ordered_json::object(), measured = ordered_json::object(),
                 comparisons = ordered_json::array();
    for (const auto& p : expected.figures) {
        (p.is == relation::about ? predicted : bounds)[p.key] = rounded(p.value);
        comparisons.push_back(comparison(p, seen.find(p.key)));
        measured[p.key] = nullptr;  // null if not measured
    }
    for (const auto& f : seen.figures) measured[f.key] = rounded(f.value);
    ordered_json percentiles = ordered_json::array(), goodput = ordered_json::array();
    for (const auto& p : seen.percentiles)
        percentiles.push_back(
            {{"percentile", p.percentile}, {"sojourn_ms", rounded(p.sojourn_ms)}, {"delay_ms", rounded(p.delay_ms)}});
    for (const auto& g : seen.goodput)
        goodput.push_back({{"offered_per_s", rounded(g.offered_per_s)},
                           {"goodput_per_s", rounded(g.goodput_per_s)},
                           {"predicted_per_s", rounded(predict_goodput(c, seen.policy, g.offered_per_s))}});
    auto ledger = to_json(seen.ledger);
    ledger["exact"] = seen.exact;
    return {{"name", seen.policy},
            {"predicted", predicted},
            {"bounds", bounds},
            {"measured", measured},
            {"comparisons", comparisons},
            {"note", expected.note.empty() ? ordered_json(nullptr) : ordered_json(expected.note)},
            {"ledger", ledger},
            {"rates_held", seen.not_held.empty()},
            {"rates_not_held", seen.not_held.empty() ? ordered_json(nullptr) : ordered_json(seen.not_held)},
            {"percentiles", percentiles},
            {"goodput", goodput},
            {"series", series(seen.samples)}};
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

ordered_json environment() {
    utsname kernel{};
    return {{"date", today()},
            {"kernel", ::uname(&kernel) == 0 ? ordered_json(kernel.release) : ordered_json(nullptr)},
            {"pus", std::thread::hardware_concurrency()},
            {"assertions",
#ifdef NDEBUG
             false
#else
             true
#endif
            }};
}

}  // namespace

std::string as_json(const conditions& c, const std::vector<outcome>& all) {
    ordered_json policies = ordered_json::array();
    for (const auto& seen : all) policies.push_back(policy(c, seen));
    const ordered_json whole{
        {"schema_version", 1},          {"kind", "weir pressure"},  {"weir_version", WEIR_VERSION_STRING},
        {"environment", environment()}, {"conditions", to_json(c)}, {"item_bytes", sizeof(item)},
        {"policies", policies}};
    return json_text(whole, 1);
}

}  // namespace weir::tool::pressure
