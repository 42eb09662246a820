// SPDX-License-Identifier: MIT
//
// Senders and receivers: ownership of the ring, closing it, and the roles of threads. Built with the role checks on.
#define WEIR_CHECK_ROLES 1
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/every_ring.hpp"
#include "test/support/forbidden.hpp"
#include "test/support/sanitized.hpp"
#include "weir/handles.hpp"
#include "weir/overflow.hpp"
#include "weir/stop.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir_test::counted;

template <class F>
void in_another_thread(F f) {
    std::thread(std::move(f)).join();
}

template <class Kind>
class handles : public testing::Test {
protected:
    template <class T, class Wait = weir::wait::park>
    using ring_of = typename Kind::template ring<T, Wait>;
};
TYPED_TEST_SUITE(handles, weir_test::every_ring, weir_test::ring_names);

TYPED_TEST(handles, pass_items_from_the_sender_to_the_receiver) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(3);
    EXPECT_TRUE(tx);
    EXPECT_TRUE(rx);
    EXPECT_EQ(tx.capacity(), 3U);
    EXPECT_EQ(rx.capacity(), 3U);
    const int one = 1;
    EXPECT_TRUE(tx.try_push(one));
    EXPECT_TRUE(tx.try_push(2));
    EXPECT_TRUE(tx.push(3));
    EXPECT_EQ(tx.try_push(4), status::full);
    EXPECT_EQ(tx.push_for(4, 1ms), status::timeout);
    EXPECT_EQ(tx.credits(), 0U);
    EXPECT_EQ(rx.size_approx(), 3U);
    int out = 0;
    EXPECT_TRUE(rx.try_pop(out));
    EXPECT_EQ(out, 1);
    EXPECT_EQ(rx.try_pop(), 2);
    EXPECT_EQ(rx.pop(), 3);
    EXPECT_EQ(rx.pop_for(out, 1ms), status::timeout);
    EXPECT_EQ(tx.try_push_n(std::array{5, 6}), 2U);
    EXPECT_EQ(rx.consume([](int&) noexcept {}), 2U);
}

TYPED_TEST(handles, close_the_ring_when_the_last_sender_is_gone_and_the_receiver_drains_it) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(4);
    in_another_thread([tx = std::move(tx)]() mutable { EXPECT_EQ(tx.try_push_n(std::array{1, 2, 3}), 3U); });
    EXPECT_FALSE(tx);
    EXPECT_TRUE(rx.is_closed());
    for (int i = 1; i <= 3; ++i) EXPECT_EQ(rx.pop(), i);
    int out = 0;
    EXPECT_EQ(rx.try_pop(out), status::closed);
    EXPECT_EQ(rx.pop(), std::nullopt);
}

TYPED_TEST(handles, tell_the_sender_when_the_last_receiver_is_gone) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<counted>>(2);
    EXPECT_TRUE(tx.try_push(counted(1)));
    rx.reset();
    EXPECT_FALSE(rx);
    counted item(2);
    EXPECT_EQ(tx.try_push(std::move(item)), status::closed);
    EXPECT_EQ(item.read(), 2) << "untouched";
    EXPECT_EQ(tx.push(std::move(item)), status::closed);
    tx.reset();
    EXPECT_EQ(counted::alive, 1) << "what was queued went with the ring";
}

TYPED_TEST(handles, wake_a_push_that_waits_when_the_last_receiver_goes) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(1);
    EXPECT_TRUE(tx.try_push(1));
    std::thread waits([tx = std::move(tx)]() mutable { EXPECT_EQ(tx.push(2), status::closed); });
    std::this_thread::sleep_for(5ms);
    rx.reset();
    waits.join();
}

TYPED_TEST(handles, wake_a_pop_that_waits_when_the_last_sender_goes) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(1);
    std::thread waits([rx = std::move(rx)]() mutable { EXPECT_EQ(rx.pop(), std::nullopt); });
    std::this_thread::sleep_for(5ms);
    tx.reset();
    waits.join();
}

