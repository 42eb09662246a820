// SPDX-License-Identifier: MIT
//
// Elements whose author overloads what generic code must not use: unary &, the comma, and functions of the names that weir's own
// have, which an unqualified call would find.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

#include "weir/broadcast_ring.hpp"
#include "weir/handles.hpp"
#include "weir/latest.hpp"
#include "weir/overflow.hpp"
#include "weir/pipeline.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"

namespace hostile {

struct element {
    int value = 0;

    void operator&() const = delete;
    template <class T>
    void operator,(T&&) const = delete;
};

// What a call without a namespace would find, and prefer.
template <class... Any>
void opaque(Any&&...) = delete;
template <class... Any>
void assign_to(Any&&...) = delete;
template <class... Any>
void emplace_in(Any&&...) = delete;
template <class... Any>
void push_singly(Any&&...) = delete;
template <class... Any>
void ended_normally(Any&&...) = delete;
template <class... Any>
void prefetch_for_write(Any&&...) = delete;
template <class... Any>
void prefetch_for_read(Any&&...) = delete;
template <class... Any>
void forward(Any&&...) = delete;
template <class... Any>
void move(Any&&...) = delete;
template <class... Any>
void construct_at(Any&&...) = delete;
template <class... Any>
void destroy_at(Any&&...) = delete;
template <class... Any>
void addressof(Any&&...) = delete;
template <class... Any>
void exchange(Any&&...) = delete;
template <class... Any>
void pause(Any&&...) = delete;
template <class... Any>
void distance(Any&&...) = delete;

/// Reads numbers; has a comma of its own, too.
struct iterator {
    using difference_type = std::ptrdiff_t;
    using value_type = element;
    int next = 0;
    element operator*() const noexcept { return element{next}; }
    iterator& operator++() noexcept {
        ++next;
        return *this;
    }
    void operator++(int) noexcept { ++next; }
    template <class T>
    void operator,(T&&) const = delete;
    template <class T>
    friend void operator,(T&&, const iterator&) = delete;
};

/// Can be made of anything, and of a const rvalue of its own type as of a stranger.
struct greedy {
    int value = 0;
    greedy() = default;
    greedy(const greedy&) noexcept = default;
    greedy(greedy&&) noexcept = default;
    template <class T>
    greedy(T&&) noexcept : value(-1) {}
    greedy& operator=(const greedy&) noexcept = default;
    greedy& operator=(greedy&&) noexcept = default;
};

/// holder<incomplete>* is a complete type, but argument-dependent lookup would instantiate holder<incomplete>, which is an error.
template <class T>
struct holder {
    T inside;
};
struct incomplete;
using pointer = holder<incomplete>*;

}  // namespace hostile

