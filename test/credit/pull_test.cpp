// SPDX-License-Identifier: MIT
//
// The rules of credit on request, on every ring that has it: what is delivered never exceeds what was asked for, and
// who is refused is told the true reason.
#include "weir/pull.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/refusal.hpp"
#include "test/support/wait_support.hpp"
#include "weir/stop.hpp"

#if defined(__linux__)
#include <poll.h>
#endif

namespace {

using weir::status;
using weir::pull::grant_every;
using weir::pull::unbounded;
using word = std::uint64_t;

struct spsc {
    template <class Wait>
    using ring = weir::pull::spsc_ring<word, Wait>;
};
struct spsc_8_bit {
    template <class Wait>
    using ring = weir::pull::spsc_ring<word, Wait, std::uint8_t>;
};
struct mpmc {
    template <class Wait>
    using ring = weir::pull::mpmc_ring<word, Wait>;
};
struct mpmc_8_bit {
    template <class Wait>
    using ring = weir::pull::mpmc_ring<word, Wait, std::uint8_t>;
};
struct strict {
    template <class Wait>
    using ring = weir::pull::strict_mpmc_ring<word, Wait>;
};
struct strict_narrow {
    template <class Wait>
    using ring = weir::pull::strict_mpmc_ring<word, Wait, std::uint16_t, weir::max_threads<8>>;
};

struct kind_names {
    template <class Kind>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Kind, spsc>) return "spsc";
        if constexpr (std::is_same_v<Kind, spsc_8_bit>) return "spsc_8_bit";
        if constexpr (std::is_same_v<Kind, mpmc>) return "mpmc";
        if constexpr (std::is_same_v<Kind, mpmc_8_bit>) return "mpmc_8_bit";
        if constexpr (std::is_same_v<Kind, strict>) return "strict";
        if constexpr (std::is_same_v<Kind, strict_narrow>) return "strict_narrow";
        return "unnamed";
    }
};
using every_kind = testing::Types<spsc, spsc_8_bit, mpmc, mpmc_8_bit, strict, strict_narrow>;

constexpr std::array<std::size_t, 5> capacities{1, 2, 7, 10, 100};

template <class Kind>
class pull : public testing::Test {
protected:
    using ring_type = typename Kind::template ring<weir::wait::park>;

    // Every capacity that is interesting, from every start that is.
    template <class Test>
    static void for_each_ring(Test test) {
        for (const std::size_t capacity : capacities) {
            for (const word start : {word{0}, word{0} - 1, word{0} - capacity - 3, (word{1} << 63) - 2}) {
                SCOPED_TRACE("capacity " + std::to_string(capacity) + ", start " + std::to_string(start));
                ring_type ring(capacity, {start});
                test(ring);
            }
        }
    }

    static std::size_t push_all(ring_type& ring) {
        std::size_t pushed = 0;
        while (ring.try_push(pushed)) ++pushed;
        return pushed;
    }
};
TYPED_TEST_SUITE(pull, every_kind, kind_names);

// ---- what is asked for -----------------------------------------------------------------------------------------

TYPED_TEST(pull, lets_nothing_in_before_something_is_asked_for) {
    this->for_each_ring([](auto& ring) {
        EXPECT_EQ(ring.credits(), 0u);
        EXPECT_EQ(ring.try_push(1), status::no_credit);
        const std::array<word, 3> items{};
        EXPECT_EQ(ring.try_push_n(items), 0u);
        if constexpr (std::decay_t<decltype(ring)>::has_contiguous_slots) {
            EXPECT_TRUE(ring.try_reserve(1).empty());
        }
        EXPECT_FALSE(ring.try_pop().has_value());
        EXPECT_EQ(ring.size_approx(), 0u);
    });
}

