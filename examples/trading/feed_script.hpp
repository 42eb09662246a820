// SPDX-License-Identifier: MIT
//
// A made-up market as datagrams. The same settings give the same bytes, with every compiler and library.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "feed_format.hpp"

namespace trading {

struct feed_settings {
    std::uint64_t seed = 1;
    std::uint32_t datagrams = 20'000;
    double rate = 20'000;               ///< datagrams a second between bursts; 0: all at once
    std::uint32_t burst_every = 2'000;  ///< of so many datagrams ...
    std::uint32_t burst = 400;          ///< ... the first so many are sent at once
    double withheld = 0.001;            ///< the share of datagrams at which a gap of 1 to 4 datagrams begins
    std::uint8_t symbols = 4;
};

class feed_script {
public:
    explicit feed_script(const feed_settings& chosen)
        : chosen_(chosen), random_(chosen.seed), mids_(std::max<std::size_t>(chosen.symbols, 1), 10'000) {}

    struct step {
        std::span<const std::byte> datagram;  ///< valid until the next step
        bool is_withheld;                     ///< not to be sent: the receiver is to see a gap
        bool is_paced;                        ///< to be sent when its time has come; otherwise at once
    };

    /// The next datagram; nothing at the end.
    std::optional<step> next() {
        if (made_ == chosen_.datagrams) return std::nullopt;
        writer_.emplace(++made_, next_sequence_);
        const std::uint32_t messages = write_messages(*writer_);
        next_sequence_ += messages;
        const bool is_withheld = withhold();
        if (is_withheld) {
            ++withheld_.datagrams;
            withheld_.messages += messages;
        }
        const bool is_burst = chosen_.burst_every > 0 && (made_ - 1) % chosen_.burst_every < chosen_.burst;
        return step{writer_->finish(), is_withheld, !is_burst};
    }

    /// The end of the feed, after the last step.
    std::span<const std::byte> end() {
        writer_.emplace(made_ + 1, next_sequence_);
        return writer_->finish(withheld_);
    }

    std::uint32_t datagrams() const noexcept { return made_; }
    std::uint64_t messages() const noexcept { return next_sequence_ - 1; }
    const feed::withheld_counts& withheld() const noexcept { return withheld_; }

private:
    // Below `n`, which is small: the standard's distributions differ from library to library.
    std::uint32_t below(std::uint64_t n) { return static_cast<std::uint32_t>((random_() >> 32) * n >> 32); }
    bool chance(double share) { return static_cast<double>(random_() >> 11) * 0x1p-53 < share; }

    // Mostly a few messages; some datagrams have none, as heartbeats do, and some are full to the last byte.
    std::uint32_t write_messages(feed::datagram_writer& to) {
        const std::uint32_t size_class = below(100);
        std::uint32_t wanted = 1 + below(size_class < 80 ? 4 : 40);
        if (size_class < 2) wanted = 0;
        std::uint32_t written = 0;
        for (; written < wanted && to.add(make_message()); ++written) {
        }
        for (; size_class >= 98 && to.room() >= feed::least_notice_bytes; ++written) {
            // Leaves no rest that is too small for a notice.
            std::size_t bytes = std::min<std::size_t>(to.room(), 200);
            if (to.room() - bytes != 0 && to.room() - bytes < feed::least_notice_bytes)
                bytes -= feed::least_notice_bytes;
            if (!to.add({feed::type::notice, 0, {}, 0, 0, padding().substr(0, bytes - 4)})) break;
        }
        return written;
    }

    feed::message make_message() {
        const auto symbol = static_cast<std::uint8_t>(below(mids_.size()));
        std::uint32_t& mid = mids_[symbol];
        mid = std::clamp<std::uint32_t>(mid + below(3) - 1, 100, 1'000'000);
        const auto of = static_cast<feed::side>(below(2));
        const std::uint32_t away = 1 + below(3);
        const std::uint32_t price = of == feed::side::buy ? mid - away : mid + away;
        const std::uint32_t kind = below(100);
        if (kind < 85) return {feed::type::quote, symbol, of, price, kind < 2 ? 0 : 1 + below(1000), {}};
        if (kind < 97) return {feed::type::trade, symbol, of, price, 1 + below(100), {}};
        return {feed::type::notice, symbol, {}, 0, 0, padding().substr(0, below(100))};
    }

    bool withhold() {
        if (to_withhold_ == 0 && chance(chosen_.withheld)) to_withhold_ = 1 + below(4);
        if (to_withhold_ == 0) return false;
        --to_withhold_;
        return true;
    }

    static std::string_view padding() {
        static constexpr std::array<char, 251> dots = [] {
            std::array<char, 251> made{};
            made.fill('.');
            return made;
        }();
        return {dots.data(), dots.size()};
    }

    feed_settings chosen_;
    std::mt19937_64 random_;
    std::vector<std::uint32_t> mids_;
    std::optional<feed::datagram_writer> writer_;
    std::uint32_t made_ = 0;
    std::uint32_t to_withhold_ = 0;
    std::uint64_t next_sequence_ = 1;
    feed::withheld_counts withheld_;
};

}  // namespace trading
