// SPDX-License-Identifier: MIT
//
// The queues that are compared. Each library has a file in this folder with its adapters and entries.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/queues/channel.hpp"
#include "bench/queues/fan.hpp"

namespace bench {

/// The groups of scenarios. A queue plays each scenario with which it has a group in common.
enum class league : unsigned short {
    transfer = 1,      ///< one producer and one consumer, each on its own core
    waiting = 2,       ///< the cost of blocking push and pop
    crowd = 4,         ///< several producers, several consumers, or both
    credit = 8,        ///< the cost of credit on request: each of weir's rings with and without it
    lossless = 16,     ///< for rings with a policy that refuses an item that does not fit
    lossy = 32,        ///< for rings with a policy that drops an item to make room: there is always room
    message = 64,      ///< messages of bytes, one producer and one consumer
    gathering = 128,   ///< messages of bytes, several producers
    broadcast = 256,   ///< every reader sees every item
    ready = 512,       ///< one thread, or coroutine, that never has to wait
    awaiting = 1024,   ///< a stream between two coroutines, each on a thread of its own, or two threads that wait
    waking = 2048,     ///< a wake-up of a coroutine whose thread sleeps, or of a thread
    selecting = 4096,  ///< the first of several rings
    processes = 8192,  ///< one producer and one consumer in two processes
};
constexpr league operator|(league a, league b) {
    return static_cast<league>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

struct queue_entry {
    std::string name;           ///< as in the tables and in JSON
    std::string configuration;  ///< the chosen configuration and its reason, one line
    bool subject = false;       ///< one of weir's rings
    bool blocking = false;      ///< push and pop block inside the queue and cannot return without success
    bool sleeps = false;        ///< a waiting pop sleeps, until it is woken or for some time
    league plays = league::transfer;
    bool many_producers = false;  ///< may be pushed into by several threads at once
    bool many_consumers = false;
    bool one_process = false;  ///< in the league of processes: by two threads of one process, to compare with
    bool keeps_order = true;   ///< with many threads: each consumer sees each producer's items in order
    /// For weir's entries: the name of another of weir's entries to compare with. For a blocking form it is the same ring's
    /// try-form; for rings with other guarantees than mpmc_ring, mpmc_ring; for credit on request, automatic credit.
    std::string sibling = {};

    /// A fresh queue for items of 8, 64 or 256 bytes; null when this queue does not exist in that size.
    std::function<std::unique_ptr<channel>(std::size_t item_bytes, std::size_t capacity)> make = {};
    /// In the league of broadcast, in place of `make`.
    fan_maker make_fan = {};
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
std::vector<queue_entry> dpdk_queues();
std::vector<queue_entry> boost_interprocess_queues();
std::vector<queue_entry> kernel_queues();
std::vector<queue_entry> asio_queues();
std::vector<queue_entry> fiber_queues();
std::vector<queue_entry> mutex_awaiting_queues();
std::vector<queue_entry> standard_queues();

}  // namespace bench
