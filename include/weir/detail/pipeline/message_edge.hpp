// SPDX-License-Identifier: MIT
//
// The edges of a pipeline that carry messages.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/tally.hpp"
#include "weir/detail/pipeline/edge.hpp"
#include "weir/detail/pipeline/graph.hpp"
#include "weir/message_ring.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

template <class T>
inline constexpr bool is_message = std::same_as<T, message>;

/// Calls the function of a stage with its item. A message is two arguments, as for a visit of a message ring.
template <class F, class T, class... More>
decltype(auto) call_with(F& f, T&& item, More&... more) {
    if constexpr (is_message<std::remove_cvref_t<T>>) {
        return f(item.type, item.bytes, more...);
    } else {
        return f(std::forward<T>(item), more...);
    }
}
template <class F, class T>
concept takes_item = (is_message<T> && std::invocable<F&, std::uint16_t, std::span<const std::byte>>) ||
                     (!is_message<T> && std::invocable<F&, T&&>);
template <class F, class T>
using result_of = decltype(call_with(std::declval<F&>(), std::declval<T>()));

/// An spsc_message_ring between two nodes. A permit is room for the largest message that the node upstream may send, wherever it comes
/// to lie.
template <>
class edge<message> final : public edge_base {
    using ring = spsc_message_ring<wait::spin>;  // its threads wait at the bells

public:
    edge(node& from, node& to, std::size_t capacity, std::size_t most_bytes)
        : edge_base(from, to, capacity), ring_(capacity), most_record_(ring::bytes_for_message(most_bytes)) {
        if (most_bytes > ring_.max_message()) {
            reject_argument("edge '" + from.name() + "' -> '" + to.name() + "' of " + std::to_string(capacity) +
                            " bytes takes messages of " + std::to_string(ring_.max_message()) +
                            " bytes at most, and '" + from.name() + "' may send " + std::to_string(most_bytes) +
                            "; give the edge " + std::to_string(std::bit_ceil(2 * most_record_)) + " bytes");
        }
    }

    // ---- the thread of the node upstream: as of other edges ---------------------------------------------------

    // A message takes one credit at most, whatever bytes it skips, so an output can send as many as it was promised.
    std::size_t credits() const noexcept {
        const std::size_t free = ring_.credits();
        return std::min(most_credits(), std::max(fitting(free), std::min(free, to_end_) / most_record_));
    }
    std::size_t most_credits() const noexcept { return fitting(capacity()); }
    std::size_t fill() const noexcept { return ring_.size_approx(); }

    void send(message&& item) noexcept {
        accepted_.add();
        if (!ring_.try_push(item.bytes, item.type)) abort_with("pipeline: an edge refused a message that had a permit");
        const std::size_t record = ring::bytes_for_message(item.bytes.size());
        if (record > to_end_) to_end_ = capacity();  // the rest was skipped
        to_end_ = record == to_end_ ? capacity() : to_end_ - record;
        sent_.add();
        to_.bell().notify(1);
    }
    void close() noexcept {
        ring_.close();
        to_.bell().notify_all();
    }

    // ---- the thread of the node downstream -------------------------------------------------------------------

    template <class Handle>
    bool take(Handle handle) noexcept {
        const auto visit = [&](std::uint16_t type, std::span<const std::byte> bytes) noexcept {
            (handle(message{type, bytes}) ? delivered_ : lost_).add();
        };
        if (ring_.consume(visit, 1) == 0) return false;
        taken_.add();
        from_.bell().notify(1);
        return true;
    }
    bool is_closed() const noexcept { return ring_.is_closed(); }
    bool is_empty() const noexcept { return ring_.size_approx() == 0; }

private:
    // How many messages of the largest size fit into so many free bytes: at most one of them lies behind skipped bytes, which are
    // fewer than it takes itself.
    std::size_t fitting(std::size_t free) const noexcept {
        const std::size_t most_skipped = most_record_ - ring::bytes_for_message(0);
        return free < most_skipped ? 0 : (free - most_skipped) / most_record_;
    }

    rest remaining() const noexcept override {
        const std::uint64_t taken = taken_.read();  // first: what is seen to be taken is seen to have been sent
        return {sent_.read() - taken, 0};
    }

    ring ring_;
    const std::size_t most_record_;
    ordered_count<false> sent_;
    std::size_t to_end_ = capacity();  // bytes before the end of the storage: none is skipped before them
    alignas(separation_bytes) ordered_count<false> taken_;
};

}  // namespace weir::detail
