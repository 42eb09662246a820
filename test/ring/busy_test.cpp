// SPDX-License-Identifier: MIT
//
// A slot that a peer is in the middle of: each operation that comes to it says `busy`, counts `busy`, or waits until
// the peer is done. The peer is this very thread, in code of the user that runs while the slot is held: a constructor
// that a push calls, a visit that a pop calls.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "weir/stop.hpp"

namespace {

using weir::status;
namespace stats = weir::stats;

/// Calls `during` once when it is built from a number: in its slot, where a ring builds it there.
struct item {
    item() = default;
    item(int v) noexcept : value(v) {
        if (during) std::exchange(during, nullptr)();
    }
    int value = 0;
    static inline std::function<void()> during;
};

/// Calls `act` while a producer is in the middle of the oldest item.
template <class Ring>
void while_pushed(Ring& ring, std::function<void()> act) {
    item::during = std::move(act);
    ASSERT_EQ(ring.try_emplace(1), status::success);
    ASSERT_FALSE(item::during) << "the item was not built in its slot";
}
/// Calls `act` while a consumer is in the middle of the oldest item of a full ring: there is room, whose slot is not
/// free.
template <class Ring>
void while_popped(Ring& ring, const std::function<void()>& act) {
    while (ring.try_push(typename Ring::value_type())) continue;
    ASSERT_EQ(ring.try_consume_one([&](auto&) noexcept { act(); }), status::success);
}

template <class Ring>
class busy : public testing::Test {
protected:
    Ring ring_{2};

