// SPDX-License-Identifier: MIT
//
// Plans and roles as files, and what becomes of damaged and foreign ones.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_file.hpp"

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
    EXPECT_THAT(why(R"({"roles": {"name": "a"}})"), HasSubstr("it has no list 'roles'"));
    EXPECT_THAT(why(R"({"roles": [{"name": 5}]})"), HasSubstr("'roles[0].name' is no text"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "b", "pinned": 1.5}]})"),
                HasSubstr("'roles[1].pinned' is no whole number from 0 up"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "package": 4294967296}]})"),
                HasSubstr("'roles[0].package' is no whole number from 0 up"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "b"}], "edges": [{"from": "a", "to": "b"},
                       {"from": "b", "to": "a", "items_per_s": -1}]})"),
                HasSubstr("'edges[1].items_per_s' is no number from 0 up"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "b"}], "edges": [{"from": "a", "to": "b"},
                       {"from": "a", "to": "b"}]})"),
                HasSubstr("edge 'a->b' is there twice"));
    EXPECT_THAT(why("{]"), HasSubstr("it is no JSON from byte 2 on"));
    EXPECT_THAT(why("{"), HasSubstr("it ends too early, at byte 1: it is truncated"));
    EXPECT_EQ(why(R"({"roles": []})"), "") << "that is for plan() to refuse";
}

TEST(role_file, may_say_false_null_and_nothing) {
    const temporary_file file(R"({"roles": [{"name": "a", "quiet": false, "smt_ok": null, "pinned": 4294967295},
        {"name": "b", "smt_ok": true, "package": 7}], "edges": [{"from": "b", "to": "a", "items_per_s": 0}]})");
    const auto asked = plan_request::load(file.path());
    EXPECT_FALSE(asked.roles[0].quiet);
    EXPECT_FALSE(asked.roles[0].smt_ok);
    EXPECT_EQ(asked.roles[0].pinned, 4294967295U);
    EXPECT_EQ(asked.roles[0].package, std::nullopt);
    EXPECT_FALSE(asked.roles[1].quiet);
    EXPECT_TRUE(asked.roles[1].smt_ok);
    EXPECT_EQ(asked.roles[1].pinned, std::nullopt);
    EXPECT_EQ(asked.roles[1].package, 7U);
    EXPECT_EQ(asked.edges[0].name(), "b->a");
    EXPECT_EQ(asked.edges[0].items_per_s, std::nullopt) << "nothing is no rate";
}

}  // namespace
