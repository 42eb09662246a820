// SPDX-License-Identifier: MIT
//
// strict_mpmc_ring under the model checker.
#include "scenarios.hpp"

namespace {

using namespace model;

template <class Wait>
using ring = weir::strict_mpmc_ring<element, Wait, std::uint16_t, weir::max_threads<3>>;
using plain = ring<weir::wait::yield>;
using park = ring<weir::wait::park>;

using by = model::closer;

constexpr entry scenarios[] = {
    {"try", 2, 2, 100'000, make<trying<plain, 1>>},
    {"try_2_producers", 3, 1, 100'000, make<trying<plain, 1, 2, 1, 2, 2>>},
    {"try_2_consumers", 3, 1, 100'000, make<trying<plain, 1, 1, 2, 3, 2>>},
    {"try_2_and_2", 4, 0, 200'000, make<trying<plain, 2, 2, 2, 2, 2>>},
    {"look", 3, 2, 50'000, make<looking<plain, 3>>},
    {"see", 2, 2, 50'000, make<seeing<plain, 3>>},
    {"never_full", 2, 2, 50'000, make<never_full<plain, 3>>},
    {"far_behind", 2, 0, 200'000, make<never_full<plain, 3, 9>>},
    {"never_empty", 2, 2, 50'000, make<never_empty<plain, 3>>},
    {"across", 2, 3, 50'000, make<across<plain>>},
    {"bulk", 3, 0, 100'000, make<bulk<plain, 3, 2, 1>>},
    {"wait", 3, 0, 100'000, make<waiting<park, 1, 2, 1, 1>>},
    {"wait_2_consumers", 3, 0, 100'000, make<waiting<park, 1, 1, 2, 2>>},
    {"leave_2_producers", 3, 0, 50'000, make<leaving<park, false>>},
    {"leave_2_consumers", 3, 0, 50'000, make<leaving<park, true>>},
    {"close_waiting", 3, 0, 200'000, make<closing<park, 1, pushes::waiting, pops::waiting, by::a_third>>},
    {"close_2_producers", 4, 0, 200'000, make<closing<plain, 1, pushes::trying, pops::trying, by::a_third, 2, 1>>},
    {"close_2_consumers", 4, 0, 200'000, make<closing<plain, 1, pushes::trying, pops::trying, by::a_third, 1, 2>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
