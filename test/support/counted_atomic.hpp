// SPDX-License-Identifier: MIT
//
// Atomics for WEIR_ATOMIC_HEADER that write down every access of a thread, and elements that do the same: what an
// operation costs, in read-modify-writes, stores and cache lines, can be counted instead of timed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir_test {

/// One access to shared memory. A compare and exchange is a read_modify_write whether it succeeds or not: either way
/// the core must own the line. Elements are read and written as bytes, atomics loaded and stored.
struct memory_access {
    enum kind_type : unsigned char { load, store, read_modify_write, element_read, element_write } kind;
    std::uintptr_t address;

    bool writes() const { return kind == store || kind == read_modify_write || kind == element_write; }
};

/// Where the calling thread's accesses go; nowhere while it is null.
inline thread_local std::vector<memory_access>* recording = nullptr;

inline void record(memory_access::kind_type kind, const volatile void* at) {
    if (recording != nullptr) recording->push_back({kind, reinterpret_cast<std::uintptr_t>(at)});
}

/// An element of so many bytes that records each 8 of them when it is made, copied and moved.
template <std::size_t Bytes>
class recorded {
public:
    explicit recorded(std::uint64_t value = 0) noexcept {
        words_.fill(value);
        record_all(memory_access::element_write);
    }
    recorded(const recorded& other) noexcept : words_(other.words_) {
        other.record_all(memory_access::element_read);
        record_all(memory_access::element_write);
    }
    recorded& operator=(const recorded& other) noexcept {
        words_ = other.words_;
        other.record_all(memory_access::element_read);
        record_all(memory_access::element_write);
        return *this;
    }

    std::uint64_t value() const noexcept {
        record_all(memory_access::element_read);
        return words_.back();
    }

private:
    void record_all(memory_access::kind_type kind) const noexcept {
        for (const auto& word : words_) record(kind, &word);
    }

    std::array<std::uint64_t, Bytes / sizeof(std::uint64_t)> words_;
};

}  // namespace weir_test

namespace weir::detail {

template <class T>
struct atomic : std::atomic<T> {
    using std::atomic<T>::atomic;

    T load(std::memory_order order) const noexcept {
        weir_test::record(weir_test::memory_access::load, this);
        return std::atomic<T>::load(order);
    }
    void store(T value, std::memory_order order) noexcept {
        weir_test::record(weir_test::memory_access::store, this);
        std::atomic<T>::store(value, order);
    }
    T exchange(T value, std::memory_order order) noexcept { return modified()->exchange(value, order); }
    T fetch_add(T value, std::memory_order order) noexcept { return modified()->fetch_add(value, order); }
    T fetch_sub(T value, std::memory_order order) noexcept { return modified()->fetch_sub(value, order); }
    T fetch_or(T value, std::memory_order order) noexcept { return modified()->fetch_or(value, order); }
    T fetch_and(T value, std::memory_order order) noexcept { return modified()->fetch_and(value, order); }
    bool compare_exchange_weak(T& expected, T value, std::memory_order a, std::memory_order b) noexcept {
        return modified()->compare_exchange_strong(expected, value, a, b);
    }
    bool compare_exchange_strong(T& expected, T value, std::memory_order a, std::memory_order b) noexcept {
        return modified()->compare_exchange_strong(expected, value, a, b);
    }

    // Not to be used unseen.
    operator T() const noexcept = delete;
    T operator=(T) noexcept = delete;

private:
    std::atomic<T>* modified() noexcept {
        weir_test::record(weir_test::memory_access::read_modify_write, this);
        return this;
    }
};

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

}  // namespace weir::detail