namespace {

template <class Ring>
class hostile_element : public testing::Test {};

using hostile::element;
using rings =
    testing::Types<weir::spsc_ring<element>, weir::mpmc_ring<element>, weir::strict_mpmc_ring<element>,
                   weir::spsc_ring<element, weir::stats::on>, weir::overflow_ring<element, weir::overflow::block>,
                   weir::overflow_ring<element, weir::overflow::drop_oldest>>;
TYPED_TEST_SUITE(hostile_element, rings);

TYPED_TEST(hostile_element, passes_in_every_form) {
    TypeParam ring(4);
    const element one{1};
    EXPECT_TRUE(ring.try_push(one));
    EXPECT_TRUE(ring.try_push(element{2}));
    EXPECT_TRUE(ring.push(element{3}));
    element out;
    EXPECT_TRUE(ring.try_pop(out));
    EXPECT_EQ(out.value, 1);
    const std::optional<element> second = ring.try_pop();
    EXPECT_EQ(second->value, 2);
    EXPECT_TRUE(ring.pop(out));
    EXPECT_EQ(out.value, 3);
    const std::array<element, 3> some{element{4}, element{5}, element{6}};
    EXPECT_EQ(ring.try_push_n(some), 3U);
    std::array<element, 2> taken;
    EXPECT_EQ(ring.try_pop_n(taken), 2U);
    EXPECT_EQ(taken[1].value, 5);
    int last = 0;
    EXPECT_EQ(ring.consume([&last](element& e) noexcept { last = e.value; }), 1U);
    EXPECT_EQ(last, 6);
    EXPECT_TRUE(ring.emplace(element{7}));
    EXPECT_EQ(ring.try_push_n(hostile::iterator{8}, 3), 3U);
    EXPECT_TRUE(ring.pop(out));
    EXPECT_TRUE(ring.pop(out));
    EXPECT_EQ(out.value, 8);
}

template <class Ring>
void copy_greedy_ones() {
    Ring ring(8);
    const std::array<hostile::greedy, 2> items{};
    EXPECT_TRUE(ring.try_push(items[0]));
    EXPECT_TRUE(ring.push(items[0]));
    EXPECT_TRUE(ring.emplace(items[0]));
    EXPECT_EQ(ring.try_push_n(items), 2U);
    EXPECT_EQ(ring.push_n(items), 2U);
    int sum = 0;
    EXPECT_EQ(ring.consume([&sum](const hostile::greedy& item) noexcept { sum += item.value; }), 7U);
    EXPECT_EQ(sum, 0) << "a copy was made as of a stranger";
}

TEST(hostile_element_elsewhere, is_copied_as_what_it_is) {
    using hostile::greedy;
    copy_greedy_ones<weir::spsc_ring<greedy>>();
    copy_greedy_ones<weir::mpmc_ring<greedy>>();
    copy_greedy_ones<weir::strict_mpmc_ring<greedy>>();
    copy_greedy_ones<weir::overflow_ring<greedy, weir::overflow::block>>();
    copy_greedy_ones<weir::overflow_ring<greedy, weir::overflow::drop_oldest, weir::many_producers>>();
}

#if !defined(__clang__) || __clang_major__ >= 16  // before, Clang does not compile the views of libstdc++
template <class Ring>
void push_numbers() {
    Ring ring(4);
    EXPECT_EQ(ring.try_push_n(std::views::iota(0LL).begin(), 9), 4U);
    EXPECT_EQ(ring.try_pop(), 0);
}

// Their iterator's differences are wider than any pointer's.
TEST(hostile_element_elsewhere, may_be_a_number_of_a_range_without_end) {
    push_numbers<weir::spsc_ring<long long>>();
    push_numbers<weir::mpmc_ring<long long>>();
    push_numbers<weir::strict_mpmc_ring<long long>>();
}
#endif

template <class Ring, class Consumer>
void pass_pointers_to(Ring& ring, Consumer& consumer) {
    using namespace std::chrono_literals;
    hostile::pointer out = nullptr;
    const auto stop = []() noexcept { return true; };
    const auto visit = [&out](const hostile::pointer& item) noexcept { out = item; };
    EXPECT_TRUE(ring.try_push(hostile::pointer{}));
    EXPECT_TRUE(ring.push(hostile::pointer{}));
    EXPECT_TRUE(ring.push_for(out, 1s));
    EXPECT_TRUE(ring.push_unless(out, stop));
    EXPECT_TRUE(consumer.try_pop(out));
    EXPECT_TRUE(consumer.pop(out));
    EXPECT_TRUE(consumer.pop_for(out, 1s));
    EXPECT_TRUE(consumer.pop_unless(out, stop));
    EXPECT_FALSE(consumer.try_pop().has_value());
    EXPECT_TRUE(ring.try_push(out));
    EXPECT_TRUE(consumer.pop().has_value());
    EXPECT_TRUE(ring.try_push(out));
    EXPECT_EQ(consumer.consume(visit), 1U);
    EXPECT_TRUE(ring.try_push(out));
    EXPECT_TRUE(consumer.try_consume_one(visit));
    ring.close();
    EXPECT_EQ(consumer.consume_some(visit), 0U);
}
template <class Ring>
void pass_pointers() {
    Ring ring(4);
    ::pass_pointers_to(ring, ring);
}

TEST(pointers_to_what_is_incomplete, pass) {
    pass_pointers<weir::spsc_ring<hostile::pointer>>();
    pass_pointers<weir::mpmc_ring<hostile::pointer>>();
    pass_pointers<weir::strict_mpmc_ring<hostile::pointer>>();
    pass_pointers<weir::overflow_ring<hostile::pointer, weir::overflow::drop_oldest>>();
    pass_pointers<weir::overflow_ring<hostile::pointer, weir::overflow::block>>();
}

TEST(pointers_to_what_is_incomplete, are_broadcast) {
    weir::broadcast_ring<hostile::pointer> ring(4);
    auto gated = ring.join();
    auto lossy = ring.join({.mode = weir::reader_mode::lossy});
    auto after = ring.join({.after = {std::addressof(gated)}});
    after = std::move(gated);
    ::pass_pointers_to(ring, after);
    hostile::pointer out = nullptr;
    EXPECT_TRUE(lossy.try_pop(out));
}

TEST(pointers_to_what_is_incomplete, are_the_latest) {
    weir::latest<hostile::pointer> value;
    value.write(nullptr);
    std::uint64_t seen = 0;
    EXPECT_TRUE(value.read_if_newer(seen).has_value());
    hostile::pointer out = nullptr;
    EXPECT_EQ(value.read_into(out), 1U);
}

TEST(pointers_to_what_is_incomplete, pass_through_handles) {
    auto [sender, receiver] = weir::channel<weir::spsc_ring<hostile::pointer>>(4);
    auto moved = std::move(receiver);
    receiver = std::move(moved);
    EXPECT_TRUE(sender.push(hostile::pointer{}));
    hostile::pointer out = nullptr;
    EXPECT_TRUE(receiver.pop(out));
}

TEST(hostile_element_elsewhere, passes_through_handles_requests_and_a_pipeline) {
    auto [sender, receiver] = weir::channel<weir::mpmc_ring<element>>(4);
    EXPECT_TRUE(sender.push(element{1}));
    element out;
    EXPECT_TRUE(receiver.pop(out));

    weir::pull::mpmc_ring<element> pulled(4);
    pulled.request(1);
    EXPECT_TRUE(pulled.push(element{2}));
    EXPECT_TRUE(pulled.pop(out));

    weir::pipeline graph;
    auto in = graph.inlet<element>("in");
    int seen = 0;
    graph.connect(in, graph.sink<element>("out", [&seen](element e) { seen = e.value; }), 4);
    EXPECT_TRUE(in.push(element{3}));
    graph.run();
    in.close();
    graph.join();
    EXPECT_EQ(seen, 3);
}

}  // namespace