TYPED_TEST(pull, admits_exactly_the_requested_items) {
    this->for_each_ring([&](auto& ring) {
        for (int lap = 0; lap < 40; ++lap) {
            const std::size_t asked = 1 + static_cast<std::size_t>(lap) % ring.capacity();
            ring.request(asked);
            EXPECT_EQ(ring.credits(), asked);
            ASSERT_EQ(this->push_all(ring), asked);
            EXPECT_EQ(ring.credits(), 0u);
            ASSERT_EQ(ring.try_push(9), asked == ring.capacity() ? status::full : status::no_credit);
            for (std::size_t i = 0; i < asked; ++i) ASSERT_EQ(ring.try_pop(), std::optional<word>(i));
            ASSERT_EQ(ring.try_push(9), status::no_credit) << "popping alone grants nothing";
        }
    });
}

TYPED_TEST(pull, adds_demands_up) {
    this->for_each_ring([&](auto& ring) {
        word asked = 0;
        for (const word n : {1U, 2U, 3U}) {
            ring.request(n);
            asked += n;
            EXPECT_EQ(ring.credits(), std::min<word>(asked, ring.capacity()));
        }
        word delivered = 0;
        for (int turn = 0; turn < 8; ++turn) {
            delivered += this->push_all(ring);
            while (ring.try_pop()) {
            }
        }
        EXPECT_EQ(delivered, asked) << "what had no room at first is not forgotten";
    });
}

TYPED_TEST(pull, respects_the_capacity_whatever_is_asked_for) {
    for (const word demand : {unbounded, unbounded - 1, word{1} << 63, word{1} << 62, word{1000}}) {
        SCOPED_TRACE(demand);
        this->for_each_ring([&](auto& ring) {
            ring.request(demand);
            ring.request(demand);
            ASSERT_EQ(ring.credits(), ring.capacity());
            ASSERT_EQ(this->push_all(ring), ring.capacity());
            for (int i = 0; i < 300; ++i) {
                ASSERT_EQ(ring.try_push(1), status::full);
                ASSERT_TRUE(ring.try_pop().has_value());
                ASSERT_EQ(ring.try_push(1), status::success) << "fill, pop one, push one";
            }
        });
    }
}

TYPED_TEST(pull, huge_requests_add_up_to_a_demand_without_end) {
    this->for_each_ring([&](auto& ring) {
        for (int i = 0; i < 16; ++i) ring.request(std::uint64_t{1} << 60);
        EXPECT_EQ(this->push_all(ring), ring.capacity());
        EXPECT_EQ(ring.try_push(0), status::full);
    });
}

TYPED_TEST(pull, saturates_at_unbounded_and_stays_there) {
    this->for_each_ring([&](auto& ring) {
        ring.request(unbounded - 5);
        ring.request(unbounded - 5);
        ring.request(1);
        word delivered = 0;
        while (delivered < 1000) {
            delivered += this->push_all(ring);
            EXPECT_EQ(ring.try_push(0), status::full) << "no demand is without end but this";
            while (ring.try_pop()) {
            }
        }
    });
}

TYPED_TEST(pull, is_without_end_also_when_less_was_asked_for_before) {
    this->for_each_ring([&](auto& ring) {
        ring.request(5);
        ring.request(unbounded);
        for (word delivered = 0; delivered < 100;) {
            const word pushed = this->push_all(ring);
            ASSERT_EQ(pushed, ring.capacity());
            delivered += pushed;
            while (ring.try_pop()) {
            }
        }
    });
}

TYPED_TEST(pull, tells_full_from_no_credit) {
    this->for_each_ring([&](auto& ring) {
        const std::size_t capacity = ring.capacity();
        ring.request(capacity);
        ASSERT_EQ(this->push_all(ring), capacity);
        EXPECT_EQ(ring.try_push(1), status::full) << "neither room nor credit is full";
        ring.request(2);
        EXPECT_EQ(ring.try_push(1), status::full) << "credit without room is full";
        ASSERT_TRUE(ring.try_pop().has_value());
        EXPECT_EQ(ring.try_push(1), status::success) << "room and credit";
        EXPECT_EQ(ring.try_push(1), status::full);
        ASSERT_TRUE(ring.try_pop().has_value());
        EXPECT_EQ(ring.try_push(1), status::success);
        ASSERT_TRUE(ring.try_pop().has_value());
        EXPECT_EQ(ring.try_push(1), status::no_credit) << "room without credit";
        EXPECT_EQ(ring.credits(), 0u);
    });
}

