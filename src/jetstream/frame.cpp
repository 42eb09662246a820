// SPDX-License-Identifier: MIT
#include "frame.hpp"
#include "numbers.hpp"

#include <string_view>

namespace weir::jetstream {
namespace {

constexpr std::uint32_t frame_magic = 0x31534a57;  // "WJS1"

}  // namespace

void frame_writer::clear() {
    bytes_.assign(frame::header_bytes, '\0');
    count_ = 0;
}

void frame_writer::begin_item() {
    item_at_ = bytes_.size();
    bytes_.append(frame::length_bytes, '\0');
}

void frame_writer::end_item() {
    put_number(bytes_.data() + item_at_, static_cast<std::uint32_t>(bytes_.size() - item_at_ - frame::length_bytes));
    ++count_;
}

void frame_writer::drop_item() {
    bytes_.resize(item_at_);
    --count_;
}

void frame_writer::append(std::string_view item) {
    begin_item();
    bytes_ += item;
    end_item();
}

std::string_view frame_writer::last_item() const noexcept {
    return std::string_view(bytes_).substr(item_at_ + frame::length_bytes);
}

std::string_view frame_writer::finish(const frame& header) {
    char* const at = bytes_.data();
    put_number(at, frame_magic);
    put_number(at + 4, count_);
    put_number(at + 8, header.epoch);
    put_number(at + 16, header.first);
    put_number(at + 24, header.base);
    put_number(at + 32, header.end);
    put_number(at + 40, header.generation);
    put_number(at + 44, header.flags);
    return bytes_;
}

std::optional<frame> parse_frame(std::span<const std::byte> bytes) {
    if (bytes.size() < frame::header_bytes) return std::nullopt;
    const auto* const at = reinterpret_cast<const char*>(bytes.data());
    if (get_number<std::uint32_t>(at) != frame_magic) return std::nullopt;
    const auto count = get_number<std::uint32_t>(at + 4);
    frame read;
    read.epoch = get_number<std::uint64_t>(at + 8);
    read.first = get_number<std::uint64_t>(at + 16);
    read.base = get_number<std::uint64_t>(at + 24);
    read.end = get_number<std::uint64_t>(at + 32);
    read.generation = get_number<std::uint32_t>(at + 40);
    read.flags = get_number<std::uint32_t>(at + 44);
    bytes = bytes.subspan(frame::header_bytes);
    if (count > bytes.size() / frame::length_bytes) return std::nullopt;  // before memory is taken for as many
    read.items.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (bytes.size() < frame::length_bytes) return std::nullopt;
        const auto length = get_number<std::uint32_t>(bytes.data());
        bytes = bytes.subspan(frame::length_bytes);
        if (length > bytes.size()) return std::nullopt;
        read.items.push_back(bytes.first(length));
        bytes = bytes.subspan(length);
    }
    const bool adds_up =
        bytes.empty() && read.base <= read.end && read.first <= read.end && count <= read.end - read.first;
    return adds_up ? std::optional(std::move(read)) : std::nullopt;
}

}  // namespace weir::jetstream
