// SPDX-License-Identifier: MIT
//
// tcp_source and tcp_sink: credit on the wire bounds what is under way, whatever the peer does.
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "examples/edges/credit_wire.hpp"
#include "test/edges/support.hpp"

namespace {

using example::frame;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using weir_test::eventually;
using weir_test::is_one_line;
using weir_test::ledger;
using weir_test::ledgers;
using weir_test::peer_socket;
using weir_test::port_of;
using weir_test::process;
using weir_test::stands_still;
using weir_test::violation;

using arguments = std::vector<std::string>;

std::vector<ledger> ledgers_of(const process& source) { return ledgers(source.out(), "accepted"); }

/// What it says of itself now; all 0 before the first line.
ledger latest(const process& source) {
    const auto lines = ledgers_of(source);
    return lines.empty() ? ledger{} : lines.back();
}

std::uint64_t sum_to(std::uint64_t count) {
    std::uint64_t sum = 0;
    for (std::uint64_t n = 1; n <= count; ++n) sum += example::value_of(n);
    return sum;
}

/// Frames to and from a program under test.
void send(const peer_socket& to, const frame& one) {
    unsigned char bytes[example::frame_bytes];
    example::encode(one, bytes);
    to.send(bytes, sizeof bytes);
}
frame receive(const peer_socket& from) {
    unsigned char bytes[example::frame_bytes] = {};
    EXPECT_TRUE(from.receive(bytes, sizeof bytes));
    return example::decode(bytes);
}

/// A source, and a sink whose manners the test decides.
struct with_source {
    explicit with_source(const arguments& more, int receive_buffer_bytes = 0)
        : port(listener.listen(receive_buffer_bytes)), source(WEIR_TCP_SOURCE, all(more)), sink(listener.accept()) {}

    arguments all(const arguments& more) const {
        arguments both{"--port", port, "--every", "5"};
        both.insert(both.end(), more.begin(), more.end());
        return both;
    }

    /// The source ends with exit code 1 and this sentence.
    void expect_failure(const std::string& sentence) {
        const auto seen = source.wait_for_outcome();
        EXPECT_EQ(seen.exit_code, 1);
        EXPECT_THAT(seen.err, AllOf(is_one_line(), StartsWith("tcp_source: "), HasSubstr(sentence)));
    }

