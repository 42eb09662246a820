// SPDX-License-Identifier: MIT
//
// select() under the model checker: one thread at two rings, beside others that wait at one of them. A thread that sleeps on is a
// deadlock.
#include "scenarios.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/message_ring.hpp"
#include "weir/pull.hpp"
#include "weir/select.hpp"

namespace {

using namespace model;
using weir::by_priority;
using weir::items_of;
using weir::room_in;
using weir::selected;
using weir::selection;
using weir::wait::event;
using weir::wait::park;
using park_seq_cst = weir::wait::parking<weir::fence::seq_cst>;
using time_point = std::chrono::steady_clock::time_point;

template <class Wait>
using spsc = weir::spsc_ring<element, Wait, std::uint8_t>;
template <class Wait>
using mpmc = weir::mpmc_ring<element, Wait, std::uint8_t>;
template <class Wait>
using strict = weir::strict_mpmc_ring<element, Wait, std::uint16_t, weir::max_threads<3>>;
template <class Wait>
using pull_spsc = weir::pull::spsc_ring<element, Wait, std::uint8_t>;

time_point some_time() { return time_point::max() - std::chrono::hours(1); }
void expect_success(status answer) { check(answer == status::success, "open: success"); }
void expect_ready(const selected& found) { check(found && !found.is_closed(), "open: an end is ready"); }

/// Pops until a pop has taken something, as a loop of select() would go on.
template <class Ring>
bool try_take(Ring& ring) {
    element out;
    return ring.try_pop(out) == status::success;
}

template <class A, class B>
class two_rings : public scenario {
protected:
    A a_{2, weir::start_at{254}};
    B b_{2, weir::start_at{254}};

public:
    void after() override {
        while (try_take(a_)) continue;
        while (try_take(b_)) continue;
        expect_nobody(a_);
        expect_nobody(b_);
    }

private:
    template <class Ring>
    static void expect_nobody(Ring& ring) {
        auto& part = weir::detail::select_access::part_of(ring);
        if constexpr (requires { part.lot_of_items().arrive(); }) {
            check(!part.lot_of_items().notify(1) && !part.lot_of_room().notify(1),
                  "a thread that has left is not woken");
        }
    }
};

/// A thread takes everything from two rings, each filled by a thread of its own.
template <class A, class B, int Items, bool ByPriority>
class taking_from_both : public two_rings<A, B> {
    void thread(unsigned index) override {
        if (index == 0) {
            for (int i = 0; i < Items; ++i) expect_success(this->a_.push(element(i)));
        } else if (index == 1) {
            for (int i = 0; i < Items; ++i) expect_success(this->b_.push(element(i)));
        } else {
            selection feeds = ByPriority ? selection(by_priority) : selection();
            std::array<int, 2> taken{};
            while (taken[0] + taken[1] < 2 * Items) {
                const selected found = weir::select(feeds, items_of(this->a_), items_of(this->b_));
                expect_ready(found);
                if (found.index() == 0 ? try_take(this->a_) : try_take(this->b_)) ++taken[found.index()];
            }
        }
    }
};

/// The same with handlers.
template <class A, class B, int Items>
class handling_both : public two_rings<A, B> {
    void thread(unsigned index) override {
        if (index == 0) {
            for (int i = 0; i < Items; ++i) expect_success(this->a_.push(element(i)));
            this->a_.close();
        } else if (index == 1) {
            for (int i = 0; i < Items; ++i) expect_success(this->b_.push(element(i)));
            this->b_.close();
        } else {
            std::array<int, 2> taken{};
            const auto from = [&taken](std::size_t ring) {
                return [&taken, ring](element&& item) { check(item.number() == taken[ring]++, "in order"); };
            };
            selection feeds;
            for (;;) {
                const selected found =
                    weir::select(feeds, weir::on(items_of(this->a_), from(0)), weir::on(items_of(this->b_), from(1)));
                if (!found) {
                    check(found.is_closed(), "without a deadline it ends when all are closed");
                    break;
                }
            }
            check(taken[0] == Items && taken[1] == Items, "closed is said when everything was taken");
        }
    }
};

/// Two rings become ready together. A thread selects the first of them and takes nothing of the second, which is shared: the
/// consumer that waits there must get that item, also if the thread was woken for it.
template <class B>
class beside_a_consumer : public two_rings<spsc<park>, B> {
    void thread(unsigned index) override {
        switch (index) {
        case 0: return expect_success(this->a_.push(element(1)));
        case 1: return expect_success(this->b_.push(element(2)));
        case 2: return take_one();
        default: return expect_success(pop_b());
        }
    }
    void take_one() {
        for (;;) {
            const selected found = weir::select(by_priority, items_of(this->a_), items_of(this->b_));
            expect_ready(found);
            if (found.index() == 0) return check(try_take(this->a_), "no other thread takes of this one");
            if (!try_take(this->b_)) continue;
            return expect_success(this->b_.push(element(3)));  // one for the other thread all the same
        }
    }
    status pop_b() {
        element out;
        return this->b_.pop(out);
    }
};

/// A thread that selects takes nothing at all: the item that it was woken for goes to the consumer that waits beside it.
template <class B, bool ByPriority>
class takes_nothing : public two_rings<spsc<park>, B> {
    void thread(unsigned index) override {
        if (index == 0) {
            time_.pass(40);
            return expect_success(this->b_.push(element(1)));
        }
        if (index == 1) {
            selection how = ByPriority ? selection(by_priority) : selection();
            const selected found = weir::select_unless([this] { return over_.load(acquire); }, how, items_of(this->a_),
                                                       items_of(this->b_));
            return check(found.answer() == status::success || found.answer() == status::empty, "ready, or stopped");
        }
        element out;
        expect_success(this->b_.pop(out));
        over_.store(true, release);  // the thread that selects may have come too late
        this->b_.wake_all();
    }
    flag over_{false};
    pastime time_;
};

/// The same for room: a push that waits beside a thread that selects, and does not push.
template <class B>
class pushes_nothing : public two_rings<spsc<park>, B> {
    void thread(unsigned index) override {
        if (index == 0) {
            time_.pass(40);
            return check(try_take(this->b_), "it is full");
        }
        if (index == 1) {
            const selected found =
                weir::select_unless([this] { return over_.load(acquire); }, items_of(this->a_), room_in(this->b_));
            return check(found.answer() == status::success || found.answer() == status::empty, "ready, or stopped");
        }
        expect_success(this->b_.push(element(3)));
        over_.store(true, release);
        this->b_.wake_all();
    }
    flag over_{false};
    pastime time_;

public:
    pushes_nothing() {
        for (int i = 0; i < 2; ++i) expect_success(this->b_.try_push(element(i)));
    }
};

/// A thread that selects may give up; a wake-up that it was counted for must not go with it.
template <class B>
class gives_up : public two_rings<spsc<park>, B> {
    void thread(unsigned index) override {
        if (index == 0) return expect_success(this->b_.push(element(1)));
        if (index == 1) {
            const selected found = weir::select_until(some_time(), items_of(this->a_), items_of(this->b_));
            if (!found) return check(found.answer() == status::timeout, "open: ready or timeout");
            if (try_take(this->b_)) expect_success(this->b_.push(element(2)));
            return;
        }
        element out;
        expect_success(this->b_.pop(out));
    }
};

/// Two threads that select the same two shared rings, with handlers: each gets its items.
template <class Ring>
class two_that_select : public two_rings<Ring, Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            expect_success(this->a_.push(element(1)));
            return expect_success(this->b_.push(element(2)));
        }
        int taken = 0;
        const auto take = [&taken](element&&) { ++taken; };
        const selected found = weir::select(weir::on(items_of(this->a_), take), weir::on(items_of(this->b_), take));
        check(found && taken == 1, "one item was taken");
    }
};

