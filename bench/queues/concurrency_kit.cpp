// SPDX-License-Identifier: MIT
//
// <ck_ring.h> is C and not quite C++: one function returns `false` as a null pointer, the reserve functions convert
// void* implicitly. Compiling it as C would put a function call around every item, which its users do not pay; so the
// two spots are mended with macros, and the ring's inline functions stay as they are.
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

#include "make.hpp"
#include "queue.hpp"

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

template <typename T>
struct spsc;
template <>
struct spsc<item<8>> {
    using slot = ck_item8;
    static constexpr auto enqueue = ck_ring_enqueue_spsc_words;
    static constexpr auto dequeue = ck_ring_dequeue_spsc_words;
};
template <>
struct spsc<item<64>> {
    using slot = ck_item64;
    static constexpr auto enqueue = ck_ring_enqueue_spsc_blocks64;
    static constexpr auto dequeue = ck_ring_dequeue_spsc_blocks64;
};
template <>
struct spsc<item<256>> {
    using slot = ck_item256;
    static constexpr auto enqueue = ck_ring_enqueue_spsc_blocks256;
    static constexpr auto dequeue = ck_ring_dequeue_spsc_blocks256;
};

/// A power of two of slots, one of which stays empty: asked for 1024 it holds 1023.
template <typename T>
class ring {
public:
    explicit ring(std::size_t capacity) : slots_(std::bit_ceil(std::max<std::size_t>(capacity, 2))) {
        ck_ring_init(&ring_, static_cast<unsigned>(slots_.size()));
    }

    bool try_push(const T& it) {
        slot copy{it};
        return spsc<T>::enqueue(&ring_, slots_.data(), &copy);
    }

    bool try_pop(T& it) {
        slot copy;
        const bool popped = spsc<T>::dequeue(&ring_, slots_.data(), &copy);
        if (popped) {
            it = copy.payload;
        }
        return popped;
    }

private:
    using slot = typename spsc<T>::slot;

    alignas(CK_MD_CACHELINE) ck_ring_t ring_;
    std::vector<slot> slots_;
};

}  // namespace

std::vector<queue_entry> concurrency_kit_queues() {
    return {{.name = "ck_ring",
             .configuration = "CK_RING_PROTOTYPE by value; enqueue_spsc, dequeue_spsc",
             .make = make_channel<ring>}};
}

}  // namespace bench
