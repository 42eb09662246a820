// SPDX-License-Identifier: MIT
//
// Operations that wait without a thread, under the model checker: suspended, notified, cancelled, closed and destroyed. What a thread
// would show by a deadlock shows here at the end: an operation that is still asleep beside what it waits for.
#include <memory>

#include "scenarios.hpp"
#include "weir/await.hpp"
#include "weir/broadcast_ring.hpp"
#include "weir/select.hpp"

namespace {

using namespace model;
using weir::items_of;
using weir::wait::park;
using park_seq_cst = weir::wait::parking<weir::fence::seq_cst>;

template <class Wait>
using spsc = weir::spsc_ring<element, Wait, std::uint8_t>;
template <class Wait>
using mpmc = weir::mpmc_ring<element, Wait, std::uint8_t>;
template <class Wait>
using strict = weir::strict_mpmc_ring<element, Wait, std::uint16_t, weir::max_threads<3>>;

void expect_success(status answer) { check(answer == status::success, "open: success"); }

/// A Want whose owner uses memory that the checker watches.
template <class Want>
class watched : public Want {
public:
    template <class Token, class Deliver>
    using operation = std::conditional_t<std::is_same_v<Want, weir::detail::acquire_want>,
                                         weir::detail::acquire_operation<watched, Token, Deliver>,
                                         weir::detail::wait_operation<watched, Token, Deliver>>;
    template <class... Args>
    explicit watched(Args&&... args) : Want(std::forward<Args>(args)...) {}

    bool attempt() noexcept {
        looks_ = element(looks_.number() + 1);
        return Want::attempt();
    }

private:
    element looks_;
};

/// A stop source and its token, of one callback: as std::stop_source, whose callbacks are over before they are destroyed.
class stop_source {
public:
    template <class F>
    class callback {
    public:
        callback(stop_source* source, F f) : source_(*source), f_(f) {
            source_.lock_.lock();
            const bool is_requested = source_.is_requested_;
            if (!is_requested) source_.listener_ = this, source_.call_ = &called;
            source_.lock_.unlock();
            if (is_requested) f_();
        }
        ~callback() {
            if (source_.caller_.load(weir::detail::relaxed) == identity()) {
                source_.listener_ = nullptr;
                return;
            }
            source_.lock_.lock();
            source_.listener_ = nullptr;
            source_.lock_.unlock();
        }

    private:
        static void called(void* me) { static_cast<callback*>(me)->f_(); }
        stop_source& source_;
        F f_;
        element life_;  // from the thread that arms it to the one that ends the wait
    };
    struct token {
        template <class F>
        struct callback_type : callback<F> {
            callback_type(token t, F f) : callback<F>(t.source, f) {}
        };
        stop_source* source;
    };

    void request() {
        lock_.lock();
        is_requested_ = true;
        caller_.store(identity(), weir::detail::relaxed);
        if (listener_ != nullptr) call_(listener_);
        caller_.store(nullptr, weir::detail::relaxed);
        lock_.unlock();
    }

private:
    weir::detail::futex_lock lock_;
    weir::detail::atomic<const void*> caller_{nullptr};
    bool is_requested_ = false;
    void* listener_ = nullptr;
    void (*call_)(void*) = nullptr;
};

/// An operation, and what stands for the frame of its coroutine: memory that the thread uses that runs it. The operation is destroyed
/// as soon as it has ended.
template <class Want>
class coroutine {
    struct resume {
        coroutine* me;
        void operator()() const noexcept { me->ended(); }
    };
    struct operation {
        template <class... Args>
        explicit operation(coroutine& me, Args&&... args)
            : want(std::forward<Args>(args)...), wait(want, stop_source::token{&me.stop_}, resume{&me}) {}
        watched<Want> want;
        typename watched<Want>::template operation<stop_source::token, resume> wait;
    };
    using result_type = decltype(std::declval<Want&>().result());

public:
    template <class... Args>
    explicit coroutine(Args&&... args) {
        operation_.emplace(*this, std::forward<Args>(args)...);
    }

