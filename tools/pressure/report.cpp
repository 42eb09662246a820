// SPDX-License-Identifier: MIT
#include "tools/common/command.hpp"
#include "tools/common/html_page.hpp"
#include "tools/pressure/pictures.hpp"
#include "tools/pressure/pressure.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weir::tool::pressure {
namespace {

using nlohmann::json;

std::string_view what_it_does(const std::string& policy) {
    static const std::vector<std::pair<std::string_view, std::string_view>> words{
        {"unbounded",
         "A deque and a mutex, without a bound: nothing is lost, but memory and delay grow during the whole "
         "burst, and shrink afterwards only as fast as the sink exceeds the source."},
        {"block",
         "The source waits for room. Nothing is lost and the ring stays small, but the delay moves to the source, "
         "where only a clock that starts at the due time measures it."},
        {"reject", "If the ring is full the source is refused at once, and keeps the item."},
        {"drop_newest", "Items that arrive at a full ring are lost. Queued items are delivered, each a full ring late."},
        {"drop_oldest",
         "The oldest item makes room for the newest: delivered items are as fresh as a full ring allows."},
        {"sample", "Above half the capacity only one arriving item in several is kept, so that loss is spread evenly."},
        {"shed_lowest", "Items of the low class make room. The high class is served first, as if there were no burst."},
        {"codel",
         "Once waits exceed the target for a whole interval, items are dropped on removal, more and more of "
         "them, and always those that waited for twice the target."}};
    for (const auto& [name, text] : words)
        if (name == policy) return text;
    return "";
}

// A table cell with a value that tests find by policy and figure.
std::string cell(const std::string& policy, const std::string& key, const json& value) {
    return fmt::format("<td class=\"n\" data-figure=\"{}.{}\">{}</td>", escaped(policy), escaped(key),
                       value.is_number() ? escaped(with_unit(key, value.get<double>())) : "–");
}

std::string overview(const json& run) {
    constexpr const char* keys[] = {"loss_share",           "sojourn_p50_ms", "sojourn_p99_ms",
                                    "last_arrival_delay_s", "recovery_s",     "memory_growth_bytes"};
    std::string text =
        "<div class=\"scroll\"><table><tr><th>policy</th><th class=\"n\">lost</th><th class=\"n\">sojourn, median</th><th "
        "class=\"n\">p99</th><th class=\"n\">last arrival</th><th class=\"n\">recovery</th><th class=\"n\">memory</th><th "
        "class=\"n\">predictions met</th><th>ledger</th></tr>\n";
    for (const auto& policy : run.at("policies")) {
        const std::string name = policy.at("name");
        text += fmt::format("<tr><td><a href=\"#{0}\">{0}</a></td>", escaped(name));
        for (const auto* key : keys) text += cell(name, key, policy.at("measured").value(key, json(nullptr)));
        int met = 0;
        for (const auto& c : policy.at("comparisons")) met += c.at("met") == true ? 1 : 0;
        const bool all = static_cast<std::size_t>(met) == policy.at("comparisons").size();
        text +=
            fmt::format("<td class=\"n {}\">{} of {}</td>", all ? "met" : "off", met, policy.at("comparisons").size());
        const bool exact = policy.at("ledger").at("exact") == true;
        text += fmt::format("<td class=\"{}\">{}</td></tr>\n", exact ? "met" : "off", exact ? "exact" : "wrong");
    }
    return text + "</table></div>\n";
}

std::string comparisons(const json& policy) {
    const std::string name = policy.at("name");
    if (policy.at("comparisons").empty()) return {};
    std::string text =
        "<div class=\"scroll\"><table><tr><th>figure</th><th class=\"n\">predicted</th><th class=\"n\">measured</th><th></th></tr>\n";
    for (const auto& c : policy.at("comparisons")) {
        const std::string key = c.at("figure");
        const bool bound = c.at("relation") == "at most";
        text += fmt::format("<tr><td>{}<small>{}</small></td><td class=\"n\">{}{}</td>",
                            escaped(c.at("title").get<std::string>()), escaped(c.at("formula").get<std::string>()),
                            bound ? "≤ " : "", escaped(with_unit(key, c.at("predicted").get<double>())));
        text += cell(name, "compared." + key, c.at("measured"));
        text += c.at("met").is_null() ? "<td></td></tr>\n"
                : c.at("met") == true ? "<td class=\"met\">✓</td></tr>\n"
                                      : "<td class=\"off\">off</td></tr>\n";
    }
    return text + "</table></div>\n";
}

std::string ledger_sentence(const json& ledger) {
    std::string lost;
    for (const auto& cause : causes()) {
        const auto count = ledger.at(std::string(cause.key)).get<std::uint64_t>();
        if (count != 0) lost += fmt::format(" + {} {}", count, cause.words);
    }
    return fmt::format("Ledger: {} offered = {} delivered + {} queued{}{}", ledger.at("offered").get<std::uint64_t>(),
                       ledger.at("delivered").get<std::uint64_t>(), ledger.at("queued").get<std::uint64_t>(), lost,
                       ledger.at("exact") == true ? ", exact to the item." : ". It does not add up.");
}

void add_policy(const json& run, const json& policy, html_page& page) {
    const std::string name = policy.at("name");
    page.heading(name, name);
    page.paragraph(what_it_does(name));
    for (const char* note : {"note", "rates_not_held"})
        if (policy.at(note).is_string()) page.paragraph("Note: " + policy.at(note).get<std::string>() + ".");
    page.pictures(pictures_of(run, policy), comparisons(policy));
    page.add("<p class=\"faint\">" + escaped(ledger_sentence(policy.at("ledger"))) + "</p>\n");
}

std::string introduction(const json& c) {
    const auto rate = [&](const char* key) { return with_unit("_per_s", c.at(key).get<double>()); };
    return fmt::format(
        "A source sends on schedule, {} (C) for {:g} s, then {} (L) for {:g} s (B), then {} again. A sink "
        "takes {} (M). Between them is a ring of {} slots (N) with an overflow policy, or an "
        "unbounded queue. Each policy ran in a process of its own.",
        rate("calm_per_s"), c.at("calm_s").get<double>(), rate("burst_per_s"), c.at("burst_s").get<double>(),
        rate("calm_per_s"), rate("sink_per_s"), c.at("capacity").get<std::uint64_t>());
}

std::string drawn(const json& run) {
    html_page page("weir under pressure");
    page.paragraph(introduction(run.at("conditions")));
    std::string nav = "<nav>";
    std::vector<swatch> key;
    for (const auto& policy : run.at("policies")) {
        const std::string name = policy.at("name");
        nav += fmt::format("<a href=\"#{0}\">{0}</a>", escaped(name));
        key.push_back({look_of(name).ink, look_of(name).dash, name});
    }
    page.add(nav + "</nav>\n" + overview(run) + swatches(key));
    page.pictures(pictures_of_all(run));
    for (const auto& policy : run.at("policies")) add_policy(run, policy, page);
    const auto& where = run.at("environment");
    page.add(fmt::format(
        "<p class=\"faint\">weir {}, {}, Linux {}, {} PUs{}. A prediction or bound counts as met within 10 %.</p>\n",
        escaped(run.at("weir_version").get<std::string>()), escaped(where.at("date").get<std::string>()),
        escaped(where.at("kernel").is_string() ? where.at("kernel").get<std::string>() : "unknown"),
        where.at("pus").get<unsigned>(), where.at("assertions") == true ? ", built with debug checks" : ""));
    return page.text();
}

}  // namespace

std::string as_html(std::string_view text) {
    const auto run = json::parse(text, nullptr, false);
    constexpr const char* remedy = "give a file written by 'weir pressure --json FILE' of this version";
    if (run.is_discarded() || !run.is_object() || run.value("kind", "") != "weir pressure")
        throw stop(failed, fmt::format("this is not a result of 'weir pressure': {}", remedy));
    if (run.value("schema_version", 0) != 1)
        throw stop(failed, fmt::format("the figures have schema_version {}, but this version of weir reads 1: {}",
                                       run.value("schema_version", 0), remedy));
    try {
        return drawn(run);
    } catch (const json::exception& error) {
        throw stop(failed, fmt::format("the figures are incomplete ({}): {}", error.what(), remedy));
    }
}

}  // namespace weir::tool::pressure
