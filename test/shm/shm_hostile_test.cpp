// SPDX-License-Identifier: MIT
//
// A peer that sends what no peer of ours would; and ends that take the place of others.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "weir/shm/broadcast_ring.hpp"
#include "weir/shm/segment.hpp"
#include "weir/shm/spsc_ring.hpp"

namespace {

using weir::status;
namespace shm = weir::shm;

int lowest_free_descriptor() {
    const int found = ::dup(0);
    ::close(found);
    return found;
}

// So many slots of 8 bytes that their bytes, counted in 64 bits, are none.
TEST(shm_hostile, capacity_whose_bytes_cannot_be_counted_is_refused) {
    const auto honest = shm::broadcast_ring<char>::create(4, "char");
    weir::detail::segment_header header;
    ASSERT_EQ(::pread(honest.descriptor(), &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    header.capacity = std::uint64_t{1} << 62;
    header.bytes = weir::detail::payload_offset + weir::detail::mapped_broadcast_ring<char>::slots_at;
    header.checksum = header.right_checksum();
    const int file = ::memfd_create("weir-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (::ftruncate(file, std::int64_t{1} << 62) != 0) {
        ::close(file);
        GTEST_SKIP() << "no file of 2^62 bytes here";
    }
    ASSERT_EQ(::pwrite(file, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    ASSERT_EQ(::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    EXPECT_THROW((void)shm::broadcast_ring<char>::attach(file, "char"), shm::error);
    ::close(file);
}

TEST(shm_hostile, descriptors_that_were_not_asked_for_are_closed) {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
    const std::array<int, 2> two{0, 1};
    char byte = 'w';
    iovec data{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof two)> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof two);
    std::memcpy(CMSG_DATA(part), two.data(), sizeof two);
    ASSERT_EQ(::sendmsg(pair[0], &message, 0), 1);
    const int before = lowest_free_descriptor();
    EXPECT_THROW((void)shm::receive_descriptor(pair[1]), shm::error);
    EXPECT_EQ(lowest_free_descriptor(), before);
    ::close(pair[0]);
    ::close(pair[1]);
}

TEST(shm_end, that_is_assigned_gives_its_former_end_back) {
    const auto feed = shm::broadcast_ring<int>::create(2, "int");
    auto producer = feed.attach_producer();
    auto one = feed.join();
    auto other = feed.join();
    one = std::move(other);
    EXPECT_EQ(feed.readers().size(), 1U);
    int out = 0;
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(producer.try_push(i), status::success) << i;
        ASSERT_EQ(one.try_pop(out), status::success);
        EXPECT_EQ(out, i);
    }

    const auto here = shm::spsc_ring<int>::create(2, "int");
    const auto there = shm::spsc_ring<int>::create(2, "int");
    auto consumer = here.attach_consumer();
    auto next = there.attach_consumer();
    consumer = std::move(next);
    (void)here.attach_consumer();  // it is free again
    EXPECT_EQ(there.attach_producer().try_push(7), status::success);
    EXPECT_EQ(consumer.try_pop(out), status::success);
    EXPECT_EQ(out, 7);
}

}  // namespace
