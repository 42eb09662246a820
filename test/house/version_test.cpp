// SPDX-License-Identifier: MIT
#include <weir/version.hpp>

#include <gtest/gtest.h>

#include <string>

TEST(version, is_the_one_of_the_build) { EXPECT_STREQ(WEIR_VERSION_STRING, PROJECT_VERSION); }

TEST(version, has_numbers_that_agree_with_its_string) {
    EXPECT_EQ(std::to_string(WEIR_VERSION_MAJOR) + "." + std::to_string(WEIR_VERSION_MINOR) + "." +
                  std::to_string(WEIR_VERSION_PATCH),
              WEIR_VERSION_STRING);
}
