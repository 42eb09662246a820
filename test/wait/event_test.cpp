// SPDX-License-Identifier: MIT
//
// wait::event as its users have it: descriptors in an epoll set, level-triggered.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/wait_support.hpp"
#include "weir/ring.hpp"

namespace {

using weir::status;

bool readable(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) == 1;
}

/// An epoll set in which a number stands for each descriptor.
class epoll {
public:
    epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) { EXPECT_GE(fd_, 0); }
    ~epoll() { ::close(fd_); }
    epoll(const epoll&) = delete;
    epoll& operator=(const epoll&) = delete;

    void add(int fd, std::uint32_t number) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = number;
        EXPECT_EQ(::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event), 0);
    }
    void remove(int fd) { EXPECT_EQ(::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr), 0); }

    /// Calls `ready(number)` for each descriptor that is readable; waits for one.
    template <class F>
    void wait(F ready) {
        std::array<epoll_event, 8> events;
        const int n = ::epoll_wait(fd_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < n; ++i) ready(events[static_cast<std::size_t>(i)].data.u32);
    }

private:
    const int fd_;
};

template <class Wait>
class event : public testing::Test {
public:
    using ring_type = weir::spsc_ring<std::uint64_t, Wait>;
};
using events = testing::Types<weir::wait::event, weir_test::eventing_seq_cst>;
TYPED_TEST_SUITE(event, events, weir_test::wait_names);

TYPED_TEST(event, says_items_from_the_push_that_ends_the_emptiness_until_a_pop_says_empty) {
    typename TestFixture::ring_type ring(4);
    std::uint64_t out = 0;
    EXPECT_FALSE(readable(ring.items_fd()));
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(ring.push(1), status::success);
        ASSERT_EQ(ring.push(2), status::success);
        EXPECT_TRUE(readable(ring.items_fd()));
        ASSERT_EQ(ring.pop(out), status::success);
        EXPECT_TRUE(readable(ring.items_fd())) << "one item is left";
        ASSERT_EQ(ring.pop(out), status::success);
        ASSERT_EQ(ring.try_pop(out), status::empty);
        EXPECT_FALSE(readable(ring.items_fd())) << "a pop said empty";
        ASSERT_EQ(ring.try_pop(out), status::empty);
        EXPECT_FALSE(readable(ring.items_fd()));
    }
}

TYPED_TEST(event, says_room_from_the_pop_that_ends_the_fullness_until_a_push_says_full) {
    typename TestFixture::ring_type ring(2);
    std::uint64_t out = 0;
    EXPECT_TRUE(readable(ring.space_fd())) << "there is room from the start";
    for (int i = 0; i < 3; ++i) {
        while (ring.try_push(1) == status::success) EXPECT_TRUE(readable(ring.space_fd()));
        EXPECT_FALSE(readable(ring.space_fd())) << "a push said full";
        ASSERT_EQ(ring.try_push(1), status::full);
        EXPECT_FALSE(readable(ring.space_fd()));
        ASSERT_EQ(ring.pop(out), status::success);
        EXPECT_TRUE(readable(ring.space_fd()));
        ASSERT_EQ(ring.pop(out), status::success);
    }
}

// Each operation that can find nothing, and each that can end it.
TYPED_TEST(event, knows_every_form_of_push_and_pop) {
    typename TestFixture::ring_type ring(2);
    std::array<std::uint64_t, 4> items{1, 2, 3, 4};
    const auto push_ends_it = [&](auto push) {
        (void)ring.try_pop();
        ASSERT_FALSE(readable(ring.items_fd()));
        push();
        EXPECT_TRUE(readable(ring.items_fd()));
        while (ring.try_pop()) {
        }
    };
    push_ends_it([&] { EXPECT_EQ(ring.try_push(1), status::success); });
    push_ends_it([&] { EXPECT_EQ(ring.try_emplace(1U), status::success); });
    push_ends_it([&] { EXPECT_EQ(ring.try_push_n(items), 2U); });
    push_ends_it([&] { EXPECT_EQ(ring.push_for(1, std::chrono::seconds(1)), status::success); });
    push_ends_it([&] {
        auto slots = ring.try_reserve(1);
        slots.emplace(1U);
        slots.commit(1);
    });

    std::array<std::uint64_t, 4> out{};
    const auto pop_says_empty = [&](auto pop) {
        ASSERT_EQ(ring.push(1), status::success);
        (void)ring.pop();
        ASSERT_TRUE(readable(ring.items_fd())) << "nobody has said empty yet";
        pop();
        EXPECT_FALSE(readable(ring.items_fd()));
    };
    pop_says_empty([&] { EXPECT_EQ(ring.try_pop(), std::nullopt); });
    pop_says_empty([&] { EXPECT_EQ(ring.try_pop_n(out), 0U); });
    pop_says_empty([&] { EXPECT_TRUE(ring.try_peek(1).empty()); });
    pop_says_empty([&] { EXPECT_EQ(ring.consume([](std::uint64_t) {}), 0U); });
    pop_says_empty([&] { EXPECT_EQ(ring.pop_for(out[0], std::chrono::microseconds(10)), status::timeout); });

    const auto pop_ends_it = [&](auto pop) {
        while (ring.try_push(1) == status::success) {
        }
        ASSERT_FALSE(readable(ring.space_fd()));
        pop();
        EXPECT_TRUE(readable(ring.space_fd()));
    };
    pop_ends_it([&] { EXPECT_TRUE(ring.try_pop().has_value()); });
    pop_ends_it([&] { EXPECT_EQ(ring.try_pop_n(out), 2U); });
    pop_ends_it([&] { EXPECT_EQ(ring.consume([](std::uint64_t) {}, 1), 1U); });
    pop_ends_it([&] { ring.try_peek(2).release(1); });
    pop_ends_it([&] { EXPECT_EQ(ring.pop(out[0]), status::success); });
    (void)ring.try_push_n(items);
    ASSERT_EQ(ring.try_push_n(items), 0U);
    EXPECT_FALSE(readable(ring.space_fd()));
    (void)ring.pop();
    (void)ring.push(1);
    EXPECT_TRUE(ring.try_reserve(1).empty());
    EXPECT_FALSE(readable(ring.space_fd()));
}

