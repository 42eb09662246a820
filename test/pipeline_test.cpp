// SPDX-License-Identifier: MIT
//
// Stages over rings. WEIR_PIPELINE_LONG=1 freezes the sink for longer, and holds the source to the sink's rate within
// 5%: to be run alone.
#include "weir/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

#include "wait_support.hpp"

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using weir::pipeline;
using weir::status;
using outcome = weir::pipeline::outcome;

bool long_form() {
    const char* const asked = std::getenv("WEIR_PIPELINE_LONG");
    return asked != nullptr && *asked != '\0' && *asked != '0';
}

/// A source of 0, 1, ... below `end`.
auto count_to(int end) {
    return [next = 0, end]() mutable { return next < end ? std::optional<int>(next++) : std::nullopt; };
}
auto count_for_ever() { return count_to(std::numeric_limits<int>::max()); }

auto pass() {
    return [](int i) { return i; };
}

/// What freezes a sink: nobody gets past it before it is opened.
class gate {
public:
    void open() {
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
        }
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Waits until `done()`; false when that takes more than half a minute.
template <class Done>
bool eventually(Done done) {
    for (const auto end = steady_clock::now() + 30s; !done(); std::this_thread::sleep_for(1ms)) {
        if (steady_clock::now() > end) return false;
    }
    return true;
}

weir::edge_ledger edge(const pipeline& p, std::string_view from, std::string_view to) {
    for (const weir::edge_ledger& e : p.edges()) {
        if (e.from == from && e.to == to) return e;
    }
    ADD_FAILURE() << "no edge " << from << " -> " << to;
    return {};
}

weir::stage_ledger stage(const pipeline& p, std::string_view name) {
    for (const weir::stage_ledger& s : p.stages()) {
        if (s.name == name) return s;
    }
    ADD_FAILURE() << "no stage " << name;
    return {};
}

bool all_full(const pipeline& p) {
    const auto edges = p.edges();
    return std::ranges::all_of(edges, [](const auto& e) { return e.queued == e.capacity; });
}

std::uint64_t lost(const pipeline& p) {
    std::uint64_t sum = 0;
    for (const auto& e : p.edges()) sum += e.lost;
    for (const auto& s : p.stages()) sum += s.lost;
    return sum;
}

/// At a quiet moment.
void expect_balanced(const pipeline& p) {
    for (const auto& e : p.edges()) {
        EXPECT_EQ(e.accepted, e.delivered + e.queued + e.lost) << "on the edge " << e.from << " -> " << e.to;
    }
}

std::vector<int> numbers_to(std::size_t end) {
    std::vector<int> all(end);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

// ---- what arrives ----------------------------------------------------------------------------------------------

TEST(pipeline, delivers_everything_in_order_and_then_ends) {
    pipeline p;
    std::vector<int> arrived;
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
    pipeline p;
    std::atomic<int> arrived{0};
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

// ---- the bound -------------------------------------------------------------------------------------------------

std::chrono::nanoseconds cpu_time() {
#if defined(__linux__)
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto time = [](const timeval& t) {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    return time(used.ru_utime) + time(used.ru_stime);
#else
    return {};
#endif
}

TEST(pipeline, a_frozen_sink_stops_the_source_costs_no_cpu_and_loses_nothing) {
    constexpr int items = 3000;
    pipeline p;
    gate frozen;
    std::vector<int> arrived;
    const auto feed = p.source<int>("feed", count_to(items), {.batch = 8});
    const auto first = p.stage<int, int>("first", pass(), {.batch = 4});
    const auto second = p.stage<int, int>("second", pass(), {.batch = 16});
    const auto out = p.sink<int>("out", [&](int i) {
        if (i == 500) frozen.wait();
        arrived.push_back(i);
    });
    p.connect(feed, first, 100);
    p.connect(first, second, 1);
    p.connect(second, out, 30);
    p.run();

    ASSERT_TRUE(eventually([&] { return edge(p, "second", "out").delivered == 500 && all_full(p); }));
    const std::uint64_t accepted = edge(p, "feed", "first").accepted;
    EXPECT_LE(accepted - 500, 100U + 1 + 30 + 4) << "the sum of the capacities, and one item for each stage";
    expect_balanced(p);

    const auto cpu_before = cpu_time();
    const auto before = steady_clock::now();
    std::this_thread::sleep_for(long_form() ? 5s : 500ms);
    const auto cpu = cpu_time() - cpu_before;
    const auto wall = steady_clock::now() - before;
    std::printf("frozen for %.3f s: %.3f ms of CPU\n", std::chrono::duration<double>(wall).count(),
                std::chrono::duration<double, std::milli>(cpu).count());
    EXPECT_LT(cpu, wall / 5);
    EXPECT_EQ(edge(p, "feed", "first").accepted, accepted) << "accepted while the sink was frozen";
    EXPECT_TRUE(all_full(p));

    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, numbers_to(items));
    expect_balanced(p);
}

/// What a frozen pipeline is checked for: its sink takes nothing, and the source must come to rest at the bound. Empty
/// when it does, else what is wrong. It is at rest when nothing was accepted between a hundred looks in a row.
std::string unboundedness(const pipeline& p, std::string_view from, std::string_view to, std::uint64_t bound) {
    std::uint64_t last = 0;
    for (int looks_at_rest = 0; looks_at_rest < 100; ++looks_at_rest) {
        std::this_thread::sleep_for(5ms);
        const std::uint64_t accepted = edge(p, from, to).accepted;
        if (accepted > bound) {
            return "accepted " + std::to_string(accepted) + " items, of which " + std::to_string(bound) +
                   " can be on their way: there is a queue without a bound";
        }
        if (accepted != last) looks_at_rest = 0;
        last = accepted;
    }
    return {};
}

/// What must not be: a stage with a queue inside, that takes whatever comes. Made of a sink and a source.
class hoard {
public:
    auto taker() {
        return [this](int i) {
            const std::lock_guard lock(mutex_);
            queue_.push_back(i);
        };
    }
    auto giver() {
        return [this](std::stop_token stop) -> std::optional<int> {
            for (; !stop.stop_requested(); std::this_thread::yield()) {
                const std::lock_guard lock(mutex_);
                if (queue_.empty()) continue;
                const int oldest = queue_.front();
                queue_.pop_front();
                return oldest;
            }
            return std::nullopt;
        };
    }

private:
    std::mutex mutex_;
    std::deque<int> queue_;
};

class hidden_queue : public testing::TestWithParam<int> {};

TEST_P(hidden_queue, is_found_in_whichever_stage_it_is) {
    constexpr std::size_t capacity = 10;
    hoard hidden;
    gate frozen;
    pipeline p;
    const auto out = p.sink<int>("out", [&](int) { frozen.wait(); });
    weir::output<int> last = p.source<int>("stage 0", count_for_ever());
    for (int i = 1; i <= 3; ++i) {
        const std::string name = "stage " + std::to_string(i);
        if (i == GetParam()) {
            p.connect(last, p.sink<int>(name, hidden.taker()), capacity);
            last = p.source<int>(name + ", giving", hidden.giver());
        } else {
            const auto honest = p.stage<int, int>(name, pass());
            p.connect(last, honest, capacity);
            last = honest;
        }
    }
    p.connect(last, out, capacity);
    p.run();
    const std::string wrong = unboundedness(p, "stage 0", "stage 1", 4 * (capacity + 1));
    if (GetParam() == 0) {
        EXPECT_EQ(wrong, "");
    } else {
        EXPECT_THAT(wrong, HasSubstr("a queue without a bound"));
    }
    p.cancel();
    frozen.open();
    EXPECT_EQ(p.join(), outcome::cancelled);
}
INSTANTIATE_TEST_SUITE_P(in_none_or_stage, hidden_queue, testing::Range(0, 4), testing::PrintToStringParamName());

/// A sink of so many items a second, by a schedule that begins anew with each rate.
class paced {
public:
    void set(double rate_per_s) { rate_per_s_ = rate_per_s; }

    void operator()(int) {
        const double rate_per_s = rate_per_s_;
        const auto now = steady_clock::now();
        if (rate_per_s != current_) {
            current_ = rate_per_s;
            next_ = now;
        }
        next_ += std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(1 / current_));
        if (next_ > now) std::this_thread::sleep_until(next_);
    }

private:
    std::atomic<double> rate_per_s_{1};
    double current_ = 0;
    steady_clock::time_point next_;
};

TEST(pipeline, the_source_keeps_to_the_rate_of_the_sink) {
    constexpr std::uint64_t bound = 3 * 64 + 4;
    pipeline p;
    paced sink;
    sink.set(40'000);
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto first = p.stage<int, int>("first", pass());
    const auto second = p.stage<int, int>("second", pass());
    const auto out = p.sink<int>("out", [&](int i) { sink(i); });
    p.connect(feed, first, 64);
    p.connect(first, second, 64);
    p.connect(second, out, 64);
    p.run();

    const auto accepted = [&] { return edge(p, "feed", "first").accepted; };
    const auto delivered = [&] { return edge(p, "second", "out").delivered; };
    // Two looks at a running pipeline are not one: what was accepted before the second and delivered after the first is
    // no less than what was on its way in between.
    const auto look = [&] {
        const std::uint64_t accepted_before = accepted();
        const std::uint64_t delivered_later = delivered();
        EXPECT_LE(accepted_before, delivered_later + bound);
        EXPECT_GE(accepted(), delivered_later);
        return delivered_later;
    };
    const auto phase = long_form() ? 4s : 200ms;
    for (const double rate_per_s : {40'000., 10'000., 40'000.}) {
        sink.set(rate_per_s);
        std::this_thread::sleep_for(phase / 4);  // until it has settled
        const std::uint64_t accepted_before = accepted();
        const std::uint64_t delivered_before = look();
        const auto before = steady_clock::now();
        while (steady_clock::now() - before < phase) {
            std::this_thread::sleep_for(2ms);
            look();
        }
        const double seconds = std::chrono::duration<double>(steady_clock::now() - before).count();
        const double delivered_per_s = static_cast<double>(delivered() - delivered_before) / seconds;
        const double accepted_per_s = static_cast<double>(accepted() - accepted_before) / seconds;
        std::printf("sink at %.0f/s: delivered %.0f/s, accepted %.0f/s: %+.2f%%\n", rate_per_s, delivered_per_s,
                    accepted_per_s, 100 * (accepted_per_s / delivered_per_s - 1));
        if (long_form()) {
            EXPECT_NEAR(accepted_per_s / delivered_per_s, 1, 0.05);
            EXPECT_NEAR(delivered_per_s / rate_per_s, 1, 0.05);
        }
    }
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(accepted(), delivered());
}

// ---- many inputs, many outputs ---------------------------------------------------------------------------------

class merge : public testing::TestWithParam<std::size_t> {};

TEST_P(merge, serves_its_inputs_in_turn_a_batch_from_each) {
    constexpr int inputs = 3;
    const std::size_t batch = GetParam();
    pipeline p;
    gate frozen;
    std::vector<int> arrived;
    const auto out = p.sink<int>("out",
                                 [&](int i) {
                                     frozen.wait();
                                     arrived.push_back(i);
                                 },
                                 {.batch = batch});
    for (int i = 0; i < inputs; ++i) {
        const auto feed = p.source<int>("feed " + std::to_string(i), [i, n = 0]() mutable -> std::optional<int> {
            return n++ < 1000 ? std::optional(i) : std::nullopt;
        });
        p.connect(feed, out, 2 * batch + 12);
    }
    p.run();
    ASSERT_TRUE(eventually([&] { return all_full(p); }));
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    // Each had that many when the sink began to thaw. Whatever the sources did meanwhile, these came in turn, but for
    // the first batch, that may have been cut short by what there was when the sink froze.
    std::size_t at = 0;
    while (arrived[at] == arrived[0]) ++at;
    EXPECT_LE(at, batch);
    for (std::size_t turns = 0; turns < 5; ++turns) {
        const std::vector<int> turn(arrived.begin() + static_cast<long>(at),
                                    arrived.begin() + static_cast<long>(at + batch));
        EXPECT_THAT(turn, testing::Each((arrived[at - 1] + 1) % inputs)) << "turn " << turns;
        at += batch;
    }
    EXPECT_EQ(arrived.size(), 3000U);
}
INSTANTIATE_TEST_SUITE_P(batch, merge, testing::Values(1, 4), testing::PrintToStringParamName());

TEST(pipeline, fan_out_gives_each_of_ten_consumers_everything_and_waits_for_the_slowest) {
    constexpr std::size_t consumers = 10;
    pipeline p;
    gate frozen;
    std::array<std::vector<std::string>, consumers> arrived;
    const auto feed = p.source<std::string>("feed", [n = 0]() mutable -> std::optional<std::string> {
        return n < 500 ? std::optional("item " + std::to_string(n++)) : std::nullopt;
    });
    for (std::size_t i = 0; i < consumers; ++i) {
        p.connect(feed,
                  p.sink<std::string>("out " + std::to_string(i),
                                      [&, i](std::string&& item) {
                                          if (i == 3) frozen.wait();
                                          arrived[i].push_back(std::move(item));
                                      }),
                  5 + i);
    }
    p.run();
    ASSERT_TRUE(eventually([&] { return edge(p, "feed", "out 3").queued == 8; }));
    ASSERT_TRUE(eventually([&] { return edge(p, "feed", "out 9").delivered == 8; })) << "others wait for what is there";
    EXPECT_EQ(stage(p, "feed").emitted, 8U);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    for (const auto& items : arrived) {
        ASSERT_EQ(items.size(), 500U);
        for (std::size_t n = 0; n < items.size(); ++n) EXPECT_EQ(items[n], "item " + std::to_string(n));
    }
    expect_balanced(p);
}

template <class Split>
class distribution : public testing::Test {};
using distributions = testing::Types<weir::split::in_turn, weir::split::least_loaded>;
TYPED_TEST_SUITE(distribution, distributions);

TYPED_TEST(distribution, gives_each_item_to_one_and_passes_the_full_ones_over) {
    pipeline p;
    gate frozen;
    std::array<std::vector<int>, 3> arrived;
    const auto feed = p.source<int>("feed", count_to(600), {}, TypeParam{});
    for (std::size_t i = 0; i < arrived.size(); ++i) {
        p.connect(feed,
                  p.sink<int>("out " + std::to_string(i),
                              [&, i](int item) {
                                  if (i == 1) frozen.wait();
                                  arrived[i].push_back(item);
                              }),
                  4);
    }
    p.run();
    ASSERT_TRUE(eventually([&] {
        return edge(p, "feed", "out 0").delivered + edge(p, "feed", "out 2").delivered + 4 == 600;
    })) << "the frozen one stopped the others";
    EXPECT_EQ(edge(p, "feed", "out 1").queued, 4U);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    std::multiset<int> all;
    for (const auto& items : arrived) {
        EXPECT_TRUE(std::ranges::is_sorted(items));
        EXPECT_FALSE(items.empty());
        all.insert(items.begin(), items.end());
    }
    EXPECT_EQ(std::vector<int>(all.begin(), all.end()), numbers_to(600));
    EXPECT_EQ(stage(p, "feed").emitted, 600U);
    expect_balanced(p);
}

/// Three keys, the first of which is frozen until `frozen` opens.
struct partition {
    explicit partition(int items, std::chrono::nanoseconds patience) {
        const auto feed = p.source<int>("feed", count_to(items));
        const auto deal =
            p.stage<int, int>("deal", pass(), {}, weir::split::by_key{[](int i) { return i % 3; }, patience});
        p.connect(feed, deal, 5);
        for (std::size_t i = 0; i < arrived.size(); ++i) {
            p.connect(deal,
                      p.sink<int>("out " + std::to_string(i),
                                  [this, i](int item) {
                                      if (i == 0) frozen.wait();
                                      arrived[i].push_back(item);
                                  }),
                      4);
        }
    }
    std::uint64_t delivered(std::size_t i) const { return edge(p, "deal", "out " + std::to_string(i)).delivered; }
    void expect_order() const {
        for (std::size_t i = 0; i < arrived.size(); ++i) {
            EXPECT_TRUE(std::ranges::is_sorted(arrived[i]));
            for (const int item : arrived[i]) EXPECT_EQ(item % 3, static_cast<int>(i));
        }
    }
    void expect_ledger() const {
        const weir::stage_ledger deal = stage(p, "deal");
        std::uint64_t accepted = 0;
        for (const auto& e : p.edges()) accepted += e.from == "deal" ? e.accepted : 0;
        EXPECT_EQ(deal.emitted, accepted + deal.held + deal.shed + deal.lost);
        expect_balanced(p);
    }

    gate frozen;
    std::array<std::vector<int>, 3> arrived;
    pipeline p;
};

class patience : public testing::TestWithParam<std::chrono::milliseconds> {};

TEST_P(patience, that_ends_lets_other_keys_pass_a_frozen_one_whose_items_are_shed) {
    partition t(300, GetParam());
    t.p.run();
    ASSERT_TRUE(eventually([&] { return t.delivered(1) > 20 && t.delivered(2) > 20; }))
        << "the frozen key stopped others";
    t.frozen.open();
    EXPECT_EQ(t.p.join(), outcome::drained);
    t.expect_order();
    t.expect_ledger();
    EXPECT_EQ(stage(t.p, "deal").emitted, 300U);
    EXPECT_GT(stage(t.p, "deal").shed, 0U);
    EXPECT_EQ(t.arrived[0].size() + t.arrived[1].size() + t.arrived[2].size() + stage(t.p, "deal").shed, 300U);
    EXPECT_EQ(t.arrived[0].front(), 0) << "what it had room for is not shed";
}
INSTANTIATE_TEST_SUITE_P(of, patience, testing::Values(0ms, 20ms),
                         [](const auto& of) { return std::to_string(of.param.count()) + "_ms"; });

TEST(pipeline, patience_without_end_lets_a_frozen_key_stop_all_and_loses_nothing) {
    partition t(300, weir::split::block_for_ever);
    t.p.run();
    ASSERT_TRUE(eventually([&] { return stage(t.p, "deal").held == 1 && edge(t.p, "feed", "deal").queued == 5; }));
    EXPECT_EQ(edge(t.p, "deal", "out 0").queued, 4U);
    t.expect_ledger();
    t.frozen.open();
    EXPECT_EQ(t.p.join(), outcome::drained);
    t.expect_order();
    t.expect_ledger();
    for (const auto& items : t.arrived) EXPECT_EQ(items.size(), 100U);
    EXPECT_EQ(stage(t.p, "deal").shed, 0U);
}

TEST(pipeline, a_key_that_is_slow_but_moves_within_the_patience_slows_and_sheds_nothing) {
    pipeline p;
    std::atomic<int> arrived{0};
    const auto feed = p.source<int>("feed", count_to(100), {}, weir::split::by_key{[](int i) { return i % 2; }, 1h});
    p.connect(feed, p.sink<int>("slow", [&](int) { std::this_thread::sleep_for(1ms), ++arrived; }), 2);
    p.connect(feed, p.sink<int>("fast", [&](int) { ++arrived; }), 2);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, 100);
    EXPECT_EQ(stage(p, "feed").shed, 0U);
}

TEST(pipeline, an_item_held_for_a_full_output_when_it_is_cancelled_counts_as_lost) {
    partition t(300, weir::split::block_for_ever);
    t.p.run();
    ASSERT_TRUE(eventually([&] { return stage(t.p, "deal").held == 1 && edge(t.p, "feed", "deal").queued == 5; }));
    t.p.cancel();
    t.frozen.open();
    EXPECT_EQ(t.p.join(), outcome::cancelled);
    EXPECT_EQ(stage(t.p, "deal").lost, 1U);
    EXPECT_EQ(stage(t.p, "deal").held, 0U);
    t.expect_ledger();
}

// ---- from outside ----------------------------------------------------------------------------------------------

TEST(pipeline, an_inlet_says_full_at_its_capacity_and_keeps_what_it_refuses) {
    pipeline p;
    gate frozen;
    std::vector<int> arrived;
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
    expect_balanced(p);
    p.close();
    EXPECT_EQ(in.push(std::make_unique<int>(5)), status::closed);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_THAT(arrived, ElementsAre(0, 1, 2, 3));
}

TEST(pipeline, an_inlet_takes_from_many_threads_whatever_it_accepts_before_it_is_closed) {
    constexpr int threads = 3;
    pipeline p;
    std::array<int, threads> last{};
    std::uint64_t arrived = 0;
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
    pipeline p;
    gate frozen;
    auto in = p.inlet<int>("in");
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto relay = p.stage<int, int>("relay", pass());
    const auto out = p.sink<int>("out", [&](int) { frozen.wait(); });
    p.connect(in, relay, 5);
    p.connect(feed, relay, 10);
    p.connect(relay, out, 7);
    p.run();
    std::thread pusher([&] {
        int i = 0;
        while (in.push(i) == status::success) ++i;
    });
    ASSERT_TRUE(eventually([&] { return all_full(p); }));
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
        {
            pipeline p;
            const auto feed = p.source<std::shared_ptr<int>>("feed", [&] { return std::optional(token); });
            const auto a = p.stage<std::shared_ptr<int>, std::shared_ptr<int>>("a", [](auto item) { return item; });
            const auto b = p.stage<std::shared_ptr<int>, std::shared_ptr<int>>(
                "b", [](auto item) { return item; }, {},
                weir::split::by_key{[n = 0](const auto&) mutable { return n++; }, 0ms});
            std::atomic<std::uint64_t> arrived{0};
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
    pipeline p;
    std::mutex mutex;
    std::set<std::string> started;
    std::set<std::thread::id> threads;
    std::thread::id sink_thread;
    const auto feed = p.source<int>("md:producer", count_to(1));
    auto in = p.inlet<int>("outside");
    const auto out = p.sink<int>("strat:consumer", [&](int) { sink_thread = std::this_thread::get_id(); });
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
    pipeline p;
    std::atomic<std::uint64_t> arrived{0};
    std::uint64_t sum = 0;
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

// ---- failures and refusals -------------------------------------------------------------------------------------

#if defined(__cpp_exceptions)

TEST(pipeline, an_exception_cancels_it_and_is_reported_with_the_stage_that_threw) {
    pipeline p;
    std::vector<int> arrived;
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto strat = p.stage<int, int>("strat", [](int i) {
        if (i == 7) throw std::out_of_range("no price");
        return i;
    });
    const auto out = p.sink<int>("out", [&](int i) { arrived.push_back(i); });
    p.connect(feed, strat, 3);
    p.connect(strat, out, 3);
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    ASSERT_TRUE(p.failure().has_value());
    EXPECT_EQ(p.failure()->stage, "strat");
    EXPECT_EQ(p.failure()->what, "stage 'strat' threw: no price");
    EXPECT_THROW(std::rethrow_exception(p.failure()->cause), std::out_of_range);
    EXPECT_EQ(edge(p, "feed", "strat").delivered, 7U);
    EXPECT_GE(edge(p, "feed", "strat").lost, 1U) << "the item whose function threw";
    EXPECT_EQ(arrived, numbers_to(arrived.size()));
    expect_balanced(p);
}

TEST(pipeline, an_exception_of_a_source_an_inlets_reader_a_key_or_a_start_is_reported_likewise) {
    const auto failure_of = [](auto make, auto consume, auto key, auto on_start) {
        pipeline p;
        const auto feed = p.source<int>("feed", make, {}, weir::split::by_key{key, weir::split::block_for_ever});
        auto in = p.inlet<int>("in");
        const auto out = p.sink<int>("out", consume);
        p.connect(feed, out, 3);
        p.connect(in, out, 3);
        (void)in.push(-1);
        p.run(on_start);
        EXPECT_EQ(p.join(), outcome::failed);
        expect_balanced(p);
        return p.failure() ? p.failure()->what : "none";
    };
    const auto to_itself = [](int i) { return i; };
    const auto nothing = [](auto&&) {};
    EXPECT_EQ(failure_of([]() -> std::optional<int> { throw std::runtime_error("the line is dead"); }, nothing,
                         to_itself, nothing),
              "stage 'feed' threw: the line is dead");
    EXPECT_EQ(failure_of(
                  count_for_ever(),
                  [](int i) {
                      if (i < 0) throw 1;
                  },
                  to_itself, nothing),
              "stage 'out' threw: something that is no std::exception");
    EXPECT_EQ(failure_of(
                  count_for_ever(), nothing, [](int) -> int { throw std::runtime_error("no key"); }, nothing),
              "stage 'feed' threw: no key");
    EXPECT_EQ(failure_of(count_for_ever(), nothing, to_itself,
                         [](std::string_view role) {
                             if (role == "out") throw std::runtime_error("no such PU");
                         }),
              "stage 'out' threw: no such PU");
}

TEST(pipeline, a_flat_stage_that_emits_more_than_it_may_has_failed) {
    pipeline p;
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto burst = p.flat_stage<int, int>("burst", 2, [](int i, auto& emit) {
        for (int n = 0; n <= i; ++n) emit(n);
    });
    p.connect(feed, burst, 3);
    p.connect(burst, p.sink<int>("out", [](int) {}), 3);
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    EXPECT_THAT(p.failure()->what,
                HasSubstr("stage 'burst' threw: weir: emit() was called more than 2 times for one item; "));
}

/// The sentence by which `act` is refused.
template <class Act>
std::string refusal(Act act) {
    try {
        act();
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "nothing was refused";
}

TEST(pipeline, refuses_a_cycle_and_names_the_stages_on_it) {
    pipeline p;
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto a = p.stage<int, int>("a", pass());
    const auto b = p.stage<int, int>("b", pass());
    const auto c = p.stage<int, int>("c", pass());
    p.connect(feed, a, 1);
    p.connect(feed, b, 1);
    p.connect(a, b, 1);
    p.connect(b, c, 1);
    EXPECT_THAT(refusal([&] { p.connect(c, a, 1); }),
                HasSubstr("the stages 'c' -> 'a' -> 'b' -> 'c' would form a cycle, in which each can wait for room"));
    EXPECT_THAT(refusal([&] { p.connect(a, a, 1); }), HasSubstr("the stages 'a' -> 'a' would form a cycle"));
    // What was refused has changed nothing.
    p.connect(c, p.sink<int>("out", [](int) {}), 1);
    p.run();
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
}

TEST(pipeline, refuses_loose_ends_when_it_is_run) {
    {
        pipeline p;
        EXPECT_THAT(refusal([&] { p.run(); }), HasSubstr("the pipeline has no stages"));
        const auto feed = p.source<int>("feed", count_for_ever());
        EXPECT_THAT(refusal([&] { p.run(); }), HasSubstr("stage 'feed' has no output; connect it"));
        const auto relay = p.stage<int, int>("relay", pass());
        p.connect(feed, relay, 1);
        EXPECT_THAT(refusal([&] { p.run(); }), HasSubstr("stage 'relay' has no output"));
        p.connect(relay, p.sink<int>("out", [](int) {}), 1);
        const auto lonely = p.sink<int>("lonely", [](int) {});
        EXPECT_THAT(refusal([&] { p.run(); }), HasSubstr("stage 'lonely' has no input; connect one, or leave it out"));
        auto in = p.inlet<int>("in");
        EXPECT_THAT(refusal([&] { (void)in.push(1); }),
                    HasSubstr("inlet 'in' has no output; connect it before you push"));
        p.connect(in, lonely, 1);
        EXPECT_THAT(refusal([&] { p.connect(in, relay, 1); }), HasSubstr("inlet 'in' has an output already"));
        p.run();
        EXPECT_THAT(refusal([&] { p.run(); }), HasSubstr("run() was called a second time"));
        EXPECT_THAT(refusal([&] { p.sink<int>("late", [](int) {}); }), HasSubstr("stage 'late' comes after run()"));
        EXPECT_THAT(refusal([&] { p.connect(feed, lonely, 1); }),
                    HasSubstr("edge 'feed' -> 'lonely' comes after run()"));
    }
    pipeline p;
    const auto feed = p.source<std::unique_ptr<int>>("feed", [] { return std::optional(std::make_unique<int>(1)); });
    p.connect(feed, p.sink<std::unique_ptr<int>>("a", [](auto&&) {}), 1);
    p.connect(feed, p.sink<std::unique_ptr<int>>("b", [](auto&&) {}), 1);
    EXPECT_THAT(refusal([&] { p.run(); }),
                HasSubstr("has 2 outputs that are all to get its items, which cannot be copied"));
    pipeline q;
    const auto numbers = q.source<int>("numbers", count_for_ever());
    const auto flat = q.flat_stage<int, int>("flat", 4, [](int, auto&) {});
    q.connect(numbers, flat, 1);
    q.connect(flat, q.sink<int>("out", [](int) {}), 3);
    EXPECT_THAT(refusal([&] { q.run(); }), HasSubstr("stage 'flat' may make 4 items of one, and has room for 3"));
}

TEST(pipeline, refuses_what_cannot_be_built) {
    pipeline p;
    const auto feed = p.source<int>("feed", count_for_ever());
    const auto out = p.sink<int>("out", [](int) {});
    EXPECT_THAT(refusal([&] { p.connect(feed, out, 0); }),
                HasSubstr("edge 'feed' -> 'out' has capacity 0; it needs 1"));
    p.connect(feed, out, 1);
    EXPECT_THAT(refusal([&] { p.connect(feed, out, 2); }), HasSubstr("edge 'feed' -> 'out' exists already"));
    EXPECT_THAT(refusal([&] { p.sink<int>("feed", [](int) {}); }), HasSubstr("there are two stages named 'feed'"));
    EXPECT_THAT(refusal([&] { p.sink<int>("", [](int) {}); }), HasSubstr("a stage without a name"));
    EXPECT_THAT(refusal([&] { p.sink<int>("x", [](int) {}, {.batch = 0}); }), HasSubstr("stage 'x' has batch 0"));
    EXPECT_THAT(refusal([&] { p.flat_stage<int, int>("x", 0, [](int, auto&) {}); }),
                HasSubstr("may make 0 items of one"));
    pipeline other;
    const auto elsewhere = other.sink<int>("elsewhere", [](int) {});
    EXPECT_THAT(refusal([&] { p.connect(feed, elsewhere, 1); }), HasSubstr("would lead to another pipeline"));
}

#endif

}  // namespace
