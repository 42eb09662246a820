// SPDX-License-Identifier: MIT
//
// Rings of messages between processes: records of any size in a ring of bytes, written and read in place. Linux alone; elsewhere this
// header declares nothing.
//
//     // The reading process. The name says what the messages mean; it is yours.
//     auto ring = weir::shm::mpsc_message_ring::create("orders", 1 << 20, "orders v1");
//     auto consumer = ring.attach_consumer();
//     consumer.consume_one([&](std::uint16_t type, std::span<const std::byte> bytes) { handle(type, bytes); });
//
//     // Any of the writing ones.
//     auto ring = weir::shm::mpsc_message_ring::open("orders", "orders v1");
//     auto producer = ring.attach_producer();
//     producer.push(std::as_bytes(std::span(packet)), 7);
//
// | ring              | producers | consumers | progress of pushes | of visits   |
// |-------------------|-----------|-----------|--------------------|-------------|
// | spsc_message_ring | one       | one       | wait-free          | may be busy |
// | mpsc_message_ring | up to 64  | one       | lock-free          | may be busy |
//
// Each end is held by one process. When that process dies, wherever it was, the others get `peer_died`, once, and a new process may take
// the end over and go on. One that attaches while the dead process still holds its end gets it, too. A process that ends without
// destroying its end, by std::exit say, has died, too. The operations, and what they promise,
// are those of message_ring.hpp where nothing else is said.
#pragma once

#if defined(__linux__)

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/detail/base/as.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/shm/header.hpp"
#include "weir/detail/shm/held_end.hpp"
#include "weir/detail/shm/processes.hpp"
#include "weir/detail/shm_makers.hpp"
#include "weir/detail/shm_message/handles.hpp"
#include "weir/detail/shm_message/state.hpp"
#include "weir/detail/wait/deadline.hpp"
#include "weir/shm/segment.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// A mapped ring of messages; shared by the ring object and the ends that this process holds.
template <std::size_t Producers>
struct mapped_message_ring {
    using shared = shm_message_state<Producers>;
    static constexpr std::size_t records_at = sizeof(shared);
    static_assert(records_at % separation_bytes == 0 && words_are_plain && std::is_standard_layout_v<shared>);

    static std::size_t checked(std::size_t capacity) {
        return checked_message_capacity<shm_records::alignment>(capacity, refuse_argument_of_segment);
    }
    /// Of a capacity that no ring has: more than any file.
    static std::uint64_t payload_bytes(std::uint64_t capacity) {
        const bool is_possible = std::has_single_bit(capacity) && capacity >= shm_records::least_capacity &&
                                 capacity <= shm_records::most_capacity;
        return is_possible ? records_at + capacity : std::uint64_t{1} << 62;
    }
    static segment_shape shape(std::size_t capacity, std::string_view type_name) {
        constexpr auto kind = Producers == 1 ? segment_kind::spsc_message_ring : segment_kind::mpsc_message_ring;
        return {kind, capacity, 1, record_header::bytes, type_name, &payload_bytes};
    }
    /// What fills a new segment.
    static auto init(std::size_t capacity) noexcept {
        return [capacity](std::byte* payload) noexcept {
            ::new (static_cast<void*>(payload)) shared;
            for (std::size_t at = 0; at < capacity; at += sizeof(record_word))
                ::new (static_cast<void*>(payload + records_at + at)) record_word(record_header::none_at(at));
        };
    }

    shared& state() const noexcept { return *std::launder(reinterpret_cast<shared*>(memory.payload())); }
    shm_records records() const noexcept {
        return {reinterpret_cast<record_word*>(memory.payload() + records_at), nullptr,
                as<std::size_t>(memory.capacity())};
    }

    shm::segment memory;
};

}  // namespace weir::detail

