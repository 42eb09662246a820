// SPDX-License-Identifier: MIT
//
// Slots on a NUMA node that is named: where they are is read back from the kernel. On a machine with one node, that is node 0.
#include <weir/message_ring.hpp>
#include <weir/node_memory.hpp>
#include <weir/ring.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <fstream>
#include <span>
#include <stdexcept>
#include <string>

namespace {

using weir::storage::on_node;

// Of all slots, once they hold an item.
template <class Ring>
void expect_slots_on(unsigned node, Ring& ring) {
    for (int i = 0; ring.try_push(i); ++i) {
    }
    for (std::size_t i = 0; i != ring.capacity(); ++i)
        ring.consume([&](const int& item) { EXPECT_EQ(weir::numa_node_of(&item), node); }, 1);
}

bool kernel_says() {
    const int here = 0;
    return weir::numa_node_of(&here).has_value();
}

unsigned last_node() {
    std::ifstream file("/sys/devices/system/node/has_memory");
    std::string list;
    file >> list;
    return list.empty() ? 0 : static_cast<unsigned>(std::stoul(list.substr(list.find_last_of(",-") + 1)));
}

#if defined(__linux__) && defined(SYS_move_pages)
TEST(numa_node_of, says_what_the_kernel_says_of_this_process) {
    const int here = 0;
    void* page = const_cast<int*>(&here);
    int node = -1;
    if (::syscall(SYS_move_pages, 0, 1UL, &page, nullptr, &node, 0) != 0)
        GTEST_SKIP() << "the kernel does not say where memory is";
    ASSERT_GE(node, 0);
    EXPECT_EQ(weir::numa_node_of(&here), static_cast<unsigned>(node));
}
#endif

TEST(on_node, puts_slots_where_one_says) {
    if (!kernel_says()) GTEST_SKIP() << "the kernel does not say where memory is";
    for (const unsigned node : {0U, last_node()}) {
        weir::spsc_ring<int, on_node> one_to_one(5000, on_node(node));
        expect_slots_on(node, one_to_one);
        weir::mpmc_ring<int, on_node> many(5000, on_node(node));
        expect_slots_on(node, many);
        weir::strict_mpmc_ring<int, on_node> strict(5000, on_node(node));
        expect_slots_on(node, strict);
        EXPECT_EQ(one_to_one.capacity(), 5000U);
        EXPECT_GE(one_to_one.memory().bytes, 5000 * sizeof(int));
    }
}

TEST(on_node, serves_messages) {
    weir::spsc_message_ring<on_node> ring(1024, on_node(0));
    const char text[] = "hello";
    ASSERT_TRUE(ring.try_push(std::as_bytes(std::span(text))));
}

#if defined(__cpp_exceptions)
TEST(on_node, refuses_a_node_that_does_not_exist) {
    for (const unsigned node : {last_node() + 1, 1023U, 1024U, ~0U}) {
        try {
            const weir::spsc_ring<int, on_node> ring(16, on_node(node));
            ADD_FAILURE() << "node " << node << " was accepted";
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(
                error.what(),
                testing::AnyOf(testing::HasSubstr("there is no NUMA node " + std::to_string(node) + " with memory"),
                               testing::HasSubstr("cannot be on NUMA node " + std::to_string(node))));
        }
    }
}
#endif

}  // namespace