TYPED_TEST(event, stays_readable_after_the_close) {
    typename TestFixture::ring_type ring(2);
    std::uint64_t out = 0;
    ASSERT_EQ(ring.try_pop(out), status::empty);
    ASSERT_EQ(ring.push(1), status::success);
    ASSERT_EQ(ring.push(2), status::success);
    ASSERT_EQ(ring.try_push(3), status::full);
    ring.close();
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(readable(ring.items_fd()));
        EXPECT_TRUE(readable(ring.space_fd()));
        EXPECT_EQ(ring.try_push(3), status::closed);
        EXPECT_EQ(ring.try_pop(out), i < 2 ? status::success : status::closed);
    }
    EXPECT_EQ(ring.pop(out), status::closed);
    EXPECT_TRUE(readable(ring.items_fd()));
    EXPECT_TRUE(readable(ring.space_fd()));

    typename TestFixture::ring_type idle(1);
    EXPECT_FALSE(readable(idle.items_fd()));
    idle.close();
    EXPECT_TRUE(readable(idle.items_fd()));
    EXPECT_EQ(idle.try_pop(out), status::closed);
    EXPECT_TRUE(readable(idle.items_fd()));
}

TYPED_TEST(event, wakes_a_loop_that_sleeps_when_it_is_closed) {
    typename TestFixture::ring_type ring(1);
    std::thread loop([&] {
        epoll set;
        set.add(ring.items_fd(), 0);
        std::uint64_t out = 0;
        for (status answer = ring.try_pop(out); answer != status::closed; answer = ring.try_pop(out)) {
            set.wait([](std::uint32_t) {});
        }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ring.close();
    loop.join();
}

/// Two producers and one consumer, each with a loop and a set of its own, over two rings: nobody ever waits but in
/// epoll_wait. An edge that is lost leaves all of them asleep.
template <class Wait>
class loops {
public:
    loops(std::uint64_t items, std::size_t capacity)
        : items_(items), rings_{{ring_type(capacity), ring_type(capacity)}} {
        const weir_test::watchdog dog([this] { return popped_.load(); }, [this] { return state(); });
        std::thread first([this] { produce(0); });
        std::thread second([this] { produce(1); });
        std::thread consumer([this] { consume(); });
        first.join();
        second.join();
        consumer.join();
    }
    std::uint64_t wrong() const { return wrong_; }
    const weir_test::sleep_count& slept() const { return slept_; }

private:
    using ring_type = weir::spsc_ring<std::uint64_t, Wait>;

    void produce(std::uint32_t which) {
        ring_type& ring = rings_[which];
        weir_test::random_pause pause(21 + which);
        epoll set;
        set.add(ring.space_fd(), which);
        for (std::uint64_t i = 0; i < items_;) {
            set.wait([](std::uint32_t) {});
            pause();
            // Some turns end before `full` is said: the descriptor has to be readable still.
            const std::uint64_t most = i + 1 + i % 5;
            while (i < items_ && i < most && ring.try_push(i) == status::success) ++i;
        }
        ring.close();
        slept_.add_this_thread(pause.sleeps());
    }

    void consume() {
        weir_test::random_pause pause(23);
        epoll set;
        std::array<std::uint64_t, 2> next{};
        for (std::uint32_t which = 0; which < 2; ++which) set.add(rings_[which].items_fd(), which);
        int open = 2;
        while (open > 0) {
            set.wait([&](std::uint32_t which) {
                ring_type& ring = rings_[which];
                pause();
                std::uint64_t out = 0;
                status answer = status::success;
                for (std::uint64_t most = 1 + next[which] % 7; most > 0; --most) {
                    answer = ring.try_pop(out);
                    if (answer != status::success) break;
                    wrong_ += out != next[which]++;
                    popped_.store(popped_ + 1, std::memory_order_relaxed);
                }
                if (answer != status::closed) return;
                wrong_ += next[which] != items_;
                set.remove(ring.items_fd());
                --open;
            });
        }
        slept_.add_this_thread(pause.sleeps());
    }

    std::string state() const {
        std::string text = "popped " + std::to_string(popped_) + " of " + std::to_string(2 * items_);
        for (const ring_type& ring : rings_) {
            text += "; queued " + std::to_string(ring.size_approx()) + ", items " +
                    (readable(ring.items_fd()) ? "readable" : "unreadable") + ", space " +
                    (readable(ring.space_fd()) ? "readable" : "unreadable");
        }
        return text;
    }

    const std::uint64_t items_;
    std::array<ring_type, 2> rings_;
    std::atomic<std::uint64_t> popped_{0};
    weir_test::sleep_count slept_;
    std::uint64_t wrong_ = 0;
};

TYPED_TEST(event, loses_no_edge_in_loops_over_two_rings) {
    const std::uint64_t items = weir_test::rounds(100'000);
    for (const std::size_t capacity : {1U, 2U, 8U}) {
        const loops<TypeParam> played(items / 2, capacity);
        EXPECT_EQ(played.wrong(), 0U) << "capacity " << capacity;
        played.slept().template expect_for<TypeParam>(items);
    }
}

// A loop that waits for the descriptor and a peer that blocks in push or pop.
TYPED_TEST(event, serves_a_loop_and_a_blocked_peer) {
    const std::uint64_t items = weir_test::rounds(100'000) / 4;
    for (const bool loop_pops : {true, false}) {
        typename TestFixture::ring_type ring(2);
        weir_test::sleep_count slept;
        std::atomic<std::uint64_t> popped{0};
        const weir_test::watchdog dog([&] { return popped.load(); },
                                      [&] { return std::to_string(popped) + " popped"; });
        std::thread producer([&] {
            weir_test::random_pause pause(24);
            epoll set;
            set.add(ring.space_fd(), 0);
            for (std::uint64_t i = 0; i < items; ++i) {
                pause();
                if (loop_pops) {
                    EXPECT_EQ(ring.push(i), status::success);
                } else {
                    while (ring.try_push(i) != status::success) set.wait([](std::uint32_t) {});
                }
            }
            slept.add_this_thread(pause.sleeps());
        });
        weir_test::random_pause pause(25);
        epoll set;
        set.add(ring.items_fd(), 0);
        std::uint64_t wrong = 0;
        for (std::uint64_t i = 0, out = 0; i < items; ++i) {
            pause();
            if (loop_pops) {
                while (ring.try_pop(out) != status::success) set.wait([](std::uint32_t) {});
            } else {
                wrong += ring.pop(out) != status::success;
            }
            wrong += out != i;
            popped.store(i + 1, std::memory_order_relaxed);
        }
        producer.join();
        EXPECT_EQ(wrong, 0U);
        slept.expect_for<TypeParam>(items);
    }
}

// What a thread that handed its role on had found is still true for the next.
TYPED_TEST(event, goes_with_the_role_from_thread_to_thread) {
    typename TestFixture::ring_type ring(4);
    std::vector<std::thread> consumers;
    std::atomic<std::uint64_t> popped{0};
    for (std::uint64_t turn = 0; turn < 4; ++turn) {
        std::thread consumer([&] {
            ring.adopt_consumer();
            epoll set;
            set.add(ring.items_fd(), 0);
            for (int wanted = 100; wanted > 0;) {
                set.wait([](std::uint32_t) {});
                for (; wanted > 0 && ring.try_pop() == popped.load(); --wanted) ++popped;
            }
        });
        for (std::uint64_t i = 0; i < 100; ++i) ASSERT_EQ(ring.push(turn * 100 + i), status::success);
        consumer.join();
    }
    EXPECT_EQ(popped, 400U);
}

#if defined(__cpp_exceptions)
TYPED_TEST(event, that_gets_no_descriptor_is_an_error_with_its_reason) {
    // Made while there are descriptors: UBSan needs some to check an object of a kind that is new to it.
    const std::string as_known = std::system_error(EMFILE, std::generic_category()).what();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    std::exception_ptr thrown;
    try {
        const typename TestFixture::ring_type ring(4);
    } catch (...) {
        thrown = std::current_exception();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_TRUE(thrown);
    try {
        std::rethrow_exception(thrown);
    } catch (const std::system_error& refused) {
        EXPECT_EQ(refused.code().value(), EMFILE);
        EXPECT_EQ(refused.what(), "weir: no eventfd for a ring with wait::event: " + as_known);
    }
}
#endif

// Two wait, for different things. The second one finds nothing, before the first one has looked again.
TYPED_TEST(event, wakes_all_waiters_before_one_empties_the_descriptor) {
    typename TypeParam::lot lot(false);
    bool news = false;
    const auto just_before_it_sleeps = [&] {
        news = true;
        lot.notify_all();
        lot.found_nothing([] { return false; });
        EXPECT_TRUE(readable(lot.fd()));
        if (testing::Test::HasFailure()) lot.notify(1);  // so as not to sleep on it
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    EXPECT_TRUE(lot.wait([&] { return news; }, deadline, just_before_it_sleeps));
    lot.found_nothing([] { return false; });
    EXPECT_FALSE(readable(lot.fd())) << "nobody waits any longer";
}

}  // namespace
