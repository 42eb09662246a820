// SPDX-License-Identifier: MIT
//
// Plans as files, and errors for damaged files and files of other machines.
#include <weir/plan.hpp>
#include <weir/version.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/temporary_file.hpp"

#include <optional>
#include <string>
#include <thread>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using weir::distance;
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

TEST(plan_file, loads_what_was_saved) {
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

// A plan with all figures different, on the machine of example(): PUs 0-3 in package 0, 4-7 in package 1.
placement_plan of_unequal_figures() {
    placement_plan made;
    made.fingerprint = fingerprint(machine());
    made.machine = "a summary";
    made.roles = {{{.name = "md", .quiet = true, .pinned = 3U}, 3, false, 17.5, true},
                  {{.name = "gw", .smt_ok = true, .package = 1U}, 6, true, 23.25, false}};
    made.edges = {{{"md", "gw", 2e6}, distance::cross_package, {31, 47}, weir::cost_source::measured_class, 0.5, true},
                  {{"gw", "md"}, distance::cross_package, {37, 53}, weir::cost_source::assumed, 0.25, false}};
    made.cost = {1, 2, 4, 8, 16, 32};
    made.lower_bound_ns = 59;
    made.alternatives = {{{2, 7}, 61, "one reason"}, {{0, 1}, 67, "another"}};
    made.remarks = {"first", "second"};
    return made;
}

TEST(plan_file, writes_each_figure_under_its_own_key) {
    EXPECT_EQ(of_unequal_figures().to_json(), R"({
  "schema_version": 1,
  "kind": "weir plan",
  "weir_version": ")" WEIR_VERSION_STRING R"(",
  "machine": {
    "fingerprint": ")" + fingerprint(machine()) +
                                                  R"(",
    "summary": "a summary"
  },
  "roles": [
    {
      "name": "md",
      "pu": 3,
      "quiet": true,
      "smt_ok": false,
      "pinned": 3,
      "package": null,
      "isolated": false,
      "noise_ns": 17.5,
      "noise_assumed": true
    },
    {
      "name": "gw",
      "pu": 6,
      "quiet": false,
      "smt_ok": true,
      "pinned": null,
      "package": 1,
      "isolated": true,
      "noise_ns": 23.25,
      "noise_assumed": false
    }
  ],
  "edges": [
    {
      "from": "md",
      "to": "gw",
      "items_per_s": 2000000.0,
      "distance": "cross-package",
      "one_way_ns": {
        "p50": 31.0,
        "p99": 47.0
      },
      "source": "measured at this distance",
      "weight": 0.5,
      "critical": true
    },
    {
      "from": "gw",
      "to": "md",
      "items_per_s": null,
      "distance": "cross-package",
      "one_way_ns": {
        "p50": 37.0,
        "p99": 53.0
      },
      "source": "assumed",
      "weight": 0.25,
      "critical": false
    }
  ],
  "cost_ns": {
    "total": 63.0,
    "edges": 1.0,
    "noise": 2.0,
    "smt_sharing": 4.0,
    "not_isolated": 8.0,
    "slow_cores": 16.0,
    "pu_0": 32.0
  },
  "lower_bound_ns": 59.0,
  "proven": false,
  "alternatives": [
    {
      "pus": [
        2,
        7
      ],
      "extra_ns": 61.0,
      "reason": "one reason"
    },
    {
      "pus": [
        0,
        1
      ],
      "extra_ns": 67.0,
      "reason": "another"
    }
  ],
  "remarks": [
    "first",
    "second"
  ]
}
)");
}

