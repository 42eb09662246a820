// SPDX-License-Identifier: MIT
//
// Plays a generated program on a ring, under the model checker. Nothing is asserted of a particular program: what its
// threads were told must be what a bounded queue would have said in some order, and who sleeps at the end must have
// reason to. A ring joins by a file that names it, as the *_model.cpp beside this one do.
#pragma once

#define WEIR_ATOMIC_HEADER "model_atomic.hpp"
#define WEIR_CHECK_ROLES 0  // the threads of the model are fibers of one thread

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "generated.hpp"
#include "model.hpp"
#include "weir/pull.hpp"
#include "weir/ring.hpp"
#include "witness.hpp"

namespace model {

using flag = weir::detail::atomic<bool>;

/// Each program is played by so many random schedules, one after the other.
inline constexpr unsigned schedules_of_a_program = 4;

template <class Ring, unsigned Threads>
constexpr grammar grammar_of{.threads = Threads,
                             .many = Ring::has_many_producers,
                             .in_place = Ring::has_contiguous_slots,
                             .descriptors = Ring::has_descriptors,
                             .drops = Ring::has_drop_oldest,
                             .on_request = Ring::has_credit_on_request};

template <class Ring, unsigned Threads>
program program_of(unsigned long long schedule) {
    return make_program(schedule / schedules_of_a_program, grammar_of<Ring, Threads>);
}

template <class Ring, unsigned Threads>
class playing : public scenario {
    static constexpr grammar offers = grammar_of<Ring, Threads>;
    static constexpr bool lock_free = Ring::try_push_progress != weir::progress::may_be_busy;
    static constexpr auto its_order =
        Ring::try_push_progress == weir::progress::lock_free ? witness::order::one : witness::order::but_for_looks;
    static constexpr auto how_it_closes =
        Ring::has_many_producers ? linearization::closing::at_once : linearization::closing::in_two_steps;
    // Why an operation on several did not do all: it found no more, or the ring closed, or (a peer may be busy) who
    // knows.
    enum class rest : unsigned char { unknown, missing, closed };
    static constexpr rest missing = lock_free ? rest::missing : rest::unknown;
    static constexpr int nothing = -7;
    using time = typename Ring::time_point;
    static constexpr time soon = time::max() - std::chrono::hours(1);

public:
    playing() {
        under_way_.fill(act::count);
        if constexpr (Ring::has_credit_on_request) {
            if (program_.asked > 0) ring_.request(program_.asked);
        }
        for (unsigned i = 0; i < program_.inside; ++i) try_push(witness::no_thread, static_cast<int>(i));
    }

    void thread(unsigned index) override {
        unsigned nth = 0;
        for (const operation& o : program_.of(index)) {
            const int item = item_of(index, nth++);
            say([&] { return "-> " + to_string(o, item); });
            under_way_[index] = o.what;
            play(index, o, item);
            under_way_[index] = act::count;
        }
    }

    bool is_by_priority() const override { return true; }

    /// Who sleeps now sleeps for ever. Then the ring is closed, and they go on.
    void stuck() override {
        const std::size_t size = ring_.size_approx();
        for (unsigned t = 0; t < Threads; ++t) check_reason_to_sleep(t, size);
        if (ring_.is_closed()) return;
        say([] { return "all sleep, and have reason to: close()"; });
        was_stuck_ = true;
        close(witness::no_thread);
    }

    /// What is left comes out, in order; then an empty ring takes exactly its capacity.
    void after() override {
        while (try_pop(witness::no_thread)) {
        }
        if constexpr (Ring::has_credit_on_request) request(witness::no_thread, program_.capacity);
        auto c = witness_.begin(witness::no_thread);
        witness_.note_size(c, ring_.size_approx());
        int item = 10;
        while (try_push(witness::no_thread, item++)) {
        }
        witness_.judge({.capacity = program_.capacity,
                        .how = how_it_closes,
                        .credit = Ring::has_credit_on_request ? program_.asked : linearization::no_bound,
                        .granted_by = program_.every},
                       its_order);
    }

private:
    static Ring make_ring(const program& p)
        requires Ring::has_credit_on_request
    {
        return Ring(p.capacity, weir::pull::grant_every{p.every}, weir::start_at{p.start});
    }
    static Ring make_ring(const program& p)
        requires(!Ring::has_credit_on_request)
    {
        return Ring(p.capacity, weir::start_at{p.start});
    }

