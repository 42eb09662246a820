// SPDX-License-Identifier: MIT
//
// What threads do with a ring under the model checker. Each scenario plays on any ring: a ring joins by a file that
// names it and lists the scenarios that fit.
#pragma once

#define WEIR_ATOMIC_HEADER "model_atomic.hpp"
#define WEIR_CHECK_ROLES 0  // the threads of the model are fibers of one thread

#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include "model.hpp"
#include "weir/ring.hpp"

namespace model {

using weir::status;
using flag = weir::detail::atomic<bool>;
inline constexpr auto acquire = weir::detail::acquire;
inline constexpr auto release = weir::detail::release;

/// Gives other threads time, but does not yield to them: who yields in the checker has seen all there was.
class pastime {
public:
    void pass(int turns) const noexcept {
        for (; turns > 0; --turns) (void)nothing_.load(weir::detail::relaxed);
    }

private:
    flag nothing_{false};
};

/// A ring of `Capacity` whose counters wrap soon, and the books on what goes in and comes out. Items are numbered by
/// producer. The books are not modelled: only what threads of the model could know for sure is checked against them.
template <class Ring, unsigned Capacity, unsigned Producers, unsigned Consumers>
class ring_scenario : public scenario {
public:
    static_assert(Producers <= 3 && Consumers <= 3);
    static constexpr unsigned producers = Producers;
    static constexpr unsigned consumers = Consumers;

    void thread(unsigned index) override {
        if (index < Producers) {
            produce(index);
        } else if (index < Producers + Consumers) {
            consume(index - Producers);
        } else {
            other();
        }
    }

    /// What is left comes out, in order; then an empty ring takes exactly its capacity.
    void after() override {
        while (auto item = ring.try_pop()) received(0, *item);
        for (unsigned p = 0; p < Producers; ++p) {
            check(delivered_[p] == accepted_[p], "every accepted item is delivered, no other is");
        }
        check(ring.size_approx() == 0 && ring.credits() == Capacity, "an empty ring has its capacity in credits");
        element out;
        if (ring.is_closed()) {
            check(ring.try_push(element(1)) == status::closed, "closed is for ever: push");
            check(ring.try_pop(out) == status::closed, "closed is for ever: pop");
            return;
        }
        for (unsigned i = 0; i < Capacity; ++i) {
            check(ring.try_push(element(1)) == status::success, "an empty ring takes its capacity");
        }
        check(ring.try_push(element(1)) == status::full, "and no more");
        check(ring.try_pop(out) == status::success, "what is inside comes out");
    }

protected:
    virtual void produce(unsigned producer) = 0;
    virtual void consume(unsigned consumer) = 0;
    virtual void other() {}

    Ring ring{Capacity, {254}};

    // ---- the books ---------------------------------------------------------------------------------------------

    static int number(unsigned producer, int nth) noexcept { return static_cast<int>(producer) * 100 + nth; }
    element next(unsigned producer) const noexcept { return element(number(producer, accepted_[producer])); }

    void accepted(unsigned producer, int n = 1) noexcept {
        accepted_[producer] += n;
        inside_ += n;
        check(inside_ <= static_cast<int>(Capacity), "no more items are in flight than the capacity");
    }
    /// To be called before items are taken: from here on their room may be used again.
    void about_to_take(std::size_t n) noexcept { inside_ -= static_cast<int>(n); }
    void not_taken(std::size_t n) noexcept { inside_ += static_cast<int>(n); }

    void received(unsigned consumer, const element& item) noexcept {
        const int number = item.number();
        const auto from = static_cast<std::size_t>(number / 100);
        check(number >= 0 && from < Producers, "what comes out is what went in");
        int& last = last_[consumer][from];
        check(number % 100 >= last, "the items of a producer come in order");
        if (Consumers == 1) check(number % 100 == last, "no item is lost or doubled");
        last = number % 100 + 1;
        ++delivered_[from];
    }
    int accepted_of(unsigned producer) const noexcept { return accepted_[producer]; }

    // ---- steps -------------------------------------------------------------------------------------------------

