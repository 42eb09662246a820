// SPDX-License-Identifier: MIT
// One process hands ticks to another through shared memory, is killed in the middle, and the next one goes on where it was.
#include <weir/shm/spsc_ring.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

struct tick {
    std::uint64_t number;
    double price;
};
using ring = weir::shm::spsc_ring<tick>;

// Another program, in fact. Refused, with a sentence, while another process holds the producer's end.
pid_t start_feed(const std::string& name, std::uint64_t until, bool crashes) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    auto feed = ring::open(name, "tick v1").attach_producer();
    while (feed.pushed() < until && feed.push({feed.pushed(), 99.5})) {
    }
    if (crashes) ::raise(SIGKILL);
    feed.close();
    ::_exit(0);
}

int main() {
    const std::string name = "weir-example-" + std::to_string(::getpid());
    const auto ticks = ring::create(name, 64, "tick v1");
    auto reader = ticks.attach_consumer();
    const pid_t first = start_feed(name, 1000, true);
    pid_t second = 0;
    std::uint64_t seen = 0, deaths = 0;
    tick next{};
    for (weir::status answer = weir::status::success; answer != weir::status::closed;) {
        answer = reader.pop(next);
        if (answer && next.number != seen++) return 1;  // none lost, none twice
        if (answer == weir::status::peer_died) {        // said once; what had been pushed came before it
            ++deaths;
            second = start_feed(name, 2000, false);
        }
    }
    for (const pid_t child : {first, second}) ::waitpid(child, nullptr, 0);
    std::printf("%lu ticks of two processes, of which %lu died\n", seen, deaths);
    return seen == 2000 && deaths == 1 ? 0 : 1;
}
