// SPDX-License-Identifier: MIT
#pragma once

// weir bridge: a ring in shared memory whose items go over a link to a ring on another machine, or come from one.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace weir::tool {

/// What `weir bridge` was asked for.
struct bridge_request {
    std::string from;
    std::string to;
    std::string journal;
    std::string prometheus;  ///< a file for node_exporter's textfile collector
    std::uint64_t window = 1024;
    int replicas = 3;
    bool is_quiet = false;
};

/// "shm:NAME" or "nats://HOST:PORT[,HOST:PORT...]/LINK", taken apart.
struct bridge_place {
    bool is_shm = false;
    std::string name;     ///< of the segment, or of the link
    std::string servers;  ///< "nats://HOST:PORT,nats://..."
};

/// Nothing if the text is neither.
[[nodiscard]] std::optional<bridge_place> parse_bridge_place(const std::string& text);

/// What a bridge shows now and then. Items are counted over the whole life of the link.
struct bridge_figures {
    std::string link;
    std::string direction;        ///< "out" or "in"
    std::uint64_t moved = 0;      ///< out: published; in: put into the ring in shared memory
    std::uint64_t finished = 0;   ///< at the far end; in: taken from the ring in shared memory
    std::uint64_t in_flight = 0;  ///< moved and not finished
    std::uint64_t credits = 0;    ///< granted and not used
    std::uint64_t waiting = 0;    ///< items in the ring in shared memory
    std::uint64_t repeated = 0;   ///< out: sent again; in: dropped, since they came again
    std::uint64_t lost = 0;
    std::uint64_t reconnects = 0;
    bool connected = false;
    std::string failure;
};

/// "out orders: connected, 1200 published, 1100 finished, ..."
[[nodiscard]] std::string to_text(const bridge_figures& from);
/// A page in the text format that Prometheus scrapes.
[[nodiscard]] std::string to_prometheus(const bridge_figures& from);

/// Runs until the ring is closed and everything is finished, an end fails (a `stop`), or `is_over()`.
void run_bridge(const bridge_request& wanted, const bridge_place& from, const bridge_place& to, bool (*is_over)());

}  // namespace weir::tool
