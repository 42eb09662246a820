// SPDX-License-Identifier: MIT
//
// What the three programs share: ticks go from the feed to everyone, orders from the strategy to the monitor.
#pragma once

#include <weir/shm/broadcast_ring.hpp>
#include <weir/shm/spsc_ring.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

struct tick {
    std::uint64_t number;
    double price;
};
struct order {
    std::uint64_t tick;  // that it answers
    double price;
};
using tick_ring = weir::shm::broadcast_ring<tick>;
using order_ring = weir::shm::spsc_ring<order>;

// Whichever program comes first makes them; also after all of them were killed.
inline tick_ring ticks_of(const std::string& session) {
    return tick_ring::open_or_create(session + "-ticks", 1024, "example tick v1");
}
inline order_ring orders_of(const std::string& session) {
    return order_ring::open_or_create(session + "-orders", 1024, "example order v1");
}

/// Runs a program of these: its arguments are checked, and what is thrown is a sentence and exit code 1.
template <class Program>
int run(int argc, char** argv, const char* usage, int arguments, Program program) {
    if (argc != 1 + arguments) {
        std::fprintf(stderr, "usage: %s %s\n", argv[0], usage);
        return 2;
    }
    try {
        return program();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
        return 1;
    }
}

/// A whole number above 0; ends the program with a sentence and exit code 2 if it is none.
inline std::uint64_t number_of(const char* text, const char* what) {
    char* end = nullptr;
    const long long number = std::strtoll(text, &end, 10);
    if (number <= 0 || *end != '\0') {
        std::fprintf(stderr, "%s is %s; give a whole number above 0\n", what, text);
        std::exit(2);
    }
    return static_cast<std::uint64_t>(number);
}
