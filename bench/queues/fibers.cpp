// SPDX-License-Identifier: MIT
//
// The channel of Boost's fibers, between the main fibers of two threads.
#include <boost/fiber/buffered_channel.hpp>

#include <bit>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

template <typename T>
class fiber_channel {
public:
    // It holds one less than it is made for, which is a power of two.
    explicit fiber_channel(std::size_t capacity)
        : capacity_(std::bit_ceil(capacity + 1) - 1), channel_(capacity_ + 1) {}

    void push(const T& item) { (void)channel_.push(item); }
    void pop(T& item) { (void)channel_.pop(item); }
    std::size_t capacity() const { return capacity_; }

private:
    std::size_t capacity_;
    boost::fibers::buffered_channel<T> channel_;
};

}  // namespace

std::vector<queue_entry> fiber_queues() {
    return {{.name = "boost::fibers::buffered_channel",
             .configuration = "push, pop in the main fibers of two threads; twice the capacity, less one",
             .blocking = true,
             .sleeps = true,
             .plays = league::ready | league::awaiting | league::waking,
             .many_producers = true,
             .many_consumers = true,
             .make = make_waiting_channel<fiber_channel>}};
}

}  // namespace bench
