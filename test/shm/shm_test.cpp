// SPDX-License-Identifier: MIT
//
// Segments, and a ring between two processes, as far as one process can show them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "test/shm/support.hpp"
#include "test/support/refusal.hpp"
#include "test/support/sanitized.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using weir::status;
using weir::shm::segment_options;
using ring = weir::shm::spsc_ring<std::uint64_t>;
namespace shm = weir::shm;

/// A name of this test's own, and of this run's. Removed at the end.
class own_name {
public:
    explicit own_name(const std::string& what) : name("weir-test-" + what + "-" + std::to_string(::getpid())) {}
    ~own_name() { ::unlink(path().c_str()); }
    std::string path() const { return "/dev/shm/" + name; }
    bool exists() const { return ::access(path().c_str(), F_OK) == 0; }
    const std::string name;
};

using weir_test::in_child;
using weir_test::soon;

std::string refusal(const std::function<void()>& f) { return weir_test::refusal<shm::error>(f); }

// ---- the ring ------------------------------------------------------------------------------------------------

TEST(shm_ring, holds_exactly_its_capacity_and_delivers_in_order) {
    for (const std::size_t capacity : {1UL, 3UL, 8UL}) {
        const ring made = ring::create(capacity, "number");
        auto producer = made.attach_producer();
        auto consumer = made.attach_consumer();
        EXPECT_EQ(made.capacity(), capacity);
        std::uint64_t next = 0;
        for (std::uint64_t lap = 0; lap < 5; ++lap) {
            std::uint64_t out = 0;
            EXPECT_EQ(consumer.try_pop(out), status::empty);
            for (std::uint64_t i = 0; i < capacity; ++i) EXPECT_EQ(producer.try_push(next + i), status::success);
            EXPECT_EQ(producer.try_push(99), status::full);
            EXPECT_EQ(producer.push_for(99, 1ms), status::timeout);
            EXPECT_EQ(made.size_approx(), capacity);
            for (std::uint64_t i = 0; i < capacity; ++i) {
                ASSERT_EQ(consumer.try_pop(out), status::success);
                EXPECT_EQ(out, next + i);
            }
            EXPECT_EQ(consumer.pop_for(out, 1ms), status::timeout);
            next += capacity;
        }
        EXPECT_EQ(producer.pushed(), next);
        EXPECT_EQ(consumer.popped(), next);
        EXPECT_EQ(producer.in_doubt(), std::nullopt);
    }
}

TEST(shm_ring, closed_delivers_what_it_accepted_and_wakes_both_sides) {
    const ring made = ring::create(2, "number");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    EXPECT_EQ(producer.push(1), status::success);
    EXPECT_EQ(producer.push(2), status::success);
    std::thread closes([&] {
        std::this_thread::sleep_for(5ms);
        made.is_closed() ? void() : consumer.close();
    });
    EXPECT_EQ(producer.push(3), status::closed);
    closes.join();
    EXPECT_TRUE(made.is_closed());
    EXPECT_EQ(producer.try_push(3), status::closed);
    std::uint64_t out = 0;
    EXPECT_EQ(consumer.pop(out), status::success);
    EXPECT_EQ(consumer.pop(out), status::success);
    EXPECT_EQ(out, 2U);
    EXPECT_EQ(consumer.pop(out), status::closed);
    EXPECT_EQ(consumer.try_pop(out), status::closed);
}

TEST(shm_ring, passes_items_through_two_mappings_between_threads_that_sleep) {
    const ring one = ring::create(4, "number");
    const ring two = ring::attach(one.descriptor(), "number");
    constexpr std::uint64_t items = 20'000;
    std::thread pushes([&] {
        auto producer = one.attach_producer();
        for (std::uint64_t i = 0; i < items; ++i) ASSERT_EQ(producer.push(i), status::success);
        producer.close();
    });
    auto consumer = two.attach_consumer();
    std::uint64_t out = 0;
    for (std::uint64_t i = 0; i < items; ++i) {
        ASSERT_EQ(consumer.pop(out), status::success);
        ASSERT_EQ(out, i);
    }
    EXPECT_EQ(consumer.pop(out), status::closed);
    pushes.join();
}

