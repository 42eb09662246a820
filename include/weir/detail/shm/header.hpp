// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "weir/detail/base/plain_text.hpp"
#include "weir/detail/shm/error.hpp"

namespace weir::detail {

/// The version of everything that processes share: header, state, protocol. Any change of these is a new one.
inline constexpr std::uint32_t segment_layout = 1;

/// What a segment may hold.
enum class segment_kind : std::uint32_t {
    spsc_ring = 1,
    spsc_message_ring = 2,
    mpsc_message_ring = 3,
    broadcast_ring = 4
};

constexpr std::string_view to_string(segment_kind kind) noexcept {
    switch (kind) {
    case segment_kind::spsc_ring: return "spsc_ring";
    case segment_kind::spsc_message_ring: return "spsc_message_ring";
    case segment_kind::mpsc_message_ring: return "mpsc_message_ring";
    case segment_kind::broadcast_ring: return "broadcast_ring";
    }
    return "unknown";
}

/// What a segment is to hold, or must hold to be opened.
struct segment_shape {
    segment_kind kind{};
    std::uint64_t capacity = 0;  // of the ring; 0, when it is opened: whatever it is
    std::uint32_t element_bytes = 0;
    std::uint32_t element_alignment = 0;
    std::string_view type_name;
    std::uint64_t (*payload_bytes)(std::uint64_t capacity) = nullptr;  // what follows the header
};

/// The first bytes of a segment. Written before any other process can see them, and never changed.
struct segment_header {
    static constexpr std::array<char, 8> right_magic = {'w', 'e', 'i', 'r', ' ', 's', 'h', 'm'};
    static constexpr std::size_t longest_type_name = 63;

    std::array<char, 8> magic = right_magic;
    std::uint32_t layout = segment_layout;
    segment_kind kind{};
    std::uint64_t bytes = 0;  // of the whole segment
    std::uint64_t capacity = 0;
    std::uint32_t element_bytes = 0;
    std::uint32_t element_alignment = 0;
    std::uint64_t pid_namespace = 0;  // of the process that made it
    std::array<char, longest_type_name + 1> type_name{};
    std::uint64_t checksum = 0;  // of all before

    /// FNV-1a.
    std::uint64_t right_checksum() const noexcept {
        std::uint64_t sum = 0xcbf2'9ce4'8422'2325;
        const auto* const bytes_of = reinterpret_cast<const unsigned char*>(this);
        for (std::size_t i = 0; i < offsetof(segment_header, checksum); ++i)
            sum = (sum ^ bytes_of[i]) * 0x100'0000'01b3;
        return sum;
    }
    /// Without control characters, whatever is there.
    std::string printable_type_name() const {
        return printable({type_name.data(), ::strnlen(type_name.data(), type_name.size())});
    }
};
static_assert(std::is_trivially_copyable_v<segment_header> && std::is_standard_layout_v<segment_header>);
static_assert(std::has_unique_object_representations_v<segment_header>, "padding would make the checksum random");

/// Where in the segment that lies which the header describes.
inline constexpr std::size_t payload_offset = 256;
static_assert(sizeof(segment_header) <= payload_offset);

inline std::string checked_type_name(std::string_view name) {
    if (name.empty() || name.size() > segment_header::longest_type_name || name.find('\0') != name.npos) {
        refuse_segment(errc::invalid_argument, "the type name \"" + printable(name) + "\" has " +
                                                   std::to_string(name.size()) + " bytes; choose 1 to " +
                                                   std::to_string(segment_header::longest_type_name) +
                                                   ", none of them zero");
    }
    return std::string(name);
}

inline segment_header header_for(const segment_shape& shape, std::uint64_t bytes, std::uint64_t pid_namespace) {
    segment_header made;
    made.kind = shape.kind;
    made.bytes = bytes;
    made.capacity = shape.capacity;
    made.element_bytes = shape.element_bytes;
    made.element_alignment = shape.element_alignment;
    made.pid_namespace = pid_namespace;
    const std::string name = checked_type_name(shape.type_name);
    std::copy(name.begin(), name.end(), made.type_name.begin());
    made.checksum = made.right_checksum();
    return made;
}

/// What is wrong with a segment, in one sentence; empty when nothing is.
struct segment_fault {
    errc code{};
    std::string sentence;
};

/// What is wrong with a header of the segment `where`. `found` is a private copy: a peer that
/// is not trusted may change the segment's at any time. `file`: bytes that there are.
inline segment_fault wrong_with(const segment_header& found, const std::string& where, std::uint64_t file,
                                const segment_shape& wanted, std::uint64_t own_namespace) {
    const auto differs = [&](const char* what, const std::string& is, const std::string& must, const char* remedy) {
        return segment_fault{errc::mismatch, where + ": its " + what + " is " + is + ", and this program expects " +
                                                 must + "; " + remedy};
    };
    using std::to_string;
    if (found.magic != segment_header::right_magic)
        return {errc::not_a_segment,
                where + ": its first 8 bytes are not \"weir shm\", so it is no segment of weir's; check the name"};
    if (found.layout != segment_layout) {
        return differs("layout version", to_string(found.layout), to_string(segment_layout),
                       "build both programs with the same version of weir");
    }
    if (found.checksum != found.right_checksum())
        return {
            errc::damaged,
            where + ": the checksum of its header is wrong, so a program wrote over it; remove it and create it anew"};
    if (found.kind != wanted.kind) {
        return differs("kind", std::string(to_string(found.kind)), std::string(to_string(wanted.kind)),
                       "open it as what it is");
    }
    if (found.element_bytes != wanted.element_bytes) {
        return differs("element size", to_string(found.element_bytes) + " bytes",
                       to_string(wanted.element_bytes) + " bytes", "build both programs with the same struct");
    }
    if (found.element_alignment != wanted.element_alignment) {
        return differs("element alignment", to_string(found.element_alignment) + " bytes",
                       to_string(wanted.element_alignment) + " bytes", "build both programs with the same struct");
    }
    const std::string type = checked_type_name(wanted.type_name);
    if (found.type_name.back() != '\0' || type != std::string_view(found.type_name.data())) {
        return differs("type name", "\"" + found.printable_type_name() + "\"", "\"" + printable(type) + "\"",
                       "give both programs the same name, and a new name to a new meaning");
    }
    if (wanted.capacity != 0 && found.capacity != wanted.capacity) {
        return differs("capacity", to_string(found.capacity), to_string(wanted.capacity),
                       "ask for the same, or open it with any");
    }
    if (found.pid_namespace != own_namespace) {
        return {
            errc::mismatch,
            where + ": it was made in PID namespace " + to_string(found.pid_namespace) + ", and this process runs in " +
                to_string(own_namespace) +
                ", so neither could tell whether the other lives; run both in one (containers: --pid=container:NAME)"};
    }
    // No capacity whose bytes could not be counted.
    const bool is_possible = found.capacity >= 1 && found.capacity <= file / std::max(found.element_bytes, 1U);
    const std::uint64_t needed = payload_offset + wanted.payload_bytes(is_possible ? found.capacity : 1);
    if (!is_possible || found.bytes != needed || file < needed) {
        return {errc::damaged, where + ": its header says " + to_string(found.capacity) + " items in " +
                                   to_string(found.bytes) + " bytes, and the file has " + to_string(file) +
                                   " bytes; remove it and create it anew"};
    }
    return {};
}

}  // namespace weir::detail
