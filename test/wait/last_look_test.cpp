// SPDX-License-Identifier: MIT
//
// What came before stop() said true is still taken, by each operation that asks it: a thread that is asked to stop, and ends with the
// first answer that is no success, leaves nothing behind.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "weir/broadcast_ring.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/handles.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/overflow_messages.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "weir/select.hpp"

namespace {

using weir::status;

/// Calls wait(stop) of an empty ring twice: put() puts one item when stop() is asked for the first time, or for the second, while it spins.
/// On one CPU no thread spins: there it would sleep, and ask again when it is woken.
template <class Put, class Wait>
void expect_taken(Put put, Wait wait) {
    for (int nth = 1; nth <= (weir::detail::started_on_one_cpu ? 1 : 2); ++nth) {
        int asked = 0;
        const auto stop = [&] {
            if (++asked < nth) return false;
            if (asked == nth) EXPECT_TRUE(put());
            return true;
        };
        EXPECT_TRUE(wait(stop)) << "the item came when stop() was asked for the " << nth << ". time";
    }
}

template <class From, class Put>
void expect_popped(From& from, Put put) {
    int out = 0;
    std::array<int, 2> two{};
    expect_taken(put, [&](auto stop) { return from.pop_unless(out, stop) == status::success; });
    if constexpr (requires { from.pop_n_unless(std::span(two), [] { return true; }); }) {
        expect_taken(put, [&](auto stop) { return from.pop_n_unless(std::span(two), stop) == 1U; });
    }
}
template <class From, class Put, class Visit>
void expect_visited(From& from, Put put, Visit visit) {
    expect_taken(put, [&](auto stop) { return from.consume_one_unless(visit, stop) == status::success; });
    expect_taken(put, [&](auto stop) { return from.consume_some_unless(visit, stop) == 1U; });
}

TEST(last_look, finds_an_item) {
    const auto check = [](auto&& ring) {
        using ring_type = std::remove_cvref_t<decltype(ring)>;
        if constexpr (requires { requires ring_type::has_credit_on_request; }) ring.request(weir::pull::unbounded);
        const auto put = [&ring] { return ring.try_push(1) == status::success; };
        const auto visit = [](int&) noexcept {};
        expect_popped(ring, put);
        expect_visited(ring, put, visit);
        expect_taken(put, [&](auto stop) {
            const bool is_there = ring.wait_for_items_unless(1, stop) == status::success;
            return ring.try_pop().has_value() && is_there;
        });
        expect_taken(put, [&](auto stop) {
            const bool is_found = weir::select_unless(stop, weir::items_of(ring)).answer() == status::success;
            return ring.try_pop().has_value() && is_found;
        });
    };
    check(weir::spsc_ring<int>(3));
    check(weir::mpmc_ring<int>(3));
    check(weir::strict_mpmc_ring<int>(3));
    check(weir::pull::mpmc_ring<int>(3));
    check(weir::spsc_ring<int, weir::wait::event>(3));
    check(weir::mpmc_ring<int, weir::wait::spin>(3));
    check(weir::overflow_ring<int, weir::overflow::reject>(3));
    check(weir::overflow_ring<int, weir::overflow::drop_oldest, weir::overflow::many_producers>(3));
}

TEST(last_look, finds_an_item_of_any_class) {
    const auto by = [](const int& item) noexcept { return static_cast<std::size_t>(item % 2); };
    weir::overflow_ring<int, weir::overflow::shed_lowest<2, decltype(by)>> ring(
        4, weir::overflow::shed_lowest<2, decltype(by)>{by});
    const auto put = [&ring] { return ring.try_push(1) == status::success; };
    expect_popped(ring, put);
    expect_visited(ring, put, [](int&) noexcept {});
}

TEST(last_look, finds_what_a_handle_receives) {
    auto [tx, rx] = weir::channel<weir::spsc_ring<int>>(3);
    auto& sender = tx;
    expect_popped(rx, [&sender] { return sender.try_push(1) == status::success; });
}

TEST(last_look, finds_an_item_that_others_see) {
    weir::broadcast_ring<int> ring(3);
    auto reader = ring.join();
    const auto put = [&ring] { return ring.try_push(1) == status::success; };
    expect_popped(reader, put);
    expect_visited(reader, put, [](const int&) {});
}

TEST(last_look, finds_a_message) {
    const auto check = [](auto&& ring) {
        const std::array<std::byte, 5> bytes{};
        expect_visited(
            ring, [&] { return ring.try_push(bytes) == status::success; },
            [](std::uint16_t, std::span<const std::byte>) {});
    };
    check(weir::spsc_message_ring<>(1024));
    check(weir::mpsc_message_ring<>(1024));
    check(weir::overflow_message_ring<weir::overflow::drop_oldest>(1024));
}

}  // namespace
