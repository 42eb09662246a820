// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "weir/jetstream/link.hpp"

namespace weir::detail {

/// The local ring of a remote_producer, as the compiled part sees it. Only the producer's thread calls it.
class jetstream_source {
public:
    /// The calling thread is the ring's consumer from now on.
    virtual void adopt() = 0;
    /// Items in the ring, those that are published and not released included.
    virtual std::size_t size() = 0;
    virtual std::size_t capacity() const = 0;
    /// Appends the encoded bytes of the item at `index`, counted from the oldest in the ring, which is there.
    virtual void encode(std::size_t index, std::string& out) = 0;
    /// Frees the oldest `n` items.
    virtual void release(std::size_t n) = 0;
    /// Waits until there are `n` items, 1 to capacity(), or the time is over.
    virtual void wait_for(std::size_t n, std::chrono::milliseconds time) = 0;

protected:
    ~jetstream_source() = default;
};

/// The local ring of a remote_consumer, as the compiled part sees it. Only the consumer's thread calls it.
class jetstream_sink {
public:
    /// The calling thread is the ring's producer from now on.
    virtual void adopt() = 0;
    /// Free slots: at least as many as this.
    virtual std::size_t room() = 0;
    virtual std::size_t capacity() const = 0;
    /// Waits for `n` free slots, 1 to capacity(), or until the time is over.
    virtual void wait_for_room(std::size_t n, std::chrono::milliseconds time) = 0;
    virtual bool is_closed() const = 0;
    /// Puts an item into the ring, which has room. False if the bytes are no item.
    virtual bool deliver(std::uint64_t number, bool may_be_repeated, std::span<const std::byte> bytes) = 0;

protected:
    ~jetstream_sink() = default;
};

/// Where the application says that it has finished an item. Shared by the consumer and the items that it delivered.
class jetstream_ledger {
public:
    virtual ~jetstream_ledger() = default;
    /// Any thread. Blocks for a few instructions at most.
    virtual void finish(std::uint64_t number) noexcept = 0;
    /// An item was destroyed unfinished.
    virtual void abandon(std::uint64_t number) noexcept = 0;
};

/// Connects, takes the producer's end, and runs a thread until it is stopped.
class jetstream_producer {
public:
    jetstream_producer(jetstream_source& source, const jetstream::remote_link& link,
                       const jetstream::producer_options& options);
    ~jetstream_producer();
    jetstream_producer(const jetstream_producer&) = delete;
    jetstream_producer& operator=(const jetstream_producer&) = delete;

    std::uint64_t first() const noexcept;
    jetstream::item_range in_doubt() const noexcept;
    jetstream::producer_figures figures() const;
    bool wait_until_finished(std::chrono::steady_clock::time_point deadline);
    void stop() noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

/// Connects, takes the consumer's end, and runs two threads until it is stopped.
class jetstream_consumer {
public:
    jetstream_consumer(jetstream_sink& sink, const jetstream::remote_link& link,
                       const jetstream::consumer_options& options);
    ~jetstream_consumer();
    jetstream_consumer(const jetstream_consumer&) = delete;
    jetstream_consumer& operator=(const jetstream_consumer&) = delete;

    std::shared_ptr<jetstream_ledger> ledger() const noexcept;
    /// Begins to read: deliver() of the sink is called from here on.
    void start();
    std::uint64_t first() const noexcept;
    jetstream::item_range in_doubt() const noexcept;
    jetstream::consumer_figures figures() const;
    void stop() noexcept;

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace weir::detail
