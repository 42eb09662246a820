// SPDX-License-Identifier: MIT
//
// A forked child goes on with its copy of a ring, and threads of its own: who sleeps there is woken there. What the
// kernel keeps for membarrier and futexes belongs to a process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <type_traits>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;

template <class Wait>
class fork_test : public testing::Test {
public:
    using ring_type = weir::spsc_ring<std::uint64_t, Wait>;

    void SetUp() override {
        if (weir_test::sanitized) GTEST_SKIP() << "sanitizers allow no threads in a forked child";
    }

    /// Two threads, items at random pauses.
    static bool streams(ring_type& ring, std::uint64_t items) {
        std::atomic<std::uint64_t> wrong{0};
        std::thread producer([&] {
            ring.adopt_producer();
            weir_test::random_pause pause(41);
            for (std::uint64_t i = 0; i < items; ++i) {
                pause();
                wrong += ring.push(i) != status::success;
            }
        });
        std::thread consumer([&] {
            ring.adopt_consumer();
            weir_test::random_pause pause(42);
            for (std::uint64_t i = 0; i < items; ++i) {
                pause();
                wrong += ring.pop() != i;
            }
        });
        producer.join();
        consumer.join();
        ring.adopt_producer();
        ring.adopt_consumer();
        return wrong == 0;
    }

    /// One sleeper on each side, whom only the other side can wake.
    static bool wakes(ring_type& ring) {
        std::thread consumer([&] {
            ring.adopt_consumer();
            if (ring.pop() != 1U) ::_exit(11);
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (ring.push(1) != status::success) return false;
        consumer.join();
        while (ring.try_push(2) == status::success) {
        }
        std::thread producer([&] {
            ring.adopt_producer();
            if (ring.push(3) != status::success || ring.push(4) != status::closed) ::_exit(12);
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ring.adopt_consumer();
        if (ring.pop() != 2U) return false;
        while (ring.size_approx() < 2) std::this_thread::yield();  // its first item has come
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ring.close();
        producer.join();
        return true;
    }

    /// The exit code of a child that does this; 99 if it had to be killed, or was.
    static int child_that(const std::function<int()>& act) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(120);  // who is never woken; others may take a minute on a busy machine
            ::_exit(act());
        }
        int result = 0;
        return child > 0 && ::waitpid(child, &result, 0) == child && WIFEXITED(result) ? WEXITSTATUS(result) : 99;
    }
};
TYPED_TEST_SUITE(fork_test, weir_test::every_wait, weir_test::wait_names);

TYPED_TEST(fork_test, a_child_goes_on_with_its_copy_of_a_ring) {
    typename TestFixture::ring_type ring(2);
    ASSERT_TRUE(this->streams(ring, 500));  // the parent has registered, slept and been woken
    ASSERT_EQ(ring.push(77), status::success);
    const int code = this->child_that([&] {
        ring.adopt_producer();
        ring.adopt_consumer();
        if (ring.pop() != 77U) return 1;
        if (!this->streams(ring, 2000)) return 2;
        return this->wakes(ring) ? 0 : 3;
    });
    EXPECT_EQ(code, 0);

    if (TestFixture::ring_type::has_descriptors) return;  // only one of the two processes may go on
    EXPECT_FALSE(ring.is_closed()) << "the child closed its own copy";
    EXPECT_EQ(ring.pop(), 77U);
    EXPECT_TRUE(this->streams(ring, 500));
}

TYPED_TEST(fork_test, a_child_makes_rings_of_its_own) {
    {
        typename TestFixture::ring_type first(1);  // registers the parent
    }
    const int code = this->child_that([&] {
        typename TestFixture::ring_type ring(2);
        if (!this->streams(ring, 500)) return 2;
        return this->wakes(ring) ? 0 : 3;
    });
    EXPECT_EQ(code, 0);
}

// The child of a child, as a daemon is.
TYPED_TEST(fork_test, a_grandchild_goes_on_as_well) {
    typename TestFixture::ring_type ring(2);
    const int code = this->child_that([&] {
        return this->child_that([&] {
            if (!this->streams(ring, 500)) return 2;
            return this->wakes(ring) ? 0 : 3;
        });
    });
    EXPECT_EQ(code, 0);
}

}  // namespace
