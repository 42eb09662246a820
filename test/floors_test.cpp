// SPDX-License-Identifier: MIT
//
// Who may include whom. The table below is the architecture; the rest of this file holds every header to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct header {
    int floor;
    std::string_view name;
};

// A core header includes only headers on floors below its own. The ones beside the floors may include any header, and
// no core header includes one of them.
constexpr int beside = 8;
// clang-format off
constexpr header table[] = {
    {0, "weir/overflow_policy.hpp"},
    {0, "weir/status.hpp"},
    {0, "weir/version.hpp"},
    {0, "weir/detail/atomic.hpp"},
    {0, "weir/detail/cache_line.hpp"},
    {0, "weir/detail/codel.hpp"},
    {0, "weir/detail/contract.hpp"},
    {0, "weir/detail/cursor.hpp"},
    {0, "weir/detail/opaque.hpp"},
    {0, "weir/detail/pause.hpp"},
    {0, "weir/detail/prefetch.hpp"},
    {0, "weir/detail/rough_clock.hpp"},
    {0, "weir/detail/scheduler.hpp"},
    {0, "weir/detail/slot_run.hpp"},
    {0, "weir/detail/this_thread.hpp"},
    {1, "weir/detail/asymmetric_fence.hpp"},
    {1, "weir/detail/demand.hpp"},
    {1, "weir/detail/futex.hpp"},
    {1, "weir/detail/look_pace.hpp"},
    {1, "weir/detail/overflow_entry.hpp"},
    {1, "weir/detail/role_checker.hpp"},
    {1, "weir/detail/roll_call.hpp"},
    {1, "weir/detail/spin_budget.hpp"},
    {1, "weir/detail/storage.hpp"},
    {1, "weir/detail/turns.hpp"},
    {1, "weir/stats.hpp"},
    {2, "weir/detail/closing.hpp"},
    {2, "weir/in_place.hpp"},
    {2, "weir/detail/sequenced_slots.hpp"},
    {2, "weir/detail/shared_cursor.hpp"},
    {2, "weir/detail/strict_cells.hpp"},
    {2, "weir/wait.hpp"},
    {2, "weir/detail/futex_lock.hpp"},
    {3, "weir/credit.hpp"},
    {3, "weir/detail/credit_pool.hpp"},
    {3, "weir/detail/ring_ends.hpp"},
    {3, "weir/detail/shared_sides.hpp"},
    {3, "weir/detail/strict_positions.hpp"},
    {4, "weir/credit_gate.hpp"},
    {4, "weir/detail/spsc_core.hpp"},
    {4, "weir/detail/strict_core.hpp"},
    {4, "weir/detail/mpmc_core.hpp"},
    {5, "weir/detail/class_rings.hpp"},
    {5, "weir/ring.hpp"},
    {6, "weir/overflow.hpp"},
    {beside, "weir/pull.hpp"},
    {beside, "weir/stop.hpp"},
    {beside, "weir/affinity.hpp"},
    {beside, "weir/clock.hpp"},
    {beside, "weir/histogram.hpp"},
    {beside, "weir/kernel_settings.hpp"},
    {beside, "weir/stats_text.hpp"},
    {beside, "weir/measurements.hpp"},
    {beside, "weir/plan.hpp"},
    {beside, "weir/topology.hpp"},
    // Stages own threads, which the rings must not pull in: so a pipeline stands beside them.
    {beside, "weir/pipeline.hpp"},
    {beside, "weir/split.hpp"},
    {beside, "weir/detail/pipeline_graph.hpp"},
    {beside, "weir/detail/pipeline_outputs.hpp"},
    {beside, "weir/detail/pipeline_stages.hpp"},
};
// clang-format on

// What users of a ring should not have to compile ...
constexpr std::string_view kept_out_of_the_core[] = {"functional", "iostream", "thread"};
// ... and what no public header may need.
constexpr std::string_view kept_out_of_every_header[] = {"CLI/", "benchmark/", "boost/", "fmt/", "hwloc", "nlohmann/"};

constexpr std::string_view door_to_atomics = "weir/detail/atomic.hpp";
constexpr std::string_view home_of_fences = "weir/detail/asymmetric_fence.hpp";

