// SPDX-License-Identifier: MIT
//
// What arrives, how pipelines end, and that nobody sleeps through it.
#include "weir/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/pipeline_support.hpp"
#include "test/support/wait_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using testing::ElementsAre;
using weir::pipeline;
using weir::status;
using outcome = weir::pipeline::outcome;

// ---- what arrives ----------------------------------------------------------------------------------------------

TEST(pipeline, delivers_everything_in_order_and_then_ends) {
    std::vector<int> arrived;
    pipeline p;
    const auto feed = p.source<int>("feed", count_to(3000));
    const auto box = p.stage<int, std::unique_ptr<int>>("box", [](int i) { return std::make_unique<int>(i); });
    const auto odd = p.stage<std::unique_ptr<int>, std::unique_ptr<int>>(
        "odd",
        [](std::unique_ptr<int> i) {
            return *i % 2 == 1 ? std::optional(std::move(i)) : std::nullopt;  // a filter
        },
        {.batch = 3});
    const auto pair = p.flat_stage<std::unique_ptr<int>, int>("pair", 2, [](std::unique_ptr<int>&& i, auto& emit) {
        emit(*i - 1);
        emit(*i);
    });
    const auto out = p.sink<int>("out", [&](const int& i) { arrived.push_back(i); }, {.batch = 1});
    p.connect(feed, box, 7);
    p.connect(box, odd, 1);
    p.connect(odd, pair, 100);
    p.connect(pair, out, 2);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, numbers_to(3000));
    EXPECT_EQ(edge(p, "feed", "box").accepted, 3000U);
    EXPECT_EQ(edge(p, "odd", "pair").accepted, 1500U);
    EXPECT_EQ(edge(p, "pair", "out").delivered, 3000U);
    EXPECT_EQ(lost(p), 0U);
    expect_balanced(p);
}

TEST(pipeline, close_delivers_what_was_accepted_and_no_more) {
    std::atomic<int> arrived{0};
    pipeline p;
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto relay = p.stage<int, int>("relay", pass());
    const auto out = p.sink<int>("out", [&](int i) {
        EXPECT_EQ(i, arrived);
        ++arrived;
    });
    p.connect(feed, relay, 10);
    p.connect(relay, out, 10);
    p.run();
    EXPECT_TRUE(eventually([&] { return arrived > 1000; }));
    p.close();
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(edge(p, "feed", "relay").accepted, static_cast<std::uint64_t>(arrived));
    EXPECT_EQ(lost(p), 0U);
    expect_balanced(p);
}

TEST(pipeline, a_source_that_waits_hears_of_the_close_by_its_token) {
    pipeline p;
    const auto feed = p.source<int>("feed", [](std::stop_token stop) -> std::optional<int> {
        while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
        return std::nullopt;
    });
    const auto out = p.sink<int>("out", [](int) {});
    p.connect(feed, out, 1);
    p.run();
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
}

// ---- from outside ----------------------------------------------------------------------------------------------

TEST(pipeline, an_inlet_says_full_at_its_capacity_and_keeps_what_it_refuses) {
    gate frozen;
    std::vector<int> arrived;
    pipeline p;
    const opened_at_end thaw{frozen};
    auto in = p.inlet<std::unique_ptr<int>>("in");
    p.connect(in,
              p.sink<std::unique_ptr<int>>("out",
                                           [&](std::unique_ptr<int> item) {
                                               frozen.wait();
                                               arrived.push_back(*item);
                                           }),
              3);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(in.try_push(std::make_unique<int>(i)), status::success) << "before run()";
    auto refused = std::make_unique<int>(3);
    EXPECT_EQ(in.try_push(std::move(refused)), status::full);
    EXPECT_EQ(in.push_for(std::move(refused), 1ms), status::timeout);
    ASSERT_NE(refused, nullptr);

    p.run();
    EXPECT_EQ(in.push(std::move(refused)), status::success) << "waits for the one that the sink has in hand";
    EXPECT_EQ(in.try_push(std::make_unique<int>(4)), status::full);
    EXPECT_EQ(stage(p, "in").emitted, 4U);
    for (const auto* name : {"in", "out"}) {
        const auto sum = stage(p, name);
        EXPECT_EQ(sum.held + sum.shed + sum.lost, 0U) << name;
    }
    EXPECT_EQ(stage(p, "out").emitted, 0U);
    expect_balanced(p);
    p.close();
    EXPECT_EQ(in.push(std::make_unique<int>(5)), status::closed);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_THAT(arrived, ElementsAre(0, 1, 2, 3));
}

