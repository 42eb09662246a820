// SPDX-License-Identifier: MIT
//
// Statistics of a ring: exact where they can be, free where they are off, and readable by anybody at any time.
#include "weir/stats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"
#include "weir/stats_text.hpp"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using weir::status;
namespace stats = weir::stats;

template <class Ring>
class ring_stats : public testing::Test {};
using rings = testing::Types<weir::spsc_ring<int, stats::on>, weir::mpmc_ring<int, stats::on>,
                             weir::strict_mpmc_ring<int, stats::on>>;
TYPED_TEST_SUITE(ring_stats, rings);

TYPED_TEST(ring_stats, count_each_answer) {
    TypeParam ring(4);
    int out = 0;
    EXPECT_EQ(ring.try_pop(out), status::empty);
    EXPECT_EQ(ring.try_pop(), std::nullopt);
    const std::array<int, 6> items{1, 2, 3, 4, 5, 6};
    EXPECT_EQ(ring.try_push_n(items), 4U);
    EXPECT_EQ(ring.try_push_n(items), 0U);
    EXPECT_EQ(ring.try_push(7), status::full);
    EXPECT_EQ(ring.push_for(7, 1us), status::timeout);
    std::array<int, 3> outs{};
    EXPECT_EQ(ring.try_pop_n(outs), 3U);
    EXPECT_TRUE(ring.push(8));
    EXPECT_EQ(ring.consume([](int&) noexcept {}), 2U);
    EXPECT_EQ(ring.consume([](int&) noexcept {}), 0U);
    EXPECT_EQ(ring.pop_for(out, 1us), status::timeout);
    ring.close();
    EXPECT_EQ(ring.try_push(9), status::closed);
    EXPECT_EQ(ring.push(9), status::closed);
    EXPECT_EQ(ring.pop(out), status::closed);

    const stats::snapshot s = ring.snapshot();
    EXPECT_EQ(s.capacity_items, 4U);
    EXPECT_EQ(s.queued_items, 0U);
    EXPECT_EQ(s.producer.pushed, 5U);
    EXPECT_EQ(s.producer.full, 3U) << "a batch, a try and one that waited, once each";
    EXPECT_EQ(s.producer.no_credit, 0U);
    EXPECT_EQ(s.producer.busy, 0U);
    EXPECT_EQ(s.producer.closed, 2U);
    EXPECT_EQ(s.producer.timeout, 1U);
    EXPECT_EQ(s.consumer.popped, 5U);
    EXPECT_EQ(s.consumer.empty, 4U);
    EXPECT_EQ(s.consumer.closed, 1U);
    EXPECT_EQ(s.consumer.timeout, 1U);
    EXPECT_EQ(s.producer.high_water_items, 4U);
}

TYPED_TEST(ring_stats, measure_the_time_from_full_to_the_next_push) {
    TypeParam ring(1);
    EXPECT_TRUE(ring.try_push(1));
    EXPECT_EQ(ring.snapshot().producer.full_ns, 0U);
    EXPECT_EQ(ring.try_push(2), status::full);
    std::this_thread::sleep_for(2ms);
    const std::uint64_t amid = ring.snapshot().producer.full_ns;
    EXPECT_GE(amid, 2'000'000U) << "it still is";
    EXPECT_EQ(ring.try_push(2), status::full);
    EXPECT_GE(ring.snapshot().producer.full_ns, amid) << "no number goes back";
    EXPECT_EQ(ring.try_pop(), 1);
    EXPECT_TRUE(ring.try_push(2));
    const std::uint64_t after = ring.snapshot().producer.full_ns;
    EXPECT_GE(after, amid);
    std::this_thread::sleep_for(1ms);
    EXPECT_EQ(ring.snapshot().producer.full_ns, after);
    EXPECT_EQ(ring.snapshot().consumer.empty_ns, 0U);
}

