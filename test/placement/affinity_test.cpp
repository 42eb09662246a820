// SPDX-License-Identifier: MIT
#include <weir/affinity.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <string>
#include <thread>
#include <vector>

#if defined(__linux__)
namespace {
int false_pu = -1;  // the result of sched_getcpu(); -1: the real one
}

// Replaces the C library's function, to act like an emulator that does not pin threads.
extern "C" int sched_getcpu() noexcept {
    if (false_pu >= 0) return false_pu;
    unsigned pu = 0;
    return ::syscall(SYS_getcpu, &pu, nullptr, nullptr) == 0 ? static_cast<int>(pu) : -1;
}
#endif

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using weir::placement_error;
using weir::pu_set;

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const placement_error& error) {
        return error.what();
    }
    return "";
}

/// Restores the affinity of the test's thread.
class affinity_kept : public testing::Test {
protected:
    ~affinity_kept() override { weir::set_this_thread_affinity(before_); }
    const pu_set before_ = weir::this_thread_affinity();
};

// ---- pu_set

TEST(pu_set, reads_lists_as_taskset_does) {
    EXPECT_THAT(pu_set::parse("0,2-3"), ElementsAre(0, 2, 3));
    EXPECT_THAT(pu_set::parse("3,1-2,1"), ElementsAre(1, 2, 3));
    EXPECT_THAT(pu_set::parse("0-6:2"), ElementsAre(0, 2, 4, 6));
    EXPECT_THAT(pu_set::parse(" 0 , 1\n"), ElementsAre(0, 1));
    EXPECT_THAT(pu_set::parse("65535"), ElementsAre(65535));
    EXPECT_TRUE(pu_set::parse("").empty());
    EXPECT_THAT(pu_set::parse("0-3,5"), ElementsAre(0, 1, 2, 3, 5));
    EXPECT_THAT(pu_set::parse("7-7"), ElementsAre(7));
    EXPECT_THAT(pu_set::parse("1-8:3,20-24:4"), ElementsAre(1, 4, 7, 20, 24));
    EXPECT_THAT(pu_set::parse("3-9:65535"), ElementsAre(3));
    EXPECT_THAT(pu_set::parse("0, 1 ,\t2"), ElementsAre(0, 1, 2));
    EXPECT_TRUE(pu_set::parse(" \t\n").empty());
    EXPECT_EQ(pu_set::parse("0-65535").size(), 65536U);
    EXPECT_EQ(pu_set::parse("0-65535,0-65533").size(), 65536U) << "numbers may be written twice";
}

TEST(pu_set, refuses_malformed_text_with_a_sentence) {
    for (const auto* text : {"x", "1,", ",1", "1-", "-1", "2-1", "0-4:0", "0:2", "0x3", "65536", "1 2", "99999999999",
                             "0-65535,0-65534", "3,0-65536", "0-4:65536", "0-4:", "0-4:x", "x-4", "0-x"})
        EXPECT_EQ(
            sentence([&] { static_cast<void>(pu_set::parse(text)); }),
            "'" + std::string(text) + "' is not a list of PUs: write numbers up to 65535 and ranges, such as 0,2-3");
}

TEST(pu_set, round_trips_through_text) {
    for (const auto* text : {"", "0", "0-1", "0,2-3", "1,3,5,64-127"}) EXPECT_EQ(pu_set::parse(text).to_string(), text);
    EXPECT_EQ((pu_set{3, 1, 2, 2}.to_string()), "1-3");
}

TEST(pu_set, is_a_set) {
    const pu_set low{0, 1, 2};
    const pu_set high{2, 3};
    EXPECT_EQ(low & high, pu_set{2});
    EXPECT_EQ(low | high, (pu_set{0, 1, 2, 3}));
    EXPECT_EQ(low - high, (pu_set{0, 1}));
    EXPECT_TRUE(low.contains(1U));
    EXPECT_FALSE(low.contains(3U));
    EXPECT_TRUE(low.contains(pu_set{0, 2}));
    EXPECT_TRUE(low.contains(pu_set{}));
    EXPECT_FALSE(low.contains(high));
    EXPECT_EQ(low.size(), 3U);
    EXPECT_EQ(low.front(), 0U);
    pu_set grown;
    for (const unsigned pu : {5U, 1U, 5U, 3U}) grown.insert(pu);
    EXPECT_THAT(grown, ElementsAre(1, 3, 5));
}

// ---- Threads

TEST_F(affinity_kept, pins_to_every_usable_pu) {
    for (const unsigned pu : before_) {
        EXPECT_EQ(weir::pin_this_thread(pu), pu_set{pu});
        EXPECT_EQ(weir::this_thread_affinity(), pu_set{pu});
        for (int look = 0; look < 100; ++look) ASSERT_EQ(weir::current_pu(), pu);
    }
}

