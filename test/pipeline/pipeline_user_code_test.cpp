// SPDX-License-Identifier: MIT
//
// Functions and items of the user that are slow, that throw, or that call the pipeline back, in the middle of what it
// does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <unistd.h>
#endif

#include "test/support/pipeline_support.hpp"
#include "weir/pipeline.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::pipeline;
using weir::status;
using outcome = weir::pipeline::outcome;

// ---- slow ------------------------------------------------------------------------------------------------------

/// An item that calls `in_the_middle` when it is moved for the first time: when it is pushed, into its slot.
struct slow_to_move {
    int value = 0;
    std::function<void()> in_the_middle;

    explicit slow_to_move(int v, std::function<void()> f = {}) : value(v), in_the_middle(std::move(f)) {}
    slow_to_move(slow_to_move&& other) noexcept : value(other.value) {
        if (const auto f = std::exchange(other.in_the_middle, {})) f();
    }
};

/// Where a thread of a pipeline is, seen by another one.
class whereabouts {
public:
    /// Called by the thread.
    void begin() {
        static thread_local struct at_end {
            whereabouts* of = nullptr;
            ~at_end() {
                if (of != nullptr) of->ended_ = true;
            }
        } mark;
        mark.of = this;
#if defined(__linux__)
        tid_ = gettid();
#endif
    }
    bool has_ended() const { return ended_; }
    /// Whether it sleeps in the kernel; where that cannot be seen, after a moment.
    bool is_asleep() const {
#if defined(__linux__)
        std::ifstream file("/proc/self/task/" + std::to_string(tid_) + "/stat");
        std::string line;
        std::getline(file, line);
        const std::size_t name_end = line.rfind(')');
        return name_end != std::string::npos && line.substr(name_end).starts_with(") S");
#else
        std::this_thread::sleep_for(10ms);
        return true;
#endif
    }

private:
    std::atomic<bool> ended_{false};
    std::atomic<long> tid_{0};
};

/// A sink that holds its first item, awake, while a second one is pushed, in the middle of which `then` is called.
struct push_under_way {
    template <class Then>
    explicit push_under_way(Then then) {
        p.connect(in,
                  p.sink<slow_to_move>("out",
                                       [this](slow_to_move&& item) {
                                           entered = true;
                                           while (held) std::this_thread::yield();
                                           arrived.push_back(item.value);
                                       }),
                  4);
        EXPECT_EQ(in.push(slow_to_move(1)), status::success);
        p.run([this](std::string_view) { sink.begin(); });
        EXPECT_TRUE(eventually([&] { return entered.load(); }));
        pusher = std::jthread([this, then] { answer.store(in.push(slow_to_move(2, [this, then] { then(*this); }))); });
    }

    std::atomic<bool> entered{false};
    std::atomic<bool> held{true};
    std::vector<int> arrived;
    whereabouts sink;
    pipeline p;
    weir::inlet<slow_to_move> in = p.inlet<slow_to_move>("in");
    std::atomic<status> answer{status::busy};
    std::jthread pusher;  // last: it uses the others
};

TEST(pipeline, a_push_under_way_when_its_inlet_is_closed_is_delivered) {
    push_under_way t([](push_under_way& now) {
        now.in.close();
        now.held = false;  // the sink looks for more, and finds that the inlet is closed, and an item on its way
        EXPECT_TRUE(eventually([&] { return now.sink.has_ended() || now.sink.is_asleep(); }));
    });
    EXPECT_EQ(t.p.join(), outcome::drained);
    t.pusher.join();
    EXPECT_EQ(t.answer.load(), status::success);
    EXPECT_EQ(t.arrived, (std::vector{1, 2}));
    EXPECT_EQ(edge(t.p, "in", "out").delivered, 2U);
    expect_balanced(t.p);
}

