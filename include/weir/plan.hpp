// SPDX-License-Identifier: MIT
#pragma once

// Where the threads of a program should run: roles and the rings between them in, a PU for every role out. A plan is
// kept in a file, and the program pins its threads by it:
// weir::placement_plan::load("plan.json").pin_this_thread("md").

#include <weir/measurements.hpp>
#include <weir/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A thread of the program and what it asks for.
struct plan_role {
    std::string name;
    bool quiet = false;                 ///< latency-critical: interruptions and the tail of its edges count
    bool smt_ok = false;                ///< may share its core with another role
    std::optional<unsigned> pinned{};   ///< to this PU, whatever it costs
    std::optional<unsigned> package{};  ///< in this package (hwloc's logical index)
};

/// A ring from one role to another.
struct plan_edge {
    std::string from;
    std::string to;
    std::optional<double> items_per_s{};  ///< empty: as much weight as the busiest edge has

    [[nodiscard]] std::string name() const { return from + "->" + to; }
};

/// What is to be placed. Cycles are fine; an edge from a role to itself is not.
struct plan_request {
    std::vector<plan_role> roles;
    std::vector<plan_edge> edges;

    /// Reads "md->strat" or "strat->gw@1.5Mps" (ps, kps, Mps, Gps), and adds roles that are new.
    void add_edge(std::string_view text);

    /// Reads "gw", "gw:quiet", "gw:smt-ok,package=0", "gw:pinned=3": hints for a role that an edge has, or, in a
    /// request without edges, a new role. To be called after add_edge.
    void add_role(std::string_view text);

    /// Reads a file: {"roles": [{"name": "gw", "quiet": true, "smt_ok": true, "pinned": 3, "package": 0}],
    /// "edges": [{"from": "strat", "to": "gw", "items_per_s": 1e6}]}; all but names may be left out. An edge joins
    /// roles that the file lists.
    [[nodiscard]] static plan_request load(const std::string& path);
};

/// Terms of the cost, all in ns. See plan().
struct plan_cost {
    double edges = 0;
    double noise = 0;
    double smt_sharing = 0;
    double not_isolated = 0;
    double slow_cores = 0;
    double pu_0 = 0;

    [[nodiscard]] double total() const { return edges + noise + smt_sharing + not_isolated + slow_cores + pu_0; }
};

struct planned_role {
    plan_role asked;
    unsigned pu;
    bool isolated = false;      ///< from the kernel's scheduler
    double noise_ns = 0;        ///< of its PU
    bool noise_assumed = true;  ///< not measured
};

struct planned_edge {
    plan_edge asked;
    weir::distance distance;
    one_way cost;
    cost_source source;
    double weight = 1;
    bool critical = false;  ///< an end is quiet: the tail counts
};

/// A placement that is not as good, and why.
struct plan_alternative {
    std::vector<unsigned> pus;  ///< in the order of the roles
    double extra_ns;            ///< above the plan's cost
    std::string reason;
};

/// Roles on PUs. A value: copies are independent.
class placement_plan {
public:
    std::string fingerprint;  ///< of the machine it was made for
    std::string machine;      ///< its summary, for people
    std::vector<planned_role> roles;
    std::vector<planned_edge> edges;
    plan_cost cost;
    double lower_bound_ns = 0;  ///< no placement whatever costs less
    std::vector<plan_alternative> alternatives;
    std::vector<std::string> remarks;  ///< sentences: what was assumed, what will not work

    /// Whether it is proven that no placement costs less.
    [[nodiscard]] bool is_proven() const { return cost.total() - lower_bound_ns <= 1e-6 * (1 + cost.total()); }

    /// Reads a plan file that was made for this machine. Throws placement_error with a sentence for one that is
    /// damaged, or was made for another machine (by its fingerprint). Of the plan's figures it knows cost and bound
    /// again, not the alternatives. Milliseconds: it looks at the machine.
    [[nodiscard]] static placement_plan load(const std::string& path);