using sources = std::map<std::string, std::string>;  // name as it is included -> text

const header* find(std::string_view name) {
    const auto* const found = std::ranges::find(table, name, &header::name);
    return found == std::end(table) ? nullptr : found;
}

bool in_core(const header& h) { return h.floor < beside; }

std::string place_of(const header& h) {
    return in_core(h) ? "on floor " + std::to_string(h.floor) : "beside the floors";
}

/// What is wrong with `from` including `name`; empty when nothing is.
std::string verdict(const header& from, const std::string& name, bool quoted) {
    const auto starts_name = [&](std::string_view prefix) { return name.starts_with(prefix); };
    if (const header* const to = find(name)) {
        if (!in_core(from) || to->floor < from.floor) return {};
        return name + " stands " + place_of(*to) + ": a header " + place_of(from) + " includes only what lies below";
    }
    if (name.starts_with("weir/")) return name + " has no floor";
    if (quoted) return "\"" + name + "\" must be spelled from the root, as \"weir/...\"";
    if (name == "atomic" && from.name != door_to_atomics)
        return "<atomic> has one door, " + std::string(door_to_atomics);
    if (std::ranges::any_of(kept_out_of_every_header, starts_name))
        return "<" + name + "> belongs in src, bench or tools";
    if (in_core(from) && std::ranges::count(kept_out_of_the_core, name) != 0) {
        return "<" + name + "> is kept out of the core headers";
    }
    return {};
}

std::string without_comments(const std::string& text) { return std::regex_replace(text, std::regex("//[^\n]*"), ""); }

/// The arguments of a call, from behind its opening parenthesis to the closing one.
std::string arguments(std::string::const_iterator first, std::string::const_iterator last) {
    int depth = 1;
    const auto closing = std::find_if(first, last, [&](char c) {
        depth += (c == '(') - (c == ')');
        return depth == 0;
    });
    return {first, closing};
}

std::vector<std::string> calls(const std::string& code, const std::string& function) {
    std::vector<std::string> found;
    const std::regex call(function + R"(\s*\()");
    for (std::sregex_iterator it(code.begin(), code.end(), call), end; it != end; ++it) {
        found.push_back(it->str() + arguments((*it)[0].second, code.end()) + ")");
    }
    return found;
}

void check_includes(const header& from, const std::string& code, std::vector<std::string>& violations) {
    static const std::regex include(R"((?:^|\n)[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+))");
    for (std::sregex_iterator it(code.begin(), code.end(), include), end; it != end; ++it) {
        const std::string wrong = verdict(from, (*it)[2], (*it)[1] == "\"");
        if (!wrong.empty()) violations.push_back(std::string(from.name) + " includes " + (*it)[2].str() + ": " + wrong);
    }
}

void check_atomics(const header& from, const std::string& code, std::vector<std::string>& violations) {
    static const std::string operation =
        R"((?:\.|->)(?:load|store|exchange|compare_exchange_\w+|fetch_\w+|test_and_set))";
    static const std::regex order(R"(\b(?:memory_order\w*|relaxed|acquire|release|acq_rel|seq_cst|order)\b)");
    for (const std::string& call : calls(code, operation)) {
        if (!std::regex_search(call, order)) {
            violations.push_back(std::string(from.name) + ": " + call + " names no memory order");
        }
    }
    for (const std::string& call : calls(code, "atomic_thread_fence")) {
        if (call.find("seq_cst") != std::string::npos && from.name != home_of_fences) {
            violations.push_back(std::string(from.name) + ": " + call + " belongs in " + std::string(home_of_fences));
        }
    }
}

std::vector<std::string> violations_in(const sources& tree) {
    std::vector<std::string> violations;
    for (const auto& [name, text] : tree) {
        const header* const from = find(name);
        if (from == nullptr) {
            violations.push_back(name + " has no floor: give it one in the table of test/floors_test.cpp");
            continue;
        }
        const std::string code = without_comments(text);
        check_includes(*from, code, violations);
        check_atomics(*from, code, violations);
    }
    return violations;
}

