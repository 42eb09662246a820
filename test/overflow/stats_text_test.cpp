// SPDX-License-Identifier: MIT
//
// Statistics as text, of snapshots in which no two numbers are alike.
#include <weir/stats_text.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace {

namespace stats = weir::stats;

stats::snapshot of_unequal_numbers(std::uint64_t more) {
    stats::snapshot s;
    s.capacity_items = more + 101;
    s.queued_items = more + 102;
    s.producer.pushed = more + 103;
    s.producer.full = more + 104;
    s.producer.no_credit = more + 105;
    s.producer.busy = more + 106;
    s.producer.closed = more + 107;
    s.producer.timeout = more + 108;
    s.producer.parks = more + 109;
    s.producer.wakes = more + 110;
    s.producer.high_water_items = more + 111;
    s.producer.full_ns = more + 112;
    s.producer.no_credit_ns = more + 113;
    s.consumer.popped = more + 114;
    s.consumer.empty = more + 115;
    s.consumer.busy = more + 116;
    s.consumer.closed = more + 117;
    s.consumer.timeout = more + 118;
    s.consumer.parks = more + 119;
    s.consumer.wakes = more + 120;
    s.consumer.empty_ns = more + 121;
    return s;
}

weir::overflow::ledger of_unequal_items(std::uint64_t more) {
    weir::overflow::ledger l;
    l.offered = more + 1000;
    l.refused = more + 1;
    l.delivered = more + 2;
    l.queued = more + 4;
    l.lost_newest = more + 8;
    l.lost_oldest = more + 16;
    l.lost_sampled = more + 32;
    l.lost_lowest = more + 64;
    l.lost_late = more + 128;
    return l;
}

TEST(stats_text, has_each_number_by_its_name) {
    EXPECT_EQ(
        weir::to_text(of_unequal_numbers(0)),
        "ring      102 of 101 items queued\n"
        "producer  pushed 103  full 104  no_credit 105  busy 106  closed 107  timeout 108  parks 109  wakes 110  "
        "high_water_items 111  full_ns 112  no_credit_ns 113\n"
        "consumer  popped 114  empty 115  busy 116  closed 117  timeout 118  parks 119  wakes 120  empty_ns 121\n");
    EXPECT_EQ(weir::to_text(stats::snapshot{}),
              "ring      0 of 0 items queued\nproducer  nothing yet\nconsumer  nothing yet\n");
    EXPECT_EQ(weir::to_text(of_unequal_items(0)),
              "items  offered 1000  refused 1  delivered 2  queued 4  lost_newest 8  lost_oldest 16  lost_sampled 32  "
              "lost_lowest 64  lost_late 128\n"
              "999 accepted = 2 delivered + 4 queued + 248 lost, seen amid the traffic\n");
    auto exact = of_unequal_items(0);
    exact.offered = 255;
    EXPECT_TRUE(weir::to_text(exact).ends_with("\n254 accepted = 2 delivered + 4 queued + 248 lost\n"));
}

TEST(stats_text, has_each_number_under_its_key) {
    EXPECT_EQ(
        weir::to_json(of_unequal_numbers(0)),
        R"({"capacity_items": 101, "queued_items": 102, "producer": {"pushed": 103, "full": 104, "no_credit": 105, )"
        R"("busy": 106, "closed": 107, "timeout": 108, "parks": 109, "wakes": 110, "high_water_items": 111, )"
        R"("full_ns": 112, "no_credit_ns": 113}, "consumer": {"popped": 114, "empty": 115, "busy": 116, )"
        R"("closed": 117, "timeout": 118, "parks": 119, "wakes": 120, "empty_ns": 121}})");
    EXPECT_EQ(weir::to_json(of_unequal_items(0)),
              R"({"offered": 1000, "refused": 1, "delivered": 2, "queued": 4, "lost_newest": 8, "lost_oldest": 16, )"
              R"("lost_sampled": 32, "lost_lowest": 64, "lost_late": 128})");
}

