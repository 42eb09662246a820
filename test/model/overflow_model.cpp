// SPDX-License-Identifier: MIT
//
// overflow_ring under the model checker: loss is what the policy says, is counted to the item, and shows as a gap.
#include "scenarios.hpp"
#include "weir/overflow.hpp"

namespace model {
namespace {

namespace overflow = weir::overflow;

struct by_parity {
    std::size_t operator()(const element& item) const noexcept { return static_cast<std::size_t>(item.number() % 2); }
};
using shed_lowest = overflow::shed_lowest<2, by_parity>;

struct all_high {
    std::size_t operator()(const element&) const noexcept { return 1; }
};
/// Slots of one class are used again at once.
using shed_none = overflow::shed_lowest<2, all_high>;

/// A ring with a policy, and the books. Items are numbered from 0 by producer, 100 apart.
template <class Policy, unsigned Capacity, unsigned Producers>
class overflow_scenario : public scenario {
public:
    void thread(unsigned index) override {
        if (index < Producers) {
            produce(index);
        } else if (index == Producers) {
            consume();
        } else {
            other();
        }
    }

    /// What is left comes out. Then every item that was taken in is delivered or lost, and the gaps say how many are lost;
    /// and an empty ring takes exactly its capacity.
    void after() override {
        while (try_pop() == status::success) {
        }
        const overflow::ledger sum = ring.account();
        check(sum.is_exact() && sum.queued == 0, "every accepted item is delivered or lost, and counted once");
        check(sum.accepted() == accepted_ && sum.refused == refused_, "what was accepted is counted");
        check(sum.delivered == delivered_, "what was delivered is counted");
        if (refused_ == 0 && delivered_ > 0 && is_last_delivered()) {
            check(gaps_ == sum.lost(), "the gaps add up to what was lost");
        }
        if (ring.is_closed()) return;
        for (unsigned i = 0; i < Capacity; ++i) {
            check(ring.push(element(98)) == status::success, "an empty ring takes its capacity");
        }
        check(ring.account().lost() == sum.lost(), "and loses nothing of it");
        (void)ring.push(element(98));
        check(ring.account().queued == Capacity, "and no more");
    }

protected:
    virtual void produce(unsigned producer) = 0;
    virtual void consume() = 0;
    virtual void other() {}

    using producers = std::conditional_t<Producers == 1, overflow::one_producer, overflow::many_producers>;
    weir::overflow_ring<element, Policy, producers> ring{Capacity, Policy{}};

    status push(unsigned producer) {
        element item(number(producer, offered_[producer]));
        const status answer = ring.push(std::move(item));
        if (answer == status::success) {
            ++accepted_;
        } else {
            ++refused_;
            check(item.number() == number(producer, offered_[producer]), "a refused item stays with the caller");
        }
        ++offered_[producer];
        return answer;
    }
    status try_pop() {
        return took([this](element& out) { return ring.try_pop(out); });
    }
    status pop() {
        return took([this](element& out) { return ring.pop(out); });
    }
    std::uint64_t delivered() const { return delivered_; }

private:
    static int number(unsigned producer, int nth) { return static_cast<int>(producer) * 100 + nth; }

    // In the books of one class or one producer, which come in order.
    static std::size_t book_of(int number) {
        return static_cast<std::size_t>(std::same_as<Policy, shed_lowest> ? number % 2 : number / 100);
    }
    template <class Pop>
    status took(Pop pop) {
        element out;
        const status answer = pop(out);
        if (answer != status::success) return answer;
        const int number = out.number();
        int& last = last_[book_of(number)];
        check(number > last, "what comes out went in, in order, and comes once");
        last = number;
        gaps_ += ring.gap();
        ++delivered_;
        return answer;
    }
    // Only then is no loss without an item after it that would show the gap.
    bool is_last_delivered() const {
        if (std::same_as<Policy, shed_lowest>) return false;
        for (unsigned p = 0; p < Producers; ++p) {
            if (offered_[p] > 0 && last_[p] != number(p, offered_[p] - 1)) return false;
        }
        return true;
    }

