// SPDX-License-Identifier: MIT
//
// Where weir promises no system call, the kernel is asked to kill who makes one; where it promises no allocation, each
// call of the allocator is counted.
#include <gtest/gtest.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
TEST(no_syscall, is_tested_without_sanitizers) { GTEST_SKIP() << "a sanitizer makes its own syscalls and allocations"; }
#else

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>

#include "wait_support.hpp"
#include "weir/ring.hpp"

namespace {

std::atomic<std::uint64_t> allocator_calls{0};

}  // namespace

#if defined(__GLIBC__)
#define WEIR_TEST_COUNTS_ALLOCATIONS 1
// Found before the C library's; operator new of every kind ends here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t bytes) noexcept { return ++allocator_calls, __libc_malloc(bytes); }
void* calloc(std::size_t n, std::size_t bytes) noexcept { return ++allocator_calls, __libc_calloc(n, bytes); }
void* realloc(void* old, std::size_t bytes) noexcept { return ++allocator_calls, __libc_realloc(old, bytes); }
void* memalign(std::size_t to, std::size_t bytes) noexcept { return ++allocator_calls, __libc_memalign(to, bytes); }
void* aligned_alloc(std::size_t to, std::size_t bytes) noexcept {
    return ++allocator_calls, __libc_memalign(to, bytes);
}
void free(void* old) noexcept {
    if (old != nullptr) ++allocator_calls;
    __libc_free(old);
}
}
#else
#define WEIR_TEST_COUNTS_ALLOCATIONS 0
#endif

namespace {

using weir::status;

constexpr std::uint64_t million = 1'000'000;

#if defined(__x86_64__)
constexpr std::uint32_t this_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_architecture = 0;
#endif

/// From here on the kernel kills this process when this thread makes a system call other than exit. Threads that exist
/// already are free.
bool forbid_syscalls() {
    const auto load = [](std::size_t offset) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    const auto skip_unless = [](std::uint32_t value, std::uint8_t skip) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
    };
    const auto skip_if = [](std::uint32_t value, std::uint8_t skip) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, 0);
    };
    std::array<sock_filter, 7> program{
        load(offsetof(seccomp_data, arch)),                               // 0
        skip_unless(this_architecture, 3),                                // 1: to 5
        load(offsetof(seccomp_data, nr)),                                 // 2
        skip_if(SYS_exit, 2),                                             // 3: to 6
        skip_if(SYS_exit_group, 1),                                       // 4: to 6
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),  // 5
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),         // 6
    };
    const sock_fprog all{.len = program.size(), .filter = program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0;
}

enum ending : int { done = 0, wrong = 1, not_forbidden = 2, killed = 3 };

/// Runs `act`, which returns whether all was right, in a child whose main thread may make no system call. Before that
/// `prepare` is called there.
template <class Prepare, class Act>
ending without_syscalls(Prepare prepare, Act act) {
    const pid_t child = ::fork();
    if (child == 0) {
        prepare();
        if (!forbid_syscalls()) ::_exit(not_forbidden);
        ::_exit(act() ? done : wrong);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return wrong;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) return killed;
    return WIFEXITED(status) ? static_cast<ending>(WEXITSTATUS(status)) : wrong;
}
template <class Act>
ending without_syscalls(Act act) {
    return without_syscalls([] {}, act);
}

const char* name_of(ending e) {
    static constexpr std::array names{"done", "wrong results", "syscalls could not be forbidden",
                                      "killed by a syscall"};
    return names[static_cast<std::size_t>(e)];
}

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

TEST_F(no_syscall_control, who_makes_a_syscall_is_killed) {
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
            right &= ring_.push_unless(sent_++, never) == status::success;
            right &= ring_.pop_unless(three[0], never) == status::success && three[0] == taken_++;

            right &= ring_.try_push_n(more(three)) == 3 && ring_.try_pop_n(three) == 3 && took(three);
            right &= ring_.push_n(more(three)) == 3 && ring_.pop_n(three) == 3 && took(three);

            {
                auto slots = ring_.try_reserve(2);
                right &= slots.size() == 2;
                slots.emplace(sent_++);
                slots.emplace(sent_++);
                slots.commit(2);
            }
            {
                auto items = ring_.try_peek(1);
                right &= items.size() == 1 && items.first()[0] == taken_++;
                items.release(1);
            }
            right &= ring_.consume([&](std::uint64_t item) { right &= item == taken_++; }, 1) == 1;
            if (!right || ring_.size_approx() != 4) return false;
        }
        return true;
    }

private:
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

