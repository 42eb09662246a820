// SPDX-License-Identifier: MIT
#pragma once

#include <weir/detail/shm/named_file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tool {

/// One end of a ring in a segment.
struct shm_end {
    std::uint64_t pid = 0;  ///< 0: no process holds it
    std::string state;      ///< free, runs, died; unknown in another PID namespace
};

/// A reader of a broadcast ring.
struct shm_reader {
    std::string name;
    bool gated = false;
    std::uint64_t lag = 0;
    std::uint64_t missed = 0;
    shm_end holder;
};

/// One of the producers of a ring of messages.
struct shm_message_end {
    shm_end end;
    unsigned number = 0;
    std::uint64_t messages = 0;  ///< pushed through this end
};

/// The positions of a ring, as they were when they were read. Of messages they count bytes.
struct shm_positions {
    std::uint64_t pushed = 0;
    std::uint64_t popped = 0;
    bool closed = false;
    shm_end producer;  ///< not of a ring of messages
    shm_end consumer;  ///< not of a broadcast ring, where `popped` is that of the slowest gated reader
    std::optional<std::vector<shm_reader>> readers = {};  ///< of a broadcast ring
    std::vector<shm_message_end> producers = {};          ///< of a ring of messages: those that ever had a holder
    std::uint64_t messages_popped = 0;

    [[nodiscard]] bool contradict(std::uint64_t capacity) const { return pushed - popped > capacity; }
};

/// A file of weir's in /dev/shm.
struct shm_segment {
    std::string name;
    std::string kind;
    std::string type_name;
    std::uint64_t bytes = 0;
    std::uint64_t capacity = 0;
    std::uint64_t element_bytes = 0;
    std::uint64_t element_alignment = 0;
    unsigned mode = 0;
    std::string damage;  ///< what is wrong with the header, as a clause; empty if nothing is
    std::optional<std::vector<std::uint64_t>>
        users;  ///< processes that hold it, as this PID namespace shows them; null if the kernel does not say
    std::optional<shm_positions> positions;  ///< null if the header is damaged
    bool has_messages = false;
};

/// Whether this is the system's first PID namespace: /proc/locks shows no process of others, above or beside.
[[nodiscard]] bool sees_all_processes();

/// Every segment with a name that this user may read, by name. Changes nothing.
[[nodiscard]] std::vector<shm_segment> survey_segments();

/// The one of that name; a `stop` with a sentence if there is none.
[[nodiscard]] shm_segment survey_segment(std::string_view name);

/// Removes the name if no process uses the segment: then `free`; otherwise, why it was left.
[[nodiscard]] detail::name_use remove_segment(const shm_segment& segment);

[[nodiscard]] std::string segments_as_table(const std::vector<shm_segment>& segments);
[[nodiscard]] std::string segment_as_text(const shm_segment& segment);

}  // namespace weir::tool
