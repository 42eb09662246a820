// SPDX-License-Identifier: MIT
// The reading thread: asks for as many messages as there is room for, and delivers each item once and in order.
#include "consumer_state.hpp"

#include <algorithm>
#include <exception>

namespace weir::detail {

using namespace jetstream;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds turn{20};             // between looks at the room and at stop()
constexpr milliseconds want_when_idle{500};  // an expected item did not come
constexpr milliseconds want_after_gap{100};  // a later item came
constexpr milliseconds last_reopen_pause{1000};
constexpr milliseconds look_behind_every{1500};

}  // namespace

void jetstream_consumer::state::read() noexcept {
    try {
        sink_.adopt();
        while (!is_stopped() && !sink_.is_closed()) read_some();
        cursor_->close();
    } catch (const std::exception& failure) {
        fail(failure.what());
    } catch (...) {
        fail("a codec threw something that is no std::exception");
    }
}

void jetstream_consumer::state::read_some() {
    if (!cursor_->is_open()) {
        reopen();
        return;
    }
    ask_for_messages();
    if (!cursor_->is_open()) return;
    if (cursor_->outstanding() == 0) {
        sink_.wait_for_room(std::min(link_.items_per_message, sink_.capacity()), turn);
        last_message_ = clock::now();  // no message was due: this end waited for room
        return;
    }
    owned<natsMsg> message;
    std::uint64_t sequence = 0;
    switch (cursor_->next(message, sequence, turn)) {
    case cursor::news::message:
        reopen_pause_ = milliseconds(0);
        take(message.get(), sequence);
        break;
    case cursor::news::broken: cursor_->close(); break;
    case cursor::news::nothing:
        if (clock::now() - last_message_ >= want_when_idle) want(want_when_idle);
        if (is_cursor_behind()) {
            cursor_->close();
            break;
        }
        // What was asked for on the former connection does not come.
        if (const auto reconnects = session_.reconnects(); reconnects != reconnects_seen_) {
            reconnects_seen_ = reconnects;
            cursor_->close();
        }
        break;
    }
}

// A cursor lives on one server, and reads that server's copy of the stream. Where the copy does not grow, since its store was wiped and
// catching up stalls, say, the cursor lives, and brings nothing. The next one is likely to be on another server.
bool jetstream_consumer::state::is_cursor_behind() {
    const auto now = clock::now();
    if (now - std::max(last_message_, last_look_behind_) < look_behind_every) return false;
    last_look_behind_ = now;
    const auto last = session_.last_sequence();
    const std::lock_guard lock(mutex_);
    return last && *last >= next_message_;
}

void jetstream_consumer::state::reopen() {
    if (reopen_pause_.count() > 0) std::this_thread::sleep_for(reopen_pause_);
    reopen_pause_ = std::min(reopen_pause_.count() == 0 ? milliseconds(20) : 2 * reopen_pause_, last_reopen_pause);
    if (!session_.is_connected()) return;
    std::uint64_t next = 0;
    {
        const std::lock_guard lock(mutex_);
        next = next_message_;
    }
    const std::uint64_t asked = next;
    if (!cursor_->open(next)) {
        // Its stream may be gone altogether.
        if (reopen_pause_ == last_reopen_pause)
            (void)session_.ensure_streams(4 * std::uint64_t{options_.window} + 1024);
        return;
    }
    last_message_ = clock::now();
    const std::lock_guard lock(mutex_);
    if (next < asked) places_.clear();  // sequences began anew
    next_message_ = next;
    ++figures_.cursors;
}

void jetstream_consumer::state::ask_for_messages() {
    // Messages that fit, however many items they hold. One that is longer than the ring is asked for when the ring is empty.
    const std::size_t room = sink_.room();
    const std::size_t most = room == sink_.capacity() ? std::max<std::size_t>(1, room / link_.items_per_message)
                                                      : room / link_.items_per_message;
    // In portions, so that a request does not go out for every message.
    if (cursor_->outstanding() * 2 > most || cursor_->outstanding() >= most) return;
    if (!cursor_->pull(most - cursor_->outstanding())) cursor_->close();
}

void jetstream_consumer::state::take(natsMsg* message, std::uint64_t sequence) {
    last_message_ = clock::now();
    const auto read = parse_frame(std::as_bytes(std::span(text_of(message))));
    {
        const std::lock_guard lock(mutex_);
        if (sequence < next_message_)  // the servers lost what was there before
            for (auto& one : places_) one.sequence = std::min(one.sequence, sequence);
        next_message_ = sequence + 1;
        if (!read) ++figures_.malformed;
    }
    if (!read) return;
    if (follow(*read)) deliver(*read, sequence);
}

// Whether the message is of the newest producer. Goes forward to where that one begins.
bool jetstream_consumer::state::follow(const frame& read) {
    std::unique_lock lock(mutex_);
    if (read.epoch < producer_epoch_) {
        ++figures_.stale;
        return false;
    }
    const bool is_new = read.epoch > producer_epoch_;
    producer_epoch_ = read.epoch;
    if (is_new) follows_new_ = true;
    if ((read.flags & frame::begins) == 0) return false;
    if (read.base > expected_) {
        // What a producer does not have any more was finished here before, unless it began without its predecessor's items.
        const bool may_be_lost = follows_new_ && (read.flags & frame::journalled) == 0;
        if (may_be_lost && known_end_ > expected_) figures_.lost += std::min(known_end_, read.base) - expected_;
        if (follows_new_) {
            ledger_->skip(expected_, read.base);
        } else {
            ledger_->raise_to(read.base);
        }
        expected_ = read.base;
        figures_.received = expected_;
        ledger_->wake();
    }
    follows_new_ = false;
    known_end_ = std::max(known_end_, read.end);
    return true;
}

void jetstream_consumer::state::deliver(const frame& read, std::uint64_t sequence) {
    const std::uint64_t last = read.first + read.items.size();
    if (read.first > expected_) {
        {
            const std::lock_guard lock(mutex_);
            ++figures_.gaps;
        }
        want(want_after_gap);
        return;
    }
    const std::uint64_t repeated = std::min(expected_, last) - read.first;
    {
        const std::lock_guard lock(mutex_);
        figures_.duplicates += repeated;
        if (last > expected_) places_.push_back({last, sequence, read.epoch});
    }
    for (std::size_t i = static_cast<std::size_t>(repeated); i < read.items.size(); ++i) {
        while (sink_.room() == 0 && !sink_.is_closed()) {
            if (is_stopped()) return;
            sink_.wait_for_room(1, turn);
        }
        if (!sink_.deliver(expected_, expected_ < in_doubt_.last, read.items[i]))
            refuse("item " + std::to_string(expected_) + " of the link '" + link_.name + "', of " +
                   std::to_string(read.items[i].size()) +
                   " bytes, cannot be decoded: give both ends the same type and codec; it is not finished");
        ++expected_;
    }
    const std::lock_guard lock(mutex_);
    figures_.received = expected_;
}

// Tells the producer what is expected. If it was published, and sent long enough ago, it is sent again.
void jetstream_consumer::state::want(milliseconds not_within) {
    const auto now = clock::now();
    if (now - last_want_ < not_within) return;
    last_want_ = now;
    const std::string text = "expected=" + std::to_string(expected_) + " epoch=" + std::to_string(epoch_);
    (void)natsConnection_PublishString(session_.connection(), session_.want_subject().c_str(), text.c_str());
}

}  // namespace weir::detail
