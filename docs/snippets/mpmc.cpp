// SPDX-License-Identifier: MIT
#include <weir/ring.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

int main() {
    std::atomic<int> done{0};
    // show
    weir::mpmc_ring<std::string> jobs(256);

    std::vector<std::jthread> workers;
    for (int i = 0; i < 3; ++i) {
        workers.emplace_back([&] {
            while (auto job = jobs.pop()) ++done;  // each job goes to one of them
        });
    }
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 2; ++i) {
            clients.emplace_back([&] {
                for (int n = 0; n < 100; ++n) (void)jobs.push("job " + std::to_string(n));
            });
        }
    }  // all clients have ended
    jobs.close();
    workers.clear();  // joins: every job was delivered
    // end
    if (done != 200) return 1;

    // show force
    weir::mpmc_ring<int> newest(2);
    for (int reading : {1, 2, 3}) {
        auto pushed = newest.try_force_push(reading);
        if (pushed.oldest) {
            // *pushed.oldest made room, and is yours now: count it, log it, recycle it
        }
    }
    // end
    return newest.try_pop() == 2 && newest.try_pop() == 3 ? 0 : 1;
}