TYPED_TEST(ring_stats, count_who_slept_and_who_woke) {
    TypeParam ring(1);
    std::thread consumer([&] { EXPECT_EQ(ring.pop(), 1); });
    while (ring.snapshot().consumer.parks == 0) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(ring.push(1));
    consumer.join();
    const stats::snapshot s = ring.snapshot();
    EXPECT_GE(s.consumer.parks, 1U);
    EXPECT_EQ(s.consumer.empty, 1U);
    EXPECT_GT(s.consumer.empty_ns, 0U);
    EXPECT_LE(s.producer.wakes, s.consumer.parks);
    EXPECT_EQ(s.producer.parks, 0U);
}

TEST(spsc_stats, count_no_wake_up_where_waiters_look_by_themselves) {
    const auto wakes = [](auto ring) {
        (void)ring->try_push(1);
        (void)ring->try_pop();
        const auto s = ring->snapshot();
        return s.producer.wakes + s.consumer.wakes;
    };
    EXPECT_EQ(wakes(std::make_unique<weir::spsc_ring<int, weir::wait::spin, stats::on>>(1)), 0U);
    EXPECT_EQ(wakes(std::make_unique<weir::spsc_ring<int, weir::wait::yield, stats::on>>(1)), 0U);
    EXPECT_EQ(wakes(std::make_unique<weir::spsc_ring<int, weir::wait::sleep, stats::on>>(1)), 0U);
    EXPECT_EQ(wakes(std::make_unique<weir::spsc_ring<int, stats::on>>(1)), 0U);
}

TEST(spsc_stats, count_the_naps_of_a_wait_that_gives_up) {
    weir::spsc_ring<int, weir::wait::sleep, stats::on> ring(1);
    int out = 0;
    EXPECT_EQ(ring.pop_for(out, 2ms), weir::status::timeout);
    EXPECT_GE(ring.snapshot().consumer.parks, 1U);
    EXPECT_EQ(ring.snapshot().consumer.timeout, 1U);
}

TEST(spsc_stats, count_a_shortage_once_for_each_call_that_waits_in_whatever_form) {
    weir::spsc_ring<int, stats::on> ring(1);
    constexpr std::chrono::steady_clock::time_point long_past{};
    int out = 0;
    EXPECT_EQ(ring.pop_until(out, long_past), weir::status::timeout);
    EXPECT_EQ(ring.pop_for(out, 1ns), weir::status::timeout);
    EXPECT_EQ(ring.consume_one_until([](int&) {}, long_past), weir::status::timeout);
    EXPECT_EQ(ring.pop_unless(out, [] { return true; }), weir::status::empty);
    EXPECT_EQ(ring.snapshot().consumer.empty, 4U);
    EXPECT_EQ(ring.snapshot().consumer.timeout, 3U);
    ASSERT_TRUE(ring.try_push(1));
    const int more = 2;
    EXPECT_EQ(ring.push_until(more, long_past), weir::status::timeout);
    EXPECT_EQ(ring.push_until(3, long_past), weir::status::timeout);
    EXPECT_EQ(ring.push_for(more, 1ns), weir::status::timeout);
    EXPECT_EQ(ring.push_unless(more, [] { return true; }), weir::status::full);
    EXPECT_EQ(ring.snapshot().producer.full, 4U);
    EXPECT_EQ(ring.snapshot().producer.timeout, 3U);
}

TEST(spsc_stats, the_high_water_mark_is_exact_after_each_push) {
    weir::spsc_ring<int, weir::wait::spin, stats::on> ring(100);
    std::uint64_t highest = 0;
    for (const int level : {3, 1, 40, 2, 39, 41, 7, 90}) {
        for (int i = 0; i < level; ++i) {
            ASSERT_TRUE(ring.try_push(i));
            highest = std::max<std::uint64_t>(highest, ring.size_approx());
            ASSERT_EQ(ring.snapshot().producer.high_water_items, highest);
            if (i % 3 == 0) {
                ASSERT_TRUE(ring.try_pop().has_value());
            }
        }
        while (ring.try_pop()) {
        }
    }
}

