// SPDX-License-Identifier: MIT
//
// The best bid and offer of every symbol.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "market.hpp"

namespace trading {

class book {
public:
    /// Messages are missing: every price may have changed, so none is known until its next quote.
    void forget() noexcept {
        for (top& one : tops_) one.bid.is_known = one.offer.is_known = false;
    }

    /// Takes a tick in. `lost_before`: a ring lost ticks right before this one. Returns the new best prices if it is a quote.
    std::optional<book_update> take(const tick& t, bool lost_before) noexcept {
        if (lost_before) forget();
        if (t.epoch > epoch_) {
            epoch_ = t.epoch;
            forget();
        }
        // A quote from before a gap that the book knows of: with classes, a later tick may have overtaken it.
        if (t.what != feed::type::quote || t.epoch < epoch_) return std::nullopt;
        top& at = tops_[t.symbol];
        (t.of == feed::side::buy ? at.bid : at.offer) = {t.price, t.quantity, true};
        return book_update{t.sequence, t.received_at, at.bid, at.offer, t.symbol};
    }

    level bid(std::uint8_t symbol) const noexcept { return tops_[symbol].bid; }
    level offer(std::uint8_t symbol) const noexcept { return tops_[symbol].offer; }

private:
    struct top {
        level bid;
        level offer;
    };
    std::array<top, 256> tops_{};
    std::uint32_t epoch_ = 0;
};

}  // namespace trading