TYPED_TEST(handles, can_be_closed_early_and_stay) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(2);
    EXPECT_TRUE(tx.try_push(1));
    tx.close();
    EXPECT_TRUE(tx);
    EXPECT_EQ(tx.try_push(2), status::closed);
    EXPECT_EQ(rx.pop(), 1);
    EXPECT_EQ(rx.pop(), std::nullopt);
}

TYPED_TEST(handles, serve_the_operations_with_a_stop_token) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(1);
    std::stop_source stop;
    EXPECT_TRUE(weir::push(tx, 1, stop.get_token()));
    stop.request_stop();
    EXPECT_EQ(weir::push(tx, 2, stop.get_token()), status::full);
    int out = 0;
    EXPECT_TRUE(weir::pop(rx, out, stop.get_token()));
    EXPECT_EQ(weir::pop(rx, out, stop.get_token()), status::empty);
}

TYPED_TEST(handles, can_be_cloned_where_many_threads_may_use_the_side_and_the_last_one_closes) {
    using ring = typename TestFixture::template ring_of<int>;
    if constexpr (ring::has_many_producers) {
        auto [tx, rx] = weir::channel<ring>(4);
        auto second = tx.clone();
        EXPECT_TRUE(second.try_push(1));
        tx.reset();
        EXPECT_TRUE(second.try_push(2)) << "a sender is left";
        auto reader = rx.clone();
        EXPECT_EQ(rx.try_pop(), 1);
        rx.reset();
        EXPECT_EQ(reader.try_pop(), 2);
        EXPECT_TRUE(second.try_push(3)) << "a receiver is left";
        second.reset();
        EXPECT_EQ(reader.pop(), 3);
        EXPECT_EQ(reader.pop(), std::nullopt);
    }
}

TYPED_TEST(handles, hand_their_role_on_when_they_move) {
    auto [tx, rx] = weir::channel<typename TestFixture::template ring_of<int>>(4);
    EXPECT_TRUE(tx.try_push(1));
    EXPECT_EQ(rx.try_pop(), 1);
    in_another_thread([&tx = tx, &rx = rx] {
        auto mine = std::move(tx);
        auto mine_too = std::move(rx);
        EXPECT_TRUE(mine.try_push(2));
        EXPECT_EQ(mine_too.try_pop(), 2);
        tx = std::move(mine);
        rx = std::move(mine_too);
    });
    EXPECT_TRUE(tx.try_push(3));
    EXPECT_EQ(rx.try_pop(), 3);
}

TYPED_TEST(handles, over_a_ring_of_the_callers_close_it_and_leave_it) {
    using ring_type = typename TestFixture::template ring_of<int>;
    ring_type ring(3);
    weir::handle_counts counts;
    {
        auto [tx, rx] = weir::handles_of(static_cast<ring_type&>(ring), counts);
        EXPECT_TRUE(tx.try_push(1));
        tx.reset();
        EXPECT_TRUE(ring.is_closed());
    }
    EXPECT_EQ(ring.try_pop(), 1) << "the ring and what is in it stay";
}

TYPED_TEST(handles, assigned_to_give_up_the_ring_they_had) {
    using ring_type = typename TestFixture::template ring_of<int>;
    auto [tx, rx] = weir::channel<ring_type>(3);
    auto [other_tx, other_rx] = weir::channel<ring_type>(2);
    tx = std::move(other_tx);
    EXPECT_TRUE(rx.is_closed());
    EXPECT_EQ(tx.capacity(), 2U);
    EXPECT_FALSE(other_rx.is_closed());
    auto& same = tx;
    tx = std::move(same);
    EXPECT_TRUE(tx.try_push(1));
    EXPECT_EQ(other_rx.try_pop(), 1);
}

