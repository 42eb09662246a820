// SPDX-License-Identifier: MIT
//
// For tests of rings between processes.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

#include "test/support/sanitized.hpp"
#include "weir/status.hpp"

namespace weir_test {

using weir::status;

/// WEIR_SOAK_ROUNDS=10000000 makes it `long_one`.
inline std::uint64_t rounds(std::uint64_t usual, std::uint64_t long_one) {
    const char* const given = std::getenv("WEIR_SOAK_ROUNDS");
    if (given != nullptr)
        return std::max<std::uint64_t>(usual, std::strtoull(given, nullptr, 10) * long_one / 10'000'000);
    return weir_test::sanitized ? usual / 10 : usual;
}

/// An item that shows when it is torn: every word is its number.
struct item {
    std::array<std::uint64_t, 6> words;
    static item of(std::uint64_t number) {
        item made{};
        made.words.fill(number);
        return made;
    }
    bool is_whole() const {
        for (const std::uint64_t word : words)
            if (word != words[0]) return false;
        return true;
    }
};

/// A child process that runs `f`, and does not outlive the test.
template <class F>
pid_t start(F f) {
    const pid_t child = ::fork();
    if (child == 0) {
        f();
        ::_exit(0);
    }
    return child;
}

inline void kill_and_reap(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

/// Calls `f` in a child process, without its destructors' help if `f` does not return. Its exit code, or 128 + the signal.
inline int in_child(const std::function<int()>& f) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(f());
    int end = 0;
    ::waitpid(child, &end, 0);
    return WIFSIGNALED(end) ? 128 + WTERMSIG(end) : WEXITSTATUS(end);
}

/// Waits for a status other than `in_vain`.
template <class Try>
status soon(Try attempt, status::value in_vain) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    status answer = in_vain;
    while ((answer = attempt()) == in_vain && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return answer;
}

/// Writes anything to anywhere behind the header, for a while: half of it to the first `state_words`, where a ring keeps its positions.
inline void scribble(std::byte* payload, std::size_t bytes, std::size_t state_words, std::uint64_t seed,
                     std::uint64_t writes) {
    std::mt19937_64 random(seed);
    auto* const words = reinterpret_cast<volatile std::uint64_t*>(payload);
    for (std::uint64_t i = 0; i < writes; ++i) {
        const std::uint64_t r = random();
        const std::size_t at = random() % 2 == 0 ? random() % state_words : random() % (bytes / sizeof(std::uint64_t));
        switch (r % 4) {
        case 0: words[at] = random(); break;
        case 1: words[at] = words[at] + random() % 5; break;
        case 2: words[at] = random() % 64; break;
        default: words[at] = words[at] ^ (std::uint64_t{1} << random() % 64); break;
        }
    }
}

}  // namespace weir_test
