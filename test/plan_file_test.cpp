// SPDX-License-Identifier: MIT
//
// Plans, matrices and jitter as files, and what becomes of damaged and foreign ones.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <tuple>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using weir::distance;
using weir::measurements;
using weir::placement_error;
using weir::placement_plan;
using weir::plan_request;
using weir::pu_set;
using weir::topology;

topology machine() { return topology::synthetic("pack:2 l3:1 core:4 pu:1"); }

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const placement_error& error) {
        return error.what();
    }
    return "";
}

/// A file that lives as long as this object.
class temporary_file {
public:
    explicit temporary_file(const std::string& text = "")
        : path_(testing::TempDir() + "weir_plan_" + std::to_string(::getpid()) + "_" + std::to_string(count_++)) {
        std::ofstream(path_) << text;
    }
    ~temporary_file() { std::remove(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string text() const {
        std::ifstream file(path_);
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    static inline int count_ = 0;
    std::string path_;
};

std::string with(std::string text, const std::string& what, const std::string& instead) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), instead);
}

placement_plan example(const topology& on = machine()) {
    plan_request asked;
    asked.add_edge("md->strat@1Mps");
    asked.add_edge("strat->gw");
    asked.add_role("gw:quiet");
    return weir::plan(asked, on);
}

std::string why_not(const std::string& plan_text) {
    const temporary_file file(plan_text);
    const auto text = sentence([&] { static_cast<void>(placement_plan::load(file.path(), machine())); });
    EXPECT_THAT(text, StartsWith("plan file '" + file.path() + "': ")) << plan_text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return text;
}

// ---- Plans

TEST(plan_file, gives_back_what_was_saved) {
    const auto made = example();
    const temporary_file file;
    made.save(file.path());
    EXPECT_EQ(file.text(), made.to_json());
    const auto read = placement_plan::load(file.path(), machine());
    EXPECT_EQ(read.pu_of("strat"), made.pu_of("strat"));
    EXPECT_EQ(read.roles.size(), 3U);
    EXPECT_TRUE(read.roles[2].asked.quiet);
    EXPECT_EQ(read.edge("md->strat").asked.items_per_s, 1e6);
    EXPECT_EQ(read.edge("strat->gw").asked.items_per_s, std::nullopt);
    EXPECT_EQ(read.edge("strat->gw").distance, distance::same_l3);
    EXPECT_EQ(read.cost.total(), made.cost.total());
    EXPECT_EQ(read.is_proven(), made.is_proven());
    EXPECT_FALSE(read.is_of_this_machine);
}

TEST(plan_file, is_refused_on_another_machine) {
    const temporary_file file(example().to_json());
    const auto other = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(file.path(), other)); }),
                AllOf(HasSubstr("it is of another machine, " + fingerprint(machine())), HasSubstr(fingerprint(other)),
                      HasSubstr("make it again")));
    EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(file.path())); }),
                HasSubstr("it is of another machine, "));
}

TEST(plan_file, that_is_damaged_is_refused_with_a_sentence) {
    const auto whole = example().to_json();
    for (std::size_t length = 0; length + 2 < whole.size(); length += 7) {
        const temporary_file file(whole.substr(0, length));
        EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(file.path(), machine())); }),
                    HasSubstr("truncated"))
            << length;
    }
    EXPECT_THAT(why_not("no JSON"), HasSubstr("it is no JSON from byte"));
    EXPECT_THAT(why_not("[]"), HasSubstr("it holds no JSON object"));
    EXPECT_THAT(why_not("{}"), HasSubstr("it is no 'weir plan'"));
    EXPECT_THAT(why_not(with(whole, "weir plan", "weir matrix")), HasSubstr("but a 'weir matrix'"));
    EXPECT_THAT(why_not(with(whole, "\"schema_version\": 1", "\"schema_version\": 2")),
                HasSubstr("its schema_version is 2, and this weir reads version 1"));
    EXPECT_THAT(why_not(with(whole, "\"fingerprint\"", "\"thumb\"")), HasSubstr("does not say which machine"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2", "\"pu\": 77")), HasSubstr("has PU 77, which there is not"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2", "\"pu\": -2")), HasSubstr("is no whole number"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2", "\"pu\": 5")), HasSubstr("is not as far as it says"));
    EXPECT_THAT(why_not(with(whole, "\"to\": \"gw\"", "\"to\": \"nowhere\"")),
                HasSubstr("edge 'strat->nowhere' leads to no role 'nowhere': the roles are md, strat, gw"));
    EXPECT_THAT(why_not(with(whole, "\"roles\"", "\"rolls\"")), HasSubstr("it has no list 'roles'"));
    EXPECT_THAT(sentence([] { static_cast<void>(placement_plan::load("/no/such/file", machine())); }),
                StartsWith("cannot read plan file '/no/such/file': No such file or directory"));
}