    void start() {
        frame_ = element(1);
        if (operation_->wait.begin()) ended();
    }
    void cancel() {
        news_ = element(3);
        stop_.request();
    }
    void destroy() { forget_operation(); }

    // At the end, or for the thread that runs it.
    bool has_ended() const noexcept { return has_ended_; }
    bool is_stopped() const noexcept { return is_stopped_; }
    auto& result() noexcept { return *result_; }

private:
    void ended() noexcept {
        check(frame_.number() == 1, "the thread that resumes has what the one before it did");
        frame_ = element(2);
        check(!has_ended_, "it ends once");
        has_ended_ = true;
        is_stopped_ = operation_->wait.is_stopped();
        if (is_stopped_) check(news_.number() == 3, "it knows what was done before the stop");
        result_.emplace(operation_->want.result());
        forget_operation();
        if constexpr (std::is_same_v<Want, weir::detail::acquire_want>) {
            has_credit = result_->has_value();
            if (!has_credit && !is_stopped_ && news_of_close != nullptr)
                check(news_of_close->number() == 4, "it knows what was done before the close");
            result_.reset();  // given back at once
        }
    }

    // And makes the worst of its memory, so that a thread that still uses it shows.
    void forget_operation() noexcept {
        operation_.reset();
        auto* const bytes = reinterpret_cast<volatile unsigned char*>(&operation_);  // volatile: or it is left out
        for (std::size_t i = 0; i < sizeof operation_; ++i) bytes[i] = 0xee;
        std::construct_at(&operation_);
    }

    element frame_, news_;
    stop_source stop_;
    std::optional<operation> operation_;
    std::optional<result_type> result_;
    bool has_ended_ = false;
    bool is_stopped_ = false;

public:
    bool has_credit = false;
    const element* news_of_close = nullptr;
};

template <class Ring>
using part_of = std::remove_reference_t<decltype(weir::detail::part_to_await(std::declval<Ring&>()))>;
template <class Ring>
using popping = coroutine<weir::detail::pop_want<part_of<Ring>>>;  // its result: nothing, once the ring is closed
template <class Ring>
using pushing = coroutine<weir::detail::push_want<part_of<Ring>, element>>;

template <class Ring>
class one_ring : public scenario {
public:
    void after() override {
        element out;
        while (ring.try_pop(out) == status::success) continue;
        check(ring.is_closed() || (!part().lot_of_items().notify(1) && !part().lot_of_room().notify(1)),
              "no thread is left to be woken");
    }

protected:
    auto& part() { return weir::detail::part_to_await(ring); }
    static bool got(popping<Ring>& p) { return p.has_ended() && p.result().has_value(); }

    Ring ring{2, weir::start_at{254}};
};

/// Operations fall asleep while as many items come: each gets one.
template <class Ring, int N>
class suspends : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            for (int i = 0; i < N; ++i) expect_success(this->ring.try_push(element(i)));
        } else {
            pops_[index - 1].start();
        }
    }
    void after() override {
        for (auto& each : pops_) check(this->got(each), "an operation is woken by what it waits for");
        one_ring<Ring>::after();
    }
    std::array<popping<Ring>, 2> both_{popping<Ring>(this->part()), popping<Ring>(this->part())};
    std::span<popping<Ring>, N> pops_{both_.data(), N};
};

/// The same for room.
template <class Ring, int N>
class suspends_for_room : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            element out;
            for (int i = 0; i < N; ++i) expect_success(this->ring.try_pop(out));
        } else {
            pushes_[index - 1].start();
        }
    }
    void after() override {
        for (auto& each : pushes_) {
            check(each.has_ended() && each.result() == status::success,
                  "an operation is woken by the room it waits for");
        }
        one_ring<Ring>::after();
    }
    std::array<pushing<Ring>, 2> both_{pushing<Ring>(this->part(), element(7)),
                                       pushing<Ring>(this->part(), element(8))};
    std::span<pushing<Ring>, N> pushes_{both_.data(), N};

