// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace weir::detail {

/// A run of neighbouring slots: two pieces where it passes the end of the storage.
template <class T>
struct slot_run {
    std::span<T> first;
    std::span<T> second;

    std::size_t size() const noexcept { return first.size() + second.size(); }

    void drop_front(std::size_t n) noexcept {
        const std::size_t from_first = std::min(n, first.size());
        first = first.subspan(from_first);
        second = second.subspan(n - from_first);
    }
};

}  // namespace weir::detail
