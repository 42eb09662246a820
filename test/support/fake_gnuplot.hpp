// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <weir/version.hpp>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace weir_test {

/// Each test works in a folder of its own, with a gnuplot that writes its script where the picture would be.
class with_fake_gnuplot : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "weir_page_XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        std::filesystem::current_path(folder_);
        std::ofstream("gnuplot") << R"(#!/bin/sh
awk '/^set output/ { file = $3; gsub(/\047/, "", file); print "<svg viewBox=\"0 0 1 2\">" > file; next }
     /^unset output/ { print "</svg>" > file; close(file); file = ""; next }
     file != "" { gsub(/</, "\\&lt;"); print > file }' "$1"
)";
        std::filesystem::permissions("gnuplot", std::filesystem::perms::owner_all);
        ::setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
    }
    void TearDown() override {
        ::setenv("PATH", path_.c_str(), 1);
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(folder_);
    }

    /// Of a page, without what all pages have, and what every version changes.
    static std::string body_of(std::string page) {
        page.erase(0, page.find("<body>"));
        for (std::size_t at = 0; (at = page.find(WEIR_VERSION_STRING, at)) != std::string::npos;)
            page.replace(at, sizeof WEIR_VERSION_STRING - 1, "VERSION");
        return page;
    }

private:
    std::filesystem::path folder_;
    const std::filesystem::path before_ = std::filesystem::current_path();
    const std::string path_ = std::getenv("PATH");
};

}  // namespace weir_test
