// SPDX-License-Identifier: MIT
//
// What the tests of pipelines share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <numeric>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "weir/pipeline.hpp"

namespace weir_test {

/// A source of 0, 1, ... below `end`.
inline auto count_to(int end) {
    return [next = 0, end]() mutable { return next < end ? std::optional<int>(next++) : std::nullopt; };
}
inline auto count_for_ever() { return count_to(std::numeric_limits<int>::max()); }

inline auto pass() {
    return [](int i) { return i; };
}

/// What freezes a sink: nobody gets past it before it is opened.
class gate {
public:
    void open() {
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
        }
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Stands behind a pipeline, so that it can be joined also when a test has failed.
struct opened_at_end {
    gate& closed;
    ~opened_at_end() { closed.open(); }
};

/// Waits until `done()`; false when that takes more than half a minute.
template <class Done>
inline bool eventually(Done done) {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30); !done();
         std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
        if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
}

inline weir::edge_ledger edge(const weir::pipeline& p, std::string_view from, std::string_view to) {
    for (const weir::edge_ledger& e : p.edges()) {
        if (e.from == from && e.to == to) return e;
    }
    ADD_FAILURE() << "no edge " << from << " -> " << to;
    return {};
}

inline weir::stage_ledger stage(const weir::pipeline& p, std::string_view name) {
    for (const weir::stage_ledger& s : p.stages()) {
        if (s.name == name) return s;
    }
    ADD_FAILURE() << "no stage " << name;
    return {};
}

inline bool all_full(const weir::pipeline& p) {
    const auto edges = p.edges();
    return std::ranges::all_of(edges, [](const auto& e) { return e.queued == e.capacity; });
}

inline std::uint64_t lost(const weir::pipeline& p) {
    std::uint64_t sum = 0;
    for (const auto& e : p.edges()) sum += e.lost;
    for (const auto& s : p.stages()) sum += s.lost;
    return sum;
}

/// At a quiet moment.
inline void expect_balanced(const weir::pipeline& p) {
    for (const auto& e : p.edges()) {
        EXPECT_EQ(e.accepted, e.delivered + e.queued + e.lost) << "on the edge " << e.from << " -> " << e.to;
    }
}

inline std::vector<int> numbers_to(std::size_t end) {
    std::vector<int> all(end);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

}  // namespace weir_test