    /// The same for another machine, on which it cannot pin.
    [[nodiscard]] static placement_plan load(const std::string& path, const topology& machine);

    /// The file's text, schema 1; and the file. Throws placement_error when it cannot be written.
    [[nodiscard]] std::string to_json() const;
    void save(const std::string& path) const;

    /// The PU of a role; throws placement_error, naming the roles there are, for one that is not in the plan.
    [[nodiscard]] unsigned pu_of(std::string_view role) const;

    /// The row of an edge "md->strat"; likewise.
    [[nodiscard]] const planned_edge& edge(std::string_view name) const;

    /// Pins the calling thread where the plan has this role, reads it back and returns the mask: weir::pin_this_thread.
    /// Throws placement_error where the kernel refuses, and for a plan that was not made for this machine.
    pu_set pin_this_thread(std::string_view role) const;

    /// What was asked for.
    [[nodiscard]] plan_request request() const;

    bool is_of_this_machine = false;  ///< set by load() and plan() where it is
};

struct plan_settings {
    /// To choose among; empty: topology::allowed(). A role pinned to another PU that the cgroup allows gets it.
    pu_set pus{};
    /// Empty: topology::isolated(), which a loaded topology does not know.
    std::optional<pu_set> isolated{};
    /// Where the search stops and says how far from the best it may be: steps of some nanoseconds each.
    std::uint64_t effort = 60'000'000;
};

/// What the terms of the cost are worth, in ns: assumptions, chosen so that in doubt the order is: a core of one's own,
/// then isolation, then the faster kind of core, then the nearer one.
namespace assumed {
inline constexpr double smt_sharing_ns = 1500;  ///< for each role that shares a core without smt-ok
inline constexpr double not_isolated_ns = 1000;
inline constexpr double slow_core_ns = 300;  ///< for each rank that other cores are faster
inline constexpr double pu_0_ns = 10;        ///< on the core of PU 0, where interrupts and housekeeping land
}  // namespace assumed

/// The placement of least cost, where the cost is, in ns,
///
///     sum over edges  weight x (p50 + p99 if an end is quiet)
///   + sum over roles  noise of the PU                 if the role is quiet
///                     smt_sharing_ns                  if another role is on the core, and this one is not smt-ok
///                     not_isolated_ns                 if some PU that may be used is isolated, and this one is not
///                     slow_core_ns x ranks            by which the fastest core is faster (where hwloc ranks kinds)
///                     pu_0_ns                         on the core of PU 0
///
/// p50 and p99 are the one-way costs of measurements::cost. The weight is 1 for an edge that is critical (an end is
/// quiet) or has no rate, and else its rate as a part of the highest: a message that everybody waits for counts in full
/// however rare it is. No two roles get one PU, unless both are pinned to it.
///
/// Exact by branch and bound with the Gilmore-Lawler bound, placing equivalent PUs once, while settings.effort lasts:
/// for a dozen roles on most servers where the cost of an edge depends on its distance alone, for a handful where every
/// pair was measured apart. Then the best that local search found, and the bound that was proven. A pure function of
/// its arguments: the same always gives the same plan, and among equals the one of the lowest indexes.
///
/// Throws placement_error with a sentence for no roles, an impossible pin or package, more roles than PUs, more than
/// 1024 PUs to choose among.
[[nodiscard]] placement_plan plan(const plan_request& request, const topology& machine,
                                  const measurements& measured = {}, const plan_settings& settings = {});

/// A bad placement to compare with, by the same cost: the worst that local search finds of roles on PUs of their own;
/// where that is no worse than the plan, or there are no more PUs than roles (two roles on two cores), all roles on the
/// plan's first PU. In the order of the roles.
[[nodiscard]] std::vector<unsigned> worst_placement(const plan_request& request, const topology& machine,
                                                    const measurements& measured = {},
                                                    const plan_settings& settings = {});

}  // namespace weir
