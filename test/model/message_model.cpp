// SPDX-License-Identifier: MIT
//
// Rings of messages under the model checker. A payload is memory that is not atomic: it is built by the producer, and read and
// destroyed by the visit, so that a race, and a record that is overwritten before it was read, are found.
#include <algorithm>
#include <array>
#include <cstring>

#include "scenarios.hpp"
#include "weir/message_ring.hpp"
#include "weir/overflow_messages.hpp"

namespace {

using namespace model;
using bytes = std::span<const std::byte>;

/// Producers that send messages of 8 and of 0 bytes, and a consumer. They may drop reservations, shorten them, and wait.
template <class Ring, unsigned Capacity, unsigned Producers, int Each, bool Waits, bool Drops>
class passing : public scenario {
public:
    void thread(unsigned index) override {
        if (index < Producers) {
            for (int n = 0; n < Each && produce(index, n); ++n) ++sent_[index];
        } else if (index == Producers) {
            while (consume()) {
            }
        } else {
            touch(&news_, access::construct);
            ring_.close();
        }
    }
    void after() override {
        while (ring_.consume(visit_) > 0) {
        }
        for (unsigned p = 0; p < Producers; ++p) check(seen_[p] == sent_[p], "every message is delivered, no other is");
        check(ring_.size_approx() == 0, "what was delivered, dropped or skipped is free again");
        if (ring_.is_closed()) touch(&news_, access::destroy);
    }

protected:
    virtual bool is_over() const {
        int all = 0;
        for (const int n : seen_) all += n;
        return all == static_cast<int>(Producers) * Each;
    }

private:
    // False once the ring is closed.
    bool produce(unsigned producer, int n) {
        if (Drops && n == 0) {
            if (auto dropped = ring_.try_reserve(8)) {
                touch(dropped.bytes().data(), access::construct);
                touch(dropped.bytes().data(), access::destroy);
            }
        }
        for (;;) {
            const std::size_t size = n % 2 == 0 ? 8 : 0;
            auto message = Waits ? ring_.reserve(8, type(producer, n)) : ring_.try_reserve(8, type(producer, n));
            if (message) {
                if (size > 0) touch(message.bytes().data(), access::construct);
                message.commit(size);
                return true;
            }
            if (message.answer() == status::closed) return hear_the_news();
            check(!Waits, "a waiting reservation has room, or the ring is closed");
            yield();
        }
    }
    // False when there is nothing more to come.
    bool consume() {
        if (is_over()) return false;
        const std::size_t n = Waits ? ring_.consume_some(visit_) : ring_.consume(visit_);
        if (n > 0) return true;
        if (Waits || ring_.try_consume_one(visit_) == status::closed) return hear_the_news();
        yield();
        return true;
    }

    // A thread that finds the ring closed sees what the closing thread did before.
    bool hear_the_news() {
        touch(&news_, access::read);
        if (ring_.is_closed()) touch(&news_, access::read);
        return false;
    }

    static std::uint16_t type(unsigned producer, int n) {
        return static_cast<std::uint16_t>(producer * 16 + static_cast<unsigned>(n));
    }

    struct visiting {
        passing& me;
        void operator()(std::uint16_t type, bytes message) const {
            const unsigned producer = type / 16;
            check(producer < Producers && type % 16 == me.seen_[producer], "the messages of a producer come in order");
            check(message.size() == (type % 2 == 0 ? 8U : 0U), "a message has the bytes that were committed");
            if (!message.empty()) {
                touch(message.data(), access::read);
                touch(message.data(), access::destroy);
            }
            ++me.seen_[producer];
        }
    };

    Ring ring_{Capacity, weir::start_at{~std::uint64_t{0} - 23}};
    visiting visit_{*this};
    char news_ = 0;
    std::array<int, 3> sent_{};
    std::array<int, 3> seen_{};
};

/// The same with a thread that closes the ring at any time.
template <class Ring, unsigned Capacity, unsigned Producers, int Each, bool Waits>
class closing_while_passing : public passing<Ring, Capacity, Producers, Each, Waits, true> {
    bool is_over() const override { return false; }
};

/// A thread that learns of the close by is_closed() alone, and one that asks for the size.
template <class Ring>
class looking_on : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            for (int n = 0; n < 2; ++n) check(ring_.try_push(bytes{}) == status::success, "there is room");
            touch(&news_, access::construct);
            ring_.close();
        } else if (index == 1) {
            for (std::size_t n = 0; n < 2;) {
                n += ring_.consume([](std::uint16_t, bytes) {});
                yield();
            }
        } else {
            check(ring_.size_approx() <= 16, "no more is seen inside than was pushed");
            if (ring_.is_closed()) touch(&news_, access::read);
        }
    }
    void after() override { touch(&news_, access::destroy); }

    Ring ring_{64};
    char news_ = 0;
};

