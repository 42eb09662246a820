// SPDX-License-Identifier: MIT
//
// What select() does with its ends as a whole: order, closes, deadlines, stops, handlers; and what it refuses when it runs.
#define WEIR_CHECK_ROLES 1
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "test/support/forbidden.hpp"
#include "test/support/refusal.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/handles.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using namespace std::chrono_literals;
using weir::by_priority;
using weir::items_of;
using weir::on;
using weir::room_in;
using weir::selected;
using weir::selection;
using weir::status;

using ring = weir::spsc_ring<int>;

/// Three rings with an item each, or none.
class three : public testing::Test {
protected:
    ring a{8}, b{8}, c{8};

    void fill() {
        for (ring* r : {&a, &b, &c}) {
            while (r->try_push(1)) continue;
        }
    }
    int pop(std::size_t i) {
        ring* const all[] = {&a, &b, &c};
        return all[i]->try_pop().value_or(0);
    }
};

using select_order = three;

TEST_F(select_order, by_turns_each_ready_end_is_chosen_once_before_any_is_chosen_twice) {
    fill();
    selection how;
    std::vector<std::size_t> order;
    for (int i = 0; i < 6; ++i) order.push_back(weir::select(how, items_of(a), items_of(b), items_of(c)).index());
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
    while (b.try_pop()) continue;
    order.clear();
    for (int i = 0; i < 4; ++i) order.push_back(weir::select(how, items_of(a), items_of(b), items_of(c)).index());
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 2, 0, 2})) << "an end that is not ready gives no other one its turn";
}

TEST_F(select_order, without_a_selection_each_ready_end_is_as_likely) {
    for (const bool has_gap : {false, true}) {
        fill();
        if (has_gap) {
            while (b.try_pop()) continue;
        }
        std::array<int, 3> chosen{};
        for (int i = 0; i < 3000; ++i) ++chosen[weir::select(items_of(a), items_of(b), items_of(c)).index()];
        const int fair = has_gap ? 1500 : 1000;
        EXPECT_NEAR(chosen[0], fair, 250);
        EXPECT_NEAR(chosen[1], has_gap ? 0 : fair, 250);
        EXPECT_NEAR(chosen[2], fair, 250);
    }
}

TEST_F(select_order, by_priority_the_first_ready_end_is_chosen) {
    fill();
    selection how(by_priority);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(weir::select(by_priority, items_of(a), items_of(b), items_of(c)).index(), 0U);
        EXPECT_EQ(weir::select(how, items_of(a), items_of(b), items_of(c)).index(), 0U);
    }
    while (a.try_pop()) continue;
    EXPECT_EQ(weir::select(by_priority, items_of(a), items_of(b), items_of(c)).index(), 1U);
    EXPECT_EQ(weir::select(how, items_of(a), items_of(b), items_of(c)).index(), 1U);
    ASSERT_TRUE(a.try_push(1));
    EXPECT_EQ(weir::select(how, items_of(a), items_of(b), items_of(c)).index(), 0U) << "turns play no part";
}

TEST_F(select_order, all_that_are_ready_are_told) {
    ASSERT_TRUE(a.try_push(1));
    ASSERT_TRUE(c.try_push(1));
    const selected found = weir::select(items_of(a), items_of(b), items_of(c));
    EXPECT_EQ(found.all_ready(), 0b101U);
    EXPECT_TRUE(found.is_ready(0));
    EXPECT_FALSE(found.is_ready(1));
    EXPECT_TRUE(found.is_ready(2));
    EXPECT_FALSE(found.is_ready(64)) << "there is no such end";
    EXPECT_EQ(weir::select(by_priority, items_of(a), items_of(b), items_of(c)).all_ready(), 0b001U)
        << "by priority it looks no further";
}

TEST_F(select_order, sixty_four_ends_have_each_their_turn) {
    std::vector<std::unique_ptr<ring>> rings;
    std::vector<weir::any_end> ends;
    for (std::size_t i = 0; i < weir::most_ends; ++i) {
        rings.push_back(std::make_unique<ring>(1));
        ends.emplace_back(items_of(*rings.back()));
    }
    selection how;
    EXPECT_EQ(weir::select_for(1ms, how, ends).answer(), status::timeout);
    for (const auto& each : rings) ASSERT_TRUE(each->try_push(1));
    for (std::size_t i = 0; i < 2 * weir::most_ends; ++i) {
        const selected found = weir::select(how, ends);
        EXPECT_EQ(found.index(), i % weir::most_ends);
        EXPECT_EQ(found.all_ready(), ~std::uint64_t{0});
    }
    for (const auto& each : rings) each->close(), (void)each->try_pop();
    for (std::size_t i = 0; i < weir::most_ends; ++i) (void)weir::select(how, ends);
    EXPECT_TRUE(weir::select(how, ends).is_closed());
}

