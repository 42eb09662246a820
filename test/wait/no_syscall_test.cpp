// SPDX-License-Identifier: MIT
//
// Where weir promises no system call, the kernel is asked to kill who makes one; where it promises no allocation, each
// call of the allocator is counted. On every ring, with every way to wait.
#include <gtest/gtest.h>

#include "test/support/sanitized.hpp"

#if WEIR_TEST_SANITIZED
TEST(no_syscall, is_tested_without_sanitizers) { GTEST_SKIP() << "a sanitizer makes its own syscalls and allocations"; }
#else

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>

#include "test/support/forbidden.hpp"
#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

using namespace weir_test;
using weir::status;

// A million takes minutes where nothing is optimised.
#if defined(__OPTIMIZE__)
constexpr std::uint64_t many = 1'000'000;
#else
constexpr std::uint64_t many = 40'000;
#endif

struct spsc {
    template <class T, class Wait>
    using ring = weir::spsc_ring<T, Wait>;
};
struct mpmc {
    template <class T, class Wait>
    using ring = weir::mpmc_ring<T, Wait>;
};
struct strict {
    template <class T, class Wait>
    using ring = weir::strict_mpmc_ring<T, Wait>;
};

template <class Kind, class Wait>
struct waiting_ring {
    using type = typename Kind::template ring<std::uint64_t, Wait>;
    using wait = Wait;
};

/// Every ring of one kind, for the strategies of a list.
template <class Kind, class Waits>
struct with_each;
template <class Kind, class... Waits>
struct with_each<Kind, testing::Types<Waits...>> {
    using types = testing::Types<waiting_ring<Kind, Waits>...>;
};

template <class Kind>
using every_wait_on = typename with_each<Kind, every_wait>::types;

struct ring_names {
    template <class WaitingRing>
    static std::string GetName(int i) {
        return wait_names::GetName<typename WaitingRing::wait>(i);
    }
};

class no_syscall_test : public testing::Test {
protected:
    static void SetUpTestSuite() {
        forbids = this_architecture != 0 && without_syscalls([] { return true; }) == done;
    }
    void SetUp() override {
        if (!forbids) GTEST_SKIP() << "seccomp filters are not allowed here";
    }
    static inline bool forbids = false;
};

using no_syscall_control = no_syscall_test;

TEST_F(no_syscall_control, a_thread_that_makes_a_syscall_is_killed) {
    EXPECT_EQ(without_syscalls([] { return ::syscall(SYS_getppid) > 0; }), killed);
    EXPECT_EQ(without_syscalls([] { return ::write(-1, nullptr, 0) == -1; }), killed);
    EXPECT_EQ(without_syscalls([] { return true; }), done);
    EXPECT_EQ(without_syscalls([] { return false; }), wrong);
}

/// Every operation that takes or gives something at once, on a ring that always holds items and room.
template <class Ring>
class operations {
public:
    explicit operations(Ring& ring) : ring_(ring) {
        for (int i = 0; i < 4; ++i) (void)ring_.try_push(sent_++);
    }

    bool repeat(std::uint64_t times) {
        const auto never = [] { return false; };
        std::array<std::uint64_t, 3> three{};
        for (std::uint64_t i = 0; i < times; ++i) {
            bool right = ring_.push(sent_++) == status::success && take(ring_.pop());
            right &= ring_.try_push(sent_++) == status::success && take(ring_.try_pop());
            right &= ring_.try_emplace(sent_++) == status::success;
            right &= ring_.try_pop(three[0]) == status::success && three[0] == taken_++;
            right &= ring_.push_unless(sent_++, never) == status::success;
            right &= ring_.pop_unless(three[0], never) == status::success && three[0] == taken_++;

            right &= ring_.try_push_n(more(three)) == 3 && ring_.try_pop_n(three) == 3 && took(three);
            right &= ring_.push_n(more(three)) == 3 && ring_.pop_n(three) == 3 && took(three);

            if constexpr (Ring::has_contiguous_slots) {
                right &= in_place();
            } else {
                right &= ring_.try_push(sent_++) == status::success;
            }
            right &= ring_.consume([&](std::uint64_t item) noexcept { right &= item == taken_++; }, 1) == 1;
            if (!right || ring_.size_approx() != 4) return false;
        }
        return true;
    }

private:
    bool in_place() {
        auto slots = ring_.try_reserve(2);
        bool right = slots.size() == 2;
        slots.emplace(sent_++);
        slots.emplace(sent_++);
        slots.commit(2);
        auto items = ring_.try_peek(1);
        right &= items.size() == 1 && items.first()[0] == taken_++;
        items.release(1);
        return right;
    }
    bool take(std::optional<std::uint64_t> item) { return item == taken_++; }
    std::array<std::uint64_t, 3>& more(std::array<std::uint64_t, 3>& items) {
        for (auto& item : items) item = sent_++;
        return items;
    }
    bool took(const std::array<std::uint64_t, 3>& items) {
        bool right = true;
        for (const auto item : items) right &= item == taken_++;
        return right;
    }

