// SPDX-License-Identifier: MIT
//
// The loops that everybody writes, with a variable that only a pop gives a value to: GCC must not say that it "may be used
// uninitialized" (-Wmaybe-uninitialized, part of -Wall, and only where it optimises).
#include <weir/overflow.hpp>
#include <weir/pull.hpp>
#include <weir/ring.hpp>
#include <weir/stop.hpp>

#include <chrono>
#include <stop_token>

#include "test/house/uses/uses.hpp"

namespace {

using namespace std::chrono_literals;

enum class color : unsigned char { none, red = 3 };
struct point {
    int x, y, z;
    int value() const { return x + y + z; }
};
struct line {
    point points[12];
    int value() const { return points[0].x + points[11].z; }
};
long value_of(const auto& item) {
    if constexpr (requires { item.value(); }) {
        return item.value();
    } else {
        return static_cast<long>(item);
    }
}

template <class Ring>
[[gnu::noinline]] long sum(Ring& ring) {
    using T = typename Ring::value_type;
    const auto soon = std::chrono::steady_clock::now();
    long total = 0;
    for (T item; ring.pop(item);) total += value_of(item);
    for (T item; ring.try_pop(item);) total += value_of(item);
    for (T item; ring.pop_for(item, 1ns);) total += value_of(item);
    for (T item; ring.pop_until(item, soon);) total += value_of(item);
    T last;
    if (ring.pop_until(last, soon)) total += value_of(last);
    while (const auto item = ring.pop()) total += value_of(*item);
    while (const auto item = ring.try_pop()) total += value_of(*item);
    for (T item; ring.pop_unless(item, [] { return true; });) total += value_of(item);
    for (T item; weir::pop(ring, item, std::stop_token());) total += value_of(item);
    T batch[4];
    for (std::size_t n; (n = ring.try_pop_n(batch)) > 0;) total += value_of(batch[n - 1]);
    if (ring.pop_n(batch) == 4) total += value_of(batch[3]);
    return total;
}

template <class Ring>
bool is_empty_in_the_end(Ring&& ring) {
    ring.close();
    return sum(ring) == 0;
}

template <class T>
bool every_family() {
    return is_empty_in_the_end(weir::spsc_ring<T>(4)) && is_empty_in_the_end(weir::mpmc_ring<T>(4)) &&
           is_empty_in_the_end(weir::strict_mpmc_ring<T>(4)) && is_empty_in_the_end(weir::pull::spsc_ring<T>(4)) &&
           is_empty_in_the_end(weir::overflow_ring<T, weir::overflow::drop_newest>(4));
}

}  // namespace

bool use_natural_loops() {
    return every_family<long>() && every_family<color>() && every_family<point>() && every_family<line>();
}
