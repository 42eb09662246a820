// SPDX-License-Identifier: MIT
#include "tools/common/resident.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <cstdlib>

namespace weir::tool {

resident_memory::resident_memory() : fd_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

resident_memory::~resident_memory() {
    ::close(fd_);  // harmless if the file could not be opened
}

std::uint64_t resident_memory::bytes() const {
    std::array<char, 128> text{};
    // If reading fails the text stays empty, and the parsed numbers are 0.
    [[maybe_unused]] const auto got = ::pread(fd_, text.data(), text.size() - 1, 0);
    char* after_size = nullptr;
    (void)std::strtoull(text.data(), &after_size, 10);
    return std::strtoull(after_size, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weir::tool
