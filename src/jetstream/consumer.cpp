// SPDX-License-Identifier: MIT
// How a consumer takes its end of a link, and the thread that records what is finished.
#include "consumer_state.hpp"

#include <algorithm>
#include <exception>
#include <thread>

namespace weir::detail {

using namespace jetstream;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds record_within{5};  // of an item's finish, unless a quarter of the window is finished before
constexpr milliseconds purge_every{100};
constexpr milliseconds retry_after{50};

}  // namespace

jetstream_consumer::state::state(jetstream_sink& sink, const remote_link& from, const consumer_options& options)
    : sink_(sink), link_(from), options_(options), session_(from, "consumer", clock::now() + from.attach_timeout) {
    if (options.window == 0 || options.window > (std::size_t{1} << 24))
        refuse("a window of " + std::to_string(options.window) + " items is impossible: choose 1 to 16777216");
    attach(clock::now() + from.attach_timeout);
    cursor_ = std::make_unique<cursor>(session_, epoch_, std::max(link_.ping_interval / 2, milliseconds(100)));
}

jetstream_consumer::state::~state() { stop(); }

void jetstream_consumer::state::attach(clock::time_point deadline) {
    while (!try_attach()) {
        if (clock::now() >= deadline)
            refuse("the servers did not answer in time when the consumer's record of the link '" + link_.name +
                   "' was written" + session_.refusal() +
                   ": a majority of them must run and reach each other; or give a longer attach_timeout");
        std::this_thread::sleep_for(milliseconds(100));
    }
}

bool jetstream_consumer::state::try_attach() {
    if (session_.ensure_streams(4 * std::uint64_t{options_.window} + 1024) != outcome::done) return false;
    record producer;
    std::uint64_t producer_at = 0;
    const outcome found_producer = session_.read("producer", producer, producer_at);
    if (found_producer == outcome::again) return false;
    if (found_producer == outcome::done && producer.type != link_.type_name)
        refuse("the producer of the link '" + link_.name + "' sends items of type '" + producer.type + "', not '" +
               link_.type_name + "': give both ends the same type, or choose another name for the link");
    record before;
    std::uint64_t at = 0;
    const outcome found = session_.read("consumer", before, at);
    if (found == outcome::again) return false;
    if (options_.resume_at && *options_.resume_at > before.limit)
        refuse("resume_at is " + std::to_string(*options_.resume_at) + ", and only " + std::to_string(before.limit) +
               " items were ever granted on the link '" + link_.name + "': give the number of an item of this link");

    record mine = before;
    mine.epoch = before.epoch + 1;
    mine.finished = std::max(before.finished, options_.resume_at.value_or(0));
    mine.limit = std::max(before.limit, mine.finished + options_.window);
    mine.type = link_.type_name;
    if (session_.write("consumer", mine, at) != outcome::done) return false;
    recorded_ = mine;
    recorded_at_ = at;
    epoch_ = mine.epoch;
    first_ = expected_ = mine.finished;
    if (!options_.resume_at) in_doubt_ = {mine.finished, before.limit};
    producer_epoch_ = mine.producer;
    next_message_ = purged_ = std::max<std::uint64_t>(mine.stream, 1);
    ledger_ = std::make_shared<jetstream::ledger>(
        mine.finished, std::max(options_.window, static_cast<std::size_t>(mine.limit - mine.finished)));
    figures_.epoch = epoch_;
    figures_.finished = figures_.recorded = figures_.received = mine.finished;
    figures_.limit = mine.limit;
    return true;
}

void jetstream_consumer::state::start() {
    last_message_ = clock::now();
    reader_ = std::thread([this] { read(); });
    recorder_ = std::thread([this] { record_finished(); });
}

void jetstream_consumer::state::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
    }
    if (ledger_ != nullptr) ledger_->wake();
    if (reader_.joinable()) reader_.join();
    if (recorder_.joinable()) recorder_.join();
}

bool jetstream_consumer::state::is_stopped() const {
    const std::lock_guard lock(mutex_);
    return is_stopped_ || !figures_.failure.empty();
}

void jetstream_consumer::state::fail(const std::string& sentence) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (figures_.failure.empty()) figures_.failure = sentence;
    }
    ledger_->wake();
}

