// SPDX-License-Identifier: MIT
#include <rte_config.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include <cstdlib>
#include <memory>
#include <new>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

/// How the threads of a side take turns: alone; by moving on in the order of their claims (mp/mc), each when those before it have
/// finished; by a tail that the last one moves (rts); or one at a time (hts).
enum class turns : unsigned {
    alone = RING_F_SP_ENQ | RING_F_SC_DEQ,
    plain = 0,
    rts = RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ,
    hts = RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ,
};

struct release {
    void operator()(rte_ring* ring) const { std::free(ring); }
};
using owned_ring = std::unique_ptr<rte_ring, release>;

/// A ring of `capacity` elements of so many bytes, in memory of the process: nothing else of DPDK is set up.
owned_ring make_ring(std::size_t element_bytes, std::size_t capacity, turns how) {
    const auto count = static_cast<unsigned>(std::bit_ceil(capacity + 1));
    const auto bytes = static_cast<std::size_t>(rte_ring_get_memsize_elem(static_cast<unsigned>(element_bytes), count));
    owned_ring ring(static_cast<rte_ring*>(std::aligned_alloc(RTE_CACHE_LINE_SIZE, std::bit_ceil(bytes))));
    if (ring == nullptr) {
        throw std::bad_alloc{};
    }
    const auto flags = static_cast<unsigned>(how) | RING_F_EXACT_SZ;
    if (rte_ring_init(ring.get(), "", static_cast<unsigned>(capacity), flags) != 0) {
        throw std::runtime_error("rte_ring_init refuses " + std::to_string(capacity) + " elements");
    }
    return ring;
}

template <typename T, turns How>
class items {
public:
    explicit items(std::size_t capacity) : ring_(make_ring(sizeof(T), capacity, How)) {}

    bool try_push(const T& item) { return rte_ring_enqueue_elem(ring_.get(), const_cast<T*>(&item), sizeof(T)) == 0; }
    bool try_pop(T& item) { return rte_ring_dequeue_elem(ring_.get(), &item, sizeof(T)) == 0; }
    std::size_t push_n(std::span<const T> some) {
        return rte_ring_enqueue_burst_elem(ring_.get(), some.data(), sizeof(T), static_cast<unsigned>(some.size()),
                                           nullptr);
    }
    std::size_t pop_n(std::span<T> some) {
        return rte_ring_dequeue_burst_elem(ring_.get(), some.data(), sizeof(T), static_cast<unsigned>(some.size()),
                                           nullptr);
    }

private:
    owned_ring ring_;
};

template <typename T>
using alone = items<T, turns::alone>;
template <typename T>
using plain = items<T, turns::plain>;
template <typename T>
using rts = items<T, turns::rts>;
template <typename T>
using hts = items<T, turns::hts>;

/// Messages as packets travel in DPDK: a ring of pointers to buffers, and one that brings the empty buffers back.
template <typename T, turns How>
class buffers {
public:
    explicit buffers(std::size_t capacity)
        : all_(capacity),
          sent_(make_ring(sizeof(void*), capacity, How)),
          empty_(make_ring(sizeof(void*), capacity, How)) {
        for (buffer& one : all_) {
            rte_ring_enqueue(empty_.get(), &one);
        }
    }

    bool try_push(const T& message) {
        void* to = nullptr;
        if (rte_ring_dequeue(empty_.get(), &to) != 0) {
            return false;
        }
        const auto bytes = message.used();
        auto& filled = *static_cast<buffer*>(to);
        filled.size = bytes.size();
        std::memcpy(filled.message.space(bytes.size()), bytes.data(), bytes.size());
        rte_ring_enqueue(sent_.get(), to);
        return true;
    }

    bool try_pop(T& message) {
        void* from = nullptr;
        if (rte_ring_dequeue(sent_.get(), &from) != 0) {
            return false;
        }
        auto& filled = *static_cast<buffer*>(from);
        std::memcpy(message.space(filled.size), filled.message.used().data(), filled.size);
        rte_ring_enqueue(empty_.get(), from);
        return true;
    }

    template <typename F>
    std::size_t write_in_place(std::size_t n, F&& f) {
        return move(*empty_, *sent_, n, f);
    }
    template <typename F>
    std::size_t read_in_place(std::size_t n, F&& f) {
        return move(*sent_, *empty_, n, f);
    }

private:
    struct alignas(RTE_CACHE_LINE_SIZE) buffer {
        std::size_t size = 0;
        T message{};
    };
    static constexpr unsigned most_at_once = 32;

    template <typename F>
    static std::size_t move(rte_ring& from, rte_ring& to, std::size_t n, F& f) {
        void* some[most_at_once];
        const unsigned wanted = std::min(static_cast<unsigned>(n), most_at_once);
        const unsigned got = rte_ring_dequeue_burst(&from, some, wanted, nullptr);
        for (unsigned i = 0; i != got; ++i) {
            f(std::span<T>(&static_cast<buffer*>(some[i])->message, 1));
        }
        if (got != 0) {
            rte_ring_enqueue_bulk(&to, some, got, nullptr);
        }
        return got;
    }

    std::vector<buffer> all_;
    owned_ring sent_;
    owned_ring empty_;
};

template <typename T>
using buffers_alone = buffers<T, turns::alone>;
template <typename T>
using buffers_plain = buffers<T, turns::plain>;

}  // namespace

std::vector<queue_entry> dpdk_queues() {
    std::vector<queue_entry> all{
        {.name = "rte_ring sp/sc",
         .configuration = "DPDK's ring of elements, one producer and one consumer; single, burst",
         .make = make_channel<alone>}};
    const auto shared = [&all](const std::string& name, const std::string& how, auto make) {
        all.push_back({.name = name,
                       .configuration = "DPDK's ring of elements, " + how,
                       .plays = league::crowd,
                       .many_producers = true,
                       .many_consumers = true,
                       .make = make});
    };
    shared("rte_ring mp/mc", "its default: threads finish in the order of their claims", make_channel<plain>);
    shared("rte_ring rts", "relaxed tail: the last thread moves it", make_channel<rts>);
    shared("rte_ring hts", "one thread of each side at a time", make_channel<hts>);
    all.push_back(
        {.name = "rte_ring sp/sc of buffers",
         .configuration = "DPDK's ring of pointers to buffers, and one that brings them back; in place in bursts",
         .plays = league::message,
         .make = make_message_channel<buffers_alone>});
    all.push_back({.name = "rte_ring mp/mc of buffers",
                   .configuration = "the same for several producers",
                   .plays = league::gathering,
                   .many_producers = true,
                   .many_consumers = true,
                   .make = make_message_channel<buffers_plain>});
    return all;
}

}  // namespace bench
