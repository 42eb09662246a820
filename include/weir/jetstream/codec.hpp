// SPDX-License-Identifier: MIT
//
// How an item becomes bytes, and bytes an item. Give a class of your own as the second argument of remote_producer and
// remote_consumer:
//
//     struct as_text {
//         static void encode(const order& item, std::string& out);               // appends; may throw
//         static bool decode(std::span<const std::byte> bytes, order& out);      // false: these bytes are no item
//     };
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

namespace weir::jetstream {

/// What remote_producer and remote_consumer ask of a codec.
template <class Codec, class T>
concept codec_of = requires(const T& item, T& to, std::string& out, std::span<const std::byte> bytes) {
    Codec::encode(item, out);
    { Codec::decode(bytes, to) } -> std::same_as<bool>;
};

/// Copies the bytes of a trivially copyable T as they are: both machines have the same byte order and layout. Padding is sent, too.
template <class T>
struct plain_bytes {
    static_assert(std::is_trivially_copyable_v<T>,
                  "weir: an item that is not trivially copyable needs encode() and decode(): give a codec of your own");

    static void encode(const T& item, std::string& out) {
        const std::size_t before = out.size();
        out.resize(before + sizeof(T));
        std::memcpy(out.data() + before, std::addressof(item), sizeof(T));
    }
    static bool decode(std::span<const std::byte> bytes, T& out) {
        if (bytes.size() != sizeof(T)) return false;
        std::memcpy(static_cast<void*>(std::addressof(out)), bytes.data(), sizeof(T));
        return true;
    }
};

}  // namespace weir::jetstream
