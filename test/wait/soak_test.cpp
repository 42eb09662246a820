// SPDX-License-Identifier: MIT
//
// Two threads that hand one item to and fro at random pauses, until each way to sleep has met each way to wake. Built
// twice: over the futex, and over the fallback for systems that have none.
//
// WEIR_SOAK_ROUNDS=10000000 makes it the long form.
#include "test/support/wait_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <type_traits>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include "weir/ring.hpp"

namespace {

using weir::status;
using weir_test::random_pause;

/// Keeps a thread on the CPU with that number, modulo those there are; no harm where it fails.
void stay_on_cpu([[maybe_unused]] unsigned number) {
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    number %= static_cast<unsigned>(CPU_COUNT(&allowed));
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed) || number-- != 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        return;
    }
#endif
}

/// Plays again, with other pauses, while hardly any wait slept: beside other programs, spinning may suffice for a while.
template <class Play>
void until_waits_sleep(Play play) {
    for (std::uint64_t seed = 0; seed < 200 && !testing::Test::HasFailure(); seed += 10) {
        if (play(seed)) return;
    }
    ADD_FAILURE() << weir_test::sleep_count::too_few;
}

/// `one_cpu`: both threads share a CPU, so that waiting is the only way to let the other run. Returns whether waits
/// slept.
template <class Wait>
bool ping_pong(std::uint64_t rounds, bool one_cpu, std::uint64_t seed) {
    weir::spsc_ring<std::uint64_t, Wait> there(1);
    weir::spsc_ring<std::uint64_t, Wait> back(1);
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> answered{0};
    std::uint64_t wrong = 0;
    weir_test::sleep_count slept;
    {
        const weir_test::watchdog dog([&] { return sent + answered; },
                                      [&] {
                                          return "sent " + std::to_string(sent) + ", answered " +
                                                 std::to_string(answered) + " of " + std::to_string(rounds) +
                                                 "; queued there " + std::to_string(there.size_approx()) + ", back " +
                                                 std::to_string(back.size_approx());
                                      });
        std::thread answerer([&] {
            stay_on_cpu(one_cpu ? 0 : 1);
            random_pause pause(seed + 1);
            for (std::uint64_t i = 0, item = 0; i < rounds; ++i) {
                if (there.pop(item) != status::success) ++wrong;
                pause();
                if (back.push(item) != status::success) ++wrong;
                answered.store(i + 1, std::memory_order_relaxed);
            }
            slept.add_this_thread(pause.sleeps());
        });
        std::thread sender([&] {
            stay_on_cpu(0);
            random_pause pause(seed + 2);
            for (std::uint64_t i = 0, item = 0; i < rounds; ++i) {
                pause();
                EXPECT_EQ(there.push(i), status::success);
                EXPECT_TRUE(back.pop(item) && item == i);
                sent.store(i + 1, std::memory_order_relaxed);
            }
            slept.add_this_thread(pause.sleeps());
        });
        answerer.join();
        sender.join();
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(there.size_approx() + back.size_approx(), 0U);
    return slept.enough_for<Wait>(rounds);
}

/// One way at full speed but for the pauses: producer and consumer park in turn, at an almost full and empty ring.
/// Returns whether waits slept.
template <class Wait>
bool stream(std::uint64_t items, std::size_t capacity, std::uint64_t seed) {
    weir::spsc_ring<std::uint64_t, Wait> ring(capacity);
    std::atomic<std::uint64_t> popped{0};
    std::uint64_t wrong = 0;
    weir_test::sleep_count slept;
    {
        const weir_test::watchdog dog([&] { return popped.load(); },
                                      [&] {
                                          return "popped " + std::to_string(popped) + " of " + std::to_string(items) +
                                                 "; queued " + std::to_string(ring.size_approx());
                                      });
        std::thread producer([&] {
            random_pause pause(seed + 3);
            for (std::uint64_t i = 0; i < items; ++i) {
                pause();
                EXPECT_EQ(ring.push(i), status::success);
            }
            slept.add_this_thread(pause.sleeps());
        });
        std::thread consumer([&] {
            random_pause pause(seed + 4);
            for (std::uint64_t i = 0, item = 0; i < items; ++i) {
                pause();
                if (ring.pop(item) != status::success || item != i) ++wrong;
                popped.store(i + 1, std::memory_order_relaxed);
            }
            slept.add_this_thread(pause.sleeps());
        });
        producer.join();
        consumer.join();
    }
    EXPECT_EQ(wrong, 0U);
    return slept.enough_for<Wait>(items);
}

template <class Wait>
class soak : public testing::Test {
public:
    // A wait of wait::sleep takes 20 us at least, and some 70 us with what the kernel adds.
    static std::uint64_t rounds() {
        return weir_test::rounds(std::is_same_v<Wait, weir::wait::sleep> ? 20'000 : 100'000);
    }
};
TYPED_TEST_SUITE(soak, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(soak, ping_pong_loses_no_wake_up) {
    until_waits_sleep([&](std::uint64_t seed) { return ping_pong<TypeParam>(this->rounds(), false, seed); });
}

TYPED_TEST(soak, ping_pong_on_one_cpu_loses_no_wake_up) {
    // Where nobody sleeps, the CPU changes hands only when the scheduler says so.
    constexpr bool spins = std::is_same_v<TypeParam, weir::wait::spin>;
    const auto rounds = std::max<std::uint64_t>(1, this->rounds() / (spins ? 100 : 5));
    until_waits_sleep([&](std::uint64_t seed) { return ping_pong<TypeParam>(rounds, true, seed); });
}

TYPED_TEST(soak, stream_loses_no_wake_up) {
    for (const std::size_t capacity : {1U, 2U, 8U}) {
        until_waits_sleep([&](std::uint64_t seed) { return stream<TypeParam>(this->rounds() / 4, capacity, seed); });
    }
}

}  // namespace
