// SPDX-License-Identifier: MIT
//
// Whole sessions: a short feed with gaps and bursts, through every thread, with each policy.
#include <weir/histogram.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "examples/trading/crew.hpp"
#include "examples/trading/feed_script.hpp"
#include "examples/trading/ledger.hpp"
#include "examples/trading/overflow_policies.hpp"
#include "examples/trading/report.hpp"
#include "examples/trading/session.hpp"
#include "examples/trading/udp_socket.hpp"

namespace {

using namespace trading;
using namespace std::chrono_literals;

session_settings with_gaps_and_bursts() {
    session_settings chosen;
    chosen.feed = feed_settings{.datagrams = 1500, .rate = 10'000, .burst_every = 500, .burst = 150, .withheld = 0.01};
    chosen.ticks = 64;
    chosen.book_work_ns = 3000;
    chosen.in_flight = 4;
    chosen.acknowledge_after = 500us;
    chosen.log_bytes = 1024;
    chosen.patience = 60s;
    return chosen;
}

class session : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(each, session, testing::ValuesIn(policy_names),
                         [](const auto& policy) { return std::string(policy.param); });

TEST_P(session, accounts_for_everything_through_gaps_and_bursts) {
    const session_result result = run_session(with_gaps_and_bursts(), GetParam(), udp_socket::at(0));
    const ledger& l = result.counts;
    EXPECT_THAT(faults(l), testing::IsEmpty()) << full_text(result, GetParam());

    ASSERT_TRUE(l.sender);
    EXPECT_EQ(l.sender->datagrams, 1500U);
    EXPECT_GT(l.sender->withheld.datagrams, 0U);
    EXPECT_GE(l.feed.lost_datagrams, l.sender->withheld.datagrams);
    EXPECT_GT(l.feed.gaps, 0U);
    EXPECT_EQ(l.ticks.queued, 0U);
    EXPECT_TRUE(l.ticks.is_exact());
    EXPECT_EQ(l.ticks.offered, l.feed.messages);
    EXPECT_EQ(l.ticks.delivered, l.handled);
    EXPECT_EQ(l.feed.damaged + l.feed.stale, 0U);
    EXPECT_GT(l.handled, 0U);
    EXPECT_GT(l.gateway.sent, 0U);
    EXPECT_LE(l.gateway.peak_in_flight, 4U);
    EXPECT_LE(l.exchange.peak_pending, 4U);
    EXPECT_EQ(result.tick_to_book_ns.count(), l.handled);
    EXPECT_EQ(result.tick_to_order_ns.count(), l.gateway.sent);

    // Only what the policy may give up is given up.
    const weir::overflow::ledger& t = l.ticks;
    const std::string_view policy = GetParam();
    EXPECT_TRUE(policy == "reject" || t.refused == 0);
    EXPECT_TRUE(policy == "sample" || t.lost_sampled == 0);
    EXPECT_TRUE(policy == "shed_lowest" || t.lost_lowest == 0);
    EXPECT_TRUE(policy == "drop_oldest" || t.lost_oldest == 0);
    EXPECT_TRUE(policy == "codel" || t.lost_late == 0);
    EXPECT_TRUE((policy != "block" && policy != "reject" && policy != "shed_lowest") || t.lost_newest == 0);
}

// The sum of what is lost depends on how the threads run, but a book this slow cannot keep up with a feed that is sent at once.
TEST(session_losses, happen_where_the_policy_says) {
    session_settings chosen = with_gaps_and_bursts();
    chosen.feed->rate = 0;
    chosen.feed->datagrams = 400;
    chosen.ticks = 2;
    chosen.book_work_ns = 20'000;
    const auto ticks = [&](std::string_view policy) {
        const session_result result = run_session(chosen, policy, udp_socket::at(0));
        EXPECT_THAT(faults(result.counts), testing::IsEmpty()) << full_text(result, policy);
        return result.counts.ticks;
    };
    EXPECT_EQ(ticks("block").lost(), 0U);
    EXPECT_GT(ticks("reject").refused, 0U);
    EXPECT_GT(ticks("drop_newest").lost_newest, 0U);
    EXPECT_GT(ticks("drop_oldest").lost_oldest, 0U);
    EXPECT_GT(ticks("shed_lowest").lost_lowest, 0U);
}

TEST(session_bound, of_one_order_in_flight_is_kept_and_orders_are_refused) {
    session_settings chosen = with_gaps_and_bursts();
    chosen.in_flight = 1;
    chosen.acknowledge_after = 5ms;
    const session_result result = run_session(chosen, "block", udp_socket::at(0));
    EXPECT_THAT(faults(result.counts), testing::IsEmpty()) << full_text(result, "block");
    EXPECT_EQ(result.counts.gateway.peak_in_flight, 1U);
    EXPECT_EQ(result.counts.exchange.peak_pending, 1U);
    EXPECT_GT(result.counts.gate_refused, 0U);
}

TEST(session_end, is_a_sentence_when_the_feed_falls_silent) {
    // A feed without an end: the test sends one datagram, and no more.
    udp_socket receiver = udp_socket::at(0);
    const udp_socket sender = udp_socket::connected_to(receiver.port());
    feed::datagram_writer one(1, 1);
    ASSERT_TRUE(sender.send(one.finish()));
    session_settings chosen;
    chosen.feed.reset();
    chosen.patience = 100ms;
    try {
        (void)run_session(chosen, "block", std::move(receiver));
        FAIL() << "it ended well";
    } catch (const std::runtime_error& e) {
        EXPECT_THAT(e.what(), testing::StartsWith("the feed was silent for 100 ms before its end; "));
    }
}

TEST(session_end, is_a_sentence_when_a_file_cannot_be_written) {
    session_settings chosen = with_gaps_and_bursts();
    chosen.record_file = "/dev/full";
    EXPECT_THROW((void)run_session(chosen, "block", udp_socket::at(0)), std::runtime_error);
    chosen.record_file = "";
    chosen.log_file = "/nowhere/log";
    EXPECT_THROW((void)run_session(chosen, "block", udp_socket::at(0)), std::runtime_error);
}

TEST(session_policy, that_there_is_not_is_refused_with_the_names_there_are) {
    try {
        (void)run_session(with_gaps_and_bursts(), "hope", udp_socket::at(0));
        FAIL() << "it ran";
    } catch (const std::invalid_argument& e) {
        EXPECT_THAT(e.what(), testing::StartsWith("there is no policy 'hope'; choose block, reject, "));
    }
}

TEST(report, has_the_latencies_for_prometheus) {
    session_result result{{}, weir::histogram(1'000'000), weir::histogram(1'000'000)};
    result.tick_to_order_ns.record(5000, 3);
    result.tick_to_book_ns.record(2000, 7);
    result.counts.ticks.lost_oldest = 11;
    const std::string page = prometheus_page(result, "drop_oldest");
    for (const char* const line :
         {"# TYPE tick_to_order_seconds histogram\n", "tick_to_order_seconds_count{policy=\"drop_oldest\"} 3\n",
          "tick_to_order_seconds_bucket{policy=\"drop_oldest\",le=\"0.000004095\"} 0\n",
          "tick_to_order_seconds_bucket{policy=\"drop_oldest\",le=\"0.000006143\"} 3\n",
          "tick_to_order_seconds_sum{policy=\"drop_oldest\"} 0.000015000\n",
          "tick_to_book_seconds_count{policy=\"drop_oldest\"} 7\n",
          "weir_overflow_lost_items_total{ring=\"ticks\",cause=\"oldest\"} 11\n"}) {
        EXPECT_THAT(page, testing::HasSubstr(line));
    }
}

TEST(crew, stops_all_and_throws_the_first_failure) {
    std::stop_source stop;
    unsigned begun = 0;
    crew threads([&](const std::string&) {}, [&] { stop.request_stop(); });
    threads.start("a", [&] {
        while (!stop.stop_requested()) std::this_thread::yield();
        ++begun;
        throw std::runtime_error("second");
    });
    threads.start("b", [] { throw std::runtime_error("first"); });
    try {
        threads.join();
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "first");
    }
    EXPECT_EQ(begun, 1U);
}

}  // namespace
