// SPDX-License-Identifier: MIT
//
// credit_gate, its shares and its lock under the model checker.
#define WEIR_ATOMIC_HEADER "model_atomic.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

#include "model.hpp"
#include "weir/credit_gate.hpp"
#include "weir/detail/await/acquiring.hpp"

namespace {

using namespace model;
using weir::credit_gate;
using weir::credit_permit;
using weir::status;
using flag = weir::detail::atomic<bool>;
constexpr auto acquire = weir::detail::acquire;
constexpr auto release = weir::detail::release;

/// A deadline that passes at any time.
constexpr auto some_time = credit_gate::time_point::max() - std::chrono::hours(1);

/// A gate, the books on who holds what, and memory that belongs to whoever holds every credit. The books are not
/// modelled: only what threads of the model could know for sure is checked against them.
template <std::size_t Capacity>
class gate_scenario : public scenario {
public:
    void after() override {
        check(held_ == 0, "all was given back");
        check(gate.in_use() == 0 && gate.credits() == Capacity, "what was given back is free");
        if (floating() == 0) return;
        credit_permit all;
        const status answer = gate.try_acquire(all, floating());
        check(answer == (gate.is_closed() ? status::closed : status::success), "an idle gate grants its capacity");
        if (answer == status::success) check(gate.credits() == Capacity - floating(), "and then no more");
    }

protected:
    virtual std::size_t floating() const { return Capacity; }

    void got(const credit_permit& permit, std::size_t n) {
        check(permit.size() == n, "a permit is for as much as was asked for");
        held_ += n;
        check(held_ <= Capacity, "no more is held than the capacity");
        if (n == Capacity) touch(&everything_, access::write);
        look();
    }
    void drop(credit_permit permit) {
        held_ -= permit.size();
        permit.give_back();
    }
    void look() const {
        check(gate.in_use() <= Capacity && gate.credits() <= Capacity, "credits are never negative, nor too many");
    }

    status take(auto& source, std::size_t n) {
        credit_permit permit;
        const status answer = source.try_acquire(permit, n);
        check(answer == status::success ? permit.size() == n : !permit, "refused is without effect");
        if (answer == status::success) got(permit, n), drop(std::move(permit));
        return answer;
    }
    status wait(auto& source, std::size_t n) {
        credit_permit permit;
        const status answer = source.acquire(permit, n);
        if (answer == status::success) got(permit, n), drop(std::move(permit));
        return answer;
    }
    status wait_a_while(auto& source, std::size_t n) {
        credit_permit permit;
        const status answer = source.acquire_until(permit, n, some_time);
        check(answer == status::success || !permit, "who gave up has nothing");
        if (answer == status::success) got(permit, n), drop(std::move(permit));
        return answer;
    }

    credit_gate gate{Capacity};

private:
    std::size_t held_ = 0;
    element everything_;
};

/// The lock alone.
class locking : public scenario {
    void thread(unsigned) override {
        for (int i = 0; i < 2; ++i) {
            lock_.lock();
            touch(&guarded_, access::write);
            lock_.unlock();
        }
    }
    weir::detail::futex_lock lock_;
    element guarded_;
};

template <std::size_t Capacity>
class trying : public gate_scenario<Capacity> {
    void thread(unsigned index) override {
        for (const std::size_t n : {Capacity, Capacity - index % 2, Capacity}) {
            if (n == 0) continue;
            const status answer = this->take(this->gate, n);
            check(answer == status::success || answer == status::no_credit, "open: success or no credit");
        }
    }
};

/// Each waits for its turns. Who sleeps on is a deadlock.
template <std::size_t Capacity, std::size_t First, std::size_t Others, int Turns>
class waiting : public gate_scenario<Capacity> {
    void thread(unsigned index) override {
        for (int i = 0; i < Turns; ++i) {
            check(this->wait(this->gate, index == 0 ? First : Others) == status::success, "open: acquire succeeds");
        }
    }
};

/// In parts: what is given back early serves somebody.
class parts : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index > 0) return check(wait(gate, 1) == status::success, "open: acquire succeeds");
        credit_permit permit;
        check(gate.acquire(permit, 2) == status::success, "open: acquire succeeds");
        got(permit, 2);
        drop(permit.split(1));
        look();
        drop(std::move(permit));
    }
};

