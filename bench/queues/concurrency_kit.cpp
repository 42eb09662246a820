// SPDX-License-Identifier: MIT
//
// <ck_ring.h> is C and does not compile as C++: one function returns `false` as a null pointer, and the reserve functions
// convert void* implicitly. Compiled as C it would cost a function call per item, which its users do not pay. So macros fix
// those two places, and the ring's inline functions stay as they are.
#include <ck_cc.h>
#include <ck_md.h>
#include <ck_pr.h>
#include <ck_stdbool.h>
#include <ck_string.h>

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#undef false
#define false 0
#include <ck_ring.h>
#undef false

#define _ck_ring_enqueue_reserve_sp(ring, slots, ...) \
    (static_cast<decltype(slots)>((_ck_ring_enqueue_reserve_sp)(ring, slots, __VA_ARGS__)))
#define _ck_ring_enqueue_reserve_mp(ring, slots, ...) \
    (static_cast<decltype(slots)>((_ck_ring_enqueue_reserve_mp)(ring, slots, __VA_ARGS__)))

#include <bit>
#include <vector>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

struct ck_item8 {
    word payload;
};
struct ck_item64 {
    item<64> payload;
};
struct ck_item256 {
    item<256> payload;
};

CK_RING_PROTOTYPE(words, ck_item8)
CK_RING_PROTOTYPE(blocks64, ck_item64)
CK_RING_PROTOTYPE(blocks256, ck_item256)

/// The operations of the ring for each number of producers and consumers.
#define CK_OPERATIONS(name, end_points)                                        \
    struct end_points##_##name {                                               \
        static constexpr auto enqueue = ck_ring_enqueue_##end_points##_##name; \
        static constexpr auto dequeue = ck_ring_dequeue_##end_points##_##name; \
    };
#define CK_OPERATIONS_FOR(name) \
    CK_OPERATIONS(name, spsc)   \
    CK_OPERATIONS(name, mpsc)   \
    CK_OPERATIONS(name, spmc)   \
    CK_OPERATIONS(name, mpmc)
CK_OPERATIONS_FOR(words)
CK_OPERATIONS_FOR(blocks64)
CK_OPERATIONS_FOR(blocks256)

template <typename Slot, typename Spsc, typename Mpsc, typename Spmc, typename Mpmc>
struct operations_on {
    using slot = Slot;
    using spsc = Spsc;
    using mpsc = Mpsc;
    using spmc = Spmc;
    using mpmc = Mpmc;
};
template <typename T>
struct operations;
template <>
struct operations<item<8>> : operations_on<ck_item8, spsc_words, mpsc_words, spmc_words, mpmc_words> {};
template <>
struct operations<item<64>> : operations_on<ck_item64, spsc_blocks64, mpsc_blocks64, spmc_blocks64, mpmc_blocks64> {};
template <>
struct operations<item<256>>
    : operations_on<ck_item256, spsc_blocks256, mpsc_blocks256, spmc_blocks256, mpmc_blocks256> {};

/// A power of two of slots, one of which stays empty: a ring of 1024 slots holds 1023 items.
template <typename T, typename Operations>
class ring {
public:
    explicit ring(std::size_t capacity) : slots_(std::bit_ceil(std::max<std::size_t>(capacity, 2))) {
        ck_ring_init(&ring_, static_cast<unsigned>(slots_.size()));
    }

    bool try_push(const T& it) {
        slot copy{it};
        return Operations::enqueue(&ring_, slots_.data(), &copy);
    }

    bool try_pop(T& it) {
        slot copy;
        const bool popped = Operations::dequeue(&ring_, slots_.data(), &copy);
        if (popped) {
            it = copy.payload;
        }
        return popped;
    }

private:
    using slot = typename operations<T>::slot;

    alignas(CK_MD_CACHELINE) ck_ring_t ring_;
    std::vector<slot> slots_;
};

template <typename T>
using spsc_ring = ring<T, typename operations<T>::spsc>;
template <typename T>
using mpsc_ring = ring<T, typename operations<T>::mpsc>;
template <typename T>
using spmc_ring = ring<T, typename operations<T>::spmc>;
template <typename T>
using mpmc_ring = ring<T, typename operations<T>::mpmc>;

}  // namespace

std::vector<queue_entry> concurrency_kit_queues() {
    return {{.name = "ck_ring",
             .configuration = "CK_RING_PROTOTYPE by value; enqueue_spsc, dequeue_spsc",
             .make = make_channel<spsc_ring>},
            {.name = "ck_ring mpsc",
             .configuration = "the same; enqueue_mpsc, dequeue_mpsc",
             .plays = league::crowd,
             .many_producers = true,
             .make = make_channel<mpsc_ring>},
            {.name = "ck_ring spmc",
             .configuration = "the same; enqueue_spmc, dequeue_spmc",
             .plays = league::crowd,
             .many_consumers = true,
             .make = make_channel<spmc_ring>},
            {.name = "ck_ring mpmc",
             .configuration = "the same; enqueue_mpmc, dequeue_mpmc",
             .plays = league::crowd,
             .many_producers = true,
             .many_consumers = true,
             .make = make_channel<mpmc_ring>}};
}

}  // namespace bench
