// SPDX-License-Identifier: MIT
//
// `weir shm` as a user or a script sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/subprocess.hpp"
#include "weir/shm/broadcast_ring.hpp"
#include "weir/shm/message_ring.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using ring = weir::shm::spsc_ring<std::uint64_t>;

weir_test::outcome weir_shm(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "shm");
    return weir_test::run(WEIR_TOOL, std::move(arguments));
}

/// A segment's name, which is gone after the test.
struct own_name {
    explicit own_name(const std::string& what) : name("weir-cli-" + what + "-" + std::to_string(::getpid())) {}
    ~own_name() { ::unlink(("/dev/shm/" + name).c_str()); }
    const std::string name;
};

/// Of `weir shm list --json`; null if it is not there.
json listed(const std::string& name) {
    const auto seen = weir_shm({"list", "--json"});
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    const json all = json::parse(seen.out);
    for (const auto& segment : all["segments"])
        if (segment["name"] == name) return segment;
    return nullptr;
}

/// Makes a ring in a process that is killed, with items in it.
void leave_behind(const std::string& name) {
    const pid_t child = ::fork();
    if (child == 0) {
        const ring made = ring::create(name, 8, "number");
        auto producer = made.attach_producer();
        for (std::uint64_t i = 0; i < 3; ++i) (void)producer.push(i);
        ::raise(SIGKILL);
    }
    int end = 0;
    ::waitpid(child, &end, 0);
    ASSERT_TRUE(WIFSIGNALED(end));
}

TEST(cli_shm, lists_what_a_ring_holds_and_who_holds_its_ends) {
    const own_name name("list");
    const ring made = ring::create(name.name, 8, "number of a thing");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    std::uint64_t out = 0;
    for (std::uint64_t i = 0; i < 5; ++i) (void)producer.push(i);
    ASSERT_TRUE(consumer.try_pop(out));
    const json self{{"pid", ::getpid()}, {"state", "runs"}};
    const json segment = listed(name.name);
    ASSERT_FALSE(segment.is_null());
    EXPECT_EQ(segment["kind"], "spsc_ring");
    EXPECT_EQ(segment["mode"], "0600");
    EXPECT_EQ(segment["damage"], nullptr);
    EXPECT_EQ(segment["users"], json::array({::getpid()}));
    EXPECT_EQ(segment["ring"], (json{{"type_name", "number of a thing"},
                                     {"capacity", 8},
                                     {"element_bytes", 8},
                                     {"pushed", 5},
                                     {"popped", 1},
                                     {"queued", 4},
                                     {"closed", false},
                                     {"producer", self},
                                     {"consumer", self}}));
    EXPECT_THAT(weir_shm({"list"}).out, AllOf(HasSubstr(name.name), HasSubstr("4 of 8"), HasSubstr("number of a thing"),
                                              HasSubstr(std::to_string(::getpid()) + " (runs)")));
}

TEST(cli_shm, shows_one_segment_in_full) {
    const own_name name("show");
    leave_behind(name.name);
    const auto seen = weir_shm({"show", name.name});
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("8 items of 8 bytes"), HasSubstr("3 of 8"), HasSubstr("(died)"),
                                HasSubstr("free"), HasSubstr("'weir shm clean' removes it")));
    EXPECT_EQ(json::parse(weir_shm({"show", name.name, "--json"}).out)["segments"][0]["ring"]["producer"]["state"],
              "died");
}

