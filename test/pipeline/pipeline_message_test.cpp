// SPDX-License-Identifier: MIT
//
// Edges that carry messages of any size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "test/support/messages.hpp"
#include "test/support/pipeline_support.hpp"
#include "test/support/wait_support.hpp"
#include "weir/messages.hpp"
#include "weir/pipeline.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using testing::HasSubstr;
using weir::message;
using weir::pipeline;
using bytes = std::span<const std::byte>;
using outcome = weir::pipeline::outcome;

std::size_t size_of(std::uint64_t n) { return static_cast<std::size_t>(n * 2654435761 % 101); }

/// A source of `end` messages, each of a size of its own.
auto messages_to(std::uint64_t end) {
    return [n = std::uint64_t{0}, end](auto& emit) mutable {
        if (n == end) return false;
        const message_bytes one = message_of(n, size_of(n));
        emit(message{static_cast<std::uint16_t>(n), one});
        ++n;
        return true;
    };
}
/// A function that expects them, in order, and counts them.
auto expecting(std::atomic<std::uint64_t>& next) {
    return [&next](std::uint16_t type, bytes one) {
        const std::uint64_t n = next;
        EXPECT_EQ(type, static_cast<std::uint16_t>(n));
        EXPECT_EQ(one.size(), size_of(n));
        EXPECT_TRUE(is_message(one, n)) << n;
        ++next;
    };
}
constexpr weir::stage_settings up_to_100{.most_bytes = 100};

TEST(pipeline_messages, deliver_every_byte_and_type_in_order) {
    constexpr std::uint64_t messages = 20'000;
    std::atomic<std::uint64_t> a{0}, b{0};
    pipeline p;
    const auto feed = p.source<message>("feed", messages_to(messages), up_to_100);
    const auto relay = p.flat_stage<message, message>(
        "relay", 1,
        [](std::uint16_t type, bytes one, auto& emit) {
            emit(message{type, one});
        },
        up_to_100);
    p.connect(feed, relay, 512);
    p.connect(feed, p.sink<message>("a", expecting(a)), 1024);
    p.connect(relay, p.sink<message>("b", expecting(b)), 256);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(a, messages);
    EXPECT_EQ(b, messages);
    EXPECT_EQ(edge(p, "feed", "relay").accepted, messages);
    EXPECT_EQ(edge(p, "feed", "relay").capacity, 512U) << "bytes";
    EXPECT_EQ(edge(p, "relay", "b").delivered, messages);
    EXPECT_EQ(stage(p, "relay").emitted, messages);
    EXPECT_EQ(lost(p), 0U);
    expect_balanced(p);
}

struct quote {
    std::uint64_t id;
    double price;
};
struct trade {
    std::uint64_t id;
    std::uint32_t size;
};
using feed = weir::messages<quote, trade>;

TEST(pipeline_messages, of_types_are_made_of_items_and_made_into_items_again) {
    constexpr int items = 1000;
    double prices = 0;
    std::uint64_t volume = 0;
    pipeline p;
    const auto numbers = p.source<int>("numbers", count_to(items));
    const auto encode = p.flat_stage<int, message>("encode", 2,
                                                   [](int i, auto& emit) {
                                                       const auto id = static_cast<std::uint64_t>(i);
                                                       emit(feed::view(quote{id, 1.0 * i}));
                                                       if (i % 2 == 0) emit(feed::view(trade{id, 10}));
                                                   },
                                                   {.most_bytes = feed::most_bytes});
    const auto decode = p.stage<message, std::uint64_t>(
        "decode", feed::visitor(
                      [&](const quote& q) -> std::optional<std::uint64_t> {
                          prices += q.price;
                          return std::nullopt;
                      },
                      [](const trade& t) -> std::optional<std::uint64_t> { return t.size; }));
    const auto out = p.sink<std::uint64_t>("out", [&](std::uint64_t size) { volume += size; });
    p.connect(numbers, encode, 4);
    p.connect(encode, decode, 128);
    p.connect(decode, out, 4);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(prices, 1.0 * items * (items - 1) / 2);
    EXPECT_EQ(volume, 10U * items / 2);
    EXPECT_EQ(edge(p, "encode", "decode").delivered, 3U * items / 2);
    expect_balanced(p);
}

