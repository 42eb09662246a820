// SPDX-License-Identifier: MIT
#include <weir/credit_gate.hpp>
#include <weir/ring.hpp>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

int main() {
    // show
    struct message {
        std::vector<std::byte> body;
        weir::credit_permit permit;  // gives its bytes back when the message is destroyed
    };
    weir::credit_gate budget(64 << 20);  // 64 MiB in flight, over all rings
    weir::mpmc_ring<message> ring(1024);

    std::vector<std::byte> body(1500);
    if (auto permit = budget.acquire(body.size())) {  // waits, in order of arrival; nothing once the gate is closed
        (void)ring.push({std::move(body), std::move(*permit)});
    }
    // end
    if (budget.in_use() != 1500) return 1;
    while (auto m = ring.try_pop()) continue;
    if (budget.in_use() != 0) return 1;

    // show share
    weir::credit_gate requests(100);
    weir::credit_gate::share payments(requests, 20);  // 20 credits that no other producer can take
    weir::credit_gate::share reports(requests, 0);    // only what is free
    auto eager = reports.try_acquire(80);             // the rest is reserved ...
    auto more = reports.try_acquire(1);               // ... so this is nothing
    auto paid = payments.try_acquire(20);             // ... and this succeeds at once
    // end
    if (!(eager && !more && paid)) return 1;

    // show resize
    weir::credit_gate sessions(8);
    auto busy = sessions.try_acquire(8);
    sessions.grow(2);                       // at once: 10
    sessions.shrink(4);                     // at once as far as credits are free; the others as they come back
    auto refused = sessions.try_acquire();  // nothing, until then
    const std::size_t lost = busy->split(3).forget();  // handed to a process that may die ...
    sessions.forget(lost);                             // ... and has: they count as given back
    // end
    busy.reset();
    return !refused && sessions.credits() == 6 ? 0 : 1;
}
