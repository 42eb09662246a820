// SPDX-License-Identifier: MIT
//
// The output of `weir pressure` for made-up results. All figures are different.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/support/fake_gnuplot.hpp"
#include "test/support/golden.hpp"
#include "tools/pressure/pressure.hpp"
#include "tools/pressure/watch.hpp"

namespace {

using namespace weir::tool::pressure;
using nlohmann::ordered_json;
using weir_test::expect_golden;

std::vector<outcome> made_up_outcomes() {
    std::vector<outcome> all;
    double number = 0.5;
    const auto next = [&] { return number += 1.0625; };
    const auto whole = [&] { return static_cast<std::uint64_t>(16 * next()); };
    for (const auto policy : policy_names()) {
        outcome seen;
        seen.policy = policy;
        for (const auto& one : predict({}, policy).figures)
            seen.figures.push_back({one.key, one.value * (policy == "block" ? 1.2 : 1.05)});
        seen.figures.push_back({"delay_p50_ms", next()});
        seen.figures.push_back({"delay_p99_ms", next()});
        if (policy == "sample") seen.figures.clear();
        account so_far;
        for (int i = 0; i != 9; ++i) {
            so_far.offered += 1000 + 10 * whole();
            so_far.refused += whole();
            so_far.delivered += whole();
            so_far.lost_newest += whole();
            so_far.lost_oldest += whole();
            so_far.lost_sampled += whole();
            so_far.lost_lowest += whole();
            so_far.lost_late += whole();
            so_far.queued = so_far.offered - so_far.refused - so_far.delivered - so_far.lost();
            seen.samples.push_back({1.5 * i, so_far, next(), next(), next(), next(), 4096 * whole()});
        }
        if (policy == "codel") seen.samples.clear();
        seen.percentiles = {{50, next(), next()}, {99, next(), next()}, {100, next(), next()}};
        seen.goodput = {{20'000, 1000 * next()}, {60'000, 1000 * next()}};
        seen.ledger = so_far;
        seen.exact = policy != "reject";
        if (policy == "drop_oldest") seen.not_held = "the machine was too slow";
        all.push_back(std::move(seen));
    }
    return all;
}

TEST(written, has_each_figure_under_its_key) {
    auto all = ordered_json::parse(as_json({}, made_up_outcomes()));
    all.erase("weir_version");
    all.erase("environment");
    expect_golden("pressure.json", all.dump(1) + "\n");
}

TEST(written, is_utf8_whatever_a_text_is) {
    auto outcomes = made_up_outcomes();
    outcomes[0].not_held = "a \xff machine";
    EXPECT_EQ(ordered_json::parse(as_json({}, outcomes))["policies"][0]["rates_not_held"], "a \xef\xbf\xbd machine");
}

TEST(written, has_each_figure_under_its_heading) {
    expect_golden("pressure.txt", as_table({}, made_up_outcomes()));
    conditions slow;
    slow.burst_per_s = 30'000;
    expect_golden("pressure_without_predictions.txt", as_table(slow, {}));
}

class page : public weir_test::with_fake_gnuplot {};

TEST_F(page, has_each_figure_in_its_picture_and_table) {
    auto run = ordered_json::parse(as_json({}, made_up_outcomes()));
    run["environment"] = {{"date", "a day"}, {"kernel", "6.7"}, {"pus", 3}, {"assertions", false}};
    expect_golden("pressure.html", body_of(as_html(run.dump())));
}

// A saved run may be of another person. The pictures have its names in them, as parts of their ids.
TEST_F(page, takes_no_markup_from_the_name_of_a_policy) {
    std::ofstream("gnuplot") << R"(#!/bin/sh
sed -n "s/^set output '\(.*\)'/\1/p" "$1" | while read file; do
    echo "<svg viewBox=\"0 0 1 2\"><path id='gp1'/></svg>" > "$file"
done
)";
    auto run = ordered_json::parse(as_json({}, made_up_outcomes()));
    run["environment"] = {{"date", "a day"}, {"kernel", "6.7"}, {"pus", 3}, {"assertions", false}};
    run["policies"][0]["name"] = "a' onload='b$0<i>c\"";
    const auto html = as_html(run.dump());
    EXPECT_NE(html.find("id='a&#39; onload=&#39;b$0&lt;i&gt;c&quot;"), std::string::npos);
    EXPECT_EQ(html.find("id='a' "), std::string::npos);
    EXPECT_EQ(html.find("<i>c"), std::string::npos);
    EXPECT_EQ(html.find("c\""), std::string::npos);
}

