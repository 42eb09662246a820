// SPDX-License-Identifier: MIT
#include <weir/shm/broadcast_ring.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>

using namespace std::chrono_literals;

struct quote {
    std::uint64_t sequence;
    double bid, ask;
};

// show producer
void feed(const std::string& name) {
    // Makes the ring, or goes on with the one that is there: also after this program was killed, while its readers ran on.
    auto ring = weir::shm::broadcast_ring<quote>::open_or_create(name, 64, "quote v1");
    auto producer = ring.attach_producer();  // refused if a living process holds it
    while (producer.pushed() < 1000) {
        // Waits for the slowest gated reader; for one that was killed 1 ms at most.
        if (!producer.push({producer.pushed(), 99.5, 99.6})) break;  // closed or corrupted
    }
    producer.close();
}
// end

// show reader
std::uint64_t follow(const std::string& name) {
    // Waits if the producer has not made it yet; refused at once if it holds something else.
    auto ring = weir::shm::broadcast_ring<quote>::open_for(name, "quote v1", 10s);
    auto reader = ring.join({.name = "screen", .mode = weir::reader_mode::lossy});  // sees what is pushed from now on
    std::uint64_t seen = 0;
    quote q{};
    for (;;) {
        const weir::status answer = reader.pop(q);
        if (answer == weir::status::peer_died) continue;  // all that was published was read; wait for the next producer
        if (!answer) return seen + reader.missed();       // closed, and drained
        if (reader.gap() > 0) {                           /* so many were missed right before this one */
        }
        ++seen;
    }
}
// end

int main() {
    const std::string name = "weir-snippet-b-" + std::to_string(::getpid());
    const auto ring = weir::shm::broadcast_ring<quote>::create(name, 64, "quote v1");
    auto book = ring.join({.name = "book"});
    const pid_t screen = ::fork();
    if (screen == 0) ::_exit(follow(name) <= 1000 ? 0 : 1);
    const pid_t feeder = ::fork();
    if (feeder == 0) {
        feed(name);
        ::_exit(0);
    }
    quote q{};
    while (book.pop(q) == weir::status::success) {
    }
    int one = 0, other = 0;
    ::waitpid(feeder, &one, 0);
    ::waitpid(screen, &other, 0);
    return book.position() == 1000 && one == 0 && other == 0 ? 0 : 1;
}