// ---- closes ------------------------------------------------------------------------------------------------------

using select_close = three;

TEST_F(select_close, of_one_end_is_reported_after_its_items_and_after_ready_ends) {
    ASSERT_TRUE(a.try_push(1));
    ASSERT_TRUE(b.try_push(2));
    a.close();
    selection how;
    const auto next = [&] { return weir::select_for(1ms, how, items_of(a), items_of(b), items_of(c)); };
    selected found = next();
    EXPECT_TRUE(found && !found.is_closed() && found.index() == 0);
    EXPECT_EQ(pop(0), 1);
    found = next();
    EXPECT_TRUE(found && !found.is_closed() && found.index() == 1) << "a ready end comes first";
    EXPECT_EQ(pop(1), 2);
    found = next();
    EXPECT_TRUE(found && found.is_closed() && found.index() == 0);
    EXPECT_EQ(next().answer(), status::timeout) << "reported once";
}

TEST_F(select_close, is_reported_each_time_without_a_selection) {
    b.close();
    for (int i = 0; i < 3; ++i) {
        const selected found = weir::select(items_of(a), items_of(b));
        EXPECT_TRUE(found && found.is_closed() && found.index() == 1);
    }
    a.close();
    const selected all = weir::select(items_of(a), items_of(b));
    EXPECT_TRUE(!all && all.is_closed());
}

TEST_F(select_close, of_all_ends_ends_a_loop) {
    ASSERT_TRUE(a.try_push(1));
    ASSERT_TRUE(c.try_push(1));
    for (ring* r : {&a, &b, &c}) r->close();
    selection how;
    int popped = 0, closed = 0;
    while (const auto found = weir::select(how, items_of(a), items_of(b), items_of(c))) {
        found.is_closed() ? ++closed : popped += pop(found.index());
    }
    EXPECT_EQ(popped, 2);
    EXPECT_LE(closed, 2) << "that all are closed is one answer";
}

// ---- time and stops ----------------------------------------------------------------------------------------------

using select_time = three;

TEST_F(select_time, may_be_of_any_unit_and_clock_and_have_passed) {
    EXPECT_EQ(weir::select_for(1.5ms, items_of(a), items_of(b)).answer(), status::timeout);
    EXPECT_EQ(weir::select_for(-1h, items_of(a)).answer(), status::timeout);
    const auto soon = std::chrono::system_clock::now() + 2ms;
    EXPECT_EQ(weir::select_until(soon, items_of(a), items_of(b)).answer(), status::timeout);
    EXPECT_GE(std::chrono::system_clock::now(), soon);
    EXPECT_EQ(weir::select_until(std::chrono::steady_clock::time_point{}, items_of(a)).answer(), status::timeout);
    ASSERT_TRUE(a.try_push(1));
    EXPECT_TRUE(weir::select_for(-1h, items_of(a))) << "what is ready is found all the same";
}

using select_stop = three;

TEST_F(select_stop, wakes_a_thread_that_waits) {
    for (const bool with_handlers : {false, true}) {
        std::stop_source source;
        std::thread stopper([&] {
            std::this_thread::sleep_for(5ms);
            source.request_stop();
        });
        const std::stop_token token = source.get_token();
        const selected found = with_handlers
                                   ? weir::select(token, on(items_of(a), [](int) {}), on(items_of(b), [](int) {}))
                                   : weir::select(token, items_of(a), items_of(b));
        EXPECT_FALSE(found);
        EXPECT_EQ(found.answer(), status::empty);
        stopper.join();
    }
}

TEST_F(select_stop, that_was_requested_before_leaves_what_is_ready_to_be_found) {
    std::stop_source source;
    source.request_stop();
    selection how;
    EXPECT_EQ(weir::select(source.get_token(), how, items_of(a), items_of(b)).answer(), status::empty);
    ASSERT_TRUE(b.try_push(1));
    EXPECT_EQ(weir::select(how, source.get_token(), items_of(a), items_of(b)).index(), 1U);
}

