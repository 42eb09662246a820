// SPDX-License-Identifier: MIT
//
// A ring between two processes, one of which dies: before each step that the other one could see, in turn. With --table it prints what
// the other side sees, step by step, for docs/processes.md.
#define WEIR_ATOMIC_HEADER "mortal_atomic.hpp"
#define WEIR_CHECK_ROLES 0

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model.hpp"
#include "mortality.hpp"
#include "shm_step_names.hpp"
#include "weir/detail/shm/spsc_ends.hpp"

namespace {

using namespace model;
using namespace weir::detail;
using weir::status;

struct value {
    std::uint32_t first = 0, second = 0;
    template <class Slot>
    void take(const Slot& slot) noexcept {
        touch(&slot, access::read);
        first = slot.first.load(relaxed);
        second = slot.second.load(relaxed);
    }
};
struct slot {
    slot() noexcept { touch(this, access::construct); }
    ~slot() { touch(this, access::destroy); }
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;

    weir::detail::atomic<std::uint32_t> first{0}, second{0};
    void take(const value& item) noexcept {
        touch(this, access::write);
        first.store(item.first, relaxed);
        second.store(item.second, relaxed);
    }
};

/// The item of a number, from 0 on.
value item_of(std::uint64_t number) noexcept {
    const auto n = static_cast<std::uint32_t>(number + 1);
    return {n, n};
}

/// A ring in shared memory, one process of which dies before step 1 to `Steps` of it, or not at all.
template <unsigned Capacity, unsigned Steps, bool Timed>
class shared_ring : public scenario {
protected:
    using producer = shm_spsc_producer<slot, watch<Timed>>;
    using consumer = shm_spsc_consumer<slot, watch<Timed>>;

    shared_ring() noexcept { mortal = &process_; }

    void live() noexcept {
        process_.left = Steps == 0 ? 0 : choose(Steps + 1);
        process_.thread = identity();
    }
    /// The scenario is over for the one that lives: a dead thread may leave, and finds a closed ring.
    void let_go() noexcept {
        process_.is_over = true;
        state_.close();
        process_.may_go.store(1, seq_cst);
        process_.may_go.variable().wake_up(1, place::current());
    }
    bool is_over() const noexcept { return process_.is_over; }

    taken_end take(weir::detail::atomic<std::uint64_t>& word, std::uint64_t pid) noexcept {
        watch<Timed> asks;
        return take_end(word, owner::of(pid, 1), asks);
    }
    producer produce(bool recovered) noexcept { return {state_, slots_.data(), Capacity, {}, recovered}; }
    consumer consume(bool recovered) noexcept { return {state_, slots_.data(), Capacity, {}, recovered}; }

    static void check_item(const value& got, std::uint64_t number) noexcept {
        check(got.first == got.second, "no item is torn");
        check(got.first == number + 1, "items come in order, none is lost");
    }

    mortal_process process_;
    shm_spsc_state state_;
    std::array<slot, spsc_slots<slot, std::uint64_t>::count(Capacity)> slots_;
};

/// The producer dies. The consumer gets peer_died, once, takes the end over, and pushes what is missing.
template <unsigned Capacity, unsigned Items, unsigned Steps, bool AfterAnother = false>
class producer_dies : public shared_ring<Capacity, Steps, true> {
    using base = shared_ring<Capacity, Steps, true>;

    void thread(unsigned index) override { index == 0 ? dies() : survives(); }

    void dies() noexcept {
        if (AfterAnother) this->live();
        const taken_end taken = this->take(this->state_.producer, mortal_pid);
        if (!taken.succeeded) return;
        if (!AfterAnother) this->live();  // an end that has had no holder is waited for
        auto end = this->produce(taken.recovered());
        while (end.position() < Items && !this->is_over()) {
            this->process_.item = end.position();
            if (end.push_until(this->state_, item_of(end.position()), forever) == status::closed) break;
            if (end.is_corrupted()) break;
        }
        this->state_.close();
        leave_end(this->state_.producer, taken.mine);
    }

