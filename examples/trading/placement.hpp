// SPDX-License-Identifier: MIT
//
// Pins the threads by a plan of `weir plan`, where the example was built with weir::topology.
#pragma once

#include <string>

#if defined(TRADING_HAS_PLAN)
#include <weir/plan.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#endif

namespace trading {

inline constexpr const char* roles[] = {"feed", "handler", "book", "strategy", "gateway"};

#if defined(TRADING_HAS_PLAN)

class placement {
public:
    placement() = default;

    /// Throws weir::placement_error, with a sentence, if the plan was made for another machine or lacks one of the roles.
    explicit placement(const std::string& path) : plan_(weir::placement_plan::load(path)) {
        for (const char* const role : roles) (void)plan_->pu_of(role);
    }

    /// Threads off the path from tick to order are left where they are.
    void pin_this_thread(std::string_view name) const {
        if (plan_ && std::find(std::begin(roles), std::end(roles), name) != std::end(roles))
            plan_->pin_this_thread(name);
    }

private:
    std::optional<weir::placement_plan> plan_;
};

#else

class placement {
public:
    void pin_this_thread(const std::string&) const {}
};

#endif

}  // namespace trading