TEST(spsc_stats, count_access_in_place) {
    weir::spsc_ring<int, stats::on> ring(4);
    {
        auto slots = ring.try_reserve(4);
        slots.append(std::array<int, 3>{1, 2, 3}.begin(), 3);
        slots.commit(3);
    }
    {
        auto items = ring.try_peek(9);
        items.release(2);
    }
    EXPECT_EQ(ring.snapshot().producer.pushed, 3U);
    EXPECT_EQ(ring.snapshot().consumer.popped, 2U);
}

TYPED_TEST(ring_stats, are_exact_when_all_is_quiet_and_never_go_back) {
    TypeParam ring(16);
    constexpr bool many = TypeParam::has_many_producers;
    const std::uint64_t each = weir_test::rounds(20'000);
    const unsigned threads = many ? 3 : 1;
    std::atomic<bool> over{false};
    std::thread reader([&] {
        stats::snapshot before;
        while (!over) {
            const stats::snapshot now = ring.snapshot();
            EXPECT_GE(now.producer.pushed, before.producer.pushed);
            EXPECT_GE(now.producer.full, before.producer.full);
            EXPECT_GE(now.producer.full_ns, before.producer.full_ns);
            EXPECT_GE(now.producer.high_water_items, before.producer.high_water_items);
            EXPECT_LE(now.producer.high_water_items, now.capacity_items);
            EXPECT_LE(now.queued_items, now.capacity_items);
            EXPECT_GE(now.consumer.popped, before.consumer.popped);
            EXPECT_GE(now.consumer.empty_ns, before.consumer.empty_ns);
            before = now;
            std::this_thread::sleep_for(20us);
        }
    });
    std::vector<std::thread> workers;
    std::atomic<std::uint64_t> popped{0};
    for (unsigned i = 0; i < threads; ++i) {
        workers.emplace_back([&] {
            for (std::uint64_t n = 0; n < each; ++n) EXPECT_TRUE(ring.push(1));
        });
        workers.emplace_back([&] {
            int out = 0;
            while (ring.pop(out)) ++popped;
        });
    }
    for (unsigned i = 0; i < threads; ++i) workers[2 * i].join();
    ring.close();
    for (unsigned i = 0; i < threads; ++i) workers[2 * i + 1].join();
    over = true;
    reader.join();
    const stats::snapshot s = ring.snapshot();
    EXPECT_EQ(s.producer.pushed, each * threads);
    EXPECT_EQ(s.consumer.popped, each * threads);
    EXPECT_EQ(popped, each * threads);
    EXPECT_EQ(s.consumer.closed, threads);
}

TEST(stats, that_are_off_take_no_room) {
    using off = weir::spsc_ring<int, weir::wait::park>;
    using on = weir::spsc_ring<int, stats::on>;
    // Lots of wait::park fill whole lines, so that whatever came after them would show.
    using lot = weir::wait::park::lot;
    using core = weir::detail::spsc_core<int, weir::storage::heap, std::uint64_t>;
    static_assert(sizeof(off) == sizeof(core) + 2 * sizeof(lot));
    static_assert(sizeof(on) > sizeof(off));
    static_assert(!off::keeps_statistics && on::keeps_statistics);
    static_assert(std::is_empty_v<stats::off::ledger<0, true>>);
}

// ---- text ----------------------------------------------------------------------------------------------------

stats::snapshot example() {
    stats::snapshot s;
    s.capacity_items = 8;
    s.queued_items = 3;
    s.producer.pushed = 1003;
    s.producer.full = 7;
    s.producer.full_ns = 1'500'000'042;
    s.producer.high_water_items = 8;
    s.consumer.popped = 1000;
    return s;
}
weir::overflow::ledger example_ledger() {
    weir::overflow::ledger l;
    l.offered = 12;
    l.refused = 2;
    l.delivered = 4;
    l.queued = 1;
    l.lost_oldest = 3;
    l.lost_late = 2;
    return l;
}

TEST(stats_text, tells_people_what_is_not_zero) {
    EXPECT_EQ(weir::to_text(example()),
              "ring      3 of 8 items queued\n"
              "producer  pushed 1003  full 7  high_water_items 8  full_ns 1500000042\n"
              "consumer  popped 1000\n");
    EXPECT_EQ(weir::to_text(example_ledger()),
              "items  offered 12  refused 2  delivered 4  queued 1  lost_oldest 3  lost_late 2\n"
              "10 accepted = 4 delivered + 1 queued + 5 lost\n");
}

TEST(stats_text, makes_json_of_every_number) {
    EXPECT_EQ(
        weir::to_json(example()),
        R"({"capacity_items": 8, "queued_items": 3, "producer": {"pushed": 1003, "full": 7, "no_credit": 0, "busy": 0, )"
        R"("closed": 0, "timeout": 0, "parks": 0, "wakes": 0, "high_water_items": 8, "full_ns": 1500000042, )"
        R"("no_credit_ns": 0}, "consumer": {"popped": 1000, "empty": 0, "busy": 0, "closed": 0, "timeout": 0, )"
        R"("parks": 0, "wakes": 0, "empty_ns": 0}})");
    EXPECT_THAT(weir::to_json(example_ledger()), HasSubstr(R"("lost_oldest": 3, "lost_sampled": 0)"));
}

/// What a scraper would read: the value of each sample by its name and labels. Fails where the format is broken.
std::map<std::string, std::string> scrape(const std::string& page) {
    static const std::regex head(R"(# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))");
    static const std::regex sample(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\} ([0-9]+(?:\.[0-9]+)?))re");
    std::map<std::string, std::string> values, types;
    std::string family;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        std::smatch m;
        if (std::regex_match(line, m, head)) {
            if (m[1] == "HELP") {
                EXPECT_FALSE(types.contains(m[2])) << m[2] << " comes twice";
                family = m[2];
            } else {
                EXPECT_EQ(m[2], family) << "TYPE follows its HELP";
                EXPECT_TRUE(m[3] == "counter" || m[3] == "gauge") << line;
                EXPECT_EQ(m[3] == "counter", family.ends_with("_total")) << line;
                types[family] = m[3];
            }
        } else if (std::regex_match(line, m, sample)) {
            EXPECT_EQ(m[1], family) << "the samples of a metric stand together";
            EXPECT_TRUE(types.contains(m[1])) << line;
            EXPECT_TRUE(values.emplace(m[1].str() + "{" + m[2].str() + "}", m[3]).second) << "twice: " << line;
        } else {
            ADD_FAILURE() << "neither head nor sample: " << line;
        }
    }
    EXPECT_TRUE(page.ends_with('\n'));
    return values;
}

