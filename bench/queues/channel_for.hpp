// SPDX-License-Identifier: MIT
//
// The measured loops. They are one template for every queue, and nothing here depends on which queue it is.
//
// Adapters: see adapter.hpp.
#pragma once

#include <time.h>

#include <algorithm>
#include <concepts>
#include <span>
#include <stdexcept>
#include <vector>

#include "bench/queues/adapter.hpp"
#include "bench/queues/channel.hpp"
#include "bench/queues/retrying.hpp"
#include "bench/queues/work.hpp"
#include "instruments/spin.hpp"

namespace bench {

template <typename Queue, typename T>
class channel_for final : public channel, retrying<Queue, T> {
    using retrying<Queue, T>::put, retrying<Queue, T>::get;
    using retrying<Queue, T>::put_in_crowd, retrying<Queue, T>::get_in_crowd;
    // Batches and round trips are measured with words only, so they are not compiled for larger items.
    static constexpr bool words = std::same_as<T, word>;
    static constexpr bool batches = words && batch_queue<Queue, T>;
    static constexpr bool in_place = (words || has_one_size<T>)&&in_place_queue<Queue, T>;
    static constexpr bool timed = words || sizeof(T) == 64;

public:
    explicit channel_for(std::size_t capacity) : queue_(capacity) {}

    bool offers(form f) const override {
        return f == form::single || (f == form::copy && batches) || (f == form::zero_copy && in_place);
    }

    std::size_t effective_capacity() override {
        if constexpr (try_queue<Queue, T>) {
            auto&& in = producer_of(queue_);
            auto&& out = consumer_of(queue_);
            std::size_t fitted = 0;
            T item{};
            stamp(item, 1);
            while (fitted != (std::size_t{1} << 26U) && in.try_push(item)) {
                ++fitted;
            }
            for (std::size_t left = fitted; left != 0 && out.try_pop(item); --left) {
            }
            return fitted;
        } else {
            return queue_.capacity();
        }
    }

    void produce(form f, const stream& items) override {
        if (f == form::single) {
            items.work_steps == 0 ? produce_single<false>(items) : produce_single<true>(items);
        } else if (f == form::copy) {
            produce_copy(items);
        } else {
            produce_in_place(items);
        }
    }

    receipt consume(form f, const stream& items) override {
        if (f == form::single) {
            return items.work_steps == 0 ? consume_single<false>(items) : consume_single<true>(items);
        }
        return f == form::copy ? consume_copy(items) : consume_in_place(items);
    }

    receipt ping(channel& back, const stream& items) override {
        receipt got;
        if constexpr (words) {
            auto&& there = producer_of(queue_);
            auto&& reply = consumer_of(dynamic_cast<channel_for&>(back).queue_);
            for (word i = items.first; i != items.first + items.count; ++i) {
                T item{};
                put(there, i);
                get(reply, item);
                got.check(item, i);
            }
        }
        return got;
    }

    receipt ping_timed(channel& back, const stream& items, const weir::tick_clock& clock,
                       weir::histogram& trips_ns) override {
        receipt got;
        if constexpr (words) {
            auto&& there = producer_of(queue_);
            auto&& reply = consumer_of(dynamic_cast<channel_for&>(back).queue_);
            for (word i = items.first; i != items.first + items.count; ++i) {
                T item{};
                const word begin = clock.now();
                put(there, i);
                get(reply, item);
                trips_ns.record(static_cast<word>(clock.to_ns(clock.now_after_loads() - begin) + 0.5));
                got.check(item, i);
            }
        }
        return got;
    }

    void pong(channel& back, const stream& items) override {
        if constexpr (words) {
            auto&& here = consumer_of(queue_);
            auto&& reply = producer_of(dynamic_cast<channel_for&>(back).queue_);
            for (word i = 0; i != items.count; ++i) {
                T item{};
                get(here, item);
                put(reply, item);
            }
        }
    }