    peer_socket listener;
    const std::string port;
    process source;
    peer_socket sink;
};

/// A sink, and a source whose manners the test decides.
struct with_sink {
    explicit with_sink(const arguments& more = {"--window", "4"}) : sink(WEIR_TCP_SINK, more) {
        source.connect(port_of(sink));
    }
    void expect_failure(const std::string& sentence) {
        const auto seen = sink.wait_for_outcome();
        EXPECT_EQ(seen.exit_code, 1);
        EXPECT_THAT(seen.err, AllOf(is_one_line(), StartsWith("tcp_sink: "), HasSubstr(sentence)));
    }
    process sink;
    peer_socket source;
};

// ---- A sink that stops

TEST(tcp, a_stopped_sink_stops_the_source_within_capacity_and_window_and_nothing_is_lost) {
    constexpr std::uint64_t count = 8000, capacity = 100, window = 64;
    process sink(WEIR_TCP_SINK, {"--window", std::to_string(window), "--rate", "4000"});
    process source(WEIR_TCP_SOURCE, {"--port", port_of(sink), "--capacity", std::to_string(capacity), "--count",
                                     std::to_string(count), "--every", "5"});
    ASSERT_TRUE(eventually([&] { return latest(source)["finished"] > 200; }));
    sink.stop();
    ASSERT_TRUE(eventually([&] {
        const auto lines = ledgers_of(source);
        return stands_still(lines) && lines.back().at("queued") == capacity &&
               lines.back().at("sent") == lines.back().at("granted");
    })) << source.out();
    const auto stopped = latest(source);
    EXPECT_LT(stopped.at("accepted"), count);
    EXPECT_EQ(stopped.at("accepted"), stopped.at("sent") + capacity);
    const auto lines_then = ledgers_of(source).size();
    ASSERT_TRUE(eventually([&] { return ledgers_of(source).size() > lines_then + 40; }));
    EXPECT_EQ(latest(source), stopped) << "for as long as the sink stands still";

    sink.signal(SIGCONT);
    EXPECT_EQ(source.wait(), 0) << source.err();
    EXPECT_EQ(sink.wait(), 0) << sink.err();
    EXPECT_THAT(sink.out(),
                HasSubstr(fmt::format("finished {} in order, missing 0, sum {:016x}\n", count, sum_to(count))));
    EXPECT_EQ(violation(ledgers_of(source), "accepted", "finished", capacity + window), "");
    EXPECT_EQ(violation(ledgers_of(source), "sent", "finished", window), "") << "sockets hold no more than was granted";
}

TEST(tcp, a_queue_without_a_bound_between_ring_and_socket_is_noticed) {
    constexpr std::uint64_t count = 4000, capacity = 100, window = 64;
    process sink(WEIR_TCP_SINK, {"--window", std::to_string(window), "--rate", "1000"});
    process source(WEIR_TCP_SOURCE_UNBOUNDED, {"--port", port_of(sink), "--capacity", std::to_string(capacity),
                                               "--count", std::to_string(count), "--every", "5"});
    ASSERT_TRUE(eventually([&] { return latest(source)["finished"] > 0; }));
    sink.stop();
    EXPECT_TRUE(eventually([&] {
        return !violation(ledgers_of(source), "accepted", "finished", capacity + window).empty();
    })) << source.out();
    EXPECT_EQ(violation(ledgers_of(source), "sent", "finished", window), "") << "the ring's end leaks, not the wire";
    EXPECT_TRUE(eventually([&] { return latest(source)["accepted"] == count; })) << "which is all there is";
}

TEST(tcp, a_source_that_sheds_refuses_what_it_cannot_take_and_the_sink_sees_the_gap) {
    process sink(WEIR_TCP_SINK, {"--window", "16", "--rate", "2000"});
    process source(WEIR_TCP_SOURCE, {"--port", port_of(sink), "--capacity", "32", "--count", "8000", "--rate", "4000",
                                     "--shed", "--every", "5"});
    ASSERT_TRUE(eventually([&] { return latest(source)["finished"] > 0; }));
    sink.stop();
    ASSERT_TRUE(eventually([&] { return latest(source)["refused"] > 100; }));
    EXPECT_TRUE(source.is_running()) << "who sheds goes on";
    sink.signal(SIGCONT);
    EXPECT_EQ(source.wait(), 0) << source.err();
    EXPECT_EQ(sink.wait(), 0) << sink.err();
    const auto end = latest(source);
    EXPECT_EQ(end.at("accepted") + end.at("refused"), 8000U);
    EXPECT_EQ(end.at("finished"), end.at("accepted"));
    EXPECT_THAT(sink.out(), HasSubstr(fmt::format("finished {} in order, missing ", end.at("accepted"))));
    EXPECT_THAT(sink.out(), testing::Not(HasSubstr("missing 0,")));
    EXPECT_EQ(violation(ledgers_of(source), "accepted", "finished", 32 + 16), "");
}

TEST(tcp, an_item_at_a_time_is_a_window_too) {
    process sink(WEIR_TCP_SINK, {"--window", "1"});
    process source(WEIR_TCP_SOURCE, {"--port", port_of(sink), "--capacity", "1", "--count", "300"});
    EXPECT_EQ(source.wait(), 0) << source.err();
    EXPECT_EQ(sink.wait(), 0) << sink.err();
    EXPECT_THAT(sink.out(), HasSubstr(fmt::format("finished 300 in order, missing 0, sum {:016x}\n", sum_to(300))));
}

// ---- A sink that ends

TEST(tcp, what_a_killed_sink_did_not_acknowledge_is_reported) {
    process sink(WEIR_TCP_SINK, {"--window", "64", "--rate", "1000"});
    process source(WEIR_TCP_SOURCE, {"--port", port_of(sink), "--capacity", "100", "--every", "5"});
    ASSERT_TRUE(eventually([&] { return latest(source)["finished"] > 100; }));
    sink.signal(SIGKILL);
    const auto seen = source.wait_for_outcome();
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err,
                AllOf(is_one_line(), HasSubstr("the sink closed the connection before it had finished everything")));
    const auto end = ledgers(seen.out, "accepted").back();
    const auto finished = end.at("finished"), sent = end.at("sent"), accepted = end.at("accepted");
    EXPECT_THAT(seen.out, HasSubstr(fmt::format("not acknowledged {}: {}-{}\n", sent - finished, finished + 1, sent)));
    EXPECT_THAT(seen.out, HasSubstr(fmt::format("never sent {}: {}-{}\n", accepted - sent, sent + 1, accepted)));
}

