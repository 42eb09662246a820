// SPDX-License-Identifier: MIT
//
// A ring is a bounded queue: any sequence of operations of one thread gives what a std::deque gives. A sequence that
// does not is cut down by rapidcheck to a shortest one. A ring joins by an entry in `rings`.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "test/support/elements.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;
using weir_test::counted;
using weir_test::number;

enum class kind : unsigned {
    push,
    emplace,
    wait_to_push,
    push_n,
    reserve,
    pop,
    pop_into,
    wait_to_pop,
    pop_n,
    peek,
    consume,
    close,
    count
};

/// One operation on up to `n` items, of which `k` are built, committed or released where that is a matter.
struct operation {
    kind what = kind::push;
    std::size_t n = 1;
    std::size_t k = 1;
};

void showValue(const operation& o, std::ostream& out) {
    static constexpr std::array names{"push",     "emplace",     "wait_to_push", "push_n", "reserve", "pop",
                                      "pop_into", "wait_to_pop", "pop_n",        "peek",   "consume", "close"};
    out << names[static_cast<std::size_t>(o.what)] << "(" << o.n << ", " << o.k << ")";
}

struct bounds {
    std::size_t capacity = 1;
    std::uint64_t start = 0;
};

void showValue(const bounds& b, std::ostream& out) { out << "capacity " << b.capacity << ", start at " << b.start; }

/// The ring and what it ought to hold.
template <class Ring>
class pair {
public:
    explicit pair(bounds b) : capacity_(b.capacity), ring_(b.capacity, weir::start_at{b.start}) {}

    void apply(const operation& o) {
        switch (o.what) {
        case kind::push: return push_by([&](counted&& item) { return ring_.try_push(std::move(item)); });
        case kind::emplace: return push_by([&](counted&& item) { return ring_.try_emplace(item.value); });
        case kind::wait_to_push:
            if (room() == 0 && !closed_) return;
            return push_by([&](counted&& item) { return ring_.push(std::move(item)); });
        case kind::push_n: return push_n(o.n);
        case kind::reserve: return reserve(o.n, o.k);
        case kind::pop: return pop_by([&](counted& out) { return pop_optional(out); });
        case kind::pop_into: return pop_by([&](counted& out) { return ring_.try_pop(out); });
        case kind::wait_to_pop:
            if (expected_.empty() && !closed_) return;
            return pop_by([&](counted& out) { return ring_.pop(out); });
        case kind::pop_n: return pop_n(o.n);
        case kind::peek: return peek(o.n, o.k);
        case kind::consume: return consume(o.n);
        case kind::close: ring_.close(), closed_ = true; return;
        case kind::count: return;
        }
    }

    void compare() const {
        RC_ASSERT(ring_.capacity() == capacity_);
        RC_ASSERT(ring_.size_approx() == expected_.size());
        RC_ASSERT(ring_.credits() == room());
        RC_ASSERT(ring_.is_closed() == closed_);
    }

    std::size_t inside() const { return expected_.size(); }

private:
    std::size_t room() const { return capacity_ - expected_.size(); }
    std::size_t accepted(std::size_t n) const { return closed_ ? 0 : std::min(n, room()); }

    template <class Push>
    void push_by(Push push) {
        counted item(next_);
        const status answer = push(std::move(item));
        RC_ASSERT(answer == (closed_ ? status::closed : room() == 0 ? status::full : status::success));
        if (answer) {
            expected_.push_back(next_++);
        } else {
            RC_ASSERT(item.read() == next_);  // a refused push leaves its argument untouched
        }
    }

    void push_n(std::size_t n) {
        std::vector<counted> items;
        for (std::size_t i = 0; i < n; ++i) items.emplace_back(next_ + static_cast<int>(i));
        const std::size_t pushed = ring_.try_push_n(std::span<const counted>(items));
        RC_ASSERT(pushed == accepted(n));
        for (std::size_t i = 0; i < pushed; ++i) expected_.push_back(next_++);
    }

    // Builds all but the last of what was got, commits `k` of them in two portions, and drops the rest.
    void reserve(std::size_t n, std::size_t k) {
        if constexpr (Ring::has_contiguous_slots) {
            auto slots = ring_.try_reserve(n);
            RC_ASSERT(slots.size() == accepted(n));
            const std::size_t built = std::min(slots.size(), k + 1);
            for (std::size_t i = 0; i < built; ++i) slots.emplace(next_ + static_cast<int>(i));
            const std::size_t committed = std::min(k, slots.size());
            slots.commit(committed / 2);
            slots.commit(committed - committed / 2);
            for (std::size_t i = 0; i < committed; ++i) expected_.push_back(next_++);
        }
    }

