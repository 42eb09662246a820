// SPDX-License-Identifier: MIT
//
// Options and arguments of rings, and operations that a ring does not have, which are refused with a sentence: the one whose
// number is USE. Number 0 is fine.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "weir/credit_gate.hpp"
#include "weir/overflow.hpp"
#include "weir/pull.hpp"

using namespace weir;

int main() {
#if USE == 0
    spsc_ring<int, stats::on> counting(8);
    overflow_ring<int, overflow::drop_newest, overflow::many_producers> many(8);
    strict_mpmc_ring<int, max_threads<4>, std::uint32_t, wait::spin> few(8);
    mpmc_ring<int, storage::fixed<8>, stats::off> inside;
    pull::mpmc_ring<int> asked(8, pull::grant_every{2});
    spsc_ring<int> rounded(8.0), shifted(8, {5});
    overflow_ring<int, overflow::sample> sampling(8, {.keep_one_in = 2});
    std::byte memory[1024];
    spsc_ring<int, storage::borrowed> lent(std::span<std::byte>{memory});
    spsc_ring<int, storage::allocated<std::allocator<int>>> given(8, std::allocator<int>());
    spsc_ring<std::stop_token> tokens(8);
    std::stop_token token;
    (void)tokens.push(token);
    (void)tokens.pop(token);
#elif USE == 1
    spsc_ring<int, int> ring(8);
#elif USE == 2
    mpmc_ring<int, wait::spin, wait::park> ring(8);
#elif USE == 3
    mpmc_ring<int, stats::on, stats::off> ring(8);
#elif USE == 4
    pull::spsc_ring<int, storage::heap, storage::fixed<8>> ring(8);
#elif USE == 5
    spsc_ring<int, std::uint8_t, std::uint16_t> ring(8);
#elif USE == 6
    strict_mpmc_ring<int, max_threads<2>, max_threads<3>> ring(8);
#elif USE == 7
    overflow_ring<int, overflow::reject, overflow::one_producer, overflow::many_producers> ring(8);
#elif USE == 8
    mpmc_ring<int, max_threads<2>> ring(8);
#elif USE == 9
    spsc_ring<int, overflow::many_producers> ring(8);
#elif USE == 10
    spsc_ring<int> ring;
#elif USE == 11
    overflow_ring<int, overflow::drop_newest> ring;
#elif USE == 12
    spsc_ring<int, storage::fixed<8>> ring(8);
#elif USE == 13
    overflow_ring<int, overflow::drop_newest, storage::fixed<8>> ring(8);
#elif USE == 14
    spsc_ring<int> ring(8, pull::grant_every{2});
#elif USE == 15
    mpmc_ring<int> ring(8);
    auto slots = ring.try_reserve(1);
    slots.emplace(1);
    slots.commit(1);
#elif USE == 16
    overflow_ring<int, overflow::drop_newest> ring(8);
    (void)ring.try_reserve(1);
#elif USE == 17
    strict_mpmc_ring<int> ring(8);
    auto items = ring.try_peek(1);
    for (int& item : items.first()) ++item;
    items.release(items.size());
#elif USE == 18
    overflow_ring<int, overflow::drop_newest> ring(8);
    (void)ring.try_peek(1);
#elif USE == 19
    spsc_ring<int> ring(8);
    ring.request(1);
#elif USE == 20
    overflow_ring<int, overflow::drop_newest> ring(8);
    ring.request(1);
#elif USE == 21
    spsc_ring<int> ring(8);
    (void)ring.try_drop_oldest();
#elif USE == 22
    overflow_ring<int, overflow::drop_oldest> ring(8);
    (void)ring.try_drop_oldest();
#elif USE == 23
    mpmc_ring<int> ring(8);
    (void)ring.snapshot().queued_items;
#elif USE == 24
    overflow_ring<int, overflow::drop_newest> ring(8);
    (void)ring.snapshot();
#elif USE == 25
    spsc_ring<int> ring(8);
    return ring.items_fd();
#elif USE == 26
    overflow_ring<int, overflow::drop_newest> ring(8);
    return ring.space_fd();
#elif USE == 27
    mpmc_ring<int> ring(8);
    ring.adopt_producer();
#elif USE == 28
    mpmc_ring<int> ring(8);
    ring.adopt_consumer();
#elif USE == 29
    overflow_ring<int, overflow::reject, overflow::many_producers> ring(8);
    ring.adopt_producer();
#elif USE == 30
    spsc_ring<int, const bool> ring(8);
#elif USE == 31
    strict_mpmc_ring<int, max_threads<0>> ring(8);
#elif USE == 32
    spsc_ring<int, storage::fixed<0>> ring;
#elif USE == 33
    spsc_ring<int, overflow::drop_newest> ring(8);
#elif USE == 34
    struct lowest {
        std::size_t operator()(int) const { return 0; }
    };
    overflow_ring<int, overflow::shed_lowest<2, lowest>, wait::event> ring(8);
    return ring.space_fd();
#elif USE == 35
    overflow_ring<int, overflow::drop_oldest> ring(8);
    (void)ring.try_force_push(1);
#elif USE == 36
    overflow_ring<int, overflow::reject> ring(8);
    (void)ring.force_push(1, [](int) {});
#elif USE == 37
    spsc_ring<int> ring("ten");
#elif USE == 38
    mpmc_ring<int> ring(10, wait::spin{});
#elif USE == 39
    strict_mpmc_ring<int> ring{1, 2, 3};
#elif USE == 40
    std::byte memory[1024];
    spsc_ring<int> ring(10, std::span(memory));
#elif USE == 41
    overflow_ring<int, overflow::drop_newest> ring("ten");
#elif USE == 42
    spsc_ring<int, storage::fixed<8>> ring("ten");
#elif USE == 43
    overflow_ring<int, overflow::block> ring(10, overflow::reject{});
#elif USE == 44
    spsc_ring<int> ring(8);
    ring.consume([](std::string&) {});
#elif USE == 45
    mpmc_ring<int> ring(8);
    (void)ring.try_consume_one([] {});
#elif USE == 46
    strict_mpmc_ring<int> ring(8);
    (void)ring.consume_some_for([](std::size_t, int&) {}, std::chrono::seconds(1));
#elif USE == 47
    overflow_ring<int, overflow::drop_oldest> ring(8);
    (void)ring.consume_one([](int*) {});
#elif USE == 48
    overflow_ring<int, overflow::block> ring(8);
    ring.consume([](const std::string&) {}, 3);
#elif USE == 49
    spsc_ring<int> ring(8);
    (void)ring.push_for(1, 100);
#elif USE == 50
    mpmc_ring<int> ring(8);
    int out = 0;
    (void)ring.pop_for(out, 0.5);
#elif USE == 51
    overflow_ring<int, overflow::block> ring(8);
    (void)ring.pop_for(100);
#elif USE == 52
    strict_mpmc_ring<int> ring(8);
    (void)ring.consume_one_for([](int&) {}, 100U);
#elif USE == 53
    credit_gate gate(8);
    credit_permit out;
    (void)gate.acquire_for(out, 1, 100);
#elif USE == 54
    credit_gate gate(8);
    (void)gate.acquire_for(1, 100);
#elif USE == 55
    spsc_ring<int> ring(8);
    (void)ring.push(1, std::stop_token());
#elif USE == 56
    mpmc_ring<int> ring(8);
    int out = 0;
    if (ring.pop(out, std::stop_token())) return out;
#elif USE == 57
    strict_mpmc_ring<int> ring(8);
    while (auto item = ring.pop(std::stop_token())) (void)*item;
#elif USE == 58
    spsc_ring<int> ring(8);
    const int many[] = {1, 2};
    (void)ring.push_n(many, std::stop_token());
#elif USE == 59
    mpmc_ring<int> ring(8);
    int many[2];
    (void)ring.pop_n(std::span(many), std::stop_token());
#elif USE == 60
    overflow_ring<long, overflow::block> ring(8);
    (void)ring.push(1L, std::stop_token());
#elif USE == 61
    overflow_ring<long, overflow::block> ring(8);
    while (auto item = ring.pop(std::stop_token())) (void)*item;
#elif USE == 62
    spsc_ring<int> ring(8);
    (void)ring.consume_some([](int&) {}, std::stop_token());
#elif USE == 63
    spsc_ring<int> ring(8);
    (void)ring.force_push(1);
#elif USE == 64
    spsc_ring<int> ring(8);
    (void)ring.try_force_push();
#elif USE == 65
    strict_mpmc_ring<int> ring(8);
    (void)ring.force_push(1, 2, 3);
#elif USE == 66
    struct order {
        int id;
        double price;
    };
    spsc_ring<order> ring(8);
    (void)ring.push({1, 99.5}, std::stop_token());
#elif USE == 67
    mpmc_ring<std::string> ring(8);
    ring.consume(&std::string::clear);
#elif USE == 68
    overflow_ring<std::string, overflow::reject> ring(8);
    (void)ring.consume_one(&std::string::clear);
#endif
}
