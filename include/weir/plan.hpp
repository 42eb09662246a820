// SPDX-License-Identifier: MIT
#pragma once

// Places the threads of a program: takes roles and the rings between them, and assigns a PU to each role. A plan is
// stored in a file, and the program pins its threads by it:
// weir::placement_plan::load("plan.json").pin_this_thread("md").

#include <weir/measurements.hpp>
#include <weir/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A thread of the program, and its requirements.
struct plan_role {
    std::string name;
    bool quiet = false;                 ///< latency-critical: interruptions and the tail of its edges count
    bool smt_ok = false;                ///< may share its core with another role
    std::optional<unsigned> pinned{};   ///< to this PU, regardless of cost
    std::optional<unsigned> package{};  ///< restricted to this package (hwloc's logical index)
    bool housekeeping = false;          ///< needs no core of its own: shares a few PUs with its like, as a logger
    std::string near{};                 ///< a device that it should be close to: eth0, nvme0, pci:0000:3b:00.0
};

/// A ring from one role to another.
struct plan_edge {
    std::string from;
    std::string to;
    std::optional<double> items_per_s{};  ///< empty: weighted like the busiest edge

    [[nodiscard]] std::string name() const { return from + "->" + to; }
};

/// The input of a plan. Cycles are allowed; an edge from a role to itself is not.
struct plan_request {
    std::vector<plan_role> roles;
    std::vector<plan_edge> edges;

    /// Reads "md->strat" or "strat->gw@1.5Mps" (ps, kps, Mps, Gps), and adds roles that do not exist yet.
    void add_edge(std::string_view text);

    /// Parses "gw", "gw:quiet", "gw:smt-ok,package=0", "gw:pinned=3", "log:housekeeping", "md:near=eth0": hints for a role that some edge
    /// uses. In a request without edges it adds the role. Call it after add_edge.
    void add_role(std::string_view text);

    /// Reads a file: {"roles": [{"name": "gw", "quiet": true, "smt_ok": true, "pinned": 3, "package": 0, "near": "eth0"}],
    /// "edges": [{"from": "strat", "to": "gw", "items_per_s": 1e6}]}; all but names may be left out. An edge joins
    /// roles that the file declares.
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
    double device = 0;
    double memory = 0;

    [[nodiscard]] double total() const {
        return edges + noise + smt_sharing + not_isolated + slow_cores + pu_0 + device + memory;
    }
};

struct planned_role {
    plan_role asked;
    unsigned pu;                ///< for a housekeeping role the first of its PUs
    bool isolated = false;      ///< from the kernel's scheduler
    double noise_ns = 0;        ///< noise of its PU
    bool noise_assumed = true;  ///< assumed, not measured
    pu_set pus{};               ///< where its thread may run: {pu}, or the PUs of all housekeeping roles
    std::optional<unsigned>
        memory_node{};  ///< the kernel's number of the NUMA node for its memory: see topology::memory_node
};

struct planned_edge {
    plan_edge asked;
    weir::distance distance;
    one_way cost;
    cost_source source;
    double weight = 1;
    bool critical = false;                  ///< at least one end is quiet, so that p99 counts too
    std::optional<unsigned> memory_node{};  ///< for the ring's slots: measurements::slots_node
};

/// A more expensive placement, and why it is not chosen.
struct plan_alternative {
    std::vector<unsigned> pus;  ///< in the order of the roles
    double extra_ns;            ///< above the plan's cost
    std::string reason;
};

/// The result: a PU for each role. A value type; copies are independent.
class placement_plan {
public:
    std::string fingerprint;  ///< of the machine it was made for
    std::string machine;      ///< its summary, human-readable
    std::vector<planned_role> roles;
    std::vector<planned_edge> edges;
    plan_cost cost;
    double lower_bound_ns = 0;  ///< no placement whatever costs less
    std::vector<plan_alternative> alternatives;
    std::vector<std::string> remarks;  ///< sentences: assumptions made, and problems to expect

