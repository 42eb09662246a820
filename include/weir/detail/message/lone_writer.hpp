// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "weir/detail/base/as.hpp"
#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/role_checker.hpp"
#include "weir/detail/message/record.hpp"

namespace weir::detail {

/// A base of the producer's end of a message ring with one producer: what follows a claim.
template <class State, std::size_t Alignment>
class lone_message_writer {
protected:
    using state = State;
    using mapping = records<Alignment>;

public:
    /// Hands the record over with the first `payload` bytes of what was claimed, which are written.
    void commit(state& shared, const record_claim& claimed, std::size_t payload, std::uint16_t type) noexcept {
        claimed_.close();
        // relaxed, both: (1) hands them over
        if (claimed.record != claimed.begin) {
            const auto skipped = as<std::size_t>(claimed.record - claimed.begin);
            mapped_.header(claimed.begin).store(record_header::of_padding(skipped), relaxed);
        }
        mapped_.header(claimed.record).store(record_header::of_message(payload, type), relaxed);
        const std::uint64_t end = claimed.record + mapping::record_bytes(payload);
        if (payload != claimed.payload) shared.closing.unclaim(shared.claimed, end);
        shared.sent.store(end, release);  // (1) release: pairs with (2), hands the records over
    }
    void abort(state& shared, const record_claim& claimed) noexcept {
        claimed_.close();
        shared.closing.unclaim(shared.claimed, claimed.begin);
    }

    std::byte* payload(const record_claim& claimed) const noexcept { return mapped_.payload(claimed.record); }

    /// How many bytes a push of this size needs now.
    std::size_t need(const state& shared, std::size_t payload) const noexcept {
        const std::size_t record = mapping::record_bytes(payload);
        return mapped_.skipped(shared.claimed.load(relaxed), record) + record;  // relaxed: only this thread writes it
    }

    void adopt() noexcept { role_.adopt(); }

protected:
    explicit lone_message_writer(mapping mapped) noexcept : mapped_(mapped) {}

    mapping mapped_;
    [[no_unique_address]] role_checker role_{};
    single_use_checker claimed_;
};

}  // namespace weir::detail
