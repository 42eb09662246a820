// SPDX-License-Identifier: MIT
//
// A gateway that serves clients whose number is known only when it runs, and tells each client's end from the others'.
#include <weir/handles.hpp>
#include <weir/ring.hpp>
#include <weir/select.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

int main() {
    using requests = weir::spsc_ring<std::string>;
    constexpr std::size_t clients = 5;
    std::vector<weir::receiver<requests>> inboxes;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < clients; ++i) {
        auto [tx, rx] = weir::channel<requests>(4);
        inboxes.push_back(std::move(rx));
        threads.emplace_back([out = std::move(tx), i]() mutable {
            for (std::size_t n = 0; n <= i; ++n) (void)out.push("request " + std::to_string(n));
        });  // the sender ends here, and closes its ring
    }
    std::vector<weir::any_end> ends(inboxes.begin(), inboxes.end());

    weir::selection turns;
    std::size_t served = 0, left = 0;
    while (const auto ready = weir::select(turns, ends)) {
        if (ready.is_closed()) {
            ++left;
        } else if (auto request = inboxes[ready.index()].try_pop()) {
            ++served;
        }
    }
    for (std::thread& each : threads) each.join();
    std::printf("%zu requests of %zu clients\n", served, clients);
    return served == 15 && left < clients ? 0 : 1;
}
