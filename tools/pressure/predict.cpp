// SPDX-License-Identifier: MIT
//
// The policies in steady overload, in closed form. The source sends at L, the sink takes M < L, the ring has N slots,
// the burst lasts B seconds, and the rate afterwards is C < M. The backlog grows at L - M. Once Q items are queued,
// the policy acts. An item that enters behind Q others waits Q/M. The backlog left at the end of the burst drains at
// M - C.
#include "tools/pressure/pressure.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace weir::tool::pressure {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The variables of the formulas, under the names that are printed.
struct terms {
    double l, m, c, b, n;
    double h;         ///< share of items of the high class
    double target_s;  ///< target of codel
    bool bounded;     ///< the policy bounds the delay from the intended time, not only the ring
    double plateau;   ///< Q: the queue length at which the policy acts, if the queue is bounded
    std::string q;    ///< Q as a formula

    double over() const { return l - m; }
    bool overloads() const { return l > m; }
    std::string q_over(const char* rate) const { return q == "N/2" ? fmt::format("N/(2 {})", rate) : q + "/" + rate; }
};

// Whether items wait in a full ring for longer than codel's target.
bool codel_acts(const terms& t) { return t.n / t.m > t.target_s; }

bool waits(std::string_view policy) { return policy == unbounded || policy == "block"; }

// Above half the capacity, sample() thins the arrivals; if that suffices, the queue stays at half.
bool thins_enough(const terms& t, std::int64_t keep_one_in) { return t.l / static_cast<double>(keep_one_in) <= t.m; }

terms terms_of(const conditions& c, std::string_view policy) {
    terms t{c.burst_per_s,
            c.sink_per_s,
            c.calm_per_s,
            c.burst_s,
            static_cast<double>(c.capacity),
            1 / static_cast<double>(c.high_one_in),
            c.codel_target_ms / 1e3,
            !waits(policy),
            static_cast<double>(c.capacity),
            "N"};
    if (policy == "sample" && thins_enough(t, c.keep_one_in)) {
        t.plateau = std::max(1.0, std::floor(t.n / 2));
        t.q = "N/2";
    }
    return t;
}

class figures {
public:
    explicit figures(std::vector<prediction>& to) : to_(to) {}

    void about(std::string key, double value, std::string formula) {
        to_.push_back({std::move(key), value, relation::about, std::move(formula)});
    }
    void at_most(std::string key, double value, std::string formula) {
        to_.push_back({std::move(key), value, relation::at_most, std::move(formula)});
    }

private:
    std::vector<prediction>& to_;
};

// Time in the ring of the items that got through, and the total delay of the burst's last item.
void predict_waiting(const terms& t, std::string_view policy, figures& out) {
    if (policy == unbounded) {
        out.about("backlog_growth_per_s", t.over(), "L - M");
    } else if (policy == "drop_oldest") {
        out.about("sojourn_p50_ms", t.n / t.l * 1e3, "N/L");
    } else if (policy == "codel") {
        // While it drops, against a source that does not slow down, codel drops every item that waited for twice the
        // target.
        if (const double bound_s = 2 * t.target_s; t.n / t.m > bound_s) {
            out.about("sojourn_p50_ms", bound_s * 1e3, "2 target");
            out.at_most("engaged_sojourn_p99_ms", bound_s * 1e3, "2 target, while it drops");
        } else {
            if (!codel_acts(t)) out.about("sojourn_p50_ms", t.n / t.m * 1e3, "N/M");
            out.at_most("sojourn_p99_ms", t.n / t.m * 1e3, "N/M");
        }
    } else if (policy != "shed_lowest") {
        out.about("sojourn_p50_ms", t.plateau / t.m * 1e3, t.q_over("M"));
    }
    if (policy != "shed_lowest" && policy != "codel") {
        if (t.bounded) {
            out.about("last_arrival_delay_s", t.plateau / t.m, t.q_over("M"));
        } else {
            out.about("last_arrival_delay_s", t.over() * t.b / t.m, "(L-M) B/M");
        }
    }
}

// The high class is served first, and waits only for the sink's next turn. When a high item finds the ring full, the
// oldest low item makes room. So low items leave the head of a queue of N items, taken or dropped, at M a second in
// total.
void predict_classes(const terms& t, figures& out) {
    const double high = t.h * t.l;
    if (high > t.m) {
        out.about("high_loss_share", (high - t.m) / high, "(h L - M)/(h L)");
        out.about("low_loss_share", 1, "all");
        return;
    }
    out.at_most("high_loss_share", 0, "0 while h L <= M");
    out.at_most("high_sojourn_p50_ms", 1e3 / t.m, "1/M: the sink's next turn");
    out.about("low_loss_share", std::max(0.0, t.over() * t.b - t.plateau) / ((1 - t.h) * t.l * t.b),
              "((L-M) B - N)/((1-h) L B)");
    out.about("low_sojourn_p50_ms", t.n / t.m * 1e3, "N/M");
}

