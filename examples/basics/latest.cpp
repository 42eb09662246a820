// SPDX-License-Identifier: MIT
// One thread writes a value without ever waiting, and others read the newest one, always whole.
#include <weir/latest.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>

struct levels {
    int left;
    int right;
};

int main() {
    weir::latest<levels> meter;
    std::atomic<bool> done{false};

    std::jthread audio([&] {
        for (int n = 1; n <= 100'000; ++n) meter.write({n, -n});  // wait-free, as an audio callback needs it
        done = true;
    });

    bool whole = true;
    std::uint64_t seen = 0;  // versions count from 1; 0 is the value that the meter began with
    while (!done) {
        if (auto now = meter.read_if_newer(seen)) whole = whole && now->left == -now->right;  // draw(*now)
    }
    const levels last = meter.read();
    std::printf("last: %d, %d, %s\n", last.left, last.right, whole ? "always whole" : "torn");
    return whole && last.left == 100'000 && last.right == -100'000 && meter.version() == 100'000 ? 0 : 1;
}
