// SPDX-License-Identifier: MIT
//
// From an adapter template to the `make` of a queue_entry.
#pragma once

#include <bit>
#include <type_traits>

#include "bench/queues/channel_for.hpp"

// An unnamed namespace in a header, on purpose: each library's file has its adapters in an unnamed namespace, under any name.
// GCC 12 gives an instance of a template with such an argument external linkage all the same, so two files with adapters of
// the same name would silently measure the same queue.
namespace bench {
namespace {

/// For queues whose capacity is chosen at run time.
template <template <typename> class Adapter>
[[maybe_unused]] std::unique_ptr<channel> make_channel(std::size_t item_bytes, std::size_t capacity) {
    switch (item_bytes) {
    case 8: return std::make_unique<channel_for<Adapter<item<8>>, item<8>>>(capacity);
    case 64: return std::make_unique<channel_for<Adapter<item<64>>, item<64>>>(capacity);
    case 256: return std::make_unique<channel_for<Adapter<item<256>>, item<256>>>(capacity);
    default: return nullptr;
    }
}

/// For queues of messages: `item_bytes` is the size of one, or feed_mean_bytes; the capacity is in messages of that size.
template <template <typename> class Adapter>
[[maybe_unused]] std::unique_ptr<channel> make_message_channel(std::size_t item_bytes, std::size_t capacity) {
    switch (item_bytes) {
    case 16: return std::make_unique<channel_for<Adapter<letter<16>>, letter<16>>>(capacity);
    case 64: return std::make_unique<channel_for<Adapter<letter<64>>, letter<64>>>(capacity);
    case 256: return std::make_unique<channel_for<Adapter<letter<256>>, letter<256>>>(capacity);
    case 1500: return std::make_unique<channel_for<Adapter<letter<1500>>, letter<1500>>>(capacity);
    case feed_mean_bytes: return std::make_unique<channel_for<Adapter<feed_letter>, feed_letter>>(capacity);
    default: return nullptr;
    }
}

/// The bytes of a ring for so many messages and their lengths: a power of two.
template <typename Letter>
[[maybe_unused]] std::size_t ring_bytes(std::size_t messages) {
    constexpr std::size_t longest = std::is_same_v<Letter, feed_letter> ? 1500 : sizeof(Letter);
    constexpr std::size_t usual = std::is_same_v<Letter, feed_letter> ? feed_mean_bytes : sizeof(Letter);
    return std::bit_ceil(std::max(messages * (usual + sizeof(word)), 2 * (longest + 2 * sizeof(word))));
}

/// The same for the scenarios about waiting, which use words only, so the larger items are not compiled.
template <template <typename> class Adapter>
[[maybe_unused]] std::unique_ptr<channel> make_waiting_channel(std::size_t item_bytes, std::size_t capacity) {
    return item_bytes == sizeof(word) ? std::make_unique<channel_for<Adapter<word>, word>>(capacity) : nullptr;
}

/// For queues whose capacity is a template argument: compiled for the standard capacities only, absent otherwise.
template <template <typename, std::size_t> class Adapter, bool OnlyWaiting = false>
struct with_fixed_capacity {
    template <typename T>
    using small = Adapter<T, 64>;
    template <typename T>
    using medium = Adapter<T, 1024>;
    template <typename T>
    using large = Adapter<T, 65536>;

    static std::unique_ptr<channel> make(std::size_t item_bytes, std::size_t capacity) {
        switch (capacity) {
        case 64: return of_size<small>(item_bytes, capacity);
        case 1024: return of_size<medium>(item_bytes, capacity);
        case 65536: return of_size<large>(item_bytes, capacity);
        default: return nullptr;
        }
    }

private:
    template <template <typename> class Sized>
    static std::unique_ptr<channel> of_size(std::size_t item_bytes, std::size_t capacity) {
        if constexpr (OnlyWaiting) {
            return make_waiting_channel<Sized>(item_bytes, capacity);
        } else {
            return make_channel<Sized>(item_bytes, capacity);
        }
    }
};

}  // namespace
}  // namespace bench
