// SPDX-License-Identifier: MIT
//
// atomic_queue's README: with up to two threads a side, it may be faster to switch MINIMIZE_CONTENTION (neighbouring items
// on different lines) off; a power-of-two size known at compile time is the fast one. Both settings have a row. For
// several threads a side: AtomicQueueB and B2, which spread neighbouring items over lines. In these an item can come out a
// lap late when a thread is preempted between taking its ticket and using its slot; the documentation promises an order only
// for its TOTAL_ORDER setting, which is off by default and here.
#include <atomic_queue/atomic_queue.h>

#include <type_traits>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

// 8-byte items: the slot itself is the atomic, 0 marks it empty (which is why items are numbered from 1). Larger items
// need the form with a state byte per slot.
template <typename T, std::size_t Capacity, bool Spread>
using queue_for = std::conditional_t<
    std::is_same_v<T, word>,
    atomic_queue::AtomicQueue<word, Capacity, word{0}, Spread, /*MAXIMIZE_THROUGHPUT*/ true, /*TOTAL_ORDER*/ false,
                              /*SPSC*/ true>,
    atomic_queue::AtomicQueue2<T, Capacity, Spread, /*MAXIMIZE_THROUGHPUT*/ true, /*TOTAL_ORDER*/ false,
                               /*SPSC*/ true>>;

template <typename T, std::size_t Capacity, bool Spread>
class trying {
public:
    explicit trying(std::size_t) {}

    bool try_push(const T& item) { return queue_.try_push(item); }
    bool try_pop(T& item) { return queue_.try_pop(item); }

private:
    queue_for<T, Capacity, Spread> queue_;
};

template <typename T, std::size_t Capacity>
using dense = trying<T, Capacity, false>;
template <typename T, std::size_t Capacity>
using spread = trying<T, Capacity, true>;

template <typename T, std::size_t Capacity>
class blocking {
public:
    explicit blocking(std::size_t) {}

    void push(const T& item) { queue_.push(item); }
    void pop(T& item) { item = queue_.pop(); }
    std::size_t capacity() const { return queue_.capacity(); }

private:
    queue_for<T, Capacity, false> queue_;
};

template <typename T>
using many_to_many_for =
    std::conditional_t<std::is_same_v<T, word>, atomic_queue::AtomicQueueB<word>, atomic_queue::AtomicQueueB2<T>>;

template <typename T>
class many_to_many {
public:
    explicit many_to_many(std::size_t capacity) : queue_(static_cast<unsigned>(capacity)) {}

    bool try_push(const T& item) { return queue_.try_push(item); }
    bool try_pop(T& item) { return queue_.try_pop(item); }

private:
    many_to_many_for<T> queue_;
};

template <typename T>
class many_to_many_blocking {
public:
    explicit many_to_many_blocking(std::size_t capacity) : queue_(static_cast<unsigned>(capacity)) {}

    void push(const T& item) { queue_.push(item); }
    void pop(T& item) { item = queue_.pop(); }
    std::size_t capacity() const { return queue_.capacity(); }

private:
    many_to_many_for<T> queue_;
};

}  // namespace

std::vector<queue_entry> atomic_queue_queues() {
    return {{.name = "atomic_queue",
             .configuration = "AtomicQueue (8 bytes) or AtomicQueue2, SPSC, neighbouring slots; try_push/try_pop",
             .make = with_fixed_capacity<dense>::make},
            {.name = "atomic_queue spread",
             .configuration = "the same with MINIMIZE_CONTENTION, the library's default",
             .make = with_fixed_capacity<spread>::make},
            {.name = "atomic_queue blocking",
             .configuration = "as atomic_queue; push/pop, which spin inside (OptimistAtomicQueue in its benchmarks)",
             .blocking = true,
             .plays = league::transfer | league::waiting,
             .make = with_fixed_capacity<blocking>::make},
            {.name = "atomic_queue B",
             .configuration = "AtomicQueueB (8 bytes) or AtomicQueueB2, any number of threads; try_push/try_pop",
             .plays = league::crowd,
             .many_producers = true,
             .many_consumers = true,
             .keeps_order = false,
             .make = make_channel<many_to_many>},
            {.name = "atomic_queue B blocking",
             .configuration = "the same; push/pop, which spin inside and never yield",
             .blocking = true,
             .plays = league::crowd | league::waiting,
             .many_producers = true,
             .many_consumers = true,
             .keeps_order = false,
             .make = make_channel<many_to_many_blocking>}};
}

}  // namespace bench
