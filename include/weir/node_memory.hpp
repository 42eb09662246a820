// SPDX-License-Identifier: MIT
#pragma once

// Slots in the memory of a NUMA node that the program names:
//
//     weir::spsc_ring<tick, weir::storage::on_node> ring(1000, weir::storage::on_node(1));
//
// Without it, slots come from the node of the thread that constructs the ring. The consumer's node is the usual choice: `weir plan`
// prints it. Linux alone; elsewhere the constructor rejects its argument.

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>
#include <optional>
#include <string>

#include "weir/detail/memory/storage.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace weir::storage {

/// Slots on one NUMA node, by the kernel's number, in pages of their own. A ring with this option takes an object of it beside its
/// capacity. Rejects a node that does not exist or has no memory, or that the kernel does not let this process use: a container may
/// need CAP_SYS_NICE for it.
class on_node {
public:
    explicit constexpr on_node(unsigned node) noexcept : node_(node) {}
    [[nodiscard]] constexpr unsigned node() const noexcept { return node_; }

private:
    unsigned node_;
};

}  // namespace weir::storage

namespace weir {

/// The NUMA node whose memory holds the byte at this address, as the kernel says; empty if it has not been written to yet, or the
/// kernel does not say. A system call.
[[nodiscard]] inline std::optional<unsigned> numa_node_of(const void* address) noexcept {
#if defined(__linux__) && defined(SYS_move_pages)
    void* page = const_cast<void*>(address);
    int node = -1;
    if (::syscall(SYS_move_pages, 0, 1UL, &page, nullptr, &node, 0) == 0 && node >= 0)
        return static_cast<unsigned>(node);
#else
    (void)address;
#endif
    return std::nullopt;
}

}  // namespace weir

namespace weir::detail {

template <>
struct source_of<storage::on_node> {
    using type = storage::on_node;
};

[[noreturn]] inline void reject_node(unsigned node, int error) {
    std::string nodes;
    if (std::FILE* const file = std::fopen("/sys/devices/system/node/has_memory", "re")) {
        char text[128] = "";
        if (std::fgets(text, sizeof text, file) != nullptr) nodes = std::string(text, std::strcspn(text, "\n"));
        std::fclose(file);
    }
    const auto number = std::to_string(node);
    if (error == EINVAL)
        reject_argument("there is no NUMA node " + number + " with memory that this process may use" +
                        (nodes.empty() ? "" : "; those with memory here are " + nodes));
    reject_argument("the slots of a ring cannot be on NUMA node " + number + ": " + std::strerror(error) +
                    "; a container needs CAP_SYS_NICE for it, or take storage::heap");
}

template <class T>
class slot_memory<T, storage::on_node> {
    static_assert(alignof(T) <= 4096,
                  "weir: storage::on_node aligns to 4096 bytes, which is less than this type needs");

public:
    slot_memory(std::size_t slots, storage::on_node where) : bytes_(slots * sizeof(T)) {
#if defined(__linux__)
        data_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (data_ == MAP_FAILED) out_of_memory();
        if (const int error = bind(where.node()); error != 0) {
            ::munmap(data_, bytes_);
            reject_node(where.node(), error);
        }
        touch_pages(data_, bytes_);
#else
        reject_node(where.node(), ENOSYS);
#endif
    }
    ~slot_memory() {
#if defined(__linux__)
        ::munmap(data_, bytes_);
#endif
    }
    slot_memory(const slot_memory&) = delete;
    slot_memory& operator=(const slot_memory&) = delete;

    T* data() const noexcept { return static_cast<T*>(data_); }
    memory_report report() const noexcept { return {.bytes = bytes_}; }

private:
#if defined(__linux__)
    // Returns 0, or the errno with which the kernel refuses.
    int bind(unsigned node) const noexcept {
        constexpr unsigned most_nodes = 1024;  // of Linux
        constexpr unsigned word_bits = 8 * sizeof(unsigned long);
        constexpr int only_these = 2;  // MPOL_BIND
        if (node >= most_nodes) return EINVAL;
        unsigned long nodes[most_nodes / word_bits] = {};
        nodes[node / word_bits] = 1UL << node % word_bits;
        // The kernel takes one bit less than the argument says.
        if (::syscall(SYS_mbind, data_, bytes_, only_these, nodes, most_nodes + 1UL, 0U) == 0) return 0;
        return errno == ENOSYS && node == 0 ? 0 : errno;  // a kernel without NUMA has node 0 alone
    }
#endif

    std::size_t bytes_;
    void* data_ = nullptr;
};

}  // namespace weir::detail
