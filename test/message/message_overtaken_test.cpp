// SPDX-License-Identifier: MIT
//
// A consumer of messages is overtaken: before each of its atomic steps in turn the producer pushes another message. None
// of what it wrote is lost, however the records lie in the lines of the cache.
#define WEIR_ATOMIC_HEADER "test/support/wait_hooked_atomic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "test/support/overtaken.hpp"
#include "weir/message_ring.hpp"

namespace {

using weir::status;
using weir_test::for_each_step;
using weir_test::overtaken;

template <class Ring>
class message_overtaken : public testing::Test {};
using rings = testing::Types<weir::spsc_message_ring<weir::wait::yield>, weir::mpsc_message_ring<weir::wait::yield>>;
TYPED_TEST_SUITE(message_overtaken, rings);

TYPED_TEST(message_overtaken, loses_nothing_that_is_pushed_while_it_gives_back) {
    for (std::size_t bytes = 8; bytes <= 192; bytes += 8) {
        SCOPED_TRACE(std::to_string(bytes) + " bytes");
        const std::vector<std::byte> first(bytes, std::byte{1}), second(bytes, std::byte{2});
        for_each_step([&](int step) {
            TypeParam ring(1024);
            EXPECT_EQ(ring.try_push(first, 1), status::success);
            std::vector<std::uint16_t> seen;
            const auto visit = [&](std::uint16_t type, std::span<const std::byte> message) {
                seen.push_back(type);
                EXPECT_TRUE(std::ranges::equal(message, type == 1 ? first : second));
            };
            const bool was_overtaken = overtaken(
                step, [&] { ring.consume(visit); }, [&] { EXPECT_EQ(ring.try_push(second, 2), status::success); });
            if (!was_overtaken) return false;
            ring.consume(visit);
            EXPECT_EQ(seen, (std::vector<std::uint16_t>{1, 2}));
            return true;
        });
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
