// SPDX-License-Identifier: MIT
//
// Small programs that use a ring as its users might: made from a number, by a grammar of all that a ring offers. The
// same number makes the same program.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace model {

/// What a thread may do with a ring. `n` items, or the first `part` of `n`, where it says so.
enum class act : unsigned char {
    // a producer's
    try_push,
    try_emplace,
    try_push_n,   // n
    try_reserve,  // n, part
    await_room,   // by the descriptor; then try_push
    push,
    push_until,
    push_unless,
    push_n,  // n
    // a consumer's
    try_pop,
    try_pop_optional,
    try_pop_n,  // n
    consume,    // n
    try_consume_one,
    try_peek,     // n, part
    await_items,  // by the descriptor; then try_pop
    request,      // n
    drop_oldest,
    pop,
    pop_optional,
    pop_until,
    pop_unless,
    consume_one_until,
    pop_n,  // n
    // anybody's
    close,
    is_closed,
    size,
    wake_all,
    stop,
    count
};

struct operation {
    act what;
    unsigned n = 1;
    unsigned part = 0;
};

constexpr bool waits_for_items(act a) { return a == act::await_items || (a >= act::pop && a <= act::pop_n); }

/// What a ring offers, and to whom.
struct grammar {
    unsigned threads;
    bool many;         // any thread may push and pop; else only the first pushes, and only the second pops
    bool in_place;     // try_reserve, try_peek
    bool descriptors;  // items_fd, space_fd
    bool drops;        // try_drop_oldest
    bool on_request;   // request
};

/// A ring, and what each thread does with it.
struct program {
    static constexpr unsigned most_threads = 4;
    static constexpr unsigned most_operations = 4;  // of one thread

    unsigned capacity = 1;
    unsigned start = 0;   // of the counters
    unsigned inside = 0;  // items, before the threads begin
    unsigned asked = 0;   // credit on request: requested in the beginning, the items inside included
    unsigned every = 1;   // and granted
    unsigned closes = 0;  // how many operations are close()
    unsigned threads = 0;
    std::array<std::array<operation, most_operations>, most_threads> operations{};
    std::array<unsigned, most_threads> lengths{};

    std::span<const operation> of(unsigned thread) const {
        return std::span(operations[thread]).first(lengths[thread]);
    }
};

/// The first of the items that an operation pushes; the others follow.
constexpr int item_of(unsigned thread, unsigned nth) { return static_cast<int>((thread + 1) * 100 + nth * 10); }