TEST(pipeline_messages, a_frozen_sink_stops_the_source_within_the_bytes_of_the_edges) {
    gate frozen;
    std::atomic<std::uint64_t> next{0};
    pipeline p;
    const opened_at_end thaw{frozen};
    const auto source = p.source<message>("feed", messages_to(3000), up_to_100);
    const auto relay = p.flat_stage<message, message>(
        "relay", 1,
        [](std::uint16_t type, bytes one, auto& emit) {
            emit(message{type, one});
        },
        up_to_100);
    const auto out = p.sink<message>("out", [&, expect = expecting(next)](std::uint16_t type, bytes one) {
        frozen.wait();
        expect(type, one);
    });
    p.connect(source, relay, 1024);
    p.connect(relay, out, 256);
    p.run();
    const auto accepted = [&] { return edge(p, "feed", "relay").accepted; };
    std::uint64_t before = 0;
    EXPECT_TRUE(eventually([&] {
        const std::uint64_t now = accepted();
        const bool at_rest = now > 0 && now == before;
        before = now;
        if (at_rest) std::this_thread::sleep_for(100ms);
        return at_rest && accepted() == now;
    }));
    std::size_t taken = 0;
    for (std::uint64_t n = 0; n < accepted(); ++n) taken += (size_of(n) + 8 + 7) / 8 * 8;
    EXPECT_LE(taken, 1024U + 256U) << "no more than the sum of the capacities";
    EXPECT_GE(taken, 1024U + 256U - 2 * (112 + 104)) << "and no less than what is sure to fit";
    EXPECT_EQ(edge(p, "relay", "out").delivered, 0U);
    expect_balanced(p);
    frozen.open();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(next, 3000U);
    expect_balanced(p);
}

/// A node that does nothing: what an edge needs at its ends.
class still_node final : public weir::detail::node {
public:
    using node::node;
    std::string prepare() override { return {}; }
    weir::stage_ledger ledger() const noexcept override { return {}; }

private:
    weir::detail::turn go() noexcept override { return weir::detail::turn::waiting; }
    void end(bool) noexcept override {}
};

// An output sends as many messages as it was promised once, of any sizes: bytes that are skipped at the end of the storage must not
// cost it one.
TEST(pipeline_messages, a_permit_of_an_edge_stays_one_whatever_bytes_are_skipped) {
    weir::detail::graph graph;
    still_node from(graph, "from"), to(graph, "to");
    const std::vector<std::byte> bytes_of_all(200);
    std::uint64_t sent = 0;
    for (const std::size_t capacity : {128U, 256U, 512U, 1024U}) {
        for (std::size_t most = 0; most <= capacity / 2 - 16; most += 7) {
            SCOPED_TRACE(std::to_string(capacity) + " bytes, messages up to " + std::to_string(most));
            weir::detail::edge<message> edge(from, to, capacity, std::min<std::size_t>(most, 200));
            weir_test::numbers numbers(capacity + most);
            for (int step = 0; step < 400; ++step) {
                if (numbers.below(2) == 0) {
                    (void)edge.take([](const message&) { return true; });
                    continue;
                }
                const std::size_t promised = edge.credits();
                for (std::size_t left = promised; left > 0; --left, ++sent) {
                    // Often the largest or nothing.
                    const std::size_t largest = std::min<std::size_t>(most, 200);
                    const std::uint64_t kind = numbers.below(4);
                    const std::size_t size = kind == 0 ? largest : kind == 1 ? 0 : numbers.below(largest + 1);
                    edge.send(message{0, bytes(bytes_of_all).first(size)});  // aborts if it is refused
                    ASSERT_GE(edge.credits() + 1, left) << "after " << size << " bytes";
                }
            }
            while (edge.take([](const message&) { return true; })) {
            }
            EXPECT_EQ(edge.credits(), edge.most_credits());
            EXPECT_GT(edge.most_credits(), 0U);
        }
    }
    EXPECT_GT(sent, 10'000U);
}

TEST(pipeline_messages, close_and_cancel_at_any_moment_account_for_each_message) {
    weir_test::numbers moments(5);
    const std::uint64_t rounds = weir_test::rounds(100);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        std::atomic<std::uint64_t> next{0};
        pipeline p;
        const auto source = p.source<message>("feed", messages_to(~std::uint64_t{0}), up_to_100);
        const auto relay = p.flat_stage<message, message>(
            "relay", 1,
            [](std::uint16_t type, bytes one, auto& emit) {
                emit(message{type, one});
            },
            up_to_100);
        p.connect(source, relay, 256);
        p.connect(relay, p.sink<message>("out", expecting(next)), 512);
        p.run();
        const std::uint64_t enough = moments.below(100);
        ASSERT_TRUE(eventually([&] { return next >= enough; }));
        const bool by_close = round % 2 == 0;
        by_close ? p.close() : p.cancel();
        EXPECT_EQ(p.join(), by_close ? outcome::drained : outcome::cancelled);
        expect_balanced(p);
        EXPECT_EQ(edge(p, "relay", "out").delivered, next);
        EXPECT_EQ(stage(p, "feed").emitted, next + lost(p));
        if (by_close) {
            EXPECT_EQ(lost(p), 0U);
        }
    }
}

