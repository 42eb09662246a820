// SPDX-License-Identifier: MIT
//
// A session as text for people, as one line to compare policies by, and for Prometheus.
#pragma once

#include <fmt/format.h>
#include <weir/histogram.hpp>
#include <weir/stats_text.hpp>

#include <string>
#include <string_view>

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

/// The heads of the columns of one_line().
inline std::string heads() {
    return fmt::format("{:<12}{:>10}{:>10}{:>10}{:>10}{:>8}{:>8}   {:>10}{:>10}   {:>10}{:>10}{:>10}{:>10}\n", "policy",
                       "messages", "in gaps", "refused", "lost", "orders", "gated", "book p50", "p99", "order p50",
                       "p99", "p99.9", "max us");
}

inline std::string one_line(const session_result& of, std::string_view policy) {
    const ledger& l = of.counts;
    const auto us = [](const weir::histogram& ns, double percent) {
        return static_cast<double>(ns.percentile(percent)) / 1000;
    };
    const weir::histogram& book = of.tick_to_book_ns;
    const weir::histogram& order = of.tick_to_order_ns;
    return fmt::format(
        "{:<12}{:>10}{:>10}{:>10}{:>10}{:>8}{:>8}   {:>10.1f}{:>10.1f}   {:>10.1f}{:>10.1f}{:>10.1f}{:>10.1f}\n",
        policy, l.feed.messages + l.feed.lost_messages, l.feed.lost_messages, l.ticks.refused, l.ticks.lost(),
        l.gateway.sent, l.gate_refused, us(book, 50), us(book, 99), us(order, 50), us(order, 99), us(order, 99.9),
        us(order, 100));
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
