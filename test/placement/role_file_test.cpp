// SPDX-License-Identifier: MIT
//
// Files of roles and edges, as users write them.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/temporary_file.hpp"

#include <optional>
#include <string>

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

TEST(role_file, has_the_meaning_of_add_edge_and_add_role) {
    const temporary_file file(R"({"roles": [{"name": "md"}, {"name": "gw", "quiet": true, "smt_ok": true, "pinned": 3,
        "package": 1}, {"name": "log"}], "edges": [{"from": "md", "to": "gw", "items_per_s": 1e6}]})");
    const auto asked = plan_request::load(file.path());
    ASSERT_EQ(asked.roles.size(), 3U);
    EXPECT_TRUE(asked.roles[1].quiet && asked.roles[1].smt_ok);
    EXPECT_EQ(asked.roles[1].pinned, 3U);
    EXPECT_EQ(asked.roles[1].package, 1U);
    EXPECT_EQ(asked.edges[0].items_per_s, 1e6);
}

TEST(role_file, that_is_invalid_is_refused_with_a_sentence) {
    const auto why = [](const std::string& text) {
        const temporary_file file(text);
        return sentence([&] { static_cast<void>(plan_request::load(file.path())); });
    };
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}], "edges": [{"from": "a", "to": "b"}]})"),
                HasSubstr("edge 'a->b' names role 'b', which does not exist: the roles are a"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}], "edges": [{"from": "b", "to": "a"}]})"),
                HasSubstr("edge 'b->a' names role 'b'"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "a"}]})"), HasSubstr("role 'a' is given twice"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "quiet": true, "wild": 1}]})"),
                HasSubstr("'roles[0].wild' is unknown"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "loud": true}]})"), HasSubstr("'roles[0].loud' is unknown"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "quiet": 1}]})"), HasSubstr("is neither true nor false"));
    EXPECT_THAT(why(R"({"roles": [{"name": ""}]})"), HasSubstr("names consist of letters"));
    EXPECT_THAT(why(R"({"roles": ["a"]})"), HasSubstr("'roles[0].name' is not a string"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}], "edges": [{"from": "a", "to": "a"}]})"), HasSubstr("to itself"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"},)"), HasSubstr("truncated"));
    EXPECT_THAT(why(R"({"roles": {"name": "a"}})"), HasSubstr("it has no array 'roles'"));
    EXPECT_THAT(why(R"({"roles": [{"name": 5}]})"), HasSubstr("'roles[0].name' is not a string"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "b", "pinned": 1.5}]})"),
                HasSubstr("'roles[1].pinned' is not a whole number of 0 or more"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a", "package": 4294967296}]})"),
                HasSubstr("'roles[0].package' is not a whole number of 0 or more"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "b"}], "edges": [{"from": "a", "to": "b"},
                       {"from": "b", "to": "a", "items_per_s": -1}]})"),
                HasSubstr("'edges[1].items_per_s' is not a number of 0 or more"));
    EXPECT_THAT(why(R"({"roles": [{"name": "a"}, {"name": "b"}], "edges": [{"from": "a", "to": "b"},
                       {"from": "a", "to": "b"}]})"),
                HasSubstr("edge 'a->b' is given twice"));
    EXPECT_THAT(why("{]"), HasSubstr("it is not valid JSON from byte 2 on"));
    EXPECT_THAT(why("{"), HasSubstr("it ends unexpectedly at byte 1: it is truncated"));
    EXPECT_EQ(why(R"({"roles": []})"), "") << "that is for plan() to refuse";
}

TEST(role_file, may_omit_optional_keys_or_set_them_to_false_or_null) {
    const temporary_file file(R"({"roles": [{"name": "a", "quiet": false, "smt_ok": null, "pinned": 4294967295},
        {"name": "b", "smt_ok": true, "package": 7, "pu": 1, "isolated": true, "noise_ns": 2, "noise_assumed": true}],
        "edges": [{"from": "b", "to": "a", "items_per_s": 0}, {"from": "a", "to": "b", "items_per_s": 0.5}]})");
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
    EXPECT_EQ(asked.edges[1].items_per_s, 0.5);
}

}  // namespace
