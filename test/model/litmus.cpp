// SPDX-License-Identifier: MIT
//
// The model checker under test: it must find what the memory model allows, and must not find what a fence forbids.
#define WEIR_ATOMIC_HEADER "model_atomic.hpp"

#include <array>
#include <optional>

#include "model.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/wait/asymmetric_fence.hpp"
#include "weir/detail/wait/futex.hpp"

namespace {

using namespace model;
using weir::detail::acq_rel;
using weir::detail::acquire;
using weir::detail::heavy_fence;
using weir::detail::light_fence;
using weir::detail::relaxed;
using weir::detail::release;
using weir::detail::seq_cst;
using number = weir::detail::atomic<int>;

/// Writes an element, then says so.
template <order Store, order Load>
struct message : scenario {
    std::optional<element> item;
    number ready{0};
    void thread(unsigned index) override {
        if (index == 0) {
            item.emplace(1);
            ready.store(1, Store);
        } else if (ready.load(Load) == 1) {
            check(item->number() == 1, "the message is there");
        }
    }
};

enum class between { nothing, light, heavy, sequential };
template <between What>
void fence() {
    if (What == between::light) light_fence();
    if (What == between::heavy) heavy_fence();
}

/// Two threads store, then load what the other stores: both must not miss it.
template <between First, between Second>
struct dekker : scenario {
    number x{0}, y{0};
    int seen[2] = {};
    void thread(unsigned index) override {
        number& mine = index == 0 ? x : y;
        number& its = index == 0 ? y : x;
        mine.store(1, First == between::sequential ? seq_cst : relaxed);
        index == 0 ? fence<First>() : fence<Second>();
        seen[index] = its.load(First == between::sequential ? seq_cst : relaxed);
    }
    void after() override { check(seen[0] == 1 || seen[1] == 1, "one sees the other's store"); }
};

/// What is known by a fence is handed on by release and acquire.
struct fence_then_message : scenario {
    number x{0}, y{0}, settled{0};
    int seen_y = 0, seen_x = 0;
    bool asked = false;
    void thread(unsigned index) override {
        if (index == 0) {
            x.store(1, relaxed);
            light_fence();
            seen_y = y.load(relaxed);
        } else if (index == 1) {
            y.store(1, relaxed);
            heavy_fence();
            settled.store(1, release);
        } else if (settled.load(acquire) == 1) {
            asked = true;
            seen_x = x.load(relaxed);
        }
    }
    void after() override { check(!asked || seen_y == 1 || seen_x == 1, "either sees the other"); }
};

/// A later relaxed store of the same thread carries no message since C++20.
struct release_sequence : scenario {
    std::optional<element> item;
    number ready{0};
    void thread(unsigned index) override {
        if (index == 0) {
            item.emplace(1);
            ready.store(1, release);
            ready.store(2, relaxed);
        } else if (ready.load(acquire) == 2) {
            check(item->number() == 1, "the message is there");
        }
    }
};

/// A read-modify-write does carry it on.
struct release_sequence_of_exchanges : scenario {
    std::optional<element> item;
    number ready{0};
    void thread(unsigned index) override {
        if (index == 0) {
            item.emplace(1);
            ready.store(1, release);
        } else if (index == 1) {
            ready.fetch_add(1, relaxed);
        } else if (ready.load(acquire) == 2) {
            check(item->number() == 1, "the message is there");
        }
    }
};

/// Sleeps until a word changes, or forgets to look first.
template <bool Looks>
struct sleep : scenario {
    weir::detail::futex_word word{0};
    void thread(unsigned index) override {
        if (index == 0) {
            if (!Looks) word.store(0, relaxed);
            while (word.load(acquire) == 0) weir::detail::futex_wait(word, 0, weir::detail::forever);
        } else {
            word.store(1, release);
            weir::detail::futex_wake(word, 1);
        }
    }
};

/// A failed exchange may have read an old value.
struct old_failure : scenario {
    number x{0}, y{0};
    bool missed = false;
    void thread(unsigned index) override {
        if (index == 0) {
            x.store(1, relaxed);
            y.store(1, release);
        } else {
            while (y.load(relaxed) == 0) yield();
            int expected = 1;
            missed = !x.compare_exchange_strong(expected, 2, relaxed, relaxed);
        }
    }
    void after() override { check(!missed, "the exchange sees the latest"); }
};

enum class life { leaks, dies_twice, is_built_over };
template <life How>
struct lifetime : scenario {
    alignas(element) std::array<std::byte, sizeof(element)> memory;
    void thread(unsigned index) override {
        if (index != 0) return;
        auto* const e = new (memory.data()) element(1);
        if (How == life::is_built_over) new (memory.data()) element(2);
        if (How == life::dies_twice) e->~element();
        if (How == life::dies_twice) e->~element();
    }
};

constexpr const char* race = "DATA RACE";
constexpr const char* broken = "USER ASSERT FAILED";
constexpr const char* deadlock = "DEADLOCK";
constexpr unsigned long often = 50'000;

constexpr entry scenarios[] = {
    {"message", 2, 4, often, make<message<release, acquire>>},
    {"message_not_released", 2, 4, often, make<message<relaxed, acquire>>, race},
    {"message_not_acquired", 2, 4, often, make<message<release, relaxed>>, race},
    {"dekker_without_fences", 2, 4, often, make<dekker<between::nothing, between::nothing>>, broken},
    {"dekker_light_light", 2, 4, often, make<dekker<between::light, between::light>>, broken},
    {"dekker_heavy_nothing", 2, 4, often, make<dekker<between::heavy, between::nothing>>, broken},
    {"dekker_heavy_light", 2, 4, often, make<dekker<between::heavy, between::light>>},
    {"dekker_heavy_heavy", 2, 4, often, make<dekker<between::heavy, between::heavy>>},
    {"dekker_seq_cst", 2, 4, often, make<dekker<between::sequential, between::sequential>>},
    {"fence_then_message", 3, 3, often, make<fence_then_message>},
    {"release_sequence", 2, 4, often, make<release_sequence>, race},
    {"release_sequence_of_exchanges", 3, 4, often, make<release_sequence_of_exchanges>},
    {"sleep", 2, 4, often, make<sleep<true>>},
    {"sleep_without_a_look", 2, 4, often, make<sleep<false>>, deadlock},
    {"old_failure", 2, 0, often, make<old_failure>, broken},
    {"leak", 2, 1, 1, make<lifetime<life::leaks>>, "MEMORY LEAK"},
    {"double_destruction", 2, 1, 1, make<lifetime<life::dies_twice>>, "ACCESS TO FREED MEMORY"},
    {"built_over", 2, 1, 1, make<lifetime<life::is_built_over>>, "ACCESS TO FREED MEMORY"},
};

}  // namespace

int main(int argc, char** argv) { return model::run(argc, argv, scenarios); }
