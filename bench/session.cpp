// SPDX-License-Identifier: MIT
#include "bench/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace bench {
namespace {

constexpr double work_ns = 3.0;

bool on_a_terminal() {
    static const bool terminal = isatty(STDERR_FILENO) != 0;
    return terminal;
}

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

session::session(const options& chosen, std::vector<queue_entry> queues)
    : chosen_(chosen),
      queues_(std::move(queues)),
      workers_(weir::topology::this_machine(), chosen.pin),
      rig_{workers_, weir::tick_clock{}, {}, 0.0},
      floors_(workers_, rig_.clock),
      environment_(look_around(weir::topology::this_machine(), workers_.where(), rig_.clock, chosen.seed)) {
    workers_.set_limit(std::chrono::duration<double>{std::max(20.0, 20.0 * chosen.sample_ms / 1e3)});
    workers_.run([&] { rig_.work = calibrate_work(rig_.clock, work_ns); }, [] {});
    floors_.take(roles::as_placed);  // a first measurement, not kept, to wake the cores
    // An offset within its own uncertainty counts as zero, since the counters of one package start together.
    const auto offset = floors_.offset();
    const double certain_to_ns = offset.roundtrip_ns / 2.0;
    rig_.clock_offset_ns = std::abs(offset.ns) > certain_to_ns ? offset.ns : 0.0;
    environment_.memory_node = chosen.memory_node;
    environment_.clock_offset_ns = offset.ns;
    environment_.clock_offset_certain_to_ns = certain_to_ns;
    environment_.work_ns_per_item = rig_.work.ns_per_item;
    environment_.work_steps_per_item = rig_.work.steps;
}

contest& session::contest_for(const scenario& what) {
    for (const auto& known : contests_) {
        if (known->what().name == what.name) {
            return *known;
        }
    }
    if (on_a_terminal()) {
        fmt::print(stderr, "\r\033[K{}: checking sum and order", what.name);
    }
    const round_settings settings{.sample_ms = chosen_.sample_ms, .seed = chosen_.seed};
    return *contests_.emplace_back(std::make_unique<contest>(rig_, floors_, what, queues_, settings));
}

double session::run_round(contest& on) {
    return on.run_round([&](const queue_entry& queue) { show_progress(on, queue.name); });
}

void session::show_progress(const contest& on, const std::string& doing) const {
    if (on_a_terminal()) {
        const std::size_t most = on.what().most_rounds;
        const std::size_t rounds = most == 0 ? chosen_.rounds : std::min(chosen_.rounds, most);
        fmt::print(stderr, "\r\033[K{}: round {} of {}, {}", on.what().name, on.rounds() + 1,
                   std::max(on.rounds() + 1, rounds), doing);
    }
}

void clear_progress() {
    if (on_a_terminal()) {
        fmt::print(stderr, "\r\033[K");
    }
}

const contest* session::find(const std::string& scenario_name) const {
    for (const auto& known : contests_) {
        if (known->what().name == scenario_name) {
            return known.get();
        }
    }
    return nullptr;
}

std::vector<scenario_summary> session::summaries() const {
    std::vector<scenario_summary> all;
    for (const auto& done : contests_) {
        all.push_back(summary_of(*done));
    }
    return all;
}

std::vector<std::string> session::failures() const {
    std::vector<std::string> sentences;
    for (const auto& done : contests_) {
        for (const auto& queue : done->tracks()) {
            if (!queue.excluded.empty() && !queue.too_slow) {
                sentences.push_back(queue.excluded);
            }
        }
    }
    return sentences;
}

std::vector<queue_entry> choose_queues(std::vector<queue_entry> all, const std::vector<std::string>& parts) {
    if (parts.empty()) {
        return all;
    }
    const auto has = [](const queue_entry& queue, const std::string& part) {
        return lower_case(queue.name).find(lower_case(part)) != std::string::npos;
    };
    for (const auto& part : parts) {
        if (std::none_of(all.begin(), all.end(), [&](const queue_entry& queue) { return has(queue, part); })) {
            throw std::invalid_argument{
                fmt::format("--queues {}: no built-in queue has that in its name; --list-queues shows them", part)};
        }
    }
    std::erase_if(all, [&](const queue_entry& queue) {
        return std::none_of(parts.begin(), parts.end(), [&](const std::string& part) { return has(queue, part); });
    });
    return all;
}

}  // namespace bench