/// A producer whose oldest messages make room for the new ones, and a consumer that gets copies. The producer's thread or a third one
/// closes. A payload is written again and again where it lies, and read when it is copied.
template <class Wait, unsigned Capacity, int Messages, bool ThirdCloses>
class dropping_the_oldest : public scenario {
    static constexpr bool waits = std::same_as<Wait, weir::wait::park>;
    using core = weir::detail::dropping_message_core<weir::storage::heap, 8>;
    using ring = weir::basic_message_ring<core, Wait, weir::stats::off>;

public:
    dropping_the_oldest() { copies_are_watched = true; }
    ~dropping_the_oldest() override { copies_are_watched = false; }

    void thread(unsigned index) override {
        if (index == 0) {
            for (int n = 1; n <= Messages && produce(n); ++n) {
            }
            if (!ThirdCloses) ring_.close();
        } else if (index == 1) {
            while (consume()) {
            }
        } else {
            ring_.close();
        }
    }
    void after() override {
        while (ring_.consume(visit_) > 0) {
        }
        check(ring_.size_approx() == 0, "what was delivered, dropped or skipped is free again");
        check(ring_.try_consume_one(visit_) == status::closed, "nothing comes after closed");
        if (accepted_ > 0) check(last_ == accepted_, "the newest message that was accepted is delivered");
        for (std::size_t i = 0; i < built_count_; ++i) touch(built_[i], access::destroy);
    }

private:
    // False once the ring is closed.
    bool produce(int n) {
        auto to = ring_.try_reserve(8, static_cast<std::uint16_t>(n));
        if (!to) {
            check(to.answer() == status::busy || to.answer() == status::closed, "the ring is never full");
            return to.answer() != status::closed;
        }
        std::byte* const place = to.bytes().data();
        const bool is_new = std::ranges::count(built_, place) == 0;
        if (is_new) built_[built_count_++] = place;
        touch(place, is_new ? access::construct : access::write);
        std::memcpy(place, &n, sizeof n);
        to.commit();
        accepted_ = n;
        return true;
    }
    bool consume() {
        if (waits) {
            is_over_ = ring_.consume_some(visit_) == 0;
        } else {
            const status answer = ring_.try_consume_one(visit_);
            if (answer == status::empty) yield();
            is_over_ = answer == status::closed;
        }
        return !is_over_;
    }

    struct visiting {
        dropping_the_oldest& me;
        void operator()(std::uint16_t type, bytes message) const {
            int n = 0;
            check(message.size() == 8, "a message has the bytes that were committed");
            std::memcpy(&n, message.data(), sizeof n);
            check(n == type, "a message is whole");
            check(n > me.last_, "messages come in order, and once");
            check(!me.is_over_, "nothing comes after closed");
            me.last_ = n;
        }
    };

    ring ring_{Capacity, weir::start_at{~std::uint64_t{0} - 23}};
    visiting visit_{*this};
    std::array<const std::byte*, Capacity / 8> built_{};  // places of payloads
    std::size_t built_count_ = 0;
    int accepted_ = 0;
    int last_ = 0;
    bool is_over_ = false;
};

/// The books: what was accepted is delivered or lost, and the gaps say how many are lost; a third thread reads them meanwhile.
template <class Policy, unsigned Capacity, int Messages>
class keeping_books : public scenario {
    void thread(unsigned index) override {
        if (index == 0) {
            for (std::uint64_t n = 1; n <= Messages; ++n) {
                check(ring_.try_push({number(n), bytes{}}, static_cast<std::uint16_t>(n)) == status::success,
                      "a ring that loses messages refuses none");
            }
        } else if (index == 1) {
            for (int tries = 0; tries < 2; ++tries) (void)ring_.try_consume_one(visit_);
        } else {
            const weir::overflow::message_ledger sum = ring_.account();
            check(sum.messages.delivered + sum.messages.lost() <= sum.messages.accepted() &&
                      sum.bytes.delivered + sum.bytes.lost() <= sum.bytes.accepted(),
                  "nothing ends before it was accepted");
        }
    }
    void after() override {
        while (ring_.consume(visit_, 1) > 0) {
        }
        const weir::overflow::message_ledger sum = ring_.account();
        check(sum.messages.accepted() == Messages && sum.bytes.accepted() == 8 * Messages,
              "what was accepted is counted");
        check(sum.messages.queued == 0 && sum.bytes.queued == 0,
              "every message is delivered or lost, and counted once");
        check(sum.messages.delivered == seen_ && sum.bytes.delivered == 8 * seen_, "what was delivered is counted");
        if (last_ == Messages) check(gaps_ == sum.messages.lost(), "the gaps add up to what was lost");
        // 24 bytes each, and at most 16 are skipped.
        for (std::uint64_t n = 1; n <= Capacity / 24; ++n) (void)ring_.try_push(number(n));
        check(ring_.account().messages.lost() == sum.messages.lost(), "what has room costs no message");
    }

