// SPDX-License-Identifier: MIT
//
// Edges and roles as users write them, at the limits of the syntax.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
         {"a", "z", "A", "Z", "0", "9", "a_b", "a-b", "a.b", "_", "\x80", "\xff", "m\xc3\xa9lange"}) {
        EXPECT_EQ(why_not_edge(std::string(name) + "->other"), "") << name;
        EXPECT_EQ(why_not_edge("other->" + std::string(name)), "") << name;
        EXPECT_EQ(why_not_role(name), "") << name;
    }
    for (const auto* name : {"`", "{", "[", "/", ";", "a b", "a\x7f", "a'", "a>", "^", "a,b"}) {
        const auto names = "has the name '" + std::string(name) + "': names consist of letters";
        EXPECT_THAT(why_not_edge(std::string(name) + "->other"), HasSubstr(names));
        EXPECT_THAT(why_not_edge("other->" + std::string(name)), HasSubstr(names));
        EXPECT_THAT(why_not_role(name), HasSubstr(names));
    }
    EXPECT_THAT(why_not_role(":quiet"), HasSubstr("':quiet' has an empty name: names consist of letters"));
}

TEST(rates, have_units_up_to_giga) {
    const std::pair<const char*, std::optional<double>> cases[] = {
        {"7", 7},
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
        {"1e12", 1e12},
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
