// SPDX-License-Identifier: MIT
//
// A session as text for people, as one line to compare policies by, and for Prometheus.
#pragma once

#include <fmt/format.h>
#include <weir/histogram.hpp>
#include <weir/histogram_text.hpp>
#include <weir/stats_text.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "session.hpp"

namespace trading {

inline std::string percentiles(const weir::histogram& ns) {
    const auto us = [](std::uint64_t value) { return static_cast<double>(value) / 1000; };
    return fmt::format("p50 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f}  ({} samples)", us(ns.percentile(50)),
                       us(ns.percentile(99)), us(ns.percentile(99.9)), us(ns.max()), ns.count());
}

inline std::string full_text(const session_result& of, std::string_view policy) {
    std::string out = fmt::format("policy {}\n", policy);
    for (const equation& one : equations(of.counts)) out += one.text() + "\n";
    out += fmt::format("most orders in flight {} of {}\n", of.counts.gateway.peak_in_flight, of.counts.gate);
    out += "us from tick to book:   " + percentiles(of.tick_to_book_ns) + "\n";
    out += "us from tick to order:  " + percentiles(of.tick_to_order_ns) + "\n";
    return out;
}

/// What the ring before the book lost, by cause: "12 newest, 34 late", or "nothing".
inline std::string losses(const weir::overflow::ledger& ticks) {
    std::string out;
    const auto add = [&](std::uint64_t lost, const char* cause) {
        if (lost > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", lost, cause);
    };
    add(ticks.refused, "refused");
    add(ticks.lost_newest, "newest");
    add(ticks.lost_oldest, "oldest");
    add(ticks.lost_sampled, "sampled");
    add(ticks.lost_lowest, "lowest");
    add(ticks.lost_late, "late");
    return out.empty() ? "nothing" : out;
}

/// The heads of the columns of one_line().
inline std::string heads() {
    return fmt::format("{:<12}{:>9}{:>9}{:>9}{:>8}{:>8}{:>11}{:>10}{:>11}{:>10}{:>10}{:>10}  {}\n", "policy",
                       "messages", "in gaps", "handled", "orders", "gated", "book: p50", "p99 us", "order: p50", "p99",
                       "p99.9", "max us", "before the book");
}

inline std::string one_line(const session_result& of, std::string_view policy) {
    const ledger& l = of.counts;
    const auto us = [](const weir::histogram& ns, double percent) {
        return static_cast<double>(ns.percentile(percent)) / 1000;
    };
    const weir::histogram& book = of.tick_to_book_ns;
    const weir::histogram& order = of.tick_to_order_ns;
    return fmt::format("{:<12}{:>9}{:>9}{:>9}{:>8}{:>8}{:>11.1f}{:>10.1f}{:>11.1f}{:>10.1f}{:>10.1f}{:>10.1f}  {}\n",
                       policy, l.feed.messages + l.feed.lost_messages, l.feed.lost_messages, l.handled, l.gateway.sent,
                       l.gate_refused, us(book, 50), us(book, 99), us(order, 50), us(order, 99), us(order, 99.9),
                       us(order, 100), losses(l.ticks));
}

inline std::string prometheus_page(const session_result& of, std::string_view policy) {
    const std::vector<std::pair<std::string, std::string>> labels{{"policy", std::string(policy)}};
    return weir::to_prometheus({.name = "tick_to_order_seconds",
                                .help = "From the receipt of a datagram to the order that it led to.",
                                .from = 1024},
                               {{labels, &of.tick_to_order_ns}}) +
           weir::to_prometheus(
               {.name = "tick_to_book_seconds", .help = "From the receipt of a datagram to the book.", .from = 1024},
               {{labels, &of.tick_to_book_ns}}) +
           weir::to_prometheus({{"ticks", of.counts.ticks}});
}

}  // namespace trading
