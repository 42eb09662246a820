// SPDX-License-Identifier: MIT
// The publishing thread: publishes what is granted, goes back when the servers refuse or lose it, releases what is finished.
#include "producer_state.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace weir::detail {

using namespace jetstream;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t most_unacknowledged = 1024;  // messages
constexpr milliseconds first_resend{500};
constexpr milliseconds last_resend{8000};
constexpr milliseconds last_back_off{250};

}  // namespace

void jetstream_producer::state::work() noexcept {
    try {
        source_.adopt();
        run();
    } catch (const std::exception& failure) {
        fail(failure.what());
    } catch (...) {
        fail("a codec threw something that is no std::exception");
    }
}

void jetstream_producer::state::run() {
    while (take_news()) {
        release_finished();
        const auto now = clock::now();
        const std::size_t allowed = is_probing_ ? 1 : most_unacknowledged;
        if (unacknowledged_ < allowed && next_ < limit_ && now >= not_before_ && next_ < available()) {
            publish_next();
        } else {
            check_timeouts();
            wait();
        }
    }
}

// What the other threads have noted. False when this thread is to end.
bool jetstream_producer::state::take_news() {
    std::vector<acknowledgement> answers;
    std::uint64_t wanted = none;
    {
        const std::lock_guard lock(mutex_);
        if (is_stopped_ || !figures_.failure.empty()) return false;
        if (!has_news_) return true;
        has_news_ = false;
        answers.swap(answers_);
        wanted = std::exchange(wanted_, none);
        limit_ = std::max(limit_, limit_news_);
    }
    for (const auto& answer : answers) handle(answer);
    if (wanted < base_) {
        // It was finished, and the record of that is lost: a message without items says how far.
        writer_.clear();
        (void)send(base_, 0, begin_flags());
    } else if (wanted < next_) {
        // The consumer waits for an item that was published. It may be on its way, so an item is not sent again at once, and each time
        // without progress it takes twice as long.
        const auto sent = std::ranges::find_if(frames_, [&](const sent_frame& one) { return wanted < one.last; });
        if (sent == frames_.end() || clock::now() - sent->at >= resend_after_) {
            resend_after_ = std::min(2 * resend_after_, last_resend);
            go_back(wanted, false);
        }
    }
    return true;
}

// Shows the waiting threads, and the figures, how far the ring reaches.
void jetstream_producer::state::note_end() {
    const std::uint64_t end = available();
    const std::lock_guard lock(mutex_);
    figures_.queued = end - std::min(end, top_);
    if (flushes_seen_ == flushes_asked_) return;
    flushes_seen_ = flushes_asked_;
    flush_upto_ = std::max(flush_upto_, end);
    changed_.notify_all();
}

void jetstream_producer::state::release_finished() {
    std::uint64_t finished = 0;
    {
        const std::lock_guard lock(mutex_);
        finished = finished_news_;
    }
    if (finished <= base_) return;
    if (finished > top_) {
        refuse("the consumer of the link '" + link_.name + "' has finished " + std::to_string(finished) +
               " items, and this producer has published " + std::to_string(top_) +
               ": another producer uses the link; give each producer a link of its own");
    }
    base_ = finished;
    next_ = std::max(next_, base_);
    resend_after_ = first_resend;
    while (!frames_.empty() && frames_.front().last <= base_) {
        if (!frames_.front().acknowledged) --unacknowledged_;
        frames_.pop_front();
    }
    if (base_ > ring_first_) {
        source_.release(static_cast<std::size_t>(base_ - ring_first_));
        ring_first_ = base_;
    }
    if (journal_ != nullptr) journal_->forget_below(base_);
    const std::lock_guard lock(mutex_);
    figures_.finished = base_;
    changed_.notify_all();
}

// Appends items from next_ on to the message; returns how many.
std::size_t jetstream_producer::state::fill(std::size_t most) {
    std::size_t n = 0;
    while (n < most) {
        const std::uint64_t number = next_ + n;
        if (number < replayed_end_) {
            writer_.append(journal_->item(number));
        } else {
            writer_.begin_item();
            source_.encode(static_cast<std::size_t>(number - ring_first_), writer_.bytes());
            writer_.end_item();
        }
        ++n;
        if (writer_.bytes().size() > link_.message_bytes) {
            if (n == 1)
                refuse("item " + std::to_string(number) + " takes " + std::to_string(writer_.last_item().size()) +
                       " bytes, and a message of the link '" + link_.name + "' holds " +
                       std::to_string(link_.message_bytes - frame::header_bytes - frame::length_bytes) +
                       ": give a larger message_bytes");
            writer_.drop_item();
            return n - 1;
        }
        if (journal_ != nullptr && number >= journal_->end()) journal_->append(writer_.last_item());
    }
    return n;
}