TEST(stats_text, makes_a_page_that_prometheus_reads) {
    const auto values = scrape(weir::to_prometheus({{"feed", example()}, {"orders", {}}}));
    EXPECT_EQ(values.at(R"(weir_ring_pushed_items_total{ring="feed"})"), "1003");
    EXPECT_EQ(values.at(R"(weir_ring_pushed_items_total{ring="orders"})"), "0");
    EXPECT_EQ(values.at(R"(weir_ring_refusals_total{ring="feed",end="producer",cause="full"})"), "7");
    EXPECT_EQ(values.at(R"(weir_ring_short_seconds_total{ring="feed",end="producer",cause="full"})"), "1.500000042");
    EXPECT_EQ(values.at(R"(weir_ring_queued_items{ring="feed"})"), "3");

    const auto losses = scrape(weir::to_prometheus({{"feed", example_ledger()}}));
    EXPECT_EQ(losses.at(R"(weir_overflow_lost_items_total{ring="feed",cause="oldest"})"), "3");
    EXPECT_EQ(losses.at(R"(weir_overflow_offered_items_total{ring="feed"})"), "12");
}

TEST(stats_text, escapes_any_label) {
    const auto values = scrape(weir::to_prometheus({{"a\"b\\c\nd,e}", example()}}));
    EXPECT_EQ(values.at(R"(weir_ring_queued_items{ring="a\"b\\c\nd,e}"})"), "3");
}

}  // namespace
