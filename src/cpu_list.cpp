// SPDX-License-Identifier: MIT
#include "cpu_list.hpp"
#include "text.hpp"

#include <charconv>
#include <fstream>
#include <iterator>

namespace weir {
namespace {

std::optional<unsigned> read_number(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number > pu_set::max_pu) return std::nullopt;
    return number;
}

// "3", "0-7" or "0-7:2"
bool append_item(std::string_view item, std::vector<unsigned>& out) {
    const auto dash = item.find('-');
    const auto colon = item.find(':');
    if (dash == npos && colon != npos) return false;
    const auto first = read_number(item.substr(0, dash));
    const auto last =
        dash == npos ? first : read_number(item.substr(dash + 1, colon == npos ? colon : colon - dash - 1));
    const auto step = colon == npos ? std::optional{1U} : read_number(item.substr(colon + 1));
    if (!first || !last || !step || *step == 0 || *first > *last) return false;
    for (unsigned pu = *first; pu <= *last; pu += *step) out.push_back(pu);
    return true;
}

}  // namespace

std::optional<std::vector<unsigned>> read_cpu_list(std::string_view text) {
    std::vector<unsigned> numbers;
    text = trim(text);
    if (text.empty()) return numbers;
    for (;;) {
        const auto comma = text.find(',');
        if (!append_item(trim(text.substr(0, comma)), numbers) || numbers.size() > 2 * std::size_t{pu_set::max_pu})
            return std::nullopt;
        if (comma == npos) return numbers;
        text.remove_prefix(comma + 1);
    }
}

std::optional<std::string> read_small_file(const std::string& path) {
    std::ifstream file(path);
    std::string text;
    for (char c = 0; file.get(c);) text += c;  // some files in /sys can be opened but not read
    if (!file.is_open() || file.bad()) return std::nullopt;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

std::optional<pu_set> read_cpu_list_file(const std::string& path) {
    const auto text = read_small_file(path);
    if (!text) return std::nullopt;
    if (*text == "(null)")  // some kernels print this for an empty nohz_full
        return pu_set{};
    auto numbers = read_cpu_list(*text);
    return numbers ? std::optional(pu_set(std::move(*numbers))) : std::nullopt;
}

}  // namespace weir
