// SPDX-License-Identifier: MIT
//
// weir's rings in coroutines, and select().
#include <weir/await.hpp>
#include <weir/ring.hpp>
#include <weir/select.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "bench/queues/awaiting.hpp"
#include "bench/queues/weir.hpp"

namespace bench {
namespace {

using task = begun_by_hand;

/// Runs coroutines on its thread, which sleeps as a consumer of a ring does.
class loop {
public:
    template <typename F>
    void execute(F f) {
        (void)ready_.push(f.waiting);
    }
    void run(task of) {
        of.handle.resume();
        for (std::coroutine_handle<> next; !of.handle.done();) {
            (void)ready_.pop(next);
            next.resume();
        }
        const std::exception_ptr error = of.handle.promise().error;
        of.handle.destroy();
        if (error) {
            std::rethrow_exception(error);
        }
    }

private:
    weir::mpsc_ring<std::coroutine_handle<>> ready_{4};
};

template <typename Ring, std::size_t Looks>
class awaited {
public:
    using task = bench::task;
    explicit awaited(std::size_t capacity) : ring_(capacity) {}

    class side {
    public:
        explicit side(awaited& of) : ring_(of.ring_) {}
        // The awaitable keeps a reference to the word, which lives until the end of the full expression.
        auto push(const word& item) { return weir::async_push(ring_, item).spin(Looks).resume_on(loop_); }
        auto pop() { return weir::async_pop(ring_).spin(Looks).resume_on(loop_); }
        void run(task of) { loop_.run(of); }

    private:
        Ring& ring_;
        loop loop_;
    };

private:
    Ring ring_;
};

using spsc_words = weir::spsc_ring<word>;
using mpmc_words = weir::mpmc_ring<word>;

constexpr std::size_t ends = 8;

/// Eight rings of which one has an item, another one each time. A thread, or a coroutine, finds it by select() and takes it.
template <typename Select>
class selecting_channel final : public channel_of_some {
public:
    explicit selecting_channel(std::size_t capacity) : channel_of_some(capacity), rings_(of(capacity)) {}

    receipt alternate(const weir::tick_clock& clock, std::size_t, word count, word& ticks) override {
        receipt got;
        task coroutine = Select::serve(rings_, clock, count, ticks, got);
        coroutine.handle.resume();  // it never has to wait
        coroutine.handle.destroy();
        return got;
    }

private:
    static std::array<spsc_words, ends> of(std::size_t n) {
        return {spsc_words(n), spsc_words(n), spsc_words(n), spsc_words(n),
                spsc_words(n), spsc_words(n), spsc_words(n), spsc_words(n)};
    }
    std::array<spsc_words, ends> rings_;
};

template <typename Choose>
void serve_by(std::array<spsc_words, ends>& rings, const weir::tick_clock& clock, word count, word& ticks, receipt& got,
              Choose choose) {
    word item = 0;
    const word begin = clock.now();
    for (word i = 1; i <= count; ++i) {
        (void)rings[i % ends].try_push(i);
        (void)rings[choose()].try_pop(item);
        got.check(item, i);
    }
    ticks = clock.now_after_loads() - begin;
}

/// The same without select(): what it is compared with.
struct knowing {
    static task serve(std::array<spsc_words, ends>& rings, const weir::tick_clock& clock, word count, word& ticks,
                      receipt& got) {
        word i = 0;
        serve_by(rings, clock, count, ticks, got, [&]() { return ++i % ends; });
        co_return;
    }
};

struct in_turn {
    static auto first(auto& r, auto& how) {
        using weir::items_of;
        return weir::select(how, items_of(r[0]), items_of(r[1]), items_of(r[2]), items_of(r[3]), items_of(r[4]),
                            items_of(r[5]), items_of(r[6]), items_of(r[7]));
    }
    static task serve(std::array<spsc_words, ends>& rings, const weir::tick_clock& clock, word count, word& ticks,
                      receipt& got) {
        weir::selection how;
        serve_by(rings, clock, count, ticks, got, [&] { return first(rings, how).index(); });
        co_return;
    }
};

struct by_priority {
    static task serve(std::array<spsc_words, ends>& rings, const weir::tick_clock& clock, word count, word& ticks,
                      receipt& got) {
        serve_by(rings, clock, count, ticks, got, [&] { return in_turn::first(rings, weir::by_priority).index(); });
        co_return;
    }
};

struct awaiting {
    static task serve(std::array<spsc_words, ends>& r, const weir::tick_clock& clock, word count, word& ticks,
                      receipt& got) {
        using weir::items_of;
        weir::selection how;
        word item = 0;
        const word begin = clock.now();
        for (word i = 1; i <= count; ++i) {
            (void)r[i % ends].try_push(i);
            const weir::selected ready =
                co_await weir::async_select(how, items_of(r[0]), items_of(r[1]), items_of(r[2]), items_of(r[3]),
                                            items_of(r[4]), items_of(r[5]), items_of(r[6]), items_of(r[7]));
            (void)r[ready.index()].try_pop(item);
            got.check(item, i);
        }
        ticks = clock.now_after_loads() - begin;
    }
};

template <typename Select>
std::unique_ptr<channel> make_selecting_channel(std::size_t, std::size_t capacity) {
    return std::make_unique<selecting_channel<Select>>(capacity);
}

template <typename Ring, std::size_t Looks>
queue_entry awaits(const std::string& ring, const std::string& how, const std::string& sibling, league plays) {
    return {.name = ring + " " + how,
            .configuration = "co_await async_push and async_pop, in a coroutine on each thread" +
                             (Looks == 0 ? std::string() : ", " + std::to_string(Looks) + " looks before it suspends"),
            .subject = true,
            .blocking = true,
            .sleeps = true,
            .plays = plays,
            .sibling = sibling,
            .make = make_awaiting_channel<awaited<Ring, Looks>>};
}

template <typename Select>
queue_entry selects(const std::string& how, const std::string& what) {
    return {.name = "weir::select of 8" + how,
            .configuration = what,
            .subject = true,
            .plays = league::selecting,
            .sibling = "weir::spsc_ring one of 8",
            .make = make_selecting_channel<Select>};
}

}  // namespace

std::vector<queue_entry> weir_awaiting_queues() {
    constexpr std::size_t worthwhile = 2000;
    constexpr league all = league::ready | league::awaiting | league::waking;
    return {awaits<spsc_words, 0>("weir::spsc_ring", "co_await", "weir::spsc_ring", all),
            awaits<mpmc_words, 0>("weir::mpmc_ring", "co_await", "weir::mpmc_ring", all),
            awaits<spsc_words, worthwhile>("weir::spsc_ring", "co_await, spins", "weir::spsc_ring push/pop",
                                           league::awaiting),
            awaits<mpmc_words, worthwhile>("weir::mpmc_ring", "co_await, spins", "weir::mpmc_ring push/pop",
                                           league::awaiting),
            {.name = "weir::spsc_ring one of 8",
             .configuration = "eight rings, and the one that has an item is known",
             .subject = true,
             .plays = league::selecting,
             .make = make_selecting_channel<knowing>},
            selects<in_turn>("", "select(selection, items_of(ring)...), then try_pop"),
            selects<by_priority>(", by priority", "select(by_priority, items_of(ring)...), then try_pop"),
            selects<awaiting>(", co_await", "co_await async_select(selection, items_of(ring)...), then try_pop")};
}

}  // namespace bench
