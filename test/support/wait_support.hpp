// SPDX-License-Identifier: MIT
//
// What the tests of waiting share: the strategies, how long to run, pauses that hit the way to sleep at every point,
// and a watchdog that turns a lost wake-up into a failure with the state in its sentence.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>

#if defined(__linux__)
#include <sys/resource.h>
#endif

#include "test/support/sanitized.hpp"
#include "weir/ring.hpp"

namespace weir_test {

/// How many rounds: WEIR_SOAK_ROUNDS if it is set, else `usual`, a twentieth of it under a sanitizer, and an n-th if
/// WEIR_FEWER_ROUNDS is n.
inline std::uint64_t rounds(std::uint64_t usual) {
    const char* const asked = std::getenv("WEIR_SOAK_ROUNDS");
    if (asked != nullptr && *asked != '\0') return std::strtoull(asked, nullptr, 10);
    const char* const fewer = std::getenv("WEIR_FEWER_ROUNDS");
    const std::uint64_t part = sanitized ? 20 : fewer != nullptr ? std::strtoull(fewer, nullptr, 10) : 1;
    return usual / std::max<std::uint64_t>(part, 1);
}

using parking_seq_cst = weir::wait::parking<weir::fence::seq_cst>;
#if defined(__linux__)
using eventing_seq_cst = weir::wait::eventing<weir::fence::seq_cst>;
/// One of each way to wait; and each strategy, with seq_cst each that has a fence. Sanitizers, which see the same code of these
/// again, are given the former.
using some_waits = testing::Types<weir::wait::yield, weir::wait::park, weir::wait::sleep, weir::wait::event>;
using every_wait =
    std::conditional_t<sanitized, some_waits,
                       testing::Types<weir::wait::spin, weir::wait::yield, weir::wait::park, parking_seq_cst,
                                      weir::wait::sleep, weir::wait::event, eventing_seq_cst>>;
#else
using some_waits = testing::Types<weir::wait::yield, weir::wait::park, weir::wait::sleep>;
using every_wait =
    testing::Types<weir::wait::spin, weir::wait::yield, weir::wait::park, parking_seq_cst, weir::wait::sleep>;
#endif

/// Those that are tried on each kind of ring, where the others are tried on some: how to wait does not depend on the ring.
template <class Wait>
constexpr bool on_every_ring = std::is_same_v<Wait, weir::wait::park>
#if defined(__linux__)
                               || std::is_same_v<Wait, weir::wait::event>
#endif
    ;

struct wait_names {
    template <class Wait>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<Wait, weir::wait::spin>) return "spin";
        if constexpr (std::is_same_v<Wait, weir::wait::yield>) return "yield";
        if constexpr (std::is_same_v<Wait, weir::wait::park>) return "park";
        if constexpr (std::is_same_v<Wait, parking_seq_cst>) return "park_seq_cst";
        if constexpr (std::is_same_v<Wait, weir::wait::sleep>) return "sleep";
#if defined(__linux__)
        if constexpr (std::is_same_v<Wait, weir::wait::event>) return "event";
        if constexpr (std::is_same_v<Wait, eventing_seq_cst>) return "event_seq_cst";
#endif
        return "unnamed";
    }
};

/// Numbers that repeat from run to run (xorshift, Marsaglia 2003).
class numbers {
public:
    explicit numbers(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U + 1) {}

    std::uint64_t below(std::uint64_t bound) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return (state_ >> 16) % bound;
    }

private:
    std::uint64_t state_;
};

/// Pauses of 0 to 200 us. They come in moods of 64, so that the peer's spinning now pays and now is given up: then each
/// wait goes to sleep, while the next item is 0 to 5 us away.
class random_pause {
public:
    explicit random_pause(std::uint64_t seed) : numbers_(seed) {}

    void operator()() {
        if (count_++ % 64 == 0) mood_ = numbers_.below(4);
        switch (mood_) {
        case 0: return;
        case 1: return loop(numbers_.below(100));
        case 2:
            if (count_ % 64 < 8) return busy_for(std::chrono::microseconds(20 + numbers_.below(80)));
            return loop(numbers_.below(400));
        default: break;
        }
        const std::uint64_t kind = numbers_.below(100);
        if (kind < 40) return;
        if (kind < 70) return loop(numbers_.below(1000));
        if (kind < 95) return std::this_thread::yield();
        if (kind < 99) return busy_for(std::chrono::microseconds(numbers_.below(50)));
        ++sleeps_;
        // With the 60 us or so that the kernel adds: longer than a peer spins, so that it is on its way to sleep, or sleeps.
        std::this_thread::sleep_for(std::chrono::microseconds(numbers_.below(150)));
    }