TEST(cli_shm, says_of_a_broadcast_ring_who_reads_and_who_died) {
    using broadcast = weir::shm::broadcast_ring<std::uint64_t>;
    const own_name name("feed");
    const broadcast made = broadcast::create(name.name, 8, "number");
    auto producer = made.attach_producer();
    auto screen = made.join({.name = "screen", .mode = weir::reader_mode::lossy});
    const pid_t child = ::fork();
    if (child == 0) {
        auto book = made.join({.name = "book"});
        ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    for (std::uint64_t i = 0; i < 3; ++i) (void)producer.push(i);
    const json self{{"pid", ::getpid()}, {"state", "runs"}};
    const json segment = listed(name.name);
    ASSERT_FALSE(segment.is_null());
    EXPECT_EQ(segment["kind"], "broadcast_ring");
    EXPECT_EQ(segment["damage"], nullptr);
    const json screen_says{{"name", "screen"}, {"mode", "lossy"}, {"lag", 3}, {"missed", 0}, {"holder", self}};
    const json book_says{
        {"name", "book"}, {"mode", "gated"}, {"lag", 3}, {"missed", 0}, {"holder", {{"pid", child}, {"state", "died"}}}};
    EXPECT_EQ(segment["ring"], (json{{"type_name", "number"},
                                     {"capacity", 8},
                                     {"element_bytes", 8},
                                     {"pushed", 3},
                                     {"popped", 0},
                                     {"queued", 3},
                                     {"closed", false},
                                     {"producer", self},
                                     {"readers", json::array({screen_says, book_says})}}));
    EXPECT_THAT(weir_shm({"list"}).out, HasSubstr("2 readers (1 died)"));
    EXPECT_THAT(weir_shm({"show", name.name}).out,
                AllOf(HasSubstr("reader screen"), HasSubstr("lossy, lag 3, missed 0"),
                      HasSubstr(std::to_string(child) + " (died): gated")));
}

TEST(cli_shm, shows_rings_of_messages_with_each_of_their_producers) {
    const own_name name("messages");
    const auto made = weir::shm::mpsc_message_ring::create(name.name, 256, "orders");
    auto consumer = made.attach_consumer();
    const pid_t child = ::fork();
    if (child == 0) {
        auto producer = made.attach_producer(1);
        for (int i = 0; i < 3; ++i) (void)producer.push(std::span<const std::byte>{});
        auto half = producer.reserve(8);
        ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    auto producer = made.attach_producer();
    ASSERT_EQ(consumer.consume([](std::uint16_t, std::span<const std::byte>) {}, 1), 1U);
    const json self{{"pid", ::getpid()}, {"state", "runs"}};
    const json segment = listed(name.name);
    ASSERT_FALSE(segment.is_null());
    EXPECT_EQ(segment["kind"], "mpsc_message_ring");
    const json living{{"pid", ::getpid()}, {"state", "runs"}, {"number", 0}, {"messages_pushed", 0}};
    const json dead{{"pid", child}, {"state", "died"}, {"number", 1}, {"messages_pushed", 3}};
    EXPECT_EQ(segment["ring"], (json{{"type_name", "orders"},
                                     {"capacity", 256},
                                     {"element_bytes", 1},
                                     {"pushed", 40},
                                     {"popped", 8},
                                     {"queued", 32},
                                     {"closed", false},
                                     {"consumer", self},
                                     {"messages_popped", 1},
                                     {"producers", json::array({living, dead})}}));
    EXPECT_THAT(weir_shm({"list"}).out,
                AllOf(HasSubstr(name.name), HasSubstr("32 of 256 bytes"), HasSubstr("1 died, 1 runs")));
    EXPECT_THAT(weir_shm({"show", name.name}).out,
                AllOf(HasSubstr("256 bytes"), HasSubstr("3 messages"), HasSubstr("producer 1"),
                      HasSubstr(std::to_string(child) + " (died), 3 messages")));
}

TEST(cli_shm, cleans_what_no_process_uses_and_nothing_else) {
    const own_name left("left");
    const own_name used("used");
    leave_behind(left.name);
    const ring made = ring::create(used.name, 8, "number");
    EXPECT_EQ(listed(left.name)["users"], json::array());
    const auto refused = weir_shm({"clean", used.name});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("weir shm: 1 of 1 segments are in use"), HasSubstr("'weir shm show'")));
    const json cleaned = json::parse(weir_shm({"clean", left.name, "--json"}).out);
    EXPECT_EQ(cleaned["removed"], json::array({left.name}));
    EXPECT_EQ(cleaned["kept"], json::array());
    EXPECT_TRUE(listed(left.name).is_null());
    EXPECT_FALSE(listed(used.name).is_null());
}

