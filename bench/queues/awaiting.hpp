// SPDX-License-Identifier: MIT
//
// The measured loops of queues whose operations are awaited. They do what those of channel_for.hpp do, in coroutines: one on each
// thread, beside which the thread has nothing to do.
//
// An adapter is a class with a constructor that takes a capacity, a type `task` of coroutines that return nothing, and a class `side`,
// for a thread, that is constructed from the adapter and has
//     push(const word&), pop()      to be awaited; pop() gives a word, or a std::optional<word>
//     run(task)                     runs the coroutine to its end
#pragma once

#include <time.h>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "bench/queues/channel.hpp"
#include "instruments/item.hpp"
#include "instruments/spin.hpp"

namespace bench {
namespace {  // as in make.hpp

/// A coroutine that begins when it is run, and keeps what it throws.
struct begun_by_hand {
    struct promise_type {
        begun_by_hand get_return_object() noexcept {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { error = std::current_exception(); }
        std::exception_ptr error;
    };
    std::coroutine_handle<promise_type> handle;
};

/// What is the same of all queues that cannot play every scenario.
class channel_of_some : public channel {
public:
    explicit channel_of_some(std::size_t capacity) : capacity_(capacity) {}

    bool offers(form f) const override { return f == form::single; }
    std::size_t effective_capacity() override { return capacity_; }
    void produce(form, const stream&) override { refuse(); }
    receipt consume(form, const stream&) override { refuse(); }
    receipt ping(channel&, const stream&) override { refuse(); }
    receipt ping_timed(channel&, const stream&, const weir::tick_clock&, weir::histogram&) override { refuse(); }
    void pong(channel&, const stream&) override { refuse(); }
    void send(const weir::tick_clock&, const schedule&) override { refuse(); }
    receipt receive(const weir::tick_clock&, const schedule&, double, weir::histogram&) override { refuse(); }
    void wake(const weir::tick_clock&, handshake&, word) override { refuse(); }
    receipt be_woken(const weir::tick_clock&, handshake&, word, double, weir::histogram&) override { refuse(); }
    receipt alternate(const weir::tick_clock&, std::size_t, word, word&) override { refuse(); }
    word produce_in_bursts(const weir::tick_clock&, const stream&) override { refuse(); }
    void send_share(sender&, quota&) override { refuse(); }
    void take_share(taker&, quota&) override { refuse(); }

private:
    [[noreturn]] static void refuse() { throw std::logic_error("this queue does not play that scenario"); }
    std::size_t capacity_;
};

template <typename Queue>
class awaiting_channel final : public channel_of_some {
    using side = typename Queue::side;
    using task = typename Queue::task;

public:
    explicit awaiting_channel(std::size_t capacity)
        : channel_of_some(capacity), queue_(capacity), producing_(queue_), consuming_(queue_) {}

    void produce(form, const stream& items) override { producing_.run(push_all(producing_, items)); }

    receipt consume(form, const stream& items) override {
        receipt got;
        consuming_.run(pop_all(consuming_, items, got));
        return got;
    }

    void wake(const weir::tick_clock& clock, handshake& with, word count) override {
        producing_.run(push_now_and_then(producing_, clock, with, count));
    }

    receipt be_woken(const weir::tick_clock& clock, handshake& with, word count, double offset,
                     weir::histogram& latencies_ns) override {
        receipt got;
        consuming_.run(pop_when_woken(consuming_, clock, with, count, offset, latencies_ns, got));
        return got;
    }

    receipt alternate(const weir::tick_clock& clock, std::size_t filled, word count, word& ticks) override {
        receipt got;
        producing_.run(push_and_pop(producing_, clock, filled, count, ticks, got));
        return got;
    }

private:
    static word word_in(word item) { return item; }
    static word word_in(const std::optional<word>& item) { return *item; }

    static task push_all(side& me, stream items) {
        const word last = items.first + items.count;
        for (word i = items.first; i != last; ++i) {
            (void)co_await me.push(i);
        }
    }

    static task pop_all(side& me, stream items, receipt& to) {
        receipt got;
        const word last = items.first + items.count;
        for (word due = items.first; due != last; ++due) {
            const word item = word_in(co_await me.pop());
            got.check(item, due);
        }
        to = got;
    }

    static task push_now_and_then(side& me, const weir::tick_clock& clock, handshake& with, word count) {
        for (word i = 0; i != count; ++i) {
            do {
                const timespec a_while{0, 1'000'000 + static_cast<long>(i * 618'034 % 1'000'000)};
                ::nanosleep(&a_while, nullptr);
                leave_if_called_off();
            } while (with.taken.load(std::memory_order_acquire) != i);
            const word now = clock.now();
            with.sent.store(now, std::memory_order_relaxed);  // relaxed: push() and pop() order it before its load
            (void)co_await me.push(now);
        }
    }

    static task pop_when_woken(side& me, const weir::tick_clock& clock, handshake& with, word count, double offset,
                               weir::histogram& latencies_ns, receipt& got) {
        for (word i = 0; i != count; ++i) {
            const word sent = word_in(co_await me.pop());
            const double late = static_cast<double>(static_cast<std::int64_t>(clock.now_after_loads() - sent)) - offset;
            latencies_ns.record(late > 0.0 ? static_cast<word>(late * clock.ns_per_tick() + 0.5) : 0);
            got.check(sent, with.sent.load(std::memory_order_relaxed));
            with.taken.store(i + 1, std::memory_order_release);
        }
    }

    static task push_and_pop(side& me, const weir::tick_clock& clock, std::size_t filled, word count, word& ticks,
                             receipt& to) {
        receipt got;
        word next = 1;
        for (; next <= filled; ++next) {
            (void)co_await me.push(next);
        }
        const word last = next + count;
        const word begin = clock.now();
        if (filled == 0) {
            for (; next != last; ++next) {
                (void)co_await me.push(next);
                const word item = word_in(co_await me.pop());
                got.check(item, next);
            }
        } else {
            for (word due = 1; next != last; ++next, ++due) {
                const word item = word_in(co_await me.pop());
                got.check(item, due);
                (void)co_await me.push(next);
            }
        }
        ticks = clock.now_after_loads() - begin;
        to = got;
    }

    Queue queue_;
    side producing_;  // here, since the other thread may still be handing it a coroutine when that has ended
    side consuming_;
};

template <typename Queue>
[[maybe_unused]] std::unique_ptr<channel> make_awaiting_channel(std::size_t item_bytes, std::size_t capacity) {
    return item_bytes == sizeof(word) ? std::make_unique<awaiting_channel<Queue>>(capacity) : nullptr;
}

}  // namespace
}  // namespace bench