    /// How many of the pauses were sleeps.
    std::uint64_t sleeps() const { return sleeps_; }

private:
    static void loop(std::uint64_t turns) {
        for (std::uint64_t i = 0; i < turns; ++i) weir::detail::light_fence();
    }
    static void busy_for(std::chrono::microseconds time) {
        const auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end) weir::detail::pause();
    }

    numbers numbers_;
    std::uint64_t count_ = 0;
    std::uint64_t mood_ = 0;
    std::uint64_t sleeps_ = 0;
};

/// How often threads slept in the kernel, as it counts itself (a yield is no sleep). A soak in which nobody slept has
/// shown nothing of waking.
class sleep_count {
public:
    /// To be called by a thread at its end; `others`: how many of its sleeps were none of the ring's.
    void add_this_thread([[maybe_unused]] std::uint64_t others = 0) {
#if defined(RUSAGE_THREAD)
        rusage used{};
        getrusage(RUSAGE_THREAD, &used);
        const auto all = static_cast<std::uint64_t>(used.ru_nvcsw);
        sleeps_ += all - std::min(all, others);
#endif
    }

    /// Whether the waiters of `Wait` slept often enough in `rounds` rounds, or need not; prints how often.
    template <class Wait>
    bool enough_for([[maybe_unused]] std::uint64_t rounds) const {
#if defined(RUSAGE_THREAD)
        std::printf("slept %llu times in %llu rounds\n", static_cast<unsigned long long>(sleeps_),
                    static_cast<unsigned long long>(rounds));
        if (std::is_same_v<Wait, weir::wait::spin> || std::is_same_v<Wait, weir::wait::yield>) return true;
        if (rounds < 20'000) return true;  // too few: spinning may have sufficed
        return sleeps_ > rounds / 10'000;
#else
        return true;
#endif
    }

    template <class Wait>
    void expect_for(std::uint64_t rounds) const {
        EXPECT_TRUE(enough_for<Wait>(rounds)) << too_few;
    }

    static constexpr const char* too_few = "hardly any wait slept: this has shown nothing";

private:
    std::atomic<std::uint64_t> sleeps_{0};
};

/// Aborts the program with a sentence and the state when `progress()` has not changed for 20 s: a thread that sleeps
/// for ever cannot be joined.
class watchdog {
public:
    watchdog(std::function<std::uint64_t()> progress, std::function<std::string()> state)
        : thread_([this, progress = std::move(progress), state = std::move(state)] {
              std::unique_lock lock(mutex_);
              std::uint64_t last = progress();
              auto since = std::chrono::steady_clock::now();
              // A wait in short turns: the watchdog leans on nothing that it watches.
              while (!finished_) {
                  changed_.wait_for(lock, std::chrono::milliseconds(200));
                  const auto now = std::chrono::steady_clock::now();
                  if (progress() != last) {
                      last = progress();
                      since = now;
                  } else if (!finished_ && now - since > std::chrono::seconds(20)) {
                      std::fprintf(stderr, "no progress for 20 s: a lost wake-up? %s\n", state().c_str());
                      std::abort();
                  }
              }
          }) {}
    ~watchdog() {
        {
            const std::lock_guard lock(mutex_);
            finished_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool finished_ = false;
    std::thread thread_;  // last: it uses the others
};

/// Where `n` threads wait for each other, again and again, by yielding.
class meeting {
public:
    explicit meeting(unsigned n) : threads_(n) {}

    void operator()() {
        const unsigned turn = turn_.load();
        if (arrived_.fetch_add(1) + 1 == threads_) {
            arrived_ = 0;
            turn_ = turn + 1;
        } else {
            while (turn_.load() == turn) std::this_thread::yield();
        }
    }

private:
    const unsigned threads_;
    std::atomic<unsigned> arrived_{0};
    std::atomic<unsigned> turn_{0};
};

}  // namespace weir_test
