// SPDX-License-Identifier: MIT
//
// What weir-bench prints of a summary that is made up: as tables, and as text for plotters of histograms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "bench/report/hgrm.hpp"
#include "bench/report/table.hpp"
#include "test/support/bench_made_up.hpp"

namespace {

using bench::metric;
using testing::HasSubstr;

TEST(table, has_each_figure_under_its_heading) {
    EXPECT_EQ(bench::table_text(rates()), R"(
throughput/64B   21 rounds, 8 of 43 samples dropped
    floors: line round trip 152 ns (101-203), streaming 1520 M words/s (1010-2030); the register work alone allows 99.0 M items/s
                                  M/s  quartiles     of floor   vs best rival          holds   vs sibling           least/most
  > mine                         32.5  21.5-43.5        0.250     1.50  1.25-1.75        511     2.50  2.25-2.75    0.88  0.94
    theirs                       12.5  11.5-13.5        0.070     1.00  best rival       513                           -  0.50
    waits *                      5.50  0.50-100         0.070     3.50  3.25-3.75        513                           -     -
    gone                     no sample kept: the floors changed during all 63
    wrong                    EXCLUDED: wrong in throughput/64B: why
    * blocks and cannot refuse, so it is never the best rival; mine against it 0.62 (0.50-0.75)
    the machine changed: in 13 rounds with a line round trip near 104 ns, mine against theirs 1.38 (1.12-1.62)
    the machine changed: in 1 round with a line round trip near 260 ns
)");
}

TEST(table, of_latencies_on_a_schedule_has_a_typical_round_and_all_together) {
    EXPECT_EQ(bench::table_text(latencies(true)), R"(
latency/1Mps   1 round, 4 of 5 samples dropped
    floors: line round trip 152 ns (101-203), streaming 1520 M words/s (1010-2030)
                                   typical round, ns |              all rounds
                                 p50     p99   p99.9 |   p99.9  p99.99     max  k msg/s  floors   vs best rival
  > mine                         321  12.3us  2.35ms |   400us  5.00ms  5.00ms      988    2.25     1.50  1.25-1.75
)");
}

TEST(table, of_wake_ups_counts_them) {
    EXPECT_EQ(bench::table_text(latencies(false)), R"(
wakeup   1 round, 4 of 5 samples dropped
    floors: line round trip 152 ns (101-203), streaming 1520 M words/s (1010-2030)
                             round, ns |              all rounds
                                  p50 |     p50     p99     max wake-ups   vs best rival
  > mine                          321 |     100  30.0us  5.00ms     1000     1.50  1.25-1.75
)");
}

TEST(table, names_its_unit_and_what_a_floor_is_to_it) {
    auto all = rates();
    all.rows.resize(1);
    all.rows[0].vs_sibling.reset();
    all.rows[0].producers_fairness.reset();
    all.rows[0].consumers_fairness.reset();
    all.rows[0].value = {0.05, 99.96, 100.4};
    all.unit = metric::ns;
    EXPECT_THAT(
        bench::table_text(all),
        HasSubstr("                                   ns  quartiles       floors   vs best rival          holds\n"
                  "  > mine                        100.0  0.0500-100        0.25     1.50  1.25-1.75        511\n"));
    all.unit = metric::cpu_percent;
    EXPECT_THAT(
        bench::table_text(all),
        HasSubstr("                                % CPU  quartiles                vs best rival          holds\n"
                  "  > mine                        100.0  0.0500-100                 1.50  1.25-1.75        511\n"));
    all.waiting = true;
    all.rows[0].blocking = true;
    all.rows[0].queue = "a queue whose name is as long as can be";
    EXPECT_THAT(bench::table_text(all),
                HasSubstr("\n  > a queue whose name is as long as can be    100.0  0.0500-100 "));
}

TEST(header, says_where_and_with_what) {
    EXPECT_EQ(bench::header_text(somewhere()), R"(weir-bench 8.9   a day   seed 11
  machine  a processor, 1 package, virtual (KVM), kernel 6.7, governor performance
  cores    PU 4 and PU 5, pinned and read back (same-l3)
  build    a compiler, -O9
)");
    auto env = somewhere();
    env.hypervisor = "";
    env.one_core = true;
    env.assertions = true;
    EXPECT_EQ(bench::header_text(env), R"(weir-bench 8.9   a day   seed 11
  machine  a processor, 1 package, kernel 6.7, governor performance
  cores    PU 4 and PU 5, pinned and read back (same-l3)
           BOTH THREADS SHARE ONE PU: they take turns and never run in parallel
  build    a compiler, -O9
           NOT A RELEASE BUILD: do not use these figures
)");
    env.memory_node = 3;
    EXPECT_THAT(bench::header_text(env),
                HasSubstr("\n  memory   of all queues on NUMA node 3, as planned and read back\n"));
    env.pinned = false;
    env.memory_node.reset();
    env.why_not_pinned = "no reason";
    EXPECT_THAT(bench::header_text(env), HasSubstr("\n  cores    NOT PINNED: no reason\n  build"));
}

TEST(hgrm, has_values_in_microseconds_and_how_many_are_no_larger) {
    EXPECT_EQ(bench::hgrm_text(*made_up_latencies()), R"(       Value     Percentile TotalCount 1/(1-Percentile)

       0.100 0.500000000000        500           2.00
       1.000 0.980000000000        980          50.00
      30.015 0.997000000000        997         333.33
     400.127 0.999000000000        999        1000.00
    5000.000 1.000000000000       1000
#[Mean    =        6.840, StdDeviation   =      158.999]
#[Max     =     5000.000, Total count    =         1000]
#[Values in microseconds, 116264 bytes of buckets]
)");
    EXPECT_THAT(bench::hgrm_text(weir::histogram(10)), HasSubstr("StdDeviation   =        0.000"));
}

TEST(hgrm, is_a_file_for_each_latency_scenario_and_queue) {
    const std::filesystem::path folder = testing::TempDir() + "weir_hgrm_" + std::to_string(::getpid());
    auto all = latencies(true);
    all.rows[0].queue = "zZaA09._:<>";
    auto empty = all.rows[0];
    empty.queue = "empty";
    empty.latencies_ns = std::make_shared<weir::histogram>(10U);
    all.rows.push_back(empty);
    bench::prepare_hgrm_folder(folder);
    EXPECT_TRUE(std::filesystem::is_empty(folder));
    bench::write_hgrm_files(folder, {rates(), all});
    const auto file = folder / "latency-1Mps-zZaA09._---.hgrm";
    ASSERT_TRUE(std::filesystem::exists(file));
    std::ifstream stream(file);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), bench::hgrm_text(*made_up_latencies()));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
    std::filesystem::remove_all(folder);
    EXPECT_NO_THROW(bench::write_hgrm_files("", {all}));
    EXPECT_NO_THROW(bench::prepare_hgrm_folder(""));
}

}  // namespace
