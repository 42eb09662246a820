// SPDX-License-Identifier: MIT
//
// The ledgers of a pipeline as text.
#include "weir/pipeline_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "test/support/pipeline_support.hpp"

namespace {

using namespace weir_test;
using testing::EndsWith;
using testing::HasSubstr;

TEST(pipeline_text, has_a_line_for_each_edge_and_stage) {
    weir::pipeline p;
    const auto feed = p.source<int>("feed", count_to(30));
    const auto odd = p.stage<int, int>("odd", [](int n) { return n % 2 == 1 ? std::optional(n) : std::nullopt; });
    const auto out = p.sink<int>("out", [](int) {});
    p.connect(feed, odd, 8);
    p.connect(odd, out, 4);
    EXPECT_EQ(to_text(p.edges()),
              "edge      feed to odd  0 accepted = 0 delivered + 0 queued + 0 lost, capacity 8\n"
              "edge      odd to out  0 accepted = 0 delivered + 0 queued + 0 lost, capacity 4\n");
    EXPECT_EQ(to_text(p.stages()),
              "stage     feed  nothing yet\nstage     odd  nothing yet\nstage     out  nothing yet\n");
    p.run();
    p.join();
    EXPECT_EQ(to_text(p),
              "edge      feed to odd  30 accepted = 30 delivered + 0 queued + 0 lost, capacity 8\n"
              "edge      odd to out  15 accepted = 15 delivered + 0 queued + 0 lost, capacity 4\n"
              "stage     feed  emitted 30\n"
              "stage     odd  emitted 15\n"
              "stage     out  nothing yet\n");
    EXPECT_EQ(to_text(p.edges().front()),
              "edge      feed to odd  30 accepted = 30 delivered + 0 queued + 0 lost, capacity 8\n");
}

TEST(pipeline_text, has_every_number_and_says_when_they_do_not_add_up) {
    EXPECT_EQ(to_text(weir::edge_ledger{"a", "b", 8, 10, 6, 3, 1}),
              "edge      a to b  10 accepted = 6 delivered + 3 queued + 1 lost, capacity 8\n");
    EXPECT_EQ(to_text(weir::edge_ledger{"a", "b", 8, 10, 6, 3, 0}),
              "edge      a to b  10 accepted = 6 delivered + 3 queued + 0 lost, capacity 8, seen amid the traffic\n");
    EXPECT_EQ(to_text(weir::stage_ledger{"a", 4, 1, 2, 1}), "stage     a  emitted 4  held 1  shed 2  lost 1\n");
}

TEST(pipeline_text, has_names_fit_for_a_terminal) {
    EXPECT_EQ(to_text(weir::edge_ledger{"a\n", "b\x1b[2J", 1, 0, 0, 0, 0}),
              "edge      a? to b?[2J  0 accepted = 0 delivered + 0 queued + 0 lost, capacity 1\n");
    EXPECT_EQ(to_text(weir::stage_ledger{"\xff", 1, 0, 0, 0}), "stage     ?  emitted 1\n");
}

#if defined(__cpp_exceptions)
TEST(pipeline_text, says_why_the_pipeline_failed) {
    weir::pipeline p;
    const auto out = p.sink<int>("out", [](int) { throw std::runtime_error("no\nroom"); });
    p.connect(p.source<int>("feed", count_to(3)), out, 8);
    p.run();
    EXPECT_EQ(p.join(), weir::pipeline::outcome::failed);
    EXPECT_THAT(to_text(p), EndsWith("\nfailed    stage 'out' threw: no?room\n"));
    EXPECT_THAT(to_text(p), HasSubstr("edge      feed to out  "));
}
#endif

}  // namespace