/// Who wants 2 of 2 while 1 is out waits; who came later and wants the 1 that is free neither takes it nor gets it
/// before.
class in_turn : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index == 0) return drop(std::move(out_));
        if (index == 1) {
            credit_permit both;
            check(gate.acquire(both, 2) == status::success, "open: acquire succeeds");
            got(both, 2);
            had_ = true;
            return drop(std::move(both));
        }
        if (take(gate, 1) == status::success) return;  // nobody waited yet, or any more
        check(wait(gate, 1) == status::success, "open: acquire succeeds");
        check(had_, "who waits is not overtaken");
    }
    credit_permit out_ = *gate.try_acquire(1);
    bool had_ = false;

public:
    in_turn() { got(out_, 1); }
};

/// Who waits may give up, and comes back to wait for good: nobody may miss a wake-up for that.
template <std::size_t Capacity, std::size_t First, std::size_t Others>
class giving_up : public gate_scenario<Capacity> {
    void thread(unsigned index) override {
        const std::size_t n = index == 0 ? First : Others;
        const status answer = this->wait_a_while(this->gate, n);
        check(answer == status::success || answer == status::timeout, "open: success or timeout");
        if (answer == status::timeout) check(this->wait(this->gate, n) == status::success, "open: acquire succeeds");
    }
};

/// One waits for what never comes, and gives up: then whoever stands behind is served.
class passing_on : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index == 0) return check(wait_a_while(gate, 2) == status::timeout, "what never comes is not had");
        check(wait(gate, 1) == status::success, "who gives up passes the turn on");
    }
    void after() override {
        drop(std::move(out_));
        gate_scenario::after();
    }
    credit_permit out_ = *gate.try_acquire(1);

public:
    passing_on() { got(out_, 1); }
};

/// Closing amid it all: nobody sleeps on, permits are given back as ever, and closed is for ever.
template <std::size_t Capacity>
class closing : public gate_scenario<Capacity> {
    void thread(unsigned index) override {
        if (index == 2) {
            touch(&news_, access::write);
            this->gate.close();
            return check(this->gate.is_closed(), "who closed sees it closed");
        }
        for (int i = 0; i < 2; ++i) {
            const status answer = this->wait(this->gate, Capacity);
            check(answer == status::success || answer == status::closed, "acquire waits until it has an answer");
            if (answer != status::closed) continue;
            (void)news_.number();  // who hears of it knows what the closing thread did before
            return check(this->take(this->gate, 1) == status::closed, "closed once, closed for ever");
        }
        if (this->gate.is_closed()) (void)news_.number();
    }
    element news_;
};

/// Who waits for what never comes is told when it is closed.
template <bool OfAShare>
class closing_on_a_waiter : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index == 1) {
            check((OfAShare ? wait(share_, 2) : wait(gate, 1)) == status::closed, "who waits is told");
            return check((OfAShare ? take(share_, 2) : take(gate, 1)) == status::closed,
                         "closed once, closed for ever");
        }
        gate.close();
        check(take(share_, 1) == status::closed && take(gate, 1) == status::closed, "when it is closed, all of it is");
    }
    void after() override { drop(std::move(out_)); }
    std::size_t floating() const override { return 1; }
    credit_gate::share share_{gate, 1};
    credit_permit out_ = *gate.try_acquire(1);

public:
    closing_on_a_waiter() { got(out_, 1); }
};

/// Waiters that are asked to stop, stop; and nobody else is disturbed.
template <bool Both>
class stopping : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index == 0) {
            stop_.store(true, release);
            return gate.wake_all();
        }
        if (index == 2 && !Both) return check(wait(gate, 1) == status::success, "others get what they wait for");
        credit_permit permit;
        const status answer = gate.acquire_unless(permit, 2, [this]() noexcept { return stop_.load(acquire); });
        check(answer == status::no_credit && !permit, "who is stopped has nothing");
    }
    void after() override {
        drop(std::move(out_));
        gate_scenario::after();
    }
    flag stop_{false};
    credit_permit out_ = *gate.try_acquire(1);

