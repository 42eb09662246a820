// SPDX-License-Identifier: MIT
//
// How `weir run` derives its work from a plan's rings: where messages start, which rings are on a cycle, and how many
// messages are forwarded.
#include "tools/run/graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

namespace {

using weir::tool::run_graph;

std::string described(const std::vector<std::string>& edges, const std::vector<std::string>& more_roles = {}) {
    weir::plan_request asked;
    for (const auto& edge : edges) asked.add_edge(edge);
    for (const auto& role : more_roles) asked.roles.push_back({.name = role});
    weir::placement_plan plan;
    for (const auto& role : asked.roles) plan.roles.push_back({role, 0});
    for (const auto& edge : asked.edges)
        plan.edges.push_back({edge, weir::distance::same_l3, {1, 2}, weir::cost_source::assumed});
    const auto graph = run_graph::of(plan);
    std::string text;
    for (std::size_t i = 0; i != graph.roles.size(); ++i)
        text += fmt::format("{}{} {}>{}\n", plan.roles[i].asked.name, graph.roles[i].is_source ? "*" : "",
                            fmt::join(graph.roles[i].in, ","), fmt::join(graph.roles[i].out, ","));
    for (const auto& edge : graph.edges)
        text += fmt::format("{}>{} {:g}{}{}\n", edge.from, edge.to, edge.share, edge.on_cycle ? " cycle" : "",
                            edge.items_per_s ? fmt::format(" {:g}/s", *edge.items_per_s) : "");
    return text;
}

TEST(run_graph, of_a_row_begins_at_its_head) {
    EXPECT_EQ(described({"a->b@100ps", "b->c@40ps", "b->d@250ps"}),
              "a* >0\nb 0>1,2\nc 1>\nd 2>\n"
              "0>1 1 100/s\n1>2 0.4 40/s\n1>3 2.5 250/s\n");
}

TEST(run_graph, forwards_a_share_of_the_received_items) {
    EXPECT_EQ(described({"a->c@100ps", "b->c@300ps", "c->d@200ps"}),
              "a* >0\nc 0,1>2\nb* >1\nd 2>\n"
              "0>1 1 100/s\n2>1 1 300/s\n1>3 0.5 200/s\n");
    EXPECT_EQ(described({"a->c@100ps", "b->c", "c->d@200ps"}),
              "a* >0\nc 0,1>2\nb* >1\nd 2>\n"
              "0>1 1 100/s\n2>1 1\n1>3 1 200/s\n")
        << "one rate is unknown";
    EXPECT_EQ(described({"a->b@100ps", "b->c"}), "a* >0\nb 0>1\nc 1>\n0>1 1 100/s\n1>2 1\n");
}

TEST(run_graph, of_a_cycle_begins_at_its_first_role) {
    EXPECT_EQ(described({"a->b", "b->c", "c->a"}), "a* 2>0\nb 0>1\nc 1>2\n0>1 1 cycle\n1>2 1 cycle\n2>0 1 cycle\n");
    EXPECT_EQ(described({"a->b", "b->c", "c->b", "c->d"}),
              "a* >0\nb 0,2>1\nc 1>2,3\nd 3>\n0>1 1\n1>2 1 cycle\n2>1 1 cycle\n2>3 1\n")
        << "it is fed from outside";
    EXPECT_EQ(described({"b->c", "c->b", "d->e", "e->d", "a->b"}),
              "b 1,4>0\nc 0>1\nd* 3>2\ne 2>3\na* >4\n0>1 1 cycle\n1>0 1 cycle\n2>3 1 cycle\n3>2 1 cycle\n4>0 1\n")
        << "one of two cycles is";
}

TEST(run_graph, forwards_evenly_without_rates) {
    EXPECT_EQ(described({"a->b@0.5ps", "b->c@0.25ps"}), "a* >0\nb 0>1\nc 1>\n0>1 1 0.5/s\n1>2 0.5 0.25/s\n");
    EXPECT_EQ(described({"a->c", "b->c@300ps", "c->d@200ps"}),
              "a* >0\nc 0,1>2\nb* >1\nd 2>\n"
              "0>1 1\n2>1 1 300/s\n1>3 1 200/s\n")
        << "the first rate is unknown";
}

TEST(run_graph, begins_in_each_of_two_cycles_apart) {
    EXPECT_EQ(described({"a->b", "c->d", "b->a", "d->c", "e->f"}),
              "a* 2>0\nb 0>2\nc* 3>1\nd 1>3\ne* >4\nf 4>\n"
              "0>1 1 cycle\n2>3 1 cycle\n1>0 1 cycle\n3>2 1 cycle\n4>5 1\n");
}

TEST(run_graph, leaves_out_roles_without_rings) {
    EXPECT_EQ(described({"a->b"}, {"alone"}), "a* >0\nb 0>\nalone >\n0>1 1\n");
}

}  // namespace
