// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace weir {

/// The answer of an operation on a ring or a credit_gate. The comment of the operation is exact; here are the usual meanings.
///
/// Converts explicitly to bool, true only for `success`, so that `if (ring.try_push(x))` reads well while
/// `== status::closed` still tells the other answers apart. `switch` over `code()`.
class [[nodiscard]] status {
public:
    enum value : unsigned char {
        success,    ///< done
        empty,      ///< pop: nothing to take; also when a wait was stopped
        full,       ///< push: no room for this item or message now; also when a wait was stopped
        no_credit,  ///< push: the consumer has not asked for more; gate: too few credits, or an earlier request waits
        busy,       ///< another thread or process is in the middle of an operation that is needed: retry
        closed,     ///< the ring was closed; for a pop: and everything accepted was delivered
        timeout,    ///< a timed operation ran out of time and had no effect
        too_large,  ///< more than the empty ring, or the gate, can ever take
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