    status pop_optional(counted& out) {
        auto item = ring_.try_pop();
        if (item) out = std::move(*item);
        return item ? status::success : ring_.is_closed() ? status::closed : status::empty;
    }

    template <class Pop>
    void pop_by(Pop pop) {
        counted out(-7);
        const status answer = pop(out);
        RC_ASSERT(answer == (!expected_.empty() ? status::success : closed_ ? status::closed : status::empty));
        if (answer) {
            take(out);
        } else {
            RC_ASSERT(out.read() == -7);
        }
    }

    void pop_n(std::size_t n) {
        std::vector<counted> out(n);
        const std::size_t popped = ring_.try_pop_n(std::span(out));
        RC_ASSERT(popped == std::min(n, expected_.size()));
        for (std::size_t i = 0; i < popped; ++i) take(out[i]);
    }

    void peek(std::size_t n, std::size_t k) {
        if constexpr (Ring::has_contiguous_slots) {
            auto items = ring_.try_peek(n);
            RC_ASSERT(items.size() == std::min(n, expected_.size()));
            std::size_t i = 0;
            for (const auto& part : {items.first(), items.second()}) {
                for (const counted& item : part) RC_ASSERT(number(item) == expected_[i++]);
            }
            for (std::size_t left = std::min(k, items.size()); left > 0; --left) {
                items.release(1);
                expected_.pop_front();
            }
        }
    }

    void consume(std::size_t most) {
        if constexpr (requires { ring_.consume([](counted&) {}, most); }) {
            const std::size_t before = expected_.size();
            const std::size_t visited = ring_.consume([&](counted& item) { take(item); }, most);
            RC_ASSERT(visited == std::min(most, before));
            RC_ASSERT(expected_.size() == before - visited);
        }
    }

    void take(const counted& item) {
        RC_ASSERT(!expected_.empty());
        RC_ASSERT(number(item) == expected_.front());
        expected_.pop_front();
    }

    const std::size_t capacity_;
    Ring ring_;
    std::deque<int> expected_;
    bool closed_ = false;
    int next_ = 0;
};

rc::Gen<operation> any_operation(std::size_t capacity) {
    const auto some = rc::gen::inRange<std::size_t>(0, capacity + 3);
    const auto what =
        rc::gen::weightedOneOf<kind>({{60, rc::gen::map(rc::gen::inRange(0U, static_cast<unsigned>(kind::close)),
                                                        [](unsigned i) { return static_cast<kind>(i); })},
                                      {1, rc::gen::just(kind::close)}});
    return rc::gen::build<operation>(rc::gen::set(&operation::what, what), rc::gen::set(&operation::n, some),
                                     rc::gen::set(&operation::k, some));
}

// So that the counters wrap within the sequence, or do not.
rc::Gen<bounds> any_bounds() {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(1, 18), [](std::size_t capacity) {
        return rc::gen::map(rc::gen::inRange<std::uint64_t>(0, 4 * capacity), [capacity](std::uint64_t before_wrap) {
            return bounds{capacity, 0 - before_wrap};
        });
    });
}

// A hundred sequences, rapidcheck's own number, are few. RC_PARAMS in the environment says otherwise, and repeats a
// run.
const int many = ::setenv("RC_PARAMS", "max_success=5000", 0);

template <class Ring>
class ring_property : public testing::Test {};
template <template <class, class...> class Ring>
using narrow = Ring<counted, std::uint8_t>;

using rings = testing::Types<weir::spsc_ring<counted>, narrow<weir::spsc_ring>,
                             weir::spsc_ring<counted, weir::wait::parking<weir::fence::seq_cst>>,
                             weir::mpmc_ring<counted>, narrow<weir::mpmc_ring>, weir::strict_mpmc_ring<counted>,
                             weir::strict_mpmc_ring<counted, std::uint16_t, weir::max_threads<2>>>;
TYPED_TEST_SUITE(ring_property, rings);

TYPED_TEST(ring_property, any_sequence_of_operations_agrees_with_a_deque) {
    ASSERT_EQ(many, 0);
    EXPECT_TRUE(rc::check([] {
        const int alive_before = counted::alive;
        {
            const bounds b = *any_bounds();
            const auto operations = *rc::gen::container<std::vector<operation>>(any_operation(b.capacity));
            pair<TypeParam> both(b);
            for (const operation& o : operations) {
                both.apply(o);
                both.compare();
            }
            RC_CLASSIFY(operations.size() > 20, "long");
            RC_ASSERT(counted::alive == alive_before + static_cast<int>(both.inside()));
        }
        RC_ASSERT(counted::alive == alive_before);
        RC_ASSERT(counted::misuses == 0);
    }));
}

}  // namespace
