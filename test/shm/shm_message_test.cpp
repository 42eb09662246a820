// SPDX-License-Identifier: MIT
//
// Rings of messages between processes, as far as one process and its children can show them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "test/shm/message_rings.hpp"
#include "test/shm/support.hpp"
#include "test/support/refusal.hpp"
#include "weir/shm/message_ring.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using weir::status;
using weir::visit;
using weir_test::in_child;
using bytes = std::span<const std::byte>;
namespace shm = weir::shm;

std::string refusal(const std::function<void()>& f) { return weir_test::refusal<shm::error>(f); }

/// A message of `n` bytes that shows its number.
std::vector<std::byte> text_of(std::size_t n, std::uint64_t number) {
    std::vector<std::byte> made(n);
    for (std::size_t i = 0; i < n; ++i) made[i] = static_cast<std::byte>(number * 7 + i);
    return made;
}
bool is_text_of(bytes message, std::uint64_t number) {
    const auto right = text_of(message.size(), number);
    return std::equal(message.begin(), message.end(), right.begin());
}
constexpr auto ignore = [](std::uint16_t, bytes) {};

template <class Ring>
class shm_messages : public testing::Test {};
TYPED_TEST_SUITE(shm_messages, weir_test::message_rings, weir_test::message_ring_names);

TYPED_TEST(shm_messages, of_every_size_come_whole_and_in_order_lap_after_lap) {
    const auto made = TypeParam::create(256, "text");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    EXPECT_EQ(made.capacity_bytes(), 256U);
    EXPECT_EQ(made.max_message(), 120U);
    std::uint64_t pushed = 0;
    std::uint64_t seen = 0;
    const auto look = [&](std::uint16_t type, bytes message) {
        EXPECT_EQ(type, seen % 1000);
        EXPECT_EQ(message.size(), seen * 13 % 121);
        EXPECT_TRUE(is_text_of(message, seen));
        ++seen;
    };
    for (int lap = 0; lap < 300; ++lap) {
        for (;;) {
            const auto text = text_of(pushed * 13 % 121, pushed);
            const status answer = producer.try_push(text, static_cast<std::uint16_t>(pushed % 1000));
            if (answer == status::full) break;
            ASSERT_EQ(answer, status::success);
            ++pushed;
        }
        EXPECT_LE(made.size_approx(), 256U);
        ASSERT_GT(consumer.consume(look, lap % 2 == 0 ? 1 : 100), 0U);
        EXPECT_EQ(consumer.answer(), status::success);
    }
    while (consumer.consume(look) > 0) {
    }
    EXPECT_EQ(consumer.answer(), status::empty);
    EXPECT_EQ(seen, pushed);
    EXPECT_EQ(producer.pushed(), pushed);
    EXPECT_EQ(consumer.popped(), pushed);
    EXPECT_EQ(made.size_approx(), 0U);
    EXPECT_EQ(producer.in_doubt(), std::nullopt);
}

TYPED_TEST(shm_messages, are_bounded_in_bytes_and_the_largest_always_fits_an_empty_ring) {
    const auto made = TypeParam::create(64, "text");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    for (std::size_t before = 0; before <= made.max_message(); ++before) {
        ASSERT_EQ(producer.try_push(text_of(before, 1)), status::success);
        ASSERT_EQ(consumer.consume(ignore), 1U);
        ASSERT_EQ(producer.try_push(text_of(made.max_message(), 2)), status::success);
        ASSERT_EQ(consumer.consume(ignore), 1U);
    }
    EXPECT_EQ(producer.try_push(text_of(made.max_message() + 1, 2)), status::too_large);
    EXPECT_EQ(producer.push(text_of(made.max_message() + 1, 2)), status::too_large);
    for (int i = 0; i < 8; ++i) (void)producer.try_push(bytes{});  // up to a start of the storage
    while (consumer.consume(ignore) > 0) {
    }
    while (producer.try_push(bytes{})) {
    }
    EXPECT_EQ(made.size_approx(), 64U);
    EXPECT_EQ(producer.push_for(bytes{}, 1ms), status::timeout);
    EXPECT_EQ(consumer.consume(ignore, 1), 1U);
    EXPECT_EQ(producer.try_push(bytes{}), status::success);
    bool asked = false;
    EXPECT_EQ(producer.push_unless(bytes{}, [&] { return std::exchange(asked, true); }), status::full);
}

