// SPDX-License-Identifier: MIT
//
// What rings need around code of their users: iterators, constructors and visits, which may throw.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// Whether reading from an iterator, and moving it on, cannot throw.
template <class It>
inline constexpr bool reads_nothrow = noexcept(*std::declval<It&>())&& noexcept(++std::declval<It&>());
template <class It>
inline constexpr bool reads_nothrow<std::move_iterator<It>> =
    reads_nothrow<It>&& noexcept(std::ranges::iter_move(std::declval<const It&>()));

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

/// What moves an element that is being taken to a variable ...
template <class T>
auto assign_to(T& out) noexcept {
    return [&out](T& element) noexcept(std::is_nothrow_move_assignable_v<T>) { out = std::move(element); };
}
/// ... or to an optional.
template <class T>
auto emplace_in(std::optional<T>& out) noexcept {
    return [&out](T& element) noexcept { out.emplace(std::move(element)); };
}

/// What copies an element that others see, too, to a variable ...
template <class Out>
auto copy_to(Out& out) noexcept {
    return [&out](const auto& element) { out = element; };
}
/// ... or to an optional.
template <class T>
auto copy_in(std::optional<T>& out) noexcept {
    return [&out](const T& element) { out.emplace(element); };
}

/// The stop predicate of operations that do not stop.
constexpr bool never() noexcept { return false; }

/// Calls `batch()`, which adds to `done` for each item. Returns false if an exception ended it; passes the exception on if
/// `done` was 0.
template <class Batch>
bool ended_normally([[maybe_unused]] const std::size_t& done, Batch batch) {
#if defined(__cpp_exceptions)
    if constexpr (!noexcept(batch())) {
        try {
            batch();
        } catch (...) {
            if (done == 0) throw;
            return false;
        }
    } else {
        batch();
    }
#else
    batch();
#endif
    return true;
}

/// Calls `push(item)` on up to `n` items, until it answers other than success. Returns how many were pushed. An exception
/// passes on if nothing was pushed before it, and otherwise ends the batch.
template <class It, class Push>
std::size_t push_singly(It& from, std::size_t n, Push push) {
    std::size_t pushed = 0;
    (void)ended_normally(pushed, [&]() noexcept(noexcept(push(*from))&& noexcept(++from)) {
        for (; pushed < n && push(*from); ++from) ++pushed;
    });
    return pushed;
}

}  // namespace weir::detail