    status try_push(unsigned producer) noexcept {
        element item = next(producer);
        const status answer = ring.try_push(std::move(item));
        if (answer == status::success) {
            accepted(producer);
        } else {
            check(item.number() == number(producer, accepted_[producer]),
                  "a refused push leaves its argument untouched");
        }
        return answer;
    }
    status try_pop(unsigned consumer) noexcept {
        element out(-7);
        about_to_take(1);
        const status answer = ring.try_pop(out);
        if (answer == status::success) {
            received(consumer, out);
        } else {
            not_taken(1);
            check(out.number() == -7, "a pop that finds nothing leaves its argument untouched");
        }
        return answer;
    }
    status push(unsigned producer) {
        const status answer = ring.push(next(producer));
        if (answer == status::success) accepted(producer);
        return answer;
    }
    status pop(unsigned consumer) {
        element out;
        about_to_take(1);
        const status answer = ring.pop(out);
        if (answer == status::success) {
            received(consumer, out);
        } else {
            not_taken(1);
        }
        return answer;
    }

private:
    std::array<int, Producers> accepted_{};
    std::array<int, Producers> delivered_{};
    std::array<std::array<int, Producers>, Consumers> last_{};
    int inside_ = 0;
};

/// Each side tries a few times, whatever comes.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1, int Pushes = 3, int Pops = 3>
class trying : public ring_scenario<Ring, Capacity, P, C> {
    void produce(unsigned p) override {
        for (int i = 0; i < Pushes; ++i) {
            const status answer = this->try_push(p);
            check(answer == status::success || answer == status::full || answer == status::busy,
                  "open: success or full");
        }
    }
    void consume(unsigned c) override {
        for (int i = 0; i < Pops; ++i) {
            const status answer = this->try_pop(c);
            check(answer == status::success || answer == status::empty || answer == status::busy,
                  "open: success or empty");
        }
    }
};

/// A third thread looks how full the ring is.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1>
class looking : public ring_scenario<Ring, Capacity, P, C> {
    static_assert(P + 1 < Capacity);
    void produce(unsigned p) override { (void)this->try_push(p); }
    void consume(unsigned c) override { (void)this->try_pop(c); }
    void other() override {
        check(this->ring.size_approx() <= P, "a size is one that the ring could have had");
        check(this->ring.credits() >= Capacity - P, "credits are such as there could have been");
    }
};

/// What was seen to be taken is room, and what was seen to be pushed is there: full and empty are never said in vain.
template <class Ring, unsigned Capacity>
class seeing : public ring_scenario<Ring, Capacity, 1, 1> {
    void produce(unsigned) override {
        for (unsigned i = 0; i < Capacity; ++i)
            check(this->try_push(0) == status::success, "an empty ring takes its capacity");
        check(this->try_push(0) == status::full, "a full ring takes no more");
        filled_.store(true, release);
        while (!taken_.load(acquire)) yield();
        check(this->try_push(0) == status::success, "full is not said when an item was seen to be taken");
        check(this->try_push(0) == status::full, "and only one was");
    }
    void consume(unsigned) override {
        while (!filled_.load(acquire)) yield();
        check(this->try_pop(0) == status::success, "empty is not said when an item was seen to be pushed");
        taken_.store(true, release);
    }
    flag filled_{false};
    flag taken_{false};
};

/// Items come and go by one thread, and there is always room for one more: the other one is never told full.
template <class Ring, unsigned Capacity, int Rounds = static_cast<int>(Capacity)>
class never_full : public ring_scenario<Ring, Capacity, 2, 1> {
    static_assert(Capacity >= 3);
    void thread(unsigned index) override {
        for (int i = 0; index == 0 && i < Rounds; ++i) {
            check(this->try_push(0) == status::success, "there is room");
            const status answer = this->try_pop(0);
            check(answer == status::success || answer == status::busy, "there is an item");
            if (answer == status::busy) break;  // it stays
        }
        if (index == 1) check(this->try_push(1) != status::full, "full is not said of a ring that never was");
    }
    void produce(unsigned) override {}
    void consume(unsigned) override {}
};

/// Items come and go by one thread, and there is always another one: the other thread is never told empty.
template <class Ring, unsigned Capacity, int Rounds = static_cast<int>(Capacity)>
class never_empty : public ring_scenario<Ring, Capacity, 1, 2> {
    static_assert(Capacity >= 3);
    void thread(unsigned index) override {
        for (int i = 0; index == 0 && i < Rounds; ++i) {
            const status answer = this->try_push(0);
            check(answer == status::success || answer == status::busy, "there is room");
            if (answer == status::busy) break;
            check(this->try_pop(0) == status::success, "there is an item");
        }
        if (index == 1) check(this->try_pop(1) != status::empty, "empty is not said of a ring that never was");
    }
    void produce(unsigned) override {}
    void consume(unsigned) override {}

public:
    never_empty() {
        (void)this->try_push(0);
        (void)this->try_push(0);
    }
};

/// Two rings, and each thread does to one what the other thread looks for there: not both may miss it.
template <class Ring>
class across : public scenario {
    Ring a{1, {254}}, b{1, {254}};
    enum deed { pushes, closes_and_pops, pops, closes, closes_and_asks, count };
    const deed deed_ = static_cast<deed>(choose(count));
    bool missed_[2] = {};

