// SPDX-License-Identifier: MIT
#include <weir/pipeline.hpp>

#include <chrono>
#include <optional>
#include <string>

int main() {
    using namespace std::chrono_literals;
    int next = 0, odd = 0, even = 0;
    // show
    weir::pipeline p;
    auto feed = p.source<int>("feed", [&]() -> std::optional<int> {
        if (next == 1000) return std::nullopt;  // the end
        return next++;
    });
    const auto parity = [](const int& n) { return static_cast<unsigned>(n) % 2; };
    auto split = p.stage<int, int>(
        "split", [](int n) { return n; }, {}, weir::split::by_key{parity, weir::split::block_for_ever});
    auto left = p.sink<int>("even", [&](int) { ++even; });
    auto right = p.sink<int>("odd", [&](int) { ++odd; });
    p.connect(feed, split, 64);
    p.connect(split, left, 64);  // output 0
    p.connect(split, right, 64);
    p.run();  // a thread for each stage; a wrong graph is rejected with a sentence
    const auto outcome = p.join();
    // end
    return outcome == weir::pipeline::outcome::drained && odd == 500 && even == 500 ? 0 : 1;
}
