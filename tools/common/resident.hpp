// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace weir::tool {

/// How much of this process is in memory, as the kernel counts it; 0 where it does not say.
class resident_memory {
public:
    resident_memory();
    ~resident_memory();
    resident_memory(const resident_memory&) = delete;
    resident_memory& operator=(const resident_memory&) = delete;

    /// One read of a file that is open already.
    [[nodiscard]] std::uint64_t bytes() const;

private:
    int fd_;
};

}  // namespace weir::tool
