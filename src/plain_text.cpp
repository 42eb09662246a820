// SPDX-License-Identifier: MIT
#include "plain_text.hpp"

#include <algorithm>
#include <cstddef>

namespace weir {
namespace {

unsigned byte(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// The bytes of the character at the beginning of `text`, which is not empty; 0 if they are not UTF-8. The table of RFC 3629.
std::size_t bytes_of_first(std::string_view text) noexcept {
    const unsigned first = byte(text, 0);
    if (first < 0x80) return 1;
    const std::size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size == 0 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(text, i) & 0xC0) != 0x80) return 0;
    const unsigned second = byte(text, 1);
    const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool is_surrogate = first == 0xED && second >= 0xA0;
    const bool is_too_large = first == 0xF4 && second >= 0x90;
    return is_overlong || is_surrogate || is_too_large ? 0 : size;
}

// C0, DEL and C1.
bool is_control(std::string_view character) noexcept {
    const unsigned first = byte(character, 0);
    return first < 0x20 || first == 0x7F || (first == 0xC2 && byte(character, 1) < 0xA0);
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto size = bytes_of_first(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const auto size = bytes_of_first(text);
        const auto character = text.substr(0, std::max<std::size_t>(1, size));
        if (size == 0 || is_control(character)) {
            shown += '?';
        } else {
            shown += character;
        }
        text.remove_prefix(character.size());
    }
    return shown;
}

}  // namespace weir