    Ring& ring_;
    std::uint64_t sent_ = 0;
    std::uint64_t taken_ = 0;
};

template <class WaitingRing>
class no_syscall : public no_syscall_test {};
TYPED_TEST_SUITE_P(no_syscall);

TYPED_TEST_P(no_syscall, is_made_by_any_operation_while_items_flow_and_nobody_sleeps) {
    typename TypeParam::type ring(16);
    operations all(ring);
    const ending end = without_syscalls([&] { return all.repeat(many); });
    EXPECT_EQ(end, done) << name_of(end);
}

TYPED_TEST_P(no_syscall, is_made_by_what_finds_nothing_but_where_descriptors_are_kept) {
    typename TypeParam::type ring(1);
    std::array<std::uint64_t, 2> out{};
    const auto refused = [&] {
        for (std::uint64_t i = 0; i < many; ++i) {
            if (ring.try_pop(out[0]) != status::empty || ring.try_pop() || ring.try_pop_n(out) != 0 ||
                ring.consume([](std::uint64_t) {}) != 0 ||
                ring.pop_unless(out[0], [] { return true; }) != status::empty)
                return false;
            if (ring.try_push(i) != status::success || ring.try_push(i) != status::full) return false;
            if (ring.push_unless(i, [] { return true; }) != status::full || ring.try_push_n(out) != 0) return false;
            if constexpr (TypeParam::type::has_contiguous_slots) {
                if (!ring.try_reserve(1).empty()) return false;
            }
            if (ring.try_pop(out[0]) != status::success || out[0] != i) return false;
        }
        return true;
    };
    const ending end = without_syscalls(refused);
    EXPECT_EQ(end, TypeParam::type::has_descriptors ? killed : done) << name_of(end);
}

TYPED_TEST_P(no_syscall, is_made_by_what_a_closed_ring_refuses) {
    typename TypeParam::type ring(2);
    (void)ring.try_push(1);
    ring.close();
    std::uint64_t out = 0;
    const auto refused = [&] {
        for (std::uint64_t i = 0; i < many; ++i) {
            if (ring.try_push(i) != status::closed || ring.push(i) != status::closed) return false;
            if (i > 0 && (ring.try_pop(out) != status::closed || ring.pop(out) != status::closed)) return false;
            if (i == 0 && ring.try_pop(out) != status::success) return false;
        }
        return true;
    };
    const ending end = without_syscalls(refused);
    EXPECT_EQ(end, done) << name_of(end);
}

REGISTER_TYPED_TEST_SUITE_P(no_syscall, is_made_by_any_operation_while_items_flow_and_nobody_sleeps,
                            is_made_by_what_finds_nothing_but_where_descriptors_are_kept,
                            is_made_by_what_a_closed_ring_refuses);
INSTANTIATE_TYPED_TEST_SUITE_P(spsc, no_syscall, every_wait_on<spsc>, ring_names);
INSTANTIATE_TYPED_TEST_SUITE_P(mpmc, no_syscall, every_wait_on<mpmc>, ring_names);
INSTANTIATE_TYPED_TEST_SUITE_P(strict, no_syscall, every_wait_on<strict>, ring_names);