TEST_F(affinity_kept, pins_only_the_calling_thread) {
    const unsigned last = *(before_.end() - 1);
    std::thread([&] { weir::pin_this_thread(last); }).join();
    EXPECT_EQ(weir::this_thread_affinity(), before_);
}

TEST_F(affinity_kept, each_thread_runs_where_it_is_pinned) {
    std::vector<std::thread> threads;
    std::vector<unsigned> ran_on(before_.size(), ~0U);
    std::size_t next = 0;
    for (const unsigned pu : before_)
        threads.emplace_back([pu, &where = ran_on[next++]] {
            weir::pin_this_thread(pu);
            where = weir::current_pu();
        });
    for (auto& thread : threads) thread.join();
    EXPECT_THAT(ran_on, testing::ElementsAreArray(before_));
}

TEST_F(affinity_kept, restoring_the_previous_affinity_undoes_a_pin) {
    weir::pin_this_thread(before_.front());
    EXPECT_EQ(weir::set_this_thread_affinity(before_), before_);
    EXPECT_EQ(weir::this_thread_affinity(), before_);
}

TEST_F(affinity_kept, the_startup_affinity_is_still_known_after_a_pin) {
    weir::pin_this_thread(before_.front());
    EXPECT_EQ(weir::startup_affinity(), before_);
}

TEST_F(affinity_kept, a_pu_that_does_not_exist_is_refused_and_nothing_changes) {
    for (const unsigned pu : {999U, 65535U, 65536U, 4294967295U}) {
        const auto why = sentence([&] { weir::pin_this_thread(pu); });
        EXPECT_THAT(why, AllOf(HasSubstr("there is no PU " + std::to_string(pu) + " here ("), HasSubstr("online"),
                               HasSubstr("run 'weir topo' to see them")));
        EXPECT_EQ(weir::this_thread_affinity(), before_);
    }
}

TEST_F(affinity_kept, a_set_that_the_kernel_grants_in_part_is_refused_and_nothing_changes) {
    auto more = before_;
    more.insert(9999);
#if defined(WEIR_AFFINITY_BY_HWLOC)
    const std::string granted = "there is no PU 9999 here (";
#else
    const auto granted = "grants only PUs " + before_.to_string() + " of ";
#endif
    EXPECT_THAT(sentence([&] { weir::set_this_thread_affinity(more); }), AllOf(HasSubstr("9999"), HasSubstr(granted)));
    EXPECT_EQ(weir::this_thread_affinity(), before_);
    EXPECT_THAT(sentence([] { weir::set_this_thread_affinity({}); }), HasSubstr("name at least one"));
}

#if defined(__linux__) && \
    !defined(WEIR_AFFINITY_BY_HWLOC)  // which knows what is there, and asks the kernel for no more
// The kernel moves the thread to the one PU that it grants before we detect the mismatch.
TEST_F(affinity_kept, a_set_of_which_only_one_pu_is_granted_leaves_the_thread_where_it_was) {
    for (const unsigned pu : before_) {
        const auto why = sentence([&] { weir::set_this_thread_affinity({pu, 9999}); });
        EXPECT_THAT(why, HasSubstr("only PUs " + std::to_string(pu) + " of " + std::to_string(pu) + ",9999;"));
        EXPECT_EQ(weir::this_thread_affinity(), before_);
    }
}
#endif

TEST_F(affinity_kept, a_refusal_leaves_a_pinned_thread_pinned) {
    for (const unsigned pu : before_) {
        weir::pin_this_thread(pu);
        for (const unsigned other : before_) {
            EXPECT_NE(sentence([&] { weir::set_this_thread_affinity({other, 9999}); }), "");
            EXPECT_EQ(weir::this_thread_affinity(), pu_set{pu});
        }
        EXPECT_NE(sentence([] { weir::pin_this_thread(9999); }), "");
        EXPECT_EQ(weir::this_thread_affinity(), pu_set{pu});
        weir::set_this_thread_affinity(before_);
    }
}

#if defined(__linux__)
TEST_F(affinity_kept, a_pin_that_has_no_effect_is_refused_and_undone) {
    const unsigned pu = before_.front();
    false_pu = static_cast<int>(pu) + 1;
    const auto why = sentence([&] { weir::pin_this_thread(pu); });
    false_pu = -1;
#if defined(WEIR_AFFINITY_BY_HWLOC)
    EXPECT_EQ(why, "this thread was pinned to PU " + std::to_string(pu) + ", but runs on PU " + std::to_string(pu + 1));
#else
    EXPECT_THAT(why, AllOf(HasSubstr("this thread was pinned to PU " + std::to_string(pu) +
                                     ", but the kernel runs it on PU " + std::to_string(pu + 1)),
                           HasSubstr("does not pin threads")));
#endif
    EXPECT_EQ(weir::this_thread_affinity(), before_);
}
#endif

}  // namespace