TEST(words, of_values_turn_at_powers_of_ten) {
    const std::pair<double, const char*> rates[] = {{9'999, "9999/s"},       {1e4, "10.0k/s"}, {999'900, "999.9k/s"},
                                                    {1e6, "1M/s"},           {-2e6, "-2M/s"},  {-2e4, "-20.0k/s"},
                                                    {1'234'567, "1.235M/s"}, {0, "0/s"}};
    for (const auto& [value, words] : rates) EXPECT_EQ(with_unit("x_per_s", value), words);
    const std::pair<double, const char*> times[] = {
        {100, "100 s"},        {99.94, "99.9 s"},  {1, "1 s"},   {0.9994, "999 ms"}, {1e-3, "1 ms"},
        {0.9994e-3, "999 us"}, {-150.4, "-150 s"}, {-2, "-2 s"}, {-0.002, "-2 ms"},  {1234.5, "1234 s"}};
    for (const auto& [value, words] : times) {
        EXPECT_EQ(with_unit("x_s", value), words);
        EXPECT_EQ(with_unit("x_ms", value * 1e3), words);
    }
    EXPECT_EQ(with_unit("x_share", 0.123456), "12.35 %");
    EXPECT_EQ(with_unit("x_bytes", -2048), "-2 KiB");
    EXPECT_EQ(with_unit("x", 1.23456), "1.235");
}

// ---- Progress output

/// One sample every tenth of a second from 0 to 4 s, with a burst from 1 to 3 s.
std::unique_ptr<board> made_up_board() {
    auto run = std::make_unique<board>();
    account so_far;
    for (int i = 0; i <= 40; ++i) {
        so_far.offered += static_cast<std::uint64_t>(10 * i);
        so_far.delivered += static_cast<std::uint64_t>(7 * i);
        so_far.refused += static_cast<std::uint64_t>(i / 4);
        so_far.lost_late += static_cast<std::uint64_t>(i / 3);
        so_far.queued = static_cast<std::uint64_t>(i * (45 - i));
        run->samples[static_cast<std::size_t>(i)] = {0.1 * i, so_far, 1.0 + i, 100.0 - i, 150.0 + i, 200.0 + i, 4096};
    }
    return run;
}

std::string shown(const screen& where, const std::vector<std::size_t>& looks, std::size_t which, std::size_t of) {
    const auto run = made_up_board();
    watcher watching(where, {{}, 1.5e9, 1e9, 3e9, 9e9, 1e9, 1}, "reject", which, of);
    testing::internal::CaptureStderr();
    watching.look(*run);
    for (const auto ready : looks) {
        run->samples_ready.store(ready, weir::detail::relaxed);
        watching.look(*run);
    }
    watching.end(*run);
    return testing::internal::GetCapturedStderr();
}

TEST(watcher, tells_the_end_of_each_phase_where_it_cannot_redraw) {
    expect_golden("pressure_watched.txt", shown({}, {3, 10, 11, 25, 36, 41}, 2, 5));
    expect_golden("pressure_watched_at_once.txt", shown({}, {41}, 1, 1));
    EXPECT_EQ(shown({}, {}, 1, 1), "");
}

TEST(watcher, draws_depth_over_time_on_a_terminal) {
    expect_golden("pressure_drawn.txt", shown({.redraws = true, .colours = false, .columns = 40}, {5, 41}, 1, 1));
    expect_golden("pressure_drawn_in_colours.txt",
                  shown({.redraws = true, .colours = true, .columns = 90}, {41}, 3, 4));
}

/// The progress shown after these samples, with a burst from 1 to 3 s.
std::string told(const std::vector<sample>& looks) {
    const auto run = std::make_unique<board>();
    std::copy(looks.begin(), looks.end(), run->samples.begin());
    run->samples_ready.store(looks.size(), weir::detail::relaxed);
    watcher watching({}, {{}, 1.5e9, 1e9, 3e9, 9e9, 1e9, 1}, "reject", 1, 1);
    testing::internal::CaptureStderr();
    watching.end(*run);
    return testing::internal::GetCapturedStderr();
}

