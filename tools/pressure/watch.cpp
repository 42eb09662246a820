// SPDX-License-Identifier: MIT
#include "tools/pressure/watch.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace weir::tool::pressure {
namespace {

constexpr std::size_t least_columns = 72;
constexpr std::array phase_names{"calm", "burst", "recovery"};

std::span<const sample> looks_of(const board& run) {
    // (2) acquire: pairs with (1) in sampler: all counted samples are visible
    return {run.samples.data(), run.samples_ready.load(weir::detail::acquire)};
}

// A bar chart of the depth over time, as wide as the terminal allows: each column shows the deepest of its samples,
// relative to the deepest of all.
std::string depths(std::span<const sample> looks, std::size_t columns) {
    constexpr std::array steps{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::uint64_t deepest = 1;
    for (const auto& look : looks) deepest = std::max(deepest, look.so_far.queued);
    std::string text;
    columns = std::min(columns, looks.size());
    for (std::size_t column = 0; column != columns; ++column) {
        std::uint64_t depth = 0;
        for (auto i = looks.size() * column / columns; i != looks.size() * (column + 1) / columns; ++i)
            depth = std::max(depth, looks[i].so_far.queued);
        text += steps[(depth * (steps.size() - 1) + deepest - 1) / deepest];
    }
    return text;
}

std::string ms(double value) { return value == 0 ? "-" : with_unit("_ms", value); }

}  // namespace

screen screen::of_stderr() {
    const char* const terminal = std::getenv("TERM");
    const char* const no_colour = std::getenv("NO_COLOR");
    screen found;
    found.redraws = ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
    found.colours = found.redraws && (no_colour == nullptr || *no_colour == '\0');
    winsize size{};
    if (found.redraws && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
        found.columns = size.ws_col;
    if (found.columns < least_columns) found = {};  // wrapped lines cannot be redrawn in place
    return found;
}

// The state at one moment, as shown to the user.
struct watcher::moment {
    std::size_t phase = 0;
    double at_s = 0;
    std::uint64_t depth = 0;
    double source_per_s = 0, sink_per_s = 0, loss = 0, sojourn_p99_ms = 0, delay_p99_ms = 0;
};

watcher::watcher(const screen& where, const run_plan& plan, std::string_view policy, std::size_t which, std::size_t of)
    : where_(where), plan_(plan), name_(policy), place_(of == 1 ? "" : fmt::format(" ({} of {})", which, of)) {}

std::size_t watcher::phase_of(double at_s) const {
    return at_s < plan_.burst_from_ns / 1e9 ? 0 : at_s < plan_.burst_to_ns / 1e9 ? 1 : 2;
}

// Rates and loss are those of the last half second, or of the current phase if that is shorter.
watcher::moment watcher::at(std::span<const sample> looks) const {
    moment now;
    if (looks.empty()) return now;
    const auto& last = looks.back();
    now.at_s = last.at_s;
    now.phase = phase_of(last.at_s);
    now.depth = last.so_far.queued;
    auto first = looks.size() - 1;
    while (first != 0 && last.at_s - looks[first].at_s < 0.5 && phase_of(looks[first - 1].at_s) == now.phase) --first;
    for (auto i = first; i != looks.size(); ++i) {
        now.sojourn_p99_ms = std::max(now.sojourn_p99_ms, looks[i].sojourn_p99_ms);
        now.delay_p99_ms = std::max(now.delay_p99_ms, looks[i].delay_p99_ms);
    }
    const auto& before = looks[first];
    const double took_s = last.at_s - before.at_s;
    if (took_s <= 0) return now;
    const auto offered = static_cast<double>(last.so_far.offered - before.so_far.offered);
    const auto gone =
        static_cast<double>(last.so_far.refused + last.so_far.lost() - before.so_far.refused - before.so_far.lost());
    now.source_per_s = offered / took_s;
    now.sink_per_s = static_cast<double>(last.so_far.delivered - before.so_far.delivered) / took_s;
    now.loss = offered > 0 ? gone / offered : 0;
    return now;
}

std::string watcher::line(const moment& now) const {
    return fmt::format(
        "{}{}: {} to {:.1f} s: depth {}, source {}, sink {}, lost {:.1f} %, p99 {} in the queue, {} in all\n", name_,
        place_, phase_names[now.phase], now.at_s, now.depth, with_unit("_per_s", now.source_per_s),
        with_unit("_per_s", now.sink_per_s), now.loss * 100, ms(now.sojourn_p99_ms), ms(now.delay_p99_ms));
}

std::string watcher::bright(const std::string& text) const {
    return where_.colours ? "\x1b[1;36m" + text + "\x1b[0m" : text;
}

std::string watcher::picture(const moment& now, std::span<const sample> looks) const {
    const auto loss = fmt::format("{:.1f} %", now.loss * 100);
    return fmt::format("{}{}  {}, {:.1f} s\n", bright(name_), place_, phase_names[now.phase], now.at_s) +
           fmt::format("  depth   {:<9} {}\n", now.depth,
                       bright(depths(looks, std::max<std::size_t>(where_.columns, 30) - 22))) +
           fmt::format("  source  {:<9} sink {:<9} lost {}\n", with_unit("_per_s", now.source_per_s),
                       with_unit("_per_s", now.sink_per_s), now.loss > 0 ? bright(loss) : loss) +
           fmt::format("  p99     {:<9} in the queue, {} from the due time\n", ms(now.sojourn_p99_ms),
                       ms(now.delay_p99_ms));
}

void watcher::draw(std::span<const sample> looks) {
    std::string text;
    if (lines_drawn_ != 0) text += fmt::format("\x1b[{}A", lines_drawn_);
    const auto drawn = picture(at(looks), looks);
    lines_drawn_ = static_cast<std::size_t>(std::count(drawn.begin(), drawn.end(), '\n'));
    std::size_t from = 0;
    while (from != drawn.size()) {
        const auto to = drawn.find('\n', from) + 1;
        text += "\x1b[2K" + drawn.substr(from, to - from);
        from = to;
    }
    std::fputs(text.c_str(), stderr);
}

void watcher::look(const board& run) {
    const auto looks = looks_of(run);
    if (looks.empty()) return;
    if (where_.redraws) return draw(looks);
    for (; phases_told_ < phase_of(looks.back().at_s); ++phases_told_) {
        auto until = looks.size();
        while (until != 0 && phase_of(looks[until - 1].at_s) > phases_told_) --until;
        if (until != 0) std::fputs(line(at(looks.first(until))).c_str(), stderr);
    }
}

void watcher::end(const board& run) {
    look(run);
    const auto looks = looks_of(run);
    if (!where_.redraws && !looks.empty()) std::fputs(line(at(looks)).c_str(), stderr);
}

}  // namespace weir::tool::pressure
