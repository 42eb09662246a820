// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// A number that correctness does not depend on, such as a bound that may be stale. Shared by any number of threads, or private to
/// one; then it costs what a plain variable costs.
template <class T, bool Shared>
class hint {
public:
    explicit hint(T value) noexcept : value_(value) {}

    T get() const noexcept {
        if constexpr (Shared) {
            return value_.load(relaxed);  // relaxed: no access depends on it
        } else {
            return value_;
        }
    }
    void set(T value) noexcept {
        if constexpr (Shared) {
            value_.store(value, relaxed);  // relaxed: as above
        } else {
            value_ = value;
        }
    }

private:
    std::conditional_t<Shared, atomic<T>, T> value_;
};

}  // namespace weir::detail
