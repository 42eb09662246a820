// SPDX-License-Identifier: MIT
//
// Which file may include which. The table below is the architecture; the rest of this file enforces it from the include lines.
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

// A room is a folder, or a header that stands alone. A file includes files of its own room and of rooms on lower floors; two
// rooms of one floor know nothing of each other.
struct room {
    int floor;
    std::string_view path;
};

// clang-format off
constexpr room rooms[] = {
    {0, "include/weir/detail/base/"},
    {0, "include/weir/affinity.hpp"},
    {0, "include/weir/clock.hpp"},
    {0, "include/weir/split.hpp"},
    {0, "include/weir/status.hpp"},
    {0, "include/weir/version.hpp"},
    {1, "include/weir/detail/handles/"},
    {1, "include/weir/detail/memory/"},
    {1, "include/weir/detail/wait/"},
    {1, "include/weir/histogram.hpp"},
    {1, "include/weir/in_place.hpp"},
    {1, "include/weir/kernel_settings.hpp"},
    {1, "include/weir/latest.hpp"},
    {1, "include/weir/overflow_policy.hpp"},
    {1, "include/weir/stats.hpp"},
    {1, "include/weir/stop.hpp"},
    {1, "include/weir/topology.hpp"},
    {2, "include/weir/detail/concepts.hpp"},
    {2, "include/weir/detail/cursor/"},
    {2, "include/weir/detail/gate/"},
    {2, "include/weir/handles.hpp"},
    {2, "include/weir/node_memory.hpp"},
    {2, "include/weir/measurements.hpp"},
    {2, "include/weir/broadcast_stats.hpp"},
    {3, "include/weir/credit_gate.hpp"},
    {3, "include/weir/detail/credit/"},
    {3, "include/weir/detail/mpmc/"},
    {3, "include/weir/detail/strict/"},
    {2, "include/weir/detail/visit_refusals.hpp"},
    {3, "include/weir/detail/token_refusals.hpp"},
    {3, "include/weir/plan.hpp"},
    {3, "include/weir/stats_text.hpp"},
    {3, "include/weir/histogram_text.hpp"},
    {3, "include/weir/wait.hpp"},
    {4, "include/weir/credit.hpp"},
    {4, "include/weir/detail/overflow/"},
    {4, "include/weir/detail/broadcast/"},
    {4, "include/weir/detail/message/"},
    {4, "include/weir/detail/options.hpp"},
    {4, "include/weir/detail/refusals.hpp"},
    {4, "include/weir/detail/ring/"},
    {4, "include/weir/detail/select/"},
    {4, "include/weir/detail/spsc/"},
    {5, "include/weir/detail/await/"},
    {5, "include/weir/detail/shm/"},
    {5, "include/weir/jetstream/link.hpp"},
    {5, "include/weir/ring.hpp"},
    {5, "include/weir/select.hpp"},
    {5, "include/weir/detail/overflow_forms.hpp"},
    {6, "include/weir/await.hpp"},
    {6, "include/weir/detail/overflow_"},  // ends, and the ring under them
    {6, "include/weir/broadcast_ring.hpp"},
    {6, "include/weir/message_ring.hpp"},
    {6, "include/weir/pull.hpp"},
    {6, "include/weir/detail/shm_message/"},
    {6, "include/weir/detail/jetstream/"},
    {7, "include/weir/jetstream/"},
    {7, "include/weir/detail/pipeline/"},
    {7, "include/weir/messages.hpp"},
    {6, "include/weir/shm/segment.hpp"},
    {7, "include/weir/detail/shm_makers.hpp"},
    {8, "include/weir/shm/"},
    {7, "include/weir/overflow.hpp"},
    {7, "include/weir/std_queue.hpp"},
    {7, "include/weir/overflow_messages.hpp"},
    {8, "include/weir/jetstream.hpp"},
    {8, "include/weir/pipeline.hpp"},
    {8, "src/"},
    {9, "include/weir/pipeline_text.hpp"},
    {9, "instruments/"},
    {10, "bench/links/"},
    {10, "bench/queues/"},
    {10, "examples/"},
    {10, "tools/common/"},
    {11, "bench/scenarios/"},
    {11, "tools/doctor/"},
    {12, "tools/bridge/"},
    {11, "tools/jitter/"},
    {11, "tools/matrix/"},
    {11, "tools/pin/"},
    {11, "tools/plan/"},
    {11, "tools/pressure/"},
    {11, "tools/run/"},
    {11, "tools/shm/"},
    {11, "tools/topo/"},
    {11, "tools/watch/"},
    {12, "bench/run/"},
    {12, "tools/report/"},
    {13, "bench/report/"},
    {13, "tools/main.cpp"},
    {14, "bench/"},
    {15, "test/support/"},
    {16, "test/"},
};
// clang-format on

