// SPDX-License-Identifier: MIT
#pragma once

// A connection to the servers, and what both ends of a link do with it. No callbacks of libnats: its threads call nothing of ours.

#include "record.hpp"

#include <weir/jetstream/link.hpp>

#include <nats/nats.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::jetstream {

struct nats_deleter {
    void operator()(natsConnection* p) const noexcept { natsConnection_Destroy(p); }
    void operator()(jsCtx* p) const noexcept { jsCtx_Destroy(p); }
    void operator()(natsMsg* p) const noexcept { natsMsg_Destroy(p); }
    void operator()(natsOptions* p) const noexcept { natsOptions_Destroy(p); }
    void operator()(natsSubscription* p) const noexcept { natsSubscription_Destroy(p); }
    void operator()(natsInbox* p) const noexcept { natsInbox_Destroy(p); }
    void operator()(natsStatistics* p) const noexcept { natsStatistics_Destroy(p); }
    void operator()(jsStreamInfo* p) const noexcept { jsStreamInfo_Destroy(p); }
    void operator()(jsConsumerInfo* p) const noexcept { jsConsumerInfo_Destroy(p); }
    void operator()(jsPubAck* p) const noexcept { jsPubAck_Destroy(p); }
    void operator()(jsMsgMetaData* p) const noexcept { jsMsgMetaData_Destroy(p); }
};
template <class T>
using owned = std::unique_ptr<T, nats_deleter>;

/// What became of a request: `again` means that it may be tried again, and may have been executed.
enum class outcome { done, none, conflict, again };

/// The data of a message.
std::string_view text_of(natsMsg* message) noexcept;

class session {
public:
    using milliseconds = std::chrono::milliseconds;
    using time_point = std::chrono::steady_clock::time_point;

    /// Checks the link's options, and connects; tries until `deadline`, then throws error.
    session(const remote_link& to, const char* role, time_point deadline);

    natsConnection* connection() const noexcept { return connection_.get(); }
    jsCtx* context() const noexcept { return context_.get(); }
    bool is_connected() const noexcept;
    std::uint64_t reconnects() const noexcept;

    const std::string& stream() const noexcept { return stream_; }
    const std::string& data_subject() const noexcept { return data_; }
    std::string state_subject(const char* role) const { return root_ + ".state." + role; }
    /// Where news for the producer are: what was stored as state, and what the consumer wants.
    std::string stored_subject(const char* role) const { return root_ + ".news.stored." + role; }
    std::string want_subject() const { return root_ + ".news.want"; }
    std::string news_subject() const { return root_ + ".news.>"; }

    /// Makes the two streams where they are missing, and makes room in them for `backstop` messages. done or again; throws error if a
    /// stream of that name is of another kind.
    outcome ensure_streams(std::uint64_t backstop);
    /// The newest record of an end: done, none (there is no record) or again. Throws error if it is unreadable.
    outcome read(const char* role, record& to, std::uint64_t& at) const;
    /// Replaces the record that is at `at` (0: there is none): done, and `at` is the new one's place; conflict; or again.
    outcome write(const char* role, const record& from, std::uint64_t& at) const;
    /// Publishes to the data stream and waits for the acknowledgement: done or again.
    outcome publish(std::string_view bytes, const std::string& id, std::uint64_t& sequence) const;
    /// The bytes of a stored message: done, none or again.
    outcome message_at(std::uint64_t sequence, std::string& bytes) const;
    /// Of the newest message in the data stream; nothing if the servers do not answer.
    std::optional<std::uint64_t> last_sequence() const;
    /// Frees messages below `sequence`.
    outcome purge(std::uint64_t sequence) const;

    /// What the servers said when they refused to make the streams: " (...)", for a sentence; empty if they did not.
    const std::string& refusal() const noexcept { return refusal_; }

private:
    outcome ensure(jsStreamConfig& wanted, bool is_data);
    jsOptions request_options() const noexcept;

    std::string root_, stream_, state_stream_, data_, refusal_;
    remote_link link_;
    owned<natsConnection> connection_;
    owned<jsCtx> context_;
};

/// A subscription that a thread of ours reads.
owned<natsSubscription> subscribe(const session& in, const std::string& subject);
/// Waits for a message; null when the time is over or the subscription has ended.
owned<natsMsg> next_message(natsSubscription* from, std::chrono::milliseconds time);

/// Throws error with "weir: " before the sentence.
[[noreturn]] void refuse(const std::string& sentence);

}  // namespace weir::jetstream
