// SPDX-License-Identifier: MIT
//
// The threads of a session on the PUs of a plan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "examples/trading/placement.hpp"

#if defined(TRADING_HAS_PLAN)

#include <weir/affinity.hpp>
#include <weir/plan.hpp>
#include <weir/topology.hpp>

#include <string>
#include <thread>

#include "examples/trading/session.hpp"
#include "examples/trading/udp_socket.hpp"
#include "test/support/temporary_file.hpp"

namespace {

using namespace trading;

// Every role pinned to one PU, so that there is a plan on a machine of any size.
void save_plan(const std::string& path, const char* left_out = "") {
    const weir::topology machine = weir::topology::this_machine();
    const std::string pu = std::to_string(machine.allowed().front());
    weir::plan_request request;
    for (const char* const role : roles) {
        if (role != std::string(left_out)) request.add_role(role + (":pinned=" + pu));
    }
    weir::plan(request, machine).save(path);
}

TEST(placement, pins_the_threads_of_the_plan_and_leaves_the_others) {
    const temporary_file plan;
    save_plan(plan.path());
    const placement places(plan.path());
    weir::pu_set of_book, of_logger, before;
    std::thread([&] {
        before = weir::this_thread_affinity();
        places.pin_this_thread("logger");
        of_logger = weir::this_thread_affinity();
        places.pin_this_thread("book");
        of_book = weir::this_thread_affinity();
    }).join();
    EXPECT_EQ(of_logger, before);
    EXPECT_EQ(of_book, weir::pu_set{weir::topology::this_machine().allowed().front()});
}

TEST(placement, refuses_a_plan_without_one_of_the_roles_and_names_it) {
    const temporary_file plan;
    save_plan(plan.path(), "gateway");
    try {
        const placement places(plan.path());
        FAIL() << "it was loaded";
    } catch (const weir::placement_error& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("gateway"));
    }
}

TEST(placement, of_a_session_on_one_core_lets_it_end) {
    const temporary_file plan;
    save_plan(plan.path());
    session_settings chosen;
    chosen.feed = feed_settings{.datagrams = 300};
    const session_result result = run_session(chosen, "block", udp_socket::at(0), placement(plan.path()));
    EXPECT_THAT(faults(result.counts), testing::IsEmpty());
}

}  // namespace

#endif
