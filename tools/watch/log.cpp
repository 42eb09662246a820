// SPDX-License-Identifier: MIT
#include "tools/watch/log.hpp"

#include "src/plain_text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

namespace weir::tool {
namespace {

std::optional<std::uint64_t> between(const std::optional<std::uint64_t>& before,
                                     const std::optional<std::uint64_t>& after) {
    return before && after ? std::optional(*after - std::min(*before, *after)) : std::nullopt;
}

std::string label_of(const process_thread& thread) {
    return fmt::format("{} (thread {})", printable(thread.name), thread.id);
}

}  // namespace

std::optional<std::uint64_t> watched_thread::involuntary_switches() const {
    return between(first.involuntary_switches, last.involuntary_switches);
}
std::optional<std::uint64_t> watched_thread::migrations() const { return between(first.migrations, last.migrations); }
std::optional<std::uint64_t> watched_thread::ran_ns() const { return between(first.ran_ns, last.ran_ns); }
std::optional<std::uint64_t> watched_thread::waited_ns() const { return between(first.waited_ns, last.waited_ns); }

std::optional<role_place> watch_log::place_for(const std::string& name) const {
    for (const auto& place : places_)
        if (thread_name_of(place.role) == name) return place;
    return std::nullopt;
}

// The affinity mask says whether a thread keeps to its plan: where it ran last may be from before it was pinned.
void watch_log::compare_with_plan(double at_s, watched_thread& known, std::vector<watch_event>& news) {
    if (!known.place) return;
    roles_seen_.insert(known.place->role);
    const bool off = known.last.may_use != known.place->pus;
    if (off == known.is_off_plan) return;
    known.is_off_plan = off;
    const auto planned = pus_in_words(known.place->pus);
    news.push_back({at_s, known.last.id,
                    off ? fmt::format("{} is off its plan, {}: it may run on {}", label_of(known.last), planned,
                                      known.last.may_use.to_string())
                        : fmt::format("{} is back on its plan, {}", label_of(known.last), planned),
                    off});
}

void watch_log::start(double at_s, const process_thread& thread, std::vector<watch_event>& news) {
    auto& known = threads_[thread.id];
    known.first = known.last = thread;
    known.place = place_for(thread.name);
    if (thread.last_pu) known.seen_on.insert(*thread.last_pu);
    if (has_looked_) news.push_back({at_s, thread.id, label_of(thread) + " has started", false});
    compare_with_plan(at_s, known, news);
}

void watch_log::follow(double at_s, watched_thread& known, const process_thread& now, std::vector<watch_event>& news) {
    if (now.name != known.last.name) {
        news.push_back(
            {at_s, now.id, fmt::format("{} is now named {}", label_of(known.last), printable(now.name)), false});
        known.place = place_for(now.name);
        known.is_off_plan = false;
    }
    if (now.last_pu && now.last_pu != known.last.last_pu) ++known.moves_seen;
    if (now.last_pu) known.seen_on.insert(*now.last_pu);
    known.last = now;
    compare_with_plan(at_s, known, news);
}

std::vector<watch_event> watch_log::look(double at_s, const std::vector<process_thread>& threads) {
    std::vector<watch_event> news;
    for (const auto& thread : threads) {
        const auto known = threads_.find(thread.id);
        if (known == threads_.end() || known->second.has_ended)
            start(at_s, thread, news);
        else
            follow(at_s, known->second, thread, news);
    }
    for (auto& [id, known] : threads_) {
        const bool is_there =
            std::any_of(threads.begin(), threads.end(), [id = id](const auto& t) { return t.id == id; });
        if (is_there || known.has_ended) continue;
        known.has_ended = true;
        news.push_back({at_s, id, label_of(known.last) + " has ended", false});
    }
    has_looked_ = true;
    last_s_ = at_s;
    events_.insert(events_.end(), news.begin(), news.end());
    return news;
}

std::vector<watched_thread> watch_log::threads() const {
    std::vector<watched_thread> all;
    for (const auto& [id, known] : threads_) all.push_back(known);
    return all;
}

std::vector<std::string> watch_log::roles_without_thread() const {
    std::vector<std::string> missing;
    for (const auto& place : places_)
        if (!roles_seen_.contains(place.role)) missing.push_back(place.role);
    return missing;
}

bool watch_log::kept_to_plan() const {
    return roles_without_thread().empty() &&
           std::none_of(events_.begin(), events_.end(), [](const watch_event& event) { return event.leaves_plan; });
}

}  // namespace weir::tool
