// SPDX-License-Identifier: MIT
#include "weir/stop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;

template <class Wait>
class stop : public testing::Test {};
TYPED_TEST_SUITE(stop, weir_test::some_waits, weir_test::wait_names);

TYPED_TEST(stop, ends_a_wait_without_effect) {
    weir::spsc_ring<std::unique_ptr<int>, TypeParam> ring(1);
    std::stop_source source;
    std::thread consumer([&] {
        std::unique_ptr<int> out;
        EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::empty);
        EXPECT_EQ(out, nullptr);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
    consumer.join();

    source = {};
    ring.adopt_consumer();
    std::thread producer([&] {
        EXPECT_EQ(weir::push(ring, std::make_unique<int>(1), source.get_token()), status::success);
        auto refused = std::make_unique<int>(2);
        EXPECT_EQ(weir::push(ring, std::move(refused), source.get_token()), status::full);
        EXPECT_NE(refused, nullptr) << "a push that was stopped took its argument";
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
    producer.join();
    EXPECT_EQ(ring.size_approx(), 1U);
}

TYPED_TEST(stop, lets_operations_that_need_no_wait_succeed) {
    weir::spsc_ring<int, TypeParam> ring(1);
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(weir::push(ring, 1, source.get_token()), status::success);
    EXPECT_EQ(weir::push(ring, 2, source.get_token()), status::full);
    int out = 0;
    EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::success);
    EXPECT_EQ(out, 1);
    EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::empty);
    ring.close();
    EXPECT_EQ(weir::push(ring, 3, source.get_token()), status::closed);
    EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::closed);
    EXPECT_EQ(weir::pop(ring, out, std::stop_token{}), status::closed);
}

