// SPDX-License-Identifier: MIT
//
// The user's code that throws in the middle of an operation, each time it is called: what the operation's contract says
// of it, and a ring that is whole afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "test/support/user_code.hpp"

namespace {

using namespace weir_test;
using weir::status;

#if defined(__cpp_exceptions)

using range = std::pair<int, int>;

[[noreturn]] void throw_as_told() { throw std::runtime_error("as told"); }

template <class Kind>
class throwing_code : public with_user_code<Kind> {
protected:
    /// Rings that hold 0, 1 ... at each fill; checked to hold what `test` returns that they do, and to be whole.
    template <class T, class Test>
    static void for_each_fill(Test test) {
        with_user_code<Kind>::template for_each_ring<T>([&](auto& ring, int capacity) {
            for (int there = 0; there <= capacity; ++there) {
                fill(ring, 0, there);
                const auto [first, end] = test(ring, there, capacity);
                EXPECT_EQ(drain(ring), from_to(first, end)) << there << " were inside";
                with_user_code<Kind>::expect_whole(ring);
            }
        });
    }

    /// Of a batch whose nth element throws. One producer: nothing is pushed. Many: what came before it is, and if nothing did, the
    /// exception passes.
    template <class Push>
    void expect_thrown_at(int nth, Push push, const int& pushed) {
        if (this->many && nth > 1) {
            push();
            EXPECT_EQ(pushed, nth - 1);
        } else {
            EXPECT_THROW(push(), std::runtime_error);
        }
    }
};
TYPED_TEST_SUITE(throwing_code, every_ring, ring_names);

TYPED_TEST(throwing_code, in_a_constructor_changes_nothing) {
    const auto check = [this](auto push) {
        this->template for_each_fill<loud>([&](auto& ring, int there, int capacity) {
            if (there == capacity) return range(0, there);
            const loud item(there);
            loud::at(1, throw_as_told);
            EXPECT_THROW((void)push(ring, item), std::runtime_error);
            EXPECT_EQ(ring.credits(), static_cast<std::size_t>(capacity - there));
            EXPECT_TRUE(push(ring, item)) << "and can be done again";
            return range(0, there + 1);
        });
    };
    check([](auto& ring, const loud& item) { return ring.try_push(item); });
    check([](auto& ring, const loud& item) { return ring.try_emplace(item.value); });
    check([](auto& ring, const loud& item) { return ring.push(item); });
    check([](auto& ring, const loud& item) { return ring.push_for(item, std::chrono::hours(1)); });
    check([](auto& ring, const loud& item) { return ring.push_unless(item, [] { return false; }); });
}

/// Reads elements without exceptions, but moves them by a function of its own, which may throw. std::move_iterator calls that.
class moves_by_itself {
public:
    using difference_type = std::ptrdiff_t;
    using value_type = silent;
    moves_by_itself() = default;
    explicit moves_by_itself(silent* first) noexcept : at_(first) {}
    silent& operator*() const noexcept { return *at_; }
    moves_by_itself& operator++() noexcept {
        ++at_;
        return *this;
    }
    moves_by_itself operator++(int) noexcept { return moves_by_itself(at_++); }
    bool operator==(const moves_by_itself&) const = default;
    friend silent&& iter_move(const moves_by_itself& it) {
        silent::touch();
        return std::move(*it);
    }

private:
    silent* at_ = nullptr;
};

TYPED_TEST(throwing_code, in_the_move_of_an_iterator_is_met_as_that_in_a_constructor) {
    for (int nth = 1; nth <= 3; ++nth) {
        this->template for_each_fill<silent>([&](auto& ring, int there, int capacity) {
            if (nth > capacity - there) return range(0, there);
            std::array items{silent(there), silent(there + 1), silent(there + 2)};
            silent::at(nth, throw_as_told);
            int pushed = 0;
            const auto push = [&] {
                pushed = static_cast<int>(ring.try_push_n(std::make_move_iterator(moves_by_itself(items.data())), 3));
            };
            this->expect_thrown_at(nth, push, pushed);
            return range(0, there + pushed);
        });
    }
}

struct made_of_pointer {
    explicit made_of_pointer(std::unique_ptr<int>&& from) noexcept(false) : number(std::move(from)) {}
    std::unique_ptr<int> number;
};

// What is built before its slot is claimed is not built for a ring that refuses it.
TYPED_TEST(throwing_code, that_was_not_needed_has_not_run) {
    typename TestFixture::template ring_of<made_of_pointer> ring(2);
    auto next = std::make_unique<int>(1);
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(ring.try_emplace(std::make_unique<int>(i)));
    EXPECT_EQ(ring.try_emplace(std::move(next)), status::full);
    EXPECT_NE(next, nullptr);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(ring.try_pop().has_value());
    ring.close();
    EXPECT_EQ(ring.try_emplace(std::move(next)), status::closed);
    EXPECT_NE(next, nullptr);
}

TYPED_TEST(throwing_code, in_a_batch_is_met_as_the_contract_says) {
    for (int nth = 1; nth <= 5; ++nth) {
        this->template for_each_fill<loud>([&](auto& ring, int there, int capacity) {
            const int room = capacity - there;
            if (nth > room) return range(0, there);
            loud::at(nth, throw_as_told);
            int pushed = 0;
            const auto push = [&] { pushed = static_cast<int>(ring.try_push_n(numbers_from<loud>(there), 5)); };
            this->expect_thrown_at(nth, push, pushed);
            return range(0, there + pushed);
        });
    }
}

TYPED_TEST(throwing_code, in_a_reservation_destroys_the_uncommitted_elements) {
    if constexpr (!TestFixture::many) {
        for (int nth = 1; nth <= 5; ++nth) {
            for (const bool appends : {true, false}) {
                this->template for_each_fill<loud>([&](auto& ring, int there, int capacity) {
                    const int room = capacity - there;
                    if (nth > room) return range(0, there);
                    auto slots = ring.try_reserve(ring.capacity());
                    if (room > nth) {  // one is built before, and committed
                        (void)slots.emplace(there);
                        slots.commit(1);
                    }
                    const int first = there + (room > nth ? 1 : 0);
                    loud::at(nth, throw_as_told);
                    const auto build = [&] {
                        if (appends) return slots.append(numbers_from<loud>(first), slots.size());
                        for (int i = first; i < capacity; ++i) (void)slots.emplace(i);
                    };
                    EXPECT_THROW(build(), std::runtime_error);
                    if (appends) return range(0, first);
                    slots.commit(static_cast<std::size_t>(nth - 1));  // emplace: nothing has happened
                    return range(0, first + nth - 1);
                });
            }
        }
    }
}

TYPED_TEST(throwing_code, in_a_visit_keeps_all_others) {
    for (std::size_t most = 1; most <= 6; ++most) {
        for (int nth = 0; nth < 5; ++nth) {
            this->template for_each_fill<silent>([&](auto& ring, int there, int) {
                std::vector<int> seen;
                const auto visit = [&](silent& item) {
                    seen.push_back(item.read());
                    if (static_cast<int>(seen.size()) == nth + 1) throw_as_told();
                };
                const int visited = std::min(there, static_cast<int>(most));
                if (nth >= visited) {
                    EXPECT_EQ(ring.consume(visit, most), static_cast<std::size_t>(visited));
                    EXPECT_EQ(seen, from_to(0, visited));
                    return range(visited, there);
                }
                EXPECT_THROW(ring.consume(visit, most), std::runtime_error);
                EXPECT_EQ(seen, from_to(0, nth + 1));
                return range(this->many ? nth + 1 : nth, there);
            });
        }
    }
}

TYPED_TEST(throwing_code, of_a_lone_consumer_keeps_the_item) {
    if constexpr (!TestFixture::many) {
        const auto check = [this](auto pop) {
            this->template for_each_fill<loud>([&](auto& ring, int there, int) {
                if (there == 0) return range(0, 0);
                loud out(-7);
                loud::at(1, throw_as_told);
                EXPECT_THROW((void)pop(ring, out), std::runtime_error);
                EXPECT_EQ(out.read(), -7);
                EXPECT_TRUE(pop(ring, out));
                EXPECT_EQ(out.read(), 0);
                return range(1, there);
            });
        };
        check([](auto& ring, loud& out) { return ring.try_pop(out); });
        check([](auto& ring, loud& out) { return ring.pop(out); });
        check([](auto& ring, loud& out) { return ring.pop_for(out, std::chrono::hours(1)); });
        check([](auto& ring, loud& out) { return ring.pop_unless(out, [] { return false; }); });
        check([](auto& ring, loud& out) { return ring.try_consume_one([&](loud& item) { out = std::move(item); }); });
        check([](auto& ring, loud& out) {
            return ring.consume_one_until([&](loud& item) { out = std::move(item); }, weir::detail::forever);
        });
    }
}

// All stay, those before it in their moved-from state.
TYPED_TEST(throwing_code, of_a_lone_consumer_keeps_a_batch) {
    if constexpr (!TestFixture::many) {
        for (int nth = 1; nth <= 5; ++nth) {
            this->template for_each_ring<loud>([&](auto& ring, int capacity) {
                if (nth > capacity) return;
                fill(ring, 0, capacity);
                std::array<loud, 5> out;
                loud::at(nth, throw_as_told);
                EXPECT_THROW((void)ring.try_pop_n(out), std::runtime_error);
                std::vector<int> left = from_to(0, capacity);
                std::fill_n(left.begin(), nth - 1, counted::moved_from);
                EXPECT_EQ(drain(ring), left);
                this->expect_whole(ring);
            });
        }
    }
}

TYPED_TEST(throwing_code, in_a_stop_predicate_changes_nothing) {
    for (int nth = 1; nth <= 2; ++nth) {  // before the wait, and in it
        this->template for_each_fill<silent>([&](auto& ring, int there, int capacity) {
            int asked = 0;
            const auto stop = [&] {
                if (++asked == nth) throw_as_told();
                return false;
            };
            if (there == 0) {
                silent out(-7);
                EXPECT_THROW((void)ring.pop_unless(out, stop), std::runtime_error);
                EXPECT_EQ(out.read(), -7);
            }
            if (there == capacity) {
                asked = 0;
                silent item(9);
                EXPECT_THROW((void)ring.push_unless(std::move(item), stop), std::runtime_error);
                EXPECT_EQ(item.read(), 9);
            }
            return range(0, there);
        });
    }
}

#endif

}  // namespace