public:
    suspends_for_room() {
        for (int i = 0; i < 2; ++i) expect_success(this->ring.try_push(element(i)));
    }
};

/// One of two operations is cancelled while an item comes: one of them gets it. A third thread may wait beside them.
template <class Ring, bool BothSleep>
class cancels : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) return expect_success(this->ring.try_push(element(1)));
        if (index == 1) return first_.cancel();
        if (!BothSleep) second_.start();
    }
    void after() override {
        check(first_.has_ended(), "what is cancelled ends");
        check(first_.is_stopped() != this->got(first_), "by the item, or by the stop");
        check(this->got(first_) != this->got(second_), "the item goes to one of them");
        one_ring<Ring>::after();
    }
    popping<Ring> first_{this->part()}, second_{this->part()};

public:
    cancels() {
        first_.start();
        if (BothSleep) second_.start();
    }
};

/// An operation is cancelled at any point of its life, also before it sleeps, while an item comes.
template <class Ring>
class cancels_early : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) return expect_success(this->ring.try_push(element(1)));
        if (index == 1) return first_.start();
        first_.cancel();
    }
    void after() override {
        check(this->got(first_) || first_.is_stopped(), "it gets the item, or was stopped");
        one_ring<Ring>::after();
    }
    popping<Ring> first_{this->part()};
};

/// The wake-up of a cancelled operation goes to a thread that sleeps.
template <class Ring>
class cancels_beside_a_thread : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            expect_success(this->ring.try_push(element(1)));
            expect_success(this->ring.try_push(element(2)));
        } else if (index == 1) {
            first_.cancel();
        } else {
            element out;
            expect_success(this->ring.pop(out));
        }
    }
    popping<Ring> first_{this->part()};

public:
    cancels_beside_a_thread() { first_.start(); }
};

/// An operation that is woken finds its item taken, sleeps again, and is woken by the next.
template <class Ring>
class robbed : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            for (int i = 0; i < 2; ++i) expect_success(this->ring.try_push(element(i)));
        } else {
            element out;
            while (!(taken_ = this->ring.try_pop(out) == status::success) && ++tries_ < 3) continue;
        }
    }
    void after() override {
        check(this->got(first_), "one of two items is left for it");
        one_ring<Ring>::after();
    }
    popping<Ring> first_{this->part()};
    bool taken_ = false;
    int tries_ = 0;

public:
    robbed() { first_.start(); }
};

/// The ring is closed while an operation waits on either side, and a push is under way.
template <class Ring>
class closes : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            news_ = element(5);
            this->ring.close();
        } else if (index == 1) {
            pop_.start();
        } else {
            accepted_ = this->ring.try_push(element(1)) == status::success;
        }
    }
    void after() override {
        check(pop_.has_ended(), "close ends every wait");
        check(this->got(pop_) == accepted_, "after what was accepted");
        one_ring<Ring>::after();
    }
    popping<Ring> pop_{this->part()};
    element news_;
    bool accepted_ = false;
};
template <class Ring>
class closes_on_a_push : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) return this->ring.close();
        if (index == 1) return push_.start();
        element out;
        expect_success(this->ring.try_pop(out));
    }
    void after() override {
        check(push_.has_ended(), "close ends every wait");
        const status answer = push_.result();
        check(answer == status::success || answer == status::closed, "with an answer");
        one_ring<Ring>::after();
    }
    pushing<Ring> push_{this->part(), element(7)};

public:
    closes_on_a_push() {
        for (int i = 0; i < 2; ++i) expect_success(this->ring.try_push(element(i)));
    }
};