    void thread(unsigned index) override {
        Ring& mine = index == 0 ? a : b;
        Ring& its = index == 0 ? b : a;
        switch (deed_) {
        case pushes:
            check(mine.try_push(element(1)) == status::success, "room for one");
            missed_[index] = !its.try_pop().has_value();
            break;
        case closes_and_pops: {
            element none;
            mine.close();
            missed_[index] = its.try_pop(none) == status::empty;
            break;
        }
        case pops:
            check(mine.try_pop().has_value(), "an item was there");
            missed_[index] = its.try_push(element(1)) == status::full;
            break;
        case closes:
            mine.close();
            missed_[index] = its.try_push(element(1)) == status::full;
            break;
        default: mine.close(); missed_[index] = !its.is_closed();
        }
    }
    void after() override { check(!missed_[0] || !missed_[1], "one finds what the other one pushed, freed or closed"); }

public:
    across() {
        if (deed_ == pushes || deed_ == closes_and_pops) return;
        check(a.try_push(element(1)) == status::success, "room for one");
        check(b.try_push(element(1)) == status::success, "room for one");
    }
};

/// Several at once.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1>
class bulk : public ring_scenario<Ring, Capacity, P, C> {
    void produce(unsigned p) override {
        for (const std::size_t n : {2U, 3U}) {
            const int nth = this->accepted_of(p);
            const std::array items{element(this->number(p, nth)), element(this->number(p, nth + 1)),
                                   element(this->number(p, nth + 2))};
            const std::size_t pushed = this->ring.try_push_n(std::span(items).first(n));
            check(pushed <= n, "no more are pushed than there are");
            this->accepted(p, static_cast<int>(pushed));
        }
    }
    void consume(unsigned c) override {
        for (const std::size_t n : {2U, 3U}) {
            std::array<element, 3> out;
            this->about_to_take(n);
            const std::size_t popped = this->ring.try_pop_n(std::span(out).first(n));
            check(popped <= n, "no more are popped than fit");
            this->not_taken(n - popped);
            for (std::size_t i = 0; i < popped; ++i) this->received(c, out[i]);
        }
    }
};

/// In the slots: parts are committed, and parts released.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1>
class in_place : public ring_scenario<Ring, Capacity, P, C> {
    void produce(unsigned p) override {
        for (int round = 0; round < 2; ++round) {
            auto slots = this->ring.try_reserve(2);
            check(slots.size() <= 2, "no more is reserved than was asked for");
            for (std::size_t i = 0; i < slots.size(); ++i) {
                slots.emplace(this->number(p, this->accepted_of(p) + static_cast<int>(i)));
            }
            if (!slots.empty()) {
                slots.commit(1);
                this->accepted(p);
            }
            if (round == 0 && !slots.empty()) {
                slots.commit(1);
                this->accepted(p);
            }
        }
    }
    void consume(unsigned c) override {
        {
            auto items = this->ring.try_peek(2);
            check(items.size() <= 2, "no more is shown than was asked for");
            if (!items.empty()) this->received(c, items.first().front());
            this->about_to_take(items.empty() ? 0 : 1);
            items.release(items.empty() ? 0 : 1);
        }
        this->about_to_take(Capacity);
        const std::size_t visited = this->ring.consume([&](element& item) { this->received(c, item); }, 2);
        this->not_taken(Capacity - visited);
    }
};

/// Both sides wait for each other. Who sleeps on is a deadlock.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1, int Items = 2>
class waiting : public ring_scenario<Ring, Capacity, P, C> {
    static_assert(P * Items % C == 0);
    void produce(unsigned p) override {
        for (int i = 0; i < Items; ++i) check(this->push(p) == status::success, "open: push succeeds");
    }
    void consume(unsigned c) override {
        for (unsigned i = 0; i < P * Items / C; ++i) check(this->pop(c) == status::success, "open: pop succeeds");
    }
};

/// As waiting, several at a time.
template <class Ring, unsigned Capacity, unsigned P = 1>
class waiting_bulk : public ring_scenario<Ring, Capacity, P, 1> {
    void produce(unsigned p) override {
        const std::array items{element(this->number(p, 0)), element(this->number(p, 1)), element(this->number(p, 2))};
        this->about_to_take(3);  // of what is pushed meanwhile, any may be taken already
        check(this->ring.push_n(items) == 3, "open: all are pushed");
        this->accepted(p, 3);
    }
    void consume(unsigned c) override {
        std::array<element, 2> out;
        for (unsigned i = 0; i < 3 * P; i += 2) {
            const std::size_t n = std::min<std::size_t>(2, 3 * P - i);
            check(this->ring.pop_n(std::span(out).first(n)) == n, "open: all are popped");
            for (std::size_t k = 0; k < n; ++k) this->received(c, out[k]);
        }
    }
};

/// In place, and waiting on the other side.
template <class Ring, unsigned Capacity>
class waiting_for_in_place : public ring_scenario<Ring, Capacity, 1, 1> {
    void produce(unsigned p) override {
        check(this->push(p) == status::success, "open: push succeeds");
        for (int left = 2; left > 0;) {
            auto slots = this->ring.try_reserve(1);
            if (slots.empty()) {
                yield();
                continue;
            }
            slots.emplace(this->number(p, this->accepted_of(p)));
            this->about_to_take(1);  // once committed it may be gone
            slots.commit(1);
            this->not_taken(1);
            this->accepted(p);
            --left;
        }
        check(this->push(p) == status::success, "open: push succeeds");
    }
    void consume(unsigned c) override {
        check(this->pop(c) == status::success, "open: pop succeeds");
        check(this->pop(c) == status::success, "open: pop succeeds");
        for (int left = 2; left > 0;) {
            this->about_to_take(1);
            std::size_t n = 0;
            if (left == 2) {
                n = this->ring.consume([&](element& item) { this->received(c, item); }, 1);
            } else {
                auto items = this->ring.try_peek(1);
                n = items.size();
                if (n > 0) this->received(c, items.first().front());
                items.release(n);
            }
            if (n == 0) {
                this->not_taken(1);
                yield();
            }
            left -= static_cast<int>(n);
        }
    }
};

/// A producer pushes another item while it is at the first one. That wakes a consumer, who finds the first one busy and
/// sleeps again: whoever takes the first one, when it is there, must see to it that somebody takes the other one.
template <class Ring>
class filling_out_of_order : public ring_scenario<Ring, 2, 2, 2> {
    /// What an element is built of in its slot, by a conversion that takes its time.
    struct slowly {
        filling_out_of_order& by;
        operator int() const noexcept {
            by.check_success(by.try_push(1));
            by.let_them_sleep();
            return by.number(0, 0);
        }
    };