TEST(shm_ring, copies_items_of_any_size_and_alignment) {
    struct alignas(64) large {
        std::array<std::uint64_t, 40> words;
    };
    const auto made = shm::spsc_ring<large>::create(3, "large");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    for (std::uint64_t i = 0; i < 10; ++i) {
        large item;
        item.words.fill(i);
        ASSERT_EQ(producer.try_push(item), status::success);
        large out;
        ASSERT_EQ(consumer.try_pop(out), status::success);
        EXPECT_EQ(out.words, item.words);
    }
}

// ---- the holder of an end ------------------------------------------------------------------------------------------

TEST(shm_owner, an_end_has_one_holder_and_is_free_again_when_it_goes) {
    const ring made = ring::create(2, "number");
    std::optional producer(made.attach_producer());
    const std::string self = std::to_string(::getpid());
    EXPECT_THAT(refusal([&] { (void)made.attach_producer(); }),
                AllOf(HasSubstr("the producer's end is held by process " + self), HasSubstr("end that process")));
    const int of_child = in_child([&] {
        const std::string said = refusal([&] { (void)made.attach_producer(); });
        producer.reset();  // a copy, which does not hold the end
        return said.find("process " + self + ", which runs") != said.npos ? 0 : 1;
    });
    EXPECT_EQ(of_child, 0);
    EXPECT_EQ(producer->push(7), status::success);
    producer.reset();
    auto next = made.attach_producer();
    EXPECT_EQ(next.pushed(), 1U);
    EXPECT_EQ(next.in_doubt(), std::nullopt);
}

TEST(shm_owner, that_died_is_told_once_and_its_end_can_be_taken) {
    const ring made = ring::create(8, "number");
    auto consumer = made.attach_consumer();
    for (std::uint64_t round = 0; round < 3; ++round) {
        EXPECT_EQ(in_child([&] {
                      auto producer = made.attach_producer();
                      return producer.pushed() == round && producer.push(round) ? ::raise(SIGKILL) : 1;
                  }),
                  128 + SIGKILL);
        std::uint64_t out = 99;
        EXPECT_EQ(consumer.pop(out), status::success);
        EXPECT_EQ(out, round);
        EXPECT_EQ(consumer.pop(out), status::peer_died);
        EXPECT_EQ(consumer.in_doubt(), std::nullopt);
        EXPECT_EQ(consumer.pop_for(out, 3ms), status::timeout);
        EXPECT_EQ(consumer.try_pop(out), status::empty);
    }
}

TEST(shm_owner, that_died_is_told_to_a_side_that_only_tries) {
    const ring made = ring::create(1, "number");
    auto producer = made.attach_producer();
    const auto dead = in_child([&] {
        auto consumer = made.attach_consumer();
        return ::raise(SIGKILL);
    });
    EXPECT_EQ(dead, 128 + SIGKILL);
    EXPECT_EQ(producer.try_push(1), status::success);
    EXPECT_EQ(soon([&] { return producer.try_push(2); }, status::full), status::peer_died);
    EXPECT_EQ(soon([&] { return producer.push_for(2, 2ms); }, status::full), status::timeout);
}

TEST(shm_owner, that_died_is_told_also_when_another_one_was_quicker_to_follow) {
    const ring made = ring::create(8, "number");
    auto consumer = made.attach_consumer();
    EXPECT_EQ(in_child([&] {
                  auto producer = made.attach_producer();
                  return ::raise(SIGKILL);
              }),
              128 + SIGKILL);
    auto follower = made.attach_producer();
    std::uint64_t out = 0;
    EXPECT_EQ(consumer.pop(out), status::peer_died);
    EXPECT_EQ(follower.push(5), status::success);
    EXPECT_EQ(consumer.pop(out), status::success);
    EXPECT_EQ(consumer.pop_for(out, 2ms), status::timeout);
}

TEST(shm_owner, that_left_in_order_is_no_death) {
    const ring made = ring::create(8, "number");
    auto consumer = made.attach_consumer();
    EXPECT_EQ(in_child([&] { return made.attach_producer().push(1) ? 0 : 1; }), 0);
    std::uint64_t out = 0;
    EXPECT_EQ(consumer.pop(out), status::success);
    EXPECT_EQ(consumer.pop_for(out, 3ms), status::timeout);
}

