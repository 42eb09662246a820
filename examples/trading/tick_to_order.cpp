// SPDX-License-Identifier: MIT
//
// From a market feed to orders, on one machine. session.hpp shows the threads and rings; README.md explains the figures.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../edges/program.hpp"
#include "feed_options.hpp"
#include "ledger.hpp"
#include "output_file.hpp"
#include "overflow_policies.hpp"
#include "placement.hpp"
#include "report.hpp"
#include "session.hpp"
#include "udp_socket.hpp"

namespace {

using namespace trading;

struct options {
    session_settings session;
    feed_settings feed;
    std::optional<std::uint16_t> listen;
    std::string policy = "block";
    std::string plan;
    std::string prometheus;
    int kernel_buffer = 0;
    int acknowledge_after_us = 200;
    int patience_ms = 5000;
    bool brief = false;
};

udp_socket feed_socket(const options& chosen) {
    udp_socket made = udp_socket::at(chosen.listen.value_or(0));
    if (chosen.kernel_buffer > 0) made.keep_at_most(chosen.kernel_buffer);
    if (chosen.listen) example::print(fmt::format("listening on 127.0.0.1:{}\n", made.port()));
    return made;
}

placement placement_of([[maybe_unused]] const options& chosen) {
#if defined(TRADING_HAS_PLAN)
    if (!chosen.plan.empty()) return placement(chosen.plan);
#endif
    return {};
}

int tick_to_order(options chosen) {
    if (!chosen.listen) chosen.session.feed = chosen.feed;
    if (chosen.listen) chosen.session.feed = std::nullopt;
    chosen.session.acknowledge_after = std::chrono::microseconds(chosen.acknowledge_after_us);
    chosen.session.patience = std::chrono::milliseconds(chosen.patience_ms);
    const placement places = placement_of(chosen);

    std::vector<std::string> policies{chosen.policy};
    if (chosen.policy == "all") policies.assign(policy_names.begin(), policy_names.end());
    if (chosen.brief) example::print(heads());
    bool adds_up = true;
    for (const std::string& policy : policies) {
        const session_result result = run_session(chosen.session, policy, feed_socket(chosen), places);
        example::print(chosen.brief ? one_line(result, policy) : full_text(result, policy));
        for (const std::string& fault : faults(result.counts)) {
            std::fputs(("tick_to_order: " + fault + "\n").c_str(), stderr);
            adds_up = false;
        }
        if (!chosen.prometheus.empty()) {
            output_file page = open_to_write(chosen.prometheus);
            std::fputs(prometheus_page(result, policy).c_str(), page.get());
            close_written(std::move(page), chosen.prometheus);
        }
    }
    return adds_up ? example::succeeded : example::failed;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("From a market feed to orders: receives, keeps a book, decides, checks and sends.", "tick_to_order");
    options chosen;
    app.add_option("--listen", chosen.listen,
                   "Receive a feed_replayer's feed at this port; 0: any. Else replay one here")
        ->check(example::whole(0, 65535));
    add_feed_options(app, chosen.feed);
    app.add_option("--policy", chosen.policy,
                   "What gives when the book is behind: " + fmt::format("{}", fmt::join(policy_names, ", ")) +
                       "; all: one after the other")
        ->capture_default_str()
        ->check([](const std::string& name) -> std::string {
            for (const auto& known : policy_names)
                if (name == known) return {};
            return name == "all" ? "" : fmt::format("there is no policy '{}'", name);
        });
    app.add_flag("--brief", chosen.brief, "One line for each policy, to compare them");
    app.add_option("--ticks", chosen.session.ticks, "Capacity of the ring before the book, in ticks")
        ->capture_default_str()
        ->check(example::whole(1, 1 << 24));
    app.add_option("--book-work-ns", chosen.session.book_work_ns, "What the book takes longer for each tick")
        ->capture_default_str()
        ->check(example::whole(0, 1'000'000));
    app.add_option("--in-flight", chosen.session.in_flight, "Orders that may be sent and not acknowledged")
        ->capture_default_str()
        ->check(example::whole(1, 128));  // so many small datagrams fit into every socket buffer
    app.add_option("--acknowledge-after-us", chosen.acknowledge_after_us, "What the exchange takes for an order")
        ->capture_default_str()
        ->check(example::whole(0, 1'000'000));
    app.add_option("--kernel-buffer", chosen.kernel_buffer, "Receive buffer of the feed, in bytes; 0: the system's")
        ->capture_default_str()
        ->check(example::whole(0, 1 << 30));
    app.add_option("--log", chosen.session.log_file, "Write the log to this file");
    app.add_option("--log-bytes", chosen.session.log_bytes, "Capacity of the log's ring: a power of two")
        ->capture_default_str()
        ->check(example::whole(1 << 10, 1 << 30));
    app.add_option("--record", chosen.session.record_file, "Write the book's updates to this file");
    app.add_option("--prometheus", chosen.prometheus, "Write the latencies to this file, as Prometheus reads them");
#if defined(TRADING_HAS_PLAN)
    app.add_option("--plan", chosen.plan, "Pin the threads by this file of 'weir plan'");
#endif
    app.add_option("--patience-ms", chosen.patience_ms, "Give up when feed or exchange are silent for so long")
        ->capture_default_str()
        ->check(example::whole(1, 3'600'000));
    app.footer(std::string(R"(Examples:
  tick_to_order
  tick_to_order --policy all --brief --ticks 512 --book-work-ns 2000
  tick_to_order --listen 7001 & feed_replayer --port 7001

)") + example::exit_codes);
    return example::run(app, argc, argv, [&] { return tick_to_order(chosen); });
}
