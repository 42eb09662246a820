// SPDX-License-Identifier: MIT
//
// What rings need around code of their users: iterators, constructors and visits, which may throw.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

namespace weir::detail {

/// Whether reading from an iterator, and moving it on, cannot throw.
template <class It>
inline constexpr bool reads_nothrow = noexcept(*std::declval<It&>()) && noexcept(++std::declval<It&>());
template <class It>
inline constexpr bool reads_nothrow<std::move_iterator<It>> = reads_nothrow<It>;

/// Calls `f` at the end of the scope, however it ends.
template <class F>
class at_scope_end {
public:
    explicit at_scope_end(F f) noexcept : f_(std::move(f)) {}
    ~at_scope_end() { f_(); }
    at_scope_end(const at_scope_end&) = delete;
    at_scope_end& operator=(const at_scope_end&) = delete;

private:
    F f_;
};

/// Calls `push(item)` on up to `n` items, until it answers other than success. Returns how many were pushed. An exception
/// passes on if nothing was pushed before it, and otherwise ends the batch.
template <class It, class Push>
std::size_t push_singly(It& from, std::size_t n, Push push) {
    std::size_t pushed = 0;
    const auto push_all = [&] {
        while (pushed < n && push(*from)) {
            ++pushed;
            ++from;
        }
    };
#if defined(__cpp_exceptions)
    try {
        push_all();
    } catch (...) {
        if (pushed == 0) throw;
    }
#else
    push_all();
#endif
    return pushed;
}

}  // namespace weir::detail
