// SPDX-License-Identifier: MIT
#include "bench/run/rounds.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "instruments/statistics.hpp"

namespace bench {
namespace {

/// A different order for each scenario, the same for each run with the same seed.
std::uint64_t seed_for(std::uint64_t seed, const std::string& name) {
    return std::accumulate(name.begin(), name.end(), seed, [](std::uint64_t hash, char c) {
        return (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;  // FNV-1a
    });
}

}  // namespace

contest::contest(rig& on, floor_meter& floors, const scenario& what, const std::vector<queue_entry>& queues,
                 const round_settings& settings)
    : on_(on), meter_(floors), what_(what), settings_(settings), shuffler_(seed_for(settings.seed, what.name)) {
    for (const auto& queue : queues) {
        if (what_.offered_by(queue)) {
            track& added = tracks_.emplace_back();
            added.queue = &queue;
            check(added);
        }
    }
}

void contest::check(track& queue) {
    queue.effective_capacity = what_.capacity_of(*queue.queue);
    word items = 100'000;
    if (what_.unit == metric::ns) {
        items = what_.scheduled_per_s > 0.0 ? static_cast<word>(what_.scheduled_per_s * 0.02) : 10'000;
    }
    if (what_.check_count != 0) {
        items = what_.check_count;
    } else if (spinning.one_core) {
        items = 1'000;
    }
    const auto seen = measure(queue, roles::as_placed, items);
    if (!seen) {
        return;
    }
    queue.next_count = items;
    aim(queue, *seen, 1e9);
}

std::optional<measurement> contest::measure(track& queue, roles placed, word count) {
    const auto exclude = [&](const std::string& why) {
        queue.excluded = queue.queue->name + " in " + what_.name + ": " + why;
        queue.values.assign(queue.values.size(), std::nullopt);
        queue.of_floor.assign(queue.of_floor.size(), std::nullopt);
        queue.latencies_ns = nullptr;
    };
    try {
        const measurement seen = what_.measure(on_, *queue.queue, placed, count);
        if (seen.correct) {
            return seen;
        }
        exclude("items were lost, repeated, changed or reordered");
    } catch (const stuck& error) {
        queue.too_slow = what_.crowded && !queue.queue->subject;
        exclude(error.what());
    }
    return std::nullopt;
}

void contest::aim(track& queue, const measurement& last, double most) {
    if (what_.sample_count != 0) {
        queue.next_count = what_.sample_count;
        return;
    }
    const double wanted_ns = settings_.sample_ms * what_.length * 1e6;
    const double scale = std::clamp(wanted_ns / last.elapsed_ns, 1.0 / most, most);
    queue.next_count = std::max<word>(1, static_cast<word>(static_cast<double>(queue.next_count) * scale));
}

floor_reading contest::take_floors(roles placed) { return floor_readings_.emplace_back(meter_.take(placed)); }

double contest::run_round(const std::function<void(const queue_entry&)>& on_sample) {
    const auto begin = on_.clock.now();
    const roles placed = rounds_ % 2 == 0 ? roles::as_placed : roles::swapped;
    std::vector<std::size_t> order(tracks_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), shuffler_);

    const auto first_floor = static_cast<std::ptrdiff_t>(floor_readings_.size());
    floor_reading before = take_floors(placed);
    for (const std::size_t i : order) {
        track& queue = tracks_[i];
        queue.values.emplace_back();
        queue.of_floor.emplace_back();
        if (queue.excluded.empty()) {
            on_sample(*queue.queue);
            sample(queue, placed, before);
        }
    }
    ++rounds_;
    std::vector<double> roundtrips;
    std::transform(floor_readings_.begin() + first_floor, floor_readings_.end(), std::back_inserter(roundtrips),
                   [](const floor_reading& floor) { return floor.roundtrip_ns; });
    round_roundtrips_ns_.push_back(median(roundtrips));
    return on_.clock.to_ns(on_.clock.now() - begin) * 1e-9;
}

void contest::sample(track& queue, roles placed, floor_reading& before) {
    for (unsigned attempt = 0; attempt != attempts; ++attempt) {
        const auto seen = measure(queue, placed, queue.next_count);
        if (!seen) {
            before = take_floors(placed);
            return;
        }
        const floor_reading after = take_floors(placed);
        const bool steady = !what_.drops_unsteady || floor_reading::steady(before, after);
        const floor_reading around = floor_reading::between(before, after);
        before = after;

        // The machine's state lasts for seconds: the last sample is the best guess for the length of the next.
        aim(queue, *seen, 10.0);
        if (!steady) {
            ++queue.dropped;
            continue;
        }
        queue.values.back() = seen->value;
        queue.of_floor.back() = what_.of_floor(seen->value, around);
        if (seen->producers_fairness) {
            queue.producers_fairness.push_back(*seen->producers_fairness);
        }
        if (seen->consumers_fairness) {
            queue.consumers_fairness.push_back(*seen->consumers_fairness);
        }
        if (seen->latencies_ns) {
            queue.achieved_per_s.push_back(seen->achieved_per_s);
            queue.p99_ns.push_back(static_cast<double>(seen->latencies_ns->percentile(99.0)));
            queue.p99_9_ns.push_back(static_cast<double>(seen->latencies_ns->percentile(99.9)));
            if (queue.latencies_ns) {
                queue.latencies_ns->merge(*seen->latencies_ns);
            } else {
                queue.latencies_ns = seen->latencies_ns;
            }
        }
        return;
    }
}

}  // namespace bench
