// SPDX-License-Identifier: MIT
//
// One output that several stages read, each everything: what arrives, what a frozen reader does to the source, and what a lossy one loses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "test/support/pipeline_support.hpp"
#include "test/support/wait_support.hpp"
#include "weir/pipeline.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using testing::HasSubstr;
using weir::pipeline;
using weir::reader_mode;
using outcome = weir::pipeline::outcome;

TEST(pipeline_broadcast, every_reader_gets_everything_in_order) {
    constexpr int items = 20'000;
    std::vector<int> a, b, c;
    pipeline p;
    const auto feed = p.source<int>("feed", count_to(items));
    const auto all = p.broadcast(feed, 7);
    p.connect(all, p.sink<int>("a", [&](int i) { a.push_back(i); }));
    p.connect(all, p.sink<int>("b", [&](const int& i) { b.push_back(i); }));
    const auto relay = p.stage<int, int>("relay", pass(), {.batch = 3});
    p.connect(all, relay);
    p.connect(relay, p.sink<int>("c", [&](int&& i) { c.push_back(i); }), 2);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(a, numbers_to(items));
    EXPECT_EQ(b, numbers_to(items));
    EXPECT_EQ(c, numbers_to(items));
    for (const auto* reader : {"a", "b", "relay"}) {
        const auto e = edge(p, "feed", reader);
        EXPECT_EQ(e.capacity, 7U);
        EXPECT_EQ(e.accepted, static_cast<std::uint64_t>(items)) << reader;
        EXPECT_EQ(e.delivered, static_cast<std::uint64_t>(items)) << reader;
        EXPECT_EQ(e.queued + e.lost, 0U) << reader;
    }
    EXPECT_EQ(stage(p, "feed").emitted, static_cast<std::uint64_t>(items));
}

TEST(pipeline_broadcast, a_function_that_takes_a_const_reference_sees_the_item_itself_and_others_a_copy_of_their_own) {
    struct counted {
        explicit counted(std::atomic<int>& copies_) : copies(&copies_) {}
        counted(const counted& other) : copies(other.copies) { ++*copies; }
        counted(counted&& other) noexcept : copies(other.copies) {}
        counted& operator=(const counted&) = default;
        std::atomic<int>* copies;
    };
    constexpr int items = 10;
    std::atomic<int> copies{0};
    int seen = 0, taken = 0;
    pipeline p;
    const auto all = p.broadcast(p.source<counted>("feed",
                                                   [&, n = 0]() mutable -> std::optional<counted> {
                                                       if (n++ == items) return std::nullopt;
                                                       return std::optional<counted>(std::in_place, copies);
                                                   }),
                                 4);
    p.connect(all, p.sink<counted>("in place", [&](const counted&) { ++seen; }));
    p.connect(all, p.sink<counted>("copied", [&](counted&&) { ++taken; }));
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(seen, items);
    EXPECT_EQ(taken, items);
    EXPECT_EQ(copies, items) << "one for each item, for the reader that may change it";
}

TEST(pipeline_broadcast, a_frozen_reader_stops_the_source_at_the_capacity_and_the_others_with_it) {
    constexpr std::size_t capacity = 10;
    gate frozen;
    std::atomic<int> free_reader{0};
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto feed = p.source<int>("feed", count_to(1000), {.batch = 16});
    const auto relay = p.stage<int, int>("relay", pass());
    p.connect(feed, relay, 5);
    const auto all = p.broadcast(relay, capacity);
    p.connect(all, p.sink<int>("frozen", [&](int) { frozen.wait(); }));
    p.connect(all, p.sink<int>("free", [&](int) { ++free_reader; }));
    p.run();
    // The frozen reader has its first item in hand, which counts.
    ASSERT_TRUE(eventually([&] {
        return edge(p, "relay", "frozen").queued == capacity && edge(p, "feed", "relay").queued == 5 &&
               free_reader == static_cast<int>(capacity);
    }));
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(edge(p, "feed", "relay").accepted, capacity + 5) << "no more than the sum of the capacities";
    EXPECT_EQ(edge(p, "relay", "frozen").accepted, capacity);
    EXPECT_EQ(edge(p, "relay", "frozen").delivered, 0U);
    EXPECT_EQ(edge(p, "relay", "free").delivered, capacity);
    expect_balanced(p);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(free_reader, 1000);
    EXPECT_EQ(edge(p, "relay", "frozen").delivered, 1000U);
    expect_balanced(p);
}

