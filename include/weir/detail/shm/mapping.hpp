// SPDX-License-Identifier: MIT
//
// Descriptors, and memory that several processes map.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "weir/detail/shm/error.hpp"

namespace weir::detail {

/// A descriptor that is closed with this object.
class owned_descriptor {
public:
    owned_descriptor() noexcept = default;
    explicit owned_descriptor(int number) noexcept : number_(number) {}
    owned_descriptor(owned_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    owned_descriptor& operator=(owned_descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~owned_descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

/// The size of the file behind a descriptor, in bytes.
inline std::uint64_t file_bytes(int descriptor) {
    struct stat file {};
    if (::fstat(descriptor, &file) != 0)
        refuse_segment_by_errno("descriptor " + std::to_string(descriptor) + " is no open file",
                                "; pass one of a segment", errc::not_a_segment);
    return static_cast<std::uint64_t>(file.st_size);
}

/// Bytes of memory that the system could give without taking them from processes; if it does not say, all that the machine has.
inline std::uint64_t memory_of_machine() noexcept {
    const auto all =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const owned_descriptor file(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
    std::array<char, 512> text{};
    if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) return all;
    unsigned long long kib = 0;
    const char* const line = std::strstr(text.data(), "MemAvailable:");
    return line != nullptr && std::sscanf(line, "MemAvailable: %llu", &kib) == 1
               ? std::min<std::uint64_t>(all, kib * 1024)
               : all;
}

/// A file, mapped to be read and written by several processes, with a page on either side that cannot be accessed.
class shared_mapping {
public:
    shared_mapping() noexcept = default;
    shared_mapping(int descriptor, std::size_t bytes, bool huge_pages, bool locked) : bytes_(bytes) {
        const std::size_t whole = (bytes + guard - 1) / guard * guard + 2 * guard;
        void* const reserved = ::mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (reserved == MAP_FAILED) refuse_to_map();
        reserved_ = static_cast<std::byte*>(reserved);
        reserved_bytes_ = whole;
        if (::mmap(data(), bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
            const int why = errno;
            unmap();
            errno = why;
            refuse_to_map();
        }
        if (huge_pages) ::madvise(data(), bytes, MADV_HUGEPAGE);  // failure is ignored: a wish, see segment_options
        if (locked && ::mlock(data(), bytes) != 0) {
            const int why = errno;
            unmap();
            errno = why;
            refuse_segment_by_errno("a segment of " + std::to_string(bytes) + " bytes cannot be locked in memory",
                                    "; raise the limit of locked memory (ulimit -l, RLIMIT_MEMLOCK) above that, or do "
                                    "not ask for it");
        }
    }
    shared_mapping(shared_mapping&& other) noexcept
        : reserved_(std::exchange(other.reserved_, nullptr)),
          reserved_bytes_(std::exchange(other.reserved_bytes_, 0)),
          bytes_(std::exchange(other.bytes_, 0)) {}
    shared_mapping& operator=(shared_mapping&& other) noexcept {
        std::swap(reserved_, other.reserved_);
        std::swap(reserved_bytes_, other.reserved_bytes_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~shared_mapping() { unmap(); }

    std::byte* data() const noexcept { return reserved_ + guard; }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    static constexpr std::size_t guard = 64 * 1024;  // a page of every system that Linux runs on, or more

    [[noreturn]] void refuse_to_map() const {
        refuse_segment_by_errno("a segment of " + std::to_string(bytes_) + " bytes cannot be mapped",
                                "; choose a smaller capacity, or raise the limit of address space (ulimit -v)");
    }
    void unmap() noexcept {
        if (reserved_ != nullptr) ::munmap(reserved_, reserved_bytes_);
        reserved_ = nullptr;
    }

    std::byte* reserved_ = nullptr;
    std::size_t reserved_bytes_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace weir::detail
