// SPDX-License-Identifier: MIT
//
// The atomics of the model, whose thread may die before any operation, by WEIR_ATOMIC_HEADER.
#pragma once

#define atomic immortal_atomic
#include "model_atomic.hpp"
#undef atomic

namespace model {

/// The calling thread is about to do something that others can see. If it is its time, it does not return before the scenario is over.
inline void step(place) noexcept;

}  // namespace model

namespace weir::detail {

template <class T>
class atomic : public immortal_atomic<T> {
    using base = immortal_atomic<T>;
    using order = model::order;
    using place = model::place;

public:
    atomic() noexcept = default;
    atomic(T value) noexcept : base(value) {}

    T load(order o, place at = place::current()) const noexcept {
        model::step(at);
        return base::load(o, at);
    }
    void store(T value, order o, place at = place::current()) noexcept {
        model::step(at);
        base::store(value, o, at);
    }
    T exchange(T value, order o, place at = place::current()) noexcept {
        model::step(at);
        return base::exchange(value, o, at);
    }
    T fetch_or(T value, order o, place at = place::current()) noexcept {
        model::step(at);
        return base::fetch_or(value, o, at);
    }
    bool compare_exchange_strong(T& expected, T value, order success, order failure,
                                 place at = place::current()) noexcept {
        model::step(at);
        return base::compare_exchange_strong(expected, value, success, failure, at);
    }
};

}  // namespace weir::detail
