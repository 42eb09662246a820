// SPDX-License-Identifier: MIT
//
// Replays a made-up market feed over UDP at 127.0.0.1, with bursts and gaps.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "../edges/program.hpp"
#include "feed_options.hpp"
#include "replayer.hpp"

int main(int argc, char** argv) {
    CLI::App app("Replays a made-up market feed over UDP, with bursts and gaps.", "feed_replayer");
    trading::feed_settings feed;
    std::uint16_t port = 0;
    int patience_ms = 5000;
    app.add_option("--port", port, "Port of the receiver at 127.0.0.1")->required()->check(example::whole(1, 65535));
    trading::add_feed_options(app, feed);
    app.add_option("--patience-ms", patience_ms, "How long the end of the feed is repeated while the receiver is there")
        ->capture_default_str()
        ->check(example::whole(1, 3'600'000));
    app.footer(std::string("Example:\n  tick_to_order --listen 7001 &\n  feed_replayer --port 7001 --rate 50000\n\n") +
               example::exit_codes);
    return example::run(app, argc, argv, [&] {
        const auto made = trading::replay(feed, port, std::chrono::milliseconds(patience_ms), [] { return false; });
        example::print(fmt::format("{} datagrams made = {} sent + {} withheld; {} messages\n", made.datagrams,
                                   made.datagrams - made.withheld.datagrams, made.withheld.datagrams, made.messages));
        return example::succeeded;
    });
}
