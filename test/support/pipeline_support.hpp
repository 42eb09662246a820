// SPDX-License-Identifier: MIT
//
// What the tests of pipelines share.
#pragma once

#include <gtest/gtest.h>
#include <stdexcept>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/eventually.hpp"
#include "test/support/refusal.hpp"
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

/// When nothing moves any more. An item counts as delivered a moment before it leaves its edge, so what was just delivered is
/// given time to leave.
inline void expect_balanced(const weir::pipeline& p) {
    const auto is_balanced = [](const weir::edge_ledger& e) { return e.accepted == e.delivered + e.queued + e.lost; };
    if (eventually([&] { return std::ranges::all_of(p.edges(), is_balanced); })) return;
    for (const auto& e : p.edges()) {
        EXPECT_EQ(e.accepted, e.delivered + e.queued + e.lost) << "on the edge " << e.from << " -> " << e.to;
    }
}

inline std::vector<int> numbers_to(std::size_t end) {
    std::vector<int> all(end);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

// ---- one step at a time ------------------------------------------------------------------------------------------

/// A source's function that makes the items that a test hands it.
class hand_fed {
public:
    using clock = std::chrono::steady_clock;

    auto maker() {
        return [this]() -> std::optional<int> {
            std::unique_lock lock(mutex_);
            asked_at_ = clock::now();
            ++asked_;
            changed_.notify_all();
            changed_.wait(lock, [&] { return item_ || ended_; });
            given_at_ = clock::now();
            return std::exchange(item_, std::nullopt);
        };
    }

    /// Hands it `item`, and waits until it is asked for the next one: `item` was sent or shed by then. Returns the time
    /// in between, which is never shorter than a wait of the stage.
    clock::duration give(int item) {
        const int before = post(item);
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return asked_ > before; })) {
            ADD_FAILURE() << "the source was not asked for another item after " << item;
        }
        return asked_at_ - given_at_;
    }
    /// Hands it `item` when it asks for one, and does not wait for what becomes of it.
    int post(int item) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return asked_ > posted_; })) {
            ADD_FAILURE() << "the source was not asked for item " << item;
        }
        item_ = item;
        changed_.notify_all();
        return ++posted_;
    }
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<int> item_;
    int asked_ = 0;
    int posted_ = 0;
    bool ended_ = false;
    clock::time_point asked_at_, given_at_;
};

/// What a sink's function calls to finish an item only when it is told to.
class ration {
public:
    void allow_one() {
        const std::lock_guard lock(mutex_);
        ++allowed_;
        changed_.notify_all();
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return allowed_ > 0 || open_; });
        --allowed_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int allowed_ = 0;
    bool open_ = false;
};

/// A source, "feed", and sinks, "out 0", "out 1" and so on, at the ends of edges of the given capacities: it makes the
/// items, and they finish them, when the test says so. Nothing moves in between.
template <class Split>
class stepwise {
public:
    stepwise(const std::vector<std::size_t>& capacities, Split how)
        : sinks_(capacities.size()), arrived(capacities.size()) {
        const auto source = p.source<int>("feed", feed.maker(), {}, std::move(how));
        for (std::size_t i = 0; i < capacities.size(); ++i) {
            p.connect(source,
                      p.sink<int>("out " + std::to_string(i),
                                  [this, i](int item) {
                                      sinks_[i].wait();
                                      arrived[i].push_back(item);
                                  }),
                      capacities[i]);
        }
        p.run();
    }
    ~stepwise() { end(); }

    /// What each output holds, that in the hands of its sink included.
    std::vector<std::uint64_t> queued() const {
        std::vector<std::uint64_t> all;
        for (const auto& e : p.edges()) all.push_back(e.queued);
        return all;
    }

    /// Gives an item, of which one output is to get one, and returns which.
    std::size_t output_for(int item) {
        const auto before = p.edges();
        feed.give(item);
        const auto after = p.edges();
        std::vector<std::size_t> grown;
        for (std::size_t i = 0; i < before.size(); ++i) {
            if (after[i].accepted == before[i].accepted + 1) grown.push_back(i);
        }
        EXPECT_EQ(grown.size(), 1U) << "outputs that got item " << item;
        return grown.empty() ? before.size() : grown[0];
    }

    /// Sink `i` finishes its item; returns when the slot is free.
    void finish(std::size_t i) {
        const std::uint64_t delivered = p.edges()[i].delivered;
        const std::uint64_t before = p.edges()[i].queued;
        sinks_[i].allow_one();
        EXPECT_TRUE(eventually([&] {
            const auto e = p.edges()[i];
            return e.delivered > delivered && e.accepted - e.delivered == e.queued;
        })) << "an item of "
            << before << " was not finished by sink " << i;
    }

    void end() {
        feed.end();
        for (ration& sink : sinks_) sink.open();
    }

    hand_fed feed;

private:
    std::deque<ration> sinks_;

public:
    std::vector<std::vector<int>> arrived;
    weir::pipeline p;  // last: it uses the others
};

}  // namespace weir_test
