// SPDX-License-Identifier: MIT
//
// pull::mpmc_ring under the model checker.
#include "pull_scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::pull::mpmc_ring<element, Wait, std::uint8_t>;
using plain = ring<weir::wait::yield>;  // its notifications are nothing: the core alone
using park = ring<weir::wait::park>;
using park_seq_cst = ring<weir::wait::parking<weir::fence::seq_cst>>;
using event = ring<weir::wait::event>;
using core = weir::detail::mpmc_core<element, weir::storage::heap, std::uint8_t, weir::detail::granting::on_request>;

constexpr entry scenarios[] = {
    {"grant", 2, 1, 30'000, make<granting<plain, 1>>},
    {"grant_2_producers", 3, 0, 60'000, make<granting<plain, 2, 2, 1, 2, 3>>},
    {"grant_2_consumers", 3, 0, 60'000, make<granting<plain, 2, 1, 2, 3, 2>>},
    {"grant_held_back", 3, 0, 60'000, make<granting<plain, 2, 1, 2, 3, 2, 2>>},
    {"bulk", 2, 1, 30'000, make<granting_bulk<plain, 3>>},
    {"always_asked", 3, 0, 60'000, make<always_asked<plain, 1, 1, 2>>},
    {"always_room", 3, 0, 30'000, make<always_room<plain, 2, 2>>},
    {"room_before_asked", 3, 0, 60'000, make<room_before_asked<plain>>},
    {"room_before_more_asked", 3, 0, 60'000, make<room_before_asked<plain, 2, 4>>},
    {"never_full", 2, 1, 50'000, make<never_full<all_asked<plain>, 3>>},
    {"asked_before_room", 2, 1, 30'000, make<asked_before_room<plain>>},
    {"asked_just_before_room", 2, 1, 100'000, make<asked_just_before_room<plain>>},
    {"seen_request", 2, 1, 30'000, make<seen_request<plain>>},
    {"seen_request_held_back", 2, 1, 10'000, make<seen_request<plain, 2>>},
    {"asking_last", 3, 0, 60'000, make<asking_last<park>>},
    {"look", 3, 0, 30'000, make<looking_at_credit<plain>>},
    {"wait", 3, 0, 60'000, make<waiting_for_credit<park, 1, 2, 1>>},
    {"wait_for_both", 3, 0, 60'000, make<waiting_for_credit<park, 1, 2, 2, 2>>},
    {"wait_seq_cst", 3, 0, 30'000, make<waiting_for_credit<park_seq_cst, 1, 2, 1>>},
    {"pop_and_request", 3, 0, 100'000, make<pop_and_request<park>>},
    {"pop_and_request_seq_cst", 3, 0, 100'000, make<pop_and_request<park_seq_cst>>},
    {"event_pop_and_request", 3, 0, 30'000, make<pop_and_request<event>>},
    {"unused_credit", 3, 3, 200'000, make<unused_credit<core>>},
    {"leaving_grants", 3, 0, 100'000, make<leaving_grants<park>>},
    {"visit_held_back", 2, 0, 60'000, make<visiting_for_credit<park>>},
    {"close", 3, 0, 60'000, make<closing_requests<park>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