    void thread(unsigned index) override {
        if (index > 0) return check_success(this->pop(index - 1));
        let_them_sleep();
        this->about_to_take(2);  // either may be taken before its push is over
        check_success(this->ring.try_emplace(slowly{*this}));
        this->not_taken(2);
        this->accepted(0);
    }
    void produce(unsigned) override {}
    void consume(unsigned) override {}

    void check_success(status answer) const { check(answer == status::success, "there is room, and an item for each"); }
    void let_them_sleep() const noexcept { time_.pass(80); }  // both consumers, more often than not
    pastime time_;
};

/// The same with consumer and producers changed about.
template <class Ring>
class emptying_out_of_order : public ring_scenario<Ring, 2, 3, 2> {
    void thread(unsigned index) override {
        if (index > 0) return check_success(this->push(index));
        let_them_sleep();
        this->about_to_take(1);
        check_success(this->ring.try_consume_one([this](element& item) noexcept {
            this->received(0, item);
            check_success(this->try_pop(1));
            let_them_sleep();
        }));
    }
    void produce(unsigned) override {}
    void consume(unsigned) override {}

    void check_success(status answer) const { check(answer == status::success, "there are items, and room for each"); }
    void let_them_sleep() const noexcept { time_.pass(80); }
    pastime time_;

public:
    emptying_out_of_order() {
        for (int i = 0; i < 2; ++i) check_success(this->try_push(0));
    }
};

/// By the descriptors alone, as in a loop of epoll: who finds nothing waits until its descriptor says that there may be
/// something.
template <class Ring, unsigned Capacity, int Items>
class polling : public ring_scenario<Ring, Capacity, 1, 1> {
    void produce(unsigned p) override {
        while (this->accepted_of(p) < Items) {
            if (this->try_push(p) == status::full) wait_for(this->ring.space_fd());
        }
    }
    void consume(unsigned c) override {
        for (int left = Items; left > 0;) {
            if (this->try_pop(c) == status::success) {
                --left;
            } else {
                wait_for(this->ring.items_fd());
            }
        }
    }
    static void wait_for(int fd) { weir::detail::wait_readable(fd, weir::detail::forever); }
};

/// Where threads of a ring wait, by itself: one thread brings news, and the other one waits for each. Then nobody is
/// left to be woken; and who sleeps on a descriptor was told once, at least, for each sleep but the last.
template <class Lot, bool MayWakeForNoReason>
class waiting_in_lot : public scenario {
    static constexpr int news = 2;
    void thread(unsigned index) override {
        for (int i = 1; i <= news; ++i) {
            if (index == 0) {
                tell(i);
            } else {
                wait_for(i);
            }
        }
    }
    void tell(int i) {
        // The other one shall be waiting by then, more often than not.
        if (i > 1) time_.pass(30);
        news_.store(i, release);
        ++told_;
        (void)lot_.notify(1);
    }
    void wait_for(int i) {
        const auto parked = [this]() noexcept {
            ++naps_;
            check(MayWakeForNoReason || naps_ <= told_ + 1, "who sleeps is not woken before it is told");
        };
        check(lot_.wait([&] { return news_.load(acquire) >= i; }, weir::detail::forever, parked), "nobody gives up");
    }
    void after() override { check(!lot_.notify(1), "who has left is not woken"); }

