// SPDX-License-Identifier: MIT
//
// A link whose servers and ends are killed, stopped and wiped while it works. The ends are processes; the consumer's writes what it gets
// into a file, the ledger. In the end the ledger holds every number that the producer's link accepted, once, in order.
//
// WEIR_JETSTREAM_ROUNDS=200: so many rounds of faults drawn at random, else a few that are fixed. WEIR_JETSTREAM_SEED repeats a run.
#include "test/jetstream/cluster.hpp"
#include "test/jetstream/observer.hpp"

#include <weir/jetstream.hpp>
#include <weir/ring.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace weir::jetstream;
using weir_test::child;
using weir_test::cluster;
using weir_test::observer;
using weir_test::within;

constexpr std::size_t window = 512;
constexpr const char* endless = "1000000000000";

// With two servers away there may be no majority for as long as both take to come back, and elections take up to nine seconds each.
constexpr auto recovery = 120s;

std::string text_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class attacked_link {
public:
    attacked_link() : link_{.servers = servers_.urls(), .name = "attacked", .attach_timeout = 120s}, seen_(link_) {
        start_consumer();
        start_producer(endless);
    }

    cluster& servers() { return servers_; }
    child& producer() { return producer_; }
    child& consumer() { return consumer_; }
    observer& seen() { return seen_; }
    std::size_t leader() { return cluster::index_of(seen_.leader()); }

    void start_producer(const std::string& count) {
        producer_.start(
            JETSTREAM_PEER,
            {"produce", servers_.urls(), link_.name, servers_.files() / "journal", count, std::to_string(window)},
            servers_.files() / "producer.log");
    }
    void start_consumer() {
        consumer_.start(JETSTREAM_PEER,
                        {"consume", servers_.urls(), link_.name, ledger(), endless, std::to_string(window)},
                        servers_.files() / "consumer.log");
    }
    std::uintmax_t delivered() const {
        std::error_code none_yet;
        const auto bytes = std::filesystem::file_size(ledger(), none_yet);
        return none_yet ? 0 : bytes / sizeof(std::uint64_t);
    }
    std::string ledger() const { return servers_.files() / "ledger"; }
    std::string logs() {
        return "servers: " + seen_.replicas("weir_attacked") + "; " + seen_.replicas("weir_attacked_state") +
               "\nproducer: " + text_of_file(servers_.files() / "producer.log") +
               "consumer: " + text_of_file(servers_.files() / "consumer.log");
    }
    // More items arrive than were on their way.
    bool goes_on() {
        const auto before = delivered();
        return within(recovery,
                      [&] {
                          return delivered() > before + 2 * window || producer_.ended() >= 0 || consumer_.ended() >= 0;
                      }) &&
               producer_.runs() && consumer_.runs();
    }

private:
    cluster servers_;
    remote_link link_;
    observer seen_;
    child producer_;
    child consumer_;
};

enum fault {
    kill_consumer,
    kill_producer,
    pause_consumer,
    kill_leader,
    pause_producer,
    kill_server,
    pause_server,
    pause_leader,
    wipe_server,
    kill_both_ends,
    kill_consumer_and_server,
    pause_all_servers,
    faults
};
constexpr const char* names[faults] = {"kill consumer",
                                       "kill producer",
                                       "pause consumer",
                                       "kill leader",
                                       "pause producer",
                                       "kill server",
                                       "pause server",
                                       "pause leader",
                                       "wipe server",
                                       "kill both ends",
                                       "kill consumer and server",
                                       "pause all servers"};

void commit(fault which, std::size_t server, std::chrono::milliseconds time, attacked_link& on) {
    if (which == kill_leader || which == pause_leader)
        if (const auto leader = on.leader(); leader < cluster::nodes) server = leader;
    const bool consumer = which == kill_consumer || which == kill_both_ends || which == kill_consumer_and_server;
    const bool producer = which == kill_producer || which == kill_both_ends;
    const bool kills =
        which == kill_server || which == kill_leader || which == wipe_server || which == kill_consumer_and_server;
    const bool pauses = which == pause_server || which == pause_leader;
    // A store that is wiped while another one is being made anew would be a majority lost, which is not promised to be survived.
    if (which == wipe_server && !within(60s, [&] { return on.seen().are_all_current(); })) which = kill_server;
    if (consumer) on.consumer().kill();
    if (producer) on.producer().kill();
    if (kills) on.servers().kill(server);
    if (which == wipe_server) on.servers().wipe(server);
    if (pauses) on.servers().pause(server);
    if (which == pause_all_servers)
        for (std::size_t i = 0; i < cluster::nodes; ++i) on.servers().pause(i);
    if (which == pause_consumer) on.consumer().signal(SIGSTOP);
    if (which == pause_producer) on.producer().signal(SIGSTOP);
    std::this_thread::sleep_for(time);
    if (which == pause_producer) on.producer().signal(SIGCONT);
    if (which == pause_consumer) on.consumer().signal(SIGCONT);
    if (pauses) on.servers().resume(server);
    if (which == pause_all_servers)
        for (std::size_t i = 0; i < cluster::nodes; ++i) on.servers().resume(i);
    if (kills) on.servers().start(server);
    if (producer) on.start_producer(endless);
    if (consumer) on.start_consumer();
}