TYPED_TEST(pull, bounds_items_under_way_by_the_request) {
    // The consumer asks as it finishes: what it holds in its hands counts as what is queued does.
    this->for_each_ring([&](auto& ring) {
        const std::size_t window = (ring.capacity() + 1) / 2;
        ring.request(window);
        std::vector<word> in_hand;
        std::mt19937 random(1);
        for (int i = 0; i < 500; ++i) {
            (void)this->push_all(ring);
            ASSERT_EQ(ring.size_approx() + in_hand.size(), window);
            if (auto item = ring.try_pop()) in_hand.push_back(*item);
            if (!in_hand.empty() && random() % 2 == 0) {
                in_hand.pop_back();
                ring.request(1);
            }
        }
    });
}

TYPED_TEST(pull, admits_the_requested_items_in_batches) {
    this->for_each_ring([&](auto& ring) {
        std::vector<word> items(2 * ring.capacity());
        for (int lap = 0; lap < 40; ++lap) {
            const std::size_t asked = 1 + static_cast<std::size_t>(lap) % ring.capacity();
            ring.request(asked);
            ASSERT_EQ(ring.try_push_n(items), asked);
            ASSERT_EQ(ring.try_push_n(items), 0u);
            ASSERT_EQ(ring.try_pop_n(items), asked);
            ring.request(asked);
            if constexpr (std::decay_t<decltype(ring)>::has_contiguous_slots) {
                auto slots = ring.try_reserve(items.size());
                ASSERT_EQ(slots.size(), asked);
                slots.commit(asked - 1);
            } else {
                ASSERT_EQ(ring.try_push_n(std::span(items).first(asked - 1)), asked - 1);
            }
            EXPECT_EQ(ring.credits(), 1u) << "what is not used of it stays";
            ASSERT_TRUE(ring.try_push(1));
            ASSERT_EQ(ring.consume([](word) {}), asked);
        }
    });
}

TYPED_TEST(pull, may_be_asked_for_more_while_items_are_visited) {
    typename TestFixture::ring_type ring(4);
    ring.request(4);
    ASSERT_EQ(this->push_all(ring), 4u);
    int visits = 0;
    EXPECT_EQ(ring.consume([&](word) {
        if (++visits % 2 == 0) ring.request(1);
    }),
              4u);
    EXPECT_EQ(visits, 4) << "a request brings no item by itself";
    EXPECT_EQ(ring.credits(), 2u);
}

TYPED_TEST(pull, after_the_close_takes_no_notice_of_requests) {
    this->for_each_ring([](auto& ring) {
        ring.request(1);
        ASSERT_TRUE(ring.try_push(5));
        ring.close();
        for (const word n : {word{1}, word{3}, unbounded}) {
            ring.request(n);
            EXPECT_EQ(ring.credits(), 0u);
            EXPECT_EQ(ring.try_push(6), status::closed);
        }
        word out = 0;
        EXPECT_EQ(ring.try_pop(out), status::success) << "what was accepted is delivered";
        EXPECT_EQ(ring.try_pop(out), status::closed);
        EXPECT_EQ(ring.size_approx(), 0u);
    });
}

