// SPDX-License-Identifier: MIT
//
// Both ends of a link in one process, over three servers on the loopback that run for all of these tests.
#include "test/jetstream/cluster.hpp"
#include "test/jetstream/observer.hpp"

#include <weir/jetstream.hpp>
#include <weir/ring.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace weir::jetstream;
using testing::HasSubstr;
using weir_test::cluster;
using weir_test::observer;
using weir_test::within;

using item = remote_item<std::uint64_t>;
using source_ring = weir::spsc_ring<std::uint64_t>;
using sink_ring = weir::spsc_ring<item>;
constexpr auto patience = 30s;

class jetstream_link : public testing::Test {
protected:
    static void SetUpTestSuite() { servers = std::make_unique<cluster>(); }
    static void TearDownTestSuite() { servers.reset(); }

    // Each test has a link of its own.
    static remote_link a_link() {
        static int links = 0;
        return {.servers = servers->urls(),
                .name = "link" + std::to_string(++links),
                .items_per_message = 4,
                .attach_timeout = 60s};
    }

    static std::vector<std::uint64_t> take(sink_ring& ring, std::size_t n, bool finish = true) {
        std::vector<std::uint64_t> values;
        for (item one; values.size() < n && ring.pop_for(one, patience);) {
            values.push_back(one.value);
            if (finish) one.finish();
        }
        return values;
    }
    static std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
        std::vector<std::uint64_t> all;
        while (first < last) all.push_back(first++);
        return all;
    }
    static bool push_all(source_ring& ring, std::uint64_t first, std::uint64_t last) {
        while (first < last)
            if (!ring.push_for(first++, patience)) return false;
        return true;
    }

    static inline std::unique_ptr<cluster> servers;
};

TEST_F(jetstream_link, carries_items_once_and_in_order_and_gives_their_credit_back) {
    const remote_link name = a_link();
    source_ring out(64);
    sink_ring in(32);
    remote_producer<std::uint64_t> to(out, name);
    remote_consumer<std::uint64_t> from(in, name, {.window = 48});
    observer seen(name);
    std::thread source([&] { EXPECT_TRUE(push_all(out, 0, 1000)); });
    EXPECT_EQ(take(in, 1000), numbers(0, 1000));
    source.join();
    EXPECT_TRUE(to.finish_for(patience));
    EXPECT_EQ(out.size_approx(), 0U);
    EXPECT_EQ(to.figures().finished, 1000U);
    EXPECT_EQ(from.figures().finished, 1000U);
    EXPECT_EQ(from.figures().recorded, 1000U);
    EXPECT_EQ(from.figures().lost, 0U);
    EXPECT_EQ(seen.violation(), "");
    EXPECT_GT(seen.checked(), 0U);
}

TEST_F(jetstream_link, stops_the_source_after_exactly_the_window_when_the_sink_is_frozen) {
    const remote_link name = a_link();
    source_ring out(40);
    sink_ring in(16);
    remote_consumer<std::uint64_t> from(in, name, {.window = 24});
    remote_producer<std::uint64_t> to(out, name);
    observer seen(name);
    std::uint64_t pushed = 0;
    while (out.push_for(pushed, 1s)) ++pushed;
    EXPECT_EQ(pushed, 40U) << "the ring's slots, each held until its item is finished";
    EXPECT_EQ(to.figures().published, 24U) << "the window";
    EXPECT_LE(from.figures().received, 16U) << "the sink's slots";
    EXPECT_GT(from.figures().received, 16U - 4U) << "but for less than a message";

    EXPECT_EQ(take(in, 10), numbers(0, 10));
    EXPECT_TRUE(within(patience, [&] { return to.figures().published == 34; }));
    for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(out.push_for(pushed++, patience)) << "ten slots came back";
    EXPECT_FALSE(out.push_for(pushed, 200ms)) << "and no more";
    EXPECT_EQ(to.figures().in_flight(), 24U);
    EXPECT_EQ(take(in, 40), numbers(10, 50));
    EXPECT_TRUE(to.finish_for(patience));
    EXPECT_EQ(seen.violation(), "");
}

TEST_F(jetstream_link, gives_credit_for_what_is_finished_not_for_what_is_popped) {
    const remote_link name = a_link();
    source_ring out(64);
    sink_ring in(8);
    remote_consumer<std::uint64_t> from(in, name, {.window = 8});
    remote_producer<std::uint64_t> to(out, name);
    ASSERT_TRUE(push_all(out, 0, 20));
    std::vector<item> held;
    for (item one; held.size() < 8 && in.pop_for(one, patience);) held.push_back(std::move(one));
    ASSERT_EQ(held.size(), 8U);
    EXPECT_FALSE(within(300ms, [&] { return to.figures().published > 8; })) << "popped, not finished";
    held[1].finish();
    held[3].finish();
    EXPECT_FALSE(within(300ms, [&] { return to.figures().published > 8; })) << "item 0 is not finished";
    held[0].finish();
    EXPECT_TRUE(within(patience, [&] { return to.figures().published == 10; })) << "items 0 and 1 are";
}

