// SPDX-License-Identifier: MIT
// Several threads submit jobs and several workers take them, each job exactly once.
#include <weir/ring.hpp>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
    weir::mpmc_ring<int> jobs(64);
    std::atomic<int> done{0};
    std::atomic<long> sum{0};

    std::vector<std::jthread> workers;
    for (int w = 0; w < 2; ++w) {
        workers.emplace_back([&] {
            while (auto job = jobs.pop()) {
                sum += *job;
                ++done;
            }
        });
    }
    std::vector<std::jthread> clients;
    for (int c = 0; c < 2; ++c) {
        clients.emplace_back([&] {
            for (int job = 1; job <= 1000; ++job) (void)jobs.push(job);  // fails only if the ring is closed
        });
    }
    clients.clear();  // joins: every job is submitted
    jobs.close();     // the workers finish what is queued, and end
    workers.clear();

    std::printf("%d jobs done, sum %ld\n", done.load(), sum.load());
    return done == 2000 && sum == 2 * 1000 * 1001 / 2 ? 0 : 1;
}
