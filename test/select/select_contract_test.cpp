// SPDX-License-Identifier: MIT
//
// What select() promises of each end of each family, with each way to wait.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <type_traits>

#include "test/select/ends.hpp"
#include "test/support/wait_support.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir_test;
using weir::selected;
using weir::status;

constexpr auto ages = 60s;  // for what is woken long before

template <template <class> class End, class Wait>
struct with {
    using end = End<Wait>;
    using wait = Wait;
};

template <class Wait>
using every_end =
    testing::Types<with<spsc_items, Wait>, with<mpmc_items, Wait>, with<strict_items, Wait>,
                   with<pull_spsc_items, Wait>, with<pull_mpmc_items, Wait>, with<block_items, Wait>,
                   with<drop_oldest_items, Wait>, with<shed_lowest_items, Wait>, with<received_items, Wait>,
                   with<spsc_messages, Wait>, with<dropping_messages, Wait>, with<mpsc_messages, Wait>,
                   with<gated_items, Wait>, with<lossy_items, Wait>, with<late_items, Wait>, with<spsc_room, Wait>,
                   with<mpmc_room, Wait>, with<strict_room, Wait>, with<block_room, Wait>, with<reject_room, Wait>,
                   with<pull_spsc_room, Wait>, with<pull_mpmc_room, Wait>, with<pull_strict_room, Wait>,
                   with<sender_room, Wait>, with<spsc_message_room, Wait>, with<mpsc_message_room, Wait>,
                   with<block_message_room, Wait>, with<broadcast_room, Wait>, with<broadcast_many_room, Wait>>;
template <class Wait>
using some_ends = testing::Types<with<spsc_items, Wait>, with<mpmc_room, Wait>, with<gated_items, Wait>>;

struct end_names {
    template <class With>
    static std::string GetName(int) {
        return std::string(With::end::name) + "_" + wait_names::GetName<typename With::wait>(0);
    }
};

template <class With>
class select_contract : public testing::Test {
public:
    typename With::end end;
    weir::spsc_ring<int, typename With::wait> idle{1};

    template <class... How>
    selected select_both(std::chrono::nanoseconds time, How&... how) {
        return weir::select_for(time, how..., weir::items_of(idle), end.end());
    }
    /// Calls `f` in a thread that has the end, and `then` when that one waits, most likely.
    template <class F, class Then>
    void wait_and(F f, Then then) {
        std::atomic<bool> is_prepared{false};
        std::thread waiter([&] {
            end.prepare();
            is_prepared = true;
            f();
        });
        while (!is_prepared) std::this_thread::yield();
        std::this_thread::sleep_for(3ms);
        then();
        waiter.join();
    }
};
TYPED_TEST_SUITE_P(select_contract);

TYPED_TEST_P(select_contract, an_end_that_is_not_ready_is_waited_for_until_the_deadline) {
    this->end.prepare();
    EXPECT_EQ(weir::try_select(weir::items_of(this->idle), this->end.end()).answer(), status::empty);
    const auto begin = std::chrono::steady_clock::now();
    const selected late = this->select_both(2ms);
    EXPECT_FALSE(late);
    EXPECT_EQ(late.answer(), status::timeout);
    EXPECT_EQ(late.index(), selected::no_end);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 2ms);
}

TYPED_TEST_P(select_contract, an_end_that_becomes_ready_wakes_the_thread_and_can_be_used_once) {
    this->wait_and(
        [this] {
            const selected found = this->select_both(ages);
            ASSERT_TRUE(found) << to_string(found.answer());
            EXPECT_EQ(found.index(), 1U);
            EXPECT_EQ(found.answer(), status::success);
            EXPECT_TRUE(found.is_ready(1));
            EXPECT_FALSE(found.is_ready(0));
            EXPECT_TRUE(weir::try_select(this->end.end())) << "nothing was taken";
            EXPECT_TRUE(this->end.use());
            while (this->end.use()) continue;
            EXPECT_EQ(this->select_both(1ms).answer(), status::timeout);
        },
        [this] { this->end.make_ready(); });
}

TYPED_TEST_P(select_contract, a_close_wakes_the_thread_and_is_reported_once) {
    weir::selection how;
    this->wait_and(
        [&] {
            const selected found = this->select_both(ages, how);
            ASSERT_TRUE(found) << to_string(found.answer());
            EXPECT_EQ(found.index(), 1U);
            EXPECT_TRUE(found.is_closed());
            EXPECT_EQ(found.all_ready(), 0U);
            EXPECT_EQ(this->select_both(1ms, how).answer(), status::timeout) << "the other end is open";
            this->idle.close();
            const selected all = this->select_both(ages, how);
            EXPECT_FALSE(all);
            EXPECT_TRUE(all.is_closed()) << "all are";
            EXPECT_TRUE(weir::try_select(weir::items_of(this->idle), this->end.end()).is_closed());
        },
        [this] { this->end.close(); });
}

REGISTER_TYPED_TEST_SUITE_P(select_contract, an_end_that_is_not_ready_is_waited_for_until_the_deadline,
                            an_end_that_becomes_ready_wakes_the_thread_and_can_be_used_once,
                            a_close_wakes_the_thread_and_is_reported_once);
#if defined(WEIR_FUTEX_FALLBACK)
INSTANTIATE_TYPED_TEST_SUITE_P(park, select_contract, some_ends<weir::wait::park>, end_names);
INSTANTIATE_TYPED_TEST_SUITE_P(event, select_contract, some_ends<weir::wait::event>, end_names);
#else
INSTANTIATE_TYPED_TEST_SUITE_P(park, select_contract, every_end<weir::wait::park>, end_names);
INSTANTIATE_TYPED_TEST_SUITE_P(park_seq_cst, select_contract, some_ends<parking_seq_cst>, end_names);
INSTANTIATE_TYPED_TEST_SUITE_P(spin, select_contract, some_ends<weir::wait::spin>, end_names);
INSTANTIATE_TYPED_TEST_SUITE_P(yield, select_contract, some_ends<weir::wait::yield>, end_names);
INSTANTIATE_TYPED_TEST_SUITE_P(sleep, select_contract, some_ends<weir::wait::sleep>, end_names);
#if defined(__linux__)
INSTANTIATE_TYPED_TEST_SUITE_P(event, select_contract, every_end<weir::wait::event>, end_names);
INSTANTIATE_TYPED_TEST_SUITE_P(event_seq_cst, select_contract, some_ends<eventing_seq_cst>, end_names);
#endif
#endif

}  // namespace
