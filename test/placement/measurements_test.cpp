// SPDX-License-Identifier: MIT
//
// Measurements written by `weir matrix` and `weir jitter`, read back through the public interface, and errors for
// damaged files and files of other machines.
#include <weir/measurements.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/temporary_file.hpp"

#include <string>
#include <tuple>

namespace {

using testing::HasSubstr;
using weir::distance;
using weir::measurements;
using weir::placement_error;
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

TEST(measurements_file, of_a_matrix_has_costs_of_pairs_and_classes_and_rates) {
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

TEST(measurements_file, keeps_the_two_directions_of_a_pair_apart) {
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

TEST(measurements_file, of_several_rows_of_a_class_uses_the_most_expensive) {
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

TEST(measurements_file, never_has_a_p99_below_its_p50) {
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

TEST(measurements_file, may_lack_classes_and_adds_to_files_loaded_before) {
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

TEST(assumed_costs, grow_with_distance_and_p99_exceeds_p50) {
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

TEST(measurements_file, that_is_damaged_or_of_another_machine_is_refused_with_a_sentence) {
    const auto why = [](const std::string& text) {
        const temporary_file file(text);
        measurements read;
        return sentence([&] { read.load_matrix(file.path(), machine()); });
    };
    EXPECT_EQ(why(matrix_text()), "");
    EXPECT_THAT(why(matrix_text("2p-1c-1t-0")), HasSubstr("it is for another machine, 2p-1c-1t-0"));
    EXPECT_THAT(why(matrix_text().substr(0, 300)), HasSubstr("truncated"));
    EXPECT_THAT(why(with(matrix_text(), "\"from\": 0", "\"from\": 99")), HasSubstr("PU 99, which does not exist"));
    EXPECT_THAT(why(with(matrix_text(), "\"p50\": 61", "\"p50\": \"61\"")), HasSubstr("is not a number of 0 or more"));
    EXPECT_THAT(why(with(matrix_text(), "\"p50\": 61", "\"p50\": 1e999")), HasSubstr("is too large"));
    EXPECT_EQ(why(with(matrix_text(), "\"p99\": 90", "\"p99\": 9")), "") << "rounds and items are counted apart";
    EXPECT_THAT(why(with(matrix_text(), "[{\"distance\": \"same-l3\"", "[{\"distance\": \"far\"")),
                HasSubstr("'far', which is not a distance"));
    EXPECT_THAT(why(R"({"schema_version": 1, "kind": "weir jitter", "pus": []})"),
                HasSubstr("it is not a 'weir matrix'"));
    EXPECT_THAT(why(R"({"schema_version": 1, "kind": 5, "pus": []})"), HasSubstr("it is not a 'weir matrix'; make"));
    EXPECT_THAT(why(with(matrix_text(), "\"fingerprint\"", "\"thumb\"")), HasSubstr("does not name its machine"));
    EXPECT_THAT(why(with(matrix_text(), "\"to\": 2", "\"to\": 8")),
                HasSubstr("'pairs[1].to' is PU 8, which does not exist in 'pack:2 l3:1 core:4 pu:1'"));
    EXPECT_THAT(why(with(matrix_text(), "\"p50\": 70, ", "")), HasSubstr("'pairs[2].one_way_ns.p50' is missing"));
    EXPECT_THAT(why(with(matrix_text(), "\"p99\": 95, ", "")), HasSubstr("'classes[0].one_way_ns.p99' is missing"));
    EXPECT_THAT(why(with(matrix_text(), "\"p99\": 95, ", "\"p99\": -1, ")), HasSubstr("is not a number of 0 or more"));
    EXPECT_EQ(sentence([] { measurements().load_matrix("/no/such/file", machine()); }),
              "cannot read matrix file '/no/such/file': No such file or directory; make it again with 'weir matrix "
              "--json' on the target machine");
}

TEST(measurements_file, of_jitter_that_is_damaged_or_of_another_machine_is_refused_with_a_sentence) {
    const auto why = [](const std::string& print, const std::string& kind, const std::string& pu) {
        const temporary_file file(R"({"schema_version": 1, "kind": ")" + kind + R"(", "machine": {"fingerprint": )" +
                                  print + R"(}, "pus": [{"pu": 1, "p99_9_gap_ns": 5, "stolen_ppm": 7}, {"pu": )" + pu +
                                  R"(, "p99_9_gap_ns": 5, "stolen_ppm": 7}]})");
        measurements read;
        return sentence([&] { read.load_jitter(file.path(), machine()); });
    };
    const auto own = "\"" + fingerprint(machine()) + "\"";
    EXPECT_EQ(why(own, "weir jitter", "7"), "");
    EXPECT_EQ(why("null", "weir jitter", "7"), "") << "older files do not say";
    EXPECT_EQ(why("5", "weir jitter", "7"), "");
    EXPECT_THAT(why("\"2p-1c-1t-0\"", "weir jitter", "7"),
                HasSubstr("it is for another machine, 2p-1c-1t-0; 'pack:2 l3:1 core:4 pu:1' is 2p-8c-8t-"));
    EXPECT_THAT(why(own, "weir matrix", "7"), HasSubstr("it is not a 'weir jitter' but a 'weir matrix'"));
    EXPECT_THAT(why(own, "weir jitter", "8"), HasSubstr("'pus[1].pu' is PU 8, which does not exist in"));
}

TEST(measurements_file, uses_the_kernels_pu_numbers) {
    const auto on = topology::synthetic("core:2 pu:2(indexes=0,6,2,9)");
    const auto text = [&](const char* to) {
        return R"({"schema_version": 1, "kind": "weir matrix", "machine": {"fingerprint": ")" + fingerprint(on) +
               R"("}, "pairs": [{"from": 6, "to": )" + to +
               R"(, "one_way_ns": {"p50": 61, "p99": 90}, "measured": null}]})";
    };
    const temporary_file there(text("9"));
    const temporary_file not_there(text("3"));
    measurements read;
    read.load_matrix(there.path(), on);
    EXPECT_EQ(read.cost(on, 6, 9).cost.p50_ns, 61);
    EXPECT_EQ(read.cost(on, 6, 9).source, weir::cost_source::measured);
    EXPECT_THAT(sentence([&] { read.load_matrix(not_there.path(), on); }), HasSubstr("PU 3, which does not exist"));
}

}  // namespace
