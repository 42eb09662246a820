// SPDX-License-Identifier: MIT
//
// Numbers with names, as text for people, as JSON and as a page for Prometheus.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "weir/detail/base/metric_text.hpp"
#include "weir/detail/base/plain_text.hpp"

namespace weir::detail {

template <class Numbers>
struct named_number {
    std::string_view name;
    std::uint64_t Numbers::*number;
};

// A text within JSON quotes: UTF-8, in which quotes, backslashes and control characters are escaped.
inline std::string json_text(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : valid_utf8(text)) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '\\' || c == '"') {
            out += std::string("\\") + c;
        } else if (code < 0x20) {
            out += std::string("\\u00") + digits[code / 16] + digits[code % 16];
        } else {
            out += c;
        }
    }
    return out + "\"";
}

template <class Names, class Numbers>
std::string json_object(const Names& names, const Numbers& numbers) {
    std::string out;
    for (const auto& [name, number] : names) {
        out += out.empty() ? "{\"" : ", \"";
        out += std::string(name) + "\": " + std::to_string(numbers.*number);
    }
    return out + "}";
}

// The numbers that are not zero, since most are.
template <class Names, class Numbers>
std::string text_line(std::string_view title, const Names& names, const Numbers& numbers) {
    std::string line;
    for (const auto& [name, number] : names) {
        if (numbers.*number != 0) line += "  " + std::string(name) + " " + std::to_string(numbers.*number);
    }
    return std::string(title) + (line.empty() ? "  nothing yet" : line) + "\n";
}

/// A page of metrics, each with its head and then a sample of every ring.
template <class Ring>
class prometheus_page {
public:
    explicit prometheus_page(std::span<const Ring> rings) : rings_(rings) {}

    void head(std::string_view metric, std::string_view type, std::string_view help) {
        metric_ = metric;
        out_ += "# HELP " + metric_ + " " + std::string(help) + "\n# TYPE " + metric_ + " " + std::string(type) + "\n";
    }
    /// `labels`: as in `end="producer"`, or none; `value(numbers)` as text.
    template <class Value>
    void samples(std::string_view labels, Value value) {
        for (const Ring& ring : rings_) sample(ring, labels, value(ring.numbers));
    }
    void sample(const Ring& ring, std::string_view labels, const std::string& value) {
        out_ += metric_ + "{ring=\"" + escaped(ring.ring) + "\"" + (labels.empty() ? "" : ",") + std::string(labels) +
                "} " + value + "\n";
    }
    template <class Value>
    void metric(std::string_view name, std::string_view type, std::string_view help, Value value) {
        head(name, type, help);
        samples("", [&](const auto& numbers) { return std::to_string(value(numbers)); });
    }
    std::span<const Ring> rings() const { return rings_; }
    std::string take() { return std::move(out_); }

private:
    std::span<const Ring> rings_;
    std::string metric_;
    std::string out_;
};

}  // namespace weir::detail
