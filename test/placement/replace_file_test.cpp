// SPDX-License-Identifier: MIT
//
// A file is replaced as a whole or not at all.
#include "replace_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using weir::replace_file;

/// A folder of its own, with the file "kept" in it.
class replaced : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_replaced_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        std::ofstream(folder_ / "kept") << "former contents\n";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const char* name = "kept") const { return (folder_ / name).string(); }
    std::string text(const char* name = "kept") const {
        std::ifstream file(path(name));
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::ptrdiff_t files() const {
        return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
    }

    std::filesystem::path folder_;
};

/// While it lives, no file of this process grows beyond so many bytes, as if the disk were full.
class small_disk {
public:
    explicit small_disk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~small_disk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(replaced, has_the_new_text_and_nothing_else_appears) {
    EXPECT_EQ(replace_file(path(), "new"), 0);
    EXPECT_EQ(text(), "new");
    EXPECT_EQ(replace_file(path("other"), "made"), 0);
    EXPECT_EQ(text("other"), "made");
    EXPECT_EQ(replace_file(path("other"), ""), 0);
    EXPECT_EQ(text("other"), "");
    EXPECT_EQ(files(), 2);
}

TEST_F(replaced, keeps_its_former_contents_when_the_disk_is_full) {
    const std::string large(100'000, 'x');
    {
        const small_disk full(10'000);
        EXPECT_EQ(replace_file(path(), large), EFBIG);
        EXPECT_EQ(replace_file(path("new"), large), EFBIG);
    }
    EXPECT_EQ(text(), "former contents\n");
    EXPECT_EQ(files(), 1) << "a draft was left behind";
}

TEST_F(replaced, keeps_its_permissions_and_stays_a_link) {
    ASSERT_EQ(::chmod(path().c_str(), 0640), 0);
    std::filesystem::create_symlink("kept", folder_ / "link");
    EXPECT_EQ(replace_file(path("link"), "by the link"), 0);
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
    EXPECT_EQ(text(), "by the link");
    struct stat now {};
    ASSERT_EQ(::stat(path().c_str(), &now), 0);
    EXPECT_EQ(now.st_mode & 07777, 0640U);
    EXPECT_EQ(files(), 2);
}

TEST_F(replaced, a_link_that_dangles_stays_and_what_it_names_is_made) {
    std::filesystem::create_symlink("later", folder_ / "link");
    EXPECT_EQ(replace_file(path("link"), "by the link"), 0);
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
    EXPECT_EQ(text("later"), "by the link");
    EXPECT_EQ(files(), 3);
}

/// Another user of the folder may have put links there: here the names that a draft may get are taken.
TEST_F(replaced, a_draft_never_follows_a_link_that_has_its_name) {
    std::ofstream(folder_ / "victim") << "of another user";
    const std::string draft = path() + ".part" + std::to_string(::getpid());
    for (const std::string& name : {draft, draft + "-0", draft + "-1"}) std::filesystem::create_symlink("victim", name);
    EXPECT_EQ(replace_file(path(), "new"), 0);
    EXPECT_EQ(text(), "new");
    EXPECT_EQ(text("victim"), "of another user");
    EXPECT_FALSE(std::filesystem::is_symlink(path()));
    EXPECT_EQ(files(), 5);
}

TEST_F(replaced, devices_are_written_to_as_they_are) {
    EXPECT_EQ(replace_file("/dev/null", "gone"), 0);
    EXPECT_EQ(replace_file("/dev/full", "no room"), ENOSPC);
    struct stat now {};
    ASSERT_EQ(::stat("/dev/null", &now), 0);
    EXPECT_TRUE(S_ISCHR(now.st_mode));
}

TEST_F(replaced, says_why_it_cannot_be) {
    EXPECT_EQ(replace_file("/no/such/folder/file", "x"), ENOENT);
    EXPECT_EQ(replace_file(path("kept/file"), "x"), ENOTDIR);
    EXPECT_EQ(replace_file(folder_.string(), "x"), EISDIR);
    EXPECT_EQ(replace_file("", "x"), ENOENT);
    EXPECT_EQ(files(), 1);
}

}  // namespace
