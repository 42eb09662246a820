// SPDX-License-Identifier: MIT
//
// Without futexes, a thread of the program is woken by a plug-in that hides its symbols.
#include <gtest/gtest.h>

#include <dlfcn.h>

#include <chrono>
#include <thread>

#include "weir/ring.hpp"

static_assert(WEIR_FUTEX_FALLBACK == 1);

namespace {

using namespace std::chrono_literals;

TEST(plugin_fallback, wakes_a_thread_of_the_program) {
    void* const library = ::dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    const auto push = reinterpret_cast<bool (*)(weir::spsc_ring<int>*, int)>(::dlsym(library, "push_from_plugin"));
    ASSERT_NE(push, nullptr);

    weir::spsc_ring<int> ring(4);
    std::chrono::nanoseconds waited{};
    std::thread consumer([&] {
        int out = 0;
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(ring.pop_for(out, 20s), weir::status::success);
        EXPECT_EQ(out, 7);
        waited = std::chrono::steady_clock::now() - begin;
    });
    std::this_thread::sleep_for(100ms);
    EXPECT_TRUE(push(&ring, 7));
    consumer.join();
    EXPECT_LT(waited, 10s) << "it was not woken, but looked again at its deadline";
    ::dlclose(library);
}

}  // namespace