TEST(pipeline, an_inlet_takes_from_many_threads_whatever_it_accepts_before_it_is_closed) {
    constexpr int threads = 3;
    std::array<int, threads> last{};
    std::uint64_t arrived = 0;
    pipeline p;
    auto in = p.inlet<std::pair<int, int>>("in");
    const auto relay = p.stage<std::pair<int, int>, std::pair<int, int>>("relay", [](auto&& item) { return item; });
    const auto out = p.sink<std::pair<int, int>>("out", [&](std::pair<int, int> item) {
        int& before = last[static_cast<std::size_t>(item.first)];
        EXPECT_EQ(item.second, before + 1) << "from thread " << item.first;
        before = item.second;
        ++arrived;
    });
    p.connect(in, relay, 8);
    p.connect(relay, out, 8);
    p.run();
    std::atomic<std::uint64_t> accepted{0};
    std::vector<std::thread> pushers;
    for (int i = 0; i < threads; ++i) {
        pushers.emplace_back([&, i] {
            for (int n = 1; in.push(std::pair(i, n)) == status::success; ++n) ++accepted;
        });
    }
    EXPECT_TRUE(eventually([&] { return accepted > 2000; }));
    in.close();
    for (std::thread& t : pushers) t.join();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, accepted);
    expect_balanced(p);
}

// ---- the ends --------------------------------------------------------------------------------------------------

TEST(pipeline, cancel_ends_everything_though_all_is_full_and_counts_what_is_lost) {
    gate frozen;
    std::atomic<bool> sink_has_one{false};
    pipeline p;
    const opened_at_end thaw{frozen};
    auto in = p.inlet<int>("in");
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto relay = p.stage<int, int>("relay", pass());
    const auto out = p.sink<int>("out", [&](int) {
        sink_has_one = true;
        frozen.wait();
    });
    p.connect(in, relay, 5);
    p.connect(feed, relay, 10);
    p.connect(relay, out, 7);
    p.run();
    std::thread pusher([&] {
        int i = 0;
        while (in.push(i) == status::success) ++i;
    });
    // At rest: the relay has passed on what the last edge holds, its inputs are full again, and the sink has its first.
    EXPECT_TRUE(eventually([&] {
        const auto pushed = edge(p, "in", "relay");
        const auto fed = edge(p, "feed", "relay");
        return sink_has_one && pushed.delivered + fed.delivered == 7 && pushed.accepted == pushed.delivered + 5 &&
               fed.accepted == fed.delivered + 10;
    }));
    p.cancel();
    pusher.join();
    frozen.open();
    EXPECT_EQ(p.join(), outcome::cancelled);
    EXPECT_EQ(edge(p, "in", "relay").lost, 5U);
    EXPECT_EQ(edge(p, "feed", "relay").lost, 10U);
    EXPECT_EQ(edge(p, "relay", "out").lost, 6U) << "all but the one that the sink had in hand";
    EXPECT_EQ(edge(p, "relay", "out").delivered, 1U);
    expect_balanced(p);
    EXPECT_EQ(p.join(), outcome::cancelled) << "again: counts nothing twice";
    EXPECT_EQ(lost(p), 21U);
}

TEST(pipeline, cancel_at_any_moment_accounts_for_each_item_and_destroys_it) {
    weir_test::numbers moments(1);
    const std::uint64_t rounds = weir_test::rounds(200);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto token = std::make_shared<int>(0);
        std::atomic<std::uint64_t> arrived{0};
        {
            pipeline p;
            const auto feed = p.source<std::shared_ptr<int>>("feed", [&] { return std::optional(token); });
            const auto a = p.stage<std::shared_ptr<int>, std::shared_ptr<int>>("a", [](auto item) { return item; });
            const auto b = p.stage<std::shared_ptr<int>, std::shared_ptr<int>>(
                "b", [](auto item) { return item; }, {},
                weir::split::by_key{[n = 0](const auto&) mutable { return n++; }, 0ms});
            const auto out = p.sink<std::shared_ptr<int>>("out", [&](auto&&) { ++arrived; });
            const auto out2 = p.sink<std::shared_ptr<int>>("out 2", [&](auto&&) { ++arrived; });
            p.connect(feed, a, 3);
            p.connect(feed, b, 5);
            p.connect(a, out, 2);
            p.connect(b, out, 2);
            p.connect(b, out2, 1);
            p.run();
            const std::uint64_t enough = moments.below(100);
            const bool by_close = round % 4 == 0;
            ASSERT_TRUE(eventually([&] { return arrived >= enough; }));
            by_close ? p.close() : p.cancel();
            EXPECT_EQ(p.join(), by_close ? outcome::drained : outcome::cancelled);
            expect_balanced(p);
            const std::uint64_t emitted = stage(p, "feed").emitted;
            EXPECT_EQ(edge(p, "feed", "a").accepted, emitted);
            EXPECT_EQ(edge(p, "feed", "b").accepted, emitted);
            EXPECT_EQ(2 * emitted, arrived + lost(p) + stage(p, "b").shed);
        }
        EXPECT_EQ(token.use_count(), 1);
    }
}

