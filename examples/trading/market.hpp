// SPDX-License-Identifier: MIT
//
// What the threads pass on: a tick, from the feed handler to the book, and an update, from the book to its readers.
#pragma once

#include <cstdint>

#include "feed_format.hpp"

namespace trading {

/// One message of the feed.
struct tick {
    std::uint64_t sequence = 0;
    std::uint64_t received_at = 0;  ///< of its datagram, in ticks of the clock
    std::uint32_t price = 0;
    std::uint32_t quantity = 0;
    std::uint32_t epoch = 0;  ///< how many gaps the feed had before it
    feed::type what = feed::type::quote;
    std::uint8_t symbol = 0;
    feed::side of = feed::side::buy;
};

/// One side of a book.
struct level {
    std::uint32_t price = 0;
    std::uint32_t quantity = 0;  ///< 0: there is none
    bool is_known = false;       ///< not since a gap: what is missing may have changed it
    friend bool operator==(const level&, const level&) = default;
};

/// The best bid and offer of a symbol, after a quote.
struct book_update {
    std::uint64_t sequence = 0;
    std::uint64_t received_at = 0;
    level bid;
    level offer;
    std::uint8_t symbol = 0;
};

}  // namespace trading