    // ---- one operation -----------------------------------------------------------------------------------------

    void play(unsigned t, const operation& o, int item) {
        const act a = o.what;
        if (a <= act::push_n) return play_producer(t, o, item);
        if (a <= act::pop_n) return play_consumer(t, o);
        auto c = witness_.begin(t);
        if (a == act::close) return close(t);
        if (a == act::is_closed) {
            return told(c, action::ask_if_closed, 0, ring_.is_closed() ? status::closed : status::success);
        }
        if (a == act::size) return witness_.note_size(c, ring_.size_approx());
        if (a == act::stop) {
            is_stopped_ = true;
            stop_.store(true, weir::detail::release);
        }
        ring_.wake_all();
    }
    bool is_to_stop() const { return stop_.load(weir::detail::acquire); }

    void play_producer(unsigned t, const operation& o, int item) {
        const act a = o.what;
        if (a == act::try_push_n) {
            push_n(t, o.n, item, missing, [&](auto items) { return ring_.try_push_n(items); });
        } else if (a == act::push_n) {
            push_n(t, o.n, item, rest::closed, [&](auto items) { return ring_.push_n(items); });
        } else if (a == act::try_reserve) {
            if constexpr (Ring::has_contiguous_slots) try_reserve(t, o, item);
        } else {
            if constexpr (offers.descriptors) {
                if (a == act::await_room) await(ring_.space_fd());
            }
            push(t, item, [&](element& e) {
                switch (a) {
                case act::try_emplace: return ring_.try_emplace(std::as_const(e));
                case act::push: return ring_.push(std::move(e));
                case act::push_until: return ring_.push_until(std::move(e), soon);
                case act::push_unless: return ring_.push_unless(std::move(e), [this] { return is_to_stop(); });
                default: return ring_.try_push(std::move(e));
                }
            });
        }
    }

    void play_consumer(unsigned t, const operation& o) {
        const act a = o.what;
        auto& out = out_[t];
        const auto room = std::span(out).first(o.n);
        if (a == act::try_pop_optional) {
            pop_n(t, 1, missing, [&] { return take(out[0], ring_.try_pop()); });
        } else if (a == act::pop_optional) {
            pop_n(t, 1, rest::closed, [&] { return take(out[0], ring_.pop()); });
        } else if (a == act::try_pop_n) {
            pop_n(t, o.n, missing, [&] { return ring_.try_pop_n(room); });
        } else if (a == act::pop_n) {
            pop_n(t, o.n, rest::closed, [&] { return ring_.pop_n(room); });
        } else if (a == act::consume) {
            std::size_t n = 0;
            const auto visit = [&](element& e) noexcept { out[n++] = std::move(e); };
            pop_n(t, o.n, offers.in_place ? missing : rest::unknown, [&] { return ring_.consume(visit, o.n); });
        } else if (a == act::try_peek) {
            if constexpr (offers.in_place) try_peek(t, o);
        } else if (a == act::drop_oldest) {
            auto c = witness_.begin(t);
            if constexpr (offers.drops) told(c, action::drop, 0, ring_.try_drop_oldest());
        } else if (a == act::request) {
            if constexpr (offers.on_request) request(t, o.n);
        } else {
            if constexpr (offers.descriptors) {
                if (a == act::await_items) await(ring_.items_fd());
            }
            pop(t, [&](element& target) {
                const auto move = [&target](element& e) noexcept { target = std::move(e); };
                switch (a) {
                case act::pop: return ring_.pop(target);
                case act::pop_until: return ring_.pop_until(target, soon);
                case act::pop_unless: return ring_.pop_unless(target, [this] { return is_to_stop(); });
                case act::try_consume_one: return ring_.try_consume_one(move);
                case act::consume_one_until: return ring_.consume_one_until(move, soon);
                default: return ring_.try_pop(target);
                }
            });
        }
    }

