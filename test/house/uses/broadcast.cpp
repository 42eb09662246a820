// SPDX-License-Identifier: MIT
#include <weir/broadcast_ring.hpp>
#include <weir/stats_text.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "test/house/uses/uses.hpp"

namespace {

using namespace std::chrono_literals;

struct tick {
    double price;
    int sequence;
};
struct book {
    std::array<double, 8> levels;
};
struct page {
    std::array<std::byte, 8192> bytes;
};

constexpr auto now_or_never = []() noexcept { return true; };

template <class Ring>
std::size_t push_each_way(Ring& ring) {
    using T = typename Ring::value_type;
    const T item{};
    const auto now = std::chrono::steady_clock::now();
    std::size_t pushed = 0;
    if (ring.try_push(item)) ++pushed;
    if (ring.try_push(T{})) ++pushed;
    if (ring.push(item)) ++pushed;
    if (ring.push(T{})) ++pushed;
    if (ring.push_for(item, 1ms)) ++pushed;
    if (ring.push_for(T{}, 1ms)) ++pushed;
    if (ring.push_until(item, now)) ++pushed;
    if (ring.push_until(T{}, now)) ++pushed;
    if (ring.push_unless(item, now_or_never)) ++pushed;
    if (ring.push_unless(T{}, now_or_never)) ++pushed;
    return pushed;
}

// Takes items in every way but the copies, and then all that are left.
template <class Reader>
std::size_t visit_each_way(Reader& in) {
    using T = typename Reader::value_type;
    std::size_t seen = 0;
    const auto visit = [&seen](const T&) { ++seen; };
    if (in.consume(visit, 1) != 1 || !in.try_consume_one(visit)) return 0;
    if (!in.consume_one_unless(visit, now_or_never)) return 0;
    (void)in.consume_some(visit, 1);
    (void)in.consume_some_for(visit, 1ms, 1);
    (void)in.consume_some_unless(visit, now_or_never, weir::forever, 1);
    (void)in.consume(visit);
    return seen;
}

// The loops that everybody writes.
template <class Reader>
std::size_t pop_each_way(Reader& in) {
    using T = typename Reader::value_type;
    const auto now = std::chrono::steady_clock::now();
    std::size_t seen = 0;
    {
        T out;
        if (in.try_pop(out)) ++seen;
        if (in.pop(out)) ++seen;
        if (in.pop_for(out, 1ms)) ++seen;
        if (in.pop_until(out, now)) ++seen;
        if (in.pop_unless(out, now_or_never)) ++seen;
    }
    if (const std::optional<T> item = in.try_pop()) ++seen;
    if (const auto item = in.pop_for(1ms)) ++seen;
    if (const auto item = in.pop_until(now)) ++seen;
    while (auto item = in.pop()) ++seen;
    return seen;
}

template <class Ring>
bool works() {
    Ring ring(32);
    if constexpr (!Ring::has_many_producers) ring.adopt_producer();
    auto first = ring.join();
    auto second = ring.join({.name = "second", .after = {&first}});
    std::optional<typename Ring::reader> lossy, limited;
    if constexpr (Ring::can_be_lossy) {
        lossy.emplace(ring.join({.name = "lossy", .mode = weir::reader_mode::lossy}));
        limited.emplace(ring.join({.name = "limited", .limit = {.time = 1h}}));
    }
    const std::size_t pushed = push_each_way(ring);
    const std::size_t readers = lossy ? 4 : 2;
    if (ring.readers().size() != readers || !ring.slowest() || ring.slowest()->lag != pushed) return false;
    if (visit_each_way(first) != pushed || second.lag() != pushed) return false;
    ring.wake_all();
    ring.close();
    auto moved = std::move(second);
    if (pop_each_way(moved) != pushed || moved.mode() != weir::reader_mode::gated || moved.is_ended()) return false;
    if (lossy && (pop_each_way(*lossy) != pushed || lossy->gap() != 0 || lossy->missed() != 0)) return false;
    if (limited && visit_each_way(*limited) != pushed) return false;
    moved.leave();
    if constexpr (Ring::keeps_statistics) {
        if (weir::to_text(ring.snapshot()).empty() || weir::to_json(ring.snapshot()).empty()) return false;
        if (weir::to_prometheus({{"feed", ring.snapshot()}}).empty()) return false;
    }
    return ring.is_closed() && ring.capacity() == 32;
}

}  // namespace

bool use_broadcast() {
    using weir::many_producers, weir::stats::on;
    namespace wait = weir::wait;
    return works<weir::broadcast_ring<int>>() && works<weir::broadcast_ring<tick, on, wait::spin>>() &&
           works<weir::broadcast_ring<book, many_producers>>() && works<weir::broadcast_ring<page>>() &&
           works<weir::broadcast_ring<std::string>>() &&
           works<weir::broadcast_ring<std::shared_ptr<int>, many_producers, on, wait::event>>();
}
