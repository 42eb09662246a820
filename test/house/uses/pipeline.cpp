// SPDX-License-Identifier: MIT
#include <weir/pipeline.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "test/house/uses/uses.hpp"

bool use_pipeline() {
    using namespace std::chrono_literals;
    long made = 0;
    long sum = 0;
    std::size_t letters = 0;
    weir::pipeline p;
    const auto numbers = p.source<long>("numbers", [&]() -> std::optional<long> {
        if (made == 100) return std::nullopt;
        return ++made;
    });
    auto outside = p.inlet<long>("outside");
    const auto both = p.stage<long, long>(
        "both", [](long n) { return n; }, {.batch = 4}, weir::split::to_all{});
    const auto text = p.stage<long, std::string>("text", [](const long& n) { return std::to_string(n); });
    const auto add = p.sink<long>("add", [&](long n) { sum += n; });
    const auto count = p.sink<std::string>("count", [&](std::string&& word) { letters += word.size(); });
    p.connect(numbers, both, 8);
    p.connect(outside, both, 8);
    p.connect(both, add, 8);
    p.connect(both, text, 8);
    p.connect(text, count, 8);
    p.run();
    const bool accepted = outside.push(1L) && outside.push_for(2L, 1s);
    (void)outside.try_push(0L);
    outside.close();
    const bool drained = p.join() == weir::pipeline::outcome::drained;
    for (const auto& edge : p.edges()) {
        if (edge.accepted != edge.delivered + edge.lost) return false;
    }
    return accepted && drained && !p.failure() && !p.stages().empty() && sum == 5053 && letters >= 194;
}