TEST(pipeline, a_push_under_way_when_all_is_cancelled_counts_as_lost) {
    std::atomic<bool> joined{false};
    push_under_way t([&](push_under_way& now) {
        now.p.cancel();
        now.held = false;
        EXPECT_TRUE(eventually([&] { return joined.load(); }));
    });
    EXPECT_EQ(t.p.join(), outcome::cancelled);
    joined = true;
    t.pusher.join();
    EXPECT_EQ(t.answer.load(), status::success);
    const auto e = edge(t.p, "in", "out");
    EXPECT_EQ(e.delivered, 1U);
    EXPECT_EQ(e.lost, 1U);
    expect_balanced(t.p);
}

TEST(pipeline, what_functions_were_making_at_the_close_is_delivered) {
    gate closed;
    std::atomic<int> at_work{0};
    std::vector<int> arrived;
    pipeline p;
    const opened_at_end thaw{closed};
    auto in = p.inlet<int>("in");
    const auto feed = p.source<int>("feed", [&, n = 10]() mutable {
        ++at_work;
        closed.wait();
        return std::optional(n++);
    });
    const auto relay = p.stage<int, int>("relay", [&](int i) {
        if (i == 0) {
            ++at_work;
            closed.wait();
        }
        return i;
    });
    const auto out = p.sink<int>("out", [&](int i) { arrived.push_back(i); });
    p.connect(in, relay, 3);
    p.connect(feed, relay, 2);
    p.connect(relay, out, 1);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(in.push(i), status::success);
    p.run();
    ASSERT_TRUE(eventually([&] { return at_work == 2; }));
    p.close();
    closed.open();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_THAT(arrived, testing::UnorderedElementsAre(0, 1, 2, 10)) << "and the source was not asked for another one";
    EXPECT_EQ(stage(p, "feed").emitted, 1U);
    EXPECT_EQ(lost(p), 0U);
    expect_balanced(p);
}

TEST(pipeline, a_push_that_waits_for_room_hears_of_the_end_and_keeps_its_item) {
    for (const bool by_close : {true, false}) {
        gate frozen;
        pipeline p;
        const opened_at_end thaw{frozen};
        auto in = p.inlet<std::unique_ptr<int>>("in");
        p.connect(in, p.sink<std::unique_ptr<int>>("out", [&](auto&&) { frozen.wait(); }), 2);
        p.run();
        std::atomic<int> accepted{0};
        std::jthread pusher([&] {
            for (auto item = std::make_unique<int>(0); in.push(std::move(item)) == status::success;) {
                ++accepted;
                item = std::make_unique<int>(0);
            }
            auto item = std::make_unique<int>(7);
            EXPECT_EQ(in.push(std::move(item)), status::closed);
            EXPECT_EQ(in.push_for(std::move(item), 1h), status::closed);
            EXPECT_EQ(in.try_push(std::move(item)), status::closed);
            EXPECT_TRUE(item);
        });
        ASSERT_TRUE(eventually([&] { return accepted == 3; })) << "one is in the hands of the sink";
        by_close ? p.close() : p.cancel();
        pusher.join();
        frozen.open();
        EXPECT_EQ(p.join(), by_close ? outcome::drained : outcome::cancelled);
        EXPECT_EQ(edge(p, "in", "out").accepted, 3U);
        EXPECT_EQ(edge(p, "in", "out").delivered, by_close ? 3U : 1U);
        expect_balanced(p);
    }
}

// ---- that calls back ---------------------------------------------------------------------------------------------

/// A chain in -> relay -> out, given seven items beforehand, where the function `where` calls `act` at its fourth item:
/// number 3.
struct chain {
    static constexpr int items = 7;

    template <class Act>
    chain(std::string_view where, Act act) {
        const auto call = [where, act](std::string_view here, int i) {
            if (here == where && i == 3) act();
        };
        const auto key = [call](int i) {
            call("key", i);
            return i;
        };
        const auto relay = p.stage<int, int>(
            "relay", [call](int i) { return call("relay", i), i; }, {.batch = 3},
            weir::split::by_key{key, weir::split::block_for_ever});
        const auto out = p.sink<int>("out", [this, call](int i) {
            call("out", i);
            arrived.push_back(i);
        });
        p.connect(in, relay, items);
        p.connect(relay, out, 2);
        for (int i = 0; i < items; ++i) EXPECT_EQ(in.push(i), status::success);
    }

