// SPDX-License-Identifier: MIT
//
// A ring of messages between processes, one of which dies: before each step
// that others could see, in turn. With --table it prints what the others see,
// step by step, for docs/process_messages.md.
#define WEIR_ATOMIC_HEADER "mortal_atomic.hpp"
#define WEIR_CHECK_ROLES 0

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "model.hpp"
#include "mortality.hpp"
#include "shm_step_names.hpp"
#include "weir/detail/shm_message/consumer.hpp"
#include "weir/detail/shm_message/producer.hpp"

namespace {

using namespace model;
using namespace weir::detail;
using weir::message;
using weir::status;

constexpr bool never_stop() noexcept { return false; }

/// What a message of this number holds: 8 bytes or none, so that some records
/// do not fit before the end of the storage.
constexpr std::size_t size_of(std::uint64_t number) noexcept { return number % 2 == 0 ? 8 : 0; }
constexpr std::uint16_t type_of(unsigned producer, std::uint64_t number) noexcept {
    return static_cast<std::uint16_t>(producer * 16 + number);
}

/// A ring in shared memory, one process of which dies before step 1 to `Steps`
/// of it, or not at all.
template <unsigned Producers, unsigned Capacity, unsigned Steps, bool Timed>
class shared_ring : public scenario {
protected:
    using state = shm_message_state<Producers>;
    using producer = shm_message_producer<Producers, watch<Timed>>;
    using consumer = shm_message_consumer<Producers, watch<Timed>>;

    shared_ring() noexcept {
        mortal = &process_;
        for (unsigned at = 0; at < Capacity; at += 8) words_[at / 8].store(record_header::none_at(at), relaxed);
    }

    void live() noexcept {
        process_.left = Steps == 0 ? 0 : choose(Steps + 1);
        process_.thread = identity();
    }
    /// The scenario is over for those that live: a dead thread may leave, and
    /// finds a closed ring.
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
    shm_records mapped() noexcept { return {words_.data(), memory_.data(), Capacity}; }
    producer produce(unsigned number) noexcept { return {state_, number, mapped(), Capacity, {}}; }
    consumer consume() noexcept {
        return {state_, mapped(), Capacity, [] { return watch<Timed>(); }};
    }

    // Where a payload's two halves are, which are written one after the other.
    struct halves {
        weir::detail::atomic<std::uint32_t> first{0}, second{0};
    };
    halves& at(const std::byte* payload) noexcept {
        return halves_[static_cast<std::size_t>(payload - memory_.data()) / 8];
    }

    void write(std::byte* payload, unsigned from, std::uint64_t number) noexcept {
        if (!is_over()) writing_[from] = number + 1;
        if (size_of(number) == 0) return;
        const std::uint32_t what = type_of(from, number) + 1U;
        at(payload).first.store(what, relaxed);
        at(payload).second.store(what, relaxed);
    }
    /// The producer, and the number, of a whole message.
    std::pair<unsigned, std::uint64_t> read(const message& one) noexcept {
        const unsigned from = one.type / 16U;
        const std::uint64_t number = one.type % 16U;
        check(from < Producers && one.bytes.size() == size_of(number), "a message has the bytes that were committed");
        if (!one.bytes.empty()) {
            const bool is_whole = at(one.bytes.data()).first.load(relaxed) == one.type + 1U &&
                                  at(one.bytes.data()).second.load(relaxed) == one.type + 1U;
            // A dead process that leaves may see anything.
            check(is_whole || is_over(), "no message is torn, nor overwritten before it was read");
        }
        return {from, number};
    }