TEST_F(select_stop, may_be_any_predicate) {
    std::atomic<bool> is_over{false};
    std::thread stopper([&] {
        std::this_thread::sleep_for(5ms);
        is_over = true;
        b.wake_all();
    });
    EXPECT_EQ(weir::select_unless([&] { return is_over.load(); }, items_of(a), items_of(b)).answer(), status::empty);
    stopper.join();
}

#if defined(__cpp_exceptions)
TEST_F(select_stop, that_throws_leaves_no_waiter_behind) {
    const int last = weir::detail::started_on_one_cpu ? 1 : 200;  // there it looks once more, and sleeps
    int asked = 0;
    const auto fail = [&]() -> bool { return asked++ == last ? throw std::runtime_error("as told") : false; };
    for (int i = 0; i < 20; ++i) {
        asked = 0;
        EXPECT_THROW((void)weir::select_unless(fail, items_of(a), items_of(b)), std::runtime_error);
    }
    EXPECT_EQ(weir::select_for(1ms, items_of(a), items_of(b)).answer(), status::timeout);
}
#endif

// ---- handlers ----------------------------------------------------------------------------------------------------

using select_handler = three;

TEST_F(select_handler, takes_one_item_of_one_end) {
    ASSERT_TRUE(a.try_push(1));
    ASSERT_TRUE(a.try_push(2));
    ASSERT_TRUE(b.try_push(3));
    int sum = 0;
    const auto add = [&](int&& n) { sum += n; };
    EXPECT_EQ(weir::select(by_priority, on(items_of(a), add), on(items_of(b), add)).index(), 0U);
    EXPECT_EQ(sum, 1);
    EXPECT_EQ(weir::select(by_priority, on(items_of(a), add), on(items_of(b), add)).index(), 0U);
    EXPECT_EQ(weir::select(by_priority, on(items_of(a), add), on(items_of(b), add)).index(), 1U);
    EXPECT_EQ(sum, 6);
    EXPECT_EQ(weir::try_select(on(items_of(a), add), on(items_of(b), add)).answer(), status::empty);
    EXPECT_EQ(weir::select_for(1ms, on(items_of(a), add)).answer(), status::timeout);
}

TEST_F(select_handler, of_closed_ends_are_left_out_until_all_are_closed) {
    ASSERT_TRUE(b.try_push(3));
    a.close();
    int sum = 0;
    const auto add = [&](int n) { sum += n; };
    EXPECT_EQ(weir::select(on(items_of(a), add), on(items_of(b), add)).index(), 1U);
    EXPECT_EQ(weir::select_for(1ms, on(items_of(a), add), on(items_of(b), add)).answer(), status::timeout);
    b.close();
    const selected end = weir::select(on(items_of(a), add), on(items_of(b), add));
    EXPECT_TRUE(!end && end.is_closed());
    EXPECT_EQ(sum, 3);
}

TEST_F(select_handler, may_be_for_room_for_messages_for_readers_and_for_handles) {
    auto ends = weir::channel<weir::mpmc_ring<std::unique_ptr<int>>>(2);  // Clang 14 captures no structured bindings
    auto& tx = ends.tx;
    auto& rx = ends.rx;
    weir::spsc_message_ring<> messages(256);
    weir::broadcast_ring<int> feed(4);
    auto reader = feed.join();
    std::string seen;
    std::unique_ptr<int> got;
    const auto next = [&] {
        return weir::select_for(1ms, by_priority, on(rx, [&](std::unique_ptr<int>&& p) { got = std::move(p); }),
                                on(items_of(messages),
                                   [&](std::uint16_t type, std::span<const std::byte> bytes) {
                                       seen = std::to_string(type) + ":" + std::to_string(bytes.size());
                                   }),
                                on(reader, [&](int n) { seen = std::to_string(n); }));
    };
    EXPECT_EQ(next().answer(), status::timeout);
    ASSERT_TRUE(feed.try_push(5));
    EXPECT_EQ(next().index(), 2U);
    EXPECT_EQ(seen, "5");
    ASSERT_TRUE(messages.try_push(std::as_bytes(std::span("12345")), 9));
    EXPECT_EQ(next().index(), 1U);
    EXPECT_EQ(seen, "9:6");
    int pushed = 0;
    EXPECT_EQ(weir::select(on(tx, [&] { pushed += tx.try_push(std::make_unique<int>(8)) ? 1 : 0; }),
                           on(items_of(messages), [](std::uint16_t, std::span<const std::byte>) {}))
                  .index(),
              0U);
    EXPECT_EQ(pushed, 1);
    EXPECT_EQ(next().index(), 0U);
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(*got, 8);
}