/// A suspended operation is destroyed while another one comes and goes in the same list; what is pushed then is for the other one.
template <class Ring>
class destroys : public one_ring<Ring> {
    void thread(unsigned index) override {
        if (index == 0) {
            first_.destroy();
            expect_success(this->ring.try_push(element(1)));
        } else {
            second_.start();
        }
    }
    void after() override {
        check(this->got(second_), "a destroyed operation takes no wake-up along");
        one_ring<Ring>::after();
    }
    popping<Ring> first_{this->part()}, second_{this->part()};

public:
    destroys() { first_.start(); }
};

/// One operation at two rings, to which two threads push: it is woken once, and what it leaves is found.
template <class Ring, bool Cancelled>
class selects : public scenario {
    using ends = weir::detail::select_want<weir::items_end<Ring>, weir::items_end<Ring>>;
    void thread(unsigned index) override {
        if (index == 0) {
            expect_success(a_.try_push(element(1)));
        } else if (index == 1) {
            expect_success(b_.try_push(element(2)));
        } else if (Cancelled) {
            select_.cancel();
        } else {
            select_.start();
        }
    }
    void after() override {
        check(select_.has_ended(), "it ends");
        const weir::selected found = select_.result();
        check(found || (Cancelled && select_.is_stopped()), "by an end that is ready, or by the stop");
        element out;
        if (found) expect_success(found.index() == 0 ? a_.try_pop(out) : b_.try_pop(out));
        check(static_cast<int>(a_.size_approx() + b_.size_approx()) == (found ? 1 : 2), "and takes nothing");
    }
    Ring a_{2, weir::start_at{254}}, b_{2, weir::start_at{254}};
    weir::items_end<Ring> first_{a_}, second_{b_};
    coroutine<ends> select_{nullptr, false, first_, second_};

public:
    selects() {
        if (Cancelled) select_.start();
    }
};

/// Both of its rings are closed while a push to one of them is under way, of whose end nothing notifies.
template <class Ring>
class closes_on_a_select : public scenario {
    using ends = weir::detail::select_want<weir::items_end<Ring>, weir::items_end<Ring>>;
    void thread(unsigned index) override {
        if (index == 0) {
            b_.close();
            a_.close();
        } else if (index == 1) {
            select_.start();
        } else {
            accepted_ = a_.try_push(element(1)) == status::success;
        }
    }
    void after() override {
        check(select_.has_ended(), "close ends every wait");
        const weir::selected found = select_.result();
        check(found || (found.is_closed() && !accepted_), "all have closed only if nothing was accepted");
        element out;
        check(accepted_ == (a_.try_pop(out) == status::success), "what was accepted is there");
    }
    bool accepted_ = false;
    Ring a_{2, weir::start_at{254}}, b_{2, weir::start_at{254}};
    weir::items_end<Ring> first_{a_}, second_{b_};
    weir::selection how_;
    coroutine<ends> select_{&how_, false, first_, second_};

public:
    // It has seen the other one close.
    closes_on_a_select() {
        b_.close();
        const weir::selected found = weir::try_select(how_, weir::items_of(a_), weir::items_of(b_));
        check(found.is_closed() && found.index() == 1, "a close is reported");
    }
};

/// The lot of its first end changes while it falls asleep: a reader waits for the one that it comes after, until that one leaves.
class elder_leaves : public scenario {
    using ring = weir::broadcast_ring<element, park>;
    using ends = weir::detail::select_want<ring::reader, weir::items_end<spsc<park>>>;
    void thread(unsigned index) override {
        if (index == 0) return expect_success(feed_.push(element(1)));
        if (index == 1) return elder_.leave();
        select_.start();
    }
    void after() override {
        check(select_.has_ended() && select_.result().index() == 0, "it is woken where it waits by now");
        check(late_.try_pop().has_value(), "the item is seen");
    }
    ring feed_{2, weir::start_at{254}};
    spsc<park> other_{1, weir::start_at{254}};
    ring::reader elder_ = feed_.join();
    ring::reader late_ = feed_.join({.after = {&elder_}});
    weir::items_end<spsc<park>> second_{other_};
    coroutine<ends> select_{nullptr, false, late_, second_};
};

