// SPDX-License-Identifier: MIT
//
// broadcast_ring under the model checker: gated readers that come and go, lossy ones that are overtaken at any step.
#include "scenarios.hpp"
#include "weir/broadcast_ring.hpp"

namespace {

using namespace model;
using weir::reader_mode;

struct pair {
    std::uint64_t first, second;
};
int number_of(const element& e) { return e.number(); }
int number_of(const pair& p) {
    check(p.first == p.second, "an item is never made of parts of two");
    return static_cast<int>(p.first);
}
element make_item(int n, const element*) { return element(n); }
/// A copy may throw: so a push looks for room before it makes one.
struct dear {
    explicit dear(int n) noexcept : number(n) {}
    dear(dear&&) noexcept = default;
    dear(const dear& other) noexcept(false) : number(other.number) {}
    int number;
};
int number_of(const dear& d) { return d.number; }
dear make_item(int n, const dear*) { return dear(n); }
pair make_item(int n, const pair*) { return {static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(n)}; }

/// What the scenarios have in common: a producer of `Items` items that closes the ring.
template <class Ring, unsigned Capacity, int Items, bool Waits>
class feeding : public scenario {
protected:
    using T = typename Ring::value_type;
    using reader = typename Ring::reader;

    void feed() {
        for (int n = 0; n < Items; ++n) {
            const T item = make_item(n, static_cast<const T*>(nullptr));
            for (;;) {
                const status answer = Waits ? ring_.push(item) : ring_.try_push(item);
                if (answer == status::success) break;
                check(!Waits && answer == status::full, "a push that waits succeeds");
                yield();
            }
        }
        ring_.close();
    }

    /// Reads to the end, or `most` items. Returns where it is.
    template <class Also = void (*)(int)>
    int read(
        reader& from, int next, int most = Items, Also also = [](int) {}) {
        for (int i = 0; i < most;) {
            bool is_read = false;
            const auto visit = [&](const T& item) {
                check(number_of(item) == next + static_cast<int>(from.gap()),
                      "items come in order, and gaps are exact");
                also(number_of(item));
                next = number_of(item) + 1;
                is_read = true;
            };
            const status answer =
                Waits ? from.consume_one_unless(visit, [] { return false; }) : from.try_consume_one(visit);
            if (is_read) ++i;
            if ((was_closed_ = answer == status::closed)) break;
            if (!is_read) yield();
        }
        return next;
    }
    bool was_closed_ = false;  // what read() ended with