    /// Pushes the next message of an end.
    status push(producer& end) noexcept {
        const auto from = static_cast<unsigned>(end.number());
        const std::uint64_t number = end.done();
        const record_claim claimed = end.claim_unless(state_, 8, never_stop_, forever);
        if (claimed.answer != status::success) return claimed.answer;
        write(end.payload(claimed), from, number);
        end.commit(state_, claimed, size_of(number), type_of(from, number));
        handed_[from] = number + 1;
        return status::success;
    }
    template <class Visit>
    status pop(consumer& end, Visit visit) noexcept {
        status answer = status::empty;
        for (;;) {
            (void)end.consume(state_, visit, 1, answer);
            if (answer != status::empty && answer != status::busy) return answer;
            answer = end.wait(state_, never_stop_, forever);
            if (answer != status::success) return answer;
        }
    }
    template <class Visit>
    status try_pop(consumer& end, Visit visit) noexcept {
        status answer = status::empty;
        (void)end.consume(state_, visit, 1, answer);
        return answer;
    }
    /// A visit of the messages of producers that each come in order.
    auto in_order() noexcept {
        return [this](const message& one) noexcept {
            const auto [from, number] = read(one);
            check(number == expected_[from], "the messages of a producer come in order, none is lost or doubled");
            ++expected_[from];
            return visited{true, true};
        };
    }

    bool (*never_stop_)() noexcept = never_stop;
    mortal_process process_;
    state state_;
    std::array<weir::detail::record_word, Capacity / 8> words_;
    std::array<std::byte, Capacity> memory_{};
    std::array<halves, Capacity / 8> halves_;
    std::array<std::uint64_t, Producers> writing_{};   // the latest message that was begun to be written, from 1 on
    std::array<std::uint64_t, Producers> handed_{};    // by commits that returned
    std::array<std::uint64_t, Producers> expected_{};  // by the consumer
};

/// Producer 0 dies. The consumer gets peer_died, once, takes that end over, and
/// pushes what is missing. Others go on pushing. `Drops`: its first reservation
/// is dropped. `AfterAnother`: one has died before it, with a claim that it had
/// not handed over, and it recovers that.
template <unsigned Producers, unsigned Capacity, unsigned Messages, unsigned Steps, bool Drops = false,
          bool AfterAnother = false>
class producer_dies : public shared_ring<Producers, Capacity, Steps, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            dies();
        } else if (index == 1) {
            survives();
        } else {
            goes_on(index - 1);
        }
    }

    void dies() noexcept {
        if (AfterAnother) this->live();
        const taken_end taken = this->take(this->state_.producers[0].end.owner, mortal_pid);
        if (!taken.succeeded) return;
        if (!AfterAnother) this->live();  // an end that has had no holder is waited for
        auto end = this->produce(0);
        if (Drops) {
            const record_claim dropped = end.claim(this->state_, 8);
            if (dropped.answer == status::success) end.abort(this->state_, dropped);
        }
        while (end.done() < Messages && !this->is_over()) {
            this->process_.item = end.done();
            if (this->push(end) == status::closed || end.is_corrupted()) break;
        }
        if (!this->is_over()) this->state_.close();
        leave_end(this->state_.producers[0].end.owner, taken.mine);
    }

    void goes_on(unsigned number) noexcept {
        const taken_end taken = this->take(this->state_.producers[number].end.owner, living_pid + number);
        auto end = this->produce(number);
        while (end.done() < Messages) {
            const status answer = this->push(end);
            if (answer == status::closed) break;
            check(answer == status::success, "one that lives is not told of another producer's death");
        }
        leave_end(this->state_.producers[number].end.owner, taken.mine);
    }

    void survives() noexcept {
        auto end = this->consume();
        unsigned deaths = 0;
        for (;;) {
            const status answer = this->pop(end, this->in_order());
            if (answer == status::closed) break;
            check(answer == status::success || answer == status::peer_died, "no other answer than these");
            if (answer != status::peer_died) continue;
            ++deaths;
            check(end.dead_producer() == 0, "it says which producer died");
            check(this->process_.dead.load(seq_cst) != 0 || AfterAnother, "only a dead peer is reported");
            follow(end);
        }
        check(deaths <= (AfterAnother ? 2U : 1U), "a death is reported once");
        this->let_go();
    }

    void follow(typename producer_dies::consumer& end) noexcept {
        const std::optional<std::uint64_t> doubt = end.in_doubt();
        const std::uint64_t got = this->expected_[0];
        check(!doubt.has_value() || *doubt == got || AfterAnother, "at most one message is in doubt: the next one");
        if (AfterAnother && this->process_.dead.load(seq_cst) == 0) {  // the first one's death was reported
            check(!doubt.has_value() || (*doubt == 0 && !handed_over_),
                  "nothing of its follower's is taken for its own");
        }
        if (!AfterAnother) {
            note("producer", this->process_, got > this->process_.item ? "delivered" : "not accepted; it never comes",
                 doubt.has_value() ? "that message" : "no message");
            check(got >= this->handed_[0], "what was handed over is delivered before the death is reported");
            check(doubt.has_value() || this->writing_[0] <= got, "a message that was half written is in doubt");
        }
        const taken_end taken = this->take(this->state_.producers[0].end.owner, survivor_pid);
        if (AfterAnother && !taken.succeeded) return;  // the other one was quicker
        check(taken.succeeded && (AfterAnother || taken.recovered()), "the end of a dead process can be taken");
        auto follower = this->produce(0);
        check(AfterAnother || follower.done() == got, "it goes on with what was not handed over");
        check(AfterAnother || follower.in_doubt() == doubt, "both sides know the same message in doubt");
        while (follower.done() < Messages) {
            const record_claim claimed = follower.claim(this->state_, 8);
            if (claimed.answer == status::success) {
                const std::uint64_t number = follower.done();
                this->write(follower.payload(claimed), 0, number);
                follower.commit(this->state_, claimed, size_of(number), type_of(0, number));
                this->handed_[0] = number + 1;
            } else {
                check(claimed.answer == status::full, "there will be room");
                const status answer = this->try_pop(end, this->in_order());
                if (answer == status::busy || answer == status::empty) yield();
            }
        }
        this->state_.close();
        leave_end(this->state_.producers[0].end.owner, taken.mine);
    }

    void after() override {
        for (unsigned number = 0; number < Producers; ++number)
            check(this->expected_[number] >= this->handed_[number], "what was handed over is delivered");
    }

