// SPDX-License-Identifier: MIT
//
// What try_reserve() and reserve() of a message ring return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "weir/detail/base/contract.hpp"
#include "weir/detail/message/record.hpp"
#include "weir/status.hpp"

namespace weir {

/// Room for a message that is claimed and not yet handed over. commit(k) hands its first k bytes over; a reservation that is dropped
/// without it leaves no message behind. Belongs to the thread that made it; must not outlive the ring. What was reserved before
/// the ring was closed can still be committed.
template <class Ring>
class [[nodiscard]] message_reservation {
public:
    message_reservation(const message_reservation&) = delete;
    message_reservation& operator=(const message_reservation&) = delete;
    ~message_reservation() {
        if (is_open_) ring_.ends_.abort(claimed_);
    }

    /// success; or why there is no room: full, closed, too_large, timeout.
    status answer() const noexcept { return claimed_.answer; }
    explicit operator bool() const noexcept { return claimed_.answer == status::success; }

    /// The bytes to be written: as many as were asked for; none if there is no room. They hold rests of older messages.
    std::span<std::byte> bytes() const noexcept {
        return {ring_.ends_.core().payload(claimed_), is_open_ ? claimed_.payload : 0};
    }

    /// Hands the message over: all of it, or its first `k` bytes. Once; aborts when `k` is more than was reserved, or when there is
    /// no reservation (any more).
    void commit() noexcept { commit(claimed_.payload); }
    void commit(std::size_t k) noexcept {
        if (!is_open_ || k > claimed_.payload) {
            detail::abort_with(
                "message_reservation::commit: there is no reservation of so many bytes; look at the reservation before, and "
                "commit it once");
        }
        is_open_ = false;
        ring_.ends_.commit(claimed_, k, type_);
    }

private:
    friend Ring;
    message_reservation(Ring& ring, const detail::record_claim& claimed, std::uint16_t type) noexcept
        : ring_(ring), claimed_(claimed), type_(type), is_open_(claimed.answer == status::success) {}

    Ring& ring_;
    detail::record_claim claimed_;
    std::uint16_t type_;
    bool is_open_;
};

}  // namespace weir
