// SPDX-License-Identifier: MIT
//
// A thread is one thread in the program, in a plug-in that it loaded, after the plug-in was unloaded, and in a forked child.
#define WEIR_CHECK_ROLES 1
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "weir/ring.hpp"

namespace {

class plugin : public testing::Test {
protected:
    void SetUp() override {
        library_ = ::dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
        ASSERT_NE(library_, nullptr) << ::dlerror();
        push_ = find<bool(weir::spsc_ring<int>*, int)>("push_from_plugin");
        pop_ = find<int(weir::spsc_ring<int>*)>("pop_in_plugin");
        thread_ = find<const void*()>("thread_in_plugin");
    }
    void TearDown() override { unload(); }

    void unload() {
        if (library_ != nullptr) ::dlclose(library_);
        library_ = nullptr;
    }
    template <class F>
    F* find(const char* name) {
        void* const found = ::dlsym(library_, name);
        EXPECT_NE(found, nullptr) << name;
        return reinterpret_cast<F*>(found);
    }

    void* library_ = nullptr;
    bool (*push_)(weir::spsc_ring<int>*, int) = nullptr;
    int (*pop_)(weir::spsc_ring<int>*) = nullptr;
    const void* (*thread_)() = nullptr;
};

TEST_F(plugin, may_push_and_pop_what_the_program_does) {
    weir::spsc_ring<int> ring(4);
    EXPECT_TRUE(ring.try_push(1));
    EXPECT_TRUE(push_(&ring, 2));
    EXPECT_EQ(pop_(&ring), 1);
    EXPECT_EQ(ring.try_pop(), 2);
    unload();
    EXPECT_TRUE(ring.try_push(3));
    EXPECT_EQ(ring.try_pop(), 3);
}

TEST_F(plugin, knows_a_thread_as_the_program_does) {
    std::set<const void*> threads{weir::detail::this_thread()};
    EXPECT_EQ(thread_(), weir::detail::this_thread());
    std::vector<std::thread> others;
    std::vector<const void*> seen(8);
    for (const void*& mine : seen) {
        others.emplace_back([this, &mine] {
            mine = thread_();
            EXPECT_EQ(mine, weir::detail::this_thread());
        });
    }
    for (auto& other : others) other.join();
    EXPECT_EQ(threads.count(seen[0]), 0U);
}

TEST_F(plugin, lets_a_forked_child_go_on_in_the_roles_of_its_thread) {
    weir::spsc_ring<int> ring(4);
    ASSERT_TRUE(ring.try_push(1));
    ASSERT_EQ(ring.try_pop(), 1);
    const pid_t child = ::fork();
    if (child == 0) {
        const bool works = ring.try_push(2) == weir::status::success && push_(&ring, 3) && pop_(&ring) == 2;
        ::_exit(works ? 0 : 1);
    }
    int how = 0;
    ASSERT_EQ(::waitpid(child, &how, 0), child);
    EXPECT_EQ(how, 0);
}

}  // namespace
