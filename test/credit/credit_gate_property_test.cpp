// SPDX-License-Identifier: MIT
//
// A gate with shares is arithmetic: any sequence of operations of one thread gives what a few sums give. A sequence
// that does not is cut down by rapidcheck to a shortest one.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <utility>
#include <vector>

#include "weir/credit_gate.hpp"

namespace {

using weir::credit_gate;
using weir::credit_permit;
using weir::status;

enum class kind : unsigned { try_acquire, acquire, give_back, split, merge, drop, close, count };

/// One operation of `source` (0: the gate, else a share), with `n` credits, on the permits number `a` and `b`.
struct operation {
    kind what = kind::try_acquire;
    std::size_t source = 0;
    std::size_t n = 1;
    std::size_t a = 0;
    std::size_t b = 0;
};

void showValue(const operation& o, std::ostream& out) {
    static constexpr std::array names{"try_acquire", "acquire", "give_back", "split", "merge", "drop", "close"};
    out << names[static_cast<std::size_t>(o.what)] << "(from " << o.source << ", " << o.n << ", " << o.a << ", " << o.b
        << ")";
}

struct bounds {
    std::size_t capacity;
    std::size_t first;  // guarantees
    std::size_t second;
};
void showValue(const bounds& b, std::ostream& out) {
    out << "capacity " << b.capacity << ", guarantees " << b.first << " and " << b.second;
}

/// The gate, and the sums that say what it must answer.
class pair {
public:
    explicit pair(bounds b)
        : gate_(b.capacity), first_(gate_, b.first), second_(gate_, b.second), guaranteed_{0, b.first, b.second} {
        floating_ = b.capacity - b.first - b.second;
    }

    void apply(const operation& o) {
        const std::size_t a = o.a % (permits_.size() + 1);
        switch (o.what) {
        case kind::try_acquire: return acquire(o.source, o.n, true);
        case kind::acquire: return acquire(o.source, o.n, false);
        case kind::close: gate_.close(), closed_ = true; return;
        case kind::count: return;
        default: break;
        }
        if (a == permits_.size()) return;
        held& chosen = permits_[a];
        const std::size_t n = std::min(o.n, chosen.permit.size());
        switch (o.what) {
        case kind::give_back: chosen.permit.give_back(n), used_[chosen.source] -= n; return;
        case kind::split: {
            held part{chosen.permit.split(n), chosen.source};
            RC_ASSERT(part.permit.size() == n);
            permits_.push_back(std::move(part));
            return;
        }
        case kind::merge: {
            const std::size_t b = o.b % permits_.size();
            if (permits_[b].source != chosen.source || a == b) return;
            const std::size_t sum = chosen.permit.size() + permits_[b].permit.size();
            chosen.permit.merge(std::move(permits_[b].permit));
            RC_ASSERT(chosen.permit.size() == sum);
            return;
        }
        default:
            used_[chosen.source] -= chosen.permit.size();
            permits_.erase(permits_.begin() + static_cast<std::ptrdiff_t>(a));
        }
    }

    void compare() const {
        RC_ASSERT(gate_.in_use() == used_[0] + used_[1] + used_[2]);
        RC_ASSERT(gate_.in_use() + gate_.credits() == gate_.capacity());
        RC_ASSERT(first_.in_use() == used_[1]);
        RC_ASSERT(second_.in_use() == used_[2]);
        RC_ASSERT(borrowed() <= floating_);
        RC_ASSERT(gate_.is_closed() == closed_);
    }

private:
    struct held {
        credit_permit permit;
        std::size_t source;
    };

    std::size_t beyond(std::size_t source, std::size_t n) const { return n - std::min(n, guaranteed_[source]); }
    std::size_t borrowed() const { return beyond(0, used_[0]) + beyond(1, used_[1]) + beyond(2, used_[2]); }

    void acquire(std::size_t source, std::size_t n, bool only_try) {
        if (n == 0 || n > floating_ + guaranteed_[source]) return;  // refused as an argument
        const std::size_t more = beyond(source, used_[source] + n) - beyond(source, used_[source]);
        const bool there = borrowed() + more <= floating_;
        if (!only_try && !there && !closed_) return;  // would wait for ever
        credit_permit permit;
        const auto from = [&](auto& s) { return only_try ? s.try_acquire(permit, n) : s.acquire(permit, n); };
        const status answer = source == 0 ? from(gate_) : source == 1 ? from(first_) : from(second_);
        RC_ASSERT(answer == (closed_ ? status::closed : there ? status::success : status::no_credit));
        RC_ASSERT(permit.size() == (answer == status::success ? n : 0));
        if (answer != status::success) return;
        used_[source] += n;
        permits_.push_back({std::move(permit), source});
    }

    credit_gate gate_;
    credit_gate::share first_;
    credit_gate::share second_;
    const std::array<std::size_t, 3> guaranteed_;
    std::size_t floating_ = 0;
    std::array<std::size_t, 3> used_{};
    bool closed_ = false;
    std::vector<held> permits_;  // last: they go before what they are of
};

}  // namespace

namespace rc {
template <>
struct Arbitrary<operation> {
    static Gen<operation> arbitrary() {
        const auto number = [](unsigned most) { return gen::cast<std::size_t>(gen::inRange(0U, most)); };
        // Closing ends much of what could be seen, so it is rare.
        const auto what = gen::weightedOneOf<kind>(
            {{40, gen::cast<kind>(gen::inRange(0U, static_cast<unsigned>(kind::close)))}, {1, gen::just(kind::close)}});
        return gen::build<operation>(gen::set(&operation::what, what), gen::set(&operation::source, number(3)),
                                     gen::set(&operation::n, number(12)), gen::set(&operation::a, number(16)),
                                     gen::set(&operation::b, number(16)));
    }
};
template <>
struct Arbitrary<bounds> {
    static Gen<bounds> arbitrary() {
        return gen::map(gen::tuple(gen::inRange(0U, 8U), gen::inRange(0U, 8U), gen::inRange(0U, 8U)),
                        [](const auto& t) {
                            const auto [first, second, floating] = t;
                            return bounds{std::max(1U, first + second + floating), first, second};
                        });
    }
};
}  // namespace rc

namespace {

TEST(credit_gate_property, any_sequence_of_operations_agrees_with_the_sums) {
    EXPECT_TRUE(rc::check("a gate and the sums agree", [](const bounds& b, const std::vector<operation>& operations) {
        pair both(b);
        for (const operation& o : operations) {
            both.apply(o);
            both.compare();
        }
        RC_CLASSIFY(operations.size() > 20, "long");
    }));
}

}  // namespace
