// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

/// A file that lives as long as this object.
class temporary_file {
public:
    explicit temporary_file(const std::string& text = "")
        : path_(testing::TempDir() + "weir_test_" + std::to_string(::getpid()) + "_" + std::to_string(count_++)) {
        std::ofstream(path_) << text;
    }
    ~temporary_file() { std::remove(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string text() const {
        std::ifstream file(path_);
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    static inline int count_ = 0;
    std::string path_;
};
