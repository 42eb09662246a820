// SPDX-License-Identifier: MIT
//
// The page of a report on made-up results in which all figures are different; and which files belong together.
#include "tools/common/command.hpp"
#include "tools/common/html_page.hpp"
#include "tools/doctor/doctor.hpp"
#include "tools/matrix/pair_plan.hpp"
#include "tools/report/report.hpp"
#include "tools/topo/topo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/fake_gnuplot.hpp"
#include "test/support/golden.hpp"
#include "test/support/made_up_results.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace report = weir::tool::report;
using json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::IsEmpty;
using weir::topology;
using weir_test::expect_golden;

topology machine() { return topology::synthetic("package:2 l3:1 core:2 pu:2"); }

json matrix(const topology& of) {
    const auto plan = weir::tool::plan_pairs(of, of.allowed(), false, 1);
    std::vector<weir::tool::pair_cost> costs;
    double figure = 20;
    for (const auto& pair : plan.pairs) {
        figure += 17;
        costs.push_back({.from = pair.from,
                         .to = pair.to,
                         .kind = pair.kind,
                         .one_way_ns = {figure, 10 * figure + 1, 100 * figure + 2},
                         .q1_ns = figure - 3,
                         .q3_ns = figure + 5,
                         .items_per_s = 1e6 * figure,
                         .rounds = static_cast<unsigned>(figure) + 6,
                         .dropped = static_cast<unsigned>(figure) + 7,
                         .measured = true,
                         .steady = true,
                         .line_roundtrip_ns = figure + 8,
                         .stream_words_per_s = 1e7 * (figure + 9),
                         .involuntary_switches = static_cast<unsigned>(figure) + 10,
                         .migrations = static_cast<unsigned>(figure) + 11});
    }
    costs.back().steady = false;
    auto matrix = complete(of, plan, costs);
    matrix.machine = {of.to_xml(), "a <processor>", fingerprint(of), "KVM", "1"};
    return to_json(matrix);
}

json jitter(const topology& of) {
    auto jitter = weir_test::made_up_jitter();
    jitter.machine = weir::tool::machine_identity::of(of);
    return to_json(jitter);
}

json doctor(const topology& of) {
    using namespace weir::tool;
    return json::parse(findings_as_json(
        {{.name = "clock source", .level = severity::severe, .what = "hpet", .why = "slow", .change = {"boot", "again"}},
         {.name = "governor", .level = severity::warning, .what = "powersave", .why = "slower", .change = {"do"}},
         {.name = "SMT", .level = severity::warning, .what = "on", .why = "shared"},
         {.name = "swap", .level = severity::note, .what = "there", .why = "waits"},
         {.name = "turbo", .level = severity::unknown, .what = "no file", .why = "varies"},
         {.name = "a", .level = severity::fine, .what = "b"},
         {.name = "c", .level = severity::fine, .what = "d"},
         {.name = "e", .level = severity::fine, .what = "f"},
         {.name = "g", .level = severity::fine, .what = "h"}},
        machine_identity::of(of)));
}

weir::placement_plan plan(const topology& of) {
    auto plan = weir_test::made_up_plan();
    plan.fingerprint = fingerprint(of);
    plan.machine = of.summary();
    return plan;
}

json run(const topology& of) {
    auto found = weir_test::made_up_run();
    found.plan = plan(of);
    return json::parse(run_as_json(found));
}

json bench(const topology& of) {
    double figure = 0;
    const auto next = [&] { return figure += 0.0625; };
    const auto row = [&](const char* scenario, const char* unit, double scale, const char* queue, bool subject,
                         double ratio) {
        json one{{"scenario", scenario}, {"queue", queue}, {"subject", subject}, {"best_rival", "theirs"}};
        for (const auto* key : {"", "_q1", "_q3"}) one[unit + std::string(key)] = scale * (30 + next());
        one["vs_best_rival"] = ratio;
        one["q1"] = ratio - next() / 8;
        one["q3"] = ratio + next() / 8;
        one["of_floor"] = next();
        one["rounds"] = static_cast<unsigned>(16 * next());
        one["dropped"] = static_cast<unsigned>(16 * next());
        return one;
    };
    json rows{row("throughput/8B", "items_per_s", 1e7, "weir::spsc_ring", true, 1.75),
              row("throughput/8B", "items_per_s", 1e6, "theirs", false, 1),
              row("throughput/8B", "items_per_s", 1e5, "others", false, 0.5),
              row("latency", "ns", 3, "weir::spsc_ring", true, 1),
              row("latency", "ns", 40, "theirs", false, 1),
              row("idle", "cpu_percent", 1, "weir::mpmc_ring", true, 0.25),
              row("idle", "cpu_percent", 2, "theirs", false, 1)};
    rows[3]["latency"] = {{"p99_ns", 1234.5}, {"max_ns", 98765.4}};
    rows.push_back({{"scenario", "idle"}, {"queue", "gone"}, {"cpu_percent", nullptr}, {"rounds", 0}, {"dropped", 63}});
    rows.push_back({{"scenario", "idle"},
                    {"queue", "wrong"},
                    {"cpu_percent", nullptr},
                    {"excluded", "it lost an item"},
                    {"rounds", 0},
                    {"dropped", 0}});
    return {{"schema_version", 1},
            {"kind", "weir-bench"},
            {"environment",
             {{"cpu_model", "a <processor>"},
              {"topology", of.summary()},
              {"fingerprint", fingerprint(of)},
              {"kernel", "6.7"},
              {"compiler", "a compiler"},
              {"compiler_flags", "-O9"},
              {"date", "a day"},
              {"weir_version", "8.9"},
              {"pinned", false},
              {"why_not_pinned", "no reason"},
              {"assertions", true}}},
            {"floors",
             {{{"scenario", "throughput/8B"},
               {"line_roundtrip_ns", {{"median", 152.5}, {"q1", 1}, {"q3", 2}}},
               {"stream_words_per_s", {{"median", 1.625e9}, {"q1", 3}, {"q3", 4}}}},
              {{"scenario", "latency"},
               {"line_roundtrip_ns", {{"median", 5.125}, {"q1", 1}, {"q3", 2}}},
               {"stream_words_per_s", {{"median", 4.5e6}, {"q1", 3}, {"q3", 4}}}}}},
            {"summary", rows}};
}