// What users of a ring should not have to compile. A pipeline owns threads, and placement is compiled in src/.
constexpr std::string_view heavy[] = {"functional", "iostream", "thread"};
constexpr std::string_view may_be_heavy[] = {"include/weir/affinity.hpp", "include/weir/detail/pipeline/",
                                             "include/weir/pipeline.hpp", "include/weir/plan.hpp",
                                             "include/weir/topology.hpp"};
// What no public header may need.
constexpr std::string_view foreign[] = {"CLI/", "benchmark/", "boost/", "fmt/", "hwloc", "nats", "nlohmann/"};

constexpr std::string_view door_to_atomics = "include/weir/detail/base/atomic.hpp";
constexpr std::string_view home_of_fences = "include/weir/detail/wait/asymmetric_fence.hpp";

using sources = std::map<std::string, std::string>;  // path from the project's folder -> text

bool is_public(std::string_view path) { return path.starts_with("include/"); }

/// The room of a file: of those whose path it begins with, the innermost. Null if there is none.
const room* room_of(std::string_view path) {
    const room* found = nullptr;
    for (const room& r : rooms) {
        if (path.starts_with(r.path) && (found == nullptr || r.path.size() > found->path.size())) found = &r;
    }
    return found;
}

/// The file of the project that an include line means; empty when it is none of the project's.
std::string meant(std::string_view from, const std::string& name, bool quoted, const sources& tree) {
    if (name.starts_with("weir/")) return "include/" + name;
    if (!quoted) return {};
    const std::string beside = (std::filesystem::path(from).parent_path() / name).lexically_normal().generic_string();
    for (const std::string& path : {beside, name, "src/" + name}) {
        if (tree.contains(path)) return path;
    }
    return {};
}

