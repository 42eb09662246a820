// SPDX-License-Identifier: MIT
//
// The two programs as a person runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "examples/trading/feed_format.hpp"
#include "examples/trading/udp_socket.hpp"
#include "test/support/subprocess.hpp"
#include "test/support/temporary_file.hpp"

namespace {

using namespace weir_test;
using testing::HasSubstr;

/// The port in "listening on 127.0.0.1:PORT", once it is there.
std::optional<std::uint16_t> port_of(process& receiver) {
    const std::string words = "listening on 127.0.0.1:";
    const auto has_said = [&] { return receiver.out().find('\n') != std::string::npos; };
    if (!eventually([&] { return has_said() || !receiver.is_running(); }) || !has_said()) return std::nullopt;
    const std::string out = receiver.out();
    if (!out.starts_with(words)) return std::nullopt;
    return static_cast<std::uint16_t>(std::stoi(out.substr(words.size())));
}

TEST(trading_programs, add_up_from_one_process_to_the_other) {
    process receiver(WEIR_TICK_TO_ORDER, {"--listen", "0", "--patience-ms", "60000"});
    const auto port = port_of(receiver);
    ASSERT_TRUE(port);
    const outcome sent =
        run(WEIR_FEED_REPLAYER, {"--port", std::to_string(*port), "--datagrams", "2000", "--gaps", "0.01"});
    EXPECT_EQ(sent.exit_code, 0) << sent.err;
    EXPECT_THAT(sent.out, HasSubstr("2000 datagrams made = "));
    const outcome received = receiver.wait_for_outcome();
    EXPECT_EQ(received.exit_code, 0) << received.out << received.err;
    EXPECT_THAT(received.out, HasSubstr("\n2000 datagrams made = "));
    EXPECT_THAT(received.out, HasSubstr("\nus from tick to order:  p50 "));
}

// A replayer that counts wrongly: its end says that it withheld datagrams, and none is missing.
TEST(trading_programs, fail_with_a_sentence_when_the_ledger_does_not_add_up) {
    process receiver(WEIR_TICK_TO_ORDER, {"--listen", "0", "--patience-ms", "60000"});
    const auto port = port_of(receiver);
    ASSERT_TRUE(port);
    const trading::udp_socket sender = trading::udp_socket::connected_to(*port);
    trading::feed::datagram_writer one(1, 1), end(2, 1);
    ASSERT_TRUE(sender.send(one.finish()));
    ASSERT_TRUE(sender.send(end.finish(trading::feed::withheld_counts{5, 6})));
    const outcome received = receiver.wait_for_outcome();
    EXPECT_EQ(received.exit_code, 1);
    EXPECT_THAT(received.err, HasSubstr("tick_to_order: 5 datagrams withheld, as the end says, where 0 is the most\n"));
}

TEST(trading_programs, print_a_line_for_each_policy_and_write_what_was_asked_for) {
    const temporary_file page, log, record;
    const outcome all =
        run(WEIR_TICK_TO_ORDER, {"--policy", "all", "--brief", "--datagrams", "300", "--rate", "0", "--prometheus",
                                 page.path(), "--log", log.path(), "--record", record.path()});
    EXPECT_EQ(all.exit_code, 0) << all.out << all.err;
    EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 8) << all.out;
    EXPECT_THAT(read_file(page.path()), HasSubstr("tick_to_order_seconds_count{policy=\"codel\"} "));
    EXPECT_THAT(read_file(record.path()), testing::Not(testing::IsEmpty()));
    EXPECT_THAT(read_file(log.path()), HasSubstr("order 1 after "));
}

TEST(trading_programs, refuse_what_they_do_not_know) {
    EXPECT_EQ(run(WEIR_TICK_TO_ORDER, {"--policy", "hope"}).exit_code, 2);
    EXPECT_EQ(run(WEIR_TICK_TO_ORDER, {"--in-flight", "0"}).exit_code, 2);
    EXPECT_EQ(run(WEIR_FEED_REPLAYER, {}).exit_code, 2);
    const outcome help = run(WEIR_TICK_TO_ORDER, {"--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr("block, reject, drop_newest, drop_oldest, sample, shed_lowest, codel"));
}

TEST(trading_programs, say_that_there_is_no_receiver) {
    const outcome sent = run(WEIR_FEED_REPLAYER, {"--port", "1", "--datagrams", "1000", "--gaps", "0"});
    EXPECT_EQ(sent.exit_code, 1);
    EXPECT_THAT(sent.err, HasSubstr("no program receives at 127.0.0.1:1; start tick_to_order --listen 1 first"));
}

}  // namespace