sources read_tree(const std::filesystem::path& root) {
    sources tree;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path());
        tree[entry.path().lexically_relative(root).generic_string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return tree;
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(floors, hold_in_every_header) { EXPECT_THAT(violations_in(read_tree(INCLUDE_DIR)), IsEmpty()); }

TEST(floors, list_headers_that_exist) {
    const sources tree = read_tree(INCLUDE_DIR);
    for (const header& h : table) EXPECT_TRUE(tree.contains(std::string(h.name))) << h.name << " is in the table only";
}

// The test itself, tried on headers that break one rule each.

TEST(floors, let_a_header_include_what_lies_below) {
    EXPECT_THAT(violations_in({{"weir/ring.hpp", "#include <span>\n#include \"weir/credit.hpp\"\n"},
                               {"weir/topology.hpp", "#include <functional>\n#include <weir/affinity.hpp>\n"}}),
                IsEmpty());
}

TEST(floors, ask_for_a_floor_for_every_header) {
    EXPECT_THAT(violations_in({{"weir/new.hpp", ""}}),
                ElementsAre("weir/new.hpp has no floor: give it one in the table of test/floors_test.cpp"));
}

TEST(floors, refuse_a_header_from_above_or_the_same_floor) {
    EXPECT_THAT(violations_in({{"weir/credit.hpp", "#pragma once\n  #  include <weir/ring.hpp>\n"},
                               {"weir/status.hpp", "#include \"weir/detail/pause.hpp\"\n"}}),
                ElementsAre(HasSubstr("weir/ring.hpp stands on floor 5: a header on floor 3 includes only"),
                            HasSubstr("weir/detail/pause.hpp stands on floor 0: a header on floor 0 includes only")));
}

TEST(floors, refuse_a_header_from_beside_in_the_core) {
    EXPECT_THAT(violations_in({{"weir/ring.hpp", "#include \"weir/clock.hpp\"\n"}}),
                ElementsAre(HasSubstr("weir/clock.hpp stands beside the floors")));
}

TEST(floors, refuse_a_relative_or_unknown_header) {
    EXPECT_THAT(violations_in({{"weir/ring.hpp", "#include \"credit.hpp\"\n#include <weir/no_such.hpp>\n"}}),
                ElementsAre(HasSubstr("from the root"), HasSubstr("weir/no_such.hpp has no floor")));
}

TEST(floors, keep_heavy_and_foreign_headers_out) {
    EXPECT_THAT(violations_in({{"weir/credit.hpp", "#include <thread>\n#include <iostream>\n"},
                               {"weir/topology.hpp", "#include <hwloc.h>\n"}}),
                ElementsAre(HasSubstr("<thread> is kept out"), HasSubstr("<iostream> is kept out"),
                            HasSubstr("<hwloc.h> belongs in src")));
}

TEST(floors, open_one_door_to_atomics) {
    EXPECT_THAT(
        violations_in({{"weir/credit.hpp", "#include <atomic>\n"}, {"weir/histogram.hpp", "#include <atomic>\n"}}),
        ElementsAre(HasSubstr("weir/credit.hpp includes atomic: <atomic> has one door"),
                    HasSubstr("weir/histogram.hpp includes atomic: <atomic> has one door")));
    EXPECT_THAT(violations_in({{"weir/detail/atomic.hpp", "#include <atomic>\n"}}), IsEmpty());
}

TEST(floors, want_an_order_at_every_atomic_operation) {
    EXPECT_THAT(violations_in({{"weir/credit.hpp", "auto a = limit_.load();  // relaxed: so it says\n"
                                                   "p->store(f(1),\n 2);\n"
                                                   "auto b = sent_.load(detail::acquire);\n"
                                                   "sent_.store(f(a), std::memory_order_release);\n"}}),
                ElementsAre(HasSubstr(".load() names no memory order"), HasSubstr("->store(f(1),\n 2) names no")));
}

TEST(floors, keep_full_fences_in_one_file) {
    EXPECT_THAT(violations_in({{"weir/ring.hpp", "std::atomic_thread_fence(std::memory_order_seq_cst);\n"}}),
                ElementsAre(HasSubstr("belongs in weir/detail/asymmetric_fence.hpp")));
}

}  // namespace