TEST(pipeline_broadcast, a_lossy_reader_never_stops_the_source_and_its_losses_are_in_the_ledger) {
    constexpr std::size_t capacity = 8;
    constexpr std::uint64_t items = 5000;
    gate frozen;
    std::atomic<std::uint64_t> arrived{0};
    std::atomic<int> last{-1};
    std::atomic<bool> hangs{false};
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto all = p.broadcast(p.source<int>("feed", count_to(items)), capacity);
    p.connect(all, p.sink<int>("gated", [](int) {}));
    p.connect(all,
              p.sink<int>("lossy",
                          [&](int i) {
                              if (arrived == 0) {
                                  hangs = true;
                                  frozen.wait();
                              }
                              EXPECT_GT(i, last);
                              last = i;
                              ++arrived;
                          }),
              reader_mode::lossy);
    p.run();
    ASSERT_TRUE(eventually([&] { return hangs && edge(p, "feed", "gated").delivered == items; }));
    {
        const auto now = edge(p, "feed", "lossy");
        EXPECT_EQ(now.accepted, items) << "the frozen reader is not waited for";
        EXPECT_EQ(now.accepted, now.delivered + now.queued + now.lost) << "also while it hangs";
        EXPECT_LE(now.queued, capacity + 1);
        EXPECT_GE(now.lost, items - capacity - 1);
    }
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    const auto end = edge(p, "feed", "lossy");
    EXPECT_EQ(end.delivered, arrived);
    EXPECT_EQ(end.delivered + end.lost, items);
    EXPECT_EQ(end.queued, 0U);
    EXPECT_GT(end.lost, 0U);
    EXPECT_EQ(last, static_cast<int>(items) - 1) << "what is kept arrives, up to the last";
}

TEST(pipeline_broadcast, close_delivers_what_was_accepted_to_every_reader) {
    std::atomic<std::uint64_t> a{0}, b{0};
    pipeline p;
    const auto all = p.broadcast(p.source<int>("feed", count_for_ever()), 16);
    p.connect(all, p.sink<int>("a", [&](int) { ++a; }));
    p.connect(all, p.sink<int>("b", [&](int) { ++b; }));
    p.run();
    EXPECT_TRUE(eventually([&] { return a > 1000 && b > 1000; }));
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(a, stage(p, "feed").emitted);
    EXPECT_EQ(b, stage(p, "feed").emitted);
    EXPECT_EQ(lost(p), 0U);
    expect_balanced(p);
}

TEST(pipeline_broadcast, cancel_at_any_moment_accounts_for_each_item_and_destroys_it) {
    weir_test::numbers moments(3);
    const std::uint64_t rounds = weir_test::rounds(100);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto token = std::make_shared<int>(0);
        std::atomic<std::uint64_t> a{0}, b{0};
        {
            pipeline p;
            const auto feed = p.source<std::shared_ptr<int>>("feed", [&] { return std::optional(token); });
            const auto all = p.broadcast(feed, 1 + moments.below(5));
            p.connect(all, p.sink<std::shared_ptr<int>>("a", [&](const std::shared_ptr<int>&) { ++a; }));
            p.connect(all, p.sink<std::shared_ptr<int>>("b", [&](std::shared_ptr<int>) { ++b; }));
            p.run();
            const std::uint64_t enough = moments.below(100);
            ASSERT_TRUE(eventually([&] { return a >= enough; }));
            const bool by_close = round % 4 == 0;
            by_close ? p.close() : p.cancel();
            EXPECT_EQ(p.join(), by_close ? outcome::drained : outcome::cancelled);
            expect_balanced(p);
            const std::uint64_t emitted = stage(p, "feed").emitted;
            EXPECT_EQ(edge(p, "feed", "a").delivered, a);
            EXPECT_EQ(edge(p, "feed", "b").delivered, b);
            EXPECT_EQ(edge(p, "feed", "a").accepted, emitted);
            EXPECT_EQ(2 * emitted, a + b + lost(p));
            if (by_close) {
                EXPECT_EQ(lost(p), 0U);
            }
        }
        EXPECT_EQ(token.use_count(), 1);
    }
}