/// Both rings are closed, the first after a last item. Each close is reported once, after the item, and at last that all are closed.
template <class A, class B, bool ByPriority>
class closing_both : public two_rings<A, B> {
    void thread(unsigned index) override {
        if (index == 0) {
            expect_success(this->a_.push(element(1)));
            this->a_.close();
        } else if (index == 1) {
            news_ = element(5);
            this->b_.close();
        } else {
            selection feeds = ByPriority ? selection(by_priority) : selection();
            std::array<int, 2> closed{};
            int taken = 0;
            for (;;) {
                const selected found = weir::select(feeds, items_of(this->a_), items_of(this->b_));
                if (!found) {
                    check(found.is_closed(), "without a deadline it ends when all are closed");
                    break;
                }
                if (found.is_closed()) {
                    check(++closed[found.index()] == 1, "a close is reported once");
                    if (found.index() == 0) check(taken == 1, "closed is said when everything was taken");
                    if (found.index() == 1) check(news_.number() == 5, "and by the thread that closed it");
                } else if (try_take(this->a_)) {
                    ++taken;
                }
            }
            check(taken == 1, "an accepted item is delivered");
        }
    }
    element news_;
};

/// The rings are closed while a push is under way, which is accepted and delivered, or refused.
template <class A>
class closing_amid_a_push : public two_rings<A, spsc<park>> {
    void thread(unsigned index) override {
        if (index == 0) {
            accepted_ = this->a_.try_push(element(1)) == status::success;
        } else if (index == 1) {
            this->a_.close();
            this->b_.close();
        } else {
            selection feeds;
            while (const selected found = weir::select(feeds, items_of(this->a_), items_of(this->b_))) {
                if (found.index() == 0 && !found.is_closed() && try_take(this->a_)) ++taken_;
            }
        }
    }
    void after() override {
        check(taken_ == (accepted_ ? 1 : 0), "what was accepted is delivered before the end, and nothing else");
        two_rings<A, spsc<park>>::after();
    }
    bool accepted_ = false;
    int taken_ = 0;
};

