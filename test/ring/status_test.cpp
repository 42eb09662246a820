// SPDX-License-Identifier: MIT
#include "weir/status.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <utility>

namespace {

using weir::status;

TEST(status, is_named_as_it_is_spelled_and_true_for_success_alone) {
    const std::array<std::pair<status, std::string_view>, 10> all{{{status::success, "success"},
                                                                   {status::empty, "empty"},
                                                                   {status::full, "full"},
                                                                   {status::no_credit, "no_credit"},
                                                                   {status::busy, "busy"},
                                                                   {status::closed, "closed"},
                                                                   {status::timeout, "timeout"},
                                                                   {status::too_large, "too_large"},
                                                                   {status::peer_died, "peer_died"},
                                                                   {status::corrupted, "corrupted"}}};
    for (const auto& [answer, name] : all) {
        EXPECT_EQ(to_string(answer), name);
        EXPECT_EQ(static_cast<bool>(answer), name == "success");
        for (const auto& [other, other_name] : all) EXPECT_EQ(answer == other, name == other_name);
    }
    EXPECT_EQ(to_string(status(static_cast<status::value>(99))), "unknown");
}

}  // namespace
