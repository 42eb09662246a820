// SPDX-License-Identifier: MIT
#pragma once

// What an end of a link records with the servers: one line of text, so that a person can read it with any NATS client.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::jetstream {

struct record {
    std::uint64_t epoch = 0;     ///< how many ends of this kind there were, this one included
    std::uint64_t finished = 0;  ///< consumer's: items below are finished
    std::uint64_t limit = 0;     ///< consumer's: items below may be published
    std::uint64_t stream = 1;    ///< consumer's: messages below are not needed any more
    std::uint64_t producer = 0;  ///< consumer's: the epoch of the producer that it follows
    std::string type;            ///< what an item is
};

/// "weir-link 1 epoch=3 finished=100 ..."
std::string to_text(const record& from);
/// Nothing if the text is no record. Unknown words are skipped.
std::optional<record> parse_record(std::string_view text);

/// The number behind `key=` in a text of words; nothing if there is none.
std::optional<std::uint64_t> number_in(std::string_view text, std::string_view key);

}  // namespace weir::jetstream
