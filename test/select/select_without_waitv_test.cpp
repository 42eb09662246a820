// SPDX-License-Identifier: MIT
//
// A kernel without futex_waitv, or a container that forbids it: select() looks now and then, and is no less right.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "test/support/counted_syscalls.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using namespace std::chrono_literals;
using weir::items_of;
using weir::status;
using weir_test::syscalls;

// The program asks once, so this comes before anything else in it.
const bool is_forbidden = [] {
    syscalls.waitv_errno = EPERM;
    return true;
}();

TEST(select_without_waitv, finds_what_comes_and_gives_up_in_time) {
    ASSERT_TRUE(is_forbidden);
    EXPECT_FALSE(weir::detail::can_sleep_while_all());
    weir::mpmc_ring<int> a(1), b(1);
    EXPECT_EQ(weir::select_for(3ms, items_of(a), items_of(b)).answer(), status::timeout);
    EXPECT_EQ(syscalls.waits_at_several + syscalls.waits, 0U);
    std::thread producer([&] {
        std::this_thread::sleep_for(5ms);
        (void)b.push(1);
    });
    EXPECT_EQ(weir::select(items_of(a), items_of(b)).index(), 1U);
    producer.join();
    EXPECT_EQ(syscalls.wakes, 0U) << "no thread was registered, so none is woken";
    EXPECT_TRUE(b.try_pop().has_value());
    std::thread closer([&] {
        std::this_thread::sleep_for(2ms);
        a.close();
        b.close();
    });
    weir::selection how;
    while (weir::select(how, items_of(a), items_of(b))) continue;
    closer.join();
}

}  // namespace
