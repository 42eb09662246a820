// SPDX-License-Identifier: MIT
//
// The judge of generated programs is judged here, by histories made by hand: what no queue could have said is refused,
// and what a weak memory order may show a thread is not. The test stands in for the checker that a witness asks.
#include "witness.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace model {
namespace {

struct stand_in {
    std::array<moment, most_threads> moments{};
    unsigned running = 0;
    bool kept = true;
};
stand_in checker;

}  // namespace

moment this_moment() noexcept { return checker.moments[checker.running]; }
void check(bool kept, const char*, place) noexcept { checker.kept = checker.kept && kept; }
bool is_shown() noexcept { return false; }
void show(const char*, place) noexcept {}
unwatched::unwatched() noexcept : checker_(nullptr) {}
unwatched::~unwatched() = default;

namespace {

using order = witness::order;

/// A history of threads that take turns. A thread knows what another one did only after listen(). What `no_thread` does comes after
/// everything before it.
class history {
public:
    explicit history(linearization::specification spec = {.capacity = 2}) : spec_(spec) { checker = {}; }

    history& step(unsigned thread, action what, int item = 0, status answer = status::success) {
        witness::call c = begin(thread);
        note(c, what, item, answer);
        return *this;
    }
    history& push(unsigned thread, int item, status answer = status::success) {
        return step(thread, action::push, item, answer);
    }
    history& pop(unsigned thread, int item) { return step(thread, action::pop, item); }
    history& pop_nothing(unsigned thread, status answer = status::empty) {
        return step(thread, action::pop, 0, answer);
    }
    history& close(unsigned thread) { return step(thread, action::close); }
    history& size(unsigned thread, std::size_t size) {
        witness::call c = begin(thread);
        witness_.note_size(c, size);
        return *this;
    }

    witness::call begin(unsigned thread) {
        checker.running = thread;
        return witness_.begin(thread);
    }
    /// In the thread that began last.
    void note(witness::call& c, action what, int item = 0, status answer = status::success) {
        if (c.thread != witness::no_thread) {
            checker.running = c.thread;
            if (c.returned == 0) ++checker.moments[c.thread][c.thread];
        }
        witness_.note(c, what, item, answer);
    }

    /// From here on the thread knows all that the other one did.
    history& listen(unsigned thread, unsigned to) {
        for (unsigned t = 0; t < most_threads; ++t) {
            auto& knows = checker.moments[thread][t];
            knows = std::max(knows, checker.moments[to][t]);
        }
        return *this;
    }