// Capacities of one, pauses everywhere: everybody waits for everybody.
TEST(pipeline_broadcast, loses_no_wake_up) {
    const auto items = static_cast<int>(weir_test::rounds(10'000));
    std::atomic<std::uint64_t> arrived{0};
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
    const auto all = p.broadcast(feed, 1);
    const auto a = p.stage<int, int>("a", paused(2));
    const auto b = p.stage<int, int>("b", paused(3));
    const auto out = p.sink<int>("out", [&, pause = weir_test::random_pause(4)](int) mutable {
        pause();
        ++arrived;
    });
    p.connect(all, a);
    p.connect(all, b);
    p.connect(all, out);
    p.connect(p.broadcast(a, 1), out);
    p.connect(b, out, 1);
    const weir_test::watchdog dog([&] { return arrived.load(); },
                                  [] { return std::string("a broadcast stands still"); });
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, 3 * static_cast<std::uint64_t>(items));
    expect_balanced(p);
}

#if defined(__cpp_exceptions)

TEST(pipeline_broadcast, an_exception_in_one_branch_cancels_all_and_its_item_counts_as_lost) {
    std::atomic<std::uint64_t> other{0};
    pipeline p;
    const auto all = p.broadcast(p.source<int>("feed", count_for_ever()), 4);
    p.connect(all, p.sink<int>("throws", [](int i) {
        if (i == 7) throw std::runtime_error("no price");
    }));
    p.connect(all, p.sink<int>("other", [&](int) { ++other; }));
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    ASSERT_TRUE(p.failure());
    EXPECT_EQ(p.failure()->what, "stage 'throws' threw: no price");
    EXPECT_EQ(edge(p, "feed", "throws").delivered, 7U);
    EXPECT_GE(edge(p, "feed", "throws").lost, 1U);
    EXPECT_EQ(edge(p, "feed", "other").delivered, other);
    expect_balanced(p);
}

TEST(pipeline_broadcast, an_item_that_cannot_be_copied_for_a_reader_fails_the_pipeline_and_counts_as_lost) {
    struct fragile {
        explicit fragile(int n_) : n(n_) {}
        fragile(const fragile& other) : n(other.n) {
            if (n == 5) throw std::runtime_error("no memory");
        }
        fragile(fragile&&) noexcept = default;
        fragile& operator=(const fragile&) = default;
        int n;
    };
    std::uint64_t arrived = 0;
    pipeline p;
    const auto feed =
        p.source<fragile>("feed", [n = 0]() mutable { return std::optional<fragile>(std::in_place, n++); });
    p.connect(p.broadcast(feed, 3), p.sink<fragile>("out", [&](fragile&&) { ++arrived; }));
    p.run();
    EXPECT_EQ(p.join(), outcome::failed);
    EXPECT_EQ(p.failure()->what, "stage 'out' threw: no memory");
    EXPECT_EQ(arrived, 5U);
    EXPECT_EQ(edge(p, "feed", "out").delivered, 5U);
    EXPECT_GE(edge(p, "feed", "out").lost, 1U);
    expect_balanced(p);
}

TEST(pipeline_broadcast, refuses_what_cannot_be_built) {
    pipeline p;
    const auto feed = p.source<int>("feed", count_for_ever());
    EXPECT_THAT(refusal([&] { p.broadcast(feed, 0); }),
                HasSubstr("the broadcast of 'feed' has capacity 0; it needs 1"));
    const auto all = p.broadcast(feed, 4);
    EXPECT_THAT(refusal([&] { p.run(); }), HasSubstr("the broadcast of 'feed' has no reader; connect one"));
    EXPECT_THAT(refusal([&] { p.broadcast(feed, 4); }),
                HasSubstr("stage 'feed' has an output, and would have a broadcast"));
    const auto out = p.sink<int>("out", [](int) {});
    EXPECT_THAT(refusal([&] { p.connect(feed, out, 1); }), HasSubstr("stage 'feed' broadcasts its items"));
    p.connect(all, out);
    EXPECT_THAT(refusal([&] { p.connect(all, out); }), HasSubstr("edge 'feed' -> 'out' exists already"));

    const auto a = p.stage<int, int>("a", pass());
    const auto b = p.stage<int, int>("b", pass());
    p.connect(all, a);
    const auto of_a = p.broadcast(a, 4);
    p.connect(of_a, b);
    EXPECT_THAT(refusal([&] { p.connect(b, a, 1); }), HasSubstr("the stages 'b' -> 'a' -> 'b' would form a cycle"));
    EXPECT_THAT(refusal([&] { p.connect(of_a, a); }), HasSubstr("would form a cycle"));
    p.connect(b, out, 1);
    EXPECT_THAT(refusal([&] { p.broadcast(b, 4); }), HasSubstr("stage 'b' has an output, and would have a broadcast"));
    const auto keyed = p.stage<int, int>("keyed", pass(), {}, weir::split::in_turn{});
    EXPECT_THAT(refusal([&] { p.broadcast(keyed, 4); }), HasSubstr("a broadcast gives it to all; leave the split out"));

    const auto words = p.source<std::string>("words", [] { return std::optional<std::string>(); });
    const auto reader = p.sink<std::string>("reader", [](const std::string&) {});
    EXPECT_THAT(refusal([&] { p.connect(p.broadcast(words, 4), reader, reader_mode::lossy); }),
                HasSubstr("'reader' would be a lossy reader"));

    pipeline other;
    const auto spare = p.stage<int, int>("spare", pass());
    EXPECT_THAT(refusal([&] { other.broadcast(spare, 4); }), HasSubstr("would be in another pipeline"));
    EXPECT_THAT(refusal([&] { p.connect(all, other.sink<int>("elsewhere", [](int) {})); }),
                HasSubstr("would lead to another pipeline"));

    pipeline wide;
    const auto to_many = wide.broadcast(wide.source<int>("feed", count_to(10)), 4);
    for (int i = 0; i < 64; ++i) wide.connect(to_many, wide.sink<int>("sink " + std::to_string(i), [](int) {}));
    EXPECT_THAT(refusal([&] { wide.connect(to_many, wide.sink<int>("one more", [](int) {})); }),
                HasSubstr("a broadcast has 64 readers, and 'one more' would be one more"));
}

TEST(pipeline_broadcast, a_flat_stage_has_the_room_of_the_ring) {
    pipeline p;
    const auto numbers = p.source<int>("numbers", count_to(100));
    const auto twice = p.flat_stage<int, int>("twice", 4, [](int i, auto& emit) {
        for (int n = 0; n < 4; ++n) emit(i);
    });
    p.connect(numbers, twice, 1);
    std::uint64_t arrived = 0;
    const auto out = p.sink<int>("out", [&](int) { ++arrived; });
    p.connect(p.broadcast(twice, 4), out);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(arrived, 400U);

    pipeline q;
    const auto five = q.flat_stage<int, int>("five", 5, [](int, auto&) {});
    q.connect(q.source<int>("numbers", count_to(1)), five, 1);
    q.connect(q.broadcast(five, 4), q.sink<int>("out", [](int) {}));
    EXPECT_THAT(refusal([&] { q.run(); }), HasSubstr("stage 'five' may make 5 items of one, and has room for 4"));
}

#endif

}  // namespace