// Against the rules, one operation after the other.
TYPED_TEST(pull, keeps_the_rules_at_every_step_of_random_grants) {
    for (const std::size_t capacity : capacities) {
        for (const std::size_t every : {std::size_t{1}, capacity / 2 + 1, capacity}) {
            SCOPED_TRACE("capacity " + std::to_string(capacity) + ", a grant every " + std::to_string(every));
            typename TestFixture::ring_type ring(capacity, grant_every{every}, {word{0} - 50});
            std::mt19937 random(static_cast<unsigned>(capacity));
            word requested = 0, pushed = 0, popped = 0;
            for (int step = 0; step < 4000; ++step) {
                switch (random() % 3) {
                case 0: {
                    const word n = 1 + random() % capacity;
                    ring.request(n);
                    requested += n;
                    break;
                }
                case 1: {
                    const status answer = ring.try_push(pushed);
                    const bool has_room = pushed - popped < capacity;
                    if (answer == status::success) {
                        ++pushed;
                    } else if (answer == status::full) {
                        ASSERT_FALSE(has_room);
                    } else {
                        ASSERT_EQ(answer, status::no_credit);
                        ASSERT_TRUE(has_room);
                        // Held back is less than one grant, and only while there is an item.
                        ASSERT_LT(requested - pushed, every);
                        ASSERT_TRUE(requested == pushed || pushed != popped);
                    }
                    break;
                }
                default:
                    if (const auto item = ring.try_pop()) {
                        ASSERT_EQ(*item, popped++);
                    } else {
                        ASSERT_EQ(pushed, popped);
                        ASSERT_EQ(ring.credits(), std::min<word>(requested - pushed, capacity)) << "flushed";
                    }
                }
                ASSERT_LE(pushed, requested);
                ASSERT_LE(pushed - popped, capacity);
                ASSERT_LE(ring.credits(), std::min<word>(requested - pushed, capacity));
            }
            EXPECT_GT(pushed, 500u);
        }
    }
}

TEST(pull_storage, may_be_inside_the_ring) {
    weir::pull::spsc_ring<int, weir::wait::park, weir::stats::off, weir::storage::fixed<4>> ring;
    ring.request(1);
    EXPECT_EQ(ring.credits(), 1u);
    weir::pull::mpmc_ring<int, weir::wait::spin, weir::stats::off, weir::storage::fixed<4>> shared(grant_every{2},
                                                                                                   {word{0} - 1});
    shared.request(unbounded);
    EXPECT_EQ(shared.credits(), 4u);
}

// ---- grants of several at once -----------------------------------------------------------------------------------

TYPED_TEST(pull, grants_at_once_while_there_is_no_item_to_pop) {
    typename TestFixture::ring_type ring(10, grant_every{4});
    ring.request(1);
    EXPECT_EQ(ring.credits(), 1u) << "else nobody would ever go on";
}

TYPED_TEST(pull, holds_grants_back_until_they_amount_to_the_threshold) {
    typename TestFixture::ring_type ring(10, grant_every{4});
    ring.request(6);
    ASSERT_EQ(this->push_all(ring), 6u);
    ASSERT_TRUE(ring.try_pop().has_value());
    for (int i = 0; i < 3; ++i) {
        ring.request(1);
        EXPECT_EQ(ring.credits(), 0u);
        EXPECT_EQ(ring.try_push(1), status::no_credit);
    }
    ring.request(1);
    EXPECT_EQ(ring.credits(), 4u);
    ASSERT_EQ(this->push_all(ring), 4u);
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(ring.try_pop().has_value());
    ring.request(20);
    ASSERT_EQ(this->push_all(ring), 10u) << "as many as there is room for";
    ASSERT_TRUE(ring.try_pop().has_value());
    ring.request(1);
    EXPECT_EQ(ring.credits(), 1u) << "what was asked for before goes on";
}