    std::array<int, Producers> offered_{};
    std::array<int, Producers + 1> last_ = [] {
        std::array<int, Producers + 1> none{};
        none.fill(-1);
        return none;
    }();
    std::uint64_t accepted_ = 0, refused_ = 0, delivered_ = 0, gaps_ = 0;
};

/// Each side tries a few times; a third thread reads the ledger.
template <class Policy, unsigned Capacity, unsigned Producers, int Pushes, int Pops>
class overflowing : public overflow_scenario<Policy, Capacity, Producers> {
    void produce(unsigned p) override {
        for (int i = 0; i < Pushes; ++i) {
            const status answer = this->push(p);
            if constexpr (std::same_as<Policy, overflow::reject>) {
                check(answer != status::closed && answer != status::empty, "open: success, full or busy");
            } else {
                check(answer == status::success, "who loses items refuses none");
            }
        }
    }
    void consume() override {
        for (int i = 0; i < Pops; ++i) {
            const status answer = this->try_pop();
            check(answer != status::closed && answer != status::full, "open: success, empty or busy");
        }
    }
    void other() override {
        const overflow::ledger seen = this->ring.account();
        check(seen.delivered + seen.lost() <= seen.accepted(), "nothing ends before it was accepted");
        check(seen.queued <= Capacity, "no more is queued than the capacity");
    }
};

/// The oldest is lost only of a full ring: if the consumer has made room before, none is.
class dropping_the_oldest : public overflow_scenario<overflow::drop_oldest, 2, 1> {
    void produce(unsigned p) override { check(this->push(p) == status::success, "who loses items refuses none"); }
    void consume() override {
        check(this->try_pop() == status::success, "there are items");
        lost_before_ = this->ring.gap();
    }
    void after() override {
        check(this->ring.account().lost() == lost_before_, "none is lost when there is room");
        overflow_scenario<overflow::drop_oldest, 2, 1>::after();
    }
    std::uint64_t lost_before_ = 0;

public:
    dropping_the_oldest() {
        for (int i = 0; i < 2; ++i) check(this->push(0) == status::success, "there is room");
    }
};

/// Of the high class none is lost while one of the low class is queued: there is room for all of it, even where one item is
/// in the hands of the consumer, who has not given its room back.
class shedding_the_lowest : public overflow_scenario<shed_lowest, 3, 1> {
    void produce(unsigned p) override {
        for (int i = 0; i < 4; ++i) check(this->push(p) == status::success, "who loses items refuses none");
    }
    void consume() override {
        for (int i = 0; i < 2; ++i) high_ += took_high() ? 1 : 0;
    }
    void after() override {
        while (high_left() == status::success) {
        }
        check(high_ == 2, "none of the high class is lost while there are lower ones");
    }
    bool took_high() {
        element out;
        return ring.try_pop(out) == status::success && out.number() % 2 == 1;
    }
    status high_left() {
        element out;
        const status answer = ring.try_pop(out);
        if (answer == status::success && out.number() % 2 == 1) ++high_;
        return answer;
    }
    int high_ = 0;
};

/// What is of a higher class comes before what was there.
class taking_the_highest : public overflow_scenario<shed_lowest, 2, 1> {
    void produce(unsigned p) override { (void)this->push(p); }
    void consume() override {
        element out;
        check(ring.try_pop(out) == status::success && out.number() == 1, "the higher class comes first");
    }
    void after() override {}

public:
    taking_the_highest() {
        for (int i = 0; i < 2; ++i) check(this->push(0) == status::success, "there is room");
    }
};

/// Somebody closes; what was accepted before comes out, and the consumer, who sleeps, hears of the end.
template <class Policy, unsigned Capacity, int Pushes>
class closing_overflow : public overflow_scenario<Policy, Capacity, 1> {
    void produce(unsigned p) override {
        for (int i = 0; i < Pushes; ++i) {
            if (this->push(p) == status::closed) return;
        }
    }
    void consume() override {
        status answer = status::success;
        while (answer == status::success) answer = this->pop();
        check(answer == status::closed, "pop waits until it has an answer");
        over_ = true;
    }
    void other() override {
        // Where nothing is pushed the consumer shall be asleep by then, more often than not.
        for (int turns = 0; Pushes == 0 && turns < 50; ++turns) (void)time_.load(weir::detail::relaxed);
        this->ring.close();
    }
    void after() override {
        check(over_, "who sleeps hears of the close");
        check(this->try_pop() == status::closed, "nothing comes after closed");
        overflow_scenario<Policy, Capacity, 1>::after();
    }
    flag time_{false};
    bool over_ = false;
};

/// The consumer sleeps until the last item has come.
template <class Policy, int Pushes>
class awaiting : public overflow_scenario<Policy, Pushes, 1> {
    void produce(unsigned p) override {
        for (int i = 0; i < Pushes; ++i) check(this->push(p) == status::success, "there is room");
    }
    void consume() override {
        for (int i = 0; i < Pushes; ++i) check(this->pop() == status::success, "open: pop succeeds");
    }
};

constexpr entry scenarios[] = {
    {"drop_oldest", 2, 1, 50'000, make<overflowing<overflow::drop_oldest, 1, 1, 3, 2>>},
    {"drop_oldest_2", 2, 1, 50'000, make<overflowing<overflow::drop_oldest, 2, 1, 4, 2>>},
    {"drop_oldest_many", 3, 0, 100'000, make<overflowing<overflow::drop_oldest, 1, 2, 2, 2>>},
    {"drop_oldest_ledger", 3, 1, 50'000, make<overflowing<overflow::drop_oldest, 1, 1, 2, 1>>},
    {"drop_oldest_of_full", 2, 2, 20'000, make<dropping_the_oldest>},
    {"drop_newest", 2, 3, 50'000, make<overflowing<overflow::drop_newest, 1, 1, 3, 2>>},
    {"drop_newest_many", 3, 0, 100'000, make<overflowing<overflow::drop_newest, 1, 2, 2, 2>>},
    {"drop_newest_many_ledger", 4, 0, 100'000, make<overflowing<overflow::drop_newest, 1, 2, 2, 1>>},
    {"drop_newest_ledger", 3, 2, 50'000, make<overflowing<overflow::drop_newest, 1, 1, 2, 1>>},
    {"reject_ledger", 3, 2, 50'000, make<overflowing<overflow::reject, 1, 1, 2, 2>>},
    {"shed", 2, 1, 50'000, make<overflowing<shed_lowest, 1, 1, 3, 2>>},
    {"shed_2", 2, 1, 50'000, make<overflowing<shed_lowest, 2, 1, 4, 2>>},
    {"shed_one_class", 2, 2, 50'000, make<overflowing<shed_none, 1, 1, 3, 2>>},
    {"shed_ledger", 3, 1, 50'000, make<overflowing<shed_lowest, 1, 1, 2, 1>>},
    {"shed_lowest_first", 2, 1, 50'000, make<shedding_the_lowest>},
    {"wait_shed", 2, 1, 50'000, make<awaiting<shed_none, 2>>},
    {"wait_drop_oldest", 2, 1, 50'000, make<awaiting<overflow::drop_oldest, 2>>},
    {"take_highest", 2, 2, 20'000, make<taking_the_highest>},
    {"close_shed_asleep", 3, 0, 50'000, make<closing_overflow<shed_lowest, 1, 0>>},
    {"close_shed", 3, 0, 100'000, make<closing_overflow<shed_lowest, 1, 3>>},
    {"close_drop_oldest", 3, 0, 100'000, make<closing_overflow<overflow::drop_oldest, 1, 2>>},
    {"close_drop_newest", 3, 1, 100'000, make<closing_overflow<overflow::drop_newest, 1, 2>>},
};

}  // namespace
}  // namespace model

int main(int argc, char** argv) { return model::run(argc, argv, model::scenarios); }