TEST(stats_text, has_each_number_in_its_metric) {
    auto feed = of_unequal_numbers(0);
    feed.producer.full_ns = 999'999'999;
    feed.producer.no_credit_ns = 1'000'000'000;
    feed.consumer.empty_ns = 12'000'000'034;
    EXPECT_EQ(weir::to_prometheus({{"feed", feed}, {"orders", of_unequal_numbers(100)}}),
              R"(# HELP weir_ring_capacity_items Items that the ring holds at most.
# TYPE weir_ring_capacity_items gauge
weir_ring_capacity_items{ring="feed"} 101
weir_ring_capacity_items{ring="orders"} 201
# HELP weir_ring_queued_items Items in the ring.
# TYPE weir_ring_queued_items gauge
weir_ring_queued_items{ring="feed"} 102
weir_ring_queued_items{ring="orders"} 202
# HELP weir_ring_high_water_items The most items that were in the ring after a push.
# TYPE weir_ring_high_water_items gauge
weir_ring_high_water_items{ring="feed"} 111
weir_ring_high_water_items{ring="orders"} 211
# HELP weir_ring_pushed_items_total Items that went in.
# TYPE weir_ring_pushed_items_total counter
weir_ring_pushed_items_total{ring="feed"} 103
weir_ring_pushed_items_total{ring="orders"} 203
# HELP weir_ring_popped_items_total Items that came out.
# TYPE weir_ring_popped_items_total counter
weir_ring_popped_items_total{ring="feed"} 114
weir_ring_popped_items_total{ring="orders"} 214
# HELP weir_ring_refusals_total Calls that could not proceed at once, by end and cause.
# TYPE weir_ring_refusals_total counter
weir_ring_refusals_total{ring="feed",end="producer",cause="full"} 104
weir_ring_refusals_total{ring="orders",end="producer",cause="full"} 204
weir_ring_refusals_total{ring="feed",end="producer",cause="no_credit"} 105
weir_ring_refusals_total{ring="orders",end="producer",cause="no_credit"} 205
weir_ring_refusals_total{ring="feed",end="consumer",cause="empty"} 115
weir_ring_refusals_total{ring="orders",end="consumer",cause="empty"} 215
weir_ring_refusals_total{ring="feed",end="producer",cause="busy"} 106
weir_ring_refusals_total{ring="orders",end="producer",cause="busy"} 206
weir_ring_refusals_total{ring="feed",end="consumer",cause="busy"} 116
weir_ring_refusals_total{ring="orders",end="consumer",cause="busy"} 216
weir_ring_refusals_total{ring="feed",end="producer",cause="closed"} 107
weir_ring_refusals_total{ring="orders",end="producer",cause="closed"} 207
weir_ring_refusals_total{ring="feed",end="consumer",cause="closed"} 117
weir_ring_refusals_total{ring="orders",end="consumer",cause="closed"} 217
weir_ring_refusals_total{ring="feed",end="producer",cause="timeout"} 108
weir_ring_refusals_total{ring="orders",end="producer",cause="timeout"} 208
weir_ring_refusals_total{ring="feed",end="consumer",cause="timeout"} 118
weir_ring_refusals_total{ring="orders",end="consumer",cause="timeout"} 218
# HELP weir_ring_parks_total Times that a thread went to sleep, by end.
# TYPE weir_ring_parks_total counter
weir_ring_parks_total{ring="feed",end="producer"} 109
weir_ring_parks_total{ring="orders",end="producer"} 209
weir_ring_parks_total{ring="feed",end="consumer"} 119
weir_ring_parks_total{ring="orders",end="consumer"} 219
# HELP weir_ring_wakes_total Times that an end woke the other one, a system call each.
# TYPE weir_ring_wakes_total counter
weir_ring_wakes_total{ring="feed",end="producer"} 110
weir_ring_wakes_total{ring="orders",end="producer"} 210
weir_ring_wakes_total{ring="feed",end="consumer"} 120
weir_ring_wakes_total{ring="orders",end="consumer"} 220
# HELP weir_ring_short_seconds_total Time that an end was short of room, credit or items, by cause.
# TYPE weir_ring_short_seconds_total counter
weir_ring_short_seconds_total{ring="feed",end="producer",cause="full"} 0.999999999
weir_ring_short_seconds_total{ring="orders",end="producer",cause="full"} 0.000000212
weir_ring_short_seconds_total{ring="feed",end="producer",cause="no_credit"} 1.000000000
weir_ring_short_seconds_total{ring="orders",end="producer",cause="no_credit"} 0.000000213
weir_ring_short_seconds_total{ring="feed",end="consumer",cause="empty"} 12.000000034
weir_ring_short_seconds_total{ring="orders",end="consumer",cause="empty"} 0.000000221
)");
}