/// A thread that selects is asked to stop, by a thread that then makes all waiters of one ring look again.
template <class A, class B>
class stopping_both : public two_rings<A, B> {
    void thread(unsigned index) override {
        if (index == 0) {
            stop_.store(true, release);
            return this->b_.wake_all();
        }
        if (index == 1) {
            const selected found =
                weir::select_unless([this] { return stop_.load(acquire); }, items_of(this->a_), items_of(this->b_));
            return check(!found && found.answer() == status::empty, "stopped");
        }
        element out;
        (void)this->b_.pop_unless(out, [this] { return stop_.load(acquire); });
    }
    flag stop_{false};
};

/// A consumer holds a grant back, since it knows of an item, and then selects: the producer must hear of the grant.
class held_back : public scenario {
    void thread(unsigned index) override {
        if (index == 0) return expect_success(a_.push(element(7)));
        a_.request(1);
        check(try_take(a_), "there is one");
        const selected found = weir::select(items_of(a_), items_of(b_));
        check(found && found.index() == 0 && try_take(a_), "the producer was granted credit");
    }
    pull_spsc<park> a_{3, weir::pull::grant_every{2}, weir::start_at{254}};
    spsc<park> b_{1, weir::start_at{254}};

public:
    held_back() {
        a_.request(2);
        for (int i = 0; i < 2; ++i) expect_success(a_.try_push(element(7)));
        check(try_take(a_), "there are two");
    }
};

/// A reader after another one, which leaves without having read: then it is the producer that the reader waits for.
class elder_leaves : public scenario {
    using ring = weir::broadcast_ring<element, park>;
    void thread(unsigned index) override {
        if (index == 0) return expect_success(feed_.push(element(1)));
        if (index == 1) return elder_.leave();
        const selected found = weir::select(late_, items_of(other_));
        check(found && found.index() == 0 && late_.try_pop().has_value(), "the item is seen");
    }
    ring feed_{2, weir::start_at{254}};
    spsc<park> other_{1, weir::start_at{254}};
    ring::reader elder_ = feed_.join();
    ring::reader late_ = feed_.join({.after = {&elder_}});
};

