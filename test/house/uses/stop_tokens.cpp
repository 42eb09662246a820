// SPDX-License-Identifier: MIT
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>
#include <weir/stop.hpp>

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

}  // namespace

bool use_stop_tokens() {
    weir::credit_gate gate(1);
    weir::credit_permit permit;
    return works<weir::spsc_ring<long>>() && works<weir::mpmc_ring<long>>() && works<weir::strict_mpmc_ring<long>>() &&
           weir::acquire(gate, permit, 1, std::stop_token());
}
