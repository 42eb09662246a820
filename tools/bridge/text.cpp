// SPDX-License-Identifier: MIT
#include "tools/bridge/bridge.hpp"

#include <weir/detail/base/metric_text.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <string_view>

namespace weir::tool {

std::optional<bridge_place> parse_bridge_place(const std::string& text) {
    constexpr std::string_view shm = "shm:";
    constexpr std::string_view nats = "nats://";
    bridge_place found;
    if (text.starts_with(shm)) {
        found.is_shm = true;
        found.name = text.substr(shm.size());
        return found.name.empty() ? std::nullopt : std::optional(found);
    }
    if (!text.starts_with(nats)) return std::nullopt;
    const auto slash = text.rfind('/');
    if (slash < nats.size() || slash + 1 == text.size()) return std::nullopt;
    found.name = text.substr(slash + 1);
    const std::string hosts = text.substr(nats.size(), slash - nats.size());
    for (std::size_t at = 0; at <= hosts.size();) {
        const auto end = std::min(hosts.find(',', at), hosts.size());
        if (end == at) return std::nullopt;
        found.servers += (found.servers.empty() ? "nats://" : ",nats://") + hosts.substr(at, end - at);
        at = end + 1;
    }
    return found;
}

std::string to_text(const bridge_figures& from) {
    const bool is_out = from.direction == "out";
    return fmt::format(
        "{} {}: {}; {} {}, {} finished, {} in flight, {} credits, {} in the ring; {} {}, {} lost, {} reconnects\n",
        from.direction, from.link, from.connected ? "connected" : "not connected", from.moved,
        is_out ? "published" : "delivered", from.finished, from.in_flight, from.credits, from.waiting, from.repeated,
        is_out ? "sent again" : "repeated and dropped", from.lost, from.reconnects);
}

std::string to_prometheus(const bridge_figures& from) {
    const std::string labels =
        fmt::format("{{link=\"{}\",direction=\"{}\"}}", detail::escaped(from.link), from.direction);
    std::string page;
    const auto add = [&](std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
        page += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0}{3} {4}\n", name, help, type, labels, value);
    };
    add("weir_bridge_connected", "gauge", "Whether there is a connection to a server.", from.connected ? 1 : 0);
    add("weir_bridge_items_total", "counter", "Items that were published, or delivered.", from.moved);
    add("weir_bridge_finished_total", "counter", "Items that the application at the far end has finished.",
        from.finished);
    add("weir_bridge_in_flight_items", "gauge", "Items that are moved and not finished: the lag.", from.in_flight);
    add("weir_bridge_credits", "gauge", "Items that are granted and not used.", from.credits);
    add("weir_bridge_waiting_items", "gauge", "Items in the ring in shared memory.", from.waiting);
    add("weir_bridge_repeated_total", "counter", "Items that were sent again, or dropped since they came again.",
        from.repeated);
    add("weir_bridge_lost_total", "counter", "Items that a producer and the servers lost together.", from.lost);
    add("weir_bridge_reconnects_total", "counter", "How often the connection was made anew.", from.reconnects);
    return page;
}

}  // namespace weir::tool
