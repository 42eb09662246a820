// SPDX-License-Identifier: MIT
//
// A rule that any desk would lose money with: buy where the bid is much larger than the offer, sell where it is much smaller.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "market.hpp"
#include "order_format.hpp"

namespace trading {

class strategy {
public:
    /// An order of `lot` where one side is `ratio` times as large as the other, when that begins.
    explicit strategy(std::uint32_t ratio = 4, std::uint32_t lot = 1) noexcept : ratio_(ratio), lot_(lot) {}

    /// No order without a bid and an offer that are known. The order has no number yet.
    std::optional<order> on(const book_update& now) noexcept {
        signal& last = signals_[now.symbol];
        const signal before = last;
        last = signal_of(now);
        if (last == before || last == signal::none) return std::nullopt;
        const bool buys = last == signal::buy;
        return order{
            0, 0, buys ? feed::side::buy : feed::side::sell, now.symbol, buys ? now.offer.price : now.bid.price, lot_};
    }

private:
    enum class signal : std::uint8_t { none, buy, sell };

    signal signal_of(const book_update& now) const noexcept {
        if (!now.bid.is_known || !now.offer.is_known || now.bid.quantity == 0 || now.offer.quantity == 0)
            return signal::none;
        if (now.bid.quantity >= std::uint64_t{ratio_} * now.offer.quantity) return signal::buy;
        if (now.offer.quantity >= std::uint64_t{ratio_} * now.bid.quantity) return signal::sell;
        return signal::none;
    }

    std::array<signal, 256> signals_{};
    std::uint32_t ratio_;
    std::uint32_t lot_;
};

}  // namespace trading
