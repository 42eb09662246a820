// SPDX-License-Identifier: MIT
//
// Plan files that the system refuses to read or write, and the errors for that.
#include <weir/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/temporary_file.hpp"

#if defined(__linux__)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <cstddef>
#include <filesystem>
#include <string>

namespace {

using testing::HasSubstr;
using weir::placement_plan;
using weir::plan_request;
using weir::topology;

topology machine() { return topology::synthetic("core:2 pu:1"); }

placement_plan example() {
    plan_request asked;
    asked.add_edge("md->gw");
    return weir::plan(asked, machine());
}

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const weir::placement_error& error) {
        return error.what();
    }
    return "";
}

#if defined(__linux__)
TEST(plan_file, that_cannot_be_written_says_why) {
    EXPECT_THAT(sentence([] { example().save("/dev/full"); }), HasSubstr(": No space left on device; free some space"));
    const int sealed = ::memfd_create("plan", MFD_ALLOW_SEALING);
    ASSERT_GE(sealed, 0);
    ASSERT_EQ(::fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), 0);
    const auto path = "/proc/self/fd/" + std::to_string(sealed);
    EXPECT_EQ(sentence([&] { example().save(path); }),
              "cannot write the plan to '" + path +
                  "': Operation not permitted; name a file in an existing folder that you may write to");
    ::close(sealed);
}
#endif

TEST(plan_file, that_cannot_be_read_says_why) {
    const auto why = [](const std::string& path) {
        return sentence([&] { static_cast<void>(placement_plan::load(path, machine())); });
    };
    EXPECT_EQ(
        why("/no/such/plan.json"),
        "cannot read plan file '/no/such/plan.json': No such file or directory; make it again with 'weir plan --out'");
    EXPECT_THAT(why(testing::TempDir()), HasSubstr(": Is a directory; make it again"));
}

// A sparse file.
TEST(plan_file, is_no_larger_than_256_mib) {
    const temporary_file file;
    std::filesystem::resize_file(file.path(), (std::size_t{256} << 20) + 1);
    EXPECT_EQ(sentence([&] { static_cast<void>(placement_plan::load(file.path(), machine())); }),
              "plan file '" + file.path() +
                  "' is larger than 256 MiB, the most that is read; make it again with 'weir plan --out'");
}

}  // namespace
