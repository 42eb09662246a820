// SPDX-License-Identifier: MIT
#include <weir/latest.hpp>

#include <cstdint>

struct levels {
    float left, right;
};

int main() {
    // show
    weir::latest<levels> meter;

    meter.write({0.5F, 0.25F});       // one thread, such as an audio callback: wait-free
    const levels now = meter.read();  // any thread: a whole value, never parts of two

    std::uint64_t seen = 0;  // each reader's own
    if (auto newer = meter.read_if_newer(seen)) {
        // *newer has not been seen by this reader
    }
    // end
    return now.left == 0.5F && seen == 1 && !meter.read_if_newer(seen) ? 0 : 1;
}
