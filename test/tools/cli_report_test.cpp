// SPDX-License-Identifier: MIT
//
// `weir report` as a user, a script or a browser sees it.
#include <weir/topology.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/support/browser.hpp"
#include "test/support/report_files.hpp"
#include "test/support/subprocess.hpp"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using weir::topology;
using weir_test::outcome;

const std::vector<std::string> all_files{"topo.json", "doctor.json", "matrix.json", "jitter.json",
                                         "plan.json", "run.json",    "bench.json"};

/// Each test runs the program in a folder of its own, with a file of each kind.
class cli_report : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_report_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        for (const auto& [name, text] : weir_test::report_files(machine_)) write(name, text);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
    std::string read(const std::string& name) const { return weir_test::read_file(folder_ / name); }
    json read_json(const std::string& name) const { return json::parse(read(name)); }

    outcome weir(std::vector<std::string> arguments, const char* path = nullptr) const {
        return weir_test::run(WEIR_TOOL, std::move(arguments), [&] {
            if (path != nullptr) ::setenv("PATH", path, 1);
            if (::chdir(folder_.c_str()) != 0) ::_exit(125);
        });
    }
    outcome report(std::vector<std::string> files, const std::vector<std::string>& options,
                   const char* path = nullptr) const {
        files.insert(files.begin(), "report");
        files.insert(files.end(), options.begin(), options.end());
        return weir(std::move(files), path);
    }

    void expect_refusal(const std::vector<std::string>& files, int exit_code, const std::string& sentence,
                        const std::string& html = "x.html") const {
        const auto seen = report(files, {"--html", html});
        EXPECT_EQ(seen.exit_code, exit_code) << sentence;
        EXPECT_EQ(seen.out, "") << sentence;
        EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1) << seen.err;
        EXPECT_THAT(seen.err, AllOf(StartsWith("weir report: "), HasSubstr(sentence)));
        EXPECT_FALSE(std::filesystem::exists(folder_ / "x.html")) << sentence;
    }

    static bool can_draw() { return weir_test::find_program("gnuplot").has_value(); }

    const topology machine_ = topology::synthetic("package:2 l3:1 core:2 pu:2");
    std::filesystem::path folder_;
};

// ---- Contents