TEST_F(jetstream_link, sends_again_what_the_servers_lost) {
    const remote_link name = a_link();
    source_ring out(64);
    remote_producer<std::uint64_t> to(out, name);
    {
        sink_ring in(1);
        remote_consumer<std::uint64_t> grants(in, name, {.window = 64});
        ASSERT_TRUE(push_all(out, 0, 40));
        ASSERT_TRUE(within(patience, [&] { return to.figures().published == 40; }));
    }
    // All that is stored, and no item was finished.
    observer seen(name);
    jsErrCode code{};
    ASSERT_TRUE(within(patience, [&] {
        return js_PurgeStream(seen.session().context(), seen.session().stream().c_str(), nullptr, &code) == NATS_OK;
    }));
    sink_ring in(64);
    remote_consumer<std::uint64_t> from(in, name, {.window = 64});
    EXPECT_EQ(take(in, 40), numbers(0, 40));
    EXPECT_TRUE(to.finish_for(patience));
    EXPECT_GE(to.figures().resent, 40U);
    EXPECT_EQ(from.figures().lost, 0U);
}

TEST_F(jetstream_link, fills_a_gap_in_the_middle_and_keeps_the_order) {
    const remote_link name = a_link();
    source_ring out(64);
    remote_producer<std::uint64_t> to(out, name);
    {
        sink_ring in(1);
        remote_consumer<std::uint64_t> grants(in, name, {.window = 64});
        for (std::uint64_t i = 0; i < 20; ++i) {
            ASSERT_TRUE(out.push_for(i, patience));
            ASSERT_TRUE(within(patience, [&] { return to.figures().published == i + 1; }));
        }
    }
    observer seen(name);
    jsErrCode code{};
    std::uint64_t last = 0;
    ASSERT_TRUE(within(patience, [&] {
        jsStreamInfo* raw = nullptr;
        if (js_GetStreamInfo(&raw, seen.session().context(), seen.session().stream().c_str(), nullptr, &code) != NATS_OK)
            return false;
        const owned<jsStreamInfo> info(raw);
        last = info->State.LastSeq;
        return info->State.Msgs >= 20;
    }));
    ASSERT_TRUE(within(patience, [&] {
        return js_DeleteMsg(seen.session().context(), seen.session().stream().c_str(), last - 7, nullptr, &code) ==
               NATS_OK;
    }));
    sink_ring in(64);
    remote_consumer<std::uint64_t> from(in, name, {.window = 64});
    EXPECT_EQ(take(in, 20), numbers(0, 20));
    EXPECT_GT(from.figures().gaps, 0U);
}

TEST_F(jetstream_link, next_consumer_gets_what_was_not_finished_and_is_told) {
    const remote_link name = a_link();
    source_ring out(64);
    remote_producer<std::uint64_t> to(out, name);
    sink_ring in(32);
    {
        remote_consumer<std::uint64_t> from(in, name, {.window = 32});
        ASSERT_TRUE(push_all(out, 0, 30));
        EXPECT_EQ(take(in, 10), numbers(0, 10));
        EXPECT_EQ(take(in, 5, false), numbers(10, 15)) << "destroyed unfinished";
        EXPECT_EQ(from.figures().abandoned, 5U);
    }
    sink_ring again(32);
    remote_consumer<std::uint64_t> from(again, name, {.window = 32});
    EXPECT_EQ(from.first(), 10U);
    EXPECT_EQ(from.in_doubt().first, 10U);
    item one;
    ASSERT_TRUE(again.pop_for(one, patience));
    EXPECT_EQ(one.value, 10U);
    EXPECT_TRUE(one.may_be_repeated());
    one.finish();
    EXPECT_EQ(take(again, 19), numbers(11, 30));
}

