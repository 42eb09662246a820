// SPDX-License-Identifier: MIT
#include <readerwriterqueue/readerwritercircularbuffer.h>
#include <readerwriterqueue/readerwriterqueue.h>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

/// Bounded by what the constructor reserved: try_enqueue never allocates. It holds up to two blocks of 512 more than requested.
template <typename T>
class reader_writer_queue {
public:
    explicit reader_writer_queue(std::size_t capacity) : queue_(capacity) {}

    bool try_push(const T& item) { return queue_.try_enqueue(item); }
    bool try_pop(T& item) { return queue_.try_dequeue(item); }

protected:
    moodycamel::ReaderWriterQueue<T> queue_;
};

/// The consumer peeks at the item in place, copies it once, and removes it.
template <typename T>
class reader_writer_queue_peek : public reader_writer_queue<T> {
public:
    using reader_writer_queue<T>::reader_writer_queue;

    bool try_pop(T& item) {
        const T* const front = this->queue_.peek();
        if (front == nullptr) {
            return false;
        }
        item = *front;
        this->queue_.pop();
        return true;
    }
};

template <typename T>
class circular_buffer {
public:
    explicit circular_buffer(std::size_t capacity) : queue_(capacity) {}

    bool try_push(const T& item) { return queue_.try_enqueue(item); }
    bool try_pop(T& item) { return queue_.try_dequeue(item); }

private:
    moodycamel::BlockingReaderWriterCircularBuffer<T> queue_;
};

template <typename T>
class waiting_circular_buffer {
public:
    explicit waiting_circular_buffer(std::size_t capacity) : queue_(capacity) {}

    void push(const T& item) { queue_.wait_enqueue(item); }
    void pop(T& item) { queue_.wait_dequeue(item); }
    std::size_t capacity() const { return queue_.max_capacity(); }

private:
    moodycamel::BlockingReaderWriterCircularBuffer<T> queue_;
};

}  // namespace

std::vector<queue_entry> moodycamel_queues() {
    return {{.name = "moodycamel::RWQueue",
             .configuration = "moodycamel::ReaderWriterQueue; try_enqueue (never allocates), try_dequeue",
             .make = make_channel<reader_writer_queue>},
            {.name = "moodycamel::RWQueue peek",
             .configuration = "moodycamel::ReaderWriterQueue; try_enqueue, peek and pop",
             .make = make_channel<reader_writer_queue_peek>},
            {.name = "moodycamel::RWCircular",
             .configuration = "moodycamel::BlockingReaderWriterCircularBuffer; try_enqueue, try_dequeue",
             .make = make_channel<circular_buffer>},
            {.name = "moodycamel::BlockingRW",
             .configuration = "moodycamel::BlockingReaderWriterCircularBuffer; wait_enqueue, wait_dequeue",
             .blocking = true,
             .sleeps = true,
             .plays = league::waiting,
             .make = make_waiting_channel<waiting_circular_buffer>}};
}

}  // namespace bench