    void SetUp() override {
        if constexpr (Ring::has_credit_on_request) ring_.request(weir::pull::unbounded);
    }
};
using rings = testing::Types<weir::mpmc_ring<item, stats::on>, weir::pull::mpmc_ring<item, stats::on>>;
TYPED_TEST_SUITE(busy, rings);

TYPED_TEST(busy, is_said_by_each_try_to_pop_the_item_that_is_being_pushed_and_counted_once) {
    auto& ring = this->ring_;
    while_pushed(ring, [&] {
        item out;
        std::array<item, 2> some;
        EXPECT_EQ(ring.try_pop(out), status::busy);
        EXPECT_EQ(ring.try_consume_one([](item&) noexcept {}), status::busy);
        EXPECT_FALSE(ring.try_pop());
        EXPECT_EQ(ring.pop_unless(out, [] { return true; }), status::busy);
        EXPECT_EQ(ring.snapshot().consumer.busy, 4U);
        EXPECT_EQ(ring.try_pop_n(some), 0U);
        EXPECT_EQ(ring.consume([](item&) noexcept {}), 0U);
        EXPECT_EQ(ring.snapshot().consumer.busy, 6U);
        EXPECT_EQ(ring.pop_until(out, {}), status::timeout);
        const stats::consumer_counts counts = ring.snapshot().consumer;
        EXPECT_EQ(counts.busy, 7U);
        EXPECT_EQ(counts.timeout, 1U);
        EXPECT_EQ(counts.empty + counts.closed, 0U);
    });
}

// After the close as well: the item was accepted, so nobody may be told that there will be none.
TYPED_TEST(busy, is_said_of_an_item_that_is_being_pushed_also_after_the_close) {
    auto& ring = this->ring_;
    while_pushed(ring, [&] {
        ring.close();
        item out;
        std::array<item, 2> some;
        EXPECT_EQ(ring.try_pop(out), status::busy);
        EXPECT_EQ(ring.try_pop_n(some), 0U);
        EXPECT_EQ(ring.consume([](item&) noexcept {}), 0U);
        EXPECT_EQ(ring.pop_until(out, {}), status::timeout);
        const stats::consumer_counts counts = ring.snapshot().consumer;
        EXPECT_EQ(counts.busy, 4U);
        EXPECT_EQ(counts.empty + counts.closed, 0U);
    });
    EXPECT_EQ(ring.try_pop()->value, 1);
    EXPECT_EQ(ring.consume([](item&) noexcept {}), 0U);
    EXPECT_EQ(ring.snapshot().consumer.closed, 1U);
}

TYPED_TEST(busy, is_said_by_each_try_to_push_to_the_slot_that_is_being_emptied_and_counted_once) {
    auto& ring = this->ring_;
    const auto busy_so_far = [&] { return ring.snapshot().producer.busy; };
    while_popped(ring, [&] {
        const std::array<item, 2> some{};
        EXPECT_EQ(ring.try_push(item()), status::busy);
        EXPECT_EQ(ring.try_emplace(7), status::busy);
        EXPECT_EQ(ring.push_unless(item(), [] { return true; }), status::busy);
        EXPECT_EQ(busy_so_far(), 3U);
        EXPECT_EQ(ring.try_push_n(std::span<const item>(some)), 0U);
        EXPECT_EQ(busy_so_far(), 4U);
        EXPECT_EQ(ring.push_until(item(), {}), status::timeout);
        const stats::producer_counts counts = ring.snapshot().producer;
        EXPECT_EQ(counts.busy, 5U);
        EXPECT_EQ(counts.timeout, 1U);
        EXPECT_EQ(counts.full, 1U) << "what filled it";
        EXPECT_EQ(counts.no_credit + counts.closed, 0U);
        EXPECT_EQ(ring.try_drop_oldest(), status::empty) << "it is not full";
    });
    EXPECT_EQ(ring.try_push(item()), status::success);
}

// What may throw is built before its slot is claimed, but not before it is known that there is one.
struct made_of_pointer {
    explicit made_of_pointer(std::unique_ptr<int>&& from) noexcept(false) : number(std::move(from)) {}
    std::unique_ptr<int> number;
};

TEST(busy_slot, leaves_the_arguments_of_an_element_untouched) {
    weir::mpmc_ring<made_of_pointer> ring(2);
    ASSERT_TRUE(ring.try_emplace(std::make_unique<int>(1)));
    ASSERT_TRUE(ring.try_emplace(std::make_unique<int>(2)));
    auto next = std::make_unique<int>(3);
    EXPECT_TRUE(ring.try_consume_one([&](made_of_pointer&) noexcept {
        EXPECT_EQ(ring.try_emplace(std::move(next)), status::busy);
        EXPECT_NE(next, nullptr);
    }));
    EXPECT_TRUE(ring.try_emplace(std::move(next)));
}

TEST(busy_slot, is_said_by_a_push_that_would_take_out_the_item_that_is_being_pushed) {
    weir::mpmc_ring<item> ring(1);
    while_pushed(ring, [&] {
        const auto done = ring.try_force_push(item());
        EXPECT_EQ(done.answer, status::busy);
        EXPECT_FALSE(done.oldest);
    });
    EXPECT_EQ(ring.size_approx(), 1U);
}

TYPED_TEST(busy, is_not_said_by_a_push_after_the_close) {
    auto& ring = this->ring_;
    while_popped(ring, [&] {
        ring.close();
        const std::array<item, 2> some{};
        EXPECT_EQ(ring.try_push(item()), status::closed);
        EXPECT_EQ(ring.try_push_n(std::span<const item>(some)), 0U);
        EXPECT_EQ(ring.snapshot().producer.closed, 2U);
        EXPECT_EQ(ring.snapshot().producer.busy, 0U);
    });
}

// What lies before the held slot is popped, or pushed, and the batch ends there.
TYPED_TEST(busy, ends_a_batch_at_the_held_slot) {
    auto& ring = this->ring_;
    std::array<item, 2> two;
    for (const bool pops_a_batch : {true, false}) {
        ASSERT_TRUE(ring.try_push(item()));
        while_pushed(ring, [&] {
            EXPECT_EQ(ring.try_drop_oldest(), status::success) << "it is full, and the oldest is not the held one";
            EXPECT_EQ(ring.try_drop_oldest(), status::empty) << "it is not full any more";
            EXPECT_TRUE(ring.try_push(item()));
            EXPECT_EQ(ring.try_push(item()), status::full);
            EXPECT_EQ(ring.try_drop_oldest(), status::busy) << "it is full, and the oldest is the held one";
        });
        EXPECT_EQ(ring.consume([](item&) noexcept {}), 2U);

        ASSERT_TRUE(ring.try_push(item()));
        while_pushed(ring, [&] {
            EXPECT_EQ(pops_a_batch ? ring.try_pop_n(two) : ring.consume([](item&) noexcept {}), 1U);
            EXPECT_EQ(ring.snapshot().consumer.busy, 0U) << "something was popped";
        });
        EXPECT_EQ(ring.consume([](item&) noexcept {}), 1U);

        ASSERT_EQ(ring.try_push_n(std::span<const item>(two)), 2U);
        ASSERT_TRUE(ring.try_pop());
        EXPECT_TRUE(ring.try_consume_one([&](item&) noexcept {
            EXPECT_EQ(ring.try_push_n(std::span<const item>(two)), 1U);
            EXPECT_EQ(ring.snapshot().producer.busy, 0U) << "something was pushed";
        }));
        EXPECT_EQ(ring.consume([](item&) noexcept {}), 1U);
    }
}

// More pushes of a strict ring are under way than it was told of threads: every place is taken, and nothing is full.
template <class Ring>
class busy_strict : public testing::Test {};
using strict_rings = testing::Types<weir::strict_mpmc_ring<item, stats::on, weir::max_threads<1>>,
                                    weir::pull::strict_mpmc_ring<item, stats::on, weir::max_threads<1>>>;
TYPED_TEST_SUITE(busy_strict, strict_rings);

TYPED_TEST(busy_strict, is_said_by_each_push_that_finds_no_place_and_counted_once) {
    TypeParam ring(1);
    if constexpr (TypeParam::has_credit_on_request) ring.request(weir::pull::unbounded);
    const auto with_no_place_left = [&] {
        const std::array<item, 2> some{};
        EXPECT_EQ(ring.try_push(item()), status::busy);
        EXPECT_EQ(ring.push_unless(item(), [] { return true; }), status::busy);
        EXPECT_EQ(ring.try_push_n(std::span<const item>(some)), 0U);
        EXPECT_EQ(ring.push_until(item(), {}), status::timeout);
        const stats::producer_counts counts = ring.snapshot().producer;
        EXPECT_EQ(counts.busy, 4U);
        EXPECT_EQ(counts.timeout, 1U);
        EXPECT_EQ(counts.full + counts.no_credit + counts.closed, 0U);
        item out;
        EXPECT_EQ(ring.try_pop(out), status::empty) << "a pop is never busy here";
    };
    item::during = [&] {
        item::during = with_no_place_left;
        EXPECT_EQ(ring.try_emplace(2), status::success);
        EXPECT_FALSE(item::during);
    };
    EXPECT_EQ(ring.try_emplace(1), status::full) << "the other one was quicker";
    EXPECT_EQ(ring.try_pop()->value, 2);
    EXPECT_EQ(ring.try_push(item()), status::success) << "all places are free again";
}

// An element that may throw is built before its slot is claimed, so there is a look beforehand that gives the answer.
TEST(busy_slot, is_said_as_well_by_the_push_of_an_item_whose_constructor_may_throw) {
    weir::mpmc_ring<std::string> automatic(2);
    while_popped(automatic, [&] { EXPECT_EQ(automatic.try_emplace("more than fits into the string"), status::busy); });
    while (automatic.try_push("")) continue;
    EXPECT_EQ(automatic.try_emplace("x"), status::full);
    automatic.close();
    EXPECT_EQ(automatic.try_emplace("x"), status::closed);

    weir::pull::mpmc_ring<std::string> asked(2);
    EXPECT_EQ(asked.try_emplace("x"), status::no_credit);
    asked.request(3);
    while_popped(asked, [&] { EXPECT_EQ(asked.try_emplace("x"), status::busy); });
    EXPECT_EQ(asked.try_emplace("x"), status::success);
    EXPECT_EQ(asked.try_emplace("x"), status::full);
    EXPECT_TRUE(asked.try_pop());
    EXPECT_EQ(asked.try_emplace("x"), status::no_credit);
}

// ---- what waits ----------------------------------------------------------------------------------------------

/// A thread that waits at `ring` by `operation`.
template <class Ring>
class waiter {
public:
    waiter(Ring& ring, std::function<status()> operation)
        : ring_(ring), thread_([this, operation = std::move(operation)] {
              answer_ = operation();
              is_back_ = true;
          }) {}
    ~waiter() { (void)join(); }

