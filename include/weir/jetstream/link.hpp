// SPDX-License-Identifier: MIT
//
// What both ends of a link over NATS JetStream have in common: its options, what it reports, and its errors.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace weir::jetstream {

/// An end of a link cannot be had, or cannot go on. what() is one sentence: the value, the bound and the remedy.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A link: one producer, one consumer, and two streams of the servers between them. Both ends give the same name.
struct remote_link {
    /// URLs of servers of one cluster, with commas between them. The others of the cluster are learned from these.
    std::string servers = "nats://127.0.0.1:4222";
    /// 1 to 40 of the letters, digits, '-' and '_'. The streams are called weir_NAME and weir_NAME_state.
    std::string name;
    /// What an item means. Ends that give different names refuse to work together. No spaces; 63 bytes at most.
    std::string type_name = "item";
    /// Copies of each message that the servers keep: 1, 3 or 5. Used by the end that makes the streams.
    int replicas = 3;
    /// How many items go into one message at most, if so many are ready. More are quicker; none waits for another.
    std::size_t items_per_message = 64;
    /// How long a message may be: 256 bytes to 64 MiB; an item, encoded, is shorter by 52 at least. The servers accept 1 MiB by default.
    std::size_t message_bytes = 65536;
    /// How long a constructor tries to connect, and then again to take its end, before it throws.
    std::chrono::milliseconds attach_timeout{30000};
    /// How long the servers may take to acknowledge a message before it is sent again.
    std::chrono::milliseconds ack_timeout{2000};
    /// A server that is silent for twice this time is given up for another one.
    std::chrono::milliseconds ping_interval{1000};
};

/// Numbers of items, from `first` up to and without `last`.
struct item_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    bool empty() const noexcept { return first >= last; }
    std::uint64_t size() const noexcept { return empty() ? 0 : last - first; }
};

/// What a remote_producer reports. Items are numbered from 0, across restarts of both ends.
struct producer_figures {
    std::uint64_t finished = 0;    ///< items below this number are finished by the application at the other end
    std::uint64_t published = 0;   ///< items below this number were published at least once
    std::uint64_t limit = 0;       ///< items below this number may be published: the credit granted so far
    std::uint64_t queued = 0;      ///< items in the local ring that are not published yet
    std::uint64_t resent = 0;      ///< items that were published again
    std::uint64_t rejected = 0;    ///< messages that the servers did not accept, or not acknowledge in time
    std::uint64_t reconnects = 0;  ///< how often the connection was made anew
    std::uint64_t epoch = 0;       ///< how many producers the link has had, this one included
    bool connected = false;
    std::string failure;  ///< why this end stopped, one sentence; empty while it works

    std::uint64_t in_flight() const noexcept { return published - finished; }
    std::uint64_t credits() const noexcept { return limit > published ? limit - published : 0; }
};

/// What a remote_consumer reports.
struct consumer_figures {
    std::uint64_t finished = 0;    ///< items below this number are finished by the application
    std::uint64_t recorded = 0;    ///< the same, as the servers have it
    std::uint64_t received = 0;    ///< items below this number were put into the local ring, here or before a restart
    std::uint64_t limit = 0;       ///< items below this number may be published: the credit granted so far
    std::uint64_t duplicates = 0;  ///< items that came again and were dropped
    std::uint64_t gaps = 0;        ///< messages that came out of order and were dropped, to be sent again in order
    std::uint64_t abandoned = 0;   ///< items that were destroyed unfinished
    std::uint64_t lost = 0;        ///< items that a producer without a journal and the servers lost together
    std::uint64_t malformed = 0;   ///< messages that no remote_producer writes
    std::uint64_t stale = 0;       ///< messages of a producer that another one has replaced
    std::uint64_t cursors = 0;     ///< how often reading began anew after a fault
    std::uint64_t reconnects = 0;  ///< how often the connection was made anew
    std::uint64_t epoch = 0;       ///< how many consumers the link has had, this one included
    bool connected = false;
    std::string failure;  ///< why this end stopped, one sentence; empty while it works

    std::uint64_t in_hand() const noexcept { return received - finished; }
};

/// What only a producer may choose.
struct producer_options {
    /// A file where unfinished items are kept, so that a new process can go on after this one was killed. Empty: no journal. One
    /// process has it open at a time. It is written before an item is published.
    std::string journal;
    /// Whether the journal is forced to the disk before each message: it then survives a loss of power as well, at the disk's
    /// latency.
    bool sync_journal = false;
};

/// What only a consumer may choose.
struct consumer_options {
    /// How many items may be published and not finished at a time: 1 to 2^24. 0: as many as the local ring has slots.
    std::size_t window = 0;
    /// The number of the first item that the application has not finished, if it knows that better than the servers do, since it
    /// keeps the number together with its results. Then no item is delivered a second time after a restart.
    std::optional<std::uint64_t> resume_at;
};

}  // namespace weir::jetstream
