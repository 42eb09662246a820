// SPDX-License-Identifier: MIT
//
// ConcurrentQueue is designed to grow without bound. To bound it, its documentation advises to reserve the room in the
// constructor, which takes the number of producers, and to use try_enqueue, which never allocates. A producer with a token
// keeps the blocks it once had, so one producer could take all blocks and leave none to the others; therefore, with tokens,
// each producer may fill the requested capacity alone, and no more. Without tokens the bound holds for all producers
// together. The queue has no blocking push: the adapter calls try_enqueue and yields.
#include <concurrentqueue/blockingconcurrentqueue.h>

#include <algorithm>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {
namespace {

constexpr std::size_t most_producers = 8;
constexpr bool only_waiting = true;

/// The library's own settings, except that each producer's index of blocks is large enough from the start.
template <std::size_t Capacity>
struct bounded : moodycamel::ConcurrentQueueDefaultTraits {
    static constexpr std::size_t blocks = Capacity / moodycamel::ConcurrentQueueDefaultTraits::BLOCK_SIZE;
    static constexpr std::size_t EXPLICIT_INITIAL_INDEX_SIZE = std::max<std::size_t>(32, blocks);
    static constexpr std::size_t IMPLICIT_INITIAL_INDEX_SIZE = std::max<std::size_t>(32, blocks);
};

template <std::size_t Capacity>
struct bounded_each : bounded<Capacity> {
    static constexpr std::size_t MAX_SUBQUEUE_SIZE = Capacity;
};

template <typename T, std::size_t Capacity>
class without_tokens {
public:
    explicit without_tokens(std::size_t) : queue_(Capacity) {}

    bool try_push(const T& item) { return queue_.try_enqueue(item); }
    bool try_pop(T& item) { return queue_.try_dequeue(item); }

private:
    moodycamel::ConcurrentQueue<T, bounded<Capacity>> queue_;
};

template <typename T, std::size_t Capacity>
class with_tokens {
public:
    explicit with_tokens(std::size_t) : queue_(Capacity, most_producers, 1) {}

    bool try_push(const T& item) { return queue_.try_enqueue(item); }
    bool try_pop(T& item) { return queue_.try_dequeue(item); }

    class producer {
    public:
        explicit producer(with_tokens& of) : queue_(of.queue_), token_(of.queue_) {}
        bool try_push(const T& item) { return queue_.try_enqueue(token_, item); }

    private:
        moodycamel::ConcurrentQueue<T, bounded_each<Capacity>>& queue_;
        moodycamel::ProducerToken token_;
    };

    class consumer {
    public:
        explicit consumer(with_tokens& of) : queue_(of.queue_), token_(of.queue_) {}
        bool try_pop(T& item) { return queue_.try_dequeue(token_, item); }

    private:
        moodycamel::ConcurrentQueue<T, bounded_each<Capacity>>& queue_;
        moodycamel::ConsumerToken token_;
    };

private:
    moodycamel::ConcurrentQueue<T, bounded_each<Capacity>> queue_;
};

template <typename Try>
void until_accepted(Try&& attempt) {
    for (unsigned refusals = 0; !attempt(); ++refusals) {
        relax_in_crowd(refusals);
    }
}

template <typename T, std::size_t Capacity>
class waiting_without_tokens {
public:
    explicit waiting_without_tokens(std::size_t) : queue_(Capacity) {}

    void push(const T& item) {
        until_accepted([&] { return queue_.try_enqueue(item); });
    }
    void pop(T& item) { queue_.wait_dequeue(item); }
    std::size_t capacity() const { return Capacity; }

private:
    moodycamel::BlockingConcurrentQueue<T, bounded<Capacity>> queue_;
};

template <typename T, std::size_t Capacity>
class waiting_with_tokens {
public:
    explicit waiting_with_tokens(std::size_t) : queue_(Capacity, most_producers, 0) {}

    // Only for the concept: the measurement uses producer and consumer.
    void push(const T& item) { producer{*this}.push(item); }
    void pop(T& item) { consumer{*this}.pop(item); }
    std::size_t capacity() const { return Capacity; }

    class producer {
    public:
        explicit producer(waiting_with_tokens& of) : queue_(of.queue_), token_(of.queue_) {}
        void push(const T& item) {
            until_accepted([&] { return queue_.try_enqueue(token_, item); });
        }

    private:
        moodycamel::BlockingConcurrentQueue<T, bounded_each<Capacity>>& queue_;
        moodycamel::ProducerToken token_;
    };

    class consumer {
    public:
        explicit consumer(waiting_with_tokens& of) : queue_(of.queue_), token_(of.queue_) {}
        void pop(T& item) { queue_.wait_dequeue(token_, item); }

    private:
        moodycamel::BlockingConcurrentQueue<T, bounded_each<Capacity>>& queue_;
        moodycamel::ConsumerToken token_;
    };

private:
    moodycamel::BlockingConcurrentQueue<T, bounded_each<Capacity>> queue_;
};

}  // namespace

std::vector<queue_entry> moodycamel_concurrent_queues() {
    return {{.name = "moodycamel::CQ",
             .configuration = "moodycamel::ConcurrentQueue; try_enqueue (never allocates), try_dequeue",
             .plays = league::crowd,
             .many_producers = true,
             .many_consumers = true,
             .make = with_fixed_capacity<without_tokens>::make},
            {.name = "moodycamel::CQ tokens",
             .configuration = "the same with a token for each thread; each producer may fill the capacity by itself",
             .plays = league::crowd,
             .many_producers = true,
             .many_consumers = true,
             .make = with_fixed_capacity<with_tokens>::make},
            {.name = "moodycamel::BlockingCQ",
             .configuration = "moodycamel::BlockingConcurrentQueue; wait_dequeue, and try_enqueue until it is accepted",
             .blocking = true,
             .sleeps = true,
             .plays = league::waiting,
             .many_producers = true,
             .many_consumers = true,
             .make = with_fixed_capacity<waiting_without_tokens, only_waiting>::make},
            {.name = "moodycamel::BlockingCQ tokens",
             .configuration = "the same with a token for each thread; each producer may fill the capacity by itself",
             .blocking = true,
             .sleeps = true,
             .plays = league::waiting,
             .many_producers = true,
             .many_consumers = true,
             .make = with_fixed_capacity<waiting_with_tokens, only_waiting>::make}};
}

}  // namespace bench