    void survives() noexcept {
        auto end = this->consume(false);
        unsigned deaths = 0;
        std::optional<std::uint64_t> doubt;
        for (;;) {
            value got;
            const std::uint64_t number = end.position();
            const status answer = end.pop_until(this->state_, got, forever);
            if (answer == status::closed) break;
            check(answer == status::success || answer == status::peer_died, "no other answer than these");
            if (answer == status::success) {
                this->check_item(got, number);
                continue;
            }
            ++deaths;
            check(this->process_.dead.load(seq_cst) != 0 || AfterAnother, "only a dead peer is reported");
            doubt = end.in_doubt();
            if (!AfterAnother) {
                note("producer", this->process_,
                     number > this->process_.item ? "delivered" : "not accepted; it never comes",
                     doubt.has_value() ? "that item" : "no item");
            }
            check(!doubt.has_value() || *doubt == number, "at most one item is in doubt: the next one");
            check(AfterAnother || doubt.has_value() ||
                      this->slots_[number % this->slots_.size()].first.load(relaxed) != item_of(number).first,
                  "an item that was half written is in doubt");
            const taken_end taken = this->take(this->state_.producer, survivor_pid);
            if (AfterAnother && !taken.succeeded) continue;  // the other one was quicker
            check(taken.succeeded && (AfterAnother || taken.recovered()), "the end of a dead process can be taken");
            auto follower = this->produce(taken.recovered());
            check(AfterAnother || follower.position() == end.position(), "it goes on with what was not published");
            check(AfterAnother || follower.in_doubt() == doubt, "both sides know the same item in doubt");
            while (follower.position() < Items || end.position() < Items) {
                const std::uint64_t next = end.position();
                if (end.try_pop(this->state_, got) == status::success) {
                    this->check_item(got, next);
                } else {
                    check(follower.try_push(this->state_, item_of(follower.position())) == status::success,
                          "an empty ring has room");
                }
            }
            this->state_.close();
        }
        check(deaths <= (AfterAnother ? 2U : 1U), "a death is reported once");
        this->let_go();
    }

public:
    producer_dies() noexcept {
        if (AfterAnother) {  // one died earlier, in the middle of its first push
            this->state_.producer.store(owner::of(long_dead_pid, 1).word, relaxed);
            this->state_.pushing.store(1, relaxed);
        }
    }
};

/// The consumer dies. The producer gets peer_died, once, takes that end over, and pops the rest.
template <unsigned Capacity, unsigned Items, unsigned Steps>
class consumer_dies : public shared_ring<Capacity, Steps, true> {
    using base = shared_ring<Capacity, Steps, true>;

    void thread(unsigned index) override { index == 0 ? dies() : survives(); }

    void dies() noexcept {
        const taken_end taken = this->take(this->state_.consumer, mortal_pid);
        this->live();
        auto end = this->consume(taken.recovered());
        for (;;) {
            value got;
            const std::uint64_t number = this->process_.item = end.position();
            const status answer = end.pop_until(this->state_, got, forever);
            if (answer == status::closed || answer == status::corrupted || this->is_over()) break;
            if (answer == status::success) {
                this->check_item(got, number);
                handed_ = number + 1;
            }
        }
        leave_end(this->state_.consumer, taken.mine);
    }

    void survives() noexcept {
        auto end = this->produce(false);
        while (end.position() < Items) {
            const status answer = end.push_until(this->state_, item_of(end.position()), forever);
            if (answer == status::success) continue;
            check(answer == status::peer_died, "no other answer than these");
            check(this->process_.dead.load(seq_cst) != 0, "only a dead peer is reported");
            const std::optional<std::uint64_t> doubt = end.in_doubt();
            const taken_end taken = this->take(this->state_.consumer, survivor_pid);
            check(taken.succeeded && taken.recovered(), "the end of a dead process can be taken");
            auto follower = this->consume(true);
            check(follower.in_doubt() == doubt, "both sides know the same item in doubt");
            note("consumer", this->process_,
                 follower.position() > this->process_.item ? "taken; the next consumer gets the one after it"
                                                           : "the next consumer gets it",
                 doubt == this->process_.item ? "that item" : "no item");
            check(doubt == last_taken(follower.position()), "the item in doubt is the last one that was taken");
            check(handed_ == follower.position() || handed_ + 1 == follower.position(),
                  "no item is handed out twice, and none is lost but that in doubt");
            for (;;) {
                value got;
                const std::uint64_t number = follower.position();
                if (follower.try_pop(this->state_, got) != status::success) {
                    if (end.position() == Items) break;
                    check(end.try_push(this->state_, item_of(end.position())) == status::success,
                          "an empty ring has room");
                    continue;
                }
                this->check_item(got, number);
            }
            check(follower.position() == Items, "all that was pushed is taken");
        }
        this->let_go();
    }

    std::uint64_t handed_ = 0;  // to the caller in the process that dies
};

/// The process that closes dies while the other one sleeps.
template <unsigned Steps>
class closer_dies : public shared_ring<1, Steps, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            const taken_end taken = this->take(this->state_.producer, mortal_pid);
            this->live();
            this->state_.close();
            leave_end(this->state_.producer, taken.mine);
            return;
        }
        auto end = this->consume(false);
        value got;
        const status answer = end.pop_until(this->state_, got, forever);
        check(answer == status::closed || (answer == status::peer_died && this->process_.dead.load(seq_cst) != 0),
              "it closed, or died");
        this->let_go();
    }
};

/// A producer gives its end back, and its process ends: that is no death.
class leaves_in_order : public shared_ring<1, 1, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            const taken_end taken = take(state_.producer, mortal_pid);
            auto end = produce(false);
            (void)end.try_push(state_, item_of(0));
            leave_end(state_.producer, taken.mine);
            live();
            step(place::current());
            return;
        }
        auto end = consume(false);
        for (int i = 0; i < 3; ++i) {
            value got;
            const std::uint64_t number = end.position();
            const status answer = end.try_pop(state_, got, true);
            check(answer != status::peer_died, "a holder that left in order has not died");
            if (answer == status::success) check_item(got, number);
        }
        let_go();
    }
};