TEST(shm_owner, that_is_stopped_lives) {
    const ring made = ring::create(8, "number");
    auto consumer = made.attach_consumer();
    const pid_t child = ::fork();
    if (child == 0) {
        auto producer = made.attach_producer();
        (void)producer.push(1);
        for (;;) ::pause();
    }
    std::uint64_t out = 0;
    EXPECT_EQ(consumer.pop(out), status::success);
    ::kill(child, SIGSTOP);
    int state = 0;
    ::waitpid(child, &state, WUNTRACED);
    ASSERT_TRUE(WIFSTOPPED(state));
    EXPECT_EQ(consumer.pop_for(out, 5ms), status::timeout);
    EXPECT_THAT(refusal([&] { (void)made.attach_producer(); }), HasSubstr("which runs"));
    ::kill(child, SIGKILL);
    EXPECT_EQ(consumer.pop(out), status::peer_died);
    ::waitpid(child, &state, 0);
}

TEST(shm_owner, is_told_from_a_later_process_of_the_same_id) {
    using weir::detail::owner;
    const owner self = weir::detail::this_process();
    weir::detail::process_watch watch;
    EXPECT_FALSE(watch.is_dead(self));
    EXPECT_TRUE(watch.is_dead(owner::of(self.pid(), self.start() + 1)));
    EXPECT_FALSE(watch.is_dead(self));
    EXPECT_TRUE(watch.is_dead(owner::of((1U << owner::pid_bits) - 1, 5)));
    const owner after_death = self.followed_by(owner::of(7, 8));
    EXPECT_EQ(after_death.pid(), 7U);
    EXPECT_EQ(after_death.start(), 8U);
    EXPECT_EQ(after_death.deaths(), 1U);
    EXPECT_EQ(after_death.left().deaths(), 1U);
    EXPECT_FALSE(after_death.left().is_held());
}

#if WEIR_CHECK_ROLES
TEST(shm_owner_death, a_child_of_fork_that_uses_its_parents_end_aborts) {
    const ring made = ring::create(2, "number");
    auto producer = made.attach_producer();
    EXPECT_EXIT((void)producer.try_push(1), testing::KilledBySignal(SIGABRT), "attach in the child");
    EXPECT_EQ(producer.try_push(1), status::success);
}
#endif

// ---- segments ------------------------------------------------------------------------------------------------

TEST(shm_segment, of_a_name_is_opened_by_it_and_vanishes_with_its_last_user) {
    const own_name name("life");
    {
        std::optional first(ring::create(name.name, 5, "number"));
        std::optional second(ring::open("/" + name.name, "number"));
        EXPECT_EQ(second->capacity(), 5U);
        EXPECT_EQ(first->attach_producer().push(3), status::success);
        first.reset();
        EXPECT_TRUE(name.exists());
        std::uint64_t out = 0;
        EXPECT_EQ(second->attach_consumer().pop(out), status::success);
        EXPECT_EQ(out, 3U);
    }
    EXPECT_FALSE(name.exists());
}

TEST(shm_segment, is_used_by_a_child_of_fork_as_long_as_that_lives) {
    const own_name name("fork");
    std::optional made(ring::create(name.name, 5, "number"));
    EXPECT_EQ(in_child([&] {
                  made.reset();
                  return 0;
              }),
              0);
    EXPECT_TRUE(name.exists());
}

TEST(shm_segment, of_killed_processes_is_replaced_by_the_next_creator) {
    const own_name name("left");
    EXPECT_EQ(in_child([&] {
                  const ring made = ring::create(name.name, 5, "number");
                  return ::raise(SIGKILL);
              }),
              128 + SIGKILL);
    EXPECT_TRUE(name.exists());
    EXPECT_EQ(ring::open(name.name, "number").capacity(), 5U);  // its last user, by now
    EXPECT_FALSE(name.exists());
    EXPECT_EQ(in_child([&] {
                  const ring made = ring::create(name.name, 5, "number");
                  return ::raise(SIGKILL);
              }),
              128 + SIGKILL);
    EXPECT_EQ(ring::create(name.name, 6, "number").capacity(), 6U);
}