/// A thread that blocks, and may make system calls, beside one that may not. Every thousand items the latter waits
/// until the other has nothing left to do, and for a while longer.
template <class Ring>
class scene {
public:
    ending push_while_the_consumer_waits(std::uint64_t items) {
        return without_syscalls(
            [&] {
                std::thread([&] {
                    for (std::uint64_t out = 0; ring_.pop(out) == status::success;) wrong_ += out != done_++;
                }).detach();
                until_it_runs();
            },
            [&] {
                if constexpr (!Ring::has_many_producers) ring_.adopt_producer();
                for (std::uint64_t i = 0; i < items; ++i) {
                    if (i % 1000 == 0) let_it_wait_at(i);
                    while (ring_.try_push(i) != status::success) weir::detail::pause();
                }
                while (done_ < items) weir::detail::pause();
                return wrong_ == 0;
            });
    }

    ending pop_while_the_producer_waits(std::uint64_t items) {
        return without_syscalls(
            [&] {
                std::thread([&] {
                    for (std::uint64_t i = 0; ring_.push(i) == status::success; ++i) ++done_;
                }).detach();
                while (ring_.size_approx() < capacity) std::this_thread::yield();
            },
            [&] {
                if constexpr (!Ring::has_many_consumers) ring_.adopt_consumer();
                std::uint64_t out = 0;
                for (std::uint64_t i = 0; i < items; ++i) {
                    if (i % 1000 == 0) let_it_wait_at(i + capacity);
                    while (ring_.try_pop(out) != status::success) weir::detail::pause();
                    wrong_ += out != i;
                }
                return wrong_ == 0;
            });
    }

private:
    static constexpr std::size_t capacity = 1000;

    void until_it_runs() {
        if constexpr (!Ring::has_many_producers) ring_.adopt_producer();
        (void)ring_.push(0);
        while (done_ < 1) std::this_thread::yield();
        done_ = 0;
    }

    void let_it_wait_at(std::uint64_t progress) {
        while (done_ < progress) weir::detail::pause();
        for (int i = 0; i < 4000; ++i) weir::detail::pause();
    }

    Ring ring_{capacity};
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::uint64_t> wrong_{0};
};

template <class WaitingRing>
class no_syscall_beside_a_waiter : public no_syscall_test {};
TYPED_TEST_SUITE_P(no_syscall_beside_a_waiter);

TYPED_TEST_P(no_syscall_beside_a_waiter, is_made_by_a_push) {
    const ending end = scene<typename TypeParam::type>().push_while_the_consumer_waits(many / 20);
    EXPECT_EQ(end, done) << name_of(end);
}

TYPED_TEST_P(no_syscall_beside_a_waiter, is_made_by_a_pop) {
    const ending end = scene<typename TypeParam::type>().pop_while_the_producer_waits(many / 20);
    EXPECT_EQ(end, done) << name_of(end);
}

using polled = testing::Types<weir::wait::spin, weir::wait::yield, weir::wait::sleep>;
template <class Kind>
using polled_on = typename with_each<Kind, polled>::types;
REGISTER_TYPED_TEST_SUITE_P(no_syscall_beside_a_waiter, is_made_by_a_push, is_made_by_a_pop);
INSTANTIATE_TYPED_TEST_SUITE_P(spsc, no_syscall_beside_a_waiter, polled_on<spsc>, ring_names);
INSTANTIATE_TYPED_TEST_SUITE_P(mpmc, no_syscall_beside_a_waiter, polled_on<mpmc>, ring_names);
INSTANTIATE_TYPED_TEST_SUITE_P(strict, no_syscall_beside_a_waiter, polled_on<strict>, ring_names);

// The same scenes with strategies whose sleepers must be told: so there is somebody asleep in them. On a busy machine the peer may
// not have got so far, so each is played until it has, ten times at most.
template <class Wait>
void expect_killed() {
    const auto is_killed = [](auto play) {
        for (int tries = 0; tries < 10; ++tries) {
            if (play() == killed) return true;
        }
        return false;
    };
    const auto on = [&]<class Ring>(std::type_identity<Ring>) {
        EXPECT_TRUE(is_killed([] { return scene<Ring>().push_while_the_consumer_waits(many / 20); }));
        EXPECT_TRUE(is_killed([] { return scene<Ring>().pop_while_the_producer_waits(many / 20); }));
    };
    on(std::type_identity<weir::spsc_ring<std::uint64_t, Wait>>());
    on(std::type_identity<weir::mpmc_ring<std::uint64_t, Wait>>());
    on(std::type_identity<weir::strict_mpmc_ring<std::uint64_t, Wait>>());
}
TEST_F(no_syscall_control, a_push_or_a_pop_that_wakes_a_sleeper_is_killed) {
    expect_killed<weir::wait::park>();
    expect_killed<weir::wait::event>();
}

