// SPDX-License-Identifier: MIT
//
// Functions that a pipeline cannot call, refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "weir/pipeline.hpp"

int main() {
    weir::pipeline p;
#if USE == 0
    const auto in = p.source<int>("in", [](std::stop_token) { return std::optional<int>(); });
    const auto odd = p.stage<int, long>("odd", [](const int& n) { return std::optional<long>(n); });
    const auto text = p.flat_stage<long, std::string>("text", 2, [](long n, auto& emit) { emit(std::to_string(n)); });
    p.connect(in, odd, 1);
    p.connect(odd, text, 2);
    p.connect(text, p.sink<std::string>("out", [](std::string&&) {}), 2);
    const auto feed = p.source<weir::message>("feed", [](auto&) { return false; }, {.most_bytes = 8});
    const auto read = p.flat_stage<weir::message, int>("read", 1, [](auto type, auto, auto& emit) { emit(type); });
    p.connect(feed, read, 64);
#elif USE == 1
    (void)p.source<int>("in", [] { return 1; });
#elif USE == 2
    (void)p.source<int>("in", [](int n) { return std::optional(n); });
#elif USE == 3
    (void)p.stage<int, long>("stage", [](std::string text) { return static_cast<long>(text.size()); });
#elif USE == 4
    (void)p.stage<int, std::string>("stage", [](int n) { return std::optional(n); });
#elif USE == 5
    (void)p.flat_stage<int, int>("stage", 2, [](int n) { return n; });
#elif USE == 6
    (void)p.sink<int>("out", [](std::string) {});
#elif USE == 7
    (void)p.source<weir::message>("in", [] { return false; }, {.most_bytes = 8});
#elif USE == 8
    (void)p.flat_stage<weir::message, int>("stage", 1, [](weir::message) {});
#elif USE == 9
    p.connect(p.source<int>("in", [] { return std::optional(1); }), p.sink<std::string>("out", [](std::string) {}), 8);
#elif USE == 10
    p.connect(p.inlet<int>("in"), p.sink<std::string>("out", [](std::string) {}), 8);
#elif USE == 11
    p.connect(p.broadcast(p.source<int>("in", [] { return std::optional(1); }), 8),
              p.sink<std::string>("out", [](std::string) {}));
#elif USE == 12
    const auto in = p.source("in", [] { return std::optional(1); });
    p.connect(in, p.sink<int>("out", [](int) {}), 8);
#elif USE == 13
    (void)p.source("in", [] { return std::optional(1); }, {.batch = 4});
#elif USE == 14
    p.connect(p.source<int>("in", [] { return std::optional(1); }), p.sink("out", [](int) {}), 8);
#elif USE == 15
    const auto between = p.stage("between", [](int n) { return n; });
    p.connect(p.source<int>("in", [] { return std::optional(1); }), between, 8);
    p.connect(between, p.sink<int>("out", [](int) {}), 8);
#elif USE == 16
    (void)p.flat_stage("several", 2, [](int n, auto& emit) { emit(n); });
#elif USE == 17
    p.connect(p.inlet("in"), p.sink<int>("out", [](int) {}), 8);
#elif USE == 18
    (void)p.inlet<weir::message>("in");
#elif USE == 19
    (void)p.stage<int, weir::message>("stage", [](int) { return weir::message{}; }, {.most_bytes = 8});
#elif USE == 20
    (void)p.broadcast(p.source<weir::message>("in", [](auto&) { return false; }, {.most_bytes = 8}), 1024);
#elif USE == 21
    (void)p.broadcast(p.source<std::unique_ptr<int>>("in", [] { return std::optional(std::make_unique<int>(1)); }), 8);
#elif USE == 22
    const auto key = [](int n) { return n; };
    (void)p.flat_stage<int, int>(
        "stage", 1, [](int n, auto& emit) { emit(n); }, {}, weir::split::by_key{key, weir::split::block_for_ever});
#elif USE == 23
    const auto key = [](const weir::message&) { return 1; };
    (void)p.source<weir::message>(
        "in", [](auto&) { return false; }, {.most_bytes = 8}, weir::split::by_key{key, weir::split::block_for_ever});
#elif USE == 24
    (void)p.stage<int>("stage", [](int n) { return n; });
#elif USE == 25
    (void)p.flat_stage<int>("stage", 2, [](int n, auto& emit) { emit(n); });
#endif
}