/// What is wrong with `from` including `name`; empty when nothing is.
std::string verdict(const std::string& from, const std::string& name, bool quoted, const sources& tree) {
    const auto starts = [](std::string_view text) {
        return [text](std::string_view prefix) { return text.starts_with(prefix); };
    };
    const room& here = *room_of(from);
    if (const std::string path = meant(from, name, quoted, tree); !path.empty()) {
        if (!name.starts_with("weir/") && is_public(from)) return "must be spelled from the root, as \"weir/...\"";
        const room* const there = room_of(path);
        if (there == nullptr || !tree.contains(path)) return "there is no such file";
        if (there == &here || there->floor < here.floor) return {};
        return std::string(there->path) + " is on floor " + std::to_string(there->floor) + ": a file on floor " +
               std::to_string(here.floor) + " includes what lies below, and what is in its own room";
    }
    if (!is_public(from)) return {};
    if (quoted) return "there is no such file";
    if (name == "atomic" && from != door_to_atomics) return "<atomic> has one door, " + std::string(door_to_atomics);
    if (std::ranges::any_of(foreign, starts(name))) return "belongs in src, bench or tools";
    if (std::ranges::count(heavy, name) != 0 && !std::ranges::any_of(may_be_heavy, starts(from))) {
        return "is kept out of the headers of rings";
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

void check_includes(const std::string& from, const std::string& code, const sources& tree,
                    std::vector<std::string>& violations) {
    static const std::regex include(R"((?:^|\n)[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+))");
    for (std::sregex_iterator it(code.begin(), code.end(), include), end; it != end; ++it) {
        const std::string wrong = verdict(from, (*it)[2], (*it)[1] == "\"", tree);
        if (!wrong.empty()) violations.push_back(from + " includes " + (*it)[2].str() + ": " + wrong);
    }
}

void check_atomics(const std::string& from, const std::string& code, std::vector<std::string>& violations) {
    static const std::string operation =
        R"((?:\.|->)(?:load|store|exchange|compare_exchange_\w+|fetch_\w+|test_and_set))";
    static const std::regex order(R"(\b(?:memory_order\w*|relaxed|acquire|release|acq_rel|seq_cst|order)\b)");
    for (const std::string& call : calls(code, operation)) {
        if (!std::regex_search(call, order)) {
            violations.push_back(from + ": " + call + " names no memory order");
        }
    }
    for (const std::string& call : calls(code, "atomic_thread_fence")) {
        if (call.find("seq_cst") != std::string::npos && from != home_of_fences) {
            violations.push_back(from + ": " + call + " belongs in " + std::string(home_of_fences));
        }
    }
}

std::vector<std::string> violations_in(const sources& tree) {
    std::vector<std::string> violations;
    for (const auto& [path, text] : tree) {
        if (room_of(path) == nullptr) {
            violations.push_back(path + " has no room: give it one in the table of test/house/floors_test.cpp");
            continue;
        }
        const std::string code = without_comments(text);
        check_includes(path, code, tree, violations);
        if (is_public(path)) check_atomics(path, code, violations);
    }
    return violations;
}

const sources& project() {
    static const sources tree = [] {
        sources read;
        const std::filesystem::path root = PROJECT_DIR;
        for (const char* const part : {"include", "src", "instruments", "bench", "examples", "tools", "test"}) {
            for (const auto& entry : std::filesystem::recursive_directory_iterator(root / part)) {
                const std::filesystem::path& path = entry.path();
                if (path.extension() != ".hpp" && path.extension() != ".cpp") continue;
                std::ifstream file(path);
                read[path.lexically_relative(root).generic_string()] = {std::istreambuf_iterator<char>(file), {}};
            }
        }
        return read;
    }();
    return tree;
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(floors, hold_in_every_file) { EXPECT_THAT(violations_in(project()), IsEmpty()); }

TEST(floors, list_rooms_that_exist) {
    for (const room& r : rooms) {
        EXPECT_TRUE(std::ranges::any_of(project(), [&](const auto& file) { return room_of(file.first) == &r; }))
            << r.path;
    }
}

// The test itself, tried on files that break one rule each.

TEST(floors, let_a_file_include_its_own_room_and_what_lies_below) {
    EXPECT_THAT(
        violations_in({{"include/weir/ring.hpp", "#include <span>\n#include \"weir/credit.hpp\"\n"},
                       {"include/weir/credit.hpp", "#include <weir/detail/cursor/closing.hpp>\n"},
                       {"include/weir/detail/cursor/closing.hpp", "#include \"weir/detail/cursor/cursor.hpp\"\n"},
                       {"include/weir/detail/cursor/cursor.hpp", ""},
                       {"include/weir/topology.hpp", "#include <functional>\n"},
                       {"tools/topo/topo.cpp", "#include <fmt/format.h>\n#include \"tools/topo/topo.hpp\"\n"},
                       {"tools/topo/topo.hpp", "#include <weir/ring.hpp>\n"}}),
        IsEmpty());
}

TEST(floors, ask_for_a_room_for_every_file) {
    EXPECT_THAT(
        violations_in({{"include/weir/new.hpp", ""}}),
        ElementsAre("include/weir/new.hpp has no room: give it one in the table of test/house/floors_test.cpp"));
}

TEST(floors, refuse_a_file_from_above_or_from_another_room_of_the_same_floor) {
    EXPECT_THAT(violations_in({{"include/weir/credit.hpp", "#pragma once\n  #  include <weir/ring.hpp>\n"},
                               {"include/weir/ring.hpp", ""},
                               {"include/weir/status.hpp", "#include \"weir/detail/base/pause.hpp\"\n"},
                               {"include/weir/detail/base/pause.hpp", ""},
                               {"tools/jitter/run.cpp", "#include \"tools/matrix/run.hpp\"\n"},
                               {"tools/matrix/run.hpp", ""}}),
                ElementsAre(HasSubstr("include/weir/ring.hpp is on floor 5: a file on floor 4 includes what"),
                            HasSubstr("include/weir/detail/base/ is on floor 0: a file on floor 0 includes what"),
                            HasSubstr("tools/matrix/ is on floor 11: a file on floor 11 includes what")));
}

TEST(floors, refuse_a_relative_or_unknown_header) {
    EXPECT_THAT(violations_in({{"include/weir/credit.hpp", ""},
                               {"include/weir/ring.hpp", "#include \"credit.hpp\"\n#include <weir/no_such.hpp>\n"}}),
                ElementsAre(HasSubstr("from the root"), HasSubstr("weir/no_such.hpp: there is no such file")));
}

TEST(floors, keep_heavy_and_foreign_headers_out) {
    EXPECT_THAT(violations_in({{"include/weir/credit.hpp", "#include <thread>\n#include <iostream>\n"},
                               {"include/weir/topology.hpp", "#include <hwloc.h>\n"}}),
                ElementsAre(HasSubstr("thread: is kept out"), HasSubstr("iostream: is kept out"),
                            HasSubstr("hwloc.h: belongs in src")));
}

TEST(floors, open_one_door_to_atomics) {
    EXPECT_THAT(violations_in({{"include/weir/credit.hpp", "#include <atomic>\n"},
                               {"include/weir/histogram.hpp", "#include <atomic>\n"},
                               {"include/weir/detail/base/atomic.hpp", "#include <atomic>\n"}}),
                ElementsAre(HasSubstr("include/weir/credit.hpp includes atomic: <atomic> has one door"),
                            HasSubstr("include/weir/histogram.hpp includes atomic: <atomic> has one door")));
}

TEST(floors, want_an_order_at_every_atomic_operation) {
    EXPECT_THAT(violations_in({{"include/weir/credit.hpp",
                                "auto a = limit_.load();  // relaxed: so it says\n"
                                "p->store(f(1),\n 2);\n"
                                "auto b = sent_.load(detail::acquire);\n"
                                "sent_.store(f(a), std::memory_order_release);\n"}}),
                ElementsAre(HasSubstr(".load() names no memory order"), HasSubstr("->store(f(1),\n 2) names no")));
}

TEST(floors, keep_full_fences_in_one_file) {
    EXPECT_THAT(violations_in({{"include/weir/ring.hpp", "std::atomic_thread_fence(std::memory_order_seq_cst);\n"}}),
                ElementsAre(HasSubstr("belongs in include/weir/detail/wait/asymmetric_fence.hpp")));
}

}  // namespace
