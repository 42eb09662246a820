// SPDX-License-Identifier: MIT
#include "bench/queues/weir.hpp"

namespace bench {
namespace {

template <typename T>
using strict_mpmc_ring = trying<weir::strict_mpmc_ring<T>>;
template <typename T>
using mpmc_ring = trying<weir::mpmc_ring<T>>;
template <typename T>
using mpmc_park = waiting<weir::mpmc_ring<T>>;
template <typename T>
using mpmc_yield = waiting<weir::mpmc_ring<T, weir::wait::yield>>;

template <template <typename> class Adapter>
queue_entry crowd(const std::string& name) {
    return {.name = name,
            .configuration = "try_push/try_pop",
            .subject = true,
            .plays = league::crowd | league::credit,
            .many_producers = true,
            .many_consumers = true,
            .sibling = name == "weir::mpmc_ring" ? "" : "weir::mpmc_ring",
            .make = make_channel<Adapter>};
}

}  // namespace

std::vector<queue_entry> weir_mpmc_queues() {
    queue_entry mpmc = crowd<mpmc_ring>("weir::mpmc_ring");
    mpmc.plays = mpmc.plays | league::waiting | league::ready;  // as the sibling of its blocking forms
    return {
        mpmc,
        crowd<strict_mpmc_ring>("weir::strict_mpmc_ring"),
        waits<mpmc_park>(mpmc, "push/pop", "wait::park, the default", true,
                         league::waiting | league::ready | league::awaiting | league::waking),
        waits<mpmc_yield>(mpmc, "yield", "wait::yield", false),
    };
}

}  // namespace bench