/// A producer gives its end back, and the next one goes on behind what it published.
class handed_over : public shared_ring<1, 0, true> {
    void thread(unsigned index) override {
        if (index < 2) {
            for (;;) {
                const taken_end taken = take(state_.producer, living_pid + index);
                if (!taken.succeeded) {
                    yield();
                    continue;
                }
                check(!taken.recovered(), "a holder that left in order has not died");
                auto end = produce(false);
                check(end.position() == pushed_, "the next holder goes on behind the last one");
                check(end.push_until(state_, item_of(end.position()), forever) == status::success,
                      "there will be room");
                ++pushed_;
                leave_end(state_.producer, taken.mine);
                return;
            }
        }
        auto end = consume(false);
        for (std::uint64_t number = 0; number < 2;) {
            value got;
            if (end.try_pop(state_, got) == status::success) {
                check_item(got, number++);
            } else {
                yield();
            }
        }
    }

    std::uint64_t pushed_ = 0;  // not modelled: by the holders, one after the other
};

/// A producer dies, another process recovers its end, and the consumer learns of the death from that one's traces. It has got all that there was.
class told_last : public shared_ring<2, 8, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            (void)take(state_.producer, mortal_pid);
            live();
            auto end = produce(false);
            (void)end.try_push(state_, item_of(0));
            for (int i = 0; i < 8; ++i) step(place::current());
        } else if (index == 1) {
            while (process_.dead.load(seq_cst) == 0) {
                if (is_over()) return;
                yield();
            }
            const taken_end taken = take(state_.producer, living_pid);
            check(taken.succeeded && taken.recovered(), "the end of a dead process can be taken");
        } else {
            auto end = consume(false);
            for (int i = 0; i < 6; ++i) {
                value got;
                const std::uint64_t number = end.position();
                const status answer = end.try_pop(state_, got, true);
                if (answer == status::success) check_item(got, number);
                if (answer == status::peer_died) {
                    // By an exchange, which sees the latest.
                    check(state_.sent.fetch_or(0, seq_cst) == cursor_at(end.position()),
                          "first all its items, then its death");
                    break;
                }
                yield();
            }
            let_go();
        }
    }
};

/// Who gets `closed` sees what the closing thread did before.
class closes_after : public shared_ring<1, 0, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            note_.store(1, relaxed);
            state_.close();
            return;
        }
        switch (choose(3)) {
        case 0: {
            auto end = produce(false);
            value got;
            auto other = consume(false);
            for (std::uint64_t i = 0; end.try_push(state_, item_of(i)) != status::closed; ++i) {
                check(other.try_pop(state_, got) == status::success, "what was accepted is delivered");
                yield();
            }
            break;
        }
        case 1: {
            auto end = consume(false);
            value got;
            check(end.pop_until(state_, got, forever) == status::closed, "there was nothing else");
            break;
        }
        default:
            while (!state_.is_closed()) yield();
        }
        check(note_.load(relaxed) == 1, "the close happened after that");
    }

    immortal_atomic<std::uint32_t> note_{0};
};

/// No process dies, and none looks by itself: each sleep ends by a wake-up.
template <unsigned Capacity, unsigned Items>
class sleeps_well : public shared_ring<Capacity, 0, false> {
    void thread(unsigned index) override {
        if (index == 0) {
            auto end = this->produce(false);
            for (std::uint64_t i = 0; i < Items; ++i)
                check(end.push_until(this->state_, item_of(i), forever) == status::success, "there will be room");
            this->state_.close();
            return;
        }
        auto end = this->consume(false);
        value got;
        for (std::uint64_t i = 0; i < Items; ++i) {
            check(end.pop_until(this->state_, got, forever) == status::success, "there will be an item");
            this->check_item(got, i);
        }
        check(end.pop_until(this->state_, got, forever) == status::closed, "then it is closed");
    }
};

constexpr entry scenarios[] = {
    {"producer_dies", 2, 2, 200'000, make<producer_dies<1, 2, 34>>},
    {"producer_dies_of_two", 2, 1, 200'000, make<producer_dies<2, 3, 44>>},
    {"recovery_dies", 2, 2, 200'000, make<producer_dies<1, 2, 34, true>>},
    {"recovery_dies_of_two", 2, 1, 200'000, make<producer_dies<2, 3, 44, true>>},
    {"consumer_dies", 2, 2, 200'000, make<consumer_dies<1, 3, 44>>},
    {"closer_dies", 2, 3, 100'000, make<closer_dies<10>>},
    {"leaves_in_order", 2, 3, 100'000, make<leaves_in_order>},
    {"handed_over", 3, 2, 100'000, make<handed_over>},
    {"told_last", 3, 2, 200'000, make<told_last>},
    {"closes_after", 2, 3, 50'000, make<closes_after>},
    {"sleeps_well", 2, 3, 200'000, make<sleeps_well<1, 3>>},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--table")
        return print_table("its item | in doubt", scenarios, {"producer_dies", "consumer_dies"}, spsc_steps);
    return run(argc, argv, scenarios);
}
