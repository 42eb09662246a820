// SPDX-License-Identifier: MIT
// The consumer asks for jobs as it finishes them, so that no more than eight are ever queued or in its hands.
#include <weir/pull.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <thread>

int main() {
    weir::pull::spsc_ring<int> jobs(64);  // room for 64, but credit for none
    const std::size_t before = jobs.credits();
    jobs.request(8);

    std::jthread source([&] {
        for (int job = 1; job <= 1000; ++job) {
            if (!jobs.push(job)) return;  // waits for credit; try_push would say no_credit
        }
        jobs.close();
    });

    int finished = 0;
    std::size_t most = 0;
    while (auto job = jobs.pop()) {
        most = std::max(most, jobs.size_approx() + 1);  // those queued, and this one
        ++finished;                                     // finish(*job)
        jobs.request(1);                                // when it is finished, not when it is popped
    }
    std::printf("%d jobs finished, never more than 8 at once: %s\n", finished, most <= 8 ? "true" : "false");
    return before == 0 && finished == 1000 && most <= 8 ? 0 : 1;
}
