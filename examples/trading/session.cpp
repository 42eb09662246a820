// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <weir/clock.hpp>
#include <weir/credit_gate.hpp>
#include <weir/overflow_policy.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include "crew.hpp"
#include "exchange.hpp"
#include "gateway.hpp"
#include "logger.hpp"
#include "output_file.hpp"
#include "overflow_policies.hpp"
#include "receiver.hpp"
#include "replayer.hpp"
#include "stages.hpp"

namespace trading {
namespace {

/// The ring between feed handler and book, and the two threads at its ends. Its policy is part of their types, and of no others.
struct tick_stage {
    std::function<feed_counts(wire_ring&, logging::log_handle&)> handle_feed;
    std::function<book_counts(update_ring&, const weir::tick_clock&, std::uint32_t, logging::log_handle&)> keep_book;
    std::function<void()> close;
    std::function<weir::overflow::ledger()> account;
};

template <class Policy>
tick_stage stage_with(Policy policy, std::size_t capacity) {
    const auto ring = std::make_shared<tick_ring<Policy>>(capacity, policy);
    return {[ring](wire_ring& wire, logging::log_handle& log) { return handle_feed(wire, *ring, log); },
            [ring](update_ring& updates, const weir::tick_clock& clock, std::uint32_t work_ns,
                   logging::log_handle& log) { return keep_book(*ring, updates, clock, work_ns, log); },
            [ring] { ring->close(); }, [ring] { return ring->account(); }};
}

}  // namespace

session_result run_session(const session_settings& chosen, std::string_view policy, udp_socket feed_socket,
                           const placement& places) {
    const weir::tick_clock clock;
    const output_file log_file = open_to_write(chosen.log_file);
    output_file record_file = open_to_write(chosen.record_file);
    std::optional<udp_socket> feed_end(std::move(feed_socket));
    const udp_socket exchange_socket = udp_socket::at(0);
    const udp_socket gateway_socket = udp_socket::connected_to(exchange_socket.port());

    wire_ring wire(chosen.wire_bytes);
    const tick_stage ticks = with_policy(policy, [&](auto what_gives) { return stage_with(what_gives, chosen.ticks); });
    update_ring updates(chosen.updates);
    weir::credit_gate credits(chosen.in_flight);  // outlives the permits, in the ring and in the gateway
    order_ring orders(chosen.in_flight);
    logging::log_ring log(chosen.log_bytes);
    std::stop_source stop;

    auto to_strategy = updates.join({.name = "strategy"});
    auto to_recorder = updates.join({.name = "recorder", .mode = weir::reader_mode::lossy});
    logging::log_handle handler_log(log), book_log(log), strategy_log(log), gateway_log(log);
    risk_gate gate(credits, orders);
    gateway out(orders, gateway_socket, chosen.in_flight, clock, gateway_log);

    // Each thread writes its own results, and they are read when all have ended.
    ledger counts;
    book_counts booked;
    counts.gate = chosen.in_flight;

    const auto stop_all = [&] {
        stop.request_stop();
        wire.close();
        ticks.close();
        updates.close();
        orders.close();
        log.close();
    };
    {
        std::stop_source exchange_stop;
        crew helpers([&](const std::string& name) { places.pin_this_thread(name); },
                     [&] {
                         stop_all();
                         exchange_stop.request_stop();
                     });
        helpers.start("logger", [&] {
            counts.log_written = logging::write_log(log, [&](const std::string& line) {
                if (log_file && std::fputs(line.c_str(), log_file.get()) < 0)
                    throw std::runtime_error("cannot write the log; free some space, or leave --log out");
            });
        });
        helpers.start("exchange", [&] {
            counts.exchange = run_exchange(exchange_socket, chosen.acknowledge_after, exchange_stop.get_token());
        });

        crew threads([&](const std::string& name) { places.pin_this_thread(name); }, stop_all);
        threads.start("recorder", [&] { counts.recorded = record(to_recorder, record_file.get()); });
        threads.start("gateway", [&] { out.run(chosen.patience); });
        threads.start("strategy",
                      [&] { counts.strategy_saw = trade(to_strategy, gate, orders, credits, strategy_log); });
        threads.start("book", [&] { booked = ticks.keep_book(updates, clock, chosen.book_work_ns, book_log); });
        threads.start("handler", [&] { counts.feed = ticks.handle_feed(wire, handler_log); });
        const std::uint16_t port = feed_end->port();
        threads.start("feed", [&] {
            counts.received = receive_feed(*feed_end, wire, clock, chosen.patience);
            feed_end.reset();  // the replayer sees that its receiver is gone, and need not send the end again
        });
        if (chosen.feed) {
            threads.start("replayer", [&, port] {
                counts.sender = replay(*chosen.feed, port, chosen.patience, [&] { return stop.stop_requested(); });
            });
        }
        threads.join();
        // All that write to the log have ended, and every order is acknowledged.
        log.close();
        exchange_stop.request_stop();
        helpers.join();
    }
    close_written(std::move(record_file), chosen.record_file);

    counts.ticks = ticks.account();
    counts.handled = booked.handled;
    counts.gap_total = booked.gap_total;
    counts.updates = booked.updates;
    counts.recorder_missed = to_recorder.missed();
    counts.decided = gate.offered();
    counts.gate_refused = gate.refused();
    counts.gateway = out.counts();
    for (const logging::log_handle* const one : {&handler_log, &book_log, &strategy_log, &gateway_log}) {
        counts.log_offered += one->offered();
        counts.log_dropped += one->dropped();
    }
    return {counts, std::move(booked.tick_to_book_ns), out.tick_to_order_ns()};
}

}  // namespace trading