consumer_figures jetstream_consumer::state::figures() const {
    consumer_figures now;
    {
        const std::lock_guard lock(mutex_);
        now = figures_;
    }
    now.finished = ledger_->floor();
    now.abandoned = ledger_->abandoned();
    now.connected = session_.is_connected();
    now.reconnects = session_.reconnects();
    return now;
}

void jetstream_consumer::state::record_finished() noexcept {
    try {
        record_and_grant();
    } catch (const std::exception& failure) {
        fail(failure.what());
    }
}

void jetstream_consumer::state::record_and_grant() {
    const std::uint64_t portion = std::max<std::uint64_t>(1, options_.window / 4);
    auto purged_at = clock::now();
    auto last_try = clock::time_point::max();
    for (;;) {
        const bool stopping = is_stopped();
        if (stopping && last_try == clock::time_point::max()) last_try = clock::now() + std::chrono::seconds(1);
        std::uint64_t floor = ledger_->floor();
        if (floor == recorded_.finished && !stopping)
            floor = ledger_->wait_for(recorded_.finished + 1, clock::now() + purge_every);
        if (floor > recorded_.finished && floor - recorded_.finished < portion && !stopping)
            floor = ledger_->wait_for(recorded_.finished + portion, clock::now() + record_within);
        if (floor > recorded_.finished && !write_record(record_at(floor))) {
            if (clock::now() >= last_try) return;
            std::this_thread::sleep_for(retry_after);
            continue;
        }
        if (stopping || clock::now() - purged_at >= purge_every) {
            purged_at = clock::now();
            // Also where nothing was finished: what was dropped takes up room in the stream.
            const std::uint64_t needed = record_at(recorded_.finished).stream;
            if (needed > purged_ && session_.purge(needed) == outcome::done) purged_ = needed;
        }
        if (stopping && (ledger_->floor() == recorded_.finished || clock::now() >= last_try)) return;
    }
}

// The record for a floor. Messages of the stream below `stream` hold nothing but finished items; the next consumer reads from there on,
// with the producer of that time.
record jetstream_consumer::state::record_at(std::uint64_t floor) {
    record fresh = recorded_;
    fresh.finished = floor;
    fresh.limit = std::max(recorded_.limit, floor + options_.window);
    const std::lock_guard lock(mutex_);
    while (!places_.empty() && places_.front().end <= floor) places_.pop_front();
    fresh.stream = places_.empty() ? next_message_ : places_.front().sequence;
    fresh.producer = places_.empty() ? producer_epoch_ : places_.front().producer;
    return fresh;
}

// False: try again. Throws when another consumer has taken over.
bool jetstream_consumer::state::write_record(const record& fresh) {
    const outcome written = session_.write("consumer", fresh, recorded_at_);
    if (written == outcome::conflict) {
        // Either an earlier attempt of this consumer succeeded and its answer was lost, or another consumer wrote.
        record found;
        std::uint64_t at = 0;
        const outcome read = session_.read("consumer", found, at);
        if (read == outcome::done && found.epoch > epoch_)
            refuse("another consumer took over the link '" + link_.name + "': its number is " +
                   std::to_string(found.epoch) + ", and this one's is " + std::to_string(epoch_));
        if (read == outcome::done) recorded_at_ = at;
        if (read == outcome::none) recorded_at_ = 0;  // the servers lost it
        return false;
    }
    if (written != outcome::done) return false;
    recorded_ = fresh;
    const std::lock_guard lock(mutex_);
    figures_.recorded = fresh.finished;
    figures_.limit = fresh.limit;
    return true;
}

jetstream_consumer::jetstream_consumer(jetstream_sink& sink, const remote_link& from, const consumer_options& options)
    : state_(std::make_unique<state>(sink, from, options)) {}
jetstream_consumer::~jetstream_consumer() = default;
std::shared_ptr<jetstream_ledger> jetstream_consumer::ledger() const noexcept { return state_->ledger(); }
void jetstream_consumer::start() { state_->start(); }
std::uint64_t jetstream_consumer::first() const noexcept { return state_->first(); }
item_range jetstream_consumer::in_doubt() const noexcept { return state_->in_doubt(); }
consumer_figures jetstream_consumer::figures() const { return state_->figures(); }
void jetstream_consumer::stop() noexcept { state_->stop(); }

}  // namespace weir::detail
