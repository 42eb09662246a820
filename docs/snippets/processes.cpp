// SPDX-License-Identifier: MIT
#include <weir/shm/spsc_ring.hpp>

#include <sys/socket.h>
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
    // Makes the ring, or goes on with the one that is there: also after this program was killed, while its consumer ran on.
    auto ring = weir::shm::spsc_ring<quote>::open_or_create(name, 1024, "quote v1");
    auto producer = ring.attach_producer();  // refused if a living process holds it
    while (producer.pushed() < 1000) {
        const weir::status answer = producer.push({producer.pushed(), 99.5, 99.6});
        if (answer == weir::status::peer_died) continue;  // said once; the next push waits for a new consumer
        if (!answer) break;                               // closed or corrupted
    }
    producer.close();
    // end
    while (ring.size_approx() > 0) ::usleep(100);
}

// show consumer
std::uint64_t follow(const std::string& name) {
    // Waits if the producer has not made it yet; refused at once if it holds something else.
    auto ring = weir::shm::spsc_ring<quote>::open_for(name, "quote v1", 10s);
    auto consumer = ring.attach_consumer();
    if (auto number = consumer.in_doubt()) {
        // A consumer before this one died. Whether it had finished with this item, only its work can show.
    }
    quote q{};
    for (;;) {
        const weir::status answer = consumer.pop(q);
        if (answer == weir::status::peer_died)
            continue;                           // all that it had pushed was popped; wait for the next producer
        if (!answer) return consumer.popped();  // closed, and drained
    }
}
// end

bool pass_a_descriptor() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return false;
    // show descriptor
    auto ring = weir::shm::spsc_ring<quote>::create(64, "quote v1");  // no name: a sealed memfd
    weir::shm::send_descriptor(pair[0], ring.descriptor());

    const int received = weir::shm::receive_descriptor(pair[1]);  // in the other process
    auto same = weir::shm::spsc_ring<quote>::attach(received, "quote v1");
    ::close(received);
    // end
    auto producer = ring.attach_producer();
    auto consumer = same.attach_consumer();
    quote q{};
    ::close(pair[0]);
    ::close(pair[1]);
    return producer.push({7, 1, 2}) && consumer.pop(q) && q.sequence == 7;
}

int main() {
    const std::string name = "weir-snippet-" + std::to_string(::getpid());
    const pid_t child = ::fork();
    if (child == 0) {
        feed(name);
        return 0;
    }
    const std::uint64_t popped = follow(name);
    ::waitpid(child, nullptr, 0);
    return popped == 1000 && pass_a_descriptor() ? 0 : 1;
}