TEST_F(cli_report, opens_in_a_browser_with_every_picture_and_section) {
    if (!can_draw()) GTEST_SKIP() << "there is no gnuplot";
    if (!weir_test::find_program("chromium")) GTEST_SKIP() << "there is no chromium";
    const auto seen = report(all_files, {"--html", "report.html"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "") << "no progress where there is no terminal";
    EXPECT_FALSE(std::filesystem::exists(folder_ / "told")) << "a name was taken for a command";
    const auto page = read("report.html");
    for (const auto* outside : {"src=", "<link", "@import", "url(h", "<script", "http-equiv=\"refresh"})
        EXPECT_THAT(page, Not(HasSubstr(outside)));
    for (const int width : {400, 1600}) {
        const auto [found, console] = weir_test::in_browser(page, width, folder_);
        ASSERT_TRUE(found.is_object()) << "the page did not load";
        EXPECT_EQ(console, "") << width;
        EXPECT_THAT(found["pictures"].get<std::vector<std::string>>(),
                    ElementsAre("machine-map", "heat-map", "gaps", "worst-gaps", "placement", "layouts", "rounds",
                                "edges", "bench-throughput-8B", "bench-latency-8B"))
            << width;
        EXPECT_THAT(found["headings"].get<std::vector<std::string>>(),
                    ElementsAre("machine", "doctor", "matrix", "jitter", "plan", "run", "bench", "sources"));
        EXPECT_EQ(found["doubled"], 0) << "ids that are not unique";
        EXPECT_EQ(found["dangling"], 0) << "links to nowhere";
        EXPECT_EQ(found["scripts"], 0);
        EXPECT_LE(found["too_wide_px"], 0) << width;
        EXPECT_GE(found["smallest_text_px"], 9) << width;
        const std::string text = found["text"];
        for (const std::string words :
             {weir_test::odd_name, "clocksource=tsc & a command", "a remark with <brackets>", "rival <a>",
              "Example <CPU>", "LOC Local <timer> interrupts", "excluded: it lost an item", "52 ns", "plan is better"})
            EXPECT_THAT(text, HasSubstr(words)) << width;
    }
}

TEST_F(cli_report, of_a_large_machine_fits_a_telephone) {
    if (!weir_test::find_program("chromium")) GTEST_SKIP() << "there is no chromium";
    const auto large = topology::synthetic("package:2 numa:2 l3:2 core:4 pu:2");
    write("topo.json", weir_test::report_files(large).at("topo.json"));
    write("matrix.json", weir_test::matrix_of(large));
    write("plan.json", weir_test::plan_of(large).to_json());
    ASSERT_EQ(report({"topo.json", "matrix.json", "plan.json"}, {"--html", "report.html"}).exit_code, 0);
    const auto [found, console] = weir_test::in_browser(read("report.html"), 400, folder_);
    ASSERT_TRUE(found.is_object()) << "the page did not load";
    EXPECT_THAT(found["pictures"].get<std::vector<std::string>>(), ElementsAre("machine-map", "heat-map", "placement"));
    EXPECT_LE(found["too_wide_px"], 0);
    EXPECT_GE(found["smallest_text_px"], 9);
}

TEST_F(cli_report, accepts_any_single_file_and_lists_the_missing_ones) {
    for (const auto& file : all_files) {
        const bool is_plotted = file == "jitter.json" || file == "run.json" || file == "bench.json";
        if (is_plotted && !can_draw()) continue;
        std::filesystem::remove(folder_ / "report.html");
        const auto seen = report({file}, {"--html", "report.html"}, is_plotted ? nullptr : "/nonexistent");
        EXPECT_EQ(seen.exit_code, 0) << file << ": " << seen.err;
        EXPECT_EQ(seen.err, "") << file;
        EXPECT_THAT(seen.out, AllOf(StartsWith("report.html\n"), HasSubstr(file), HasSubstr("missing; save it with")));
        EXPECT_THAT(read("report.html"), AllOf(StartsWith("<!DOCTYPE html>"), HasSubstr("Not in this report")));
    }
}

TEST_F(cli_report, recognises_files_by_their_contents_in_any_order) {
    std::filesystem::rename(folder_ / "topo.json", folder_ / "zz");
    const auto seen = report({"run.json", "zz", "bench.json"}, {"--json"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    const auto found = json::parse(seen.out);
    EXPECT_EQ(found["schema_version"], 1);
    EXPECT_EQ(found["kind"], "weir report");
    EXPECT_TRUE(found["html"].is_null());
    EXPECT_EQ(found["parts"][0]["kind"], "weir topo");
    EXPECT_EQ(found["parts"][0]["file"], "zz");
    EXPECT_EQ(found["parts"][0]["fingerprint"], fingerprint(machine_));
    EXPECT_EQ(found["parts"][2]["kind"], "weir-bench");
    EXPECT_THAT(found["absent"].get<std::vector<std::string>>(),
                ElementsAre("weir doctor", "weir matrix", "weir jitter", "weir plan"));
    EXPECT_EQ(found["one_machine"], true);
    EXPECT_THAT(found["warnings"], IsEmpty());
}

TEST_F(cli_report, accepts_results_of_all_subcommands) {
    if (topology::this_machine().allowed_cores() < 2) GTEST_SKIP() << "only one core";
    const auto save = [&](const std::string& name, const std::vector<std::string>& arguments) {
        const auto seen = weir(arguments);
        ASSERT_EQ(seen.exit_code, 0) << name << ": " << seen.err;
        write(name, seen.out);
    };
    save("topo.json", {"topo", "--json"});
    save("doctor.json", {"doctor", "--json"});
    save("matrix.json", {"matrix", "--json", "--budget", "200ms", "--rounds", "2"});
    save("jitter.json", {"jitter", "--json", "--seconds", "0.05"});
    save("plan.json",
         {"plan", "--json", "--edge", "md->gw@20kps", "--matrix", "matrix.json", "--jitter", "jitter.json"});
    save("run.json", {"run", "--json", "--plan", "plan.json", "--rounds", "2", "--sample", "5ms"});
    const auto seen = report(
        {"topo.json", "doctor.json", "matrix.json", "jitter.json", "plan.json", "run.json"},
        can_draw() ? std::vector<std::string>{"--html", "report.html", "--json"} : std::vector<std::string>{"--json"});
    ASSERT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_EQ(seen.err, "") << "all is of this machine, and the run of this plan";
    EXPECT_THAT(json::parse(seen.out)["of_unknown_machine"], IsEmpty());
}

TEST_F(cli_report, accepts_results_in_which_nothing_was_delivered) {
    if (!can_draw()) GTEST_SKIP() << "there is no gnuplot";
    const json nothing{{"median", 0}, {"q1", 0}, {"q3", 0}};
    auto run = read_json("run.json");
    for (auto& layout : run["layouts"]) {
        layout["p50_ns"] = layout["p99_ns"] = nothing;
        layout["rounds"]["p99_ns"] = {0, 0};
    }
    run["edges"][0]["from"] = "a'\n\"b\\\n`touch told`\nsystem('touch told')";
    for (auto& edge : run["edges"]) edge["p50_ns"] = edge["p99_ns"] = nothing;
    write("run.json", run.dump());
    auto bench = read_json("bench.json");
    for (auto& row : bench["summary"])
        for (const auto* figure : {"items_per_s", "ns"})
            if (row.contains(figure)) row[figure] = nullptr;
    bench["summary"][0]["queue"] = "a'\n`touch told`\nsystem('touch told')";
    write("bench.json", bench.dump());
    auto jitter = read_json("jitter.json");
    for (auto& pu : jitter["pus"]) pu["gaps"] = json::array();
    write("jitter.json", jitter.dump());
    const auto seen = report({"run.json", "bench.json", "jitter.json"}, {"--html", "report.html"});
    EXPECT_EQ(seen.exit_code, 0) << seen.err;
    EXPECT_THAT(read("report.html"), HasSubstr("There were no gaps."));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "told")) << "a name was taken for a command";
}

// ---- Results that do not belong together

TEST_F(cli_report, lists_the_files_of_each_machine) {
    write("plan.json", weir_test::plan_of(topology::synthetic("core:4 pu:1")).to_json());
    const auto seen = report({"topo.json", "plan.json", "doctor.json"}, {"--html", "report.html", "--json"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1) << seen.err;
    EXPECT_THAT(seen.err, AllOf(StartsWith("weir report: the files are of 2 different machines"),
                                HasSubstr("topo.json, doctor.json ("), HasSubstr("; plan.json (")));
    const auto found = json::parse(seen.out);
    EXPECT_EQ(found["one_machine"], false);
    EXPECT_EQ(found["machines"].size(), 2U);
    const auto page = read("report.html");
    EXPECT_THAT(page,
                AllOf(HasSubstr("Note: the files are of 2 different machines"), Not(HasSubstr("id=\"placement\""))));
}

TEST_F(cli_report, warns_if_a_run_measured_another_plan) {
    auto run = read_json("run.json");
    std::swap(run["layouts"][0]["pus"][0], run["layouts"][0]["pus"][1]);
    write("run.json", run.dump());
    const auto seen = report({"plan.json", "run.json"}, {"--json"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_THAT(seen.err, HasSubstr("run.json measured a different plan than plan.json"));
    EXPECT_EQ(json::parse(seen.out)["warnings"].size(), 1U);
}

TEST_F(cli_report, infers_the_machine_of_files_that_do_not_name_it) {
    auto jitter = read_json("jitter.json");
    jitter.erase("machine");
    write("jitter.json", jitter.dump());
    auto bench = read_json("bench.json");
    bench["environment"]["cpu_model"] = "Another";
    write("bench.json", bench.dump());
    const auto seen = report({"jitter.json", "bench.json", "matrix.json"}, {"--json"});
    EXPECT_THAT(seen.err, HasSubstr("the files are of 2 different machines"));
    EXPECT_THAT(json::parse(seen.out)["of_unknown_machine"].get<std::vector<std::string>>(),
                ElementsAre("jitter.json"));
}

// ---- Errors

TEST_F(cli_report, refuses_unsupported_files_with_code_2) {
    write("text", "hello");
    write("empty", "");
    write("list", "[1]");
    write("other", R"({"schema_version": 1, "kind": "weather"})");
    write("none", R"({"a": 1})");
    write("pressure", R"({"schema_version": 1, "kind": "weir pressure"})");
    write("future", R"({"schema_version": 2, "kind": "weir topo"})");
    expect_refusal(
        {"text"}, 2,
        "'text' is not JSON, so it is not a result of weir; give a file written by one of these: weir topo --json");
    expect_refusal({"empty"}, 2, "'empty' is not JSON");
    expect_refusal({"topo.json", "list"}, 2, "'list' is not a result of weir");
    expect_refusal({"other"}, 2, "'other' is of kind 'weather', which a report cannot show");
    expect_refusal({"none"}, 2, "'none' has no \"kind\"");
    expect_refusal({"pressure"}, 2, "draw it with 'weir pressure --from FILE --html FILE'");
    expect_refusal(
        {"future"}, 2,
        "'future' has schema_version 2, but this version of weir reads 1; save it again with 'weir topo --json'");
}

TEST_F(cli_report, refuses_two_of_a_kind_and_wrong_usage_with_code_2) {
    write("again.json", read("topo.json"));
    expect_refusal(
        {"topo.json", "run.json", "again.json"}, 2,
        "'topo.json' and 'again.json' are both results of weir topo, but a report has one of each kind; leave one out");
    expect_refusal({"topo.json", "topo.json"}, 2, "are both results of weir topo");
    expect_refusal({}, 2, "run 'weir report --help'");
    expect_refusal({"topo.json", "--bogus"}, 2, "there is no '--bogus'");
    const auto nowhere = report({"topo.json"}, {});
    EXPECT_EQ(nowhere.exit_code, 2);
    EXPECT_THAT(nowhere.err, HasSubstr("no output is given: give --html FILE"));
}

TEST_F(cli_report, never_overwrites_an_input_file) {
    const auto before = read("topo.json");
    std::filesystem::create_symlink("topo.json", folder_ / "link");
    for (const auto* html : {"topo.json", "./topo.json", "link"})
        expect_refusal({"topo.json"}, 2, "this is one of the input files", html);
    EXPECT_EQ(read("topo.json"), before);
}

TEST_F(cli_report, a_file_that_cannot_be_read_or_written_is_a_failure) {
    expect_refusal({"nowhere.json"}, 1, "cannot read 'nowhere.json': No such file or directory; name an existing file");
    expect_refusal({"."}, 1, "cannot read '.': Is a directory");
    expect_refusal({"topo.json"}, 1,
                   "cannot write 'no/x.html': No such file or directory; name a file in an existing folder",
                   "no/x.html");
}

TEST_F(cli_report, a_damaged_file_is_a_failure_that_names_what_is_missing) {
    const std::vector<std::tuple<std::string, std::string, std::string>> damages{
        {"topo.json", "/pus/0/core", "weir topo --json"},
        {"topo.json", "/allowed", "weir topo --json"},
        {"doctor.json", "/findings", "weir doctor --json"},
        {"doctor.json", "/findings/0/severity", "weir doctor --json"},
        {"matrix.json", "/pairs", "weir matrix --json"},
        {"matrix.json", "/machine/topology_xml", "weir matrix --json"},
        {"jitter.json", "/pus/0/worst_gap_ns", "weir jitter --json"},
        {"plan.json", "/cost_ns", "weir plan --out FILE"},
        {"plan.json", "/edges/0/weight", "weir plan --out FILE"},
        {"run.json", "/layouts/1/p99_ns/q1", "weir run --json"},
        {"run.json", "/edges/0/floor/line_roundtrip_ns", "weir run --json"},
        {"run.json", "/rounds", "weir run --json"},
        {"bench.json", "/summary/1/queue", "weir-bench --json FILE"},
        {"bench.json", "/environment", "'environment'"}};
    for (const auto& [file, key, remedy] : damages) {
        const auto whole = read(file);
        for (const bool is_gone : {true, false}) {
            auto content = json::parse(whole);
            const json::json_pointer at(key);
            if (!is_gone)
                content[at] = json::array({"wrong"});
            else if (content[at.parent_pointer()].is_object())
                content[at.parent_pointer()].erase(at.back());
            write(file, content.dump());
            const auto seen = report({file}, {"--html", "x.html"});
            const bool is_unknown = key == "/environment" && is_gone;  // then the file's kind is unknown
            EXPECT_EQ(seen.exit_code, is_unknown ? 2 : 1) << file << key;
            EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1) << seen.err;
            EXPECT_THAT(seen.err, AllOf(StartsWith("weir report: '" + file + "'"),
                                        HasSubstr(is_unknown || key == "/environment" ? "weir-bench --json" : remedy)));
        }
        write(file, whole);
    }
}

TEST_F(cli_report, without_gnuplot_says_what_to_install) {
    const auto seen = report({"run.json"}, {"--html", "x.html"}, "/nonexistent");
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_EQ(std::count(seen.err.begin(), seen.err.end(), '\n'), 1) << seen.err;
    EXPECT_THAT(seen.err, AllOf(StartsWith("weir report: pictures need gnuplot"), HasSubstr("apt-get install")));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.html"));
}

TEST_F(cli_report, help_names_every_file_and_has_examples) {
    const auto seen = weir({"report", "--help"});
    EXPECT_EQ(seen.exit_code, 0);
    EXPECT_THAT(seen.out, AllOf(HasSubstr("--html"), HasSubstr("--json"), HasSubstr("weir-bench --json"),
                                HasSubstr("The files may come from different machines"), HasSubstr("Examples:")));
    EXPECT_THAT(weir({"--help"}).out, HasSubstr("weir report"));
}

}  // namespace