TEST_F(jetstream_link, new_end_ends_the_former_one_of_its_kind) {
    const remote_link name = a_link();
    source_ring out(16);
    source_ring other_out(16);
    sink_ring in(16);
    sink_ring other_in(16);
    remote_consumer<std::uint64_t> from(in, name);
    remote_producer<std::uint64_t> to(out, name);
    ASSERT_TRUE(push_all(out, 0, 8));
    EXPECT_EQ(take(in, 8), numbers(0, 8));
    ASSERT_TRUE(to.finish_for(patience));

    remote_producer<std::uint64_t> to_too(other_out, name);
    EXPECT_TRUE(within(patience, [&] { return !to.figures().failure.empty(); }));
    EXPECT_THAT(to.figures().failure, HasSubstr("another producer took over the link"));
    ASSERT_TRUE(push_all(other_out, 100, 108));
    EXPECT_EQ(take(in, 8), numbers(100, 108));
    ASSERT_TRUE(to_too.finish_for(patience));

    remote_consumer<std::uint64_t> from_too(other_in, name);
    ASSERT_TRUE(push_all(other_out, 108, 112));
    EXPECT_EQ(take(other_in, 4), numbers(108, 112));
    // It notices when it has something to record.
    for (item one; in.pop_for(one, patience); one.finish())
        if (within(1s, [&] { return !from.figures().failure.empty(); })) break;
}

TEST_F(jetstream_link, producer_without_a_journal_says_what_is_in_doubt_and_loses_none_that_the_servers_have) {
    const remote_link name = a_link();
    sink_ring in(32);
    auto from = std::make_unique<remote_consumer<std::uint64_t>>(in, name, consumer_options{.window = 32});
    {
        source_ring out(32);
        remote_producer<std::uint64_t> to(out, name);
        EXPECT_EQ(to.first(), 0U);
        EXPECT_TRUE(to.in_doubt().empty());
        ASSERT_TRUE(push_all(out, 0, 20));
        ASSERT_TRUE(within(patience, [&] { return from->figures().received == 20; }));
    }
    source_ring out(32);
    remote_producer<std::uint64_t> to(out, name);
    EXPECT_EQ(to.in_doubt().first, 0U);
    EXPECT_EQ(to.in_doubt().last, 20U);
    EXPECT_GE(to.first(), 20U);
    EXPECT_EQ(take(in, 20), numbers(0, 20));
    ASSERT_TRUE(push_all(out, 20, 25));
    EXPECT_EQ(take(in, 5), numbers(20, 25));
    EXPECT_EQ(from->figures().lost, 0U);
    EXPECT_TRUE(to.finish_for(patience));
}

TEST_F(jetstream_link, journal_brings_back_what_was_pushed_and_not_finished) {
    const remote_link name = a_link();
    const std::string journal = servers->files() / "a_journal";
    {
        source_ring out(32);
        remote_producer<std::uint64_t> to(out, name, {.journal = journal});
        sink_ring in(1);
        remote_consumer<std::uint64_t> grants(in, name, {.window = 16});
        ASSERT_TRUE(push_all(out, 0, 16));
        ASSERT_TRUE(within(patience, [&] { return to.figures().published == 16; }));
    }
    observer seen(name);
    jsErrCode code{};
    ASSERT_TRUE(within(patience, [&] {  // and the servers lose all
        return js_PurgeStream(seen.session().context(), seen.session().stream().c_str(), nullptr, &code) == NATS_OK;
    }));
    source_ring out(32);
    remote_producer<std::uint64_t> to(out, name, {.journal = journal});
    EXPECT_EQ(to.first(), 16U);
    EXPECT_TRUE(to.in_doubt().empty());
    ASSERT_TRUE(push_all(out, 16, 20));
    sink_ring in(32);
    remote_consumer<std::uint64_t> from(in, name, {.window = 16});
    EXPECT_EQ(take(in, 20), numbers(0, 20));
    EXPECT_EQ(from.figures().lost, 0U);
    EXPECT_TRUE(to.finish_for(patience));
}

TEST_F(jetstream_link, goes_on_when_the_servers_lose_its_records) {
    const remote_link name = a_link();
    source_ring out(16);
    remote_producer<std::uint64_t> to(out, name);
    sink_ring in(16);
    auto from = std::make_unique<remote_consumer<std::uint64_t>>(in, name);
    const auto lose_records = [&] {
        jsErrCode code{};
        weir::jetstream::session by(name, "purger", std::chrono::steady_clock::now() + patience);
        const std::string stream = by.stream() + "_state";
        return within(patience,
                      [&] { return js_PurgeStream(by.context(), stream.c_str(), nullptr, &code) == NATS_OK; });
    };
    ASSERT_TRUE(push_all(out, 0, 10));
    EXPECT_EQ(take(in, 10), numbers(0, 10));
    ASSERT_TRUE(to.finish_for(patience));
    ASSERT_TRUE(lose_records());
    ASSERT_TRUE(push_all(out, 10, 20));
    EXPECT_EQ(take(in, 10), numbers(10, 20)) << "both ends live";
    ASSERT_TRUE(to.finish_for(patience));
    ASSERT_TRUE(lose_records());
    from.reset();
    from = std::make_unique<remote_consumer<std::uint64_t>>(in, name);
    ASSERT_TRUE(push_all(out, 20, 30));
    EXPECT_EQ(take(in, 10), numbers(20, 30)) << "a consumer that knows of nothing";
    ASSERT_TRUE(to.finish_for(patience));
    EXPECT_EQ(from->figures().lost, 0U);
}

