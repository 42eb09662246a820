// SPDX-License-Identifier: MIT
//
// http_edge and http_load: a full ring is 429, and who honours it gets every item delivered, once.
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/edges/support.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using weir_test::eventually;
using weir_test::is_one_line;
using weir_test::ledger;
using weir_test::peer_socket;
using weir_test::port_of;
using weir_test::process;
using weir_test::violation;

using arguments = std::vector<std::string>;

struct running_edge {
    explicit running_edge(const arguments& more, const char* program = WEIR_HTTP_EDGE)
        : edge(program, more), port(port_of(edge)), address("http://127.0.0.1:" + port) {}

    std::string get(const std::string& path) const {
        return weir_test::run(WEIR_CURL, {"--silent", address + path}).out;
    }

    ledger counts() const {
        ledger found;
        const auto all = json::parse(get("/ledger"), nullptr, false);
        for (const auto& [name, value] : all.items()) found[name] = value.get<std::uint64_t>();
        return found;
    }

    /// So many items, one after the other; returns a line for each: "429 1", the status and Retry-After.
    std::vector<std::string> post(std::size_t items, const std::string& body = "an item") const {
        arguments all{"--silent", "--output", "/dev/null", "--write-out", "%{http_code} %header{retry-after}\\n",
                      "--data",   body};
        for (std::size_t i = 0; i < items; ++i) {
            if (i > 0) all.insert(all.end(), {"--output", "/dev/null"});
            all.push_back(address + "/items");
        }
        std::istringstream out(weir_test::run(WEIR_CURL, all).out);
        std::vector<std::string> lines;
        for (std::string line; std::getline(out, line);) lines.push_back(line);
        EXPECT_EQ(lines.size(), items);
        return lines;
    }

    process edge;
    const std::string port;
    const std::string address;
};

std::size_t count_beginning(const std::vector<std::string>& lines, const std::string& with) {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return line.starts_with(with); }));
}

ledger load_ledger(const std::string& out) {
    const auto lines = weir_test::ledgers(out, "items");
    EXPECT_EQ(lines.size(), 1U) << out;
    return lines.empty() ? ledger{} : lines.back();
}

/// Every item from 1 to `count`, each once, is what the worker finished.
void expect_each_once(const std::string& out, std::uint64_t count) {
    std::istringstream lines(out);
    std::map<std::string, int> seen;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("item ")) ++seen[line];
    EXPECT_EQ(seen.size(), count);
    for (const auto& [item, times] : seen) EXPECT_EQ(times, 1) << item;
}

// ---- The edge

TEST(http, a_full_ring_answers_429_and_says_when_to_come_again) {
    running_edge run({"--capacity", "4", "--rate", "5", "--print"});
    std::size_t accepted = 0, refused = 0;
    ASSERT_TRUE(eventually([&] {  // more than five a second: a matter of time
        for (const auto& line : run.post(12)) {
            const bool taken = line == "202 ";
            taken ? ++accepted : ++refused;
            if (taken) continue;
            // 4 items queued at 5 per second: not even a second, which is as short as the header can say. A machine
            // that is busy elsewhere may take longer for an item, but a minute is the most that is said.
            EXPECT_THAT(line, testing::MatchesRegex("429 [0-9]+"));
            EXPECT_TRUE(1 <= std::stoi(line.substr(4)) && std::stoi(line.substr(4)) <= 60) << line;
        }
        return refused > 0;
    }));
    EXPECT_GE(accepted, 4U);
    auto counts = run.counts();
    EXPECT_EQ(counts["accepted"], accepted);
    EXPECT_EQ(counts["refused"], refused);
    EXPECT_THAT(run.get("/metrics"), AllOf(HasSubstr("\nweir_edge_refused_total " + std::to_string(refused) + "\n"),
                                           HasSubstr("\nweir_edge_accepted_total " + std::to_string(accepted) + "\n"),
                                           HasSubstr("# TYPE weir_edge_queued gauge\n")));
    run.edge.signal(SIGTERM);
    const auto seen = run.edge.wait_for_outcome();
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, HasSubstr("\"delivered\":" + std::to_string(accepted) + ",\"queued\":0"))
        << "accepted items are still delivered before the end";
}