    Ring ring_{Capacity, weir::start_at{~std::uint64_t{0} - 1}};
};

/// Two gated readers see everything.
template <class Ring, unsigned Capacity, int Items, bool Waits>
class gated : public feeding<Ring, Capacity, Items, Waits> {
    void thread(unsigned index) override {
        if (index == 0) return this->feed();
        check(this->read(index == 1 ? one_ : other_, 0) == Items, "a gated reader sees everything");
    }
    typename Ring::reader one_ = this->ring_.join();
    typename Ring::reader other_ = this->ring_.join();
};

/// The second reader comes after the first.
template <class Ring, unsigned Capacity, int Items, bool Waits>
class chained : public feeding<Ring, Capacity, Items, Waits> {
    void thread(unsigned index) override {
        if (index == 0) return this->feed();
        if (index == 1) {
            const auto works = [this](int n) { touch(&work_[static_cast<std::size_t>(n)], access::construct); };
            check(this->read(first_, 0, Items, works) == Items, "the first reader sees everything");
            first_.leave();
        } else {
            const auto looks = [this](int n) { touch(&work_[static_cast<std::size_t>(n)], access::read); };
            check(this->read(second_, 0, Items, looks) == Items,
                  "the one after it sees everything, and what the first did");
        }
    }
    void after() override {
        for (const char& work : work_) touch(&work, access::destroy);
    }
    std::array<char, Items> work_{};
    typename Ring::reader first_ = this->ring_.join();
    typename Ring::reader second_ = this->ring_.join({.after = {&first_}});
};

/// A reader joins in the midst, reads some, and leaves.
template <class Ring, unsigned Capacity, int Items, bool Waits>
class visiting : public feeding<Ring, Capacity, Items, Waits> {
    void thread(unsigned index) override {
        if (index == 0) return this->feed();
        auto guest = this->ring_.join();
        int first = -1;
        (void)guest.try_consume_one([&](const typename Ring::value_type& item) { first = number_of(item); });
        if (first >= 0) (void)this->read(guest, first + 1, 1);
    }
};

/// A reader joins while the producer pushes, and stays: it and the producer do not wait for each other.
template <class Ring>
class guest_stays : public feeding<Ring, 1, 2, true> {
    void thread(unsigned index) override {
        if (index == 0) return this->feed();
        guest_.emplace(this->ring_.join());
        const auto visit = [](const typename Ring::value_type&) {};
        while (guest_->consume_one_unless(visit, [] { return false; }) != status::closed) continue;
    }
    std::optional<typename Ring::reader> guest_;
};

/// A reader that stands still is given up, and the reader after it goes on without it.
template <class Ring>
class given_up : public feeding<Ring, 1, 2, true> {
    void thread(unsigned index) override {
        if (index == 0) return this->feed();
        check(this->read(younger_, 0) == 2, "the reader after it sees everything");
    }
    typename Ring::reader elder_ = this->ring_.join({.limit = {std::chrono::nanoseconds(1), weir::when_late::ended}});
    typename Ring::reader younger_ = this->ring_.join({.after = {&elder_}});
};

/// A lossy reader: what it received and what it missed is everything.
template <class Ring, unsigned Capacity, int Items>
class lossy : public feeding<Ring, Capacity, Items, false> {
    void thread(unsigned index) override {
        if (index == 0) {
            for (int n = 0; n < Items; ++n) {
                check(this->ring_.try_push(make_item(n, static_cast<const pair*>(nullptr))) == status::success,
                      "a lossy reader is never waited for");
            }
            this->ring_.close();
        } else {
            check(this->read(reader_, 0) == Items, "the newest item is not missed");
        }
    }
    typename Ring::reader reader_ = this->ring_.join({.mode = reader_mode::lossy});
};

/// Two producers, each with its own numbers, and a reader, gated or lossy.
template <class Ring, unsigned Capacity, int Items, bool Waits, bool Lossy>
class crowd : public feeding<Ring, Capacity, 2 * Items, Waits> {
    using T = typename Ring::value_type;
    void thread(unsigned index) override {
        if (index == 2) return read();
        for (int n = 0; n < Items; ++n) {
            const T item = make_item(2 * n + static_cast<int>(index), static_cast<const T*>(nullptr));
            for (;;) {
                const status answer = Waits ? this->ring_.push(item) : this->ring_.try_push(item);
                if (answer == status::success) break;
                check(!Waits && (answer == status::full || answer == status::busy), "a push that waits succeeds");
                check(!Lossy || answer == status::busy, "no reader holds up the producers");
                yield();
            }
        }
    }
    void read() {
        std::array<int, 2> next{};
        int seen = 0;
        const auto all = [&] { return seen + static_cast<int>(reader_.missed()) == 2 * Items; };
        const auto visit = [&](const T& item) {
            int& due = next[static_cast<std::size_t>(number_of(item) % 2)];
            check(Lossy ? number_of(item) / 2 >= due : number_of(item) / 2 == due, "each producer's items in order");
            due = number_of(item) / 2 + 1;
            ++seen;
        };
        while (!all()) {
            const int before = seen;
            (void)(Waits ? reader_.consume_one_unless(visit, [] { return false; }) : reader_.try_consume_one(visit));
            if (seen == before) yield();
        }
        check(Lossy || reader_.missed() == 0, "a gated reader misses nothing");
    }
    typename Ring::reader reader_ = this->ring_.join({.mode = Lossy ? reader_mode::lossy : reader_mode::gated});
};

/// One producer closes the ring while another one pushes: what was accepted is delivered, and then closed is answered.
template <class Ring, unsigned Capacity, bool Waits>
class crowd_closes : public feeding<Ring, Capacity, 2, Waits> {
    using T = typename Ring::value_type;
    void thread(unsigned index) override {
        if (index == 0) {
            const auto sees_news = [this] {
                check(news_.number() == 5, "a thread that finds it closed sees what the closing thread did before");
            };
            if (this->ring_.is_closed()) sees_news();
            for (int n = 0; n < 2; ++n) {
                const T item = make_item(n, static_cast<const T*>(nullptr));
                status answer = this->ring_.try_push(item);
                for (; answer == status::full || answer == status::busy; answer = this->ring_.try_push(item)) yield();
                if (answer == status::closed) return sees_news();
                ++accepted_;
            }
        } else if (index == 1) {
            news_ = element(5);
            this->ring_.close();
        } else {
            seen_ = this->read(reader_, 0);
            if (this->was_closed_)
                check(news_.number() == 5, "a reader that gets `closed` sees what the closing thread did before");
        }
    }
    void after() override { check(seen_ == accepted_, "what was accepted is delivered, and nothing else"); }
    int accepted_ = 0, seen_ = 0;
    element news_;
    typename Ring::reader reader_ = this->ring_.join();
};

/// Two producers of a ring without gated readers. The one that finishes last makes everything visible, whatever it knew of the
/// other one's progress.
template <class Ring>
class crowd_unread : public scenario {
    void thread(unsigned index) override {
        for (unsigned n = 0; n < 2 - index; ++n) {
            while (ring_.try_push(pair{n, n}) != status::success) yield();
        }
    }
    void after() override {
        std::uint64_t seen = 0;
        while (reader_.try_consume_one([&](const pair&) { ++seen; })) continue;
        check(seen + reader_.missed() == 3, "what was pushed is seen or missed");
    }
    Ring ring_{2, weir::start_at{~std::uint64_t{0} - 1}};
    typename Ring::reader reader_ = ring_.join({.mode = reader_mode::lossy});
};

/// A reader joins while two producers push, and leaves.
template <class Ring, unsigned Capacity>
class crowd_visited : public feeding<Ring, Capacity, 4, false> {
    using T = typename Ring::value_type;
    void thread(unsigned index) override {
        if (index < 2) {
            for (int n = 0; n < 2; ++n) {
                const T item = make_item(2 * n + static_cast<int>(index), static_cast<const T*>(nullptr));
                while (this->ring_.try_push(item) != status::success) yield();
            }
        } else {
            auto guest = this->ring_.join();
            std::array<int, 2> next{-1, -1};
            for (int i = 0; i < 2; ++i) {
                (void)guest.try_consume_one([&](const T& item) {
                    int& due = next[static_cast<std::size_t>(number_of(item) % 2)];
                    check(due < 0 || number_of(item) / 2 == due, "a gated guest misses nothing from its first item on");
                    due = number_of(item) / 2 + 1;
                });
            }
        }
    }
};

/// A reader with a limit that is over at once: the producer makes it lossy at any step, and it counts what it missed.
template <class Ring, unsigned Capacity, int Items>
class late : public feeding<Ring, Capacity, Items, false> {
    void thread(unsigned index) override {
        if (index == 0) {
            this->feed();
        } else {
            check(this->read(reader_, 0) == Items, "the newest item is not missed");
        }
    }
    typename Ring::reader reader_ = this->ring_.join({.limit = {std::chrono::nanoseconds(1), weir::when_late::lossy}});
};

/// A reader with a limit goes, and one without takes its seat. Two producers that look meanwhile do not judge it by that limit.
template <class Ring>
class late_before : public feeding<Ring, 1, 1, false> {
    void thread(unsigned index) override {
        if (index < 2) {
            (void)this->ring_.try_push(pair{1, 1});
        } else {
            late_.leave();
            guest_.emplace(this->ring_.join());
        }
    }
    void after() override {
        check(this->ring_.readers().front().mode == reader_mode::gated, "a reader without a limit is never late");
    }
    typename Ring::reader late_ = this->ring_.join({.limit = {std::chrono::nanoseconds(1), weir::when_late::ended}});
    status first_ = this->ring_.try_push(pair{0, 0});  // and it is full
    std::optional<typename Ring::reader> guest_;
};

using objects = weir::broadcast_ring<element, weir::wait::yield, weir::max_readers<2>>;
using objects_park = weir::broadcast_ring<element, weir::wait::park, weir::max_readers<2>>;
using words = weir::broadcast_ring<pair, weir::wait::yield, weir::max_readers<2>>;
using many_objects = weir::broadcast_ring<element, weir::wait::yield, weir::max_readers<2>, weir::many_producers>;
using words_park = weir::broadcast_ring<pair, weir::wait::park, weir::max_readers<2>>;
using many_dear = weir::broadcast_ring<dear, weir::wait::yield, weir::max_readers<2>, weir::many_producers>;
using many_park = weir::broadcast_ring<element, weir::wait::park, weir::max_readers<2>, weir::many_producers>;
using many_words = weir::broadcast_ring<pair, weir::wait::yield, weir::max_readers<2>, weir::many_producers>;
using lone_words = weir::broadcast_ring<pair, weir::wait::yield, weir::max_readers<1>, weir::many_producers>;

constexpr entry scenarios[] = {
    {"gated", 3, 1, 100'000, make<gated<objects, 2, 3, false>>},
    {"gated_tight", 3, 1, 100'000, make<gated<objects, 1, 2, false>>},
    {"gated_waits", 3, 0, 100'000, make<gated<objects_park, 1, 2, true>>},
    {"chained", 3, 1, 100'000, make<chained<objects, 2, 3, false>>},
    {"chained_waits", 3, 0, 100'000, make<chained<objects_park, 1, 2, true>>},
    {"visiting", 2, 2, 100'000, make<visiting<objects, 1, 4, false>>},
    {"visiting_2", 3, 1, 100'000, make<visiting<objects, 2, 4, false>>},
    {"guest_stays", 2, 2, 100'000, make<guest_stays<objects_park>>},
    {"given_up", 2, 2, 100'000, make<given_up<words_park>>},
    {"visiting_waits", 3, 0, 100'000, make<visiting<objects_park, 1, 3, true>>},
    {"lossy", 2, 3, 200'000, make<lossy<words, 1, 3>>},
    {"lossy_2", 2, 2, 200'000, make<lossy<words, 2, 5>>},
    {"late", 2, 1, 200'000, make<late<words, 1, 4>>},
    {"late_2", 2, 1, 200'000, make<late<words, 2, 6>>},
    {"late_before", 3, 1, 200'000, make<late_before<lone_words>>},
    {"crowd", 3, 0, 200'000, make<crowd<many_objects, 2, 2, false, false>>},
    {"crowd_tight", 3, 1, 200'000, make<crowd<many_objects, 1, 1, false, false>>},
    {"crowd_waits", 3, 0, 100'000, make<crowd<many_park, 1, 1, true, false>>},
    {"crowd_lossy", 3, 0, 200'000, make<crowd<many_words, 1, 2, false, true>>},
    {"crowd_lossy_2", 3, 0, 200'000, make<crowd<many_words, 2, 2, false, true>>},
    {"crowd_unread", 2, 2, 200'000, make<crowd_unread<many_words>>},
    {"crowd_closes", 3, 1, 200'000, make<crowd_closes<many_objects, 1, false>>},
    {"crowd_closes_dear", 3, 1, 100'000, make<crowd_closes<many_dear, 1, false>>},
    {"crowd_closes_waits", 3, 0, 100'000, make<crowd_closes<many_park, 1, true>>},
    {"crowd_visited", 3, 0, 200'000, make<crowd_visited<many_objects, 1>>},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