public:
    stopping() { got(out_, 1); }
};

// ---- shares
// ------------------------------------------------------------------------------------------------------------

/// One takes all it can get, the other is never refused what is its own.
class greedy : public gate_scenario<3> {
    void thread(unsigned index) override {
        if (index == 0) {
            for (const std::size_t n : {2U, 2U}) (void)take(hungry_, n);
            check(take(hungry_, 1) == status::success, "its own is its own");
        } else if (index == 1) {
            check(take(modest_, 1) == status::success, "what is guaranteed is there");
            (void)take(modest_, 2);
        } else {
            (void)take(gate, 1);
        }
        check(hungry_.in_use() <= 2 && modest_.in_use() <= 2, "nobody holds what is guaranteed to another");
    }
    std::size_t floating() const override { return 1; }
    credit_gate::share hungry_{gate, 1};
    credit_gate::share modest_{gate, 1};
};

/// Threads of one share, and one without, wait for each other.
template <std::size_t Capacity, std::size_t Guaranteed, std::size_t First, std::size_t Second, int Turns>
class sharing : public gate_scenario<Capacity> {
    void thread(unsigned index) override {
        for (int i = 0; i < Turns; ++i) {
            const status answer = index < 2 ? this->wait(share_, index == 0 ? First : Second)
                                            : this->wait(this->gate, Capacity - Guaranteed);
            check(answer == status::success, "open: acquire succeeds");
        }
    }
    void after() override {
        check(share_.in_use() == 0, "all of the share was given back");
        check(this->take(share_, Capacity) == status::success, "and it may have all");
        gate_scenario<Capacity>::after();
    }
    std::size_t floating() const override { return Capacity - Guaranteed; }
    credit_gate::share share_{this->gate, Guaranteed};
};

/// A share without a guarantee, and the gate itself: what one did with the credits the other sees.
class sharing_with_the_gate : public gate_scenario<1> {
    void thread(unsigned index) override {
        for (int i = 0; i < 2; ++i) {
            check((index == 0 ? wait(share_, 1) : wait(gate, 1)) == status::success, "open: acquire succeeds");
        }
    }
    credit_gate::share share_{gate, 0};
};

/// A share and a third thread give up, and come back.
class sharing_and_giving_up : public gate_scenario<2> {
    void thread(unsigned index) override {
        const auto both = [&](auto& source, std::size_t n) {
            if (wait_a_while(source, n) == status::timeout) {
                check(wait(source, n) == status::success, "open: acquire succeeds");
            }
        };
        if (index == 2) {
            both(gate, 1);
        } else {
            both(share_, 1 + index);
        }
    }
    std::size_t floating() const override { return 1; }
    credit_gate::share share_{gate, 1};
};

/// One waits for the pool, which is dry, and one behind him for what is guaranteed and comes back: that one goes first.
class own_credit_comes_back : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index == 0) return check(wait(gate, 1) == status::success, "served in the end");
        if (index == 1) {
            check(wait(share_, 1) == status::success, "what is guaranteed waits for nobody else's");
            return done_.store(true, release);
        }
        drop(std::move(own_));
        while (!done_.load(acquire)) yield();
        drop(std::move(floating_));
    }
    std::size_t floating() const override { return 1; }
    flag done_{false};
    credit_gate::share share_{gate, 1};
    credit_permit own_ = *share_.try_acquire(1);
    credit_permit floating_ = *gate.try_acquire(1);

public:
    own_credit_comes_back() {
        got(own_, 1);
        got(floating_, 1);
    }
};

/// As in_turn, between the gate and a share: the pool has one queue.
template <bool ShareFirst>
class in_turn_at_the_pool : public gate_scenario<2> {
    status wait_at(bool share, std::size_t n) { return share ? wait(share_, n) : wait(gate, n); }