    static bytes number(const std::uint64_t& n) { return std::as_bytes(std::span<const std::uint64_t, 1>(&n, 1)); }

    struct visiting {
        keeping_books& me;
        void operator()(std::uint16_t type, bytes message) const {
            std::uint64_t n = 0;
            std::memcpy(&n, message.data(), sizeof n);
            check(n == type && n > me.last_, "messages come whole and in order");
            check(me.ring_.gap() == n - me.last_ - 1, "the gap is where messages are missing");
            me.gaps_ += me.ring_.gap();
            me.last_ = n;
            ++me.seen_;
        }
    };

    weir::overflow_message_ring<Policy, weir::wait::yield> ring_{Capacity};
    visiting visit_{*this};
    std::uint64_t last_ = 0, seen_ = 0, gaps_ = 0;
};

using spsc = weir::spsc_message_ring<weir::wait::yield>;
using mpsc = weir::mpsc_message_ring<weir::wait::yield>;
using spsc_park = weir::spsc_message_ring<weir::wait::park>;
using mpsc_park = weir::mpsc_message_ring<weir::wait::park>;

constexpr entry scenarios[] = {
    {"one_producer", 2, 2, 50'000, make<passing<spsc, 64, 1, 4, false, true>>},
    {"one_producer_tight", 2, 2, 50'000, make<passing<spsc, 32, 1, 3, false, false>>},
    {"one_producer_waits", 2, 1, 50'000, make<passing<spsc_park, 32, 1, 3, true, false>>},
    {"one_producer_closed", 3, 1, 50'000, make<closing_while_passing<spsc, 32, 1, 3, false>>},
    {"one_producer_waits_closed", 3, 0, 50'000, make<closing_while_passing<spsc_park, 32, 1, 3, true>>},
    {"one_producer_seen", 3, 2, 50'000, make<looking_on<spsc>>},
    {"two_producers_seen", 3, 2, 50'000, make<looking_on<mpsc>>},
    {"two_producers", 3, 1, 50'000, make<passing<mpsc, 64, 2, 2, false, true>>},
    {"two_producers_tight", 3, 1, 50'000, make<passing<mpsc, 32, 2, 2, false, false>>},
    {"two_producers_drop", 3, 1, 100'000, make<passing<mpsc, 32, 2, 2, false, true>>},
    {"two_producers_wait", 3, 0, 50'000, make<passing<mpsc_park, 32, 2, 2, true, true>>},
    {"two_producers_closed", 4, 0, 50'000, make<closing_while_passing<mpsc, 32, 2, 2, false>>},
    {"drop_oldest", 2, 2, 50'000, make<dropping_the_oldest<weir::wait::yield, 32, 4, false>>},
    {"drop_oldest_tight", 2, 2, 50'000, make<dropping_the_oldest<weir::wait::yield, 64, 6, false>>},
    {"drop_oldest_waits", 2, 1, 50'000, make<dropping_the_oldest<weir::wait::park, 32, 3, false>>},
    {"drop_oldest_closed", 3, 1, 50'000, make<dropping_the_oldest<weir::wait::yield, 32, 3, true>>},
    {"drop_oldest_waits_closed", 3, 0, 50'000, make<dropping_the_oldest<weir::wait::park, 32, 3, true>>},
    {"drop_oldest_ledger", 3, 1, 50'000, make<keeping_books<weir::overflow::drop_oldest, 64, 4>>},
    {"drop_newest_ledger", 3, 1, 50'000, make<keeping_books<weir::overflow::drop_newest, 64, 4>>},
    {"two_producers_wait_closed", 4, 0, 50'000, make<closing_while_passing<mpsc_park, 32, 2, 2, true>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
