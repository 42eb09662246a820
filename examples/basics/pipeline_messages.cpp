// SPDX-License-Identifier: MIT
// Stages that hand on messages of any size: quotes and trades are encoded, sent through 4 KiB of a ring, and visited by type.
#include <weir/messages.hpp>
#include <weir/pipeline.hpp>

#include <cstdint>
#include <iostream>
#include <optional>

struct quote {
    std::uint64_t id;
    double bid, ask;
};
struct trade {
    std::uint64_t id;
    std::uint32_t size;
};
using feed = weir::messages<quote, trade>;

int main() {
    std::uint64_t quotes = 0, volume = 0;

    weir::pipeline flow;
    auto numbers = flow.source<std::uint64_t>(
        "numbers", [n = std::uint64_t{0}]() mutable { return n < 1000 ? std::optional(n++) : std::nullopt; });
    auto encode = flow.flat_stage<std::uint64_t, weir::message>(
        "encode", 2,  // up to two messages of each number
        [](std::uint64_t n, auto& emit) {
            emit(feed::view(quote{n, 99.5, 99.6}));  // the bytes are copied into the ring
            if (n % 10 == 0) emit(feed::view(trade{n, 100}));
        },
        {.most_bytes = feed::most_bytes});
    auto book = flow.sink<weir::message>("book", feed::visitor([&](const quote&) { ++quotes; },  //
                                                               [&](const trade& t) { volume += t.size; }));
    flow.connect(numbers, encode, 64);
    flow.connect(encode, book, 4096);  // bytes
    flow.run();
    const auto outcome = flow.join();

    const weir::edge_ledger sent = flow.edges()[1];
    std::cout << sent.delivered << " messages, " << sent.lost << " lost; volume " << volume << "\n";
    return outcome == weir::pipeline::outcome::drained && quotes == 1000 && volume == 10'000 ? 0 : 1;
}
