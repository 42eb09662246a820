// SPDX-License-Identifier: MIT
//
// The ledgers of a pipeline as text for people: a line for each edge, and a line for each stage.
//
//     std::puts(to_text(p).c_str());  // all of it, and why it failed if it did; or to_text(p.edges()), to_text(p.stages())
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "weir/detail/base/number_text.hpp"
#include "weir/detail/base/plain_text.hpp"
#include "weir/pipeline.hpp"

namespace weir {

namespace detail {

inline constexpr std::array<named_number<stage_ledger>, 4> stage_numbers{{
    {"emitted", &stage_ledger::emitted},
    {"held", &stage_ledger::held},
    {"shed", &stage_ledger::shed},
    {"lost", &stage_ledger::lost},
}};

template <class Ledger>
std::string lines_of(std::span<const Ledger> ledgers);

}  // namespace detail

/// "edge      feed to book  1000 accepted = 990 delivered + 10 queued + 0 lost, capacity 64", as a line. It also says when the numbers do
/// not add up, since items moved while they were read. Any thread may ask; they allocate. O(k) for k ledgers.
inline std::string to_text(const edge_ledger& e) {
    const bool is_exact = e.accepted == e.delivered + e.queued + e.lost;
    return "edge      " + detail::printable(e.from) + " to " + detail::printable(e.to) + "  " +
           std::to_string(e.accepted) + " accepted = " + std::to_string(e.delivered) + " delivered + " +
           std::to_string(e.queued) + " queued + " + std::to_string(e.lost) + " lost, capacity " +
           std::to_string(e.capacity) + (is_exact ? "\n" : ", seen amid the traffic\n");
}
/// "stage     feed  emitted 1000", as a line, without the numbers that are zero.
inline std::string to_text(const stage_ledger& s) {
    return detail::text_line("stage     " + detail::printable(s.name), detail::stage_numbers, s);
}
/// A line for each: of pipeline::edges(), and of pipeline::stages().
inline std::string to_text(std::span<const edge_ledger> edges) { return detail::lines_of(edges); }
inline std::string to_text(std::span<const stage_ledger> stages) { return detail::lines_of(stages); }

/// Both, the edges first, and then why the pipeline failed, if it did.
inline std::string to_text(const pipeline& p) {
    const std::optional<stage_failure> failed = p.failure();
    return to_text(p.edges()) + to_text(p.stages()) +
           (failed ? "failed    " + detail::printable(failed->what) + "\n" : std::string());
}

template <class Ledger>
std::string detail::lines_of(std::span<const Ledger> ledgers) {
    std::string out;
    for (const Ledger& one : ledgers) out += to_text(one);
    return out;
}

}  // namespace weir
