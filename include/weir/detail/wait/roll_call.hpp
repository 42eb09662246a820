// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "weir/detail/base/atomic.hpp"

namespace weir::detail {

/// Counts the waiters of a lot, and those of them that have not looked again since the last call to all. For waiters that
/// share one signal, which the first of them may take away, and that wait for different things. Any number of threads may
/// call any of its functions; none blocks.
class roll_call {
public:
    /// To be called after something was published: each member will look again.
    void call() noexcept {
        std::uint64_t roll = roll_.load(relaxed);  // relaxed: the exchange decides
        // (1) release: pairs with (2): a look after this call sees what was published before it
        while (!roll_.compare_exchange_weak(roll, called(roll), release, relaxed)) {
        }
    }

    /// Whether a member has not looked since the last call.
    bool is_incomplete() const noexcept {
        // relaxed: the caller has learnt of the call by other means, or asks again
        return (roll_.load(relaxed) / one_missing) % one_missing != 0;
    }

    /// A waiter, for as long as this object lives.
    class member {
    public:
        explicit member(roll_call& call) noexcept
            // relaxed: it looks before it sleeps, and the look has the acquire
            : roll_(call.roll_), heard_(calls(roll_.fetch_add(one_member, relaxed))) {}
        ~member() { answer(one_member); }
        member(const member&) = delete;
        member& operator=(const member&) = delete;

        /// To be called before each look.
        void look() noexcept { answer(0); }

    private:
        void answer(std::uint64_t leaving) noexcept {
            for (;;) {
                std::uint64_t roll = roll_.load(acquire);  // (2) acquire: pairs with (1)
                const bool is_missing = calls(roll) != heard_;
                if (!is_missing && leaving == 0) return;
                const std::uint64_t next = roll - leaving - (is_missing ? one_missing : 0);
                // relaxed, both: numbers. A call in between makes it fail
                if (!roll_.compare_exchange_weak(roll, next, relaxed, relaxed)) continue;
                heard_ = calls(roll);
                return;
            }
        }

        atomic<std::uint64_t>& roll_;
        std::uint64_t heard_;  // calls that were answered, or made before this one came
    };

private:
    // How many members there are, how many of them are missing, and how many calls there were.
    static constexpr std::uint64_t one_member = 1, one_missing = std::uint64_t{1} << 16,
                                   one_call = std::uint64_t{1} << 32;
    static constexpr std::uint64_t calls(std::uint64_t roll) noexcept { return roll / one_call; }
    static constexpr std::uint64_t called(std::uint64_t roll) noexcept {
        const std::uint64_t members = roll % one_missing;
        return (calls(roll) + 1) * one_call + members * one_missing + members;
    }

    atomic<std::uint64_t> roll_{0};
};

}  // namespace weir::detail
