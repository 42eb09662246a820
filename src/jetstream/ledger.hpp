// SPDX-License-Identifier: MIT
#pragma once

// Which items the application has finished: a floor, below which all are, and a bit for each item above it.

#include <weir/detail/jetstream/ends.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

namespace weir::jetstream {

class ledger final : public detail::jetstream_ledger {
public:
    /// Items from `floor` up to `floor + size` may be outstanding at a time.
    ledger(std::uint64_t floor, std::size_t size) : floor_(floor), done_(size, false) {}

    void finish(std::uint64_t number) noexcept override {
        const std::lock_guard lock(mutex_);
        mark(number);
        advance();
    }
    void abandon(std::uint64_t) noexcept override {
        const std::lock_guard lock(mutex_);
        ++abandoned_;
    }
    /// Items from `first` up to `last` never come. O(last - first).
    void skip(std::uint64_t first, std::uint64_t last) {
        const std::lock_guard lock(mutex_);
        for (std::uint64_t number = std::max(first, floor_); number < last; ++number) {
            if (number - floor_ >= done_.size()) step();  // further than was granted: the record of that was lost
            mark(number);
            advance();
        }
        advance();
    }
    /// All items below `number` are finished, by an earlier consumer.
    void raise_to(std::uint64_t number) {
        const std::lock_guard lock(mutex_);
        while (floor_ < number) step();
        advance();
    }

    std::uint64_t floor() const {
        const std::lock_guard lock(mutex_);
        return floor_;
    }
    std::uint64_t abandoned() const {
        const std::lock_guard lock(mutex_);
        return abandoned_;
    }

    /// Waits until the floor is at `wanted` at least, or wake() was called, or the time is over. Returns the floor.
    std::uint64_t wait_for(std::uint64_t wanted, std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        waits_for_ = wanted;
        changed_.wait_until(lock, deadline, [&] { return floor_ >= wanted || woken_; });
        waits_for_ = never;
        woken_ = false;
        return floor_;
    }
    void wake() {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }

private:
    static constexpr std::uint64_t never = static_cast<std::uint64_t>(-1);

    void mark(std::uint64_t number) {
        if (number >= floor_ && number - floor_ < done_.size()) done_[number % done_.size()] = true;
    }
    void step() {
        done_[floor_ % done_.size()] = false;
        ++floor_;
    }
    void advance() {
        while (done_[floor_ % done_.size()]) step();
        if (floor_ >= waits_for_) changed_.notify_all();
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t floor_;
    std::uint64_t waits_for_ = never;
    std::uint64_t abandoned_ = 0;
    bool woken_ = false;
    std::vector<bool> done_;  // by number modulo its size
};

}  // namespace weir::jetstream
