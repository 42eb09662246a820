// SPDX-License-Identifier: MIT
//
// pull::spsc_ring under the model checker.
#include "pull_scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::pull::spsc_ring<element, Wait, std::uint8_t>;
using plain = ring<weir::wait::yield>;  // its notifications are nothing: the core alone
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;
using event = ring<weir::wait::event>;

constexpr entry scenarios[] = {
    {"grant", 2, 4, 30'000, make<granting<plain, 1>>},
    {"grant_2", 2, 3, 30'000, make<granting<plain, 2, 1, 1, 4, 3>>},
    {"grant_held_back", 2, 3, 30'000, make<granting<plain, 2, 1, 1, 4, 3, 2>>},
    {"bulk", 2, 4, 30'000, make<granting_bulk<plain, 3>>},
    {"always_asked", 2, 4, 30'000, make<always_asked<plain, 1>>},
    {"always_asked_for_long", 2, 1, 10'000, make<always_asked_for_long<plain>>},
    {"always_room", 2, 4, 30'000, make<always_room<plain, 2>>},
    {"asked_before_room", 2, 5, 30'000, make<asked_before_room<plain>>},
    {"seen_request", 2, 4, 30'000, make<seen_request<plain>>},
    {"seen_request_held_back", 2, 4, 10'000, make<seen_request<plain, 2>>},
    {"look", 3, 2, 30'000, make<looking_at_credit<plain>>},
    {"wait", 2, 0, 60'000, make<waiting_for_credit<park, 1, 1, 3>>},
    {"wait_seq_cst", 2, 0, 30'000, make<waiting_for_credit<park_seq_cst, 1, 1, 2>>},
    {"wait_for_both", 2, 0, 60'000, make<waiting_for_credit<park, 1, 1, 4, 2>>},
    {"wait_held_back", 2, 0, 60'000, make<waiting_for_credit<park, 2, 1, 3, 1, 2>>},
    {"event", 2, 0, 30'000, make<waiting_for_credit<event, 1, 1, 3>>},
    {"event_for_both", 2, 0, 30'000, make<waiting_for_credit<event, 1, 1, 4, 2>>},
    {"visit_held_back", 2, 0, 60'000, make<visiting_for_credit<park>>},
    {"close", 3, 0, 60'000, make<closing_requests<park>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
