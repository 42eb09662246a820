// SPDX-License-Identifier: MIT
#include "record.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace weir::jetstream {
namespace {

constexpr std::string_view record_head = "weir-link 1 ";

std::optional<std::string_view> word_in(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
            return word.substr(key.size() + 1);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::nullopt;
}

}  // namespace

std::string to_text(const record& from) {
    return std::string(record_head) + "epoch=" + std::to_string(from.epoch) +
           " finished=" + std::to_string(from.finished) + " limit=" + std::to_string(from.limit) +
           " stream=" + std::to_string(from.stream) + " producer=" + std::to_string(from.producer) +
           " type=" + from.type;
}

std::optional<std::uint64_t> number_in(std::string_view text, std::string_view key) {
    const auto word = word_in(text, key);
    if (!word) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(word->data(), word->data() + word->size(), number);
    if (failure != std::errc{} || end != word->data() + word->size()) return std::nullopt;
    return number;
}

std::optional<record> parse_record(std::string_view text) {
    if (!text.starts_with(record_head)) return std::nullopt;
    const auto epoch = number_in(text, "epoch");
    const auto finished = number_in(text, "finished");
    const auto limit = number_in(text, "limit");
    const auto stream = number_in(text, "stream");
    const auto producer = number_in(text, "producer");
    const auto type = word_in(text, "type");
    if (!epoch || !finished || !limit || !stream || !producer || !type || *finished > *limit) return std::nullopt;
    return record{*epoch, *finished, *limit, *stream, *producer, std::string(*type)};
}

}  // namespace weir::jetstream