TEST(http, the_time_to_come_again_follows_from_how_fast_the_worker_is) {
    running_edge run({"--capacity", "64", "--rate", "10"});
    ASSERT_TRUE(eventually([&] { return run.counts()["delivered"] > 0 || run.post(1).empty(); }));  // its pace is known
    std::vector<std::string> refusals;
    ASSERT_TRUE(eventually([&] {
        for (const auto& line : run.post(80))
            if (line.starts_with("429")) refusals.push_back(line);
        return !refusals.empty();
    }));
    // 63 items or 64, of 0.1 s at least.
    EXPECT_GE(std::stoi(refusals.front().substr(4)), 6) << refusals.front();
    EXPECT_LE(std::stoi(refusals.front().substr(4)), 60) << refusals.front();
}

TEST(http, a_body_beyond_the_bound_is_413_and_goes_nowhere) {
    running_edge run({"--max-body-bytes", "100"});
    EXPECT_EQ(count_beginning(run.post(1, std::string(101, 'x')), "413"), 1U);
    EXPECT_EQ(count_beginning(run.post(1, std::string(100, 'x')), "202"), 1U);
    EXPECT_EQ(run.counts()["accepted"], 1U);
}

TEST(http, connections_that_come_and_go_without_a_request_cost_nobody_an_answer) {
    running_edge run({"--handlers", "2", "--waiting", "1"});
    {
        std::vector<std::unique_ptr<peer_socket>> idle;  // fill handlers, what waits for them, and some of the backlog
        for (int i = 0; i < 6; ++i) {
            idle.push_back(std::make_unique<peer_socket>());
            idle.back()->connect(run.port);
        }
    }
    EXPECT_EQ(count_beginning(run.post(3), "202"), 3U);
}

// ---- The load

TEST(http, a_client_that_backs_off_gets_every_item_delivered_once_and_both_sides_count_alike) {
    int rounds_without_a_refusal = 0;
    for (const char* rate : {"0", "100"}) {
        running_edge run({"--capacity", "4", "--rate", "40", "--print"});
        const auto load = weir_test::run(WEIR_HTTP_LOAD, {"--port", run.port, "--items", "40", "--connections", "6",
                                                          "--rate", rate, "--attempts", "1000", "--cap-ms", "200"});
        EXPECT_EQ(load.exit_code, 0) << load.err;
        auto totals = load_ledger(load.out);
        EXPECT_EQ(totals["accepted"], 40U);
        EXPECT_EQ(totals["given_up"] + totals["unknown"] + totals["unreachable"], 0U) << load.out;
        if (totals["refused"] == 0) ++rounds_without_a_refusal;  // the load got too little of a busy machine
        EXPECT_EQ(totals["retries"], totals["refused"]);
        EXPECT_EQ(run.counts()["refused"], totals["refused"]);
        run.edge.signal(SIGTERM);
        const auto seen = run.edge.wait_for_outcome();
        EXPECT_EQ(seen.exit_code, 0) << seen.err;
        expect_each_once(seen.out, 40);
    }
    if (rounds_without_a_refusal == 2) GTEST_SKIP() << "the load was never faster than the edge: nobody backed off";
}

