// SPDX-License-Identifier: MIT
//
// A broadcast ring between processes, one of which dies: before each step that the others could see, in turn. With --table it prints
// what they see, step by step, for docs/processes_broadcast.md.
#define WEIR_ATOMIC_HEADER "mortal_atomic.hpp"
#define WEIR_CHECK_ROLES 0

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "mortality.hpp"
#include "shm_step_names.hpp"
#include "weir/detail/shm/broadcast/producer.hpp"
#include "weir/detail/shm/broadcast/reader.hpp"

namespace {

using namespace model;
using namespace weir::detail;
using weir::status;

struct pair {
    std::uint64_t first = 0, second = 0;
};
/// The item of a number, from 0 on.
pair item_of(std::uint64_t number) noexcept { return {number + 1, number + 1}; }

/// A ring in shared memory, one process of which dies before step 1 to `Steps` of it, or not at all.
template <unsigned Capacity, unsigned Steps, bool Timed, std::size_t Seats = 2>
class shared_ring : public scenario {
protected:
    using producer = shm_broadcast_producer<pair, Seats, watch<Timed>>;
    using reader = shm_broadcast_reader<pair, Seats, watch<Timed>>;
    static constexpr std::uint64_t capacity = Capacity;

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

    taken_end take_producer(std::uint64_t pid) noexcept {
        watch<Timed> asks;
        return take_end(state_.producer, owner::of(pid, 1), asks);
    }
    taken_seat sit_down(std::uint64_t pid) noexcept {
        watch<Timed> asks;
        return take_seat(state_, owner::of(pid, 1), asks);
    }
    void stand_up(const taken_seat& from) noexcept {
        stop_gating(state_, state_.seats[from.number]);
        leave_end(state_.seats[from.number].holder, from.end.mine);
    }
    word_slots<pair> items() noexcept { return {slots_.data(), Capacity}; }
    producer produce(bool recovered) noexcept { return {state_, items(), Capacity, {}, recovered}; }
    reader read(const taken_seat& from, bool gated = true) noexcept {
        return {state_, items(), Capacity, {}, from, gated, "r"};
    }
    /// A reader that was there before.
    reader read_as(std::uint64_t pid, bool gated = true) noexcept { return read(sit_down(pid), gated); }

    /// What was popped by a reader that stood at `number`.
    static void check_item(const reader& from, const pair& got, std::uint64_t number) noexcept {
        check(got.first == got.second, "no item is torn");
        check(got.first == from.position(), "the item is that of its number");
        check(from.is_gated() ? from.position() == number + 1 && from.gap() == 0 : from.position() > number,
              "items come in order, and a gated reader misses nothing");
    }

    mortal_process process_;
    shm_broadcast_state<Seats> state_;
    std::array<copied_words<pair>, std::bit_ceil(Capacity)> slots_;
};

/// The producer dies. A reader gets peer_died, once, takes the end over, and pushes what is missing.
enum class before { none, half_written_item, dead_reader };
template <unsigned Capacity, unsigned Items, unsigned Steps, bool Gated, before Left = before::none>
class producer_dies : public shared_ring<Capacity, Steps, true> {
    static constexpr bool after_another = Left == before::half_written_item;

    void thread(unsigned index) override { index == 0 ? dies() : survives(); }

