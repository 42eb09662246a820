// SPDX-License-Identifier: MIT
#pragma once

// The cost function of plan.hpp as tables, indexed by role and seat. A seat is a candidate PU.

#include <weir/plan.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace weir {

/// The seat of each role, in the order of the roles.
using seating = std::vector<std::size_t>;

class plan_model {
public:
    struct link {
        std::size_t from;
        std::size_t to;
        double weight;
        bool critical;
    };

    /// Whether the PUs of housekeeping roles are candidates for others even where there are PUs enough.
    enum class housekeeping_pus { left_out, kept };

    /// Validates the request; throws placement_error with a sentence if it is impossible on this machine.
    plan_model(const plan_request& request, const topology& machine, const measurements& measured,
               const plan_settings& settings, housekeeping_pus keep = housekeeping_pus::left_out);

    [[nodiscard]] std::size_t roles() const noexcept { return roles_; }
    [[nodiscard]] std::size_t seats() const noexcept { return pus_.size(); }
    [[nodiscard]] const std::vector<unsigned>& pus() const noexcept { return pus_; }
    [[nodiscard]] const std::vector<link>& links() const noexcept { return links_; }
    [[nodiscard]] const std::vector<std::size_t>& links_of(std::size_t role) const { return links_of_[role]; }
    [[nodiscard]] bool is_pinned(std::size_t role) const { return pinned_[role]; }
    [[nodiscard]] bool may_sit(std::size_t role, std::size_t seat) const { return alone(role, seat) < never; }

    /// Cost of a role on a seat, without its edges and core mates; `never` if the role may not use that seat.
    [[nodiscard]] double alone(std::size_t role, std::size_t seat) const { return alone_[role * seats() + seat]; }

    /// Cost of an edge of weight 1 between two seats.
    [[nodiscard]] double between(bool critical, std::size_t from, std::size_t to) const {
        return (critical ? critical_ : calm_)[from * seats() + to];
    }

    [[nodiscard]] bool same_core(std::size_t a, std::size_t b) const { return cores_[a] == cores_[b]; }

    /// Cost of two roles sharing a core.
    [[nodiscard]] double sharing(std::size_t a, std::size_t b) const { return sharing_[a] + sharing_[b]; }

    /// Cost of one role on a seat, given the other roles' seats; roles at `nowhere` do not count.
    [[nodiscard]] double cost_of(std::size_t role, std::size_t seat, const seating& others) const;

    [[nodiscard]] plan_cost cost(const seating& all) const;

    /// Whether the role may use this seat, given the other roles' seats.
    [[nodiscard]] bool is_free(std::size_t role, std::size_t seat, const seating& others) const;

    /// By level, outermost first, the topology node that each seat belongs to. If `is_regular`, the cost of an edge
    /// depends only on the innermost node that contains both seats.
    static constexpr std::size_t levels = 9;
    [[nodiscard]] const std::array<std::vector<std::size_t>, levels>& nodes() const noexcept { return nodes_; }
    [[nodiscard]] double far_from_device(std::size_t role, std::size_t seat) const {
        return far_from_device_.empty() ? 0 : far_from_device_[role * seats() + seat];
    }
    [[nodiscard]] bool is_regular() const noexcept { return regular_; }

    // Properties of a seat, for the tables of a plan.
    [[nodiscard]] double noise(std::size_t seat) const { return noise_[seat]; }
    [[nodiscard]] bool is_isolated(std::size_t seat) const { return isolated_.contains(pus_[seat]); }

    /// The PUs that the housekeeping roles share; empty if there are none of them. Each of these roles has a seat of its own on the
    /// first of these PUs, after the candidates' seats, and takes nothing from the roles that are there.
    [[nodiscard]] const pu_set& housekeeping() const noexcept { return housekeeping_; }
    [[nodiscard]] bool shares_housekeeping() const noexcept { return shares_housekeeping_; }

    /// The devices that some role should be near, and that are close to every candidate.
    [[nodiscard]] const std::vector<std::string>& devices_near_all() const noexcept { return devices_near_all_; }

    /// The seat of a role that runs on `pu`, a candidate.
    [[nodiscard]] std::size_t seat_of(std::size_t role, unsigned pu) const;

    static constexpr double never = 1e15;
    static constexpr std::size_t nowhere = ~std::size_t{0};

private:
    void choose_seats(const plan_request& request, const topology& machine, const plan_settings& settings,
                      housekeeping_pus keep);
    void weigh_seats(const plan_request& request, const topology& machine, const measurements& measured);
    void weigh_devices(const plan_request& request, const topology& machine);
    void weigh_links(const plan_request& request);
    void weigh_pairs(const topology& machine, const measurements& measured);
    void number_nodes(const topology& machine);
    void check_regular();

    // A slower core costs a quiet role twice as much as another: messages wait for it.
    [[nodiscard]] double slowness(bool quiet, std::size_t seat) const { return (quiet ? 2 : 1) * slow_[seat]; }

    std::size_t roles_;
    std::vector<unsigned> pus_;
    std::vector<unsigned> cores_;
    std::vector<bool> pinned_;
    std::vector<bool> quiet_;
    std::vector<std::size_t> own_seat_;  // by role: that of a housekeeping role, or nowhere
    std::size_t candidates_ = 0;         // seats before those of housekeeping roles
    pu_set housekeeping_;
    bool shares_housekeeping_ = false;  // other roles may be there, too
    std::vector<double> sharing_;       // by role: its penalty for sharing a core
    std::vector<double> alone_;
    std::vector<double> calm_;
    std::vector<double> critical_;
    std::vector<link> links_;
    std::vector<std::vector<std::size_t>> links_of_;
    std::array<std::vector<std::size_t>, levels> nodes_;
    bool regular_ = false;

    pu_set isolated_;
    std::vector<double> noise_;
    std::vector<double> not_isolated_;
    std::vector<double> slow_;
    std::vector<double> pu_0_;
    std::vector<double> memory_;
    std::vector<std::string> devices_near_all_;
    std::vector<double> far_from_device_;  // by role and seat; empty if no role is to be near one
};

/// Edge weights: 1 for an edge that is critical or has no rate; otherwise its rate divided by the highest rate.
[[nodiscard]] std::vector<double> edge_weights(const plan_request& request);

/// Whether at least one end of the edge is quiet.
[[nodiscard]] bool is_critical(const plan_request& request, const plan_edge& edge);

}  // namespace weir