TEST(http, an_item_that_is_refused_too_often_is_given_up_and_reported) {
    running_edge run({"--capacity", "1", "--rate", "8", "--print"});
    const auto load =
        weir_test::run(WEIR_HTTP_LOAD, {"--port", run.port, "--items", "12", "--connections", "4", "--attempts", "1"});
    auto totals = load_ledger(load.out);
    run.edge.signal(SIGTERM);
    const auto seen = run.edge.wait_for_outcome();
    std::size_t delivered = 0;
    for (std::size_t at = 0; (at = seen.out.find("item ", at)) != std::string::npos; ++at) ++delivered;
    EXPECT_EQ(totals["accepted"], delivered);
    EXPECT_EQ(totals["accepted"] + totals["given_up"], 12U);
    EXPECT_EQ(totals["unknown"], 0U);
    ASSERT_GT(totals["given_up"], 0U);
    EXPECT_EQ(load.exit_code, 1);
    EXPECT_THAT(load.out, AllOf(HasSubstr("\ngiven up: "), HasSubstr("\nunknown: none\n")));
    EXPECT_THAT(load.err, is_one_line());
}

TEST(http, an_edge_that_is_not_there_is_tried_again_and_then_reported) {
    const auto load =
        weir_test::run(WEIR_HTTP_LOAD, {"--port", "1", "--items", "3", "--attempts", "3", "--base-ms", "1"});
    EXPECT_EQ(load.exit_code, 1);
    auto totals = load_ledger(load.out);
    EXPECT_EQ(totals["unreachable"], 9U);
    EXPECT_THAT(load.out, HasSubstr("given up: 1-3\nunknown: none\n"));
}

TEST(http, an_item_that_got_no_answer_is_not_sent_again_but_reported_as_unknown) {
    peer_socket listener;
    process load(WEIR_HTTP_LOAD, {"--port", listener.listen(), "--items", "1", "--connections", "1"});
    {
        const peer_socket taken(listener.accept());
        char byte = 0;
        ASSERT_TRUE(taken.receive(&byte, 1));
    }
    const auto seen = load.wait_for_outcome();
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.out, HasSubstr("given up: none\nunknown: 1\n"));
}

// ---- The bound

/// Loads the edge with more than it can take, however slow this machine is, and looks at its ledger meanwhile.
std::vector<ledger> ledgers_under_load(const running_edge& run) {
    process load(WEIR_HTTP_LOAD,
                 {"--port", run.port, "--items", "60", "--connections", "8", "--attempts", "2", "--cap-ms", "20"});
    std::vector<ledger> lines;
    while (load.is_running()) lines.push_back(run.counts());
    lines.push_back(run.counts());
    return lines;
}

TEST(http, no_more_is_accepted_and_not_delivered_than_the_ring_and_the_worker_hold) {
    const running_edge run({"--capacity", "8", "--rate", "8"});
    const auto lines = ledgers_under_load(run);
    EXPECT_EQ(violation(lines, "accepted", "delivered", 8 + 1), "");
    EXPECT_GT(lines.back().at("refused"), 0U);
}

TEST(http, a_queue_without_a_bound_between_handler_and_ring_is_noticed) {
    const running_edge run({"--capacity", "8", "--rate", "8"}, WEIR_HTTP_EDGE_UNBOUNDED);
    const auto lines = ledgers_under_load(run);
    EXPECT_THAT(violation(lines, "accepted", "delivered", 8 + 1), HasSubstr("where the bound is 9"));
    EXPECT_EQ(lines.back().at("queued"), 0U) << "the ring itself shows nothing";
}

// ---- Usage

TEST(http, wrong_usage_is_exit_code_2_and_a_port_in_use_is_1) {
    for (const auto* program : {WEIR_HTTP_EDGE, WEIR_HTTP_LOAD}) {
        const auto seen = weir_test::run(program, {"--bogus"});
        EXPECT_EQ(seen.exit_code, 2);
        EXPECT_THAT(seen.err, is_one_line());
    }
    const running_edge first({});
    const auto second = weir_test::run(WEIR_HTTP_EDGE, {"--port", first.port});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.err,
                AllOf(is_one_line(), HasSubstr("cannot listen on 127.0.0.1:" + first.port), HasSubstr("--port")));
}

}  // namespace