template <class Wait>
class no_syscall : public no_syscall_test {
public:
    using ring_type = weir::spsc_ring<std::uint64_t, Wait>;
};
TYPED_TEST_SUITE(no_syscall, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(no_syscall, is_made_by_any_operation_while_items_flow_and_nobody_sleeps) {
    typename TestFixture::ring_type ring(16);
    operations all(ring);
    const ending end = without_syscalls([&] { return all.repeat(million); });
    EXPECT_EQ(end, done) << name_of(end);
}

TYPED_TEST(no_syscall, is_made_by_what_finds_nothing_but_where_descriptors_are_kept) {
    typename TestFixture::ring_type ring(1);
    std::uint64_t out = 0;
    const auto refused = [&] {
        for (std::uint64_t i = 0; i < million; ++i) {
            if (ring.try_pop(out) != status::empty || ring.try_pop() ||
                ring.pop_unless(out, [] { return true; }) != status::empty)
                return false;
            if (ring.try_push(i) != status::success || ring.try_push(i) != status::full) return false;
            if (ring.push_unless(i, [] { return true; }) != status::full || !ring.try_reserve(1).empty()) return false;
            if (ring.try_pop(out) != status::success || out != i) return false;
        }
        return true;
    };
    const ending end = without_syscalls(refused);
    constexpr bool keeps_descriptors = requires { ring.items_fd(); };
    EXPECT_EQ(end, keeps_descriptors ? killed : done) << name_of(end);
}

/// A thread that blocks, and may make system calls, beside one that may not. Every thousand items the latter waits
/// until the other has nothing left to do, and for a while longer.
template <class Wait>
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
                ring_.adopt_producer();
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
                std::thread([&, items] {
                    for (std::uint64_t i = 0; i < items + capacity; ++i) {
                        wrong_ += ring_.push(i) != status::success;
                        ++done_;
                    }
                }).detach();
                while (ring_.size_approx() < capacity) std::this_thread::yield();
            },
            [&] {
                ring_.adopt_consumer();
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
        ring_.adopt_producer();
        (void)ring_.push(0);
        while (done_ < 1) std::this_thread::yield();
        done_ = 0;
    }

    void let_it_wait_at(std::uint64_t progress) {
        while (done_ < progress) weir::detail::pause();
        for (int i = 0; i < 4000; ++i) weir::detail::pause();
    }

    weir::spsc_ring<std::uint64_t, Wait> ring_{capacity};
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::uint64_t> wrong_{0};
};

template <class Wait>
class no_syscall_beside_a_waiter : public no_syscall_test {};
using polled = testing::Types<weir::wait::spin, weir::wait::yield, weir::wait::sleep>;
TYPED_TEST_SUITE(no_syscall_beside_a_waiter, polled, weir_test::wait_names);

TYPED_TEST(no_syscall_beside_a_waiter, is_made_by_a_push) {
    const ending end = scene<TypeParam>().push_while_the_consumer_waits(million);
    EXPECT_EQ(end, done) << name_of(end);
}

TYPED_TEST(no_syscall_beside_a_waiter, is_made_by_a_pop) {
    const ending end = scene<TypeParam>().pop_while_the_producer_waits(million);
    EXPECT_EQ(end, done) << name_of(end);
}

// The same scenes with strategies whose sleepers must be told: so there is somebody asleep in them.
TEST_F(no_syscall_control, a_push_or_a_pop_that_wakes_a_sleeper_is_killed) {
    EXPECT_EQ(scene<weir::wait::park>().push_while_the_consumer_waits(million), killed);
    EXPECT_EQ(scene<weir::wait::park>().pop_while_the_producer_waits(million), killed);
    EXPECT_EQ(scene<weir::wait::event>().push_while_the_consumer_waits(million), killed);
    EXPECT_EQ(scene<weir::wait::event>().pop_while_the_producer_waits(million), killed);
}

// ---- allocation ----------------------------------------------------------------------------------------------

class no_allocation_control : public testing::Test {};

TEST_F(no_allocation_control, every_kind_is_counted) {
    if (!WEIR_TEST_COUNTS_ALLOCATIONS) GTEST_SKIP() << "this C library's allocator cannot be counted";
    const std::uint64_t before = allocator_calls;
    ::operator delete(::operator new(1));
    EXPECT_EQ(allocator_calls - before, 2U);
    ::operator delete (::operator new (64, std::align_val_t{64}), std::align_val_t{64});
    EXPECT_EQ(allocator_calls - before, 4U);
    void* volatile memory = std::calloc(1, 1);  // volatile: or the compiler does without
    memory = std::realloc(memory, 2);
    std::free(memory);
    EXPECT_EQ(allocator_calls - before, 7U);
    const weir::spsc_ring<int> ring(1);
    EXPECT_GT(allocator_calls - before, 7U) << "the slots of a ring are on the heap";
}

template <class Wait>
class no_allocation : public testing::Test {};
TYPED_TEST_SUITE(no_allocation, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(no_allocation, is_made_by_any_operation_that_need_not_wait) {
    if (!WEIR_TEST_COUNTS_ALLOCATIONS) GTEST_SKIP() << "this C library's allocator cannot be counted";
    weir::spsc_ring<std::uint64_t, TypeParam> ring(16);
    operations all(ring);
    const std::uint64_t before = allocator_calls;
    const bool right = all.repeat(million / 10);
    EXPECT_EQ(allocator_calls, before);
    EXPECT_TRUE(right);
}

TYPED_TEST(no_allocation, is_made_by_waiting_timing_out_and_closing) {
    if (!WEIR_TEST_COUNTS_ALLOCATIONS) GTEST_SKIP() << "this C library's allocator cannot be counted";
    constexpr std::uint64_t items = 3000;
    weir::spsc_ring<std::uint64_t, TypeParam> ring(2);
    std::atomic<std::uint64_t> wrong{0};
    weir_test::meeting meet(3);
    std::thread producer([&] {
        weir_test::random_pause pause(31);
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
        weir_test::random_pause pause(32);
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

}  // namespace
#endif
