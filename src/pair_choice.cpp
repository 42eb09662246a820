// SPDX-License-Identifier: MIT
// Chooses the two PUs for a producer and its consumer.
#include <weir/plan.hpp>

#include "core_kinds.hpp"
#include "pair_words.hpp"
#include "topology_data.hpp"

#include <algorithm>

namespace weir {

std::string_view to_string(distance how_far) noexcept {
    switch (how_far) {
    case distance::same_pu: return "same-pu";
    case distance::smt: return "smt";
    case distance::same_l2: return "same-l2";
    case distance::same_l3: return "same-l3";
    case distance::same_package: return "same-package";
    case distance::cross_package: return "cross-package";
    }
    return "unknown";
}

std::string_view to_string(pair_policy policy) noexcept {
    switch (policy) {
    case pair_policy::automatic: return "auto";
    case pair_policy::smt: return "smt";
    case pair_policy::same_l2: return "same-l2";
    case pair_policy::same_l3: return "same-l3";
    case pair_policy::cross_numa: return "cross-numa";
    }
    return "unknown";
}

namespace {

// What plan() would say of a pair.
struct merit {
    double cost_ns;
    double slowness_ns;  // of the slower core
    weir::distance distance;
    bool are_isolated;
    bool has_core_of_pu_0;
};

class chooser {
public:
    chooser(const topology& machine, const pu_set& isolated) : machine_(machine), isolated_(isolated) {
        for (const auto& pu : machine.pus()) {
            if (machine.allowed().contains(pu.os_index)) usable_.push_back(&pu);
            if (pu.os_index == 0) core_of_pu_0_ = pu.core;
        }
        const bool any_isolated =
            std::any_of(usable_.begin(), usable_.end(), [&](const pu_info* pu) { return is_isolated(*pu); });
        for (const auto* pu : usable_) {
            slowness_.push_back(slowness_ns(machine, pu->core));
            alone_.push_back(slowness_.back() + (any_isolated && !is_isolated(*pu) ? assumed::not_isolated_ns : 0) +
                             (pu->core == core_of_pu_0_ ? assumed::pu_0_ns : 0) + far_memory_ns(machine, pu->os_index));
        }
        for (const auto& core : machine.cores()) slowest_ns_ = std::max(slowest_ns_, slowness_ns(machine, core.index));
    }

    // The best pair; nullopt if none satisfies the policy.
    [[nodiscard]] std::optional<pu_pair> best(pair_policy policy) const {
        const pu_info* producer = nullptr;
        const pu_info* consumer = nullptr;
        std::optional<merit> best;
        for (std::size_t one = 0; one != usable_.size(); ++one)
            for (std::size_t other = one + 1; other != usable_.size(); ++other) {
                const auto here = weigh(one, other);
                if (!satisfies(policy, *usable_[one], *usable_[other], here) || (best && here.cost_ns >= best->cost_ns))
                    continue;
                best = here;
                producer = usable_[one];
                consumer = usable_[other];
            }
        if (!best) return std::nullopt;
        return pu_pair{producer->os_index, consumer->os_index, best->distance,
                       reason(policy, *producer, *consumer, *best)};
    }

    // Says why no pair satisfies the policy, and which policies would work.
    [[nodiscard]] std::string refusal(pair_policy policy) const {
        const bool may_ask_for_more = machine_.is_this_machine() && machine_.pus().size() > usable_.size();
        const std::string remedy =
            may_ask_for_more ? "; widen the cgroup's cpuset, or the affinity mask that this process was started with"
                             : "";
        if (usable_.empty()) return "no PU may be used " + place() + remedy;
        if (usable_.size() == 1)
            return "only one PU may be used " + place() + " (PU " + std::to_string(usable_.front()->os_index) +
                   "), but a producer and a consumer need two" + remedy;
        std::string others;
        for (const auto other : {pair_policy::automatic, pair_policy::smt, pair_policy::same_l2, pair_policy::same_l3,
                                 pair_policy::cross_numa})
            if (best(other)) others += (others.empty() ? "" : ", ") + std::string(to_string(other));
        return lack(policy) + "; policies that fit: " + others;
    }

private:
    [[nodiscard]] bool is_isolated(const pu_info& pu) const { return isolated_.contains(pu.os_index); }

