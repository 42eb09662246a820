// SPDX-License-Identifier: MIT
//
// Thread affinity on kernels that the test machine lacks: with more PUs, a longer mask, or a sandbox around it.
#include <weir/affinity.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

namespace {

/// Default-constructed, it passes calls to the real kernel.
struct told {
    const std::vector<unsigned>* pus = nullptr;  // result of sched_getaffinity()
    std::size_t mask_bytes = 0;                  // length of the kernel's own mask: shorter buffers are refused
    int get_error = 0;                           // errno of sched_getaffinity()
    int set_error = 0;                           // errno of sched_setaffinity()
    int getcpu_error = 0;                        // errno of sched_getcpu()
    int gets = 0;                                // calls of sched_getaffinity() so far
};
constinit told kernel;

int failure(int error) {
    errno = error;
    return -1;
}

}  // namespace

// These functions replace those of the C library.
extern "C" int sched_getaffinity(pid_t thread, std::size_t bytes, cpu_set_t* mask) noexcept {
    if (++kernel.gets > 1000) return failure(EPERM);  // stops a caller that loops for ever
    if (kernel.get_error != 0) return failure(kernel.get_error);
    if (bytes < kernel.mask_bytes) return failure(EINVAL);
    auto* const bits = reinterpret_cast<unsigned char*>(mask);
    long known = 0;
    if (kernel.pus == nullptr && (known = ::syscall(SYS_sched_getaffinity, thread, bytes, mask)) < 0) return -1;
    std::fill(bits + known, bits + bytes, static_cast<unsigned char>(0));
    if (kernel.pus != nullptr)
        for (const unsigned pu : *kernel.pus) bits[pu / 8] |= static_cast<unsigned char>(1U << pu % 8);
    return 0;
}

extern "C" int sched_setaffinity(pid_t thread, std::size_t bytes, const cpu_set_t* mask) noexcept {
    if (kernel.set_error != 0) return failure(kernel.set_error);
    return static_cast<int>(::syscall(SYS_sched_setaffinity, thread, bytes, mask));
}

extern "C" int sched_getcpu() noexcept {
    if (kernel.getcpu_error != 0) return failure(kernel.getcpu_error);
    unsigned pu = 0;
    return ::syscall(SYS_getcpu, &pu, nullptr, nullptr) == 0 ? static_cast<int>(pu) : -1;
}

namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::StartsWith;
using weir::pu_set;

template <class F>
std::string sentence(F f) {
    try {
        f();
    } catch (const weir::placement_error& error) {
        return error.what();
    }
    return "";
}

class affinity_of_a_kernel : public testing::Test {
protected:
    ~affinity_of_a_kernel() override {
        kernel = {};
        weir::set_this_thread_affinity(before_);
    }
    const pu_set before_ = weir::this_thread_affinity();
};

TEST_F(affinity_of_a_kernel, has_every_pu_of_its_mask) {
    const std::vector<unsigned> few{0, 3, 63, 64, 70, 127, 128, 1023};
    kernel.pus = &few;
    EXPECT_THAT(weir::this_thread_affinity(), ElementsAreArray(few));
    std::vector<unsigned> all;
    for (unsigned pu = 0; pu != 200; ++pu) all.push_back(pu);
    kernel.pus = &all;
    EXPECT_THAT(weir::this_thread_affinity(), ElementsAreArray(all));
}

TEST_F(affinity_of_a_kernel, is_read_whatever_the_length_of_its_mask) {
    constexpr std::size_t longest = std::size_t{16} * 65536 / 8;
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{129}, std::size_t{1024}, longest}) {
        const std::vector<unsigned> ends{0, static_cast<unsigned>(8 * bytes - 1)};
        kernel = {.pus = &ends, .mask_bytes = bytes};
        EXPECT_THAT(weir::this_thread_affinity(), ElementsAreArray(ends)) << bytes;
    }
    kernel = {.mask_bytes = longest + 1};
    EXPECT_EQ(sentence([] { static_cast<void>(weir::this_thread_affinity()); }),
              "the kernel does not report this thread's affinity: Invalid argument");
    EXPECT_EQ(kernel.gets, 11) << "from 1024 bits on, each time twice as many";
}

TEST_F(affinity_of_a_kernel, that_the_kernel_does_not_report_is_an_error_with_the_reason) {
    kernel = {.get_error = EPERM};
    EXPECT_EQ(sentence([] { static_cast<void>(weir::this_thread_affinity()); }),
              "the kernel does not report this thread's affinity: Operation not permitted");
    EXPECT_EQ(kernel.gets, 1);
}

TEST_F(affinity_of_a_kernel, a_current_pu_that_the_kernel_does_not_report_is_an_error_with_the_reason) {
    kernel = {.getcpu_error = ENOSYS};
    EXPECT_EQ(sentence([] { static_cast<void>(weir::current_pu()); }),
              "the kernel does not report which PU this thread is on: Function not implemented");
}

TEST_F(affinity_of_a_kernel, a_pin_that_is_refused_says_why) {
    const unsigned pu = before_.front();
    kernel = {.set_error = EPERM};
    EXPECT_EQ(sentence([&] { weir::pin_this_thread(pu); }),
              "the kernel refuses to pin a thread to PU " + std::to_string(pu) +
                  ": Operation not permitted; a sandbox around this process may forbid sched_setaffinity");
    kernel = {.set_error = EINVAL};
    EXPECT_EQ(sentence([&] { weir::pin_this_thread(pu); }),
              "PU " + std::to_string(pu) + " is not in this process's cgroup (" + before_.to_string() +
                  " can be used); name another, or widen the cgroup's cpuset");
    kernel = {};
    EXPECT_EQ(weir::this_thread_affinity(), before_);
}

// No mask is made for numbers that no PU can have: one of 4294967295 would take 512 MiB.
TEST_F(affinity_of_a_kernel, a_number_above_the_highest_pu_number_is_refused_by_name) {
    for (const unsigned beyond : {65536U, 4294967295U})
        for (const auto& pus : {pu_set{beyond}, pu_set{before_.front(), beyond}}) {
            kernel = {};
            EXPECT_THAT(sentence([&] { weir::set_this_thread_affinity(pus); }),
                        StartsWith("there is no PU " + std::to_string(beyond) + " here ("));
            EXPECT_EQ(kernel.gets, 0) << "before the kernel is asked";
            EXPECT_EQ(weir::this_thread_affinity(), before_);
        }
    EXPECT_THAT(sentence([&] {
                    weir::set_this_thread_affinity({before_.front(), 65535});
                }),
                HasSubstr("the kernel grants only PUs " + std::to_string(before_.front())));
    EXPECT_EQ(weir::this_thread_affinity(), before_);
}

}  // namespace
