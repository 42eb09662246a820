// SPDX-License-Identifier: MIT
//
// Is there an order of operations, each between its call and its return, in which a bounded queue that can be closed
// would have given the answers that were given? The search of Wing and Gong (1993) with the memory of Lowe (2017): no
// state of the queue is visited twice with the same operations done.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "weir/status.hpp"

namespace weir_test {

enum class action : unsigned char { push, pop, close };

/// An operation, and when it was called and returned, on one clock.
struct step {
    action what;
    int item;  // that was to be pushed, or was popped
    weir::status answer;
    std::uint64_t called;
    std::uint64_t returned;
};

inline std::string to_string(std::span<const step> history) {
    static constexpr std::string_view names[] = {"push", "pop", "close"};
    std::string text;
    for (const step& s : history) {
        text += "  " + std::to_string(s.called) + ".." + std::to_string(s.returned) + " ";
        text += names[static_cast<std::size_t>(s.what)];
        if (s.what != action::close) text += " " + std::to_string(s.item) + ": " + std::string(to_string(s.answer));
        text += "\n";
    }
    return text;
}

/// The specification. A push is accepted, which takes a credit and needs an open queue, and arrives, later or at once.
/// Busy and timeout say nothing and do nothing. A close refuses pushes, and tells pops, later or at once.
///
///     push   success: there is credit, it is open | full: there is no credit | closed: it is closed
///     pop    success: the oldest item that arrived | empty: none arrived, and pops were not told, or some are on their
///            way, or (closing in two steps) a push is being refused, whose claim shows for a moment
///            closed: pops were told, and all that was accepted was popped
class linearization {
public:
    enum class closing : bool { at_once, in_two_steps };

    /// Of at most 64 steps, of a queue of `capacity`.
    linearization(std::span<const step> history, std::size_t capacity, closing how)
        : history_(history), capacity_(capacity), how_(how) {}

    bool exists() { return search({}); }

private:
    using steps = std::uint64_t;  // one bit each

    struct state {
        steps done = 0;
        steps accepted = 0;   // pushes on their way
        bool closed = false;  // pushes are refused
        bool told = false;    // and pops know
        std::vector<int> items;
        bool operator<(const state& other) const {
            return std::tie(done, accepted, closed, told, items) <
                   std::tie(other.done, other.accepted, other.closed, other.told, other.items);
        }
    };

    static steps bit(std::size_t i) { return steps{1} << i; }

    bool search(const state& now) {
        if (static_cast<std::size_t>(std::popcount(now.done)) == history_.size()) return true;
        if (!visited_.insert(now).second) return false;
        // A step can be next unless another one that is not done had returned before it was called.
        std::uint64_t first_return = std::numeric_limits<std::uint64_t>::max();
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if ((now.done & bit(i)) == 0) first_return = std::min(first_return, history_[i].returned);
        }
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if ((now.done & bit(i)) == 0 && history_[i].called <= first_return && attempt(now, i)) return true;
        }
        return false;
    }

    bool attempt(const state& now, std::size_t i) {
        const step& s = history_[i];
        state next = now;
        next.done |= bit(i);
        if (s.what == action::close) {
            if (how_ == closing::in_two_steps && !now.closed) {
                state refusing = now;
                refusing.closed = true;
                if (search(refusing)) return true;
            }
            next.closed = next.told = true;
            return search(next);
        }
        if (s.answer == weir::status::busy || s.answer == weir::status::timeout) return search(next);
        if (s.what == action::pop) return legal_pop(now, s, next) && search(next);
        const bool has_credit = now.items.size() + static_cast<std::size_t>(std::popcount(now.accepted)) < capacity_;
        if (s.answer == weir::status::full) return !has_credit && search(next);
        if (s.answer == weir::status::closed) return now.closed && search(next);
        if (s.answer != weir::status::success) return false;

        if ((now.accepted & bit(i)) == 0) {
            if (now.closed || !has_credit) return false;
            state on_its_way = now;
            on_its_way.accepted |= bit(i);
            if (search(on_its_way)) return true;
        }
        next.accepted &= ~bit(i);
        next.items.push_back(s.item);
        return search(next);
    }

    bool a_refusal_is_under_way(const state& now, const step& pop) const {
        if (how_ == closing::at_once) return false;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const step& s = history_[i];
            if ((now.done & bit(i)) == 0 && s.what == action::push && s.answer == weir::status::closed &&
                s.called < pop.returned) {
                return true;
            }
        }
        return false;
    }

    bool legal_pop(const state& now, const step& s, state& next) const {
        if (s.answer == weir::status::success) {
            if (now.items.empty() || now.items.front() != s.item) return false;
            next.items.erase(next.items.begin());
            return true;
        }
        if (!now.items.empty()) return false;
        if (s.answer == weir::status::empty) return !now.told || now.accepted != 0 || a_refusal_is_under_way(now, s);
        return s.answer == weir::status::closed && now.told && now.accepted == 0;
    }

    const std::span<const step> history_;
    const std::size_t capacity_;
    const closing how_;
    std::set<state> visited_;
};

inline bool is_linearizable(std::span<const step> history, std::size_t capacity,
                            linearization::closing how = linearization::closing::at_once) {
    return linearization(history, capacity, how).exists();
}

}  // namespace weir_test