    Lot lot_{false};
    weir::detail::atomic<int> news_{0};
    pastime time_;
    int told_ = 0, naps_ = 0;
};

/// A lot's descriptor once all is quiet: readable if something is left, and no longer when somebody has found nothing.
/// One thread brings things, one tries to take them, and one waits for them, but gives up before it sleeps.
template <class Lot>
class truthful_descriptor : public scenario {
    void thread(unsigned index) override {
        switch (index) {
        case 0:
            for (int i = 0; i < 2; ++i) {
                left_.fetch_add(1, release);
                (void)lot_.notify(1);
            }
            break;
        case 1: return try_to_take(), try_to_take();
        default: wait_until_sleep();
        }
    }
    void after() override {
        check(left_.load(acquire) == 0 || is_readable(), "something is left: readable");
        while (take()) continue;
        try_to_take();
        check(!is_readable(), "somebody has found nothing: not readable");
    }

    void wait_until_sleep() {
        int looks = 0;
        (void)lot_.wait([&]() noexcept { return take() || ++looks == 2; }, weir::detail::forever);
    }
    bool take() noexcept {
        int left = left_.load(acquire);
        while (left > 0 && !left_.compare_exchange_strong(left, left - 1, acquire, acquire)) continue;
        return left > 0;
    }
    void try_to_take() noexcept {
        if (!take()) lot_.found_nothing([this]() noexcept { return left_.load(acquire) > 0; });
    }
    bool is_readable() const noexcept {
        pollfd entry{.fd = lot_.fd(), .events = POLLIN, .revents = 0};
        return ::poll(&entry, 1, 0) == 1;
    }

