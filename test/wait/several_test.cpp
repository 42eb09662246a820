// SPDX-License-Identifier: MIT
//
// Waiting for several items or slots at once: one sleep for as many as are needed, and who needs more sleeps on.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test/support/counted_syscalls.hpp"
#include "test/support/every_ring.hpp"
#include "test/support/wait_support.hpp"

namespace {

using namespace std::chrono_literals;
using weir::status;
using weir_test::syscalls;
using weir_test::until_asleep;

constexpr auto ages = 60s;
constexpr std::size_t block = 4096;

/// A thread that waits, and what it is told.
class waiter {
public:
    template <class Operation>
    explicit waiter(Operation operation)
        : thread_([this, operation] {
              tid_ = gettid();
              answer_ = operation();
              done_ = true;
          }) {
        while (tid_ == 0) std::this_thread::yield();
    }
    ~waiter() {
        if (thread_.joinable()) thread_.join();
    }
    pid_t tid() const { return tid_; }
    bool is_done() const { return done_; }
    status answer() {
        thread_.join();
        return answer_;
    }

private:
    std::atomic<pid_t> tid_{0};
    std::atomic<bool> done_{false};
    status answer_ = status::busy;
    std::thread thread_;
};

template <class Kind>
class several : public testing::Test {
protected:
    template <class Wait>
    using ring_of = typename Kind::template ring<int, Wait, weir::stats::on>;

    void SetUp() override { syscalls.reset(); }