TEST(plan_file, whatever_is_changed_in_it_never_does_more_than_throw) {
    const auto whole = example().to_json();
    for (std::size_t at = 0; at < whole.size(); at += 3)
        for (const char c : {'\0', '9', '"', '{', 'x'}) {
            auto text = whole;
            text[at] = c;
            const temporary_file file(text);
            static_cast<void>(sentence([&] { static_cast<void>(placement_plan::load(file.path(), machine())); }));
        }
}

TEST(plan_file, that_cannot_be_written_is_an_error) {
    EXPECT_THAT(sentence([] { example().save("/no/such/folder/plan.json"); }),
                StartsWith("cannot write the plan to '/no/such/folder/plan.json': No such file"));
}

TEST(plan_file, has_no_other_roles_and_edges_than_it_has) {
    const auto made = example();
    EXPECT_EQ(sentence([&] { static_cast<void>(made.pu_of("gx")); }),
              "the plan has no role 'gx': it has md, strat, gw");
    EXPECT_EQ(sentence([&] { static_cast<void>(made.edge("gw->md")); }),
              "the plan has no edge 'gw->md': it has md->strat, strat->gw");
}

TEST(plan_file, pins_threads_of_this_machine) {
    const auto here = topology::this_machine();
    plan_request asked;
    asked.add_role("main");
    const temporary_file file(weir::plan(asked, here).to_json());
    const auto loaded = placement_plan::load(file.path());
    std::thread([&] {
        EXPECT_EQ(loaded.pin_this_thread("main"), pu_set{loaded.pu_of("main")});
        EXPECT_EQ(weir::current_pu(), loaded.pu_of("main"));
    }).join();
}

TEST(plan_file, of_another_machine_pins_nobody) {
    EXPECT_THAT(sentence([] { static_cast<void>(example().pin_this_thread("gw")); }),
                HasSubstr("made for another machine"));
}

// ---- Files of roles

TEST(role_file, says_what_add_edge_and_add_role_say) {
    const temporary_file file(R"({"roles": [{"name": "md"}, {"name": "gw", "quiet": true, "smt_ok": true, "pinned": 3,
        "package": 1}, {"name": "log"}], "edges": [{"from": "md", "to": "gw", "items_per_s": 1e6}]})");
    const auto asked = plan_request::load(file.path());
    ASSERT_EQ(asked.roles.size(), 3U);
    EXPECT_TRUE(asked.roles[1].quiet && asked.roles[1].smt_ok);
    EXPECT_EQ(asked.roles[1].pinned, 3U);
    EXPECT_EQ(asked.roles[1].package, 1U);
    EXPECT_EQ(asked.edges[0].items_per_s, 1e6);
}