    void told(witness::call& c, action what, int item, status answer) {
        if (answer == status::busy)
            check(!lock_free && c.thread != witness::no_thread, "busy is said of a peer that is busy");
        if (answer == status::closed) hear();
        say([&] { return "<- " + std::string(weir::to_string(answer)) + " " + std::to_string(item); });
        witness_.note(c, what, item, answer);
    }

    // ---- pushes ------------------------------------------------------------------------------------------------

    template <class Push>
    bool push(unsigned t, int item, Push push) {
        element& e = in_[t][0];
        e = element(item);
        auto c = witness_.begin(t);
        const status answer = push(e);
        if (answer != status::success) check(e.number() == item, "a refused push leaves its argument untouched");
        pushed(c, item, answer);
        return answer == status::success;
    }
    bool try_push(unsigned t, int item) {
        return push(t, item, [&](element& e) { return ring_.try_push(std::move(e)); });
    }
    void pushed(witness::call& c, int item, status answer) { told(c, action::push, item, answer); }

    template <class Push>
    void push_n(unsigned t, unsigned n, int item, rest why, Push push) {
        for (unsigned i = 0; i < n; ++i) in_[t][i] = element(item + static_cast<int>(i));
        auto c = witness_.begin(t);
        const std::size_t k = push(std::span<const element>(in_[t]).first(n));
        check(k <= n, "no more are pushed than there are");
        pushed_some(c, k, item);
        if (k < n && why == rest::missing) told(c, action::miss_room, 0, status::full);
        if (k < n && why == rest::closed) pushed(c, item + static_cast<int>(k), status::closed);
    }

    void try_reserve(unsigned t, const operation& o, int item) {
        auto c = witness_.begin(t);
        std::size_t n = 0, k = 0;
        {
            auto slots = ring_.try_reserve(o.n);
            n = slots.size();
            k = std::min<std::size_t>(n, o.part);
            check(n <= o.n, "no more is reserved than was asked for");
            for (std::size_t i = 0; i < n; ++i) slots.emplace(item + static_cast<int>(i));
            slots.commit(k);
        }
        pushed_some(c, k, item);
        for (std::size_t i = k; i < n; ++i) witness_.note(c, action::reserve_in_vain);
        if (n < o.n) told(c, action::miss_room, 0, status::full);
    }

    void pushed_some(witness::call& c, std::size_t k, int item) {
        for (std::size_t i = 0; i < k; ++i) pushed(c, item + static_cast<int>(i), status::success);
    }

    // ---- pops --------------------------------------------------------------------------------------------------

    template <class Pop>
    bool pop(unsigned t, Pop pop) {
        element& e = out_[t][0];
        e = element(nothing);
        auto c = witness_.begin(t);
        const status answer = pop(e);
        check((e.number() == nothing) == (answer != status::success), "a vain pop leaves its target untouched");
        told(c, action::pop, e.number(), answer);
        return answer == status::success;
    }
    bool try_pop(unsigned t) {
        return pop(t, [&](element& e) { return ring_.try_pop(e); });
    }

    template <class Pop>
    void pop_n(unsigned t, unsigned n, rest why, Pop pop) {
        for (element& e : out_[t]) e = element(nothing);
        auto c = witness_.begin(t);
        const std::size_t k = pop();
        check(k <= n && popped_by(t) == k, "as many are popped as it says");
        for (std::size_t i = 0; i < k; ++i) told(c, action::pop, out_[t][i].number(), status::success);
        if (k < n && why == rest::missing) told(c, action::miss_items, 0, status::empty);
        if (k < n && why == rest::closed) told(c, action::pop, nothing, status::closed);
    }

