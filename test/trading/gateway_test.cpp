// SPDX-License-Identifier: MIT
//
// The gate's bound, with an exchange of the test's own: it acknowledges when the test says so.
#include <weir/clock.hpp>
#include <weir/credit_gate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "examples/trading/exchange.hpp"
#include "examples/trading/gateway.hpp"
#include "examples/trading/logger.hpp"
#include "examples/trading/order_format.hpp"
#include "examples/trading/udp_socket.hpp"

namespace {

using namespace trading;
using namespace std::chrono_literals;

class test_exchange {
public:
    test_exchange() { socket_.give_up_after(60s); }
    std::uint16_t port() const { return socket_.port(); }

    /// The next order; it fails the test if none comes in a minute.
    std::optional<order> next() {
        std::byte bytes[100];
        const auto size = socket_.receive(bytes, udp_socket::when::it_comes, &from_);
        EXPECT_TRUE(size) << "no order came";
        return size ? order_of(std::span<const std::byte>(bytes, *size)) : std::nullopt;
    }
    bool is_silent() {
        std::byte bytes[100];
        return !socket_.receive(bytes, udp_socket::when::there_is_one, &from_);
    }
    void acknowledge(const order& one) { send(bytes_of(acknowledgement{one.number, one.slot})); }
    void send(std::span<const std::byte> bytes) { EXPECT_TRUE(socket_.send(bytes, &from_)); }

private:
    udp_socket socket_ = udp_socket::at(0);
    sockaddr_in from_{};
};

struct desk {
    explicit desk(std::size_t most)
        : credits(most),
          orders(most),
          gate(credits, orders),
          socket(udp_socket::connected_to(exchange.port())),
          out(orders, socket, most, clock, handle) {}

    void start(std::chrono::milliseconds patience = 60s) {
        thread = std::jthread([this, patience] {
            try {
                out.run(patience);
            } catch (const std::exception& e) {
                error = e.what();
            }
        });
    }
    void end() {
        orders.close();
        thread.join();
    }