TEST(role_file, that_makes_no_sense_is_refused_with_a_sentence) {
    const auto why = [](const std::string& text) {
        const temporary_file file(text);
        return sentence([&] { static_cast<void>(plan_request::load(file.path())); });
    };
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}], "edges": [{"from": "a", "to": "b"}]})"),
                HasSubstr("edge 'a->b' leads to no role 'b': the roles are a"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "a"}]})"), HasSubstr("role 'a' is there twice"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "loud": true}]})"), HasSubstr("'roles[0].loud' is unknown"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "quiet": 1}]})"), HasSubstr("is neither true nor false"));
    EXPECT_THAT(why(R"({"roles": [{"name": ""}]})"), HasSubstr("names are of letters"));
    EXPECT_THAT(why(R"({"roles": ["a"]})"), HasSubstr("'roles[0].name' is no text"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}], "edges": [{"from": "a", "to": "a"}]})"), HasSubstr("to itself"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"},)"), HasSubstr("truncated"));
    EXPECT_EQ(why(R"({"roles": []})"), "") << "that is for plan() to refuse";
}

// ---- Measurements

std::string matrix_text(const std::string& print = fingerprint(machine())) {
    return R"({"schema_version": 1, "kind": "weir matrix", "machine": {"topology_xml": "", "cpu_model": "none",
        "fingerprint": ")" +
           print + R"("}, "pus": [0, 1, 2, 3], "pairs": [
        {"from": 0, "to": 1, "distance": "same-l3", "one_way_ns": {"p50": 61, "p99": 90, "p99_9": 200}, "q1_ns": 60,
         "q3_ns": 63, "items_per_s": 2e8, "rounds": 21, "dropped": 0, "measured": true},
        {"from": 0, "to": 2, "distance": "same-l3", "one_way_ns": null, "q1_ns": null, "q3_ns": null,
         "items_per_s": null, "rounds": 0, "dropped": 0, "measured": false},
        {"from": 0, "to": 3, "distance": "same-l3", "one_way_ns": {"p50": 70, "p99": 99}, "measured": false}],
        "classes": [{"distance": "same-l3", "one_way_ns": {"p50": 65, "p99": 95, "p99_9": 210}, "items_per_s": 1e8,
                     "pairs_measured": 1}]})";
}

TEST(measurements_file, of_a_matrix_gives_pairs_their_classes_and_rates) {
    const temporary_file file(matrix_text());
    measurements read;
    read.load_matrix(file.path(), machine());
    const auto pair = read.cost(machine(), 0, 1);
    EXPECT_EQ(pair.cost.p50_ns, 61);
    EXPECT_EQ(pair.cost.p99_ns, 90);
    EXPECT_EQ(pair.source, weir::cost_source::measured);
    EXPECT_EQ(read.cost(machine(), 1, 0).cost.p50_ns, 61) << "the other direction stands in";
    EXPECT_EQ(read.cost(machine(), 0, 2).cost.p50_ns, 65);
    EXPECT_EQ(read.cost(machine(), 0, 2).source, weir::cost_source::measured_class);
    EXPECT_EQ(read.cost(machine(), 0, 3).cost.p50_ns, 70) << "what the file says of a pair that is like others";
    EXPECT_EQ(read.cost(machine(), 0, 3).source, weir::cost_source::measured_class);
    EXPECT_EQ(read.cost(machine(), 0, 5).source, weir::cost_source::assumed);
    EXPECT_EQ((read.items_per_s[{0, 1}]), 2e8);
}

std::string matrix_of(const std::string& pairs, const std::string& classes) {
    return R"({"schema_version": 1, "kind": "weir matrix", "machine": {"fingerprint": ")" + fingerprint(machine()) +
           R"("}, "pairs": [)" + pairs + R"(], "classes": [)" + classes + "]}";
}

measurements read_matrix(const std::string& text) {
    const temporary_file file(text);
    measurements read;
    read.load_matrix(file.path(), machine());
    return read;
}

