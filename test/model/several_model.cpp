// SPDX-License-Identifier: MIT
//
// Threads that wait for several items or slots at once, on every ring, under the model checker. A thread that sleeps on is
// a deadlock.
#include "pull_scenarios.hpp"
#include "scenarios.hpp"

namespace {

using namespace model;
using weir::wait::event;
using weir::wait::park;
using event_seq_cst = weir::wait::eventing<weir::fence::seq_cst>;
using park_seq_cst = weir::wait::parking<weir::fence::seq_cst>;

template <class Wait>
using spsc = weir::spsc_ring<element, Wait, weir::stats::off, weir::storage::heap, std::uint8_t>;
template <class Wait>
using mpmc = weir::mpmc_ring<element, Wait, weir::stats::off, weir::storage::heap, std::uint8_t>;
template <class Wait>
using strict =
    weir::strict_mpmc_ring<element, Wait, weir::stats::off, weir::storage::heap, std::uint16_t, weir::max_threads<3>>;
template <class Wait>
using pull_spsc = weir::pull::spsc_ring<element, Wait, weir::stats::off, weir::storage::heap, std::uint8_t>;
template <class Wait>
using pull_mpmc = weir::pull::mpmc_ring<element, Wait, weir::stats::off, weir::storage::heap, std::uint8_t>;

void expect_success(status answer) { check(answer == status::success, "open: success"); }

/// A consumer needs several at once, and producers bring them one by one.
template <class Ring, unsigned N, unsigned P = 1, unsigned Rounds = 2>
class items : public ring_scenario<Ring, N, P, 1> {
    static_assert(N * Rounds % P == 0);
    void produce(unsigned p) override {
        for (unsigned i = 0; i < N * Rounds / P; ++i) expect_success(this->push(p));
    }
    void consume(unsigned c) override {
        for (unsigned round = 0; round < Rounds; ++round) {
            expect_success(this->ring.wait_for_items(N));
            check(this->ring.size_approx() == N, "as many are there as were waited for");
            for (unsigned i = 0; i < N; ++i) expect_success(this->pop(c));
        }
    }
};

/// A producer needs several slots at once, and consumers free them one by one.
template <class Ring, unsigned N, unsigned C = 1, unsigned Rounds = 2>
class slots : public ring_scenario<Ring, N, 1, C> {
    static_assert(N * Rounds % C == 0);
    void produce(unsigned p) override {
        for (unsigned round = 0; round < Rounds; ++round) {
            expect_success(this->ring.wait_for_slots(N));
            check(this->ring.credits() == N, "as many are free as were waited for");
            for (unsigned i = 0; round + 1 < Rounds && i < N; ++i) expect_success(this->push(p));
        }
    }
    void consume(unsigned c) override {
        for (unsigned i = 0; i < N * Rounds / C; ++i) expect_success(this->pop(c));
    }

public:
    slots() {
        for (unsigned i = 0; i < N; ++i) expect_success(this->try_push(0));
    }
};

/// Two consumers need different numbers, and take nothing. Each hears of its own, whoever announces first: only the one
/// that needs fewer brings the last item.
template <class Ring>
class different : public ring_scenario<Ring, 3, 2, 2> {
    void thread(unsigned index) override {
        if (index == 0) {
            time_.pass(30);
            for (int i = 0; i < 2; ++i) expect_success(this->push(0));
        } else if (index == 1) {
            expect_success(this->ring.wait_for_items(2));
            expect_success(this->push(1));
        } else {
            expect_success(this->ring.wait_for_items(3));
        }
    }
    void produce(unsigned) override {}
    void consume(unsigned) override {}
    pastime time_;
};

/// One waits for an item and takes it, beside one that waits for two.
template <class Ring>
class beside_one : public ring_scenario<Ring, 3, 1, 2> {
    void produce(unsigned p) override {
        time_.pass(30);
        for (unsigned i = 0; i < 3; ++i) expect_success(this->push(p));
    }
    void consume(unsigned c) override { expect_success(c == 0 ? this->pop(c) : this->ring.wait_for_items(2)); }
    pastime time_;
};

/// One that needs fewer may give up and leave: the other one hears of its number all the same.
template <class Ring>
class leaves : public ring_scenario<Ring, 2, 1, 2> {
    using time = typename Ring::time_point;
    void produce(unsigned p) override {
        for (unsigned i = 0; i < 2; ++i) expect_success(this->push(p));
    }
    void consume(unsigned c) override {
        if (c == 1) return expect_success(this->ring.wait_for_items(2));
        const status answer = this->ring.wait_for_items_until(1, time::max() - std::chrono::hours(1));
        check(answer == status::success || answer == status::timeout, "open: success or timeout");
    }
};

/// Closing while one side waits for several and the other one brings them.
template <class Ring, bool OfConsumer>
class closes : public ring_scenario<Ring, 2, 1, 1> {
    void produce(unsigned p) override {
        if (OfConsumer) {
            while (this->accepted_of(p) < 2 && this->push(p) == status::success) continue;
        } else {
            const status answer = this->ring.wait_for_slots(2);
            check(answer == status::success || answer == status::closed, "waits until it has an answer");
            check(answer != status::closed || this->ring.is_closed(), "closed is said of a closed ring");
        }
    }
    void consume(unsigned c) override {
        const status answer = OfConsumer ? this->ring.wait_for_items(2) : status::value(status::success);
        check(answer == status::success || answer == status::closed, "waits until it has an answer");
        check(answer != status::closed || this->ring.is_closed(), "closed is said of a closed ring");
        int popped = 0;
        while (popped < 2 && this->pop(c) == status::success) ++popped;
        if (answer == status::success) check(popped == 2, "what was waited for is there");
        if (answer == status::closed && Ring::has_many_producers) check(popped < 2, "closed: fewer ever come");
    }
    void other() override { this->ring.close(); }

public:
    closes() {
        for (int i = 0; !OfConsumer && i < 2; ++i) expect_success(this->try_push(0));
    }
};

/// A producer needs credit for two: a pop makes room, and a request brings credit, from the same consumer or another one.
template <class Ring, unsigned C = 1>
class credit : public pull_scenario<Ring, 2, 1, C> {
    void produce(unsigned) override {
        expect_success(this->ring.wait_for_slots(2));
        check(this->ring.credits() == 2, "as much credit is there as was waited for");
    }
    void consume(unsigned c) override {
        if (c == 0) {
            expect_success(this->pop());
            expect_success(this->pop());
        }
        if (c == C - 1) {
            this->request(1);
            this->request(1);
        }
    }

public:
    credit() {
        this->request(2);
        for (int i = 0; i < 2; ++i) expect_success(this->try_push());
    }
};

/// The last of what a consumer waits for is pushed, and the ring closed, while it looks.
template <class Ring>
class then_closes : public ring_scenario<Ring, 2, 1, 1> {
    void produce(unsigned p) override {
        for (int i = 0; i < 2; ++i) expect_success(this->push(p));
        this->ring.close();
    }
    void consume(unsigned) override { expect_success(this->ring.wait_for_items(2)); }
};

/// A consumer holds a grant back, since it knows of an item, and then needs two: the producer must hear of the grant.
template <class Ring>
class held_back : public pull_scenario<Ring, 3, 1, 1, 2> {
    void produce(unsigned) override { expect_success(this->push()); }
    void consume(unsigned) override {
        this->request(1);
        expect_success(this->ring.wait_for_items(2));
    }

public:
    held_back() {
        this->request(2);
        for (int i = 0; i < 2; ++i) expect_success(this->try_push());
        expect_success(this->pop());
    }
};

constexpr entry scenarios[] = {
    {"items", 2, 1, 100'000, make<items<spsc<park>, 2>>},
    {"items_seq_cst", 2, 1, 50'000, make<items<spsc<park_seq_cst>, 2>>},
    {"items_mpmc", 3, 0, 100'000, make<items<mpmc<park>, 2, 2, 1>>},
    {"items_mpmc_seq_cst", 3, 0, 100'000, make<items<mpmc<park_seq_cst>, 2, 2, 1>>},
    {"items_strict", 3, 0, 50'000, make<items<strict<park>, 2, 2, 1>>},
    {"items_event", 2, 0, 30'000, make<items<spsc<event>, 2>>},
    {"one_item_event", 2, 0, 30'000, make<items<spsc<event>, 1>>},
    {"items_event_seq_cst", 2, 0, 30'000, make<items<spsc<event_seq_cst>, 2>>},
    {"items_event_mpmc", 3, 0, 30'000, make<items<mpmc<event>, 2, 2, 1>>},
    {"slots", 2, 1, 100'000, make<slots<spsc<park>, 2>>},
    {"slots_mpmc", 3, 0, 100'000, make<slots<mpmc<park>, 2, 2>>},
    {"slots_mpmc_seq_cst", 3, 0, 50'000, make<slots<mpmc<park_seq_cst>, 2, 2>>},
    {"slots_strict", 3, 0, 50'000, make<slots<strict<park>, 2, 2, 1>>},
    {"slots_event", 2, 0, 30'000, make<slots<spsc<event>, 2>>},
    {"different", 3, 0, 100'000, make<different<mpmc<park>>>},
    {"different_seq_cst", 3, 0, 50'000, make<different<mpmc<park_seq_cst>>>},
    {"different_strict", 3, 0, 50'000, make<different<strict<park>>>},
    {"beside_one", 3, 0, 100'000, make<beside_one<mpmc<park>>>},
    {"beside_one_event", 3, 0, 30'000, make<beside_one<mpmc<event>>>},
    {"leaves", 3, 0, 100'000, make<leaves<mpmc<park>>>},
    {"close_items", 3, 0, 100'000, make<closes<spsc<park>, true>>},
    {"close_items_mpmc", 3, 0, 100'000, make<closes<mpmc<park>, true>>},
    {"close_items_event", 3, 0, 30'000, make<closes<mpmc<event>, true>>},
    {"close_slots", 3, 0, 100'000, make<closes<spsc<park>, false>>},
    {"close_slots_strict", 3, 0, 50'000, make<closes<strict<park>, false>>},
    {"then_closes", 2, 1, 50'000, make<then_closes<spsc<park>>>},
    {"then_closes_mpmc", 2, 1, 50'000, make<then_closes<mpmc<park>>>},
    {"then_closes_strict", 2, 1, 30'000, make<then_closes<strict<park>>>},
    {"held_back", 2, 0, 30'000, make<held_back<pull_spsc<park>>>},
    {"held_back_mpmc", 2, 0, 30'000, make<held_back<pull_mpmc<park>>>},
    {"credit", 2, 0, 60'000, make<credit<pull_spsc<park>>>},
    {"credit_mpmc", 3, 0, 100'000, make<credit<pull_mpmc<park>, 2>>},
    {"credit_mpmc_seq_cst", 3, 0, 60'000, make<credit<pull_mpmc<park_seq_cst>, 2>>},
    {"credit_event_mpmc", 3, 0, 40'000, make<credit<pull_mpmc<event>, 2>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
