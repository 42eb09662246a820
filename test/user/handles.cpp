// SPDX-License-Identifier: MIT
//
// Two workers with a sender each. The reader gets `closed` when both have ended, without a call of close().
#include <weir/handles.hpp>
#include <weir/ring.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <utility>

using lines = weir::mpmc_ring<std::string>;

void work(weir::sender<lines> out, int number) {
    for (int i = 0; i < 100; ++i) {
        if (!out.push("worker " + std::to_string(number))) return;  // the reader is gone
    }
}

int main() {
    auto [tx, rx] = weir::channel<lines>(16);
    std::thread one(work, tx.clone(), 1);
    std::thread two(work, std::move(tx), 2);
    int count = 0;
    while (auto line = rx.pop()) ++count;
    one.join();
    two.join();
    std::printf("%d lines\n", count);
    return count == 200 ? 0 : 1;
}
