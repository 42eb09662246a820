// SPDX-License-Identifier: MIT
#include <weir/messages.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "test/house/uses/uses.hpp"

namespace {

using namespace std::chrono_literals;

struct quote {
    double bid, ask;
    long sequence;
};
struct heartbeat {
    char letter;
};
struct book {
    std::array<double, 8> levels;
};
using feed = weir::messages<quote, heartbeat, int, book>;

constexpr auto now_or_never = []() noexcept { return true; };

template <class Ring>
std::size_t push_each_way(Ring& ring) {
    const std::array<int, 3> numbers{1, 2, 3};
    const std::span<const std::byte> whole = std::as_bytes(std::span(numbers));
    const std::array<std::span<const std::byte>, 2> parts{whole, whole.first(4)};
    const auto now = std::chrono::steady_clock::now();
    std::size_t pushed = 0;
    if (ring.try_push(whole)) ++pushed;
    if (ring.try_push(parts, 1)) ++pushed;
    if (ring.push(whole, 2)) ++pushed;
    if (ring.push(parts)) ++pushed;
    if (ring.push_for(whole, 1ms)) ++pushed;
    if (ring.push_for(parts, 1ms, 3)) ++pushed;
    if (ring.push_until(whole, now)) ++pushed;
    if (ring.push_until(parts, now, 4)) ++pushed;
    if (ring.push_unless(whole, now_or_never)) ++pushed;
    if (ring.push_unless(parts, now_or_never, now, 5)) ++pushed;
    return pushed;
}

template <class Ring>
std::size_t reserve_each_way(Ring& ring) {
    const auto fill = [](auto& message) {
        std::ranges::fill(message.bytes(), std::byte{7});
        message.commit(2);
        return std::size_t{1};
    };
    std::size_t made = 0;
    if (auto message = ring.try_reserve(4)) made += fill(message);
    if (auto message = ring.reserve(4, 1)) made += fill(message);
    if (auto message = ring.reserve_for(4, 1ms)) made += fill(message);
    if (auto message = ring.reserve_until(4, std::chrono::steady_clock::now())) made += fill(message);
    if (auto message = ring.reserve_unless(4, now_or_never)) made += fill(message);
    if (ring.try_reserve(ring.max_message() + 1).answer() == weir::status::too_large) ++made;
    return made - 1;
}

template <class Ring>
std::size_t visit_each_way(Ring& ring) {
    std::size_t bytes = 0;
    std::size_t seen = 0;
    const auto count = [&](std::uint16_t, std::span<const std::byte> message) {
        bytes += message.size();
        ++seen;
    };
    const auto look = [](std::uint16_t type, std::span<const std::byte>) {
        return type > 9 ? weir::visit::stop : weir::visit::leave;
    };
    const auto now = std::chrono::steady_clock::now();
    if (ring.consume(look, 1) != 0) return 0;
    if (!ring.try_consume_one(count) || !ring.consume_one(count) || !ring.consume_one_for(count, 1ms)) return 0;
    if (!ring.consume_one_until(count, now) || !ring.consume_one_unless(count, now_or_never)) return 0;
    (void)ring.consume(count, 1);
    (void)ring.consume_some(count, 1);
    (void)ring.consume_some_for(count, 1ms, 1);
    (void)ring.consume_some_until(count, now, 1);
    (void)ring.consume_some_unless(count, now_or_never, now, 1);
    (void)ring.consume(count);
    return bytes > 0 ? seen : 0;
}

template <class Ring>
bool passes_structs(Ring& ring) {
    const auto now = std::chrono::steady_clock::now();
    const bool pushed = feed::try_push(ring, quote{1.0, 2.0, 3}) && feed::push(ring, heartbeat{'a'}) &&
                        feed::push_for(ring, 4, 1ms) && feed::push_until(ring, book{{5.0}}, now) &&
                        feed::push_unless(ring, quote{6.0, 7.0, 8}, now_or_never) &&
                        ring.push(std::span<const std::byte>(), 99);
    double sum = 0;
    auto visitor =
        feed::visitor([&](const quote& q) { sum += q.bid + static_cast<double>(q.sequence); },
                      [&](const book& b) { sum += b.levels[0]; }, [&](int n) { sum += n; }, [](const auto&) {});
    return pushed && ring.consume(visitor) == 6 && sum > 26.5 && sum < 27.5;
}

template <class Ring>
bool works() {
    Ring ring(1 << 12);
    if constexpr (!Ring::has_many_producers) ring.adopt_producer();
    ring.adopt_consumer();
    const std::size_t pushed = push_each_way(ring) + reserve_each_way(ring);
    if (pushed != visit_each_way(ring) || !passes_structs(ring)) return false;
    if constexpr (Ring::has_descriptors) {
        if (ring.items_fd() == ring.space_fd()) return false;
    }
    if constexpr (Ring::keeps_statistics) {
        if (ring.snapshot().producer.pushed == 0) return false;
    }
    ring.wake_all();
    ring.close();
    return ring.is_closed() && ring.size_approx() == 0 && ring.credits() == ring.capacity() &&
           ring.capacity_bytes() == ring.capacity() && ring.consume_some([](std::uint16_t, auto) {}) == 0 &&
           ring.memory().bytes >= ring.capacity();
}

}  // namespace

bool use_messages() {
    using weir::stats::on;
    return works<weir::spsc_message_ring<>>() && works<weir::mpsc_message_ring<>>() &&
           works<weir::spsc_message_ring<on, weir::wait::event>>() &&
           works<weir::mpsc_message_ring<weir::message_alignment<16>, weir::wait::spin>>() &&
           works<weir::mpsc_message_ring<on, weir::wait::event>>();
}
