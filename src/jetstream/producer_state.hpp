// SPDX-License-Identifier: MIT
#pragma once

#include "frame.hpp"
#include "journal.hpp"
#include "session.hpp"

#include <weir/detail/jetstream/ends.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir::detail {

/// One thread publishes (`work`); one reads acknowledgements, one reads the consumer's news. What they share is under the mutex.
class jetstream_producer::state {
public:
    state(jetstream_source& source, const jetstream::remote_link& to, const jetstream::producer_options& options);
    ~state();
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    std::uint64_t first() const noexcept { return first_; }
    jetstream::item_range in_doubt() const noexcept { return in_doubt_; }
    jetstream::producer_figures figures() const;
    bool wait_until_finished(std::chrono::steady_clock::time_point deadline);
    void stop() noexcept;

private:
    using clock = std::chrono::steady_clock;

    struct sent_frame {
        std::uint64_t first;
        std::uint64_t last;
        clock::time_point at;
        bool acknowledged = false;
    };
    struct acknowledgement {
        std::uint32_t generation;
        std::uint64_t first;
        bool accepted;
    };

    // attaching
    void attach(clock::time_point deadline);
    void take_epoch(clock::time_point deadline);
    void fence(std::uint32_t flags, clock::time_point deadline, std::uint64_t& sequence);
    void begin_without_journal(clock::time_point deadline, std::uint64_t fence_at);
    void check_journal(clock::time_point deadline, std::uint64_t fence_at);
    std::uint64_t published_before(clock::time_point deadline, std::uint64_t fence_at);
    jetstream::record consumer_record(clock::time_point deadline);

    // the publishing thread
    void work() noexcept;
    void run();
    bool take_news();
    void note_end();
    void release_finished();
    void publish_next();
    std::size_t fill(std::size_t most);
    std::uint32_t begin_flags() const noexcept;
    bool send(std::uint64_t first, std::size_t count, std::uint32_t flags);
    void handle(const acknowledgement& answer);
    void go_back(std::uint64_t to, bool is_refused);
    void check_timeouts();
    void wait();
    void ask_for_credit();
    std::uint64_t available() { return ring_first_ + source_.size(); }

    // the reading threads
    void read_acknowledgements() noexcept;
    void read_news() noexcept;
    void fail(const std::string& sentence) noexcept;
    bool is_stopped() const;

    jetstream_source& source_;
    const jetstream::remote_link link_;
    const jetstream::producer_options options_;
    jetstream::session session_;
    std::unique_ptr<jetstream::journal> journal_;

    // Set by the constructor.
    std::uint64_t epoch_ = 0;
    std::uint64_t first_ = 0;         // of this process
    std::uint64_t replayed_end_ = 0;  // items below come from the journal, those from there on from the ring
    jetstream::item_range in_doubt_;
    std::string inbox_;

    // The publishing thread's.
    std::uint64_t next_ = 0;        // to be published
    std::uint64_t top_ = 0;         // published at least once, below
    std::uint64_t base_ = 0;        // finished, and released, below
    std::uint64_t ring_first_ = 0;  // the oldest item in the ring
    std::uint64_t limit_ = 0;
    std::uint32_t generation_ = 0;
    std::size_t unacknowledged_ = 0;
    bool is_probing_ = false;  // after a refusal: one message at a time until one is accepted
    std::chrono::milliseconds back_off_{0};
    std::chrono::milliseconds resend_after_{500};
    clock::time_point not_before_{};
    clock::time_point asked_at_{};
    std::uint64_t reconnects_seen_ = 0;
    std::deque<sent_frame> frames_;  // of this generation, not finished
    jetstream::frame_writer writer_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopped_ = false;
    bool has_news_ = false;
    std::uint64_t finished_news_ = 0;
    std::uint64_t limit_news_ = 0;
    std::uint64_t wanted_ = none;
    std::uint64_t flushes_asked_ = 0;  // wait_until_finished(): the worker notes where the ring ends
    std::uint64_t flushes_seen_ = 0;
    std::uint64_t flush_upto_ = 0;
    std::vector<acknowledgement> answers_;
    jetstream::producer_figures figures_;

    static constexpr std::uint64_t none = static_cast<std::uint64_t>(-1);

    jetstream::owned<natsSubscription> answers_subscription_;
    jetstream::owned<natsSubscription> news_subscription_;
    std::thread worker_;
    std::thread answers_reader_;
    std::thread news_reader_;
};

}  // namespace weir::detail