/// A producer of messages waits for room beside a ring of items.
class room_for_messages : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            std::size_t seen = 0;
            while (seen < 2) seen += messages_.consume_some([](std::uint16_t, std::span<const std::byte>) {});
            return;
        }
        for (bool is_sent = false; !is_sent;) {
            const selected found = weir::select(room_in(messages_, 24), items_of(other_));
            check(found && found.index() == 0, "there will be room");
            is_sent = messages_.try_push(std::span<const std::byte>(bytes_)) == status::success;
        }
    }
    weir::mpsc_message_ring<park> messages_{64, weir::start_at{~std::uint64_t{0} - 23}};
    spsc<park> other_{1, weir::start_at{254}};
    std::array<std::byte, 24> bytes_{};

public:
    room_for_messages() { expect_success(messages_.try_push(std::span<const std::byte>(bytes_))); }
};

constexpr entry scenarios[] = {
    {"both", 3, 1, 60'000, make<taking_from_both<spsc<park>, spsc<park>, 2, false>>},
    {"both_by_priority", 3, 0, 60'000, make<taking_from_both<spsc<park>, spsc<park>, 2, true>>},
    {"both_seq_cst", 3, 0, 40'000, make<taking_from_both<spsc<park_seq_cst>, spsc<park_seq_cst>, 2, false>>},
    {"both_fences", 3, 0, 40'000, make<taking_from_both<spsc<park>, mpmc<park_seq_cst>, 2, false>>},
    {"both_strict", 3, 0, 30'000, make<taking_from_both<strict<park>, mpmc<park>, 1, false>>},
    {"both_event", 3, 0, 20'000, make<taking_from_both<spsc<event>, spsc<event>, 1, false>>},
    {"both_mixed", 3, 0, 10'000, make<taking_from_both<spsc<event>, spsc<park>, 1, false>>},
    {"handlers", 3, 0, 40'000, make<handling_both<spsc<park>, mpmc<park>, 1>>},
    {"beside_a_consumer", 4, 0, 150'000, make<beside_a_consumer<mpmc<park>>>},
    {"beside_a_consumer_seq_cst", 4, 0, 100'000, make<beside_a_consumer<mpmc<park_seq_cst>>>},
    {"beside_a_consumer_strict", 4, 0, 50'000, make<beside_a_consumer<strict<park>>>},
    {"takes_nothing", 3, 0, 100'000, make<takes_nothing<mpmc<park>, false>>},
    {"takes_nothing_by_priority", 3, 0, 50'000, make<takes_nothing<strict<park>, true>>},
    {"pushes_nothing", 3, 0, 100'000, make<pushes_nothing<mpmc<park>>>},
    {"gives_up", 3, 0, 100'000, make<gives_up<mpmc<park>>>},
    {"gives_up_strict", 3, 0, 50'000, make<gives_up<strict<park>>>},
    {"two_that_select", 3, 0, 100'000, make<two_that_select<mpmc<park>>>},
    {"close_both", 3, 0, 60'000, make<closing_both<spsc<park>, spsc<park>, false>>},
    {"close_both_mpmc", 3, 0, 60'000, make<closing_both<mpmc<park>, mpmc<park>, true>>},
    {"close_both_event", 3, 0, 20'000, make<closing_both<mpmc<event>, mpmc<event>, false>>},
    {"close_amid_a_push", 3, 0, 60'000, make<closing_amid_a_push<spsc<park>>>},
    {"close_amid_a_push_mpmc", 3, 0, 60'000, make<closing_amid_a_push<mpmc<park>>>},
    {"close_amid_a_push_strict", 3, 0, 30'000, make<closing_amid_a_push<strict<park>>>},
    {"stop_both", 3, 0, 60'000, make<stopping_both<mpmc<park>, mpmc<park>>>},
    {"stop_both_event", 3, 0, 20'000, make<stopping_both<mpmc<event>, mpmc<event>>>},
    {"held_back", 2, 0, 20'000, make<held_back>},
    {"elder_leaves", 3, 0, 40'000, make<elder_leaves>},
    {"room_for_messages", 2, 0, 20'000, make<room_for_messages>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