TYPED_TEST(stop, ends_a_wait_for_many_after_as_many_as_there_were) {
    weir::spsc_ring<int, TypeParam> ring(3);
    std::stop_source source;
    std::atomic<std::size_t> pushed{0};
    std::thread producer([&] {
        ring.adopt_producer();
        const std::array five{1, 2, 3, 4, 5};
        pushed = weir::push_n(ring, five, source.get_token());
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
    producer.join();
    EXPECT_EQ(pushed, 3U);

    source = {};
    std::array<int, 5> out{};
    std::atomic<std::size_t> popped{0};
    std::thread consumer([&] {
        ring.adopt_consumer();
        popped = weir::pop_n(ring, out, source.get_token());
        EXPECT_EQ(weir::consume_some(
                      ring, [](int&) noexcept { ADD_FAILURE(); }, source.get_token()),
                  0U);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    source.request_stop();
    consumer.join();
    EXPECT_EQ(popped, 3U);
    EXPECT_EQ(out, (std::array{1, 2, 3, 0, 0}));
}

TYPED_TEST(stop, ends_a_wait_for_a_block_of_slots_or_items) {
    weir::overflow_ring<int, weir::overflow::reject, TypeParam> counted(3);
    weir::spsc_ring<int, TypeParam> plain(3);
    const auto play = [](auto& ring) {
        std::stop_source source;
        EXPECT_EQ(weir::wait_for_slots(ring, 3, source.get_token()), status::success);
        std::atomic<status::value> answer{status::success};
        std::thread consumer([&] {
            ring.adopt_consumer();
            answer = weir::wait_for_items(ring, 2, source.get_token()).code();
        });
        ASSERT_TRUE(ring.push(1));  // one is not enough
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_EQ(answer, status::success) << "it waits";
        source.request_stop();
        consumer.join();
        EXPECT_EQ(answer, status::empty);
        EXPECT_EQ(weir::wait_for_items(ring, 1, source.get_token()), status::success) << "it looks all the same";

        source = {};
        std::thread producer([&] {
            ring.adopt_producer();
            answer = weir::wait_for_slots(ring, 3, source.get_token()).code();
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        source.request_stop();
        producer.join();
        EXPECT_EQ(answer, status::full);
        EXPECT_EQ(weir::wait_for_slots(ring, 2, source.get_token()), status::success);
        EXPECT_EQ(weir::wait_for_slots(ring, 3, source.get_token()), status::full);
        ring.close();
        EXPECT_EQ(weir::wait_for_slots(ring, 3, std::stop_token{}), status::closed);
        EXPECT_EQ(weir::wait_for_items(ring, 2, std::stop_token{}), status::closed);
        EXPECT_EQ(weir::wait_for_items(ring, 1, std::stop_token{}), status::success);
    };
    play(plain);
    play(counted);
}

TYPED_TEST(stop, lets_many_that_need_no_wait_pass) {
    weir::mpmc_ring<int, TypeParam> ring(4);
    std::stop_source source;
    source.request_stop();
    std::array three{1, 2, 3};
    EXPECT_EQ(weir::push_n(ring, three, source.get_token()), 3U);
    EXPECT_EQ(weir::push_n(ring, three, source.get_token()), 1U);
    EXPECT_EQ(weir::push_n(ring, three, source.get_token()), 0U);
    EXPECT_EQ(weir::pop_n(ring, three, source.get_token()), 3U);
    int visited = 0;
    const auto visit = [&visited](int&) noexcept { ++visited; };
    EXPECT_EQ(weir::consume_some(ring, visit, source.get_token(), 0), 0U);
    EXPECT_EQ(weir::consume_some(ring, visit, source.get_token()), 1U);
    EXPECT_EQ(weir::consume_some(ring, visit, source.get_token()), 0U);
    EXPECT_EQ(visited, 1);
    ring.close();
    EXPECT_EQ(weir::consume_some(ring, visit, std::stop_token{}), 0U);
    EXPECT_EQ(weir::push_n(ring, three, std::stop_token{}), 0U);
    EXPECT_EQ(weir::pop_n(ring, three, std::stop_token{}), 0U);
}

// While nobody asks to stop, an item that comes is taken.
TYPED_TEST(stop, that_never_comes_lets_consume_some_wait_for_an_item) {
    weir::spsc_ring<int, TypeParam> ring(2);
    std::stop_source source;
    std::thread producer([&] {
        for (int i = 0; i < 50; ++i) {
            if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            EXPECT_EQ(weir::push(ring, i, source.get_token()), status::success);
        }
        ring.close();
    });
    int next = 0;
    while (weir::consume_some(
               ring, [&next](int& item) noexcept { EXPECT_EQ(item, next++); }, source.get_token()) > 0)
        continue;
    EXPECT_EQ(next, 50);
    producer.join();
}

TYPED_TEST(stop, of_a_token_without_a_source_waits_as_ever) {
    weir::spsc_ring<int, TypeParam> ring(1);
    std::thread producer([&] {
        for (int i = 0; i < 100; ++i) EXPECT_EQ(weir::push(ring, i, std::stop_token{}), status::success);
    });
    for (int i = 0, out = -1; i < 100; ++i) {
        EXPECT_EQ(weir::pop(ring, out, std::stop_token{}), status::success);
        EXPECT_EQ(out, i);
    }
    producer.join();
}

/// Cannot be made without a value.
struct labelled {
    explicit labelled(int given) noexcept : label(given) {}
    int label;
};

TYPED_TEST(stop, ends_a_pop_that_returns_what_cannot_be_made_without_a_value) {
    weir::spsc_ring<labelled, TypeParam> ring(2);
    std::stop_source source;
    EXPECT_TRUE(ring.push(labelled{1}));
    EXPECT_EQ(weir::pop(ring, source.get_token())->label, 1);
    std::thread consumer([&] {
        ring.adopt_consumer();
        EXPECT_EQ(weir::pop(ring, source.get_token())->label, 2) << "waits for it";
        EXPECT_FALSE(weir::pop(ring, source.get_token())) << "until it is stopped";
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_TRUE(ring.push(labelled{2}));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    source.request_stop();
    consumer.join();
    ring.adopt_consumer();
    EXPECT_TRUE(ring.push(labelled{3}));
    EXPECT_EQ(weir::pop(ring, source.get_token())->label, 3) << "it is there already";
    EXPECT_FALSE(weir::pop(ring, source.get_token()));
    ring.close();
    EXPECT_FALSE(weir::pop(ring, std::stop_token{}));
}

template <class Wait>
class any_stop : public testing::Test {};
TYPED_TEST_SUITE(any_stop, weir_test::every_wait, weir_test::wait_names);

// The request comes at any point of the way to sleep, on either side.
TYPED_TEST(any_stop, is_never_lost) {
    const std::uint64_t rounds = weir_test::rounds(10'000);
    weir::spsc_ring<int, TypeParam> empty(1);
    weir::spsc_ring<int, TypeParam> full(1);
    std::stop_source source;
    std::atomic<std::uint64_t> stopped{0};
    weir_test::sleep_count slept;
    weir_test::meeting meet(3);
    const weir_test::watchdog dog([&] { return stopped.load(); },
                                  [&] { return std::to_string(stopped) + " waits were stopped"; });
    std::thread consumer([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            meet();
            int out = 0;
            EXPECT_EQ(weir::pop(empty, out, source.get_token()), status::empty);
            ++stopped;
            meet();
        }
        slept.add_this_thread();
    });
    std::thread producer([&] {
        EXPECT_EQ(full.try_push(0), status::success);
        for (std::uint64_t i = 0; i < rounds; ++i) {
            meet();
            EXPECT_EQ(weir::push(full, 1, source.get_token()), status::full);
            ++stopped;
            meet();
        }
        slept.add_this_thread();
    });
    weir_test::random_pause pause(8);
    for (std::uint64_t i = 0; i < rounds; ++i) {
        source = {};
        meet();
        pause();
        source.request_stop();
        meet();
    }
    consumer.join();
    producer.join();
    EXPECT_EQ(stopped, 2 * rounds);
    slept.expect_for<TypeParam>(rounds);
}

// The others wait for items alone: when they are woken, they find none, and wait again.
TYPED_TEST(stop, reaches_one_waiter_among_others) {
    const std::uint64_t rounds = weir_test::rounds(200);
    weir::mpmc_ring<int, TypeParam> ring(1);
    std::stop_source source;
    std::atomic<std::uint64_t> stopped{0};
    weir_test::meeting meet(2);
    const weir_test::watchdog dog([&] { return stopped.load(); },
                                  [&] { return std::to_string(stopped) + " waits were stopped"; });
    const auto wait_on = [&] {
        int out = 0;
        EXPECT_EQ(ring.pop(out), status::closed);
    };
    std::thread others[] = {std::thread(wait_on), std::thread(wait_on)};
    std::thread consumer([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            meet();
            int out = 0;
            EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::empty);
            ++stopped;
            meet();
        }
    });
    weir_test::random_pause pause(8);
    for (std::uint64_t i = 0; i < rounds; ++i) {
        source = {};
        meet();
        pause();
        source.request_stop();
        meet();
    }
    consumer.join();
    ring.close();
    for (std::thread& other : others) other.join();
    EXPECT_EQ(stopped, rounds);
}

TYPED_TEST(stop, ends_the_waits_of_a_message_ring) {
    weir::mpsc_message_ring<TypeParam> ring(64);
    std::stop_source source;
    const std::array<std::byte, 24> bytes{};
    const std::span<const std::byte> message = bytes;
    const auto ignored = [](std::uint16_t, std::span<const std::byte>) {};
    const auto after_a_while = [&](auto wait) {
        source = {};
        std::thread waiting([&] {
            ring.adopt_consumer();
            wait(source.get_token());
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        source.request_stop();
        waiting.join();
        ring.adopt_consumer();
    };
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::consume_one(ring, ignored, token), status::empty); });
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::consume_some(ring, ignored, token), 0U); });
    EXPECT_EQ(weir::push(ring, message, source.get_token(), 7), status::success) << "stopped before, but there is room";
    EXPECT_EQ(weir::push(ring, {&message, 1}, std::stop_token{}, 8), status::success);
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::push(ring, message, token), status::full); });
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::push(ring, {&message, 1}, token), status::full); });
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::reserve(ring, 24, token).answer(), status::full); });
    std::vector<int> types;
    const auto note = [&](std::uint16_t type, std::span<const std::byte>) { types.push_back(type); };
    EXPECT_EQ(weir::consume_one(ring, note, source.get_token()), status::success);
    EXPECT_EQ(weir::consume_some(ring, note, source.get_token()), 1U);
    EXPECT_EQ(types, (std::vector<int>{7, 8}));
    ring.close();
    EXPECT_EQ(weir::consume_one(ring, note, std::stop_token{}), status::closed);
}