TYPED_TEST(pull, grants_withheld_credit_before_it_reports_empty) {
    const auto flushes_on = [](auto look) {
        typename TestFixture::ring_type ring(10, grant_every{10});
        ring.request(3);
        for (word i = 0; i < 3; ++i) ASSERT_TRUE(ring.try_push(i));
        ASSERT_TRUE(ring.try_pop().has_value());
        ring.request(2);
        while (ring.size_approx() > 0) {
            ASSERT_EQ(ring.credits(), 0u);
            ASSERT_TRUE(ring.try_pop().has_value());
        }
        look(ring);
        EXPECT_EQ(ring.credits(), 2u);
    };
    word out = 0;
    std::array<word, 3> many{};
    flushes_on([&](auto& ring) { EXPECT_EQ(ring.try_pop(out), status::empty); });
    flushes_on([&](auto& ring) { EXPECT_FALSE(ring.try_pop().has_value()); });
    flushes_on([&](auto& ring) { EXPECT_EQ(ring.try_pop_n(many), 0u); });
    flushes_on([&](auto& ring) { EXPECT_EQ(ring.consume([](word) {}), 0u); });
    flushes_on([&](auto& ring) { EXPECT_EQ(ring.pop_for(out, std::chrono::microseconds(1)), status::timeout); });
    flushes_on([&](auto& ring) { EXPECT_EQ(ring.pop_unless(out, [] { return true; }), status::empty); });
    if constexpr (TestFixture::ring_type::has_contiguous_slots) {
        flushes_on([&](auto& ring) { EXPECT_TRUE(ring.try_peek(1).empty()); });
    }
}

TYPED_TEST(pull, gives_freed_slots_back_one_by_one_whatever_the_threshold) {
    typename TestFixture::ring_type ring(4, grant_every{4});
    ring.request(unbounded);
    ASSERT_EQ(this->push_all(ring), 4u);
    for (word i = 0; i < 20; ++i) {
        ASSERT_TRUE(ring.try_pop().has_value());
        ASSERT_EQ(ring.try_push(i), status::success) << "full is always true when it is said";
        ASSERT_EQ(ring.try_push(i), status::full);
    }
}

#if defined(__cpp_exceptions)
using weir_test::refusal;

TYPED_TEST(pull, refuses_the_impossible_with_a_sentence) {
    using type = typename TestFixture::ring_type;
    type ring(10);
    EXPECT_EQ(refusal([&] { ring.request(0); }), "weir: request(0) asks for no item; ask for 1 or more, or do not ask");
    EXPECT_EQ(ring.credits(), 0u);
    EXPECT_EQ(refusal([] { type(10, grant_every{11}); }),
              "weir: a ring of capacity 10 never has credit for 11 items to grant at once; choose 1 to 10");
    EXPECT_NE(refusal([] { type(10, grant_every{0}); }).find("choose 1 to 10"), std::string::npos);
    EXPECT_NE(refusal([] { type(0, grant_every{1}); }).find("capacity 0 is impossible"), std::string::npos);
}
#endif

// ---- threads -----------------------------------------------------------------------------------------------------

/// Producers push as fast as they are let, and a consumer asks, pops and samples: never more is out, or inside, than
/// was asked for by then; and in the end exactly that.
template <class Ring>
void random_grants(std::size_t capacity, std::size_t every, word total) {
    Ring ring(capacity, grant_every{every}, {word{0} - total / 2});
    std::atomic<word> requested{0};
    word popped = 0;
    const weir_test::watchdog dog([&] { return requested.load(); },
                                  [&] { return std::to_string(requested.load()) + " requested"; });
    std::vector<std::thread> producers;
    std::atomic<word> accepted{0};
    for (unsigned p = 0; p < (Ring::has_many_producers ? 3 : 1); ++p) {
        producers.emplace_back([&, p] {
            weir_test::numbers numbers(p + 1);
            std::array<word, 3> items{};
            for (;;) {
                std::size_t pushed = 0;
                if (numbers.below(3) == 0) {
                    pushed = ring.try_push_n(items);
                } else {
                    const status answer = numbers.below(2) == 0 ? ring.push(1) : ring.try_push(1);
                    if (answer == status::closed) break;
                    pushed = answer == status::success ? 1 : 0;
                }
                accepted += pushed;
                if (pushed == 0) std::this_thread::yield();
            }
        });
    }
    weir_test::numbers numbers(99);
    word asked = 0;
    const auto sample = [&] {
        ASSERT_LE(popped + ring.size_approx(), asked);
        ASSERT_LE(accepted.load(), asked);
        ASSERT_LE(ring.size_approx(), capacity);
    };
    while (popped < total) {
        if (asked < total && (asked == popped || numbers.below(3) == 0)) {
            const word n = std::min(total - asked, 1 + numbers.below(capacity + 2));
            asked += n;
            requested = asked;
            ring.request(n);
        }
        sample();
        if (numbers.below(8) == 0) {
            (void)ring.pop();  // there is demand, or an item: so one comes
            ++popped;
        } else {
            popped += ring.consume([](word) noexcept {}, 1 + numbers.below(4));
        }
        if (asked == popped && asked < total) {
            for (int i = 0; i < 3; ++i) ASSERT_FALSE(ring.try_pop().has_value()) << "nothing is asked for";
        }
    }
    sample();
    EXPECT_EQ(ring.size_approx(), 0u);
    ring.close();
    for (auto& thread : producers) thread.join();
    EXPECT_EQ(accepted, total);
}

