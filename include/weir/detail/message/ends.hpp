// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "weir/detail/base/cache_line.hpp"
#include "weir/detail/base/tally.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/detail/wait/scheduler.hpp"
#include "weir/stats.hpp"
#include "weir/status.hpp"
#include "weir/wait.hpp"

namespace weir::detail {

struct byte_counts {
    alignas(separation_bytes) event_count<true> pushed;
    event_count<true> high_water;
    alignas(separation_bytes) event_count<false> popped;
};
struct no_byte_counts {};

/// The core of a message ring, the lots where its threads wait, and its ledgers.
template <class Core, class Wait, class Stats>
class message_ends {
public:
    static constexpr bool has_many_producers = Core::has_many_producers;
    static constexpr bool keeps_statistics = std::same_as<Stats, stats::on>;

    template <class... Args>
    explicit message_ends(const Args&... args) : core_(args...) {}

    Core& core() noexcept { return core_; }
    const Core& core() const noexcept { return core_; }
    const auto& items() const noexcept { return items_; }
    const auto& space() const noexcept { return space_; }

    static constexpr bool is_to_wait(status answer) noexcept {
        return answer == status::full || answer == status::empty || answer == status::busy;
    }

    // ---- producers -------------------------------------------------------------------------------------------

    record_claim try_claim(std::size_t payload) noexcept {
        const record_claim claimed = claim(payload);
        if (claimed.answer == status::full) [[unlikely]]
            found_full(payload);
        note_push(claimed.answer);
        return claimed;
    }

    template <class Stop>
    record_claim claim_unless(std::size_t payload, Stop& stop, steady_time deadline) {
        record_claim claimed = claim(payload);
        note_push(claimed.answer);
        if (!is_to_wait(claimed.answer) || stop()) return claimed;
        const auto done = [&] {
            claimed = claim(payload);
            return !is_to_wait(claimed.answer) || stop();
        };
        if (!sleep_for_room(payload, done, deadline)) claimed = {status::timeout};
        if (!is_to_wait(claimed.answer)) note_push(claimed.answer);
        return claimed;
    }

    void commit(const record_claim& claimed, std::size_t payload, std::uint16_t type) noexcept {
        core_.commit(claimed, payload, type);
        made_.passed(1);
        if constexpr (keeps_statistics) {
            bytes_.pushed.add(payload);
            bytes_.high_water.raise_to(core_.size_approx());
        }
        if (items_.notify(1)) made_.woke();
    }
    void abort(const record_claim& claimed) noexcept {
        core_.abort(claimed);
        // The consumer may wait for the messages behind this one.
        if constexpr (has_many_producers) (void)items_.notify(1);
    }

    // ---- the consumer ----------------------------------------------------------------------------------------

    /// Calls `visit(message)` as the core's consume() does. Counts nothing where there was no message.
    template <class Visit>
    std::size_t consume(Visit& visit, std::size_t most) {
        return core_.consume(visit, most, [this](std::size_t n) noexcept { freed(n); });
    }

    void note_no_messages() noexcept {
        const status answer = core_.shortage();
        if (answer == status::empty) [[unlikely]]
            found_empty();
        note_pop(answer);
    }

    /// Waits until `attempt()` has found messages: success; closed, when there will be none; timeout; or, if stop() returned true,
    /// empty or busy.
    template <class Attempt, class Stop>
    status wait_for_messages(Attempt attempt, Stop& stop, steady_time deadline) {
        status answer = status::empty;
        bool is_stopped = false;
        const auto done = [&] {
            is_stopped = stop();  // first: what came before that is still visited
            answer = attempt() ? status(status::success) : core_.shortage();
            return !is_to_wait(answer) || is_stopped;
        };
        bool in_time = sleep_in(
            items_, taken_, [&] { return done() || core_.is_closed(); }, deadline);
        // Closed, but a push from before is still under way: there is no notification when it is given up.
        if (in_time && is_to_wait(answer) && !is_stopped) in_time = weir::wait::sleep::lot(true).wait(done, deadline);
        if (!in_time) answer = status::timeout;
        if (answer != status::success && !is_to_wait(answer)) note_pop(answer);
        return answer;
    }

