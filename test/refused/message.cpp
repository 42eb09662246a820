// SPDX-License-Identifier: MIT
//
// Uses of message rings that are refused with a sentence: the one whose number is USE. Number 0 is fine.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "weir/messages.hpp"
#include "weir/overflow_messages.hpp"
#include "weir/pipeline.hpp"

struct quote {
    double bid, ask;
};

int main() {
    weir::spsc_message_ring<> ring(1024);
#if USE == 0
    ring.consume([](std::uint16_t, std::span<const std::byte>) { return weir::visit::stop; });
    (void)weir::messages<quote, int>::push(ring, 1);
#elif USE == 1
    weir::spsc_message_ring<weir::message_alignment<24>> odd(1024);
#elif USE == 2
    weir::spsc_message_ring<weir::message_alignment<16>, weir::message_alignment<8>> two(1024);
#elif USE == 3
    weir::spsc_ring<int, weir::message_alignment<16>> items(1024);
#elif USE == 4
    weir::mpsc_message_ring<std::uint32_t> narrow(1024);
#elif USE == 5
    ring.consume([](std::uint16_t, std::span<const std::byte>) { return 1; });
#elif USE == 6
    (void)weir::messages<std::string>::push(ring, std::string());
#elif USE == 7
    (void)weir::messages<quote>::push(ring, 1);
#elif USE == 8
    weir::spsc_message_ring<> without;
#elif USE == 9
    weir::spsc_message_ring<weir::storage::fixed<1024>> twice(1024);
#elif USE == 10
    weir::spsc_message_ring<weir::storage::borrowed> nowhere(1024);
#elif USE == 11
    (void)ring.snapshot();
#elif USE == 12
    weir::mpsc_message_ring<> shared(1024);
    shared.adopt_producer();
#elif USE == 13
    (void)ring.space_fd();
#elif USE == 14
    weir::overflow_message_ring<weir::overflow::codel<>> late(1024);
#elif USE == 15
    std::span<std::byte> memory;
    weir::overflow_message_ring<weir::overflow::drop_oldest, weir::storage::borrowed> nowhere(1024, memory);
#elif USE == 16
    weir::pipeline p;
    p.stage<int, weir::message>("returns", [](int) { return weir::message{}; });
#elif USE == 17
    weir::pipeline p;
    p.source<weir::message>("optional", [](auto&) { return std::optional<weir::message>(); }, {.most_bytes = 8});
#elif USE == 18
    weir::pipeline p;
    (void)p.broadcast(p.source<weir::message>("feed", [](auto&) { return false; }, {.most_bytes = 8}), 1024);
#elif USE == 19
    weir::pipeline p;
    p.sink<weir::message>("stops", [](std::uint16_t, std::span<const std::byte>) { return weir::visit::stop; });
#elif USE == 20
    struct token {
        bool stop_requested() const { return false; }
    };
    (void)weir::messages<quote>::push(ring, quote{}, token{});
#elif USE == 21
    (void)weir::messages<quote, int[3]>::tag<quote>;
#elif USE == 22
    (void)weir::messages<quote, int&>::tag<quote>;
#elif USE == 23
    (void)ring.push(quote{1, 2});
#elif USE == 24
    (void)ring.try_push(1, 7);
#elif USE == 25
    const quote q{1, 2};
    (void)ring.push_for(q, std::chrono::seconds(1));
#elif USE == 26
    (void)ring.push_until(std::string("text"), std::chrono::steady_clock::now());
#elif USE == 27
    (void)ring.push_unless(
        "text", [] { return true; }, weir::forever, 7);
#elif USE == 28
    ring.consume([](std::span<const std::byte>) {});
#elif USE == 29
    (void)ring.consume_one([](const quote&) {});
#elif USE == 30
    (void)ring.try_consume_one([](std::uint16_t, std::span<std::byte>) {});
#elif USE == 31
    weir::spsc_message_ring<> named("feed");
#elif USE == 32
    weir::mpsc_message_ring<> optioned(1024, weir::wait::spin{});
#elif USE == 33
    ring.consume(weir::messages<quote, int>::visitor([](const quote&) {}));
#elif USE == 34
    ring.consume(weir::messages<quote, int>::visitor([](const quote&) {}, [](int) { return weir::visit::stop; }));
#elif USE == 35
    ring.consume(weir::messages<quote, int[3]>::visitor([](const auto&) {}));
#elif USE == 36
    (void)ring.push_for(std::span<const std::byte>(), 100);
#elif USE == 37
    (void)ring.reserve_for(8, 100);
#elif USE == 38
    weir::spsc_message_ring<weir::storage::fixed<1024>> named("feed");
#elif USE == 39
    while (auto one = ring.pop()) (void)one->type;
#elif USE == 40
    if (auto one = ring.try_pop()) (void)one->bytes;
#elif USE == 41
    quote out;
    (void)ring.try_pop(out);
#elif USE == 42
    quote out;
    (void)ring.pop_for(out, std::chrono::seconds(1));
#elif USE == 43
    (void)ring.try_push(std::string_view("text"));
#elif USE == 44
    (void)ring.try_push("text", 7);
#elif USE == 45
    (void)ring.push(std::span<const std::byte>(), std::stop_token(), 7);
#elif USE == 46
    (void)ring.consume_some([](std::uint16_t, std::span<const std::byte>) {}, std::stop_token());
#elif USE == 47
    weir::overflow_message_ring<weir::overflow::drop_oldest> late(1024);
    while (auto one = late.pop()) (void)one->type;
#elif USE == 48
    (void)ring.push({std::span<const std::byte>()}, std::stop_token());
#endif
}