TEST(pipeline_messages, go_to_one_output_in_turn_or_where_the_fewest_bytes_are) {
    const auto share = [](auto how) {
        constexpr std::uint64_t messages = 5000;
        std::atomic<std::uint64_t> a{0}, b{0};
        pipeline p;
        const auto source = p.source<message>("feed", messages_to(messages), up_to_100, how);
        p.connect(source, p.sink<message>("a", [&](std::uint16_t, bytes) { ++a; }), 512);
        p.connect(source, p.sink<message>("b", [&](std::uint16_t, bytes) { ++b; }), 512);
        p.run();
        EXPECT_EQ(p.join(), outcome::drained);
        EXPECT_EQ(a + b, messages);
        EXPECT_GT(a, 0U);
        EXPECT_GT(b, 0U);
        expect_balanced(p);
    };
    share(weir::split::in_turn{});
    share(weir::split::least_loaded{});
}

TEST(pipeline_messages, a_source_may_emit_nothing_and_hears_of_the_close_by_its_token) {
    std::atomic<std::uint64_t> asked{0};
    pipeline p;
    const auto source = p.source<message>(
        "feed",
        [&](auto&, std::stop_token stop) {
            ++asked;
            while (asked > 3 && !stop.stop_requested()) std::this_thread::sleep_for(1ms);
            return true;
        },
        up_to_100);
    p.connect(source, p.sink<message>("out", [](std::uint16_t, bytes) {}), 256);
    p.run();
    EXPECT_TRUE(eventually([&] { return asked > 3; }));
    p.close();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(stage(p, "feed").emitted, 0U);
}

TEST(pipeline_messages, loses_no_wake_up) {
    const std::uint64_t messages = weir_test::rounds(10'000);
    std::atomic<std::uint64_t> next{0};
    pipeline p;
    const auto source = p.source<message>(
        "feed",
        [make = messages_to(messages), pause = weir_test::random_pause(1)](auto& emit) mutable {
            pause();
            return make(emit);
        },
        up_to_100);
    const auto relay = p.flat_stage<message, message>(
        "relay", 1,
        [pause = weir_test::random_pause(2)](std::uint16_t type, bytes one, auto& emit) mutable {
            pause();
            emit(message{type, one});
        },
        up_to_100);
    p.connect(source, relay, 256);
    p.connect(relay,
              p.sink<message>("out",
                              [expect = expecting(next), pause = weir_test::random_pause(3)](std::uint16_t type,
                                                                                             bytes one) mutable {
                                  pause();
                                  expect(type, one);
                              }),
              256);
    const weir_test::watchdog dog([&] { return next.load(); }, [] { return std::string("messages stand still"); });
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);
    EXPECT_EQ(next, messages);
}

#if defined(__cpp_exceptions)

TEST(pipeline_messages, an_exception_or_a_message_too_large_fails_the_pipeline) {
    const auto failure_of = [](auto make, auto take) {
        pipeline p;
        p.connect(p.source<message>("feed", make, up_to_100), p.sink<message>("out", take), 256);
        p.run();
        EXPECT_EQ(p.join(), outcome::failed);
        expect_balanced(p);
        return p.failure() ? p.failure()->what : "none";
    };
    const auto nothing = [](std::uint16_t, bytes) {};
    EXPECT_EQ(failure_of(messages_to(1000),
                         [](std::uint16_t type, bytes) {
                             if (type == 7) throw std::runtime_error("no price");
                         }),
              "stage 'out' threw: no price");
    EXPECT_THAT(failure_of(
                    [](auto& emit) {
                        emit(message{1, message_of(1, 101)});
                        return true;
                    },
                    nothing),
                HasSubstr("stage 'feed' threw: weir: emit() got a message of 101 bytes, and the stage may emit 100"));
    EXPECT_THAT(failure_of(
                    [](auto& emit) {
                        emit(message{1, {}});
                        emit(message{1, {}});
                        return true;
                    },
                    nothing),
                HasSubstr("emit() was called more than 1 times"));
}

TEST(pipeline_messages, refuses_what_cannot_be_built) {
    pipeline p;
    EXPECT_THAT(refusal([&] { p.source<message>("mute", messages_to(1)); }),
                HasSubstr("stage 'mute' emits messages and does not say how large they may be"));
    const auto source = p.source<message>("feed", messages_to(1), up_to_100);
    const auto out = p.sink<message>("out", [](std::uint16_t, bytes) {});
    EXPECT_THAT(
        refusal([&] { p.connect(source, out, 128); }),
        HasSubstr("edge 'feed' -> 'out' of 128 bytes takes messages of 56 bytes at most, and 'feed' may send 100; "
                  "give the edge 256 bytes"));
    EXPECT_THAT(refusal([&] { p.connect(source, out, 1000); }), HasSubstr("choose a power of two"));
    p.connect(source, out, 256);
    p.run();
    EXPECT_EQ(p.join(), outcome::drained);

    pipeline q;
    const auto three = q.flat_stage<int, message>(
        "three", 3, [](int, auto&) {}, up_to_100);
    q.connect(q.source<int>("numbers", count_to(1)), three, 1);
    q.connect(three, q.sink<message>("out", [](std::uint16_t, bytes) {}), 256);
    EXPECT_THAT(refusal([&] { q.run(); }), HasSubstr("stage 'three' may make 3 items of one, and has room for 1"));
}

#endif

}  // namespace