    template <class Ring>
    static void fill(Ring& ring, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(ring.try_push(static_cast<int>(i)), status::success);
    }
};
TYPED_TEST_SUITE(several, weir_test::every_ring, weir_test::ring_names);

template <class Ring>
void sleep_once_for_a_block_of_items() {
    for (int round = 0; round < 3; ++round) {
        Ring ring(block);
        syscalls.reset();
        waiter reader([&] { return ring.wait_for_items(block); });
        until_asleep({reader.tid()});
        for (std::size_t i = 0; i + 1 < block; ++i) ASSERT_EQ(ring.try_push(static_cast<int>(i)), status::success);
        EXPECT_EQ(syscalls.wakes, 0U) << "woken for fewer than it needs";
        ASSERT_EQ(ring.try_push(0), status::success);
        EXPECT_EQ(reader.answer(), status::success);
        EXPECT_EQ(ring.size_approx(), block) << "nothing is taken";
        EXPECT_LE(syscalls.waits, 2U);
        EXPECT_EQ(syscalls.wakes, 1U);
        const weir::stats::snapshot seen = ring.snapshot();
        EXPECT_LE(seen.consumer.parks, 2U);
        constexpr bool has_descriptor =
            std::remove_cvref_t<decltype(ring)>::has_descriptors;  // which the first push signals
        EXPECT_EQ(seen.producer.wakes, has_descriptor ? 2U : 1U);
    }
}

TYPED_TEST(several, items_take_one_sleep_for_a_block_however_they_come) {
    sleep_once_for_a_block_of_items<typename TestFixture::template ring_of<weir::wait::park>>();
    sleep_once_for_a_block_of_items<typename TestFixture::template ring_of<weir_test::parking_seq_cst>>();
    sleep_once_for_a_block_of_items<typename TestFixture::template ring_of<weir::wait::event>>();
}

template <class Ring>
void sleep_once_for_a_block_of_slots() {
    Ring ring(block);
    for (std::size_t i = 0; i < block; ++i) ASSERT_EQ(ring.try_push(static_cast<int>(i)), status::success);
    syscalls.reset();
    waiter writer([&] { return ring.wait_for_slots(block); });
    until_asleep({writer.tid()});
    for (std::size_t i = 0; i + 1 < block; ++i) ASSERT_TRUE(ring.try_pop().has_value());
    EXPECT_EQ(syscalls.wakes, 0U) << "woken for fewer than it needs";
    ASSERT_TRUE(ring.try_pop().has_value());
    EXPECT_EQ(writer.answer(), status::success);
    EXPECT_EQ(ring.credits(), block);
    EXPECT_LE(syscalls.waits, 2U);
    EXPECT_EQ(syscalls.wakes, 1U);
}

TYPED_TEST(several, slots_take_one_sleep_for_a_block_however_they_are_freed) {
    sleep_once_for_a_block_of_slots<typename TestFixture::template ring_of<weir::wait::park>>();
    sleep_once_for_a_block_of_slots<typename TestFixture::template ring_of<weir_test::parking_seq_cst>>();
    sleep_once_for_a_block_of_slots<typename TestFixture::template ring_of<weir::wait::event>>();
}

// A batch makes the descriptor readable by its first item. That must not keep it from waking a thread that waits for more.
template <class Ring>
void wake_by_one_batch() {
    const std::array<int, 3> three{1, 2, 3};
    std::array<int, 3> taken{};
    for (const std::size_t need : {std::size_t{1}, std::size_t{3}}) {
        Ring ring(4);
        waiter reader([&] { return ring.wait_for_items_for(need, ages); });
        until_asleep({reader.tid()});
        ASSERT_EQ(ring.try_push_n(three), 3U);
        EXPECT_EQ(reader.answer(), status::success) << need;
        ASSERT_EQ(ring.try_push(4), status::success);
        waiter writer([&] { return ring.wait_for_slots_for(need, ages); });
        until_asleep({writer.tid()});
        ASSERT_EQ(ring.try_pop_n(taken), 3U);
        EXPECT_EQ(writer.answer(), status::success) << need;
    }
}

TYPED_TEST(several, are_waited_for_and_come_in_one_batch) {
    wake_by_one_batch<typename TestFixture::template ring_of<weir::wait::park>>();
    wake_by_one_batch<typename TestFixture::template ring_of<weir::wait::event>>();
}

TYPED_TEST(several, are_waited_for_by_threads_of_different_needs_each_until_its_own) {
    using ring_type = typename TestFixture::template ring_of<weir::wait::park>;
    if constexpr (!ring_type::has_many_consumers) return;
    ring_type ring(8);
    waiter two([&] { return ring.wait_for_items(2); });
    waiter eight([&] { return ring.wait_for_items(8); });
    until_asleep({two.tid(), eight.tid()});
    this->fill(ring, 2);
    EXPECT_EQ(two.answer(), status::success);
    until_asleep({eight.tid()});
    EXPECT_FALSE(eight.is_done());
    const auto wakes = syscalls.wakes.load();
    this->fill(ring, 5);
    EXPECT_EQ(syscalls.wakes, wakes) << "woken for seven of eight";
    this->fill(ring, 1);
    EXPECT_EQ(eight.answer(), status::success);
}

TYPED_TEST(several, leave_the_wake_up_for_one_to_the_thread_that_waits_for_one) {
    using ring_type = typename TestFixture::template ring_of<weir::wait::park>;
    if constexpr (ring_type::has_many_consumers) {
        ring_type ring(8);
        waiter three([&] { return ring.wait_for_items(3); });
        until_asleep({three.tid()});
        waiter one([&] {
            int out = 0;
            return ring.pop(out);
        });
        until_asleep({three.tid(), one.tid()});
        this->fill(ring, 1);
        EXPECT_EQ(one.answer(), status::success) << "the wake-up went to one that needs three";
        this->fill(ring, 2);
        until_asleep({three.tid()});
        this->fill(ring, 1);
        EXPECT_EQ(three.answer(), status::success);
    }
}

TYPED_TEST(several, are_not_waited_for_beyond_the_close) {
    typename TestFixture::template ring_of<weir::wait::park> ring(4);
    this->fill(ring, 2);
    waiter items([&] { return ring.wait_for_items(3); });
    waiter slots([&] { return ring.wait_for_slots(3); });
    until_asleep({items.tid(), slots.tid()});
    ring.close();
    EXPECT_EQ(items.answer(), status::closed) << "fewer than three will ever come";
    EXPECT_EQ(slots.answer(), status::closed);
    EXPECT_EQ(ring.wait_for_items(2), status::success) << "these are still there";
    EXPECT_EQ(ring.wait_for_slots(1), status::closed);
}

TYPED_TEST(several, are_given_up_at_the_deadline_and_the_next_wait_is_whole) {
    typename TestFixture::template ring_of<weir::wait::park> ring(4);
    this->fill(ring, 1);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(ring.wait_for_items_for(2, 3ms), status::timeout);
    EXPECT_EQ(ring.wait_for_slots_for(4, 3ms), status::timeout);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 6ms);
    EXPECT_EQ(ring.wait_for_items_until(2, start), status::timeout);
    EXPECT_EQ(ring.wait_for_slots_until(4, start), status::timeout);
    syscalls.reset();
    this->fill(ring, 1);
    EXPECT_EQ(syscalls.wakes, 0U) << "nobody waits any more";
    waiter reader([&] { return ring.wait_for_items_for(4, ages); });
    until_asleep({reader.tid()});
    this->fill(ring, 2);
    EXPECT_EQ(reader.answer(), status::success);
}

