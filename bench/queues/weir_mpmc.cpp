// SPDX-License-Identifier: MIT
#include "weir.hpp"

namespace bench {
namespace {

template <typename T>
using mpmc_ring = trying<weir::mpmc_ring<T>>;
template <typename T>
using mpmc_park = waiting<weir::mpmc_ring<T>>;
template <typename T>
using mpmc_yield = waiting<weir::mpmc_ring<T, weir::wait::yield>>;

}  // namespace

std::vector<queue_entry> weir_mpmc_queues() {
    const queue_entry mpmc{.name = "weir::mpmc_ring",
                           .configuration = "try_push/try_pop",
                           .subject = true,
                           .plays = league::crowd,
                           .many_producers = true,
                           .many_consumers = true,
                           .make = make_channel<mpmc_ring>};
    return {
        mpmc,
        waits<mpmc_park>(mpmc, "push/pop", "wait::park, the default", true),
        waits<mpmc_yield>(mpmc, "yield", "wait::yield", false),
    };
}

}  // namespace bench
