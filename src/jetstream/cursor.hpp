// SPDX-License-Identifier: MIT
#pragma once

// Where a remote_consumer reads the stream: a pull consumer of the servers without acknowledgements, in the memory of one server. It is
// disposable. What has to last is the link's own record, so after any fault a new cursor is made at the place where the last one was.

#include "session.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace weir::jetstream {

class cursor {
public:
    /// What next() brought.
    enum class news { message, nothing, broken };

    cursor(const session& in, std::uint64_t epoch, std::chrono::milliseconds heartbeat)
        : session_(in), epoch_(epoch), heartbeat_(heartbeat) {}
    ~cursor() { close(); }
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;

    bool is_open() const noexcept { return subscription_ != nullptr; }
    /// Begins at the stream's message `next`, or at the oldest there is if that is gone. Makes the answer's place known in `next`. False:
    /// try again later.
    bool open(std::uint64_t& next);
    void close() noexcept;

    /// Messages that were asked for and have not come.
    std::size_t outstanding() const noexcept { return outstanding_; }
    /// Asks for `n` messages more. False if the connection refuses it.
    bool pull(std::size_t n);
    /// Waits for a message. `broken`: the cursor is to be closed, and another one opened.
    news next(owned<natsMsg>& message, std::uint64_t& sequence, std::chrono::milliseconds time);

private:
    news take_status(natsMsg* message);

    const session& session_;
    const std::uint64_t epoch_;
    const std::chrono::milliseconds heartbeat_;
    std::uint64_t made_ = 0;  // cursors so far: each has a name of its own
    std::string name_;
    std::string inbox_;
    owned<natsSubscription> subscription_;
    std::size_t outstanding_ = 0;
    std::uint64_t delivered_ = 0;  // by the servers' count
    std::chrono::steady_clock::time_point heard_at_{};
};

}  // namespace weir::jetstream
