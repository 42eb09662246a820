// SPDX-License-Identifier: MIT
//
// The kinds of elements that a ring must hold, each made from a number and able to tell it again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

namespace weir_test {

/// Four cache lines, all of which must arrive.
struct big {
    std::array<std::uint64_t, 32> words{};

    big() = default;
    explicit big(int value) { words.fill(static_cast<std::uint64_t>(value)); }
};

template <std::size_t Alignment>
struct alignas(Alignment) aligned {
    int value = 0;

    aligned() = default;
    explicit aligned(int v) : value(v) { check(); }
    aligned(const aligned& other) noexcept : value(other.value) { check(); }
    aligned& operator=(const aligned& other) = default;

    void check() const {
        if (reinterpret_cast<std::uintptr_t>(this) % Alignment != 0) misplaced = true;
    }
    static inline bool misplaced = false;
};

/// Counts the objects that are alive, and remembers a double destruction or a use after it.
struct counted {
    int value = 0;

    counted() : counted(0) {}
    explicit counted(int v) : value(v) { ++alive; }
    counted(const counted& other) noexcept : value(other.read()) { ++alive; }
    counted(counted&& other) noexcept : value(std::exchange(other.value, moved_from)) { ++alive; }
    counted& operator=(const counted& other) noexcept {
        value = other.read();
        return *this;
    }
    counted& operator=(counted&& other) noexcept {
        value = std::exchange(other.value, moved_from);
        return *this;
    }
    ~counted() {
        if (mark != live_mark) ++misuses;
        mark = 0;
        --alive;
    }

    int read() const {
        if (mark != live_mark) ++misuses;
        return value;
    }

    static constexpr int moved_from = -1;
    static inline int alive = 0;
    static inline int misuses = 0;

private:
    static constexpr std::uint32_t live_mark = 0x11feabcd;
    std::uint32_t mark = live_mark;
};

#if defined(__cpp_exceptions)
/// Throws from its constructors when told to; moving it never throws.
struct throwing : counted {
    throwing() = default;
    explicit throwing(int v) : counted((count_down(), v)) {}
    throwing(const throwing& other) : counted((count_down(), other)) {}
    throwing(throwing&& other) noexcept : counted(std::move(other)) {}
    throwing& operator=(const throwing&) = default;
    throwing& operator=(throwing&&) noexcept = default;

    static void count_down() {
        if (throw_in > 0 && --throw_in == 0) throw std::runtime_error("as told");
    }
    static inline int throw_in = 0;  // 1: the next construction throws; 0: none does
};
#endif

// make<T>(n) and number(t): the way from numbers to elements and back.

template <class T>
T make(int n) {
    return T(n);
}
template <>
inline std::unique_ptr<int> make<std::unique_ptr<int>>(int n) {
    return std::make_unique<int>(n);
}

inline int number(int v) { return v; }
inline int number(const big& b) {
    for (const std::uint64_t word : b.words) {
        if (word != b.words[0]) return -1;
    }
    return static_cast<int>(b.words[0]);
}
inline int number(const std::unique_ptr<int>& p) { return p ? *p : -1; }
inline int number(const counted& c) { return c.read(); }
template <std::size_t Alignment>
int number(const aligned<Alignment>& a) {
    a.check();
    return a.value;
}

}  // namespace weir_test