/// It leaves what it was woken for: that is for another operation, which waits there alone.
template <class Ring>
class selects_and_leaves : public scenario {
    using ends = weir::detail::select_want<weir::items_end<Ring>, weir::items_end<Ring>>;
    void thread(unsigned index) override {
        if (index == 0) {
            expect_success(b_.try_push(element(2)));
        } else if (index == 1) {
            expect_success(a_.try_push(element(1)));
        } else {
            other_.start();
        }
    }
    void after() override {
        check(select_.has_ended(), "it ends");
        check(other_.has_ended() && other_.result().has_value(), "what it leaves is for the other one");
    }
    Ring a_{2, weir::start_at{254}}, b_{2, weir::start_at{254}};
    weir::items_end<Ring> first_{a_}, second_{b_};
    coroutine<ends> select_{nullptr, true, first_, second_};
    popping<Ring> other_{weir::detail::part_to_await(b_)};

public:
    selects_and_leaves() { select_.start(); }
};

/// Requests of operations at a gate, in its queue: granted, cancelled, closed and destroyed.
enum class request_fate { granted, cancelled, closed, destroyed, cancelled_amid, destroyed_amid };
template <request_fate Fate>
class acquires : public scenario {
    using request = coroutine<weir::detail::acquire_want>;
    using enum request_fate;
    static constexpr bool is_destroyed = Fate == destroyed || Fate == destroyed_amid;
    static constexpr bool is_amid = Fate == cancelled_amid || Fate == destroyed_amid;  // one credit stays in use
    void thread(unsigned index) override {
        if (index == 0) {
            if (Fate == destroyed) first_.destroy();
            permit_.give_back(is_amid ? 1 : 2);
            if (Fate == destroyed_amid) first_.destroy();
        } else if (index == 1) {
            if (Fate == granted || is_destroyed) second_.start();
            if (Fate == cancelled || Fate == cancelled_amid) first_.cancel();
            if (Fate == closed) {
                news_ = element(4);
                gate_.close();
            }
        } else if (Fate == closed) {
            second_.start();
        } else {
            weir::credit_permit mine;
            const status answer = gate_.acquire(mine, 1);
            check(answer == status::success, "a thread behind them is served in its turn");
        }
    }
    void after() override {
        check(first_.has_ended() || is_destroyed, "a request ends");
        if (Fate == granted || is_destroyed) check(second_.has_ended(), "each request ends");
        for (request* each : {&first_, &second_}) {
            if (each->has_ended() && !each->is_stopped())
                check(each->has_credit || Fate == closed, "it has its credits");
        }
        permit_.give_back();
        check(gate_.in_use() == 0, "what is given back is free");
    }
    element news_;
    weir::credit_gate gate_{2};
    weir::credit_permit permit_;
    request first_{gate_, 2U}, second_{gate_, 1U};

public:
    acquires() {
        expect_success(gate_.try_acquire(permit_, 2));
        first_.news_of_close = second_.news_of_close = &news_;
        first_.start();
    }
};

/// Two producers fill their slots out of order: one operation is woken for a slot that is not ready, the other one for the first. It
/// must pass the second one on.
template <class Ring>
class out_of_order : public one_ring<Ring> {
    void thread(unsigned index) override { expect_success(this->ring.try_push(element(static_cast<int>(index)))); }
    void after() override {
        check(this->got(first_) && this->got(second_), "each gets its item");
        one_ring<Ring>::after();
    }
    popping<Ring> first_{this->part()}, second_{this->part()};

public:
    out_of_order() {
        first_.start();
        second_.start();
    }
};

/// The same for room, which two consumers make out of order.
template <class Ring>
class room_out_of_order : public one_ring<Ring> {
    void thread(unsigned) override {
        element out;
        expect_success(this->ring.try_pop(out));
    }
    void after() override {
        for (auto* each : {&first_, &second_})
            check(each->has_ended() && each->result() == status::success, "each push gets its room");
        one_ring<Ring>::after();
    }
    pushing<Ring> first_{this->part(), element(7)}, second_{this->part(), element(8)};

public:
    room_out_of_order() {
        for (int i = 0; i < 2; ++i) expect_success(this->ring.try_push(element(i)));
        first_.start();
        second_.start();
    }
};

