// SPDX-License-Identifier: MIT
//
// `weir bridge` as a user or a script sees it: what it refuses, and two of them between rings of this machine, over real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/jetstream/cluster.hpp"
#include "test/support/subprocess.hpp"
#include "tools/bridge/bridge.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using weir::tool::parse_bridge_place;
using ring = weir::shm::spsc_ring<std::uint64_t>;

weir_test::outcome weir_bridge(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bridge");
    return weir_test::run(WEIR_TOOL, std::move(arguments));
}

TEST(bridge_place, is_a_ring_or_a_link) {
    const auto shm = parse_bridge_place("shm:orders");
    ASSERT_TRUE(shm);
    EXPECT_TRUE(shm->is_shm);
    EXPECT_EQ(shm->name, "orders");
    const auto link = parse_bridge_place("nats://a:4222,b:4222/orders");
    ASSERT_TRUE(link);
    EXPECT_FALSE(link->is_shm);
    EXPECT_EQ(link->name, "orders");
    EXPECT_EQ(link->servers, "nats://a:4222,nats://b:4222");
    for (const char* const text :
         {"", "shm:", "orders", "nats://", "nats://a:4222", "nats://a:4222/", "nats:///x", "nats://a,/x"})
        EXPECT_FALSE(parse_bridge_place(text)) << text;
}

TEST(bridge_text, has_every_figure_once) {
    const weir::tool::bridge_figures figures{"o\"x", "out", 11, 12, 13, 14, 15, 16, 17, 18, true, ""};
    const std::string page = weir::tool::to_prometheus(figures);
    EXPECT_THAT(page, HasSubstr("weir_bridge_items_total{link=\"o\\\"x\",direction=\"out\"} 11\n"));
    for (const char* const value : {"finished_total", "in_flight_items", "credits", "waiting_items", "repeated_total",
                                    "lost_total", "reconnects_total", "connected"})
        EXPECT_THAT(page, HasSubstr("# TYPE weir_bridge_" + std::string(value)));
    EXPECT_EQ(
        weir::tool::to_text(figures),
        "out o\"x: connected; 11 published, 12 finished, 13 in flight, 14 credits, 15 in the ring; 16 sent again, 17 lost, 18 "
        "reconnects\n");
}

TEST(cli_bridge, refuses_what_joins_nothing) {
    EXPECT_EQ(weir_bridge({}).exit_code, 2);
    const auto wrong = weir_bridge({"--from", "orders", "--to", "nats://a:1/x"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err, HasSubstr("--from is 'orders': give shm:NAME or nats://"));
    const auto same = weir_bridge({"--from", "shm:a", "--to", "shm:b"});
    EXPECT_EQ(same.exit_code, 2);
    EXPECT_THAT(same.err, HasSubstr("a bridge joins a ring in shared memory to a link"));
    EXPECT_EQ(weir_bridge({"--from", "nats://a:1/x", "--to", "shm:b", "--journal", "j"}).exit_code, 2);
    EXPECT_EQ(
        weir_bridge({"--from", "shm:b", "--to", "nats://a:1/x", "--journal", "j", "--prometheus", "./j"}).exit_code, 2);
}

#if defined(WEIR_NATS)
struct own_ring {
    explicit own_ring(const std::string& what)
        : name("weir-bridge-" + what + "-" + std::to_string(::getpid())), at(ring::create(name, 32, "number v1")) {}
    ~own_ring() { ::unlink(("/dev/shm/" + name).c_str()); }
    const std::string name;
    ring at;
};

TEST(cli_bridge, joins_two_rings_and_stops_the_first_when_the_second_is_not_emptied) {
    weir_test::cluster servers;
    const std::string place = servers.url_of(0) + "," + servers.url_of(1).substr(7) + "/numbers";
    own_ring first("from");
    own_ring second("to");
    auto source = first.at.attach_producer();
    auto sink = second.at.attach_consumer();
    const std::string page = servers.files() / "bridge.prom";
    const auto out = [&] {
        return std::make_unique<weir_test::process>(
            WEIR_TOOL,
            std::vector<std::string>{"bridge", "--from", "shm:" + first.name, "--to", place, "--window", "64",
                                     "--journal", servers.files() / "bridge_journal", "--prometheus", page});
    };
    const auto in = [&] {
        return std::make_unique<weir_test::process>(
            WEIR_TOOL,
            std::vector<std::string>{"bridge", "--from", place, "--to", "shm:" + second.name, "--window", "64"});
    };
    auto sender = out();
    auto receiver = in();
    std::uint64_t pushed = 0;
    while (source.push_for(pushed, pushed < 32U + 64U ? 60s : 1s)) ++pushed;
    // The source's ring, and a window, which the sink's ring is a part of; a bridge has one item in its hand at most.
    EXPECT_GE(pushed, 32U + 64U);
    EXPECT_LE(pushed, 32U + 64U + 1U);

    // The receiver is killed with items in the ring, and the next one brings none of them twice.
    receiver->signal(SIGKILL);
    (void)receiver->wait();
    receiver = in();
    std::thread rest([&] {
        source.adopt();
        for (; pushed < 300; ++pushed) EXPECT_TRUE(source.push_for(pushed, 60s));
        source.close();
    });
    std::uint64_t number = 0;
    for (std::uint64_t expected = 0; expected < 300; ++expected) {
        weir::status answer = sink.pop_for(number, 60s);
        if (answer == weir::status::peer_died) answer = sink.pop_for(number, 60s);  // said once
        ASSERT_TRUE(answer) << "item " << expected << "\n" << sender->err() << receiver->err();
        ASSERT_EQ(number, expected);
    }
    rest.join();
    EXPECT_EQ(sender->wait(), 0) << sender->err();  // closed, and all is finished
    EXPECT_THAT(weir_test::read_file(page),
                HasSubstr("weir_bridge_finished_total{link=\"numbers\",direction=\"out\"} 300\n"));
    receiver->signal(SIGTERM);
    EXPECT_EQ(receiver->wait(), 0) << receiver->err();
    EXPECT_THAT(receiver->out(), HasSubstr("300 delivered, 300 finished, 0 in flight"));

    // Without a journal it waits for what the far end has not taken; but not against a second signal.
    own_ring third("unfinished");
    own_ring fourth("untaken");
    auto unfinished = third.at.attach_producer();
    auto untaken = fourth.at.attach_consumer();
    const std::string other = servers.url_of(0) + "/unfinished";
    weir_test::process waiting(WEIR_TOOL, {"bridge", "--from", "shm:" + third.name, "--to", other});
    const weir_test::process beyond(WEIR_TOOL, {"bridge", "--from", other, "--to", "shm:" + fourth.name});
    for (std::uint64_t i = 0; i != 8; ++i) EXPECT_TRUE(unfinished.push_for(i, 60s));
    ASSERT_TRUE(weir_test::eventually([&] { return untaken.size_approx() == 8; })) << waiting.err() << beyond.err();
    waiting.signal(SIGINT);
    std::this_thread::sleep_for(500ms);
    EXPECT_TRUE(waiting.is_running()) << waiting.err();
    waiting.signal(SIGINT);
    EXPECT_EQ(waiting.wait(), 128 + SIGINT);
}
#endif

}  // namespace
