// SPDX-License-Identifier: MIT
//
// A snapshot of a ring's statistics, of any family, or the ledger of an overflow_ring or overflow_message_ring, as text for people, as
// JSON, and in the text format that Prometheus scrapes (exposition format 0.0.4):
//
//     std::puts(to_text(ring.snapshot()).c_str());  // without weir::, as also to_json
//     reply(weir::to_prometheus({{"feed", feed.snapshot()}, {"orders", orders.snapshot()}}));
//
// One call gives all rings of a page: Prometheus wants the samples of a metric side by side. Histograms: histogram_text.hpp. Any thread may
// call these, on a copy of the numbers. They allocate the string, and throw nothing else than std::bad_alloc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/broadcast_stats.hpp"
#include "weir/detail/base/metric_text.hpp"
#include "weir/detail/base/number_text.hpp"
#include "weir/overflow_policy.hpp"
#include "weir/stats.hpp"

namespace weir {

/// The numbers of one ring, and the value of the label `ring` by which they are told apart: any text.
struct labelled_snapshot {
    std::string ring;
    stats::snapshot numbers;
};
struct labelled_ledger {
    std::string ring;
    overflow::ledger numbers;
};
struct labelled_message_ledger {
    // With a constructor, so that {"feed", ledger} means a labelled_ledger.
    labelled_message_ledger(std::string ring_, const overflow::message_ledger& numbers_)
        : ring(std::move(ring_)), numbers(numbers_) {}
    std::string ring;
    overflow::message_ledger numbers;
};
struct labelled_message_snapshot {
    std::string ring;
    stats::message_snapshot numbers;
};
struct labelled_broadcast_snapshot {
    std::string ring;
    stats::broadcast_snapshot numbers;
};

namespace detail {

inline constexpr std::array<named_number<stats::producer_counts>, 11> producer_numbers{{
    {"pushed", &stats::producer_counts::pushed},
    {"full", &stats::producer_counts::full},
    {"no_credit", &stats::producer_counts::no_credit},
    {"busy", &stats::producer_counts::busy},
    {"closed", &stats::producer_counts::closed},
    {"timeout", &stats::producer_counts::timeout},
    {"parks", &stats::producer_counts::parks},
    {"wakes", &stats::producer_counts::wakes},
    {"high_water_items", &stats::producer_counts::high_water_items},
    {"full_ns", &stats::producer_counts::full_ns},
    {"no_credit_ns", &stats::producer_counts::no_credit_ns},
}};
inline constexpr std::array<named_number<stats::consumer_counts>, 8> consumer_numbers{{
    {"popped", &stats::consumer_counts::popped},
    {"empty", &stats::consumer_counts::empty},
    {"busy", &stats::consumer_counts::busy},
    {"closed", &stats::consumer_counts::closed},
    {"timeout", &stats::consumer_counts::timeout},
    {"parks", &stats::consumer_counts::parks},
    {"wakes", &stats::consumer_counts::wakes},
    {"empty_ns", &stats::consumer_counts::empty_ns},
}};
inline constexpr std::array<named_number<overflow::ledger>, 9> ledger_numbers{{
    {"offered", &overflow::ledger::offered},
    {"refused", &overflow::ledger::refused},
    {"delivered", &overflow::ledger::delivered},
    {"queued", &overflow::ledger::queued},
    {"lost_newest", &overflow::ledger::lost_newest},
    {"lost_oldest", &overflow::ledger::lost_oldest},
    {"lost_sampled", &overflow::ledger::lost_sampled},
    {"lost_lowest", &overflow::ledger::lost_lowest},
    {"lost_late", &overflow::ledger::lost_late},
}};

inline constexpr std::array<named_number<stats::message_snapshot>, 5> message_numbers{{
    {"capacity_bytes", &stats::message_snapshot::capacity_bytes},
    {"queued_bytes", &stats::message_snapshot::queued_bytes},
    {"pushed_bytes", &stats::message_snapshot::pushed_bytes},
    {"popped_bytes", &stats::message_snapshot::popped_bytes},
    {"high_water_bytes", &stats::message_snapshot::high_water_bytes},
}};
inline constexpr std::array<named_number<reader_info>, 2> reader_numbers{{
    {"lag", &reader_info::lag},
    {"missed", &reader_info::missed},
}};

inline std::string_view name_of_mode(const reader_info& reader) noexcept {
    return reader.ended ? "ended" : reader.mode == reader_mode::gated ? "gated" : "lossy";
}

/// How often, and for how long, each end had to wait: the same for every family.
template <class Ring>
void add_waiting(prometheus_page<Ring>& page, const std::string& family) {
    using snapshot = decltype(Ring::numbers);
    constexpr bool has_consumer = requires(const snapshot& s) { s.consumer; };
    const auto both_ends = [&page](std::string_view of, auto producer, [[maybe_unused]] auto consumer) {
        const std::string cause = of.empty() ? "" : ",cause=\"" + std::string(of) + "\"";
        if constexpr (!std::is_null_pointer_v<decltype(producer)>) {
            page.samples("end=\"producer\"" + cause,
                         [&](const snapshot& s) { return std::to_string(s.producer.*producer); });
        }
        if constexpr (has_consumer && !std::is_null_pointer_v<decltype(consumer)>) {
            page.samples("end=\"consumer\"" + cause,
                         [&](const auto& s) { return std::to_string(s.consumer.*consumer); });
        }
    };
    page.head(family + "_refusals_total", "counter", "Calls that could not proceed at once, by end and cause.");
    both_ends("full", &stats::producer_counts::full, nullptr);
    both_ends("no_credit", &stats::producer_counts::no_credit, nullptr);
    both_ends("empty", nullptr, &stats::consumer_counts::empty);
    both_ends("busy", &stats::producer_counts::busy, &stats::consumer_counts::busy);
    both_ends("closed", &stats::producer_counts::closed, &stats::consumer_counts::closed);
    both_ends("timeout", &stats::producer_counts::timeout, &stats::consumer_counts::timeout);
    page.head(family + "_parks_total", "counter", "Times that a thread went to sleep, by end.");
    both_ends("", &stats::producer_counts::parks, &stats::consumer_counts::parks);
    page.head(family + "_wakes_total", "counter", "Times that an end woke the other one, a system call each.");
    both_ends("", &stats::producer_counts::wakes, &stats::consumer_counts::wakes);

    page.head(family + "_short_seconds_total", "counter",
              "Time that an end was short of room, credit or items, by cause.");
    page.samples("end=\"producer\",cause=\"full\"", [](const snapshot& s) { return as_seconds(s.producer.full_ns); });
    page.samples("end=\"producer\",cause=\"no_credit\"",
                 [](const snapshot& s) { return as_seconds(s.producer.no_credit_ns); });
    if constexpr (has_consumer) {
        page.samples("end=\"consumer\",cause=\"empty\"",
                     [](const snapshot& s) { return as_seconds(s.consumer.empty_ns); });
    }
}

}  // namespace detail

// ---- for people: a line for each end, without the numbers that are zero ---------------------------------------

inline std::string to_text(const stats::snapshot& s) {
    return "ring      " + std::to_string(s.queued_items) + " of " + std::to_string(s.capacity_items) +
           " items queued\n" + detail::text_line("producer", detail::producer_numbers, s.producer) +
           detail::text_line("consumer", detail::consumer_numbers, s.consumer);
}

namespace detail {

inline std::string ledger_text(std::string_view unit, const overflow::ledger& l) {
    return text_line(unit, ledger_numbers, l) + std::to_string(l.accepted()) +
           " accepted = " + std::to_string(l.delivered) + " delivered + " + std::to_string(l.queued) + " queued + " +
           std::to_string(l.lost()) + " lost" + (l.is_exact() ? "\n" : ", seen amid the traffic\n");
}

}  // namespace detail

inline std::string to_text(const overflow::ledger& l) { return detail::ledger_text("items", l); }
inline std::string to_text(const overflow::message_ledger& l) {
    return detail::ledger_text("messages", l.messages) + detail::ledger_text("bytes", l.bytes);
}

inline std::string to_text(const stats::message_snapshot& s) {
    return "ring      " + std::to_string(s.queued_bytes) + " of " + std::to_string(s.capacity_bytes) +
           " bytes queued, most " + std::to_string(s.high_water_bytes) + "; " + std::to_string(s.pushed_bytes) +
           " bytes pushed, " + std::to_string(s.popped_bytes) + " popped\n" +
           detail::text_line("producer", detail::producer_numbers, s.producer) +
           detail::text_line("consumer", detail::consumer_numbers, s.consumer);
}

inline std::string to_text(const stats::broadcast_snapshot& s) {
    std::string out = "ring      " + std::to_string(s.capacity_items) + " items, " + std::to_string(s.readers.size()) +
                      (s.readers.size() == 1 ? " reader\n" : " readers\n") +
                      detail::text_line("producer", detail::producer_numbers, s.producer);
    for (const reader_info& reader : s.readers) {
        out += "reader    " + std::string(detail::name_of_mode(reader)) + "  lag " + std::to_string(reader.lag) +
               "  missed " + std::to_string(reader.missed) + "  " + detail::printable(reader.name) + "\n";
    }
    return out;
}

// ---- JSON: one object, with the names of the members as keys ----------------------------------------------------

inline std::string to_json(const stats::snapshot& s) {
    return "{\"capacity_items\": " + std::to_string(s.capacity_items) +
           ", \"queued_items\": " + std::to_string(s.queued_items) +
           ", \"producer\": " + detail::json_object(detail::producer_numbers, s.producer) +
           ", \"consumer\": " + detail::json_object(detail::consumer_numbers, s.consumer) + "}";
}

inline std::string to_json(const overflow::ledger& l) { return detail::json_object(detail::ledger_numbers, l); }
inline std::string to_json(const overflow::message_ledger& l) {
    return "{\"messages\": " + to_json(l.messages) + ", \"bytes\": " + to_json(l.bytes) + "}";
}

inline std::string to_json(const stats::message_snapshot& s) {
    std::string out = detail::json_object(detail::message_numbers, s);
    out.pop_back();
    return out + ", \"producer\": " + detail::json_object(detail::producer_numbers, s.producer) +
           ", \"consumer\": " + detail::json_object(detail::consumer_numbers, s.consumer) + "}";
}

inline std::string to_json(const stats::broadcast_snapshot& s) {
    std::string readers;
    for (const reader_info& reader : s.readers) {
        std::string one = detail::json_object(detail::reader_numbers, reader);
        one.pop_back();
        readers += (readers.empty() ? "" : ", ") + one + ", \"name\": " + detail::json_text(reader.name) +
                   ", \"mode\": " + detail::json_text(detail::name_of_mode(reader)) + "}";
    }
    return "{\"capacity_items\": " + std::to_string(s.capacity_items) +
           ", \"producer\": " + detail::json_object(detail::producer_numbers, s.producer) + ", \"readers\": [" +
           readers + "]}";
}

// ---- Prometheus: counters end in _total, times are in seconds -----------------------------------------------------

inline std::string to_prometheus(std::span<const labelled_snapshot> rings) {
    detail::prometheus_page page(rings);
    using stats::snapshot;
    page.metric("weir_ring_capacity_items", "gauge", "Items that the ring holds at most.",
                [](const snapshot& s) { return s.capacity_items; });
    page.metric("weir_ring_queued_items", "gauge", "Items in the ring.",
                [](const snapshot& s) { return s.queued_items; });
    page.metric("weir_ring_high_water_items", "gauge", "The most items that were in the ring after a push.",
                [](const snapshot& s) { return s.producer.high_water_items; });
    page.metric("weir_ring_pushed_items_total", "counter", "Items that went in.",
                [](const snapshot& s) { return s.producer.pushed; });
    page.metric("weir_ring_popped_items_total", "counter", "Items that came out.",
                [](const snapshot& s) { return s.consumer.popped; });

    detail::add_waiting(page, "weir_ring");
    return page.take();
}

namespace detail {

/// The ledgers that `of(numbers)` picks, whose numbers count `unit`: "items".
template <class Ring, class Of>
void add_ledger(prometheus_page<Ring>& page, const std::string& unit, Of of) {
    std::string name = unit;  // at the beginning of a sentence
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    const auto metric = [&](const std::string& what, std::string_view type, const std::string& help, auto number) {
        page.metric("weir_overflow_" + what, type, name + help, [&](const auto& l) { return of(l).*number; });
    };
    metric("offered_" + unit + "_total", "counter", " that were offered.", &overflow::ledger::offered);
    metric("refused_" + unit + "_total", "counter", " that stayed with the caller.", &overflow::ledger::refused);
    metric("delivered_" + unit + "_total", "counter", " that were popped.", &overflow::ledger::delivered);
    metric("queued_" + unit, "gauge", " in the ring.", &overflow::ledger::queued);
    page.head("weir_overflow_lost_" + unit + "_total", "counter", name + " that were accepted and lost, by cause.");
    constexpr std::string_view lost = "lost_";
    for (const auto& named : ledger_numbers) {
        if (!named.name.starts_with(lost)) continue;
        page.samples("cause=\"" + std::string(named.name.substr(lost.size())) + "\"",
                     [&](const auto& l) { return std::to_string(of(l).*named.number); });
    }
}

}  // namespace detail

inline std::string to_prometheus(std::span<const labelled_ledger> rings) {
    detail::prometheus_page page(rings);
    detail::add_ledger(page, "items", [](const overflow::ledger& l) -> const overflow::ledger& { return l; });
    return page.take();
}
inline std::string to_prometheus(std::span<const labelled_message_ledger> rings) {
    detail::prometheus_page page(rings);
    detail::add_ledger(page, "messages", [](const overflow::message_ledger& l) -> const auto& { return l.messages; });
    detail::add_ledger(page, "bytes", [](const overflow::message_ledger& l) -> const auto& { return l.bytes; });
    return page.take();
}

inline std::string to_prometheus(std::span<const labelled_message_snapshot> rings) {
    detail::prometheus_page page(rings);
    using snapshot = stats::message_snapshot;
    page.metric("weir_message_ring_capacity_bytes", "gauge", "Bytes of the ring.",
                [](const snapshot& s) { return s.capacity_bytes; });
    page.metric("weir_message_ring_queued_bytes", "gauge", "Bytes that are taken, headers and padding included.",
                [](const snapshot& s) { return s.queued_bytes; });
    page.metric("weir_message_ring_high_water_bytes", "gauge", "The most bytes that were taken after a push.",
                [](const snapshot& s) { return s.high_water_bytes; });
    page.metric("weir_message_ring_pushed_bytes_total", "counter", "Bytes of messages that went in.",
                [](const snapshot& s) { return s.pushed_bytes; });
    page.metric("weir_message_ring_popped_bytes_total", "counter", "Bytes of messages that came out.",
                [](const snapshot& s) { return s.popped_bytes; });
    page.metric("weir_message_ring_pushed_messages_total", "counter", "Messages that went in.",
                [](const snapshot& s) { return s.producer.pushed; });
    page.metric("weir_message_ring_popped_messages_total", "counter", "Messages that came out.",
                [](const snapshot& s) { return s.consumer.popped; });
    detail::add_waiting(page, "weir_message_ring");
    return page.take();
}

inline std::string to_prometheus(std::span<const labelled_broadcast_snapshot> rings) {
    detail::prometheus_page page(rings);
    using snapshot = stats::broadcast_snapshot;
    page.metric("weir_broadcast_ring_capacity_items", "gauge", "Items that a gated reader may be behind.",
                [](const snapshot& s) { return s.capacity_items; });
    page.metric("weir_broadcast_ring_pushed_items_total", "counter", "Items that went in.",
                [](const snapshot& s) { return s.producer.pushed; });
    const auto of_readers = [&page](auto value) {
        for (const labelled_broadcast_snapshot& ring : page.rings()) {
            for (const reader_info& reader : ring.numbers.readers) {
                page.sample(ring,
                            "reader=\"" + detail::escaped(reader.name) + "\",mode=\"" +
                                std::string(detail::name_of_mode(reader)) + "\"",
                            std::to_string(value(reader)));
            }
        }
    };
    page.head("weir_broadcast_ring_lag_items", "gauge", "Items that were pushed and that a reader has not finished.");
    of_readers([](const reader_info& reader) { return reader.lag; });
    page.head("weir_broadcast_ring_missed_items_total", "counter", "Items that a reader never saw, since it joined.");
    of_readers([](const reader_info& reader) { return reader.missed; });
    detail::add_waiting(page, "weir_broadcast_ring");
    return page.take();
}

template <class Numbers>
    requires requires(const Numbers& numbers) { weir::to_text(numbers); }
std::string to_prometheus(const Numbers&) = delete;  // weir: a page names its rings: {{name, numbers}}

inline std::string to_prometheus(std::initializer_list<labelled_snapshot> rings) {
    return to_prometheus(std::span<const labelled_snapshot>(rings.begin(), rings.size()));
}
inline std::string to_prometheus(std::initializer_list<labelled_ledger> rings) {
    return to_prometheus(std::span<const labelled_ledger>(rings.begin(), rings.size()));
}
inline std::string to_prometheus(std::initializer_list<labelled_message_ledger> rings) {
    return to_prometheus(std::span<const labelled_message_ledger>(rings.begin(), rings.size()));
}
inline std::string to_prometheus(std::initializer_list<labelled_message_snapshot> rings) {
    return to_prometheus(std::span<const labelled_message_snapshot>(rings.begin(), rings.size()));
}
inline std::string to_prometheus(std::initializer_list<labelled_broadcast_snapshot> rings) {
    return to_prometheus(std::span<const labelled_broadcast_snapshot>(rings.begin(), rings.size()));
}

}  // namespace weir

// Found by the types of the numbers, in whose namespaces they would not be otherwise.
namespace weir::stats {
using weir::to_json, weir::to_text;
}
namespace weir::overflow {
using weir::to_json, weir::to_text;
}