    void thread(unsigned index) override {
        if (index == 0) return drop(std::move(out_));
        if (index == 1) {
            credit_permit both;
            const status answer = ShareFirst ? share_.acquire(both, 2) : gate.acquire(both, 2);
            check(answer == status::success, "open: acquire succeeds");
            got(both, 2);
            had_ = true;
            return drop(std::move(both));
        }
        if ((ShareFirst ? take(gate, 1) : take(share_, 1)) == status::success) return;
        check(wait_at(!ShareFirst, 1) == status::success, "open: acquire succeeds");
        check(had_, "who waits is not overtaken");
    }
    credit_gate::share share_{gate, 0};
    credit_permit out_ = *gate.try_acquire(1);
    bool had_ = false;

public:
    in_turn_at_the_pool() { got(out_, 1); }
};

/// As in_turn, in a share: who wants 2 is not overtaken by who wants 1 of the same share.
class in_turn_in_a_share : public gate_scenario<2> {
    void thread(unsigned index) override {
        if (index == 0) return drop(std::move(out_));
        if (index == 1) {
            credit_permit both;
            check(share_.acquire(both, 2) == status::success, "open: acquire succeeds");
            got(both, 2);
            had_ = true;
            return drop(std::move(both));
        }
        if (take(share_, 1) == status::success) return;
        check(wait(share_, 1) == status::success, "open: acquire succeeds");
        check(had_, "who waits is not overtaken");
    }
    std::size_t floating() const override { return 1; }
    credit_gate::share share_{gate, 1};
    credit_permit out_ = *gate.try_acquire(1);
    bool had_ = false;

public:
    in_turn_in_a_share() { got(out_, 1); }
};

/// As closing, from shares: each hears of it.
class closing_shares : public gate_scenario<1> {
    void thread(unsigned index) override {
        if (index == 2) {
            touch(&news_, access::write);
            return gate.close();
        }
        credit_gate::share& mine = index == 0 ? guaranteed_ : borrows_;
        for (int i = 0; i < 2; ++i) {
            const status answer = wait(mine, 1);
            if (answer == status::success) continue;
            check(answer == status::closed, "acquire waits until it has an answer");
            (void)news_.number();
            return;
        }
    }
    void after() override { check(gate.in_use() == 0, "all was given back"); }
    credit_gate::share borrows_{gate, 0};
    credit_gate::share guaranteed_{gate, 0};
    element news_;
};

/// The gate is made smaller while all its credits are in use, and a thread waits for one of those that are left: what comes back pays
/// for that first.
class shrinks : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return gate_.shrink(1);
        if (index == 1) {
            permit_.give_back(1);
            return permit_.give_back();
        }
        credit_permit mine;
        const status answer = gate_.acquire(mine, 1);
        check(answer == status::success, "one is left");
    }
    void after() override {
        check(gate_.capacity() == 1 && gate_.in_use() == 0 && gate_.credits() == 1, "it is smaller");
        const auto one = gate_.try_acquire(1);
        check(one.has_value() && !gate_.try_acquire(1), "and grants what it has");
    }
    credit_gate gate_{2};
    credit_permit permit_ = *gate_.try_acquire(2);
};

/// It is made smaller twice and larger once while what is in use comes back, and a thread waits.
class resizes : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            gate_.shrink(1);
            return gate_.shrink(1);
        }
        if (index == 1) {
            permit_.give_back(1);
            gate_.grow(1);
            return permit_.give_back();
        }
        credit_permit mine;
        check(gate_.acquire(mine, 1) == status::success, "some are left");
    }
    void after() override {
        check(gate_.capacity() == 2 && gate_.in_use() == 0 && gate_.credits() == 2, "it has what it was given");
        const auto both = gate_.try_acquire(2);
        check(both.has_value() && !gate_.try_acquire(1), "and grants that");
    }
    credit_gate gate_{3};
    credit_permit permit_ = *gate_.try_acquire(3);
};

/// Credits whose holder died come back by forget() while the gate is made smaller, and a thread waits.
class forgets : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return gate_.forget(2);
        if (index == 1) return gate_.shrink(1);
        credit_permit mine;
        check(gate_.acquire(mine, 1) == status::success, "what is forgotten is free");
    }
    void after() override {
        check(gate_.capacity() == 1 && gate_.in_use() == 0 && gate_.credits() == 1, "it is smaller");
        const auto one = gate_.try_acquire(1);
        check(one.has_value() && !gate_.try_acquire(1), "and grants what it has");
    }
    credit_gate gate_{2};

