// SPDX-License-Identifier: MIT
#include <tbb/concurrent_queue.h>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

template <typename T>
class bounded_queue {
public:
    explicit bounded_queue(std::size_t capacity) { queue_.set_capacity(static_cast<std::ptrdiff_t>(capacity)); }

    bool try_push(const T& item) { return queue_.try_push(item); }
    bool try_pop(T& item) { return queue_.try_pop(item); }

private:
    tbb::concurrent_bounded_queue<T> queue_;
};

template <typename T>
class waiting_bounded_queue {
public:
    explicit waiting_bounded_queue(std::size_t capacity) { queue_.set_capacity(static_cast<std::ptrdiff_t>(capacity)); }

    void push(const T& item) { queue_.push(item); }
    void pop(T& item) { queue_.pop(item); }
    std::size_t capacity() const { return static_cast<std::size_t>(queue_.capacity()); }

private:
    tbb::concurrent_bounded_queue<T> queue_;
};

}  // namespace

std::vector<queue_entry> tbb_queues() {
    return {{.name = "tbb::bounded_queue",
             .configuration = "tbb::concurrent_bounded_queue, set_capacity; try_push, try_pop",
             .plays = league::transfer | league::crowd,
             .many_producers = true,
             .many_consumers = true,
             .make = make_channel<bounded_queue>},
            {.name = "tbb::bounded_queue push/pop",
             .configuration = "tbb::concurrent_bounded_queue, set_capacity; push, pop",
             .blocking = true,
             .sleeps = true,
             .plays = league::waiting | league::ready | league::awaiting | league::waking,
             .many_producers = true,
             .many_consumers = true,
             .make = make_waiting_channel<waiting_bounded_queue>}};
}

}  // namespace bench
