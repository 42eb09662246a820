// SPDX-License-Identifier: MIT
//
// Names of segments: what they are refused for, with which code, and which program makes the segment. For every kind of ring.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "test/shm/support.hpp"
#include "weir/shm/broadcast_ring.hpp"
#include "weir/shm/message_ring.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using weir::shm::errc;
using weir::shm::segment_options;
using weir_test::in_child;
using weir_test::start;
namespace shm = weir::shm;

/// What a call was refused with.
struct refused {
    errc code{};
    std::string sentence = "nothing was refused";
};
refused refusal(const std::function<void()>& f) {
    try {
        f();
    } catch (const shm::error& e) {
        return {e.code(), e.what()};
    }
    return {};
}

template <class Ring>
class shm_names : public testing::Test {
protected:
    ~shm_names() override {
        ::rmdir(path.c_str());
        ::unlink(path.c_str());
    }
    /// What each function that takes a name says of this one.
    static std::vector<refused> of_all(std::string_view called) {
        return {refusal([&] { (void)Ring::create(called, 64, "number"); }),
                refusal([&] { (void)Ring::open_or_create(called, 64, "number"); }),
                refusal([&] { (void)Ring::open(called, "number"); }),
                refusal([&] { (void)Ring::open_for(called, "number", 1s); })};
    }
    ino_t number_of_file() const {
        struct stat file {};
        return ::lstat(path.c_str(), &file) == 0 ? file.st_ino : 0;
    }
    std::string content() const {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

    const std::string name = "weir-test-names-" + std::to_string(::getpid());
    const std::string path = "/dev/shm/" + name;
};

struct names {
    template <class Ring>
    static std::string GetName(int index) {
        return std::array{"spsc", "broadcast", "spsc_messages", "mpsc_messages"}[static_cast<std::size_t>(index)];
    }
};
using rings = testing::Types<shm::spsc_ring<std::uint64_t>, shm::broadcast_ring<std::uint64_t>, shm::spsc_message_ring,
                             shm::mpsc_message_ring>;
TYPED_TEST_SUITE(shm_names, rings, names);

TYPED_TEST(shm_names, of_another_programs_files_are_refused_and_left_alone) {
    for (const std::string& theirs : {std::string(), std::string("five\n"), std::string(100'000, 'x')}) {
        std::ofstream(this->path) << theirs;
        const ino_t before = this->number_of_file();
        const std::vector<refused> said = this->of_all(this->name);
        EXPECT_EQ(said[0].sentence,
                  "weir: \"" + this->path + "\" is no segment of weir's; choose another name, or remove it");
        for (const refused& one : said) {
            EXPECT_EQ(one.code, errc::not_a_segment) << one.sentence;
            EXPECT_THAT(one.sentence,
                        AllOf(HasSubstr(this->name), Not(HasSubstr("a process uses it")), Not(HasSubstr("try again"))));
        }
        EXPECT_EQ(this->number_of_file(), before);
        EXPECT_EQ(this->content(), theirs);
    }
}

TYPED_TEST(shm_names, of_what_is_no_file_are_refused_and_left_alone) {
    const std::string target = this->path + "-target";
    std::ofstream(target) << "theirs";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, this->path.c_str(), this->path.size());
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const std::vector<std::function<int()>> kinds{
        [&] { return ::mkfifo(this->path.c_str(), 0600); }, [&] { return ::mkdir(this->path.c_str(), 0700); },
        [&] { return ::symlink(target.c_str(), this->path.c_str()); },
        [&] { return ::symlink("nowhere", this->path.c_str()); },
        [&] { return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address); }};
    for (const auto& make : kinds) {
        ASSERT_EQ(make(), 0);
        const ino_t before = this->number_of_file();
        for (const refused& one : this->of_all(this->name)) {
            EXPECT_EQ(one.sentence,
                      "weir: \"" + this->path + "\" is no segment of weir's; choose another name, or remove it");
            EXPECT_EQ(one.code, errc::not_a_segment);
        }
        EXPECT_EQ(this->number_of_file(), before);
        ::rmdir(this->path.c_str());
        ::unlink(this->path.c_str());
    }
    ::close(socket);
    ::unlink(target.c_str());
}

TYPED_TEST(shm_names, have_one_maker_of_several_that_open_or_create) {
    for (int round = 0; round < 20; ++round) {
        std::array<int, 2> go{}, done{};
        ASSERT_EQ(::pipe(go.data()), 0);
        ASSERT_EQ(::pipe(done.data()), 0);
        std::vector<pid_t> children;
        for (int i = 0; i < 3; ++i) {
            children.push_back(start([&] {
                char byte = 0;
                ::close(go[1]);
                (void)!::read(go[0], &byte, 1);  // until all begin
                std::optional<TypeParam> ring;
                const refused said =
                    refusal([&] { ring.emplace(TypeParam::open_or_create(this->name, 64, "number")); });
                const ino_t mine = ring.has_value() ? this->number_of_file() : 0;
                (void)!::write(done[1], &mine, sizeof mine);
                ::pause();
            }));
        }
        ::close(go[0]);
        ::close(go[1]);
        std::vector<ino_t> files(children.size());
        for (ino_t& one : files) ASSERT_EQ(::read(done[0], &one, sizeof one), static_cast<ssize_t>(sizeof one));
        EXPECT_NE(files[0], 0U);
        EXPECT_THAT(files, testing::Each(files[0]));
        for (const pid_t child : children) weir_test::kill_and_reap(child);
        EXPECT_EQ(this->number_of_file(), files[0]);
        { const auto last = TypeParam::open(this->name, "number"); }
        EXPECT_EQ(this->number_of_file(), 0U) << "the last one that leaves in order removes it";
        for (const int end : {done[0], done[1]}) ::close(end);
    }
}

TYPED_TEST(shm_names, of_a_ring_that_killed_processes_left_are_opened_with_what_is_in_it) {
    ASSERT_EQ(in_child([&] {
                  const auto ring = TypeParam::open_or_create(this->name, 64, "number");
                  ring.attach_producer();
                  return ::raise(SIGKILL);
              }),
              128 + SIGKILL);
    const ino_t before = this->number_of_file();
    ASSERT_NE(before, 0U);
    const auto ring = TypeParam::open_or_create(this->name, 64, "number");
    EXPECT_EQ(this->number_of_file(), before);
}

TYPED_TEST(shm_names, of_another_ring_are_refused_for_what_differs) {
    const auto ring = TypeParam::create(this->name, 64, "number");
    for (const bool creates : {true, false}) {
        const auto get = [&](std::size_t capacity, std::string_view type) {
            return refusal([&] {
                creates ? (void)TypeParam::open_or_create(this->name, capacity, type)
                        : (void)TypeParam::open_for(this->name, type, 5s);
            });
        };
        EXPECT_EQ(get(64, "price").code, errc::mismatch);
        EXPECT_THAT(get(64, "price").sentence, HasSubstr("its type name is \"number\", and this program expects"));
        if (!creates) continue;
        EXPECT_EQ(get(128, "number").code, errc::mismatch);
        EXPECT_THAT(get(128, "number").sentence, HasSubstr("its capacity is 64, and this program expects 128"));
    }
    EXPECT_EQ(refusal([&] { (void)shm::spsc_ring<char>::open_or_create(this->name, 64, "number"); }).code,
              errc::mismatch);
    EXPECT_EQ(refusal([&] { (void)TypeParam::create(this->name, 64, "number"); }).code, errc::exists);
}

TYPED_TEST(shm_names, are_absent_until_a_process_makes_the_ring) {
    EXPECT_EQ(refusal([&] { (void)TypeParam::open(this->name, "number"); }).code, errc::absent);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(refusal([&] { (void)TypeParam::open_for(this->name, "number", 20ms); }).code, errc::absent);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
    const pid_t later = start([&] {
        std::this_thread::sleep_for(20ms);
        const auto ring = TypeParam::create(this->name, 64, "number");
        ::pause();
    });
    const auto ring = TypeParam::open_for(this->name, "number", 60s);
    EXPECT_NE(this->number_of_file(), 0U);
    weir_test::kill_and_reap(later);
}

TYPED_TEST(shm_names, and_every_other_argument_are_refused_by_one_type_of_error) {
    constexpr std::size_t one = 1;
    for (const std::size_t capacity : {std::size_t{0}, one << 62, static_cast<std::size_t>(-1)}) {
        for (const refused& said : {refusal([&] { (void)TypeParam::create(this->name, capacity, "number"); }),
                                    refusal([&] { (void)TypeParam::open_or_create(this->name, capacity, "number"); }),
                                    refusal([&] { (void)TypeParam::create(capacity, "number"); })}) {
            EXPECT_EQ(said.code, errc::invalid_argument) << said.sentence;
            EXPECT_THAT(said.sentence, AllOf(HasSubstr(std::to_string(capacity)), HasSubstr("choose")));
        }
    }
    for (const std::string_view wrong :
         {std::string_view(), std::string_view("/"), std::string_view(".a"), std::string_view("a/b"),
          std::string_view("a\0b", 3), std::string_view("a\nb"), std::string_view("a\xff")}) {
        for (const refused& said : this->of_all(wrong)) {
            EXPECT_EQ(said.code, errc::invalid_argument) << said.sentence;
            EXPECT_THAT(said.sentence, HasSubstr("is no name for a segment; choose 1 to 200 bytes"));
        }
    }
    for (const std::string_view type : {std::string_view(), std::string_view("quote\0v1", 8)}) {
        const refused said = refusal([&] { (void)TypeParam::create(this->name, 64, type); });
        EXPECT_EQ(said.code, errc::invalid_argument) << said.sentence;
        EXPECT_THAT(said.sentence, HasSubstr("bytes; choose 1 to 63, none of them zero"));
    }
    for (const unsigned mode : {01600U, 04700U, ~0U}) {
        const refused said =
            refusal([&] { (void)TypeParam::create(this->name, 64, "number", segment_options{.mode = mode}); });
        EXPECT_EQ(said.code, errc::invalid_argument);
        EXPECT_THAT(said.sentence, HasSubstr("choose at most 0777"));
    }
    EXPECT_EQ(this->number_of_file(), 0U);
    const auto ring = TypeParam::create(64, "number");
    const auto one_too_many = [&] {
        std::vector<decltype(ring.attach_producer())> all;
        for (int i = 0; i < 65; ++i) all.push_back(ring.attach_producer());
    };
    EXPECT_EQ(refusal(one_too_many).code, errc::end_held);
}

/// The producer of the documentation's first page, killed and started again while its consumer runs.
TEST(shm_restart, a_producer_that_was_killed_starts_again_and_goes_on_for_the_same_consumer) {
    using ring = shm::spsc_ring<std::uint64_t>;
    const std::string name = "weir-test-restart-" + std::to_string(::getpid());
    constexpr std::uint64_t all = 1000;
    const auto feed = [&](std::uint64_t dies_at) {
        return in_child([&] {
            auto producer = ring::open_or_create(name, 16, "number").attach_producer();
            while (producer.pushed() < all) {
                if (producer.pushed() == dies_at) ::raise(SIGKILL);
                if (!producer.push(producer.pushed())) return 1;
            }
            producer.close();
            return 0;
        });
    };
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe(told.data()), 0);
    const pid_t consumer = start([&] {
        auto taken = ring::open_or_create(name, 16, "number").attach_consumer();
        std::uint64_t deaths = 0;
        for (std::uint64_t next = 0, got = 0;;) {
            const auto answer = taken.pop(got);
            if (answer == weir::status::closed) ::_exit(next == all && deaths == 1 ? 0 : 1);
            if (answer == weir::status::peer_died) {
                ++deaths;
                (void)!::write(told[1], "d", 1);
            } else if (!answer || got != next++) {
                ::_exit(2);
            }
        }
    });
    ::close(told[1]);
    EXPECT_EQ(feed(500), 128 + SIGKILL);
    // A ring that the next producer has closed before says so alone.
    char byte = 0;
    EXPECT_EQ(::read(told[0], &byte, 1), 1);
    EXPECT_EQ(feed(all + 1), 0);
    int end = 0;
    ::waitpid(consumer, &end, 0);
    EXPECT_EQ(end, 0);
    ::close(told[0]);
    ::unlink(("/dev/shm/" + name).c_str());
}

TEST(shm_restart, an_end_that_attaches_while_a_dead_process_holds_the_other_one_is_told_once) {
    using ring = shm::spsc_ring<std::uint64_t>;
    const ring made = ring::create(16, "number");
    EXPECT_EQ(in_child([&] {
                  auto producer = made.attach_producer();
                  (void)producer.push(1);
                  return ::raise(SIGKILL);
              }),
              128 + SIGKILL);
    for (int i = 0; i < 2; ++i) {
        auto consumer = made.attach_consumer();
        std::uint64_t got = 0;
        if (i == 0) {
            EXPECT_EQ(consumer.pop_for(got, 10s), weir::status::success);
        }
        EXPECT_EQ(consumer.pop_for(got, 10s), weir::status::peer_died);
        EXPECT_EQ(consumer.pop_for(got, 1ms), weir::status::timeout);
    }
}

}  // namespace
