// SPDX-License-Identifier: MIT
//
// Processes of a broadcast ring that are killed at any moment, and one that writes over the segment. WEIR_SOAK_ROUNDS makes it long.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "test/shm/support.hpp"
#include "weir/shm/broadcast_ring.hpp"

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using weir::reader_mode;
using weir::status;
using weir_test::item;
using weir_test::kill_and_reap;
using weir_test::rounds;
using weir_test::start;
using ring = weir::shm::broadcast_ring<item>;
using reader = weir::shm::broadcast_reader<item>;

/// What a reader has read. Aborts, in whichever process, if an item is torn, lost, or seen twice.
class ledger {
public:
    explicit ledger(const reader& of) : next_(of.position()) {}
    void check(const reader& of, const item& got) {
        if (!got.is_whole() || got.words[0] != next_ + of.gap()) ::abort();
        if (of.mode() == reader_mode::gated && of.gap() != 0) ::abort();
        next_ = got.words[0] + 1;
    }
    std::uint64_t next() const { return next_; }

private:
    std::uint64_t next_;
};

TEST(shm_broadcast_kill, of_producers_at_random_loses_nothing_and_tears_nothing) {
    const std::uint64_t kills = rounds(200, 25'000);
    const ring made = ring::create(16, "item");
    reader gated = made.join();
    reader lossy = made.join({.mode = reader_mode::lossy});
    ledger all(gated);
    ledger some(lossy);
    std::mt19937_64 random(7);
    for (std::uint64_t round = 0; round < kills; ++round) {
        const pid_t child = start([&] {
            auto producer = made.attach_producer();
            while (producer.push(item::of(producer.pushed()))) {
            }
        });
        item out{};
        const auto pop_one = [&] {
            const status answer = gated.pop_for(out, 10s);
            if (answer == status::success) all.check(gated, out);
            while (random() % 3 == 0 && lossy.try_pop(out) == status::success) some.check(lossy, out);
            return answer;
        };
        ASSERT_EQ(pop_one(), status::success);
        for (const auto end = clock::now() + std::chrono::microseconds(random() % 300); clock::now() < end;)
            ASSERT_EQ(pop_one(), status::success);
        const bool reaps_first = random() % 2 == 0;
        ::kill(child, SIGKILL);
        if (reaps_first) ::waitpid(child, nullptr, 0);
        status answer = status::success;
        while ((answer = pop_one()) == status::success) {
        }
        ASSERT_EQ(answer, status::peer_died) << to_string(answer);
        if (gated.in_doubt().has_value()) {
            ASSERT_EQ(*gated.in_doubt(), all.next());
        }
        ASSERT_EQ(gated.pop_for(out, 0ms), status::timeout);
        if (!reaps_first) ::waitpid(child, nullptr, 0);
        // The lossy reader may have learned of the death already.
        for (; (answer = lossy.try_pop(out)) != status::empty;) {
            if (answer == status::success) some.check(lossy, out);
            ASSERT_TRUE(answer == status::success || answer == status::peer_died) << to_string(answer);
        }
        ASSERT_EQ(some.next(), all.next()) << to_string(answer);
    }
}

TEST(shm_broadcast_kill, of_readers_at_random_frees_the_producer_and_harms_no_other_reader) {
    const std::uint64_t kills = rounds(200, 25'000);
    const ring made = ring::create(16, "item");
    auto producer = made.attach_producer();
    reader other = made.join();
    ledger all(other);
    std::mt19937_64 random(11);
    item out{};
    const auto pass_one = [&] {
        ASSERT_EQ(producer.push_for(item::of(producer.pushed()), 10s), status::success);
        ASSERT_EQ(other.try_pop(out), status::success);
        all.check(other, out);
    };
    for (std::uint64_t round = 0; round < kills; ++round) {
        const bool gated = random() % 4 != 0;
        const pid_t child = start([&] {
            for (;;) {  // comes and goes
                reader mine = made.join({.mode = gated ? reader_mode::gated : reader_mode::lossy});
                ledger seen(mine);
                item got{};
                for (int i = 0; i < 20 && mine.pop(got) == status::success; ++i) seen.check(mine, got);
            }
        });
        for (const auto end = clock::now() + std::chrono::microseconds(500 + random() % 500); clock::now() < end;)
            ASSERT_NO_FATAL_FAILURE(pass_one());
        ::kill(child, SIGKILL);
        for (int i = 0; i < 40; ++i) ASSERT_NO_FATAL_FAILURE(pass_one());
        int end = 0;
        ::waitpid(child, &end, 0);
        ASSERT_TRUE(WIFSIGNALED(end) && WTERMSIG(end) == SIGKILL) << "the reader found something wrong: " << end;
    }
    EXPECT_LE(producer.readers_lost(), kills);
    std::vector<reader> more;
    while (more.size() < ring::most_readers - 1) more.push_back(made.join());  // also where the dead sat
    RecordProperty("readers_lost", std::to_string(producer.readers_lost()));
}

TEST(shm_broadcast_kill, of_a_reader_that_holds_a_sleeping_producer_up_frees_it_soon) {
    const ring made = ring::create(4, "item");
    auto producer = made.attach_producer();
    std::vector<clock::duration> freed;
    for (int i = 0; i < 21; ++i) {
        const pid_t child = start([&] {
            const reader mine = made.join();
            for (;;) ::pause();
        });
        while (made.readers().empty()) ::usleep(100);
        while (producer.push_for(item{}, 2ms) == status::success) {
        }
        ::kill(child, SIGKILL);
        const auto dead = clock::now();
        ASSERT_EQ(producer.push(item{}), status::success);
        freed.push_back(clock::now() - dead);
        ::waitpid(child, nullptr, 0);
    }
    std::sort(freed.begin(), freed.end());
    // As of shm_kill: no test fails on timing, but seconds would be another mistake.
    EXPECT_LT(freed.back(), 2s);
    const auto ns_of = [](clock::duration time) { return std::to_string(std::chrono::nanoseconds(time).count()); };
    RecordProperty("freed_median_ns", ns_of(freed[freed.size() / 2]));
    RecordProperty("freed_longest_ns", ns_of(freed.back()));
}

TEST(shm_broadcast_scribbler, makes_the_other_side_say_corrupted_and_nothing_worse) {
    const std::uint64_t scribblers = rounds(100, 10'000);
    constexpr std::uint64_t writes = 10'000;
    using state = weir::detail::shm_broadcast_state<weir::detail::shm_seats>;
    constexpr std::size_t first_words = offsetof(state, seats) / sizeof(std::uint64_t) + 32;  // and two seats
    std::uint64_t corrupted = 0;
    for (std::uint64_t seed = 1; seed <= scribblers; ++seed) {
        const ring made = ring::create(8, "item");
        const weir::detail::shared_mapping raw(made.descriptor(), weir::detail::file_bytes(made.descriptor()), false,
                                               false);
        std::optional<weir::shm::broadcast_producer<item>> producer;
        std::optional<reader> one;
        if (seed % 3 == 0) {
            producer.emplace(made.attach_producer());
        } else {
            one.emplace(made.join({.mode = seed % 3 == 1 ? reader_mode::gated : reader_mode::lossy}));
        }
        const pid_t child = start([&] {
            weir_test::scribble(raw.data() + weir::detail::payload_offset, raw.bytes() - weir::detail::payload_offset,
                                first_words, seed, writes);
        });
        const auto end = clock::now() + 30s;
        for (bool ended = false; !ended;) {
            ASSERT_LT(clock::now(), end) << "it hangs";
            ended = ::waitpid(child, nullptr, WNOHANG) == child;
            item out{};
            const status tried = producer ? producer->try_push(out) : one->try_pop(out);
            const status waited = producer ? producer->push_for(out, 100us) : one->pop_for(out, 100us);
            if (tried == status::corrupted) {
                ASSERT_EQ(waited, status::corrupted) << "for ever";
                ++corrupted;
                if (!ended) kill_and_reap(child);
                break;
            }
            for (const auto& who : made.readers()) ASSERT_LE(who.name.size(), 72U);
        }
        // And what is there by now harms neither new ends nor a close.
        producer.reset();
        one.reset();
        item out{};
        try {
            auto next = made.join({.mode = reader_mode::lossy});
            for (int i = 0; i < 100; ++i) (void)next.try_pop(out);
        } catch (const weir::shm::error&) {
        }
        try {
            auto next = made.attach_producer();
            for (int i = 0; i < 100; ++i) (void)next.try_push(out);
        } catch (const weir::shm::error&) {
        }
        made.close();
    }
    EXPECT_GT(corrupted, 0U);
}

}  // namespace
