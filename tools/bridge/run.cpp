// SPDX-License-Identifier: MIT
// The two loops of a bridge.
#include "tools/bridge/bridge.hpp"
#include "tools/bridge/bytes_ring.hpp"
#include "tools/common/command.hpp"
#include "tools/common/files.hpp"

#include <weir/jetstream.hpp>
#include <weir/ring.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace weir::tool {
namespace {

using namespace std::chrono_literals;

struct packet {
    std::uint32_t size = 0;
    std::array<std::byte, most_item_bytes> bytes{};
};

struct packet_codec {
    static void encode(const packet& item, std::string& out) {
        out.append(reinterpret_cast<const char*>(item.bytes.data()), item.size);
    }
    static bool decode(std::span<const std::byte> bytes, packet& out) {
        if (bytes.size() > out.bytes.size()) return false;
        out.size = static_cast<std::uint32_t>(bytes.size());
        std::ranges::copy(bytes, out.bytes.begin());
        return true;
    }
};

constexpr auto between_reports = 1s;

class reporter {
public:
    explicit reporter(const bridge_request& wanted) : wanted_(wanted) {}

    void report(const bridge_figures& now, bool at_once = false) {
        if (!now.failure.empty()) throw stop(failed, now.failure.substr(now.failure.starts_with("weir: ") ? 6 : 0));
        const auto time = std::chrono::steady_clock::now();
        if (!at_once && time < next_) return;
        next_ = time + between_reports;
        if (!wanted_.prometheus.empty()) write_file(wanted_.prometheus, to_prometheus(now));
        if (!wanted_.is_quiet) print(to_text(now));
    }

private:
    const bridge_request& wanted_;
    std::chrono::steady_clock::time_point next_{};
};

// A ring's type name may hold what a link's may not.
std::string link_type(const bytes_shape& shape) {
    std::string name = shape.type_name + "/" + std::to_string(shape.item_bytes);
    for (char& c : name)
        if (std::isgraph(static_cast<unsigned char>(c)) == 0) c = '_';
    return name.size() > 63 ? name.substr(name.size() - 63) : name;
}

jetstream::remote_link link_of(const bridge_place& place, const bridge_request& wanted, const bytes_shape& shape) {
    return {.servers = place.servers, .name = place.name, .type_name = link_type(shape), .replicas = wanted.replicas};
}

void run_out(const bridge_request& wanted, const bridge_place& from, const bridge_place& to, bool (*is_over)()) {
    const bytes_shape shape = shape_of_ring(from.name);
    const auto source = attach_bytes_consumer(from.name);
    spsc_ring<packet> ring(wanted.window);
    jetstream::remote_producer<packet, packet_codec> producer(ring, link_of(to, wanted, shape),
                                                              {.journal = wanted.journal});
    reporter out(wanted);
    const auto figures = [&] {
        const auto now = producer.figures();
        return bridge_figures{
            to.name,    "out", now.published,  now.finished,  now.in_flight(), now.credits(), source->queued(),
            now.resent, 0,     now.reconnects, now.connected, now.failure};
    };
    std::uint64_t taken = producer.first();
    bool is_closed = false;
    while (!is_over() && !is_closed) {
        const bridge_figures now = figures();
        out.report(now);
        // Taken only with credit, so that next to nothing waits here: items that are in the journal, or in shared memory, are safe.
        if (taken >= now.moved + now.credits || ring.size_approx() >= ring.capacity()) {
            std::this_thread::sleep_for(1ms);
            continue;
        }
        packet item;
        item.size = static_cast<std::uint32_t>(shape.item_bytes);
        const status answer = source->pop_for(item.bytes, 100ms);
        is_closed = answer == status::closed;
        if (answer == status::corrupted)
            throw stop(failed, fmt::format("the ring '{}' holds what no producer writes", from.name));
        if (!answer) continue;
        (void)ring.push(item);
        ++taken;
    }
    // What was taken is published and finished, or in the journal.
    while (!producer.finish_for(100ms) && (!is_over() || wanted.journal.empty())) out.report(figures());
    out.report(figures(), true);
}

void run_in(const bridge_request& wanted, const bridge_place& from, const bridge_place& to, bool (*is_over)()) {
    const bytes_shape shape = shape_of_ring(to.name);
    const auto sink = attach_bytes_producer(to.name);
    spsc_ring<jetstream::remote_item<packet>> ring(wanted.window);
    // The ring in shared memory was made for this link: it holds the link's items from the first one on, and knows how many it got.
    jetstream::consumer_options options{.window = wanted.window};
    if (sink->pushed() > 0) options.resume_at = sink->pushed();
    jetstream::remote_consumer<packet, packet_codec> consumer(ring, link_of(from, wanted, shape), options);
    reporter out(wanted);
    std::deque<jetstream::remote_item<packet>> handed_on;  // not taken from the ring in shared memory yet
    std::uint64_t finished = sink->pushed();
    const auto figures = [&] {
        const auto now = consumer.figures();
        return bridge_figures{from.name,
                              "in",
                              now.received,
                              now.finished,
                              now.received - now.finished,
                              now.limit - now.received,
                              sink->queued(),
                              now.duplicates,
                              now.lost,
                              now.reconnects,
                              now.connected,
                              now.failure};
    };
    const auto finish_what_is_taken = [&] {
        for (const std::uint64_t taken = sink->pushed() - sink->queued(); finished < taken && !handed_on.empty();
             ++finished) {
            handed_on.front().finish();
            handed_on.pop_front();
        }
    };
    jetstream::remote_item<packet> item;
    while (!is_over()) {
        out.report(figures());
        finish_what_is_taken();
        if (!ring.pop_for(item, handed_on.empty() ? 100ms : 1ms)) continue;
        if (item.value.size != shape.item_bytes)
            throw stop(failed, fmt::format("item {} has {} bytes, and those of '{}' have {}", item.number(),
                                           item.value.size, to.name, shape.item_bytes));
        for (status answer = status::timeout; !answer && !is_over();) {
            answer = sink->push_for(std::span(item.value.bytes).first(item.value.size), 10ms);
            if (answer == status::closed) return;
            if (answer == status::corrupted)
                throw stop(failed, fmt::format("the ring '{}' holds what no consumer writes", to.name));
            if (answer) handed_on.push_back(std::move(item));
            finish_what_is_taken();
            out.report(figures());
        }
    }
    finish_what_is_taken();
    consumer.stop();
    out.report(figures(), true);
}

}  // namespace

void run_bridge(const bridge_request& wanted, const bridge_place& from, const bridge_place& to, bool (*is_over)()) {
    if (from.is_shm) {
        run_out(wanted, from, to, is_over);
    } else {
        run_in(wanted, from, to, is_over);
    }
}

}  // namespace weir::tool