public:
    forgets() {
        credit_permit of_the_dead = *gate_.try_acquire(2);
        (void)of_the_dead.forget();
    }
};

/// A pool that owes lends nothing to a share, but what is guaranteed to the share is there.
class shrinks_beside_a_share : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return gate_.shrink(1);
        if (index == 1) {
            permit_.give_back(1);
            return permit_.give_back();
        }
        credit_permit own = *share_.try_acquire(1);
        credit_permit borrowed;
        check(share_.acquire(borrowed, 1) == status::success, "one is left to borrow");
    }
    void after() override {
        check(gate_.capacity() == 2 && gate_.in_use() == 0 && share_.in_use() == 0, "it is smaller");
        {
            const auto all = share_.try_acquire(2);
            check(all.has_value() && !share_.try_acquire(1) && !gate_.try_acquire(1), "and grants what it has");
        }
        check(gate_.try_acquire(1).has_value(), "also to others");
    }
    credit_gate gate_{3};
    credit_gate::share share_{gate_, 1};
    credit_permit permit_ = *gate_.try_acquire(2);
};

/// A request for more than is left for ever is answered, and does not hold up the one behind it.
class shrinks_below_a_request : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            gate_.shrink(1);
            return permit_.give_back();
        }
        credit_permit mine;
        if (index == 1) {
            // As acquire() does once it has found that 2 are possible.
            auto& pool = weir::detail::gate_access::pool(gate_);
            const auto never = []() noexcept { return false; };
            const status answer = pool.wait(nullptr, 2, never, weir::detail::forever);
            if (answer == status::success) return pool.give(nullptr, 2);
            check(answer == status::too_large, "granted before, or refused");
        } else {
            check(gate_.acquire(mine, 1) == status::success, "one is left");
        }
    }
    void after() override { check(gate_.in_use() == 0 && gate_.credits() == 1, "it is smaller"); }
    credit_gate gate_{2};
    credit_permit permit_ = *gate_.try_acquire(1);
};

/// A gate that owes is closed: a request that waits hears of it.
class closes_while_it_owes : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return gate_.close();
        credit_permit mine;
        check(gate_.acquire(mine, 1) == status::closed, "closed before enough came back");
    }
    credit_gate gate_{3};
    credit_permit permit_ = *gate_.try_acquire(3);

public:
    closes_while_it_owes() { gate_.shrink(1); }
};

/// A thread waits until the gate grows, while it pays what it owes.
class grows : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return gate_.grow(2);
        credit_permit mine;
        if (index == 1) {
            check(gate_.acquire(mine, 1) == status::success, "it is woken by what is added");
        } else {
            mine = std::move(permit_);
        }
    }
    void after() override {
        check(gate_.capacity() == 3 && gate_.in_use() == 0, "it is larger");
        check(gate_.try_acquire(3).has_value(), "and grants what it has");
    }
    credit_gate gate_{2};
    credit_permit permit_ = *gate_.try_acquire(2);

public:
    grows() { gate_.shrink(1); }
};

/// A thread that gets what another one has added sees what that one did before.
class grows_with_news : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            news_ = element(5);
            return gate_.grow(1);
        }
        credit_permit mine;
        while (gate_.try_acquire(mine, 1) != status::success) yield();
        check(news_.number() == 5, "what the growing thread did happens before");
    }
    credit_gate gate_{1};
    credit_permit permit_ = *gate_.try_acquire(1);
    element news_;
};

/// Nothing but the growing serves the thread that waits.
class grows_for_a_waiter : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return gate_.grow(1);
        credit_permit mine;
        check(gate_.acquire(mine, 1) == status::success, "what is added is handed out");
    }
    void after() override { check(gate_.capacity() == 2 && gate_.in_use() == 1, "the other one is still in use"); }
    credit_gate gate_{1};
    credit_permit permit_ = *gate_.try_acquire(1);
};

