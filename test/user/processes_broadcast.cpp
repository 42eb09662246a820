// SPDX-License-Identifier: MIT
// A feed in one process, a gated reader in another that is killed, and a lossy one here.
#include <weir/shm/broadcast_ring.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>

using ring = weir::shm::broadcast_ring<int>;

int main() {
    const std::string name = "weir-user-" + std::to_string(::getpid());
    const ring made = ring::open_or_create(name, 8, "count");
    const pid_t victim = ::fork();
    if (victim == 0) {
        auto all = ring::open_for(name, "count", std::chrono::seconds(1)).join({.name = "victim"});
        int x = 0;
        while (all.pop(x) && x < 3) {
        }
        ::raise(SIGKILL);
    }
    while (made.readers().empty() || made.readers()[0].mode != weir::reader_mode::gated) ::usleep(100);
    auto some = made.join({.name = "lossy", .mode = weir::reader_mode::lossy});
    auto feed = made.attach_producer();
    for (int x = 0; x < 100; ++x) {
        if (!feed.push(x)) return 1;
    }
    feed.close();
    std::uint64_t seen = 0;
    for (int x = 0; some.pop(x);) ++seen;
    ::waitpid(victim, nullptr, 0);
    return seen + some.missed() == 100 && seen == 8 && feed.readers_lost() == 1 ? 0 : 1;
}
