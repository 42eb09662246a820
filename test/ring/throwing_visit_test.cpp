// SPDX-License-Identifier: MIT
//
// consume() with a visit that throws: which items are gone and which stay, and that producers and statistics learn of
// exactly the slots that were freed.
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/every_ring.hpp"

#if defined(__linux__)
#include <poll.h>
#endif

#if defined(__cpp_exceptions)
namespace {

using weir::status;
using weir_test::counted;

/// Calls consume(), whose visit throws at the item number `at`. Returns how many items were visited before it.
template <class Ring>
std::size_t consume_and_throw(Ring& ring, std::size_t at) {
    std::size_t visited = 0;
    const auto visit = [&](auto& item) {
        EXPECT_EQ(weir_test::number(item), static_cast<int>(visited));
        if (visited == at) throw std::runtime_error("as told");
        ++visited;
    };
    EXPECT_THROW(ring.consume(visit), std::runtime_error);
    return visited;
}

template <class Kind>
class throwing_visit : public testing::Test {
protected:
    /// How many items are gone. With one consumer, the item whose visit throws stays; with many, it is gone, too.
    template <class Ring>
    static std::size_t gone(std::size_t thrown_at) {
        return thrown_at + (Ring::has_many_consumers ? 1 : 0);
    }

    /// The first item, the last, and those around the ends of the portions in which consume() frees slots.
    static constexpr std::size_t capacity = 300;
    static std::vector<std::size_t> places_to_throw() {
        return {0, 1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 256, 298, 299};
    }

    template <class Ring>
    static void fill(Ring& ring) {
        for (std::size_t i = 0; i < capacity; ++i) ASSERT_TRUE(ring.try_emplace(static_cast<int>(i)));
        ASSERT_FALSE(ring.try_emplace(0));
    }
};
TYPED_TEST_SUITE(throwing_visit, weir_test::every_ring, weir_test::ring_names);

TYPED_TEST(throwing_visit, keeps_the_items_after_it_and_frees_the_slots_before_it) {
    using ring_type = typename TypeParam::template ring<counted>;
    const int alive_before = counted::alive;
    for (const std::size_t at : this->places_to_throw()) {
        SCOPED_TRACE("thrown at item " + std::to_string(at));
        ring_type ring(this->capacity);
        this->fill(ring);
        EXPECT_EQ(consume_and_throw(ring, at), at);
        const std::size_t gone = this->template gone<ring_type>(at);
        EXPECT_EQ(ring.size_approx(), this->capacity - gone);
        EXPECT_EQ(counted::alive - alive_before, static_cast<int>(this->capacity - gone));
        for (std::size_t i = 0; i < gone; ++i) ASSERT_TRUE(ring.try_emplace(1000));
        EXPECT_EQ(ring.try_emplace(1000), status::full);
        for (std::size_t i = gone; i < this->capacity; ++i) {
            const std::optional<counted> item = ring.try_pop();
            ASSERT_TRUE(item.has_value());
            ASSERT_EQ(item->read(), static_cast<int>(i));
        }
    }
    EXPECT_EQ(counted::alive, alive_before);
    EXPECT_EQ(counted::misuses, 0);
}

TYPED_TEST(throwing_visit, counts_the_items_that_are_gone_as_popped) {
    using ring_type = typename TypeParam::template ring<int, weir::wait::park, weir::stats::on>;
    for (const std::size_t at : this->places_to_throw()) {
        SCOPED_TRACE("thrown at item " + std::to_string(at));
        ring_type ring(this->capacity);
        this->fill(ring);
        EXPECT_EQ(consume_and_throw(ring, at), at);
        const auto seen = ring.snapshot();
        EXPECT_EQ(seen.consumer.popped, this->template gone<ring_type>(at));
        EXPECT_EQ(seen.producer.pushed, seen.consumer.popped + seen.queued_items);
    }
}

#if defined(__linux__)
bool readable(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

TYPED_TEST(throwing_visit, makes_space_fd_readable_if_a_slot_was_freed) {
    using ring_type = typename TypeParam::template ring<int, weir::wait::event>;
    for (const std::size_t at : this->places_to_throw()) {
        SCOPED_TRACE("thrown at item " + std::to_string(at));
        ring_type ring(this->capacity);
        this->fill(ring);
        ASSERT_FALSE(readable(ring.space_fd()));
        EXPECT_EQ(consume_and_throw(ring, at), at);
        EXPECT_EQ(readable(ring.space_fd()), this->template gone<ring_type>(at) > 0);
        EXPECT_EQ(ring.try_push(0) == status::success, this->template gone<ring_type>(at) > 0);
    }
}
#endif

}  // namespace
#endif
