// SPDX-License-Identifier: MIT
//
// A thread that sleeps in the kernel until there is room, credit or an item is woken by every operation that provides
// it. Each operation is tried on its own, after the thread has gone to sleep.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "test/support/counted_syscalls.hpp"
#include "test/support/every_ring.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir::pull::grant_every;
using weir::pull::unbounded;
using clock = std::chrono::steady_clock;

constexpr auto ages = 10s;

/// A thread with an operation that waits.
class sleeper {
public:
    explicit sleeper(std::function<status()> operation)
        : thread_([this, operation = std::move(operation)] {
              tid_ = ::gettid();
              answer_ = operation();
              done_ = true;
          }) {
        while (tid_ == 0) std::this_thread::yield();
    }
    ~sleeper() { thread_.join(); }
    sleeper(const sleeper&) = delete;
    sleeper& operator=(const sleeper&) = delete;

    pid_t tid() const { return tid_; }
    bool is_done() const { return done_; }
    bool is_done_within(std::chrono::nanoseconds time) const {
        for (const auto end = clock::now() + time; !done_ && clock::now() < end;) std::this_thread::sleep_for(100us);
        return done_;
    }
    /// Once it is done.
    status answer() const { return answer_; }

private:
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> done_{false};
    status answer_ = status::busy;
    std::thread thread_;
};

template <class Ring>
struct named_act {
    std::string name;
    std::function<void(Ring&)> act;
    status answer = status::success;
};

/// Expects each act to wake a thread that sleeps in `operation(ring)`, on a new ring from `make()`.
template <class Make, class Operation, class Ring>
void each_wakes(Make make, Operation operation, const std::vector<named_act<Ring>>& acts) {
    for (const auto& [name, act, answer] : acts) {
        SCOPED_TRACE(name);
        const std::unique_ptr<Ring> ring = make();
        sleeper thread([&] { return operation(*ring); });
        weir_test::until_asleep({thread.tid()});
        act(*ring);
        const bool woken = thread.is_done_within(ages);
        ring->close();
        ASSERT_TRUE(woken) << "it sleeps on";
        EXPECT_EQ(thread.answer(), answer);
    }
}

template <class Ring>
status push(Ring& ring) {
    if constexpr (!Ring::has_many_producers) ring.adopt_producer();
    return ring.push(1);
}
template <class Ring>
status pop(Ring& ring) {
    if constexpr (!Ring::has_many_consumers) ring.adopt_consumer();
    int out = 0;
    return ring.pop(out);
}

template <class Kind>
class asleep : public testing::Test {
protected:
    using ring_type = typename Kind::template ring<int>;

    static std::unique_ptr<ring_type> full_ring() {
        auto ring = std::make_unique<ring_type>(2);
        EXPECT_TRUE(ring->try_push(1));
        EXPECT_TRUE(ring->try_push(2));
        return ring;
    }
};
TYPED_TEST_SUITE(asleep, weir_test::every_ring, weir_test::ring_names);

