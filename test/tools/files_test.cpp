// SPDX-License-Identifier: MIT
//
// Files that a user names, looked at before the work for them begins.
#include "tools/common/files.hpp"

#include "tools/common/command.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

class files : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_files_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

TEST_F(files, are_found_writable_without_a_trace) {
    using weir::tool::check_writable;
    check_writable(folder_ / "new");
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
    std::ofstream(folder_ / "there") << "text";
    check_writable(folder_ / "there");
    EXPECT_EQ(weir::tool::read_file(folder_ / "there"), "text");
    std::filesystem::create_symlink("later", folder_ / "link");
    check_writable(folder_ / "link");
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "later"));
    EXPECT_THROW(check_writable(folder_ / "no" / "folder"), weir::tool::stop);
    EXPECT_THROW(check_writable(folder_), weir::tool::stop);
}

// To open a pipe waits for its reader.
TEST_F(files, that_are_pipes_are_not_opened) {
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    weir::tool::check_writable(folder_ / "pipe");
    weir::tool::check_writable("/dev/null");
}

}  // namespace