TYPED_TEST(handles, without_a_ring_say_so_and_abort_when_used) {
    using ring_type = typename TestFixture::template ring_of<int>;
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::sender<ring_type> none;
    EXPECT_FALSE(none);
    none.reset();
    EXPECT_DEATH((void)none.try_push(1), "^weir: this sender holds no ring: it was default-constructed, moved");
    auto [tx, rx] = weir::channel<ring_type>(3);
    const auto moved = std::move(rx);
    EXPECT_FALSE(rx);
    EXPECT_TRUE(moved);
    EXPECT_DEATH((void)rx.pop(), "this receiver holds no ring");
    EXPECT_DEATH((void)rx.capacity(), "this receiver holds no ring");
}

template <class Handle>
concept pushes = requires(Handle& handle) { handle.try_push(1); };
template <class Handle>
concept pops = requires(Handle& handle) { handle.try_pop(); };

TYPED_TEST(handles, have_the_operations_of_their_side_alone_and_are_not_copied) {
    using ring_type = typename TestFixture::template ring_of<int>;
    using tx = weir::sender<ring_type>;
    using rx = weir::receiver<ring_type>;
    static_assert(pushes<tx> && !pops<tx> && pops<rx> && !pushes<rx>);
    static_assert(!std::is_copy_constructible_v<tx> && !std::is_copy_assignable_v<rx>);
    static_assert(std::is_nothrow_move_constructible_v<tx> && std::is_nothrow_move_assignable_v<rx>);
}

TEST(handles_of_one_ring, show_its_slots_and_ask_for_items) {
    auto [tx, rx] = weir::channel<weir::pull::spsc_ring<int>>(4);
    EXPECT_EQ(tx.try_push(1), status::no_credit);
    rx.request(2);
    auto slots = tx.try_reserve(2);
    slots.emplace(1);
    slots.emplace(2);
    slots.commit(2);
    auto items = rx.try_peek(2);
    EXPECT_EQ(items.size(), 2U);
    items.release(2);
}

TEST(handles_of_one_ring, replace_the_oldest) {
    auto [tx, rx] = weir::channel<weir::mpmc_ring<int>>(1);
    EXPECT_TRUE(tx.try_force_push(1));
    EXPECT_EQ(tx.try_force_push(2).oldest, 1);
    EXPECT_TRUE(tx.force_push(3, [](int old) { EXPECT_EQ(old, 2); }));
    EXPECT_TRUE(tx.try_drop_oldest());
    EXPECT_EQ(rx.try_pop(), std::nullopt);
}

TEST(handles_of_one_ring, show_its_statistics_and_descriptors) {
    auto [tx, rx] = weir::channel<weir::spsc_ring<int, weir::wait::event, weir::stats::on>>(1);
    EXPECT_GE(tx.space_fd(), 0);
    EXPECT_GE(rx.items_fd(), 0);
    EXPECT_TRUE(tx.try_push(1));
    EXPECT_EQ(tx.snapshot().producer.pushed, 1U);
    EXPECT_EQ(rx.snapshot().producer.pushed, 1U);
    EXPECT_EQ(rx.memory().bytes, sizeof(int));
}

TEST(handles_of_an_overflow_ring, push_and_pop_and_count) {
    using weir::overflow::drop_oldest;
    auto [tx, rx] = weir::channel<weir::overflow_ring<int, drop_oldest>>(2);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(tx.push(i));
    EXPECT_EQ(rx.pop(), 3);
    EXPECT_EQ(rx.gap(), 3U);
    EXPECT_TRUE(tx.account().is_exact());
    in_another_thread([tx = std::move(tx)]() mutable { EXPECT_TRUE(tx.push(5)); });
    EXPECT_EQ(rx.pop(), 4);
    EXPECT_EQ(rx.pop(), 5);
    EXPECT_EQ(rx.pop(), std::nullopt);
}