public:
    producer_dies() noexcept {
        if (!AfterAnother) return;
        // In the middle of its first message, or just after it had handed that
        // over.
        auto& words = this->state_.producers[0];
        words.end.owner.store(owner::of(long_dead_pid, 1).word, relaxed);
        words.claiming.store(0, relaxed);
        words.end.begun.store(1, relaxed);
        const unsigned how_far = choose(4);
        handed_over_ = how_far == 3;
        if (how_far > 0) this->state_.tail.store(16, relaxed);
        if (how_far > 1) words.end.step.store(0, relaxed);
        if (how_far < 3) {
            this->words_[0].store(record_header::of_claim(16, 0), relaxed);
        } else {
            this->write(this->memory_.data(), 0, 0);
            this->words_[0].store(record_header::of_message(8, type_of(0, 0)), relaxed);
            this->handed_[0] = 1;
        }
    }

private:
    bool handed_over_ = false;  // by the one that died before
};

/// The consumer dies. The producer gets peer_died, once, takes that end over,
/// and visits the rest.
template <unsigned Producers, unsigned Capacity, unsigned Messages, unsigned Steps>
class consumer_dies : public shared_ring<Producers, Capacity, Steps, true> {
    void thread(unsigned index) override { index == 0 ? dies() : survives(); }

    void dies() noexcept {
        const taken_end taken = this->take(this->state_.consumer.end.owner, mortal_pid);
        this->live();
        auto end = this->consume();
        for (;;) {
            this->process_.item = end.done();
            const status answer = this->pop(end, [this](const message& one) noexcept {
                const std::uint64_t number = this->read(one).second;
                check(number == visited_ || this->is_over(), "messages come in order, none is lost or doubled");
                ++visited_;
                return visited{true, true};
            });
            if (answer == status::closed || answer == status::corrupted || this->is_over()) break;
        }
        leave_end(this->state_.consumer.end.owner, taken.mine);
    }

    void survives() noexcept {
        (void)this->take(this->state_.producers[0].end.owner, survivor_pid);
        auto end = this->produce(0);
        while (end.done() < Messages) {
            const status answer = this->push(end);
            if (answer == status::success) continue;
            check(answer == status::peer_died, "no other answer than these");
            check(this->process_.dead.load(seq_cst) != 0, "only a dead peer is reported");
            follow(end);
        }
        this->let_go();
    }

