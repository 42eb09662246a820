// SPDX-License-Identifier: MIT
//
// The log: when its thread is held up, writers go on, and what they drop is counted to the record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "examples/trading/feed_format.hpp"
#include "examples/trading/logger.hpp"

namespace {

using namespace trading;
using namespace trading::logging;

TEST(logger, writes_every_kind_of_record_as_a_line) {
    log_ring ring(1024);
    log_handle log(ring);
    log.write(gap_seen{1, 2});
    log.write(datagram_refused{19, static_cast<std::uint32_t>(feed::verdict::too_short)});
    log.write(ticks_lost{3, 4});
    log.write(order_refused{5, 6});
    log.write(order_sent{7, 8});
    ring.close();
    std::string text;
    EXPECT_EQ(write_log(ring, [&](const std::string& line) { text += line; }), 5U);
    EXPECT_EQ(text,
              "gap: 1 datagrams, 2 messages\nrefused a datagram of 19 bytes: shorter than a header\n"
              "4 ticks lost before message 3\nno order for message 5: 6 in flight\norder 7 after 8 ns\n");
    EXPECT_EQ(log.offered(), 5U);
    EXPECT_EQ(log.dropped(), 0U);
}

TEST(logger, that_is_held_up_stalls_no_writer_and_drops_are_counted_exactly) {
    constexpr unsigned writers = 3;
    constexpr std::uint64_t each = 5000;
    log_ring ring(4096);  // some 170 records of 24 bytes
    std::vector<log_handle> logs(writers, log_handle(ring));
    std::latch is_held(1), go_on(1);
    std::vector<std::string> lines;
    std::uint64_t written = 0;
    std::thread logger([&] {
        written = write_log(ring, [&](const std::string& line) {
            if (lines.empty()) {
                is_held.count_down();
                go_on.wait();
            }
            lines.push_back(line);
        });
    });
    logs[0].write(order_sent{0, 0});
    is_held.wait();  // the logger's thread stands in the middle of its first line

    std::vector<std::thread> threads;
    for (unsigned w = 0; w != writers; ++w) {
        threads.emplace_back([&log = logs[w], w] {
            for (std::uint64_t i = 1; i <= each; ++i) log.write(order_sent{w + 1, i});
        });
    }
    for (std::thread& one : threads) one.join();  // they finish, although nothing is written
    EXPECT_TRUE(lines.empty());
    go_on.count_down();
    ring.close();
    logger.join();

    std::uint64_t offered = 0, dropped = 0;
    for (const log_handle& log : logs) {
        offered += log.offered();
        dropped += log.dropped();
    }
    EXPECT_EQ(offered, writers * each + 1);
    EXPECT_EQ(written, lines.size());
    EXPECT_EQ(offered, written + dropped);
    EXPECT_EQ(written, ring.capacity() / ring.bytes_for_message(sizeof(order_sent))) << "all that the ring holds";
    EXPECT_GT(dropped, 0U);
}

}  // namespace
