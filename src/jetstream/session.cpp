// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <algorithm>
#include <thread>
#include <vector>

namespace weir::jetstream {
namespace {

// Codes of the servers' answers.
constexpr int wrong_last_sequence = 10071;
constexpr int no_message_found = 10037;
constexpr int stream_not_found = 10059;

bool is_name(const std::string& text, std::size_t most) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= most && std::ranges::all_of(text, fits);
}

void check(const remote_link& to) {
    if (!is_name(to.name, 40))
        refuse("the link's name '" + to.name + "' is impossible: use 1 to 40 letters, digits, '-' and '_'");
    const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
    if (to.type_name.empty() || to.type_name.size() > 63 || !std::ranges::all_of(to.type_name, is_plain))
        refuse("the type name '" + to.type_name + "' is impossible: use 1 to 63 printable characters without spaces");
    if (to.replicas != 1 && to.replicas != 3 && to.replicas != 5)
        refuse(std::to_string(to.replicas) + " replicas are impossible: choose 1, 3 or 5");
    if (to.items_per_message == 0) refuse("0 items per message are impossible: choose 1 or more");
    if (to.message_bytes < 256 || to.message_bytes > (std::size_t{64} << 20))
        refuse("messages of " + std::to_string(to.message_bytes) + " bytes are impossible: choose 256 to 64 MiB");
    if (to.ack_timeout.count() <= 0 || to.ping_interval.count() <= 0 || to.attach_timeout.count() <= 0)
        refuse("a time of the link is not positive: choose 1 ms or more");
}

void require(natsStatus status, const char* what) {
    if (status != NATS_OK) refuse(std::string("libnats refused ") + what + ": " + natsStatus_GetText(status));
}

owned<natsOptions> connection_options(const remote_link& to, const std::string& name) {
    natsOptions* raw = nullptr;
    require(natsOptions_Create(&raw), "options");
    owned<natsOptions> options(raw);
    std::vector<std::string> urls;
    for (std::size_t at = 0; at <= to.servers.size();) {
        const auto end = std::min(to.servers.find(',', at), to.servers.size());
        if (end > at) urls.push_back(to.servers.substr(at, end - at));
        at = end + 1;
    }
    if (urls.empty()) refuse("the link has no servers: give URLs such as nats://127.0.0.1:4222");
    std::vector<const char*> pointers;
    for (const auto& url : urls) pointers.push_back(url.c_str());
    require(natsOptions_SetServers(raw, pointers.data(), static_cast<int>(pointers.size())),
            ("the servers '" + to.servers + "'").c_str());
    require(natsOptions_SetName(raw, name.c_str()), "a name");
    require(natsOptions_SetTimeout(raw, 2000), "a timeout");
    require(natsOptions_SetMaxReconnect(raw, -1), "reconnecting");
    require(natsOptions_SetReconnectWait(raw, 50), "a wait");
    require(natsOptions_SetReconnectJitter(raw, 50, 50), "a jitter");
    require(natsOptions_SetPingInterval(raw, to.ping_interval.count()), "a ping interval");
    require(natsOptions_SetMaxPingsOut(raw, 1), "a number of pings");
    require(natsOptions_SetWriteDeadline(raw, 2000), "a write deadline");
    require(natsOptions_SetFailRequestsOnDisconnect(raw, true), "failing of requests");
    require(natsOptions_SetSendAsap(raw, true), "sending at once");
    return options;
}

}  // namespace

void refuse(const std::string& sentence) { throw error("weir: " + sentence); }

std::string_view text_of(natsMsg* message) noexcept {
    const int length = natsMsg_GetDataLength(message);
    return length <= 0 ? std::string_view{}
                       : std::string_view(natsMsg_GetData(message), static_cast<std::size_t>(length));
}

session::session(const remote_link& to, const char* role, time_point deadline)
    : root_("weir." + to.name),
      stream_("weir_" + to.name),
      state_stream_(stream_ + "_state"),
      data_(root_ + ".data"),
      link_(to) {
    check(to);
    const auto options = connection_options(to, stream_ + "_" + role);
    for (;;) {
        natsConnection* raw = nullptr;
        const natsStatus status = natsConnection_Connect(&raw, options.get());
        if (status == NATS_OK) {
            connection_.reset(raw);
            break;
        }
        if (std::chrono::steady_clock::now() >= deadline)
            refuse("no server of '" + to.servers + "' accepts a connection (" + natsStatus_GetText(status) +
                   "): start nats-server with --jetstream, or correct the URLs");
        std::this_thread::sleep_for(milliseconds(100));
    }
    jsOptions defaults;
    jsOptions_Init(&defaults);
    defaults.Wait = to.ack_timeout.count();
    jsCtx* context = nullptr;
    require(natsConnection_JetStream(&context, connection_.get(), &defaults), "a JetStream context");
    context_.reset(context);
}

