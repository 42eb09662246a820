// SPDX-License-Identifier: MIT
#include <weir/latest.hpp>
#include <weir/ring.hpp>
#include <weir/stop.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <span>
#include <stop_token>
#include <thread>

// show
// wait::sleep: the callback makes no system call, since no thread ever needs to be woken by it.
using samples = weir::spsc_ring<float, weir::wait::sleep>;

struct player {
    samples ring{4096};
    weir::latest<float> peak;
    std::atomic<long> underruns{0};

    // The callback: never waits, never allocates, makes no system call.
    void process(std::span<float> out) {
        const std::size_t got = ring.try_pop_n(out);
        std::ranges::fill(out.subspan(got), 0.0F);
        if (got < out.size()) underruns.fetch_add(1, std::memory_order_relaxed);
        float top = 0;
        for (const float sample : out) top = std::max(top, std::abs(sample));
        peak.write(top);
    }
    // The disk thread, a std::jthread: sleeps until a whole block fits, or it is to stop.
    void feed(std::span<const float> block, std::stop_token stop) {
        if (weir::wait_for_slots(ring, block.size(), stop) == weir::status::success) (void)ring.try_push_n(block);
    }
};
// end

int main() {
    player p;
    const float block[512] = {-0.5F};
    p.feed(block, {});
    float out[256] = {};
    p.process(out);
    const bool right = p.peak.read() == 0.5F && p.underruns == 0 && p.ring.size_approx() == 256;
    p.process({});  // hosts do this
    return right && p.peak.read() == 0 && p.underruns == 0 ? 0 : 1;
}
