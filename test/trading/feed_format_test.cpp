// SPDX-License-Identifier: MIT
//
// The feed's datagrams and the gateway's: what is written is read, and nothing that is damaged is used.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "examples/trading/feed_format.hpp"
#include "examples/trading/feed_script.hpp"
#include "examples/trading/order_format.hpp"

namespace {

using namespace trading;
using feed::verdict;
using bytes = std::vector<std::byte>;

bytes copy_of(std::span<const std::byte> from) { return {from.begin(), from.end()}; }

verdict read(const bytes& datagram) {
    feed::header head;
    return feed::read(datagram, head);
}

bytes three_messages() {
    feed::datagram_writer writer(0x01020304, 0x05060708090a0b0c);
    EXPECT_TRUE(writer.add({feed::type::quote, 7, feed::side::sell, 0x11121314, 0x15161718, {}}));
    EXPECT_TRUE(writer.add({feed::type::notice, 8, feed::side::buy, 0, 0, "halt"}));
    EXPECT_TRUE(writer.add({feed::type::trade, 9, feed::side::buy, 3, 4, {}}));
    return copy_of(writer.finish());
}

bytes an_end() { return copy_of(feed::datagram_writer(12, 34).finish(feed::withheld_counts{5, 6})); }

TEST(feed_format, is_what_its_header_documents) {
    const unsigned char expected[] = {
        0x46, 0x57, 1, 0, 52,   0,    3,    0,    4,    3,    2,    1,    0x0c, 0x0b, 0x0a, 9, 8, 7, 6, 5,  // the head
        1,    12,   7, 1, 0x14, 0x13, 0x12, 0x11, 0x18, 0x17, 0x16, 0x15,                                   // a quote
        3,    8,    8, 0, 'h',  'a',  'l',  't',                                                            // a notice
        2,    12,   9, 0, 3,    0,    0,    0,    4,    0,    0,    0,                                      // a trade
    };
    EXPECT_EQ(three_messages(), copy_of(std::as_bytes(std::span(expected))));
    const unsigned char end[] = {0x46, 0x57, 1, 1, 36, 0, 0, 0, 12, 0, 0, 0, 34, 0, 0, 0, 0, 0,
                                 0,    0,    5, 0, 0,  0, 0, 0, 0,  0, 6, 0, 0,  0, 0, 0, 0, 0};
    EXPECT_EQ(an_end(), copy_of(std::as_bytes(std::span(end))));
}

TEST(feed_format, gives_back_what_was_written) {
    const bytes datagram = three_messages();
    feed::header head;
    ASSERT_EQ(feed::read(datagram, head), verdict::good);
    EXPECT_EQ(head.what, feed::kind::data);
    EXPECT_EQ(head.number, 0x01020304U);
    EXPECT_EQ(head.first, 0x05060708090a0b0cU);
    EXPECT_EQ(head.messages, 3);
    std::string seen;
    feed::for_each_message(datagram, [&](const feed::message& m) {
        for (const std::uint64_t n : {std::uint64_t(m.what), std::uint64_t(m.symbol), std::uint64_t(m.of),
                                      std::uint64_t(m.price), std::uint64_t(m.quantity)})
            seen += std::to_string(n) + " ";
        seen += std::string(m.text) + "\n";
    });
    EXPECT_EQ(seen, "1 7 1 286397204 353769240 \n3 8 0 0 0 halt\n2 9 0 3 4 \n");

    const bytes end = an_end();
    ASSERT_EQ(feed::read(end, head), verdict::good);
    EXPECT_EQ(head.what, feed::kind::end);
    EXPECT_EQ(head.number, 12U);
    EXPECT_EQ(head.first, 34U);
    EXPECT_EQ(feed::withheld_of(end).datagrams, 5U);
    EXPECT_EQ(feed::withheld_of(end).messages, 6U);
}

TEST(feed_format, fills_a_datagram_to_the_last_byte_and_no_further) {
    feed::datagram_writer writer(1, 1);
    const feed::message quote{feed::type::quote, 1, feed::side::buy, 2, 3, {}};
    std::uint16_t quotes = 0;
    while (writer.add(quote)) ++quotes;
    EXPECT_EQ(quotes, (1500 - 20) / 12);
    EXPECT_EQ(writer.room(), 4U);
    EXPECT_TRUE(writer.add({feed::type::notice, 0, {}, 0, 0, {}}));
    EXPECT_FALSE(writer.add({feed::type::notice, 0, {}, 0, 0, {}}));
    feed::header head;
    ASSERT_EQ(feed::read(writer.finish(), head), verdict::good);
    EXPECT_EQ(writer.finish().size(), 1500U);
    EXPECT_EQ(head.messages, quotes + 1);
}

TEST(feed_format, refuses_every_truncation) {
    for (const bytes& whole : {three_messages(), an_end()}) {
        ASSERT_EQ(read(whole), verdict::good);
        for (std::size_t size = 0; size != whole.size(); ++size) {
            bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_EQ(read(cut), size < 20 ? verdict::too_short : verdict::wrong_length) << size;
            // Even if its length was changed to match.
            if (size < 20) continue;
            put(std::span<std::byte>(cut), 4, static_cast<std::uint16_t>(size));
            EXPECT_NE(read(cut), verdict::good) << size;
        }
        bytes longer = whole;
        longer.push_back(std::byte{0});
        EXPECT_EQ(read(longer), verdict::wrong_length);
        put(std::span<std::byte>(longer), 4, static_cast<std::uint16_t>(longer.size()));
        EXPECT_EQ(read(longer), verdict::wrong_length);
    }
}

TEST(feed_format, says_what_is_wrong) {
    const auto with = [](std::size_t at, unsigned value) {
        bytes changed = three_messages();
        changed[at] = static_cast<std::byte>(value);
        return read(changed);
    };
    EXPECT_EQ(with(0, 0x47), verdict::not_of_this_feed);
    EXPECT_EQ(with(1, 0x58), verdict::not_of_this_feed);
    EXPECT_EQ(with(2, 2), verdict::wrong_version);
    EXPECT_EQ(with(3, 2), verdict::not_of_this_feed);
    EXPECT_EQ(with(3, 1), verdict::wrong_length);  // an end with messages
    EXPECT_EQ(with(6, 4), verdict::bad_message);   // one message more than there is
    EXPECT_EQ(with(6, 2), verdict::wrong_length);  // one less
    EXPECT_EQ(with(20, 0), verdict::bad_message);  // a type that there is not
    EXPECT_EQ(with(20, 4), verdict::bad_message);
    EXPECT_EQ(with(21, 11), verdict::bad_message);   // a quote of another length
    EXPECT_EQ(with(23, 2), verdict::bad_message);    // a side that there is not
    EXPECT_EQ(with(33, 3), verdict::bad_message);    // a notice shorter than its head
    EXPECT_EQ(with(33, 255), verdict::bad_message);  // and one beyond the datagram
    bytes none = three_messages();
    put(std::span<std::byte>(none), 8, std::uint32_t{0});
    EXPECT_EQ(read(none), verdict::not_of_this_feed);  // numbers begin at 1
    EXPECT_EQ(to_string(verdict::bad_message), "has a message that is none");
}

TEST(feed_format, is_read_without_leaving_the_datagram_whatever_its_bytes) {
    std::mt19937 random(7);
    unsigned good = 0;
    for (int round = 0; round != 20'000; ++round) {
        bytes changed = three_messages();
        for (auto i = 1 + random() % 3; i-- > 0;) changed[random() % changed.size()] = static_cast<std::byte>(random());
        feed::header head;
        if (feed::read(changed, head) != verdict::good) continue;
        ++good;
        std::size_t messages = 0;
        feed::for_each_message(changed, [&](const feed::message&) { ++messages; });
        EXPECT_EQ(messages, head.what == feed::kind::data ? head.messages : 0U);
    }
    EXPECT_GT(good, 0U) << "some changes are in prices only";
}

TEST(feed_script, is_the_same_for_the_same_seed_and_another_for_another) {
    const auto all = [](std::uint64_t seed) {
        feed_script script({.seed = seed, .datagrams = 300, .withheld = 0.05});
        bytes out;
        while (const auto step = script.next()) {
            out.insert(out.end(), step->datagram.begin(), step->datagram.end());
            out.push_back(static_cast<std::byte>(step->is_withheld));
        }
        const auto end = script.end();
        out.insert(out.end(), end.begin(), end.end());
        return out;
    };
    EXPECT_EQ(all(1), all(1));
    EXPECT_NE(all(1), all(2));
}

TEST(feed_script, has_datagrams_of_20_to_1500_bytes_bursts_and_gaps) {
    feed_script script({.datagrams = 2000, .burst_every = 100, .burst = 10, .withheld = 0.01});
    std::size_t least = 5000, most = 0;
    std::uint64_t number = 0, sequence = 1, at_once = 0, withheld = 0;
    while (const auto step = script.next()) {
        feed::header head;
        ASSERT_EQ(feed::read(step->datagram, head), verdict::good);
        EXPECT_EQ(head.number, ++number);
        EXPECT_EQ(head.first, sequence);
        sequence += head.messages;
        least = std::min(least, step->datagram.size());
        most = std::max(most, step->datagram.size());
        at_once += step->is_paced ? 0 : 1;
        withheld += step->is_withheld ? 1 : 0;
    }
    EXPECT_EQ(number, 2000U);
    EXPECT_EQ(least, 20U);
    EXPECT_EQ(most, 1500U);
    EXPECT_EQ(at_once, 200U);
    EXPECT_GT(withheld, 0U);
    EXPECT_EQ(script.withheld().datagrams, withheld);
    EXPECT_EQ(script.messages(), sequence - 1);
}

TEST(order_format, gives_back_what_was_written_and_refuses_other_lengths) {
    const order one{0x0102030405060708, 9, feed::side::sell, 10, 11, 12};
    const acknowledgement two{0x1112131415161718, 19};
    const order_bytes as_order = bytes_of(one);
    const acknowledgement_bytes as_acknowledgement = bytes_of(two);
    EXPECT_EQ(order_of(as_order), one);
    EXPECT_EQ(acknowledgement_of(as_acknowledgement), two);
    EXPECT_EQ(order_of(as_acknowledgement), std::nullopt);
    EXPECT_EQ(acknowledgement_of(as_order), std::nullopt);
    for (std::size_t size = 0; size != as_order.size(); ++size)
        EXPECT_EQ(order_of(std::span(as_order).first(size)), std::nullopt) << size;
    for (std::size_t size = 0; size != as_acknowledgement.size(); ++size)
        EXPECT_EQ(acknowledgement_of(std::span(as_acknowledgement).first(size)), std::nullopt) << size;
    order_bytes changed = as_order;
    changed[2] = std::byte{2};
    EXPECT_EQ(order_of(changed), std::nullopt) << "a side that there is not";
}

}  // namespace
