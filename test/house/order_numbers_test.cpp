// SPDX-License-Identifier: MIT
//
// The numbers of memory orders, checked from the comments: `// (3) release: pairs with (5), hands the slot to the consumer`.
//
// A folder of include/weir/detail/ has numbers of its own, and so has each header outside of these folders. There numbers
// start at (1) and have no gaps, and each names its partner, which names it back. A number may stand at several sites, all of
// the same order; one of them names the partner, the others may say "as above". Only a seq_cst one may do without a partner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sources = std::map<std::string, std::string>;  // path from the project's folder -> text

struct comment {
    std::string place;  // file:line
    std::string text;
};

struct number {
    std::string place;  // of its first site
    std::string order;
    std::set<int> partners;
};

/// The comments of a file. Lines that continue one another are one comment.
std::vector<comment> comments_of(const std::string& path, const std::string& text) {
    std::vector<comment> found;
    std::istringstream lines(text);
    std::string line;
    std::size_t column_before = std::string::npos;
    for (int n = 1; std::getline(lines, line); ++n) {
        const std::size_t column = line.find("//");
        if (column == std::string::npos) {
            column_before = std::string::npos;
            continue;
        }
        const bool is_alone = line.find_first_not_of(" \t") == column;
        const std::string words =
            line.substr(line.find_first_not_of('/', column) == std::string::npos ? line.size()
                                                                                 : line.find_first_not_of('/', column));
        if (is_alone && column == column_before) {
            found.back().text += words;
        } else {
            found.push_back({path + ":" + std::to_string(n), words});
        }
        column_before = column;
    }
    return found;
}

std::set<int> numbers_in(const std::string& text) {
    static const std::regex one(R"(\((\d+)\))");
    std::set<int> found;
    for (std::sregex_iterator it(text.begin(), text.end(), one), end; it != end; ++it)
        found.insert(std::stoi((*it)[1]));
    return found;
}

bool releases(const std::string& order) { return order != "acquire"; }
bool acquires(const std::string& order) { return order != "release"; }

/// Reads the numbered sites of a comment; says which sites of one number differ in their order.
void read_sites(const comment& c, std::map<int, number>& numbers, std::vector<std::string>& wrong) {
    static const std::regex site(R"(\((\d+)\),? (acquire|release|acq_rel|seq_cst)\b)");
    static const std::regex pairs(R"(pairs with ((?:(?:,| and| with)* ?\(\d+\))+))");
    std::vector<std::sregex_iterator> sites;
    for (std::sregex_iterator it(c.text.begin(), c.text.end(), site), end; it != end; ++it) sites.push_back(it);
    for (std::size_t i = 0; i < sites.size(); ++i) {
        const int n = std::stoi((*sites[i])[1]);
        const std::string order = (*sites[i])[2];
        const auto first = static_cast<std::size_t>(sites[i]->position());
        const std::size_t last =
            i + 1 < sites.size() ? static_cast<std::size_t>(sites[i + 1]->position()) : std::string::npos;
        const std::string clause = c.text.substr(first, last == std::string::npos ? last : last - first);
        number& known = numbers.try_emplace(n, number{c.place, order, {}}).first->second;
        if (known.order != order) {
            wrong.push_back(c.place + ": (" + std::to_string(n) + ") is " + order + ", but " + known.order + " at " +
                            known.place);
        }
        if (std::smatch partners; std::regex_search(clause, partners, pairs))
            known.partners.merge(numbers_in(partners[1]));
    }
}

/// What is wrong with the numbers of one folder.
std::vector<std::string> wrong_in_folder(const std::string& folder, const sources& files) {
    std::vector<std::string> wrong;
    std::map<int, number> numbers;
    for (const auto& [path, text] : files) {
        for (const comment& c : comments_of(path, text)) read_sites(c, numbers, wrong);
    }
    const int highest = numbers.empty() ? 0 : numbers.rbegin()->first;
    for (int n = 1; n <= highest; ++n) {
        const std::string name = "(" + std::to_string(n) + ")";
        if (!numbers.contains(n)) {
            wrong.push_back(folder + ": there is no " + name + ", but a (" + std::to_string(highest) + ")");
            continue;
        }
        const number& mine = numbers.at(n);
        if (mine.partners.empty() && mine.order != "seq_cst")
            wrong.push_back(mine.place + ": " + name + " names no partner");
        for (const int m : mine.partners) {
            const std::string other = "(" + std::to_string(m) + ")";
            if (!numbers.contains(m)) {
                wrong.push_back(mine.place + ": " + name + " pairs with " + other + ", which is not in " + folder);
                continue;
            }
            const number& its = numbers.at(m);
            if (!its.partners.contains(n)) {
                wrong.push_back(mine.place + ": " + name + " pairs with " + other +
                                ", which does not name it back at " + its.place);
            }
            if (!(releases(mine.order) && acquires(its.order)) && !(acquires(mine.order) && releases(its.order))) {
                wrong.push_back(mine.place + ": " + name + " pairs with " + other + ", and both are " + mine.order);
            }
        }
    }
    return wrong;
}

