// SPDX-License-Identifier: MIT
//
// Every operation, at every place of a small ring and at every fill, beside a std::deque: batches, reservations and
// visits that pass the end of the storage at each of their items.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/every_ring.hpp"

namespace {

using weir::status;
using namespace weir_test;

/// A ring and what it ought to hold. Each operation checks its answer, and what it leaves.
template <class Ring>
class pair {
    using T = typename Ring::value_type;

public:
    pair(std::size_t capacity, std::uint64_t start) : ring_(capacity, {start}), capacity_(capacity) {}

    std::size_t size() const { return expected_.size(); }
    std::size_t room() const { return capacity_ - expected_.size(); }

    void push(std::size_t n = 1) {
        for (; n > 0; --n) {
            T item = make<T>(next_);
            const status answer = ring_.try_push(std::move(item));
            if (!accept(answer)) {
                EXPECT_EQ(number(item), next_) << "a refused push took its argument";
            }
        }
    }
    void push_copy() {
        const T item = make<T>(next_);
        accept(ring_.try_push(item));
    }
    void emplace() { accept(ring_.try_emplace(next_)); }
    void push_n(std::size_t n) {
        const std::vector<T> items = make_items(n);
        accept_n(ring_.try_push_n(std::span<const T>(items)), n);
    }
    void move_n(std::size_t n) {
        std::vector<T> items = make_items(n);
        const std::size_t pushed = ring_.try_push_n(std::make_move_iterator(items.begin()), n);
        for (std::size_t i = pushed; i < n; ++i) {
            EXPECT_EQ(number(items[i]), next_ + static_cast<int>(i)) << "what did not fit was touched";
        }
        accept_n(pushed, n);
    }

    void pop(std::size_t n = 1) {
        for (; n > 0; --n) {
            const std::optional<T> out = ring_.try_pop();
            EXPECT_EQ(out.has_value(), size() > 0);
            if (out) take(*out);
        }
    }
    void pop_into() {
        T out = make<T>(-7);
        const status answer = ring_.try_pop(out);
        EXPECT_EQ(answer, size() > 0 ? status::success : status::empty);
        if (answer) {
            take(out);
        } else {
            EXPECT_EQ(number(out), -7) << "a pop in vain wrote to its target";
        }
    }
    void pop_n(std::size_t n) {
        std::vector<T> out(n);
        const std::size_t popped = ring_.try_pop_n(out);
        EXPECT_EQ(popped, std::min(n, size()));
        for (std::size_t i = 0; i < popped; ++i) take(out[i]);
    }
    void consume_one() {
        const status expected = size() > 0 ? status::success : status::empty;
        EXPECT_EQ(ring_.try_consume_one([this](T& item) noexcept { take(item); }), expected);
    }
    void consume(std::size_t most) {
        const std::size_t expected = std::min(most, size());
        EXPECT_EQ(ring_.consume([this](T& item) { take(item); }, most), expected);
    }
    void consume_nothrow(std::size_t most) {
        const std::size_t expected = std::min(most, size());
        EXPECT_EQ(ring_.consume([this](T& item) noexcept { take(item); }, most), expected);
    }

    /// Reserves `n`, builds them in `portions`, by append and by emplace in turns, and commits in portions, too.
    enum class commits { each_portion, at_the_end_by_one, half_of_what_is_built };
    void reserve(std::size_t n, const std::vector<std::size_t>& portions, bool append_first, commits when) {
        auto slots = ring_.try_reserve(n);
        ASSERT_EQ(slots.size(), std::min(n, room()));
        const auto commit = [&](std::size_t k) {
            slots.commit(k);
            for (; k > 0; --k) expected_.push_back(next_++);
        };
        int building = next_;
        std::size_t built = 0;
        bool append = append_first;
        for (const std::size_t portion : portions) {
            if (append) {
                std::vector<T> items;
                for (std::size_t i = 0; i < portion; ++i) items.push_back(make<T>(building++));
                slots.append(std::make_move_iterator(items.begin()), portion);
            } else {
                for (std::size_t i = 0; i < portion; ++i, ++building) {
                    EXPECT_EQ(number(slots.emplace(make<T>(building))), building);
                }
            }
            append = !append;
            built += portion;
            if (when == commits::each_portion) commit(std::exchange(built, 0));
            if (when == commits::half_of_what_is_built) {
                commit(built / 2);
                built -= built / 2;
            }
        }
        if (when == commits::at_the_end_by_one) {
            for (; built > 0; --built) commit(1);
        }
    }  // what is built and not committed is destroyed here

    /// Looks at `n`, and releases in `portions`.
    void peek(std::size_t n, const std::vector<std::size_t>& portions) {
        auto items = ring_.try_peek(n);
        ASSERT_EQ(items.size(), std::min(n, size()));
        for (const std::size_t portion : portions) {
            std::size_t i = 0;
            for (const std::span<T> part : {items.first(), items.second()}) {
                for (const T& item : part) EXPECT_EQ(number(item), expected_[i++]);
            }
            EXPECT_EQ(i, items.size());
            items.release(portion);
            for (std::size_t left = portion; left > 0; --left) expected_.pop_front();
        }
    }

