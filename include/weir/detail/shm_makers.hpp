// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "weir/detail/wait/deadline.hpp"
#include "weir/shm/segment.hpp"

namespace weir::detail {

/// A base of each ring between processes: makes and opens it. `Mapped` knows the layout: shape(), checked() and init() of a capacity,
/// which is a number of items, or for messages of bytes.
///
/// The functions throw shm::error with one sentence and a code(), also for an impossible capacity (they abort with the sentence where
/// exceptions are off), and call the system.
template <class Ring, class Mapped>
class shm_makers {
    using segment = shm::segment;
    using segment_options = shm::segment_options;

public:
    /// Makes a ring with a name; see segment::create(). `type_name` says what the items, or messages, mean: 1 to 63 bytes.
    static Ring create(std::string_view name, std::size_t capacity, std::string_view type_name,
                       segment_options options = {}) {
        return Ring(segment::create(name, shape(capacity, type_name), Mapped::init(capacity), options));
    }
    static void create(std::string_view, std::size_t) = delete;  // weir: add a type name, such as "quote v1"
    /// Makes a ring without a name, whose descriptor() is to be sent to the other processes.
    static Ring create(std::size_t capacity, std::string_view type_name, segment_options options = {}) {
        return Ring(segment::create(shape(capacity, type_name), Mapped::init(capacity), options));
    }
    /// Maps the ring of that name.
    static Ring open(std::string_view name, std::string_view type_name, segment_options options = {}) {
        return Ring(segment::open(name, Mapped::shape(0, type_name), options));
    }
    /// Maps the ring of that name, or makes it if there is none: for programs of which any may start, or start again, first. Of several
    /// that call this at once one makes it. A ring that killed processes left is mapped, with its items, and stays closed if it was.
    /// Refused if it differs in the type's name, size or alignment, or in the capacity.
    static Ring open_or_create(std::string_view name, std::size_t capacity, std::string_view type_name,
                               segment_options options = {}) {
        return Ring(segment::open_or_create(name, shape(capacity, type_name), Mapped::init(capacity), options));
    }
    /// Maps the ring of that name, and waits for it that long if it does not exist yet: looks for it once in a millisecond.
    template <class Rep, class Period>
    static Ring open_for(std::string_view name, std::string_view type_name, std::chrono::duration<Rep, Period> time,
                         segment_options options = {}) {
        return Ring(segment::open_until(name, Mapped::shape(0, type_name), deadline_after(time), options));
    }
    template <bare_number N>
    static void open_for(std::string_view, std::string_view, N) = delete;  // weir: a time has a unit, as 100ms
    /// Maps the ring whose descriptor another process sent; the descriptor stays the caller's.
    static Ring attach(int descriptor, std::string_view type_name, segment_options options = {}) {
        return Ring(segment::attach(descriptor, Mapped::shape(0, type_name), options));
    }

protected:
    shm_makers() = default;
    ~shm_makers() = default;

private:
    static auto shape(std::size_t capacity, std::string_view type_name) {
        return Mapped::shape(Mapped::checked(capacity), type_name);
    }
};

}  // namespace weir::detail
