// SPDX-License-Identifier: MIT
//
// What may give when the book is behind the feed, by name.
#pragma once

#include <weir/overflow.hpp>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "market.hpp"

namespace trading {

/// For shed_lowest: notices first, then trades, and quotes last.
struct worth_of_tick {
    unsigned operator()(const tick& t) const noexcept {
        return t.what == feed::type::quote ? 2 : t.what == feed::type::trade ? 1 : 0;
    }
};

inline constexpr std::array<std::string_view, 7> policy_names{"block",  "reject",      "drop_newest", "drop_oldest",
                                                              "sample", "shed_lowest", "codel"};

/// Returns `f(policy)` for the policy of that name.
template <class F>
auto with_policy(std::string_view name, F&& f) {
    namespace overflow = weir::overflow;
    using namespace std::chrono_literals;
    if (name == "block") return f(overflow::block{});
    if (name == "reject") return f(overflow::reject{});
    if (name == "drop_newest") return f(overflow::drop_newest{});
    if (name == "drop_oldest") return f(overflow::drop_oldest{});
    if (name == "sample") return f(overflow::sample{.keep_one_in = 4});
    if (name == "shed_lowest") return f(overflow::shed_lowest<3, worth_of_tick>{});
    if (name == "codel") return f(overflow::codel<>{.target = 200us, .interval = 2ms});
    throw std::invalid_argument("there is no policy '" + std::string(name) +
                                "'; choose block, reject, drop_newest, drop_oldest, sample, shed_lowest or codel");
}

}  // namespace trading
