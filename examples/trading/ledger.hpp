// SPDX-License-Identifier: MIT
//
// What became of everything, from the datagrams that were made to the orders that were acknowledged, and whether it adds up.
#pragma once

#include <weir/overflow_policy.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange.hpp"
#include "feed_watch.hpp"
#include "gateway.hpp"
#include "replayer.hpp"

namespace trading {

struct ledger {
    std::optional<replayed> sender;  ///< if the feed was replayed in this process
    std::uint64_t received = 0;      ///< datagrams, by the receiver
    feed_counts feed;                ///< by the feed handler
    weir::overflow::ledger ticks;    ///< by the ring between feed handler and book
    std::uint64_t handled = 0;       ///< ticks, by the book
    std::uint64_t gap_total = 0;     ///< the sum of the gaps that the ring showed to the book
    std::uint64_t updates = 0;       ///< published by the book
    std::uint64_t strategy_saw = 0;
    std::uint64_t recorded = 0;
    std::uint64_t recorder_missed = 0;
    std::uint64_t decided = 0;  ///< orders that the strategy wanted
    std::uint64_t gate_refused = 0;
    std::size_t gate = 0;  ///< its capacity
    gateway_counts gateway;
    exchange_counts exchange;
    std::uint64_t log_offered = 0;
    std::uint64_t log_dropped = 0;
    std::uint64_t log_written = 0;

    /// Lost in the feed, but not withheld: dropped by the kernel, or refused as damaged.
    std::uint64_t lost_on_the_way() const noexcept {
        return feed.lost_datagrams - std::min(feed.withheld.datagrams, feed.lost_datagrams);
    }
};

/// A line of the ledger: `whole` = the sum of `parts`.
struct equation {
    using part = std::pair<std::string, std::uint64_t>;
    part whole;
    std::vector<part> parts;

    bool holds() const noexcept {
        std::uint64_t sum = 0;
        for (const part& one : parts) sum += one.second;
        return sum == whole.second;
    }
    std::string text() const {
        std::string out = std::to_string(whole.second) + " " + whole.first + " = ";
        for (const part& one : parts)
            out += (&one == parts.data() ? "" : " + ") + std::to_string(one.second) + " " + one.first;
        return out;
    }
};

/// Everything that must be true at the end.
inline std::vector<equation> equations(const ledger& l) {
    const std::uint64_t made = l.feed.good + l.feed.lost_datagrams;
    std::vector<equation> all{
        {{"datagrams made", l.sender ? l.sender->datagrams : made},
         {{"handled", l.feed.good}, {"withheld", l.feed.withheld.datagrams}, {"lost on the way", l.lost_on_the_way()}}},
        {{"datagrams received", l.received},
         {{"handled", l.feed.good}, {"damaged", l.feed.damaged}, {"stale", l.feed.stale}, {"ends", l.feed.after_end}}},
        {{"messages made", l.sender ? l.sender->messages : l.feed.messages + l.feed.lost_messages},
         {{"received", l.feed.messages}, {"lost in gaps", l.feed.lost_messages}}},
        {{"messages received", l.feed.messages},
         {{"handled by the book", l.handled},
          {"refused", l.ticks.refused},
          {"lost as newest", l.ticks.lost_newest},
          {"as oldest", l.ticks.lost_oldest},
          {"sampled", l.ticks.lost_sampled},
          {"as lowest", l.ticks.lost_lowest},
          {"late", l.ticks.lost_late}}},
        {{"updates published", l.updates}, {{"seen by the strategy", l.strategy_saw}}},
        {{"updates published", l.updates}, {{"recorded", l.recorded}, {"missed by the recorder", l.recorder_missed}}},
        {{"orders decided", l.decided}, {{"sent", l.gateway.sent}, {"refused by the gate", l.gate_refused}}},
        {{"orders sent", l.gateway.sent}, {{"acknowledged", l.gateway.acknowledged}}},
        {{"orders at the exchange", l.exchange.orders}, {{"acknowledged", l.gateway.acknowledged}}},
        {{"log records", l.log_offered}, {{"written", l.log_written}, {"dropped", l.log_dropped}}},
    };
    if (l.sender) {
        all.push_back({{"datagrams withheld by the sender", l.sender->withheld.datagrams},
                       {{"withheld as the end says", l.feed.withheld.datagrams}}});
        all.push_back({{"messages withheld by the sender", l.sender->withheld.messages},
                       {{"withheld as the end says", l.feed.withheld.messages}}});
    }
    return all;
}

/// A sentence for each thing that is wrong; none if all is as it must be.
inline std::vector<std::string> faults(const ledger& l) {
    std::vector<std::string> found;
    for (const equation& one : equations(l)) {
        if (!one.holds()) found.push_back("it does not add up: " + one.text());
    }
    const auto bound = [&](const char* what, std::uint64_t value, std::uint64_t most) {
        if (value > most)
            found.push_back(std::to_string(value) + " " + what + ", where " + std::to_string(most) + " is the most");
    };
    bound("orders were in flight at once", l.gateway.peak_in_flight, l.gate);
    bound("orders were at the exchange at once", l.exchange.peak_pending, l.gate);
    bound("orders reached the exchange out of order", l.exchange.out_of_order, 0);
    bound("damaged orders reached the exchange", l.exchange.damaged, 0);
    bound("acknowledgements were of no order in flight", l.gateway.unknown, 0);
    bound("datagrams withheld, as the end says", l.feed.withheld.datagrams, l.feed.lost_datagrams);
    bound("messages withheld, as the end says", l.feed.withheld.messages, l.feed.lost_messages);
    bound("ticks in gaps that the book saw", l.gap_total, l.ticks.lost());
    return found;
}

}  // namespace trading