TEST(tcp, of_a_sink_that_resets_the_connection_the_last_acknowledgement_counts) {
    with_source run({"--capacity", "5", "--count", "100"});
    send(run.sink, {frame::credit, 10, 0});
    unsigned char frames[10 * example::frame_bytes];
    ASSERT_TRUE(run.sink.receive(frames, sizeof frames, MSG_PEEK));
    ASSERT_TRUE(eventually([&] { return latest(run.source)["accepted"] == 15; }));
    send(run.sink, {frame::credit, 1, 3});
    run.sink.close();  // with unread frames: a reset, not an end
    run.expect_failure("the sink closed the connection");
    // The eleventh may still have been sent for what was granted, or not.
    const auto end = latest(run.source);
    EXPECT_EQ(end.at("finished"), 3U);
    EXPECT_THAT(run.source.out(),
                HasSubstr(fmt::format("not acknowledged {0}: 4-{1}\nnever sent {2}: {3}-{4}\n", end.at("sent") - 3,
                                      end.at("sent"), end.at("accepted") - end.at("sent"), end.at("sent") + 1,
                                      end.at("accepted"))));
}

// ---- A sink that misbehaves

TEST(tcp, a_sink_that_grants_nothing_gets_nothing_and_patience_ends) {
    with_source run({"--capacity", "7", "--patience", "0.3"});
    run.expect_failure("the sink granted nothing for 0.3 s, after 0 items");
    const auto end = latest(run.source);
    EXPECT_EQ(end.at("accepted"), 7U);
    EXPECT_EQ(end.at("sent"), 0U);
    EXPECT_THAT(run.source.out(), HasSubstr("not acknowledged 0: none\nnever sent 7: 1-7\n"));
}

TEST(tcp, a_producer_that_takes_its_time_does_not_use_up_the_patience_with_the_sink) {
    process sink(WEIR_TCP_SINK, {"--window", "1"});
    process source(WEIR_TCP_SOURCE, {"--port", port_of(sink), "--rate", "0.4", "--count", "1", "--patience", "2"});
    EXPECT_EQ(source.wait(), 0) << source.err();
}

TEST(tcp, however_much_is_granted_no_more_is_sent_than_is_kept_account_of) {
    with_source run({"--capacity", "7", "--most-unfinished", "50"});
    for (int i = 0; i < 3; ++i) send(run.sink, {frame::credit, UINT64_MAX - 1, 0});
    ASSERT_TRUE(eventually([&] { return stands_still(ledgers_of(run.source)) && latest(run.source)["accepted"] == 57; }))
        << run.source.out();
    const auto stopped = latest(run.source);
    EXPECT_EQ(stopped.at("sent"), 50U);
    EXPECT_EQ(stopped.at("granted"), UINT64_MAX) << "additive, and saturates";
}

TEST(tcp, a_sink_that_breaks_the_protocol_is_told_so_in_one_sentence) {
    const auto after = [](const frame& wrong, const std::string& sentence) {
        with_source run({"--capacity", "7"});
        send(run.sink, {frame::credit, 2, 0});
        receive(run.sink);
        receive(run.sink);
        send(run.sink, wrong);
        run.expect_failure(sentence);
    };
    after({frame::credit, 0, 1}, "the sink granted 0 items; a grant has at least 1");
    after({frame::credit, 1, 3}, "the sink reports 3 finished items; possible are 0 to 2");
    after({frame::data, 1, 1}, "the sink sent a frame that only a source sends");
    after({static_cast<frame::kind>(7), 1, 1},
          "the peer sent 77 65 69 72 07 00 00 00, which is not the start of a frame");
    with_source run({"--capacity", "7"});
    run.sink.send("HTTP/1.1 400 Bad Request\r\n", 26);
    run.expect_failure("the peer sent 48 54 54 50 2f 31 2e 31, which is not the start of a frame");
}