    /// True if it is proven that no placement costs less.
    [[nodiscard]] bool is_proven() const { return cost.total() - lower_bound_ns <= 1e-6 * (1 + cost.total()); }

    /// Loads a plan file made for this machine. Throws placement_error with a sentence if the file is damaged or was
    /// made for another machine (checked by fingerprint). Restores cost and lower bound, not alternatives and remarks.
    /// Takes milliseconds, because it reads the machine's topology.
    [[nodiscard]] static placement_plan load(const std::string& path);

    /// The same for another machine. Such a plan cannot pin threads.
    [[nodiscard]] static placement_plan load(const std::string& path, const topology& machine);

    /// Serializes the plan (JSON, schema 1); save() writes it to a file and throws placement_error if that fails.
    [[nodiscard]] std::string to_json() const;
    void save(const std::string& path) const;

    /// The PU of a role; throws placement_error, naming the roles there are, for one that is not in the plan.
    [[nodiscard]] unsigned pu_of(std::string_view role) const;

    /// The edge with this name, such as "md->strat"; throws placement_error, naming the edges, if there is none.
    [[nodiscard]] const planned_edge& edge(std::string_view name) const;

    /// Pins the calling thread to this role's PU, verifies it and returns the mask, like weir::pin_this_thread. The thread of a
    /// housekeeping role may then run on each of the PUs that these roles share.
    /// Throws placement_error if the kernel refuses, and for a plan that was not made for this machine.
    pu_set pin_this_thread(std::string_view role) const;

    /// The request that the plan was made from.
    [[nodiscard]] plan_request request() const;

    bool is_of_this_machine = false;  ///< set by load() and plan() where it is
};

struct plan_settings {
    /// Candidate PUs; empty: topology::allowed(). A role may still be pinned to any other PU that the cgroup allows.
    pu_set pus{};
    /// Empty: topology::isolated(), which a loaded topology does not record.
    std::optional<pu_set> isolated{};
    /// PUs that no role takes unless it is pinned there: left to the kernel and to other programs.
    pu_set keep_free{};
    /// The PUs that housekeeping roles share; empty: those of PU 0's core, or of another if that may not be used. Other roles stay
    /// off them while there are PUs enough.
    pu_set housekeeping{};
    /// Limits the search, in steps of a few nanoseconds each. When it is exhausted, the result may not be optimal;
    /// lower_bound_ns then says how far off it can be.
    std::uint64_t effort = 60'000'000;
};

/// Penalties of the cost function, in ns. They are assumptions, chosen so that the priorities are: a core of one's
/// own, then isolation, then the faster kind of core, then the nearer one.
namespace assumed {
inline constexpr double smt_sharing_ns = 1500;  ///< for each role that shares a core without smt-ok
inline constexpr double not_isolated_ns = 1000;
inline constexpr double work_ns = 500;  ///< for an item on the fastest core; on a core of capacity c it takes 1/c of it
inline constexpr double slow_core_ns = 300;  ///< per rank below the fastest kind of core, where capacities are unknown
inline constexpr double memory_ns = 100;     ///< for an access to the memory of a PU's own node
inline constexpr double pu_0_ns = 10;        ///< on the core of PU 0, where interrupts and housekeeping run
}  // namespace assumed

