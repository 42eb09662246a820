// SPDX-License-Identifier: MIT
//
// The options of a replayed feed, of both programs.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>

#include "../edges/program.hpp"
#include "feed_script.hpp"

namespace trading {

inline void add_feed_options(CLI::App& app, feed_settings& feed) {
    app.add_option("--seed", feed.seed, "The same seed and options give the same feed")
        ->capture_default_str()
        ->check(example::whole(0, std::numeric_limits<long long>::max()));
    app.add_option("--datagrams", feed.datagrams, "How many datagrams to make")
        ->capture_default_str()
        ->check(example::whole(1, 1'000'000'000));
    app.add_option("--rate", feed.rate, "Datagrams a second between bursts; 0: all at once")
        ->capture_default_str()
        ->check(example::between(0.0, 1e7));
    app.add_option("--burst", feed.burst, "Datagrams in a burst, sent at once; 0: no bursts")
        ->capture_default_str()
        ->check(example::whole(0, 1'000'000'000));
    app.add_option("--burst-every", feed.burst_every, "A burst begins every so many datagrams")
        ->capture_default_str()
        ->check(example::whole(1, 1'000'000'000));
    app.add_option("--gaps", feed.withheld,
                   "Share of datagrams at which 1 to 4 are withheld, as if the network lost them")
        ->capture_default_str()
        ->check(example::between(0.0, 1.0));
    app.add_option("--symbols", feed.symbols, "How many symbols are quoted")
        ->capture_default_str()
        ->check(example::whole(1, 255));
}

}  // namespace trading