    void dies() noexcept {
        if (after_another) this->live();
        const taken_end taken = this->take_producer(mortal_pid);
        if (!taken.succeeded) return;
        if (!after_another) this->live();  // an end that has had no holder is waited for
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
        unsigned deaths = 0;
        for (;;) {
            pair got;
            const std::uint64_t number = reader_.position();
            const status answer = reader_.pop_until(this->state_, got, forever);
            if (answer == status::closed) break;
            check(answer == status::success || answer == status::peer_died, "no other answer than these");
            if (answer == status::success) {
                this->check_item(reader_, got, number);
                continue;
            }
            ++deaths;
            check(this->process_.dead.load(seq_cst) != 0 || after_another, "only a dead peer is reported");
            const std::optional<std::uint64_t> doubt = reader_.in_doubt();
            if (Left == before::none && Gated) {
                note("producer", this->process_,
                     number > this->process_.item ? "its item is delivered"
                     : doubt.has_value()          ? "its item never comes; in doubt is that item"
                                                  : "its item never comes");
            }
            check(!doubt.has_value() || *doubt == reader_.position(), "at most one item is in doubt: the next one");
            const taken_end taken = this->take_producer(survivor_pid);
            if (after_another && !taken.succeeded) continue;  // the other one was quicker
            check(taken.succeeded && (after_another || taken.recovered()), "the end of a dead process can be taken");
            auto follower = this->produce(taken.recovered());
            check(after_another || follower.position() == reader_.position(), "it goes on with what was not published");
            check(after_another || follower.in_doubt() == doubt, "both sides know the same item in doubt");
            while (follower.position() < Items || reader_.position() < Items) {
                const std::uint64_t next = reader_.position();
                if (reader_.try_pop(this->state_, got) == status::success) {
                    this->check_item(reader_, got, next);
                } else {
                    const status pushed = follower.try_push(this->state_, item_of(follower.position()), true);
                    check(pushed == status::success, "no reader that lives is behind");
                }
            }
            this->state_.close();
        }
        check(deaths <= (after_another ? 2U : 1U), "a death is reported once");
        check(reader_.is_gated() ? reader_.position() == Items : reader_.position() <= Items, "all was read or missed");
        this->let_go();
    }

    typename shared_ring<Capacity, Steps, true>::reader reader_ = this->read_as(living_pid, Gated);

public:
    producer_dies() noexcept {
        if (Left == before::half_written_item) {
            this->state_.producer.store(owner::of(long_dead_pid, 1).word, relaxed);
            this->state_.pushing.store(1, relaxed);
        } else if (Left == before::dead_reader) {
            auto& seat = this->state_.seats[1];
            seat.holder.store(owner::of(long_dead_pid, 1).word, relaxed);
            seat.gated_for.store(owner::of(long_dead_pid, 1).word, relaxed);
        }
    }
};

/// A reader dies: as it joins, reads or leaves. The producer goes on, and so does another reader.
template <unsigned Capacity, unsigned Items, unsigned Steps, bool Gated>
class reader_dies : public shared_ring<Capacity, Steps, true> {
    void thread(unsigned index) override { index == 0 ? dies() : survives(); }

    void dies() noexcept {
        this->live();
        const taken_seat taken = this->sit_down(mortal_pid);
        if (!taken.end.succeeded) {
            check(this->is_over(), "a seat is free");
            return;
        }
        auto end = this->read(taken, Gated);
        std::uint64_t number = end.position();
        for (int i = 0; i < 2; ++i) {
            pair got;
            const status answer = end.pop_until(this->state_, got, forever);
            if (this->is_over()) break;
            check(answer == status::success, "no other answer than these");
            this->check_item(end, got, number);
            number = end.position();
        }
        this->stand_up(taken);
        has_left_ = true;
    }

    void survives() noexcept {
        auto end = this->produce(false);
        while (end.position() < Items) {
            check(end.push_until(this->state_, item_of(end.position()), forever) == status::success,
                  "a dead reader does not hold up the producer");
            pair got;
            const std::uint64_t number = other_.position();
            check(other_.try_pop(this->state_, got) == status::success, "the other reader gets the item");
            this->check_item(other_, got, number);
        }
        check(end.readers_lost() <= 1, "a death is counted once");
        check(!has_left_ || end.readers_lost() == 0, "a reader that left in order has not died");
        if (this->process_.dead.load(seq_cst) != 0) {
            note("reader", this->process_,
                 end.readers_lost() == 1 ? "the producer frees its seat when it would wait for it"
                                         : "the producer does not wait for it");
            for (std::uint64_t i = 0; i < 2; ++i) {  // one beside the other reader's
                const taken_seat next = this->sit_down(living_pid + 1);
                check(next.end.succeeded == (i == 0), "the seat of a dead reader can be taken");
            }
        }
        this->let_go();
    }

