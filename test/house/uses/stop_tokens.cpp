// SPDX-License-Identifier: MIT
#include <weir/broadcast_ring.hpp>
#include <weir/credit_gate.hpp>
#include <weir/message_ring.hpp>
#include <weir/ring.hpp>
#include <weir/stop.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

#include "test/house/uses/uses.hpp"

namespace {

template <class Ring>
long sum_until_stopped(Ring& ring, std::stop_token stop) {
    long sum = 0;
    if (const auto first = weir::pop(ring, stop)) sum += *first;
    for (long each; weir::pop(ring, each, stop);) sum += each;
    return sum;
}

template <class Ring>
bool works() {
    Ring ring(4);
    std::stop_source source;
    for (long i = 1; i <= 4; ++i) {
        if (!weir::push(ring, i, source.get_token())) return false;
    }
    source.request_stop();
    return weir::push(ring, 5L, source.get_token()) == weir::status::full &&
           sum_until_stopped(ring, source.get_token()) == 10;
}

bool works_with_messages() {
    weir::mpsc_message_ring<> ring(1024);
    const std::array<std::byte, 3> three{};
    const std::array<std::span<const std::byte>, 1> parts{three};
    const std::stop_token never;
    std::size_t bytes = 0;
    const auto count = [&bytes](std::uint16_t, std::span<const std::byte> message) { bytes += message.size(); };
    if (!weir::push(ring, three, never) || !weir::push(ring, parts, never, 1)) return false;
    if (auto message = weir::reserve(ring, 4, never)) message.commit();
    return weir::consume_one(ring, count, never) && weir::consume_some(ring, count, never) == 2 && bytes == 10;
}

bool works_with_readers() {
    weir::broadcast_ring<long> ring(4);
    auto in = ring.join();
    const std::stop_token never;
    for (long i = 1; i <= 2; ++i) {
        if (!weir::push(ring, i, never)) return false;
    }
    long first = 0;
    return weir::pop(in, first, never) && weir::pop(in, never) == 2 && first == 1;
}

}  // namespace

bool use_stop_tokens() {
    weir::credit_gate gate(1);
    weir::credit_permit permit;
    return works<weir::spsc_ring<long>>() && works<weir::mpmc_ring<long>>() && works<weir::strict_mpmc_ring<long>>() &&
           works_with_messages() && works_with_readers() && weir::acquire(gate, permit, 1, std::stop_token());
}
