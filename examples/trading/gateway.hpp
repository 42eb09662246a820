// SPDX-License-Identifier: MIT
//
// From the strategy's decision to the exchange. The gate bounds how many orders are in flight: each carries a permit from the
// decision until the exchange has acknowledged it. So neither the ring before the gateway nor a socket buffer can overflow.
#pragma once

#include <poll.h>
#include <weir/clock.hpp>
#include <weir/credit_gate.hpp>
#include <weir/histogram.hpp>
#include <weir/ring.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "logger.hpp"
#include "order_format.hpp"
#include "udp_socket.hpp"

namespace trading {

struct outgoing {
    order what;
    std::uint64_t received_at = 0;  ///< of the datagram that led to it
    weir::credit_permit permit;
};

// wait::event: the gateway waits for orders and for acknowledgements at once, with poll().
using order_ring = weir::spsc_ring<outgoing, weir::wait::event>;

/// The risk gate, used by the strategy's thread. It never waits: an order too many is refused and counted.
class risk_gate {
public:
    /// `orders` has room for as many orders as `credits` has credits.
    risk_gate(weir::credit_gate& credits, order_ring& orders) : credits_(credits), orders_(orders) {
        if (orders.capacity() < credits.capacity())
            throw std::invalid_argument("a ring of " + std::to_string(orders.capacity()) + " orders behind a gate of " +
                                        std::to_string(credits.capacity()) + ": make it as large as the gate");
    }

    bool pass(order what, std::uint64_t received_at) {
        ++offered_;
        auto permit = credits_.try_acquire();
        if (!permit) {
            ++refused_;
            return false;
        }
        what.number = offered_ - refused_;
        // There is room: whatever is in the ring has a permit. Only a gateway that has failed refuses it, and closed the ring.
        if (orders_.try_push(outgoing{what, received_at, std::move(*permit)})) return true;
        ++stranded_;
        return false;
    }

    std::uint64_t offered() const noexcept { return offered_; }
    std::uint64_t refused() const noexcept { return refused_; }
    std::uint64_t stranded() const noexcept { return stranded_; }

private:
    weir::credit_gate& credits_;
    order_ring& orders_;
    std::uint64_t offered_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t stranded_ = 0;
};

/// The orders that are sent and not acknowledged, each with its permit. O(1), and allocates in the constructor only.
class in_flight_table {
public:
    explicit in_flight_table(std::size_t most) : slots_(most) {
        for (std::size_t i = most; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(i));
    }

    /// The slot that keeps the permit. Throws std::logic_error if there is none: then the gate has not kept its bound.
    std::uint32_t add(std::uint64_t number, weir::credit_permit permit) {
        if (free_.empty()) throw std::logic_error("more orders in flight than the gate has permits");
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        slots_[slot] = {number, std::move(permit)};
        peak_ = std::max(peak_, size());
        return slot;
    }
    /// Gives the permit back. False if that order is not in flight, or no longer.
    bool remove(const acknowledgement& of) noexcept {
        if (of.slot >= slots_.size() || !slots_[of.slot].permit || slots_[of.slot].number != of.number) return false;
        slots_[of.slot].permit.give_back();
        free_.push_back(of.slot);
        return true;
    }
    std::size_t size() const noexcept { return slots_.size() - free_.size(); }
    std::size_t peak() const noexcept { return peak_; }

private:
    struct entry {
        std::uint64_t number = 0;
        weir::credit_permit permit;
    };
    std::vector<entry> slots_;
    std::vector<std::uint32_t> free_;
    std::size_t peak_ = 0;
};

struct gateway_counts {
    std::uint64_t sent = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t unknown = 0;  ///< acknowledgements of no order in flight
    std::size_t peak_in_flight = 0;
};

class gateway {
public:
    /// `exchange` is connected to the exchange. `most_in_flight` is the capacity of the gate.
    gateway(order_ring& orders, const udp_socket& exchange, std::size_t most_in_flight, const weir::tick_clock& clock,
            logging::log_handle& log)
        : orders_(orders), exchange_(exchange), in_flight_(most_in_flight), clock_(clock), log_(log) {}

    /// Sends and listens until the ring is closed and drained and every order is acknowledged. Throws std::runtime_error if for
    /// `patience` the exchange acknowledges none of the orders in flight.
    void run(std::chrono::milliseconds patience) {
        using clock = std::chrono::steady_clock;
        auto heard_at = clock::now();
        while (!has_ended_ || in_flight_.size() > 0) {
            send_orders();
            if (take_acknowledgements() || in_flight_.size() == 0) heard_at = clock::now();
            if (has_ended_ && in_flight_.size() == 0) break;
            pollfd watched[] = {{has_ended_ ? -1 : orders_.items_fd(), POLLIN, 0}, {exchange_.fd(), POLLIN, 0}};
            const int longest_ms = static_cast<int>(std::min<std::chrono::milliseconds::rep>(patience.count(), 100));
            if (::poll(watched, 2, longest_ms) < 0 && errno != EINTR) fail_with_errno("cannot wait for orders");
            if (in_flight_.size() > 0 && clock::now() - heard_at >= patience && !take_acknowledgements())
                throw std::runtime_error("the exchange acknowledged no order for " + std::to_string(patience.count()) +
                                         " ms, with " + std::to_string(in_flight_.size()) +
                                         " in flight; see whether it runs, or give a longer --patience-ms");
        }
    }

    gateway_counts counts() const noexcept { return {sent_, acknowledged_, unknown_, in_flight_.peak()}; }
    /// From the receipt of the datagram that led to an order to the end of the call that sent the order, in ns.
    const weir::histogram& tick_to_order_ns() const noexcept { return latency_ns_; }

private:
    void send_orders() {
        outgoing next;
        weir::status answer = weir::status::empty;
        while ((answer = orders_.try_pop(next))) {
            next.what.slot = in_flight_.add(next.what.number, std::move(next.permit));
            (void)exchange_.send(
                bytes_of(next.what));  // if it does not arrive, run() notices that there is no acknowledgement
            const std::uint64_t now = clock_.now();
            const double ns = now > next.received_at ? clock_.to_ns(now - next.received_at) : 0;
            latency_ns_.record(static_cast<std::uint64_t>(ns));
            ++sent_;
            log_.write(logging::order_sent{next.what.number, static_cast<std::uint64_t>(ns)});
        }
        has_ended_ = answer == weir::status::closed;
    }

    bool take_acknowledgements() {
        bool has_heard = false;
        // A byte more, so that one that is too long does not look whole.
        std::byte bytes[sizeof(acknowledgement_bytes) + 1];
        while (const auto size = exchange_.receive(bytes, udp_socket::when::there_is_one)) {
            const auto said = acknowledgement_of(std::span<const std::byte>(bytes, *size));
            const bool is_known = said && in_flight_.remove(*said);
            ++(is_known ? acknowledged_ : unknown_);
            has_heard |= is_known;
        }
        return has_heard;
    }

    static constexpr std::uint64_t longest_ns = 60'000'000'000;

    order_ring& orders_;
    const udp_socket& exchange_;
    in_flight_table in_flight_;
    const weir::tick_clock& clock_;
    logging::log_handle& log_;
    weir::histogram latency_ns_{longest_ns};
    std::uint64_t sent_ = 0, acknowledged_ = 0, unknown_ = 0;
    bool has_ended_ = false;
};

}  // namespace trading
