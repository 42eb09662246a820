// SPDX-License-Identifier: MIT
//
// The README's table `What is in it` has every public header.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Those that a header of the table includes for its users.
constexpr std::string_view parts = "jetstream/";

TEST(readme, has_every_public_header_in_its_table) {
    const std::filesystem::path project = PROJECT_DIR;
    std::ifstream file(project / "README.md");
    const std::string readme{std::istreambuf_iterator<char>(file), {}};
    const auto begin = readme.find("## What is in it");
    const auto end = readme.find("\n## ", begin);
    ASSERT_NE(end, std::string::npos);
    const std::string_view table = std::string_view(readme).substr(begin, end - begin);

    const std::filesystem::path folder = project / "include" / "weir";
    std::vector<std::string> missing;
    int headers = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const std::string name = entry.path().lexically_relative(folder).generic_string();
        if (!name.ends_with(".hpp") || name.starts_with("detail/") || name.starts_with(parts)) continue;
        ++headers;
        if (table.find("`" + name + "`") == std::string_view::npos) missing.push_back(name);
    }
    EXPECT_THAT(missing, testing::IsEmpty());
    EXPECT_GT(headers, 30);
}

}  // namespace