    Lot lot_{true};  // nobody has found nothing yet
    weir::detail::atomic<int> left_{0};
};

/// Two wait at one lot for different things. The first thing comes with a call to all; who gets it brings the second. A waiter
/// that finds nothing, and empties the descriptor, must leave it readable for the other one.
template <class Lot>
class waiting_for_different_things : public scenario {
    void thread(unsigned index) override {
        switch (index) {
        case 0: first_.store(1, weir::detail::relaxed); return lot_.notify_all();
        case 1:
            wait_for(first_);
            second_.store(1, release);
            return static_cast<void>(lot_.notify(1));
        default: wait_for(second_);
        }
    }
    void wait_for(const weir::detail::atomic<int>& thing) {
        (void)lot_.wait([&]() noexcept { return thing.load(weir::detail::relaxed) == 1; }, weir::detail::forever);
    }

    Lot lot_{false};
    weir::detail::atomic<int> first_{0}, second_{0};
};

/// Who waits may give up, and comes back to wait for good: nobody may miss a wake-up for that.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1, int Items = 2>
class giving_up : public ring_scenario<Ring, Capacity, P, C> {
    static_assert(P * Items % C == 0);
    using time = typename Ring::time_point;
    static time some_time() { return time::max() - std::chrono::hours(1); }

    void produce(unsigned p) override {
        for (int i = 0; i < Items; ++i) {
            element item = this->next(p);
            const status answer = this->ring.push_until(std::move(item), some_time());
            if (answer == status::success) {
                this->accepted(p);
                continue;
            }
            check(answer == status::timeout, "open: success or timeout");
            check(item.number() == this->number(p, this->accepted_of(p)), "who gave up keeps the argument");
            check(this->push(p) == status::success, "open: push succeeds");
        }
    }
    void consume(unsigned c) override {
        for (unsigned i = 0; i < P * Items / C; ++i) {
            element out(-7);
            this->about_to_take(1);
            const status answer = this->ring.pop_until(out, some_time());
            if (answer == status::success) {
                this->received(c, out);
                continue;
            }
            this->not_taken(1);
            check(answer == status::timeout, "open: success or timeout");
            check(out.number() == -7, "who gave up has nothing");
            check(this->pop(c) == status::success, "open: pop succeeds");
        }
    }
};

/// One of two who wait gives up and leaves: a wake-up that it was given must not go with it. If it need not give up, it
/// makes room, or brings an item, for the other one, who waits for good.
template <class Ring, bool OfConsumers>
class leaving : public ring_scenario<Ring, 1, 2, 2> {
    using time = typename Ring::time_point;
    static time some_time() { return time::max() - std::chrono::hours(1); }

    void thread(unsigned index) override {
        switch (index) {
        case 0: return check_success(OfConsumers ? this->push(0) : this->pop(0));
        case 1: return OfConsumers ? pop_or_leave() : push_or_leave();
        default: return check_success(OfConsumers ? this->pop(1) : this->push(1));
        }
    }
    void pop_or_leave() {
        element out;
        this->about_to_take(1);
        if (this->ring.pop_until(out, some_time()) != status::success) return this->not_taken(1);
        this->received(0, out);
        check_success(this->push(1));
    }
    void push_or_leave() {
        if (this->ring.push_until(this->next(0), some_time()) != status::success) return;
        this->accepted(0);
        check_success(this->pop(1));
    }
    void produce(unsigned) override {}
    void consume(unsigned) override {}
    static void check_success(status answer) { check(answer == status::success, "who does not give up is served"); }

public:
    leaving() {
        if (!OfConsumers) check_success(this->push(0));
    }
};

/// How a producer, a consumer, and who closes go about it.
enum class pushes { waiting, trying, in_place };
enum class pops { waiting, trying, in_place };
enum class closer { a_third, the_producer, the_consumer };

/// Closing while consumers wait at an empty ring, most often asleep by then: each of them hears of it.
template <class Ring>
class closing_on_sleepers : public ring_scenario<Ring, 1, 1, 2> {
    void produce(unsigned) override {
        time_.pass(100);
        this->ring.close();
    }
    void consume(unsigned c) override { check(this->pop(c) == status::closed, "closed, and never an item"); }
    pastime time_;
};

/// Closing amid the traffic: what was accepted arrives, nobody sleeps on, and closed is for ever.
template <class Ring, unsigned Capacity, pushes Push, pops Pop, closer By, unsigned P = 1, unsigned C = 1, int Items = 2>
class closing : public ring_scenario<Ring, Capacity, P, C> {
    void produce(unsigned p) override {
        bool open = true;
        for (int i = 0; i < Items && open; ++i) {
            if constexpr (Push == pushes::waiting) {
                const status answer = this->push(p);
                check(answer == status::success || answer == status::closed, "push waits until it has an answer");
                open = answer == status::success;
            } else if constexpr (Push == pushes::trying) {
                open = this->try_push(p) != status::closed;
            } else {
                open = reserve(p);
            }
        }
        if (By == closer::the_producer && p == 0) close();
        if (open && !this->ring.is_closed()) return;
        hear();
        check(this->try_push(p) == status::closed, "refused once, or seen to be closed, refused for ever");
    }