    std::vector<int> arrived;
    pipeline p;
    weir::inlet<int> in = p.inlet<int>("in");
};

TEST(pipeline, any_function_may_close_it_and_everything_is_delivered) {
    for (const std::string_view where : {"relay", "key", "out"}) {
        pipeline* p = nullptr;
        chain t(where, [&] { p->close(); });
        p = &t.p;
        t.p.run();
        EXPECT_EQ(t.p.join(), outcome::drained);
        EXPECT_EQ(t.arrived, numbers_to(chain::items)) << where;
        expect_balanced(t.p);
    }
}

TEST(pipeline, any_function_may_cancel_it_and_what_it_has_in_hand_is_its_last) {
    for (const std::string_view where : {"relay", "key", "out"}) {
        pipeline* p = nullptr;
        chain t(where, [&] { p->cancel(); });
        p = &t.p;
        t.p.run();
        EXPECT_EQ(t.p.join(), outcome::cancelled);
        const auto before = edge(t.p, "in", "relay");
        const auto behind = edge(t.p, "relay", "out");
        EXPECT_EQ(before.accepted, 7U);
        EXPECT_EQ(stage(t.p, "relay").emitted, before.delivered);
        EXPECT_EQ(behind.accepted + stage(t.p, "relay").lost, before.delivered) << "the last one may have been held";
        if (where == "out") {
            EXPECT_EQ(behind.delivered, 4U);
            EXPECT_EQ(t.arrived, numbers_to(4));
        } else {
            EXPECT_EQ(before.delivered, 4U);
            EXPECT_EQ(before.lost, 3U);
        }
        expect_balanced(t.p);
    }
}

TEST(pipeline, a_source_may_close_it_and_its_last_item_is_delivered) {
    std::vector<int> arrived;
    pipeline p;
    const auto feed = p.source<int>("feed", [&, n = 0]() mutable {
        if (n == 5) p.close();
        return std::optional(n++);
    });
    p.connect(feed, p.sink<int>("out", [&](int i) { arrived.push_back(i); }), 2);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, numbers_to(6));
}

TEST(pipeline, a_sink_may_push_to_an_inlet_and_count_what_it_sees) {
    pipeline p;
    auto in = p.inlet<int>("in");
    std::uint64_t taken = 0;
    const auto out = p.sink<int>("out", [&](int i) {
        const auto e = edge(p, "in", "out");
        EXPECT_EQ(e.accepted, taken + 1);
        EXPECT_EQ(e.delivered, taken) << "this one not before the function returns";
        EXPECT_EQ(e.queued, 1U);
        ++taken;
        if (i == 0) return in.close();
        EXPECT_EQ(in.try_push(i - 1), status::success) << "the item in hand has left its slot";
        EXPECT_EQ(in.try_push(i - 1), status::full);
        EXPECT_EQ(in.push_for(i - 1, 1ns), status::timeout) << "nobody else could make room";
    });
    p.connect(in, out, 1);
    (void)in.push(10);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(taken, 11U);
    expect_balanced(p);
}

TEST(pipeline, a_start_may_cancel_it) {
    pipeline p;
    p.connect(p.source<int>("feed", count_for_ever()), p.sink<int>("out", [](int) {}), 3);
    p.run([&](std::string_view role) {
        if (role == "out") p.cancel();
    });
    EXPECT_EQ(p.join(), outcome::cancelled);
    EXPECT_EQ(edge(p, "feed", "out").delivered, 0U);
    expect_balanced(p);
}

// ---- that throws -------------------------------------------------------------------------------------------------

#if defined(__cpp_exceptions)