    void follow(typename consumer_dies::producer& end) noexcept {
        const std::optional<std::uint64_t> doubt = end.in_doubt();
        const taken_end taken = this->take(this->state_.consumer.end.owner, survivor_pid);
        check(taken.succeeded && taken.recovered(), "the end of a dead process can be taken");
        auto follower = this->consume();
        check(follower.in_doubt() == doubt, "both sides know the same message in doubt");
        const std::uint64_t next = follower.done();
        note(
            "consumer", this->process_,
            next > this->process_.item ? "taken; the next consumer gets the one after it" : "the next consumer gets it",
            doubt.has_value() ? "that message" : "no message");
        check(!doubt.has_value() || *doubt == next, "the message in doubt is the next one");
        check(visited_ == next || (visited_ == next + 1 && doubt == next),
              "no message is visited twice but that in doubt, and none is left out");
        this->expected_[0] = next;
        while (this->expected_[0] < Messages) {
            const status answer = this->try_pop(follower, this->in_order());
            if (answer == status::success) continue;
            check(answer == status::empty, "nothing else is left");
            check(end.done() < Messages, "all that was pushed comes");
            check(this->push(end) == status::success, "an empty ring has room");
        }
        check(follower.done() == Messages, "all that was pushed is taken");
        leave_end(this->state_.consumer.end.owner, taken.mine);
    }

    std::uint64_t visited_ = 0;  // in the process that dies
};

/// The process that closes dies while the other one sleeps.
template <unsigned Steps>
class closer_dies : public shared_ring<1, 16, Steps, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            const taken_end taken = this->take(this->state_.producers[0].end.owner, mortal_pid);
            this->live();
            this->state_.close();
            leave_end(this->state_.producers[0].end.owner, taken.mine);
            return;
        }
        auto end = this->consume();
        const status answer = this->pop(end, this->in_order());
        check(answer == status::closed || (answer == status::peer_died && this->process_.dead.load(seq_cst) != 0),
              "it closed, or died");
        this->let_go();
    }
};

/// One end, held by one process after the other, in order: that is no death,
/// and the numbers go on.
class handed_over : public shared_ring<1, 32, 0, true> {
    void thread(unsigned index) override {
        if (index < 2) {
            for (;;) {
                const taken_end taken = take(state_.producers[0].end.owner, living_pid + index);
                if (!taken.succeeded) {
                    yield();
                    continue;
                }
                check(!taken.recovered(), "a holder that left in order has not died");
                auto end = produce(0);
                check(end.done() == handed_[0], "the next holder goes on behind the last one");
                check(push(end) == status::success, "there will be room");
                leave_end(state_.producers[0].end.owner, taken.mine);
                return;
            }
        }
        auto end = consume();
        while (expected_[0] < 2) check(pop(end, in_order()) == status::success, "and it is no death");
    }
};

/// No process dies, and none looks by itself: each sleep ends by a wake-up.
/// `Drops`: each producer's first reservation is dropped.
template <unsigned Producers, unsigned Capacity, unsigned Messages, bool Drops = false>
class sleeps_well : public shared_ring<Producers, Capacity, 0, false> {
    void thread(unsigned index) override {
        if (index < Producers) {
            this->state_.producers[index].end.owner.store(owner::of(living_pid + index, 1).word, relaxed);
            auto end = this->produce(index);
            if (Drops) {
                const record_claim dropped = end.claim(this->state_, 8);
                if (dropped.answer == status::success) end.abort(this->state_, dropped);
            }
            for (unsigned i = 0; i < Messages; ++i) check(this->push(end) == status::success, "there will be room");
            return;
        }
        auto end = this->consume();
        for (unsigned i = 0; i < Producers * Messages; ++i)
            check(this->pop(end, this->in_order()) == status::success, "there will be a message");
        check(this->try_pop(end, this->in_order()) == status::empty, "there is nothing else");
        check(this->state_.size_approx(Capacity) == 0, "what was visited or skipped is free again");
    }
};