TYPED_TEST(stop, ends_the_waits_of_a_broadcast_ring) {
    weir::broadcast_ring<std::string, TypeParam> ring(1);
    auto reader = ring.join();
    std::stop_source source;
    const auto after_a_while = [&](auto wait) {
        source = {};
        std::thread waiting([&] {
            ring.adopt_producer();
            wait(source.get_token());
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        source.request_stop();
        waiting.join();
        ring.adopt_producer();
    };
    std::string out = "before";
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::pop(reader, out, token), status::empty); });
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::pop(reader, token), std::nullopt); });
    const auto ignored = [](const std::string&) {};
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::consume_some(reader, ignored, token), 0U); });
    EXPECT_EQ(out, "before");
    EXPECT_EQ(weir::push(ring, "one", source.get_token()), status::success);
    after_a_while([&](std::stop_token token) { EXPECT_EQ(weir::push(ring, "two", token), status::full); });
    std::thread popping([&] { EXPECT_EQ(weir::pop(reader, std::stop_token{}), "one"); });
    popping.join();
    EXPECT_EQ(weir::push(ring, "three", std::stop_token{}), status::success);
    EXPECT_EQ(weir::pop(reader, out, std::stop_token{}), status::success);
    EXPECT_EQ(out, "three");
}

TEST(stop, of_a_wait_counts_as_one_call) {
    const auto check = [](auto&& ring) {
        std::stop_source source;
        std::thread stopper([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            source.request_stop();
        });
        int out = 0;
        std::array<int, 2> several{};
        EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::empty);  // waits; the others only try
        stopper.join();
        EXPECT_EQ(ring.snapshot().consumer.empty, 1U);
        EXPECT_EQ(weir::pop(ring, out, source.get_token()), status::empty);
        EXPECT_EQ(ring.snapshot().consumer.empty, 2U);
        EXPECT_EQ(weir::pop(ring, source.get_token()), std::nullopt);
        EXPECT_EQ(ring.snapshot().consumer.empty, 3U);
        EXPECT_EQ(weir::pop_n(ring, several, source.get_token()), 0U);
        EXPECT_EQ(ring.snapshot().consumer.empty, 4U);
        EXPECT_EQ(weir::consume_some(
                      ring, [](int&) noexcept {}, source.get_token()),
                  0U);
        EXPECT_EQ(ring.snapshot().consumer.empty, 5U);
    };
    check(weir::spsc_ring<int, weir::stats::on>(2));
    check(weir::mpmc_ring<int, weir::stats::on>(2));
}

}  // namespace
