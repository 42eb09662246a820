// SPDX-License-Identifier: MIT
//
// The receiving end of a link over NATS JetStream.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/detail/jetstream/ends.hpp"
#include "weir/jetstream/codec.hpp"
#include "weir/jetstream/link.hpp"
#include "weir/ring.hpp"

namespace weir::jetstream {

/// An item that came over a link, and the duty to say when it is finished. Move-only; one thread at a time.
///
/// finish() gives the credit back: only then may the producer forget the item. An item that is destroyed unfinished, by an exception for
/// example, stays unfinished: it holds its credit, and the next consumer of the link gets it again.
template <class T>
class remote_item {
public:
    remote_item() = default;
    remote_item(std::shared_ptr<weir::detail::jetstream_ledger> ledger, std::uint64_t number, bool may_be_repeated)
        : ledger_(std::move(ledger)), number_(number), may_be_repeated_(may_be_repeated) {}
    remote_item(remote_item&& other) noexcept
        : value(std::move(other.value)),
          ledger_(std::move(other.ledger_)),
          number_(other.number_),
          may_be_repeated_(other.may_be_repeated_) {}
    remote_item& operator=(remote_item&& other) noexcept {
        if (this != &other) {
            abandon();
            value = std::move(other.value);
            ledger_ = std::move(other.ledger_);
            number_ = other.number_;
            may_be_repeated_ = other.may_be_repeated_;
        }
        return *this;
    }
    ~remote_item() { abandon(); }

    /// The item's number: one more than that of the item before it, from 0 on and across restarts.
    std::uint64_t number() const noexcept { return number_; }
    /// Whether a former consumer of the link may have delivered the item already: see remote_consumer::in_doubt().
    bool may_be_repeated() const noexcept { return may_be_repeated_; }
    /// The application is done with the item, and needs it no more. Any order of items; idempotent; does not throw. Locks a mutex
    /// for a few instructions.
    void finish() noexcept {
        if (const auto ledger = std::move(ledger_)) ledger->finish(number_);
    }

    T value{};

private:
    void abandon() noexcept {
        if (ledger_) ledger_->abandon(number_);
    }

    std::shared_ptr<weir::detail::jetstream_ledger> ledger_;
    std::uint64_t number_ = 0;
    bool may_be_repeated_ = false;
};

/// Reads items from the servers into a local ring, whose producer it is, and grants credit for more as the application finishes them.
///
/// It runs two threads of its own. All functions may be called by any thread, but stop() by one at a time.
///
/// - It asks the servers for no more messages than the local ring has room for.
/// - Each item is delivered once, in order, while this object lives, whatever the servers repeat, reorder or lose.
/// - published <= limit, and limit = finished + window: recorded with the servers before a producer may use it. It never falls: a new
///   consumer with a smaller window keeps the former limit until finished + window has passed it.
/// - A new consumer goes on behind the last item that is recorded as finished. What the former one had delivered and not recorded comes
///   again, marked: in_doubt(). An application that keeps the number of its last item with its results gives
///   consumer_options::resume_at instead, and gets nothing twice.
/// - One consumer at a time: a new one on the same link ends this one, whose figures().failure says so.
///
/// T is default-constructible and nothrow-move-constructible. The ring must outlive this object; items may outlive both.
template <class T, codec_of<T> Codec = plain_bytes<T>, class Ring = spsc_ring<remote_item<T>>>
class remote_consumer {
    static_assert(
        std::is_default_constructible_v<T> && std::is_nothrow_move_constructible_v<T> &&
            std::is_nothrow_move_assignable_v<T>,
        "weir: an item of a link is default-constructible, for decode() to fill it, and moves without throwing");

public:
    /// Connects and takes the consumer's end of the link. Blocks until that is done, or throws error after remote_link::attach_timeout.
    remote_consumer(Ring& ring, const remote_link& from, consumer_options options = {})
        : sink_(ring), end_(sink_, from, with_window(options, ring.capacity())) {
        sink_.ledger = end_.ledger();
        end_.start();
    }

    /// The number of the first item that the ring gets.
    std::uint64_t first() const noexcept { return end_.first(); }
    /// What a former consumer may have delivered, and its application may have finished, without a record of it.
    item_range in_doubt() const noexcept { return end_.in_doubt(); }
    consumer_figures figures() const { return end_.figures(); }
    /// Records what is finished, if the servers answer within a second, and ends the threads. Idempotent.
    void stop() noexcept { end_.stop(); }

private:
    class ring_sink final : public weir::detail::jetstream_sink {
    public:
        explicit ring_sink(Ring& ring) noexcept : ring_(ring) {}

        void adopt() override {
            if constexpr (!Ring::has_many_producers) ring_.adopt_producer();
        }
        std::size_t room() override { return ring_.capacity() - ring_.size_approx(); }
        std::size_t capacity() const override { return ring_.capacity(); }
        void wait_for_room(std::size_t n, std::chrono::milliseconds time) override {
            (void)ring_.wait_for_slots_for(n, time);
        }
        bool is_closed() const override { return ring_.is_closed(); }
        bool deliver(std::uint64_t number, bool may_be_repeated, std::span<const std::byte> bytes) override {
            T value{};
            if (!Codec::decode(bytes, value)) return false;
            remote_item<T> item(ledger, number, may_be_repeated);
            item.value = std::move(value);
            (void)ring_.push(std::move(item));
            return true;
        }

        std::shared_ptr<weir::detail::jetstream_ledger> ledger;

    private:
        Ring& ring_;
    };

    static consumer_options with_window(consumer_options options, std::size_t capacity) {
        if (options.window == 0) options.window = capacity;
        return options;
    }

    ring_sink sink_;
    weir::detail::jetstream_consumer end_;
};

}  // namespace weir::jetstream
