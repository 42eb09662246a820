// SPDX-License-Identifier: MIT
//
// Reads datagrams in the order in which they come, and counts what is missing between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "feed_format.hpp"

namespace trading {

/// Datagrams that came = good + damaged + stale + after_end. Of the feed's datagrams and messages, each is good or lost:
/// what the numbers of the next good datagram, or of the end, step over.
struct feed_counts {
    std::uint64_t good = 0;
    std::uint64_t damaged = 0;    ///< nothing of them is used; their numbers show as a gap
    std::uint64_t stale = 0;      ///< came twice, or too late: already counted, as good or as lost
    std::uint64_t after_end = 0;  ///< the end itself included
    std::uint64_t messages = 0;   ///< in good ones
    std::uint64_t gaps = 0;
    std::uint64_t lost_datagrams = 0;
    std::uint64_t lost_messages = 0;
    feed::withheld_counts withheld;  ///< of the lost ones, those that the sender withheld, as the end says
};

/// A hole in the feed, right before a datagram.
struct feed_gap {
    std::uint64_t datagrams = 0;
    std::uint64_t messages = 0;
};

class feed_watch {
public:
    /// Calls `on_gap(gap)` if something is missing before this datagram, and `on_message(message, sequence number)` for each of its
    /// messages. Of a datagram that is not good, nothing is used.
    template <class OnGap, class OnMessage>
    feed::verdict take(std::span<const std::byte> datagram, OnGap&& on_gap, OnMessage&& on_message) {
        feed::header head;
        const feed::verdict answer = feed::read(datagram, head);
        if (has_ended_) {
            ++counts_.after_end;
        } else if (answer != feed::verdict::good) {
            ++counts_.damaged;
        } else if (head.number < next_number_) {
            ++counts_.stale;
        } else if (!is_possible(head)) {
            ++counts_.damaged;
            return feed::verdict::not_of_this_feed;
        } else {
            if (head.number != next_number_) report({head.number - next_number_, head.first - next_sequence_}, on_gap);
            next_number_ = std::uint64_t{head.number} + 1;
            next_sequence_ = head.first;
            if (head.what == feed::kind::end) {
                has_ended_ = true;
                counts_.withheld = feed::withheld_of(datagram);
                ++counts_.after_end;
            } else {
                ++counts_.good;
                counts_.messages += head.messages;
                feed::for_each_message(datagram, [&](const feed::message& m) { on_message(m, next_sequence_++); });
            }
        }
        return answer;
    }

    bool has_ended() const noexcept { return has_ended_; }
    const feed_counts& counts() const noexcept { return counts_; }

private:
    // The two counters must move together: no messages are missing without a datagram.
    bool is_possible(const feed::header& head) const noexcept {
        return head.number == next_number_ ? head.first == next_sequence_ : head.first >= next_sequence_;
    }
    template <class OnGap>
    void report(feed_gap gap, OnGap& on_gap) {
        ++counts_.gaps;
        counts_.lost_datagrams += gap.datagrams;
        counts_.lost_messages += gap.messages;
        on_gap(gap);
    }

    feed_counts counts_;
    std::uint64_t next_number_ = 1;
    std::uint64_t next_sequence_ = 1;
    bool has_ended_ = false;
};

}  // namespace trading
