// SPDX-License-Identifier: MIT
//
// The atomics of weir/detail/atomic.hpp over the model checker, by WEIR_ATOMIC_HEADER.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "model.hpp"

namespace weir::detail {

using memory_order = model::order;
inline constexpr auto relaxed = model::order::relaxed;
inline constexpr auto acquire = model::order::acquire;
inline constexpr auto release = model::order::release;
inline constexpr auto acq_rel = model::order::acq_rel;
inline constexpr auto seq_cst = model::order::seq_cst;

template <class T>
class atomic {
    using order = model::order;
    using place = model::place;
    using word = std::uint64_t;

public:
    atomic() noexcept : atomic(T{}) {}
    atomic(T value) noexcept : variable_(to_word(value)) {}

    T load(order o, place at = place::current()) const noexcept { return from_word(variable_.load(o, at)); }
    void store(T value, order o, place at = place::current()) noexcept { variable_.store(to_word(value), o, at); }
    T exchange(T value, order o, place at = place::current()) noexcept {
        return from_word(variable_.modify([](word, word v) { return v; }, to_word(value), o, at));
    }
    T fetch_add(T value, order o, place at = place::current()) noexcept {
        return from_word(
            variable_.modify([](word latest, word v) { return narrow(latest + v); }, to_word(value), o, at));
    }
    T fetch_sub(T value, order o, place at = place::current()) noexcept {
        return from_word(
            variable_.modify([](word latest, word v) { return narrow(latest - v); }, to_word(value), o, at));
    }
    T fetch_or(T value, order o, place at = place::current()) noexcept {
        return from_word(variable_.modify([](word latest, word v) { return latest | v; }, to_word(value), o, at));
    }
    T fetch_and(T value, order o, place at = place::current()) noexcept {
        return from_word(variable_.modify([](word latest, word v) { return latest & v; }, to_word(value), o, at));
    }
    bool compare_exchange_weak(T& expected, T value, order success, order failure,
                               place at = place::current()) noexcept {
        return compare_exchange(expected, value, true, success, failure, at);
    }
    bool compare_exchange_strong(T& expected, T value, order success, order failure,
                                 place at = place::current()) noexcept {
        return compare_exchange(expected, value, false, success, failure, at);
    }

    const model::variable& variable() const noexcept { return variable_; }

private:
    static word to_word(T value) noexcept {
        if constexpr (std::is_pointer_v<T>) {
            return std::bit_cast<std::uintptr_t>(value);
        } else {
            return static_cast<word>(value);
        }
    }
    static T from_word(word w) noexcept {
        if constexpr (std::is_pointer_v<T>) {
            return std::bit_cast<T>(static_cast<std::uintptr_t>(w));
        } else {
            return static_cast<T>(w);
        }
    }
    static word narrow(word w) noexcept { return to_word(from_word(w)); }

    bool compare_exchange(T& expected, T value, bool weak, order success, order failure, place at) noexcept {
        word e = to_word(expected);
        const bool done = variable_.compare_exchange(e, to_word(value), weak, success, failure, at);
        expected = from_word(e);
        return done;
    }

    model::variable variable_;
};

}  // namespace weir::detail