constexpr entry scenarios[] = {
    {"suspends", 2, 2, 60'000, make<suspends<spsc<park>, 1>>},
    {"suspends_seq_cst", 2, 2, 40'000, make<suspends<spsc<park_seq_cst>, 1>>},
    {"suspends_mpmc", 3, 0, 100'000, make<suspends<mpmc<park>, 2>>},
    {"suspends_mpmc_seq_cst", 3, 0, 100'000, make<suspends<mpmc<park_seq_cst>, 2>>},
    {"suspends_strict", 3, 0, 50'000, make<suspends<strict<park>, 2>>},
    {"room", 2, 1, 40'000, make<suspends_for_room<spsc<park>, 1>>},
    {"room_mpmc", 3, 0, 60'000, make<suspends_for_room<mpmc<park>, 2>>},
    {"out_of_order", 2, 2, 60'000, make<out_of_order<mpmc<park>>>},
    {"out_of_order_strict", 2, 1, 40'000, make<out_of_order<strict<park>>>},
    {"cancels", 3, 1, 60'000, make<cancels<mpmc<park>, true>>},
    {"cancels_beside_one_that_starts", 3, 0, 100'000, make<cancels<mpmc<park>, false>>},
    {"cancels_seq_cst", 3, 0, 60'000, make<cancels<mpmc<park_seq_cst>, false>>},
    {"cancels_early", 3, 0, 60'000, make<cancels_early<spsc<park>>>},
    {"cancels_beside_a_thread", 3, 0, 60'000, make<cancels_beside_a_thread<mpmc<park>>>},
    {"robbed", 2, 1, 60'000, make<robbed<mpmc<park>>>},
    {"robbed_seq_cst", 2, 0, 60'000, make<robbed<mpmc<park_seq_cst>>>},
    {"closes", 3, 0, 100'000, make<closes<spsc<park>>>},
    {"closes_mpmc", 3, 0, 60'000, make<closes<mpmc<park>>>},
    {"closes_on_a_push", 3, 0, 60'000, make<closes_on_a_push<spsc<park>>>},
    {"destroys", 2, 1, 60'000, make<destroys<mpmc<park>>>},
    {"selects", 3, 0, 100'000, make<selects<spsc<park>, false>>},
    {"selects_seq_cst", 3, 0, 60'000, make<selects<mpmc<park_seq_cst>, false>>},
    {"selects_cancelled", 3, 0, 60'000, make<selects<spsc<park>, true>>},
    {"selects_and_leaves", 3, 0, 60'000, make<selects_and_leaves<mpmc<park>>>},
    {"elder_leaves", 3, 0, 40'000, make<elder_leaves>},
    {"closes_on_a_select", 3, 0, 60'000, make<closes_on_a_select<spsc<park>>>},
    {"closes_on_a_select_mpmc", 3, 0, 40'000, make<closes_on_a_select<mpmc<park>>>},
    {"room_out_of_order", 2, 2, 40'000, make<room_out_of_order<mpmc<park>>>},
    {"acquires", 3, 0, 60'000, make<acquires<request_fate::granted>>},
    {"acquires_cancelled", 3, 0, 60'000, make<acquires<request_fate::cancelled>>},
    {"acquires_cancelled_amid", 3, 0, 60'000, make<acquires<request_fate::cancelled_amid>>},
    {"acquires_closed", 3, 0, 60'000, make<acquires<request_fate::closed>>},
    {"acquires_destroyed", 3, 0, 60'000, make<acquires<request_fate::destroyed>>},
    {"acquires_destroyed_amid", 3, 0, 60'000, make<acquires<request_fate::destroyed_amid>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
