// SPDX-License-Identifier: MIT
//
// How messages lie in a ring of bytes.
//
//     bit  63 ..... 32   31 .. 16   15 .. 4   3 .. 0
//        +-------------+----------+---------+--------+----------------------+---------------------+
//        | payload     | type     | owner   | kind   | payload              | up to the alignment |
//        | bytes       |          |         |        |                      |                     |
//        +-------------+----------+---------+--------+----------------------+---------------------+
//        |<------------- header, 8 bytes ----------->|
//
// A record never wraps: where it does not fit before the end of the storage, a record of padding fills the rest, and it begins at
// the start. `owner` is for rings that processes share, and 0 elsewhere: the number of the producer.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/memory/storage.hpp"
#include "weir/status.hpp"

namespace weir::detail {

/// The first word of a record. 0: no record has been written here yet.
struct record_header {
    enum kind_type : std::uint64_t { none = 0, message = 1, padding = 2, claim = 3 };
    static constexpr std::size_t bytes = 8;
    static constexpr std::uint64_t most_owners = 1 << 12;

    static constexpr std::uint64_t of_message(std::size_t payload, std::uint16_t type,
                                              std::uint64_t owner = 0) noexcept {
        return std::uint64_t{payload} << 32 | std::uint64_t{type} << 16 | owner << 4 | message;
    }
    /// `record`: of the whole record, `bytes` at least.
    static constexpr std::uint64_t of_padding(std::size_t record) noexcept {
        return std::uint64_t{record - bytes} << 32 | padding;
    }
    /// A record that producer `owner` has claimed and not handed over yet.
    static constexpr std::uint64_t of_claim(std::size_t record, std::uint64_t owner) noexcept {
        return std::uint64_t{record - bytes} << 32 | owner << 4 | claim;
    }
    /// In rings that processes share: what a word holds until a record begins at that position. Of no other position, so a producer
    /// that expects it cannot claim a word of another lap.
    static constexpr std::uint64_t none_at(std::uint64_t position) noexcept { return position << 1; }
    static constexpr kind_type kind(std::uint64_t word) noexcept { return static_cast<kind_type>(word & 0xf); }
    static constexpr std::uint64_t owner(std::uint64_t word) noexcept { return word >> 4 & (most_owners - 1); }
    static constexpr std::uint16_t type(std::uint64_t word) noexcept { return static_cast<std::uint16_t>(word >> 16); }
    static constexpr std::size_t payload(std::uint64_t word) noexcept { return as<std::size_t>(word >> 32); }
};

/// A word of the storage: a header, or eight bytes of a payload.
using record_word = atomic<std::uint64_t>;
/// False under a model checker, whose atomics are objects of another size. Payloads then have memory of their own.
inline constexpr bool words_are_plain = sizeof(record_word) == sizeof(std::uint64_t);

/// The records of a ring as one side has them mapped. Positions count bytes; those of records are multiples of Alignment, and so
/// are the addresses of payloads.
template <std::size_t Alignment>
class records {
    static_assert(std::has_single_bit(Alignment) && Alignment >= record_header::bytes && Alignment <= separation_bytes,
                  "weir: the alignment of messages is a power of two from 8 to 128");
    static constexpr std::size_t word_bytes = sizeof(std::uint64_t);
    static constexpr std::size_t words_before = (Alignment - record_header::bytes) / word_bytes;

public:
    static constexpr std::size_t alignment = Alignment;

    /// At `first` lie words_for(capacity) words, and at `payloads`, where words are not plain, as many times eight bytes.
    records(record_word* first, std::byte* payloads, std::size_t capacity) noexcept
        : first_(first + words_before), payloads_(payloads), mask_(capacity - 1) {}

    /// The bytes that a message of `payload` bytes takes: header, payload, and up to the alignment.
    static constexpr std::size_t record_bytes(std::size_t payload) noexcept {
        return (payload + record_header::bytes + Alignment - 1) / Alignment * Alignment;
    }
    /// Of a capacity that is a power of two. (With another one, a record that the end of the storage is too short for could find less
    /// room than a record of its size has just given back.)
    static constexpr std::size_t words_for(std::size_t capacity) noexcept {
        return capacity / word_bytes + words_before;
    }
    static constexpr std::size_t least_capacity = 2 * Alignment;
    static constexpr std::size_t most_capacity = std::size_t{1} << 32;

    /// The largest payload that fits an empty ring wherever it stands: the padding before the record is shorter than the record.
    static constexpr std::size_t most_payload(std::size_t capacity) noexcept {
        return capacity / 2 - record_header::bytes;
    }

    record_word& header(std::uint64_t position) const noexcept { return first_[offset(position) / word_bytes]; }
    std::byte* payload(std::uint64_t position) const noexcept {
        if constexpr (words_are_plain) {
            return reinterpret_cast<std::byte*>(std::addressof(header(position))) + record_header::bytes;
        } else {
            return payloads_ + offset(position);
        }
    }