TEST(plan_file, loads_each_figure_into_its_own_field) {
    const auto made = of_unequal_figures();
    const temporary_file file;
    made.save(file.path());
    const auto read = placement_plan::load(file.path(), machine());
    EXPECT_EQ(read.fingerprint, made.fingerprint);
    EXPECT_EQ(read.machine, machine().summary());
    ASSERT_EQ(read.roles.size(), 2U);
    for (std::size_t i = 0; i != 2; ++i) {
        EXPECT_EQ(read.roles[i].asked.name, made.roles[i].asked.name);
        EXPECT_EQ(read.roles[i].asked.quiet, made.roles[i].asked.quiet);
        EXPECT_EQ(read.roles[i].asked.smt_ok, made.roles[i].asked.smt_ok);
        EXPECT_EQ(read.roles[i].asked.pinned, made.roles[i].asked.pinned);
        EXPECT_EQ(read.roles[i].asked.package, made.roles[i].asked.package);
        EXPECT_EQ(read.roles[i].pu, made.roles[i].pu);
        EXPECT_EQ(read.roles[i].isolated, made.roles[i].isolated);
        EXPECT_EQ(read.roles[i].noise_ns, made.roles[i].noise_ns);
        EXPECT_EQ(read.roles[i].noise_assumed, made.roles[i].noise_assumed);
    }
    ASSERT_EQ(read.edges.size(), 2U);
    for (std::size_t i = 0; i != 2; ++i) {
        EXPECT_EQ(read.edges[i].asked.name(), made.edges[i].asked.name());
        EXPECT_EQ(read.edges[i].asked.items_per_s, made.edges[i].asked.items_per_s);
        EXPECT_EQ(read.edges[i].distance, made.edges[i].distance);
        EXPECT_EQ(read.edges[i].cost.p50_ns, made.edges[i].cost.p50_ns);
        EXPECT_EQ(read.edges[i].cost.p99_ns, made.edges[i].cost.p99_ns);
        EXPECT_EQ(read.edges[i].source, made.edges[i].source);
        EXPECT_EQ(read.edges[i].weight, made.edges[i].weight);
        EXPECT_EQ(read.edges[i].critical, made.edges[i].critical);
    }
    EXPECT_EQ(read.cost.edges, 1);
    EXPECT_EQ(read.cost.noise, 2);
    EXPECT_EQ(read.cost.smt_sharing, 4);
    EXPECT_EQ(read.cost.not_isolated, 8);
    EXPECT_EQ(read.cost.slow_cores, 16);
    EXPECT_EQ(read.cost.pu_0, 32);
    EXPECT_EQ(read.lower_bound_ns, 59);
    EXPECT_EQ(read.request().roles[1].name, "gw");
    EXPECT_EQ(read.request().edges.size(), 2U);
    EXPECT_EQ(read.request().edges[1].name(), "gw->md");
}

TEST(plan_file, knows_every_distance_and_source_by_its_name) {
    const auto on = topology::synthetic("pack:2 l3:2 l2:2 core:2 pu:2");
    unsigned next = 0;
    constexpr weir::cost_source sources[] = {weir::cost_source::measured, weir::cost_source::measured_class,
                                             weir::cost_source::assumed};
    for (const unsigned to : {0U, 1U, 2U, 4U, 8U, 16U}) {
        placement_plan made;
        made.fingerprint = fingerprint(on);
        made.roles = {{{.name = "a"}, 0}, {{.name = "b"}, to}};
        made.edges = {{{"a", "b"}, on.distance_between(0, to), {1, 2}, sources[next++ % 3]}};
        const temporary_file file;
        made.save(file.path());
        const auto read = placement_plan::load(file.path(), on);
        EXPECT_EQ(read.edges[0].distance, on.distance_between(0, to));
        EXPECT_EQ(read.edges[0].source, made.edges[0].source);
    }
}

TEST(plan_file, may_lack_optional_keys) {
    const temporary_file file(R"({"schema_version": 1, "kind": "weir plan", "machine": {"fingerprint": ")" +
                              fingerprint(machine()) + R"("}, "roles": [{"name": "md", "pu": 5}]})");
    const auto read = placement_plan::load(file.path(), machine());
    EXPECT_EQ(read.pu_of("md"), 5U);
    EXPECT_EQ(read.roles[0].noise_ns, 0);
    EXPECT_FALSE(read.roles[0].isolated);
    EXPECT_FALSE(read.roles[0].noise_assumed);
    EXPECT_TRUE(read.edges.empty());
    EXPECT_EQ(read.cost.total(), 0);
    EXPECT_EQ(read.lower_bound_ns, 0);
}

TEST(plan_file, uses_the_kernels_pu_numbers) {
    const auto on = topology::synthetic("core:2 pu:2(indexes=0,6,2,9)");
    const auto with_pu = [&](const char* pu) {
        const temporary_file file(R"({"schema_version": 1, "kind": "weir plan", "machine": {"fingerprint": ")" +
                                  fingerprint(on) + R"("}, "roles": [{"name": "md", "pu": )" + pu + "}]}");
        return sentence([&] { static_cast<void>(placement_plan::load(file.path(), on)); });
    };
    EXPECT_EQ(with_pu("9"), "");
    EXPECT_THAT(with_pu("3"), HasSubstr("role 'md' has PU 3, which does not exist"));
}

TEST(plan_file, counts_as_proven_within_a_millionth) {
    placement_plan made;
    made.cost.edges = 999'999;  // a millionth of that and 1: 1 ns
    made.lower_bound_ns = 999'998;
    EXPECT_TRUE(made.is_proven());
    made.lower_bound_ns = 999'997.5;
    EXPECT_FALSE(made.is_proven());
}

