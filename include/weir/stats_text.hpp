// SPDX-License-Identifier: MIT
//
// A snapshot of a ring's statistics, or the ledger of an overflow_ring, as text for people, as JSON, and in the text
// format that Prometheus scrapes (exposition format 0.0.4):
//
//     std::puts(weir::to_text(ring.snapshot()).c_str());
//     reply(weir::to_prometheus({{"feed", feed.snapshot()}, {"orders", orders.snapshot()}}));
//
// One call gives all rings of a page: Prometheus wants the samples of a metric side by side.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

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

namespace detail {

template <class Numbers>
struct named_number {
    std::string_view name;
    std::uint64_t Numbers::*number;
};

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

template <class Names, class Numbers>
std::string json_object(const Names& names, const Numbers& numbers) {
    std::string out;
    for (const auto& [name, number] : names) {
        out += out.empty() ? "{\"" : ", \"";
        out += std::string(name) + "\": " + std::to_string(numbers.*number);
    }
    return out + "}";
}

// The numbers that are not zero, since most are.
template <class Names, class Numbers>
std::string text_line(std::string_view title, const Names& names, const Numbers& numbers) {
    std::string line;
    for (const auto& [name, number] : names) {
        if (numbers.*number != 0) line += "  " + std::string(name) + " " + std::to_string(numbers.*number);
    }
    return std::string(title) + (line.empty() ? "  nothing yet" : line) + "\n";
}

inline std::string as_seconds(std::uint64_t ns) {
    const std::string below = std::to_string(ns % 1'000'000'000);
    return std::to_string(ns / 1'000'000'000) + "." + std::string(9 - below.size(), '0') + below;
}

// Of a label: a backslash, a quote and a line feed must be escaped, all else may stand.
inline std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return out;
}

/// A page of metrics, each with its head and then a sample of every ring.
template <class Ring>
class prometheus_page {
public:
    explicit prometheus_page(std::span<const Ring> rings) : rings_(rings) {}

    void head(std::string_view metric, std::string_view type, std::string_view help) {
        metric_ = metric;
        out_ += "# HELP " + metric_ + " " + std::string(help) + "\n# TYPE " + metric_ + " " + std::string(type) + "\n";
    }
    /// `labels`: as in `end="producer"`, or none; `value(numbers)` as text.
    template <class Value>
    void samples(std::string_view labels, Value value) {
        for (const Ring& ring : rings_) {
            out_ += metric_ + "{ring=\"" + escaped(ring.ring) + "\"" + (labels.empty() ? "" : ",") +
                    std::string(labels) + "} " + value(ring.numbers) + "\n";
        }
    }
    template <class Value>
    void metric(std::string_view name, std::string_view type, std::string_view help, Value value) {
        head(name, type, help);
        samples("", [&](const auto& numbers) { return std::to_string(value(numbers)); });
    }
    std::string take() { return std::move(out_); }

private:
    std::span<const Ring> rings_;
    std::string metric_;
    std::string out_;
};

}  // namespace detail

// ---- for people: a line for each end, without the numbers that are zero ---------------------------------------

inline std::string to_text(const stats::snapshot& s) {
    return "ring      " + std::to_string(s.queued_items) + " of " + std::to_string(s.capacity_items) +
           " items queued\n" + detail::text_line("producer", detail::producer_numbers, s.producer) +
           detail::text_line("consumer", detail::consumer_numbers, s.consumer);
}

inline std::string to_text(const overflow::ledger& l) {
    return detail::text_line("items", detail::ledger_numbers, l) + std::to_string(l.accepted()) +
           " accepted = " + std::to_string(l.delivered) + " delivered + " + std::to_string(l.queued) + " queued + " +
           std::to_string(l.lost()) + " lost" + (l.is_exact() ? "\n" : ", seen amid the traffic\n");
}

// ---- JSON: one object, with the names of the members as keys ----------------------------------------------------

inline std::string to_json(const stats::snapshot& s) {
    return "{\"capacity_items\": " + std::to_string(s.capacity_items) +
           ", \"queued_items\": " + std::to_string(s.queued_items) +
           ", \"producer\": " + detail::json_object(detail::producer_numbers, s.producer) +
           ", \"consumer\": " + detail::json_object(detail::consumer_numbers, s.consumer) + "}";
}

inline std::string to_json(const overflow::ledger& l) { return detail::json_object(detail::ledger_numbers, l); }

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

