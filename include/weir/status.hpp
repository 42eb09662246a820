// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir {

/// The answer of an operation on a ring.
///
/// Converts explicitly to bool, true only for `success`, so that `if (ring.try_push(x))` reads well while
/// `== status::closed` still tells the other answers apart. `switch` over `code()`.
class [[nodiscard]] status {
public:
    enum value : unsigned char {
        success,    ///< done
        empty,      ///< pop: the ring holds nothing
        full,       ///< push: every one of the `capacity()` slots is taken
        no_credit,  ///< push: there is room, but the consumer has not asked for more
        busy,       ///< a peer is in the middle of the slot that is needed: retry; the ring is neither full nor empty
        closed,     ///< the ring was closed; for a pop: and everything accepted was delivered
        timeout,    ///< a timed operation ran out of time and had no effect
        too_large,  ///< push: larger than the largest message that the ring accepts when it is empty
        peer_died,  ///< of rings between processes: the process on the other side died; said once
        corrupted,  ///< of rings between processes: the shared memory holds what no peer writes; from now on, for ever
    };

    constexpr status(value v) noexcept : value_(v) {}

    constexpr explicit operator bool() const noexcept { return value_ == success; }
    constexpr value code() const noexcept { return value_; }
    friend constexpr bool operator==(status, status) noexcept = default;

private:
    value value_;
};

/// The name of a status, as the enumerator is spelled.
constexpr std::string_view to_string(status s) noexcept {
    switch (s.code()) {
    case status::success: return "success";
    case status::empty: return "empty";
    case status::full: return "full";
    case status::no_credit: return "no_credit";
    case status::busy: return "busy";
    case status::closed: return "closed";
    case status::timeout: return "timeout";
    case status::too_large: return "too_large";
    case status::peer_died: return "peer_died";
    case status::corrupted: return "corrupted";
    }
    return "unknown";
}

/// How far an operation can be held up by other threads (Herlihy, Shavit: The Art of Multiprocessor Programming).
enum class progress : unsigned char {
    blocking,     ///< a suspended peer can keep the call from returning
    may_be_busy,  ///< every call returns, as if lock-free; but a peer suspended in the middle of an operation can make it
                  ///< answer `busy` again and again until that peer goes on
    lock_free,    ///< some thread always completes in a bounded number of steps
    wait_free,    ///< the calling thread completes in a bounded number of its own steps
};

}  // namespace weir