// A descriptor belongs to the loop that polls it: it tells of the first item, and a wait for several leaves it alone.
TYPED_TEST(several, leave_a_descriptor_as_it_is) {
    typename TestFixture::template ring_of<weir::wait::event> ring(4);
    const auto is_readable = [](int fd) {
        pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
        return ::poll(&entry, 1, 0) == 1;
    };
    EXPECT_FALSE(is_readable(ring.items_fd()));
    EXPECT_TRUE(is_readable(ring.space_fd()));
    waiter reader([&] { return ring.wait_for_items(3); });
    until_asleep({reader.tid()});
    EXPECT_FALSE(is_readable(ring.items_fd()));
    this->fill(ring, 1);
    EXPECT_TRUE(is_readable(ring.items_fd())) << "there is an item";
    this->fill(ring, 2);
    EXPECT_EQ(reader.answer(), status::success);
    EXPECT_TRUE(is_readable(ring.items_fd()));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ring.try_pop().has_value());
    EXPECT_FALSE(ring.try_pop().has_value());
    EXPECT_FALSE(is_readable(ring.items_fd())) << "a pop has said empty";
    this->fill(ring, 4);
    EXPECT_EQ(ring.try_push(0), status::full);
    EXPECT_FALSE(is_readable(ring.space_fd()));
    waiter writer([&] { return ring.wait_for_slots(2); });
    until_asleep({writer.tid()});
    EXPECT_TRUE(ring.try_pop().has_value());
    EXPECT_TRUE(is_readable(ring.space_fd())) << "there is room";
    EXPECT_TRUE(ring.try_pop().has_value());
    EXPECT_EQ(writer.answer(), status::success);
}

// A consumer that knows of an item holds single requests back; what it holds back is granted before it waits for more.
TEST(several_on_request, grants_the_withheld_credit_before_it_sleeps) {
    syscalls.reset();
    weir::pull::spsc_ring<int> ring(4, weir::pull::grant_every{2});
    ring.request(2);
    for (int i = 0; i < 2; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    ASSERT_TRUE(ring.try_pop().has_value());
    ring.request(1);
    ASSERT_EQ(ring.try_push(2), status::no_credit) << "held back";
    waiter reader([&] {
        ring.adopt_consumer();
        return ring.wait_for_items(2);
    });
    until_asleep({reader.tid()});
    EXPECT_EQ(ring.try_push(2), status::success);
    EXPECT_EQ(reader.answer(), status::success);
}

// One of two that wait for several gives up: what others request is granted at once as long as the second one waits.
TEST(several_on_request, are_granted_at_once_while_anybody_waits_for_them) {
    weir::pull::mpmc_ring<int> ring(8, weir::pull::grant_every{4});
    ring.request(4);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ring.try_push(i), status::success);
    ASSERT_TRUE(ring.try_pop().has_value());  // so it is known that there are two more
    waiter patient([&] { return ring.wait_for_items_for(4, ages); });
    until_asleep({patient.tid()});
    EXPECT_EQ(ring.wait_for_items_for(4, 1ms), status::timeout);
    ring.request(1);
    EXPECT_EQ(ring.try_push(3), status::success) << "credit from before";
    EXPECT_EQ(ring.try_push(4), status::success) << "held back";
    EXPECT_EQ(patient.answer(), status::success);
}

