// SPDX-License-Identifier: MIT
//
// Text from outside, made fit for what it goes into.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace weir::detail {

/// The bytes of the character at the beginning of `text`, which is not empty; 0 if they are not UTF-8. The table of RFC 3629.
inline std::size_t bytes_of_first(std::string_view text) noexcept {
    const auto byte = [text](std::size_t i) { return unsigned{static_cast<unsigned char>(text[i])}; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size == 0 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    const unsigned second = byte(1);
    const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool is_surrogate = first == 0xED && second >= 0xA0;
    const bool is_too_large = first == 0xF4 && second >= 0x90;
    return is_overlong || is_surrogate || is_too_large ? 0 : size;
}

/// Whether it is C0, DEL or C1.
inline bool is_control(std::string_view character) noexcept {
    const auto first = static_cast<unsigned char>(character[0]);
    return first < 0x20 || first == 0x7F ||
           (first == 0xC2 && character.size() > 1 && static_cast<unsigned char>(character[1]) < 0xA0);
}

/// Calls `f(character, is_utf8)` on each character; a byte that is not UTF-8 counts as one.
template <class F>
void for_each_character(std::string_view text, F f) {
    while (!text.empty()) {
        const std::size_t size = bytes_of_first(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(1, size));
        f(character, size != 0);
        text.remove_prefix(character.size());
    }
}

/// Whether it is well-formed UTF-8 (RFC 3629).
inline bool is_utf8(std::string_view text) noexcept {
    bool all = true;
    detail::for_each_character(text, [&all](std::string_view, bool is_good) { all = all && is_good; });
    return all;
}

/// For JSON, HTML and pages of metrics: each byte that is not UTF-8 becomes U+FFFD, the replacement character.
inline std::string valid_utf8(std::string_view text) {
    std::string valid;
    detail::for_each_character(
        text, [&valid](std::string_view character, bool is_good) { valid += is_good ? character : "\xef\xbf\xbd"; });
    return valid;
}

/// For a terminal: control characters, line breaks among them, and bytes that are not UTF-8, become '?'.
inline std::string printable(std::string_view text) {
    std::string shown;
    detail::for_each_character(text, [&shown](std::string_view character, bool is_good) {
        shown += is_good && !is_control(character) ? character : "?";
    });
    return shown;
}

}  // namespace weir::detail