    page.head("weir_ring_refusals_total", "counter", "Calls that could not proceed at once, by end and cause.");
    const auto both_ends = [&page](std::string_view of, auto producer, auto consumer) {
        const std::string cause = of.empty() ? "" : ",cause=\"" + std::string(of) + "\"";
        if constexpr (!std::is_null_pointer_v<decltype(producer)>) {
            page.samples("end=\"producer\"" + cause,
                         [&](const snapshot& s) { return std::to_string(s.producer.*producer); });
        }
        if constexpr (!std::is_null_pointer_v<decltype(consumer)>) {
            page.samples("end=\"consumer\"" + cause,
                         [&](const snapshot& s) { return std::to_string(s.consumer.*consumer); });
        }
    };
    both_ends("full", &stats::producer_counts::full, nullptr);
    both_ends("no_credit", &stats::producer_counts::no_credit, nullptr);
    both_ends("empty", nullptr, &stats::consumer_counts::empty);
    both_ends("busy", &stats::producer_counts::busy, &stats::consumer_counts::busy);
    both_ends("closed", &stats::producer_counts::closed, &stats::consumer_counts::closed);
    both_ends("timeout", &stats::producer_counts::timeout, &stats::consumer_counts::timeout);
    page.head("weir_ring_parks_total", "counter", "Times that a thread went to sleep, by end.");
    both_ends("", &stats::producer_counts::parks, &stats::consumer_counts::parks);
    page.head("weir_ring_wakes_total", "counter", "Times that an end woke the other one, a system call each.");
    both_ends("", &stats::producer_counts::wakes, &stats::consumer_counts::wakes);

    page.head("weir_ring_short_seconds_total", "counter",
              "Time that an end was short of room, credit or items, by cause.");
    page.samples("end=\"producer\",cause=\"full\"",
                 [](const snapshot& s) { return detail::as_seconds(s.producer.full_ns); });
    page.samples("end=\"producer\",cause=\"no_credit\"",
                 [](const snapshot& s) { return detail::as_seconds(s.producer.no_credit_ns); });
    page.samples("end=\"consumer\",cause=\"empty\"",
                 [](const snapshot& s) { return detail::as_seconds(s.consumer.empty_ns); });
    return page.take();
}

inline std::string to_prometheus(std::span<const labelled_ledger> rings) {
    detail::prometheus_page page(rings);
    using overflow::ledger;
    page.metric("weir_overflow_offered_items_total", "counter", "Items that were offered.",
                [](const ledger& l) { return l.offered; });
    page.metric("weir_overflow_refused_items_total", "counter", "Items that stayed with the caller.",
                [](const ledger& l) { return l.refused; });
    page.metric("weir_overflow_delivered_items_total", "counter", "Items that were popped.",
                [](const ledger& l) { return l.delivered; });
    page.metric("weir_overflow_queued_items", "gauge", "Items in the ring.", [](const ledger& l) { return l.queued; });
    page.head("weir_overflow_lost_items_total", "counter", "Items that were accepted and lost, by cause.");
    constexpr std::string_view lost = "lost_";
    for (const auto& named : detail::ledger_numbers) {
        if (!named.name.starts_with(lost)) continue;
        page.samples("cause=\"" + std::string(named.name.substr(lost.size())) + "\"",
                     [&](const ledger& l) { return std::to_string(l.*named.number); });
    }
    return page.take();
}

inline std::string to_prometheus(std::initializer_list<labelled_snapshot> rings) {
    return to_prometheus(std::span<const labelled_snapshot>(rings.begin(), rings.size()));
}
inline std::string to_prometheus(std::initializer_list<labelled_ledger> rings) {
    return to_prometheus(std::span<const labelled_ledger>(rings.begin(), rings.size()));
}

}  // namespace weir
