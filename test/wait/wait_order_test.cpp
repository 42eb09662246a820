// SPDX-License-Identifier: MIT
//
// Notifications that come at the worst moment: before each single step of a thread that is about to sleep.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "weir/ring.hpp"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int most_steps = 24;  // more than a wait takes until it sleeps
constexpr auto long_enough = 20s;

template <class Wait>
class wait_order : public testing::Test {
public:
    /// Waits on a lot in a thread of its own, which calls `at_step` before its atomic operation number `step`; notifies
    /// when it surely sleeps, and says whether that woke it.
    template <class AtStep>
    static bool wakes(int step, AtStep at_step) {
        typename Wait::lot lot(false);
        std::atomic<bool> item{false};
        std::atomic<bool> in_time{false};
        struct context {
            typename Wait::lot& lot;
            AtStep& at_step;
        } both{lot, at_step};
        std::thread waiter([&] {
            weir_test::this_thread_hook = {step,
                                           [](void* p) {
                                               auto* const c = static_cast<context*>(p);
                                               c->at_step(c->lot);
                                           },
                                           &both};
            const auto deadline = clock::now() + long_enough;
            lot.wait([&] { return item.load(); }, deadline);
            in_time = clock::now() < deadline;
        });
        std::this_thread::sleep_for(3ms);
        item = true;
        lot.notify(1);
        waiter.join();
        return in_time;
    }
};

struct wait_names {
    template <class Wait>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Wait, weir::wait::park>) return "park";
        if constexpr (std::is_same_v<Wait, weir::wait::parking<weir::fence::seq_cst>>) return "park_seq_cst";
#if defined(__linux__)
        if constexpr (std::is_same_v<Wait, weir::wait::event>) return "event";
        if constexpr (std::is_same_v<Wait, weir::wait::eventing<weir::fence::seq_cst>>) return "event_seq_cst";
#endif
        return "unnamed";
    }
};

#if defined(__linux__)
using sleepers = testing::Types<weir::wait::park, weir::wait::parking<weir::fence::seq_cst>, weir::wait::event,
                                weir::wait::eventing<weir::fence::seq_cst>>;
#else
using sleepers = testing::Types<weir::wait::park, weir::wait::parking<weir::fence::seq_cst>>;
#endif
TYPED_TEST_SUITE(wait_order, sleepers, wait_names);

// The late half of a push whose item was already popped: it must not use up the notification of the next push.
TYPED_TEST(wait_order, a_stale_notification_costs_no_later_one) {
    for (int step = 1; step <= most_steps; ++step) {
        ASSERT_TRUE(this->wakes(step, [](auto& lot) { lot.notify(1); })) << "notified before step " << step;
    }
}

TYPED_TEST(wait_order, a_stale_call_to_all_costs_no_later_notification) {
    for (int step = 1; step <= most_steps; ++step) {
        ASSERT_TRUE(this->wakes(step, [](auto& lot) { lot.notify_all(); })) << "notified before step " << step;
    }
}

TYPED_TEST(wait_order, many_stale_notifications_cost_no_later_one) {
    for (int step = 1; step <= most_steps; ++step) {
        ASSERT_TRUE(this->wakes(step, [](auto& lot) { lot.notify(1), lot.notify(7), lot.notify(1); }))
            << "notified before step " << step;
    }
}

// Before each step of a notification, which may have counted the sleeper as woken, and then be stopped for long.
TYPED_TEST(wait_order, a_call_to_all_does_not_rely_on_a_notification_under_way) {
    for (int step = 1; step <= 6; ++step) {
        struct context {
            typename TypeParam::lot lot{false};
            std::atomic<bool> sleeps{false}, stop{false}, woke{false};
            bool in_time = true;
        } c;
        std::thread waiter([&] {
            const auto about_to_sleep = [&] { c.sleeps = true; };
            EXPECT_TRUE(c.lot.wait([&] { return c.stop.load(); }, clock::now() + 60s, about_to_sleep));
            c.woke = true;
        });
        while (!c.sleeps) std::this_thread::yield();
        const auto call_all = [](void* p) {
            auto* const at = static_cast<context*>(p);
            at->stop = true;
            at->lot.notify_all();
            const auto deadline = clock::now() + 20s;
            while (!at->woke && (at->in_time = clock::now() < deadline)) std::this_thread::yield();
        };
        weir_test::this_thread_hook = {step, call_all, &c};
        c.lot.notify(1);
        weir_test::this_thread_hook = {};
        if (!c.stop) call_all(&c);  // it took fewer steps
        waiter.join();
        ASSERT_TRUE(c.in_time) << "called before step " << step;
    }
}

// A push that is about to be refused has claimed a slot for a moment: no pop may take that for an item on its way.
TYPED_TEST(wait_order, closed_stays_closed_in_the_middle_of_a_refused_push) {
    weir::spsc_ring<int, TypeParam> ring(2);
    ring.close();
    struct context {
        weir::spsc_ring<int, TypeParam>& ring;
        weir::status seen = weir::status::closed;
    } c{ring};
    int out = 0;
    ASSERT_EQ(ring.try_pop(out), weir::status::closed);
    for (int step = 1; step <= most_steps; ++step) {
        weir_test::this_thread_hook = {step,
                                       [](void* p) {
                                           auto* const at = static_cast<context*>(p);
                                           int ignored = 0;
                                           at->seen = at->ring.try_pop(ignored);
                                       },
                                       &c};
        EXPECT_EQ(ring.try_push(1), weir::status::closed);
        weir_test::this_thread_hook = {};
        ASSERT_EQ(c.seen, weir::status::closed) << "popped before step " << step << ": " << to_string(c.seen);
    }
}

}  // namespace
