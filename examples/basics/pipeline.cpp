// SPDX-License-Identifier: MIT
// Three stages, a thread each, joined by bounded rings: a slow sink slows the source.
#include <weir/pipeline.hpp>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <optional>
#include <string>

int main() {
    std::atomic<int> read{0};
    int written = 0, most_ahead = 0;

    weir::pipeline flow;
    auto reader = flow.source<int>("reader", [&] { return read < 1000 ? std::optional(++read) : std::nullopt; });
    auto format = flow.stage<int, std::string>("format", [](int n) { return std::to_string(n); });
    auto writer = flow.sink<std::string>("writer", [&](const std::string& line) {
        most_ahead = std::max(most_ahead, read - written);  // how far the source is ahead
        if (line == std::to_string(written + 1)) ++written;
    });
    flow.connect(reader, format, 64);
    flow.connect(format, writer, 16);

    flow.run();  // starts the threads; rejects a graph with loose ends
    const auto outcome = flow.join();

    for (const weir::edge_ledger& edge : flow.edges()) {
        std::cout << edge.from << " to " << edge.to << ": " << edge.delivered << " delivered, " << edge.lost
                  << " lost\n";
    }
    // At most the sum of the capacities, and one item for each stage.
    const bool bounded = most_ahead <= 64 + 16 + 3;
    return outcome == weir::pipeline::outcome::drained && written == 1000 && bounded ? 0 : 1;
}