    void until_asleep_or_back() const {
        const auto parks = [this] { return ring_.snapshot().producer.parks + ring_.snapshot().consumer.parks; };
        while (parks() == 0 && !is_back_) std::this_thread::yield();
    }
    status join() {
        if (thread_.joinable()) thread_.join();
        return answer_;
    }

private:
    Ring& ring_;
    status answer_ = status::timeout;
    std::atomic<bool> is_back_{false};
    std::thread thread_;
};

template <class Ring>
struct named_operation {
    const char* name;
    status (*act)(Ring&, std::stop_token);
};

constexpr std::chrono::minutes for_long{10};

template <class Ring>
std::vector<named_operation<Ring>> waiting_pops() {
    return {
        {"pop(T&)",
         [](Ring& r, std::stop_token) -> status {
             item out;
             return r.pop(out);
         }},
        {"pop()", [](Ring& r, std::stop_token) -> status { return r.pop() ? status::success : status::closed; }},
        {"pop_for",
         [](Ring& r, std::stop_token) -> status {
             item out;
             return r.pop_for(out, for_long);
         }},
        {"consume_one_until",
         [](Ring& r, std::stop_token) -> status {
             return r.consume_one_until([](item&) noexcept {}, std::chrono::steady_clock::now() + for_long);
         }},
        {"pop_n",
         [](Ring& r, std::stop_token) -> status {
             std::array<item, 1> out;
             return r.pop_n(out) == 1 ? status::success : status::closed;
         }},
        {"pop_unless",
         [](Ring& r, std::stop_token) -> status {
             item out;
             return r.pop_unless(out, [] { return false; });
         }},
        {"pop with a stop token",
         [](Ring& r, std::stop_token stop) -> status {
             item out;
             return weir::pop(r, out, stop);
         }},
    };
}
template <class Ring>
std::vector<named_operation<Ring>> waiting_pushes() {
    return {
        {"push", [](Ring& r, std::stop_token) -> status { return r.push(item()); }},
        {"push_for", [](Ring& r, std::stop_token) -> status { return r.push_for(item(), for_long); }},
        {"push_n",
         [](Ring& r, std::stop_token) -> status {
             const std::array<item, 1> items{};
             return r.push_n(items) == 1 ? status::success : status::closed;
         }},
        {"push_unless", [](Ring& r, std::stop_token) -> status { return r.push_unless(item(), [] { return false; }); }},
        {"push with a stop token", [](Ring& r, std::stop_token stop) -> status { return weir::push(r, item(), stop); }},
    };
}

template <class Ring>
void expect_to_outlast_busy(const named_operation<Ring>& operation, bool pushes) {
    SCOPED_TRACE(operation.name);
    Ring ring(2);
    if constexpr (Ring::has_credit_on_request) ring.request(weir::pull::unbounded);
    std::stop_source source;
    std::optional<waiter<Ring>> other;
    const auto act = [&] {
        other.emplace(ring, [&] { return operation.act(ring, source.get_token()); });
        other->until_asleep_or_back();
    };
    pushes ? while_popped(ring, act) : while_pushed(ring, act);
    EXPECT_EQ(other->join(), status::success);
}

TYPED_TEST(busy, is_outlasted_by_each_push_and_pop_that_waits) {
    for (const auto& operation : waiting_pops<TypeParam>()) expect_to_outlast_busy(operation, false);
    for (const auto& operation : waiting_pushes<TypeParam>()) expect_to_outlast_busy(operation, true);
}

TYPED_TEST(busy, is_the_answer_of_a_wait_for_a_held_slot_that_is_stopped) {
    auto& ring = this->ring_;
    for (const bool pushes : {false, true}) {
        std::stop_source source;
        const auto act = [&] {
            waiter<TypeParam> other(ring, [&] {
                item out;
                return pushes ? weir::push(ring, item(), source.get_token()) : weir::pop(ring, out, source.get_token());
            });
            other.until_asleep_or_back();
            source.request_stop();
            EXPECT_EQ(other.join(), status::busy);
        };
        pushes ? while_popped(ring, act) : while_pushed(ring, act);
        EXPECT_TRUE(ring.try_pop());
    }
}

}  // namespace