// The kernel shows a PID namespace no process of others.
TEST(cli_shm, claims_nothing_of_processes_that_it_cannot_see) {
    const own_name used("beyond");
    ring made = ring::create(used.name, 8, "number");
    const auto source = made.attach_producer();
    const auto inside = [](std::vector<std::string> words) {
        words.insert(words.begin(), {"--pid", "--fork", "--mount-proc", WEIR_TOOL, "shm"});
        return weir_test::run("/usr/bin/unshare", std::move(words));
    };
    const auto seen = inside({"show", used.name});
    if (seen.err.find("unshare: ") != std::string::npos) GTEST_SKIP() << seen.err;
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(seen.out, AllOf(HasSubstr("no process of this PID namespace; 'weir shm clean' removes it if no other"),
                                HasSubstr("(unknown)")))
        << seen.out;
    EXPECT_THAT(inside({"clean", used.name}).out, HasSubstr("in use "));
    EXPECT_FALSE(listed(used.name).is_null());
}

TEST(cli_shm, says_what_is_damaged_and_leaves_other_files_alone) {
    const own_name name("damaged");
    const own_name other("other");
    std::ofstream("/dev/shm/" + other.name) << std::string(1000, 'x');
    const ring made = ring::create(name.name, 8, "number");
    {
        const int file = ::open(("/dev/shm/" + name.name).c_str(), O_RDWR | O_CLOEXEC);
        ASSERT_EQ(::pwrite(file, "\x07", 1, 24), 1);
        ::close(file);
    }
    EXPECT_EQ(listed(name.name)["damage"], "its header was overwritten");
    EXPECT_EQ(listed(name.name)["ring"], nullptr);
    EXPECT_THAT(weir_shm({"list"}).out, AllOf(HasSubstr("its header was overwritten"), Not(HasSubstr(other.name))));
    const auto seen = weir_shm({"clean", other.name});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, HasSubstr("there is no segment of weir's called '" + other.name + "'"));
    EXPECT_EQ(::access(("/dev/shm/" + other.name).c_str(), F_OK), 0);
}

TEST(cli_shm, shows_and_cleans_a_copy_of_a_segment_whatever_its_name) {
    const own_name name("origin");
    const own_name copy("two\nlines\xff");
    leave_behind(name.name);
    std::filesystem::copy_file("/dev/shm/" + name.name, "/dev/shm/" + copy.name);
    EXPECT_THAT(weir_shm({"list"}).out, HasSubstr("weir-cli-two?lines?"));
    EXPECT_EQ(weir_shm({"show", copy.name}).exit_code, 0);
    EXPECT_EQ(weir_shm({"clean", copy.name}).exit_code, 0);
    EXPECT_NE(::access(("/dev/shm/" + copy.name).c_str(), F_OK), 0);
}

TEST(cli_shm, wrong_usage_is_exit_code_2_and_one_sentence) {
    const auto refused = [](std::vector<std::string> arguments, const std::string& sentence) {
        const auto seen = weir_shm(std::move(arguments));
        EXPECT_EQ(seen.exit_code, 2) << seen.out;
        EXPECT_THAT(seen.err, HasSubstr(sentence));
    };
    refused({}, "weir shm: action is required");
    refused({"forget"}, "weir shm: there is no action 'forget': give list, show or clean");
    refused({"list", "a"}, "weir shm: list takes no name");
    refused({"show"}, "weir shm: show takes one name, and 0 are given");
    refused({""}, "weir shm: action: the name of the action is empty; give list, show or clean");
    for (const char* action : {"show", "clean"}) {
        refused({action, ""}, "weir shm: names: the value is empty; give one, or leave it out");
        refused({action, "/"}, "weir shm: \"/\" is no name for a segment");
        refused({action, "a/b"}, "weir shm: \"a/b\" is no name for a segment");
    }
    EXPECT_EQ(weir_shm({"show", "weir-cli-none"}).exit_code, 1);
}

}  // namespace