TEST_F(jetstream_link, refuses_a_wrong_type_a_wrong_name_and_servers_that_are_not_there) {
    remote_link name = a_link();
    source_ring out(8);
    sink_ring in(8);
    const auto refusal = [&](const remote_link& to) -> std::string {
        try {
            remote_consumer<std::uint64_t> from(in, to);
        } catch (const error& refused) {
            return refused.what();
        }
        return "nothing was refused";
    };
    remote_producer<std::uint64_t> to(out, name);
    name.type_name = "trade";
    EXPECT_THAT(refusal(name), HasSubstr("sends items of type 'item', not 'trade'"));
    name.name = "a b";
    EXPECT_THAT(refusal(name), HasSubstr("use 1 to 40 letters"));
    name = a_link();
    name.servers = "nats://127.0.0.1:1";
    name.attach_timeout = 300ms;
    EXPECT_THAT(refusal(name), HasSubstr("no server of 'nats://127.0.0.1:1' accepts a connection"));
    name = a_link();
    name.replicas = 5;
    name.attach_timeout = 1s;
    EXPECT_THAT(refusal(name), HasSubstr("to 5 replicas)"));
}

TEST_F(jetstream_link, recovers_when_others_fill_the_stream_to_its_backstop) {
    const remote_link name = a_link();
    source_ring out(8);
    sink_ring in(8);
    remote_producer<std::uint64_t> to(out, name);
    observer seen(name);
    // Not a message of weir's, as often as the stream takes it.
    jsPubOptions options;
    jsPubOptions_Init(&options);
    jsErrCode code{};
    bool is_full = false;
    for (int i = 0; i < 5000 && !is_full; ++i) {
        jsPubAck* raw = nullptr;
        is_full = js_Publish(&raw, seen.session().context(), seen.session().data_subject().c_str(), "?", 1, &options,
                             &code) != NATS_OK;
        jsPubAck_Destroy(raw);
    }
    ASSERT_TRUE(is_full);
    remote_consumer<std::uint64_t> from(in, name);
    ASSERT_TRUE(push_all(out, 0, 8));
    EXPECT_EQ(take(in, 8), numbers(0, 8));
    EXPECT_GT(from.figures().malformed, 1000U);
}

#if defined(REMOTE_WORK)
TEST_F(jetstream_link, example_sends_work_to_another_process_and_gets_it_finished) {
    weir_test::child sender;
    weir_test::child receiver;
    const auto in_its_folder = [](const std::string& action) {
        return std::vector<std::string>{"-c", "cd '" + (servers->files() / "") + "' && exec " REMOTE_WORK " " + action +
                                                  " " + servers->urls() + " 500"};
    };
    const std::string log = servers->files() / "remote_work.log";
    sender.start("sh", in_its_folder("send"), log);
    receiver.start("sh", in_its_folder("receive"), log);
    int sent = -1;
    int received = -1;
    EXPECT_TRUE(within(60s, [&] { return (sent = sent < 0 ? sender.ended() : sent) >= 0; }));
    EXPECT_TRUE(within(60s, [&] { return (received = received < 0 ? receiver.ended() : received) >= 0; }));
    std::ifstream file(log);
    const std::string said{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(sent, 0) << said;
    EXPECT_EQ(received, 0) << said;
    EXPECT_THAT(said, HasSubstr("sum 124750"));
}
#endif

TEST_F(jetstream_link, observer_notices_what_is_published_without_credit) {
    const remote_link name = a_link();
    sink_ring in(8);
    remote_consumer<std::uint64_t> from(in, name, {.window = 8});
    observer seen(name);
    frame_writer writer;
    for (const std::uint64_t first : {0U, 8U}) {
        writer.clear();
        writer.append("12345678");
        std::uint64_t sequence = 0;
        const std::string bytes(writer.finish({.epoch = 1, .first = first, .end = first + 1, .flags = frame::begins}));
        ASSERT_EQ(seen.session().publish(bytes, "id" + std::to_string(first), sequence), outcome::done);
        ASSERT_TRUE(within(patience, [&] { return seen.checked() == first / 8 + 1; }));
        EXPECT_EQ(seen.violation().empty(), first < 8) << seen.violation();
    }
}

}  // namespace
