// SPDX-License-Identifier: MIT
//
// Watches a link from outside, by a connection of its own: no message may hold an item that is not granted by what the servers have
// recorded at that time.
#pragma once

#include "src/jetstream/frame.hpp"
#include "src/jetstream/session.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

namespace weir_test {

class observer {
public:
    explicit observer(const weir::jetstream::remote_link& link)
        : session_(link, "observer", std::chrono::steady_clock::now() + std::chrono::seconds(30)),
          data_(weir::jetstream::subscribe(session_, session_.data_subject())),
          news_(weir::jetstream::subscribe(session_, session_.stored_subject("consumer"))),
          thread_([this] { watch(); }) {}
    ~observer() { stop(); }

    void stop() {
        stopped_.store(true, std::memory_order_relaxed);  // no data goes with it
        if (thread_.joinable()) thread_.join();
    }
    /// Messages that were checked, and what the first one that broke the bound was: a sentence, or nothing.
    std::uint64_t checked() const {
        const std::lock_guard lock(mutex_);
        return checked_;
    }
    std::string violation() const {
        const std::lock_guard lock(mutex_);
        return violation_;
    }
    /// The server that leads the stream of data; empty if none is known.
    std::string leader() {
        jsStreamInfo* raw = nullptr;
        jsErrCode code{};
        if (js_GetStreamInfo(&raw, session_.context(), session_.stream().c_str(), nullptr, &code) != NATS_OK) return {};
        const weir::jetstream::owned<jsStreamInfo> info(raw);
        return info->Cluster != nullptr && info->Cluster->Leader != nullptr ? info->Cluster->Leader : std::string{};
    }
    weir::jetstream::session& session() { return session_; }

    /// What the servers say of one of the link's streams: its leader, and the replicas that are not up to date. "all current", if all are.
    std::string replicas(const std::string& stream) {
        jsStreamInfo* raw = nullptr;
        jsErrCode code{};
        const natsStatus status = js_GetStreamInfo(&raw, session_.context(), stream.c_str(), nullptr, &code);
        if (status != NATS_OK)
            return std::string("no answer: ") + natsStatus_GetText(status) + " " + std::to_string(code);
        const weir::jetstream::owned<jsStreamInfo> info(raw);
        if (info->Cluster == nullptr || info->Cluster->Leader == nullptr) return "no leader";
        std::string behind;
        for (int i = 0; i < info->Cluster->ReplicasLen; ++i) {
            const jsPeerInfo& one = *info->Cluster->Replicas[i];
            if (one.Offline || !one.Current || one.Lag > 0)
                behind +=
                    std::string(" ") + one.Name + (one.Offline ? " offline" : " lags by " + std::to_string(one.Lag));
        }
        return behind.empty() && info->Cluster->ReplicasLen == 2
                   ? "all current"
                   : std::string("leader ") + info->Cluster->Leader + behind;
    }
    bool are_all_current() {
        return replicas(session_.stream()) == "all current" && replicas(session_.stream() + "_state") == "all current";
    }

private:
    void watch() {
        using namespace weir::jetstream;
        while (!stopped_.load(std::memory_order_relaxed)) {
            const auto message = next_message(data_.get(), std::chrono::milliseconds(50));
            if (message == nullptr) continue;
            const auto read = parse_frame(std::as_bytes(std::span(text_of(message.get()))));
            if (!read || read->items.empty()) continue;
            const std::uint64_t last = read->first + read->items.size();
            // The limit was recorded before the message was sent, so it is there to be read now.
            take_news();
            for (int attempt = 0; last > limit_ && attempt < 100 && !stopped_.load(std::memory_order_relaxed);
                 ++attempt) {
                record found;
                std::uint64_t at = 0;
                const outcome answer = session_.read("consumer", found, at);
                if (answer == outcome::done) limit_ = std::max(limit_, found.limit);
                if (answer != outcome::again) break;
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
            const std::lock_guard lock(mutex_);
            ++checked_;
            if (last > limit_ && violation_.empty())
                violation_ = "items up to " + std::to_string(last) + " were published, and " + std::to_string(limit_) +
                             " were granted";
        }
    }
    void take_news() {
        using namespace weir::jetstream;
        while (const auto message = next_message(news_.get(), std::chrono::milliseconds(0)))
            if (const auto found = parse_record(text_of(message.get()))) limit_ = std::max(limit_, found->limit);
    }

    weir::jetstream::session session_;
    weir::jetstream::owned<natsSubscription> data_;
    weir::jetstream::owned<natsSubscription> news_;
    std::uint64_t limit_ = 0;  // the thread's
    mutable std::mutex mutex_;
    std::uint64_t checked_ = 0;
    std::string violation_;
    std::atomic<bool> stopped_{false};
    std::thread thread_;
};

}  // namespace weir_test
