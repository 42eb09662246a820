// SPDX-License-Identifier: MIT
//
// Elements and iterators that run a test's code in the middle of an operation, and what their tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "test/support/elements.hpp"
#include "test/support/every_ring.hpp"

namespace weir_test {

using weir::status;

/// Calls `act` at the `when`th of its constructions by number or by copy, and of its assignments. Its move constructor
/// is always silent. `Nothrow`: whether it says that these do not throw.
template <bool Nothrow>
struct active : counted {
    explicit active(int v = 0) noexcept(Nothrow) : counted((touch(), v)) {}
    active(const active& other) noexcept(Nothrow) : counted((touch(), other)) {}
    active(active&& other) noexcept : counted(std::move(other)) {}
    active& operator=(active&& other) noexcept(Nothrow) {
        touch();
        counted::operator=(std::move(other));
        return *this;
    }

    static void touch() {
        if (when > 0 && --when == 0) std::exchange(act, nullptr)();
    }
    static void at(int nth, std::function<void()> what) {
        when = nth;
        act = std::move(what);
    }
    static inline int when = 0;
    static inline std::function<void()> act;
};
using silent = active<true>;
using loud = active<false>;

template <class Ring>
std::vector<int> drain(Ring& ring) {
    std::vector<int> out;
    while (const auto item = ring.try_pop()) out.push_back(item->read());
    return out;
}
inline std::vector<int> from_to(int first, int end) {
    std::vector<int> all(static_cast<std::size_t>(end - first));
    std::iota(all.begin(), all.end(), first);
    return all;
}
template <class Ring>
void fill(Ring& ring, int first, int end) {
    for (int i = first; i < end; ++i) ASSERT_TRUE(ring.try_emplace(i)) << i;
}

/// Reads numbers on and on, each as an element, and calls the element's `act` when it makes one.
template <class T>
class numbers_from {
public:
    using difference_type = std::ptrdiff_t;
    using value_type = T;
    explicit numbers_from(int first, int* reads = nullptr) : next_(first), reads_(reads) {}
    T operator*() const {
        if (reads_ != nullptr) ++*reads_;
        return T(next_);
    }
    numbers_from& operator++() {
        ++next_;
        return *this;
    }
    void operator++(int) { ++next_; }

private:
    int next_;
    int* reads_;
};

/// Every kind of ring, with such elements.
template <class Kind>
class with_user_code : public testing::Test {
protected:
    template <class T>
    using ring_of = typename Kind::template ring<T>;
    static constexpr bool many = ring_of<silent>::has_many_consumers;

    void SetUp() override {
        alive_before_ = counted::alive;
        counted::misuses = 0;
    }
    void TearDown() override {
        silent::at(0, nullptr);
        loud::at(0, nullptr);
        EXPECT_EQ(counted::alive, alive_before_) << "an element leaked or was destroyed twice";
        EXPECT_EQ(counted::misuses, 0) << "an element was used after its destruction";
    }

    /// Small rings, at each of their offsets.
    template <class T, class Test>
    static void for_each_ring(Test test) {
        for (const std::size_t capacity : {1U, 2U, 3U, 5U}) {
            for (std::uint64_t start = 0; start < 8 && !HasFailure(); ++start) {
                SCOPED_TRACE("capacity " + std::to_string(capacity) + ", start " + std::to_string(start));
                ring_of<T> r(capacity, {start});
                test(r, static_cast<int>(capacity));
            }
        }
    }
    /// The ring is whole: it takes its capacity and gives it back.
    template <class Ring>
    static void expect_whole(Ring& r) {
        const int capacity = static_cast<int>(r.capacity());
        fill(r, 0, capacity);
        EXPECT_EQ(r.try_emplace(0), status::full);
        EXPECT_EQ(drain(r), from_to(0, capacity));
    }

private:
    int alive_before_ = 0;
};
}  // namespace weir_test