namespace weir::shm {

template <std::size_t Producers>
class basic_message_ring;

/// How many processes, or threads, may push to an mpsc_message_ring at a time.
inline constexpr std::size_t most_message_producers = 64;

/// One producer and one consumer.
using spsc_message_ring = basic_message_ring<1>;
/// Up to most_message_producers producers and one consumer.
using mpsc_message_ring = basic_message_ring<most_message_producers>;

/// A ring of messages between processes, mapped into this one.
/// A capacity is in bytes: a power of two from 16 to 4 GiB.
///
/// The object may go before the ends that were attached to it. What attaches throws shm::error as create() does, and calls the system.
template <std::size_t Producers>
class basic_message_ring
    : public detail::shm_makers<basic_message_ring<Producers>, detail::mapped_message_ring<Producers>> {
    using mapped = detail::mapped_message_ring<Producers>;
    friend detail::shm_makers<basic_message_ring, mapped>;

public:
    using producer = message_producer<Producers>;
    using consumer = message_consumer<Producers>;
    static constexpr bool has_many_producers = Producers > 1;
    /// Ends for producers.
    static constexpr std::size_t most_producers = Producers;

    /// Takes the first producer's end that no living process holds. Refused if there is none. After a process that died it goes on
    /// where that one was: see message_producer::in_doubt().
    producer attach_producer() const {
        for (unsigned number = 0; number < Producers; ++number) {
            if (auto end = take_producer(number)) return std::move(*end);
        }
        if constexpr (Producers == 1) {
            refuse_held("producer", ring_->state().producers[0].end.owner, "a ring of this kind has one producer");
        } else {
            detail::refuse_segment(errc::end_held,
                                   "living processes hold all " + std::to_string(Producers) +
                                       " producers' ends of the ring; end one of them, or let it give its end back");
        }
    }
    /// The same of a certain end, from 0 on: so that a process that is restarted follows its former self.
    producer attach_producer(unsigned number) const {
        if (number >= Producers) {
            detail::refuse_segment(errc::invalid_argument, "the ring has no producer's end of number " +
                                                               std::to_string(number) + "; choose 0 to " +
                                                               std::to_string(Producers - 1));
        }
        if (auto end = take_producer(number)) return std::move(*end);
        refuse_held("producer", ring_->state().producers[number].end.owner, "each end has one holder");
    }
    /// Takes the consumer's end for this process. Refused while a living process holds it.
    consumer attach_consumer() const {
        const detail::owner self = detail::this_process();
        detail::process_watch watch(self);
        auto& word = ring_->state().consumer.end.owner;
        const detail::taken_end taken = detail::take_end(word, self, watch);
        if (!taken.succeeded) refuse_held("consumer", word, "a ring has one consumer");
        detail::held_end<mapped> held(ring_, word, taken.mine);
        typename consumer::end made(ring_->state(), ring_->records(), capacity_bytes(),
                                    [&] { return detail::process_watch(self); });
        if (made.is_corrupted()) detail::refuse_contradiction("consumer");
        return consumer(std::move(held), std::move(made));
    }

    void close() noexcept { ring_->state().close(); }
    bool is_closed() const noexcept { return ring_->state().is_closed(); }
    std::size_t capacity_bytes() const noexcept { return static_cast<std::size_t>(ring_->memory.capacity()); }
    std::size_t max_message() const noexcept { return detail::shm_records::most_payload(capacity_bytes()); }
    /// Bytes that are taken, headers and skipped bytes included: exact at a quiet moment, otherwise slightly stale.
    std::size_t size_approx() const noexcept { return ring_->state().size_approx(capacity_bytes()); }
    /// For send_descriptor(), if the ring has no name. Owned by the ring.
    int descriptor() const noexcept { return ring_->memory.descriptor(); }

private:
    explicit basic_message_ring(segment memory) : ring_(std::make_shared<mapped>(mapped{std::move(memory)})) {}

    std::optional<producer> take_producer(unsigned number) const {
        const detail::owner self = detail::this_process();
        detail::process_watch watch(self);
        auto& word = ring_->state().producers[number].end.owner;
        const detail::taken_end taken = detail::take_end(word, self, watch);
        if (!taken.succeeded) return std::nullopt;
        detail::held_end<mapped> held(ring_, word, taken.mine);
        typename producer::end made(ring_->state(), number, ring_->records(), capacity_bytes(),
                                    detail::process_watch(self));
        return producer(std::move(held), std::move(made));
    }

    [[noreturn]] static void refuse_held(const char* name, const detail::atomic<std::uint64_t>& word, const char* why) {
        detail::refuse_held_end(name, {word.load(detail::relaxed)}, why);  // relaxed: for the sentence
    }

    std::shared_ptr<mapped> ring_;
};

}  // namespace weir::shm

#endif
