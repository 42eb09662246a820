// SPDX-License-Identifier: MIT
//
// Rings of messages whose processes are killed at any moment, and one that writes over the segment. WEIR_SOAK_ROUNDS makes it long.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "test/shm/message_rings.hpp"
#include "test/shm/support.hpp"
#include "weir/shm/message_ring.hpp"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using bytes = std::span<const std::byte>;
using weir::status;
using weir_test::rounds;
using weir_test::start;
namespace shm = weir::shm;

/// A message of 8 to 80 bytes that shows when it is torn: every word is its number.
constexpr std::size_t words_of(std::uint64_t number) { return 1 + number * 7 % 10; }
template <class Producer>
status push_number(Producer& producer, bool in_place) {
    const std::uint64_t number = producer.pushed();
    const auto type = static_cast<std::uint16_t>(producer.number());
    std::array<std::uint64_t, 10> words;
    words.fill(number);
    const bytes text = std::as_bytes(std::span(words)).first(words_of(number) * 8);
    if (!in_place) return producer.push(text, type);
    auto message = producer.reserve(80, type);
    if (!message) return message.answer();
    std::memcpy(message.bytes().data(), text.data(), text.size());
    message.commit(text.size());
    return status::success;
}
std::optional<std::uint64_t> number_of(bytes message) {
    std::array<std::uint64_t, 10> words{};
    if (message.size() < 8 || message.size() > sizeof words) return std::nullopt;
    std::memcpy(words.data(), message.data(), message.size());
    if (message.size() != words_of(words[0]) * 8) return std::nullopt;
    for (std::size_t i = 0; i < message.size() / 8; ++i)
        if (words[i] != words[0]) return std::nullopt;
    return words[0];
}

template <class Ring>
class shm_message_kill : public testing::Test {};
TYPED_TEST_SUITE(shm_message_kill, weir_test::message_rings, weir_test::message_ring_names);