/// splitmix64 (Steele, Lea, Flood 2014).
class dice {
public:
    explicit dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15) {}
    unsigned below(unsigned n) {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return static_cast<unsigned>((z ^ (z >> 31)) % n);
    }
    bool one_in(unsigned n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

class program_maker {
public:
    program_maker(std::uint64_t number, const grammar& g) : dice_(number), grammar_(g) {}

    program make() {
        program p;
        p.threads = grammar_.threads;
        p.capacity = 1 + dice_.below(3);
        p.start = 256 - dice_.below(4);
        p.inside = dice_.one_in(2) ? dice_.below(p.capacity + 1) : 0;
        p.asked = p.inside + dice_.below(p.capacity + 2);
        p.every = 1 + (dice_.one_in(2) ? 0 : dice_.below(p.capacity));
        // Programs whose threads all wait meet in other ways than those whose threads all try.
        waits_of_ten_ = std::array{1U, 5U, 9U}[dice_.below(3)];
        const unsigned length = 1 + dice_.below(program::most_operations);
        for (unsigned t = 0; t < p.threads; ++t) {
            const side s = side_of(t);
            p.lengths[t] = s == side::neither ? 1 + dice_.below(2) : 1 + dice_.below(length);
            for (unsigned i = 0; i < p.lengths[t]; ++i) p.operations[t][i] = one(s);
        }
        if (dice_.one_in(3)) {
            const unsigned t = dice_.below(p.threads);
            p.operations[t][dice_.below(p.lengths[t])] = {act::close};
        }
        for (unsigned t = 0; t < p.threads; ++t) {
            for (const operation& o : p.of(t)) p.closes += o.what == act::close ? 1 : 0;
        }
        return p;
    }

private:
    enum class side : unsigned char { producer, consumer, both, neither };

    side side_of(unsigned thread) {
        if (!grammar_.many) return thread == 0 ? side::producer : thread == 1 ? side::consumer : side::neither;
        if (dice_.one_in(4)) return side::both;
        return thread < 2 ? static_cast<side>(thread) : static_cast<side>(dice_.below(2));
    }

    act any(std::initializer_list<act> these) {
        return these.begin()[dice_.below(static_cast<unsigned>(these.size()))];
    }

    operation one(side s) {
        operation o{act::count, 1 + dice_.below(3), 0};
        do {
            o.what = what(s);
        } while (!is_offered(o.what));
        o.part = dice_.below(o.n + 1);
        return o;
    }

    act what(side s) {
        if (s == side::neither || dice_.one_in(12)) {
            return any({act::is_closed, act::size, act::wake_all, act::stop});
        }
        if (s == side::both) s = dice_.one_in(2) ? side::producer : side::consumer;
        const bool waits = dice_.below(10) < waits_of_ten_;
        if (s == side::producer) {
            // What is most likely to be used is most likely to be played.
            return waits ? any({act::push, act::push, act::push_until, act::push_until, act::push_unless, act::push_n,
                                act::await_room})
                         : any({act::try_push, act::try_push, act::try_emplace, act::try_push_n, act::try_reserve});
        }
        if (grammar_.on_request && dice_.one_in(3)) return act::request;
        return waits ? any({act::pop, act::pop, act::pop_until, act::pop_until, act::pop_unless, act::pop_optional,
                            act::consume_one_until, act::pop_n, act::await_items})
                     : any({act::try_pop, act::try_pop, act::try_pop_optional, act::try_pop_n, act::consume,
                            act::try_consume_one, act::try_peek, act::drop_oldest});
    }

    bool is_offered(act a) const {
        switch (a) {
        case act::try_reserve:
        case act::try_peek: return grammar_.in_place;
        case act::await_room:
        case act::await_items: return grammar_.descriptors;
        case act::drop_oldest: return grammar_.drops;
        case act::request: return grammar_.on_request;
        default: return true;
        }
    }

    dice dice_;
    const grammar grammar_;
    unsigned waits_of_ten_ = 0;
};

inline program make_program(std::uint64_t number, const grammar& g) { return program_maker(number, g).make(); }

// ---- as code -------------------------------------------------------------------------------------------------------

inline std::string to_string(const operation& o, int item) {
    const std::string n = std::to_string(o.n), part = std::to_string(o.part), it = std::to_string(item);
    std::string items = it;
    for (unsigned i = 1; i < o.n; ++i) items += ", " + std::to_string(item + static_cast<int>(i));
    switch (o.what) {
    case act::try_push: return "try_push(" + it + ")";
    case act::try_emplace: return "try_emplace(" + it + ")";
    case act::try_push_n: return "try_push_n({" + items + "})";
    case act::try_reserve: return "try_reserve(" + n + "), of " + items + " commit(" + part + ")";
    case act::await_room: return "space_fd(), wait until it is readable, try_push(" + it + ")";
    case act::push: return "push(" + it + ")";
    case act::push_until: return "push_until(" + it + ", soon)";
    case act::push_unless: return "push_unless(" + it + ", stop)";
    case act::push_n: return "push_n({" + items + "})";
    case act::try_pop: return "try_pop(out)";
    case act::try_pop_optional: return "try_pop()";
    case act::try_pop_n: return "try_pop_n(" + n + ")";
    case act::consume: return "consume(visit, " + n + ")";
    case act::try_consume_one: return "try_consume_one(visit)";
    case act::try_peek: return "try_peek(" + n + "), release(" + part + ")";
    case act::await_items: return "items_fd(), wait until it is readable, try_pop(out)";
    case act::request: return "request(" + n + ")";
    case act::drop_oldest: return "try_drop_oldest()";
    case act::pop: return "pop(out)";
    case act::pop_optional: return "pop()";
    case act::pop_until: return "pop_until(out, soon)";
    case act::pop_unless: return "pop_unless(out, stop)";
    case act::consume_one_until: return "consume_one_until(visit, soon)";
    case act::pop_n: return "pop_n(" + n + ")";
    case act::close: return "close()";
    case act::is_closed: return "is_closed()";
    case act::size: return "size_approx()";
    case act::wake_all: return "wake_all()";
    case act::stop: return "wake_all(), after stop = true";
    case act::count: break;
    }
    return "?";
}

inline std::string to_string(const program& p, const grammar& g) {
    std::string text = "ring of " + std::to_string(p.capacity) + ", start_at " + std::to_string(p.start);
    if (g.on_request) text += ", grant_every " + std::to_string(p.every) + ", requested " + std::to_string(p.asked);
    text += ", holds " + std::to_string(p.inside) + "\n";
    for (unsigned t = 0; t < p.threads; ++t) {
        text += "thread " + std::to_string(t) + ":\n";
        unsigned nth = 0;
        for (const operation& o : p.of(t)) text += "    ring." + to_string(o, item_of(t, nth++)) + ";\n";
    }
    return text;
}

}  // namespace model
