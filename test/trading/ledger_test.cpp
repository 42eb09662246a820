// SPDX-License-Identifier: MIT
//
// The ledger notices each number that is off by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "examples/trading/ledger.hpp"

namespace {

using namespace trading;

ledger one_that_adds_up() {
    ledger l;
    l.sender = replayed{100, 400, {5, 20}};
    l.received = 92 + 1 + 2 + 3;
    l.feed.good = 92;
    l.feed.damaged = 1;
    l.feed.stale = 2;
    l.feed.after_end = 3;
    l.feed.messages = 370;
    l.feed.gaps = 3;
    l.feed.lost_datagrams = 8;
    l.feed.lost_messages = 30;
    l.feed.withheld = {5, 20};
    l.ticks.offered = 370;
    l.ticks.refused = 1;
    l.ticks.lost_newest = 2;
    l.ticks.lost_oldest = 3;
    l.ticks.lost_sampled = 4;
    l.ticks.lost_lowest = 5;
    l.ticks.lost_late = 6;
    l.ticks.delivered = l.handled = 349;
    l.gap_total = 20;
    l.updates = l.strategy_saw = 300;
    l.recorded = 290;
    l.recorder_missed = 10;
    l.decided = 40;
    l.gate_refused = 7;
    l.gate = 8;
    l.gateway = {33, 33, 0, 8};
    l.exchange = {33, 33, 0, 0, 8};
    l.log_offered = 50;
    l.log_dropped = 9;
    l.log_written = 41;
    return l;
}

TEST(ledger, that_adds_up_has_no_faults) { EXPECT_THAT(faults(one_that_adds_up()), testing::IsEmpty()); }

TEST(ledger, notices_each_number_that_is_off_by_one) {
    // In the order of the equations; each of these is in one of them at least.
    const std::vector<std::uint64_t& (*)(ledger&)> numbers{
        [](ledger& l) -> auto& { return l.sender->datagrams; },
        [](ledger& l) -> auto& { return l.sender->messages; },
        [](ledger& l) -> auto& { return l.sender->withheld.datagrams; },
        [](ledger& l) -> auto& { return l.sender->withheld.messages; },
        [](ledger& l) -> auto& { return l.received; },
        [](ledger& l) -> auto& { return l.feed.good; },
        [](ledger& l) -> auto& { return l.feed.damaged; },
        [](ledger& l) -> auto& { return l.feed.stale; },
        [](ledger& l) -> auto& { return l.feed.after_end; },
        [](ledger& l) -> auto& { return l.feed.messages; },
        [](ledger& l) -> auto& { return l.feed.lost_datagrams; },
        [](ledger& l) -> auto& { return l.feed.lost_messages; },
        [](ledger& l) -> auto& { return l.ticks.refused; },
        [](ledger& l) -> auto& { return l.ticks.lost_newest; },
        [](ledger& l) -> auto& { return l.ticks.lost_oldest; },
        [](ledger& l) -> auto& { return l.ticks.lost_sampled; },
        [](ledger& l) -> auto& { return l.ticks.lost_lowest; },
        [](ledger& l) -> auto& { return l.ticks.lost_late; },
        [](ledger& l) -> auto& { return l.handled; },
        [](ledger& l) -> auto& { return l.updates; },
        [](ledger& l) -> auto& { return l.strategy_saw; },
        [](ledger& l) -> auto& { return l.recorded; },
        [](ledger& l) -> auto& { return l.recorder_missed; },
        [](ledger& l) -> auto& { return l.decided; },
        [](ledger& l) -> auto& { return l.gate_refused; },
        [](ledger& l) -> auto& { return l.gateway.sent; },
        [](ledger& l) -> auto& { return l.gateway.acknowledged; },
        [](ledger& l) -> auto& { return l.exchange.orders; },
        [](ledger& l) -> auto& { return l.exchange.out_of_order; },
        [](ledger& l) -> auto& { return l.exchange.damaged; },
        [](ledger& l) -> auto& { return l.gateway.unknown; },
        [](ledger& l) -> auto& { return l.log_offered; },
        [](ledger& l) -> auto& { return l.log_dropped; },
        [](ledger& l) -> auto& { return l.log_written; },
    };
    for (std::size_t i = 0; i != numbers.size(); ++i) {
        ledger l = one_that_adds_up();
        ++numbers[i](l);
        EXPECT_THAT(faults(l), testing::Not(testing::IsEmpty())) << "number " << i;
    }
}

TEST(ledger, notices_a_gate_that_did_not_keep_its_bound) {
    ledger l = one_that_adds_up();
    l.gateway.peak_in_flight = 9;
    EXPECT_THAT(faults(l), testing::ElementsAre("9 orders were in flight at once, where 8 is the most"));
    l = one_that_adds_up();
    l.exchange.peak_pending = 9;
    EXPECT_THAT(faults(l), testing::ElementsAre("9 orders were at the exchange at once, where 8 is the most"));
}

TEST(ledger, notices_an_end_that_says_more_was_withheld_than_is_missing) {
    ledger l = one_that_adds_up();
    l.sender->withheld = l.feed.withheld = {8, 30};
    EXPECT_THAT(faults(l), testing::IsEmpty());
    l.sender->withheld.messages = l.feed.withheld.messages = 31;
    EXPECT_THAT(faults(l), testing::ElementsAre("31 messages withheld, as the end says, where 30 is the most"));
    l = one_that_adds_up();
    l.sender->withheld.datagrams = l.feed.withheld.datagrams = 9;
    EXPECT_THAT(faults(l), testing::Contains("9 datagrams withheld, as the end says, where 8 is the most"));
}

TEST(ledger, names_what_does_not_add_up) {
    ledger l = one_that_adds_up();
    ++l.gate_refused;
    EXPECT_THAT(faults(l),
                testing::ElementsAre("it does not add up: 40 orders decided = 33 sent + 8 refused by the gate"));
}

}  // namespace
