// SPDX-License-Identifier: MIT
//
// A session from the first datagram to the end of the feed:
//
//     feed ==UDP==> receiver --wire--> handler --ticks--> book --updates--> strategy --orders--> gateway ==UDP==> exchange
//                            bytes             overflow       |  broadcast           gate of permits <--acknowledgements
//                                                             +--> recorder
//
// Each ring is closed by the thread before it when that thread is done, and so the end of the feed runs through all of them.
#pragma once

#include <weir/histogram.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "feed_script.hpp"
#include "ledger.hpp"
#include "placement.hpp"
#include "udp_socket.hpp"

namespace trading {

struct session_settings {
    /// Replayed by a thread of this process; none: by another one.
    std::optional<feed_settings> feed = feed_settings{};
    std::size_t wire_bytes = 1 << 18;
    std::size_t ticks = 4096;
    std::size_t updates = 1024;
    std::size_t in_flight = 32;
    std::size_t log_bytes = 1 << 16;
    std::uint32_t book_work_ns = 0;
    std::chrono::microseconds acknowledge_after{200};
    std::chrono::milliseconds patience{5000};
    std::string log_file;     ///< empty: records are counted, and their text is thrown away
    std::string record_file;  ///< empty: updates are counted
};

struct session_result {
    ledger counts;
    weir::histogram tick_to_book_ns;
    weir::histogram tick_to_order_ns;
};

/// Runs until the end of the feed that arrives at `feed_socket`. `policy` is one of policy_names. If threads of the session throw,
/// it rethrows the first exception.
session_result run_session(const session_settings& chosen, std::string_view policy, udp_socket feed_socket,
                           const placement& places = {});

}  // namespace trading
