// SPDX-License-Identifier: MIT
//
// The queues that are compared. One file per library beside this one: its adapters and its entries.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/queues/channel.hpp"

namespace bench {

/// Which scenarios a queue is for. A queue may be in several.
enum class league : unsigned char {
    transfer = 1,  ///< one producer and one consumer, with a core each: what a queue can do
    waiting = 2,   ///< what it costs to wait inside push and pop
    crowd = 4,     ///< several producers, several consumers, or both
    credit = 8,    ///< what it costs to ask for items: weir's own, each ring beside itself
};
constexpr league operator|(league a, league b) {
    return static_cast<league>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

struct queue_entry {
    std::string name;           ///< as in the tables and in JSON
    std::string configuration;  ///< what was chosen, and why, in a line
    bool subject = false;       ///< weir's own
    bool blocking = false;      ///< push and pop wait inside the queue and cannot give up
    bool sleeps = false;        ///< a pop that waits gives its core away, until it is woken or for a while
    league plays = league::transfer;
    bool many_producers = false;  ///< may be pushed into by several threads at once
    bool many_consumers = false;
    bool keeps_order = true;  ///< in crowds: of each producer's items, as each consumer sees them
    /// An entry of weir's that weir's own is measured against: of a form that waits, the same ring's try-form; of rings that
    /// know or promise more than mpmc_ring, that one; with credit on request, the same ring without.
    std::string sibling = {};

    /// A fresh queue for items of 8, 64 or 256 bytes; null when this queue does not exist in that size.
    std::function<std::unique_ptr<channel>(std::size_t item_bytes, std::size_t capacity)> make;
};

struct absent_queue {
    std::string library;
    std::string remedy;  ///< the package that has it
};

/// In the order of the tables: weir's own first.
std::vector<queue_entry> built_in_queues();
/// The libraries that were not found when this program was configured.
std::vector<absent_queue> absent_queues();

// Each library's entries; only those that were found are defined.
std::vector<queue_entry> weir_queues();
std::vector<queue_entry> boost_queues();
std::vector<queue_entry> moodycamel_queues();
std::vector<queue_entry> moodycamel_concurrent_queues();
std::vector<queue_entry> atomic_queue_queues();
std::vector<queue_entry> concurrency_kit_queues();
std::vector<queue_entry> jack_queues();
std::vector<queue_entry> tbb_queues();
std::vector<queue_entry> standard_queues();

}  // namespace bench
