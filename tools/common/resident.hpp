// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace weir::tool {

/// The resident set size of this process, as counted by the kernel; 0 if unknown.
class resident_memory {
public:
    resident_memory();
    ~resident_memory();
    resident_memory(const resident_memory&) = delete;
    resident_memory& operator=(const resident_memory&) = delete;

    /// Reads the file, which stays open, once.
    [[nodiscard]] std::uint64_t bytes() const;

private:
    int fd_;
};

}  // namespace weir::tool