bool session::is_connected() const noexcept {
    return natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CONNECTED;
}

std::uint64_t session::reconnects() const noexcept {
    natsStatistics* raw = nullptr;
    if (natsStatistics_Create(&raw) != NATS_OK) return 0;
    const owned<natsStatistics> figures(raw);
    std::uint64_t ignored = 0;
    std::uint64_t reconnects = 0;
    if (natsConnection_GetStats(connection_.get(), raw) == NATS_OK)
        (void)natsStatistics_GetCounts(raw, &ignored, &ignored, &ignored, &ignored, &reconnects);
    return reconnects;
}

jsOptions session::request_options() const noexcept {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = link_.ack_timeout.count();
    return options;
}

// max_msgs alone bounds the stream, and it refuses new messages when it is full. With max_bytes as well, servers drop old messages
// where the two limits disagree.
outcome session::ensure_streams(std::uint64_t backstop) {
    const char* data_subjects[] = {data_.c_str()};
    jsStreamConfig data;
    jsStreamConfig_Init(&data);
    data.Name = stream_.c_str();
    data.Subjects = data_subjects;
    data.SubjectsLen = 1;
    data.Retention = js_LimitsPolicy;
    data.Storage = js_FileStorage;
    data.Replicas = link_.replicas;
    data.MaxMsgs = static_cast<std::int64_t>(backstop);
    data.Discard = js_DiscardNew;
    data.Duplicates = std::int64_t{60} * 1000 * 1000 * 1000;
    if (const outcome answer = ensure(data, true); answer != outcome::done) return answer;

    const std::string state_subjects_text = root_ + ".state.*";
    const char* state_subjects[] = {state_subjects_text.c_str()};
    const std::string destination = root_ + ".news.stored.>";
    const std::string source = root_ + ".state.>";
    jsRePublish news;
    jsRePublish_Init(&news);
    news.Source = source.c_str();
    news.Destination = destination.c_str();
    jsStreamConfig state;
    jsStreamConfig_Init(&state);
    state.Name = state_stream_.c_str();
    state.Subjects = state_subjects;
    state.SubjectsLen = 1;
    state.Retention = js_LimitsPolicy;
    state.Storage = js_FileStorage;
    state.Replicas = link_.replicas;
    state.MaxMsgsPerSubject = 1;
    state.Discard = js_DiscardOld;
    state.RePublish = &news;
    return ensure(state, false);
}

outcome session::ensure(jsStreamConfig& wanted, bool is_data) {
    jsOptions options = request_options();
    jsErrCode code{};
    jsStreamInfo* raw = nullptr;
    natsStatus status = js_GetStreamInfo(&raw, context_.get(), wanted.Name, &options, &code);
    owned<jsStreamInfo> info(raw);
    if (status != NATS_OK) {
        if (static_cast<int>(code) != stream_not_found && status != NATS_NOT_FOUND) return outcome::again;
        raw = nullptr;
        status = js_AddStream(&raw, context_.get(), &wanted, &options, &code);
        info.reset(raw);
        if (status == NATS_OK) return outcome::done;
        // It may pass: a cluster that has just begun knows few of its servers.
        const char* const text = code != 0 ? nats_GetLastError(nullptr) : nullptr;
        refusal_ = text != nullptr
                       ? " (they say '" + std::string(text) + "' to " + std::to_string(wanted.Replicas) + " replicas)"
                       : "";
        return outcome::again;
    }
    if (!is_data) return outcome::done;
    const jsStreamConfig& found = *info->Config;
    if (found.Discard != js_DiscardNew || found.MaxBytes > 0 || found.Retention != js_LimitsPolicy)
        refuse(
            std::string("the stream '") + wanted.Name +
            "' is not one that weir made (it needs discard=new, limits retention and no max_bytes): remove it, or choose "
            "another name for the link");
    if (found.MaxMsgs >= 0 && found.MaxMsgs < wanted.MaxMsgs) {
        info->Config->MaxMsgs = wanted.MaxMsgs;
        raw = nullptr;
        status = js_UpdateStream(&raw, context_.get(), info->Config, &options, &code);
        const owned<jsStreamInfo> updated(raw);
        if (status != NATS_OK) return outcome::again;
    }
    return outcome::done;
}

