// SPDX-License-Identifier: MIT
//
// Atomics for WEIR_ATOMIC_HEADER that call a hook before a chosen operation of a thread: what a rare interleaving does
// at that point can be done there every time.
#pragma once

#include <atomic>

namespace weir_test {

/// Counts this thread's atomic operations down; before the one that reaches zero, `act` is called.
struct hook {
    int countdown = 0;
    void (*act)(void*) = nullptr;
    void* argument = nullptr;

    void step() {
        if (countdown > 0 && --countdown == 0) act(argument);
    }
};
inline thread_local hook this_thread_hook;

}  // namespace weir_test

namespace weir::detail {

template <class T>
struct atomic : std::atomic<T> {
    using std::atomic<T>::atomic;

    T load(std::memory_order order) const noexcept { return hooked()->load(order); }
    void store(T value, std::memory_order order) noexcept { hooked()->store(value, order); }
    T exchange(T value, std::memory_order order) noexcept { return hooked()->exchange(value, order); }
    T fetch_add(T value, std::memory_order order) noexcept { return hooked()->fetch_add(value, order); }
    T fetch_sub(T value, std::memory_order order) noexcept { return hooked()->fetch_sub(value, order); }
    T fetch_or(T value, std::memory_order order) noexcept { return hooked()->fetch_or(value, order); }
    T fetch_and(T value, std::memory_order order) noexcept { return hooked()->fetch_and(value, order); }
    bool compare_exchange_weak(T& expected, T value, std::memory_order a, std::memory_order b) noexcept {
        return hooked()->compare_exchange_strong(expected, value, a, b);
    }
    bool compare_exchange_strong(T& expected, T value, std::memory_order a, std::memory_order b) noexcept {
        return hooked()->compare_exchange_strong(expected, value, a, b);
    }

private:
    std::atomic<T>* hooked() noexcept {
        weir_test::this_thread_hook.step();
        return this;
    }
    const std::atomic<T>* hooked() const noexcept {
        weir_test::this_thread_hook.step();
        return this;
    }
};

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

}  // namespace weir::detail
