// SPDX-License-Identifier: MIT
//
// The places of a strict ring: as many as it has slots, and one more for each thread that may stand still.
#include "weir/detail/strict/cells.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <thread>

namespace {

using weir::detail::strict_cells;

/// Where a thread begins to look depends on its address: each test is done by several.
template <class Test>
void by_several_threads(Test test) {
    for (int i = 0; i < 8 && !testing::Test::HasFailure(); ++i) std::thread(test).join();
}

template <std::size_t Spares>
void claim_all() {
    for (const std::size_t capacity : {1U, 2U, 3U, 4U, 8U}) {
        by_several_threads([capacity] {
            using cells_type = strict_cells<int, weir::storage::heap, std::uint64_t, Spares>;
            cells_type cells(capacity, 0);
            const std::size_t places = std::bit_ceil(capacity) + Spares;
            std::set<std::size_t> claimed;
            for (std::size_t i = 0; i < places; ++i) {
                const std::size_t index = cells.claim_any();
                ASSERT_NE(index, cells_type::none) << "only " << i << " of " << places << " places were found";
                ASSERT_LT(index, places);
                EXPECT_EQ(index >= std::bit_ceil(capacity), i < Spares) << "the spare places come first";
                EXPECT_TRUE(claimed.insert(index).second) << index << " was somebody's own";
            }
            EXPECT_EQ(cells.claim_any(), cells_type::none);
            for (std::size_t index = 0; index < places; ++index) {
                cells[index].give_back();
                EXPECT_EQ(cells.claim_any(), index);
                EXPECT_EQ(cells.claim_any(), cells_type::none);
            }
        });
    }
}

TEST(strict_cells, finds_each_place_that_is_free_and_no_other) {
    claim_all<1>();
    claim_all<2>();
    claim_all<3>();
    claim_all<5>();
    claim_all<7>();
    claim_all<64>();
}

// The link that a position has before its item comes, with it, and when it is sealed; and the number of the cell in it.
TEST(strict_cells, shows_by_its_link_the_content_of_a_position) {
    constexpr std::size_t spares = 3;
    constexpr std::uint64_t wrap = std::numeric_limits<std::uint64_t>::max();
    for (const std::size_t capacity : {1U, 3U, 8U}) {
        const std::size_t lap = std::bit_ceil(capacity);
        for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{5}, wrap - 1}) {
            strict_cells<int, weir::storage::heap, std::uint16_t, spares> cells(capacity, start);
            for (std::size_t i = 0; i < lap; ++i) {
                const std::uint64_t at = start + i;
                const std::uint16_t before = cells.link_at(at).load();
                EXPECT_TRUE(cells.is_awaited(before, at));
                EXPECT_FALSE(cells.is_linked(before, at));
                EXPECT_FALSE(cells.is_sealed(before));
                EXPECT_TRUE(cells.is_sealed(cells.sealed(before)));
                EXPECT_TRUE(cells.is_awaited(cells.sealed(before), at));
                for (std::size_t index = 0; index < lap + spares; ++index) {
                    const std::uint16_t link = cells.link_to(at, index);
                    EXPECT_EQ(cells.index_of(link), index);
                    EXPECT_TRUE(cells.is_linked(link, at));
                    EXPECT_FALSE(cells.is_awaited(link, at));
                    EXPECT_TRUE(cells.is_awaited(link, at + lap)) << "until the item of the next lap comes";
                    EXPECT_FALSE(cells.is_linked(link, at + lap));
                    EXPECT_FALSE(cells.is_awaited(link, at - lap)) << "it was passed long ago";
                    EXPECT_FALSE(cells.is_linked(link, at - lap));
                    EXPECT_FALSE(cells.is_sealed(link));
                }
            }
        }
    }
}

}  // namespace
