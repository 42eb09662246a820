// SPDX-License-Identifier: MIT
//
// A session from the first datagram to the end of the feed:
//
//     feed ==UDP==> receiver --wire--> handler --ticks--> book --updates--> strategy --orders--> gateway ==UDP==> exchange
//                            bytes             overflow       |  broadcast           gate of permits <--acknowledgements
//                                                             +--> recorder
//
// Each ring is closed by the thread before it when that thread is done, and so the end of the feed runs through all of them.
#pragma once

#include <weir/clock.hpp>
#include <weir/credit_gate.hpp>
#include <weir/histogram.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include "crew.hpp"
#include "exchange.hpp"
#include "feed_script.hpp"
#include "gateway.hpp"
#include "ledger.hpp"
#include "logger.hpp"
#include "placement.hpp"
#include "receiver.hpp"
#include "replayer.hpp"
#include "stages.hpp"
#include "udp_socket.hpp"

namespace trading {

struct session_settings {
    std::optional<feed_settings> feed =
        feed_settings{};  ///< replayed by a thread of this process; none: by another one
    std::size_t wire_bytes = 1 << 18;
    std::size_t ticks = 4096;
    std::size_t updates = 1024;
    std::size_t in_flight = 32;
    std::size_t log_bytes = 1 << 16;
    std::uint32_t book_work_ns = 0;
    std::chrono::microseconds acknowledge_after{200};
    std::chrono::milliseconds patience{5000};
    std::string log_file;     ///< empty: records are counted, and their text is thrown away
    std::string record_file;  ///< empty: updates are counted
};

struct session_result {
    ledger counts;
    weir::histogram tick_to_book_ns;
    weir::histogram tick_to_order_ns;
};

using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

inline file open_to_write(const std::string& path) {
    file made(path.empty() ? nullptr : std::fopen(path.c_str(), "w"), &std::fclose);
    if (!path.empty() && !made)
        fail_with_errno("cannot write " + path, "choose a file in a folder that you may write to");
    return made;
}
inline void close_written(file written, const std::string& path) {
    if (written && std::fclose(written.release()) != 0) fail_with_errno("cannot write all of " + path);
}

/// Runs until the end of the feed that comes to `feed_socket`. Throws what a thread of it threw first.
template <class Policy>
session_result run_session(const session_settings& chosen, Policy policy, udp_socket feed_socket,
                           const placement& places = {}) {
    const weir::tick_clock clock;
    const file log_file = open_to_write(chosen.log_file);
    file record_file = open_to_write(chosen.record_file);
    std::optional<udp_socket> feed_end(std::move(feed_socket));
    const udp_socket exchange_socket = udp_socket::at(0);
    const udp_socket gateway_socket = udp_socket::connected_to(exchange_socket.port());

    wire_ring wire(chosen.wire_bytes);
    tick_ring<Policy> ticks(chosen.ticks, policy);
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
        threads.start("book", [&] { booked = keep_book(ticks, updates, clock, chosen.book_work_ns, book_log); });
        threads.start("handler", [&] { counts.feed = handle_feed(wire, ticks, handler_log); });
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
