// SPDX-License-Identifier: MIT
//
// Rings with credit on request: a push succeeds only if the consumer has asked for the item, and there is room.
//
//     weir::pull::spsc_ring<job> jobs(64);
//     jobs.request(8);                         // the consumer's: eight at a time, however many fit
//     ...
//     while (auto job = jobs.pop()) {
//         finish(*job);
//         jobs.request(1);                     // as it finishes, not as it pops: what is in its hands counts, too
//     }
//
// At every observation, delivered <= requested. So the demand, not the capacity, bounds how many items are in flight: queued, or
// popped and not yet finished. The capacity is the ceiling, also of request(pull::unbounded). A pop grants credit only if the
// demand exceeded the room.
//
// A refused push says why: `full`, every slot is taken; `no_credit`, there is room, but the requested items are used up. If both
// are true, it says full. A waiting push waits for both; a pop that leaves it without credit does not wake it.
//
// Request in batches. A request of many costs as much as a request of one: one store with one consumer, one read-modify-write with
// many, and for the producers a look at it. So a request for each item is the most expensive way. But items that are finished and
// not yet requested again leave room unused. Request as many as fit at first, then a sixteenth of the capacity at a time.
// pull::grant_every{4} batches single requests for a consumer that does not count: credit is granted four at a time. While the
// consumer knows of no item that it could pop, requests are granted at once, so that the two sides never wait for each other.
#pragma once

#include "weir/detail/cursor/demand.hpp"
#include "weir/detail/options.hpp"
#include "weir/ring.hpp"

namespace weir::pull {

/// As weir::spsc_ring, with credit on request. request() is the consumer's, and wait-free.
template <class T, class... Options>
using spsc_ring =
    detail::spsc_of<T, detail::options<detail::ring_family::plain, T, Options...>, detail::granting::on_request>;

/// As weir::mpmc_ring, with credit on request, four cache lines more. request() is any consumer's, and lock-free: it is
/// repeated only when another request came in between. The requests of all consumers add up, and any consumer may get the item.
template <class T, class... Options>
using mpmc_ring =
    detail::mpmc_of<T, detail::options<detail::ring_family::plain, T, Options...>, detail::granting::on_request>;

/// For many producers and one consumer, and for one producer and many consumers: names for mpmc_ring.
template <class T, class... Options>
using mpsc_ring = mpmc_ring<T, Options...>;
template <class T, class... Options>
using spmc_ring = mpmc_ring<T, Options...>;

/// As weir::strict_mpmc_ring, with credit on request, four cache lines more. request() is any consumer's, and
/// lock-free.
template <class T, class... Options>
using strict_mpmc_ring =
    detail::strict_of<T, detail::options<detail::ring_family::strict, T, Options...>, detail::granting::on_request>;

}  // namespace weir::pull
