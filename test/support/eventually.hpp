// SPDX-License-Identifier: MIT
//
// What another thread or program will have done before long.
#pragma once

#include <chrono>
#include <thread>

namespace weir_test {

/// Asks again and again until the answer is true. Not in time: false, and the test is to fail with what it knows.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds patience = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace weir_test
