// SPDX-License-Identifier: MIT
// The producer's threads, and what they and the callers share.
#include "producer_state.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

namespace weir::detail {

using namespace jetstream;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds look_after{100};  // a reading thread asks whether to stop

// "INBOX.GENERATION.FIRST"
bool parse_place(std::string_view subject, std::size_t inbox_bytes, std::uint32_t& generation, std::uint64_t& first) {
    if (subject.size() <= inbox_bytes) return false;
    const char* const end = subject.data() + subject.size();
    const auto before = std::from_chars(subject.data() + inbox_bytes + 1, end, generation);
    if (before.ec != std::errc{} || before.ptr == end) return false;
    return std::from_chars(before.ptr + 1, end, first).ec == std::errc{};
}

}  // namespace

jetstream_producer::state::state(jetstream_source& source, const remote_link& to, const producer_options& options)
    : source_(source), link_(to), options_(options), session_(to, "producer", clock::now() + to.attach_timeout) {
    attach(clock::now() + to.attach_timeout);
    natsInbox* inbox = nullptr;
    if (natsInbox_Create(&inbox) != NATS_OK) refuse("libnats refused an inbox: out of memory");
    inbox_ = owned<natsInbox>(inbox).get();
    figures_.finished = base_;
    figures_.published = top_;
    figures_.limit = limit_;
    figures_.epoch = epoch_;
    answers_subscription_ = subscribe(session_, inbox_ + ".>");
    news_subscription_ = subscribe(session_, session_.news_subject());
    try {
        answers_reader_ = std::thread([this] { read_acknowledgements(); });
        news_reader_ = std::thread([this] { read_news(); });
        worker_ = std::thread([this] { work(); });
    } catch (...) {
        stop();
        throw;
    }
}

jetstream_producer::state::~state() { stop(); }

void jetstream_producer::state::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
        changed_.notify_all();
    }
    for (std::thread* const one : {&worker_, &answers_reader_, &news_reader_})
        if (one->joinable()) one->join();
}

bool jetstream_producer::state::is_stopped() const {
    const std::lock_guard lock(mutex_);
    return is_stopped_ || !figures_.failure.empty();
}

void jetstream_producer::state::fail(const std::string& sentence) noexcept {
    const std::lock_guard lock(mutex_);
    if (figures_.failure.empty()) figures_.failure = sentence;
    changed_.notify_all();
}

producer_figures jetstream_producer::state::figures() const {
    producer_figures now;
    {
        const std::lock_guard lock(mutex_);
        now = figures_;
    }
    now.connected = session_.is_connected();
    now.reconnects = session_.reconnects();
    return now;
}

bool jetstream_producer::state::wait_until_finished(clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const std::uint64_t asked = ++flushes_asked_;
    changed_.notify_all();
    has_news_ = true;
    changed_.wait_until(lock, deadline, [&] {
        return is_stopped_ || !figures_.failure.empty() || (flushes_seen_ >= asked && figures_.finished >= flush_upto_);
    });
    return flushes_seen_ >= asked && figures_.finished >= flush_upto_;
}

void jetstream_producer::state::read_acknowledgements() noexcept {
    while (!is_stopped()) {
        const auto message = next_message(answers_subscription_.get(), look_after);
        if (message == nullptr) continue;
        acknowledgement answer{0, 0, false};
        if (!parse_place(natsMsg_GetSubject(message.get()), inbox_.size(), answer.generation, answer.first)) continue;
        answer.accepted = !natsMsg_IsNoResponders(message.get()) &&
                          text_of(message.get()).find("\"error\"") == std::string_view::npos;
        const std::lock_guard lock(mutex_);
        answers_.push_back(answer);
        if (!std::exchange(has_news_, true)) changed_.notify_all();
    }
}

void jetstream_producer::state::read_news() noexcept {
    const std::string of_consumer = session_.stored_subject("consumer");
    const std::string of_producer = session_.stored_subject("producer");
    const std::string of_want = session_.want_subject();
    while (!is_stopped()) {
        const auto message = next_message(news_subscription_.get(), look_after);
        if (message == nullptr) continue;
        const std::string_view subject = natsMsg_GetSubject(message.get());
        const std::string_view text = text_of(message.get());
        if (subject == of_want) {
            if (const auto expected = number_in(text, "expected")) {
                const std::lock_guard lock(mutex_);
                wanted_ = *expected;
                has_news_ = true;
                changed_.notify_all();
            }
            continue;
        }
        const auto found = parse_record(text);
        if (!found) continue;
        if (subject == of_producer && found->epoch > epoch_) {
            fail("weir: another producer took over the link '" + link_.name + "': its number is " +
                 std::to_string(found->epoch) + ", and this one's is " + std::to_string(epoch_));
        } else if (subject == of_consumer) {
            const std::lock_guard lock(mutex_);
            finished_news_ = std::max(finished_news_, found->finished);
            limit_news_ = std::max(limit_news_, found->limit);
            figures_.limit = limit_news_;
            has_news_ = true;
            changed_.notify_all();
        }
    }
}

jetstream_producer::jetstream_producer(jetstream_source& source, const remote_link& to, const producer_options& options)
    : state_(std::make_unique<state>(source, to, options)) {}
jetstream_producer::~jetstream_producer() = default;
std::uint64_t jetstream_producer::first() const noexcept { return state_->first(); }
item_range jetstream_producer::in_doubt() const noexcept { return state_->in_doubt(); }
producer_figures jetstream_producer::figures() const { return state_->figures(); }
bool jetstream_producer::wait_until_finished(std::chrono::steady_clock::time_point deadline) {
    return state_->wait_until_finished(deadline);
}
void jetstream_producer::stop() noexcept { state_->stop(); }

}  // namespace weir::detail