TEST(shm_segment, has_one_creator_of_several) {
    const own_name name("race");
    for (int round = 0; round < 20; ++round) {
        std::vector<pid_t> children;
        std::array<int, 2> go{};
        ASSERT_EQ(::pipe(go.data()), 0);
        std::array<int, 2> done{};
        ASSERT_EQ(::pipe(done.data()), 0);
        for (int i = 0; i < 3; ++i) {
            children.push_back(::fork());
            if (children.back() != 0) continue;
            char byte = 0;
            ::close(go[1]);
            (void)!::read(go[0], &byte, 1);  // until all begin
            std::optional<ring> made;
            const std::string said = refusal([&] { made.emplace(ring::create(name.name, 5, "number")); });
            const char mine = made.has_value() ? 'c' : said.find("a process uses it") != said.npos ? 'r' : '?';
            (void)!::write(done[1], &mine, 1);
            ::close(done[1]);
            char end = 0;
            (void)!::read(done[0], &end, 0);
            ::pause();
            ::_exit(0);
        }
        ::close(go[0]);
        ::close(go[1]);
        std::string answers;
        for (char one = 0; answers.size() < 3 && ::read(done[0], &one, 1) == 1;) answers += one;
        EXPECT_THAT(answers, testing::UnorderedElementsAre('c', 'r', 'r'));
        for (const pid_t child : children) {
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
        }
        ::close(done[0]);
        ::close(done[1]);
    }
}

TEST(shm_segment, that_does_not_match_is_refused_with_a_sentence) {
    const own_name name("match");
    const ring made = ring::create(name.name, 5, "number");
    struct other {
        std::uint32_t a, b;
    };
    EXPECT_THAT(
        refusal([&] { (void)ring::open(name.name, "price"); }),
        AllOf(HasSubstr("its type name is \"number\", and this program expects \"price\""), HasSubstr("give both")));
    EXPECT_THAT(refusal([&] { (void)shm::spsc_ring<char>::open(name.name, "number"); }),
                AllOf(HasSubstr("its element size is 8 bytes"), HasSubstr("expects 1 bytes")));
    EXPECT_THAT(refusal([&] { (void)shm::spsc_ring<other>::open(name.name, "number"); }),
                HasSubstr("its element alignment is 8 bytes, and this program expects 4 bytes"));
    EXPECT_THAT(refusal([&] { (void)ring::open("weir-test-none", "number"); }),
                AllOf(HasSubstr("No such file"), HasSubstr("create it first")));
    EXPECT_THAT(refusal([&] { (void)ring::create("a/b", 5, "number"); }),
                HasSubstr("choose 1 to 200 bytes of UTF-8 without a slash"));
    EXPECT_THAT(refusal([&] { (void)ring::create(name.name, 5, ""); }), HasSubstr("choose 1 to 63"));
    EXPECT_THAT(refusal([&] { (void)ring::create(name.name, 5, "number"); }), HasSubstr("a process uses it"));
    EXPECT_THAT(refusal([&] { (void)ring::create(std::size_t{1} << 50, "number"); }),
                AllOf(HasSubstr("is larger than the memory"), HasSubstr("choose a smaller capacity")));
    EXPECT_THROW((void)ring::create(0, "number"), shm::error);
}

