// SPDX-License-Identifier: MIT
//
// The rings with credit on request under the model checker.
#include "pull_scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using spsc = weir::pull::spsc_ring<element, Wait, weir::storage::heap, std::uint8_t>;
template <class Wait>
using mpmc = weir::pull::mpmc_ring<element, Wait, weir::storage::heap, std::uint8_t>;
template <class Wait>
using strict = weir::pull::strict_mpmc_ring<element, Wait, weir::storage::heap, std::uint16_t, 3>;
using plain = weir::wait::yield;  // its notifications are nothing: the core alone
using park = weir::wait::park;
using park_seq_cst = weir::wait::parking<weir::fence::seq_cst>;
using event = weir::wait::event;

constexpr entry scenarios[] = {
    {"spsc_grant", 2, 4, 30'000, make<granting<spsc<plain>, 1>>},
    {"spsc_grant_2", 2, 3, 30'000, make<granting<spsc<plain>, 2, 1, 1, 4, 3>>},
    {"spsc_grant_held_back", 2, 3, 30'000, make<granting<spsc<plain>, 2, 1, 1, 4, 3, 2>>},
    {"spsc_bulk", 2, 4, 30'000, make<granting_bulk<spsc<plain>, 3>>},
    {"spsc_always_asked", 2, 4, 30'000, make<always_asked<spsc<plain>, 1>>},
    {"spsc_always_room", 2, 4, 30'000, make<always_room<spsc<plain>, 2>>},
    {"spsc_asked_before_room", 2, 5, 30'000, make<asked_before_room<spsc<plain>>>},
    {"spsc_seen_request", 2, 4, 30'000, make<seen_request<spsc<plain>>>},
    {"spsc_look", 3, 2, 30'000, make<looking_at_credit<spsc<plain>>>},
    {"spsc_wait", 2, 0, 60'000, make<waiting_for_credit<spsc<park>, 1, 1, 3>>},
    {"spsc_wait_seq_cst", 2, 0, 30'000, make<waiting_for_credit<spsc<park_seq_cst>, 1, 1, 2>>},
    {"spsc_wait_for_both", 2, 0, 60'000, make<waiting_for_credit<spsc<park>, 1, 1, 4, 2>>},
    {"spsc_wait_held_back", 2, 0, 60'000, make<waiting_for_credit<spsc<park>, 2, 1, 3, 1, 2>>},
    {"spsc_event", 2, 0, 30'000, make<waiting_for_credit<spsc<event>, 1, 1, 3>>},
    {"spsc_event_for_both", 2, 0, 30'000, make<waiting_for_credit<spsc<event>, 1, 1, 4, 2>>},
    {"spsc_close", 3, 0, 60'000, make<closing_requests<spsc<park>>>},

    {"mpmc_grant", 2, 1, 30'000, make<granting<mpmc<plain>, 1>>},
    {"mpmc_grant_2_producers", 3, 0, 60'000, make<granting<mpmc<plain>, 2, 2, 1, 2, 3>>},
    {"mpmc_grant_2_consumers", 3, 0, 60'000, make<granting<mpmc<plain>, 2, 1, 2, 3, 2>>},
    {"mpmc_grant_held_back", 3, 0, 60'000, make<granting<mpmc<plain>, 2, 1, 2, 3, 2, 2>>},
    {"mpmc_bulk", 2, 1, 30'000, make<granting_bulk<mpmc<plain>, 3>>},
    {"mpmc_always_asked", 3, 0, 60'000, make<always_asked<mpmc<plain>, 1, 1, 2>>},
    {"mpmc_always_room", 3, 0, 30'000, make<always_room<mpmc<plain>, 2, 2>>},
    {"mpmc_asked_before_room", 2, 1, 30'000, make<asked_before_room<mpmc<plain>>>},
    {"mpmc_seen_request", 2, 1, 30'000, make<seen_request<mpmc<plain>>>},
    {"mpmc_look", 3, 0, 30'000, make<looking_at_credit<mpmc<plain>>>},
    {"mpmc_wait", 3, 0, 60'000, make<waiting_for_credit<mpmc<park>, 1, 2, 1>>},
    {"mpmc_wait_for_both", 3, 0, 60'000, make<waiting_for_credit<mpmc<park>, 1, 2, 2, 2>>},
    {"mpmc_wait_seq_cst", 3, 0, 30'000, make<waiting_for_credit<mpmc<park_seq_cst>, 1, 2, 1>>},
    {"mpmc_pop_and_request", 3, 0, 100'000, make<pop_and_request<mpmc<park>>>},
    {"mpmc_pop_and_request_seq_cst", 3, 0, 100'000, make<pop_and_request<mpmc<park_seq_cst>>>},
    {"mpmc_event_pop_and_request", 3, 0, 30'000, make<pop_and_request<mpmc<event>>>},
    {"mpmc_leaving_grants", 3, 0, 100'000, make<leaving_grants<mpmc<park>>>},
    {"mpmc_close", 3, 0, 60'000, make<closing_requests<mpmc<park>>>},

    {"strict_grant", 2, 1, 30'000, make<granting<strict<plain>, 1>>},
    {"strict_grant_2_producers", 3, 0, 60'000, make<granting<strict<plain>, 2, 2, 1, 2, 3>>},
    {"strict_grant_2_consumers", 3, 0, 60'000, make<granting<strict<plain>, 2, 1, 2, 3, 2>>},
    {"strict_grant_held_back", 3, 0, 60'000, make<granting<strict<plain>, 2, 1, 2, 3, 2, 2>>},
    {"strict_always_asked", 3, 0, 60'000, make<always_asked<strict<plain>, 1, 1, 2>>},
    {"strict_always_room", 3, 0, 30'000, make<always_room<strict<plain>, 2, 2>>},
    {"strict_asked_before_room", 2, 1, 30'000, make<asked_before_room<strict<plain>>>},
    {"strict_seen_request", 2, 1, 30'000, make<seen_request<strict<plain>>>},
    {"strict_look", 3, 0, 30'000, make<looking_at_credit<strict<plain>>>},
    {"strict_across", 2, 1, 30'000, make<asking_across<strict<plain>>>},
    {"strict_wait", 3, 0, 60'000, make<waiting_for_credit<strict<park>, 1, 2, 1>>},
    {"strict_pop_and_request", 3, 0, 100'000, make<pop_and_request<strict<park>>>},
    {"strict_leaving_grants", 3, 0, 100'000, make<leaving_grants<strict<park>>>},
    {"strict_close", 3, 0, 60'000, make<closing_requests<strict<park>>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