    void compare() const {
        EXPECT_EQ(ring_.size_approx(), size());
        EXPECT_EQ(ring_.credits(), room());
    }

    /// All comes out, and an empty ring takes exactly its capacity.
    void finish() {
        compare();
        pop(size() + 1);
        push(capacity_ + 1);
        compare();
        pop(capacity_ + 1);
    }

private:
    std::vector<T> make_items(std::size_t n) const {
        std::vector<T> items;
        for (std::size_t i = 0; i < n; ++i) items.push_back(make<T>(next_ + static_cast<int>(i)));
        return items;
    }
    bool accept(status answer) {
        EXPECT_EQ(answer, room() > 0 ? status::success : status::full);
        if (answer) expected_.push_back(next_++);
        return static_cast<bool>(answer);
    }
    void accept_n(std::size_t pushed, std::size_t n) {
        EXPECT_EQ(pushed, std::min(n, room()));
        for (; pushed > 0; --pushed) expected_.push_back(next_++);
    }
    void take(const T& item) {
        if (expected_.empty()) {
            ADD_FAILURE() << "more came out than went in: " << number(item);
            return;
        }
        EXPECT_EQ(number(item), expected_.front());
        expected_.pop_front();
    }

    Ring ring_;
    const std::size_t capacity_;
    std::deque<int> expected_;
    int next_ = 0;
};

/// Every way to make `n` of portions of 1 and more, in order.
std::vector<std::vector<std::size_t>> portions_of(std::size_t n) {
    if (n == 0) return {{}};
    std::vector<std::vector<std::size_t>> all;
    for (std::size_t first = 1; first <= n; ++first) {
        for (std::vector<std::size_t> rest : portions_of(n - first)) {
            rest.insert(rest.begin(), first);
            all.push_back(std::move(rest));
        }
    }
    return all;
}

template <class Ring>
class every_offset : public testing::Test {
protected:
    using both = pair<Ring>;

    void SetUp() override {
        alive_before_ = counted::alive;
        counted::misuses = 0;
    }
    void TearDown() override {
        EXPECT_EQ(counted::alive, alive_before_) << "an element leaked or was destroyed twice";
        EXPECT_EQ(counted::misuses, 0) << "an element was used after its destruction";
    }

    /// Calls `test` with a ring of each capacity, in each place and at each fill, as fresh as it can be there; then has
    /// it emptied and filled. In the last place of each capacity the counters wrap.
    template <class Test>
    static void for_each_place(Test test) {
        for (const std::size_t capacity : {1U, 2U, 3U, 5U}) {
            for (std::size_t offset = 0; offset < std::bit_ceil(capacity); ++offset) {
                for (std::size_t fill = 0; fill <= capacity && !HasFailure(); ++fill) {
                    SCOPED_TRACE("capacity " + std::to_string(capacity) + ", offset " + std::to_string(offset) +
                                 ", fill " + std::to_string(fill));
                    test(capacity, [&](auto act) {
                        both b(capacity, std::uint64_t{0} - std::bit_ceil(capacity) + offset);
                        b.push(fill);
                        act(b);
                        b.finish();
                    });
                }
            }
        }
    }