void jetstream_producer::state::publish_next() {
    const std::uint64_t upto = std::min(limit_, available());
    writer_.clear();
    const std::size_t n =
        fill(static_cast<std::size_t>(std::min<std::uint64_t>(upto - next_, link_.items_per_message)));
    if (journal_ != nullptr) journal_->flush();
    const std::uint64_t first = next_;
    next_ += n;
    const std::uint64_t repeated = std::min(next_, top_) > first ? std::min(next_, top_) - first : 0;
    top_ = std::max(top_, next_);
    frames_.push_back({first, next_, clock::now()});
    ++unacknowledged_;
    {
        const std::lock_guard lock(mutex_);
        figures_.published = top_;
        figures_.resent += repeated;
    }
    if (!send(first, n, begin_flags())) go_back(first, true);
}

std::uint32_t jetstream_producer::state::begin_flags() const noexcept {
    return frame::begins | (journal_ != nullptr ? frame::journalled : 0U);
}

bool jetstream_producer::state::send(std::uint64_t first, std::size_t count, std::uint32_t flags) {
    frame header;
    header.epoch = epoch_;
    header.first = first;
    header.base = base_;
    header.end = std::max(top_, first + count);
    header.generation = generation_;
    header.flags = flags;
    const std::string_view bytes = writer_.finish(header);
    const std::string place = std::to_string(generation_) + "." + std::to_string(first);
    natsMsg* raw = nullptr;
    if (natsMsg_Create(&raw, session_.data_subject().c_str(), (inbox_ + "." + place).c_str(), bytes.data(),
                       static_cast<int>(bytes.size())) != NATS_OK)
        return false;
    const owned<natsMsg> message(raw);
    const std::string id = std::to_string(epoch_) + "." + place;
    return natsMsgHeader_Set(raw, "Nats-Msg-Id", id.c_str()) == NATS_OK &&
           natsConnection_PublishMsg(session_.connection(), raw) == NATS_OK;
}

void jetstream_producer::state::handle(const acknowledgement& answer) {
    if (answer.generation != generation_) return;
    if (!answer.accepted) {
        if (answer.first >= base_) go_back(answer.first, true);
        return;
    }
    const auto at = std::ranges::lower_bound(frames_, answer.first, {}, &sent_frame::first);
    if (at == frames_.end() || at->first != answer.first || at->acknowledged) return;
    at->acknowledged = true;
    --unacknowledged_;
    is_probing_ = false;
    back_off_ = milliseconds(0);
}

// Everything from `to` on is published again. Answers to what was sent before are ignored from here on.
void jetstream_producer::state::go_back(std::uint64_t to, bool is_refused) {
    next_ = std::max(to, base_);
    ++generation_;
    frames_.clear();
    unacknowledged_ = 0;
    if (!is_refused) return;
    is_probing_ = true;
    back_off_ = std::min(back_off_ == milliseconds(0) ? milliseconds(5) : 2 * back_off_, last_back_off);
    not_before_ = clock::now() + back_off_;
    const std::lock_guard lock(mutex_);
    ++figures_.rejected;
}

void jetstream_producer::state::check_timeouts() {
    const auto oldest = std::ranges::find_if(frames_, [](const sent_frame& one) { return !one.acknowledged; });
    if (oldest != frames_.end() && clock::now() - oldest->at >= link_.ack_timeout) go_back(oldest->first, true);
}

void jetstream_producer::state::wait() {
    note_end();
    const auto now = clock::now();
    milliseconds time{20};
    if (now < not_before_) {
        time = std::min(time, std::chrono::duration_cast<milliseconds>(not_before_ - now) + milliseconds(1));
    } else if (next_ >= limit_) {
        ask_for_credit();
    } else if (next_ >= available()) {
        // There is credit, and no item: only another item is a reason to hurry.
        const std::size_t held = source_.size();
        if (held < source_.capacity()) {
            source_.wait_for(held + 1, time);
            return;
        }
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [&] { return has_news_ || is_stopped_; });
}

// The servers send each new limit of their own accord. One that was lost on the way is read from what they keep.
void jetstream_producer::state::ask_for_credit() {
    const auto now = clock::now();
    const std::uint64_t reconnects = session_.reconnects();
    if (reconnects == reconnects_seen_ && now - asked_at_ < milliseconds(500)) return;
    record found;
    std::uint64_t at = 0;
    if (session_.is_connected() && session_.read("consumer", found, at) == outcome::done) {
        const std::lock_guard lock(mutex_);
        finished_news_ = std::max(finished_news_, found.finished);
        limit_news_ = std::max(limit_news_, found.limit);
        figures_.limit = limit_news_;
        has_news_ = true;
        reconnects_seen_ = reconnects;
    }
    asked_at_ = clock::now();
}

}  // namespace weir::detail