TEST(handles_of_an_overflow_ring, can_be_cloned_where_it_has_many_producers) {
    using many = weir::overflow_ring<int, weir::overflow::block, weir::wait::park, weir::storage::heap,
                                     weir::overflow::many_producers>;
    auto [tx, rx] = weir::channel<many>(2);
    auto second = tx.clone();
    in_another_thread([second = std::move(second)]() mutable { EXPECT_TRUE(second.push(1)); });
    EXPECT_TRUE(tx.push(2));
    EXPECT_FALSE(rx.is_closed());
    tx.reset();
    EXPECT_EQ(rx.pop(), 1);
    EXPECT_EQ(rx.pop(), 2);
    EXPECT_EQ(rx.pop(), std::nullopt);
}

TEST(handles_of_fixed_storage, never_allocate) {
    const auto before = weir_test::allocator_calls.load();
    {
        weir::spsc_ring<int, weir::wait::park, weir::stats::off, weir::storage::fixed<4>> one;
        auto [tx, rx] = weir::handles_of(one);
        EXPECT_TRUE(tx.try_push(1));
        EXPECT_EQ(rx.pop(), 1);
        weir::mpmc_ring<int, weir::wait::park, weir::stats::off, weir::storage::fixed<4>> many;
        weir::handle_counts counts;
        auto [many_tx, many_rx] = weir::handles_of(many, counts);
        auto more = many_tx.clone();
        EXPECT_TRUE(more.try_push(1));
        EXPECT_EQ(many_rx.pop(), 1);
    }
    EXPECT_EQ(weir_test::allocator_calls.load(), before);
}

TEST(handles_of_fixed_storage, allocate_once_in_channel) {
    if (!weir_test::counts_allocations || weir_test::sanitized) GTEST_SKIP() << "allocations are not counted here";
    using ring = weir::mpmc_ring<int, weir::wait::park, weir::stats::off, weir::storage::fixed<4>>;
    const auto before = weir_test::allocator_calls.load();
    {
        auto [tx, rx] = weir::channel<ring>();
        EXPECT_EQ(weir_test::allocator_calls.load(), before + 1);
        auto more = tx.clone();
        auto moved = std::move(more);
        EXPECT_TRUE(moved.try_push(1));
        EXPECT_EQ(rx.pop(), 1);
        EXPECT_EQ(weir_test::allocator_calls.load(), before + 1);
    }
    EXPECT_EQ(weir_test::allocator_calls.load(), before + 2) << "and gives it back";
}

using spsc = weir::spsc_ring<int>;

TEST(handles_death_test, of_one_side_used_by_a_second_thread_without_a_move_abort) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    auto [tx, rx] = weir::channel<spsc>(4);
    (void)tx.try_push(1);
    (void)rx.try_pop();
    EXPECT_DEATH(in_another_thread([&tx = tx] { (void)tx.try_push(2); }), "a second thread pushes");
    EXPECT_DEATH(in_another_thread([&rx = rx] { (void)rx.try_pop(); }), "a second thread pops");
}

TEST(handles_death_test, of_one_side_used_by_two_threads_at_the_same_time_abort) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(
        {
            auto ends = weir::channel<spsc>(4);
            const auto push_for_ever = [&tx = ends.tx] {
                for (;;) (void)tx.try_push(1);
            };
            std::thread first(push_for_ever);
            push_for_ever();
        },
        "a second thread pushes");
}

TEST(handles_death_test, share_no_counts_with_another_ring) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    weir::mpmc_ring<int> ring(2);
    weir::mpmc_ring<int> other(2);
    weir::handle_counts counts;
    auto [tx, rx] = weir::handles_of(ring, counts);
    EXPECT_DEATH((void)weir::handles_of(other, counts), "these handle_counts already count");
    { const auto last = std::move(tx); }
    EXPECT_DEATH((void)weir::handles_of(other, counts), "these handle_counts already count") << "there is a receiver";
    weir::handle_counts others;
    auto [send, receive] = weir::handles_of(other, others);
    { const auto last = std::move(receive); }
    EXPECT_DEATH((void)weir::handles_of(ring, others), "these handle_counts already count") << "there is a sender";
}

}  // namespace