    void try_peek(unsigned t, const operation& o) {
        auto c = witness_.begin(t);
        auto items = ring_.try_peek(o.n);
        const std::size_t n = items.size(), k = std::min<std::size_t>(n, o.part);
        check(n <= o.n, "no more is shown than was asked for");
        std::array<int, 3> numbers{};
        for (std::size_t i = 0; i < k; ++i) {
            const std::size_t in_first = items.first().size();
            numbers[i] = (i < in_first ? items.first()[i] : items.second()[i - in_first]).number();
        }
        items.release(k);
        for (std::size_t i = 0; i < k; ++i) told(c, action::pop, numbers[i], status::success);
        if (n < o.n) told(c, action::miss_items, static_cast<int>(n - k), status::empty);
    }

    static std::size_t take(element& out, std::optional<element> item) noexcept {
        if (item) out = std::move(*item);
        return item ? 1 : 0;
    }
    std::size_t popped_by(unsigned t) const {
        return static_cast<std::size_t>(
            std::count_if(out_[t].begin(), out_[t].end(), [](const element& e) { return e.number() != nothing; }));
    }

    void request(unsigned t, unsigned n) {
        asked_ += n;
        auto c = witness_.begin(t);
        ring_.request(n);
        witness_.note(c, action::request, static_cast<int>(n));
    }

    // ---- the end of it -----------------------------------------------------------------------------------------

    void close(unsigned t) {
        if (has_news()) news_ = element(5);
        auto c = witness_.begin(t);
        ring_.close();
        witness_.note(c, action::close);
    }

    /// Who hears that the ring is closed knows what the closing thread did before.
    void hear() const {
        if (has_news()) check(news_.number() == 5, "nobody hears closed before somebody closes");
    }
    bool has_news() const { return program_.closes == 1 && !was_stuck_; }

    static void await(int descriptor) { weir::detail::wait_readable(descriptor, weir::detail::forever); }

    void check_reason_to_sleep(unsigned t, std::size_t size) {
        const act a = under_way_[t];
        if (a == act::count) return;
        const bool may_be_stopped = a == act::push_unless || a == act::pop_unless;
        check(!may_be_stopped || !is_stopped_, "who is asked to stop does not sleep on");
        check(!ring_.is_closed(), "nobody sleeps on when the ring is closed");
        if (waits_for_items(a)) return check(size == 0, "nobody sleeps on while there is an item");
        check(size == program_.capacity || !has_credit(size), "nobody sleeps on while there is room");
    }

    bool has_credit(std::size_t size) const {
        if (!Ring::has_credit_on_request) return true;
        std::size_t accepted = size + witness_.popped();
        for (unsigned t = 0; t < Threads; ++t) accepted += under_way_[t] == act::pop_n ? popped_by(t) : 0;
        const bool is_asked_for = std::any_of(under_way_.begin(), under_way_.end(), waits_for_items);
        // What is held back is granted before anybody waits for it.
        return std::min(asked_ - accepted, program_.capacity - size) >= (is_asked_for ? 1 : program_.every);
    }

    const program program_ = program_of<Ring, Threads>(schedule());
    Ring ring_ = make_ring(program_);
    witness witness_;
    flag stop_{false};
    std::array<act, Threads> under_way_;
    std::array<std::array<element, 3>, most_threads + 1> in_, out_;  // by thread
    element news_;
    unsigned asked_ = program_.asked;
    bool is_stopped_ = false;
    bool was_stuck_ = false;
};

/// The entry of a program of scenarios.
template <class Ring, unsigned Threads>
constexpr entry play_generated(const char* name, unsigned long random) {
    return {name, Threads, 0, random, make<playing<Ring, Threads>>, nullptr, [](unsigned long long schedule) {
                return to_string(program_of<Ring, Threads>(schedule), grammar_of<Ring, Threads>);
            }};
}

}  // namespace model