sample look_at(double at_s, const account& so_far, double sojourn_p99_ms, double delay_p99_ms) {
    return {at_s, so_far, 1, sojourn_p99_ms, 1, delay_p99_ms, 4096};
}

TEST(watcher, tells_rates_and_loss_of_the_last_half_second) {
    const auto so_far = [](std::uint64_t offered, std::uint64_t refused, std::uint64_t late, std::uint64_t delivered) {
        account a;
        a.offered = offered;
        a.refused = refused;
        a.lost_late = late;
        a.delivered = delivered;
        a.queued = offered - refused - late - delivered;
        return a;
    };
    EXPECT_EQ(
        told({look_at(2, so_far(1000, 1, 2, 500), 90, 95), look_at(2.25, so_far(1100, 10, 20, 600), 80, 85),
              look_at(2.5, so_far(1300, 15, 27, 760), 7, 8), look_at(2.75, so_far(1600, 40, 40, 900), 6, 9)}),
        "reject: burst to 2.8 s: depth 620, source 1000/s, sink 600/s, lost 10.0 %, p99 80 ms in the queue, 85 ms in "
        "all\n");
    EXPECT_EQ(told({look_at(2, so_far(1000, 1, 2, 500), 0, 0), look_at(2.25, so_far(1000, 9, 2, 500), 0, 3)}),
              "reject: burst to 2.2 s: depth 489, source 0/s, sink 0/s, lost 0.0 %, p99 - in the queue, 3 ms in all\n")
        << "nothing was offered";
}

TEST(watcher, tells_nothing_of_a_phase_from_the_one_before) {
    account before, after;
    before.offered = before.queued = 100;
    after.offered = after.queued = 300;
    EXPECT_EQ(
        told({look_at(0.875, before, 50, 60), look_at(1, after, 7, 9)}),
        "reject: calm to 0.9 s: depth 100, source 0/s, sink 0/s, lost 0.0 %, p99 50 ms in the queue, 60 ms in all\n"
        "reject: burst to 1.0 s: depth 300, source 0/s, sink 0/s, lost 0.0 %, p99 7 ms in the queue, 9 ms in all\n");
    EXPECT_EQ(told({look_at(3, after, 7, 9)}),
              "reject: recovery to 3.0 s: depth 300, source 0/s, sink 0/s, lost 0.0 %, p99 7 ms in the queue, 9 ms in "
              "all\n")
        << "none was seen of the others";
}

TEST(watcher, draws_what_fits_and_is_bright_where_something_is_lost) {
    const auto drawn = [](const std::vector<sample>& looks, bool colours) {
        const auto run = std::make_unique<board>();
        std::copy(looks.begin(), looks.end(), run->samples.begin());
        run->samples_ready.store(looks.size(), weir::detail::relaxed);
        const screen narrow{.redraws = true, .colours = colours, .columns = 25};
        watcher watching(narrow, {{}, 1.5e9, 1e9, 3e9, 9e9, 1e9, 1}, "reject", 1, 1);
        testing::internal::CaptureStderr();
        watching.look(*run);
        return testing::internal::GetCapturedStderr();
    };
    std::vector<sample> looks;
    for (int i = 0; i != 9; ++i) {
        account a;
        a.offered = a.delivered = static_cast<std::uint64_t>(i);
        a.queued = i == 8 ? 1 : 0;
        looks.push_back(look_at(0.5 * i, a, 1, 0));
    }
    EXPECT_EQ(
        drawn(looks, false),
        "\x1b[2Kreject  recovery, 4.0 s\n\x1b[2K  depth   1                █\n\x1b[2K  source  2/s       sink 2/s       "
        "lost 0.0 %\n\x1b[2K  p99     1 ms      in the queue, - from the due time\n");
    EXPECT_THAT(drawn(looks, true), testing::HasSubstr("lost 0.0 %\n"));
    looks.back().so_far.lost_newest = 1;
    EXPECT_THAT(drawn(looks, true), testing::HasSubstr("lost \x1b[1;36m100.0 %\x1b[0m\n"));
}

}  // namespace
