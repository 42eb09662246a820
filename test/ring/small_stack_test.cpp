// SPDX-License-Identifier: MIT
//
// Elements of 1 MiB in the hands of threads whose stacks have 256 KiB, as audio and embedded code has them: no operation that is given a
// place for the element has one of its own on the stack.
#include <gtest/gtest.h>

#include <pthread.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "weir/broadcast_ring.hpp"
#include "weir/latest.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"

namespace {

constexpr std::size_t stack_bytes = std::size_t{256} << 10;

/// Calls `f` in a thread with a small stack, and waits for its end.
void on_small_stack(std::function<void()> f) {
    pthread_attr_t attributes;
    ASSERT_EQ(::pthread_attr_init(&attributes), 0);
    ASSERT_EQ(::pthread_attr_setstacksize(&attributes, stack_bytes), 0);
    pthread_t thread;
    const auto body = [](void* call) -> void* {
        (*static_cast<std::function<void()>*>(call))();
        return nullptr;
    };
    ASSERT_EQ(::pthread_create(&thread, &attributes, body, &f), 0);
    ::pthread_join(thread, nullptr);
    ::pthread_attr_destroy(&attributes);
}

struct frame {
    std::array<std::uint32_t, std::size_t{1} << 18> samples;
    std::uint32_t last;
};
static_assert(sizeof(frame) > std::size_t{1} << 20 && sizeof(frame) % sizeof(std::uint64_t) != 0);

/// The same with a copy constructor of its own, so that a broadcast ring holds objects of it, not words.
struct owner {
    owner() noexcept = default;
    owner(const owner& other) noexcept : content(other.content) {}
    owner& operator=(const owner&) noexcept = default;
    frame content;
};

template <class T>
auto& content_of(T& item) {
    if constexpr (requires { item.content; }) {
        return item.content;
    } else {
        return item;
    }
}
template <class T>
std::unique_ptr<T> numbered(std::uint32_t number) {
    auto made = std::make_unique<T>();
    content_of(*made).samples.fill(number);
    content_of(*made).last = number;
    return made;
}
template <class T>
void expect_whole(const T& item, std::uint32_t number) {
    const frame& seen = content_of(item);
    EXPECT_EQ(seen.samples.front(), number);
    EXPECT_EQ(seen.samples.back(), number);
    EXPECT_EQ(seen.last, number);
}

template <class Ring>
void pass_large_elements() {
    using T = typename Ring::value_type;
    const auto ring = std::make_unique<Ring>(2);
    auto out = std::make_unique<T>();
    const auto stop = []() noexcept { return true; };
    EXPECT_TRUE(ring->try_push(*numbered<T>(1)));
    EXPECT_TRUE(ring->push(std::move(*numbered<T>(2))));
    EXPECT_TRUE(ring->try_pop(*out));
    expect_whole(*out, 1);
    EXPECT_TRUE(ring->push_unless(*numbered<T>(3), stop));
    EXPECT_FALSE(ring->try_push(*numbered<T>(4)));
    EXPECT_TRUE(ring->pop(*out));
    expect_whole(*out, 2);
    EXPECT_TRUE(ring->pop_unless(*out, stop));
    expect_whole(*out, 3);
    EXPECT_TRUE(ring->push(*numbered<T>(5)));
    EXPECT_EQ(ring->consume([](T& item) noexcept { expect_whole(item, 5); }), 1U);
}

TEST(small_stack, carries_large_elements_through_every_ring) {
    on_small_stack(pass_large_elements<weir::spsc_ring<frame>>);
    on_small_stack(pass_large_elements<weir::mpmc_ring<frame>>);
    on_small_stack(pass_large_elements<weir::strict_mpmc_ring<frame>>);
    on_small_stack(pass_large_elements<weir::overflow_ring<frame, weir::overflow::block>>);
}

template <class Ring>
void broadcast_large_elements() {
    using T = typename Ring::value_type;
    const auto ring = std::make_unique<Ring>(2);
    auto gated = ring->join();
    auto out = std::make_unique<T>();
    const auto stop = []() noexcept { return true; };
    EXPECT_TRUE(ring->try_push(*numbered<T>(1)));
    EXPECT_TRUE(ring->push(std::move(*numbered<T>(2))));
    EXPECT_FALSE(ring->push_unless(*numbered<T>(3), stop));
    EXPECT_TRUE(gated.try_pop(*out));
    expect_whole(*out, 1);
    EXPECT_TRUE(gated.pop(*out));
    expect_whole(*out, 2);
    EXPECT_TRUE(ring->push(*numbered<T>(4)));
    EXPECT_EQ(gated.consume([](const T& item) { expect_whole(item, 4); }), 1U);
    EXPECT_TRUE(ring->push(*numbered<T>(5)));
    EXPECT_TRUE(gated.pop_unless(*out, stop));
    expect_whole(*out, 5);
}

TEST(small_stack, broadcasts_large_elements) {
    on_small_stack(broadcast_large_elements<weir::broadcast_ring<frame>>);
    on_small_stack(broadcast_large_elements<weir::broadcast_ring<frame, weir::many_producers>>);
    on_small_stack(broadcast_large_elements<weir::broadcast_ring<owner>>);
}

TEST(small_stack, shows_large_elements_to_lossy_readers) {
    on_small_stack([] {
        const auto ring = std::make_unique<weir::broadcast_ring<frame>>(2);
        auto lossy = ring->join({.mode = weir::reader_mode::lossy});
        auto moved = std::move(lossy);
        for (std::uint32_t i = 1; i <= 3; ++i) EXPECT_TRUE(ring->push(*numbered<frame>(i)));
        const auto out = std::make_unique<frame>();
        EXPECT_TRUE(moved.try_pop(*out));
        expect_whole(*out, 2);
        EXPECT_EQ(moved.gap(), 1U);
        EXPECT_EQ(moved.consume([](const frame& item) { expect_whole(item, 3); }), 1U);
    });
}

TEST(small_stack, has_the_newest_large_element) {
    on_small_stack([] {
        const auto value = std::make_unique<weir::latest<frame>>();
        const auto out = numbered<frame>(9);
        EXPECT_EQ(value->read_into(*out), 0U);
        expect_whole(*out, 0);
        for (std::uint32_t i = 1; i <= 6; ++i) value->write(*numbered<frame>(i));
        EXPECT_EQ(value->read_into(*out), 6U);
        expect_whole(*out, 6);
    });
}

}  // namespace