    // ---- to wait at several rings: see detail/select/any_end.hpp -----------------------------------------------

    auto& lot_of_items() noexcept { return items_; }
    auto& lot_of_room() noexcept { return space_; }
    /// As of ring_ends. Padding may count as a message.
    status look_for_items() noexcept {
        if (core_.has_messages()) return status::success;
        if (core_.shortage() == status::closed) return status::closed;
        return core_.is_closed() ? status::busy : status::empty;
    }
    status look_for_room(std::size_t payload) noexcept {
        if (core_.is_closed()) return status::closed;
        return core_.need(payload) <= room() ? status::success : status::full;
    }

    // ---- any thread ------------------------------------------------------------------------------------------

    void close() noexcept {
        core_.close();
        wake_all();
    }
    void wake_all() noexcept {
        items_.notify_all();
        space_.notify_all();
    }

    stats::message_snapshot snapshot() const noexcept
        requires keeps_statistics
    {
        return {core_.capacity(),         core_.size_approx(), bytes_.pushed.read(), bytes_.popped.read(),
                bytes_.high_water.read(), made_.of_producer(), taken_.of_consumer()};
    }
    void count_popped_bytes(std::size_t n) noexcept {
        if constexpr (keeps_statistics) bytes_.popped.add(n);
    }

private:
    record_claim claim(std::size_t payload) noexcept {
        if (payload > Core::mapping::most_payload(core_.capacity())) return {status::too_large};
        return core_.claim(payload);
    }

    // Which of several producers can go on depends on how much each needs: all of them look again.
    void freed(std::size_t messages) noexcept {
        taken_.passed(messages);
        if (space_.notify(std::numeric_limits<std::size_t>::max(), [this]() noexcept { return room(); })) taken_.woke();
    }
    std::size_t room() const noexcept { return core_.capacity() - core_.size_approx(); }

    void note_push(status answer) noexcept {
        if constexpr (keeps_statistics) {
            if (!answer) made_.refused(answer, 0);
        }
    }
    void note_pop(status answer) noexcept {
        if constexpr (keeps_statistics) {
            if (!answer) taken_.refused(answer, 0);
        }
    }

    // A strategy with descriptors makes them unreadable when a try-operation has found nothing.
    void found_full(std::size_t payload) noexcept {
        if constexpr (requires { space_.found_nothing([] { return true; }); }) {
            const auto has_room = [&] { return core_.is_closed() || core_.need(payload) <= room(); };
            if (!core_.is_closed()) space_.found_nothing(has_room);
        }
    }
    void found_empty() noexcept {
        if constexpr (requires { items_.found_nothing([] { return true; }); }) {
            if (!core_.is_closed()) items_.found_nothing([this] { return core_.is_closed() || core_.has_messages(); });
        }
    }

    template <class Done>
    bool sleep_for_room(std::size_t payload, Done& done, steady_time deadline) {
        const auto parked = [this]() noexcept { made_.parked(); };
        if constexpr (requires { space_.wait_for(1, done, deadline, parked); }) {
            // Where others push, it may need less by the time there is room: then the storage ends elsewhere.
            const std::size_t least = has_many_producers ? Core::mapping::record_bytes(payload) : core_.need(payload);
            return space_.wait_for(least, done, deadline, parked);
        } else {
            return sleep_in(space_, made_, done, deadline);
        }
    }
    template <class Lot, class Ledger, class Done>
    static bool sleep_in(Lot& lot, Ledger& ledger, Done done, steady_time deadline) {
        const auto parked = [&ledger]() noexcept { ledger.parked(); };
        if constexpr (requires { lot.wait(done, deadline, parked); }) {
            return lot.wait(done, deadline, parked);
        } else {
            return lot.wait(done, deadline);
        }
    }

    Core core_;
    typename Wait::lot items_{false};  // where the consumer waits
    typename Wait::lot space_{true};   // where producers wait
    [[no_unique_address]] typename Stats::template ledger<0, has_many_producers> made_;
    [[no_unique_address]] typename Stats::template ledger<1, false> taken_;
    [[no_unique_address]] std::conditional_t<keeps_statistics, byte_counts, no_byte_counts> bytes_;
};

}  // namespace weir::detail
