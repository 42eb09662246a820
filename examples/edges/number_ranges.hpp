// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace example {

/// Formats ascending numbers as ranges: "4-10,12".
class number_ranges {
public:
    void add(std::uint64_t n) {
        if (count_++ == 0) {
            first_ = last_ = n;
        } else if (n == last_ + 1) {
            last_ = n;
        } else {
            text_ += range() + ",";
            first_ = last_ = n;
        }
    }

    std::uint64_t count() const { return count_; }
    std::string text() const { return count_ == 0 ? "none" : text_ + range(); }

private:
    std::string range() const {
        return first_ == last_ ? std::to_string(first_) : std::to_string(first_) + "-" + std::to_string(last_);
    }

    std::string text_;
    std::uint64_t count_ = 0, first_ = 0, last_ = 0;
};

}  // namespace example