    typename shared_ring<Capacity, Steps, true>::reader other_ = this->read_as(living_pid);
    bool has_left_ = false;  // not modelled: after its last step
};

/// The only seat: its reader dies, and the next one takes it while the producer waits for the first, or has freed it.
template <unsigned Steps>
class seat_passes_on : public shared_ring<1, Steps, true, 1> {
    void thread(unsigned index) override {
        if (index == 0) {
            this->live();
            pair got;
            (void)first_.try_pop(this->state_, got);
            for (unsigned i = 0; i < Steps; ++i) step(place::current());
            this->stand_up(taken_);
        } else if (index == 1) {
            auto end = this->produce(false);
            while (end.position() < 3)
                check(end.push_until(this->state_, item_of(end.position()), forever) == status::success,
                      "a dead reader does not hold up the producer");
            this->state_.close();
        } else {
            taken_seat mine;
            while (!(mine = this->sit_down(living_pid)).end.succeeded) yield();
            auto end = this->read(mine);
            for (pair got;;) {
                const std::uint64_t number = end.position();
                const status answer = end.pop_until(this->state_, got, forever);
                if (answer == status::closed) break;
                check(answer == status::success, "no other answer than these");
                this->check_item(end, got, number);
            }
            check(end.position() == 3, "it sees all from its first item on");
            this->let_go();
        }
    }

    taken_seat taken_ = this->sit_down(mortal_pid);
    typename shared_ring<1, Steps, true, 1>::reader first_ = this->read(taken_);
};

/// The process that closes dies while a reader sleeps.
template <unsigned Steps>
class closer_dies : public shared_ring<1, Steps, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            const taken_end taken = this->take_producer(mortal_pid);
            this->live();
            this->state_.close();
            leave_end(this->state_.producer, taken.mine);
            return;
        }
        pair got;
        const status answer = reader_.pop_until(this->state_, got, forever);
        check(answer == status::closed || (answer == status::peer_died && this->process_.dead.load(seq_cst) != 0),
              "it closed, or died");
        this->let_go();
    }
    typename shared_ring<1, Steps, true>::reader reader_ = this->read_as(living_pid);
};

/// A reader joins in the midst, reads some, leaves, and joins again.
template <unsigned Capacity, unsigned Items>
class visiting : public shared_ring<Capacity, 0, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            auto end = this->produce(false);
            while (end.position() < Items)
                check(end.push_until(this->state_, item_of(end.position()), forever) == status::success,
                      "there will be room");
            return;
        }
        for (int visit = 0; visit < 2; ++visit) {
            const taken_seat taken = this->sit_down(living_pid);
            auto guest = this->read(taken);
            for (int i = 0; i < 2; ++i) {
                pair got;
                const std::uint64_t number = guest.position();
                if (guest.try_pop(this->state_, got) == status::success) this->check_item(guest, got, number);
            }
            this->stand_up(taken);
        }
    }
};

/// A lossy reader: what it received and what it missed is everything.
template <unsigned Capacity, unsigned Items>
class lossy : public shared_ring<Capacity, 0, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            auto end = this->produce(false);
            while (end.position() < Items)
                check(end.try_push(this->state_, item_of(end.position())) == status::success,
                      "a lossy reader is never waited for");
            this->state_.close();
            return;
        }
        std::uint64_t received = 0;
        for (pair got;;) {
            const std::uint64_t number = received + reader_.missed();
            const std::uint64_t missed = reader_.missed();
            const status answer = reader_.try_pop(this->state_, got);
            if (answer == status::closed) break;
            if (answer == status::empty) {
                yield();
                continue;
            }
            check(answer == status::success, "no other answer than these");
            check(got.first == got.second, "no item is torn");
            check(got.first == number + reader_.missed() - missed + 1,
                  "items come in order, and what is missed is counted");
            ++received;
        }
        check(received + reader_.missed() == Items, "what was received and what was missed is everything");
    }
    typename shared_ring<Capacity, 0, true>::reader reader_ = this->read_as(living_pid, false);
};

/// Who gets `closed` sees what the closing thread did before.
class closes_after : public shared_ring<2, 0, true> {
    void thread(unsigned index) override {
        if (index == 0) {
            note_.store(1, relaxed);
            state_.close();
            return;
        }
        switch (choose(3)) {
        case 0: {
            auto end = produce(false);
            std::uint64_t accepted = 0;
            pair got;
            for (; end.try_push(state_, item_of(accepted)) != status::closed; ++accepted) {
                check(reader_.try_pop(state_, got) == status::success, "what was accepted is delivered");
                yield();
            }
            break;
        }
        case 1: {
            pair got;
            check(reader_.pop_until(state_, got, forever) == status::closed, "there was nothing else");
            break;
        }
        default:
            while (!state_.is_closed()) yield();
        }
        check(note_.load(relaxed) == 1, "the close happened after that");
    }