void predict_end(const terms& t, std::string_view policy, figures& out) {
    if (t.c >= t.m) return;
    if (!t.bounded) {
        out.about("recovery_s", t.over() * t.b / (t.m - t.c), "(L-M) B/(M-C)");
    } else if (policy == "codel") {
        out.at_most("recovery_s", t.n / (t.m - t.c), "N/(M-C)");
    } else {
        out.about("recovery_s", t.plateau / (t.m - t.c), t.q_over("(M-C)"));
    }
}

// The kernel counts resident pages in batches, so that an idle process may seem to have grown by this much.
constexpr double memory_slack_bytes = 1 << 20;

void predict_memory(const terms& t, std::string_view policy, figures& out) {
    if (policy == unbounded) {
        out.about("memory_growth_bytes", t.over() * t.b * sizeof(item), "(L-M) B x 64 bytes");
    } else {
        // A slot has an item, its number and its time; shed_lowest has a ring for each of its two classes.
        out.at_most("memory_growth_bytes", memory_slack_bytes + 4 * t.n * sizeof(item), "slots + 1 MiB");
    }
}

std::string note(const terms& t, std::string_view policy, double fill_s) {
    if (!t.overloads())
        return fmt::format(
            "a burst of {:.6g}/s is within the sink's {:.6g}/s: the ring does not fill, and the formulas do not apply",
            t.l, t.m);
    if (t.bounded && fill_s >= t.b)
        return fmt::format(
            "the burst of {:.3g} s ends before {:.6g} items are queued ({} = {:.3g} s): the policy does not "
            "act, and the formulas do not apply",
            t.b, t.plateau, t.q_over("(L-M)"), fill_s);
    if (t.c >= t.m)
        return fmt::format("calm at {:.6g}/s leaves the sink of {:.6g}/s no spare rate to recover with", t.c, t.m);
    if (policy == "codel" && codel_acts(t) && t.n / t.m <= 2 * t.target_s)
        return "items wait in a full ring for longer than codel's target, but for less than twice the target: for this case "
               "codel has no closed form";
    return {};
}

}  // namespace

const std::vector<std::string_view>& policy_names() {
    static const std::vector<std::string_view> names{unbounded,     "block",  "reject",      "drop_newest",
                                                     "drop_oldest", "sample", "shed_lowest", "codel"};
    return names;
}

forecast predict(const conditions& c, std::string_view policy) {
    const auto t = terms_of(c, policy);
    const double fill_s = t.overloads() ? t.plateau / t.over() : infinity;
    forecast all;
    all.note = note(t, policy, fill_s);
    all.recovery_s = c.recovery_cap_s;
    if (!t.overloads()) {
        all.recovery_s = 0;
        return all;
    }
    // The time to fill the ring, plus the time until the items queued meanwhile have left.
    all.settled_s = t.bounded || policy == "block" ? t.n / t.over() + 2 * t.n / t.m : 0;
    if (policy == "codel") all.settled_s += 2 * c.codel_interval_ms / 1e3;
    if (t.c < t.m) {
        const double left = t.bounded ? std::min(t.plateau, t.over() * t.b) : t.over() * t.b;
        all.recovery_s = std::min(c.recovery_cap_s, left / (t.m - t.c));
    }
    if (t.bounded && fill_s >= t.b) return all;

    figures out(all.figures);
    predict_waiting(t, policy, out);
    if (policy == "shed_lowest") predict_classes(t, out);
    if (t.bounded) {
        out.about("loss_share", std::max(0.0, t.over() * t.b - t.plateau) / (t.l * t.b),
                  fmt::format("((L-M) B - {})/(L B)", t.q));
    } else {
        out.at_most("loss_share", 0, "0");
    }
    out.about("source_per_s", policy == "block" ? t.m : t.l, policy == "block" ? "M" : "L");
    out.about("sink_per_s", t.m, "M");
    predict_end(t, policy, out);
    predict_memory(t, policy, out);
    return all;
}

double predict_goodput(const conditions& c, std::string_view policy, double offered_per_s) {
    if (offered_per_s <= c.sink_per_s) return offered_per_s;
    auto loaded = c;
    loaded.burst_per_s = offered_per_s;
    const auto t = terms_of(loaded, policy);
    if (!t.bounded) return 0;  // the delay grows without bound
    double waits_s = t.plateau / t.m;
    if (policy == "drop_oldest") waits_s = t.n / t.l;
    if (policy == "shed_lowest") {
        if (t.h * t.l >= t.m) return t.m;  // only high-class items
        if (waits_s > c.deadline_ms / 1e3) return t.h * t.l;
        return t.m;
    }
    return waits_s <= c.deadline_ms / 1e3 ? t.m : 0;
}

bool is_met(const prediction& expected, double measured) {
    constexpr double tolerance = 0.1;
    if (expected.is == relation::at_most) return measured <= (1 + tolerance) * expected.value;
    return std::abs(measured - expected.value) <= tolerance * expected.value;
}

}  // namespace weir::tool::pressure