TYPED_TEST(shm_messages, are_reserved_in_place_shortened_and_dropped) {
    const auto made = TypeParam::create(128, "text");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    { auto dropped = producer.try_reserve(24); }
    {
        auto message = producer.reserve(40, 9);
        ASSERT_TRUE(message);
        ASSERT_EQ(message.bytes().size(), 40U);
        EXPECT_EQ(consumer.try_consume_one(ignore), status::busy);
        std::memcpy(message.bytes().data(), "four", 4);
        message.commit(4);
    }
    std::string seen;
    EXPECT_EQ(consumer.consume_one([&](std::uint16_t type, bytes message) {
        EXPECT_EQ(type, 9);
        seen.assign(reinterpret_cast<const char*>(message.data()), message.size());
    }),
              status::success);
    EXPECT_EQ(seen, "four");
    EXPECT_EQ(consumer.try_consume_one(ignore), status::empty);
    EXPECT_EQ(made.size_approx(), 0U);
    EXPECT_EQ(producer.pushed(), 1U);
    const std::string a = "head", b = "body";
    EXPECT_EQ(producer.push({std::as_bytes(std::span(a)), std::as_bytes(std::span(b))}, 3), status::success);
    EXPECT_EQ(consumer.consume_some([&](std::uint16_t, bytes message) { EXPECT_EQ(message.size(), 8U); }), 1U);
}

TYPED_TEST(shm_messages, stay_when_a_visit_leaves_or_throws) {
    const auto made = TypeParam::create(128, "text");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    for (std::uint16_t i = 0; i < 4; ++i) ASSERT_EQ(producer.try_push(bytes{}, i), status::success);
    EXPECT_EQ(consumer.consume([](std::uint16_t type, bytes) { return type == 1 ? visit::leave : visit::go_on; }), 1U);
    EXPECT_EQ(consumer.popped(), 1U);
    const auto throws = [](std::uint16_t type, bytes) {
        if (type == 2) throw std::runtime_error("no");
    };
    EXPECT_THROW((void)consumer.consume(throws), std::runtime_error);
    EXPECT_EQ(consumer.popped(), 2U);
    EXPECT_EQ(consumer.consume([](std::uint16_t, bytes) { return visit::stop; }), 1U);
    EXPECT_EQ(consumer.try_consume_one([](std::uint16_t type, bytes) { EXPECT_EQ(type, 3); }), status::success);
    EXPECT_EQ(consumer.consume(ignore), 0U);
    EXPECT_EQ(consumer.consume_one_for(ignore, 1ms), status::timeout);
    EXPECT_EQ(consumer.consume_one_unless(ignore, [] { return true; }), status::empty);
}

TYPED_TEST(shm_messages, that_were_accepted_are_delivered_after_a_close) {
    const auto made = TypeParam::create(64, "text");
    auto producer = made.attach_producer();
    auto consumer = made.attach_consumer();
    ASSERT_EQ(producer.push(bytes{}, 1), status::success);
    {
        auto before = producer.reserve(8, 2);
        std::thread([&] { consumer.close(); }).join();
        EXPECT_EQ(consumer.consume(ignore), 1U);
        EXPECT_EQ(consumer.try_consume_one(ignore), status::busy);
        before.commit();
    }
    EXPECT_EQ(producer.try_push(bytes{}), status::closed);
    EXPECT_EQ(producer.push(bytes{}), status::closed);
    EXPECT_TRUE(made.is_closed());
    EXPECT_EQ(consumer.consume_one([](std::uint16_t type, bytes) { EXPECT_EQ(type, 2); }), status::success);
    EXPECT_EQ(consumer.consume_one(ignore), status::closed);
    EXPECT_EQ(consumer.consume_some(ignore), 0U);
    EXPECT_EQ(consumer.answer(), status::closed);
}