    reader reader_ = read_as(living_pid);
    immortal_atomic<std::uint32_t> note_{0};
};

/// No process dies, and none looks by itself: each sleep ends by a wake-up.
template <unsigned Capacity, unsigned Items, unsigned Readers, bool Leaves>
class sleeps_well : public shared_ring<Capacity, 0, false> {
    void thread(unsigned index) override {
        if (index == 0) {
            auto end = this->produce(false);
            for (std::uint64_t i = 0; i < Items; ++i)
                check(end.push_until(this->state_, item_of(i), forever) == status::success, "there will be room");
            this->state_.close();
            return;
        }
        auto& end = readers_[index - 1];
        pair got;
        for (std::uint64_t i = 0; i < Items && end.position() < Items; ++i) {
            if (Leaves && i == 1 && index == 1) {
                this->stand_up(seats_[0]);
                return;
            }
            check(end.pop_until(this->state_, got, forever) == status::success, "there will be an item");
            this->check_item(end, got, end.is_gated() ? i : end.position() - 1);
        }
        check(end.pop_until(this->state_, got, forever) == status::closed, "then it is closed");
    }

    std::array<taken_seat, 2> seats_{this->sit_down(living_pid), this->sit_down(living_pid + 1)};
    std::array<typename shared_ring<Capacity, 0, false>::reader, 2> readers_{this->read(seats_[0]),
                                                                             this->read(seats_[1], Readers == 2)};
};

/// A reader joins while the producer is about to sleep, or sleeps, for the room that the look at the unfinished seat denied it.
class joins_in_time : public shared_ring<1, 0, false> {
    void thread(unsigned index) override {
        if (index == 0) {
            auto end = produce(false);
            check(end.push_until(state_, item_of(0), forever) == status::success, "there will be room");
            return;
        }
        (void)read_as(living_pid);
    }
};

constexpr entry scenarios[] = {
    {"producer_dies", 2, 2, 200'000, make<producer_dies<1, 2, 40, true>>},
    {"producer_dies_of_two", 2, 1, 200'000, make<producer_dies<2, 3, 50, true>>},
    {"producer_dies_lossy", 2, 1, 200'000, make<producer_dies<2, 3, 50, false>>},
    {"recovery_dies", 2, 2, 200'000, make<producer_dies<1, 2, 40, true, before::half_written_item>>},
    {"recovery_dies_lossy", 2, 1, 200'000, make<producer_dies<1, 2, 40, false, before::half_written_item>>},
    {"freeing_dies", 2, 1, 200'000, make<producer_dies<1, 2, 50, true, before::dead_reader>>},
    {"reader_dies", 2, 2, 200'000, make<reader_dies<1, 4, 40, true>>},
    {"reader_dies_of_two", 2, 1, 200'000, make<reader_dies<2, 4, 40, true>>},
    {"reader_dies_lossy", 2, 1, 100'000, make<reader_dies<1, 3, 40, false>>},
    {"seat_passes_on", 3, 0, 200'000, make<seat_passes_on<8>>},
    {"closer_dies", 2, 3, 100'000, make<closer_dies<10>>},
    {"visiting", 2, 2, 200'000, make<visiting<1, 4>>},
    {"visiting_2", 2, 2, 200'000, make<visiting<2, 4>>},
    {"lossy", 2, 2, 200'000, make<lossy<1, 3>>},
    {"lossy_2", 2, 2, 200'000, make<lossy<2, 5>>},
    {"closes_after", 2, 3, 50'000, make<closes_after>},
    {"sleeps_well", 3, 1, 200'000, make<sleeps_well<1, 2, 2, false>>},
    {"sleeps_well_alone", 3, 1, 100'000, make<sleeps_well<1, 2, 1, false>>},
    {"leaves_well", 3, 1, 100'000, make<sleeps_well<1, 3, 2, true>>},
    {"joins_in_time", 2, 4, 100'000, make<joins_in_time>},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--table") {
        return print_table("what the others see", scenarios, {"producer_dies", "reader_dies"}, broadcast_steps);
    }
    return run(argc, argv, scenarios);
}