// ---- allocation ----------------------------------------------------------------------------------------------

class no_allocation_control : public testing::Test {};

TEST_F(no_allocation_control, every_kind_is_counted) {
    if (!counts_allocations) GTEST_SKIP() << "this C library's allocator cannot be counted";
    const std::uint64_t before = allocator_calls;
    ::operator delete(::operator new(1));
    EXPECT_EQ(allocator_calls - before, 2U);
    ::operator delete(::operator new(64, std::align_val_t{64}), std::align_val_t{64});
    EXPECT_EQ(allocator_calls - before, 4U);
    void* volatile memory = std::calloc(1, 1);  // volatile: or the compiler does without
    memory = std::realloc(memory, 2);
    std::free(memory);
    EXPECT_EQ(allocator_calls - before, 7U);
    const weir::spsc_ring<int> ring(1);
    EXPECT_GT(allocator_calls - before, 7U) << "the slots of a ring are on the heap";

    const ending end = without_syscalls([&] {
        memory = std::malloc(1);
        std::free(memory);
        return true;
    });
    EXPECT_EQ(end, allocated) << name_of(end);
}

template <class WaitingRing>
class no_allocation : public testing::Test {};
TYPED_TEST_SUITE_P(no_allocation);

TYPED_TEST_P(no_allocation, is_made_by_any_operation_that_need_not_wait) {
    if (!counts_allocations) GTEST_SKIP() << "this C library's allocator cannot be counted";
    typename TypeParam::type ring(16);
    operations all(ring);
    const std::uint64_t before = allocator_calls;
    const bool right = all.repeat(many / 10);
    EXPECT_EQ(allocator_calls, before);
    EXPECT_TRUE(right);
}

TYPED_TEST_P(no_allocation, is_made_by_waiting_timing_out_and_closing) {
    if (!counts_allocations) GTEST_SKIP() << "this C library's allocator cannot be counted";
    constexpr std::uint64_t items = 1000;
    typename TypeParam::type ring(2);
    std::atomic<std::uint64_t> wrong{0};
    meeting meet(3);
    std::thread producer([&] {
        random_pause pause(31);
        meet();
        for (std::uint64_t i = 0; i < items; ++i) {
            pause();
            wrong += ring.push(i) != status::success;
        }
        while (ring.push_for(items, std::chrono::microseconds(100)) == status::success) {
        }
        ring.close();
        wrong += ring.push(0) != status::closed;
        meet();
        meet();
    });
    std::thread consumer([&] {
        random_pause pause(32);
        meet();
        std::uint64_t out = 0;
        for (std::uint64_t i = 0; i < items; ++i) {
            pause();
            wrong += ring.pop(out) != status::success || out != i;
        }
        while (!ring.is_closed()) std::this_thread::yield();
        while (ring.pop_for(out, std::chrono::microseconds(100)) == status::success) {
        }
        wrong += ring.pop(out) != status::closed;
        meet();
        meet();
    });
    const std::uint64_t before = allocator_calls;
    meet();
    meet();
    const std::uint64_t after = allocator_calls;
    meet();
    producer.join();
    consumer.join();
    EXPECT_EQ(after, before);
    EXPECT_EQ(wrong, 0U);
}

REGISTER_TYPED_TEST_SUITE_P(no_allocation, is_made_by_any_operation_that_need_not_wait,
                            is_made_by_waiting_timing_out_and_closing);
INSTANTIATE_TYPED_TEST_SUITE_P(spsc, no_allocation, every_wait_on<spsc>, ring_names);
INSTANTIATE_TYPED_TEST_SUITE_P(mpmc, no_allocation, every_wait_on<mpmc>, ring_names);
INSTANTIATE_TYPED_TEST_SUITE_P(strict, no_allocation, every_wait_on<strict>, ring_names);

}  // namespace
#endif
