// SPDX-License-Identifier: MIT
//
// What threads do with a ring whose credit is on request, under the model checker.
#pragma once

#include <algorithm>
#include <array>

#include "scenarios.hpp"
#include "weir/pull.hpp"

namespace model {

/// A ring and the books on what was asked for and what came of it. They are not modelled: a request is booked before it
/// is made, an item after it was accepted.
template <class Ring, unsigned Capacity, unsigned Producers, unsigned Consumers, unsigned Every = 1>
class pull_scenario : public scenario {
public:
    void thread(unsigned index) override {
        if (index < Producers) {
            produce(index);
        } else if (index < Producers + Consumers) {
            consume(index - Producers);
        } else {
            other();
        }
    }

    /// What is left comes out. Then the credit is what was asked for and not used, to one item; a pop has flushed it.
    void after() override {
        element out;
        while (ring.try_pop(out) == status::success) received(out);
        check(accepted_ == delivered_, "every accepted item is delivered, no other is");
        if (ring.is_closed()) {
            ring.request(1);
            check(ring.credits() == 0 && ring.try_push(element(1)) == status::closed, "closed is for ever");
            return;
        }
        const int credit = std::min(requested_ - accepted_, static_cast<int>(Capacity));
        check(static_cast<int>(ring.credits()) == credit, "the credit is what was asked for and not used");
        for (int i = 0; i < credit; ++i) {
            check(ring.try_push(element(1)) == status::success, "what was asked for can be pushed");
        }
        check(ring.try_push(element(1)) == (credit == Capacity ? status::full : status::no_credit), "and no more");
    }

protected:
    virtual void produce(unsigned producer) = 0;
    virtual void consume(unsigned consumer) = 0;
    virtual void other() {}

    Ring ring{Capacity, weir::pull::grant_every{Every}, {254}};

    void request(int n) {
        requested_ += n;
        ring.request(static_cast<std::uint64_t>(n));
    }
    status try_push() { return booked(ring.try_push(element(7))); }
    status push() { return booked(ring.push(element(7))); }
    status try_pop() {
        element out;
        const status answer = ring.try_pop(out);
        if (answer == status::success) received(out);
        return answer;
    }
    status pop() {
        element out;
        const status answer = ring.pop(out);
        if (answer == status::success) received(out);
        return answer;
    }
    void accepted(std::size_t n) {
        accepted_ += static_cast<int>(n);
        check(accepted_ <= requested_, "never more is accepted than was asked for");
    }
    void expect_push() { check(push() == status::success, "open: push succeeds"); }
    void expect_pop() { check(pop() == status::success, "open: pop succeeds"); }

    void received(const element& item) {
        check(item.number() == 7, "what comes out is what went in");
        check(++delivered_ <= requested_, "never more is delivered than was asked for");
    }

private:
    status booked(status answer) {
        if (answer == status::success) accepted(1);
        return answer;
    }

