// SPDX-License-Identifier: MIT
//
// The interface of a sample to a queue: whole loops, so that a virtual call is made once per sample and not per item.
#pragma once

#include <weir/clock.hpp>
#include <weir/histogram.hpp>

#include <cstddef>
#include <memory>

#include "bench/queues/crowd.hpp"
#include "instruments/item.hpp"

namespace bench {

/// How items are transferred.
enum class form : unsigned char {
    single,     ///< one by one
    copy,       ///< in batches, copied from and to an array
    zero_copy,  ///< in batches, written and read in place
};

/// Items `first`, `first` + 1, ...: `count` of them. Numbers start at 1, since some queues reserve the value 0.
struct stream {
    word first = 1;
    word count = 0;
    std::size_t batch = 1;    ///< items per call, in the batch forms
    unsigned work_steps = 0;  ///< of register_work per item, on the side that gets this stream
};

/// Ticks at which messages are due: `count` of them, `interval` apart.
struct schedule {
    word start;
    double interval;
    word count;
};

/// How the two threads of a wake-up sample tell each other their progress.
struct handshake {
    alignas(128) std::atomic<word> sent = 0;  ///< the latest item sent
    std::atomic<word> taken = 0;              ///< number of items taken
};

/// produce(), ping(), ping_timed(), send() and wake() belong to the producer's thread, consume(), pong(), receive() and be_woken() to the
/// consumer's; send_share() and take_share() to each of many. Each returns when `count` items, or the whole quota, have been
/// transferred.
class channel {
public:
    virtual ~channel() = default;

    virtual bool offers(form f) const = 0;

    /// The number of items that fit, counted by filling the queue, which must be empty and not in use.
    virtual std::size_t effective_capacity() = 0;

    virtual void produce(form f, const stream& items) = 0;
    virtual receipt consume(form f, const stream& items) = 0;

    /// Sends each item here, then waits for it on `back`, which must be of the same type.
    virtual receipt ping(channel& back, const stream& items) = 0;
    /// The same, and records, in ns, how long each took.
    virtual receipt ping_timed(channel& back, const stream& items, const weir::tick_clock& clock,
                               weir::histogram& trips_ns) = 0;
    /// Sends each item that arrives here back on `back`.
    virtual void pong(channel& back, const stream& items) = 0;

    /// Sends the intended tick of each message at that tick, or at once if it has passed.
    virtual void send(const weir::tick_clock& clock, const schedule& due) = 0;
    /// Records, in ns, how long after its intended tick each message was received. `offset` is subtracted: by how many
    /// ticks the receiver's clock is ahead of the sender's. `wrong` is set if a message was not the expected one.
    virtual receipt receive(const weir::tick_clock& clock, const schedule& due, double offset,
                            weir::histogram& latencies_ns) = 0;

    /// Sends one item at a time, each a millisecond or two after the one before was taken: by then the consumer sleeps. The
    /// item is the tick at which it was sent.
    virtual void wake(const weir::tick_clock& clock, handshake& with, word count) = 0;
    /// Records how long after its tick each item was received. `offset` as for receive().
    virtual receipt be_woken(const weir::tick_clock& clock, handshake& with, word count, double offset,
                             weir::histogram& latencies_ns) = 0;

    /// Of one thread: puts `filled` items in, or as many as fit, then `count` times takes one out and puts one in; on an empty queue
    /// the other way round. `ticks` is what those took.
    virtual receipt alternate(const weir::tick_clock& clock, std::size_t filled, word count, word& ticks) = 0;

    /// Sends the items in bursts of `items.batch`, with `items.work_steps` between two of them. Returns the ticks that the bursts
    /// took.
    virtual word produce_in_bursts(const weir::tick_clock& clock, const stream& items) = 0;

    virtual void send_share(sender& me, quota& work) = 0;
    virtual void take_share(taker& me, quota& work) = 0;
};

}  // namespace bench