    bool reserve(unsigned p) {
        auto slots = this->ring.try_reserve(2);
        if (slots.empty()) return !this->ring.is_closed();
        for (std::size_t i = 0; i < slots.size(); ++i) {
            slots.emplace(this->number(p, this->accepted_of(p) + static_cast<int>(i)));
        }
        this->about_to_take(1);
        slots.commit(1);
        this->not_taken(1);
        this->accepted(p);
        return true;
    }

    void consume(unsigned c) override {
        if (By == closer::the_consumer) {
            (void)this->try_pop(c);
            if (c == 0) close();
        }
        for (;;) {
            if constexpr (Pop == pops::waiting) {
                const status answer = this->pop(c);
                check(answer == status::success || answer == status::closed, "pop waits until it has an answer");
                if (answer == status::closed) break;
            } else if constexpr (Pop == pops::trying) {
                const status answer = this->try_pop(c);
                if (answer == status::closed) break;
                if (answer != status::success) yield();
            } else {
                if (!take_in_place(c)) break;
            }
        }
        hear();
        check(this->try_pop(c) == status::closed, "closed once, closed for ever");
    }

    bool take_in_place(unsigned c) {
        std::array<element, 2> out;
        this->about_to_take(Capacity);
        const std::size_t n = this->ring.pop_n(out);
        this->not_taken(Capacity - n);
        for (std::size_t i = 0; i < n; ++i) this->received(c, out[i]);
        return n == out.size();
    }

    void other() override {
        if (By == closer::a_third) close();
    }
    void close() {
        news_ = element(5);
        this->ring.close();
        check(this->ring.is_closed(), "who closed sees it closed");
    }

    /// Who hears that the ring is closed knows what the closing thread did before.
    void hear() const {
        check(news_.number() == 5, "nobody hears closed before somebody closes");
        check(this->ring.is_closed(), "who was told that the ring is closed finds it closed");
    }

    element news_;
};

/// A waiter that is asked to stop, stops. What was pushed before that is still popped.
template <class Ring, bool Consumer>
class stopping : public ring_scenario<Ring, 1, 1, 1> {
    bool asked() const { return stop_.load(acquire); }
    void ask() {
        stop_.store(true, release);
        this->ring.wake_all();
    }
    void produce(unsigned p) override {
        if (!Consumer || choose(2) == 1) check(this->push(p) == status::success, "room for one");
        if (Consumer) return ask();
        element item = this->next(p);
        const status answer = this->ring.push_unless(std::move(item), [this] { return asked(); });
        check(answer == status::full, "who is stopped says full");
        check(item.number() == this->number(p, 1), "who is stopped keeps the argument");
    }
    void consume(unsigned) override {
        if (!Consumer) return ask();
        element out;
        this->about_to_take(1);
        const status answer = this->ring.pop_unless(out, [this] { return asked(); });
        if (answer == status::success) return this->received(0, out);
        this->not_taken(1);
        check(answer == status::empty, "who is stopped says empty");
        check(this->accepted_of(0) == 0, "what was pushed before the stop is popped");
    }
    flag stop_{false};
};

}  // namespace model
