// SPDX-License-Identifier: MIT
//
// Gaps in the feed are counted to the message, whatever is lost, doubled, late or damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "examples/trading/feed_script.hpp"
#include "examples/trading/feed_watch.hpp"

namespace {

using namespace trading;
using bytes = std::vector<std::byte>;

bytes datagram(std::uint32_t number, std::uint64_t first, unsigned messages) {
    feed::datagram_writer writer(number, first);
    for (unsigned i = 0; i != messages; ++i) (void)writer.add({feed::type::quote, 0, feed::side::buy, 1, 1, {}});
    const auto made = writer.finish();
    return {made.begin(), made.end()};
}
bytes end(std::uint32_t number, std::uint64_t first, feed::withheld_counts withheld = {}) {
    feed::datagram_writer writer(number, first);
    const auto made = writer.finish(withheld);
    return {made.begin(), made.end()};
}

struct seen {
    feed_watch watch;
    std::string what;  // "m1 m2 gap(1,2) m5"

    feed::verdict take(const bytes& one) {
        return watch.take(
            one,
            [&](const feed_gap& gap) {
                what += "gap(" + std::to_string(gap.datagrams) + "," + std::to_string(gap.messages) + ") ";
            },
            [&](const feed::message&, std::uint64_t sequence) { what += "m" + std::to_string(sequence) + " "; });
    }
};

TEST(feed_watch, passes_messages_on_with_their_sequence_numbers) {
    seen s;
    (void)s.take(datagram(1, 1, 2));
    (void)s.take(datagram(2, 3, 0));
    (void)s.take(datagram(3, 3, 1));
    (void)s.take(end(4, 4));
    EXPECT_EQ(s.what, "m1 m2 m3 ");
    EXPECT_TRUE(s.watch.has_ended());
    EXPECT_EQ(s.watch.counts().good, 3U);
    EXPECT_EQ(s.watch.counts().messages, 3U);
    EXPECT_EQ(s.watch.counts().gaps, 0U);
}

TEST(feed_watch, counts_gaps_at_the_beginning_in_the_middle_and_at_the_end) {
    seen s;
    (void)s.take(datagram(3, 10, 1));
    (void)s.take(datagram(4, 11, 1));
    (void)s.take(datagram(6, 15, 1));
    (void)s.take(datagram(8, 16, 1));  // a heartbeat was lost, and no message
    (void)s.take(end(10, 20, {2, 9}));
    EXPECT_EQ(s.what, "gap(2,9) m10 m11 gap(1,3) m15 gap(1,0) m16 gap(1,3) ");
    const feed_counts& counts = s.watch.counts();
    EXPECT_EQ(counts.gaps, 4U);
    EXPECT_EQ(counts.lost_datagrams, 5U);
    EXPECT_EQ(counts.lost_messages, 15U);
    EXPECT_EQ(counts.good + counts.lost_datagrams, 9U);
    EXPECT_EQ(counts.messages + counts.lost_messages, 19U);
    EXPECT_EQ(counts.withheld.datagrams, 2U);
    EXPECT_EQ(counts.withheld.messages, 9U);
}

TEST(feed_watch, uses_nothing_of_what_came_twice_or_too_late) {
    seen s;
    (void)s.take(datagram(2, 3, 1));
    (void)s.take(datagram(2, 3, 1));
    (void)s.take(datagram(1, 1, 2));
    (void)s.take(end(3, 4));
    (void)s.take(end(3, 4));
    EXPECT_EQ(s.what, "gap(1,2) m3 ");
    EXPECT_EQ(s.watch.counts().stale, 2U);
    EXPECT_EQ(s.watch.counts().after_end, 2U);
    EXPECT_EQ(s.watch.counts().lost_datagrams, 1U);
}

TEST(feed_watch, counts_a_damaged_datagram_and_the_gap_that_it_leaves) {
    seen s;
    bytes cut = datagram(1, 1, 2);
    cut.pop_back();
    EXPECT_EQ(s.take(cut), feed::verdict::wrong_length);
    (void)s.take(datagram(2, 3, 1));
    EXPECT_EQ(s.what, "gap(1,2) m3 ");
    EXPECT_EQ(s.watch.counts().damaged, 1U);
}

TEST(feed_watch, refuses_counters_that_contradict_each_other) {
    seen s;
    (void)s.take(datagram(1, 1, 2));
    EXPECT_NE(s.take(datagram(2, 4, 1)), feed::verdict::good) << "a message is missing, but no datagram";
    EXPECT_NE(s.take(datagram(3, 2, 1)), feed::verdict::good) << "a message would come twice";
    EXPECT_EQ(s.take(datagram(2, 3, 1)), feed::verdict::good);
    EXPECT_EQ(s.what, "m1 m2 m3 ");
    EXPECT_EQ(s.watch.counts().damaged, 2U);
}

TEST(feed_watch, accounts_for_every_message_of_a_feed_from_which_any_datagrams_are_lost) {
    std::mt19937 random(5);
    for (unsigned round = 0; round != 50; ++round) {
        feed_script script({.seed = round, .datagrams = 200, .withheld = 0.05});
        seen s;
        std::uint64_t delivered = 0, in_delivered = 0;
        while (const auto step = script.next()) {
            if (step->is_withheld || random() % 8 == 0) continue;
            feed::header head;
            (void)feed::read(step->datagram, head);
            in_delivered += head.messages;
            ++delivered;
            (void)s.take(bytes(step->datagram.begin(), step->datagram.end()));
        }
        const auto last = script.end();
        (void)s.take(bytes(last.begin(), last.end()));
        const feed_counts& counts = s.watch.counts();
        ASSERT_EQ(counts.good, delivered);
        ASSERT_EQ(counts.messages, in_delivered);
        ASSERT_EQ(counts.good + counts.lost_datagrams, script.datagrams());
        ASSERT_EQ(counts.messages + counts.lost_messages, script.messages());
        ASSERT_EQ(counts.withheld.datagrams, script.withheld().datagrams);
    }
}

}  // namespace
