// SPDX-License-Identifier: MIT
//
// Rings of messages under the model checker. A payload is memory that is not atomic: it is built by the producer, and read and
// destroyed by the visit, so that a race, and a record that is overwritten before it was read, are found.
#include "scenarios.hpp"
#include "weir/message_ring.hpp"

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
    {"two_producers_wait_closed", 4, 0, 50'000, make<closing_while_passing<mpsc_park, 32, 2, 2, true>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