TEST(shm_segment, whose_header_was_damaged_is_refused_byte_by_byte) {
    using weir::detail::segment_header;
    const own_name name("damage");
    const ring made = ring::create(name.name, 5, "number");
    const int file = ::open(name.path().c_str(), O_RDWR);
    segment_header good;
    ASSERT_EQ(::pread(file, &good, sizeof good, 0), static_cast<ssize_t>(sizeof good));
    const auto write = [&](const segment_header& header) {
        ASSERT_EQ(::pwrite(file, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    };
    for (std::size_t i = 0; i < sizeof good; ++i) {
        segment_header bad = good;
        reinterpret_cast<unsigned char*>(&bad)[i] ^= 0x41;
        write(bad);
        EXPECT_NE(refusal([&] { (void)ring::open(name.name, "number"); }), "nothing was refused") << i;
    }
    // With a checksum that fits, as an enemy would write.
    const auto forged = [&](auto change) {
        segment_header bad = good;
        change(bad);
        bad.checksum = bad.right_checksum();
        write(bad);
        return refusal([&] { (void)ring::open(name.name, "number"); });
    };
    EXPECT_THAT(forged([](auto& h) { h.capacity = 9; }), HasSubstr("its header says 9 items"));
    EXPECT_THAT(forged([](auto& h) { h.capacity = ~std::uint64_t{0}; }), HasSubstr("and the file has"));
    EXPECT_THAT(forged([](auto& h) { h.capacity = 0; }), HasSubstr("its header says 0 items"));
    EXPECT_THAT(forged([](auto& h) { h.bytes = 1 << 20; }), HasSubstr("in 1048576 bytes"));
    EXPECT_THAT(forged([](auto& h) { h.layout = 99; }), HasSubstr("its layout version is 99"));
    EXPECT_THAT(forged([](auto& h) { h.kind = weir::shm::segment_kind{77}; }), HasSubstr("its kind is unknown"));
    EXPECT_THAT(forged([](auto& h) { h.type_name.fill('x'); }), HasSubstr("its type name"));
    EXPECT_THAT(forged([](auto& h) { ++h.pid_namespace; }), AllOf(HasSubstr("PID namespace"), HasSubstr("--pid=")));
    write(good);
    EXPECT_EQ(ring::open(name.name, "number").capacity(), 5U);
    ASSERT_EQ(::ftruncate(file, 300), 0);
    EXPECT_THAT(refusal([&] { (void)ring::open(name.name, "number"); }), HasSubstr("the file has 300 bytes"));
    ASSERT_EQ(::ftruncate(file, 3), 0);
    EXPECT_THAT(refusal([&] { (void)ring::open(name.name, "number"); }),
                HasSubstr("has 3 bytes, and a header takes 256"));
    ::close(file);
}

TEST(shm_segment, without_a_name_is_sealed_and_passed_over_a_socket) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
    const ring made = ring::create(4, "number");
    EXPECT_NE(::ftruncate(made.descriptor(), 0), 0);
    auto consumer = made.attach_consumer();
    const pid_t child = ::fork();
    if (child == 0) {
        const int descriptor = shm::receive_descriptor(pair[1]);
        const ring mapped = ring::attach(descriptor, "number");
        ::close(descriptor);
        auto producer = mapped.attach_producer();
        ::_exit(producer.push(41) && producer.push(42) ? 0 : 1);
    }
    shm::send_descriptor(pair[0], made.descriptor());
    std::uint64_t out = 0;
    EXPECT_EQ(consumer.pop(out), status::success);
    EXPECT_EQ(consumer.pop(out), status::success);
    EXPECT_EQ(out, 42U);
    int end = 0;
    ::waitpid(child, &end, 0);
    EXPECT_EQ(end, 0);

    (void)!::write(pair[0], "x", 1);
    EXPECT_THAT(refusal([&] { (void)shm::receive_descriptor(pair[1]); }), HasSubstr("let it call send_descriptor()"));
    ::close(pair[0]);
    EXPECT_THAT(refusal([&] { (void)shm::receive_descriptor(pair[1]); }), HasSubstr("has closed it"));
    EXPECT_THAT(refusal([&] { shm::send_descriptor(pair[1], made.descriptor()); }), HasSubstr("cannot be sent"));
    ::close(pair[1]);

    const int unsealed = ::memfd_create("weir-test", MFD_CLOEXEC);
    EXPECT_THAT(refusal([&] { (void)ring::attach(unsealed, "number"); }), HasSubstr("is not sealed against shrinking"));
    ::close(unsealed);
    EXPECT_THAT(refusal([&] { (void)ring::attach(-1, "number"); }), HasSubstr("pass an open one"));
}

TEST(shm_segment, has_the_mode_that_was_asked_for_whatever_the_mask) {
    const own_name name("mode");
    const mode_t before = ::umask(0077);
    const ring made = ring::create(name.name, 5, "number", segment_options{.mode = 0640});
    ::umask(before);
    struct stat file {};
    ASSERT_EQ(::stat(name.path().c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0640U);
}

TEST(shm_segment, is_locked_in_memory_if_asked_or_refused_with_the_limit) {
    const ring huge = ring::create(4, "number", segment_options{.huge_pages = true});
    EXPECT_EQ(huge.capacity(), 4U);
    if (weir_test::sanitized) return;  // sanitizers make nothing of mlock
    EXPECT_EQ(in_child([] {
                  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
                  ::setrlimit(RLIMIT_MEMLOCK, &none);
                  if (::setuid(65534) != 0 && ::getuid() == 0) return 3;
                  const std::string said =
                      refusal([] { (void)ring::create(4, "number", segment_options{.locked = true}); });
                  return said.find("RLIMIT_MEMLOCK") != said.npos ? 0 : 1;
              }),
              0);
}

}  // namespace