    bool could_be(order how) {
        checker.kept = true;
        witness_.judge(spec_, how);
        return checker.kept;
    }
    /// Neither is a queue that keeps to one order, nor one that does but for looks.
    bool could_not_be() { return !could_be(order::one) && !could_be(order::but_for_looks); }
    bool could_be() { return could_be(order::one) && could_be(order::but_for_looks); }

private:
    linearization::specification spec_;
    witness witness_;
};
constexpr unsigned no_thread = witness::no_thread;

TEST(witness, accepts_what_one_thread_is_told) {
    EXPECT_TRUE(history().could_be());
    EXPECT_TRUE(history().push(0, 1).push(0, 2).push(0, 3, status::full).size(0, 2).pop(0, 1).pop(0, 2).could_be());
    EXPECT_TRUE(history().push(0, 1).close(0).push(0, 2, status::closed).pop(0, 1).could_be());
    EXPECT_TRUE(history().push(0, 1).close(0).pop(0, 1).pop_nothing(0, status::closed).could_be());
}

TEST(witness, refuses_a_lost_item) {
    EXPECT_TRUE(history().push(0, 1).pop_nothing(0).could_not_be());
    EXPECT_TRUE(history().push(0, 1).pop_nothing(no_thread).could_not_be());
    EXPECT_TRUE(history().push(0, 1).push(0, 2).pop(1, 2).could_not_be());
    EXPECT_TRUE(history().push(0, 1).close(0).pop_nothing(1, status::closed).could_not_be());
    EXPECT_TRUE(history().push(0, 1).listen(1, 0).pop_nothing(1).could_not_be());
}

TEST(witness, refuses_a_doubled_item_and_one_from_nowhere) {
    EXPECT_TRUE(history().push(0, 1).pop(1, 1).pop(2, 1).could_not_be());
    EXPECT_TRUE(history().pop(1, 1).could_not_be());
    EXPECT_TRUE(history().push(0, 1, status::timeout).pop(1, 1).could_not_be());
    EXPECT_TRUE(history().push(0, 1, status::full).pop(1, 1).could_not_be());
    EXPECT_TRUE(history().push(0, 1, status::closed).close(1).pop(1, 1).could_not_be());
    EXPECT_TRUE(history().pop(1, 1).listen(0, 1).push(0, 1).could_not_be());
}

TEST(witness, refuses_the_wrong_order_of_two_producers_if_one_knew_of_the_other) {
    EXPECT_TRUE(history().push(0, 1).listen(1, 0).push(1, 2).pop(2, 2).pop(2, 1).could_not_be());
    EXPECT_TRUE(history().push(0, 1).push(1, 2).pop(2, 2).pop(2, 1).could_be());
    EXPECT_TRUE(history().push(0, 1).push(0, 2).pop(2, 2).pop(2, 1).could_not_be());
    // The second consumer did not know of the first one's, so that either may have been first.
    EXPECT_TRUE(history().push(0, 1).push(0, 2).pop(3, 2).pop(2, 1).could_be());
    EXPECT_TRUE(history().push(0, 1).push(0, 2).pop(3, 2).listen(2, 3).pop(2, 1).could_not_be());
}

TEST(witness, refuses_a_close_that_does_not_last_or_that_never_was) {
    EXPECT_TRUE(history().close(1).push(0, 1, status::closed).push(0, 2).could_not_be());
    EXPECT_TRUE(history().push(0, 1, status::closed).could_not_be());
    EXPECT_TRUE(history().pop_nothing(0, status::closed).could_not_be());
    EXPECT_TRUE(history().push(0, 1, status::closed).listen(1, 0).close(1).could_not_be());
    EXPECT_TRUE(history().close(0).step(0, action::ask_if_closed).could_not_be());
    EXPECT_TRUE(history().step(0, action::ask_if_closed, 0, status::closed).could_not_be());
    EXPECT_TRUE(history().close(0).listen(1, 0).push(1, 1).could_not_be());
    EXPECT_TRUE(history().close(0).push(1, 1, status::full).listen(1, 0).push(1, 1).could_not_be());
}

TEST(witness, refuses_a_bound_that_is_not_exact) {
    EXPECT_TRUE(history().push(0, 1).push(1, 2).push(2, 3).could_not_be());
    EXPECT_TRUE(history().push(0, 1).push(0, 2, status::full).could_not_be());
    EXPECT_TRUE(history().push(0, 1).push(0, 2).pop(1, 1).listen(0, 1).push(0, 3, status::full).could_not_be());
    EXPECT_TRUE(history().push(0, 1).size(0, 0).could_not_be());
    EXPECT_TRUE(history().push(0, 1).size(0, 2).could_not_be());
}

// A thread is not history by what it does later, and what it finds missing is not explained by it.
TEST(witness, refuses_a_look_that_only_its_own_future_explains) {
    EXPECT_TRUE(history().push(0, 1).pop_nothing(0).pop(0, 1).could_not_be());
    EXPECT_TRUE(history({.capacity = 1}).push(0, 1, status::full).push(0, 2).could_not_be());
    EXPECT_TRUE(history({.capacity = 1}).push(0, 1, status::full).listen(1, 0).push(1, 2).could_not_be());
    EXPECT_TRUE(history().push(0, 1).listen(1, 0).pop_nothing(1).listen(2, 1).pop(2, 1).could_not_be());
    EXPECT_TRUE(history({.capacity = 1}).push(0, 1).step(0, action::drop, 0, status::empty).pop(0, 1).could_not_be());
}

// As where two threads each store and then load: no one order explains both looks, and the memory model allows them.
TEST(witness, lets_looks_alone_miss_what_the_thread_does_not_know_of) {
    history both_miss;
    both_miss.push(0, 1).close(1).step(0, action::ask_if_closed).pop_nothing(1);
    EXPECT_FALSE(both_miss.could_be(order::one));
    EXPECT_TRUE(both_miss.could_be(order::but_for_looks));

    history one_knows;
    one_knows.push(0, 1).close(1).step(0, action::ask_if_closed).listen(1, 0).pop_nothing(1);
    EXPECT_TRUE(one_knows.could_not_be());

    history no_looks;  // what is done keeps to one order whatever is known
    no_looks.push(0, 1).close(1).pop(2, 1).push(0, 2).listen(1, 0).push(1, 3, status::closed);
    EXPECT_TRUE(no_looks.could_be());
    EXPECT_TRUE(no_looks.push(1, 4).could_not_be());
}

TEST(witness, holds_batches_together) {
    history rest;  // three were asked for, of which there was one
    rest.push(0, 1);
    witness::call popped = rest.begin(0);
    rest.note(popped, action::pop, 1);
    rest.note(popped, action::miss_items, 0, status::empty);
    EXPECT_TRUE(rest.could_be());

    history more;  // but there were two
    more.push(0, 1).push(0, 2);
    popped = more.begin(0);
    more.note(popped, action::pop, 1);
    more.note(popped, action::miss_items, 0, status::empty);
    EXPECT_TRUE(more.could_not_be());

    history turned;
    turned.push(0, 1).push(0, 2);
    popped = turned.begin(0);
    turned.note(popped, action::pop, 2);
    turned.note(popped, action::pop, 1);
    EXPECT_TRUE(turned.could_not_be());

    history room;  // two were to be pushed, of which one was refused, and there was room
    witness::call pushed = room.begin(0);
    room.note(pushed, action::push, 1);
    room.note(pushed, action::miss_room, 0, status::full);
    EXPECT_TRUE(room.could_not_be());
}

TEST(witness, counts_credit_on_request) {
    const linearization::specification on_request{.capacity = 2, .credit = 1};
    EXPECT_TRUE(history(on_request).push(0, 1).push(0, 2, status::no_credit).could_be());
    EXPECT_TRUE(history(on_request).push(0, 1).push(0, 2).could_not_be());
    EXPECT_TRUE(history(on_request).push(0, 1).step(0, action::request, 1).push(0, 2).could_be());
    EXPECT_TRUE(history(on_request).push(0, 1).step(0, action::request, 1).push(0, 2, status::no_credit).could_not_be());
    EXPECT_TRUE(history(on_request).push(0, 1, status::no_credit).could_not_be());
    EXPECT_TRUE(history({.capacity = 2, .credit = 1, .granted_by = 2}).push(0, 1, status::no_credit).could_be());
}

}  // namespace
}  // namespace model
