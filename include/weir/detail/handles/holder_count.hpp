// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// How many holders share something that the last one cleans up.
class holder_count {
public:
    explicit holder_count(std::size_t count) noexcept : count_(count) {}

    /// Registers the first holder. False if there is one already.
    [[nodiscard]] bool begin() noexcept {
        std::size_t none = 0;
        return count_.compare_exchange_strong(none, 1, relaxed,
                                              relaxed);  // relaxed, both: no other thread holds it yet
    }
    /// Adds a holder. The caller is one itself.
    void add() noexcept {
        count_.fetch_add(1, relaxed);  // relaxed: hands over no data; the caller's own share keeps the count above zero
    }
    /// Removes a holder. True if it was the last one.
    [[nodiscard]] bool remove() noexcept {
        // (1) acq_rel: pairs with (1) of the other holders: what each did before its removal happens before what the last one
        // does after its own
        return count_.fetch_sub(1, acq_rel) == 1;
    }

private:
    atomic<std::size_t> count_;
};

}  // namespace weir::detail