    /// Where the bytes of `position` lie: an address to prefetch.
    const void* line(std::uint64_t position) const noexcept { return std::addressof(header(position)); }

    /// How many bytes are left between `position` and the end of the storage, if a record of this size does not fit there.
    std::size_t skipped(std::uint64_t position, std::size_t record) const noexcept {
        const std::size_t left = mask_ + 1 - offset(position);
        return left < record ? left : 0;
    }

    /// Rewrites a word of each line of a record that was read, with the same value. Each line is then modified in this core's cache, and
    /// the producer fetches it as a stream when it writes there next. A line that was only read would be shared between the two
    /// caches, and each of the producer's stores to it would wait until this cache has dropped it.
    void take_over(std::uint64_t position, std::size_t record) const noexcept {
        for (std::size_t i = 0; i < record; i += cache_line_bytes) {
            record_word& word = header(position + i);
            word.store(word.load(relaxed), relaxed);  // relaxed, both: this side's, until it gives the record back
        }
    }

    /// Makes the words of a record 0 again.
    void clear(std::uint64_t position, std::size_t record) const noexcept {
        // relaxed: the consumer publishes its position after this, and only then others write here
        for (std::size_t i = 0; i < record; i += word_bytes) header(position + i).store(0, relaxed);
    }

    /// Makes each word of a record what none_at() says of its next lap.
    void clear_for_next_lap(std::uint64_t position, std::size_t record) const noexcept {
        const std::uint64_t next = position + mask_ + 1;
        // release: a process that finds the first word so sees what the consumer wrote before it
        header(position).store(record_header::none_at(next), release);
        // relaxed: the consumer publishes its position after this, and only then others write here
        for (std::size_t i = word_bytes; i < record; i += word_bytes)
            header(position + i).store(record_header::none_at(next + i), relaxed);
    }

private:
    std::size_t offset(std::uint64_t position) const noexcept { return as<std::size_t>(position) & mask_; }

    record_word* first_;
    std::byte* payloads_;
    std::size_t mask_;
};

/// The words of a storage option: storage::fixed<N> is for N bytes.
template <class Storage, std::size_t Alignment>
struct storage_of_words {
    using type = Storage;
};
template <std::size_t N, std::size_t Alignment>
struct storage_of_words<storage::fixed<N>, Alignment> {
    static_assert(std::has_single_bit(N) && N >= records<Alignment>::least_capacity,
                  "weir: the bytes of a message ring are a power of two, twice the alignment at least");
    using type = storage::fixed<records<Alignment>::words_for(N)>;
};

/// The memory of a ring's records; all words are 0 at first.
template <class Storage, std::size_t Alignment>
class record_memory {
    using words = slot_memory<record_word, typename storage_of_words<Storage, Alignment>::type>;
    using all_records = records<Alignment>;

public:
    explicit record_memory(std::size_t capacity, const memory_source<Storage>& from = {})
        : count_(all_records::words_for(capacity)), words_(count_, from) {
        for (std::size_t i = 0; i < count_; ++i) std::construct_at(words_.data() + i, 0);
        if constexpr (!words_are_plain) payloads_ = std::make_unique<std::byte[]>(count_ * sizeof(std::uint64_t));
    }
    ~record_memory() {
        if constexpr (!words_are_plain) std::destroy_n(words_.data(), count_);
    }
    record_memory(const record_memory&) = delete;
    record_memory& operator=(const record_memory&) = delete;

    all_records map(std::size_t capacity) noexcept { return {words_.data(), payloads_.get(), capacity}; }
    memory_report report() const noexcept { return words_.report(); }

private:
    std::size_t count_;
    words words_;
    std::unique_ptr<std::byte[]> payloads_;
};

/// The capacity, if it is possible; else `refuse` gets a sentence.
template <std::size_t Alignment, class Refuse>
std::size_t checked_message_capacity(std::size_t bytes, Refuse refuse) {
    using all = records<Alignment>;
    if (bytes < all::least_capacity || bytes > all::most_capacity || !std::has_single_bit(bytes)) {
        refuse("a message ring of " + std::to_string(bytes) + " bytes is impossible; choose a power of two from " +
               std::to_string(all::least_capacity) + " to " + std::to_string(all::most_capacity));
    }
    return bytes;
}
template <std::size_t Alignment>
std::size_t checked_message_capacity(std::size_t bytes) {
    return checked_message_capacity<Alignment>(bytes, [](const std::string& sentence) { reject_argument(sentence); });
}

/// What a producer has claimed: a record, and, where it would have wrapped, the padding before it.
struct record_claim {
    status::value answer;
    std::uint64_t begin = 0;   // of the padding, or of the record if there is none
    std::uint64_t record = 0;  // position of the record
    std::size_t payload = 0;   // bytes that were asked for
};

/// What a role checker says of both rings.
inline constexpr const char* second_message_consumer =
    "a second thread pops from a message ring, which has one consumer; call adopt_consumer() when the role is handed on";

}  // namespace weir::detail
