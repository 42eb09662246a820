// SPDX-License-Identifier: MIT
#include <weir/histogram.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using weir::histogram;

/// What a histogram approximates: the smallest recorded value that `percentile` per cent do not exceed.
std::uint64_t exact_percentile(std::vector<std::uint64_t> values, double percentile) {
    std::sort(values.begin(), values.end());
    // In millionths, which every percentile here is whole in.
    const auto millionths = static_cast<std::size_t>(std::llround(percentile * 1e4));
    const std::size_t rank = (millionths * values.size() + 999'999) / 1'000'000;
    return values[std::max<std::size_t>(rank, 1) - 1];
}

TEST(histogram, an_empty_one_answers_zero) {
    const histogram h{1000};
    EXPECT_EQ(h.count(), 0U);
    EXPECT_EQ(h.min(), 0U);
    EXPECT_EQ(h.max(), 0U);
    EXPECT_EQ(h.percentile(50), 0U);
    EXPECT_EQ(h.mean(), 0.0);
    h.for_each_bucket([](const histogram::bucket&) { ADD_FAILURE() << "there is no bucket to visit"; });
}

TEST(histogram, a_percentile_outside_of_0_to_100_is_the_nearest_within) {
    histogram h{1000};
    for (std::uint64_t value = 3; value <= 900; ++value) h.record(value);
    EXPECT_EQ(h.percentile(1e300), h.max());
    EXPECT_EQ(h.percentile(std::numeric_limits<double>::infinity()), h.max());
    EXPECT_EQ(h.percentile(-1), h.percentile(0));
}

TEST(histogram, a_value_that_is_recorded_no_times_leaves_no_trace) {
    histogram h{1000};
    h.record(70);
    h.record(3, 0);
    h.record(5000, 0);
    EXPECT_EQ(h.count(), 1U);
    EXPECT_EQ(h.min(), 70U);
    EXPECT_EQ(h.max(), 70U);
    EXPECT_EQ(h.clamped(), 0U);
}

TEST(histogram, small_values_are_counted_exactly) {
    histogram h{1'000'000, 3};
    for (std::uint64_t value = 0; value <= 2000; ++value) {
        h.record(value);
    }
    EXPECT_EQ(h.percentile(0), 0U);
    EXPECT_EQ(h.percentile(50), 1000U);
    EXPECT_EQ(h.percentile(100), 2000U);
    EXPECT_DOUBLE_EQ(h.mean(), 1000.0);
}

TEST(histogram, a_percentile_is_the_least_value_that_so_many_do_not_exceed) {
    histogram h{1000, 3};
    for (std::uint64_t value = 1; value <= 1000; ++value) {
        h.record(value);
    }
    EXPECT_EQ(h.percentile(0), 1U);
    EXPECT_EQ(h.percentile(0.1), 1U);
    EXPECT_EQ(h.percentile(0.11), 2U);
    EXPECT_EQ(h.percentile(29), 290U);
    EXPECT_EQ(h.percentile(29.01), 291U);
    EXPECT_EQ(h.percentile(57), 570U);
    EXPECT_EQ(h.percentile(99), 990U);
    EXPECT_EQ(h.percentile(99.9), 999U);
    EXPECT_EQ(h.percentile(99.90001), 1000U);
    EXPECT_EQ(h.percentile(99.99), 1000U);
    EXPECT_EQ(h.percentile(100), 1000U);
    EXPECT_EQ(h.percentile(-1), 1U);
    EXPECT_EQ(h.percentile(101), 1000U);
    for (std::uint64_t tenths = 0; tenths <= 1000; ++tenths) {
        EXPECT_EQ(h.percentile(static_cast<double>(tenths) / 10.0), std::max<std::uint64_t>(tenths, 1)) << tenths;
    }
}

// 0 twice, 3 five times, 10 once, 2000 four times.
TEST(histogram, percentiles_of_unequal_counts_lie_at_the_borders_between_them) {
    histogram h{1000, 1};
    h.record(3, 5);
    h.record(2000, 4);
    h.record(0, 2);
    h.record(10);
    h.record(7, 0);
    EXPECT_EQ(h.count(), 12U);
    EXPECT_EQ(h.clamped(), 4U);
    EXPECT_EQ(h.highest(), 1000U);
    EXPECT_EQ(h.min(), 0U);
    EXPECT_EQ(h.max(), 2000U);
    EXPECT_DOUBLE_EQ(h.mean(), (3 * 5 + 2000 * 4 + 10) / 12.0);
    EXPECT_EQ(h.percentile(100.0 * 2 / 12), 0U);
    EXPECT_EQ(h.percentile(100.0 * 2 / 12 + 0.001), 3U);
    EXPECT_EQ(h.percentile(100.0 * 7 / 12), 3U);
    EXPECT_EQ(h.percentile(100.0 * 7 / 12 + 0.001), 10U);
    EXPECT_EQ(h.percentile(100.0 * 8 / 12), 10U);
    EXPECT_GE(h.percentile(100.0 * 8 / 12 + 0.001), 1000U) << "the last bucket has what is above the highest";
    EXPECT_EQ(h.percentile(100), 2000U);
}

// With one digit values below 32 have a bucket each; from there on 16 buckets share each doubling.
TEST(histogram, buckets_begin_and_end_where_they_say) {
    histogram h{200, 1};
    for (std::uint64_t value = 0; value <= 200; ++value) {
        h.record(value, value + 1);
    }
    std::vector<histogram::bucket> seen;
    h.for_each_bucket([&](const histogram::bucket& bucket) { seen.push_back(bucket); });
    std::uint64_t next = 0;
    for (const auto& bucket : seen) {
        EXPECT_EQ(bucket.lowest, next);
        EXPECT_EQ(bucket.highest - bucket.lowest + 1, next < 32 ? 1U : next < 64 ? 2U : next < 128 ? 4U : 8U);
        std::uint64_t count = 0;
        for (std::uint64_t value = bucket.lowest; value <= std::min<std::uint64_t>(bucket.highest, 200); ++value) {
            count += value + 1;
        }
        EXPECT_EQ(bucket.count, count) << bucket.lowest;
        next = bucket.highest + 1;
    }
    EXPECT_EQ(next, 208U);
    EXPECT_EQ(seen.size(), 32U + 16U + 16U + 10U);
    EXPECT_EQ(h.bytes(), seen.size() * sizeof(std::uint64_t));
}

TEST(histogram, the_highest_value_is_not_clamped_and_the_next_one_is) {
    for (const std::uint64_t highest : {1U, 31U, 32U, 63U, 64U, 1000U}) {
        histogram h{highest, 1};
        h.record(highest, 3);
        EXPECT_EQ(h.clamped(), 0U) << highest;
        h.record(highest + 1, 5);
        EXPECT_EQ(h.clamped(), 5U) << highest;
        EXPECT_EQ(h.count(), 8U);
        EXPECT_EQ(h.min(), highest);
        EXPECT_EQ(h.max(), highest + 1);
    }
}

TEST(histogram, minimum_maximum_and_mean_are_exact_at_any_size) {
    histogram h{1'000'000'000'000, 1};
    h.record(123'456'789);
    h.record(999'999'999'999);
    EXPECT_EQ(h.min(), 123'456'789U);
    EXPECT_EQ(h.max(), 999'999'999'999U);
    EXPECT_DOUBLE_EQ(h.mean(), (123'456'789.0 + 999'999'999'999.0) / 2);
    EXPECT_EQ(h.percentile(100), 999'999'999'999U);
}

TEST(histogram, percentiles_keep_the_promised_digits) {
    std::mt19937_64 random{7};
    std::lognormal_distribution<double> latencies{6.0, 3.0};
    for (unsigned digits = 1; digits <= 5; ++digits) {
        histogram h{std::uint64_t{1} << 40U, digits};
        std::vector<std::uint64_t> values;
        for (int i = 0; i != 20'000; ++i) {
            values.push_back(std::min(static_cast<std::uint64_t>(latencies(random)), std::uint64_t{1} << 40U));
            h.record(values.back());
        }
        for (const double percentile : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
            const auto exact = static_cast<double>(exact_percentile(values, percentile));
            const auto seen = static_cast<double>(h.percentile(percentile));
            EXPECT_GE(seen, exact) << digits << " digits, p" << percentile;
            EXPECT_LE(seen - exact, exact * std::pow(10.0, -static_cast<double>(digits)))
                << digits << " digits, p" << percentile;
        }
    }
}

TEST(histogram, every_value_lies_in_its_bucket_and_buckets_do_not_overlap) {
    histogram h{UINT64_MAX, 2};
    std::vector<std::uint64_t> values{0, 1, UINT64_MAX, UINT64_MAX - 1};
    for (unsigned bit = 0; bit != 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        values.insert(values.end(), {power - 1, power, power + 1});
    }
    for (const auto value : values) {
        h.record(value);
    }
    std::uint64_t seen = 0;
    std::uint64_t above_the_last = 0;
    h.for_each_bucket([&](const histogram::bucket& bucket) {
        EXPECT_LE(bucket.lowest, bucket.highest);
        EXPECT_GE(bucket.lowest, above_the_last);
        const auto inside = std::count_if(values.begin(), values.end(), [&](std::uint64_t value) {
            return bucket.lowest <= value && value <= bucket.highest;
        });
        EXPECT_EQ(bucket.count, static_cast<std::uint64_t>(inside)) << bucket.lowest << " to " << bucket.highest;
        seen += bucket.count;
        above_the_last = bucket.highest + 1;
    });
    EXPECT_EQ(seen, values.size());
    EXPECT_EQ(h.percentile(100), UINT64_MAX);
}

TEST(histogram, a_value_above_the_highest_is_counted_and_reported) {
    histogram h{1000};
    h.record(10);
    h.record(5000, 3);
    EXPECT_EQ(h.count(), 4U);
    EXPECT_EQ(h.clamped(), 3U);
    EXPECT_EQ(h.max(), 5000U);
    EXPECT_DOUBLE_EQ(h.mean(), (10.0 + 3 * 5000.0) / 4);
}

TEST(histogram, merging_is_as_if_all_had_been_recorded_in_one) {
    histogram left{1'000'000};
    histogram right{1'000'000};
    histogram both{1'000'000};
    for (std::uint64_t i = 1; i != 5000; ++i) {
        (i % 3 == 0 ? left : right).record(i * i % 1'000'003);
        both.record(i * i % 1'000'003);
    }
    left.merge(right);
    EXPECT_EQ(left.count(), both.count());
    EXPECT_EQ(left.clamped(), both.clamped());
    EXPECT_EQ(left.min(), both.min());
    EXPECT_EQ(left.max(), both.max());
    EXPECT_DOUBLE_EQ(left.mean(), both.mean());
    for (const double percentile : {1.0, 50.0, 99.0, 99.9}) {
        EXPECT_EQ(left.percentile(percentile), both.percentile(percentile));
    }
}

TEST(histogram, merging_takes_over_the_least_value_and_a_reset_forgets_it) {
    histogram h{1000};
    histogram other{1000};
    h.record(9);
    other.record(0);
    h.merge(other);
    EXPECT_EQ(h.percentile(50), 0U);
    EXPECT_EQ(h.min(), 0U);
    h.reset();
    h.record(7);
    EXPECT_EQ(h.min(), 7U);
    EXPECT_EQ(h.percentile(1), 7U);
}

TEST(histogram, reset_forgets_everything) {
    histogram h{1000};
    h.record(2000);
    h.reset();
    EXPECT_EQ(h.count(), 0U);
    EXPECT_EQ(h.clamped(), 0U);
    EXPECT_EQ(h.max(), 0U);
    EXPECT_EQ(h.mean(), 0.0);
    h.for_each_bucket([](const histogram::bucket&) { ADD_FAILURE() << "there is no bucket to visit"; });
    h.record(7);
    EXPECT_EQ(h.mean(), 7.0);
    EXPECT_EQ(h.min(), 7U);
    EXPECT_EQ(h.percentile(50), 7U);
}

TEST(histogram, an_hour_in_nanoseconds_with_three_digits_takes_less_than_300_kilobytes) {
    EXPECT_LT(histogram(3'600'000'000'000, 3).bytes(), 300U * 1024U);
}

#if defined(__cpp_exceptions)

TEST(histogram, impossible_settings_are_refused) {
    EXPECT_THROW(histogram(0), std::invalid_argument);
    EXPECT_THROW(histogram(1000, 0), std::invalid_argument);
    EXPECT_THROW(histogram(1000, 6), std::invalid_argument);
    EXPECT_NO_THROW(histogram(1, 1));
    EXPECT_NO_THROW(histogram(1000, 5));
}

TEST(histogram, merging_what_was_constructed_otherwise_is_refused_and_changes_nothing) {
    histogram h{1000, 2};
    h.record(5);
    histogram other{2000, 2};
    other.record(9);
    EXPECT_THROW(h.merge(other), std::invalid_argument);
    EXPECT_THROW(h.merge(histogram(1000, 3)), std::invalid_argument);
    EXPECT_EQ(h.count(), 1U);
    EXPECT_EQ(h.max(), 5U);
    histogram same{1000, 2};
    same.record(2000, 4);
    EXPECT_NO_THROW(h.merge(same));
    EXPECT_EQ(h.count(), 5U);
    EXPECT_EQ(h.clamped(), 4U);
    EXPECT_EQ(h.min(), 5U);
    EXPECT_EQ(h.max(), 2000U);
    EXPECT_EQ(h.percentile(20), 5U);
    same.merge(histogram(1000, 2));
    EXPECT_EQ(same.min(), 2000U) << "nothing was added";
}

#endif

}  // namespace
