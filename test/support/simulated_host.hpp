// SPDX-License-Identifier: MIT
//
// A machine for the laboratory on which time is what the threads say, and nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "tools/pressure/drive.hpp"

namespace weir_test {

/// Calls whose turn is next; time is what the turns say. A turn takes 100 ns, and a rest a microsecond at least.
class simulated_host : public weir::tool::pressure::host {
public:
    double now_ns() const override { return now_ns_; }
    void run(const turn& feed, const turn& drain, const turn& look) override {
        std::array<double, 3> due_ns{0, 0, 0};
        const std::array turns{&feed, &drain, &look};
        for (;;) {
            const auto next = std::min_element(due_ns.begin(), due_ns.end());
            if (*next == weir::tool::pressure::arrivals::never) return;
            now_ns_ = *next;
            const double left_ns = (*turns[static_cast<std::size_t>(next - due_ns.begin())])();
            *next = now_ns_ + (left_ns == 0 ? 100 : std::max(left_ns, 1000.0));
            ++turns_taken[static_cast<std::size_t>(next - due_ns.begin())];
        }
    }

    std::array<int, 3> turns_taken{};

private:
    double now_ns_ = 0;
};

}  // namespace weir_test
