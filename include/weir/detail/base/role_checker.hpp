// SPDX-License-Identifier: MIT
#pragma once

#include "weir/detail/base/atomic.hpp"
#include "weir/detail/base/contract.hpp"
#include "weir/detail/base/this_thread.hpp"

// On in debug builds; define to 0 or 1 to decide otherwise, the same in every translation unit. The layout of a ring
// does not depend on it.
#ifndef WEIR_CHECK_ROLES
#ifdef NDEBUG
#define WEIR_CHECK_ROLES 0
#else
#define WEIR_CHECK_ROLES 1
#endif
#endif

namespace weir::detail {

/// Remembers which thread uses a single-ended side of a ring and aborts, with a sentence, when another one does.
/// Finds every use by a second thread, not only the overlapping ones that happen to corrupt something today.
class role_checker {
public:
    void check([[maybe_unused]] const char* sentence) noexcept {
#if WEIR_CHECK_ROLES
        const void* const self = this_thread();
        const void* owner = owner_.load(relaxed);  // relaxed: an identity, it hands over no data
        if (owner == self) return;
        // relaxed: as above
        if (owner != nullptr || !owner_.compare_exchange_strong(owner, self, relaxed, relaxed)) abort_with(sentence);
#endif
    }

    /// The calling thread takes the side over; the previous one must have stopped, and that must happen before this call.
    void adopt() noexcept {
#if WEIR_CHECK_ROLES
        owner_.store(this_thread(), relaxed);  // relaxed: as above
#endif
    }

    void forget() noexcept { owner_.store(nullptr, relaxed); }  // relaxed: as above

private:
    atomic<const void*> owner_{nullptr};
};

/// A role that moves with the handle that has it: the next thread that uses the handle is the one.
class movable_role : public role_checker {
public:
    movable_role() noexcept = default;
    movable_role(movable_role&&) noexcept {}
    movable_role& operator=(movable_role&&) noexcept {
        forget();
        return *this;
    }
};

/// Aborts, with a sentence, when something that can be open once is opened again. One thread.
class single_use_checker {
public:
    void check([[maybe_unused]] const char* sentence) const noexcept {
#if WEIR_CHECK_ROLES
        if (is_open_) abort_with(sentence);
#endif
    }
    void open() noexcept {
#if WEIR_CHECK_ROLES
        is_open_ = true;
#endif
    }
    void close() noexcept {
#if WEIR_CHECK_ROLES
        is_open_ = false;
#endif
    }

    /// Opens it until the end of the scope, however that ends.
    class scope {
    public:
        explicit scope(single_use_checker& of) noexcept : of_(of) { of_.open(); }
        ~scope() { of_.close(); }
        scope(const scope&) = delete;
        scope& operator=(const scope&) = delete;

    private:
        single_use_checker& of_;
    };

private:
    [[maybe_unused]] bool is_open_ = false;
};

}  // namespace weir::detail