TYPED_TEST(shm_message_kill, of_producers_at_random_loses_nothing_and_tears_nothing) {
    const std::uint64_t kills = rounds(200, 25'000);
    constexpr unsigned producers = TypeParam::has_many_producers ? 3 : 1;
    const auto made = TypeParam::create(512, "text");
    auto consumer = made.attach_consumer();
    std::mt19937_64 random(7);
    std::array<std::uint64_t, producers> expected{};
    std::array<pid_t, producers> children{};
    std::uint64_t doubts = 0;
    const auto start_one = [&](unsigned p) {
        children[p] = start([&] {
            auto producer = made.attach_producer(p);
            if (producer.pushed() != expected[p]) ::abort();
            while (push_number(producer, producer.pushed() % 3 == 0)) {
            }
        });
    };
    bool is_wrong = false;
    const auto look = [&](std::uint16_t from, bytes message) {
        const auto number = number_of(message);
        if (from >= producers || number != expected[from]) {
            is_wrong = true;
            return;
        }
        ++expected[from];
    };
    for (unsigned p = 0; p < producers; ++p) start_one(p);
    for (std::uint64_t round = 0; round < kills; ++round) {
        const auto victim = static_cast<unsigned>(random() % producers);
        const std::uint64_t before = expected[victim];
        const auto limit = clock::now() + 20s;
        while (expected[victim] == before && clock::now() < limit) (void)consumer.consume_some_for(look, 1s, 8);
        for (const auto end = clock::now() + std::chrono::microseconds(random() % 300); clock::now() < end;)
            (void)consumer.consume(look, 8);
        const bool reaps_first = random() % 2 == 0;
        ::kill(children[victim], SIGKILL);
        if (reaps_first) ::waitpid(children[victim], nullptr, 0);
        do {
            (void)consumer.consume_some_for(look, 1s, 8);
        } while (consumer.answer() == status::success && clock::now() < limit);
        ASSERT_EQ(consumer.answer(), status::peer_died) << to_string(consumer.answer()) << " in round " << round;
        ASSERT_EQ(consumer.dead_producer(), victim);
        ASSERT_FALSE(is_wrong) << "a message is torn, lost or doubled";
        if (consumer.in_doubt().has_value()) {
            ++doubts;
            ASSERT_EQ(*consumer.in_doubt(), expected[victim]);
        }
        if (!reaps_first) ::waitpid(children[victim], nullptr, 0);
        start_one(victim);
    }
    for (const pid_t child : children) {
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    this->RecordProperty("in_doubt", std::to_string(doubts));
}

TYPED_TEST(shm_message_kill, of_consumers_at_random_loses_nothing_and_repeats_only_what_is_in_doubt) {
    const std::uint64_t kills = rounds(200, 25'000);
    const auto made = TypeParam::create(512, "text");
    auto producer = made.attach_producer();
    // How many visits have returned, also of processes that are dead.
    auto& visited = *static_cast<std::uint64_t*>(
        ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    std::mt19937_64 random(11);
    for (std::uint64_t round = 0; round < kills; ++round) {
        const std::uint64_t before = producer.pushed();
        const pid_t child = start([&] {
            auto consumer = made.attach_consumer();
            const bool is_repeated = visited == consumer.popped() + 1;
            if (visited != consumer.popped() && !(is_repeated && consumer.in_doubt() == consumer.popped())) ::abort();
            std::uint64_t next = consumer.popped();
            const auto look = [&](std::uint16_t, bytes message) {
                if (number_of(message) != next++) ::abort();
                *const_cast<volatile std::uint64_t*>(&visited) = next;
            };
            while (consumer.consume_some(look, 1 + next % 20) > 0) {
            }
        });
        while (producer.pushed() < before + 20) ASSERT_EQ(push_number(producer, false), status::success);
        for (const auto end = clock::now() + std::chrono::microseconds(random() % 300); clock::now() < end;)
            ASSERT_EQ(push_number(producer, true), status::success);
        ::kill(child, SIGKILL);
        status answer = status::success;
        while ((answer = push_number(producer, false)) == status::success) {
        }
        ASSERT_EQ(answer, status::peer_died) << to_string(answer);
        int end = 0;
        ::waitpid(child, &end, 0);
        ASSERT_TRUE(WIFSIGNALED(end) && WTERMSIG(end) == SIGKILL) << "the consumer found something wrong: " << end;
        ASSERT_EQ(producer.push_for(std::array<std::byte, 80>{}, 0ms), status::timeout);
    }
    ::munmap(&visited, sizeof(std::uint64_t));
}

/// Writes anything to anywhere behind the header, for a while, and now and then what nearly fits.
void scribble(std::byte* payload, std::size_t size, std::size_t state, std::uint64_t seed, std::uint64_t writes) {
    std::mt19937_64 random(seed);
    auto* const words = reinterpret_cast<volatile std::uint64_t*>(payload);
    for (std::uint64_t i = 0; i < writes; ++i) {
        // The records; the words of the tail, the consumer and the first producer; or any.
        const std::array<std::size_t, 3> places = {state + random() % (size - state), random() % 1024, random() % size};
        const std::size_t at = places[random() % 3] % size / 8;
        switch (random() % 6) {
        case 0: words[at] = random(); break;
        case 1: words[at] = words[at] + random() % 5 * 8; break;
        case 2: words[at] = random() % 64 * 8; break;
        case 3: words[at] = (random() % 600) << 32 | (random() % 70) << 4 | random() % 5; break;  // a header
        case 4: words[at] = weir::detail::record_header::none_at(at * 8 - state + random() % 3 * 256); break;
        default: words[at] = words[at] ^ (std::uint64_t{1} << random() % 64); break;
        }
    }
}

TYPED_TEST(shm_message_kill, by_a_scribbler_makes_the_other_side_say_corrupted_and_nothing_worse) {
    const std::uint64_t scribblers = rounds(100, 10'000);
    constexpr std::uint64_t writes = 10'000;
    constexpr std::size_t state = TypeParam::has_many_producers
                                      ? sizeof(weir::detail::shm_message_state<shm::most_message_producers>)
                                      : sizeof(weir::detail::shm_message_state<1>);
    std::uint64_t corrupted = 0;
    for (std::uint64_t seed = 1; seed <= scribblers; ++seed) {
        const bool pushes = seed % 2 == 0;
        const auto made = TypeParam::create(256, "text");
        auto view = TypeParam::attach(made.descriptor(), "text");
        const weir::detail::shared_mapping raw(made.descriptor(), weir::detail::file_bytes(made.descriptor()), false,
                                               false);
        std::byte* const payload = raw.data() + weir::detail::payload_offset;
        const std::size_t size = raw.bytes() - weir::detail::payload_offset;
        std::optional<typename TypeParam::producer> producer;
        std::optional<typename TypeParam::consumer> consumer;
        std::uint64_t sum = 0;
        const auto read_all = [&sum](std::uint16_t, bytes message) {
            for (const std::byte byte : message) sum += static_cast<std::uint64_t>(byte);
        };
        if (pushes) {
            producer.emplace(view.attach_producer());
        } else {
            consumer.emplace(view.attach_consumer());
        }
        const pid_t child = start([&] { scribble(payload, size, state, seed, writes); });
        const auto end = clock::now() + 30s;
        std::array<std::byte, 40> text{};
        for (bool is_over = false; !is_over;) {
            ASSERT_LT(clock::now(), end) << "it hangs";
            const status tried = pushes ? producer->try_push(text) : consumer->try_consume_one(read_all);
            const status waited = pushes ? producer->push_for(text, 100us) : consumer->consume_one_for(read_all, 100us);
            if (tried == status::corrupted) {
                ASSERT_EQ(waited, status::corrupted) << "for ever";
                ++corrupted;
                is_over = true;
            }
            ASSERT_LE(made.size_approx(), 256U);
            if (::kill(child, 0) == 0 && ::waitpid(child, nullptr, WNOHANG) == child) is_over = true;
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        // And what is there by now harms neither a new holder nor a close.
        producer.reset();
        consumer.reset();
        try {
            auto next = view.attach_consumer();
            for (int i = 0; i < 100; ++i) (void)next.consume(read_all, 10);
        } catch (const shm::error&) {
        }
        try {
            auto next = view.attach_producer();
            for (int i = 0; i < 100; ++i) (void)next.try_push(text);
        } catch (const shm::error&) {
        }
        view.close();
    }
    EXPECT_GT(corrupted, 0U);
}

}  // namespace
