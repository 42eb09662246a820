// SPDX-License-Identifier: MIT
#pragma once

#include "cursor.hpp"
#include "frame.hpp"
#include "ledger.hpp"
#include "session.hpp"

#include <weir/detail/jetstream/ends.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace weir::detail {

/// One thread reads and delivers (`read`); one records what is finished, and grants (`record_finished`).
class jetstream_consumer::state {
public:
    state(jetstream_sink& sink, const jetstream::remote_link& link, const jetstream::consumer_options& options);
    ~state();
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    std::shared_ptr<jetstream_ledger> ledger() const noexcept { return ledger_; }
    void start();
    std::uint64_t first() const noexcept { return first_; }
    jetstream::item_range in_doubt() const noexcept { return in_doubt_; }
    jetstream::consumer_figures figures() const;
    void stop() noexcept;

private:
    using clock = std::chrono::steady_clock;

    /// Messages of the stream up to `sequence` hold items below `end`.
    struct place {
        std::uint64_t end;
        std::uint64_t sequence;
        std::uint64_t producer;  // its epoch
    };

    // attaching
    void attach(clock::time_point deadline);
    bool try_attach();

    // the reading thread
    void read() noexcept;
    void read_some();
    bool is_cursor_behind();
    void reopen();
    void ask_for_messages();
    void take(natsMsg* message, std::uint64_t sequence);
    bool follow(const jetstream::frame& read);
    void deliver(const jetstream::frame& read, std::uint64_t sequence);
    void want(std::chrono::milliseconds not_within);

    // the recording thread
    void record_finished() noexcept;
    void record_and_grant();
    bool write_record(const jetstream::record& fresh);
    jetstream::record record_at(std::uint64_t floor);

    void fail(const std::string& sentence) noexcept;
    bool is_stopped() const;

    jetstream_sink& sink_;
    const jetstream::remote_link link_;
    const jetstream::consumer_options options_;
    jetstream::session session_;

    // Set by the constructor.
    std::uint64_t epoch_ = 0;
    std::uint64_t first_ = 0;
    jetstream::item_range in_doubt_;
    std::shared_ptr<jetstream::ledger> ledger_;

    // The recording thread's.
    jetstream::record recorded_;
    std::uint64_t recorded_at_ = 0;
    std::uint64_t purged_ = 1;

    // The reading thread's.
    std::unique_ptr<jetstream::cursor> cursor_;
    std::uint64_t expected_ = 0;   // the next item
    std::uint64_t known_end_ = 0;  // items below were published
    bool follows_new_ = false;     // a producer that has not said where it begins
    clock::time_point last_message_{};
    clock::time_point last_want_{};
    clock::time_point last_look_behind_{};
    std::chrono::milliseconds reopen_pause_{0};
    std::uint64_t reconnects_seen_ = 0;

    mutable std::mutex mutex_;
    bool is_stopped_ = false;
    std::uint64_t producer_epoch_ = 0;
    std::uint64_t next_message_ = 1;  // of the stream
    std::deque<place> places_;        // of items that are not finished
    jetstream::consumer_figures figures_;

    std::thread reader_;
    std::thread recorder_;
};

}  // namespace weir::detail