TYPED_TEST(asleep, a_producer_is_woken_by_each_operation_that_frees_a_slot) {
    using ring = typename TestFixture::ring_type;
    std::vector<named_act<ring>> acts{
        {"try_pop", [](ring& r) { EXPECT_TRUE(r.try_pop().has_value()); }},
        {"try_pop into",
         [](ring& r) {
             int out = 0;
             EXPECT_EQ(r.try_pop(out), status::success);
         }},
        {"pop", [](ring& r) { EXPECT_TRUE(r.pop().has_value()); }},
        {"try_pop_n",
         [](ring& r) {
             std::array<int, 2> out{};
             EXPECT_EQ(r.try_pop_n(out), 2U);
         }},
        {"pop_n",
         [](ring& r) {
             std::array<int, 1> out{};
             EXPECT_EQ(r.pop_n(out), 1U);
         }},
        {"try_consume_one", [](ring& r) { EXPECT_TRUE(r.try_consume_one([](int&) noexcept {})); }},
        {"consume, noexcept", [](ring& r) { EXPECT_EQ(r.consume([](int&) noexcept {}), 2U); }},
        {"consume one", [](ring& r) { EXPECT_EQ(r.consume([](int&) {}, 1), 1U); }},
        {"close", [](ring& r) { r.close(); }, status::closed}};
#if defined(__cpp_exceptions)
    const auto consume_and_throw_at = [](int item) {
        return [item](ring& r) {
            const auto visit = [item](int& i) {
                if (i == item) throw std::runtime_error("as told");
            };
            EXPECT_THROW(r.consume(visit), std::runtime_error);
        };
    };
    acts.push_back({"consume that throws at the second", consume_and_throw_at(2)});
    if constexpr (ring::has_many_consumers)
        acts.push_back({"consume that throws at the first", consume_and_throw_at(1)});
#endif
    if constexpr (ring::has_contiguous_slots) {
        acts.push_back({"release", [](ring& r) {
                            auto items = r.try_peek(2);
                            items.release(1);
                        }});
    }
    if constexpr (ring::has_drop_oldest) {
        acts.push_back({"try_drop_oldest", [](ring& r) { EXPECT_EQ(r.try_drop_oldest(), status::success); }});
    }
    each_wakes([] { return TestFixture::full_ring(); }, push<ring>, acts);
}

TYPED_TEST(asleep, a_consumer_is_woken_by_each_operation_that_adds_an_item) {
    using ring = typename TestFixture::ring_type;
    static constexpr std::array items{1, 2};
    std::vector<named_act<ring>> acts{{"try_push", [](ring& r) { EXPECT_TRUE(r.try_push(1)); }},
                                      {"try_emplace", [](ring& r) { EXPECT_TRUE(r.try_emplace(1)); }},
                                      {"push", [](ring& r) { EXPECT_TRUE(r.push(1)); }},
                                      {"try_push_n", [](ring& r) { EXPECT_EQ(r.try_push_n(items), 2U); }},
                                      {"push_n", [](ring& r) { EXPECT_EQ(r.push_n(items), 2U); }},
                                      {"close", [](ring& r) { r.close(); }, status::closed}};
    if constexpr (ring::has_contiguous_slots) {
        acts.push_back({"commit", [](ring& r) {
                            auto slots = r.try_reserve(2);
                            slots.emplace(1);
                            slots.commit(1);
                        }});
    }
    each_wakes([] { return std::make_unique<ring>(2); }, pop<ring>, acts);
}

// ---- credit on request -------------------------------------------------------------------------------------------

template <class Ring>
class asleep_without_credit : public testing::Test {
protected:
    /// Nothing more is requested, and there is room.
    static std::unique_ptr<Ring> ring_after(std::uint64_t requested, std::size_t every = 1) {
        auto ring = std::make_unique<Ring>(8, grant_every{every});
        if (requested > 0) ring->request(requested);
        for (std::uint64_t i = 0; i < requested; ++i) EXPECT_TRUE(ring->try_push(1));
        EXPECT_EQ(ring->try_push(1), status::no_credit);
        return ring;
    }
};
using pull_rings =
    testing::Types<weir::pull::spsc_ring<int>, weir::pull::mpmc_ring<int>, weir::pull::strict_mpmc_ring<int>>;
struct pull_names {
    template <class Ring>
    static std::string GetName(int i) {
        return std::array{"spsc", "mpmc", "strict"}[static_cast<std::size_t>(i)];
    }
};
TYPED_TEST_SUITE(asleep_without_credit, pull_rings, pull_names);

constexpr std::array<std::uint64_t, 7> any_size{1, 2, 8, 1ULL << 32, 1ULL << 61, unbounded - 1, unbounded};

TYPED_TEST(asleep_without_credit, a_producer_is_woken_by_a_request_of_any_size) {
    for (const std::uint64_t before : {0U, 2U}) {
        SCOPED_TRACE(std::to_string(before) + " requested before");
        std::vector<named_act<TypeParam>> acts;
        for (const std::uint64_t n : any_size)
            acts.push_back({"request " + std::to_string(n), [n](TypeParam& r) { r.request(n); }});
        each_wakes([&] { return this->ring_after(before); }, push<TypeParam>, acts);
    }
}