/// A folder of detail/ counts for itself, and so does a header outside of these.
std::vector<std::string> wrong_numbers(const sources& headers) {
    std::map<std::string, sources> folders;
    for (const auto& [path, text] : headers) {
        const std::string folder = path.substr(0, path.rfind('/'));
        folders[folder == "include/weir" || folder == "include/weir/detail" ? path : folder].emplace(path, text);
    }
    std::vector<std::string> wrong;
    for (const auto& [folder, files] : folders)
        std::ranges::copy(wrong_in_folder(folder, files), std::back_inserter(wrong));
    return wrong;
}

sources public_headers() {
    sources read;
    const std::filesystem::path root = PROJECT_DIR;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "include")) {
        if (entry.path().extension() != ".hpp") continue;
        std::ifstream file(entry.path());
        read[entry.path().lexically_relative(root).generic_string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return read;
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> wrong_in(const std::string& text) {
    return wrong_numbers({{"include/weir/detail/a/a.hpp", text}});
}

TEST(order_numbers, name_each_other_in_every_folder) { EXPECT_THAT(wrong_numbers(public_headers()), IsEmpty()); }

TEST(order_numbers, may_stand_at_several_sites_and_in_several_files_of_a_folder) {
    EXPECT_THAT(wrong_numbers({{"include/weir/detail/a/a.hpp",
                                "x.store(1, release);  // (1) release: pairs with (2), here\n"
                                "y.store(1, release);  // (1) release: as above\n"},
                               {"include/weir/detail/a/b.hpp",
                                "    // relaxed: mine. (2) acquire:\n"
                                "    // pairs with (1); on failure (2): as above\n"
                                "    /// O(1), see (Lamport 1983), futex(2)\n"}}),
                IsEmpty());
}

TEST(order_numbers, may_have_several_partners) {
    EXPECT_THAT(wrong_in("// (1) seq_cst: pairs with (2), and with (3): one order\n"
                         "a();  // (2) acquire: pairs with (1)\n"
                         "b();  // (3) release: pairs with (1) and (4)\n"
                         "c();  // (4) acquire: pairs with (3); on failure (5) acquire: pairs with (6)\n"
                         "d();  // (6) release: pairs with (5)\n"
                         "e();  // (7) seq_cst: for the one order\n"),
                IsEmpty());
}

TEST(order_numbers, start_anew_in_each_folder_and_in_each_header_outside) {
    const std::string pair = "// (1) release: pairs with (2)\n\n// (2) acquire: pairs with (1)\n";
    const std::string turned = "// (1) acquire: pairs with (2)\n\n// (2) release: pairs with (1)\n";
    EXPECT_THAT(wrong_numbers({{"include/weir/detail/a/a.hpp", pair},
                               {"include/weir/detail/b/b.hpp", turned},
                               {"include/weir/credit.hpp", pair},
                               {"include/weir/wait.hpp", turned}}),
                IsEmpty());
}

TEST(order_numbers, have_no_gap) {
    EXPECT_THAT(wrong_in("// (2) release: pairs with (4)\n\n// (4) acquire: pairs with (2)\n"),
                ElementsAre("include/weir/detail/a: there is no (1), but a (4)",
                            "include/weir/detail/a: there is no (3), but a (4)"));
}

TEST(order_numbers, name_a_partner_of_the_same_folder) {
    EXPECT_THAT(wrong_numbers({{"include/weir/detail/a/a.hpp", "// (1) release: pairs with (2)\n"},
                               {"include/weir/detail/b/b.hpp", "// (1) acquire: hands over\n"}}),
                ElementsAre("include/weir/detail/a/a.hpp:1: (1) pairs with (2), which is not in include/weir/detail/a",
                            "include/weir/detail/b/b.hpp:1: (1) names no partner"));
}

TEST(order_numbers, are_named_back_by_their_partner) {
    EXPECT_THAT(
        wrong_in("// (1) release: pairs with (2)\n\n// (2) acquire: pairs with (3)\n\n// (3) release: pairs with (2)\n"),
        ElementsAre(
            HasSubstr("a.hpp:1: (1) pairs with (2), which does not name it back at include/weir/detail/a/a.hpp:3")));
}

TEST(order_numbers, pair_what_releases_with_what_acquires) {
    EXPECT_THAT(
        wrong_in("// (1) release: pairs with (2)\n\n// (2) release: pairs with (1)\n"),
        ElementsAre(HasSubstr("(1) pairs with (2), and both are release"), HasSubstr("(2) pairs with (1), and both")));
}

TEST(order_numbers, stand_for_one_order) {
    EXPECT_THAT(
        wrong_in("// (1) release: pairs with (2)\n\n// (2) acquire: pairs with (1)\n\n// (1) acquire: pairs with (2)\n"),
        ElementsAre(HasSubstr("a.hpp:5: (1) is acquire, but release at include/weir/detail/a/a.hpp:1")));
}

}  // namespace
