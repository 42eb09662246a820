// SPDX-License-Identifier: MIT
// How a producer takes its end of a link.
//
// 1. It replaces the producer's record by one of its own, whose epoch is one higher. The former producer reads that, and stops.
// 2. It publishes a fence, a message without items. What the former producer publishes behind it in the stream is void: the consumer
//    drops messages of a lower epoch than it has seen.
// 3. With a journal it goes on with the journal's items, under their numbers. Without one it begins at the limit that is granted at that
//    time: no former producer can have used a number as high as that.
#include "producer_state.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace weir::detail {

using namespace jetstream;

namespace {

// Calls `attempt` until it says that it is done.
template <class Attempt>
outcome insist(const session& with, std::chrono::steady_clock::time_point deadline, const char* on, Attempt attempt) {
    for (;;) {
        const outcome answer = attempt();
        if (answer != outcome::again) return answer;
        if (std::chrono::steady_clock::now() >= deadline)
            refuse(std::string("the servers did not answer in time when ") + on + with.refusal() +
                   ": a majority of them must run and reach each other; or give a longer attach_timeout");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

std::uint64_t backstop_of(std::size_t window) { return 4 * std::uint64_t{window} + 1024; }

}  // namespace

void jetstream_producer::state::attach(clock::time_point deadline) {
    insist(session_, deadline, "the streams were made",
           [&] { return session_.ensure_streams(backstop_of(source_.capacity())); });
    if (!options_.journal.empty()) {
        journal_ = std::make_unique<journal>(options_.journal, link_.name, options_.sync_journal);
    }
    take_epoch(deadline);
    std::uint64_t fence_at = 0;
    fence(0, deadline, fence_at);
    if (journal_ != nullptr && !journal_->is_new()) {
        check_journal(deadline, fence_at);
    } else {
        begin_without_journal(deadline, fence_at);
    }
    fence(frame::begins | (journal_ != nullptr && !journal_->is_new() ? frame::journalled : 0U), deadline, fence_at);
}

void jetstream_producer::state::take_epoch(clock::time_point deadline) {
    const record consumer = consumer_record(deadline);
    if (!consumer.type.empty() && consumer.type != link_.type_name)
        refuse("the consumer of the link '" + link_.name + "' takes items of type '" + consumer.type + "', not '" +
               link_.type_name + "': give both ends the same type, or choose another name for the link");
    insist(session_, deadline, "the producer's record was written", [&] {
        record mine;
        std::uint64_t at = 0;
        const outcome found = session_.read("producer", mine, at);
        if (found == outcome::again) return outcome::again;
        // The consumer drops what has a lower epoch than it knows, also if the servers have lost the producer's record.
        epoch_ = std::max(mine.epoch, consumer.producer) + 1;
        record fresh;
        fresh.epoch = epoch_;
        fresh.type = link_.type_name;
        const outcome written = session_.write("producer", fresh, at);
        return written == outcome::done ? outcome::done : outcome::again;
    });
}

void jetstream_producer::state::fence(std::uint32_t flags, clock::time_point deadline, std::uint64_t& sequence) {
    writer_.clear();
    frame header;
    header.epoch = epoch_;
    header.first = header.end = top_;
    header.base = base_;
    header.flags = flags;
    const std::string bytes(writer_.finish(header));
    const std::string id = std::to_string(epoch_) + ".fence." + std::to_string(flags);
    insist(session_, deadline, "the first message was published",
           [&] { return session_.publish(bytes, id, sequence); });
}

record jetstream_producer::state::consumer_record(clock::time_point deadline) {
    record found;
    std::uint64_t at = 0;
    insist(session_, deadline, "the consumer's record was read", [&] { return session_.read("consumer", found, at); });
    return found;
}

// What the former producer had published: its last message says so. If that is gone, everything before it was finished. The first fence
// of a producer that died before it knew more says nothing, and is passed over.
std::uint64_t jetstream_producer::state::published_before(clock::time_point deadline, std::uint64_t fence_at) {
    for (std::uint64_t at = fence_at; at > 1;) {
        --at;
        std::string bytes;
        const outcome found =
            insist(session_, deadline, "the last message was read", [&] { return session_.message_at(at, bytes); });
        if (found != outcome::done) return 0;
        const auto last = parse_frame(std::as_bytes(std::span(bytes)));
        if (!last) return 0;
        if ((last->flags & frame::begins) != 0) return last->end;
    }
    return 0;
}

void jetstream_producer::state::begin_without_journal(clock::time_point deadline, std::uint64_t fence_at) {
    const std::uint64_t published = published_before(deadline, fence_at);
    const record consumer = consumer_record(deadline);
    // The first producer of a link follows none.
    first_ = epoch_ == 1 ? 0 : std::max(consumer.limit, published);
    in_doubt_ = {consumer.finished, std::max(published, consumer.finished)};
    replayed_end_ = base_ = top_ = next_ = ring_first_ = first_;
    finished_news_ = consumer.finished;
    limit_ = limit_news_ = consumer.limit;
    if (journal_ != nullptr) journal_->begin_at(first_);
}

void jetstream_producer::state::check_journal(clock::time_point deadline, std::uint64_t fence_at) {
    const std::uint64_t published = published_before(deadline, fence_at);
    const record consumer = consumer_record(deadline);
    const std::uint64_t known = std::max(published, consumer.finished);
    if (known > journal_->end())
        refuse("the journal '" + options_.journal + "' ends at item " + std::to_string(journal_->end()) + ", and " +
               std::to_string(known) + " were published on the link '" + link_.name +
               "': it is an old copy, or another producer used the link without it; remove it to begin without it");
    journal_->forget_below(consumer.finished);
    base_ = next_ = std::max(consumer.finished, journal_->first());
    first_ = replayed_end_ = ring_first_ = journal_->end();
    top_ = journal_->end();
    finished_news_ = consumer.finished;
    limit_ = limit_news_ = consumer.limit;
}

}  // namespace weir::detail
