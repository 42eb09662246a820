// SPDX-License-Identifier: MIT
//
// Histograms for Prometheus.
#include <weir/histogram_text.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

// A value in each place that matters: on a bound and one above it, below the first, at the highest value and beyond.
weir::histogram of_chosen_values() {
    weir::histogram h(64, 1);
    h.record(0, 2);
    h.record(15, 3);
    h.record(16, 5);
    h.record(31, 7);
    h.record(32, 11);
    h.record(64, 13);
    h.record(1'000'000'000, 17);
    return h;
}

TEST(histogram_text, is_a_line_for_people) {
    EXPECT_EQ(
        to_text(of_chosen_values(), "ns"),
        "58 values: p50 67 ns, p90 67 ns, p99 1000000000 ns, p99.9 1000000000 ns, max 1000000000 ns, mean 293103475 ns; 17 above 64 ns");
    EXPECT_EQ(to_text(weir::histogram(64, 1), "ns"), "no values");
    weir::histogram steps(1000);
    for (std::uint64_t value = 1; value <= 1000; ++value) steps.record(value);
    EXPECT_EQ(to_text(steps), "1000 values: p50 500, p90 900, p99 990, p99.9 999, max 1000, mean 501");
    weir::histogram one(10);
    one.record(7);
    EXPECT_EQ(to_text(one), "1 value: p50 7, p90 7, p99 7, p99.9 7, max 7, mean 7");
}

TEST(histogram_text, has_a_histogram_in_cumulative_buckets_of_seconds) {
    const weir::histogram h = of_chosen_values();
    EXPECT_EQ(weir::to_prometheus({.name = "latency_seconds", .help = "Of it.", .from = 16, .bounds_a_doubling = 1},
                                  {{{{"policy", "a\"b"}, {"venue", "X"}}, &h}, {{}, &h}}),
              R"(# HELP latency_seconds Of it.
# TYPE latency_seconds histogram
latency_seconds_bucket{policy="a\"b",venue="X",le="0.000000015"} 5
latency_seconds_bucket{policy="a\"b",venue="X",le="0.000000031"} 17
latency_seconds_bucket{policy="a\"b",venue="X",le="0.000000063"} 28
latency_seconds_bucket{policy="a\"b",venue="X",le="+Inf"} 58
latency_seconds_sum{policy="a\"b",venue="X"} 17.000001526
latency_seconds_count{policy="a\"b",venue="X"} 58
latency_seconds_bucket{le="0.000000015"} 5
latency_seconds_bucket{le="0.000000031"} 17
latency_seconds_bucket{le="0.000000063"} 28
latency_seconds_bucket{le="+Inf"} 58
latency_seconds_sum 17.000001526
latency_seconds_count 58
)");
}

TEST(histogram_text, has_a_histogram_of_other_units_as_it_is) {
    weir::histogram h(20, 1);
    h.record(9, 2);
    EXPECT_EQ(weir::to_prometheus({"size_bytes", "Of it.", weir::exported_unit::as_is, 9, 2}, {{{}, &h}}),
              "# HELP size_bytes Of it.\n# TYPE size_bytes histogram\n"
              "size_bytes_bucket{le=\"7\"} 0\nsize_bytes_bucket{le=\"11\"} 2\nsize_bytes_bucket{le=\"15\"} 2\n"
              "size_bytes_bucket{le=\"+Inf\"} 2\nsize_bytes_sum 18\nsize_bytes_count 2\n");
}

// A bound in the middle of a bucket would count values on its wrong side.
TEST(histogram_text, counts_exactly_up_to_every_bound_of_a_histogram) {
    for (const unsigned digits : {1U, 2U, 3U, 5U}) {
        weir::histogram h(100'000, digits);
        std::map<std::uint64_t, std::uint64_t> recorded;
        for (std::uint64_t power = 4; power < 200'000; power *= 2) {
            for (std::uint64_t quarter = 4; quarter < 8; ++quarter) {
                for (std::uint64_t value = power / 4 * quarter - 1; value < power / 4 * quarter + 2; ++value) {
                    h.record(value);
                    ++recorded[value];
                }
            }
        }
        std::istringstream page(
            weir::to_prometheus({"size_bytes", "Of it.", weir::exported_unit::as_is, 4, 4}, {{{}, &h}}));
        unsigned bounds = 0;
        for (std::string line; std::getline(page, line);) {
            const std::string before = "size_bytes_bucket{le=\"";
            if (!line.starts_with(before) || line.find("+Inf") != std::string::npos) continue;
            const std::uint64_t bound = std::stoull(line.substr(before.size()));
            std::uint64_t expected = 0;
            for (const auto& [value, times] : recorded) expected += value <= bound ? times : 0;
            EXPECT_EQ(std::stoull(line.substr(line.find('}') + 1)), expected) << line << ", digits " << digits;
            ++bounds;
        }
        EXPECT_EQ(bounds, 59U) << "four a doubling, from 3 to the last below 100,000";
    }
}

TEST(histogram_text, has_any_text_for_help_and_labels) {
    const weir::histogram h(20, 1);
    const std::string page = weir::to_prometheus({.name = "n_seconds", .help = "a\\b\n\"c\" \xff", .from = 4},
                                                 {{{{"venue", "\xfe\n\""}}, &h}});
    EXPECT_EQ(page.substr(0, page.find("# TYPE")), "# HELP n_seconds a\\\\b\\n\"c\" \xef\xbf\xbd\n");
    EXPECT_NE(page.find("n_seconds_count{venue=\"\xef\xbf\xbd\\n\\\"\"} 0\n"), std::string::npos) << page;
}

TEST(histogram_text, has_bounds_up_to_the_largest_highest_value_there_is) {
    const weir::histogram h(std::numeric_limits<std::uint64_t>::max(), 1);
    const std::string page = weir::to_prometheus({"n", "Of it.", weir::exported_unit::as_is, 4, 4}, {{{}, &h}});
    EXPECT_NE(page.find("n_bucket{le=\"16140901064495857663\"} 0\nn_bucket{le=\"+Inf\"} 0\nn_sum 0\nn_count 0\n"),
              std::string::npos)
        << page;
}

#if defined(__cpp_exceptions)
TEST(histogram_text, refuses_bounds_that_no_histogram_has) {
    const weir::histogram h(64, 1);
    EXPECT_THROW((void)weir::to_prometheus({"n", "Of it.", weir::exported_unit::as_is, 3}, {{{}, &h}}),
                 std::invalid_argument);
    EXPECT_THROW((void)weir::to_prometheus({"n", "Of it.", weir::exported_unit::as_is, 4, 3}, {{{}, &h}}),
                 std::invalid_argument);
}
#endif

}  // namespace