    int requested_ = 0;
    int accepted_ = 0;
    int delivered_ = 0;
};

/// Grants against pushes, whatever comes.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1, int Pushes = 3, int Pops = 2, unsigned Every = 1>
class granting : public pull_scenario<Ring, Capacity, P, C, Every> {
    void produce(unsigned) override {
        for (int i = 0; i < Pushes; ++i) {
            const status answer = this->try_push();
            check(answer != status::closed && answer != status::empty, "open: success, or a shortage");
        }
    }
    void consume(unsigned) override {
        for (int i = 0; i < Pops; ++i) {
            this->request(1 + i);
            (void)this->try_pop();
        }
    }
};

/// Several at once, and in place.
template <class Ring, unsigned Capacity>
class granting_bulk : public pull_scenario<Ring, Capacity, 1, 1> {
    void produce(unsigned) override {
        const std::array items{element(7), element(7), element(7)};
        this->accepted(this->ring.try_push_n(items));
        if constexpr (Ring::has_contiguous_slots) {
            auto slots = this->ring.try_reserve(2);
            for (std::size_t i = 0; i < slots.size(); ++i) slots.emplace(7);
            const std::size_t k = std::min<std::size_t>(1, slots.size());
            slots.commit(k);
            this->accepted(k);
        }
        this->accepted(this->ring.try_push_n(items));
    }
    void consume(unsigned) override {
        this->request(2);
        (void)this->try_pop();
        this->request(1);
    }
};

/// There is always demand: a push may find the ring full, but is never told that nobody asks.
template <class Ring, unsigned Capacity, unsigned P = 1, unsigned C = 1, int Pushes = 3>
class always_asked : public pull_scenario<Ring, Capacity, P, C> {
    void produce(unsigned) override {
        for (int i = 0; i < Pushes; ++i) {
            check(this->try_push() != status::no_credit, "no_credit is not said while items are asked for");
        }
    }
    void consume(unsigned c) override {
        (void)this->try_pop();
        if (c == 0) this->request(1);
        (void)this->try_pop();
    }

public:
    always_asked() { this->request(20); }
};

/// As always_asked, a lap of the counters later: what was known of the room then is none now.
template <class Ring>
class always_asked_for_long : public pull_scenario<Ring, 1, 1, 1> {
    void produce(unsigned) override {
        for (int i = 0; i < 2; ++i) {
            check(this->try_push() != status::no_credit, "no_credit is not said while items are asked for");
        }
    }
    void consume(unsigned) override { (void)this->try_pop(); }

public:
    always_asked_for_long() {
        this->request(300);
        check(this->try_push() == status::success, "there is room and credit");
        for (int i = 0; i < 255; ++i) {
            this->expect_pop();
            check(this->try_push() == status::success, "there is room and credit");
        }
    }
};

/// There is always room: a push may find that nobody asks, but is never told that the ring is full.
template <class Ring, unsigned Capacity, unsigned P = 1>
class always_room : public pull_scenario<Ring, Capacity, P, 1> {
    static_assert(Capacity >= 2);
    void produce(unsigned) override {
        for (int i = 0; i < 3; ++i)
            check(this->try_push() != status::full, "full is not said of a ring that never was");
    }
    void consume(unsigned) override {
        for (int i = 0; i < 2; ++i) {
            this->request(1);
            if (this->try_pop() != status::success) return;  // so that there is one at most
        }
    }
};

/// There is room first, then a request. One producer sees it, and another one uses what that one notes, and goes on: it
/// may find that no more is asked for, but not that the ring is full. They begin later, more often than not. With a
/// request for more than there is room, it is the room that has to be looked at.
template <class Ring, int Pushes = 3, std::uint64_t Asked = 2>
class room_before_asked : public pull_scenario<Ring, 3, 2, 1> {
    void produce(unsigned p) override {
        time_.pass(p == 0 ? 60 : 30);
        for (int pushes = p == 0 ? Pushes : 1; pushes > 0; --pushes) {
            check(this->try_push() != status::full, "full is not said of a ring that never was");
        }
    }
    void consume(unsigned) override {
        this->expect_pop();
        this->request(Asked);
    }
    pastime time_;

public:
    room_before_asked() {
        this->request(1);
        check(this->try_push() == status::success, "there is room and credit");
    }
};

/// A ring whose consumers have asked for all there will ever be: as one with automatic credit.
template <class Ring>
class all_asked : public Ring {
public:
    all_asked(std::size_t capacity, weir::start_at start) : Ring(capacity, start) {
        this->request(weir::pull::unbounded);
    }
};

/// The ring is full, then a request comes, then a pop: at no time is there room that nobody asked for.
template <class Ring>
class asked_before_room : public pull_scenario<Ring, 1, 1, 1> {
    void produce(unsigned) override {
        check(this->try_push() != status::no_credit, "no_credit is not said of the two halves of different moments");
    }
    void consume(unsigned) override {
        this->request(1);
        (void)this->try_pop();
    }

public:
    asked_before_room() {
        this->request(1);
        check(this->try_push() == status::success, "there is room and credit");
    }
};

/// The same, and the pop is short, so that request and pop are over, more often, between two steps of the push: its
/// thread has popped before, when the ring was made, and knows of another item.
template <class Ring>
class asked_just_before_room : public pull_scenario<Ring, 2, 1, 1> {
    void thread(unsigned index) override { index == 0 ? consume(0) : produce(0); }
    void produce(unsigned) override {
        for (int i = 0; i < 2; ++i) {
            const status answer = this->try_push();
            check(answer != status::no_credit, "no_credit is not said of the two halves of different moments");
        }
    }
    void consume(unsigned) override {
        this->request(1);
        (void)this->try_pop();
    }

public:
    asked_just_before_room() {
        this->request(3);
        for (int i = 0; i < 3; ++i) {
            if (i == 2) this->expect_pop();
            check(this->try_push() == status::success, "there is room and credit");
        }
    }
};

/// What was seen to be asked for can be pushed.
template <class Ring, unsigned Every = 1>
class seen_request : public pull_scenario<Ring, 2, 1, 1, Every> {
    void produce(unsigned) override {
        while (!asked_.load(acquire)) yield();
        for (int i = 0; i < requests; ++i) {
            check(this->try_push() == status::success, "what was asked for can be pushed");
        }
        check(this->try_push() == (requests == 2 ? status::full : status::no_credit), "and no more");
    }
    void consume(unsigned) override {
        for (int i = 0; i < requests; ++i) this->request(1);
        asked_.store(true, release);
    }
    // Without an item to pop, one is not held back for the other.
    static constexpr int requests = Every == 1 ? 2 : 1;
    flag asked_{false};
};

/// A third thread looks.
template <class Ring>
class looking_at_credit : public pull_scenario<Ring, 3, 1, 1> {
    void produce(unsigned) override { (void)this->try_push(); }
    void consume(unsigned) override {
        (void)this->try_pop();
        this->request(1);
    }
    void other() override {
        check(this->ring.size_approx() <= 1, "a size is one that the ring could have had");
        check(this->ring.credits() <= 2, "credit is not more than was ever asked for");
    }

public:
    looking_at_credit() { this->request(1); }
};

/// Producers wait for credit, and a consumer asks and waits for items. Who sleeps on is a deadlock.
template <class Ring, unsigned Capacity, unsigned P = 1, int Items = 2, int Portion = 1, unsigned Every = 1>
class waiting_for_credit : public pull_scenario<Ring, Capacity, P, 1, Every> {
    void produce(unsigned) override {
        for (int i = 0; i < Items; ++i) this->expect_push();
    }
    void consume(unsigned) override {
        for (int i = 0; i < static_cast<int>(P) * Items; ++i) {
            if (i % Portion == 0) this->request(Portion);
            this->expect_pop();
        }
    }
};

/// The same, and what is held back is found out by a visit that finds nothing.
template <class Ring>
class visiting_for_credit : public pull_scenario<Ring, 2, 1, 1, 2> {
    void produce(unsigned) override {
        for (int i = 0; i < 3; ++i) this->expect_push();
    }
    void consume(unsigned) override {
        this->request(2);
        visit_one();
        this->request(1);
        visit_one();
        visit_one();
    }
    void visit_one() {
        while (this->ring.consume([this](element& item) noexcept { this->received(item); }, 1) == 0) yield();
    }
};

/// A pop that brings no credit wakes nobody, and a request does: but the pop comes from another consumer.
template <class Ring, unsigned P = 1>
class pop_and_request : public pull_scenario<Ring, 1, P, 2> {
    void produce(unsigned p) override {
        if (p == 0) this->expect_push();
    }
    void consume(unsigned c) override {
        if (c == 0) {
            this->expect_pop();
        } else {
            this->request(1);
        }
    }

public:
    pop_and_request() {
        this->request(1);
        check(this->try_push() == status::success, "there is room and credit");
    }
};

/// The same without anybody who sleeps, which the checker plays many times as often: a producer that waits is told of the
/// pop, or of the request, or its look finds both.
template <class Core>
class unused_credit : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            waits_.store(true, weir::detail::relaxed);
            weir::detail::heavy_fence();
            is_refused_ = !core_.try_emplace(element(7));
        } else if (index == 1) {
            take();
            is_told_[0] = is_waited_for() && core_.has_unused_credit();
        } else {
            core_.request(2);
            is_told_[1] = is_waited_for();
        }
    }
    void after() override {
        check(!is_refused_ || is_told_[0] || is_told_[1], "who waits for credit hears of it");
        if (!is_refused_) take();
    }

    void take() {
        const auto look = [](element& item) noexcept { check(item.number() == 7, "what comes out is what went in"); };
        check(core_.try_take(look) == status::success, "an item can be taken");
    }
    bool is_waited_for() {
        weir::detail::light_fence();
        return waits_.load(weir::detail::relaxed);
    }

    Core core_{1, 254, true, weir::pull::grant_every{1}};
    flag waits_{false};
    bool is_refused_ = false;
    bool is_told_[2] = {};

