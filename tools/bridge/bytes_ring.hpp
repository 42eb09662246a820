// SPDX-License-Identifier: MIT
#pragma once

// A ring in shared memory whose type is not known: its items as bytes.

#include <weir/status.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace weir::tool {

inline constexpr std::size_t most_item_bytes = 256;

class bytes_producer {
public:
    virtual ~bytes_producer() = default;
    virtual status push_for(std::span<const std::byte> item, std::chrono::milliseconds time) = 0;
    virtual std::uint64_t pushed() const = 0;
    virtual std::uint64_t queued() const = 0;
};

class bytes_consumer {
public:
    virtual ~bytes_consumer() = default;
    virtual status pop_for(std::span<std::byte> item, std::chrono::milliseconds time) = 0;
    virtual std::uint64_t queued() const = 0;
};

/// What the header of the segment says.
struct bytes_shape {
    std::size_t item_bytes = 0;
    std::string type_name;
};

/// A `stop` with a sentence if there is no such ring, its end is held, or its items are of a size that is not offered.
[[nodiscard]] bytes_shape shape_of_ring(const std::string& name);
[[nodiscard]] std::unique_ptr<bytes_producer> attach_bytes_producer(const std::string& name);
[[nodiscard]] std::unique_ptr<bytes_consumer> attach_bytes_consumer(const std::string& name);

}  // namespace weir::tool
