// SPDX-License-Identifier: MIT
//
// Edges and roles as users write them, at the limits of the syntax.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plain_text.hpp"

#include <optional>
#include <string>
#include <utility>

namespace {

using testing::HasSubstr;
using weir::placement_error;
using weir::plan_request;

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const placement_error& error) {
        return error.what();
    }
    return "";
}

std::string why_not_edge(const std::string& text) {
    return sentence([&] { plan_request().add_edge(text); });
}

std::string why_not_role(const std::string& text) {
    return sentence([&] { plan_request().add_role(text); });
}

TEST(names, consist_of_letters_digits_and_three_signs) {
    for (const auto* name :
         {"a", "z", "A", "Z", "0", "9", "a_b", "a-b", "a.b", "_", "\xc2\xa0", "\xf4\x8f\xbf\xbf", "m\xc3\xa9lange"}) {
        EXPECT_EQ(why_not_edge(std::string(name) + "->other"), "") << name;
        EXPECT_EQ(why_not_edge("other->" + std::string(name)), "") << name;
        EXPECT_EQ(why_not_role(name), "") << name;
    }
    for (const auto* name : {"`", "{", "[", "/", ";", "a b", "a\x7f", "a\x1b[2J", "\xff", "\xc0\xaf", "\xed\xa0\x80",
                             "a'", "a>", "^", "a,b"}) {
        const auto names = "has the name '" + weir::printable(name) + "': names consist of letters";
        EXPECT_THAT(why_not_edge(std::string(name) + "->other"), HasSubstr(names));
        EXPECT_THAT(why_not_edge("other->" + std::string(name)), HasSubstr(names));
        EXPECT_THAT(why_not_role(name), HasSubstr(names));
    }
    EXPECT_THAT(why_not_role(":quiet"), HasSubstr("':quiet' has an empty name: names consist of letters"));
}

