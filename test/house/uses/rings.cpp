// SPDX-License-Identifier: MIT
//
// Every operation of every ring, as one thread would use it, in the loops that everybody writes. Compiled with many warnings
// at every level of optimisation: a warning here would be one in a user's file.
#include <weir/pull.hpp>
#include <weir/ring.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "test/house/uses/uses.hpp"
#include "test/support/event.hpp"

namespace {

using namespace std::chrono_literals;

// Items that fit into registers, that do not, that own memory, and that cannot be copied.
struct quote {
    std::array<double, 8> levels;
};
template <class T>
T item(int n) {
    if constexpr (std::is_same_v<T, std::unique_ptr<int>>) {
        return std::make_unique<int>(n);
    } else if constexpr (std::is_same_v<T, std::string>) {
        return std::string(40, static_cast<char>('a' + n % 26));
    } else if constexpr (std::is_same_v<T, quote>) {
        return quote{{static_cast<double>(n)}};
    } else {
        return static_cast<T>(n);
    }
}

// A ring's element is deduced, as in a function of the user's that takes any ring of one kind.
template <class T>
std::size_t slots_of(const weir::spsc_ring<T>& one, const weir::mpmc_ring<T>& many,
                     const weir::pull::spsc_ring<T>& asked) {
    return (one.capacity() + many.capacity() + asked.capacity()) * sizeof(T);
}

template <class Ring>
void ask(Ring& ring, std::size_t n) {
    if constexpr (Ring::has_credit_on_request) ring.request(n);
}

template <class Ring>
std::size_t push_one_by_one(Ring& ring) {
    using T = typename Ring::value_type;
    std::size_t pushed = 0;
    T next = item<T>(1);
    if (ring.try_push(std::move(next))) ++pushed;
    next = item<T>(2);
    if (ring.push(std::move(next))) ++pushed;
    if (ring.push_for(item<T>(3), 1ms)) ++pushed;
    if (ring.push_until(item<T>(4), std::chrono::steady_clock::now() + 1ms)) ++pushed;
    if (ring.push_unless(item<T>(5), [] { return true; })) ++pushed;
    if (ring.try_emplace(item<T>(6))) ++pushed;
    if constexpr (std::copy_constructible<T>) {
        const T again = item<T>(7);
        if (ring.try_push(again)) ++pushed;
        if (ring.push(again)) ++pushed;
        if (ring.push_for(again, 1ms)) ++pushed;
        if (ring.push_until(again, std::chrono::steady_clock::now() + 1ms)) ++pushed;
        if (ring.push_unless(again, [] { return true; })) ++pushed;
    }
    while (ring.try_push(item<T>(8))) ++pushed;
    return pushed;
}

template <class Ring>
std::size_t pop_one_by_one(Ring& ring) {
    using T = typename Ring::value_type;
    std::size_t popped = 0;
    T out;
    if (ring.try_pop(out)) ++popped;
    if (ring.pop(out)) ++popped;
    if (ring.pop_for(out, 1ms)) ++popped;
    if (ring.pop_until(out, std::chrono::steady_clock::now() + 1ms)) ++popped;
    if (ring.pop_unless(out, [] { return true; })) ++popped;
    if (const std::optional<T> mine = ring.try_pop()) ++popped;
    if (const std::optional<T> mine = ring.pop()) ++popped;
    if (ring.try_consume_one([&](T& front) noexcept { out = std::move(front); })) ++popped;
    if (ring.consume_one_until([&](T& front) noexcept { out = std::move(front); }, {})) ++popped;
    for (T each; ring.try_pop(each); ++popped) out = std::move(each);
    return popped;
}

template <class Ring>
std::size_t push_batches(Ring& ring) {
    using T = typename Ring::value_type;
    std::array<T, 3> batch{item<T>(1), item<T>(2), item<T>(3)};
    std::size_t pushed = 0;
    if constexpr (std::copy_constructible<T>) {
        pushed += ring.try_push_n(batch);
        pushed += ring.push_n(batch);
    }
    pushed += ring.try_push_n(std::make_move_iterator(batch.begin()), batch.size());
    if constexpr (Ring::has_contiguous_slots) {
        auto slots = ring.try_reserve(2);
        for (std::size_t built = 0; built < slots.size(); ++built) slots.emplace(item<T>(9));
        pushed += slots.size();
        slots.commit(slots.size());
    }
    return pushed;
}

template <class Ring>
std::size_t pop_batches(Ring& ring) {
    using T = typename Ring::value_type;
    std::array<T, 2> some;
    std::size_t popped = ring.try_pop_n(some);
    popped += ring.pop_n(std::span(some).first(ring.size_approx() > 0 ? 1 : 0));
    if constexpr (Ring::has_contiguous_slots) {
        auto items = ring.try_peek(1);
        for (T& each : items.first()) some[0] = std::move(each);
        for (T& each : items.second()) some[1] = std::move(each);
        popped += items.size();
        items.release(items.size());
    }
    popped += ring.consume([&](T& each) noexcept { some[0] = std::move(each); });
    return popped;
}

template <class Ring>
bool drain_after_close(Ring& ring) {
    using T = typename Ring::value_type;
    while (ring.try_push(item<T>(1))) {
    }
    if constexpr (Ring::has_drop_oldest) (void)ring.try_drop_oldest();
    const std::size_t left = ring.size_approx();
    ring.wake_all();
    ring.close();
    std::size_t popped = 0;
    for (T each; ring.pop(each);) ++popped;
    while (auto each = ring.pop()) ++popped;
    return popped == left && ring.is_closed() && ring.credits() <= ring.capacity() && !ring.memory().degraded();
}

template <class Ring>
bool works() {
    Ring ring(32);
    if constexpr (!Ring::has_many_producers) ring.adopt_producer();
    if constexpr (!Ring::has_many_consumers) ring.adopt_consumer();
    ask(ring, 96);
    if (push_one_by_one(ring) != pop_one_by_one(ring) || push_batches(ring) != pop_batches(ring)) return false;
    if constexpr (Ring::has_descriptors) {
        if (ring.items_fd() == ring.space_fd()) return false;
    }
    if constexpr (Ring::keeps_statistics) {
        if (ring.snapshot().producer.pushed == 0) return false;
    }
    return drain_after_close(ring);
}

}  // namespace

bool use_rings() {
    using weir::stats::on;
    namespace wait = weir::wait;
    return works<weir::spsc_ring<int>>() &&
           works<weir::spsc_ring<std::unique_ptr<int>, weir_test::event_if_any, on>>() &&
           works<weir::spsc_ring<quote, wait::spin>>() && works<weir::mpmc_ring<int>>() &&
           works<weir::mpmc_ring<std::string, wait::sleep, on>>() && works<weir::strict_mpmc_ring<int>>() &&
           works<weir::strict_mpmc_ring<quote, wait::yield>>() && works<weir::pull::spsc_ring<std::string>>() &&
           works<weir::pull::mpmc_ring<int>>() && works<weir::pull::strict_mpmc_ring<std::unique_ptr<int>>>() &&
           slots_of(weir::spsc_ring<int>(1), weir::mpmc_ring<int>(2), weir::pull::spsc_ring<int>(3)) == 6 * sizeof(int);
}