template <class Ring>
class no_credit_in_a_loop : public testing::Test {};
using event = weir::wait::event;
using event_rings = testing::Types<weir::pull::spsc_ring<int, event>, weir::pull::mpmc_ring<int, event>,
                                   weir::pull::strict_mpmc_ring<int, event>>;
TYPED_TEST_SUITE(no_credit_in_a_loop, event_rings, pull_names);

// In place of the sleep in epoll_wait: whether the descriptor would end it.
TYPED_TEST(no_credit_in_a_loop, the_descriptor_is_readable_after_a_request_of_any_size) {
    const auto readable = [](const TypeParam& ring) {
        pollfd entry{.fd = ring.space_fd(), .events = POLLIN, .revents = 0};
        return ::poll(&entry, 1, 0) == 1;
    };
    for (const std::uint64_t n : any_size) {
        SCOPED_TRACE("request " + std::to_string(n));
        TypeParam ring(2);
        ring.request(1);
        ASSERT_TRUE(ring.try_push(1));
        ASSERT_EQ(ring.try_push(1), status::no_credit);
        ASSERT_FALSE(readable(ring));
        ring.request(n);
        EXPECT_TRUE(readable(ring));
        EXPECT_TRUE(ring.try_push(1));
    }
}

TYPED_TEST(asleep_without_credit, a_producer_is_woken_by_the_request_that_completes_a_grant) {
    const auto make = [this] { return this->ring_after(4, 4); };
    const std::vector<named_act<TypeParam>> acts{{"four of one",
                                                  [](TypeParam& r) {
                                                      for (int i = 0; i < 4; ++i) r.request(1);
                                                  }},
                                                 {"one, then unbounded",
                                                  [](TypeParam& r) {
                                                      r.request(1);
                                                      r.request(unbounded);
                                                  }},
                                                 {"one, then a pop that finds nothing",
                                                  [](TypeParam& r) {
                                                      r.request(1);
                                                      while (r.try_pop()) continue;
                                                  }},
                                                 {"one after a pop that found nothing", [](TypeParam& r) {
                                                      while (r.try_pop()) continue;
                                                      r.request(1);
                                                  }}};
    each_wakes(make, push<TypeParam>, acts);
}

TYPED_TEST(asleep_without_credit, all_producers_are_woken_by_a_request_for_all_of_them) {
    if constexpr (TypeParam::has_many_producers) {
        for (const std::uint64_t n : {std::uint64_t{3}, std::uint64_t{8}, unbounded}) {
            SCOPED_TRACE("request " + std::to_string(n));
            const auto ring = this->ring_after(0);
            const auto push_one = [&] { return push(*ring); };
            sleeper first(push_one);
            sleeper second(push_one);
            sleeper third(push_one);
            weir_test::until_asleep({first.tid(), second.tid(), third.tid()});
            ring->request(n);
            const bool woken = first.is_done_within(ages) && second.is_done_within(ages) && third.is_done_within(ages);
            ring->close();
            ASSERT_TRUE(woken) << "one sleeps on";
            EXPECT_EQ(ring->size_approx(), 3U);
        }
    }
}

TYPED_TEST(asleep_without_credit, one_producer_is_woken_for_one_requested_item) {
    if constexpr (TypeParam::has_many_producers) {
        const auto ring = this->ring_after(0);
        const auto push_one = [&] { return push(*ring); };
        sleeper first(push_one);
        sleeper second(push_one);
        weir_test::until_asleep({first.tid(), second.tid()});
        ring->request(1);
        int out = 0;
        if (ring->pop_for(out, ages) != status::success) {
            ring->close();
            FAIL() << "both sleep on";
        }
        while (!first.is_done() && !second.is_done()) std::this_thread::yield();
        weir_test::until_asleep({first.is_done() ? second.tid() : first.tid()});
        EXPECT_NE(first.is_done(), second.is_done());
        ring->request(1);
        EXPECT_TRUE(first.is_done_within(ages));
        EXPECT_TRUE(second.is_done_within(ages));
        ring->close();
    }
}

}  // namespace
