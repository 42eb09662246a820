// SPDX-License-Identifier: MIT
#include <weir/pull.hpp>

#include <cstdio>
#include <thread>

int main() {
    int finished = 0;
    // show
    weir::pull::spsc_ring<int> jobs(64);

    std::thread worker([&] {
        jobs.request(8);  // at most eight jobs are in flight, however many fit
        while (auto job = jobs.pop()) {
            ++finished;       // work on *job
            jobs.request(1);  // as it finishes, not as it pops: what is in its hands counts, too
        }
    });
    for (int job = 0; job < 100; ++job) {
        if (jobs.try_push(job) == weir::status::no_credit) {
            // there is room, but the worker has not asked for more: it is behind
            (void)jobs.push(job);  // waits for both
        }
    }
    jobs.close();
    worker.join();
    // end
    std::printf("%d\n", finished);
    return finished > 0 ? 0 : 1;
}
