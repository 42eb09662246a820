// SPDX-License-Identifier: MIT
//
// Many producers and many consumers on one queue: how they share the work, and how received items are checked.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "instruments/item.hpp"

namespace bench {

/// Work that the threads of one side share at run time, some items at a time: a thread that reaches the queue more often does
/// more of it.
class quota {
public:
    explicit quota(word items) : left_(static_cast<std::int64_t>(items)) {}

    /// The number of items that the caller sends or takes next; 0 when none are left.
    word claim() noexcept {
        // relaxed: only the count matters; it publishes no other data
        const std::int64_t left = left_.fetch_sub(portion, std::memory_order_relaxed);
        return static_cast<word>(std::clamp<std::int64_t>(left, 0, portion));
    }

private:
    static constexpr std::int64_t portion = 64;
    alignas(128) std::atomic<std::int64_t> left_;
};

/// One of many producers. Its items carry its id and a count: 1, 2, ...
class alignas(128) sender {
public:
    static constexpr unsigned number_bits = 40;

    explicit sender(std::size_t id) : first_(static_cast<word>(id) << number_bits) {}

    word next() noexcept { return first_ + ++sent_; }

    word sent() const { return sent_; }
    word sum() const { return sent_ * first_ + sent_ * (sent_ + 1) / 2; }

private:
    word first_;
    word sent_ = 0;
};

/// One of many consumers. It may see any of a producer's items, but never an earlier one after a later one.
class alignas(128) taker {
public:
    explicit taker(std::size_t producers) : latest_(producers) {}

    void check(word it) noexcept {
        const word from = it >> sender::number_bits;
        const word number = it & ((word{1} << sender::number_bits) - 1);
        if (from < latest_.size()) [[likely]] {
            disordered_ |= latest_[from] >= number;
            latest_[from] = number;
        } else {
            wrong_ = true;
        }
        sum_ += it;
        ++taken_;
    }

    template <std::size_t Bytes>
    void check(const block<Bytes>& it) noexcept {
        asm volatile("" : : "m"(it));  // as in receipt
        wrong_ |= it.words.front() != it.words.back();
        check(it.words.front());
    }

    /// A message.
    template <typename Letter>
        requires requires(const Letter& it) { it.number() ^ it.last(); }
    void check(const Letter& it) noexcept {
        asm volatile("" : : "m"(it));
        wrong_ |= it.number() != it.last();
        check(it.number());
    }

    word taken() const { return taken_; }
    word sum() const { return sum_; }
    /// An item was torn, or came from no known producer.
    bool wrong() const { return wrong_; }
    bool disordered() const { return disordered_; }

private:
    std::vector<word> latest_;
    word taken_ = 0;
    word sum_ = 0;
    bool wrong_ = false;
    bool disordered_ = false;
};

}  // namespace bench