// Each thread has a mapping of its own, as a process has.
TYPED_TEST(shm_messages, pass_several_mappings_between_threads_that_sleep) {
    const auto one = TypeParam::create(64, "text");
    const auto two = TypeParam::attach(one.descriptor(), "text");
    constexpr std::uint64_t messages = 5'000;
    constexpr unsigned producers = TypeParam::has_many_producers ? 2 : 1;
    std::vector<std::thread> threads;
    for (unsigned p = 0; p < producers; ++p) {
        threads.emplace_back([&] {
            const auto mapped = TypeParam::attach(one.descriptor(), "text");
            auto producer = mapped.attach_producer();
            for (std::uint64_t i = 0; i < messages; ++i)
                ASSERT_EQ(producer.push(text_of(i % 24, i), static_cast<std::uint16_t>(producer.number())),
                          status::success);
        });
    }
    auto consumer = two.attach_consumer();
    std::vector<std::uint64_t> seen(producers);
    for (std::uint64_t all = 0; all < producers * messages;) {
        all += consumer.consume_some([&](std::uint16_t from, bytes message) {
            ASSERT_LT(from, producers);
            EXPECT_EQ(message.size(), seen[from] % 24);
            EXPECT_TRUE(is_text_of(message, seen[from]++));
        });
        ASSERT_EQ(consumer.answer(), status::success);
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(consumer.try_consume_one(ignore), status::empty);
}

TYPED_TEST(shm_messages, of_a_process_that_died_while_it_wrote_one_do_not_hold_up_the_others) {
    const auto made = TypeParam::create(256, "text");
    auto consumer = made.attach_consumer();
    for (std::uint64_t round = 0; round < 3; ++round) {
        EXPECT_EQ(in_child([&] {
                      auto producer = made.attach_producer();
                      if (producer.number() != 0 || producer.pushed() != round) return 1;
                      if (round > 0 && producer.in_doubt() != round) return 2;
                      (void)producer.push(bytes{}, static_cast<std::uint16_t>(round));
                      auto half = producer.reserve(30);
                      return ::raise(SIGKILL);
                  }),
                  128 + SIGKILL);
        if (TypeParam::has_many_producers && round == 1) {
            auto other = made.attach_producer(1);
            EXPECT_EQ(other.push(bytes{}, 77), status::success);
        }
        EXPECT_EQ(consumer.consume_one([&](std::uint16_t type, bytes) { EXPECT_EQ(type, round); }), status::success);
        if (TypeParam::has_many_producers && round == 1) {
            EXPECT_EQ(consumer.consume_one([](std::uint16_t type, bytes) { EXPECT_EQ(type, 77); }), status::success);
        }
        EXPECT_EQ(consumer.consume_one(ignore), status::peer_died);
        EXPECT_EQ(consumer.dead_producer(), 0U);
        EXPECT_EQ(consumer.in_doubt(), round + 1);
        EXPECT_EQ(consumer.consume_one_for(ignore, 3ms), status::timeout);
        EXPECT_EQ(made.size_approx(), 0U);
    }
}

TYPED_TEST(shm_messages, of_a_process_that_stopped_while_it_wrote_one_are_waited_for) {
    const auto made = TypeParam::create(64, "text");
    auto consumer = made.attach_consumer();
    const pid_t child = ::fork();
    if (child == 0) {
        auto producer = made.attach_producer();
        auto message = producer.reserve(8, 5);
        ::raise(SIGSTOP);
        message.commit();
        ::_exit(0);
    }
    int state = 0;
    ::waitpid(child, &state, WUNTRACED);
    ASSERT_TRUE(WIFSTOPPED(state));
    EXPECT_EQ(consumer.try_consume_one(ignore), status::busy);
    EXPECT_EQ(consumer.consume_one_for(ignore, 5ms), status::timeout);
    EXPECT_THAT(refusal([&] { (void)made.attach_producer(0); }), HasSubstr("which runs"));
    ::kill(child, SIGCONT);
    EXPECT_EQ(consumer.consume_one([](std::uint16_t type, bytes) { EXPECT_EQ(type, 5); }), status::success);
    ::waitpid(child, &state, 0);
}

TYPED_TEST(shm_messages, that_a_dead_consumer_had_in_hand_come_again_and_are_in_doubt) {
    const auto made = TypeParam::create(64, "text");
    auto producer = made.attach_producer();
    for (std::uint16_t i = 0; i < 3; ++i) ASSERT_EQ(producer.push(text_of(4, i), i), status::success);
    EXPECT_EQ(in_child([&] {
                  auto consumer = made.attach_consumer();
                  (void)consumer.consume([](std::uint16_t type, bytes) {
                      if (type == 1) ::raise(SIGKILL);
                  });
                  return 1;
              }),
              128 + SIGKILL);
    status answer = status::success;
    while ((answer = producer.push_for(text_of(4, 3), 1s, 3)) == status::success) {
    }
    EXPECT_EQ(answer, status::peer_died);
    EXPECT_EQ(producer.in_doubt(), 1U);
    EXPECT_EQ(producer.push_for(bytes{}, 2ms), status::timeout);
    auto next = made.attach_consumer();
    EXPECT_EQ(next.popped(), 1U);
    EXPECT_EQ(next.in_doubt(), 1U);
    EXPECT_EQ(next.consume_one([](std::uint16_t type, bytes message) {
        EXPECT_EQ(type, 1);
        EXPECT_TRUE(is_text_of(message, 1));
    }),
              status::success);
    EXPECT_GT(next.consume(ignore), 0U);
    EXPECT_EQ(made.size_approx(), 0U);
}

TYPED_TEST(shm_messages, of_a_holder_that_left_in_order_are_no_death) {
    const auto made = TypeParam::create(64, "text");
    auto consumer = made.attach_consumer();
    EXPECT_EQ(in_child([&] { return made.attach_producer().push(bytes{}) ? 0 : 1; }), 0);
    EXPECT_EQ(consumer.consume_one(ignore), status::success);
    EXPECT_EQ(consumer.consume_one_for(ignore, 3ms), status::timeout);
    auto next = made.attach_producer();
    EXPECT_EQ(next.pushed(), 1U);
    EXPECT_EQ(next.in_doubt(), std::nullopt);
}

TYPED_TEST(shm_messages, are_held_by_one_process_at_each_end) {
    const auto made = TypeParam::create(64, "text");
    std::vector<typename TypeParam::producer> all;
    for (std::size_t i = 0; i < TypeParam::most_producers; ++i) {
        all.push_back(made.attach_producer());
        EXPECT_EQ(all.back().number(), i);
    }
    EXPECT_THAT(refusal([&] { (void)made.attach_producer(); }),
                HasSubstr(TypeParam::has_many_producers ? "living processes hold all 64 producers' ends"
                                                        : "a ring of this kind has one producer"));
    EXPECT_THAT(refusal([&] { (void)made.attach_producer(64); }),
                HasSubstr("no producer's end of number 64; choose 0"));
    const auto consumer = made.attach_consumer();
    EXPECT_THAT(refusal([&] { (void)made.attach_consumer(); }),
                AllOf(HasSubstr("the consumer's end is held by process " + std::to_string(::getpid())),
                      HasSubstr("end that process")));
    EXPECT_EQ(all.back().push(bytes{}), status::success);
    all.pop_back();
    EXPECT_EQ(made.attach_producer().pushed(), 1U);
}

TEST(shm_message_segment, that_does_not_match_is_refused_with_a_sentence) {
    const std::string name = "weir-test-messages-" + std::to_string(::getpid());
    const auto made = shm::mpsc_message_ring::create(name, 64, "orders");
    EXPECT_THAT(refusal([&] { (void)shm::spsc_message_ring::open(name, "orders"); }),
                HasSubstr("its kind is mpsc_message_ring, and this program expects spsc_message_ring"));
    EXPECT_THAT(refusal([&] { (void)shm::spsc_ring<char>::open(name, "orders"); }),
                HasSubstr("its kind is mpsc_message_ring, and this program expects spsc_ring"));
    EXPECT_THAT(refusal([&] { (void)shm::mpsc_message_ring::open(name, "quotes"); }),
                HasSubstr("its type name is \"orders\""));
    for (const std::size_t wrong : {0UL, 8UL, 24UL, 1UL << 33}) {
        EXPECT_THAT(refusal([&] { (void)shm::spsc_message_ring::create(wrong, "orders"); }),
                    HasSubstr("a message ring of " + std::to_string(wrong) + " bytes is impossible"))
            << wrong;
    }
    // A header with a checksum that fits, as an enemy would write.
    const int file = ::open(("/dev/shm/" + name).c_str(), O_RDWR | O_CLOEXEC);
    weir::detail::segment_header header;
    ASSERT_EQ(::pread(file, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    for (const std::uint64_t wrong : {std::uint64_t{24}, std::uint64_t{0}, std::uint64_t{128}, ~std::uint64_t{0}}) {
        auto bad = header;
        bad.capacity = wrong;
        bad.checksum = bad.right_checksum();
        ASSERT_EQ(::pwrite(file, &bad, sizeof bad, 0), static_cast<ssize_t>(sizeof bad));
        EXPECT_THAT(refusal([&] { (void)shm::mpsc_message_ring::open(name, "orders"); }),
                    HasSubstr("its header says " + std::to_string(wrong) + " items"));
    }
    ::close(file);
}

#if WEIR_CHECK_ROLES
TEST(shm_message_death, wrong_uses_of_an_end_abort_with_a_sentence) {
    const auto made = shm::mpsc_message_ring::create(64, "text");
    auto producer = made.attach_producer();
    EXPECT_EXIT((void)producer.try_push(bytes{}), testing::KilledBySignal(SIGABRT), "attach in the child");
    const auto pushes_beside_a_reservation = [&] {
        auto mine = made.attach_producer();
        auto open = mine.try_reserve(8);
        (void)mine.try_push(bytes{});
    };
    EXPECT_EXIT(pushes_beside_a_reservation(), testing::KilledBySignal(SIGABRT), "commit or drop that one first");
}
#endif

}  // namespace
