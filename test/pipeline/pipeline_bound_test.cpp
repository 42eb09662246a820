// SPDX-License-Identifier: MIT
//
// The bounds of the edges add up to one: what a frozen or a slow sink does to the source. WEIR_PIPELINE_LONG=1 freezes
// it for longer, and holds the source to the rate of the sink within 5%: to be run alone.
#include "weir/pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#if defined(__linux__)
#include <sys/resource.h>
#endif

#include "test/support/pipeline_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::pipeline;
using outcome = weir::pipeline::outcome;
using std::chrono::steady_clock;

bool long_form() {
    const char* const asked = std::getenv("WEIR_PIPELINE_LONG");
    return asked != nullptr && *asked != '\0' && *asked != '0';
}

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
    gate frozen;
    std::vector<int> arrived;
    pipeline p;
    const opened_at_end thaw{frozen};
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

    // An item that a stage has sent on takes up a slot before it for a moment longer: all are full for good when the
    // source has made what all edges hold together.
    constexpr std::uint64_t accepted = 500 + 100 + 1 + 30;
    ASSERT_TRUE(eventually([&] { return edge(p, "feed", "first").accepted >= accepted && all_full(p); }));
    EXPECT_EQ(edge(p, "feed", "first").accepted, accepted) << "no more than the sum of the capacities";
    EXPECT_EQ(edge(p, "second", "out").delivered, 500U);
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
/// when it does, else what is wrong. It is at rest when all edges are full and nothing was accepted between a hundred
/// looks in a row.
std::string unboundedness(const pipeline& p, std::string_view from, std::string_view to, std::uint64_t bound) {
    std::uint64_t last = 0;
    for (int looks_at_rest = 0; looks_at_rest < 100; ++looks_at_rest) {
        std::this_thread::sleep_for(5ms);
        const std::uint64_t accepted = edge(p, from, to).accepted;
        if (accepted > bound) {
            return "accepted " + std::to_string(accepted) + " items, of which " + std::to_string(bound) +
                   " can be on their way: there is a queue without a bound";
        }
        if (accepted != last || !all_full(p)) looks_at_rest = 0;
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

/// In which stage it is, 0: in none; and whether the edges are broadcasts.
class hidden_queue : public testing::TestWithParam<std::tuple<int, bool>> {};

TEST_P(hidden_queue, is_found_in_whichever_stage_it_is) {
    constexpr std::size_t capacity = 10;
    const auto [place, by_broadcast] = GetParam();
    hoard hidden;
    gate frozen;
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto out = p.sink<int>("out", [&](int) { frozen.wait(); });
    const auto join = [&p, broadcast = by_broadcast](const weir::output<int>& from, const weir::input<int>& to) {
        broadcast ? p.connect(p.broadcast(from, capacity), to) : p.connect(from, to, capacity);
    };
    weir::output<int> last = p.source<int>("stage 0", count_for_ever());
    for (int i = 1; i <= 3; ++i) {
        const std::string name = "stage " + std::to_string(i);
        if (i == place) {
            join(last, p.sink<int>(name, hidden.taker()));
            last = p.source<int>(name + ", giving", hidden.giver());
        } else {
            const auto honest = p.stage<int, int>(name, pass());
            join(last, honest);
            last = honest;
        }
    }
    join(last, out);
    p.run();
    const auto wrong = [&] { return unboundedness(p, "stage 0", "stage 1", 4 * (capacity + 1)); };
    if (place == 0) {
        EXPECT_EQ(wrong(), "");
    } else {
        // Again, if need be: where the hidden queue got no CPU for that long, all was at rest.
        EXPECT_TRUE(eventually([&] { return wrong().find("a queue without a bound") != std::string::npos; }));
    }
    p.cancel();
    frozen.open();
    EXPECT_EQ(p.join(), outcome::cancelled);
}

std::string place_name(const testing::TestParamInfo<std::tuple<int, bool>>& tested) {
    return std::to_string(std::get<0>(tested.param)) + (std::get<1>(tested.param) ? "_by_broadcast" : "");
}
INSTANTIATE_TEST_SUITE_P(in_none_or_stage, hidden_queue, testing::Combine(testing::Range(0, 4), testing::Bool()),
                         place_name);

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
    paced sink;
    sink.set(40'000);
    pipeline p;
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

}  // namespace