TYPED_TEST(pull, never_delivers_more_than_was_asked_for) {
    const word total = weir_test::rounds(20'000);
    for (const std::size_t capacity : {1U, 3U, 16U, 100U}) {
        for (const std::size_t every : {std::size_t{1}, capacity / 2 + 1}) {
            random_grants<typename TestFixture::ring_type>(capacity, every, total);
        }
    }
}

// Consumers that each ask for one item as they finish one. What one holds back, another one's empty ring brings out.
TYPED_TEST(pull, keeps_many_consumers_going_that_hold_grants_back) {
    using type = typename TestFixture::ring_type;
    if constexpr (type::has_many_consumers) {
        const word total = weir_test::rounds(20'000);
        constexpr unsigned threads = 3;
        type ring(8, grant_every{6}, {word{0} - 100});
        std::atomic<word> finished{0};
        const weir_test::watchdog dog([&] { return finished.load(); },
                                      [&] { return std::to_string(finished.load()) + " finished"; });
        ring.request(8);
        std::vector<std::thread> consumers;
        for (unsigned c = 0; c < threads; ++c) {
            consumers.emplace_back([&] {
                while (ring.pop()) {
                    ++finished;
                    ring.request(1);
                }
            });
        }
        for (word i = 0; i < total; ++i) ASSERT_EQ(ring.push(i), status::success);
        ring.close();
        for (auto& thread : consumers) thread.join();
        EXPECT_EQ(finished, total);
    }
}

// ---- waiting -----------------------------------------------------------------------------------------------------

template <class Wait>
class pull_wait : public testing::Test {
public:
    // On each kind of ring.
    template <class Test>
    static void for_each_kind(Test test) {
        test.template operator()<mpmc_8_bit::ring<Wait>>();
        if constexpr (weir_test::on_every_ring<Wait>) {
            test.template operator()<spsc::ring<Wait>>();
            test.template operator()<strict::ring<Wait>>();
        }
    }
};
TYPED_TEST_SUITE(pull_wait, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(pull_wait, a_push_without_credit_waits_for_the_request) {
    this->for_each_kind([]<class Ring>() {
        for (int round = 0; round < 20; ++round) {
            Ring ring(4);
            std::atomic<int> pushed{0};
            std::thread producer([&] {
                for (int i = 0; i < 3; ++i) {
                    EXPECT_EQ(ring.push(static_cast<word>(i)), status::success);
                    ++pushed;
                }
            });
            if (round % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
            EXPECT_EQ(pushed, 0);
            ring.request(1);
            EXPECT_EQ(ring.pop(), std::optional<word>(0));
            if (round % 4 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(2));
            EXPECT_LE(pushed, 1);
            ring.request(2);
            EXPECT_EQ(ring.pop(), std::optional<word>(1));
            EXPECT_EQ(ring.pop(), std::optional<word>(2));
            producer.join();
        }
    });
}

TYPED_TEST(pull_wait, a_push_that_waits_for_room_and_credit_gets_both) {
    this->for_each_kind([]<class Ring>() {
        const word total = 2'000;
        Ring ring(2);
        std::thread producer([&] {
            for (word i = 0; i < total; ++i) EXPECT_EQ(ring.push(i), status::success);
        });
        weir_test::numbers numbers(7);
        word asked = 0;
        for (word i = 0; i < total; ++i) {
            if (asked == i || (asked < total && numbers.below(2) == 0)) {
                const word n = std::min(total - asked, 1 + numbers.below(4));
                ring.request(n);
                asked += n;
            }
            ASSERT_EQ(ring.pop(), std::optional<word>(i));
        }
        producer.join();
    });
}

TYPED_TEST(pull_wait, a_pop_grants_withheld_credit_before_it_waits) {
    this->for_each_kind([]<class Ring>() {
        const word total = 300;
        Ring ring(8, grant_every{8});
        ring.request(3);
        std::thread producer([&] {
            for (word i = 0; i < total; ++i) EXPECT_EQ(ring.push(i), status::success);
            ring.close();
        });
        word finished = 0;
        while (const auto item = ring.pop()) {
            EXPECT_EQ(*item, finished++);
            ring.request(1);
        }
        producer.join();
        EXPECT_EQ(finished, total);
    });
}

TYPED_TEST(pull_wait, close_wakes_waiters_for_credit) {
    this->for_each_kind([]<class Ring>() {
        Ring ring(4);
        std::thread producer([&] { EXPECT_EQ(ring.push(1), status::closed); });
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ring.close();
        producer.join();
    });
}

TYPED_TEST(pull_wait, a_wait_for_credit_may_give_up) {
    this->for_each_kind([]<class Ring>() {
        Ring ring(4);
        EXPECT_EQ(ring.push_for(1, std::chrono::milliseconds(1)), status::timeout);
        EXPECT_EQ(ring.push_unless(word{1}, [] { return true; }), status::no_credit);
        std::stop_source stop;
        std::thread producer([&] {
            if constexpr (!Ring::has_many_producers) ring.adopt_producer();
            EXPECT_EQ(weir::push(ring, word{1}, stop.get_token()), status::no_credit);
        });
        stop.request_stop();
        producer.join();
        EXPECT_EQ(ring.size_approx(), 0u);
    });
}

#if defined(__linux__)
bool readable(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

TYPED_TEST(pull, has_a_descriptor_that_is_readable_while_there_may_be_credit_and_room) {
    using event_ring = typename TypeParam::template ring<weir::wait::event>;
    event_ring ring(2);
    EXPECT_FALSE(readable(ring.space_fd())) << "nothing is asked for";
    EXPECT_EQ(ring.try_push(1), status::no_credit);
    EXPECT_FALSE(readable(ring.space_fd()));
    for (int i = 0; i < 3; ++i) {
        ring.request(2);
        EXPECT_TRUE(readable(ring.space_fd()));
        ASSERT_TRUE(ring.try_push(1));
        ASSERT_TRUE(ring.try_push(1));
        EXPECT_TRUE(readable(ring.space_fd())) << "nobody has been refused yet";
        ASSERT_EQ(ring.try_push(1), status::full);
        EXPECT_FALSE(readable(ring.space_fd()));
        ASSERT_TRUE(ring.try_pop().has_value());
        EXPECT_FALSE(readable(ring.space_fd())) << "room without credit wakes nobody";
        ASSERT_EQ(ring.try_push(1), status::no_credit);
        ASSERT_TRUE(ring.try_pop().has_value());
        EXPECT_FALSE(readable(ring.space_fd()));
    }
    ring.request(3);
    ASSERT_TRUE(ring.try_push(1));
    ASSERT_TRUE(ring.try_push(1));
    ASSERT_EQ(ring.try_push(1), status::full);
    EXPECT_FALSE(readable(ring.space_fd()));
    ASSERT_TRUE(ring.try_pop().has_value());
    EXPECT_TRUE(readable(ring.space_fd())) << "the pop made room for what was asked for";
    ring.close();
    EXPECT_EQ(ring.try_push(1), status::closed);
    EXPECT_TRUE(readable(ring.space_fd()));
}
#endif

}  // namespace