TEST(measurements_file, gives_each_direction_what_was_measured_in_it) {
    const auto read = read_matrix(matrix_of(
        R"({"from": 2, "to": 5, "one_way_ns": {"p50": 61, "p99": 90}, "items_per_s": 2e8},
           {"from": 5, "to": 2, "one_way_ns": {"p50": 73, "p99": 110}, "items_per_s": 3e8},
           {"from": 3, "to": 4, "one_way_ns": {"p50": 81, "p99": 120}, "measured": false, "items_per_s": 0},
           {"from": 4, "to": 3, "one_way_ns": {"p50": 83, "p99": 130}, "measured": false, "items_per_s": 1})",
        ""));
    EXPECT_EQ(read.cost(machine(), 2, 5).cost.p50_ns, 61);
    EXPECT_EQ(read.cost(machine(), 2, 5).cost.p99_ns, 90);
    EXPECT_EQ(read.cost(machine(), 5, 2).cost.p50_ns, 73);
    EXPECT_EQ(read.cost(machine(), 5, 2).cost.p99_ns, 110);
    EXPECT_EQ(read.cost(machine(), 3, 4).cost.p50_ns, 81);
    EXPECT_EQ(read.cost(machine(), 4, 3).cost.p50_ns, 83);
    EXPECT_EQ(read.items_per_s.at({2, 5}), 2e8);
    EXPECT_EQ(read.items_per_s.at({5, 2}), 3e8);
    EXPECT_EQ(read.items_per_s.count({3, 4}), 0U) << "no rate";
    EXPECT_EQ(read.items_per_s.at({4, 3}), 1);
}

TEST(measurements_file, of_several_rows_of_a_class_the_dearest_counts) {
    const std::string cheap = R"({"distance": "same-l3", "one_way_ns": {"p50": 65, "p99": 300}})";
    const std::string dear = R"({"distance": "same-l3", "one_way_ns": {"p50": 75, "p99": 95}})";
    const std::string other = R"({"distance": "cross-package", "one_way_ns": {"p50": 85, "p99": 97}})";
    const std::string none = R"({"distance": "same-l3", "one_way_ns": null})";
    for (const auto& rows : {cheap + "," + dear + "," + other, dear + "," + other + "," + cheap,
                             none + "," + cheap + "," + other + "," + dear + "," + none}) {
        const auto read = read_matrix(matrix_of("", rows));
        ASSERT_EQ(read.classes.size(), 2U) << rows;
        EXPECT_EQ(read.classes.at(distance::same_l3).p50_ns, 75) << rows;
        EXPECT_EQ(read.classes.at(distance::same_l3).p99_ns, 95) << "of the same row: " << rows;
        EXPECT_EQ(read.cost(machine(), 4, 6).cost.p50_ns, 75) << rows;
        EXPECT_EQ(read.cost(machine(), 6, 2).cost.p50_ns, 85) << rows;
    }
}

TEST(measurements_file, has_a_p99_that_is_no_less_than_the_p50) {
    const auto read = read_matrix(matrix_of(R"({"from": 0, "to": 1, "one_way_ns": {"p50": 61, "p99": 9}})", ""));
    EXPECT_EQ(read.cost(machine(), 0, 1).cost.p50_ns, 61);
    EXPECT_EQ(read.cost(machine(), 0, 1).cost.p99_ns, 61);
}

TEST(measurements_file, knows_every_distance_by_its_name) {
    for (const auto far : {distance::same_pu, distance::smt, distance::same_l2, distance::same_l3,
                           distance::same_package, distance::cross_package}) {
        const auto read = read_matrix(matrix_of(
            "", R"({"distance": ")" + std::string(to_string(far)) + R"(", "one_way_ns": {"p50": 7, "p99": 8}})"));
        EXPECT_EQ(read.classes.count(far), 1U) << to_string(far);
    }
}

TEST(measurements_file, may_lack_classes_and_be_loaded_on_top_of_another) {
    const temporary_file first(matrix_of(R"({"from": 0, "to": 1, "one_way_ns": {"p50": 61, "p99": 90}},
                                            {"from": 0, "to": 2, "one_way_ns": {"p50": 62, "p99": 91}})",
                                         ""));
    const temporary_file second(R"({"schema_version": 1, "kind": "weir matrix", "machine": {"fingerprint": ")" +
                                fingerprint(machine()) +
                                R"("}, "pairs": [{"from": 0, "to": 2, "one_way_ns": {"p50": 72, "p99": 93}}]})");
    measurements read;
    read.load_matrix(first.path(), machine());
    read.load_matrix(second.path(), machine());
    EXPECT_EQ(read.cost(machine(), 0, 1).cost.p50_ns, 61);
    EXPECT_EQ(read.cost(machine(), 0, 2).cost.p50_ns, 72);
    EXPECT_EQ(read.cost(machine(), 0, 2).cost.p99_ns, 93);
}