TEST(plan_file, with_invalid_utf_8_is_still_written) {
    auto made = of_unequal_figures();
    made.remarks = {"\xff"};
    EXPECT_THAT(made.to_json(), HasSubstr("\"\xef\xbf\xbd\""));
}

TEST(plan_file, is_refused_on_another_machine) {
    const temporary_file file(example().to_json());
    const auto other = topology::synthetic("pack:1 l3:1 core:4 pu:1");
    EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(file.path(), other)); }),
                AllOf(HasSubstr("it is for another machine, " + fingerprint(machine())), HasSubstr(fingerprint(other)),
                      HasSubstr("make it again")));
    EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(file.path())); }),
                HasSubstr("it is for another machine, "));
}

TEST(plan_file, that_is_damaged_is_refused_with_a_sentence) {
    const auto whole = example().to_json();
    for (std::size_t length = 0; length + 2 < whole.size(); length += 7) {
        const temporary_file file(whole.substr(0, length));
        EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(file.path(), machine())); }),
                    HasSubstr("truncated"))
            << length;
    }
    EXPECT_THAT(why_not("no JSON"), HasSubstr("it is not valid JSON from byte"));
    EXPECT_THAT(why_not("[]"), HasSubstr("it is not a JSON object"));
    EXPECT_THAT(why_not("{}"), HasSubstr("it is not a 'weir plan'"));
    EXPECT_THAT(why_not(with(whole, "weir plan", "weir matrix")), HasSubstr("but a 'weir matrix'"));
    EXPECT_THAT(why_not(with(whole, "\"schema_version\": 1", "\"schema_version\": 2")),
                HasSubstr("its schema_version is 2, but this version of weir reads 1"));
    EXPECT_THAT(why_not(with(whole, "\"fingerprint\"", "\"thumb\"")), HasSubstr("does not name its machine"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2", "\"pu\": 77")), HasSubstr("has PU 77, which does not exist"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2", "\"pu\": -2")), HasSubstr("is not a whole number"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2", "\"pu\": 5")),
                HasSubstr("has a distance that does not match its PUs"));
    EXPECT_THAT(
        why_not(with(whole, "\"to\": \"gw\"", "\"to\": \"nowhere\"")),
        HasSubstr("edge 'strat->nowhere' names role 'nowhere', which does not exist: the roles are md, strat, gw"));
    EXPECT_THAT(why_not(with(whole, "\"roles\"", "\"rolls\"")), HasSubstr("it has no array 'roles'"));
    EXPECT_THAT(why_not(with(whole, "\"pu\": 2,", "")), HasSubstr(".pu' is missing"));
    EXPECT_THAT(why_not(with(whole, "\"source\": \"assumed\"", "\"source\": \"guessed\"")),
                HasSubstr(".source' is 'guessed', which is not a known value"));
    EXPECT_THAT(why_not(with(whole, "\"one_way_ns\"", "\"two_way_ns\"")),
                HasSubstr("edge 'md->strat' has no one_way_ns"));
    const temporary_file empty(R"({"schema_version": 1, "kind": "weir plan", "machine": {"fingerprint": ")" +
                               fingerprint(machine()) + R"("}, "roles": []})");
    EXPECT_THAT(sentence([&] { static_cast<void>(placement_plan::load(empty.path(), machine())); }),
                HasSubstr("it has no roles"));
    EXPECT_THAT(sentence([] { static_cast<void>(placement_plan::load("/no/such/file", machine())); }),
                StartsWith("cannot read plan file '/no/such/file': No such file or directory"));
}

TEST(plan_file, with_random_changes_loads_or_throws_and_never_crashes) {
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

TEST(plan_file, refuses_unknown_roles_and_edges_by_name) {
    const auto made = example();
    EXPECT_EQ(sentence([&] { static_cast<void>(made.pu_of("gx")); }),
              "the plan has no role 'gx': it has md, strat, gw");
    EXPECT_EQ(sentence([&] { static_cast<void>(made.edge("gw->md")); }),
              "the plan has no edge 'gw->md': it has md->strat, strat->gw");
    EXPECT_EQ(sentence([&] { static_cast<void>(placement_plan().edge("a->b")); }),
              "the plan has no edge 'a->b': it has none");
    EXPECT_EQ(sentence([&] { static_cast<void>(placement_plan().pu_of("a")); }),
              "the plan has no role 'a': it has none");
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

TEST(plan_file, of_another_machine_refuses_to_pin) {
    EXPECT_THAT(sentence([] { static_cast<void>(example().pin_this_thread("gw")); }),
                HasSubstr("made for another machine, " + fingerprint(machine()) + "; plan it here"));
}

}  // namespace