TEST(stats_text, has_each_number_of_a_ledger_in_its_metric) {
    EXPECT_EQ(weir::to_prometheus({{"feed", of_unequal_items(0)}, {"a\"b\\c\nd", of_unequal_items(3000)}}),
              R"(# HELP weir_overflow_offered_items_total Items that were offered.
# TYPE weir_overflow_offered_items_total counter
weir_overflow_offered_items_total{ring="feed"} 1000
weir_overflow_offered_items_total{ring="a\"b\\c\nd"} 4000
# HELP weir_overflow_refused_items_total Items that stayed with the caller.
# TYPE weir_overflow_refused_items_total counter
weir_overflow_refused_items_total{ring="feed"} 1
weir_overflow_refused_items_total{ring="a\"b\\c\nd"} 3001
# HELP weir_overflow_delivered_items_total Items that were popped.
# TYPE weir_overflow_delivered_items_total counter
weir_overflow_delivered_items_total{ring="feed"} 2
weir_overflow_delivered_items_total{ring="a\"b\\c\nd"} 3002
# HELP weir_overflow_queued_items Items in the ring.
# TYPE weir_overflow_queued_items gauge
weir_overflow_queued_items{ring="feed"} 4
weir_overflow_queued_items{ring="a\"b\\c\nd"} 3004
# HELP weir_overflow_lost_items_total Items that were accepted and lost, by cause.
# TYPE weir_overflow_lost_items_total counter
weir_overflow_lost_items_total{ring="feed",cause="newest"} 8
weir_overflow_lost_items_total{ring="a\"b\\c\nd",cause="newest"} 3008
weir_overflow_lost_items_total{ring="feed",cause="oldest"} 16
weir_overflow_lost_items_total{ring="a\"b\\c\nd",cause="oldest"} 3016
weir_overflow_lost_items_total{ring="feed",cause="sampled"} 32
weir_overflow_lost_items_total{ring="a\"b\\c\nd",cause="sampled"} 3032
weir_overflow_lost_items_total{ring="feed",cause="lowest"} 64
weir_overflow_lost_items_total{ring="a\"b\\c\nd",cause="lowest"} 3064
weir_overflow_lost_items_total{ring="feed",cause="late"} 128
weir_overflow_lost_items_total{ring="a\"b\\c\nd",cause="late"} 3128
)");
}

stats::message_snapshot of_unequal_bytes() {
    const stats::snapshot s = of_unequal_numbers(0);
    return {201, 202, 203, 204, 205, s.producer, s.consumer};
}
stats::broadcast_snapshot of_unequal_readers() {
    return {301,
            of_unequal_numbers(0).producer,
            {{"the \"book\"", weir::reader_mode::gated, 302, 0, false},
             {"screen\n", weir::reader_mode::lossy, 303, 304, false},
             {"", weir::reader_mode::lossy, 305, 306, true}}};
}

TEST(stats_text, has_the_bytes_of_message_rings) {
    EXPECT_THAT(weir::to_text(of_unequal_bytes()),
                testing::StartsWith(
                    "ring      202 of 201 bytes queued, most 205; 203 bytes pushed, 204 popped\nproducer  pushed 103"));
    const std::string json = weir::to_json(of_unequal_bytes());
    EXPECT_THAT(json,
                testing::StartsWith(
                    "{\"capacity_bytes\": 201, \"queued_bytes\": 202, \"pushed_bytes\": 203, \"popped_bytes\": 204, "
                    "\"high_water_bytes\": 205, \"producer\": {\"pushed\": 103"));
    EXPECT_THAT(json, testing::EndsWith("\"empty_ns\": 121}}"));
    const std::string page = weir::to_prometheus({{"feed", of_unequal_bytes()}});
    for (const char* const line :
         {"weir_message_ring_capacity_bytes{ring=\"feed\"} 201\n", "weir_message_ring_queued_bytes{ring=\"feed\"} 202\n",
          "weir_message_ring_high_water_bytes{ring=\"feed\"} 205\n",
          "weir_message_ring_pushed_bytes_total{ring=\"feed\"} 203\n",
          "weir_message_ring_popped_bytes_total{ring=\"feed\"} 204\n",
          "weir_message_ring_pushed_messages_total{ring=\"feed\"} 103\n",
          "weir_message_ring_popped_messages_total{ring=\"feed\"} 114\n",
          "weir_message_ring_refusals_total{ring=\"feed\",end=\"consumer\",cause=\"timeout\"} 118\n",
          "weir_message_ring_short_seconds_total{ring=\"feed\",end=\"consumer\",cause=\"empty\"} 0.000000121\n"}) {
        EXPECT_NE(page.find(line), std::string::npos) << line << page;
    }
}

