// SPDX-License-Identifier: MIT
//
// pull::strict_mpmc_ring under the model checker.
#include "pull_scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::pull::strict_mpmc_ring<element, Wait, std::uint16_t, weir::max_threads<3>>;
using plain = ring<weir::wait::yield>;  // its notifications are nothing: the core alone
using park = ring<weir::wait::park>;
using core =
    weir::detail::strict_core<element, weir::storage::heap, std::uint16_t, 3, weir::detail::granting::on_request>;

constexpr entry scenarios[] = {
    {"grant", 2, 1, 30'000, make<granting<plain, 1>>},
    {"grant_2_producers", 3, 0, 60'000, make<granting<plain, 2, 2, 1, 2, 3>>},
    {"grant_2_consumers", 3, 0, 60'000, make<granting<plain, 2, 1, 2, 3, 2>>},
    {"grant_held_back", 3, 0, 60'000, make<granting<plain, 2, 1, 2, 3, 2, 2>>},
    {"always_asked", 3, 0, 60'000, make<always_asked<plain, 1, 1, 2>>},
    {"always_room", 3, 0, 30'000, make<always_room<plain, 2, 2>>},
    {"never_full", 2, 1, 50'000, make<never_full<all_asked<plain>, 3>>},
    {"across_all_asked", 2, 2, 50'000, make<across<all_asked<plain>>>},
    {"asked_before_room", 2, 1, 30'000, make<asked_before_room<plain>>},
    {"seen_request", 2, 1, 30'000, make<seen_request<plain>>},
    {"seen_request_held_back", 2, 1, 10'000, make<seen_request<plain, 2>>},
    {"asking_last", 3, 0, 60'000, make<asking_last<park>>},
    {"look", 3, 0, 30'000, make<looking_at_credit<plain>>},
    {"across", 2, 1, 30'000, make<asking_across<plain>>},
    {"wait", 3, 0, 60'000, make<waiting_for_credit<park, 1, 2, 1>>},
    {"pop_and_request", 3, 0, 100'000, make<pop_and_request<park>>},
    {"unused_credit", 3, 3, 100'000, make<unused_credit<core>>},
    {"leaving_grants", 3, 0, 100'000, make<leaving_grants<park>>},
    {"close", 3, 0, 60'000, make<closing_requests<park>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