TEST(pipeline, a_sink_emits_holds_sheds_and_loses_nothing) {
    pipeline p;
    p.connect(p.source<int>("feed", count_to(7)), p.sink<int>("out", [](int) {}), 3);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    const auto account = stage(p, "out");
    EXPECT_EQ(account.emitted, 0U);
    EXPECT_EQ(account.held, 0U);
    EXPECT_EQ(account.shed, 0U);
    EXPECT_EQ(account.lost, 0U);
}

TEST(pipeline, an_inlet_emits_what_it_accepts_and_holds_sheds_and_loses_nothing) {
    pipeline p;
    auto in = p.inlet<int>("in");
    EXPECT_EQ(stage(p, "in").emitted, 0U) << "it has no output yet";
    p.connect(in, p.sink<int>("out", [](int) {}), 3);
    p.run();
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(in.push(i));
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
    const auto account = stage(p, "in");
    EXPECT_EQ(account.emitted, 7U);
    EXPECT_EQ(account.held, 0U);
    EXPECT_EQ(account.shed, 0U);
    EXPECT_EQ(account.lost, 0U);
}

TEST(pipeline, that_goes_out_of_scope_cancels) {
    const auto token = std::make_shared<int>(0);
    {
        pipeline p;
        const auto feed = p.source<std::shared_ptr<int>>("feed", [&] { return std::optional(token); });
        p.connect(feed, p.sink<std::shared_ptr<int>>("out", [](auto&&) {}), 3);
        p.run();
    }
    EXPECT_EQ(token.use_count(), 1);
    {
        pipeline never_run;
        auto in = never_run.inlet<std::shared_ptr<int>>("in");
        never_run.connect(in, never_run.sink<std::shared_ptr<int>>("out", [](auto&&) {}), 3);
        EXPECT_EQ(in.push(token), status::success);
    }
    EXPECT_EQ(token.use_count(), 1);
}

TEST(pipeline, calls_on_start_in_each_thread_with_the_name_of_its_stage) {
    std::mutex mutex;
    std::set<std::string> started;
    std::set<std::thread::id> threads;
    pipeline p;
    const auto feed = p.source<int>("md:producer", count_to(1));
    auto in = p.inlet<int>("outside");
    const auto out = p.sink<int>("strat:consumer", [](int) {});
    p.connect(feed, out, 1);
    p.connect(in, out, 1);
    p.run([&](std::string_view role) {
        const std::lock_guard lock(mutex);
        started.emplace(role);
        threads.insert(std::this_thread::get_id());
    });
    p.close();
    p.join();
    EXPECT_THAT(started, ElementsAre("md:producer", "strat:consumer")) << "an inlet has no thread";
    EXPECT_EQ(threads.size(), 2U);
    EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

// ---- no wake-up is lost ----------------------------------------------------------------------------------------

// Each edge has room for one, so that everybody waits for everybody: for room, for items, and for either of several.
TEST(pipeline, loses_no_wake_up_whoever_waits_for_whom) {
    const auto items = static_cast<int>(weir_test::rounds(10'000));
    std::atomic<std::uint64_t> arrived{0};
    std::uint64_t sum = 0;
    pipeline p;
    const auto paused = [](std::uint64_t seed) {
        return [pause = weir_test::random_pause(seed)](int i) mutable {
            pause();
            return i;
        };
    };
    const auto feed = p.source<int>("feed", [n = 0, items, pause = weir_test::random_pause(1)]() mutable {
        pause();
        return n < items ? std::optional<int>(n++) : std::nullopt;
    });
    auto in = p.inlet<int>("in");
    const auto a = p.stage<int, int>("a", paused(2));
    const auto b = p.stage<int, int>("b", paused(3), {}, weir::split::in_turn{});
    const auto c = p.stage<int, int>("c", paused(4), {},
                                     weir::split::by_key{[](int i) { return i; }, weir::split::block_for_ever});
    const auto out = p.sink<int>("out", [&, pause = weir_test::random_pause(5)](int i) mutable {
        pause();
        sum += static_cast<std::uint64_t>(i);
        ++arrived;
    });
    const auto out2 = p.sink<int>("out 2", [&](int) { ++arrived; });
    p.connect(feed, a, 1);
    p.connect(feed, b, 1);
    p.connect(in, b, 1);
    p.connect(a, out, 1);
    p.connect(b, c, 1);
    p.connect(b, out, 1);
    p.connect(c, out, 1);
    p.connect(c, out2, 1);
    const weir_test::watchdog dog([&] { return arrived.load(); },
                                  [&] {
                                      std::string state;
                                      for (const auto& e : p.edges()) {
                                          state += std::string(e.from) + " -> " + std::string(e.to) + ": accepted " +
                                                   std::to_string(e.accepted) + ", queued " + std::to_string(e.queued) +
                                                   "; ";
                                      }
                                      return state;
                                  });
    p.run();
    weir_test::random_pause pause(6);
    for (int i = 0; i < items; ++i) {
        pause();
        EXPECT_EQ(in.push(i), status::success);
    }
    in.close();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, 3 * static_cast<std::uint64_t>(items));
    expect_balanced(p);
}

}  // namespace
