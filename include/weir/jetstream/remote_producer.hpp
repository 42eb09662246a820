// SPDX-License-Identifier: MIT
//
// The sending end of a link over NATS JetStream.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "weir/detail/jetstream/ends.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/jetstream/codec.hpp"
#include "weir/jetstream/link.hpp"
#include "weir/ring.hpp"

namespace weir::jetstream {

/// Takes items from a local ring, whose consumer it is, and publishes them. An item keeps its slot of the ring until the application at
/// the other end has finished it. So the ring is what is sent again after a loss, and a full ring is the bound: with a sink that is
/// frozen, capacity() pushes succeed, and no more.
///
/// It runs three threads of its own. All functions may be called by any thread, but stop() by one at a time.
///
/// - Items are numbered in the order of their pushes. Each is published when the consumer has granted it: its number is below the limit
///   that the consumer has recorded with the servers.
/// - Servers that fail, lose messages, or are out of reach delay items; none is lost while this process lives, or its journal
///   (producer_options::journal) does.
/// - One producer at a time: a new one on the same link ends this one, whose figures().failure says so.
/// - The destructor stops it. What is unfinished then stays in the ring, and in the journal. Without a journal, do not attach another
///   producer to the same ring before finish_for() has succeeded: it would send the unfinished items under new numbers.
///
/// Ring: spsc_ring or another ring with contiguous slots and one consumer. It must outlive this object.
template <class T, codec_of<T> Codec = plain_bytes<T>, class Ring = spsc_ring<T>>
class remote_producer {
    static_assert(Ring::has_contiguous_slots && !Ring::has_many_consumers,
                  "weir: remote_producer reads the slots of its ring in place, so it needs a ring with contiguous slots "
                  "and one consumer, such as spsc_ring");

public:
    /// Connects and takes the producer's end of the link. Blocks until that is done, or throws error after remote_link::attach_timeout.
    remote_producer(Ring& ring, const remote_link& to, const producer_options& options = {})
        : source_(ring), end_(source_, to, options) {}

    /// The number of the first item that the ring will give: as many items as former producers of the link have accepted. An
    /// application with a journal goes on behind these.
    std::uint64_t first() const noexcept { return end_.first(); }
    /// What former producers published without a journal, and the consumer has not finished: the servers alone hold these
    /// items, if they have them. Numbers that were granted and never used may be among them. Empty with a journal.
    item_range in_doubt() const noexcept { return end_.in_doubt(); }
    producer_figures figures() const { return end_.figures(); }

    /// Waits until the application at the other end has finished all items that were in the ring at this moment. False when the time
    /// was over first, or this end has failed.
    template <class Rep, class Period>
    bool finish_for(std::chrono::duration<Rep, Period> time) {
        return end_.wait_until_finished(weir::detail::deadline_after(time));
    }
    /// Ends the threads. Blocks until a request that is under way is answered or timed out. Idempotent.
    void stop() noexcept { end_.stop(); }

private:
    class ring_source final : public weir::detail::jetstream_source {
    public:
        explicit ring_source(Ring& ring) noexcept : ring_(ring) {}

        void adopt() override { ring_.adopt_consumer(); }
        std::size_t size() override { return ring_.try_peek(ring_.capacity()).size(); }
        std::size_t capacity() const override { return ring_.capacity(); }
        void encode(std::size_t index, std::string& out) override {
            const auto items = ring_.try_peek(index + 1);
            const std::size_t in_first = items.first().size();
            Codec::encode(index < in_first ? items.first()[index] : items.second()[index - in_first], out);
        }
        void release(std::size_t n) override { ring_.try_peek(n).release(n); }
        void wait_for(std::size_t n, std::chrono::milliseconds time) override {
            (void)ring_.wait_for_items_for(n, time);
        }

    private:
        Ring& ring_;
    };

    ring_source source_;
    weir::detail::jetstream_producer end_;
};

}  // namespace weir::jetstream
