// SPDX-License-Identifier: MIT
#include <tbb/concurrent_queue.h>

#include "make.hpp"
#include "queue.hpp"

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

}  // namespace

std::vector<queue_entry> tbb_queues() {
    return {{.name = "tbb::bounded_queue",
             .configuration = "tbb::concurrent_bounded_queue, set_capacity; try_push, try_pop",
             .make = make_channel<bounded_queue>}};
}

}  // namespace bench