/// The last one that waits gives up while the gate owes: what comes back then still pays for that.
class gives_up_while_it_owes : public scenario {
    void thread(unsigned) override {
        credit_permit mine;
        check(gate_.acquire_until(mine, 1, some_time) == status::timeout, "nothing comes back");
    }
    void after() override {
        permit_.give_back(1);
        check(!gate_.try_acquire(1), "what comes back first is paid");
        permit_.give_back();
        const auto one = gate_.try_acquire(1);
        check(one.has_value() && !gate_.try_acquire(1), "and the gate grants what it has");
    }
    credit_gate gate_{2};
    credit_permit permit_ = *gate_.try_acquire(2);

public:
    gives_up_while_it_owes() { gate_.shrink(1); }
};

constexpr entry scenarios[] = {
    {"shrinks", 3, 1, 60'000, make<shrinks>},
    {"shrinks_below_a_request", 3, 0, 60'000, make<shrinks_below_a_request>},
    {"closes_while_it_owes", 2, 1, 20'000, make<closes_while_it_owes>},
    {"grows", 3, 1, 60'000, make<grows>},
    {"grows_with_news", 2, 1, 20'000, make<grows_with_news>},
    {"grows_for_a_waiter", 2, 1, 20'000, make<grows_for_a_waiter>},
    {"gives_up_while_it_owes", 2, 1, 20'000, make<gives_up_while_it_owes>},
    {"resizes", 3, 0, 60'000, make<resizes>},
    {"forgets", 3, 0, 40'000, make<forgets>},
    {"shrinks_beside_a_share", 3, 0, 60'000, make<shrinks_beside_a_share>},
    {"lock", 3, 3, 50'000, make<locking>},
    {"try", 2, 4, 50'000, make<trying<1>>},
    {"try_3", 3, 2, 50'000, make<trying<2>>},
    {"wait", 2, 2, 50'000, make<waiting<1, 1, 1, 2>>},
    {"wait_3", 3, 2, 100'000, make<waiting<1, 1, 1, 1>>},
    {"wait_weighted", 3, 2, 100'000, make<waiting<2, 2, 1, 1>>},
    {"parts", 3, 2, 50'000, make<parts>},
    {"in_turn", 3, 2, 100'000, make<in_turn>},
    {"give_up", 2, 2, 50'000, make<giving_up<1, 1, 1>>},
    {"give_up_weighted", 3, 0, 100'000, make<giving_up<2, 2, 1>>},
    {"pass_on", 2, 0, 50'000, make<passing_on>},
    {"close", 3, 2, 100'000, make<closing<1>>},
    {"close_on_a_waiter", 2, 4, 50'000, make<closing_on_a_waiter<false>>},
    {"close_on_a_waiter_of_a_share", 2, 4, 50'000, make<closing_on_a_waiter<true>>},
    {"stop", 3, 2, 100'000, make<stopping<false>>},
    {"stop_both", 3, 1, 50'000, make<stopping<true>>},
    {"greedy", 3, 1, 50'000, make<greedy>},
    {"share", 2, 1, 50'000, make<sharing<1, 1, 1, 1, 2>>},
    {"share_borrows", 2, 1, 50'000, make<sharing<1, 0, 1, 1, 2>>},
    {"share_borrows_weighted", 3, 1, 100'000, make<sharing<2, 1, 2, 1, 1>>},
    {"share_gives_up", 3, 1, 100'000, make<sharing_and_giving_up>},
    {"own_credit_comes_back", 3, 2, 100'000, make<own_credit_comes_back>},
    {"share_and_gate", 2, 1, 50'000, make<sharing_with_the_gate>},
    {"in_turn_share_first", 3, 1, 100'000, make<in_turn_at_the_pool<true>>},
    {"in_turn_gate_first", 3, 1, 100'000, make<in_turn_at_the_pool<false>>},
    {"in_turn_in_a_share", 3, 2, 100'000, make<in_turn_in_a_share>},
    {"close_shares", 3, 1, 100'000, make<closing_shares>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
