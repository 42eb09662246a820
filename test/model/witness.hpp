// SPDX-License-Identifier: MIT
//
// What the threads of a schedule were told, for the judge of histories. The clock of the schedule alone does not say
// what came before what: an operation that returned is only known to another thread if something led there. So one
// operation comes before another if it returned earlier AND happened before it, as the language has it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model.hpp"
#include "test/support/linearizability.hpp"

namespace model {

using weir::status;
using weir_test::action;
using weir_test::linearization;

class witness {
public:
    /// Of no thread: what the scenario does before and after its threads, or when they are stuck. All that
    /// returned before comes before it, and all that is called afterwards comes after it.
    static constexpr unsigned no_thread = most_threads;

    /// An operation under way.
    struct call {
        unsigned thread;
        unsigned number;
        std::uint64_t called;
        moment knows;
        std::uint64_t returned = 0;
        std::uint64_t own = 0;  // the thread's own moment then
    };

    call begin(unsigned thread) {
        call c{thread, ++calls_, ++ticks_, {}};
        if (thread != no_thread) c.knows = this_moment();
        return c;
    }

    /// To be called after the operation returned, for each part of its answer.
    void note(call& c, action what, int item = 0, status answer = status::success) {
        end(c);
        check(count_ < notes_.size(), "the history has room for all that is played");
        notes_[count_++] = {c, {what, item, answer, c.called, c.returned, c.number}};
    }
    /// The answer of size_approx().
    void note_size(call& c, std::size_t size) {
        end(c);
        check(sizes_ < notes_of_sizes_.size(), "the history has room for all that is played");
        notes_of_sizes_[sizes_++] = {c, size};
    }

    std::size_t popped() const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const weir_test::step& s = notes_[i].what;
            if ((s.what == action::pop || s.what == action::drop) && s.answer == status::success) ++count;
        }
        return count;
    }

    /// How far a ring keeps to one order. In the language's memory model, as on some hardware, two threads that each
    /// store and then look may both miss what the other one stored, unless all of that is seq_cst.
    enum class order : unsigned char {
        one,           // there is one order of all operations
        but_for_looks  // there is one order of all that is done. What a thread finds missing (items, room, a close)
                       // need only agree with what it knows of: what happened before
    };

    /// Could a queue have said all that?
    void judge(const linearization::specification& spec, order how) const {
        for (std::size_t i = 0; i < sizes_; ++i)
            check(could_be(notes_of_sizes_[i], spec), "a size is one that the ring could have had");
        bool legal = false;
        {
            const unwatched memory;
            legal = is_legal(spec, how);
        }
        if (legal) return;
        for (std::size_t i = 0; i < count_; ++i) {
            say([&] { return to_text(i); });
        }
        check(false, "what the threads were told is what a bounded queue would have said, in some order");
    }

private:
    struct noted {
        call by{};
        weir_test::step what{action::push, 0, status::success, 0, 0};
    };
    struct noted_size {
        call by{};
        std::size_t size = 0;
    };

    void end(call& c) {
        if (c.returned != 0) return;
        c.returned = ++ticks_;
        if (c.thread != no_thread) c.own = this_moment()[c.thread];
    }

    static bool is_before(const call& a, const call& b) {
        if (a.returned >= b.called) return false;
        return a.thread == no_thread || b.thread == no_thread || a.thread == b.thread || b.knows[a.thread] >= a.own;
    }

    // Notes that step j came before step i, if it did.
    void put_before(linearization::past& before, std::size_t j, std::size_t i) const {
        const auto& [first, what] = notes_[j];
        const auto& [second, next] = notes_[i];
        const bool is_part = first.number == second.number;
        if (is_part ? j >= i || what.what != next.what || what.what == action::reserve_in_vain
                    : !is_before(first, second))
            return;
        const bool is_part_of_push = is_part && what.what == action::push;
        (is_part_of_push ? before.begun : before.over) |= linearization::bit(j);
    }

    bool is_legal(const linearization::specification& spec, order how) const {
        std::vector<weir_test::step> steps;
        std::vector<linearization::past> before(count_);
        for (std::size_t i = 0; i < count_; ++i) {
            steps.push_back(notes_[i].what);
            for (std::size_t j = 0; j < count_; ++j) put_before(before[i], j, i);
        }
        if (linearization(steps, spec, before).exists()) return true;
        if (how == order::one) return false;
        linearization::steps looks = 0;
        for (std::size_t i = 0; i < count_; ++i) looks |= finds_nothing(steps[i]) ? linearization::bit(i) : 0;
        if (!linearization(steps, spec, before).exists(looks)) return false;
        for (std::size_t i = 0; i < count_; ++i) {
            if ((looks & linearization::bit(i)) == 0) continue;
            // The rest may have come or not, in any order, but for what came after this or that of the known.
            const auto known = before[i].over | before[i].begun | linearization::bit(i);
            std::vector<linearization::past> before_known(count_);
            for (std::size_t j = 0; j < count_; ++j) {
                const bool is_known = (known & linearization::bit(j)) != 0;
                before_known[j] = is_known ? before[j] : past_within(before[j], known);
            }
            if (!linearization(steps, spec, before_known).exists(looks & ~linearization::bit(i))) return false;
        }
        return true;
    }

    static linearization::past past_within(const linearization::past& all, linearization::steps these) {
        return {all.over & these, all.begun & these};
    }

    static bool finds_nothing(const weir_test::step& s) {
        switch (s.what) {
        case action::push: return s.answer == status::full || s.answer == status::no_credit;
        case action::pop:
        case action::drop: return s.answer == status::empty;
        case action::ask_if_closed: return s.answer == status::success;
        case action::miss_room:
        case action::miss_items: return true;
        default: return false;
        }
    }

    // Between what is known to have come and gone, and what may have.
    bool could_be(const noted_size& look, const linearization::specification& spec) const {
        std::size_t certain_in = 0, possible_in = 0, certain_out = 0, possible_out = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const auto& [by, s] = notes_[i];
            if (s.answer != status::success) continue;
            const bool certain = is_before(by, look.by), possible = !is_before(look.by, by);
            if (s.what == action::push) certain_in += certain ? 1 : 0, possible_in += possible ? 1 : 0;
            if (s.what == action::pop || s.what == action::drop) {
                certain_out += certain ? 1 : 0, possible_out += possible ? 1 : 0;
            }
        }
        return look.size + possible_out >= certain_in && look.size + certain_out <= possible_in &&
               look.size <= spec.capacity;
    }

    std::string to_text(std::size_t i) const {
        const auto& [by, s] = notes_[i];
        std::string text = "#" + std::to_string(i) + weir_test::to_string({&s, 1}) + ", after";
        text.erase(text.find('\n'), 1);
        for (std::size_t j = 0; j < count_; ++j) {
            if (is_before(notes_[j].by, by)) text += " " + std::to_string(j);
        }
        return text;
    }

    std::array<noted, 64> notes_;  // as many as the judge takes
    std::size_t count_ = 0;
    std::array<noted_size, 12> notes_of_sizes_;
    std::size_t sizes_ = 0;
    unsigned calls_ = 0;
    std::uint64_t ticks_ = 0;
};

}  // namespace model