TEST(several_on_request, slots_are_room_and_credit) {
    weir::pull::mpmc_ring<int> ring(4);
    waiter writer([&] { return ring.wait_for_slots(3); });
    until_asleep({writer.tid()});
    ring.request(2);
    until_asleep({writer.tid()});
    EXPECT_EQ(syscalls.asleep, 1);
    ring.request(1);
    EXPECT_EQ(writer.answer(), status::success);
    EXPECT_EQ(ring.credits(), 3U);
}

// Who never sleeps has no wake-up to lose.
template <class Wait>
std::uint64_t rounds_of(std::uint64_t usual) {
    constexpr bool sleeps = !std::is_base_of_v<weir::wait::detail::polled_lot, typename Wait::lot>;
    return weir_test::rounds(sleeps ? usual : usual / 20);
}

// Blocks of every size stream through, with pauses that hit the way to sleep at every point.
template <class Wait>
class several_soak : public testing::Test {};
TYPED_TEST_SUITE(several_soak, weir_test::every_wait, weir_test::wait_names);

template <class Wait, class Kind>
void stream_blocks(std::uint64_t rounds) {
    constexpr std::size_t capacity = 8, most_slots = 5, most_items = 4;  // more would wait for each other for ever
    typename Kind::template ring<int, Wait> ring(capacity);
    std::atomic<std::uint64_t> popped{0};
    const weir_test::watchdog dog([&] { return popped.load(); },
                                  [&] { return std::to_string(popped) + " items came"; });
    std::thread producer([&] {
        weir_test::random_pause pause(3);
        weir_test::numbers sizes(5);
        int next = 0;
        for (std::uint64_t i = 0; i < rounds; ++i) {
            const std::size_t n = 1 + sizes.below(most_slots);
            ASSERT_EQ(ring.wait_for_slots(n), status::success);
            for (std::size_t k = 0; k < n; ++k) {
                ASSERT_EQ(ring.try_push(next++), status::success) << "a slot was waited for";
                if (k % 3 == 0) pause();
            }
        }
        ring.close();
    });
    weir_test::numbers sizes(7);
    std::size_t n = 0;
    for (;;) {
        n = 1 + sizes.below(most_items);
        if (ring.wait_for_items(n) == status::closed) break;
        for (std::size_t k = 0; k < n; ++k) {
            ASSERT_EQ(ring.try_pop(), static_cast<int>(popped)) << "an item was waited for";
            ++popped;
        }
    }
    while (ring.pop()) ++popped;
    producer.join();
    EXPECT_GE(popped, rounds);
}

TYPED_TEST(several_soak, of_blocks_loses_no_wake_up) {
    const std::uint64_t rounds = rounds_of<TypeParam>(3'000);
    stream_blocks<TypeParam, weir_test::pull_spsc>(rounds);
    if constexpr (weir_test::on_every_ring<TypeParam>) {
        stream_blocks<TypeParam, weir_test::spsc>(rounds);
        stream_blocks<TypeParam, weir_test::strict>(rounds);
    }
}

// Consumers of different needs beside one that takes items, and producers that bring them singly.
TYPED_TEST(several_soak, of_different_needs_loses_no_wake_up) {
    const std::uint64_t rounds = rounds_of<TypeParam>(1'000);
    weir::mpmc_ring<int, TypeParam> ring(8);
    std::atomic<std::uint64_t> done{0};
    weir_test::meeting meet(4);
    const weir_test::watchdog dog([&] { return done.load(); }, [&] { return std::to_string(done) + " rounds"; });
    const auto needing = [&](std::size_t n) {
        return std::thread([&ring, &meet, n, rounds] {
            for (std::uint64_t i = 0; i < rounds; ++i) {
                meet();
                EXPECT_EQ(ring.wait_for_items(n), status::success);
                meet();
            }
        });
    };
    std::thread two = needing(2), five = needing(5);
    std::thread one([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            meet();
            EXPECT_TRUE(ring.pop().has_value());
            meet();
        }
    });
    weir_test::random_pause pause(9);
    for (std::uint64_t i = 0; i < rounds; ++i) {
        meet();
        for (int k = 0; k < 6; ++k) {
            EXPECT_EQ(ring.push(k), status::success);
            pause();
        }
        meet();
        EXPECT_EQ(ring.consume([](int&) noexcept {}), 5U);
        ++done;
    }
    two.join();
    five.join();
    one.join();
}

}  // namespace