    [[nodiscard]] merit weigh(std::size_t one, std::size_t other) const {
        const auto& a = *usable_[one];
        const auto& b = *usable_[other];
        return {
            .cost_ns = alone_[one] + alone_[other] + assumed_one_way(machine_, a.os_index, b.os_index).p50_ns,
            .slowness_ns = std::max(slowness_[one], slowness_[other]),
            .distance = machine_.distance_between(a.os_index, b.os_index),
            .are_isolated = is_isolated(a) && is_isolated(b),
            .has_core_of_pu_0 = a.core == core_of_pu_0_ || b.core == core_of_pu_0_,
        };
    }

    [[nodiscard]] const core_info& core(const pu_info& pu) const {
        return *std::lower_bound(machine_.cores().begin(), machine_.cores().end(), pu.core,
                                 [](const core_info& row, unsigned index) { return row.index < index; });
    }

    // Empty unless both are of one kind that has a name.
    [[nodiscard]] std::string kind_name(const pu_info& one, const pu_info& other) const {
        const auto kind = core(one).kind;
        if (!kind || kind != core(other).kind) return "";
        const auto& name = machine_.core_kinds()[*kind].name;
        return name.empty() ? "" : " (" + name + ")";
    }

    [[nodiscard]] static bool satisfies(pair_policy policy, const pu_info& one, const pu_info& other,
                                        const merit& pair) {
        switch (policy) {
        case pair_policy::automatic: return one.core != other.core;
        case pair_policy::smt: return pair.distance == distance::smt;
        case pair_policy::same_l2: return pair.distance == distance::same_l2;
        case pair_policy::same_l3: return pair.distance == distance::same_l3;
        case pair_policy::cross_numa: return one.numa_node && other.numa_node && one.numa_node != other.numa_node;
        }
        return false;
    }

    [[nodiscard]] std::string reason(pair_policy policy, const pu_info& one, const pu_info& other,
                                     const merit& pair) const {
        std::string why = what_they_share(machine_, one, other);
        const bool isolated = pair.are_isolated;
        const bool fast = pair.slowness_ns < slowest_ns_;
        const auto faster = fast ? " of a faster kind than others here" + kind_name(one, other) : "";
        if (policy == pair_policy::automatic) {
            why += std::string(", the nearest two ") + (isolated ? "isolated " : "") + "cores" + faster +
                   " that may be used";
        } else {
            why += isolated ? "; both are isolated from the kernel's scheduler" : "";
            why += fast ? "; both are" + faster : "";
        }
        if (pair.has_core_of_pu_0)
            why += "; all equally good pairs use PU 0's core, where the kernel does its housekeeping";
        else if (core_of_pu_0_ && core_of_pu_0_is_usable())
            why += "; PU 0's core is left to the kernel's housekeeping";
        return why;
    }

    [[nodiscard]] bool core_of_pu_0_is_usable() const {
        return std::any_of(usable_.begin(), usable_.end(),
                           [&](const pu_info* pu) { return pu->core == core_of_pu_0_; });
    }

    [[nodiscard]] std::string place() const {
        return machine_.is_this_machine() ? "here" : "in '" + machine_.source() + "'";
    }

    [[nodiscard]] std::string lack(pair_policy policy) const {
        const auto no_two = [&](const std::string& cache) {
            return "no two cores that may be used " + place() + " share an " + cache + " cache";
        };
        switch (policy) {
        case pair_policy::automatic:
            return "only one core may be used " + place() + ", core:" + std::to_string(usable_.front()->core) +
                   ": two threads on it would share its execution units";
        case pair_policy::smt: return "no core " + place() + " has two PUs that may be used (SMT is absent or off)";
        case pair_policy::same_l2: return no_two("L2");
        case pair_policy::same_l3: return no_two("L3") + " without sharing an L2 cache too";
        case pair_policy::cross_numa: return "the PUs that may be used " + place() + " are all on one NUMA node";
        }
        return {};
    }

    const topology& machine_;
    const pu_set& isolated_;
    std::vector<const pu_info*> usable_;
    std::optional<unsigned> core_of_pu_0_;
    std::vector<double> slowness_;  // as usable_
    std::vector<double> alone_;     // the cost of each without its mate
    double slowest_ns_ = 0;         // of the machine
};

}  // namespace

pu_pair topology::choose_pair(pair_policy policy) const { return choose_pair(policy, isolated()); }

pu_pair topology::choose_pair(pair_policy policy, const pu_set& isolated) const {
    const chooser choice(*this, isolated);
    if (auto pair = choice.best(policy)) return *std::move(pair);
    throw placement_error(choice.refusal(policy));
}

}  // namespace weir