    /// The same, and `act(pair, n)` with each n up to more than fits.
    static void for_each_place_and_number(void (both::*act)(std::size_t)) {
        for_each_place([&](std::size_t capacity, auto with_ring) {
            for (std::size_t n = 0; n <= capacity + 2; ++n) {
                with_ring([&](both& b) {
                    (b.*act)(n);
                    b.compare();
                    (b.*act)(n);
                });
            }
        });
    }
    static void for_each_place_alone(void (both::*act)()) {
        for_each_place([&](std::size_t, auto with_ring) { with_ring([&](both& b) { (b.*act)(); }); });
    }

private:
    int alive_before_ = 0;
};

template <template <class, class...> class Ring, class Counter>
using narrow = Ring<counted, Counter>;
using rings =
    testing::Types<weir::spsc_ring<counted>, weir::spsc_ring<int>, narrow<weir::spsc_ring, std::uint8_t>,
                   weir::mpmc_ring<counted>, narrow<weir::mpmc_ring, std::uint8_t>, weir::strict_mpmc_ring<counted>,
                   narrow<weir::strict_mpmc_ring, std::uint16_t>, asked<weir::pull::spsc_ring<counted>>,
                   asked<weir::pull::mpmc_ring<counted>>, asked<weir::pull::strict_mpmc_ring<counted>>>;
TYPED_TEST_SUITE(every_offset, rings);

TYPED_TEST(every_offset, takes_and_gives_single_items) {
    using book = pair<TypeParam>;
    this->for_each_place_and_number(&book::push);
    this->for_each_place_and_number(&book::pop);
    this->for_each_place_alone(&book::push_copy);
    this->for_each_place_alone(&book::emplace);
    this->for_each_place_alone(&book::pop_into);
    this->for_each_place_alone(&book::consume_one);
}

TYPED_TEST(every_offset, takes_batches_as_far_as_they_fit) {
    using book = pair<TypeParam>;
    this->for_each_place_and_number(&book::push_n);
    this->for_each_place_and_number(&book::move_n);
}

TYPED_TEST(every_offset, gives_batches_and_shows_items_to_a_limit) {
    using book = pair<TypeParam>;
    this->for_each_place_and_number(&book::pop_n);
    this->for_each_place_and_number(&book::consume);
    this->for_each_place_and_number(&book::consume_nothrow);
}

TYPED_TEST(every_offset, takes_portions_built_by_append_and_emplace) {
    if constexpr (TypeParam::has_contiguous_slots) {
        using book = pair<TypeParam>;
        using commits = typename book::commits;
        this->for_each_place([&](std::size_t capacity, auto with_ring) {
            for (std::size_t n = 0; n <= capacity; ++n) {
                for (const auto& portions : portions_of(n)) {
                    for (const commits when :
                         {commits::each_portion, commits::at_the_end_by_one, commits::half_of_what_is_built}) {
                        for (const bool append_first : {true, false}) {
                            with_ring([&](book& b) {
                                if (n > b.room()) return;
                                b.reserve(n, portions, append_first, when);
                                b.compare();
                            });
                        }
                    }
                }
            }
        });
    }
}

// Not emplace in between: each append begins where the one before it ended.
TYPED_TEST(every_offset, takes_portions_appended_two_and_three_times) {
    if constexpr (TypeParam::has_contiguous_slots) {
        using T = typename TypeParam::value_type;
        for (const std::size_t capacity : {3U, 5U}) {
            for (std::uint64_t start = 0; start < 8; ++start) {
                for (const auto& portions : portions_of(capacity)) {
                    SCOPED_TRACE("capacity " + std::to_string(capacity) + ", start " + std::to_string(start));
                    TypeParam ring(capacity, {start});
                    {
                        auto slots = ring.try_reserve(capacity);
                        int next = 0;
                        for (const std::size_t portion : portions) {
                            std::vector<T> items;
                            for (std::size_t i = 0; i < portion; ++i) items.push_back(make<T>(next++));
                            slots.append(items.begin(), portion);
                        }
                        slots.commit(capacity);
                    }
                    for (int i = 0; i < static_cast<int>(capacity); ++i) {
                        const std::optional<T> out = ring.try_pop();
                        ASSERT_TRUE(out.has_value());
                        ASSERT_EQ(number(*out), i);
                    }
                }
            }
        }
    }
}

TYPED_TEST(every_offset, shows_items_and_frees_them_in_portions) {
    if constexpr (TypeParam::has_contiguous_slots) {
        using book = pair<TypeParam>;
        this->for_each_place([&](std::size_t capacity, auto with_ring) {
            for (std::size_t n = 0; n <= capacity; ++n) {
                for (std::size_t released = 0; released <= n; ++released) {
                    for (const auto& portions : portions_of(released)) {
                        with_ring([&](book& b) {
                            if (released > b.size()) return;
                            b.peek(n, portions);
                            b.compare();
                        });
                    }
                }
            }
        });
    }
}

// What one operation leaves for the next: a portion that is known, slots that are claimed, a limit that was looked at.
TYPED_TEST(every_offset, keeps_the_account_over_any_three_operations) {
    using book = pair<TypeParam>;
    std::vector<void (*)(book&)> acts{[](book& b) { b.push(); },     [](book& b) { b.push(2); },
                                      [](book& b) { b.emplace(); },  [](book& b) { b.push_n(2); },
                                      [](book& b) { b.pop(); },      [](book& b) { b.pop(2); },
                                      [](book& b) { b.pop_n(2); },   [](book& b) { b.consume_one(); },
                                      [](book& b) { b.consume(2); }, [](book& b) { b.consume_nothrow(9); }};
    if constexpr (TypeParam::has_contiguous_slots) {
        acts.push_back([](book& b) {
            const std::size_t n = std::min<std::size_t>(b.room(), 2);
            b.reserve(n, std::vector<std::size_t>(n, 1), true, book::commits::half_of_what_is_built);
        });
        acts.push_back([](book& b) { b.peek(2, std::vector<std::size_t>(std::min<std::size_t>(b.size(), 1), 1)); });
    }
    const auto play = [&acts](std::size_t capacity, std::uint64_t start) {
        for (std::size_t i = 0; i < acts.size() * acts.size() * acts.size(); ++i) {
            book b(capacity, start);
            b.push();
            acts[i % acts.size()](b);
            acts[i / acts.size() % acts.size()](b);
            acts[i / acts.size() / acts.size()](b);
            b.finish();
        }
    };
    for (const std::size_t capacity : {1U, 2U, 3U}) {
        for (std::uint64_t before_wrap = 0; before_wrap < std::bit_ceil(capacity); ++before_wrap)
            play(capacity, 0 - before_wrap);
    }
}

}  // namespace