#if defined(__cpp_exceptions)
TEST_F(select_handler, that_throws_has_taken_its_item_and_no_other) {
    for (int n : {1, 2}) ASSERT_TRUE(a.try_push(n));
    int seen = 0;
    const auto fail = [&](int n) {
        seen = n;
        throw std::runtime_error("as told");
    };
    EXPECT_THROW((void)weir::select(on(items_of(a), fail), on(items_of(b), fail)), std::runtime_error);
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(a.size_approx(), 1U);
    EXPECT_EQ(pop(0), 2);
    weir::spsc_message_ring<> messages(256);
    ASSERT_TRUE(messages.try_push(std::as_bytes(std::span("12345"))));
    const auto fail_at_message = [](std::uint16_t, std::span<const std::byte>) { throw std::runtime_error("as told"); };
    EXPECT_THROW((void)weir::select(on(items_of(messages), fail_at_message)), std::runtime_error);
    EXPECT_GT(messages.size_approx(), 0U) << "a message stays";
}
#endif

// ---- what costs nothing ------------------------------------------------------------------------------------------

TEST_F(three, rings_that_are_selected_allocate_nothing) {
    if (!weir_test::counts_allocations) GTEST_SKIP() << "allocations cannot be counted here";
    std::stop_source source;
    const std::stop_token token = source.get_token();
    selection how;
    (void)weir::select_for(1ms, token, how, items_of(a), items_of(b), items_of(c));  // whatever the first time takes
    const std::uint64_t before = weir_test::allocator_calls;
    EXPECT_EQ(weir::select_for(2ms, token, how, items_of(a), items_of(b), items_of(c)).answer(), status::timeout);
    EXPECT_EQ(weir::try_select(items_of(a), items_of(b)).answer(), status::empty);
    int sum = 0;
    (void)weir::select_for(1ms, on(items_of(a), [&](int n) { sum += n; }), on(items_of(b), [&](int n) { sum += n; }));
    EXPECT_EQ(weir_test::allocator_calls, before);
}

// ---- refusals ----------------------------------------------------------------------------------------------------

#if defined(__cpp_exceptions)
using weir_test::refusal;

TEST(select_refusal, of_too_many_ends_or_none_is_a_sentence) {
    ring one(1);
    std::vector<weir::any_end> ends(65, items_of(one));
    EXPECT_EQ(refusal([&] { (void)weir::select(std::span<const weir::any_end>(ends)); }),
              "weir: select() of 65 ends is impossible; it waits for 64 at most");
    ends.clear();
    EXPECT_EQ(refusal([&] { (void)weir::select(ends); }),
              "weir: select() of no end would wait for ever; name 1 to 64 ends");
}

TEST(select_refusal, of_room_for_a_message_that_never_fits_is_a_sentence) {
    weir::spsc_message_ring<> messages(256);
    EXPECT_EQ(refusal([&] { (void)room_in(messages, 121); }),
              "weir: a message ring of 256 bytes never has room for a message of 121; wait for 120 at most");
    EXPECT_TRUE(weir::try_select(room_in(messages, 120)));
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(messages.try_push(
            std::as_bytes(std::span("a message of some sixty bytes, which is longer than a short one"))));
    EXPECT_FALSE(weir::try_select(room_in(messages, 120))) << "half of the ring is used";
    EXPECT_TRUE(weir::try_select(room_in(messages, 16)));
}
#endif

TEST(select_refusal_death_test, of_a_handle_without_a_ring_and_of_the_wrong_thread_is_a_sentence) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::receiver<ring> none;
    EXPECT_DEATH((void)weir::try_select(none), "this receiver holds no ring");
    ring one(1);
    (void)one.try_pop();
    EXPECT_DEATH(std::thread([&] { (void)weir::try_select(items_of(one)); }).join(), "a second thread pops");
    (void)one.try_push(1);
    EXPECT_DEATH(std::thread([&] { (void)weir::try_select(room_in(one)); }).join(), "a second thread pushes");
}

}  // namespace