TEST(stats_text, has_every_reader_of_a_broadcast_ring) {
    EXPECT_EQ(weir::to_text(of_unequal_readers()),
              "ring      301 items, 3 readers\n"
              "producer  pushed 103  full 104  no_credit 105  busy 106  closed 107  timeout 108  parks 109  wakes 110  "
              "high_water_items 111  full_ns 112  no_credit_ns 113\n"
              "reader    gated  lag 302  missed 0  the \"book\"\n"
              "reader    lossy  lag 303  missed 304  screen?\n"
              "reader    ended  lag 305  missed 306  \n");
    const std::string json = weir::to_json(of_unequal_readers());
    EXPECT_EQ(json.substr(json.find("\"readers\"")),
              "\"readers\": [{\"lag\": 302, \"missed\": 0, \"name\": \"the \\\"book\\\"\", \"mode\": \"gated\"}, "
              "{\"lag\": 303, \"missed\": 304, \"name\": \"screen\\u000a\", \"mode\": \"lossy\"}, "
              "{\"lag\": 305, \"missed\": 306, \"name\": \"\", \"mode\": \"ended\"}]}");
    const std::string page = weir::to_prometheus({{"feed", of_unequal_readers()}});
    for (const char* const line :
         {"weir_broadcast_ring_capacity_items{ring=\"feed\"} 301\n",
          "weir_broadcast_ring_pushed_items_total{ring=\"feed\"} 103\n",
          "weir_broadcast_ring_lag_items{ring=\"feed\",reader=\"the \\\"book\\\"\",mode=\"gated\"} 302\n",
          "weir_broadcast_ring_lag_items{ring=\"feed\",reader=\"screen\\n\",mode=\"lossy\"} 303\n",
          "weir_broadcast_ring_missed_items_total{ring=\"feed\",reader=\"\",mode=\"ended\"} 306\n",
          "weir_broadcast_ring_refusals_total{ring=\"feed\",end=\"producer\",cause=\"full\"} 104\n"}) {
        EXPECT_NE(page.find(line), std::string::npos) << line << page;
    }
    EXPECT_EQ(page.find("end=\"consumer\""), std::string::npos) << "readers are no end of their own";
}

// Names come from a program's user: a byte that is not UTF-8, in a page or a document, makes a reader refuse all of it.
TEST(stats_text, is_utf8_whatever_a_name_is) {
    stats::broadcast_snapshot s;
    s.readers = {{"\xff\xc3(m\xc3\xa9\xe2\x82", weir::reader_mode::gated, 1, 0, false}};
    const std::string shown = "\xef\xbf\xbd\xef\xbf\xbd(m\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd";
    EXPECT_THAT(weir::to_json(s), testing::HasSubstr("\"name\": \"" + shown + "\""));
    EXPECT_THAT(weir::to_prometheus({{"feed", s}}), testing::HasSubstr("reader=\"" + shown + "\""));
    EXPECT_THAT(weir::to_text(s), testing::EndsWith("missed 0  ?\?(m\xc3\xa9?\?\n"));
    EXPECT_THAT(weir::to_prometheus({{"\xed\xa0\x80", weir::overflow::ledger{}}}),
                testing::HasSubstr("{ring=\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"} 0\n"));
}

// C1 begins escape sequences, too: 9b is that of ESC and [.
TEST(stats_text, for_people_has_no_control_characters) {
    stats::broadcast_snapshot s;
    s.readers = {{"a\x1b[2J\x7f\xc2\x9b\n", weir::reader_mode::gated, 1, 0, false}};
    EXPECT_THAT(weir::to_text(s), testing::EndsWith("missed 0  a?[2J?\?\?\n"));
}

}  // namespace