public:
    unused_credit() {
        core_.request(1);
        check(core_.try_emplace(element(7)) == status::success, "there is room and credit");
    }
};

/// A consumer asks after another one has found the ring empty and fallen asleep, though it does not know so: nobody will
/// look again. It gives the other one time, but does not yield to it: who yields in the checker has seen all there was.
template <class Ring>
class asking_last : public pull_scenario<Ring, 2, 1, 2, 2> {
    void produce(unsigned) override { this->expect_push(); }
    void consume(unsigned c) override {
        if (c == 0) {
            for (int turns = 0; turns < 80; ++turns) (void)time_.load(weir::detail::relaxed);
            this->request(1);
        } else {
            this->expect_pop();
            this->expect_pop();
        }
    }
    flag time_{false};

public:
    asking_last() {
        this->request(2);
        for (int i = 0; i < 2; ++i) check(this->try_push() == status::success, "there is room and credit");
        this->expect_pop();
    }
};

/// A consumer holds a grant back and leaves: the other one finds nothing, and must not sleep on it.
template <class Ring>
class leaving_grants : public pull_scenario<Ring, 2, 1, 2, 2> {
    void produce(unsigned) override { this->expect_push(); }
    void consume(unsigned c) override {
        if (c == 0) {
            this->expect_pop();
            popped_.store(true, release);
            this->request(1);
        } else {
            while (!popped_.load(acquire)) yield();
            this->expect_pop();
            this->expect_pop();
        }
    }
    flag popped_{false};

public:
    leaving_grants() {
        this->request(2);
        for (int i = 0; i < 2; ++i) check(this->try_push() == status::success, "there is room and credit");
    }
};

/// Closing amid requests: who waits for credit hears of it, and what was accepted arrives.
template <class Ring>
class closing_requests : public pull_scenario<Ring, 1, 1, 1> {
    void produce(unsigned) override {
        for (int i = 0; i < 2; ++i) {
            const status answer = this->push();
            check(answer == status::success || answer == status::closed, "push waits until it has an answer");
        }
    }
    void consume(unsigned) override {
        this->request(1);
        if (this->pop() == status::closed) check(this->ring.is_closed(), "closed is said of a closed ring");
    }
    void other() override { this->ring.close(); }
};

/// Two rings, and each thread asks one for what the other thread looks for there: not both may miss it.
template <class Ring>
class asking_across : public scenario {
    Ring a{1, weir::start_at{254}}, b{1, weir::start_at{254}};
    bool missed_[2] = {};

    void thread(unsigned index) override {
        (index == 0 ? a : b).request(1);
        missed_[index] = (index == 0 ? b : a).try_push(element(1)) == status::no_credit;
    }
    void after() override { check(!missed_[0] || !missed_[1], "one finds what the other one asked for"); }
};

}  // namespace model
