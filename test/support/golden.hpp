// SPDX-License-Identifier: MIT
//
// Long texts that are to stay as they are: test/data/golden has them, made from figures of which no two are alike and
// read over by a person. With WEIR_WRITE_GOLDEN=1 in the environment a test writes its file anew: read what has
// changed.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace weir_test {

inline void expect_golden(const std::string& name, const std::string& text) {
    const std::string path = std::string(TEST_DATA_DIR "/golden/") + name;
    if (std::getenv("WEIR_WRITE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(file), {})) << path;
}

}  // namespace weir_test
