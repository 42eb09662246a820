// SPDX-License-Identifier: MIT
#include "cursor.hpp"

#include <algorithm>
#include <charconv>

namespace weir::jetstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds pull_lasts{10000};
constexpr std::int64_t idle_cursor_lasts_ns = std::int64_t{60} * 1000 * 1000 * 1000;

std::string_view header_of(natsMsg* message, const char* key) {
    const char* value = nullptr;
    return natsMsgHeader_Get(message, key, &value) == NATS_OK && value != nullptr ? value : std::string_view{};
}

}  // namespace

bool cursor::open(std::uint64_t& next) {
    close();
    jsErrCode code{};
    jsStreamInfo* raw_info = nullptr;
    if (js_GetStreamInfo(&raw_info, session_.context(), session_.stream().c_str(), nullptr, &code) != NATS_OK)
        return false;
    const owned<jsStreamInfo> info(raw_info);
    // Beyond its end: the servers lost the stream, or a part of it.
    if (next > info->State.LastSeq + 1 || next < info->State.FirstSeq)
        next = std::max<std::uint64_t>(info->State.FirstSeq, 1);

    natsInbox* raw_inbox = nullptr;
    if (natsInbox_Create(&raw_inbox) != NATS_OK) return false;
    inbox_ = owned<natsInbox>(raw_inbox).get();
    name_ = "cursor_" + std::to_string(epoch_) + "_" + std::to_string(++made_);
    subscription_ = subscribe(session_, inbox_);

    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Name = name_.c_str();
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.OptStartSeq = next;
    config.AckPolicy = js_AckNone;
    config.Replicas = 1;
    config.MemoryStorage = true;
    config.InactiveThreshold = idle_cursor_lasts_ns;
    jsConsumerInfo* raw_consumer = nullptr;
    const natsStatus status =
        js_AddConsumer(&raw_consumer, session_.context(), session_.stream().c_str(), &config, nullptr, &code);
    const owned<jsConsumerInfo> consumer(raw_consumer);
    if (status != NATS_OK) {
        close();
        return false;
    }
    outstanding_ = 0;
    delivered_ = 0;
    heard_at_ = std::chrono::steady_clock::now();
    return true;
}

// Asks the servers to drop the cursor, without waiting for the answer: they drop an idle one by themselves.
void cursor::close() noexcept {
    if (subscription_ == nullptr) return;
    subscription_.reset();
    const std::string subject = "$JS.API.CONSUMER.DELETE." + session_.stream() + "." + name_;
    (void)natsConnection_PublishString(session_.connection(), subject.c_str(), "");
}

bool cursor::pull(std::size_t n) {
    const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + session_.stream() + "." + name_;
    const std::string request = "{\"batch\":" + std::to_string(n) +
                                ",\"expires\":" + std::to_string(nanoseconds(pull_lasts).count()) +
                                ",\"idle_heartbeat\":" + std::to_string(nanoseconds(heartbeat_).count()) + "}";
    if (outstanding_ == 0) heard_at_ = std::chrono::steady_clock::now();
    if (natsConnection_PublishRequestString(session_.connection(), subject.c_str(), inbox_.c_str(), request.c_str()) !=
        NATS_OK)
        return false;
    outstanding_ += n;
    return true;
}

cursor::news cursor::next(owned<natsMsg>& message, std::uint64_t& sequence, milliseconds time) {
    message = next_message(subscription_.get(), time);
    const auto now = std::chrono::steady_clock::now();
    if (message == nullptr) {
        const bool is_silent = outstanding_ > 0 && now - heard_at_ > 3 * heartbeat_;
        return is_silent ? news::broken : news::nothing;
    }
    heard_at_ = now;
    if (natsMsg_IsNoResponders(message.get())) return news::broken;
    if (natsMsg_GetReply(message.get()) == nullptr || !header_of(message.get(), "Status").empty())
        return take_status(message.get());

    jsMsgMetaData* raw = nullptr;
    if (natsMsg_GetMetaData(&raw, message.get()) != NATS_OK) return news::broken;
    const owned<jsMsgMetaData> place(raw);
    if (outstanding_ > 0) --outstanding_;
    if (place->Sequence.Consumer != ++delivered_) return news::broken;  // one of them was lost on its way
    sequence = place->Sequence.Stream;
    return news::message;
}

cursor::news cursor::take_status(natsMsg* message) {
    const std::string_view status = header_of(message, "Status");
    if (status == "100") return news::nothing;  // a heartbeat
    if (status == "404" || status == "408") {   // a request is over, and this many of it did not come
        const std::string_view pending = header_of(message, "Nats-Pending-Messages");
        std::size_t n = outstanding_;
        (void)std::from_chars(pending.data(), pending.data() + pending.size(), n);
        outstanding_ -= std::min(outstanding_, n);
        return news::nothing;
    }
    return news::broken;  // 409: the cursor is gone, or its server is going
}

}  // namespace weir::jetstream
