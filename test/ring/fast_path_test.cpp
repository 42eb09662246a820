// SPDX-License-Identifier: MIT
//
// A push or a pop that need not wait has no fence, no locked instruction and no system call: read from its machine
// code.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using lines = std::vector<std::string>;
using object = std::map<std::string, lines>;

/// The disassembly of each function in the object file, by its name as in the source.
object functions() {
    object all;
    FILE* const pipe =
        ::popen(OBJDUMP " --disassemble --reloc --demangle --no-show-raw-insn --wide " FAST_PATH_OBJECT, "r");
    if (pipe == nullptr) return all;
    const std::regex heading("[0-9a-f]+ <(.*)>:");
    lines* current = nullptr;
    std::string line;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        if (c != '\n') {
            line += static_cast<char>(c);
            continue;
        }
        std::smatch name;
        if (std::regex_match(line, name, heading)) {
            current = &all[name[1]];
        } else if (current != nullptr && !line.empty()) {
            current->push_back(line);
        }
        line.clear();
    }
    EXPECT_EQ(::pclose(pipe), 0) << OBJDUMP " failed";
    return all;
}

/// Lines that have no place on a fast path, of a function and of those that it calls, apart from calls that are rare.
/// AT&T syntax: a memory operand has parentheses, or a segment.
lines slow_lines(const object& all, const lines& function, int depth = 0) {
    static const std::regex slow(R"(\b(mfence|lock|syscall|sysenter|int +\$0x80)\b[^_@]*$|\bxchg\w* .*[(:])");
    // Each out of line: a look at the other side, who sleeps, who closes, a descriptor's upkeep, and waiting itself.
    static const std::regex rare(
        R"(^\.text\.unlikely|\.cold|::(look_for_\w+|claim_properly|wake|signal_if_armed|arm|wait_\w+_\w+)\b)");
    static const std::regex call(R"(\b(call|jmp)\b)");
    static const std::regex named(R"(R_X86_64_\w+\t(.*)-0x4|\b(?:call|jmp) +[0-9a-f]+ <([^+]*)>$)");
    lines found;
    for (const auto& line : function) {
        if (std::regex_search(line, slow)) found.push_back(line);
        std::smatch kind;
        if (!std::regex_search(line, kind, call)) continue;
        const bool jump = kind[1] == "jmp";
        std::smatch target;
        if (!std::regex_search(line, target, named)) {
            // Without a name: to within the function, or to anywhere.
            if (!jump || line.find('*') != std::string::npos) found.push_back(line);
            continue;
        }
        const std::string name = target[1].matched ? target[1] : target[2];  // the second: it needs no relocation
        if (std::regex_search(name, rare)) continue;
        const auto callee = all.find(name);
        if (callee == all.end() || depth > 3) {
            found.push_back(line);
        } else {
            for (auto& theirs : slow_lines(all, callee->second, depth + 1)) found.push_back(std::move(theirs));
        }
    }
    return found;
}

std::string joined(const lines& all) {
    std::string text;
    for (const auto& line : all) text += line.substr(0, 160) + "\n";  // names of templates are longer than a screen
    return text;
}

class fast_path : public testing::Test {
protected:
    void SetUp() override {
#if !defined(__x86_64__)
        GTEST_SKIP() << "this test reads x86-64 code only";
#endif
        if (std::string_view(OBJDUMP).empty()) GTEST_SKIP() << "there is no objdump";
        all_ = functions();
        ASSERT_FALSE(all_.empty());
    }

    const lines& code_of(const std::string& name) {
        static const lines none;
        const auto found = all_.find(name);
        EXPECT_NE(found, all_.end()) << name << " is not in the object file";
        return found == all_.end() ? none : found->second;
    }

    object all_;
};

TEST_F(fast_path, of_push_and_pop_has_no_fence_no_locked_instruction_and_no_syscall) {
    for (const char* const name :
         {"fast_push", "fast_try_push", "fast_pop", "fast_try_pop", "fast_event_try_push", "fast_event_try_pop"}) {
        const lines& code = code_of(name);
        EXPECT_EQ(joined(slow_lines(all_, code)), "") << name << ":\n" << joined(code);
    }
}

// One serves hundreds of items, but where each item comes alone it is on the path.
TEST_F(fast_path, of_a_look_at_the_other_side_has_none_either) {
    int looks = 0;
    for (const auto& [name, code] : all_) {
        if (name.find("look_for_") == std::string::npos) continue;
        ++looks;
        EXPECT_EQ(joined(slow_lines(all_, code)), "") << name;
    }
    EXPECT_GE(looks, 2);
}

TEST_F(fast_path, is_not_all_that_is_allowed) {
    for (const char* const name : {"control_seq_cst_store", "control_exchange", "control_addition", "control_fence",
                                   "control_mfence", "control_syscall", "control_call"}) {
        EXPECT_EQ(slow_lines(all_, code_of(name)).size(), 1U) << name << " was not found out:\n"
                                                              << joined(code_of(name));
    }
    EXPECT_EQ(joined(slow_lines(all_, code_of("control_nothing"))), "");
    const lines harmless{"   0:\txchg   %ax,%ax", "   2:\tdata16 cs nopw 0x0(%rax,%rax,1)",
                         "   a:\tlea    0x8(%rdi),%rax"};
    EXPECT_EQ(joined(slow_lines({}, harmless)), "");
    EXPECT_EQ(slow_lines({}, {"   0:\txchg   %rax,0x8(%rdi)"}).size(), 1U);
    EXPECT_EQ(slow_lines({}, {"   0:\tlock cmpxchg %rdx,(%rdi)"}).size(), 1U);
}

}  // namespace