outcome session::read(const char* role, record& to, std::uint64_t& at) const {
    jsOptions options = request_options();
    jsErrCode code{};
    natsMsg* raw = nullptr;
    const std::string subject = state_subject(role);
    const natsStatus status =
        js_GetLastMsg(&raw, context_.get(), state_stream_.c_str(), subject.c_str(), &options, &code);
    const owned<natsMsg> message(raw);
    if (static_cast<int>(code) == no_message_found) return outcome::none;
    if (status != NATS_OK) return outcome::again;
    const auto parsed = parse_record(text_of(raw));
    if (!parsed)
        refuse("the record '" + subject + "' is not one that this weir writes: '" +
               std::string(text_of(raw).substr(0, 80)) + "'; choose another name for the link, or remove the stream '" +
               state_stream_ + "'");
    to = *parsed;
    at = natsMsg_GetSequence(raw);
    return outcome::done;
}

outcome session::write(const char* role, const record& from, std::uint64_t& at) const {
    const std::string text = to_text(from);
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = link_.ack_timeout.count();
    options.ExpectStream = state_stream_.c_str();
    if (at == 0) {
        options.ExpectNoMessage = true;
    } else {
        options.ExpectLastSubjectSeq = at;
    }
    jsErrCode code{};
    jsPubAck* raw = nullptr;
    const natsStatus status = js_Publish(&raw, context_.get(), state_subject(role).c_str(), text.data(),
                                         static_cast<int>(text.size()), &options, &code);
    const owned<jsPubAck> ack(raw);
    if (status == NATS_OK && raw != nullptr) {
        at = raw->Sequence;
        return outcome::done;
    }
    return static_cast<int>(code) == wrong_last_sequence ? outcome::conflict : outcome::again;
}

outcome session::publish(std::string_view bytes, const std::string& id, std::uint64_t& sequence) const {
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = link_.ack_timeout.count();
    options.MsgId = id.c_str();
    jsErrCode code{};
    jsPubAck* raw = nullptr;
    const natsStatus status =
        js_Publish(&raw, context_.get(), data_.c_str(), bytes.data(), static_cast<int>(bytes.size()), &options, &code);
    const owned<jsPubAck> ack(raw);
    if (status != NATS_OK || raw == nullptr) return outcome::again;
    sequence = raw->Sequence;
    return outcome::done;
}

outcome session::message_at(std::uint64_t sequence, std::string& bytes) const {
    jsOptions options = request_options();
    jsErrCode code{};
    natsMsg* raw = nullptr;
    const natsStatus status = js_GetMsg(&raw, context_.get(), stream_.c_str(), sequence, &options, &code);
    const owned<natsMsg> message(raw);
    if (static_cast<int>(code) == no_message_found) return outcome::none;
    if (status != NATS_OK) return outcome::again;
    bytes = text_of(raw);
    return outcome::done;
}

std::optional<std::uint64_t> session::last_sequence() const {
    jsOptions options = request_options();
    jsErrCode code{};
    jsStreamInfo* raw = nullptr;
    if (js_GetStreamInfo(&raw, context_.get(), stream_.c_str(), &options, &code) != NATS_OK) return std::nullopt;
    return owned<jsStreamInfo>(raw)->State.LastSeq;
}

outcome session::purge(std::uint64_t sequence) const {
    jsOptions options = request_options();
    options.Stream.Purge.Sequence = sequence;
    jsErrCode code{};
    return js_PurgeStream(context_.get(), stream_.c_str(), &options, &code) == NATS_OK ? outcome::done : outcome::again;
}

owned<natsSubscription> subscribe(const session& in, const std::string& subject) {
    natsSubscription* raw = nullptr;
    require(natsConnection_SubscribeSync(&raw, in.connection(), subject.c_str()), "a subscription");
    owned<natsSubscription> made(raw);
    require(natsSubscription_SetPendingLimits(raw, -1, -1), "the limits of a subscription");
    return made;
}

owned<natsMsg> next_message(natsSubscription* from, std::chrono::milliseconds time) {
    natsMsg* raw = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&raw, from, time.count());
    if (status != NATS_OK && status != NATS_TIMEOUT) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return owned<natsMsg>(status == NATS_OK ? raw : nullptr);
}

}  // namespace weir::jetstream