void expect_whole_ledger(attacked_link& on) {
    // What was accepted is delivered: no new item is pushed.
    on.producer().kill();
    on.start_producer("0");
    int code = -1;
    ASSERT_TRUE(within(recovery, [&] { return (code = on.producer().ended()) >= 0; })) << on.logs();
    ASSERT_EQ(code, 0) << on.logs();
    const std::string said = text_of_file(on.servers().files() / "producer.log");
    const auto at = said.rfind("accepted ");
    ASSERT_NE(at, std::string::npos) << said;
    const std::uint64_t accepted = std::stoull(said.substr(at + 9));

    on.consumer().kill();
    std::ifstream file(on.ledger(), std::ios::binary);
    std::uint64_t expected = 0;
    for (std::uint64_t number = 0; file.read(reinterpret_cast<char*>(&number), sizeof(number)); ++expected)
        ASSERT_EQ(number, expected) << "lost, doubled or out of order";
    EXPECT_EQ(expected, accepted);
    std::printf("ledger: %llu accepted, %llu delivered; %llu messages checked by the observer\n",
                static_cast<unsigned long long>(accepted), static_cast<unsigned long long>(expected),
                static_cast<unsigned long long>(on.seen().checked()));
}

TEST(jetstream_faults, lose_nothing_double_nothing_and_keep_the_order_and_the_bound) {
    attacked_link on;
    ASSERT_TRUE(on.goes_on()) << on.logs();
    const char* const wanted = std::getenv("WEIR_JETSTREAM_ROUNDS");
    const char* const seed_given = std::getenv("WEIR_JETSTREAM_SEED");
    const int rounds = wanted == nullptr ? 4 : std::stoi(wanted);
    const unsigned seed =
        seed_given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::stoul(seed_given));
    std::mt19937 random(seed);
    for (int round = 0; round < rounds; ++round) {
        const auto which = static_cast<fault>(wanted == nullptr ? static_cast<unsigned>(round) : random() % faults);
        const std::size_t server = random() % cluster::nodes;
        const std::chrono::milliseconds time(100 + random() % (wanted == nullptr ? 300 : 3000));
        const auto began = std::chrono::steady_clock::now();
        commit(which, server, time, on);
        ASSERT_TRUE(on.goes_on()) << names[which] << " in round " << round << " of seed " << seed << "\n" << on.logs();
        ASSERT_EQ(on.seen().violation(), "") << names[which] << " in round " << round << " of seed " << seed;
        if (wanted != nullptr) {
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
            std::printf("%3d %-26s n%zu %4lld ms, items again after %5.1f s\n", round, names[which], server + 1,
                        static_cast<long long>(time.count()),
                        took.count() - std::chrono::duration<double>(time).count());
            std::fflush(stdout);
        }
    }
    expect_whole_ledger(on);
    EXPECT_EQ(on.seen().violation(), "") << "seed " << seed;
}

TEST(jetstream_faults, leave_a_frozen_sink_at_its_window_while_servers_restart) {
    cluster servers;
    const remote_link name{.servers = servers.urls(), .name = "frozen", .items_per_message = 4, .attach_timeout = 120s};
    weir::spsc_ring<std::uint64_t> out(32);
    weir::spsc_ring<remote_item<std::uint64_t>> in(8);
    remote_consumer<std::uint64_t> from(in, name, {.window = 32});
    remote_producer<std::uint64_t> to(out, name);
    observer seen(name);
    std::uint64_t pushed = 0;
    while (out.push_for(pushed, 500ms)) ++pushed;
    EXPECT_EQ(pushed, 32U);
    for (const std::size_t i : {0U, 1U}) {
        servers.kill(i);
        servers.start(i);
        EXPECT_FALSE(out.push_for(pushed, 300ms)) << "still frozen";
    }
    EXPECT_EQ(to.figures().in_flight(), 32U);
    std::thread source([&] {
        out.adopt_producer();
        while (pushed < 100 && out.push_for(pushed, recovery)) ++pushed;
    });
    std::uint64_t expected = 0;
    for (remote_item<std::uint64_t> item; expected < 100 && in.pop_for(item, recovery); ++expected) {
        EXPECT_EQ(item.value, expected);
        item.finish();
    }
    source.join();
    EXPECT_EQ(expected, 100U);
    EXPECT_EQ(seen.violation(), "");
}

}  // namespace
