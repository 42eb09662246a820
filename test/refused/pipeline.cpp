// SPDX-License-Identifier: MIT
//
// Functions that a pipeline cannot call, refused with a sentence: the one whose number is USE. Number 0 is fine.
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
#endif
}
