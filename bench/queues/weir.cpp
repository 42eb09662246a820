// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include "make.hpp"
#include "queue.hpp"

namespace bench {
namespace {

/// A ring and its operations that refuse.
template <typename Ring>
class trying {
    using T = typename Ring::value_type;

public:
    explicit trying(std::size_t capacity) : ring_(capacity) {}

    bool try_push(const T& item) { return static_cast<bool>(ring_.try_push(item)); }
    bool try_pop(T& item) { return static_cast<bool>(ring_.try_pop(item)); }

protected:
    Ring ring_;
};

/// And those on many items.
template <typename T>
class spsc_ring : public trying<weir::spsc_ring<T>> {
public:
    using trying<weir::spsc_ring<T>>::trying;

    std::size_t push_n(std::span<const T> items) { return this->ring_.try_push_n(items); }
    std::size_t pop_n(std::span<T> items) { return this->ring_.try_pop_n(items); }

    template <typename F>
    std::size_t write_in_place(std::size_t n, F&& f) {
        auto slots = this->ring_.try_reserve(n);
        const std::size_t size = slots.size();
        if (size != 0) {
            f(slots.first());
            f(slots.second());
            slots.commit(size);
        }
        return size;
    }

    template <typename F>
    std::size_t read_in_place(std::size_t n, F&& f) {
        auto items = this->ring_.try_peek(n);
        const std::size_t size = items.size();
        if (size != 0) {
            f(items.first());
            f(items.second());
            items.release(size);
        }
        return size;
    }
};

/// A ring and its operations that wait.
template <typename Ring>
class waiting {
    using T = typename Ring::value_type;

public:
    explicit waiting(std::size_t capacity) : ring_(capacity) {}

    void push(const T& item) { static_cast<void>(ring_.push(item)); }
    void pop(T& item) { static_cast<void>(ring_.pop(item)); }
    std::size_t capacity() const { return ring_.capacity(); }

private:
    Ring ring_;
};

/// The entry of push and pop with this strategy of waiting; `try_form` is the ring's own entry.
template <template <typename> class Adapter>
queue_entry waits(const queue_entry& try_form, const std::string& how, const std::string& strategy, bool sleeps) {
    return {.name = try_form.name + " " + how,
            .configuration = strategy + "; push, pop",
            .subject = true,
            .blocking = true,
            .sleeps = sleeps,
            .plays = league::waiting,
            .many_producers = try_form.many_producers,
            .many_consumers = try_form.many_consumers,
            .try_form = try_form.name,
            .make = make_waiting_channel<Adapter>};
}

template <typename T>
using mpmc_ring = trying<weir::mpmc_ring<T>>;
template <typename T>
using mpmc_park = waiting<weir::mpmc_ring<T>>;
template <typename T>
using mpmc_yield = waiting<weir::mpmc_ring<T, weir::wait::yield>>;

template <typename T>
using spsc_park = waiting<weir::spsc_ring<T>>;
template <typename T>
using spsc_spin = waiting<weir::spsc_ring<T, weir::wait::spin>>;
template <typename T>
using spsc_yield = waiting<weir::spsc_ring<T, weir::wait::yield>>;
template <typename T>
using spsc_seq_cst = waiting<weir::spsc_ring<T, weir::wait::parking<weir::fence::seq_cst>>>;
template <typename T>
using spsc_sleep = waiting<weir::spsc_ring<T, weir::wait::sleep>>;
#if defined(__linux__)
template <typename T>
using spsc_event = waiting<weir::spsc_ring<T, weir::wait::event>>;
#endif

}  // namespace

std::vector<queue_entry> weir_queues() {
    const queue_entry spsc{.name = "weir::spsc_ring",
                           .configuration = "try_push/try_pop; try_push_n/try_pop_n; try_reserve/try_peek",
                           .subject = true,
                           .plays = league::transfer | league::waiting | league::crowd,
                           .make = make_channel<spsc_ring>};
    const queue_entry mpmc{.name = "weir::mpmc_ring",
                           .configuration = "try_push/try_pop",
                           .subject = true,
                           .plays = league::crowd,
                           .many_producers = true,
                           .many_consumers = true,
                           .make = make_channel<mpmc_ring>};
    return {
        spsc,
        waits<spsc_park>(spsc, "push/pop", "wait::park, the default", true),
        waits<spsc_seq_cst>(spsc, "seq_cst", "wait::park with fence::seq_cst", true),
        waits<spsc_spin>(spsc, "spin", "wait::spin", false),
        waits<spsc_yield>(spsc, "yield", "wait::yield", false),
        waits<spsc_sleep>(spsc, "sleep", "wait::sleep", true),
#if defined(__linux__)
        waits<spsc_event>(spsc, "event", "wait::event", true),
#endif
        mpmc,
        waits<mpmc_park>(mpmc, "push/pop", "wait::park, the default", true),
        waits<mpmc_yield>(mpmc, "yield", "wait::yield", false),
    };
}

}  // namespace bench
