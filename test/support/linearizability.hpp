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
#include <utility>
#include <vector>

#include "weir/status.hpp"

namespace weir_test {

enum class action : unsigned char {
    push,
    pop,
    close,
    drop,           // the oldest item, if the queue is full
    request,        // `item` more items
    ask_if_closed,  // answer: closed, or success if it is open
    miss_room,      // the rest of a batch: there was no room for it, or the queue was closed
    miss_items,     // the rest of a batch: there was nothing but the items of the batch, and `item` more that it leaves
    reserve_in_vain  // a slot that is reserved and then given back
};

/// An operation, and when it was called and returned, on one clock. One that pushes or pops several is as many steps.
struct step {
    action what;
    int item;  // that was to be pushed, or was popped
    weir::status answer;
    std::uint64_t called;
    std::uint64_t returned;
    unsigned batch = 0;  // the same number, not 0, for the steps of one operation
};

inline std::string to_string(std::span<const step> history) {
    static constexpr std::string_view names[] = {
        "push", "pop", "close", "drop", "request", "ask_if_closed", "miss_room", "miss_items", "reserve_in_vain"};
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
///     push   success: there is room and credit, it is open | full: there is no room | closed: it is closed
///            no_credit: there is room, and less than `granted_by` is asked for and has room
///     pop    success: the oldest item that arrived | empty: none arrived, and pops were not told, or some are on their
///            way, or (closing in two steps) a push is being refused, whose claim shows for a moment
///            closed: pops were told, and all that was accepted was popped
class linearization {
public:
    enum class closing : bool { at_once, in_two_steps };
    using steps = std::uint64_t;  // one bit each
    static constexpr std::size_t no_bound = std::numeric_limits<std::size_t>::max();

    struct specification {
        std::size_t capacity;
        closing how = closing::at_once;
        std::size_t credit = no_bound;  // asked for in the beginning
        std::size_t granted_by = 1;     // less may be held back
    };

    /// Of at most 64 steps.
    linearization(std::span<const step> history, const specification& spec)
        : linearization(history, spec, by_the_clock(history)) {}

    /// What came before a step: what was over, and what was at least begun: pushes that were accepted, which arrive
    /// before this step if it is a push, else perhaps later.
    struct past {
        steps over = 0;
        steps begun = 0;
    };

    /// The same where other things than the clock say what came before what.
    linearization(std::span<const step> history, const specification& spec, std::vector<past> before)
        : history_(history), spec_(spec), before_(std::move(before)) {}

    /// Leaving steps out, as if they had not been.
    bool exists(steps left_out = 0) {
        visited_.clear();
        state start;
        start.done = left_out;
        start.credit = spec_.credit;
        return search(start);
    }

    static steps bit(std::size_t i) { return steps{1} << i; }

private:
    struct state {
        steps done = 0;
        steps accepted = 0;   // pushes on their way
        bool closed = false;  // pushes are refused
        bool told = false;    // and pops know
        std::size_t credit = 0;
        std::vector<int> items;
        bool operator<(const state& other) const {
            return std::tie(done, accepted, closed, told, credit, items) <
                   std::tie(other.done, other.accepted, other.closed, other.told, other.credit, other.items);
        }
    };

    static std::vector<past> by_the_clock(std::span<const step> history) {
        std::vector<past> before(history.size());
        for (std::size_t i = 0; i < history.size(); ++i) {
            for (std::size_t j = 0; j < history.size(); ++j) {
                if (history[j].returned < history[i].called) before[i].over |= bit(j);
            }
        }
        return before;
    }

    bool search(const state& now) {
        if (static_cast<std::size_t>(std::popcount(now.done)) == history_.size()) return true;
        if (!visited_.insert(now).second) return false;
        // A step can be next unless another one that is not done came before it.
        for (std::size_t i = 0; i < history_.size(); ++i) {
            if ((now.done & bit(i)) == 0 && is_next(now, before_[i]) && attempt(now, i)) return true;
        }
        return false;
    }

    static bool is_next(const state& now, const past& before) {
        return (before.over & ~now.done) == 0 && (before.begun & ~(now.done | now.accepted)) == 0;
    }

    bool attempt(const state& now, std::size_t i) {
        const step& s = history_[i];
        state next = now;
        next.done |= bit(i);
        switch (s.what) {
        case action::push: return attempt_push(now, i, next);
        case action::pop: return legal_pop(now, i, next) && search(next);
        case action::close:
            if (spec_.how == closing::in_two_steps && !now.closed) {
                state refusing = now;
                refusing.closed = true;
                if (search(refusing)) return true;
            }
            next.closed = next.told = true;
            return search(next);
        case action::drop:
            if (says_nothing(s)) return search(next);
            if (s.answer == weir::status::empty) return has_room(now) && search(next);
            if (has_room(now) || now.items.empty()) return false;
            next.items.erase(next.items.begin());
            return search(next);
        case action::request:
            if (next.credit != no_bound) next.credit += static_cast<std::size_t>(s.item);
            return search(next);
        case action::ask_if_closed: return now.closed == (s.answer == weir::status::closed) && search(next);
        case action::miss_room: return (now.closed || may_lack_credit(now)) && search(next);
        case action::miss_items:
            return now.items.size() == batch_to_come(now, s) + static_cast<std::size_t>(s.item) && search(next);
        case action::reserve_in_vain:
            if ((now.accepted & bit(i)) == 0) return accept(now, i);
            next.accepted &= ~bit(i);
            if (next.credit != no_bound) ++next.credit;
            return search(next);
        }
        return false;
    }

    bool attempt_push(const state& now, std::size_t i, state& next) {
        const step& s = history_[i];
        if (says_nothing(s)) return search(next);
        if (s.answer == weir::status::full) return !has_room(now) && search(next);
        if (s.answer == weir::status::no_credit) return has_room(now) && may_lack_credit(now) && search(next);
        if (s.answer == weir::status::closed) return now.closed && search(next);
        if (s.answer != weir::status::success) return false;
        if ((now.accepted & bit(i)) == 0) return accept(now, i);
        if ((before_[i].begun & ~now.done) != 0) return false;
        next.accepted &= ~bit(i);
        next.items.push_back(s.item);
        return search(next);
    }

    bool accept(const state& now, std::size_t i) {
        if (now.closed || !has_room(now) || now.credit == 0) return false;
        state on_its_way = now;
        on_its_way.accepted |= bit(i);
        if (on_its_way.credit != no_bound) --on_its_way.credit;
        return search(on_its_way);
    }

    static bool says_nothing(const step& s) {
        return s.answer == weir::status::busy || s.answer == weir::status::timeout;
    }
    std::size_t room(const state& now) const {
        return spec_.capacity - now.items.size() - static_cast<std::size_t>(std::popcount(now.accepted));
    }
    bool has_room(const state& now) const { return room(now) > 0; }
    bool may_lack_credit(const state& now) const { return std::min(now.credit, room(now)) < spec_.granted_by; }

    std::size_t batch_to_come(const state& now, const step& s) const {
        std::size_t count = 0;
        for (std::size_t j = 0; j < history_.size(); ++j) {
            const bool same = s.batch != 0 && history_[j].batch == s.batch && history_[j].what == action::pop;
            if (same && (now.done & bit(j)) == 0) ++count;
        }
        return count;
    }

    bool a_refusal_is_under_way(const state& now, std::size_t pop) const {
        if (spec_.how == closing::at_once) return false;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const step& s = history_[i];
            const bool is_refused =
                (s.what == action::push && s.answer == weir::status::closed) || s.what == action::miss_room;
            const bool is_over_or_to_come = (now.done & bit(i)) != 0 || (before_[i].over & bit(pop)) != 0;
            if (is_refused && !is_over_or_to_come) return true;
        }
        return false;
    }

    bool legal_pop(const state& now, std::size_t i, state& next) const {
        const step& s = history_[i];
        if (says_nothing(s)) return true;
        if (s.answer == weir::status::success) {
            if (now.items.empty() || now.items.front() != s.item) return false;
            next.items.erase(next.items.begin());
            return true;
        }
        if (!now.items.empty()) return false;
        if (s.answer == weir::status::empty) return !now.told || now.accepted != 0 || a_refusal_is_under_way(now, i);
        return s.answer == weir::status::closed && now.told && now.accepted == 0;
    }

    const std::span<const step> history_;
    const specification spec_;
    const std::vector<past> before_;
    std::set<state> visited_;
};

inline bool is_linearizable(std::span<const step> history, std::size_t capacity,
                            linearization::closing how = linearization::closing::at_once) {
    return linearization(history, {capacity, how}).exists();
}

}  // namespace weir_test
