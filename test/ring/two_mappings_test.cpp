// SPDX-License-Identifier: MIT
//
// The state and the slots of a ring work at two addresses at a time: the same memory is mapped twice, one end pushes through one
// mapping and the other pops through the other, as two processes would.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>

#include "weir/detail/cursor/cursor.hpp"
#include "weir/detail/mpmc/algorithm.hpp"
#include "weir/detail/mpmc/state.hpp"
#include "weir/detail/spsc/consumer.hpp"
#include "weir/detail/spsc/producer.hpp"
#include "weir/detail/spsc/slots.hpp"
#include "weir/status.hpp"

namespace {

using namespace weir::detail;
using weir::status;

/// Memory that is mapped twice.
class twice {
public:
    explicit twice(std::size_t bytes) : bytes_(bytes) {
        const int file = ::memfd_create("weir-test", 0);
        if (file < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) != 0) std::abort();
        for (std::byte*& view : views_) {
            void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (at == MAP_FAILED) std::abort();
            view = static_cast<std::byte*>(at);
        }
        ::close(file);
    }
    ~twice() {
        for (std::byte* const view : views_) ::munmap(view, bytes_);
    }
    twice(const twice&) = delete;
    twice& operator=(const twice&) = delete;

    template <class T>
    T* in(std::size_t view, std::size_t offset) const {
        return std::launder(reinterpret_cast<T*>(views_[view] + offset));
    }

private:
    std::size_t bytes_;
    std::byte* views_[2] = {};
};

constexpr std::size_t slots_at = 4096;
constexpr std::size_t capacity = 100;
constexpr std::uint64_t items = 20000;

template <class Push, class Pop>
void pass_through(Push push, Pop pop) {
    std::thread producer([&] {
        for (std::uint64_t i = 0; i < items; ++i) {
            while (!push(i)) std::this_thread::yield();
        }
    });
    for (std::uint64_t expected = 0; expected < items; ++expected) {
        std::uint64_t item = 0;
        while (!pop(item)) std::this_thread::yield();
        ASSERT_EQ(item, expected);
    }
    producer.join();
}

TEST(two_mappings, of_a_ring_of_one_producer_and_one_consumer_pass_items_in_order) {
    using state = credit_state<std::uint32_t>;
    using slots = spsc_slots<std::uint64_t, std::uint32_t>;
    static_assert(std::is_standard_layout_v<state> && sizeof(state) <= slots_at);
    const twice memory(slots_at + slots::count(capacity) * sizeof(std::uint64_t));
    std::construct_at(memory.in<state>(0, 0), std::uint32_t{capacity}, std::uint32_t{0}, std::uint32_t{0}, false);

    state& of_producer = *memory.in<state>(0, 0);
    state& of_consumer = *memory.in<state>(1, 0);
    ASSERT_NE(&of_producer, &of_consumer);
    spsc_producer<std::uint64_t, std::uint32_t, granting::automatic> producer(of_producer,
                                                                              memory.in<std::uint64_t>(0, slots_at));
    spsc_consumer<std::uint64_t, std::uint32_t, granting::automatic> consumer(of_consumer,
                                                                              memory.in<std::uint64_t>(1, slots_at));
    pass_through(
        [&](std::uint64_t i) { return producer.try_emplace(of_producer, i); },
        [&](std::uint64_t& item) { return consumer.try_take(of_consumer, [&](std::uint64_t& e) { item = e; }); });

    of_producer.closing.end();
    EXPECT_EQ(consumer.try_take(of_consumer, [](std::uint64_t&) {}), status::closed);
}

TEST(two_mappings, of_a_ring_of_many_producers_and_consumers_pass_items_in_order) {
    using state = mpmc_state<granting::automatic>;
    using slots = mpmc_slots<std::uint64_t, std::uint32_t>;
    static_assert(std::is_standard_layout_v<state> && std::is_standard_layout_v<slots::slot> &&
                  sizeof(state) <= slots_at);
    const twice memory(slots_at + slots::count(capacity) * sizeof(slots::slot));
    std::construct_at(memory.in<state>(0, 0), capacity, cursor_at(0));
    const slots pushed_to(memory.in<slots::slot>(0, slots_at), capacity);
    const slots popped_from(memory.in<slots::slot>(1, slots_at), capacity);
    pushed_to.construct(cursor_at(0));

    state& of_producer = *memory.in<state>(0, 0);
    state& of_consumer = *memory.in<state>(1, 0);
    using ends = mpmc_algorithm<std::uint64_t, std::uint32_t, granting::automatic>;
    ends producer(pushed_to);
    ends consumer(popped_from);
    pass_through([&](std::uint64_t i) { return producer.try_emplace(of_producer, i); },
                 [&](std::uint64_t& item) {
                     return consumer.try_take(of_consumer, [&](std::uint64_t& e) noexcept { item = e; });
                 });

    ends::close(of_producer);
    EXPECT_EQ(consumer.try_take(of_consumer, [](std::uint64_t&) noexcept {}), status::closed);
}

}  // namespace
