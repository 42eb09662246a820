// SPDX-License-Identifier: MIT
// Chooses the two PUs for a producer and its consumer.
#include "pair_words.hpp"
#include "topology_data.hpp"

#include <algorithm>
#include <tuple>

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

// Criteria for a pair, compared field by field in this order; less is better.
struct merit {
    bool not_isolated;
    long slowness;  // of the slower core
    weir::distance distance;
    double remoteness;
    bool has_core_of_pu_0;

    [[nodiscard]] auto key() const { return std::tie(not_isolated, slowness, distance, remoteness, has_core_of_pu_0); }
};

class chooser {
public:
    chooser(const topology& machine, const pu_set& isolated) : machine_(machine), isolated_(isolated) {
        for (const auto& pu : machine.pus()) {
            if (machine.allowed().contains(pu.os_index)) usable_.push_back(&pu);
            if (pu.os_index == 0) core_of_pu_0_ = pu.core;
        }
        for (const auto& kind : machine.core_kinds()) kinds_are_ranked_ |= kind.performance.value_or(0) != 0;
    }

    // The best pair; nullopt if none satisfies the policy.
    [[nodiscard]] std::optional<pu_pair> best(pair_policy policy) const {
        const pu_info* producer = nullptr;
        const pu_info* consumer = nullptr;
        std::optional<merit> best;
        for (auto one = usable_.begin(); one != usable_.end(); ++one)
            for (auto other = one + 1; other != usable_.end(); ++other) {
                const auto here = weigh(**one, **other);
                if (!satisfies(policy, **one, **other, here) || (best && here.key() >= best->key())) continue;
                best = here;
                producer = *one;
                consumer = *other;
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
    [[nodiscard]] merit weigh(const pu_info& one, const pu_info& other) const {
        return {
            .not_isolated = !isolated_.contains(one.os_index) || !isolated_.contains(other.os_index),
            .slowness = -std::min(speed(one), speed(other)),
            .distance = machine_.distance_between(one.os_index, other.os_index),
            .remoteness = machine_.remoteness(one.os_index, other.os_index),
            .has_core_of_pu_0 = one.core == core_of_pu_0_ || other.core == core_of_pu_0_,
        };
    }

    [[nodiscard]] long speed(const pu_info& pu) const {
        if (!kinds_are_ranked_) return 0;
        const auto kind = core(pu).kind;
        return kind ? static_cast<long>(machine_.core_kinds()[*kind].performance.value_or(0)) : 0;
    }

    [[nodiscard]] const core_info& core(const pu_info& pu) const {
        return *std::lower_bound(machine_.cores().begin(), machine_.cores().end(), pu.core,
                                 [](const core_info& row, unsigned index) { return row.index < index; });
    }

    [[nodiscard]] std::string kind_name(const pu_info& pu) const {
        const auto& name = machine_.core_kinds()[*core(pu).kind].name;
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
        const bool isolated = !pair.not_isolated;
        const bool fast = pair.slowness != 0;
        const auto faster = fast ? " of a faster kind than others here" + kind_name(one) : "";
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
    bool kinds_are_ranked_ = false;
};

}  // namespace

pu_pair topology::choose_pair(pair_policy policy) const { return choose_pair(policy, isolated()); }

pu_pair topology::choose_pair(pair_policy policy, const pu_set& isolated) const {
    const chooser choice(*this, isolated);
    if (auto pair = choice.best(policy)) return *std::move(pair);
    throw placement_error(choice.refusal(policy));
}

}  // namespace weir