TEST(pipeline, an_exception_loses_what_its_function_had_in_hand_and_what_is_queued_to_the_item) {
    for (const std::string_view where : {"relay", "key", "out"}) {
        chain t(where, [] { throw std::runtime_error("as told"); });
        t.p.run();
        EXPECT_EQ(t.p.join(), outcome::failed);
        EXPECT_EQ(t.p.failure()->stage, where == "out" ? "out" : "relay");
        const auto before = edge(t.p, "in", "relay");
        const auto behind = edge(t.p, "relay", "out");
        if (where == "out") {
            EXPECT_EQ(behind.delivered, 3U);
            EXPECT_EQ(t.arrived, numbers_to(3));
            EXPECT_GE(behind.lost, 1U);
        } else {
            EXPECT_EQ(before.delivered, 3U);
            EXPECT_EQ(before.lost, 4U);
        }
        EXPECT_EQ(stage(t.p, "relay").emitted, before.delivered);
        EXPECT_EQ(behind.accepted + stage(t.p, "relay").lost, before.delivered);
        expect_balanced(t.p);
    }
}

TEST(pipeline, an_exception_amid_what_a_flat_stage_emits_leaves_what_went_out_before) {
    pipeline p;
    auto in = p.inlet<int>("in");
    const auto twice = p.flat_stage<int, int>("twice", 2, [](int i, auto& emit) {
        emit(2 * i);
        if (i == 3) throw std::runtime_error("as told");
        emit(2 * i + 1);
    });
    p.connect(in, twice, 5);
    p.connect(twice, p.sink<int>("out", [](int) {}), 20);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(in.push(i), status::success);
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    EXPECT_EQ(edge(p, "in", "twice").delivered, 3U);
    EXPECT_EQ(edge(p, "in", "twice").lost, 2U);
    EXPECT_EQ(stage(p, "twice").emitted, 7U);
    EXPECT_EQ(edge(p, "twice", "out").accepted, 7U);
    expect_balanced(p);
}

TEST(pipeline, a_copy_that_throws_amid_a_fan_out_gives_the_item_to_none) {
    static int copies;
    copies = 0;
    struct copied {
        copied() = default;
        copied(const copied&) {
            if (++copies == 6) throw std::runtime_error("no memory for a copy");
        }
        copied(copied&&) noexcept = default;
    };
    pipeline p;
    const auto feed = p.source<copied>("feed", [] { return std::optional<copied>(std::in_place); });
    for (int i = 0; i < 4; ++i) {
        p.connect(feed, p.sink<copied>("out " + std::to_string(i), [](auto&&) {}), 9);
    }
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    EXPECT_EQ(p.failure()->what, "stage 'feed' threw: no memory for a copy");
    EXPECT_EQ(stage(p, "feed").emitted, 1U) << "the sixth copy is the last of the second item";
    for (const auto& e : p.edges()) EXPECT_EQ(e.accepted, 1U) << e.to;
    expect_balanced(p);
}

TEST(pipeline, the_first_failure_stands_whoever_throws_later) {
    std::atomic<bool> sink_has_one{false};
    pipeline p;
    auto in = p.inlet<int>("in");
    const auto relay = p.stage<int, int>("relay", [&](int i) {
        if (i < 2) return i;
        EXPECT_TRUE(eventually([&] { return sink_has_one.load(); }));
        throw std::runtime_error("first");
    });
    const auto out = p.sink<int>("out", [&](int) {
        sink_has_one = true;
        EXPECT_TRUE(eventually([&] { return p.failure().has_value(); }));
        throw std::runtime_error("second");
    });
    p.connect(in, relay, 4);
    p.connect(relay, out, 3);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(in.push(i), status::success);
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    EXPECT_EQ(p.failure()->what, "stage 'relay' threw: first");
    EXPECT_EQ(edge(p, "in", "relay").lost, 2U);
    EXPECT_EQ(edge(p, "relay", "out").accepted, 2U);
    EXPECT_EQ(edge(p, "relay", "out").lost, 2U);
    expect_balanced(p);
}

#endif

}  // namespace
