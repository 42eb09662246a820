// SPDX-License-Identifier: MIT
//
// The JSON of `weir matrix` and `weir jitter` can be read back by them and by plans.
#include "tools/common/matrix_data.hpp"
#include "tools/jitter/data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include <nlohmann/json.hpp>

namespace {

using testing::AllOf;
using testing::HasSubstr;
using weir::distance;
using namespace weir::tool;
using json = nlohmann::ordered_json;

matrix_data example() {
    matrix_data matrix;
    matrix.machine = {weir::topology::synthetic("package:2 core:1 pu:1").to_xml(), "a <CPU> & \"more\"", "2p-2c-2t-00",
                      "KVM", "1"};
    matrix.pus = {0, 1};
    const pair_class across{distance::cross_package, false, 1, std::nullopt};
    matrix.pairs = {{.from = 0,
                     .to = 1,
                     .kind = across,
                     .one_way_ns = {60.5, 120, 4000},
                     .q1_ns = 58,
                     .q3_ns = 64.25,
                     .items_per_s = 1.5e8,
                     .rounds = 21,
                     .dropped = 3,
                     .measured = true,
                     .steady = true,
                     .from_clocks = true,
                     .clock_offset_ns = -3.5,
                     .line_roundtrip_ns = 118,
                     .stream_words_per_s = 1e9,
                     .involuntary_switches = 2,
                     .migrations = 1},
                    {.from = 1, .to = 0, .kind = across, .one_way_ns = {60, 120, 4000}, .items_per_s = 1.5e8}};
    matrix.classes = {{across, {60.5, 120, 4000}, 1.5e8, 1}};
    return matrix;
}

std::string sentence(const std::function<void()>& act) {
    try {
        act();
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

TEST(matrix_json, is_read_back_as_it_was_written) {
    const auto written = to_json(example());
    EXPECT_EQ(to_json(matrix_from_json(written)), written);
    EXPECT_EQ(to_json(read_matrix(written.dump(), "m.json")), written);
    const auto read = matrix_from_json(written);
    ASSERT_NE(read.find(0, 1), nullptr);
    EXPECT_EQ(read.find(0, 1)->kind, example().pairs[0].kind);
    EXPECT_EQ(read.find(0, 1)->one_way_ns.p99_9, 4000);
    EXPECT_EQ(read.find(1, 1), nullptr);
    EXPECT_EQ(weir::topology::from_xml(read.machine.topology_xml, "m.json").packages().size(), 2U);
}

TEST(matrix_json, has_the_keys_that_plans_are_made_from) {
    const auto all = to_json(example());
    EXPECT_EQ(all["schema_version"], 1);
    EXPECT_EQ(all["kind"], "weir matrix");
    for (const auto* key : {"topology_xml", "cpu_model", "fingerprint"})
        EXPECT_TRUE(all["machine"].contains(key)) << key;
    EXPECT_EQ(all["pus"], json::array({0, 1}));
    const auto& pair = all["pairs"][0];
    for (const auto* key : {"from", "to", "distance", "q1_ns", "q3_ns", "items_per_s", "rounds", "dropped", "measured"})
        EXPECT_TRUE(pair.contains(key)) << key;
    EXPECT_EQ(pair["distance"], "cross-package");
    for (const auto& of : {pair["one_way_ns"], all["classes"][0]["one_way_ns"]})
        EXPECT_EQ(of, json({{"p50", 60.5}, {"p99", 120.0}, {"p99_9", 4000.0}}));
    for (const auto* key : {"distance", "items_per_s", "pairs_measured"})
        EXPECT_TRUE(all["classes"][0].contains(key)) << key;
}

TEST(matrix_json, may_have_less_and_more_than_this_version_writes) {
    auto all = to_json(example());
    all["pairs"] = json::array({{{"from", 0},
                                 {"to", 1},
                                 {"distance", "smt"},
                                 {"one_way_ns", {{"p50", 20}, {"p99", 30}, {"p99_9", 40}}},
                                 {"items_per_s", 1e8},
                                 {"a key from the future", {1, 2}}}});
    const auto read = matrix_from_json(all);
    EXPECT_EQ(read.pairs[0].kind, (pair_class{distance::smt, true, std::nullopt, std::nullopt}));
    EXPECT_FALSE(read.pairs[0].measured);
}

TEST(matrix_json, names_the_key_of_an_invalid_value) {
    const auto why = [](const char* pointer, const json& value) {
        auto all = to_json(example());
        all[json::json_pointer(pointer)] = value;
        return sentence([&] { static_cast<void>(read_matrix(all.dump(), "m.json")); });
    };
    EXPECT_EQ(why("/schema_version", 2),
              "'m.json': its schema_version is 2, but this program reads 1; save one with 'weir matrix --json'");
    EXPECT_THAT(why("/kind", "weir jitter"), HasSubstr("it is not a result of 'weir matrix --json'"));
    EXPECT_THAT(why("/pus", 3), HasSubstr("\"pus\" is missing or is not a list"));
    EXPECT_THAT(why("/pus/0", -1), HasSubstr("\"pus\" is missing or is not a whole number"));
    EXPECT_THAT(why("/pairs/0/from", 4294967296U), HasSubstr("\"from\" is missing or is not a whole number below"));
    EXPECT_THAT(why("/pairs/0/distance", "far"),
                HasSubstr("\"distance\": \"far\" is not a distance; use same-pu, smt"));
    EXPECT_THAT(why("/pairs/0/one_way_ns", nullptr), HasSubstr("\"one_way_ns\" is missing or is not an object"));
    EXPECT_THAT(why("/pairs/1/one_way_ns/p99_9", "fast"), HasSubstr("\"p99_9\" is missing or is not a number"));
    EXPECT_THAT(why("/pairs/1/measured", 1), HasSubstr("\"measured\" is missing or is not true or false"));
    EXPECT_THAT(why("/pairs/1", 1), HasSubstr("\"from\" is missing"));
    EXPECT_THAT(why("/machine/cpu_model", 7), HasSubstr("\"cpu_model\" is missing or is not a string"));
    EXPECT_EQ(sentence([] { static_cast<void>(read_matrix("{\"kind\":", "m.json")); }),
              "'m.json' is not JSON; save one with 'weir matrix --json'");
    for (const auto* text : {"7", "[]", "{}", "\"weir matrix\"", "null"})
        EXPECT_THAT(sentence([&] { static_cast<void>(read_matrix(text, "m.json")); }),
                    HasSubstr("it is not a result of"));
}

TEST(jitter_json, is_read_back_as_it_was_written) {
    jitter_data jitter{{"2p-2c-2t-00", "2 cores"}, 2.5, 1000, true, {}};
    jitter.pus.push_back({.pu = 3,
                          .gaps_per_s = 250.5,
                          .worst_gap_ns = 4e6,
                          .p50_gap_ns = 1800,
                          .p99_9_gap_ns = 9e5,
                          .stolen_ppm = 1234.5,
                          .steal_ms = 20,
                          .interrupts = 625,
                          .involuntary_switches = 4,
                          .migrations = 1,
                          .seconds = 2.501,
                          .gaps = {{1000, 2000, 600}, {2000, 4000, 25}},
                          .by_interrupt = {{"LOC Local timer interrupts", 620}}});
    const auto written = to_json(jitter);
    EXPECT_EQ(to_json(jitter_from_json(written)), written);
    for (const auto* key : {"pu", "gaps_per_s", "worst_gap_ns", "p50_gap_ns", "p99_9_gap_ns", "stolen_ppm", "steal_ms",
                            "interrupts", "involuntary_switches", "migrations"})
        EXPECT_TRUE(written["pus"][0].contains(key)) << key;
    EXPECT_EQ(written["kind"], "weir jitter");
    EXPECT_EQ(jitter_from_json(written).machine.fingerprint, "2p-2c-2t-00");
    jitter.machine = {};
    EXPECT_TRUE(to_json(jitter)["machine"].is_null());
    EXPECT_EQ(jitter_from_json(to_json(jitter)).machine.summary, "");
    EXPECT_THAT(sentence([] { static_cast<void>(read_jitter("{}", "j.json")); }),
                AllOf(HasSubstr("'j.json'"), HasSubstr("it is not a result of 'weir jitter --json'")));
}

}  // namespace