TEST(assumed_costs, grow_with_the_distance_and_the_tail_is_dearer) {
    const auto on = topology::synthetic("pack:2 l3:2 l2:2 core:2 pu:2");
    const measurements nothing;
    const std::tuple<unsigned, double, double> of_pu_0_to[] = {{0, 5000, 50000}, {1, 20, 60},   {2, 30, 90},
                                                               {4, 50, 150},     {8, 100, 300}, {16, 200, 600}};
    for (const auto& [to, p50, p99] : of_pu_0_to) {
        const auto found = nothing.cost(on, 0, to);
        EXPECT_EQ(found.cost.p50_ns, p50) << to;
        EXPECT_EQ(found.cost.p99_ns, p99) << to;
        EXPECT_EQ(found.source, weir::cost_source::assumed);
    }
    EXPECT_EQ(to_string(weir::cost_source::measured), "measured");
    EXPECT_EQ(to_string(weir::cost_source::measured_class), "measured at this distance");
    EXPECT_EQ(to_string(weir::cost_source::assumed), "assumed");
}

TEST(measurements_file, of_jitter_gives_the_noise_of_pus) {
    const temporary_file file(R"({"schema_version": 1, "kind": "weir jitter", "seconds": 1, "pus": [
        {"pu": 0, "gaps_per_s": 100, "worst_gap_ns": 90000, "p50_gap_ns": 2000, "p99_9_gap_ns": 50000,
         "stolen_ppm": 100, "steal_ms": 0, "interrupts": 1, "involuntary_switches": 0, "migrations": 0},
        {"pu": 1, "gaps_per_s": 100, "worst_gap_ns": 90000, "p50_gap_ns": 2000, "p99_9_gap_ns": 50000,
         "stolen_ppm": 500000, "steal_ms": 0, "interrupts": 1, "involuntary_switches": 0, "migrations": 0}]})");
    measurements read;
    read.load_jitter(file.path(), machine());
    EXPECT_DOUBLE_EQ(read.noise_ns[0], 0.01 * 50000) << "one in a hundred of the unluckiest hundredth";
    EXPECT_DOUBLE_EQ(read.noise_ns[1], 50000) << "all of them";
}

TEST(measurements_file, that_is_damaged_or_foreign_is_refused_with_a_sentence) {
    const auto why = [](const std::string& text) {
        const temporary_file file(text);
        measurements read;
        return sentence([&] { read.load_matrix(file.path(), machine()); });
    };
    EXPECT_EQ(why(matrix_text()), "");
    EXPECT_THAT(why(matrix_text("2p-1c-1t-0")), HasSubstr("it is of another machine, 2p-1c-1t-0"));
    EXPECT_THAT(why(matrix_text().substr(0, 300)), HasSubstr("truncated"));
    EXPECT_THAT(why(with(matrix_text(), "\"from\": 0", "\"from\": 99")), HasSubstr("PU 99, which there is not"));
    EXPECT_THAT(why(with(matrix_text(), "\"p50\": 61", "\"p50\": \"61\"")), HasSubstr("is no number from 0 up"));
    EXPECT_THAT(why(with(matrix_text(), "\"p50\": 61", "\"p50\": 1e999")), HasSubstr("is too large"));
    EXPECT_EQ(why(with(matrix_text(), "\"p99\": 90", "\"p99\": 9")), "") << "rounds and items are counted apart";
    EXPECT_THAT(why(with(matrix_text(), "[{\"distance\": \"same-l3\"", "[{\"distance\": \"far\"")),
                HasSubstr("'far', which is no distance"));
    EXPECT_THAT(why(R"({"schema_version": 1, "kind": "weir jitter", "pus": []})"), HasSubstr("it is no 'weir matrix'"));
}

}  // namespace