    void send(const weir::tick_clock& clock, const schedule& due) override {
        if constexpr (timed) {
            auto&& end = producer_of(queue_);
            for (word i = 0; i != due.count; ++i) {
                const word intended = due.start + static_cast<word>(static_cast<double>(i) * due.interval);
                while (clock.now() < intended) {
                    relax();
                }
                put(end, numbered<T>(intended));
            }
        }
    }

    receipt receive(const weir::tick_clock& clock, const schedule& due, double offset,
                    weir::histogram& latencies_ns) override {
        receipt got;
        if constexpr (timed) {
            auto&& end = consumer_of(queue_);
            for (word i = 0; i != due.count; ++i) {
                T item{};
                get(end, item);
                const double now = static_cast<double>(clock.now_after_loads() - due.start) - offset;
                const double late_ns = (now - static_cast<double>(number_of(item) - due.start)) * clock.ns_per_tick();
                latencies_ns.record(late_ns > 0.0 ? static_cast<word>(late_ns + 0.5) : 0);
                got.check(item, due.start + static_cast<word>(static_cast<double>(i) * due.interval));
            }
        }
        return got;
    }

    void wake(const weir::tick_clock& clock, handshake& with, word count) override {
        if constexpr (words) {
            auto&& end = producer_of(queue_);
            for (word i = 0; i != count; ++i) {
                do {
                    // Of uneven length, so that a push meets a consumer that sleeps for fixed times at any moment of its sleep.
                    const timespec a_while{0, 1'000'000 + static_cast<long>(i * 618'034 % 1'000'000)};
                    ::nanosleep(&a_while, nullptr);
                    leave_if_called_off();
                } while (with.taken.load(std::memory_order_acquire) != i);
                const word now = clock.now();
                with.sent.store(now, std::memory_order_relaxed);  // relaxed: put() and get() order it before its load
                put(end, now);
            }
        }
    }

    receipt be_woken(const weir::tick_clock& clock, handshake& with, word count, double offset,
                     weir::histogram& latencies_ns) override {
        receipt got;
        if constexpr (words) {
            auto&& end = consumer_of(queue_);
            for (word i = 0; i != count; ++i) {
                T sent{};
                get(end, sent);
                const double late =
                    static_cast<double>(static_cast<std::int64_t>(clock.now_after_loads() - sent)) - offset;
                latencies_ns.record(late > 0.0 ? static_cast<word>(late * clock.ns_per_tick() + 0.5) : 0);
                got.check(sent, with.sent.load(std::memory_order_relaxed));
                with.taken.store(i + 1, std::memory_order_release);
            }
        }
        return got;
    }

    // Flattened, as the next: see produce_single().
    [[gnu::flatten]] receipt alternate(const weir::tick_clock& clock, std::size_t filled, word count,
                                       word& ticks) override {
        receipt got;
        if constexpr (words) {
            auto&& in = producer_of(queue_);
            auto&& out = consumer_of(queue_);
            word next = 1;
            while (next <= filled && has_put(in, next)) {
                ++next;
            }
            const bool begins_empty = next == 1;
            const word first = next;
            const word last = first + count;
            T item{};
            const word begin = clock.now();
            if (begins_empty) {
                for (; next != last; ++next) {
                    put(in, next);
                    get(out, item);
                    got.check(item, next);
                }
            } else {
                for (word due = 1; next != last; ++next, ++due) {
                    get(out, item);
                    got.check(item, due);
                    put(in, next);
                }
            }
            ticks = clock.now_after_loads() - begin;
        }
        return got;
    }

    [[gnu::flatten]] word produce_in_bursts(const weir::tick_clock& clock, const stream& items) override {
        word ticks = 0;
        if constexpr (words) {
            register_work work;
            auto&& end = producer_of(queue_);
            const word last = items.first + items.count;
            for (word next = items.first; next != last;) {
                work.run(items.work_steps);
                const word stop = std::min<word>(last, next + items.batch);
                const word begin = clock.now();
                for (; next != stop; ++next) {
                    put(end, next);
                }
                ticks += clock.now_after_loads() - begin;
            }
            work.finish();
        }
        return ticks;
    }

    // Flattened: see produce_single().
    [[gnu::flatten]] void send_share(sender& me, quota& work) override {
        auto&& end = producer_of(queue_);
        T item{};
        for (word n = work.claim(); n != 0; n = work.claim()) {
            for (; n != 0; --n) {
                stamp(item, me.next());
                put_in_crowd(end, item);
            }
            leave_if_called_off();
        }
    }

    [[gnu::flatten]] void take_share(taker& me, quota& work) override {
        auto&& end = consumer_of(queue_);
        T item{};
        for (word n = work.claim(); n != 0; n = work.claim()) {
            for (; n != 0; --n) {
                get_in_crowd(end, item);
                me.check(item);
            }
            leave_if_called_off();
        }
    }

private:
    // Whether there was room.
    template <typename End>
    bool has_put(End& end, word number) {
        T item{};
        stamp(item, number);
        if constexpr (try_queue<Queue, T>) {
            return end.try_push(item);
        } else {
            if (number > queue_.capacity()) {
                return false;
            }
            end.push(item);
            return true;
        }
    }

    // Both are flattened: whether a compiler inlines a queue's operation depends on how often this class mentions it, and a call
    // can triple the cost of an item. Here no queue pays for a call unless its authors forbid inlining.
    template <bool Working>
    [[gnu::flatten]] void produce_single(const stream& items) {
        register_work work;
        auto&& end = producer_of(queue_);
        T item{};
        const word last = items.first + items.count;  // a local copy stays in a register, whatever the queue writes to
        for (word i = items.first; i != last; ++i) {
            if constexpr (Working) {
                work.run(items.work_steps);
            }
            stamp(item, i);
            put(end, item);
        }
        work.finish();
    }

    template <bool Working>
    [[gnu::flatten]] receipt consume_single(const stream& items) {
        register_work work;
        receipt got;
        auto&& end = consumer_of(queue_);
        T item{};
        const word last = items.first + items.count;
        for (word due = items.first; due != last; ++due) {
            get(end, item);
            got.check(item, due);
            if constexpr (Working) {
                work.run(items.work_steps);
            }
        }
        work.finish();
        return got;
    }

    void produce_copy(const stream& items) {
        if constexpr (batches) {
            std::vector<T> batch(items.batch);
            const word end = items.first + items.count;
            word next = items.first;
            while (next != end) {
                std::span<T> unsent{batch.data(), std::min<std::size_t>(items.batch, end - next)};
                fill(unsent, next);
                while (!unsent.empty()) {
                    const std::size_t accepted = queue_.push_n(unsent);
                    if (accepted == 0) {
                        relax();
                    }
                    unsent = unsent.subspan(accepted);
                }
            }
        }
    }

    receipt consume_copy(const stream& items) {
        receipt got;
        if constexpr (batches) {
            std::vector<T> batch(items.batch);
            const word end = items.first + items.count;
            word due = items.first;
            while (due != end) {
                const std::size_t wanted = std::min<std::size_t>(items.batch, end - due);
                const std::size_t popped = queue_.pop_n(std::span<T>{batch.data(), wanted});
                if (popped == 0) {
                    relax();
                }
                check_all(std::span<const T>{batch.data(), popped}, due, got);
            }
        }
        return got;
    }

    void produce_in_place(const stream& items) {
        if constexpr (in_place) {
            const word end = items.first + items.count;
            word next = items.first;
            while (next != end) {
                const std::size_t wanted = std::min<std::size_t>(items.batch, end - next);
                if (queue_.write_in_place(wanted, [&](std::span<T> slots) { fill(slots, next); }) == 0) {
                    relax();
                }
            }
        }
    }

    receipt consume_in_place(const stream& items) {
        receipt got;
        if constexpr (in_place) {
            const word end = items.first + items.count;
            word due = items.first;
            while (due != end) {
                const std::size_t wanted = std::min<std::size_t>(items.batch, end - due);
                if (queue_.read_in_place(
                        wanted, [&](std::span<T> slots) { check_all(std::span<const T>(slots), due, got); }) == 0) {
                    relax();
                }
            }
        }
        return got;
    }

    Queue queue_;
};

}  // namespace bench