    weir::tick_clock clock;
    weir::credit_gate credits;
    order_ring orders;
    risk_gate gate;
    test_exchange exchange;
    udp_socket socket;
    logging::log_ring log{1 << 16};
    logging::log_handle handle{log};
    gateway out;
    std::string error;
    std::jthread thread;
};

const order an_order{0, 0, feed::side::sell, 5, 100, 7};

TEST(gateway, never_has_more_orders_in_flight_than_the_gate_has_permits) {
    desk d(4);
    d.start();
    unsigned passed = 0;
    for (int i = 0; i != 100; ++i) passed += d.gate.pass(an_order, d.clock.now()) ? 1 : 0;
    EXPECT_EQ(passed, 4U);
    std::vector<order> at_exchange;
    for (std::uint64_t number = 1; number <= 4; ++number) {
        const auto came = d.exchange.next();
        ASSERT_TRUE(came);
        EXPECT_EQ(came->number, number);
        EXPECT_EQ(came->symbol, 5);
        EXPECT_EQ(came->price, 100U);
        EXPECT_EQ(came->quantity, 7U);
        at_exchange.push_back(*came);
    }
    EXPECT_EQ(d.credits.in_use(), 4U);
    EXPECT_FALSE(d.gate.pass(an_order, d.clock.now()));

    // One acknowledgement lets one order through, whichever it is for.
    d.exchange.acknowledge(at_exchange[2]);
    while (d.credits.credits() == 0) std::this_thread::yield();
    EXPECT_TRUE(d.gate.pass(an_order, d.clock.now()));
    EXPECT_FALSE(d.gate.pass(an_order, d.clock.now()));
    const auto fifth = d.exchange.next();
    ASSERT_TRUE(fifth);
    EXPECT_EQ(fifth->number, 5U);
    EXPECT_TRUE(d.exchange.is_silent());

    for (const std::size_t i : {0U, 1U, 3U}) d.exchange.acknowledge(at_exchange[i]);
    d.exchange.acknowledge(*fifth);
    d.end();
    EXPECT_EQ(d.error, "");
    const gateway_counts counts = d.out.counts();
    EXPECT_EQ(counts.sent, 5U);
    EXPECT_EQ(counts.acknowledged, 5U);
    EXPECT_EQ(counts.unknown, 0U);
    EXPECT_EQ(counts.peak_in_flight, 4U);
    EXPECT_EQ(d.gate.offered(), 103U);
    EXPECT_EQ(d.gate.refused(), 98U);
    EXPECT_EQ(d.out.tick_to_order_ns().count(), 5U);
    EXPECT_EQ(d.credits.in_use(), 0U);
    EXPECT_EQ(d.handle.offered(), 5U);
}

TEST(gateway, gives_no_permit_back_for_an_acknowledgement_that_is_damaged_doubled_or_of_no_order) {
    desk d(2);
    d.start();
    EXPECT_TRUE(d.gate.pass(an_order, 0));
    const auto came = d.exchange.next();
    ASSERT_TRUE(came);
    const auto good = bytes_of(acknowledgement{came->number, came->slot});
    d.exchange.send(std::span(good).first(15));
    d.exchange.send(bytes_of(acknowledgement{came->number + 1, came->slot}));
    d.exchange.send(bytes_of(acknowledgement{came->number, came->slot + 1}));
    d.exchange.send(bytes_of(acknowledgement{came->number, 4'000'000'000}));
    // The socket keeps the order: when the second order's acknowledgement has been taken, so have these.
    EXPECT_TRUE(d.gate.pass(an_order, 0));
    const auto second = d.exchange.next();
    ASSERT_TRUE(second);
    d.exchange.acknowledge(*second);
    d.exchange.acknowledge(*second);
    while (d.credits.in_use() != 1) std::this_thread::yield();
    EXPECT_EQ(d.credits.in_use(), 1U);
    d.exchange.acknowledge(*came);
    d.end();
    EXPECT_EQ(d.error, "");
    EXPECT_EQ(d.out.counts().unknown, 5U);
    EXPECT_EQ(d.out.counts().acknowledged, 2U);
}

TEST(gateway, gives_up_with_a_sentence_when_the_exchange_is_silent) {
    desk d(2);
    EXPECT_TRUE(d.gate.pass(an_order, 0));
    d.start(50ms);
    d.end();
    EXPECT_THAT(d.error, testing::StartsWith("the exchange acknowledged no order for 50 ms, with 1 in flight; "));
}

TEST(risk_gate, is_no_larger_than_the_ring_behind_it) {
    weir::credit_gate credits(3);
    order_ring orders(2);
    EXPECT_THROW(risk_gate(credits, orders), std::invalid_argument);
}

TEST(in_flight_table, notices_an_order_without_a_permit_of_the_gate) {
    weir::credit_gate credits(2);
    in_flight_table table(1);
    EXPECT_EQ(table.add(1, *credits.try_acquire()), 0U);
    EXPECT_THROW((void)table.add(2, *credits.try_acquire()), std::logic_error);
    EXPECT_TRUE(table.remove({1, 0}));
    EXPECT_FALSE(table.remove({1, 0}));
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(table.peak(), 1U);
}

TEST(exchange, counts_orders_and_sees_what_is_missing_and_how_many_wait) {
    const udp_socket socket = udp_socket::at(0);
    const udp_socket gateway = udp_socket::connected_to(socket.port());
    gateway.give_up_after(60s);
    for (const std::uint64_t number : {1U, 2U, 4U}) {
        order one = an_order;
        one.number = number;
        (void)gateway.send(bytes_of(one));
    }
    const order_bytes cut = bytes_of(an_order);
    (void)gateway.send(std::span(cut).first(27));
    exchange_counts counts;
    {
        std::jthread thread([&](std::stop_token stop) { counts = run_exchange(socket, 1ms, stop); });
        std::byte bytes[100];
        for (const std::uint64_t number : {1U, 2U, 4U}) {
            const auto size = gateway.receive(bytes);
            ASSERT_TRUE(size);
            const auto said = acknowledgement_of(std::span<const std::byte>(bytes, *size));
            ASSERT_TRUE(said);
            EXPECT_EQ(said->number, number);
        }
    }
    EXPECT_EQ(counts.orders, 3U);
    EXPECT_EQ(counts.acknowledged, 3U);
    EXPECT_EQ(counts.damaged, 1U);
    EXPECT_EQ(counts.out_of_order, 1U);
    EXPECT_EQ(counts.peak_pending, 3U);
}

}  // namespace
