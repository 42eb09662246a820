// SPDX-License-Identifier: MIT
//
// `weir matrix` without measuring: the choice of pairs, the classes, text and pictures.
#include "tools/common/measuring_options.hpp"
#include "tools/common/progress.hpp"
#include "tools/common/svg.hpp"
#include "tools/common/thread_watch.hpp"
#include "tools/matrix/pair_plan.hpp"
#include "tools/matrix/run.hpp"
#include "tools/matrix/view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace weir::tool;

std::string sentence(const std::function<void()>& act) {
    try {
        act();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

// ---- The choice of pairs

using weir::pu_set;
using weir::topology;

std::vector<topology> made_up_machines() {
    return {topology::synthetic("pu:2"), topology::synthetic("package:2 l3:2 core:4 pu:2"),
            topology::synthetic("package:2 numa:2 l3:1 core:2 pu:1"),
            topology::synthetic("package:1 l3:2 l2:2 core:2 pu:1"), topology::synthetic("package:4 core:8 pu:2")};
}

std::set<pair_class> classes_of(const std::vector<directed_pair>& pairs) {
    std::set<pair_class> classes;
    for (const auto& pair : pairs) classes.insert(pair.kind);
    return classes;
}

std::set<std::pair<unsigned, unsigned>> ends_of(const std::vector<directed_pair>& pairs) {
    std::set<std::pair<unsigned, unsigned>> ends;
    for (const auto& pair : pairs) ends.emplace(pair.from, pair.to);
    return ends;
}

TEST(pair_plan, sampled_has_every_class_and_few_of_each) {
    for (const auto& machine : made_up_machines()) {
        const auto all = plan_pairs(machine, machine.allowed(), true);
        const auto some = plan_pairs(machine, machine.allowed(), false, 3);
        EXPECT_EQ(classes_of(some.pairs), classes_of(all.pairs)) << machine.source();
        std::map<pair_class, std::size_t> counts;
        for (const auto& pair : some.pairs) ++counts[pair.kind];
        for (const auto& [kind, count] : counts) EXPECT_LE(count, 7U) << machine.source() << ": " << in_words(kind);
    }
}

TEST(pair_plan, full_has_every_pair_in_both_directions_once) {
    for (const auto& machine : made_up_machines()) {
        const auto plan = plan_pairs(machine, machine.allowed(), true);
        const auto n = machine.pus().size();
        EXPECT_EQ(plan.all_pairs, n * (n - 1));
        EXPECT_EQ(plan.pairs.size(), plan.all_pairs);
        EXPECT_EQ(ends_of(plan.pairs).size(), plan.all_pairs);
        for (const auto& pair : plan.pairs) {
            EXPECT_NE(pair.from, pair.to);
            EXPECT_EQ(pair.kind, class_of(machine, pair.from, pair.to));
        }
    }
}

TEST(pair_plan, sampled_pairs_are_measured_both_ways) {
    for (const auto& machine : made_up_machines()) {
        const auto ends = ends_of(plan_pairs(machine, machine.allowed(), false).pairs);
        const auto plan = plan_pairs(machine, machine.allowed(), false);
        for (auto pair = plan.pairs.begin() + static_cast<std::ptrdiff_t>(plan.first_of_classes);
             pair != plan.pairs.end(); ++pair)
            EXPECT_TRUE(ends.contains({pair->to, pair->from})) << machine.source();
    }
}

TEST(pair_plan, begins_with_one_of_each_class) {
    for (const auto& machine : made_up_machines())
        for (const bool all : {false, true}) {
            const auto plan = plan_pairs(machine, machine.allowed(), all);
            const std::vector<directed_pair> first(
                plan.pairs.begin(), plan.pairs.begin() + static_cast<std::ptrdiff_t>(plan.first_of_classes));
            EXPECT_EQ(classes_of(first).size(), first.size()) << "each once";
            EXPECT_EQ(classes_of(first), classes_of(plan.pairs));
        }
}

TEST(pair_plan, uses_only_the_requested_pus_in_the_machines_order) {
    const auto machine = topology::from_xml_file(TEST_DATA_DIR "/two_package_smt.xml");  // PU 16 is PU 0's sibling
    const auto plan = plan_pairs(machine, pu_set{0, 1, 16}, true);
    EXPECT_EQ(plan.pus, (std::vector<unsigned>{0, 16, 1}));
    EXPECT_EQ(ends_of(plan.pairs),
              (std::set<std::pair<unsigned, unsigned>>{{0, 16}, {16, 0}, {0, 1}, {1, 0}, {16, 1}, {1, 16}}));
    EXPECT_TRUE(plan_pairs(machine, pu_set{5}, true).pairs.empty());
}

TEST(pair_plan, distinguishes_numa_nodes_and_core_kinds) {
    const auto numa = topology::synthetic("package:1 numa:2 core:2 pu:1");
    EXPECT_EQ(in_words(class_of(numa, 0, 1)), "same-package");
    EXPECT_EQ(in_words(class_of(numa, 0, 2)), "same-package, other NUMA node, 1.2 times as far");
    const auto hybrid = topology::from_xml_file(TEST_DATA_DIR "/hybrid.xml");
    EXPECT_EQ(in_words(class_of(hybrid, 0, 1)), "smt, kind 1 to 1");
    EXPECT_NE(class_of(hybrid, 0, 15), class_of(hybrid, 15, 0)) << "to a slow core is not from one";
    EXPECT_EQ(in_words(class_of(topology::synthetic("package:2 core:1 pu:1"), 0, 1)), "cross-package");
}

// ---- Classes

pair_cost measured_pair(unsigned from, unsigned to, const pair_class& kind, double p50, bool steady = true) {
    pair_cost one;
    one.from = from;
    one.to = to;
    one.kind = kind;
    one.one_way_ns = {p50, 2 * p50, 3 * p50};
    one.q1_ns = one.q3_ns = p50;
    one.items_per_s = 1e8;
    one.rounds = steady ? 21 : 0;
    one.measured = true;
    one.steady = steady;
    return one;
}

TEST(complete_matrix, gives_pairs_that_were_not_measured_the_figures_of_their_class) {
    const auto machine = topology::synthetic("package:2 l3:1 core:4 pu:1");
    const auto plan = plan_pairs(machine, machine.allowed(), false, 1);
    const auto near = class_of(machine, 0, 1);
    const auto far = class_of(machine, 0, 7);
    const auto matrix = complete(machine, plan,
                                 {measured_pair(0, 1, near, 50), measured_pair(1, 0, near, 60),
                                  measured_pair(2, 3, near, 70), measured_pair(0, 7, far, 300)});
    EXPECT_EQ(matrix.pairs.size(), 8U * 7U);
    EXPECT_EQ(matrix.classes.size(), 2U);
    EXPECT_EQ(matrix.classes[0].one_way_ns.p50, 60) << "the median";
    EXPECT_EQ(matrix.classes[0].pairs_measured, 3U);
    EXPECT_EQ(matrix.find(0, 1)->one_way_ns.p50, 50);
    EXPECT_TRUE(matrix.find(0, 1)->measured);
    for (const auto& [from, to, ns] : {std::tuple{3U, 2U, 60.0}, {5U, 6U, 60.0}, {4U, 3U, 300.0}, {7U, 0U, 300.0}}) {
        EXPECT_EQ(matrix.find(from, to)->one_way_ns.p50, ns);
        EXPECT_FALSE(matrix.find(from, to)->measured);
        EXPECT_EQ(matrix.find(from, to)->rounds, 0U);
    }
}

TEST(complete_matrix, does_not_mix_unsteady_pairs_into_a_class_that_has_steady_ones) {
    const auto machine = topology::synthetic("core:4 pu:1");
    const auto plan = plan_pairs(machine, machine.allowed(), false);
    const auto kind = class_of(machine, 0, 1);
    const auto mixed = complete(machine, plan, {measured_pair(0, 1, kind, 50), measured_pair(1, 0, kind, 900, false)});
    EXPECT_EQ(mixed.classes[0].one_way_ns.p50, 50);
    EXPECT_EQ(mixed.classes[0].pairs_measured, 1U);
    const auto unsteady = complete(machine, plan, {measured_pair(1, 0, kind, 900, false)});
    EXPECT_EQ(unsteady.classes[0].one_way_ns.p50, 900);
}

TEST(complete_matrix, omits_a_class_without_figures) {
    const auto machine = topology::synthetic("package:2 core:2 pu:1");
    const auto matrix = complete(machine, plan_pairs(machine, machine.allowed(), false),
                                 {measured_pair(0, 1, class_of(machine, 0, 1), 50)});
    EXPECT_EQ(matrix.pairs.size(), 4U);
    EXPECT_EQ(matrix.find(0, 2), nullptr);
}

pair_sample sample(std::uint64_t clock_ns, std::uint64_t half_ns, bool steady, bool clocks_agree = true) {
    pair_sample one;
    one.by_clocks_ns.record(clock_ns, 1000);
    one.by_half_ns.record(half_ns, 1000);
    one.clocks_agree = clocks_agree;
    one.items_per_s = 1e8;
    one.floor = {100, 1e9};
    one.steady = steady;
    one.disturbances = {.involuntary_switches = 2, .voluntary_switches = 5, .migrations = 1};
    return one;
}

TEST(pair_record, counts_dropped_rounds_and_leaves_them_out) {
    pair_record record({0, 1, {}});
    EXPECT_FALSE(record.cost()) << "nothing is known yet";
    for (const auto ns : {50U, 60U, 70U}) record.add(sample(ns, 2 * ns, true));
    record.add(sample(900, 900, false));
    record.add_failure();
    const auto found = record.cost().value();
    EXPECT_EQ(found.one_way_ns.p50, 60);
    EXPECT_EQ(found.one_way_ns.p99_9, 70);
    EXPECT_EQ(found.q1_ns, 55);
    EXPECT_EQ(found.q3_ns, 65);
    EXPECT_EQ(found.rounds, 3U);
    EXPECT_EQ(found.dropped, 2U);
    EXPECT_TRUE(found.measured && found.steady && found.from_clocks);
    EXPECT_EQ(found.line_roundtrip_ns, 100);
    EXPECT_EQ(found.involuntary_switches, 8U) << "dropped rounds were disturbed, too";
    EXPECT_EQ(found.migrations, 4U);
}

TEST(pair_record, takes_half_a_round_trip_where_the_clocks_disagree_even_once) {
    pair_record record({0, 1, {}});
    record.add(sample(50, 80, true));
    record.add(sample(50, 80, true, false));
    EXPECT_EQ(record.cost()->one_way_ns.p50, 80);
    EXPECT_FALSE(record.cost()->from_clocks);
}

TEST(pair_record, is_marked_unsteady_if_all_rounds_were_dropped) {
    pair_record record({0, 1, {}});
    record.add(sample(900, 900, false));
    const auto found = record.cost().value();
    EXPECT_EQ(found.one_way_ns.p50, 900);
    EXPECT_EQ(found.rounds, 0U);
    EXPECT_EQ(found.dropped, 1U);
    EXPECT_FALSE(found.steady);
}

// ---- Text and pictures

matrix_data eight_pus() {
    const auto machine = topology::synthetic("package:2 l3:1 core:2 pu:2");
    std::vector<pair_cost> costs;
    for (const auto& pair : plan_pairs(machine, machine.allowed(), false, 1).pairs)
        costs.push_back(
            measured_pair(pair.from, pair.to, pair.kind, 20 + 130.0 * static_cast<double>(pair.kind.distance)));
    costs.back().steady = false;
    auto matrix = complete(machine, plan_pairs(machine, machine.allowed(), false, 1), costs);
    matrix.machine.cpu_model = "A <Model> & \"Co\"\x01";
    return matrix;
}

/// Whether every tag is closed by its own name, attributes are quoted and nothing is left open.
bool is_well_formed(std::string_view xml) {
    std::vector<std::string_view> open;
    while (true) {
        const auto text_end = xml.find('<');
        if (text_end == std::string_view::npos) return open.empty();
        const auto text = xml.substr(0, text_end);
        for (std::size_t at = 0; (at = text.find('&', at)) != std::string_view::npos; ++at)
            if (text.substr(at, 8).find(';') == std::string_view::npos) return false;
        const auto tag_end = xml.find('>', text_end);
        if (tag_end == std::string_view::npos) return false;
        const auto tag = xml.substr(text_end + 1, tag_end - text_end - 1);
        xml.remove_prefix(tag_end + 1);
        const auto name = tag.substr(0, tag.find_first_of(" /"));
        if (tag.front() == '?') continue;
        if (tag.front() == '/') {
            if (open.empty() || open.back() != tag.substr(1)) return false;
            open.pop_back();
            continue;
        }
        if (std::count(tag.begin(), tag.end(), '\'') % 2 != 0 || tag.find('<') != std::string_view::npos) return false;
        if (tag.back() != '/') open.push_back(name);
    }
}

TEST(matrix_svg, is_well_formed_and_has_a_cell_a_tooltip_and_a_legend) {
    const auto svg = matrix_as_svg(eight_pus());
    EXPECT_TRUE(is_well_formed(svg)) << svg;
    EXPECT_THAT(svg,
                testing::StartsWith("<?xml version='1.0' encoding='UTF-8'?>\n<svg xmlns='http://www.w3.org/2000/svg'"));
    EXPECT_THAT(svg, HasSubstr("A &lt;Model&gt; &amp; &quot;Co&quot;?"));
    for (unsigned from = 0; from != 8; ++from)
        for (unsigned to = 0; to != 8; ++to)
            EXPECT_EQ(svg.find("<title>PU " + std::to_string(from) + " to PU " + std::to_string(to) + ": ") !=
                          std::string::npos,
                      from != to);
    EXPECT_THAT(
        svg, AllOf(HasSubstr("not measured: figure of its class"), HasSubstr("url(#stripes)"), HasSubstr(">150 ns<")));
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(matrix_svg, of_many_pus_and_of_equal_pairs_is_well_formed) {
    for (const auto* description : {"pu:2", "core:128 pu:1"}) {
        const auto machine = topology::synthetic(description);
        const auto plan = plan_pairs(machine, machine.allowed(), false, 1);
        const auto svg = matrix_as_svg(complete(machine, plan, {measured_pair(0, 1, class_of(machine, 0, 1), 50)}));
        EXPECT_TRUE(is_well_formed(svg));
        EXPECT_EQ(svg.find("nan"), std::string::npos);
    }
}

TEST(svg, escapes_what_xml_or_a_font_may_not_have) {
    EXPECT_EQ(svg_page::escaped("<a href='x'>\"&\"</a>\n\xc3\xa9"),
              "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;???");
}

TEST(matrix_text, has_the_numbers_of_every_pair_and_no_colour_in_a_file) {
    const auto text = matrix_as_text(eight_pus(), {});
    EXPECT_EQ(text.find('\033'), std::string::npos);
    EXPECT_THAT(text, AllOf(HasSubstr("smt"), HasSubstr("same-l3"), HasSubstr("cross-package"), HasSubstr("(410)"),
                            HasSubstr("--full"), HasSubstr("~")));
    const auto map = text.substr(text.find("one way, p50 in ns, from"));
    EXPECT_EQ(std::count(map.begin(), map.end(), '('), 8 * 7 - 6 + 1) << "six pairs were measured";
}

// The longest possible names and figures.
TEST(matrix_text, has_tables_of_at_most_100_columns) {
    auto matrix = eight_pus();
    matrix.classes.clear();
    matrix.pairs.resize(2);
    for (auto& pair : matrix.pairs) {
        pair.kind = {weir::distance::same_package, false, 0U, 1U};
        pair.one_way_ns = {123'456, 12'345'678, 999'499'999};
        pair.q1_ns = 123'000;
        pair.q3_ns = 124'000;
        pair.line_roundtrip_ns = 2'469'000;
        pair.stream_words_per_s = 1.23456e6;
        pair.items_per_s = 123'456;
        pair.rounds = 10'000;
        pair.dropped = 9'999;
        pair.involuntary_switches = 12'345'678;
        pair.migrations = 12'345;
        pair.measured = true;
        pair.steady = false;
    }
    matrix.classes = {{matrix.pairs[0].kind, matrix.pairs[0].one_way_ns, 123'456, 16'256}};
    const auto text = matrix_as_text(matrix, {.colour = false, .columns = 100});
    std::istringstream lines(text);
    int tables = 0;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100U) << line;
        tables += line.find("same-package, other NUMA node, kind 0 to 1") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(tables, 2);
}

TEST(matrix_text, is_coloured_on_a_terminal_and_never_wider_than_it) {
    const auto without_escapes = [](const std::string& text) {
        std::string plain;
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\033') {
                i = text.find('m', i);
            } else {
                plain += text[i];
            }
        return plain;
    };
    for (const std::size_t columns : {20U, 25U, 40U, 80U, 200U}) {
        const auto text = matrix_as_text(eight_pus(), {.colour = true, .columns = columns});
        const auto map = text.substr(text.find("one way, p50 in ns, from"));
        EXPECT_EQ(map.find('\033') != std::string::npos, columns >= 24) << columns;
        EXPECT_EQ(map.find("does not fit into") != std::string::npos, columns < 24) << columns;
        std::istringstream lines(without_escapes(map));
        std::string line;
        std::getline(lines, line);
        for (int row = 0; columns >= 24 && row != 9; ++row) {
            std::getline(lines, line);
            EXPECT_LE(line.size(), columns) << line;
        }
    }
}

TEST(progress_bar, grows) {
    EXPECT_EQ(progress_bar::line("matrix", 0, "begins"), "matrix [........................]   0%  begins");
    EXPECT_EQ(progress_bar::line("matrix", 0.5, "goes on"), "matrix [############............]  50%  goes on");
    EXPECT_EQ(progress_bar::line("matrix", 7, "ends"), "matrix [########################] 100%  ends");
}

// ---- Options

TEST(read_seconds, takes_times_as_people_write_them) {
    const std::pair<const char*, double> cases[] = {{"30s", 30},   {"500ms", 0.5}, {"2m", 120},     {"1.5s", 1.5},
                                                    {"1us", 1e-6}, {"1h", 3600},   {"20ns", 20e-9}, {"0", 0}};
    for (const auto& [text, seconds] : cases) EXPECT_DOUBLE_EQ(read_seconds(text, "--budget", 0, 1e5), seconds) << text;
}

TEST(read_seconds, refuses_malformed_or_out_of_range_times_with_a_sentence) {
    for (const auto* text : {"", "s", "10 s", "fast", "-1s", "1d", "nan", "inf", "1e99", "5ms", "3h", "0", "-5"})
        EXPECT_EQ(sentence([&] { static_cast<void>(read_seconds(text, "--budget", 0.01, 7200)); }),
                  "--budget " + std::string(*text == '\0' ? "''" : text) +
                      ": give a time from 10 ms to 2 h, such as 50ms, 30s or 1h");
}

TEST(read_seconds, wants_a_unit) {
    const auto refused = [](const char* text, double least_s, double most_s) {
        return sentence([&] { static_cast<void>(read_seconds(text, "--time", least_s, most_s)); });
    };
    EXPECT_EQ(refused("1", 100e-9, 1), "--time 1: give a unit, as in 1us");
    EXPECT_EQ(refused("5", 0, 86'400), "--time 5: give a unit, as in 5s");
    EXPECT_EQ(refused("5", 0.1, 30 * 86'400), "--time 5: give a unit, as in 5s");
    EXPECT_EQ(refused("2.5", 1e-3, 10), "--time 2.5: give a unit, as in 2.5ms");
    EXPECT_EQ(refused("5", 0, 1), "--time 5: give a unit, as in 5us");
}

// Each example is within the bounds that the sentence names.
TEST(read_seconds, gives_examples_that_it_takes) {
    const std::pair<double, double> bounds[] = {{100e-9, 1}, {0, 1},         {1e-9, 60},    {1e-3, 10},
                                                {0, 86'400}, {0.01, 86'400}, {0.1, 2592000}};
    for (const auto& [least_s, most_s] : bounds) {
        const auto why = sentence(
            [&, least = least_s, most = most_s] { static_cast<void>(read_seconds("soon", "--time", least, most)); });
        auto words = why.substr(why.find("such as ") + 8);
        std::size_t n = 0;
        for (std::size_t at = 0; at < words.size(); ++n) {
            const auto end = std::min(words.find_first_of(", ", at), words.size());
            const auto word = words.substr(at, end - at);
            if (!word.empty() && word != "or")
                EXPECT_NO_THROW((void)read_seconds(word, "--time", least_s, most_s)) << why;
            at = end + 1;
        }
        EXPECT_GE(n, 3U) << why;
    }
}

TEST(choose_pus, refuses_pus_that_do_not_exist_or_may_not_be_used) {
    const auto part = topology::from_xml_file(TEST_DATA_DIR "/multi_ccx_16_part_allowed.xml");
    EXPECT_EQ(choose_pus(part, ""), part.allowed());
    EXPECT_EQ(choose_pus(part, "1-2"), (pu_set{1, 2}));
    EXPECT_THAT(sentence([&] { static_cast<void>(choose_pus(part, "1,99")); }), HasSubstr("there is no PU 99"));
    EXPECT_THAT(sentence([&] { static_cast<void>(choose_pus(part, "1-5")); }),
                AllOf(HasSubstr("PUs 4-5 exist"), HasSubstr("widen the cgroup's cpuset")));
    EXPECT_NE(sentence([&] { static_cast<void>(choose_pus(part, "one")); }), "");
}

// ---- The PU of a thread

TEST(thread_watch, reads_the_last_cpu_whatever_the_program_is_called) {
    std::string fields = "R 1 2 3";
    for (int field = 7; field != 39; ++field) fields += " 0";
    EXPECT_EQ(last_cpu_of("42 (a) b (c)) " + fields + " 7 0 0"), 7U);
    EXPECT_FALSE(last_cpu_of("42 (short) R 1 2"));
    EXPECT_FALSE(last_cpu_of(""));
}

TEST(thread_watch, finds_a_thread_where_it_was_pinned_and_counts_what_it_did) {
    const auto pus = weir::this_thread_affinity();
    std::thread([&] {
        weir::pin_this_thread(pus.front());
        EXPECT_NO_THROW(check_seat(pus.front()));
        const auto before = count_this_thread();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_GE((count_this_thread() - before).voluntary_switches, 1U);
        EXPECT_THAT(sentence([&] { check_seat(pus.front() + 1); }),
                    HasSubstr("was found on PU " + std::to_string(pus.front())));
    }).join();
}

}  // namespace