/// A third thread closes at any time: what was accepted is delivered, and
/// nothing comes after `closed`.
template <unsigned Producers, unsigned Capacity, unsigned Messages>
class closing : public shared_ring<Producers, Capacity, 0, false> {
    void thread(unsigned index) override {
        if (index < Producers) {
            this->state_.producers[index].end.owner.store(owner::of(living_pid + index, 1).word, relaxed);
            auto end = this->produce(index);
            for (unsigned i = 0; i < Messages; ++i) {
                if (this->push(end) == status::success) continue;
                check(note_.load(relaxed) == 1, "the close happened after that");
                return;
            }
        } else if (index == Producers) {
            auto end = this->consume();
            while (this->pop(end, this->in_order()) == status::success) {
            }
            check(note_.load(relaxed) == 1, "the close happened after that");
            for (unsigned p = 0; p < Producers; ++p) told_[p] = this->expected_[p];
        } else {
            note_.store(1, relaxed);
            this->state_.close();
        }
    }
    void after() override {
        for (unsigned p = 0; p < Producers; ++p)
            check(told_[p] == this->handed_[p], "every message that was accepted is delivered before `closed`");
    }

    immortal_atomic<std::uint32_t> note_{0};
    std::array<std::uint64_t, Producers> told_{};
};

/// A close wakes a producer that waits for room, also where there is no
/// consumer.
class closed_while_full : public shared_ring<1, 32, 0, false> {
    void thread(unsigned index) override {
        if (index == 1) {
            while (handed_[0] < 2) yield();  // it is full
            note_.store(1, relaxed);
            return state_.close();
        }
        state_.producers[0].end.owner.store(owner::of(living_pid, 1).word, relaxed);
        auto end = produce(0);
        for (int i = 0; i < 2; ++i) check(push(end) == status::success, "there is room");
        if (choose(2) == 1) {
            while (!state_.is_closed()) yield();
        } else {
            check(push(end) == status::closed, "a closed ring says so");
        }
        check(note_.load(relaxed) == 1, "the close happened after that");
    }

    immortal_atomic<std::uint32_t> note_{0};
};

/// A producer dies, and another one goes on while no consumer is there.
class producer_helps : public shared_ring<2, 32, 16, true> {
    void thread(unsigned index) override {
        const taken_end taken = take(state_.producers[index].end.owner, index == 0 ? mortal_pid : living_pid);
        if (index == 0) live();
        auto end = produce(index);
        const status answer = push(end);
        if (index == 0) return leave_end(state_.producers[0].end.owner, taken.mine);
        check(answer == status::success, "a dead producer holds up no other one");
        let_go();
    }
};

constexpr entry scenarios[] = {
    {"producer_dies", 2, 2, 100'000, make<producer_dies<1, 32, 3, 60>>},
    {"producer_dies_dropping", 2, 1, 50'000, make<producer_dies<1, 32, 1, 40, true>>},
    {"producer_of_two_dies", 3, 1, 200'000, make<producer_dies<2, 32, 2, 44>>},
    {"recovery_dies", 2, 2, 100'000, make<producer_dies<1, 32, 2, 50, false, true>>},
    {"recovery_of_two_dies", 3, 0, 100'000, make<producer_dies<2, 32, 2, 50, false, true>>},
    {"consumer_dies", 2, 2, 100'000, make<consumer_dies<1, 32, 5, 60>>},
    {"closer_dies", 2, 3, 50'000, make<closer_dies<10>>},
    {"handed_over", 3, 2, 50'000, make<handed_over>},
    {"sleeps_well", 2, 2, 100'000, make<sleeps_well<1, 32, 4>>},
    {"two_sleep_well", 3, 1, 100'000, make<sleeps_well<2, 32, 2>>},
    {"two_drop", 3, 1, 100'000, make<sleeps_well<2, 32, 1, true>>},
    {"closing", 3, 1, 100'000, make<closing<1, 32, 3>>},
    {"producer_helps", 2, 2, 20'000, make<producer_helps>},
    {"closed_while_full", 2, 2, 20'000, make<closed_while_full>},
    {"closing_two", 4, 0, 100'000, make<closing<2, 32, 2>>},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--table")
        return print_table("its message | in doubt", scenarios, {"producer_dies", "consumer_dies"}, message_steps);
    return run(argc, argv, scenarios);
}