class report_page : public weir_test::with_fake_gnuplot {
protected:
    static void write(const std::string& name, const json& content) { std::ofstream(name) << content.dump(); }
    static std::string text_of(const report::contents& all) { return body_of(report::page_of(all).text()); }
};

TEST_F(report_page, has_each_figure_of_each_result_in_its_place) {
    const auto of = machine();
    write("topo.json", json::parse(weir::tool::topo_as_json(
                           {of, std::nullopt, "auto", of.choose_pair(weir::pair_policy::automatic), ""})));
    write("doctor.json", doctor(of));
    write("matrix.json", matrix(of));
    write("jitter.json", jitter(of));
    write("plan.json", json::parse(plan(of).to_json()));
    write("run.json", run(of));
    write("bench.json", bench(of));
    for (const auto* kind : {"topo", "doctor", "matrix", "jitter", "plan", "run", "bench"}) {
        const auto all = report::read_parts({std::string(kind) + ".json"});
        EXPECT_THAT(all.warnings, IsEmpty());
        expect_golden("report_" + std::string(kind) + ".html", text_of(all));
    }
    const auto all = report::read_parts(
        {"run.json", "matrix.json", "topo.json", "bench.json", "jitter.json", "plan.json", "doctor.json"});
    EXPECT_THAT(all.warnings, IsEmpty());
    ASSERT_EQ(all.machines.size(), 1U);
    EXPECT_EQ(all.machines[0].cpu_model, "a <processor>");
    EXPECT_EQ(all.machines[0].identity.summary, of.summary());
    expect_golden("report_of_all.html", text_of(all));
    auto facts = json::parse(report::as_json(all, "page.html"));
    facts.erase("weir_version");
    expect_golden("report_of_all.json", facts.dump(1) + "\n");
}

// A page of a million cells opens in no browser.
TEST_F(report_page, has_no_map_of_more_pus_than_a_matrix_has_all_pairs_of) {
    write("matrix.json", matrix(topology::synthetic("package:2 core:257 pu:1")));
    const auto text = text_of(report::read_parts({"matrix.json"}));
    EXPECT_THAT(text, HasSubstr("A map of 514 PUs would be of no use: it is drawn for up to 512."));
    EXPECT_EQ(text.find("heat-map"), std::string::npos);
}

