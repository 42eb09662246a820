// SPDX-License-Identifier: MIT
#include "instruments/node_policy.hpp"

#include <weir/node_memory.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace bench {

std::optional<unsigned> take_memory_from(unsigned node) {
    const auto refuse = [&](const std::string& why) {
        throw std::invalid_argument("memory cannot be taken from NUMA node " + std::to_string(node) + ": " + why +
                                    "; plan again on this machine, or give --pin instead of --plan");
    };
#if defined(__linux__)
    constexpr unsigned most_nodes = 1024;  // of Linux
    constexpr unsigned word_bits = 8 * sizeof(unsigned long);
    constexpr int only_these = 2;  // MPOL_BIND
    if (node >= most_nodes) refuse("there are at most 1024 nodes");
    std::array<unsigned long, most_nodes / word_bits> nodes{};
    nodes[node / word_bits] = 1UL << node % word_bits;
    // The kernel takes one bit less than the argument says. A kernel without NUMA has node 0 alone.
    if (::syscall(SYS_set_mempolicy, only_these, nodes.data(), most_nodes + 1UL) != 0 && !(errno == ENOSYS && node == 0))
        refuse(std::strerror(errno));

    constexpr std::size_t bytes = 4096;
    void* const page = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) refuse(std::strerror(errno));
    *static_cast<volatile char*>(page) = 1;
    const auto found = weir::numa_node_of(page);
    ::munmap(page, bytes);
    if (found && *found != node) {
        ::syscall(SYS_set_mempolicy, 0 /* MPOL_DEFAULT */, nullptr, 0UL);
        refuse("the kernel took it from node " + std::to_string(*found));
    }
    return found;
#else
    refuse("this system has no way to ask for it");
    return std::nullopt;
#endif
}

}  // namespace bench