TEST(printable, text_has_no_control_characters_and_is_utf8) {
    EXPECT_EQ(weir::printable("plain, m\xc3\xa9lange \xe2\x82\xac \xf0\x9f\x8e\xb5"),
              "plain, m\xc3\xa9lange \xe2\x82\xac \xf0\x9f\x8e\xb5");
    EXPECT_EQ(weir::printable("\x1b[2Ja\tb\n\x7f"), "?[2Ja?b??");
    EXPECT_EQ(weir::printable("\xc2\x9b\xc2\xa0"), "?\xc2\xa0") << "C1, and the first beyond";
    EXPECT_EQ(weir::printable("\xff\xc3(\xe2\x82"),
              "?"
              "?(?"
              "?");
    EXPECT_EQ(weir::printable(""), "");
    for (const char* valid :
         {"", "\x7f", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(weir::is_utf8(valid));
    for (const char* invalid : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x8e", "\xc3\x28"})
        EXPECT_FALSE(weir::is_utf8(invalid));
}

TEST(names, have_nothing_that_a_terminal_obeys) {
    for (const char* name : {"a\x1b[2J", "a\x7f",
                             "a\xc2\x9b"
                             "2J",
                             "a\xc2\x85"}) {
        EXPECT_THAT(why_not_role(name), HasSubstr("has the name 'a?")) << name;
        EXPECT_THAT(why_not_edge((std::string(name) + "->b").c_str()), HasSubstr("names consist of letters")) << name;
    }
    EXPECT_EQ(why_not_role("m\xc3\xa9\xc2\xa0"), "");
}

TEST(hints, that_contradict_each_other_are_refused) {
    const auto why = [](const char* role) { return why_not_role(role); };
    EXPECT_THAT(why("a:pinned=1,pinned=2"),
                HasSubstr("the hint 'pinned=2' of 'a:pinned=1,pinned=2' contradicts an earlier "
                          "pinned=1: give one of them"));
    EXPECT_THAT(why("a:package=0,package=1"), HasSubstr("contradicts an earlier package=0"));
    EXPECT_EQ(why("a:pinned=1,pinned=1"), "");
}

TEST(rates, have_units_up_to_giga) {
    const std::pair<const char*, std::optional<double>> cases[] = {
        {"7", std::nullopt},
        {"7ps", 7},
        {"7/s", 7},
        {"2k", 2e3},
        {"2kps", 2e3},
        {"2k/s", 2e3},
        {"3M", 3e6},
        {"3Mps", 3e6},
        {"5Gps", 5e9},
        {"0.25k", 250},
        {"1000G", 1e12},
        {"1e12ps", 1e12},
        {" 7ps ", 7},
        {"1000.001G", std::nullopt},
        {"1000000000001", std::nullopt},
        {"1e9M", std::nullopt},
        {"1e999", std::nullopt},
        {"7x", std::nullopt},
        {"ps", std::nullopt},
        {"k", std::nullopt},
        {"1/sps", std::nullopt},
        {"1kk", std::nullopt},
        {"1m", std::nullopt},
    };
    for (const auto& [text, rate] : cases) {
        plan_request asked;
        const auto why = sentence([&, &text = text] { asked.add_edge("a->b@" + std::string(text)); });
        if (rate) {
            EXPECT_EQ(why, "") << text;
            EXPECT_DOUBLE_EQ(asked.edges.at(0).items_per_s.value(), *rate) << text;
        } else {
            EXPECT_THAT(why, HasSubstr("has an invalid rate")) << text;
        }
    }
}

TEST(edges, that_are_malformed_are_refused_saying_what_is_missing) {
    EXPECT_THAT(why_not_edge("a->->b"), HasSubstr("is not an edge: write from->to"));
    EXPECT_THAT(why_not_edge("md-"), HasSubstr("in quotes, or the shell takes > for itself"));
    EXPECT_THAT(why_not_edge("md"), testing::Not(HasSubstr("in quotes")));
    EXPECT_THAT(why_not_edge("->gw@1Mps"), HasSubstr("has no producer"));
    EXPECT_THAT(why_not_edge("md->@1Mps"), HasSubstr("has no consumer"));
}

TEST(edges, have_a_direction_and_are_unique) {
    plan_request asked;
    for (const auto* edge : {"a->b", "c->d", "b->a", "a->d"}) asked.add_edge(edge);
    EXPECT_EQ(asked.edges.size(), 4U);
    EXPECT_EQ(asked.edges[3].from, "a");
    EXPECT_EQ(asked.edges[3].to, "d");
    EXPECT_EQ(asked.roles.size(), 4U);
    EXPECT_EQ(asked.roles[2].name, "c");
    for (const auto* edge : {"a->b", "c->d", "b->a", "a->d@1k"})
        EXPECT_THAT(sentence([&] { asked.add_edge(edge); }), HasSubstr("is given twice")) << edge;
    EXPECT_EQ(asked.edges.size(), 4U);
}

TEST(roles, without_edges_are_new_and_have_their_hints) {
    plan_request asked;
    asked.add_role("main:quiet");
    asked.add_role("log : smt-ok , pinned=3");
    asked.add_role("log:package=2");
    ASSERT_EQ(asked.roles.size(), 2U);
    EXPECT_EQ(asked.roles[0].name, "main");
    EXPECT_TRUE(asked.roles[0].quiet);
    EXPECT_FALSE(asked.roles[0].smt_ok);
    EXPECT_EQ(asked.roles[1].name, "log");
    EXPECT_FALSE(asked.roles[1].quiet);
    EXPECT_TRUE(asked.roles[1].smt_ok);
    EXPECT_EQ(asked.roles[1].pinned, 3U);
    EXPECT_EQ(asked.roles[1].package, 2U);
    EXPECT_THAT(why_not_role("a:pinned=3x"), HasSubstr("the hint 'pinned=3x' of 'a:pinned=3x' needs a number"));
}

}  // namespace