/// Finds the cheapest placement, where the cost in ns is
///
///     sum over edges  weight x (p50 + p99 if an end is quiet)
///   + sum over roles  noise of the PU                 if the role is quiet
///                     smt_sharing_ns                  if another role is on the core, and this one is not smt-ok
///                     not_isolated_ns                 if some candidate PU is isolated, and this one is not
///                     work_ns x (1/c - 1/f)           for a core of capacity c (core_kind_info), where the fastest
///                                                     candidate has f; slow_core_ns for each rank between them where
///                                                     hwloc only ranks kinds; twice that if the role is quiet
///                     pu_0_ns                         on the core of PU 0
///                     memory_ns x (ratio - 1)         where its memory comes from another node: topology::memory_remoteness()
///                     p50 (+ p99 if it is quiet)      assumed from the nearest PU of the device that it should be near to, unless
///                                                     it is on one of those
///
/// p50 and p99 are the one-way costs of measurements::cost. An edge that is critical (one end is quiet) or has no
/// rate has weight 1; any other edge has its rate divided by the highest rate. So a latency-critical message counts
/// in full, however rare it is. No two roles share a PU, unless both are pinned to it. Housekeeping roles count only by their
/// edges, as if they ran on the first of the PUs that they share.
///
/// The search is exact while settings.effort lasts: branch and bound with the Gilmore-Lawler bound, which tries only
/// one of several equivalent PUs. This is enough for a dozen roles on most servers if the cost of an edge depends on
/// its distance alone, and for a handful if every pair was measured. Otherwise the result is the best placement found
/// by local search, with the proven lower bound. The same input always gives the same plan; ties are broken by the
/// lowest indexes. For a role with `near` it reads the devices of this machine.
///
/// Throws placement_error with a sentence if there are no roles, a pin or package is impossible, there are more roles
/// than PUs, or they are too many: more than 128 roles or 4096 candidate PUs, or roles x roles x PUs above 2^24 (64 roles on 4096
/// PUs, 128 on 1024). The search takes a second or less for most plans, and five for 4096 PUs.
[[nodiscard]] placement_plan plan(const plan_request& request, const topology& machine,
                                  const measurements& measured = {}, const plan_settings& settings = {});

/// Where each copy of a graph has to be. See plan_copies().
enum class copy_place {
    automatic,  ///< the first of the following of which there are enough
    l3,         ///< an L3 cache (on AMD: a CCX)
    numa_node,
    package,
};

/// Plans the same graph `times` times: the roles and edges of copy n have the names "md.n" and "md.n->gw.n", from 1 on. Each copy
/// is within an L3 cache, NUMA node or package of its own; of those with PUs enough, the ones in which the graph costs least.
/// Housekeeping roles of all copies share their PUs. The cost is that of all copies; a proven plan is proven for the parts in which
/// the copies are. Throws placement_error as plan() does, if a role is pinned, and if there are fewer places than copies.
[[nodiscard]] placement_plan plan_copies(const plan_request& request, unsigned times, const topology& machine,
                                         copy_place where = copy_place::automatic, const measurements& measured = {},
                                         const plan_settings& settings = {});

/// A term of the cost in which one placement differs from another.
struct plan_difference {
    double extra_ns;  ///< negative where it is cheaper
    std::string what;
};

/// A placement that exists, with the costs that plan() would give it.
struct placement_check {
    placement_plan placed;                     ///< the placement; its alternatives are empty
    placement_plan best;                       ///< the plan for the same roles, edges and PUs
    std::vector<plan_difference> differences;  ///< of the placement from the best, largest first
    std::vector<plan_alternative> steps;       ///< single moves and swaps that save most, with a negative extra_ns
    std::vector<std::string> broken;           ///< sentences: hints, and rules of a plan, that the placement breaks

    /// How much the placement costs above the best; negative only if it breaks a hint or a rule.
    [[nodiscard]] double extra_ns() const { return placed.cost.total() - best.cost.total(); }
};

/// Costs an existing placement, a PU for each role in the order of the roles, by the model of plan(), and compares it with the
/// plan. The PUs of the placement are candidates, too, wherever they are, so that both have the same choice. Throws placement_error
/// as plan() does, and for a PU that does not exist or may not be used.
[[nodiscard]] placement_check check_placement(const plan_request& request, const std::vector<unsigned>& pus,
                                              const topology& machine, const measurements& measured = {},
                                              const plan_settings& settings = {});

/// A bad placement for comparison, by the same cost function: the worst that local search finds with each role on a
/// PU of its own. If that is no worse than the plan, or there are no more PUs than roles (two roles on two cores),
/// all roles are on the plan's first PU. In the order of the roles.
[[nodiscard]] std::vector<unsigned> worst_placement(const plan_request& request, const topology& machine,
                                                    const measurements& measured = {},
                                                    const plan_settings& settings = {});

}  // namespace weir
