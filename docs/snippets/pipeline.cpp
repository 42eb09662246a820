// SPDX-License-Identifier: MIT
#include <weir/messages.hpp>
#include <weir/pipeline.hpp>
#include <weir/pipeline_text.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

struct quote {
    std::uint64_t id;
    double price;
};
struct trade {
    std::uint64_t id;
    std::uint32_t size;
};

int shared() {
    int next = 0, booked = 0, drawn = 0;
    weir::pipeline p;
    auto feed = p.source<int>("feed", [&] { return next < 1000 ? std::optional(next++) : std::nullopt; });
    auto book = p.sink<int>("book", [&](const int&) { ++booked; });
    auto screen = p.sink<int>("screen", [&](const int&) { ++drawn; });
    // show broadcast
    auto all = p.broadcast(feed, 256);  // the only output of feed
    p.connect(all, book);               // gated: misses nothing, and holds up the feed when it is 256 behind
    p.connect(all, screen, weir::reader_mode::lossy);
    // end
    p.run();
    p.join();
    return booked == 1000 && drawn > 0 ? 0 : 1;
}

int messages() {
    int next = 0;
    std::uint32_t volume = 0;
    double last = 0;
    weir::pipeline p;
    auto numbers = p.source<int>("numbers", [&] { return next < 100 ? std::optional(next++) : std::nullopt; });
    // show messages
    using feed = weir::messages<quote, trade>;
    auto encode = p.flat_stage<int, weir::message>("encode", 2,  // up to two messages of an item
                                                   [](int n, auto& emit) {
                                                       const auto id = static_cast<std::uint64_t>(n);
                                                       emit(feed::view(quote{id, 99.5}));
                                                       if (n % 10 == 0) emit(feed::view(trade{id, 100}));
                                                   },
                                                   {.most_bytes = feed::most_bytes});
    auto book = p.sink<weir::message>(
        "book", feed::visitor([&](const quote& q) { last = q.price; }, [&](const trade& t) { volume += t.size; }));
    p.connect(encode, book, 4096);  // bytes
    // end
    p.connect(numbers, encode, 64);
    p.run();
    p.join();
    return last == 99.5 && volume == 1000 ? 0 : 1;
}

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
    // show text
    const std::string text =
        to_text(p);  // edge      feed to split  1000 accepted = 1000 delivered + 0 queued + 0 lost, ...
    // end
    const bool is_told = text.starts_with("edge      feed to split  1000 accepted = 1000 delivered");
    const bool ok = outcome == weir::pipeline::outcome::drained && odd == 500 && even == 500 && is_told;
    return ok && shared() == 0 && messages() == 0 ? 0 : 1;
}
