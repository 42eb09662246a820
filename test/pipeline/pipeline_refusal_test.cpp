// SPDX-License-Identifier: MIT
//
// What a pipeline refuses to build, and how it fails.
#include "weir/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "test/support/pipeline_support.hpp"

#if defined(__cpp_exceptions)  // where they are off, who would throw aborts

namespace {

using namespace weir_test;
using weir::pipeline;
using outcome = weir::pipeline::outcome;
using testing::HasSubstr;

TEST(pipeline, an_exception_cancels_it_and_is_reported_with_the_stage_that_threw) {
    std::vector<int> arrived;
    pipeline p;
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
    // Also one that leads by another output than the first.
    const auto d = p.stage<int, int>("d", pass());
    p.connect(a, d, 1);
    ASSERT_THAT(refusal([&] { p.connect(d, a, 1); }), HasSubstr("the stages 'd' -> 'a' -> 'd' would form a cycle"));
    p.connect(d, p.sink<int>("other", [](int) {}), 1);
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

    // Where all outputs get everything, the least room counts; where each gets some, that of all.
    const auto refusal_of_nine = [](auto how) {
        pipeline r;
        const auto nine = r.flat_stage<int, int>(
            "nine", 9, [](int, auto&) {}, {}, how);
        r.connect(r.source<int>("numbers", count_to(0)), nine, 1);
        r.connect(nine, r.sink<int>("small", [](int) {}), 3);
        r.connect(nine, r.sink<int>("large", [](int) {}), 5);
        return refusal([&] { r.run(); });
    };
    EXPECT_THAT(refusal_of_nine(weir::split::to_all{}), HasSubstr("may make 9 items of one, and has room for 3"));
    EXPECT_THAT(refusal_of_nine(weir::split::in_turn{}), HasSubstr("may make 9 items of one, and has room for 8"));
    EXPECT_THAT(refusal_of_nine(weir::split::least_loaded{}), HasSubstr("and has room for 8"));
}

TEST(pipeline_failure, of_many_stages_at_once_is_that_of_the_first) {
    constexpr unsigned stages = 4;
    weir_test::gate gate;
    std::atomic<unsigned> ready{0};
    pipeline p;
    const opened_at_end opened{gate};
    for (unsigned i = 0; i < stages; ++i) {
        const auto fail = [&, i]() -> std::optional<int> {
            ++ready;
            gate.wait();
            throw std::runtime_error("reason " + std::to_string(i));
        };
        const std::string number = std::to_string(i);
        p.connect(p.source<int>("stage " + number, fail), p.sink<int>("sink " + number, [](int) {}), 1);
    }
    p.run();
    EXPECT_TRUE(eventually([&] { return ready == stages; }));
    EXPECT_FALSE(p.failure());
    gate.open();
    while (!p.failure()) std::this_thread::yield();
    const weir::stage_failure told = *p.failure();
    EXPECT_EQ(p.join(), outcome::failed);
    ASSERT_TRUE(p.failure());
    EXPECT_EQ(p.failure()->stage, told.stage);
    EXPECT_EQ(p.failure()->what, told.what);
    const std::string number = told.stage.substr(told.stage.size() - 1);
    EXPECT_EQ(told.what, "stage 'stage " + number + "' threw: reason " + number);
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
    EXPECT_THAT(refusal([&] { other.connect(feed, elsewhere, 1); }), HasSubstr("would lead to another pipeline"));
}

}  // namespace

#endif
