// SPDX-License-Identifier: MIT
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"
#include "bench/queues/ring_fan.hpp"

namespace bench {
namespace {

template <typename T>
class runtime_sized {
public:
    explicit runtime_sized(std::size_t capacity) : queue_(capacity) {}

    bool try_push(const T& item) { return queue_.push(item); }
    bool try_pop(T& item) { return queue_.pop(item); }
    std::size_t push_n(std::span<const T> items) { return queue_.push(items.data(), items.size()); }
    std::size_t pop_n(std::span<T> items) { return queue_.pop(items.data(), items.size()); }

private:
    boost::lockfree::spsc_queue<T> queue_;
};

template <typename T, std::size_t Capacity>
class compile_time_sized {
public:
    explicit compile_time_sized(std::size_t) {}

    bool try_push(const T& item) { return queue_.push(item); }
    bool try_pop(T& item) { return queue_.pop(item); }
    std::size_t push_n(std::span<const T> items) { return queue_.push(items.data(), items.size()); }
    std::size_t pop_n(std::span<T> items) { return queue_.pop(items.data(), items.size()); }

private:
    boost::lockfree::spsc_queue<T, boost::lockfree::capacity<Capacity>> queue_;
};

/// One of the rings where every reader has its own.
class of_reader {
public:
    explicit of_reader(std::size_t capacity) : queue_(capacity) {}
    bool try_push(word item) { return queue_.push(item); }
    bool try_pop(word& item) { return queue_.pop(item); }

private:
    boost::lockfree::spsc_queue<word> queue_;
};

/// Messages, each after its length, in a queue of bytes.
template <typename T>
class messages {
public:
    explicit messages(std::size_t capacity) : queue_(ring_bytes<T>(capacity)) {}

    bool try_push(const T& message) {
        const auto bytes = message.used();
        const word size = bytes.size();
        if (queue_.write_available() < sizeof size + bytes.size()) {
            return false;
        }
        queue_.push(reinterpret_cast<const char*>(&size), sizeof size);
        queue_.push(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return true;
    }

    bool try_pop(T& message) {
        if (next_ == 0 && (queue_.read_available() < sizeof next_ ||
                           queue_.pop(reinterpret_cast<char*>(&next_), sizeof next_) != sizeof next_)) {
            return false;
        }
        if (queue_.read_available() < next_) {
            return false;
        }
        queue_.pop(reinterpret_cast<char*>(message.space(next_)), next_);
        next_ = 0;
        return true;
    }

private:
    boost::lockfree::spsc_queue<char> queue_;
    alignas(128) word next_ = 0;  // of the consumer: the length of the message that is to come
};

/// Nodes are reserved by the constructor; bounded_push never allocates more.
template <typename T>
class many_to_many {
public:
    explicit many_to_many(std::size_t capacity) : queue_(capacity) {}

    bool try_push(const T& item) { return queue_.bounded_push(item); }
    bool try_pop(T& item) { return queue_.pop(item); }

private:
    boost::lockfree::queue<T> queue_;
};

}  // namespace

std::vector<queue_entry> boost_queues() {
    return {
        {.name = "boost::spsc_queue",
         .configuration = "boost::lockfree::spsc_queue, capacity at run time; push/pop, also of arrays",
         .make = make_channel<runtime_sized>},
        {.name = "boost::spsc_queue<N>",
         .configuration = "boost::lockfree::spsc_queue, capacity<N>: no allocation, constant bounds",
         .make = with_fixed_capacity<compile_time_sized>::make},
        {.name = "a boost::spsc_queue per reader",
         .configuration = "boost::lockfree::spsc_queue; each item is pushed into a queue of each reader",
         .plays = league::broadcast,
         .make_fan = [](const fan_shape& shape, std::size_t capacity) -> std::unique_ptr<fan> {
             return std::make_unique<ring_fan<of_reader>>(shape, capacity);
         }},
        {.name = "boost::spsc_queue<char> + length",
         .configuration = "boost::lockfree::spsc_queue<char>, each message after its length; push and pop of arrays",
         .plays = league::message,
         .make = make_message_channel<messages>},
        {.name = "boost::lockfree::queue",
         .configuration = "boost::lockfree::queue, nodes reserved by the constructor; bounded_push, pop",
         .plays = league::crowd,
         .many_producers = true,
         .many_consumers = true,
         .make = make_channel<many_to_many>}};
}

}  // namespace bench