TEST(tcp, frames_in_pieces_are_put_together_in_either_direction) {
    constexpr std::uint64_t count = 60'000;  // some megabytes, far more than a receive buffer of 4 KiB takes at once
    with_source run({"--count", std::to_string(count), "--most-unfinished", "100000"}, 4096);
    unsigned char grant[example::frame_bytes];
    example::encode({frame::credit, count + 1, 0}, grant);
    for (const unsigned char& byte : grant) {
        run.sink.send(&byte, 1);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::uint64_t sum = 0;
    for (std::uint64_t n = 1; n <= count; ++n) {
        const frame one = receive(run.sink);
        ASSERT_EQ(one.what, frame::data);
        ASSERT_EQ(one.first, n);
        sum += one.second;
    }
    const frame end = receive(run.sink);
    EXPECT_EQ(end.what, frame::end);
    EXPECT_EQ(end.first, count);
    EXPECT_EQ(end.second, sum);
    EXPECT_EQ(sum, sum_to(count));
    send(run.sink, {frame::credit, 1, count});
    EXPECT_EQ(run.source.wait(), 0) << run.source.err();
}

// ---- A source that misbehaves

TEST(tcp, a_sink_cuts_off_who_sends_without_credit) {
    with_sink run({"--window", "4", "--batch", "4", "--rate", "4"});  // a second until more is granted
    EXPECT_EQ(receive(run.source).first, 4U);
    unsigned char frames[5 * example::frame_bytes];
    for (std::uint64_t n = 1; n <= 5; ++n)
        example::encode({frame::data, n, example::value_of(n)}, frames + (n - 1) * example::frame_bytes);
    run.source.send(frames, sizeof frames);
    run.expect_failure("the source sent item 5 without credit: 4 were granted");
    EXPECT_THAT(run.sink.out(), HasSubstr("finished 4 in order")) << "what had credit is finished all the same";
}

TEST(tcp, a_source_that_breaks_the_protocol_is_told_so_in_one_sentence) {
    const auto after = [](const std::vector<frame>& sent, const std::string& sentence) {
        with_sink run;
        for (const auto& one : sent) send(run.source, one);
        run.source.close();
        run.expect_failure(sentence);
    };
    const auto item = [](std::uint64_t n) { return frame{frame::data, n, example::value_of(n)}; };
    after({item(1), item(1)}, "item 1 came after item 1");
    after({{frame::data, 1, 5}}, "the order or a value is broken");
    after({{frame::credit, 1, 0}}, "the source sent a frame of credit, which only a sink sends");
    after({item(1), {frame::end, 2, 0}}, "the source sent 2 items with sum 0000000000000000, but 1 with sum");
    after({item(1)}, "the source closed the connection after 1 items and 0 bytes of the next");
    with_sink run;
    run.source.send("weir", 4);
    run.source.close();
    run.expect_failure("after 0 items and 4 bytes of the next");
}

// ---- Usage

TEST(tcp, wrong_usage_is_exit_code_2_and_one_sentence) {
    const auto refused = [](const char* program, const arguments& given, const std::string& sentence) {
        const auto seen = weir_test::run(program, given);
        EXPECT_EQ(seen.exit_code, 2) << sentence;
        EXPECT_EQ(seen.out, "");
        EXPECT_THAT(seen.err, AllOf(is_one_line(), HasSubstr(sentence)));
    };
    refused(WEIR_TCP_SOURCE, {}, "--port is required; run 'tcp_source --help'");
    refused(WEIR_TCP_SOURCE, {"--port", "7", "--capacity", "0"}, "--capacity");
    refused(WEIR_TCP_SOURCE, {"--port", "x"}, "--port: 'x' is not in the range; give a whole number from 1 to 65535");
    refused(WEIR_TCP_SOURCE, {"--port", "7", "--rate", "nan"},
            "--rate: 'nan' is not in the range; give 0 to 1000000000");
    refused(WEIR_TCP_SINK, {"--window", "0"}, "--window");
    refused(WEIR_TCP_SINK, {"--batch", "-1"}, "--batch: '-1' is not in the range; give a whole number from 0 to ");
    refused(WEIR_TCP_SINK, {"--window", "4", "--batch", "5"}, "--batch 5 is more than --window 4");
}

TEST(tcp, a_sink_that_is_not_there_is_a_sentence) {
    const auto seen = weir_test::run(WEIR_TCP_SOURCE, {"--port", "1"});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err,
                AllOf(is_one_line(), HasSubstr("cannot connect to 127.0.0.1:1: Connection refused; start tcp_sink")));
}

}  // namespace
