// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>

#include "weir/detail/cursor/hint.hpp"
#include "weir/detail/cursor/look_pace.hpp"

namespace weir::detail {

/// What one side knows of the other: how far the other side had let it go at the last look, and when to look again.
///
/// What is known only falls behind, so it is a lower bound, and a side looks at the other's line only when it has used up
/// what it knows. Belongs to one side: to its one thread or, where it is Shared, to all threads of that side; then any of them
/// may look.
template <std::unsigned_integral Number, bool Shared>
class remote_view {
public:
    explicit remote_view(Number known) noexcept : known_(known) {}

    Number known() const noexcept { return known_.get(); }
    void know(Number known) noexcept { known_.set(known); }

    /// Waits until a look is due, then looks: `look()` reads the other side's position, calls know(), and returns how much
    /// it found of what is `wanted`, 0 or less if nothing. `is_own()`: whether this thread was the other side lately, read where the
    /// position was. `worthwhile`: see look_pace::found().
    template <class Look, class IsOwn>
    auto look(sought wanted, std::uint64_t worthwhile, Look look, IsOwn is_own) noexcept {
        pace_.wait();
        const auto found = look();
        if (found > 0) pace_.found(static_cast<std::uint64_t>(found), worthwhile, wanted, is_own());
        return found;
    }

    look_pace<Shared>& pace() noexcept { return pace_; }

private:
    hint<Number, Shared> known_;
    look_pace<Shared> pace_;
};

}  // namespace weir::detail