TEST_F(report_page, says_what_is_wrong_with_the_folder_for_drawing) {
    write("jitter.json", jitter(machine()));
    const char* const before = std::getenv("TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    for (const std::string where : {"/no/such/folder", "/dev/null"}) {
        ::setenv("TMPDIR", where.c_str(), 1);
        try {
            (void)text_of(report::read_parts({"jitter.json"}));
            ADD_FAILURE() << where;
        } catch (const weir::tool::stop& why) {
            EXPECT_THAT(why.what(), HasSubstr("cannot create a temporary folder for drawing"));
            EXPECT_THAT(why.what(), HasSubstr("set TMPDIR to a folder where that is possible"));
        }
    }
    before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

TEST_F(report_page, distinguishes_machines_by_the_data_in_the_files) {
    const auto of = machine();
    const auto other = topology::synthetic("package:1 core:4 pu:2");
    write("matrix.json", matrix(of));
    write("jitter.json", jitter(other));
    const auto two = report::read_parts({"matrix.json", "jitter.json"});
    ASSERT_EQ(two.machines.size(), 2U);
    ASSERT_EQ(two.warnings.size(), 1U);
    EXPECT_EQ(two.warnings[0],
              "the files are of 2 different machines, and figures of one do not apply to another: matrix.json (a "
              "<processor>, " +
                  of.summary() + "); jitter.json (" + other.summary() + ")");
    EXPECT_EQ(two.find_beside(report::kind::jitter, *two.find(report::kind::matrix)), nullptr);
    EXPECT_THAT(text_of(two), HasSubstr("matrix.json, of a &lt;processor&gt;: " + of.summary()));

    auto anonymous = jitter(of);
    anonymous["machine"] = nullptr;
    write("jitter.json", anonymous);
    const auto unknown = report::read_parts({"jitter.json", "matrix.json"});
    EXPECT_EQ(unknown.machines.size(), 1U);
    EXPECT_THAT(unknown.of_unknown_machine, testing::ElementsAre("jitter.json"));
    EXPECT_NE(unknown.find_beside(report::kind::jitter, *unknown.find(report::kind::matrix)), nullptr);

    auto old = bench(of);
    old["environment"].erase("fingerprint");
    write("bench.json", old);
    EXPECT_EQ(report::read_parts({"bench.json", "matrix.json"}).machines.size(), 1U) << "by summary and model";
    old["environment"]["cpu_model"] = "another";
    write("bench.json", old);
    EXPECT_EQ(report::read_parts({"bench.json", "matrix.json"}).machines.size(), 2U);
    old["environment"]["cpu_model"] = "a <processor>";
    old["environment"]["topology"] = "another";
    write("bench.json", old);
    EXPECT_EQ(report::read_parts({"bench.json", "matrix.json"}).machines.size(), 2U);
}

TEST_F(report_page, recognises_a_run_of_another_plan_by_its_roles_and_pus) {
    const auto of = machine();
    write("run.json", run(of));
    const auto warnings = [&](const weir::placement_plan& made) {
        write("plan.json", json::parse(made.to_json()));
        return report::read_parts({"plan.json", "run.json"}).warnings;
    };
    EXPECT_THAT(warnings(plan(of)), IsEmpty());
    auto moved = plan(of);
    moved.roles[2].pu = 7;
    EXPECT_THAT(warnings(moved),
                testing::ElementsAre("run.json measured a different plan than plan.json: its roles run on "
                                     "other PUs"));
    auto renamed = plan(of);
    renamed.roles[1].asked.name = "other";
    EXPECT_EQ(warnings(renamed).size(), 1U);
    auto fewer = plan(of);
    fewer.roles.pop_back();
    EXPECT_EQ(warnings(fewer).size(), 1U);
}

TEST_F(report_page, refuses_what_it_cannot_show_with_a_sentence) {
    const auto why = [](const std::vector<std::string>& files) -> std::string {
        try {
            static_cast<void>(report::read_parts(files));
        } catch (const weir::tool::stop& stop) {
            return std::to_string(stop.code()) + ": " + stop.what();
        }
        return "";
    };
    write("a.json", doctor(machine()));
    write("b.json", doctor(machine()));
    EXPECT_EQ(
        why({"a.json", "b.json"}),
        "2: 'a.json' and 'b.json' are both results of weir doctor, but a report has one of each kind; leave one out");
    write("a.json", {{"kind", "weir doctor"}, {"schema_version", 2}});
    EXPECT_EQ(
        why({"a.json"}),
        "2: 'a.json' has schema_version 2, but this version of weir reads 1; save it again with 'weir doctor --json'");
    write("a.json", {{"kind", "weir dance"}, {"schema_version", 1}});
    EXPECT_THAT(
        why({"a.json"}),
        HasSubstr(
            "2: 'a.json' is of kind 'weir dance', which a report cannot show; give a file written by one of these"));
    write("a.json", {{"schema_version", 1}});
    EXPECT_THAT(why({"a.json"}),
                HasSubstr("2: 'a.json' has no \"kind\"; give a file written by one of these: weir topo"));
    write("a.json", {{"environment", 1}, {"floors", 1}, {"schema_version", 1}});
    EXPECT_THAT(why({"a.json"}), HasSubstr("has no \"kind\""));
    write("a.json", json::array());
    EXPECT_THAT(why({"a.json"}), HasSubstr("2: 'a.json' is not a result of weir; give"));
    std::ofstream("a.json") << "{";
    EXPECT_THAT(why({"a.json"}), HasSubstr("2: 'a.json' is not JSON, so it is not a result of weir; give"));
    write("a.json", {{"kind", "weir pressure"}, {"schema_version", 1}});
    EXPECT_THAT(why({"a.json"}), HasSubstr("2: 'a.json' is a result of 'weir pressure', which has a page of its own"));
    write("a.json", {{"kind", "weir matrix"}, {"schema_version", 1}, {"machine", {{"cpu_model", 5}}}});
    EXPECT_THAT(why({"a.json"}), HasSubstr("1: 'a.json': "));
    EXPECT_THAT(why({"a.json"}), HasSubstr("; save it again with 'weir matrix --json'"));
}

}  // namespace
