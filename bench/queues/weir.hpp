// SPDX-License-Identifier: MIT
//
// Adapters of weir's rings. Each ring's try-forms and blocking forms are compiled in separate files: what the compiler
// inlines depends on the rest of the file, and a new row must not change the figures of the others.
#pragma once

#include <weir/pull.hpp>
#include <weir/ring.hpp>

#include "bench/queues/make.hpp"
#include "bench/queues/queue.hpp"

namespace bench {

/// The blocking push and pop of spsc_ring; `try_form` is the entry of its try-form.
std::vector<queue_entry> weir_spsc_waiting_queues(const queue_entry& try_form);
std::vector<queue_entry> weir_mpmc_queues();
std::vector<queue_entry> weir_pull_queues();
std::vector<queue_entry> weir_overflow_queues();
std::vector<queue_entry> weir_message_queues();
std::vector<queue_entry> weir_broadcast_queues();
std::vector<queue_entry> weir_awaiting_queues();
std::vector<queue_entry> weir_shm_queues();  // Linux alone

namespace {  // as in make.hpp

/// A ring and its non-blocking operations.
template <typename Ring>
class trying {
    using T = typename Ring::value_type;

public:
    explicit trying(std::size_t capacity) : ring_(capacity) {}

    bool try_push(const T& item) { return static_cast<bool>(ring_.try_push(item)); }
    bool try_pop(T& item) { return static_cast<bool>(ring_.try_pop(item)); }

protected:
    Ring ring_;
};

/// A ring and its blocking operations.
template <typename Ring>
class waiting {
    using T = typename Ring::value_type;

public:
    explicit waiting(std::size_t capacity) : ring_(capacity) {}

    void push(const T& item) { static_cast<void>(ring_.push(item)); }
    void pop(T& item) { static_cast<void>(ring_.pop(item)); }
    std::size_t capacity() const { return ring_.capacity(); }

private:
    Ring ring_;
};

/// The entry of push and pop with this waiting strategy; `try_form` is the entry of the ring's try-form.
template <template <typename> class Adapter>
queue_entry waits(const queue_entry& try_form, const std::string& how, const std::string& strategy, bool sleeps,
                  league plays = league::waiting) {
    return {.name = try_form.name + " " + how,
            .configuration = strategy + "; push, pop",
            .subject = true,
            .blocking = true,
            .sleeps = sleeps,
            .plays = plays,
            .many_producers = try_form.many_producers,
            .many_consumers = try_form.many_consumers,
            .sibling = try_form.name,
            .make = make_waiting_channel<Adapter>};
}

}  // namespace
}  // namespace bench
